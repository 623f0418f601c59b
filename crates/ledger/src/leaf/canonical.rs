//! Canonical JSON (RFC 8785), restricted to integers that every reader of JSON represents exactly.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{LeafError, LeafFields, MAX_DEPTH, MAX_INTEGER, VERSION};

#[derive(Serialize)]
struct Fields<'a> {
    v: u64,
    nonce: String,
    stream: &'a str,
    n: u64,
    at: &'a str,
    actor: &'a str,
    #[serde(rename = "type")]
    event_type: &'a str,
    schema: u32,
    body: &'a Map<String, Value>,
}

/// The canonical bytes. The fields must have been checked: the canonical form would round other numbers.
pub(super) fn bytes(fields: &LeafFields) -> Result<Vec<u8>, LeafError> {
    let fields = Fields {
        v: VERSION,
        nonce: hex::encode(fields.nonce),
        stream: &fields.stream,
        n: fields.n,
        at: &fields.at,
        actor: &fields.actor,
        event_type: &fields.event_type,
        schema: fields.schema,
        body: &fields.body,
    };
    serde_json_canonicalizer::to_vec(&fields)
        .map_err(|error| LeafError::NotAnObject { reason: error.to_string() })
}

/// Checks the names, the numbers and the depth of a leaf's body.
pub(super) fn check_body(body: &Map<String, Value>) -> Result<(), LeafError> {
    let mut pointer = String::from("/body");
    check_object(body, 2, &mut pointer)
}

fn check_object(object: &Map<String, Value>, level: usize, pointer: &mut String) -> Result<(), LeafError> {
    check_level(level, pointer)?;
    for (name, value) in object {
        let token = name.replace('~', "~0").replace('/', "~1");
        if name.starts_with('$') {
            return Err(LeafError::Reserved { pointer: format!("{pointer}/{token}") });
        }
        check_member(value, &token, level, pointer)?;
    }
    Ok(())
}

fn check_member(value: &Value, token: &str, level: usize, pointer: &mut String) -> Result<(), LeafError> {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(token);
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => {}
        Value::Number(number) => {
            let safe = number.as_i64().is_some_and(|n| n.unsigned_abs() <= MAX_INTEGER);
            if !safe {
                return Err(LeafError::Number { pointer: pointer.clone(), number: number.to_string() });
            }
        }
        Value::Array(items) => {
            check_level(level + 1, pointer)?;
            for (index, item) in items.iter().enumerate() {
                check_member(item, &index.to_string(), level + 1, pointer)?;
            }
        }
        Value::Object(object) => check_object(object, level + 1, pointer)?,
    }
    pointer.truncate(length);
    Ok(())
}

fn check_level(level: usize, pointer: &str) -> Result<(), LeafError> {
    if level > MAX_DEPTH { Err(LeafError::TooDeep { pointer: pointer.to_owned() }) } else { Ok(()) }
}
