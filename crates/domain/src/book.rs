//! The provider's book: terms, rules, people, members, tokens, clusters, and whether the legal clock is trusted. Each entry is a
//! small stream of its own, whose state is its latest event.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::{Actor, Context, System};
use crate::cluster::Found;
use crate::name::{AccountId, ClusterId, Ground, MeasureId, PersonId, RuleId, WebhookId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::terms::TermsRef;
use crate::text::{Blob, Words};
use crate::webhook::{self, Endpoint};

/// Which entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// One version of terms.
    Terms(String),
    /// A rule.
    Rule(RuleId),
    /// What of a rule's doing is undone.
    Undoing(RuleId),
    /// A person of the provider.
    Person(PersonId),
    /// A member of an account.
    Member(AccountId, PersonId),
    /// A token, by the first 16 hexadecimal digits of its digest.
    Token(String),
    /// A webhook endpoint.
    Webhook(WebhookId),
    /// What became of messages to an endpoint, where a person or their end is on the record.
    Delivering(WebhookId),
    /// What a cluster was found to be able to do.
    Cluster(ClusterId),
    /// The legal clock.
    Clock,
    /// The key that signs the log.
    LogKey,
    /// What the log continues from.
    LogAnchor,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Terms(version) => write!(f, "terms/{version}"),
            Self::Rule(rule) => write!(f, "rule/{rule}"),
            Self::Undoing(rule) => write!(f, "undo/{rule}"),
            Self::Person(person) => write!(f, "person/{person}"),
            Self::Member(account, person) => write!(f, "member/{account}/{person}"),
            Self::Token(digest) => write!(f, "token/{digest}"),
            Self::Webhook(webhook) => write!(f, "webhook/{webhook}"),
            Self::Delivering(webhook) => write!(f, "delivering/{webhook}"),
            Self::Cluster(cluster) => write!(f, "cluster/{cluster}"),
            Self::Clock => f.write_str("clock/legal"),
            Self::LogKey => f.write_str("log/key"),
            Self::LogAnchor => f.write_str("log/anchor"),
        }
    }
}

/// How the machine's clock came to be in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jump {
    /// It went forwards against the monotonic clock, or the machine slept.
    Forwards,
    /// It went backwards against the monotonic clock.
    Backwards,
    /// At the start it is before what is on the record.
    BeforeRecord,
    /// At the start it is so far after what is on the record that nobody can tell a pause from a jump.
    LongGap,
}

/// What happened to an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body", rename_all_fields = "camelCase")]
pub enum Event {
    /// A version of terms became citable.
    #[serde(rename = "terms.published")]
    TermsPublished {
        /// Which.
        terms: TermsRef,
        /// Its exact bytes.
        document: Blob,
    },
    /// A rule, or a new text of it, counts from now.
    #[serde(rename = "rule.published")]
    RulePublished {
        /// Which.
        rule: RuleId,
        /// The ground of the cases it opens.
        ground: Ground,
        /// Its mode's name.
        mode: String,
        /// Its exact bytes.
        document: Blob,
    },
    /// What a rule began is undone: each case that it opened in this time and that is open.
    #[serde(rename = "rule.undone")]
    RuleUndone {
        /// Which.
        rule: RuleId,
        /// Cases opened from this moment on.
        from: Timestamp,
        /// And before this one; none for all until now.
        until: Option<Timestamp>,
        /// Why, in words.
        why: Words,
    },
    /// A person of the provider has these roles from now.
    #[serde(rename = "person.set")]
    PersonSet {
        /// Who.
        person: PersonId,
        /// The names of the roles.
        roles: BTreeSet<String>,
    },
    /// A member of an account has these roles from now.
    #[serde(rename = "member.set")]
    MemberSet {
        /// Of which account.
        account: AccountId,
        /// Who.
        member: PersonId,
        /// The names of the roles.
        roles: BTreeSet<String>,
    },
    /// A token speaks for someone from now.
    #[serde(rename = "token.issued")]
    TokenIssued {
        /// For whom.
        subject: Actor,
        /// SHA-256 of the token's secret, in hexadecimal digits. The secret itself is nowhere.
        digest: String,
    },
    /// A token no longer speaks for anyone.
    #[serde(rename = "token.revoked")]
    TokenRevoked {
        /// SHA-256 of the token's secret.
        digest: String,
    },
    /// A webhook endpoint is this from now.
    #[serde(rename = "webhook.set")]
    WebhookSet {
        /// Which.
        webhook: WebhookId,
        /// What it is.
        endpoint: Endpoint,
    },
    /// An endpoint's messages are signed with another key from now.
    #[serde(rename = "webhook.secret_made")]
    WebhookSecretMade {
        /// Which.
        webhook: WebhookId,
        /// The key's name. Its secret is in no event.
        key: String,
        /// The endpoint with its keys.
        endpoint: Endpoint,
    },
    /// The endpoint said that it is gone for good: nothing is sent to it until somebody enables it.
    #[serde(rename = "webhook.disabled")]
    WebhookDisabled {
        /// Which.
        webhook: WebhookId,
        /// What it is from now.
        endpoint: Endpoint,
        /// The message that it answered so.
        message: String,
    },
    /// An endpoint is no more. What it enforced is acknowledged by whoever holds the role `enforcer`.
    #[serde(rename = "webhook.removed")]
    WebhookRemoved {
        /// Which.
        webhook: WebhookId,
    },
    /// A person had a message sent that says nothing, to try an endpoint.
    #[serde(rename = "webhook.pinged")]
    WebhookPinged {
        /// Which.
        webhook: WebhookId,
        /// The message.
        message: String,
    },
    /// A person had a message sent once more.
    #[serde(rename = "webhook.redelivered")]
    WebhookRedelivered {
        /// To which endpoint.
        webhook: WebhookId,
        /// The message.
        message: String,
        /// How often it had been sent before.
        attempts: u32,
    },
    /// A message is sent no more, because the endpoint did not take it for too long.
    #[serde(rename = "webhook.gave_up")]
    WebhookGaveUp {
        /// To which endpoint.
        webhook: WebhookId,
        /// The message.
        message: String,
        /// The measure that it told of, where it told of one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        measure: Option<MeasureId>,
        /// How often it was sent.
        attempts: u32,
        /// What came of the last time.
        outcome: String,
    },
    /// A cluster was asked what it can do, and the answer is another one than before.
    #[serde(rename = "cluster.probed")]
    ClusterProbed {
        /// Which.
        cluster: ClusterId,
        /// What was found.
        found: Found,
    },
    /// The machine's clock cannot be believed: nothing is fired until somebody confirms it.
    #[serde(rename = "clock.doubted")]
    ClockDoubted {
        /// How.
        jump: Jump,
        /// What the machine's clock read.
        machine: Timestamp,
        /// What it should have read, as far as that is known.
        expected: Timestamp,
    },
    /// A person looked, and the machine's clock is right.
    #[serde(rename = "clock.confirmed")]
    ClockConfirmed {
        /// What the machine's clock read when the person looked.
        moment: Timestamp,
        /// What the person found, in words.
        why: Words,
    },
    /// Another key signs the log from the checkpoint on that first covers this; that one is signed by both.
    #[serde(rename = "log.key_rotated")]
    LogKeyRotated {
        /// The key that goes, in the text form of verifier keys (C2SP signed-note).
        from: String,
        /// The key that comes.
        to: String,
    },
    /// A person decided that the log continues from what the database holds, although that is not provably what was
    /// signed last.
    #[serde(rename = "log.adopted")]
    LogAdopted {
        /// What stood in the way, by the name of the refusal.
        found: String,
        /// The person's reason.
        why: Words,
        /// How many events the head covers from which the log continues.
        size: u64,
        /// The signed head that the anchor held; none where it was lost or damaged.
        #[serde(default)]
        anchor: Option<String>,
    },
}

/// An event with its moment and actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The legal moment, UTC.
    pub at: Timestamp,
    /// Who acted.
    pub actor: Actor,
    /// What happened.
    pub event: Event,
}

/// An entry's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// How many events made it.
    pub version: u64,
    /// The latest event.
    pub latest: Recorded,
}

impl State {
    /// The state after one more event.
    pub fn apply(state: Option<Self>, recorded: &Recorded) -> Self {
        Self { version: state.map_or(0, |s| s.version) + 1, latest: recorded.clone() }
    }

    /// The events that setting an entry gives: none where it says the same already.
    ///
    /// Law 1 rests on published terms never changing, so another text under the same version is refused.
    pub fn decide(
        state: Option<&Self>,
        event: Event,
        context: &Context<'_>,
    ) -> Result<Vec<Recorded>, Rejected> {
        webhook::check(state, &event, context)?;
        match &event {
            Event::ClockDoubted { .. } if context.actor != &Actor::System(System::Timer) => {
                return Err(not_by(context.actor, "the timers compare the clocks"));
            }
            Event::ClusterProbed { .. } if context.actor != &Actor::System(System::Cluster) => {
                return Err(not_by(context.actor, "the reconciler asks the clusters"));
            }
            Event::RuleUndone { .. } if context.actor.person().is_none() => {
                return Err(not_by(context.actor, "a person undoes what a rule began"));
            }
            Event::ClockConfirmed { .. } if context.actor.person().is_none() => {
                return Err(not_by(context.actor, "a person confirms the clock"));
            }
            Event::ClockConfirmed { .. }
                if !state.is_some_and(|s| matches!(s.latest.event, Event::ClockDoubted { .. })) =>
            {
                return Err(Unmet::new(
                    Guard::InState,
                    "the record does not say that the clock is in doubt",
                    "nothing: the clock is trusted",
                )
                .into());
            }
            _ => {}
        }
        if let Some(state) = state {
            if state.latest.event == event || webhook_stands(state, &event) {
                return Ok(Vec::new());
            }
            if let Event::TermsPublished { terms, .. } = &event {
                return Err(Unmet::new(
                    Guard::NameFree,
                    format!("{terms} is published with another text"),
                    "published terms never change: give the new text a new version",
                )
                .into());
            }
        }
        Ok(vec![Recorded { at: context.now, actor: context.actor.clone(), event }])
    }
}

/// Whether an endpoint is what it is set to, also where its last event made it a key.
fn webhook_stands(state: &State, event: &Event) -> bool {
    let stands = webhook::endpoint(&state.latest.event);
    matches!(event, Event::WebhookSet { .. }) && stands.is_some() && stands == webhook::endpoint(event)
}

fn not_by(actor: &Actor, satisfied_by: &str) -> Rejected {
    Unmet::new(Guard::AnotherPerson, format!("{actor} has no part in this"), satisfied_by).into()
}
