//! Deleting: under a permit alone, by the inventory alone, and no further than people decided.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, PersistentVolume, PersistentVolumeClaim};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::json;
use tenure_cluster::{
    Before, Blocks, ClusterError, Erasing, ForeignObject, Keep, Kind, Memory, ObjectKey, Restoration,
    VolumeBefore,
};
use tenure_domain::account::erasure::Included;

use crate::faults::Faults;
use crate::world::{DEADLINE, Driver, World, objects, page, page_on_volume};

/// An environment with a page, and one that has a volume.
async fn furnished(world: &World) -> Driver<'_> {
    let mut driver = Driver::new(world);
    driver.tenant.put("feed", page(1));
    driver.tenant.put("media", page_on_volume());
    driver.until_ready().await;
    driver
}

async fn volumes_of(driver: &Driver<'_>) -> Vec<PersistentVolume> {
    let volumes: Api<PersistentVolume> = Api::all(driver.world.client.clone());
    let namespace = driver.namespace();
    let mut volumes = volumes.list(&ListParams::default()).await.unwrap().items;
    volumes.retain(|v| {
        let claim = v.spec.as_ref().and_then(|spec| spec.claim_ref.as_ref());
        claim.and_then(|claim| claim.namespace.as_deref()) == Some(&namespace)
    });
    volumes
}

async fn namespace(driver: &Driver<'_>) -> Option<Namespace> {
    let namespaces: Api<Namespace> = Api::all(driver.world.client.clone());
    namespaces.get_opt(&driver.namespace()).await.unwrap()
}

async fn theirs(driver: &Driver<'_>, finalizers: &[&str]) -> ForeignObject {
    let map = json!({"metadata": {"name": "theirs", "finalizers": finalizers}, "data": {"a": "b"}});
    let map = serde_json::from_value(map).unwrap();
    let made = driver.api::<ConfigMap>().create(&PostParams::default(), &map).await.unwrap();
    ForeignObject { object: "ConfigMap/theirs".to_owned(), uid: made.metadata.uid.unwrap() }
}

fn included(foreign: &ForeignObject) -> Vec<Included> {
    let ForeignObject { object, uid } = foreign.clone();
    vec![Included { environment: "web".parse().unwrap(), object, uid }]
}

pub async fn a_deletion_goes_by_the_inventory_and_ends_with_the_namespace(world: World) {
    let mut driver = furnished(&world).await;
    let known = driver.kept.memory();
    let before = driver.preflight().await;
    assert_eq!((before.foreign, before.blockers), (vec![], vec![]));
    assert_eq!(before.namespace_uid, known.namespace_uid);
    assert_eq!((before.objects.len(), before.pods), (known.inventory.len(), 2));
    assert_eq!(before.volumes.values().collect::<Vec<_>>(), ["Delete"]);

    driver.tenant.delete(vec![]);
    let report = driver.until_erased().await;
    assert!(namespace(&driver).await.is_none());
    assert_eq!(volumes_of(&driver).await, vec![], "the storage went with its volume");
    // Everything that was ours is in the certificate, each by the UID that it had.
    for (key, entry) in &known.inventory {
        let gone = report.deleted.iter().find(|gone| &gone.object == key);
        assert_eq!(gone.map(|gone| &gone.uid), entry.uid.as_ref(), "{key}");
    }
    let place = |kind: Kind| {
        report.deleted.iter().rposition(|gone| gone.object.kind == kind).unwrap_or_else(|| panic!("{kind:?}"))
    };
    assert!(place(Kind::Deployment) < place(Kind::PersistentVolumeClaim));
    assert!(place(Kind::PersistentVolumeClaim) < place(Kind::ResourceQuota));
    assert_eq!(place(Kind::Namespace), report.deleted.len() - 1);
    assert_eq!(report.volumes.len(), 1);
    assert!(report.volumes.values().all(|volume| volume.gone.is_some() && volume.claim == "media"));
    assert_eq!((report.included.len(), report.remains.len()), (0, 0), "{report:?}");
    assert_eq!(report.namespace_uid, known.namespace_uid);
    // Done stays done, and is the same to whoever asks again.
    let again = driver.until_erased().await;
    assert_eq!(again.deleted, report.deleted);

    // An environment of the name begins anew, with nothing of the old.
    driver.kept.keep(&Memory::default()).await.unwrap();
    driver.until_ready().await;
    driver.clean().await;
}

pub async fn what_is_none_of_ours_is_named_and_keeps_everything(world: World) {
    let mut driver = furnished(&world).await;
    let foreign = theirs(&driver, &[]).await;
    assert_eq!(driver.preflight().await.foreign, std::slice::from_ref(&foreign));
    let before = objects(&driver).await;
    driver.tenant.delete(vec![]);
    for _ in 0..2 {
        let (why, named) = driver.erase_pending().await;
        assert_eq!(named, std::slice::from_ref(&foreign));
        assert!(why.contains("ConfigMap/theirs"), "{why}");
    }
    // Nor does a decision on another object of the name let it go.
    let other = ForeignObject { uid: "6f2c1f0e".to_owned(), ..foreign.clone() };
    driver.tenant.delete(included(&other));
    assert_eq!(driver.erase_pending().await.1, std::slice::from_ref(&foreign));
    assert_eq!(objects(&driver).await, before, "nothing was deleted");

    driver.tenant.delete(included(&foreign));
    let report = driver.until_erased().await;
    assert!(namespace(&driver).await.is_none());
    assert_eq!(report.included.into_iter().collect::<Vec<_>>(), [foreign]);
    assert!(report.deleted.iter().all(|gone| gone.object.name != "theirs"));
}

pub async fn law_07_what_is_forgotten_is_not_deleted(world: World) {
    let mut driver = furnished(&world).await;
    let known = driver.kept.memory();
    let before = objects(&driver).await;
    driver.tenant.delete(vec![]);
    // The memory is lost; the inventory is; what came back is of an older namespace.
    let no_inventory = Memory { inventory: BTreeMap::default(), ..known.clone() };
    let unnamed = Memory { namespace_uid: None, claim: None, ..known.clone() };
    for lost in [Memory::default(), no_inventory, unnamed] {
        driver.kept.keep(&lost).await.unwrap();
        for _ in 0..3 {
            driver.erase_pending().await;
        }
        assert_eq!(objects(&driver).await, before);
    }
    let older = Memory { namespace_uid: Some("6f2c1f0e".to_owned()), ..known.clone() };
    driver.kept.keep(&older).await.unwrap();
    let report = driver.until_erased().await;
    assert!(report.remains.iter().any(|left| left.contains("another one than ours")), "{report:?}");
    // Objects that were made anew by others are not the ones that we made.
    let mut replaced = known.clone();
    for entry in replaced.inventory.values_mut() {
        entry.uid = Some("6f2c1f0e".to_owned());
    }
    driver.kept.keep(&replaced).await.unwrap();
    for _ in 0..3 {
        driver.erase_pending().await;
    }
    assert_eq!(objects(&driver).await, before);
    assert!(namespace(&driver).await.unwrap().metadata.deletion_timestamp.is_none());

    // A permit of another account deletes nothing here.
    let mut other = World::tenant();
    other.delete(vec![]);
    let permit = other.erase_permit();
    let result = driver
        .cluster
        .erase(&driver.environment(), permit.erase(), known.clone(), &*driver.kept, other.now)
        .await;
    assert!(matches!(result, Err(ClusterError::ForeignErasure { .. })), "{result:?}");
    // And an environment that an earlier build or a backup knows only in part goes on as it was.
    driver.kept.keep(&known).await.unwrap();
    driver.until_ready().await;
    assert_eq!(objects(&driver).await, before);
    driver.clean().await;
}

pub async fn a_volume_that_a_stop_retained_goes_with_the_deletion(world: World) {
    let mut driver = furnished(&world).await;
    let volume = volumes_of(&driver).await.remove(0);
    let (name, uid) = (volume.metadata.name.unwrap(), volume.metadata.uid.unwrap());
    let volumes: Api<PersistentVolume> = Api::all(world.client.clone());
    let retain = Patch::Merge(json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}}));
    volumes.patch(&name, &PatchParams::default(), &retain).await.unwrap();
    let mut memory = driver.kept.memory();
    let noted =
        VolumeBefore { uid: uid.clone(), claim: "media".to_owned(), reclaim_policy: "Delete".to_owned() };
    memory.before = Some(Before { volumes: [(name.clone(), noted)].into(), ..Before::default() });
    driver.kept.keep(&memory).await.unwrap();
    // Somebody deletes the claim meanwhile: its volume is released, and still the environment's.
    driver.api::<Deployment>().delete("media", &DeleteParams::default()).await.unwrap();
    driver.api::<PersistentVolumeClaim>().delete("media", &DeleteParams::default()).await.unwrap();
    let gone = kube::runtime::wait::await_condition(
        driver.api::<PersistentVolumeClaim>(),
        "media",
        |claim: Option<&PersistentVolumeClaim>| claim.is_none(),
    );
    tokio::time::timeout(DEADLINE, gone).await.unwrap().unwrap();
    assert_eq!(volumes_of(&driver).await.len(), 1, "retained");

    driver.tenant.delete(vec![]);
    let report = driver.until_erased().await;
    assert_eq!(volumes_of(&driver).await, vec![]);
    let erased = &report.volumes[&name];
    assert_eq!((&erased.uid, erased.gone.is_some()), (&uid, true));
    assert!(report.remains.is_empty(), "{report:?}");
}

/// Passes until what is pending says this.
async fn until_told(driver: &Driver<'_>, words: &str) {
    let mut last = String::new();
    let started = std::time::Instant::now();
    while started.elapsed() < DEADLINE {
        last = driver.erase_pending().await.0;
        if last.contains(words) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{words:?} is not told, but {last:?}");
}

/// A webhook that nobody answers, asked before config maps of this environment alone are deleted.
async fn with_webhook(driver: &Driver<'_>) {
    let account = driver.tenant.account.id.as_str();
    let name = format!("{account}-deletions");
    let webhook = json!({
        "metadata": {"name": name},
        "webhooks": [{
            "name": "deletions.example.org", "failurePolicy": "Fail", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "clientConfig": {"url": "https://127.0.0.1:9/"},
            "namespaceSelector": {"matchLabels": {"tenure.dev/account": account}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["DELETE"],
                "resources": ["configmaps", "services"]}],
        }],
    });
    let webhook = serde_json::from_value(webhook).unwrap();
    let webhooks: Api<ValidatingWebhookConfiguration> = Api::all(driver.world.client.clone());
    webhooks.create(&PostParams::default(), &webhook).await.unwrap();
    // The server takes a moment to heed it.
    let mut blockers = Vec::new();
    let started = std::time::Instant::now();
    while started.elapsed() < DEADLINE {
        blockers = driver.preflight().await.blockers;
        // It may begin to in the middle of a look, after the first of the services was tried.
        if blockers.iter().any(|b| b.blocks == Blocks::Refused && b.object == "Service/feed") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    webhooks.delete(&name, &DeleteParams::default()).await.unwrap();
    let told = blockers.iter().find(|b| b.blocks == Blocks::Webhook).unwrap();
    assert!(told.object.contains(&name) && told.detail.contains("configmaps, services"), "{told:?}");
    let refused = blockers.iter().find(|b| b.blocks == Blocks::Refused).unwrap();
    assert_eq!(refused.object, "Service/feed", "a dry run asks it too: {blockers:?}");
    let started = std::time::Instant::now();
    while started.elapsed() < DEADLINE {
        if driver.preflight().await.blockers.iter().all(|b| b.blocks == Blocks::Finalizer) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the webhook goes on");
}

pub async fn what_holds_a_deletion_up_is_told_before_and_meanwhile(world: World) {
    let mut driver = furnished(&world).await;
    let foreign = theirs(&driver, &["example.org/keep"]).await;
    let held = json!({"metadata": {"finalizers": ["example.org/backup"]}});
    let params = PatchParams::default();
    driver.api::<Deployment>().patch("feed", &params, &Patch::Merge(&held)).await.unwrap();
    let before = driver.preflight().await;
    let blocked: Vec<(Blocks, &str)> =
        before.blockers.iter().map(|b| (b.blocks, b.object.as_str())).collect();
    assert_eq!(
        blocked,
        [(Blocks::Finalizer, "ConfigMap/theirs"), (Blocks::Finalizer, "Deployment.apps/feed")]
    );
    if world.is_real() {
        with_webhook(&driver).await;
    }
    driver.tenant.delete(included(&foreign));
    until_told(&driver, "Deployment/feed is ending, held by example.org/backup").await;
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    driver.api::<Deployment>().patch("feed", &params, &free).await.unwrap();
    until_told(&driver, &format!("namespace {} is ending", driver.namespace())).await;
    // The cluster itself tells what keeps a namespace from ending; the simulation has no words for it.
    if world.is_real() {
        until_told(&driver, "example.org/keep").await;
    }
    assert!(namespace(&driver).await.is_some());
    driver.api::<ConfigMap>().patch("theirs", &params, &free).await.unwrap();
    driver.until_erased().await;
    assert!(namespace(&driver).await.is_none());
}

pub async fn a_deletion_whose_passes_die_after_each_write_comes_to_its_end(world: World) {
    let mut driver = furnished(&world).await;
    let known = driver.kept.memory();
    driver.tenant.delete(vec![]);
    let mut deaths = 0;
    let started = std::time::Instant::now();
    loop {
        assert!(started.elapsed() < DEADLINE, "after {deaths} deaths it is not at its end");
        match driver.erase_over(&world.breakable(&Faults::at_first_write())).await {
            Err(_) => deaths += 1,
            Ok(erased) if matches!(erased.state, Erasing::Done(_)) => break,
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
    let report = driver.until_erased().await;
    assert!(deaths >= 5, "{deaths}");
    assert!(namespace(&driver).await.is_none());
    assert_eq!(volumes_of(&driver).await, vec![]);
    assert_eq!(report.deleted.len(), known.inventory.len() + 1);
    assert_eq!(report.volumes.len(), 1);
}

/// One run for each request that a pass sends: there the process dies, and another one goes on.
pub async fn a_death_between_any_two_requests_of_a_deletion_changes_nothing(world: World) {
    for requests in 0..150 {
        let mut driver = Driver::new(&world);
        driver.tenant.put("media", page_on_volume());
        driver.until_ready().await;
        let known = driver.kept.memory().inventory.len();
        driver.tenant.delete(vec![]);
        let mut died = false;
        for _ in 0..4 {
            let faults = Faults::after_requests(requests);
            died |= driver.erase_over(&world.breakable(&faults)).await.is_err();
        }
        let report = driver.until_erased().await;
        assert_eq!((report.deleted.len(), report.volumes.len()), (known + 1, 1), "after {requests} requests");
        assert!(namespace(&driver).await.is_none());
        if !died {
            assert!(requests > 20, "{requests}");
            return;
        }
    }
    panic!("no pass ends within 150 requests");
}

pub async fn what_was_deleted_before_a_permit_ended_is_not_made_anew_empty(world: World) {
    let mut driver = furnished(&world).await;
    let foreign = theirs(&driver, &["example.org/keep"]).await;
    driver.tenant.delete(included(&foreign));
    // Claims are gone, and a finalizer keeps the namespace from following.
    let lost = |driver: &Driver<'_>| {
        let erasure = driver.kept.memory().erasure;
        erasure.is_some_and(|e| e.gone.iter().any(|g| g.object.kind == Kind::PersistentVolumeClaim))
    };
    let started = std::time::Instant::now();
    while !lost(&driver) {
        assert!(started.elapsed() < DEADLINE, "the claim is not gone");
        driver.erase_pending().await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    if namespace(&driver).await.unwrap().metadata.deletion_timestamp.is_none() {
        // The permit ends here: what is declared comes back, but for what needs the data that is gone.
        let seen = driver.pass().await;
        assert_eq!(seen.restoration, Restoration::None);
        let media = &seen.workloads[&"media".parse().unwrap()];
        assert!(media.message.as_ref().is_some_and(|m| m.contains("its volume was deleted")), "{media:?}");
        assert!(driver.api::<PersistentVolumeClaim>().get_opt("media").await.unwrap().is_none());
        assert!(driver.api::<Deployment>().get_opt("media").await.unwrap().is_none());
        assert!(driver.api::<Deployment>().get_opt("feed").await.unwrap().is_some());
        assert!(driver.kept.memory().inventory.contains_key(&ObjectKey::new(Kind::Deployment, "feed")));
    }
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    let _ = driver.api::<ConfigMap>().patch("theirs", &PatchParams::default(), &free).await;
    driver.until_erased().await;
}
