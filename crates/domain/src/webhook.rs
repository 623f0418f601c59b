//! Webhook endpoints: where other systems of the provider are told what concerns them, and what each of them enforces.
//!
//! The signing secrets are no part of this: an endpoint names its keys, and the secrets are rows of their own.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::{Actor, Book, Context, System};
use crate::book::{Event, State};
use crate::capability::{Capability, Enforcer};
use crate::name::{PersonId, WebhookId};
use crate::refusal::{Guard, Rejected, Unmet};

/// The role without which nobody says what another system withholds.
pub const ENFORCER: &str = "enforcer";

/// The longest address of an endpoint, in bytes.
pub const URL_MAX: usize = 2_048;

/// The most endpoints that a provider has.
pub const MOST: usize = 100;

/// What an endpoint can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MessageKind {
    /// What an account can do changed: its standing is to be read again.
    #[serde(rename = "standing.changed")]
    StandingChanged,
    /// A measure takes effect that withholds what other systems enforce.
    #[serde(rename = "measure.applied")]
    MeasureApplied,
    /// What it withheld is given back.
    #[serde(rename = "measure.lifted")]
    MeasureLifted,
    /// A notice was issued and is on its way.
    #[serde(rename = "notice.issued")]
    NoticeIssued,
    /// Somebody tries the endpoint. Nobody subscribes to it.
    #[serde(rename = "ping")]
    Ping,
}

impl MessageKind {
    /// Those to which an endpoint can subscribe.
    pub const ALL: [Self; 4] =
        [Self::StandingChanged, Self::MeasureApplied, Self::MeasureLifted, Self::NoticeIssued];

    /// The name in messages and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StandingChanged => "standing.changed",
            Self::MeasureApplied => "measure.applied",
            Self::MeasureLifted => "measure.lifted",
            Self::NoticeIssued => "notice.issued",
            Self::Ping => "ping",
        }
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no kind of message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no kind of message has this name")]
pub struct MessageKindError;

impl FromStr for MessageKind {
    type Err = MessageKindError;
    fn from_str(text: &str) -> Result<Self, MessageKindError> {
        [Self::ALL.as_slice(), &[Self::Ping]]
            .concat()
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(MessageKindError)
    }
}

/// A signing key of an endpoint, by its name. Its secret is in no event and no answer but that of its making.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// Its name.
    pub id: String,
    /// Since when it signs.
    pub since: Timestamp,
    /// Until when it signs beside its successor; none while it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// An endpoint as it was registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Where it is.
    pub url: String,
    /// What it is told.
    pub events: BTreeSet<MessageKind>,
    /// What the system behind it enforces: measures wait until it says that it does.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub enforces: BTreeSet<Capability>,
    /// Who speaks for it, and says so for exactly these capabilities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<PersonId>,
    /// Whether messages are sent to it now; else they wait.
    pub enabled: bool,
    /// Its signing keys, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<SigningKey>,
}

impl Endpoint {
    /// The keys that sign at a moment, the newest first.
    pub fn keys_at(&self, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        self.keys.iter().rev().filter(move |key| key.until.is_none_or(|until| now < until))
    }

    /// The same endpoint with another key from now on. Those it has sign until `until` at the latest, so that a receiver
    /// can change over in between.
    #[must_use]
    pub fn with_key(&self, id: String, now: Timestamp, until: Timestamp) -> Self {
        let mut next = self.clone();
        next.keys.retain(|key| key.until.is_none_or(|ends| now < ends));
        for key in &mut next.keys {
            key.until = Some(key.until.map_or(until, |ends| ends.min(until)));
        }
        next.keys.retain(|key| key.until.is_none_or(|ends| now < ends));
        next.keys.push(SigningKey { id, since: now, until: None });
        next
    }

    /// What is wrong with it by itself: a pointer into the request, and what would be right.
    pub fn fault(&self) -> Option<(String, String)> {
        let invalid = |pointer: &str, detail: String| Some((pointer.to_owned(), detail));
        if self.url.is_empty()
            || self.url.len() > URL_MAX
            || self.url.chars().any(|c| c.is_control() || c == ' ')
        {
            return invalid("/url", format!("1 to {URL_MAX} characters without blanks"));
        }
        if self.events.is_empty() {
            return invalid("/events", "name at least one kind of message".into());
        }
        if self.events.contains(&MessageKind::Ping) {
            return invalid("/events", "a ping is asked for, not subscribed to".into());
        }
        if let Some(other) = self.enforces.iter().find(|c| c.enforcer() != Enforcer::Declared) {
            return invalid("/enforces", format!("{other} is enforced by no other system"));
        }
        if self.enforces.is_empty() {
            return None;
        }
        if self.principal.is_none() {
            return invalid("/principal", "say who speaks for what it enforces".into());
        }
        let missing = [MessageKind::MeasureApplied, MessageKind::MeasureLifted];
        let missing = missing.into_iter().find(|kind| !self.events.contains(kind));
        missing.and_then(|kind| invalid("/events", format!("what enforces is told of {kind}")))
    }
}

/// The endpoint after an event; none where it was removed, or the event is about no endpoint.
pub fn endpoint(event: &Event) -> Option<(&WebhookId, &Endpoint)> {
    match event {
        Event::WebhookSet { webhook, endpoint }
        | Event::WebhookSecretMade { webhook, endpoint, .. }
        | Event::WebhookDisabled { webhook, endpoint, .. } => Some((webhook, endpoint)),
        _ => None,
    }
}

/// What stands against an event of an endpoint.
pub(crate) fn check(state: Option<&State>, event: &Event, context: &Context<'_>) -> Result<(), Rejected> {
    let before = state.and_then(|state| endpoint(&state.latest.event)).map(|(_, endpoint)| endpoint);
    let there = || before.ok_or_else(|| Rejected::not_found("webhook", webhook_of(event)));
    match event {
        Event::WebhookSet { webhook, endpoint } => {
            by_person(context.actor)?;
            if let Some((pointer, detail)) = endpoint.fault() {
                return Err(Rejected::Invalid { pointer, detail });
            }
            if before.map_or(&[][..], |before| &before.keys) != endpoint.keys.as_slice() {
                return Err(Unmet::new(
                    Guard::InState,
                    "its keys changed meanwhile",
                    "read the endpoint again",
                )
                .into());
            }
            registered(webhook, endpoint, context.book)
        }
        Event::WebhookSecretMade { key, endpoint, .. } => {
            by_person(context.actor)?;
            let mut same = there()?.clone();
            same.keys.clone_from(&endpoint.keys);
            let newest = endpoint.keys.last().is_some_and(|k| k.id == *key && k.until.is_none());
            if same == *endpoint && newest { Ok(()) } else { Err(changed()) }
        }
        Event::WebhookRemoved { .. } => {
            by_person(context.actor)?;
            there().map(drop)
        }
        Event::WebhookDisabled { endpoint, .. } => {
            by_delivery(context.actor)?;
            let expected = Endpoint { enabled: false, ..there()?.clone() };
            if *endpoint == expected { Ok(()) } else { Err(changed()) }
        }
        Event::WebhookPinged { .. } | Event::WebhookRedelivered { .. } => by_person(context.actor),
        Event::WebhookGaveUp { .. } => by_delivery(context.actor),
        _ => Ok(()),
    }
}

fn webhook_of(event: &Event) -> String {
    match event {
        Event::WebhookSet { webhook, .. }
        | Event::WebhookSecretMade { webhook, .. }
        | Event::WebhookRemoved { webhook }
        | Event::WebhookDisabled { webhook, .. } => webhook.to_string(),
        _ => String::new(),
    }
}

/// What the rest of the book says to it: who speaks for it is there, and nobody else enforces the same.
fn registered(webhook: &WebhookId, endpoint: &Endpoint, book: &Book) -> Result<(), Rejected> {
    let mut unmet = Vec::new();
    if let Some(person) = &endpoint.principal
        && !book.roles_of(person).is_some_and(|roles| roles.contains(ENFORCER))
    {
        unmet.push(Unmet::new(
            Guard::Known,
            format!("{person} does not hold the role {ENFORCER}"),
            "give the role to whoever speaks for the endpoint first",
        ));
    }
    for capability in &endpoint.enforces {
        if let Some((other, _)) = book.enforcing(*capability).filter(|(other, _)| *other != webhook) {
            unmet.push(taken(*capability, other));
        }
    }
    if book.webhooks().count() >= MOST && book.webhook(webhook).is_none() {
        unmet.push(Unmet::new(Guard::WithinPlan, format!("{MOST} endpoints exist"), "remove one first"));
    }
    if unmet.is_empty() { Ok(()) } else { Err(Rejected::Refused(crate::refusal::Refusal { guards: unmet })) }
}

/// That a capability has its enforcer already.
pub fn taken(capability: Capability, other: &dyn fmt::Display) -> Unmet {
    Unmet::new(
        Guard::NameFree,
        format!("{capability} is enforced by {other}"),
        "take it from that endpoint first: each capability has one enforcer",
    )
}

fn changed() -> Rejected {
    Unmet::new(Guard::InState, "the endpoint changed meanwhile", "read it again").into()
}

fn by_person(actor: &Actor) -> Result<(), Rejected> {
    match actor.person() {
        Some(_) => Ok(()),
        None => Err(not_by(actor, "a person keeps the provider's endpoints")),
    }
}

fn by_delivery(actor: &Actor) -> Result<(), Rejected> {
    if actor == &Actor::System(System::Delivery) {
        Ok(())
    } else {
        Err(not_by(actor, "the delivery says what an endpoint did not take"))
    }
}

fn not_by(actor: &Actor, satisfied_by: &str) -> Rejected {
    Unmet::new(Guard::AnotherPerson, format!("{actor} has no part in this"), satisfied_by).into()
}
