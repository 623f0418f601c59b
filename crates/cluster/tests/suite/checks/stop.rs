//! Stopping, isolating, and bringing back.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Node, PersistentVolume, Pod, ResourceQuota};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::json;
use tenure_cluster::{Enforcement, Observation, Restoration};
use tenure_domain::capability::Capability;

use super::{provisioned, repaired};
use crate::world::{Driver, World, page, page_on_volume};

pub async fn a_used_up_plan_does_not_hinder_a_stop(world: World) {
    let mut driver = Driver::new(&world);
    driver.plan.pods = 2;
    driver.tenant.put("feed", page(2));
    driver.until_ready().await;
    let measure = driver.tenant.restrict("suspend", "environment/web");
    let report = driver.until_confirmed(&measure).await;
    assert!(report.gate.unwrap().refusal.contains("exceeded quota: tenure-gate"));
    driver.tenant.lift(&measure);
    assert!(driver.until_restored().await.equal);
    driver.clean().await;
}

pub async fn a_suspension_stops_everything_and_its_end_brings_it_back(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(2));
    driver.tenant.put("media", page_on_volume());
    driver.until_ready().await;
    driver.until_visit("feed", 200).await;
    let before = driver.content("media").await;

    let scope = "environment/web".parse().unwrap();
    let (environment, memory) = (driver.environment(), driver.kept.memory());
    let mut preview = driver.cluster.preview(&environment, &memory, &scope).await.unwrap();
    let measure = driver.tenant.restrict("suspend", "environment/web");
    let first = driver.pass().await;
    assert!(matches!(first.measures[&measure], Enforcement::Pending { unconfirmed: false, .. }), "{first:?}");
    let report = driver.until_confirmed(&measure).await;

    assert_eq!(driver.pod_names().await, Vec::<String>::new());
    driver.until_visit("feed", 503).await;
    driver.until_visit("media", 503).await;
    let feed = driver.api::<Deployment>().get("feed").await.unwrap();
    assert_eq!(feed.spec.unwrap().replicas, Some(2), "what was declared is not touched");
    let gate = report.gate.as_ref().unwrap();
    assert!(gate.refusal.contains("exceeded quota: tenure-gate"), "{}", gate.refusal);
    assert_eq!(gate.hard["pods"], "0");
    assert_eq!(report.pods_remaining, Some(0));
    let mut gone = report.pods_gone.clone();
    gone.sort_by(|a, b| a.name.cmp(&b.name));
    preview.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!((gone.len(), &gone), (3, &preview), "the preview told what would be lost");
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
    let measure = driver.tenant.restrict("suspend", "account");
    // Admission heeds the gate a moment after it is stored; the pass that has seen it refuse ends the pods.
    let unproved =
        |why: &str| ["does not refuse pods yet", "is not proved yet"].iter().any(|s| why.contains(s));
    let closed =
        |o: &Observation| !matches!(&o.measures[&measure], Enforcement::Pending { why, .. } if unproved(why));
    driver.until("a gate that refuses", closed).await;
    let ending = driver.api::<Pod>().list(&ListParams::default()).await.unwrap();
    for pod in ending {
        let grace = pod.metadata.deletion_grace_period_seconds;
        assert!(
            grace.is_some_and(|seconds| seconds <= 2),
            "the power's cap, not the pod's own 30 s: {grace:?}"
        );
    }
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
    assert!(
        matches!(observation.measures[&measure], Enforcement::Pending { .. }),
        "seen anew, or not in force"
    );
    driver.until_confirmed(&measure).await;
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

/// A pod that does not go, on a node that does not report.
pub async fn a_node_that_cannot_be_reached_leaves_a_stop_unconfirmed(world: World) {
    let mut driver = provisioned(&world, &["feed"]).await;
    let pods: Api<Pod> = driver.api();
    let pod = driver.pod_names().await.remove(0);
    let held = Patch::Merge(json!({"metadata": {"finalizers": ["example.org/held"]}}));
    pods.patch(&pod, &PatchParams::default(), &held).await.unwrap();
    let node = pods.get(&pod).await.unwrap().spec.unwrap().node_name.unwrap();
    let measure = driver.tenant.restrict("suspend", "environment/web");
    let pending = |o: &Observation| matches!(&o.measures[&measure], Enforcement::Pending { unconfirmed: false, why } if why.contains("1 pods remain"));
    driver.until("the wait for the pod", pending).await;
    // The simulated node has said that it ended the containers; one that cannot be reached never says so.
    let runs = Patch::Merge(
        json!({"status": {"containerStatuses": [{"name": "workload", "state": {"running": {}}}]}}),
    );
    while pods.get(&pod).await.unwrap().metadata.deletion_grace_period_seconds != Some(0) {
        tokio::task::yield_now().await;
    }
    pods.patch_status(&pod, &PatchParams::default(), &runs).await.unwrap();
    let nodes: Api<Node> = Api::all(world.client.clone());
    let lost = Patch::Merge(json!({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}));
    nodes.patch_status(&node, &PatchParams::default(), &lost).await.unwrap();
    let unconfirmed = |o: &Observation| matches!(&o.measures[&measure], Enforcement::Pending { unconfirmed: true, why } if why.contains(&node));
    driver.until("the doubt", &unconfirmed).await;

    let released = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    pods.patch(&pod, &PatchParams::default(), &released).await.unwrap();
    // That the record is gone says nothing about what such a node runs.
    assert_eq!(driver.pod_names().await, Vec::<String>::new());
    driver.until("the doubt about a pod off the record", &unconfirmed).await;
    let back = Patch::Merge(json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}));
    nodes.patch_status(&node, &PatchParams::default(), &back).await.unwrap();
    driver.until_confirmed(&measure).await;
    driver.clean().await;
}
