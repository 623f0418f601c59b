//! Deployments, their pods, and the Services before them. On a real server these need a node.

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Endpoints, Pod, ResourceQuota, Service};
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams};
use serde_json::json;

use crate::lab::{Lab, eventually, refusal, within};
use crate::writes::deployment;

pub async fn ready(lab: &Lab, name: &str, replicas: i32) -> Result<Deployment> {
    let deployments = lab.api::<Deployment>();
    eventually("a ready Deployment", async || {
        let d = deployments.get(name).await?;
        let s = d.status.clone().unwrap_or_default();
        let done = s.observed_generation == d.metadata.generation
            && s.updated_replicas.unwrap_or_default() == replicas
            && s.replicas.unwrap_or_default() == replicas
            && s.available_replicas.unwrap_or_default() == replicas;
        Ok(done.then_some(d))
    })
    .await
}

pub async fn a_deployment_becomes_ready(lab: &Lab) -> Result<()> {
    lab.create::<Deployment>(deployment("web", 2)).await?;
    let done = ready(lab, "web", 2).await?;
    let conditions = done.status.and_then(|s| s.conditions).unwrap_or_default();
    ensure!(conditions.iter().any(|c| c.type_ == "Available" && c.status == "True"), "{conditions:?}");
    let sets = lab.api::<ReplicaSet>().list(&ListParams::default().labels("app=web")).await?;
    let [set] = sets.items.as_slice() else { anyhow::bail!("one ReplicaSet was expected") };
    ensure!(set.owner_references().iter().any(|o| o.kind == "Deployment" && o.name == "web"));
    let hash = set.labels()["pod-template-hash"].clone();
    let pods = lab.api::<Pod>().list(&ListParams::default().fields("status.phase=Running")).await?;
    ensure!(pods.items.len() == 2);
    for pod in &pods.items {
        ensure!(pod.labels()["pod-template-hash"] == hash);
        ensure!(
            pod.owner_references()
                .iter()
                .any(|o| o.kind == "ReplicaSet" && o.uid == set.uid().unwrap_or_default())
        );
        let status = pod.status.clone().unwrap_or_default();
        ensure!(
            status.pod_ip.is_some_and(|ip| !ip.is_empty())
                && pod.spec.as_ref().is_some_and(|s| s.node_name.is_some())
        );
        ensure!(status.container_statuses.is_some_and(|c| c.iter().all(|c| c.ready)));
        ensure!(
            status.conditions.is_some_and(|c| c.iter().any(|c| c.type_ == "Ready" && c.status == "True"))
        );
    }
    lab.api::<Pod>().logs(&pods.items[0].name_any(), &LogParams::default()).await?;
    Ok(())
}

pub async fn a_new_template_replaces_the_pods(lab: &Lab) -> Result<()> {
    let deployments = lab.api::<Deployment>();
    lab.create::<Deployment>(deployment("web", 1)).await?;
    ready(lab, "web", 1).await?;
    let old = lab.api::<Pod>().list(&ListParams::default()).await?.items[0].name_any();
    let change = json!({"spec": {"template": {"metadata": {"annotations": {"restarted": "1"}}}}});
    deployments.patch("web", &PatchParams::default(), &Patch::Merge(change)).await?;
    ready(lab, "web", 1).await?;
    eventually("the old pod's end", async || {
        Ok(lab.api::<Pod>().get_opt(&old).await?.is_none().then_some(()))
    })
    .await?;
    let sets = lab.api::<ReplicaSet>().list(&ListParams::default()).await?;
    let sizes: Vec<i32> = sets.items.iter().filter_map(|s| s.spec.as_ref()?.replicas).collect();
    ensure!(sizes.len() == 2 && sizes.iter().sum::<i32>() == 1, "the old set stays, empty: {sizes:?}");
    Ok(())
}

pub async fn a_service_answers_while_a_pod_is_ready(lab: &Lab) -> Result<()> {
    lab.create::<Service>(json!({
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    }))
    .await?;
    let path = format!("/api/v1/namespaces/{}/services/web:http/proxy/", lab.namespace);
    let status = eventually("a refusal", async || match refusal(lab.get_raw(&path).await) {
        // A Service whose Endpoints are not there yet is answered in other words for a moment.
        Ok(status) if status.message.starts_with("no endpoints available") => Ok(Some(status)),
        Ok(_) => Ok(None),
        Err(error) => Err(error),
    })
    .await?;
    ensure!(status.code == 503 && status.reason == "ServiceUnavailable", "{status:?}");
    ensure!(status.message == "no endpoints available for service \"web\"", "{status:?}");
    lab.create::<Deployment>(deployment("web", 1)).await?;
    ready(lab, "web", 1).await?;
    eventually("an endpoint", async || {
        let endpoints = lab.api::<Endpoints>().get_opt("web").await?;
        let subsets = endpoints.and_then(|e| e.subsets).unwrap_or_default();
        Ok(subsets.iter().any(|s| s.addresses.as_ref().is_some_and(|a| !a.is_empty())).then_some(()))
    })
    .await?;
    eventually("a page", async || match lab.get_raw(&path).await {
        Ok(page) => Ok(Some(page)),
        Err(_) => Ok(None),
    })
    .await?;
    let scale = Patch::Merge(json!({"spec": {"replicas": 0}}));
    lab.api::<Deployment>().patch_scale("web", &PatchParams::default(), &scale).await?;
    eventually("silence again", async || {
        Ok(refusal(lab.get_raw(&path).await).ok().filter(|s| s.code == 503))
    })
    .await?;
    let absent = format!("/api/v1/namespaces/{}/services/nope/proxy/", lab.namespace);
    let status = refusal(lab.get_raw(&absent).await)?;
    ensure!(status.code == 404 && status.message == "services \"nope\" not found", "{status:?}");
    Ok(())
}

pub async fn a_touched_set_does_not_wait_after_the_gate_is_gone(lab: &Lab) -> Result<()> {
    lab.create::<Deployment>(deployment("web", 1)).await?;
    ready(lab, "web", 1).await?;
    let (quotas, pods, sets) = (lab.api::<ResourceQuota>(), lab.api::<Pod>(), lab.api::<ReplicaSet>());
    lab.create::<ResourceQuota>(json!({"metadata": {"name": "gate"}, "spec": {"hard": {"pods": "0"}}}))
        .await?;
    let status = Patch::Merge(json!({"status": {"hard": {"pods": "0"}, "used": {"pods": "0"}}}));
    quotas.patch_status("gate", &PatchParams::default(), &status).await?;
    // A real server's admission caches quotas: the gate is closed once a pod is refused.
    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "late"},
        "spec": {"containers": [{"name": "c", "image": "docker.io/library/busybox:1.35"}]},
    }))?;
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    eventually("a gate that refuses", async || match pods.create(&dry, &pod).await {
        Ok(_) => Ok(None),
        refused => Ok((refusal(refused)?.code == 403).then_some(())),
    })
    .await?;
    pods.delete_collection(&DeleteParams::default().grace_period(1), &ListParams::default()).await?;
    eventually("no pods", async || {
        Ok(pods.list(&ListParams::default()).await?.items.is_empty().then_some(()))
    })
    .await?;
    let set = eventually("a set that says it failed", async || {
        let sets = sets.list(&ListParams::default()).await?;
        Ok(sets.items.into_iter().find(|s| {
            let conditions = s.status.as_ref().and_then(|s| s.conditions.clone()).unwrap_or_default();
            conditions
                .iter()
                .any(|c| c.type_ == "ReplicaFailure" && c.reason.as_deref() == Some("FailedCreate"))
        }))
    })
    .await?;
    quotas.delete("gate", &DeleteParams::default()).await?;
    within(Duration::from_secs(20), "a pod after the touch", async || {
        // Touched over and over, as admission's cache of quotas may lag.
        let touch = Patch::Merge(
            json!({"metadata": {"annotations": {"touched": format!("{:?}", std::time::Instant::now())}}}),
        );
        sets.patch(&set.name_any(), &PatchParams::default(), &touch).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        Ok((!pods.list(&ListParams::default()).await?.items.is_empty()).then_some(()))
    })
    .await?;
    let done = ready(lab, "web", 1).await?;
    let conditions = done.status.and_then(|s| s.conditions).unwrap_or_default();
    ensure!(!conditions.iter().any(|c| c.type_ == "ReplicaFailure"), "{conditions:?}");
    Ok(())
}
