//! What tenants' tools put there that makes pods by itself, and what the cluster can do about it.

use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use tenure_cluster::{Said, Suspended};
use tenure_domain::cluster::{LoadBalancers, NetworkPolicies};

use super::provisioned;
use crate::world::World;

pub async fn a_probe_tells_what_a_cluster_can_do(world: World) {
    let driver = crate::world::Driver::new(&world);
    let abilities = driver.cluster.probe().await.unwrap();
    assert_eq!(abilities.asks_nodes, Some(true));
    assert_eq!(abilities.enforces_network_policies, None);
    let is_old = abilities.version.starts_with("v1.20.");
    assert_eq!(abilities.holds_jobs, !is_old);
    assert_eq!(abilities.cron_jobs.as_deref(), Some(if is_old { "batch/v1beta1" } else { "batch/v1" }));
    assert_eq!(abilities.webhooks, !abilities.is_simulation);
    assert!(!abilities.freeze, "nobody serves the freeze webhook here");

    // What its API does not tell, the provider says.
    let said = Said { network_policies: NetworkPolicies::Ignored, load_balancers: LoadBalancers::Missing };
    let told = driver.cluster.saying(said).probe().await.unwrap();
    let found = told.found();
    assert_eq!((found.network_policies, found.load_balancers), (said.network_policies, said.load_balancers));
    assert!(told.described().contains("stored and not enforced"), "{}", told.described());
}

pub async fn jobs_are_held_and_go_on_from_now(world: World) {
    let mut driver = provisioned(&world, &["feed"]).await;
    let abilities = driver.cluster.probe().await.unwrap();
    let (cron_jobs, holds_jobs) = (abilities.cron_jobs.unwrap(), abilities.holds_jobs);
    let api = |version: &str, kind: &str| -> Api<DynamicObject> {
        let (group, version) = version.split_once('/').unwrap();
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(world.client.clone(), &driver.namespace(), &resource)
    };
    let (jobs, nightly) = (api("batch/v1", "Job"), api(&cron_jobs, "CronJob"));
    let container =
        json!({"name": "c", "image": "docker.io/library/busybox:1.35", "command": ["sleep", "600"]});
    let template = json!({"spec": {"restartPolicy": "Never", "containers": [container]}});
    let make = async |api: &Api<DynamicObject>, version: &str, kind: &str, name: &str, spec: Value| {
        let object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec});
        api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap()
    };
    make(&jobs, "batch/v1", "Job", "import", json!({"template": template})).await;
    // Its one hour in the year does not come now.
    let schedule = json!({"schedule": "0 3 1 1 *", "jobTemplate": {"spec": {"template": template}}});
    make(&nightly, &cron_jobs, "CronJob", "nightly", schedule.clone()).await;
    make(&nightly, &cron_jobs, "CronJob", "let-go", schedule.clone()).await;
    let mut asleep = schedule;
    asleep["suspend"] = json!(true);
    make(&nightly, &cron_jobs, "CronJob", "asleep", asleep).await;

    let measure = driver.tenant.restrict("suspend", "environment/web");
    driver.until_confirmed(&measure).await;
    let noted = driver.kept.memory().before.unwrap().others;
    let held = |name: &str| noted.values().find(|other| other.key() == name).unwrap().suspended;
    assert!(held("CronJob/nightly").is_some_and(Suspended::is_held));
    assert_eq!(held("CronJob/asleep"), Some(Suspended { before: Some(true), by_us: None }));
    assert_eq!(held("Job/import").unwrap().by_us, Some(holds_jobs));
    let suspended = async |api: &Api<DynamicObject>, name: &str| {
        api.get(name).await.unwrap().data["spec"]["suspend"] == json!(true)
    };
    assert!(suspended(&nightly, "nightly").await && suspended(&nightly, "asleep").await);
    assert_eq!(suspended(&jobs, "import").await, holds_jobs);
    let go = Patch::Merge(json!({"spec": {"suspend": false}}));
    nightly.patch("let-go", &PatchParams::default(), &go).await.unwrap();
    assert_eq!(driver.pass().await.writes, 0, "whoever lets one go is not fought");
    let report = driver.until_confirmed(&measure).await;
    let told = |text: &str| report.exceptions.iter().any(|exception| exception.starts_with(text));
    assert!(told("CronJob/let-go was let go again"), "{:?}", report.exceptions);
    assert_eq!(told("Job/import could not be held"), !holds_jobs, "{:?}", report.exceptions);

    driver.tenant.lift(&measure);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert!(!suspended(&nightly, "nightly").await && !suspended(&jobs, "import").await);
    assert!(suspended(&nightly, "asleep").await, "the tenant's own wish stays");
    let from = nightly.get("nightly").await.unwrap().data["status"]["lastScheduleTime"].clone();
    assert!(from.is_string(), "it counts from now: {from}");
    assert_eq!(driver.pass().await.writes, 0);
    driver.clean().await;
}
