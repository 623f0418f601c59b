//! Numbers over all accounts that follow from events: what became of a rule's cases, and who owes a review. They are
//! raised in the transaction that commits the events.

use tenure_domain::account::event::Event;
use tenure_domain::account::{Actor, Recorded};
use tenure_domain::name::{PersonId, RuleId};
use tenure_domain::refusal::{Guard, Rejected, Unmet};
use tenure_store::{StoreError, Write};

use crate::EngineError;
use crate::engine::Engine;

/// What a rule brought about, since Tenure counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleRecord {
    /// How many matches went on the record.
    pub matched: u64,
    /// How many cases it opened.
    pub opened: u64,
    /// How many of those an appeal overturned.
    pub overturned: u64,
}

fn of_rule(rule: &RuleId, what: &str) -> String {
    format!("rule_record/{rule}/{what}")
}

fn reviews_of(person: &PersonId) -> String {
    format!("reviews_owed/{person}")
}

/// Raises the numbers that an event changes.
pub(crate) async fn count(write: &mut Write, recorded: &Recorded) -> Result<(), StoreError> {
    let (name, by) = match (&recorded.event, &recorded.actor) {
        (Event::RuleMatched { rule, .. }, _) => (of_rule(rule, "matched"), 1),
        (Event::CaseOpened { .. }, Actor::Rule(rule)) => (of_rule(rule, "opened"), 1),
        (Event::RuleOverturned { rule, .. }, _) => (of_rule(rule, "overturned"), 1),
        (Event::EmergencyReviewDue { applied_by, .. }, _) => (reviews_of(applied_by), 1),
        (Event::EmergencyReviewed { applied_by, .. }, _) => (reviews_of(applied_by), -1),
        _ => return Ok(()),
    };
    write.count(&name, by).await.map(drop)
}

/// Law 5: whoever applied an emergency measure that is over applies no other, to any account, until it was reviewed.
pub(crate) async fn owes_no_review(write: &mut Write, person: &PersonId) -> Result<(), EngineError> {
    if write.count(&reviews_of(person), 0).await? <= 0 {
        return Ok(());
    }
    Err(Rejected::from(Unmet::new(
        Guard::Reviewed,
        format!("{person} applied an emergency measure to another account, and nobody has reviewed that yet"),
        "somebody who took no part in it records what happened and whether it was right",
    ))
    .into())
}

impl Engine {
    /// What became of a rule's matches.
    pub async fn rule_record(&self, rule: &RuleId) -> Result<RuleRecord, EngineError> {
        let read = async |what: &str| -> Result<u64, EngineError> {
            let counted = self.inner.store.counter(&of_rule(rule, what)).await?;
            Ok(u64::try_from(counted).unwrap_or_default())
        };
        Ok(RuleRecord {
            matched: read("matched").await?,
            opened: read("opened").await?,
            overturned: read("overturned").await?,
        })
    }
}
