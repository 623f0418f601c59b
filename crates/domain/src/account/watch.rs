//! What is watched of a measure while it stands: when it lifts by itself, who confirmed it, when it is looked at again,
//! and when it has become a termination in all but name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Account;
use super::case::ItemState;
use super::measure::{Measure, MeasureState};
use crate::calendar::Deadline;
use crate::capability::{Capability, Enforcer};
use crate::name::{ItemId, PersonId};
use crate::text::Blob;

/// How long a measure is in force before somebody has to look at it again.
pub const REVIEW_EVERY: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How long a suspension that has become a termination in all but name stands before it lifts by itself, where nobody
/// gave it conditions or an end, or made a termination of it.
pub const CONSTRUCTIVE_GRACE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// When a measure lifts by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lifts {
    /// At this moment, whatever else is the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// As soon as all of these items of its case are met, also before that moment. None for no such condition.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub when: BTreeSet<ItemId>,
}

impl Lifts {
    /// Whether nothing lifts it by itself.
    pub fn is_empty(&self) -> bool {
        self.ends.is_none() && self.when.is_empty()
    }
}

/// What is watched of a measure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Watch {
    /// When it lifts by itself, where that was set after it was proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifts: Option<Lifts>,
    /// The declared capabilities whose enforcer said that they are withheld, and has not given them back since.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub acknowledged: BTreeMap<Capability, Acknowledgement>,
    /// The receipt of the cluster's part, while other enforcers are waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Blob>,
    /// When somebody last looked at it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<Timestamp>,
    /// Since when a review is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_overdue: Option<Timestamp>,
    /// Until when it can last without becoming a termination in all but name: counted from when it first took effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Deadline>,
    /// When it lifts by itself because it lasted past that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constructive: Option<Timestamp>,
}

/// What an enforcer said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledgement {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

impl Watch {
    /// Whether there is nothing to watch.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Measure {
    /// When it lifts by itself.
    pub fn lifts(&self) -> &Lifts {
        self.watch.lifts.as_ref().unwrap_or(&self.proposal.lifts)
    }

    /// What it withholds that other systems enforce.
    pub fn declared(&self) -> impl Iterator<Item = Capability> {
        self.proposal.withholds.iter().copied().filter(|c| c.enforcer() == Enforcer::Declared)
    }

    /// What other systems have still to confirm in its present state: that they withhold it, or gave it back.
    pub fn unacknowledged(&self) -> Vec<Capability> {
        if self.is_effective() {
            self.declared().filter(|c| !self.watch.acknowledged.contains_key(c)).collect()
        } else {
            self.watch.acknowledged.keys().copied().collect()
        }
    }

    /// When somebody has to look at it again, while it is in force; nobody reviews what the account asked for itself.
    pub fn review_due(&self) -> Option<Timestamp> {
        let MeasureState::InForce { since, .. } = self.state else { return None };
        if self.proposal.basis == super::measure::Basis::AccountHolder {
            return None;
        }
        let from = self.watch.reviewed.map_or(since, |at| at.max(since));
        from.checked_add(REVIEW_EVERY).ok()
    }

    /// When it becomes a termination in all but name: it has no end, no condition is set for it, and its bound is past.
    pub(super) fn constructive_from(&self) -> Option<Timestamp> {
        let open = self.is_effective() && self.lifts().is_empty();
        if open { self.watch.bound.as_ref().map(|bound| bound.at) } else { None }
    }
}

impl Account {
    /// Whether every condition for the end of a measure is met.
    pub(super) fn conditions_met(&self, measure: &Measure) -> bool {
        let lifts = measure.lifts();
        let Some(case) = measure.proposal.case.as_ref().and_then(|id| self.case(id).ok()) else {
            return false;
        };
        let met = |id| case.item(id).is_some_and(|item| matches!(item.state, ItemState::Met { .. }));
        !lifts.when.is_empty() && lifts.when.iter().all(met)
    }
}
