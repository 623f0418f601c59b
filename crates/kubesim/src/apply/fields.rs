//! Sets of fields and their JSON form, `FieldsV1`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::schema::{ListKind, is_atomic_map, key_default, list_kind};

/// A field's path; each element in the form of `FieldsV1`: `f:name`, `k:{"name":"x"}`, `v:"x"`.
pub type Path = Vec<String>;

/// The fields one manager manages.
pub type FieldSet = BTreeSet<Path>;

/// Metadata that no manager manages.
const UNMANAGED: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "generateName",
    "selfLink",
    "managedFields",
];

/// All managed fields of an object with their values; an item of a keyed list or set counts as a field with value null.
pub fn flatten(object: &Value) -> BTreeMap<Path, Value> {
    let mut out = BTreeMap::new();
    let Some(map) = object.as_object() else { return out };
    for (key, value) in map {
        match key.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => {
                for (field, value) in value.as_object().into_iter().flatten() {
                    if !UNMANAGED.contains(&field.as_str()) {
                        walk(
                            value,
                            &["metadata", field],
                            vec!["f:metadata".into(), format!("f:{field}")],
                            &mut out,
                        );
                    }
                }
            }
            _ => walk(value, &[key], vec![format!("f:{key}")], &mut out),
        }
    }
    out
}

fn walk(value: &Value, trail: &[&str], path: Path, out: &mut BTreeMap<Path, Value>) {
    match value {
        Value::Object(map) if !map.is_empty() && !is_atomic_map(trail) => {
            for (key, value) in map {
                let mut child = path.clone();
                child.push(format!("f:{key}"));
                walk(value, &[trail, &[key.as_str()]].concat(), child, out);
            }
        }
        Value::Array(items) if !items.is_empty() => match list_kind(trail) {
            ListKind::Atomic => {
                out.insert(path, value.clone());
            }
            ListKind::Set => {
                for item in items {
                    let mut child = path.clone();
                    child.push(format!("v:{item}"));
                    out.insert(child, Value::Null);
                }
            }
            ListKind::Map(keys) => {
                for item in items {
                    let mut child = path.clone();
                    child.push(item_key(item, keys));
                    out.insert(child.clone(), Value::Null);
                    for (key, value) in item.as_object().into_iter().flatten() {
                        let mut field = child.clone();
                        field.push(format!("f:{key}"));
                        walk(value, &[trail, &[key.as_str()]].concat(), field, out);
                    }
                }
            }
        },
        _ => {
            out.insert(path, value.clone());
        }
    }
}

/// The path element of a list's item: `k:{"name":"x"}`, fields in alphabetical order.
pub fn item_key(item: &Value, keys: &[&str]) -> String {
    let mut key = Map::new();
    for field in keys {
        let value = item.get(*field).cloned().or_else(|| key_default(field).map(Value::from));
        key.insert((*field).to_owned(), value.unwrap_or(Value::Null));
    }
    format!("k:{}", Value::Object(key))
}

/// A set in the form of `FieldsV1`.
pub fn to_fields_v1(set: &FieldSet) -> Value {
    let mut root = Value::Object(Map::new());
    for path in set {
        let mut at = &mut root;
        for element in path {
            let Value::Object(map) = at else { break };
            at = map.entry(element.clone()).or_insert_with(|| Value::Object(Map::new()));
        }
    }
    for path in set {
        let has_children = node(&root, path).and_then(Value::as_object).is_some_and(|m| !m.is_empty());
        if has_children && let Some(Value::Object(map)) = node_mut(&mut root, path) {
            map.insert(".".to_owned(), Value::Object(Map::new()));
        }
    }
    root
}

fn node<'a>(root: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(root, |at, element| at.get(element))
}

fn node_mut<'a>(root: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(root, |at, element| at.get_mut(element))
}

/// Reads a set from the form of `FieldsV1`.
pub fn from_fields_v1(value: &Value) -> FieldSet {
    let mut out = FieldSet::new();
    collect(value, &mut Vec::new(), &mut out);
    out
}

fn collect(value: &Value, path: &mut Path, out: &mut FieldSet) {
    let Some(map) = value.as_object() else { return };
    if map.is_empty() && !path.is_empty() {
        out.insert(path.clone());
    }
    for (element, child) in map {
        if element == "." {
            out.insert(path.clone());
            continue;
        }
        path.push(element.clone());
        collect(child, path, out);
        path.pop();
    }
}

/// A path for people, as conflicts name it: `.spec.containers[name="web"].image`.
pub fn readable(path: &[String]) -> String {
    let mut out = String::new();
    for element in path {
        if let Some(field) = element.strip_prefix("f:") {
            out.push('.');
            out.push_str(field);
        } else if let Some(key) = element.strip_prefix("k:") {
            let key: Map<String, Value> = serde_json::from_str(key).unwrap_or_default();
            let parts: Vec<String> = key.iter().map(|(k, v)| format!("{k}={v}")).collect();
            out.push('[');
            out.push_str(&parts.join(","));
            out.push(']');
        } else if let Some(value) = element.strip_prefix("v:") {
            out.push('[');
            out.push('=');
            out.push_str(value);
            out.push(']');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_set_survives_its_json_form() {
        let object = json!({
            "metadata": {"name": "x", "labels": {"a": "1"}, "finalizers": ["f/1"]},
            "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]}}},
        });
        let set: FieldSet = flatten(&object).into_keys().collect();
        let json = to_fields_v1(&set);
        assert_eq!(json["f:metadata"]["f:labels"], json!({"f:a": {}}));
        let container = &json["f:spec"]["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"c\"}"];
        assert_eq!(container["."], json!({}));
        assert_eq!(
            container["f:ports"]["k:{\"containerPort\":80,\"protocol\":\"TCP\"}"]["f:containerPort"],
            json!({})
        );
        assert_eq!(from_fields_v1(&json), set);
    }
}
