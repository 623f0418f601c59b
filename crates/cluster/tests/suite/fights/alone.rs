//! Fights against the machinery itself, which have the cluster for themselves.

use std::time::Duration;

use super::arena::{Arena, makes_pods};
use crate::world::World;

/// Has `tests/kubernetes` do something to the cluster that the tests run on.
async fn fault(what: &str) {
    let kubeconfig = std::env::var("TENURE_TEST_KUBECONFIG").unwrap();
    let state = std::path::Path::new(&kubeconfig).parent().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/kubernetes");
    let mut command = tokio::process::Command::new(script);
    let done = command.args(["fault", what]).env("KUBE_STATE", state).status().await.unwrap();
    assert!(done.success(), "tests/kubernetes fault {what}: {done}");
}

/// How many starts of containers the kubelet told of, which outlives a server that starts anew.
async fn started(arena: &Arena<'_>) -> i32 {
    let events: kube::Api<k8s_openapi::api::core::v1::Event> = arena.driver.api();
    let all = events.list(&kube::api::ListParams::default()).await.unwrap();
    all.items.iter().filter(|e| e.reason.as_deref() == Some("Started")).map(|e| e.count.unwrap_or(1)).sum()
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_alone_a_kubelet_that_is_killed() {
    let world = World::real().await;
    let mut arena = Arena::with(&world, &[makes_pods("apps/v1", "Deployment", "shop", 1)]).await;
    fault("kubelet-kill").await;
    let measure = arena.suspend();
    let unconfirmed = arena.keeper.pending(&measure, "node node1 cannot be reached").await;
    assert!(unconfirmed, "applying (unconfirmed): nobody knows what it runs");
    // Also when the record is cleared by force: what runs on the node is not known by that.
    let pods: kube::Api<k8s_openapi::api::core::v1::Pod> = arena.driver.api();
    for name in arena.driver.pod_names().await {
        let now = kube::api::DeleteParams::default().grace_period(0);
        pods.delete(&name, &now).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let unconfirmed = arena.keeper.pending(&measure, "node node1 cannot be reached").await;
    assert!(unconfirmed && arena.driver.pod_names().await.is_empty());
    fault("kubelet-start").await;
    let report = arena.keeper.confirmed(&measure).await;
    assert!(report.nodes_asked.contains("node1"), "{report:#?}");
    let since = arena.observer.revision().await;
    arena.nothing_ran_since(since).await;
    let restored = arena.lifted(&measure).await;
    assert!(restored.equal, "{:?}", restored.differences);
    arena.clean().await;
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_alone_an_api_server_that_restarts_in_the_middle() {
    let world = World::real().await;
    let mut arena = Arena::with(&world, &[makes_pods("apps/v1", "StatefulSet", "db", 2)]).await;
    let measure = arena.suspend();
    let closed = |events: &[super::observer::Event]| {
        events.iter().any(|event| event.seen == super::observer::Seen::GateClosed)
    };
    arena.observer.until("the gate", closed).await;
    fault("api-restart").await;
    arena.keeper.confirmed(&measure).await;
    let since = arena.observer.revision().await;
    let before = started(&arena).await;
    fault("api-restart").await;
    for attempt in 0..5 {
        let refused = arena.try_pod(&format!("stray-{attempt}")).await.unwrap_err();
        assert!(refused.to_string().contains("exceeded quota: tenure-gate"), "{refused}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    arena.nothing_ran_since(since).await;
    assert_eq!(started(&arena).await, before, "the kubelet told of no further start");
    let restored = arena.lifted(&measure).await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(restored.others["StatefulSet/db"].ready, 2);
    arena.clean().await;
}
