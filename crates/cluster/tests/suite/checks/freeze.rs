//! A freeze by the webhook, as far as a simulation goes: it stores the label and asks nobody.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};
use tenure_cluster::{Change, Enforcement, Envelope, Freezes, Verdict, names};
use tenure_domain::capability::Preset;
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::plan::Exposure;

use super::repaired;
use crate::odd::Odd;
use crate::world::{Driver, World};

async fn frozen_driver(world: &World, freezes: Option<Freezes>) -> Driver<'_> {
    let mut driver = Driver::new(world);
    driver.tenant = World::open_tenant();
    driver.envelope = Envelope::new(EnvironmentKind::Open, Exposure::default(), None);
    if let Some(freezes) = freezes {
        driver.cluster = driver.cluster.freezing(freezes);
    }
    driver.until_ready().await;
    driver
}

async fn label(driver: &Driver<'_>) -> Option<String> {
    let namespaces: Api<Namespace> = Api::all(driver.world.client.clone());
    let labels = namespaces.get(&driver.namespace()).await.unwrap().metadata.labels;
    labels.and_then(|labels| labels.get(names::FROZEN).cloned())
}

fn why(enforcement: Option<&Enforcement>) -> String {
    match enforcement {
        Some(Enforcement::Pending { why, unconfirmed: false }) => why.clone(),
        other => panic!("{other:?}"),
    }
}

/// A label that no API server goes by refuses nothing, and nobody is told that it does.
#[tokio::test]
async fn sim_a_freeze_whose_webhook_nobody_asks_stays_applying_and_leaves_nothing_behind() {
    let world = World::simulated().await;
    let mut driver = frozen_driver(&world, Some(Freezes::new([1; 32]))).await;
    assert_eq!(label(&driver).await, None, "what is not frozen is not asked about");
    let freeze = driver.tenant.restrict("freeze", "environment/web");
    driver.pass().await;
    assert_eq!(label(&driver).await.as_deref(), Some("environment"));
    for _ in 0..3 {
        let seen = driver.pass().await;
        assert_eq!(why(seen.measures.get(&freeze)), "the freeze webhook does not refuse changes yet");
        assert_eq!((seen.writes, repaired(&seen)), (0, vec![]), "a trial is no write");
    }

    // Somebody makes another thing of the label: it is put right, and told.
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    for other in [json!("no"), json!(null)] {
        let patch = Patch::Merge(json!({"metadata": {"labels": {names::FROZEN: other}}}));
        namespaces.patch(&driver.namespace(), &PatchParams::default(), &patch).await.unwrap();
        let told = repaired(&driver.pass().await).join("; ");
        assert!(told.contains(&format!("the label {} was", names::FROZEN)), "{told}");
        assert_eq!(label(&driver).await.as_deref(), Some("environment"));
    }

    driver.tenant.lift(&freeze);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(label(&driver).await, None);
    driver.clean().await;
}

#[tokio::test]
async fn sim_a_label_that_no_permit_allows_is_taken_away_also_where_there_is_no_webhook() {
    let world = World::simulated().await;
    for freezes in [None, Some(Freezes::new([2; 32]))] {
        let driver = frozen_driver(&world, freezes).await;
        let namespaces: Api<Namespace> = Api::all(world.client.clone());
        let patch = Patch::Merge(json!({"metadata": {"labels": {names::FROZEN: "environment"}}}));
        namespaces.patch(&driver.namespace(), &PatchParams::default(), &patch).await.unwrap();
        let told = repaired(&driver.pass().await).join("; ");
        assert!(told.contains("no permit allows it"), "{told}");
        assert_eq!(label(&driver).await, None);
        driver.clean().await;
    }
}

/// Law 8, and the design: deletions are refused for harm to others and for the law, and where something is preserved.
#[tokio::test]
async fn sim_law_08_what_is_preserved_is_not_deleted_and_what_is_only_not_to_be_deployed_may_be() {
    let world = World::simulated().await;
    let freezes = Freezes::new([4; 32]);
    let mut driver = frozen_driver(&world, Some(freezes.clone())).await;
    let namespace = driver.namespace();
    let allowed = |deletes: bool| {
        let notes = json!({"metadata": {"name": "notes"}});
        let (object, before) = if deletes { (&Value::Null, &notes) } else { (&notes, &Value::Null) };
        let (namespace, name, user, groups) = (namespace.as_str(), "notes", "eve", &[][..]);
        freezes.judge(&Change { namespace, name, object, before, user, groups, deletes, of_namespace: false })
            == Verdict::Allowed
    };
    let own = driver.tenant.ask(Preset::Freeze, "environment/web");
    driver.pass().await;
    assert_eq!((allowed(false), allowed(true)), (false, true), "its owner asked that nothing be deployed");

    let hold = driver.tenant.hold("environment/web");
    driver.pass().await;
    assert_eq!((allowed(false), allowed(true)), (false, false), "a hold came in");
    driver.tenant.release(&hold);
    driver.pass().await;
    assert!(allowed(true));

    let for_abuse = driver.tenant.restrict("freeze", "environment/web");
    driver.pass().await;
    assert!(!allowed(true), "another measure stands for harm to others");
    driver.tenant.lift(&for_abuse);
    driver.until_restored().await;
    assert!(driver.tenant.permits().iter().any(|permit| permit.measure() == &own));
    assert_eq!((allowed(false), allowed(true)), (false, true));
    driver.clean().await;
}

/// Its guard cannot be asked for a while: everything else is done, and the label goes when it can.
#[tokio::test]
async fn sim_a_label_that_cannot_be_changed_holds_nothing_else_up_and_is_told() {
    let world = World::simulated().await;
    let freezes = Freezes::new([5; 32]);
    let mut driver = frozen_driver(&world, Some(freezes.clone())).await;
    let freeze = driver.tenant.restrict("freeze", "environment/web");
    driver.pass().await;
    let namespace = driver.namespace();
    let unlabel = || {
        let labels = json!({names::FROZEN: "environment", names::ACCOUNT: "a", names::ENVIRONMENT: "web"});
        let (before, object) = (json!({"metadata": {"labels": labels}}), json!({"metadata": {"labels": {}}}));
        let (namespace, name, user, groups) = (namespace.as_str(), namespace.as_str(), "eve", &[][..]);
        let (before, object, deletes, of_namespace) = (&before, &object, false, true);
        freezes.judge(&Change { namespace, name, object, before, user, groups, deletes, of_namespace })
    };
    assert!(matches!(unlabel(), Verdict::Refused(_)), "nobody but us takes it away");

    driver.cluster = world.odd("--web?", Odd::Veto).await.freezing(freezes.clone());
    driver.tenant.lift(&freeze);
    let restored = driver.until_restored().await;
    assert!(restored.differences.iter().any(|told| told.contains(names::FROZEN)), "{restored:?}");
    let seen = driver.pass().await;
    assert!(seen.obstacles.iter().any(|told| told.contains(names::FROZEN)), "{:?}", seen.obstacles);
    assert_eq!(repaired(&seen), Vec::<String>::new());
    assert_eq!(unlabel(), Verdict::Allowed, "what was lifted is free at once");
    driver.api::<NetworkPolicy>().delete("default-deny", &DeleteParams::default()).await.unwrap();
    assert_eq!(repaired(&driver.pass().await), ["NetworkPolicy/default-deny: was deleted"]);
    assert_eq!(label(&driver).await.as_deref(), Some("environment"));

    driver.cluster = world.cluster.clone().freezing(freezes);
    driver.pass().await;
    assert_eq!(label(&driver).await, None);
    driver.clean().await;
}

/// A freeze that is lifted while another goes on is no difference of the namespace, and takes no label away.
#[tokio::test]
async fn sim_a_workload_stays_frozen_when_the_environment_no_longer_is() {
    let world = World::simulated().await;
    let mut driver = frozen_driver(&world, Some(Freezes::new([3; 32]))).await;
    let whole = driver.tenant.restrict("freeze", "environment/web");
    let one = driver.tenant.restrict("freeze", "workload/web/feed");
    driver.pass().await;
    assert_eq!(label(&driver).await.as_deref(), Some("environment"));
    driver.tenant.lift(&whole);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(restored.still_withheld_by, [one].into());
    assert_eq!(label(&driver).await.as_deref(), Some("workload"));
    driver.clean().await;
}
