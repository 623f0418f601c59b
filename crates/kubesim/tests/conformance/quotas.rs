//! Quotas and limits: what the gate stands on.

use std::time::Duration;

use anyhow::{Result, ensure};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, LimitRange, Pod, ResourceQuota};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::lab::{Lab, eventually, object, refusal, within};

/// A server may read quotas from a cache that lags by milliseconds, and by more on a busy machine; what it remembers for half
/// a minute would be seen.
const AT_ONCE: Duration = Duration::from_secs(20);

fn pod(resources: &Value) -> Pod {
    object(json!({
        "metadata": {"name": "probe"},
        "spec": {"containers": [{"name": "c", "image": "docker.io/library/busybox:1.35", "resources": resources}]},
    }))
}

/// The answer to a dry-run pod: `None` where it would be taken.
async fn probe(lab: &Lab, resources: &Value) -> Result<Option<kube::core::Status>> {
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    match lab.api::<Pod>().create(&dry, &pod(resources)).await {
        Ok(_) => Ok(None),
        refused => Ok(Some(refusal(refused)?)),
    }
}

async fn write_status(lab: &Lab, name: &str, hard: Value, used: Value) -> Result<()> {
    let status = Patch::Merge(json!({"status": {"hard": hard, "used": used}}));
    lab.api::<ResourceQuota>().patch_status(name, &PatchParams::default(), &status).await?;
    Ok(())
}

async fn quota(lab: &Lab, name: &str, hard: Value) -> Result<()> {
    lab.create::<ResourceQuota>(json!({"metadata": {"name": name}, "spec": {"hard": hard}})).await?;
    Ok(())
}

/// Waits until the quota controller has filled a quota's status.
async fn filled(lab: &Lab, name: &str) -> Result<()> {
    let quotas = lab.api::<ResourceQuota>();
    eventually("a filled quota", async || {
        let quota = quotas.get(name).await?;
        let hard = quota.status.and_then(|s| s.hard).filter(|h| !h.is_empty());
        Ok((hard.is_some() && hard == quota.spec.and_then(|s| s.hard)).then_some(()))
    })
    .await
}

pub async fn a_quota_controller_fills_the_status(lab: &Lab) -> Result<()> {
    quota(lab, "plan", json!({"pods": "3", "configmaps": "20"})).await?;
    filled(lab, "plan").await?;
    let used = lab.api::<ResourceQuota>().get("plan").await?.status.and_then(|s| s.used).unwrap_or_default();
    ensure!(used["pods"].0 == "0" && used.contains_key("configmaps"), "{used:?}");
    Ok(())
}

pub async fn admission_reads_a_quotas_status_not_its_spec(lab: &Lab) -> Result<()> {
    quota(lab, "plan", json!({"pods": "3"})).await?;
    filled(lab, "plan").await?;
    ensure!(probe(lab, &json!({})).await?.is_none(), "there is room");
    let status = within(AT_ONCE, "a refusal by the status", async || {
        write_status(lab, "plan", json!({"pods": "0"}), json!({"pods": "0"})).await?;
        probe(lab, &json!({})).await
    })
    .await?;
    ensure!(status.code == 403, "{status:?}");
    within(AT_ONCE, "room by the status", async || {
        write_status(lab, "plan", json!({"pods": "1"}), json!({"pods": "0"})).await?;
        Ok(probe(lab, &json!({})).await?.is_none().then_some(()))
    })
    .await
}

pub async fn a_gate_whose_status_we_write_refuses_a_dry_run_pod(lab: &Lab) -> Result<()> {
    quota(lab, "gate", json!({"pods": "0", "count/jobs.batch": "0"})).await?;
    let zero = json!({"pods": "0", "count/jobs.batch": "0"});
    write_status(lab, "gate", zero.clone(), zero).await?;
    let status = within(AT_ONCE, "a refusal", async || probe(lab, &json!({})).await).await?;
    ensure!(status.code == 403 && status.reason == "Forbidden", "{status:?}");
    let expected =
        "pods \"probe\" is forbidden: exceeded quota: gate, requested: pods=1, used: pods=0, limited: pods=0";
    ensure!(status.message == expected, "{status:?}");
    lab.api::<ResourceQuota>().delete("gate", &DeleteParams::default()).await?;
    within(AT_ONCE, "an open gate", async || Ok(probe(lab, &json!({})).await?.is_none().then_some(()))).await
}

pub async fn a_gate_refuses_jobs(lab: &Lab) -> Result<()> {
    quota(lab, "gate", json!({"count/jobs.batch": "0"})).await?;
    filled(lab, "gate").await?;
    let job: Job = object(json!({
        "metadata": {"name": "work"},
        "spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "c", "image": "docker.io/library/busybox:1.35"}],
        }}},
    }));
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let status = within(AT_ONCE, "a refusal", async || match lab.api::<Job>().create(&dry, &job).await {
        Ok(_) => Ok(None),
        refused => Ok(Some(refusal(refused)?)),
    })
    .await?;
    ensure!(status.code == 403 && status.message.contains("exceeded quota: gate"), "{status:?}");
    ensure!(status.message.contains("requested: count/jobs.batch=1"), "{status:?}");
    Ok(())
}

pub async fn a_quota_on_amounts_wants_them_named(lab: &Lab) -> Result<()> {
    quota(lab, "plan", json!({"requests.cpu": "1", "limits.memory": "1Gi"})).await?;
    filled(lab, "plan").await?;
    let unnamed = within(AT_ONCE, "a refusal", async || probe(lab, &json!({})).await).await?;
    ensure!(
        unnamed.code == 403 && unnamed.message.contains("failed quota: plan: must specify"),
        "{unnamed:?}"
    );
    let fits = json!({"requests": {"cpu": "500m"}, "limits": {"memory": "512Mi"}});
    ensure!(probe(lab, &fits).await?.is_none());
    let over = probe(lab, &json!({"requests": {"cpu": "1500m"}, "limits": {"memory": "512Mi"}})).await?;
    let message = over.map(|s| s.message).unwrap_or_default();
    ensure!(
        message.contains("requested: requests.cpu=1500m, used: requests.cpu=0, limited: requests.cpu=1"),
        "{message}"
    );
    Ok(())
}

pub async fn a_limit_range_gives_defaults(lab: &Lab) -> Result<()> {
    lab.create::<LimitRange>(json!({
        "metadata": {"name": "limits"},
        "spec": {"limits": [{
            "type": "Container", "default": {"cpu": "500m", "memory": "256Mi"}, "defaultRequest": {"cpu": "100m"},
            "max": {"cpu": "2"},
        }]},
    }))
    .await?;
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let pods = lab.api::<Pod>();
    let resources = within(AT_ONCE, "defaults", async || {
        let made = pods.create(&dry, &pod(&json!({}))).await?;
        let container = made.spec.and_then(|s| s.containers.into_iter().next());
        Ok(container.and_then(|c| c.resources).filter(|r| r.limits.is_some()))
    })
    .await?;
    let shown = json!(resources);
    let expected = json!({
        "limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"},
    });
    ensure!(shown == expected, "{shown}");
    let status = probe(lab, &json!({"limits": {"cpu": "3"}})).await?;
    let message = status.map(|s| s.message).unwrap_or_default();
    ensure!(message.contains("maximum cpu usage per Container is 2, but limit is 3"), "{message}");
    Ok(())
}

pub async fn what_is_used_is_counted_and_given_back(lab: &Lab) -> Result<()> {
    quota(lab, "plan", json!({"count/configmaps": "9"})).await?;
    filled(lab, "plan").await?;
    let quotas = lab.api::<ResourceQuota>();
    let used = async || -> Result<i64> {
        let used = quotas.get("plan").await?.status.and_then(|s| s.used).unwrap_or_default();
        Ok(used["count/configmaps"].0.parse()?)
    };
    let before = used().await?;
    lab.config_map("m", json!({})).await?;
    eventually("the count up", async || Ok((used().await? == before + 1).then_some(()))).await?;
    lab.api::<ConfigMap>().delete("m", &DeleteParams::default()).await?;
    eventually("the count down", async || Ok((used().await? == before).then_some(()))).await
}
