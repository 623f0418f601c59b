//! What a gag keeps from members for a time. An event that is kept from them leaves its number and moment: numbers have
//! no gaps, and what is missing is not passed off as nothing.

use serde_json::{Map, Value, json};
use tenure_domain::account::Account;
use tenure_domain::account::event::Event;

use crate::query::EventSeen;

/// The type of an event that is kept from the account while a gag stands.
pub const WITHHELD: &str = "event.withheld";

/// Whether the account is not to see an event of its stream yet.
pub fn is_withheld(account: &Account, event: &EventSeen) -> bool {
    let whole = json!({ "type": event.event_type, "body": Value::Object(event.body.clone()) });
    serde_json::from_value::<Event>(whole).is_ok_and(|event| account.hides(&event))
}

/// An event of an account's own stream as a member sees it.
pub fn for_member(account: &Account, event: EventSeen) -> EventSeen {
    if is_withheld(account, &event) {
        EventSeen { actor: String::new(), event_type: WITHHELD.to_owned(), body: Map::new(), ..event }
    } else {
        event
    }
}
