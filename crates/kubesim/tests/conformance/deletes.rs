//! Deletes: preconditions, collections, finalizers, owners, namespaces.

use anyhow::{Result, ensure};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::json;

use crate::lab::{Lab, eventually, object, refusal};

pub async fn a_delete_of_another_uid_is_a_conflict(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    let made = lab.config_map("m", json!({})).await?;
    let only = |uid: &str| DeleteParams {
        preconditions: Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
        ..DeleteParams::default()
    };
    let status = refusal(maps.delete("m", &only("00000000-0000-4000-8000-000000000000")).await)?;
    ensure!(status.code == 409 && status.reason == "Conflict", "{status:?}");
    let done = maps.delete("m", &only(&made.uid().unwrap_or_default())).await?;
    ensure!(done.right().is_some_and(|s| s.details.is_some_and(|d| d.uid == made.uid().unwrap_or_default())));
    ensure!(maps.get_opt("m").await?.is_none());
    Ok(())
}

pub async fn a_collection_is_deleted_by_label(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    for (name, keep) in [("a", "no"), ("b", "yes"), ("c", "no")] {
        lab.create::<ConfigMap>(json!({"metadata": {"name": name, "labels": {"keep": keep}}})).await?;
    }
    maps.delete_collection(&DeleteParams::default(), &ListParams::default().labels("keep=no")).await?;
    let left = maps.list(&ListParams::default().labels("keep")).await?;
    let names: Vec<String> = left.items.iter().map(ResourceExt::name_any).collect();
    ensure!(names == ["b"], "{names:?}");
    Ok(())
}

pub async fn a_finalizer_keeps_an_object(lab: &Lab) -> Result<()> {
    let maps = lab.api::<ConfigMap>();
    lab.create::<ConfigMap>(json!({"metadata": {"name": "m", "finalizers": ["tenure.example/hold"]}}))
        .await?;
    let answer = maps.delete("m", &DeleteParams::default()).await?;
    ensure!(answer.left().is_some_and(|o| o.metadata.deletion_timestamp.is_some()));
    let held = maps.get("m").await?;
    ensure!(held.metadata.deletion_timestamp.is_some());
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    maps.patch("m", &PatchParams::default(), &free).await?;
    ensure!(maps.get_opt("m").await?.is_none());
    Ok(())
}

/// An owner and its dependent.
async fn family(lab: &Lab) -> Result<Api<ConfigMap>> {
    let owner = lab.config_map("owner", json!({})).await?;
    lab.create::<ConfigMap>(json!({"metadata": {
        "name": "dependent",
        "ownerReferences": [{
            "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.uid(), "blockOwnerDeletion": true,
        }],
    }}))
    .await?;
    Ok(lab.api())
}

pub async fn dependents_go_with_their_owner(lab: &Lab) -> Result<()> {
    let maps = family(lab).await?;
    maps.delete("owner", &DeleteParams::background()).await?;
    ensure!(maps.get_opt("owner").await?.is_none(), "the owner goes at once");
    eventually("the dependent's end", async || Ok(maps.get_opt("dependent").await?.is_none().then_some(())))
        .await
}

pub async fn orphans_stay(lab: &Lab) -> Result<()> {
    let maps = family(lab).await?;
    maps.delete("owner", &DeleteParams::orphan()).await?;
    eventually("the owner's end", async || Ok(maps.get_opt("owner").await?.is_none().then_some(()))).await?;
    let orphan = maps.get("dependent").await?;
    ensure!(orphan.owner_references().is_empty() && orphan.metadata.deletion_timestamp.is_none());
    Ok(())
}

pub async fn a_foreground_delete_waits_for_dependents(lab: &Lab) -> Result<()> {
    let maps = family(lab).await?;
    let hold = Patch::Merge(json!({"metadata": {"finalizers": ["tenure.example/hold"]}}));
    maps.patch("dependent", &PatchParams::default(), &hold).await?;
    maps.delete("owner", &DeleteParams::foreground()).await?;
    eventually("the dependent's deletion", async || {
        Ok(maps.get("dependent").await?.metadata.deletion_timestamp)
    })
    .await?;
    ensure!(maps.get_opt("owner").await?.is_some(), "the owner waits");
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    maps.patch("dependent", &PatchParams::default(), &free).await?;
    eventually("the owner's end", async || Ok(maps.get_opt("owner").await?.is_none().then_some(()))).await
}

pub async fn a_namespace_takes_its_content_along(lab: &Lab) -> Result<()> {
    let spaces: Api<Namespace> = Api::all(lab.client.clone());
    let made = spaces
        .create(&PostParams::default(), &object(json!({"metadata": {"generateName": "conformance-ending-"}})))
        .await?;
    let name = made.name_any();
    ensure!(made.spec.and_then(|s| s.finalizers).is_some_and(|f| f == ["kubernetes"]));
    let maps: Api<ConfigMap> = Api::namespaced(lab.client.clone(), &name);
    let held = json!({"metadata": {"name": "held", "finalizers": ["tenure.example/hold"]}});
    maps.create(&PostParams::default(), &object(held)).await?;
    maps.create(&PostParams::default(), &object(json!({"metadata": {"name": "plain"}}))).await?;
    spaces.delete(&name, &DeleteParams::default()).await?;
    ensure!(spaces.get(&name).await?.status.and_then(|s| s.phase).as_deref() == Some("Terminating"));
    let late =
        refusal(maps.create(&PostParams::default(), &object(json!({"metadata": {"name": "late"}}))).await)?;
    ensure!(late.code == 403 && late.reason == "Forbidden", "{late:?}");
    ensure!(late.message.contains("because it is being terminated"), "{late:?}");
    ensure!(late.details.is_some_and(|d| d.causes.iter().any(|c| c.reason == "NamespaceTerminating")));
    eventually("the plain object's end", async || Ok(maps.get_opt("plain").await?.is_none().then_some(())))
        .await?;
    ensure!(spaces.get_opt(&name).await?.is_some(), "the namespace waits for what is held");
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    maps.patch("held", &PatchParams::default(), &free).await?;
    eventually("the namespace's end", async || Ok(spaces.get_opt(&name).await?.is_none().then_some(()))).await
}
