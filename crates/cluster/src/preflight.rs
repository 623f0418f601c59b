//! What a deletion would meet: looked at before it is proposed. Persists nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contents::{Contents, ForeignObject, array};
use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{text, uid};
use crate::memory::Memory;
use crate::requests::Requests;

/// Finalizers that the cluster itself takes away.
const OWN_FINALIZERS: [&str; 4] =
    ["kubernetes.io/pvc-protection", "kubernetes.io/pv-protection", "foregroundDeletion", "orphan"];

/// What a deletion of an environment would delete, and what would stand in its way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preflight {
    /// The namespace's UID; none where there is nothing to delete.
    pub namespace_uid: Option<String>,
    /// Our objects, with their UIDs.
    pub objects: BTreeMap<ObjectKey, String>,
    /// The volumes of our claims, with what becomes of the storage: `Delete` or `Retain`.
    pub volumes: BTreeMap<String, String>,
    /// The pods that run now.
    pub pods: u32,
    /// What is in the namespace and none of ours: people decide.
    pub foreign: Vec<ForeignObject>,
    /// What would block it.
    pub blockers: Vec<Blocker>,
}

/// Something that would block a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blocker {
    /// How.
    pub blocks: Blocks,
    /// What: an object, a kind or a webhook.
    pub object: String,
    /// More of it, for people.
    pub detail: String,
}

/// How something blocks a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocks {
    /// The namespace is not known as ours.
    Unknown,
    /// It is not gone before somebody has done something.
    Finalizer,
    /// It is asked before anything of the kind is deleted, and nothing is where it does not answer.
    Webhook,
    /// The cluster says that it would not delete it.
    Refused,
    /// It cannot be seen, so nobody knows what is there.
    Unseen,
}

pub(crate) async fn run(requests: &Requests, memory: &Memory) -> Result<Preflight, ClusterError> {
    let mut seen = Preflight::default();
    let name = requests.namespace();
    let Some(namespace) = requests.get(Kind::Namespace, name).await? else { return Ok(seen) };
    let mut blocks = |blocks, object: &str, detail: String| {
        seen.blockers.push(Blocker { blocks, object: object.to_owned(), detail });
    };
    if memory.namespace_uid.as_deref() != Some(uid(&namespace)) {
        let detail =
            format!("uid {}: nothing kept here says that it is ours; it is left alone", uid(&namespace));
        blocks(Blocks::Unknown, &format!("Namespace/{name}"), detail);
        return Ok(seen);
    }
    let contents = Contents::read(requests).await?;
    for unseen in &contents.unseen {
        blocks(Blocks::Unseen, "", unseen.clone());
    }
    for item in &contents.items {
        let held: Vec<&str> =
            item.finalizers.iter().map(String::as_str).filter(|f| !OWN_FINALIZERS.contains(f)).collect();
        if !held.is_empty() {
            let since = if item.is_ending { "it is ending, and " } else { "" };
            let detail = format!("{since}whoever put {} there has to take it away", held.join(", "));
            blocks(Blocks::Finalizer, &item.object, detail);
        }
    }
    let held: Vec<&str> = array(&namespace, "/spec/finalizers")
        .chain(array(&namespace, "/metadata/finalizers"))
        .filter_map(Value::as_str)
        .filter(|finalizer| *finalizer != "kubernetes")
        .collect();
    if !held.is_empty() {
        let detail = format!("whoever put {} there has to take it away", held.join(", "));
        blocks(Blocks::Finalizer, &format!("Namespace/{name}"), detail);
    }
    for (webhook, detail) in webhooks(requests, &namespace).await? {
        blocks(Blocks::Webhook, &webhook, detail);
    }
    let ours = memory.inventory.iter().filter_map(|(key, entry)| Some((key.clone(), entry.uid.clone()?)));
    let there = |uid: &str| contents.items.iter().any(|item| item.uid == uid);
    let objects: BTreeMap<ObjectKey, String> = ours.filter(|(_, uid)| there(uid)).collect();
    let whole = (ObjectKey::new(Kind::Namespace, name), uid(&namespace).to_owned());
    for (key, uid) in objects.iter().chain([(&whole.0, &whole.1)]) {
        if let Err(error) = requests.delete_at(&requests.path(key).await?, uid, true).await {
            match error.refusal() {
                Some(said) => blocks(Blocks::Refused, &key.to_string(), said.to_owned()),
                None => return Err(error),
            }
        }
    }
    for key in objects.keys().filter(|key| key.kind == Kind::PersistentVolumeClaim) {
        let claim = requests.get(key.kind, &key.name).await?.unwrap_or_default();
        let volume = text(&claim, "/spec/volumeName").to_owned();
        if volume.is_empty() {
            continue;
        }
        let before = memory.before.as_ref().and_then(|before| before.volumes.get(&volume));
        let policy = if let Some(before) = before {
            before.reclaim_policy.clone()
        } else {
            let found = requests.get(Kind::PersistentVolume, &volume).await?.unwrap_or_default();
            text(&found, "/spec/persistentVolumeReclaimPolicy").to_owned()
        };
        seen.volumes.insert(volume, policy);
    }
    let pods = contents.items.iter().filter(|item| item.kind == "Pod").count();
    seen.pods = u32::try_from(pods).unwrap_or(u32::MAX);
    seen.foreign = contents.foreign(memory, |_| false);
    seen.namespace_uid = Some(whole.1);
    seen.objects = objects;
    Ok(seen)
}

/// The webhooks that are asked about deletions in this namespace and without whose answer nothing is deleted.
async fn webhooks(requests: &Requests, namespace: &Value) -> Result<Vec<(String, String)>, ClusterError> {
    let mut all = Vec::new();
    for (kind, plural) in [
        ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
        ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
    ] {
        let path = format!("/apis/admissionregistration.k8s.io/v1/{plural}");
        let found = match requests.document(&path).await {
            Ok(found) => found.unwrap_or_default(),
            Err(error) if error.code() == Some(403) => {
                all.push((kind.to_owned(), error.refusal().unwrap_or_default().to_owned()));
                continue;
            }
            Err(error) => return Err(error),
        };
        for configuration in array(&found, "/items") {
            for webhook in array(configuration, "/webhooks") {
                let deletes = |rule: &Value| array(rule, "/operations").any(|o| o == "DELETE" || o == "*");
                let rules: Vec<&Value> = array(webhook, "/rules").filter(|rule| deletes(rule)).collect();
                let selects = webhook.get("namespaceSelector").is_none_or(|s| selects(s, namespace));
                if rules.is_empty() || !selects || text(webhook, "/failurePolicy") == "Ignore" {
                    continue;
                }
                let of = rules.iter().flat_map(|rule| array(rule, "/resources")).filter_map(Value::as_str);
                let name = text(configuration, "/metadata/name");
                all.push((
                    format!("{kind}/{name}"),
                    format!(
                        "{} is asked before {} are deleted, and has to answer",
                        text(webhook, "/name"),
                        of.collect::<Vec<_>>().join(", ")
                    ),
                ));
            }
        }
    }
    Ok(all)
}

/// Whether a label selector selects an object.
pub(crate) fn selects(selector: &Value, object: &Value) -> bool {
    let label =
        |key: &str| object.pointer("/metadata/labels").and_then(|l| l.get(key)).and_then(Value::as_str);
    let equal = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let mut equal = equal.map(|(key, value)| label(key) == value.as_str());
    let mut expressions = array(selector, "/matchExpressions").map(|expression| {
        let has = label(text(expression, "/key"));
        let among = array(expression, "/values").any(|value| has.is_some() && value.as_str() == has);
        match text(expression, "/operator") {
            "In" => among,
            "NotIn" => !among,
            "Exists" => has.is_some(),
            "DoesNotExist" => has.is_none(),
            _ => true,
        }
    });
    equal.all(|holds| holds) && expressions.all(|holds| holds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selector_selects_as_the_server_does() {
        let object = json!({"metadata": {"labels": {"tier": "web", "team": "a"}}});
        let expression = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        for (selector, expected) in [
            (json!({}), true),
            (json!({"matchLabels": {"tier": "web"}}), true),
            (json!({"matchLabels": {"tier": "web", "team": "b"}}), false),
            (expression("tier", "In", &["web", "db"]), true),
            (expression("tier", "NotIn", &["web"]), false),
            (expression("gone", "NotIn", &["web"]), true),
            (expression("gone", "In", &["web"]), false),
            (expression("team", "Exists", &[]), true),
            (expression("team", "DoesNotExist", &[]), false),
        ] {
            assert_eq!(selects(&selector, &object), expected, "{selector}");
        }
    }
}
