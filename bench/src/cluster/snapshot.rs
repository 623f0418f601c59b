//! What is in the namespaces of accounts, as a client sees it that knows nothing of Tenure.

use std::collections::BTreeMap;

use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams};
use serde_json::{Value, json};

use super::ground::{Ground, namespace};

/// What each object is: its UID, labels, annotations and spec.
pub type Snapshot = BTreeMap<String, Value>;

/// The kinds that are compared.
const KINDS: [(&str, &str, &str, &str); 7] = [
    ("", "v1", "ServiceAccount", "serviceaccounts"),
    ("", "v1", "ResourceQuota", "resourcequotas"),
    ("", "v1", "LimitRange", "limitranges"),
    ("", "v1", "Service", "services"),
    ("apps", "v1", "Deployment", "deployments"),
    ("apps", "v1", "ReplicaSet", "replicasets"),
    ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
];

/// Annotations with which controllers are woken, and which controllers write in their own time.
const FLEETING: [&str; 2] = ["tenure.dev/touched", "deployment.kubernetes.io/revision"];

/// The objects of these accounts.
pub async fn of(ground: &Ground, accounts: &[String]) -> anyhow::Result<Snapshot> {
    let mut all = Snapshot::new();
    let namespaces: std::collections::BTreeSet<String> =
        accounts.iter().map(|name| namespace(name)).collect();
    for (group, version, kind, plural) in KINDS {
        let resource =
            ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
        let api: Api<DynamicObject> = Api::all_with(ground.client.clone(), &resource);
        let mut params = ListParams::default().limit(500);
        loop {
            let page = api.list(&params).await?;
            for object in page.items {
                let whose = object.metadata.namespace.clone().unwrap_or_default();
                if namespaces.contains(&whose) {
                    let name = object.metadata.name.clone().unwrap_or_default();
                    all.insert(format!("{whose}/{kind}/{name}"), shown(object));
                }
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = ListParams::default().limit(500).continue_token(&token),
                None => break,
            }
        }
    }
    Ok(all)
}

fn shown(object: DynamicObject) -> Value {
    let mut annotations = object.metadata.annotations.unwrap_or_default();
    annotations.retain(|name, _| !FLEETING.contains(&name.as_str()));
    json!({
        "uid": object.metadata.uid,
        "labels": object.metadata.labels,
        "annotations": annotations,
        "spec": object.data.get("spec"),
    })
}
