//! What is kept of an object: what a pass compares and tells, as compact JSON.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::inventory::Kind;
use crate::names;

/// The most bytes that are kept of one object; a larger one is read from the server where it matters.
const MOST: usize = 16 * 1024;

/// What is kept of the metadata of every kind.
const METADATA: [&str; 9] = [
    "name",
    "uid",
    "labels",
    "annotations",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "finalizers",
    "ownerReferences",
];

/// What is kept of an object; nothing of one that is too large, or that holds secrets.
pub(super) fn of(kind: Kind, object: Value) -> Option<Arc<[u8]>> {
    if kind == Kind::Secret {
        return None;
    }
    let Value::Object(mut object) = object else { return None };
    let mut metadata = object.remove("metadata").unwrap_or_default();
    let mut kept = Map::new();
    if kind == Kind::Pod {
        kept.extend(pod(&object, &mut metadata));
    } else {
        let managers = managers(kind, &metadata);
        if let Some(all) = metadata.as_object_mut() {
            all.retain(|field, _| METADATA.contains(&field.as_str()));
            all.extend(managers.map(|managers| ("managedFields".to_owned(), managers)));
        }
        let status = object.remove("status");
        // A namespace is its labels and annotations.
        if kind != Kind::Namespace {
            object.retain(|field, _| !matches!(field.as_str(), "apiVersion" | "kind"));
            kept.extend(object);
        }
        kept.extend(status.and_then(|status| told(kind, status)).map(|status| ("status".to_owned(), status)));
    }
    kept.insert("metadata".to_owned(), metadata);
    let bytes = serde_json::to_vec(&kept).ok()?;
    (bytes.len() <= MOST).then(|| bytes.into())
}

/// What is kept of a status. What controllers only count there, or date, is nobody's news.
fn told(kind: Kind, mut status: Value) -> Option<Value> {
    if matches!(
        kind,
        Kind::Namespace | Kind::HorizontalPodAutoscaler | Kind::PodDisruptionBudget | Kind::NetworkPolicy
    ) {
        return None;
    }
    for condition in status.get_mut("conditions").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(condition) = condition.as_object_mut() {
            condition.retain(|field, _| !field.starts_with("last"));
        }
    }
    Some(status)
}

/// Who else specified something, as far as [`crate::compare::intruders`] asks.
fn managers(kind: Kind, metadata: &Value) -> Option<Value> {
    if !matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::CronJob) {
        return None;
    }
    let entries = metadata.get("managedFields")?.as_array()?.iter();
    let others = entries.filter_map(|entry| {
        let manager = entry.get("manager").and_then(Value::as_str).filter(|m| *m != names::FIELD_MANAGER)?;
        let spec = entry.pointer("/fieldsV1/f:spec")?.as_object()?;
        let fields: Map<String, Value> = spec.keys().map(|field| (field.clone(), json!({}))).collect();
        Some(json!({"manager": manager, "fieldsV1": {"f:spec": fields}}))
    });
    let others: Vec<Value> = others.collect();
    (!others.is_empty()).then_some(Value::Array(others))
}

/// A pod of a workload: whether it runs, and why not.
fn pod(object: &Map<String, Value>, metadata: &mut Value) -> Map<String, Value> {
    if let Some(all) = metadata.as_object_mut() {
        let named = ["name", "uid", "labels", "deletionTimestamp", "finalizers", "ownerReferences"];
        all.retain(|field, _| named.contains(&field.as_str()));
    }
    let status = object.get("status");
    let part = |name: &str| status.and_then(|status| status.get(name)).cloned().unwrap_or_default();
    let mut conditions = part("conditions");
    if let Some(all) = conditions.as_array_mut() {
        all.retain(|one| matches!(one.get("type").and_then(Value::as_str), Some("Ready" | "PodScheduled")));
        for one in all {
            if let Some(one) = one.as_object_mut() {
                one.retain(|field, _| !field.starts_with("last"));
            }
        }
    }
    let containers = part("containerStatuses");
    let states = containers.as_array().into_iter().flatten().map(|container| {
        let mut state = container.get("state").cloned().unwrap_or_default();
        for (_, one) in state.as_object_mut().into_iter().flatten() {
            if let Some(one) = one.as_object_mut() {
                one.retain(|field, _| matches!(field.as_str(), "reason" | "message" | "exitCode"));
            }
        }
        json!({"state": state})
    });
    let status = json!({
        "phase": part("phase"),
        "conditions": conditions,
        "containerStatuses": states.collect::<Vec<_>>(),
    });
    let node = object.get("spec").and_then(|spec| spec.get("nodeName")).cloned().unwrap_or_default();
    Map::from_iter([("status".to_owned(), status), ("spec".to_owned(), json!({"nodeName": node}))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{intruders, is_as_declared};

    fn kept(kind: Kind, object: &Value) -> Value {
        serde_json::from_slice(&of(kind, object.clone()).unwrap()).unwrap()
    }

    fn deployment(manager: &str, field: &str, counted: u32) -> Value {
        json!({
            "metadata": {"name": "feed", "uid": "u", "resourceVersion": counted.to_string(), "managedFields": [
                {"manager": manager, "fieldsV1": {"f:spec": {field: {"f:deep": {}}}}, "time": counted.to_string()},
            ]},
            "spec": {"replicas": 2, "paused": false},
            "status": {"readyReplicas": 2, "conditions": [
                {"type": "Progressing", "status": "True", "lastUpdateTime": counted.to_string()},
            ]},
        })
    }

    #[test]
    fn what_is_kept_compares_as_the_whole_object_does() {
        let declared = json!({"metadata": {"name": "feed"}, "spec": {"replicas": 2}});
        for (manager, field) in
            [("kubectl", "f:paused"), ("kubectl", "f:replicas"), (names::FIELD_MANAGER, "f:replicas")]
        {
            let whole = deployment(manager, field, 1);
            let short = kept(Kind::Deployment, &whole);
            let said = |object| intruders(Kind::Deployment, &declared, object);
            assert_eq!(said(&short), said(&whole), "{manager} {field}");
            assert_eq!(
                is_as_declared(Kind::Deployment, &declared, &short),
                is_as_declared(Kind::Deployment, &declared, &whole)
            );
        }
    }

    #[test]
    fn a_version_and_a_date_are_no_news_and_a_number_is() {
        let before = deployment("kubectl", "f:paused", 1);
        assert_eq!(
            kept(Kind::Deployment, &before),
            kept(Kind::Deployment, &deployment("kubectl", "f:paused", 2))
        );
        let mut changed = before.clone();
        changed["status"]["readyReplicas"] = json!(1);
        assert_ne!(kept(Kind::Deployment, &before), kept(Kind::Deployment, &changed));
    }

    #[test]
    fn secrets_and_what_is_large_are_not_kept() {
        assert!(of(Kind::Secret, json!({"metadata": {"name": "s"}, "data": {"key": "dmFsdWU="}})).is_none());
        let large = json!({"metadata": {"name": "files"}, "data": {"page": "x".repeat(MOST)}});
        assert!(of(Kind::ConfigMap, large).is_none());
        assert!(of(Kind::ConfigMap, json!({"metadata": {"name": "files"}, "data": {"page": "x"}})).is_some());
    }

    #[test]
    fn why_a_pod_waits_is_kept_and_what_it_is_made_of_is_not() {
        let pod = json!({
            "metadata": {"name": "feed-1", "uid": "u", "labels": {names::WORKLOAD: "feed"}, "managedFields": []},
            "spec": {"nodeName": "n1", "containers": [{"name": "workload", "image": "x"}]},
            "status": {"phase": "Pending", "containerStatuses": [
                {"restartCount": 3, "state": {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}},
            ]},
        });
        let short = kept(Kind::Pod, &pod);
        assert_eq!(
            short.pointer("/status/containerStatuses/0/state/waiting/message"),
            Some(&json!("no such image"))
        );
        assert_eq!(short.pointer("/metadata/labels/tenure.dev~1workload"), Some(&json!("feed")));
        assert_eq!(short.pointer("/spec"), Some(&json!({"nodeName": "n1"})));
    }
}
