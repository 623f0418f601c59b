//! The writes of a rehearsal: each is sent as a server-side dry run, so that admission is asked and nothing persists.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::ClusterError;
use crate::inventory::ObjectKey;

/// What a write does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Makes an object.
    Create,
    /// Makes an object, or brings it to what is declared.
    Apply,
    /// Puts another object in its place.
    Replace,
    /// Changes some of its fields.
    Change,
    /// Deletes it.
    Delete,
}

/// A write that was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// What it would do.
    pub verb: Verb,
    /// To which object.
    pub object: ObjectKey,
    /// Whether the object is not there yet.
    pub new: bool,
    /// Why the cluster would refuse it, if it would.
    pub refused: Option<String>,
}

/// The writes so far.
#[derive(Debug, Default)]
pub(crate) struct Rehearsed {
    planned: Mutex<Vec<Planned>>,
    /// What would have been made by them.
    made: Mutex<BTreeMap<ObjectKey, Value>>,
}

impl Rehearsed {
    /// The writes, in order.
    pub fn planned(&self) -> Vec<Planned> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn plan(&self, verb: Verb, object: &ObjectKey, new: bool, refused: Option<String>) {
        let planned = Planned { verb, object: object.clone(), new, refused };
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).push(planned);
    }

    /// Notes a write with what the server said. A refusal is noted and does not end the rehearsal; only a server that
    /// does not answer does.
    pub fn wrote(
        &self,
        verb: Verb,
        key: &ObjectKey,
        uid: Option<&str>,
        sent: &Value,
        answer: Result<Value, ClusterError>,
    ) -> Result<Value, ClusterError> {
        let new = uid.is_none();
        let (object, refused) = match answer {
            Ok(object) => (object, None),
            Err(error) => match error.refusal().map(str::to_owned) {
                Some(said) => (sent.clone(), Some(said)),
                None => return Err(error),
            },
        };
        self.plan(verb, key, new, refused);
        if new {
            let mut made = object.clone();
            // A dry run of an apply leaves no trace, not even a UID to go by.
            if made.pointer("/metadata/uid").is_none_or(Value::is_null) && made.is_object() {
                merge(&mut made, &json!({"metadata": {"uid": "rehearsed"}}));
            }
            self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), made.clone());
            return Ok(made);
        }
        Ok(object)
    }

    /// A change of something that would have been made before: noted, and answered as the server would.
    pub fn made(&self, key: &ObjectKey, patch: &Value, status: bool) -> Option<Value> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let object = made.get_mut(key)?;
        let mut patch = patch.clone();
        if status && let Some(patch) = patch.as_object_mut() {
            patch.retain(|field, _| field == "status");
        }
        merge(object, &patch);
        let object = object.clone();
        drop(made);
        self.plan(Verb::Change, key, true, None);
        Some(object)
    }
}

/// A merge patch (RFC 7386).
fn merge(object: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    let Some(object) = object.as_object_mut() else { return };
    for (field, value) in fields {
        if value.is_null() {
            object.remove(field);
        } else {
            merge(object.entry(field.clone()).or_insert(Value::Null), value);
        }
    }
}
