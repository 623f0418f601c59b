//! What the cluster half promises, each told once and run on a simulation and on a real cluster.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, PersistentVolume, PersistentVolumeClaim, Pod, ResourceQuota, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;
use tenure_cluster::{ClusterError, Enforcement, Observation, Restoration};
use tenure_domain::capability::Capability;

use crate::faults::Faults;
use crate::world::{Driver, World, objects, page, page_on_volume};

async fn provisioned<'w>(world: &'w World, workloads: &[&str]) -> Driver<'w> {
    let mut driver = Driver::new(world);
    for name in workloads {
        driver.tenant.put(name, page(1));
    }
    driver.until_ready().await;
    driver
}

fn repaired(observation: &Observation) -> Vec<String> {
    observation.repairs.iter().map(|repair| format!("{}: {}", repair.object, repair.difference)).collect()
}

pub async fn a_declared_workload_answers(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(2));
    driver.tenant.put("2048", page(1));
    let observation = driver.until_ready().await;
    assert_eq!(observation.workloads[&"feed".parse().unwrap()].ready, 2);
    assert_eq!(observation.restoration, Restoration::None);
    driver.until_visit("feed", 200).await;
    driver.until_visit("s--2048", 200).await;
    driver.clean().await;
}

pub async fn an_unchanged_environment_gets_no_write(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(1));
    driver.tenant.put("media", page_on_volume());
    let first = driver.pass().await;
    assert!(first.writes > 0);
    assert_eq!(repaired(&first), Vec::<String>::new(), "making things is no repair");
    driver.until_ready().await;
    for _ in 0..3 {
        let observation = driver.pass().await;
        assert_eq!((observation.writes, repaired(&observation)), (0, vec![]));
    }
    driver.clean().await;
}

pub async fn a_changed_declaration_is_followed_and_what_is_no_longer_declared_goes(world: World) {
    let mut driver = provisioned(&world, &["feed", "media"]).await;
    driver.tenant.put("feed", page(2));
    let changed = driver.pass().await;
    assert_eq!(repaired(&changed), Vec::<String>::new());
    let mut only_feed = driver.environment();
    only_feed.workloads.remove(&"media".parse().unwrap());
    let memory = driver.kept.memory();
    driver.cluster.reconcile(&only_feed, &[], memory, &driver.kept, driver.tenant.now).await.unwrap();
    assert!(driver.api::<Deployment>().get_opt("media").await.unwrap().is_none());
    assert!(driver.api::<Service>().get_opt("media").await.unwrap().is_none());
    assert!(driver.api::<Deployment>().get_opt("feed").await.unwrap().is_some());
    driver.clean().await;
}

pub async fn a_volume_claim_outlives_its_workload(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("media", page_on_volume());
    driver.until_ready().await;
    let mut empty = driver.environment();
    empty.workloads.clear();
    let memory = driver.kept.memory();
    let after = driver.cluster.reconcile(&empty, &[], memory, &driver.kept, driver.tenant.now).await.unwrap();
    assert!(driver.api::<Deployment>().get_opt("media").await.unwrap().is_none());
    assert!(driver.api::<PersistentVolumeClaim>().get_opt("media").await.unwrap().is_some());
    let again = driver.cluster.reconcile(&empty, &[], after.memory, &driver.kept, driver.tenant.now).await.unwrap();
    assert_eq!(again.writes, 0);
    driver.clean().await;
}

pub async fn drift_is_repaired_and_told(world: World) {
    let driver = provisioned(&world, &["feed", "media"]).await;
    let merge = |patch| Patch::Merge(patch);
    let someone = PatchParams { field_manager: Some("someone".to_owned()), ..PatchParams::default() };
    let deployments: Api<Deployment> = driver.api();
    deployments.patch("feed", &someone, &merge(json!({"spec": {"replicas": 3}}))).await.unwrap();
    driver.api::<Service>().delete("media", &DeleteParams::default()).await.unwrap();
    let relabel = merge(json!({"metadata": {"labels": {"tenure.dev/account": "other"}}}));
    driver.api::<ResourceQuota>().patch("tenure-plan", &someone, &relabel).await.unwrap();
    let open = merge(json!({"spec": {"ingress": [{}]}}));
    driver.api::<NetworkPolicy>().patch("default-deny", &someone, &open).await.unwrap();
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let privileged = merge(json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}));
    namespaces.patch(&driver.namespace(), &someone, &privileged).await.unwrap();

    let observation = driver.pass().await;
    let told = repaired(&observation);
    let tells = |text: &str| assert!(told.iter().any(|repair| repair.contains(text)), "{text}: {told:?}");
    tells("Deployment/feed: spec.replicas is 3, declared 1");
    tells("Service/media: was deleted");
    tells("ResourceQuota/tenure-plan: metadata.labels.tenure.dev/account is \"other\"");
    tells("NetworkPolicy/default-deny: spec is");
    tells("pod-security.kubernetes.io/enforce is \"privileged\"");
    assert_eq!(told.len(), 5, "{told:?}");
    let scaled = observation.repairs.iter().find(|repair| repair.difference.contains("replicas")).unwrap();
    assert_eq!(scaled.manager.as_deref(), Some("someone"));

    assert_eq!(deployments.get("feed").await.unwrap().spec.unwrap().replicas, Some(1));
    let policy = driver.api::<NetworkPolicy>().get("default-deny").await.unwrap();
    assert!(policy.spec.unwrap().ingress.unwrap_or_default().is_empty());
    let after = driver.pass().await;
    assert_eq!((after.writes, repaired(&after)), (0, vec![]), "the repair held");
    driver.until_ready().await;
    driver.until_visit("media", 200).await;
    driver.clean().await;
}

pub async fn a_namespace_of_someone_else_is_not_adopted(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(1));
    let name = driver.namespace();
    let theirs: Namespace = serde_json::from_value(json!({"metadata": {"name": name, "labels": {
        "tenure.dev/account": driver.tenant.account.id.as_str(), "tenure.dev/environment": "web"}}}))
    .unwrap();
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    namespaces.create(&PostParams::default(), &theirs).await.unwrap();
    for _ in 0..2 {
        let error = driver.pass_over(&driver.cluster).await.unwrap_err();
        assert!(matches!(&error, ClusterError::ForeignNamespace { known: None, .. }), "{error}");
    }
    assert_eq!(objects(&driver).await, Vec::<String>::new());
    driver.clean().await;
}

pub async fn a_namespace_made_anew_by_someone_else_is_not_adopted(world: World) {
    let driver = provisioned(&world, &[]).await;
    let name = driver.namespace();
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    namespaces.delete(&name, &DeleteParams::default()).await.unwrap();
    let gone = kube::runtime::wait::await_condition(namespaces.clone(), &name, |n: Option<&Namespace>| n.is_none());
    tokio::time::timeout(std::time::Duration::from_secs(60), gone).await.unwrap().unwrap();
    let error = driver.pass_over(&driver.cluster).await.unwrap_err();
    assert!(matches!(&error, ClusterError::NamespaceGone { .. }), "{error}");
    let theirs: Namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
    namespaces.create(&PostParams::default(), &theirs).await.unwrap();
    let error = driver.pass_over(&driver.cluster).await.unwrap_err();
    assert!(matches!(&error, ClusterError::ForeignNamespace { known: Some(_), .. }), "{error}");
    driver.clean().await;
}

pub async fn a_suspension_stops_everything_and_its_end_brings_it_back(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(2));
    driver.tenant.put("media", page_on_volume());
    driver.until_ready().await;
    driver.until_visit("feed", 200).await;
    let before = driver.content("media").await;
    let stopped_pods = driver.pod_names().await;
    assert_eq!(stopped_pods.len(), 3);

    let measure = driver.tenant.restrict("suspend", "environment/web");
    let first = driver.pass().await;
    assert!(matches!(first.measures[&measure], Enforcement::Pending { unconfirmed: false, .. }), "{first:?}");
    let report = driver.until_confirmed(&measure).await;

    assert_eq!(driver.pod_names().await, Vec::<String>::new());
    assert_eq!(driver.until_visit("feed", 503).await.is_empty(), false);
    driver.until_visit("media", 503).await;
    let feed = driver.api::<Deployment>().get("feed").await.unwrap();
    assert_eq!(feed.spec.unwrap().replicas, Some(2), "what was declared is not touched");
    let gate = report.gate.as_ref().unwrap();
    assert!(gate.refusal.contains("exceeded quota: tenure-gate"), "{}", gate.refusal);
    assert_eq!(gate.hard["pods"], "0");
    assert_eq!(report.pods_remaining, Some(0));
    let mut gone: Vec<_> = report.pods_gone.iter().map(|pod| pod.name.clone()).collect();
    gone.sort();
    let mut stopped_pods = stopped_pods;
    stopped_pods.sort();
    assert_eq!(gone, stopped_pods);
    assert_eq!(report.volumes.len(), 1);
    assert_eq!(report.volumes[0].reclaim_policy, "Retain");
    assert_eq!(report.cluster.simulation, !world.is_real());
    assert_eq!(report.withholds.len(), 4);
    assert_eq!(report.enforced_by.len(), 4);
    assert!(report.exceptions.iter().any(|text| text.contains("not probed")), "{:?}", report.exceptions);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["podsRemaining"], 0);
    assert_eq!(serde_json::from_value::<tenure_cluster::StopReport>(json).unwrap(), report);
    let again = driver.pass().await;
    assert_eq!(again.writes, 0, "a stopped environment is left alone");

    driver.tenant.lift(&measure);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(restored.redeclared, vec![]);
    assert_eq!(restored.measures, [measure].into());
    assert!(restored.compared >= 10, "{}", restored.compared);
    assert_eq!(restored.readiness[&"feed".parse().unwrap()].ready, 2);
    driver.until_visit("feed", 200).await;
    assert_eq!(driver.content("media").await, before, "the same volume");
    let volume: Api<PersistentVolume> = Api::all(world.client.clone());
    let volume = volume.get(&restored.volumes[0].volume).await.unwrap();
    assert_eq!(volume.spec.unwrap().persistent_volume_reclaim_policy.as_deref(), Some("Delete"));
    let after = driver.pass().await;
    assert_eq!((after.writes, after.restoration), (0, Restoration::None));
    assert_eq!(driver.kept.memory().before, None);
    driver.clean().await;
}

pub async fn a_closed_gate_refuses_a_pod_at_once(world: World) {
    let mut driver = provisioned(&world, &["feed"]).await;
    driver.tenant.restrict("suspend", "account");
    driver.pass().await;
    let pod: Pod = serde_json::from_value(json!({"metadata": {"name": "bare"}, "spec": {"containers": [{
        "name": "c", "image": "docker.io/library/busybox:1.35", "resources": {"limits": {"cpu": "1m", "memory": "1Mi"}}}]}}))
    .unwrap();
    let error = driver.api::<Pod>().create(&PostParams::default(), &pod).await.unwrap_err();
    assert!(error.to_string().contains("exceeded quota: tenure-gate"), "{error}");
    driver.clean().await;
}

pub async fn a_gate_that_someone_removed_is_closed_again(world: World) {
    let mut driver = provisioned(&world, &["feed"]).await;
    let measure = driver.tenant.restrict("suspend", "environment/web");
    driver.until_confirmed(&measure).await;
    driver.api::<ResourceQuota>().delete("tenure-gate", &DeleteParams::default()).await.unwrap();
    let observation = driver.pass().await;
    assert_eq!(repaired(&observation), ["ResourceQuota/tenure-gate: was deleted"]);
    assert!(matches!(observation.measures[&measure], Enforcement::Pending { .. }), "seen anew, or not in force");
    driver.until_confirmed(&measure).await;
    driver.clean().await;
}

pub async fn a_gate_without_a_permit_is_removed(world: World) {
    let mut driver = provisioned(&world, &["feed"]).await;
    let old = driver.kept.memory();
    let measure = driver.tenant.restrict("suspend", "environment/web");
    driver.until_confirmed(&measure).await;
    driver.tenant.lift(&measure);
    // A store that came back from a backup knows nothing of the stop.
    let environment = driver.environment();
    let seen = driver.cluster.reconcile(&environment, &[], old, &driver.kept, driver.tenant.now).await.unwrap();
    assert!(repaired(&seen).contains(&"ResourceQuota/tenure-gate: no permit allows it".to_owned()), "{seen:?}");
    assert!(driver.api::<ResourceQuota>().get_opt("tenure-gate").await.unwrap().is_none());
    driver.clean().await;
}

pub async fn a_freeze_is_true_at_once_and_touches_nothing(world: World) {
    let mut driver = provisioned(&world, &["feed"]).await;
    let measure = driver.tenant.restrict("freeze", "environment/web");
    let observation = driver.pass().await;
    assert!(matches!(observation.measures[&measure], Enforcement::Confirmed(_)), "{observation:?}");
    assert_eq!(observation.writes, 0);
    driver.until_visit("feed", 200).await;
    driver.tenant.lift(&measure);
    assert!(driver.until_restored().await.equal);
    driver.clean().await;
}

pub async fn an_isolated_workload_leaves_its_neighbour_alone(world: World) {
    let mut driver = provisioned(&world, &["feed", "media"]).await;
    driver.until_visit("feed", 200).await;
    driver.until_visit("media", 200).await;
    let pods = driver.pod_names().await;
    let measure = driver.tenant.restrict("isolate", "workload/web/feed");
    let report = driver.until_confirmed(&measure).await;
    driver.until_visit("feed", 503).await;
    driver.until_visit("media", 200).await;
    assert_eq!(driver.pod_names().await, pods, "isolation stops no pod");
    assert_eq!(report.pods_remaining, None);
    assert!(report.enforced_by[&Capability::Ingress].contains("services"));
    assert!(report.exceptions.iter().any(|text| text.contains("not probed")));
    let policy = driver.api::<NetworkPolicy>().get("feed-egress").await.unwrap();
    assert!(policy.spec.unwrap().egress.unwrap_or_default().is_empty());
    let policy = driver.api::<NetworkPolicy>().get("media-egress").await.unwrap();
    assert!(!policy.spec.unwrap().egress.unwrap_or_default().is_empty());

    driver.tenant.lift(&measure);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    driver.until_visit("feed", 200).await;
    driver.clean().await;
}

pub async fn a_stopped_workload_leaves_its_neighbour_running(world: World) {
    let mut driver = provisioned(&world, &["feed", "media"]).await;
    let measure = driver.tenant.restrict("suspend", "workload/web/feed");
    let report = driver.until_confirmed(&measure).await;
    assert_eq!((report.pods_remaining, report.pods_gone.len(), report.gate), (Some(0), 1, None));
    driver.until_visit("feed", 503).await;
    driver.until_visit("media", 200).await;
    let pods = driver.pod_names().await;
    assert!(pods.len() == 1 && pods[0].starts_with("media-"), "{pods:?}");
    driver.tenant.lift(&measure);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    driver.until_visit("feed", 200).await;
    driver.clean().await;
}

pub async fn lifting_one_measure_leaves_what_another_withholds(world: World) {
    let mut driver = provisioned(&world, &["feed"]).await;
    let isolation = driver.tenant.restrict("isolate", "environment/web");
    let suspension = driver.tenant.restrict("suspend", "environment/web");
    driver.until_confirmed(&isolation).await;
    driver.until_confirmed(&suspension).await;

    driver.tenant.lift(&suspension);
    let partly = driver.until_restored().await;
    assert_eq!(partly.measures, [suspension].into());
    assert_eq!(partly.still_withheld_by, [isolation.clone()].into());
    assert!(partly.equal, "{:?}", partly.differences);
    assert_eq!(driver.pod_names().await.len(), 1, "it runs again");
    driver.until_visit("feed", 503).await;
    driver.until_confirmed(&isolation).await;

    let second = driver.tenant.restrict("suspend", "account");
    driver.until_confirmed(&second).await;
    driver.tenant.lift(&isolation);
    let report = driver.until_restored().await;
    assert_eq!(report.measures, [isolation].into());
    assert_eq!(driver.pod_names().await.len(), 0, "it is still stopped");
    driver.until_confirmed(&second).await;

    driver.tenant.lift(&second);
    let whole = driver.until_restored().await;
    assert!(whole.equal && whole.still_withheld_by.is_empty(), "{:?}", whole.differences);
    driver.until_visit("feed", 200).await;
    driver.clean().await;
}

pub async fn a_permit_of_another_account_restricts_nothing(world: World) {
    let driver = provisioned(&world, &["feed"]).await;
    let mut other = world.tenant();
    other.put("feed", page(1));
    other.restrict("suspend", "account");
    let permits = other.permits();
    let memory = driver.kept.memory();
    let now = driver.tenant.now;
    let error = driver.cluster.reconcile(&driver.environment(), &permits, memory, &driver.kept, now).await.unwrap_err();
    assert!(matches!(error, ClusterError::ForeignPermit { .. }), "{error}");
    assert!(driver.api::<ResourceQuota>().get_opt("tenure-gate").await.unwrap().is_none());
    driver.clean().await;
}

/// Every pass but the last dies right after its first write was carried out, and knows nothing of it.
pub async fn passes_that_die_after_each_write_come_to_the_same_end(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(1));
    driver.tenant.put("media", page_on_volume());
    let mut deaths = die_after_each_write(&driver).await;
    driver.until_ready().await;
    let before = objects(&driver).await;
    let content = driver.content("media").await;

    let measure = driver.tenant.restrict("suspend", "environment/web");
    deaths += die_after_each_write(&driver).await;
    let report = driver.until_confirmed(&measure).await;
    assert_eq!(report.pods_gone.len(), 2);

    driver.tenant.lift(&measure);
    deaths += die_after_each_write(&driver).await;
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(objects(&driver).await, before);
    assert_eq!(driver.content("media").await, content);
    assert!(deaths >= 30, "{deaths}");
    driver.clean().await;
}

async fn die_after_each_write(driver: &Driver<'_>) -> u32 {
    for deaths in 0..100 {
        if driver.pass_over(&driver.world.breakable(&Faults::at_first_write())).await.is_ok() {
            return deaths;
        }
    }
    panic!("no end after 100 passes")
}

/// One run for each request that a pass sends: there the process dies, and another one goes on.
pub async fn a_death_between_any_two_requests_changes_nothing(world: World) {
    let mut deaths = 0;
    let mut expected: Option<(Vec<String>, Vec<String>)> = None;
    for requests in 0.. {
        let mut driver = Driver::new(&world);
        driver.tenant.put("feed", page(1));
        let mut died = false;
        for _ in 0..2 {
            let faults = Faults::after_requests(requests);
            died |= driver.pass_over(&world.breakable(&faults)).await.is_err();
        }
        driver.until_ready().await;
        let measure = driver.tenant.restrict("suspend", "environment/web");
        for _ in 0..2 {
            let faults = Faults::after_requests(requests);
            died |= driver.pass_over(&world.breakable(&faults)).await.is_err();
        }
        let report = driver.until_confirmed(&measure).await;
        assert_eq!(report.pods_gone.len(), 1, "dying after {requests} requests");
        let stopped = objects(&driver).await;
        driver.tenant.lift(&measure);
        for _ in 0..2 {
            let faults = Faults::after_requests(requests);
            died |= driver.pass_over(&world.breakable(&faults)).await.is_err();
        }
        let restored = driver.until_restored().await;
        assert!(restored.equal, "dying after {requests} requests: {:?}", restored.differences);
        let now = (stopped, objects(&driver).await);
        assert_eq!(expected.get_or_insert(now.clone()), &now, "dying after {requests} requests");
        driver.clean().await;
        if !died {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 20, "{deaths}");
}
