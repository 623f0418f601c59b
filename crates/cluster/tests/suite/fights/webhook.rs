//! A tenant's own admission webhook that refuses everything because nobody answers for it, and a disruption budget.

use std::time::Instant;

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::{Value, json};

use super::arena::{Arena, makes_pods};
use crate::world::{DEADLINE, LOOK, World};

/// A webhook that nobody answers, asked about these operations on these resources of this namespace: deletions of pods are
/// among them.
async fn dead_webhook(arena: &Arena<'_>, name: &str, operations: Value, resources: Value) {
    let environment = json!({"matchLabels": {"tenure.dev/account": arena.driver.tenant.account.id.as_str()}});
    let configuration = json!({"metadata": {"name": name}, "webhooks": [{
        "name": "policy.tenant.example",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": operations,
            "resources": resources, "scope": "Namespaced"}],
        "namespaceSelector": environment,
        "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 2}]});
    let api: Api<ValidatingWebhookConfiguration> = Api::all(arena.driver.world.client.clone());
    let configuration = serde_json::from_value(configuration).unwrap();
    api.create(&PostParams::default(), &configuration).await.unwrap();
    // The server takes a moment to heed it.
    let pods: Api<Pod> = arena.driver.api();
    let dry = DeleteParams { dry_run: true, ..DeleteParams::default() };
    let started = Instant::now();
    loop {
        let pod = arena.driver.pod_names().await.remove(0);
        let answer = pods.delete(&pod, &dry).await.map(drop);
        if answer.as_ref().is_err_and(|error| error.to_string().contains("policy.tenant.example")) {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "the webhook is not asked: {answer:?}");
        tokio::time::sleep(LOOK).await;
    }
}

async fn forget(arena: &Arena<'_>, name: &str) {
    let api: Api<ValidatingWebhookConfiguration> = Api::all(arena.driver.world.client.clone());
    api.delete(name, &DeleteParams::default()).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_a_fail_closed_webhook_on_deletions_and_a_disruption_budget() {
    let world = World::real().await;
    let shop = makes_pods("apps/v1", "Deployment", "shop", 2);
    let mut arena = Arena::with(&world, std::slice::from_ref(&shop)).await;
    let budget = json!({"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "metadata": {"name": "shop"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "shop"}}}});
    arena.apply(&arena.tenant, &budget).await.unwrap();
    let name = format!("deletions-{}", arena.driver.namespace());
    dead_webhook(&arena, &name, json!(["DELETE"]), json!(["pods", "resourcequotas"])).await;

    let (measure, report, since) = arena.suspended().await;
    assert_eq!(report.pods_remaining, Some(0), "their nodes ended them");
    let named = |texts: &[String]| {
        texts.iter().any(|text| {
            text.contains("policy.tenant.example")
                && text.contains(&format!("ValidatingWebhookConfiguration/{name}"))
        })
    };
    assert!(named(&report.exceptions), "{:#?}", report.exceptions);
    assert!(report.exceptions.iter().any(|text| text.contains("has ended and was left on record")));
    arena.nothing_ran_since(since).await;

    // The gate cannot be removed; it is opened, and what is left of it is told.
    let restored = arena.lifted(&measure).await;
    assert_eq!(restored.others["Deployment/shop"].ready, 2);
    assert!(named(&restored.differences), "{:#?}", restored.differences);
    let passed = arena.driver.pass().await;
    assert!(named(&passed.obstacles), "every pass tells it, and fails at nothing: {:#?}", passed.obstacles);
    forget(&arena, &name).await;
    let gate: Api<ResourceQuota> = arena.driver.api();
    let started = Instant::now();
    loop {
        let passed = arena.driver.pass_over(&arena.driver.cluster).await.map(|seen| seen.obstacles);
        if gate.get_opt("tenure-gate").await.unwrap().is_none() {
            break;
        }
        assert!(started.elapsed() < DEADLINE, "removed as soon as it can be: {passed:?}");
        tokio::time::sleep(LOOK).await;
    }
    arena.clean().await;
}

/// What matches every write cannot be got round: it is named, and nothing is said to be so that is not.
#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn fight_a_fail_closed_webhook_on_everything() {
    let world = World::real().await;
    let mut arena = Arena::with(&world, &[makes_pods("apps/v1", "Deployment", "shop", 1)]).await;
    let name = format!("everything-{}", arena.driver.namespace());
    dead_webhook(&arena, &name, json!(["*"]), json!(["*/*"])).await;
    let measure = arena.suspend();
    let unconfirmed = arena.keeper.pending(&measure, &format!("ValidatingWebhookConfiguration/{name}")).await;
    assert!(!unconfirmed);
    forget(&arena, &name).await;
    arena.keeper.confirmed(&measure).await;
    let since = arena.observer.revision().await;
    arena.nothing_ran_since(since).await;
    let restored = arena.lifted(&measure).await;
    assert!(restored.equal, "{:?}", restored.differences);
    arena.clean().await;
}
