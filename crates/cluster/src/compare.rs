//! Comparing what is declared with what is: drift, digests and equality after a restoration.
//!
//! The API server fills in defaults and others add fields of their own, so an object is as declared when every
//! field that we declare is there with our value. Where an addition would change the meaning (selectors, whole
//! network policies, plain lists), equality is exact.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::ingress;
use crate::inventory::Kind;

/// One field that is not as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub path: Vec<String>,
    pub declared: Value,
    pub found: Value,
}

impl Difference {
    /// For people: `spec.replicas is 5, declared 2`.
    pub fn describe(&self) -> String {
        let brief = |value: &Value| match value {
            Value::Null => "nothing".to_owned(),
            value => {
                let text = value.to_string();
                if text.chars().count() <= 80 {
                    text
                } else {
                    format!("{}…", text.chars().take(79).collect::<String>())
                }
            }
        };
        format!("{} is {}, declared {}", self.path.join("."), brief(&self.found), brief(&self.declared))
    }
}

/// Whether an object is as declared.
pub(crate) fn is_as_declared(kind: Kind, declared: &Value, found: &Value) -> bool {
    differences(kind, declared, found).is_empty() && intruders(kind, declared, found).is_empty()
}

/// The declared fields that an object lacks or has otherwise.
pub(crate) fn differences(kind: Kind, declared: &Value, found: &Value) -> Vec<Difference> {
    let mut all = Vec::new();
    let newest = (kind == Kind::Ingress).then(|| {
        let mut newest = found.clone();
        ingress::incoming(&mut newest);
        newest
    });
    let found = newest.as_ref().unwrap_or(found);
    let Some(fields) = declared.as_object() else { return all };
    for (field, wanted) in fields {
        match field.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => {
                for marks in ["labels", "annotations"] {
                    let path = vec!["metadata".to_owned(), marks.to_owned()];
                    if let Some(wanted) = wanted.get(marks) {
                        walk(path, wanted, found.get("metadata").and_then(|m| m.get(marks)), false, &mut all);
                    }
                }
            }
            field => {
                walk(vec![field.to_owned()], wanted, found.get(field), kind == Kind::NetworkPolicy, &mut all);
            }
        }
    }
    all
}

fn walk(path: Vec<String>, declared: &Value, found: Option<&Value>, exact: bool, all: &mut Vec<Difference>) {
    let field = path.last().map(String::as_str).unwrap_or_default();
    let exact = exact || matches!(field, "selector" | "podSelector" | "namespaceSelector");
    let found = found.unwrap_or(&Value::Null);
    match (declared, found) {
        (Value::Object(declared), Value::Object(found)) if !exact => {
            for (name, wanted) in declared {
                walk(with(&path, name), wanted, found.get(name), false, all);
            }
        }
        (Value::Array(declared), Value::Array(found)) if !exact && is_keyed(field) => {
            for wanted in declared {
                let key = element_key(field, wanted);
                let same = found.iter().find(|element| element_key(field, element) == key);
                walk(with(&path, &key), wanted, same, false, all);
            }
        }
        (declared, found) => {
            if pruned(declared) != pruned(found) {
                all.push(Difference { path, declared: declared.clone(), found: found.clone() });
            }
        }
    }
}

fn with(path: &[String], name: &str) -> Vec<String> {
    path.iter().cloned().chain([name.to_owned()]).collect()
}

/// Lists whose elements have an identity, so that others may add their own.
fn is_keyed(field: &str) -> bool {
    matches!(field, "containers" | "ports" | "volumes" | "volumeMounts" | "volumeClaimTemplates")
}

fn element_key(field: &str, element: &Value) -> String {
    let of = |name: &str| element.get(name).map(ToString::to_string).unwrap_or_default();
    match field {
        "ports" if element.get("containerPort").is_some() => of("containerPort"),
        "ports" => of("port"),
        "volumeMounts" => of("mountPath"),
        "volumeClaimTemplates" => {
            element.pointer("/metadata/name").map(ToString::to_string).unwrap_or_default()
        }
        _ => of("name"),
    }
}

/// Without what the API leaves out: nulls and empty lists.
fn pruned(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().map(|(name, value)| (name.clone(), pruned(value)));
            Value::Object(kept.filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
        }
        Value::Array(elements) if elements.is_empty() => Value::Null,
        Value::Array(elements) => Value::Array(elements.iter().map(pruned).collect()),
        other => other.clone(),
    }
}

/// The SHA-256 of a value in canonical JSON (RFC 8785), in hexadecimal.
pub(crate) fn digest(value: &Value) -> String {
    // What JSON cannot express canonically (no value of ours) falls back to its plain form.
    let bytes = serde_json_canonicalizer::to_vec(value).unwrap_or_else(|_| value.to_string().into_bytes());
    hex::encode(Sha256::digest(bytes))
}

/// The digests of an object's parts that someone declared: labels, annotations and what it specifies. Left out are
/// status, versions, bookkeeping, and annotations that controllers and we ourselves write.
pub(crate) fn parts(kind: Kind, object: &Value) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::new();
    let metadata = object.get("metadata");
    if let Some(labels) = metadata.and_then(|m| m.get("labels")) {
        let mut labels = labels.clone();
        // What a freeze puts on a namespace is gone when it is lifted, and not before.
        if let Some(labels) = labels.as_object_mut() {
            labels.remove(crate::names::FROZEN);
        }
        parts.insert("labels".to_owned(), digest(&labels));
    }
    if let Some(annotations) = metadata.and_then(|m| m.get("annotations")).and_then(Value::as_object) {
        let kept: Map<String, Value> = annotations
            .iter()
            .filter(|(key, _)| !is_bookkeeping(key))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        if !kept.is_empty() {
            parts.insert("annotations".to_owned(), digest(&Value::Object(kept)));
        }
    }
    for (field, value) in object.as_object().into_iter().flatten() {
        if matches!(field.as_str(), "apiVersion" | "kind" | "metadata" | "status" | "secrets") {
            continue;
        }
        let mut value = value.clone();
        if kind == Kind::Secret {
            // A digest of the values alone could be guessed at.
            value = serde_json::json!([crate::live::uid(object), value]);
        }
        let scaled = crate::live::mark(object, "annotations", crate::names::SCALED).is_some();
        if scaled && let Some(spec) = value.as_object_mut() {
            spec.remove("replicas");
        }
        if kind == Kind::PersistentVolumeClaim
            && let Some(volume) = value.as_object_mut().and_then(|spec| spec.remove("volumeName"))
        {
            parts.insert("spec.volumeName".to_owned(), digest(&volume));
        }
        parts.insert(field.clone(), digest(&value));
    }
    parts
}

/// The same for an object of a kind that we do not make.
pub(crate) fn parts_of(object: &Value) -> BTreeMap<String, String> {
    parts(Kind::Deployment, object)
}

fn is_bookkeeping(annotation: &str) -> bool {
    annotation.starts_with("tenure.dev/")
        || annotation.starts_with("deployment.kubernetes.io/")
        || annotation.starts_with("pv.kubernetes.io/")
        || annotation.starts_with("volume.beta.kubernetes.io/")
        || annotation.starts_with("volume.kubernetes.io/")
        || annotation.starts_with("endpoints.kubernetes.io/")
}

/// Who else has specified something of an object whose whole specification is ours. Applying ours takes back what we
/// declare; what others *added* stays theirs until the object is replaced.
pub(crate) fn intruders(kind: Kind, declared: &Value, object: &Value) -> Vec<String> {
    if !matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::CronJob) {
        return Vec::new();
    }
    // Whoever scales what we declare no number for does what it is there for.
    let is_free = declared.pointer("/spec/replicas").is_none();
    let is_scale = |spec: &Value| {
        is_free && spec.as_object().is_some_and(|fields| fields.keys().all(|field| field == "f:replicas"))
    };
    let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
    let others = entries.into_iter().flatten().filter(|entry| {
        let is_ours = entry.get("manager").and_then(Value::as_str) == Some(crate::names::FIELD_MANAGER);
        !is_ours && entry.pointer("/fieldsV1/f:spec").is_some_and(|spec| !is_scale(spec))
    });
    others.filter_map(|entry| entry.get("manager")?.as_str().map(str::to_owned)).collect()
}

/// Who last wrote a field, by the object's managed fields.
pub(crate) fn manager_of(object: &Value, path: &[String]) -> Option<String> {
    let entries = object.pointer("/metadata/managedFields")?.as_array()?;
    let owners = entries.iter().filter(|entry| {
        let is_ours = entry.get("manager").and_then(Value::as_str) == Some(crate::names::FIELD_MANAGER);
        let mut fields = entry.get("fieldsV1");
        for name in path {
            fields = fields.and_then(|f| f.get(format!("f:{name}")));
        }
        !is_ours && fields.is_some()
    });
    // Times are RFC 3339 in UTC: the latest is the greatest text.
    let owner = owners.max_by_key(|entry| entry.get("time").and_then(Value::as_str).unwrap_or_default())?;
    owner.get("manager")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(kind: Kind, declared: &Value, live: &Value) -> Vec<String> {
        differences(kind, declared, live).iter().map(Difference::describe).collect()
    }

    #[test]
    fn defaults_and_others_fields_are_no_drift() {
        let declared = json!({"metadata": {"name": "feed", "labels": {"a": "1"}},
            "spec": {"replicas": 2, "strategy": {"rollingUpdate": null},
                "template": {"spec": {"containers": [{"name": "workload", "image": "x"}]}}}});
        let live = json!({"metadata": {"name": "feed", "labels": {"a": "1", "b": "2"}, "uid": "u"},
            "spec": {"replicas": 2, "paused": false, "strategy": {"type": "Recreate"},
                "template": {"spec": {"containers": [{"name": "workload", "image": "x", "imagePullPolicy": "Always"}]}}}});
        assert_eq!(found(Kind::Deployment, &declared, &live), Vec::<String>::new());
    }

    #[test]
    fn a_changed_or_missing_field_is_drift() {
        let declared = json!({"metadata": {"labels": {"a": "1"}}, "spec": {"replicas": 2}});
        let live = json!({"metadata": {}, "spec": {"replicas": 5}});
        let all = found(Kind::Deployment, &declared, &live);
        assert_eq!(
            all,
            ["metadata.labels is nothing, declared {\"a\":\"1\"}", "spec.replicas is 5, declared 2"]
        );
    }

    #[test]
    fn an_addition_that_opens_a_closed_policy_is_drift() {
        let declared = json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}});
        let opened = json!({"spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}});
        let narrowed =
            json!({"spec": {"podSelector": {"matchLabels": {"x": "y"}}, "policyTypes": ["Ingress"]}});
        assert_eq!(found(Kind::NetworkPolicy, &declared, &opened).len(), 1);
        assert_eq!(found(Kind::NetworkPolicy, &declared, &narrowed).len(), 1);
        assert_eq!(found(Kind::NetworkPolicy, &declared, &declared).len(), 0);
    }

    #[test]
    fn a_selector_with_an_addition_is_drift() {
        let declared = json!({"spec": {"selector": {"a": "1"}}});
        let live = json!({"spec": {"selector": {"a": "1", "b": "2"}}});
        assert_eq!(found(Kind::Service, &declared, &live).len(), 1);
    }

    #[test]
    fn our_touch_and_the_status_do_not_count_for_equality() {
        let one =
            json!({"metadata": {"resourceVersion": "1", "annotations": {"mine": "x"}}, "spec": {"a": 1}});
        let other = json!({"metadata": {"resourceVersion": "9", "annotations": {"mine": "x", "tenure.dev/touched": "t"}},
            "spec": {"a": 1}, "status": {"ready": 1}});
        assert_eq!(parts(Kind::Deployment, &one), parts(Kind::Deployment, &other));
    }
}
