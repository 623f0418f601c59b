//! Claims and volumes.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::lab::{Lab, eventually};

fn claim(extra: Value) -> Value {
    let mut claim = json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    if let (Some(spec), Value::Object(extra)) = (claim["spec"].as_object_mut(), extra) {
        spec.extend(extra);
    }
    claim
}

/// A bound claim's volume.
async fn bound(lab: &Lab) -> Result<String> {
    let claims = lab.api::<PersistentVolumeClaim>();
    eventually("a bound claim", async || {
        let claim = claims.get("data").await?;
        let bound = claim.status.and_then(|s| s.phase).as_deref() == Some("Bound");
        Ok(claim.spec.and_then(|s| s.volume_name).filter(|_| bound))
    })
    .await
}

fn volumes(lab: &Lab) -> Api<PersistentVolume> {
    Api::all(lab.client.clone())
}

async fn delete_claim(lab: &Lab) -> Result<()> {
    let claims = lab.api::<PersistentVolumeClaim>();
    claims.delete("data", &DeleteParams::default()).await?;
    eventually("the claim's end", async || Ok(claims.get_opt("data").await?.is_none().then_some(()))).await
}

pub async fn a_claim_is_bound_and_its_volume_deleted_with_it(lab: &Lab) -> Result<()> {
    let made: PersistentVolumeClaim = lab.create(claim(json!({}))).await?;
    ensure!(made.spec.and_then(|s| s.storage_class_name).as_deref() == Some("standard"), "the default class");
    let name = bound(lab).await?;
    let volume = volumes(lab).get(&name).await?.spec.context("a specification")?;
    ensure!(volume.persistent_volume_reclaim_policy.as_deref() == Some("Delete"));
    let reference = volume.claim_ref.context("a claim reference")?;
    ensure!(
        reference.name.as_deref() == Some("data")
            && reference.namespace.as_deref() == Some(lab.namespace.as_str())
    );
    delete_claim(lab).await?;
    eventually("the volume's end", async || Ok(volumes(lab).get_opt(&name).await?.is_none().then_some(())))
        .await
}

/// A claim whose volume is kept, then deleted: the released volume's name.
async fn released(lab: &Lab) -> Result<String> {
    lab.create::<PersistentVolumeClaim>(claim(json!({}))).await?;
    let name = bound(lab).await?;
    let keep = Patch::Merge(json!({"spec": {"persistentVolumeReclaimPolicy": "Retain"}}));
    volumes(lab).patch(&name, &PatchParams::default(), &keep).await?;
    delete_claim(lab).await?;
    eventually("a released volume", async || {
        let phase = volumes(lab).get(&name).await?.status.and_then(|s| s.phase);
        Ok((phase.as_deref() == Some("Released")).then_some(()))
    })
    .await?;
    Ok(name)
}

pub async fn a_retained_volume_outlives_its_claim(lab: &Lab) -> Result<()> {
    let name = released(lab).await?;
    volumes(lab).delete(&name, &DeleteParams::default()).await?;
    eventually("the volume's end", async || Ok(volumes(lab).get_opt(&name).await?.is_none().then_some(())))
        .await
}

pub async fn a_released_volume_is_bound_again_by_name(lab: &Lab) -> Result<()> {
    let name = released(lab).await?;
    let free = Patch::Merge(json!({"spec": {"claimRef": null, "persistentVolumeReclaimPolicy": "Delete"}}));
    volumes(lab).patch(&name, &PatchParams::default(), &free).await?;
    eventually("an available volume", async || {
        let phase = volumes(lab).get(&name).await?.status.and_then(|s| s.phase);
        Ok((phase.as_deref() == Some("Available")).then_some(()))
    })
    .await?;
    lab.create::<PersistentVolumeClaim>(claim(json!({"volumeName": name}))).await?;
    ensure!(bound(lab).await? == name);
    delete_claim(lab).await?;
    eventually("the volume's end", async || Ok(volumes(lab).get_opt(&name).await?.is_none().then_some(())))
        .await
}
