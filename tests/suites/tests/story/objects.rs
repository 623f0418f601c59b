//! The set of objects in a namespace, for comparing before and after.

use std::collections::BTreeMap;
use std::fmt::Debug;

use anyhow::Context as _;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{
    LimitRange, PersistentVolumeClaim, Pod, ResourceQuota, Service, ServiceAccount,
};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{Api, ListParams};
use kube::core::NamespaceResourceScope;
use kube::{Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

async fn add<K>(client: &Client, namespace: &str, objects: &mut BTreeMap<String, Value>) -> anyhow::Result<()>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    for object in api.list(&ListParams::default()).await? {
        let value = serde_json::to_value(&object)?;
        let kept = serde_json::json!({
            "uid": object.uid(),
            "labels": value.pointer("/metadata/labels"),
            "spec": value.get("spec"),
        });
        objects.insert(format!("{}/{}", K::kind(&()), object.name_any()), kept);
    }
    Ok(())
}

/// Every object of an environment that outlives its pods: uid, labels and spec.
pub async fn declared(client: &Client, namespace: &str) -> anyhow::Result<BTreeMap<String, Value>> {
    let mut objects = BTreeMap::new();
    add::<Deployment>(client, namespace, &mut objects).await?;
    add::<Service>(client, namespace, &mut objects).await?;
    add::<ServiceAccount>(client, namespace, &mut objects).await?;
    add::<PersistentVolumeClaim>(client, namespace, &mut objects).await?;
    add::<ResourceQuota>(client, namespace, &mut objects).await?;
    add::<LimitRange>(client, namespace, &mut objects).await?;
    add::<NetworkPolicy>(client, namespace, &mut objects).await?;
    Ok(objects)
}

/// The names and addresses of the pods in a namespace.
pub async fn pods(client: &Client, namespace: &str) -> anyhow::Result<Vec<(String, Option<String>)>> {
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let pods = api.list(&ListParams::default()).await.context("the pods")?;
    Ok(pods.into_iter().map(|p| (p.name_any(), p.status.and_then(|s| s.pod_ip))).collect())
}
