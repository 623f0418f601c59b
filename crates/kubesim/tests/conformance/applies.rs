//! Server-side apply.

use anyhow::{Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, ResourceQuota};
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::lab::{Lab, refusal};

fn map(data: &Value) -> Patch<Value> {
    Patch::Apply(
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data}),
    )
}

pub async fn an_unchanged_apply_writes_nothing(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    let first = maps.patch("settings", &PatchParams::apply("tenure"), &map(&json!({"a": "1"}))).await?;
    let again = maps.patch("settings", &PatchParams::apply("tenure"), &map(&json!({"a": "1"}))).await?;
    ensure!(first.metadata.resource_version == again.metadata.resource_version);
    let changed = maps.patch("settings", &PatchParams::apply("tenure"), &map(&json!({"a": "2"}))).await?;
    ensure!(changed.metadata.resource_version != again.metadata.resource_version);
    ensure!(changed.metadata.uid == first.metadata.uid);
    Ok(())
}

pub async fn an_unchanged_apply_of_a_deployment_writes_nothing(lab: &Lab) -> Result<()> {
    let deployments = lab.api::<Deployment>();
    let wanted = Patch::Apply(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{
                    "name": "web", "image": "docker.io/library/busybox:1.35", "ports": [{"containerPort": 8080}],
                    "env": [{"name": "A", "value": "1"}], "resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}},
                }]},
            },
        },
    }));
    let first = deployments.patch("web", &PatchParams::apply("tenure"), &wanted).await?;
    let before = first.metadata.generation;
    let again = deployments.patch("web", &PatchParams::apply("tenure"), &wanted).await?;
    ensure!(again.metadata.generation == before, "{:?}", again.metadata);
    let strategy = again.spec.and_then(|s| s.strategy).and_then(|s| s.type_);
    ensure!(strategy.as_deref() == Some("RollingUpdate"), "defaults are filled in");
    // Controllers write the status meanwhile, so the version is compared once they are done.
    let quiet = crate::lab::eventually("a Deployment observed", async || {
        let d = deployments.get("web").await?;
        Ok(d.status.as_ref().is_some_and(|s| s.observed_generation == before).then_some(d))
    })
    .await?;
    let third = crate::lab::eventually("two equal versions", async || {
        let before = deployments.get("web").await?.metadata.resource_version;
        let after =
            deployments.patch("web", &PatchParams::apply("tenure"), &wanted).await?.metadata.resource_version;
        Ok((before == after).then_some(()))
    });
    third.await?;
    ensure!(quiet.metadata.uid == first.metadata.uid);
    Ok(())
}

pub async fn another_managers_field_is_a_conflict_until_forced(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    maps.patch("settings", &PatchParams::apply("one"), &map(&json!({"a": "1"}))).await?;
    let status = refusal(maps.patch("settings", &PatchParams::apply("two"), &map(&json!({"a": "2"}))).await)?;
    ensure!(status.code == 409 && status.reason == "Conflict", "{status:?}");
    ensure!(status.message == "Apply failed with 1 conflict: conflict with \"one\": .data.a", "{status:?}");
    let causes = status.details.map(|d| d.causes).unwrap_or_default();
    ensure!(causes.iter().any(|c| c.reason == "FieldManagerConflict" && c.field == ".data.a"), "{causes:?}");
    let same = maps.patch("settings", &PatchParams::apply("two"), &map(&json!({"a": "1"}))).await;
    ensure!(same.is_ok(), "the same value is no conflict: {same:?}");
    let forced = maps.patch("settings", &PatchParams::apply("two").force(), &map(&json!({"a": "3"}))).await?;
    ensure!(forced.data.is_some_and(|d| d["a"] == "3"));
    let managers: Vec<String> =
        forced.metadata.managed_fields.unwrap_or_default().into_iter().filter_map(|m| m.manager).collect();
    ensure!(managers == ["two"], "{managers:?}");
    Ok(())
}

pub async fn an_update_makes_its_writer_a_manager(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    maps.patch("settings", &PatchParams::apply("one"), &map(&json!({"a": "1", "b": "1"}))).await?;
    let by_hand = PatchParams { field_manager: Some("hand".to_owned()), ..PatchParams::default() };
    maps.patch("settings", &by_hand, &Patch::Merge(json!({"data": {"a": "2"}}))).await?;
    let status = refusal(
        maps.patch("settings", &PatchParams::apply("one"), &map(&json!({"a": "1", "b": "1"}))).await,
    )?;
    ensure!(status.code == 409 && status.message.contains("conflict with \"hand\""), "{status:?}");
    ensure!(status.message.ends_with(": .data.a"), "{status:?}");
    Ok(())
}

pub async fn a_field_no_longer_applied_is_removed(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    let labelled = Patch::Apply(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "labels": {"x": "1"}},
        "data": {"a": "1", "b": "1"},
    }));
    maps.patch("settings", &PatchParams::apply("tenure"), &labelled).await?;
    let other = PatchParams { field_manager: Some("hand".to_owned()), ..PatchParams::default() };
    maps.patch("settings", &other, &Patch::Merge(json!({"data": {"c": "1"}}))).await?;
    let less = maps.patch("settings", &PatchParams::apply("tenure"), &map(&json!({"a": "1"}))).await?;
    let keys: Vec<String> = less.data.unwrap_or_default().into_keys().collect();
    ensure!(keys == ["a", "c"], "{keys:?}");
    ensure!(less.metadata.labels.unwrap_or_default().is_empty());
    Ok(())
}

pub async fn what_two_managers_apply_stays_until_both_let_go(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    for manager in ["one", "two"] {
        maps.patch("settings", &PatchParams::apply(manager), &map(&json!({"a": "1", "b": "1"}))).await?;
    }
    let one_left = maps.patch("settings", &PatchParams::apply("one"), &map(&json!({"b": "1"}))).await?;
    ensure!(one_left.data.is_some_and(|d| d.contains_key("a")));
    let none_left = maps.patch("settings", &PatchParams::apply("two"), &map(&json!({"b": "1"}))).await?;
    ensure!(none_left.data.is_some_and(|d| !d.contains_key("a") && d.contains_key("b")));
    Ok(())
}

pub async fn quantities_in_another_spelling_are_no_change(lab: &Lab) -> Result<()> {
    let quotas = lab.api::<ResourceQuota>();
    let quota = |cpu: &str, memory: &str| {
        Patch::Apply(json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "plan"},
            "spec": {"hard": {"requests.cpu": cpu, "requests.memory": memory}},
        }))
    };
    quotas.patch("plan", &PatchParams::apply("tenure"), &quota("2", "1Gi")).await?;
    crate::lab::eventually("a filled status", async || {
        Ok(quotas.get("plan").await?.status.and_then(|s| s.used).filter(|u| !u.is_empty()))
    })
    .await?;
    let before = quotas.get("plan").await?;
    let after = quotas.patch("plan", &PatchParams::apply("tenure"), &quota("2000m", "1024Mi")).await?;
    // Kubernetes 1.20 stores a new moment of the apply, and so a new version, once the second of the first is over.
    let lasting = |mut quota: ResourceQuota| {
        quota.metadata.resource_version = None;
        quota.metadata.managed_fields.iter_mut().flatten().for_each(|entry| entry.time = None);
        quota
    };
    let (before, after) = (lasting(before), lasting(after));
    ensure!(before == after, "{before:?}\n{after:?}");
    Ok(())
}

pub async fn finalizers_of_two_managers_are_a_set(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    let with = |finalizers: Value| {
        Patch::Apply(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "finalizers": finalizers},
        }))
    };
    maps.patch("settings", &PatchParams::apply("one"), &with(json!(["tenure.example/one"]))).await?;
    let both =
        maps.patch("settings", &PatchParams::apply("two"), &with(json!(["tenure.example/two"]))).await?;
    ensure!(both.metadata.finalizers.is_some_and(|f| f.len() == 2));
    let two = maps.patch("settings", &PatchParams::apply("one"), &with(json!([]))).await?;
    let left = two.metadata.finalizers.unwrap_or_default();
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    maps.patch("settings", &PatchParams::default(), &free).await?;
    ensure!(left == ["tenure.example/two"], "{left:?}");
    Ok(())
}

pub async fn an_apply_needs_a_manager(lab: &Lab) -> Result<()> {
    let path = format!("/api/v1/namespaces/{}/configmaps/settings", lab.namespace);
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}});
    let request = axum::http::Request::patch(path)
        .header("content-type", "application/apply-patch+yaml")
        .body(body.to_string().into_bytes())?;
    let status = refusal(lab.client.request::<Value>(request).await)?;
    ensure!(status.code == 422 && status.message.contains("fieldManager: Required value"), "{status:?}");
    Ok(())
}

pub async fn a_binding_is_applied_over_and_over(lab: &Lab) -> Result<()> {
    let bindings = lab.api::<RoleBinding>();
    let binding = |subject: &str| {
        Patch::Apply(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "tenants"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": subject}],
        }))
    };
    let first = bindings.patch("tenants", &PatchParams::apply("tenure"), &binding("a")).await?;
    let same = bindings.patch("tenants", &PatchParams::apply("tenure"), &binding("a")).await?;
    ensure!(first.metadata.resource_version == same.metadata.resource_version);
    let other = bindings.patch("tenants", &PatchParams::apply("tenure"), &binding("b")).await?;
    let names: Vec<String> = other.subjects.unwrap_or_default().into_iter().map(|s| s.name).collect();
    ensure!(names == ["b"], "subjects are one atomic list: {names:?}");
    Ok(())
}
