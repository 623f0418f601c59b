//! Streams, and how an event becomes a leaf of the ledger and comes back.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tenure_domain::account::Actor;
use tenure_domain::name::{AccountId, ReportId};
use tenure_ledger::leaf::{Leaf, LeafFields};
use tenure_store::NewEvent;

use crate::EngineError;

/// The schema version of the events that this build writes.
pub const SCHEMA: u32 = 1;

/// An account's stream.
pub fn account(id: &AccountId) -> String {
    format!("account/{id}")
}

/// A report's stream.
pub fn report(id: &ReportId) -> String {
    format!("report/{id}")
}

/// The leaf of an event.
pub(crate) fn encode(
    stream: &str,
    n: u64,
    at: Timestamp,
    actor: &Actor,
    event: &impl Serialize,
    nonce: [u8; 16],
) -> Result<NewEvent, EngineError> {
    let defect = |e: &dyn std::fmt::Display| EngineError::defect(stream, e);
    let Value::Object(mut parts) = serde_json::to_value(event).map_err(|e| defect(&e))? else {
        return Err(defect(&"an event is an object"));
    };
    let Some(Value::String(event_type)) = parts.remove("type") else {
        return Err(defect(&"an event has a type"));
    };
    let body = match parts.remove("body") {
        Some(Value::Object(body)) => body,
        _ => Map::new(),
    };
    let fields = LeafFields {
        nonce,
        stream: stream.to_owned(),
        n,
        at: at.to_string(),
        actor: actor.to_string(),
        event_type: event_type.clone(),
        schema: SCHEMA,
        body,
    };
    let leaf = Leaf::encode(&fields).map_err(|e| defect(&e))?;
    Ok(NewEvent { n, at: at.as_microsecond(), event_type, leaf })
}

/// What a leaf says, with its body read as an event of type `E`.
#[derive(Debug)]
pub struct Decoded<E> {
    /// The leaf's fields without the body.
    pub fields: LeafFields,
    /// The legal moment, UTC.
    pub at: Timestamp,
    /// Who acted.
    pub actor: Actor,
    /// What happened.
    pub event: E,
}

/// Reads a leaf back. An event that says more than this build understands is an error: a newer one wrote it.
pub fn decode<E: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<Decoded<E>, EngineError> {
    let mut fields = Leaf::parse(bytes).map_err(|e| EngineError::defect("leaf", &e))?.into_fields();
    let what = format!("event {} of {} ({})", fields.n, fields.stream, fields.event_type);
    let defect = |e: &dyn std::fmt::Display| EngineError::defect(&what, e);
    let newer = |said: &dyn std::fmt::Display| {
        defect(&format!("{said}: it was written by a newer Tenure; use that version, or a later one"))
    };
    if fields.schema > SCHEMA {
        return Err(newer(&format!("it has schema {}, and this build reads schema {SCHEMA}", fields.schema)));
    }
    let body = Value::Object(std::mem::take(&mut fields.body));
    let said = serde_json::json!({ "type": fields.event_type, "body": body });
    let event: E = serde_json::from_value(said.clone()).map_err(|e| {
        let text = e.to_string();
        if text.starts_with("unknown variant") { newer(&text) } else { defect(&text) }
    })?;
    let understood = serde_json::to_value(&event).map_err(|e| defect(&e))?;
    if let Some(pointer) = unheard(&said, &understood) {
        return Err(newer(&format!("it says something at {pointer} that this build does not know")));
    }
    Ok(Decoded {
        at: fields.at.parse().map_err(|e| defect(&e))?,
        actor: fields.actor.parse().map_err(|e| defect(&e))?,
        event,
        fields,
    })
}

/// Where something was said that is not in what was understood, as a JSON pointer. What was understood may say more:
/// fields that older events do not have.
fn unheard(said: &Value, understood: &Value) -> Option<String> {
    match (said, understood) {
        (Value::Object(said), Value::Object(understood)) => said.iter().find_map(|(name, value)| {
            let below = understood.get(name).map_or(Some(String::new()), |heard| unheard(value, heard))?;
            Some(format!("/{name}{below}"))
        }),
        (Value::Array(said), Value::Array(understood)) if said.len() == understood.len() => said
            .iter()
            .zip(understood)
            .enumerate()
            .find_map(|(n, (value, heard))| unheard(value, heard).map(|below| format!("/{n}{below}"))),
        _ => (said != understood).then(String::new),
    }
}
