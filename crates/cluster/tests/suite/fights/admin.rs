//! Fights of those who have all rights in the cluster: what they undo is repaired within a second, and told.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, ResourceQuota};
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::json;

use super::arena::{Arena, makes_pods};
use super::observer::Seen;
use crate::world::{DEADLINE, World};

/// A generous bound on slow machines for what takes well under a second.
const BOUND: Duration = Duration::from_secs(3);

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_a_gitops_tool_of_a_cluster_admin_that_also_deletes_the_gate() {
    let world = World::real().await;
    let shop = makes_pods("apps/v1", "Deployment", "shop", 2);
    let mut arena = Arena::with(&world, std::slice::from_ref(&shop)).await;
    let (measure, _, since) = arena.suspended().await;
    let quotas: Api<ResourceQuota> = Api::namespaced(world.client.clone(), &arena.driver.namespace());
    for times in 1..=4 {
        quotas.delete("tenure-gate", &DeleteParams::default()).await.unwrap();
        arena.apply(&world.client, &shop).await.unwrap();
        arena.keeper.repaired(times, |repair| repair.difference == "was deleted").await;
    }
    let times = arena.gate_repairs("a gate deleted four times", since).await;
    assert_eq!(times.len(), 4);
    assert!(times.iter().all(|time| *time < BOUND), "{times:?}");
    let repairs = arena.keeper.repairs();
    let told = repairs.iter().filter(|(_, repair)| repair.difference == "was deleted");
    assert_eq!(told.count(), 4, "{repairs:?}");
    // What slipped in is ended, and the receipt counts anew.
    arena.keeper.confirmed(&measure).await;
    let events = arena.observer.after(since).await;
    let last = events.iter().rposition(|event| event.seen == Seen::GateClosed).unwrap();
    let later = arena.observer.revision().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    arena.nothing_ran_since(later).await;
    let made =
        |range: &[super::observer::Event]| range.iter().filter(|e| matches!(e.seen, Seen::Ran(_))).count();
    println!("pods that ran for a moment after the gate was deleted: {}", made(&events[..=last]));
    let restored = arena.lifted(&measure).await;
    assert!(restored.equal, "{:?}", restored.differences);
    arena.clean().await;
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_a_second_controller_as_field_manager() {
    let world = World::real().await;
    let mut arena = Arena::with(&world, &[makes_pods("apps/v1", "Deployment", "shop", 1)]).await;
    let (measure, _, since) = arena.suspended().await;
    let quotas: Api<ResourceQuota> = Api::namespaced(world.client.clone(), &arena.driver.namespace());
    let force = PatchParams::apply("other-controller").force();
    let hard = json!({"pods": "9", "count/jobs.batch": "9"});
    for times in 1..=2 {
        let spec = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tenure-gate"},
            "spec": {"hard": hard}});
        quotas.patch("tenure-gate", &force, &Patch::Apply(&spec)).await.unwrap();
        arena.keeper.repaired(times, |repair| repair.difference.starts_with("spec.hard.pods is")).await;
        let status = Patch::Merge(json!({"status": {"hard": hard}}));
        let params =
            PatchParams { field_manager: Some("other-controller".to_owned()), ..PatchParams::default() };
        let told = || {
            let repairs = arena.keeper.repairs();
            repairs.iter().filter(|(_, repair)| repair.difference.starts_with("status.hard is")).count()
        };
        // The cluster's own controller may take it back before anybody has looked; then it is written again.
        let (began, before) = (std::time::Instant::now(), told());
        while told() == before {
            assert!(began.elapsed() < DEADLINE, "time {times}: {:?}", arena.keeper.repairs());
            quotas.patch_status("tenure-gate", &params, &status).await.unwrap();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    let closed = |events: &[super::observer::Event]| {
        let is_gate = |seen: &Seen| matches!(seen, Seen::GateClosed | Seen::GateOpen | Seen::GateGone);
        events.iter().rfind(|event| is_gate(&event.seen)).is_some_and(|event| event.seen == Seen::GateClosed)
    };
    arena.observer.until("the gate's last repair", closed).await;
    let times = arena.gate_repairs("a gate opened by another controller", since).await;
    assert!(times.len() >= 2 && times.iter().all(|time| *time < BOUND), "{times:?}");
    let repairs = arena.keeper.repairs();
    let by_it = repairs.iter().filter(|(_, repair)| repair.manager.as_deref() == Some("other-controller"));
    let by_it: Vec<_> = by_it.map(|(_, repair)| repair.difference.as_str()).collect();
    assert!(by_it.iter().any(|text| text.starts_with("spec.hard.pods is \"9\"")), "{repairs:?}");
    assert!(by_it.iter().any(|text| text.starts_with("status.hard is")), "{repairs:?}");
    arena.keeper.confirmed(&measure).await;
    arena.clean().await;
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_a_cluster_admin_who_deletes_labels_of_what_is_ours() {
    let world = World::real().await;
    let mut arena = Arena::with(&world, &[makes_pods("apps/v1", "Deployment", "shop", 1)]).await;
    let (measure, _, since) = arena.suspended().await;
    let namespace = arena.driver.namespace();
    let quotas: Api<ResourceQuota> = Api::namespaced(world.client.clone(), &namespace);
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let off = Patch::Merge(json!({"metadata": {"labels": null}}));
    quotas.patch("tenure-gate", &PatchParams::default(), &off).await.unwrap();
    namespaces.patch(&namespace, &PatchParams::default(), &off).await.unwrap();
    let began = std::time::Instant::now();
    let of = |object: &str| {
        let all = arena.keeper.repairs();
        all.into_iter()
            .find(|(_, r)| r.object.to_string() == object && r.difference.contains("metadata.labels"))
    };
    for object in ["ResourceQuota/tenure-gate".to_owned(), format!("Namespace/{namespace}")] {
        while of(&object).is_none() {
            assert!(began.elapsed() < BOUND, "{object} is not put right: {:?}", arena.keeper.repairs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("labels of {object}: put right after {:?}", of(&object).unwrap().0 - began);
    }
    arena.nothing_ran_since(since).await;
    arena.keeper.confirmed(&measure).await;
    arena.clean().await;
}
