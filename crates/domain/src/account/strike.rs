//! What a breach leaves behind besides measures: strikes that harsher powers ask for, and fees. Both go when the case
//! they rest on is undone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Account;
use super::actor::Actor;
use super::case::Outcome;
use crate::name::{CaseId, FeeId, Ground, MeasureId};
use crate::refusal::{Guard, Unmet};
use crate::terms::{Power, Terms};
use crate::text::Words;

/// That a case lapsed, or that a measure of it took effect: at most one for each case, and only on grounds for which
/// the accepted terms have a power that asks for strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Strike {
    /// In which case.
    pub case: CaseId,
    /// On which ground.
    pub ground: Ground,
    /// Since when.
    pub at: Timestamp,
    /// When and why it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Undone>,
}

/// A charge for a breach. Whoever bills reads the event; Tenure moves no money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fee {
    /// Its id.
    pub id: FeeId,
    /// In which case.
    pub case: CaseId,
    /// For which measure, where it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<MeasureId>,
    /// How much.
    pub amount: Amount,
    /// Why, in words.
    pub why: Words,
    /// When it was charged.
    pub at: Timestamp,
    /// Who charged it.
    pub by: Actor,
    /// When and why it was reversed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversed: Option<Undone>,
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Amount {
    /// In the currency's minor units, such as cents.
    pub minor_units: u64,
    /// The currency's code (ISO 4217), such as `USD`.
    pub currency: String,
}

impl Amount {
    /// What is wrong with it: a field and what would be right.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        let code = self.currency.len() == 3 && self.currency.bytes().all(|b| b.is_ascii_uppercase());
        if self.minor_units == 0 || self.minor_units > 1_000_000_000 {
            Some(("/minorUnits", "from 1 to 1000000000"))
        } else if code {
            None
        } else {
            Some(("/currency", "write the three capital letters of ISO 4217, such as USD"))
        }
    }
}

/// When and why something was undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Undone {
    /// When.
    pub at: Timestamp,
    /// How its case ended.
    pub because: Outcome,
}

impl Account {
    /// The strikes on a ground that stand.
    pub fn strikes_on(&self, ground: &Ground) -> usize {
        self.strikes.iter().filter(|s| &s.ground == ground && s.removed.is_none()).count()
    }

    /// Law 4: a power that asks for strikes is used only while so many stand.
    pub(super) fn strike_guard(&self, power: &Power, ground: &Ground) -> Option<Unmet> {
        let needed = power.strikes?.at_least;
        let have = self.strikes_on(ground);
        (have < usize::from(needed)).then(|| {
            Unmet::new(
                Guard::Struck,
                format!("power {} asks for {needed} strikes on {ground}; {have} stand", power.id),
                "use a power that asks for fewer",
            )
        })
    }
}

/// Whether the terms count strikes on a ground.
pub(super) fn counts(terms: &Terms, ground: &Ground) -> bool {
    terms.powers.iter().any(|p| p.strikes.is_some() && p.grounds.contains(ground))
}

/// Whether a cure removes the strike on a ground.
pub(super) fn cure_removes(terms: &Terms, ground: &Ground) -> bool {
    let on = |p: &&Power| p.grounds.contains(ground);
    terms.powers.iter().filter(on).filter_map(|p| p.strikes).any(|s| s.cure_removes)
}
