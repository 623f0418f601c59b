//! An allegation about an account, with evidence: a small stream of its own, as an account may have thousands.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::{Actor, Context};
use crate::name::{AccountId, Ground, ReportId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::text::{Blob, Words};

/// The most pieces of evidence of one report.
pub const MOST_EVIDENCE: usize = 20;

/// A report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// How many events made it.
    pub version: u64,
    /// The reason code it alleges.
    pub ground: Ground,
    /// Where the thing is, in words: a URL, a message id.
    pub locator: Words,
    /// What is alleged, in words.
    pub statement: Words,
    /// The evidence: immutable bytes with their media types.
    pub evidence: BTreeMap<Blob, String>,
    /// When it came in.
    pub filed_at: Timestamp,
    /// Who brought it in.
    pub filed_by: Actor,
    /// What the account answered, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediation: Option<Remediation>,
}

/// What the account did about a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remediation {
    /// When it said so.
    pub at: Timestamp,
    /// Who said so.
    pub by: Actor,
    /// What was done, in words.
    pub answer: Words,
}

/// What is asked of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the report")]
pub enum Command {
    /// Bring it in.
    File { ground: Ground, locator: Words, statement: Words, evidence: BTreeMap<Blob, String> },
    /// Answer it.
    Remediate { answer: Words },
}

/// What happened to a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of the report")]
pub enum Event {
    #[serde(rename = "report.filed")]
    Filed { ground: Ground, locator: Words, statement: Words, evidence: BTreeMap<Blob, String> },
    #[serde(rename = "report.remediated")]
    Remediated { answer: Words },
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

impl Report {
    /// The events that the command gives.
    pub fn decide(
        id: &ReportId,
        state: Option<&Self>,
        command: Command,
        context: &Context<'_>,
    ) -> Result<Vec<Recorded>, Rejected> {
        let event = match (state, command) {
            (None, Command::File { ground, locator, statement, evidence }) => {
                if evidence.is_empty() || evidence.len() > MOST_EVIDENCE {
                    return Err(Rejected::Invalid {
                        pointer: "/evidence".into(),
                        detail: format!("name 1 to {MOST_EVIDENCE} pieces of evidence"),
                    });
                }
                Event::Filed { ground, locator, statement, evidence }
            }
            (Some(_), Command::File { .. }) => {
                return Err(
                    Unmet::new(Guard::NameFree, format!("{id} is filed"), "file another report").into()
                );
            }
            (None, Command::Remediate { .. }) => return Err(Rejected::not_found("report", id)),
            (Some(report), Command::Remediate { answer }) => {
                if !is_member(context.actor, id.account()) {
                    return Err(Unmet::new(
                        Guard::AnotherPerson,
                        format!("{} is not a member of {}", context.actor, id.account()),
                        "the account itself answers reports about it",
                    )
                    .into());
                }
                if report.remediation.is_some() {
                    return Err(Unmet::new(
                        Guard::InState,
                        format!("{id} is answered"),
                        "nothing: it is done",
                    )
                    .into());
                }
                Event::Remediated { answer }
            }
        };
        Ok(vec![Recorded { at: context.now, actor: context.actor.clone(), event }])
    }

    /// The state after one more event; none where the event does not fit.
    pub fn apply(id: &ReportId, state: Option<Self>, recorded: &Recorded) -> Option<Self> {
        match (state, &recorded.event) {
            (None, Event::Filed { ground, locator, statement, evidence }) => Some(Self {
                id: id.clone(),
                version: 1,
                ground: ground.clone(),
                locator: locator.clone(),
                statement: statement.clone(),
                evidence: evidence.clone(),
                filed_at: recorded.at,
                filed_by: recorded.actor.clone(),
                remediation: None,
            }),
            (Some(mut report), Event::Remediated { answer }) => {
                report.version += 1;
                report.remediation =
                    Some(Remediation { at: recorded.at, by: recorded.actor.clone(), answer: answer.clone() });
                Some(report)
            }
            (None, Event::Remediated { .. }) | (Some(_), Event::Filed { .. }) => None,
        }
    }
}

fn is_member(actor: &Actor, account: &AccountId) -> bool {
    matches!(actor, Actor::Member(of, _) if of == account)
}
