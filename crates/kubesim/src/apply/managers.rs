//! `metadata.managedFields`: reading, writing, and who manages what after a write that is not an apply.

use serde_json::{Value, json};

use super::fields::{FieldSet, flatten, from_fields_v1, to_fields_v1};
use crate::object::{list, remove, set, text};

/// How a manager came to manage its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// One entry of `managedFields`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    /// The manager's name.
    pub name: String,
    /// Apply or update.
    pub operation: Operation,
    /// `status`, `scale`, or empty for the object itself.
    pub subresource: String,
    /// The version of the API it wrote.
    pub api_version: String,
    /// When it last changed its set, RFC 3339.
    pub time: String,
    /// What it manages.
    pub fields: FieldSet,
}

impl Manager {
    /// Whether two entries are the same manager.
    pub fn is(&self, name: &str, operation: Operation, subresource: &str) -> bool {
        self.name == name && self.operation == operation && self.subresource == subresource
    }

    /// How a conflict names the manager.
    pub fn describe(&self) -> String {
        match self.operation {
            Operation::Apply => format!("{:?}", self.name),
            Operation::Update => format!("{:?} using {}", self.name, self.api_version),
        }
    }
}

/// The managers of an object.
pub fn read_managers(object: &Value) -> Vec<Manager> {
    list(object, "/metadata/managedFields")
        .iter()
        .filter(|entry| !text(entry, "/manager").is_empty())
        .map(|entry| Manager {
            name: text(entry, "/manager").to_owned(),
            operation: if text(entry, "/operation") == "Apply" {
                Operation::Apply
            } else {
                Operation::Update
            },
            subresource: text(entry, "/subresource").to_owned(),
            api_version: text(entry, "/apiVersion").to_owned(),
            time: text(entry, "/time").to_owned(),
            fields: from_fields_v1(entry.get("fieldsV1").unwrap_or(&Value::Null)),
        })
        .collect()
}

/// Writes the managers that manage anything into the object.
pub fn write_managers(object: &mut Value, managers: &[Manager]) {
    let entries: Vec<Value> = managers
        .iter()
        .filter(|m| !m.fields.is_empty())
        .map(|m| {
            let mut entry = json!({
                "manager": m.name, "operation": m.operation.as_str(), "apiVersion": m.api_version, "time": m.time,
                "fieldsType": "FieldsV1", "fieldsV1": to_fields_v1(&m.fields),
            });
            if !m.subresource.is_empty() {
                set(&mut entry, &["subresource"], Value::from(m.subresource.as_str()));
            }
            entry
        })
        .collect();
    if entries.is_empty() {
        remove(object, &["metadata", "managedFields"]);
    } else {
        set(object, &["metadata", "managedFields"], Value::Array(entries));
    }
}

/// Gives the writer of an update what it changed and takes that from everyone else.
/// A client that sends an empty `managedFields` list clears it first, as in Kubernetes.
pub fn track_update(live: Option<&Value>, new: &mut Value, writer: &str, subresource: &str, now: &str) {
    let cleared = new
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array)
        .is_some_and(|m| m.iter().all(|e| e.as_object().is_none_or(serde_json::Map::is_empty)));
    let mut managers = live.filter(|_| !cleared).map(read_managers).unwrap_or_default();
    let before = live.map(flatten).unwrap_or_default();
    let after = flatten(new);
    let changed: FieldSet = after
        .iter()
        .filter(|(path, value)| before.get(*path) != Some(value))
        .map(|(p, _)| p.clone())
        .collect();
    let removed: FieldSet = before.keys().filter(|p| !after.contains_key(*p)).cloned().collect();
    if !changed.is_empty() || !removed.is_empty() {
        for manager in &mut managers {
            manager.fields.retain(|p| !changed.contains(p) && !removed.contains(p));
        }
        let mine = managers.iter_mut().find(|m| m.is(writer, Operation::Update, subresource));
        match mine {
            Some(mine) if !changed.is_empty() => {
                mine.fields.extend(changed);
                now.clone_into(&mut mine.time);
            }
            Some(_) => {}
            None => managers.push(Manager {
                name: writer.to_owned(),
                operation: Operation::Update,
                subresource: subresource.to_owned(),
                api_version: text(new, "/apiVersion").to_owned(),
                time: now.to_owned(),
                fields: changed,
            }),
        }
    }
    write_managers(new, &managers);
}
