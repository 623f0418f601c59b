//! Signals that a person found to be false.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Account;
use super::actor::Actor;
use crate::calendar::Deadline;
use crate::name::{CaseId, Ground, ReportId, RuleId};
use crate::refusal::{Guard, Unmet};
use crate::terms::Terms;
use crate::text::Words;

/// What a rule saw when it opened a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signal {
    /// Which rule.
    pub rule: RuleId,
    /// The facts that it read.
    pub facts: BTreeMap<String, String>,
}

/// A signal that a person found to be false: until a stated moment nothing is opened on it again. Reports that came
/// later are no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cleared {
    /// On which ground.
    pub ground: Ground,
    /// The case that was withdrawn with it, where one was open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// What a rule saw, where one had opened the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<Signal>,
    /// The number of the last report that belongs to it: all up to this one do.
    pub reports: u32,
    /// Why it is false, in words.
    pub why: Words,
    /// When.
    pub at: Timestamp,
    /// Who found it.
    pub by: Actor,
    /// Until when.
    pub until: Deadline,
}

impl Account {
    /// The signal that was cleared on a ground and still is at `now`, the latest.
    pub fn cleared_on(&self, ground: &Ground, now: Timestamp) -> Option<&Cleared> {
        self.cleared.iter().rev().find(|c| &c.ground == ground && now < c.until.at)
    }

    /// The number of the last report that counts no more for cases on a ground at `now`: a person found what was
    /// reported up to it to be false. 0 where none did.
    pub fn cleared_reports(&self, ground: &Ground, now: Timestamp) -> u32 {
        let standing = self.cleared.iter().filter(|c| &c.ground == ground && now < c.until.at);
        standing.map(|c| c.reports).max().unwrap_or(0)
    }

    /// Law 10: what a person cleared opens nothing again on the same reports.
    pub(super) fn cleared_guard(
        &self,
        ground: &Ground,
        reports: &[ReportId],
        now: Timestamp,
        terms: &Terms,
    ) -> Option<Unmet> {
        let cleared = self.cleared_on(ground, now)?;
        let last = self.cleared_reports(ground, now);
        if reports.iter().any(|r| r.number() > last) {
            return None;
        }
        Some(
            Unmet::new(
                Guard::NotCleared,
                format!(
                    "{} cleared this signal on {ground} on {}, and no report is named that came after {}.r{last}",
                    cleared.by,
                    terms.calendar.local(cleared.at),
                    self.id
                ),
                format!("name a report that came later, or wait until {}", terms.calendar.local(cleared.until.at)),
            )
            .not_before(cleared.until.at),
        )
    }
}
