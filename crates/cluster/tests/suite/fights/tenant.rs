//! Fights of those who have all rights in the namespace that Kubernetes gives its admins, and no more.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, ResourceQuota, ServiceAccount};
use kube::api::{Api, AttachParams, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::json;

use super::arena::{Arena, makes_pods, pod_spec};
use super::observer::Seen;
use crate::world::{World, page};

/// Between two tries of a tool.
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_an_autoscaler() {
    let world = World::real().await;
    let web = makes_pods("apps/v1", "Deployment", "shop", 1);
    let mut arena = Arena::with(&world, std::slice::from_ref(&web)).await;
    let (measure, _, since) = arena.suspended().await;
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"});
    let autoscaler = json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "shop"}, "spec": {"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 4}});
    arena.apply(&arena.tenant, &autoscaler).await.unwrap();
    let started = std::time::Instant::now();
    while arena.get(&web).await.data["spec"]["replicas"] != json!(3) {
        assert!(started.elapsed() < crate::world::DEADLINE, "the autoscaler does nothing");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tokio::time::sleep(SECOND).await;
    arena.nothing_ran_since(since).await;
    let restored = arena.lifted(&measure).await;
    assert_eq!(
        restored.differences,
        ["Deployment/shop differs in its spec"],
        "what was changed is shown and left to a person"
    );
    let three = |events: &[super::observer::Event]| {
        events.iter().filter(|e| e.revision > since && matches!(e.seen, Seen::Ran(_))).count() >= 3
    };
    arena.observer.until("three pods", three).await;
    arena.clean().await;
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_a_gitops_tool_of_a_namespace_admin() {
    let world = World::real().await;
    let web = makes_pods("apps/v1", "Deployment", "shop", 2);
    let mut job = makes_pods("batch/v1beta1", "CronJob", "nightly", 0);
    job["spec"] = json!({"schedule": "* * * * *", "suspend": false, "jobTemplate": {"spec": {
        "template": {"spec": {"restartPolicy": "Never", "containers": pod_spec()["containers"]}}}}});
    let mut arena = Arena::with(&world, std::slice::from_ref(&web)).await;
    let (measure, _, since) = arena.suspended().await;
    let quotas: Api<ResourceQuota> = Api::namespaced(arena.tenant.clone(), &arena.driver.namespace());
    for _ in 0..4 {
        arena.apply(&arena.tenant, &web).await.unwrap();
        arena.apply(&arena.tenant, &job).await.unwrap();
        let refused = quotas.delete("tenure-gate", &DeleteParams::default()).await.unwrap_err();
        assert!(refused.to_string().contains("cannot delete"), "{refused}");
        let open = Patch::Merge(json!({"spec": {"hard": {"pods": "9"}}}));
        let refused = quotas.patch("tenure-gate", &PatchParams::default(), &open).await.unwrap_err();
        assert!(refused.to_string().contains("cannot patch"), "{refused}");
        let refused = arena.try_pod("stray").await.unwrap_err();
        assert!(refused.to_string().contains("exceeded quota: tenure-gate"), "{refused}");
        tokio::time::sleep(SECOND).await;
    }
    arena.nothing_ran_since(since).await;
    arena.delete(&arena.tenant, &job).await.unwrap();
    let restored = arena.lifted(&measure).await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(restored.others["Deployment/shop"].ready, 2);
    arena.clean().await;
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_someone_who_scales() {
    let world = World::real().await;
    let shop = makes_pods("apps/v1", "Deployment", "shop", 1);
    let db = makes_pods("apps/v1", "StatefulSet", "db", 1);
    let mut arena = Arena::with(&world, &[shop.clone(), db.clone()]).await;
    let (measure, _, since) = arena.suspended().await;
    for replicas in 2..8 {
        for manifest in [&shop, &db] {
            let name = manifest["metadata"]["name"].as_str().unwrap();
            let scale = Patch::Merge(json!({"spec": {"replicas": replicas}}));
            let api = arena.api(&arena.tenant, manifest);
            api.patch_scale(name, &PatchParams::default(), &scale).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    arena.nothing_ran_since(since).await;
    let restored = arena.lifted(&measure).await;
    let differences = ["Deployment/shop differs in its spec", "StatefulSet/db differs in its spec"];
    assert_eq!(restored.differences, differences, "shown, and left to a person");
    arena.clean().await;
}

/// Labels say nothing about what is stopped: all of the namespace is.
#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_someone_who_deletes_labels() {
    let world = World::real().await;
    let mut arena = Arena::with(&world, &[makes_pods("apps/v1", "ReplicaSet", "shop", 1)]).await;
    arena.keeper.stop().await;
    arena.driver.tenant.put("feed", page(1));
    let pods: Api<Pod> = Api::namespaced(arena.tenant.clone(), &arena.driver.namespace());
    arena.driver.until_ready().await;
    let off = Patch::Merge(json!({"metadata": {"labels": null}}));
    for pod in pods.list(&ListParams::default()).await.unwrap() {
        pods.patch(pod.metadata.name.as_deref().unwrap(), &PatchParams::default(), &off).await.unwrap();
    }
    arena.keeper = super::keeper::Keeper::start(&arena.driver);
    let (measure, _, since) = arena.suspended().await;
    let feed = makes_pods("apps/v1", "Deployment", "feed", 1);
    for times in 1..=3 {
        arena.api(&arena.tenant, &feed).patch("feed", &PatchParams::default(), &off).await.unwrap();
        arena.keeper.repaired(times, |repair| repair.difference.contains("metadata.labels")).await;
    }
    arena.nothing_ran_since(since).await;
    arena.lifted(&measure).await;
    arena.clean().await;
}

/// Some of the pods cannot be taken off the record, some have a finalizer, and they come as quickly as they can be made.
#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_a_tenant_who_makes_pods_in_a_tight_loop() {
    let world = World::real().await;
    let mut arena = Arena::with(&world, &[makes_pods("apps/v1", "Deployment", "shop", 1)]).await;
    let pods: Api<Pod> = Api::namespaced(arena.tenant.clone(), &arena.driver.namespace());
    let mut loops = tokio::task::JoinSet::new();
    for lane in 0..2 {
        let pods = pods.clone();
        loops.spawn(async move {
            for number in 0.. {
                let held = if number % 2 == 0 { json!(["example.org/held"]) } else { json!([]) };
                let manifest = json!({"metadata": {"name": format!("p{lane}-{number}"), "finalizers": held},
                    "spec": pod_spec()});
                let pod = serde_json::from_value(manifest).unwrap();
                let _ = pods.create(&PostParams::default(), &pod).await;
                tokio::task::yield_now().await;
            }
        });
    }
    arena.runs(3).await;
    let (measure, report, since) = arena.suspended().await;
    tokio::time::sleep(3 * SECOND).await;
    arena.nothing_ran_since(since).await;
    loops.shutdown().await;
    assert_eq!(report.pods_remaining, Some(0));
    let held =
        report.exceptions.iter().filter(|text| text.contains("its finalizers example.org/held")).count();
    assert!(held >= 1, "what a finalizer keeps on record is told: {:#?}", report.exceptions);
    assert!(report.nodes_asked.contains("node1"), "{report:#?}");
    let lost =
        report.pods_gone.iter().filter(|pod| pod.losses.iter().any(|l| l.contains("nothing makes it again")));
    assert!(lost.count() >= 1, "{:#?}", report.pods_gone);
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    for pod in pods.list(&ListParams::default()).await.unwrap() {
        let _ = pods.patch(pod.metadata.name.as_deref().unwrap(), &PatchParams::default(), &free).await;
    }
    let restored = arena.lifted(&measure).await;
    assert!(restored.lost.iter().any(|text| text.starts_with("Pod/p")), "{restored:#?}");
    arena.clean().await;
}

/// Whoever may delete pods can make the cluster forget one while it runs on. Its node does not forget it.
#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_a_tenant_who_deletes_its_pods_by_force() {
    let world = World::real().await;
    let mut stubborn = pod_spec();
    stubborn["terminationGracePeriodSeconds"] = json!(6);
    stubborn["containers"][0]["command"] = json!(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]);
    let bare = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "stubborn"}, "spec": stubborn});
    let mut arena = Arena::with(&world, std::slice::from_ref(&bare)).await;
    arena.runs(1).await;
    let measure = arena.suspend();
    arena.observer.until("the gate", |events| events.iter().any(|e| e.seen == Seen::GateClosed)).await;
    let pods: Api<Pod> = Api::namespaced(arena.tenant.clone(), &arena.driver.namespace());
    pods.delete("stubborn", &DeleteParams::default().grace_period(0)).await.unwrap();
    let unconfirmed = arena.keeper.pending(&measure, "node1 still runs Pod/stubborn").await;
    assert!(!unconfirmed, "it is known, not doubtful");
    let report = arena.keeper.confirmed(&measure).await;
    assert!(report.nodes_asked.contains("node1"));
    arena.clean().await;
}

/// A session in a pod, and a token that a pod was given, end with the pod.
#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_someone_who_holds_a_session_and_a_token_of_a_pod() {
    let world = World::real().await;
    let mut arena = Arena::with(&world, &[makes_pods("apps/v1", "StatefulSet", "db", 1)]).await;
    let namespace = arena.driver.namespace();
    let pods: Api<Pod> = Api::namespaced(arena.tenant.clone(), &namespace);
    let session = pods.exec("db-0", ["sleep", "600"], &AttachParams::default()).await.unwrap();
    let uid = pods.get("db-0").await.unwrap().metadata.uid;
    let bound = json!({"kind": "Pod", "apiVersion": "v1", "name": "db-0", "uid": uid});
    let wanted = json!({"metadata": {}, "spec": {"audiences": [], "boundObjectRef": bound}});
    // As the kubelet has it made for a pod.
    let accounts: Api<ServiceAccount> = arena.driver.api();
    let wanted = serde_json::from_value(wanted).unwrap();
    let given = accounts.create_token_request("default", &PostParams::default(), &wanted).await.unwrap();
    let holder = world.with_token(given.status.unwrap().token);
    let answer = || async {
        let pods: Api<Pod> = Api::namespaced(holder.clone(), &namespace);
        match pods.list(&ListParams::default()).await.unwrap_err() {
            kube::Error::Api(status) => status.code,
            other => panic!("{other}"),
        }
    };
    assert_eq!(answer().await, 403, "known, though it may do nothing by itself");

    let (measure, _, since) = arena.suspended().await;
    let _ =
        tokio::time::timeout(crate::world::DEADLINE, session.join()).await.expect("the session has ended");
    let refused = pods.exec("db-0", ["sleep", "600"], &AttachParams::default()).await;
    assert!(refused.is_err(), "no pod, no session");
    let started = std::time::Instant::now();
    // The server believes a token for a few seconds after it last asked itself.
    while answer().await != 401 {
        assert!(started.elapsed() < crate::world::DEADLINE, "the token is still believed");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    arena.nothing_ran_since(since).await;
    arena.lifted(&measure).await;
    assert_eq!(answer().await, 401, "the pod that comes back is another one");
    arena.clean().await;
}
