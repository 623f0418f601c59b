//! The patches that are not server-side apply.

use serde_json::Value;

use crate::status::{ApiError, Outcome};

/// How a patch's body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchKind {
    /// RFC 7386.
    Merge,
    /// RFC 6902.
    Json,
    /// Kubernetes' strategic merge: maps as in a merge patch, keyed lists merged by key, `$patch: delete` on items.
    Strategic,
    /// Server-side apply.
    Apply,
}

impl PatchKind {
    /// From a `Content-Type` header.
    pub fn from_content_type(header: &str) -> Option<Self> {
        match header.split(';').next().unwrap_or_default().trim() {
            "application/merge-patch+json" => Some(Self::Merge),
            "application/json-patch+json" => Some(Self::Json),
            "application/strategic-merge-patch+json" => Some(Self::Strategic),
            "application/apply-patch+yaml" | "application/apply-patch+json" => Some(Self::Apply),
            _ => None,
        }
    }
}

/// The object after a merge, JSON or strategic patch.
pub fn patched(kind: PatchKind, live: &Value, patch: &Value) -> Outcome<Value> {
    let mut out = live.clone();
    match kind {
        PatchKind::Merge => json_patch::merge(&mut out, patch),
        PatchKind::Strategic => strategic(&mut out, patch, &mut Vec::new()),
        PatchKind::Json => {
            let operations: json_patch::Patch = serde_json::from_value(patch.clone())
                .map_err(|e| ApiError::bad_request(format!("error decoding patch: {e}")))?;
            if operations.0.len() > 10_000 {
                return Err(ApiError::new(
                    413,
                    "RequestEntityTooLarge",
                    "the allowed maximum operations in a JSON patch is 10000",
                ));
            }
            json_patch::patch(&mut out, &operations).map_err(|e| {
                ApiError::new(
                    422,
                    "Invalid",
                    format!("the server rejected our request due to an error in our request: {e}"),
                )
            })?;
        }
        PatchKind::Apply => return Err(ApiError::internal("an apply is not a plain patch")),
    }
    if !out.is_object() {
        return Err(ApiError::bad_request("the patched object is not a JSON object"));
    }
    Ok(out)
}

/// Lists merge by the key fields the patch's items have; lists without a known key are replaced.
fn strategic(at: &mut Value, patch: &Value, trail: &mut Vec<String>) {
    match (&mut *at, patch) {
        (Value::Object(map), Value::Object(changes)) => {
            if changes.get("$patch").and_then(Value::as_str) == Some("replace") {
                *map = changes.clone();
                map.remove("$patch");
                return;
            }
            for (key, change) in changes {
                if key.starts_with('$') {
                    continue;
                }
                if change.is_null() {
                    map.remove(key);
                    continue;
                }
                trail.push(key.clone());
                strategic(map.entry(key.clone()).or_insert(Value::Null), change, trail);
                trail.pop();
            }
        }
        (Value::Array(items), Value::Array(changes)) => match merge_key(trail, changes) {
            Some(field) => {
                for change in changes {
                    let found = items.iter().position(|i| i.get(field) == change.get(field));
                    let delete = change.get("$patch").and_then(Value::as_str) == Some("delete");
                    match (found, delete) {
                        (Some(i), true) => {
                            items.remove(i);
                        }
                        (Some(i), false) => {
                            if let Some(item) = items.get_mut(i) {
                                strategic(item, change, trail);
                            }
                        }
                        (None, true) => {}
                        (None, false) => items.push(change.clone()),
                    }
                }
            }
            None if trail.last().is_some_and(|t| t == "finalizers") => {
                items.extend(changes.iter().filter(|c| !items.contains(c)).cloned().collect::<Vec<_>>());
            }
            None => at.clone_from(patch),
        },
        (_, Value::Object(_)) => {
            *at = Value::Object(serde_json::Map::new());
            strategic(at, patch, trail);
        }
        _ => at.clone_from(patch),
    }
}

fn merge_key(trail: &[String], changes: &[Value]) -> Option<&'static str> {
    let field = match trail.last()?.as_str() {
        "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets" => "name",
        "volumeMounts" => "mountPath",
        "conditions" => "type",
        "ownerReferences" => "uid",
        "ports" if trail.iter().any(|t| t == "containers") => "containerPort",
        "ports" => "port",
        _ => return None,
    };
    changes.iter().all(|c| c.get(field).is_some()).then_some(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_strategic_patch_merges_containers_by_name() {
        let live =
            json!({"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}});
        let patch =
            json!({"spec": {"containers": [{"name": "b", "image": "2"}, {"name": "a", "$patch": "delete"}]}});
        let out = patched(PatchKind::Strategic, &live, &patch).unwrap();
        assert_eq!(out["spec"]["containers"], json!([{"name": "b", "image": "2"}]));
    }

    #[test]
    fn a_json_patch_whose_test_fails_is_refused() {
        let patch = json!([{"op": "test", "path": "/a", "value": 2}]);
        assert_eq!(patched(PatchKind::Json, &json!({"a": 1}), &patch).unwrap_err().code, 422);
    }
}
