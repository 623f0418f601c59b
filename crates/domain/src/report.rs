//! An allegation about an account, with evidence: a small stream of its own, as an account may have thousands.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::{Actor, Context};
use crate::name::{AccountId, Format, Ground, ReportId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::text::{Blob, Words};

/// The most pieces of evidence of one report: the fifty that XARF allows, and the report itself as it was received.
pub const MOST_EVIDENCE: usize = 51;

/// The type of the event by which something was joined to a report.
pub const JOINED: &str = "report.joined";

/// How long after a report came in another that says the same is joined to it; later it is news again.
pub const JOINED_WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The longest language tag ([RFC 5646], section 4.4.1).
///
/// [RFC 5646]: https://www.rfc-editor.org/rfc/rfc5646
const LANGUAGE_MAX: usize = 35;

/// What someone alleges about an account. What people wrote is committed to and kept apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Allegation {
    /// The reason code it alleges.
    pub ground: Ground,
    /// Where the thing is, in words: a URL, a message id.
    pub locator: Words,
    /// What is alleged, in words.
    pub statement: Words,
    /// The evidence: immutable bytes with their media types.
    pub evidence: BTreeMap<Blob, String>,
    /// When the thing was seen, as the reporter says; UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Timestamp>,
    /// How the reporter can be reached, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Words>,
    /// The language of the statement, as a language tag (RFC 5646) such as `de` or `pt-BR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The reporter's own reference, in words; the same reporter uses it for the same thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Words>,
    /// The published format and type in which it came; none for Tenure's own form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
}

impl Allegation {
    /// Whether it is complete and within its bounds.
    fn check(&self) -> Result<(), Rejected> {
        let invalid = |pointer: &str, detail: String| Rejected::Invalid { pointer: pointer.into(), detail };
        if self.evidence.is_empty() || self.evidence.len() > MOST_EVIDENCE {
            return Err(invalid("/evidence", format!("name 1 to {MOST_EVIDENCE} pieces of evidence")));
        }
        if self.language.as_deref().is_some_and(|tag| !is_language(tag)) {
            return Err(invalid("/language", "use a language tag such as \"de\" or \"pt-BR\"".into()));
        }
        Ok(())
    }
}

/// Whether a text has the form of a language tag: subtags of 1 to 8 letters and digits, the first of 2 to 8 letters.
fn is_language(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let first = subtags.next().unwrap_or_default();
    tag.len() <= LANGUAGE_MAX
        && (2..=8).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && subtags.all(|s| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// How many events made it.
    pub version: u64,
    /// What is alleged.
    #[serde(flatten)]
    pub allegation: Allegation,
    /// When it came in.
    pub filed_at: Timestamp,
    /// Who brought it in.
    pub filed_by: Actor,
    /// How many others said the same and were joined to it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub joined: u64,
    /// What the account answered, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediation: Option<Remediation>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
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
pub enum Command {
    /// Bring it in.
    File(Allegation),
    /// Add what says the same again.
    Join(Allegation),
    /// Answer it.
    Remediate {
        /// What was done, in words.
        answer: Words,
    },
}

/// What happened to a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body", rename_all_fields = "camelCase")]
pub enum Event {
    /// It came in.
    #[serde(rename = "report.filed")]
    Filed(Allegation),
    /// The same was said again. It stays one report.
    #[serde(rename = "report.joined")]
    Joined(Allegation),
    /// The account answered.
    #[serde(rename = "report.remediated")]
    Remediated {
        /// What was done, in words.
        answer: Words,
    },
}

impl Event {
    /// What it alleges, where it alleges something.
    pub fn allegation(&self) -> Option<&Allegation> {
        match self {
            Self::Filed(allegation) | Self::Joined(allegation) => Some(allegation),
            Self::Remediated { .. } => None,
        }
    }
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
            (None, Command::File(allegation)) => {
                allegation.check()?;
                Event::Filed(allegation)
            }
            (Some(_), Command::File(_)) => {
                return Err(
                    Unmet::new(Guard::NameFree, format!("{id} is filed"), "file another report").into()
                );
            }
            (Some(report), Command::Join(allegation)) => {
                allegation.check()?;
                if !report.takes_in(context.now) {
                    return Err(Unmet::new(
                        Guard::InState,
                        format!("{id} is answered or too old to take in what says the same"),
                        "file another report",
                    )
                    .into());
                }
                Event::Joined(allegation)
            }
            (None, Command::Join(_) | Command::Remediate { .. }) => {
                return Err(Rejected::not_found("report", id));
            }
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

    /// Whether what says the same is joined to it at this moment: it is not answered, and not older than
    /// [`JOINED_WITHIN`].
    pub fn takes_in(&self, now: Timestamp) -> bool {
        self.remediation.is_none() && now.duration_since(self.filed_at) <= JOINED_WITHIN
    }

    /// The state after one more event; none where the event does not fit.
    pub fn apply(id: &ReportId, state: Option<Self>, recorded: &Recorded) -> Option<Self> {
        match (state, &recorded.event) {
            (None, Event::Filed(allegation)) => Some(Self {
                id: id.clone(),
                version: 1,
                allegation: allegation.clone(),
                filed_at: recorded.at,
                filed_by: recorded.actor.clone(),
                joined: 0,
                remediation: None,
            }),
            (Some(mut report), Event::Joined(_)) => {
                report.version += 1;
                report.joined += 1;
                Some(report)
            }
            (Some(mut report), Event::Remediated { answer }) => {
                report.version += 1;
                report.remediation =
                    Some(Remediation { at: recorded.at, by: recorded.actor.clone(), answer: answer.clone() });
                Some(report)
            }
            (None, Event::Joined(_) | Event::Remediated { .. }) | (Some(_), Event::Filed(_)) => None,
        }
    }
}

fn is_member(actor: &Actor, account: &AccountId) -> bool {
    matches!(actor, Actor::Member(of, _) if of == account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::System;
    use serde_json::json;

    fn words(n: u8) -> Words {
        Words::of_digest([n; 32])
    }

    fn allegation() -> Allegation {
        Allegation {
            ground: "incitement".parse().unwrap(),
            locator: words(1),
            statement: words(2),
            evidence: BTreeMap::from([(Blob::of_digest([3; 32]), "text/plain".to_owned())]),
            observed_at: None,
            contact: None,
            language: None,
            reference: None,
            format: None,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn recorded(now: &str, event: Event) -> Recorded {
        Recorded { at: at(now), actor: "person/rex".parse().unwrap(), event }
    }

    /// What decides about a report at a moment.
    fn decide(state: Option<&Report>, now: &str, command: Command) -> Result<Event, Rejected> {
        let actor = Actor::System(System::Bootstrap);
        let terms = crate::account::Book::default();
        let context = Context { now: at(now), actor: &actor, book: &terms };
        Report::decide(&"parley.r1".parse().unwrap(), state, command, &context).map(|mut e| e.remove(0).event)
    }

    #[test]
    fn a_report_that_was_written_before_the_new_fields_reads_and_is_written_the_same() {
        let body = json!({
            "ground": "incitement", "locator": words(1).as_str(), "statement": words(2).as_str(),
            "evidence": {Blob::of_digest([3; 32]).as_str(): "text/plain"}
        });
        let written = json!({"type": "report.filed", "body": body});
        let event: Event = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(event, Event::Filed(allegation()));
        assert_eq!(serde_json::to_value(&event).unwrap(), written);
        let id = "parley.r1".parse().unwrap();
        let report = Report::apply(&id, None, &recorded("2021-01-04T17:00:00Z", event)).unwrap();
        let mut state = body;
        state["id"] = json!("parley.r1");
        state["version"] = json!(1);
        state["filedAt"] = json!("2021-01-04T17:00:00Z");
        state["filedBy"] = json!("person/rex");
        assert_eq!(serde_json::to_value(&report).unwrap(), state);
        assert_eq!(serde_json::from_value::<Report>(state).unwrap(), report);
    }

    #[test]
    fn what_says_the_same_is_taken_in_for_thirty_days_and_not_after_the_answer() {
        let id = "parley.r1".parse().unwrap();
        let filed = recorded("2021-01-04T17:00:00Z", Event::Filed(allegation()));
        let report = Report::apply(&id, None, &filed).unwrap();
        let join = || Command::Join(allegation());
        decide(Some(&report), "2021-02-03T17:00:00Z", join()).unwrap();
        decide(Some(&report), "2021-02-03T17:00:01Z", join()).unwrap_err();
        decide(None, "2021-01-04T17:00:00Z", join()).unwrap_err();
        let joined = recorded("2021-01-05T17:00:00Z", Event::Joined(allegation()));
        let report = Report::apply(&id, Some(report), &joined).unwrap();
        assert_eq!((report.version, report.joined), (2, 1));
        let answered = recorded("2021-01-06T17:00:00Z", Event::Remediated { answer: words(9) });
        let report = Report::apply(&id, Some(report), &answered).unwrap();
        decide(Some(&report), "2021-01-06T17:00:00Z", join()).unwrap_err();
        assert!(Report::apply(&id, None, &joined).is_none());
    }

    #[test]
    fn a_language_is_a_tag() {
        for (tag, ok) in [
            ("de", true),
            ("pt-BR", true),
            ("zh-Hant-TW", true),
            ("", false),
            ("d", false),
            ("de-", false),
            ("de_DE", false),
            ("12", false),
            ("abcdefghi", false),
        ] {
            let allegation = Allegation { language: Some(tag.to_owned()), ..allegation() };
            let decided = decide(None, "2021-01-04T17:00:00Z", Command::File(allegation));
            match decided {
                Ok(_) => assert!(ok, "{tag:?}"),
                Err(Rejected::Invalid { pointer, .. }) => assert!(!ok && pointer == "/language", "{tag:?}"),
                Err(other) => panic!("{tag:?}: {other:?}"),
            }
        }
    }
}
