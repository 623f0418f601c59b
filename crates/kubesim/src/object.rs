//! Reading and writing JSON objects without ever panicking on their shape.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The text at a JSON pointer, or the empty string.
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The integer at a JSON pointer.
pub fn int(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// The list at a JSON pointer, or an empty one.
pub fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `metadata.name`.
pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// `metadata.namespace`, empty for cluster-wide objects.
pub fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// `metadata.uid`.
pub fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// Whether deletion has begun.
pub fn is_terminating(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

/// `metadata.finalizers`.
pub fn finalizers(object: &Value) -> Vec<String> {
    list(object, "/metadata/finalizers").iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// One label's value.
pub fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("labels")?.get(key)?.as_str()
}

/// Sets the value at a path, making maps on the way and replacing what is not a map.
pub fn set(object: &mut Value, path: &[&str], value: Value) {
    let mut at = object;
    for part in path {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(map) = at else { return };
        at = map.entry((*part).to_owned()).or_insert(Value::Null);
    }
    *at = value;
}

/// Sets the value at a path only where there is none.
pub fn set_default(object: &mut Value, path: &[&str], value: Value) {
    let pointer: String = path.iter().flat_map(|p| ["/", p]).collect();
    if object.pointer(&pointer).is_none_or(Value::is_null) {
        set(object, path, value);
    }
}

/// Takes the value at a path out of the object.
pub fn remove(object: &mut Value, path: &[&str]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    let mut at = object;
    for part in parents {
        at = at.get_mut(*part)?;
    }
    at.as_object_mut()?.remove(*last)
}

/// Copies a value from one object to another; absence is copied too.
pub fn carry(from: &Value, to: &mut Value, path: &[&str]) {
    let pointer: String = path.iter().flat_map(|p| ["/", p]).collect();
    match from.pointer(&pointer) {
        Some(value) => set(to, path, value.clone()),
        None => {
            remove(to, path);
        }
    }
}

/// Drops nulls from all maps, as a typed server does.
pub fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, v| !v.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// A time as `metadata` carries it: RFC 3339, whole seconds, UTC.
pub fn time(at: Timestamp) -> Value {
    Value::String(time_text(at))
}

/// See [`time`].
pub fn time_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The time at a JSON pointer.
pub fn time_at(object: &Value, pointer: &str) -> Option<Timestamp> {
    text(object, pointer).parse().ok()
}

/// The controlling owner reference's uid.
pub fn controller_uid(object: &Value) -> &str {
    list(object, "/metadata/ownerReferences")
        .iter()
        .find(|r| r.get("controller").and_then(Value::as_bool) == Some(true))
        .map_or("", |r| text(r, "/uid"))
}

/// The condition of a type in `status.conditions`.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").iter().find(|c| text(c, "/type") == kind)
}

/// Whether the condition of a type is `True`.
pub fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|c| text(c, "/status") == "True")
}
