//! What a gag keeps from members for a time. An event that is kept from them leaves its number and moment: numbers have
//! no gaps, and what is missing is not passed off as nothing.

use serde_json::{Map, Value, json};
use tenure_domain::account::Account;
use tenure_domain::account::event::Event;
use tenure_domain::name::ReportId;
use tenure_domain::text::Blob;

use crate::query::EventSeen;
use crate::{Engine, EngineError, stream};

/// The type of an event that is kept from the account while a gag stands.
pub const WITHHELD: &str = "event.withheld";

/// How many events or reports are read at once.
const AT_ONCE: u32 = 500;

/// Whether the account is not to see an event of its stream yet. What cannot be read is not shown while a gag stands.
pub fn is_withheld(account: &Account, event: &EventSeen) -> bool {
    read(event).map_or_else(|| account.is_kept_from_something(), |event| account.hides(&event))
}

fn read(event: &EventSeen) -> Option<Event> {
    let whole = json!({ "type": event.event_type, "body": Value::Object(event.body.clone()) });
    serde_json::from_value(whole).ok()
}

/// Whether the account is not to see bytes yet that its record names: only events that are kept from it do.
pub async fn hides_bytes(engine: &Engine, account: &Account, bytes: &Blob) -> Result<bool, EngineError> {
    if !account.is_kept_from_something() {
        return Ok(false);
    }
    let (name, mut from, mut kept) = (stream::account(&account.id), 1, false);
    loop {
        let events = engine.stream(&name, from, AT_ONCE).await?;
        let Some(last) = events.last() else { break };
        from = last.n + 1;
        for event in events.iter().filter_map(read).filter(|event| event.blobs().any(|b| b == bytes)) {
            if !account.hides(&event) {
                return Ok(false);
            }
            kept = true;
        }
    }
    Ok(kept && !is_reported(engine, account, bytes).await?)
}

/// Whether a report about the account has these bytes as evidence.
async fn is_reported(engine: &Engine, account: &Account, bytes: &Blob) -> Result<bool, EngineError> {
    let mut after = 0;
    loop {
        let rows = engine.reports(&account.id, after, AT_ONCE).await?;
        let Some(last) = rows.last() else { return Ok(false) };
        after = last.number;
        for row in &rows {
            let report = engine.report(&ReportId::new(account.id.clone(), row.number)).await?;
            if report.is_some_and(|report| report.allegation.evidence.contains_key(bytes)) {
                return Ok(true);
            }
        }
    }
}

/// An event of an account's own stream as a member sees it.
pub fn for_member(account: &Account, event: EventSeen) -> EventSeen {
    if is_withheld(account, &event) {
        EventSeen { actor: String::new(), event_type: WITHHELD.to_owned(), body: Map::new(), ..event }
    } else {
        event
    }
}
