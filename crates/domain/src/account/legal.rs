//! Orders, holds and appeals: what comes from outside the provider's own will.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Account;
use super::actor::Actor;
use crate::capability::Preset;
use crate::name::{AppealId, CaseId, HoldId, MeasureId, OrderId, PersonId};
use crate::scope::Scope;
use crate::text::{Blob, Words};

/// A court's or authority's command with an explicit scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// What it commands.
    pub kind: OrderKind,
    /// For what.
    pub scope: Scope,
    /// Who gave it and under which reference, in words.
    pub authority: Words,
    /// The document.
    pub document: Blob,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who recorded it.
    pub recorded_by: Actor,
    /// When and why it ceased to stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vacated: Option<Ended>,
    /// By when what it commands has to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// That it was observed to be done, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complied: Option<Compliance>,
    /// When its deadline passed without that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Timestamp>,
    /// Where exactly in the scope the content is that has to go, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locator: Option<Words>,
    /// For how long the account is not told, where it is a gag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gag: Option<Gag>,
}

impl Order {
    /// Whether it stands: neither vacated nor, where it is a gag, past its written end.
    pub fn stands(&self) -> bool {
        self.vacated.is_none() && self.gag.as_ref().is_none_or(|g| g.ended.is_none())
    }
}

/// That what an order commands was observed to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compliance {
    /// When it was observed.
    pub at: Timestamp,
    /// The seconds that were left until the deadline; negative where it was missed by so much.
    pub margin_seconds: i64,
}

/// What a gag delays, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gag {
    /// The case whose notices it covers too, whatever they are about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// Its written end: it ends by itself there.
    pub until: Timestamp,
    /// By when somebody with the legal role looks whether it is still needed.
    pub recheck_by: Timestamp,
    /// When that was last missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Timestamp>,
    /// When it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// What an order commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// No measure takes effect; those in effect are undone while it stands.
    Stay,
    /// Service is restored, and no measure takes effect while it stands.
    Reinstate,
    /// Nothing that persists is deleted. What running pods hold is preserved by a hold on the running state.
    Preserve,
    /// Content is taken off the network, at once and on the smallest scope.
    Remove,
    /// The account is not told yet of what lies in the scope.
    Gag,
}

impl OrderKind {
    /// Whether it suspends the effect of measures.
    pub fn stays_measures(self) -> bool {
        matches!(self, Self::Stay | Self::Reinstate)
    }

    /// Whether two orders of these kinds, for what they have in common, cannot both be followed.
    pub fn contradicts(self, other: Self) -> bool {
        (self == Self::Remove && other.stays_measures()) || (other == Self::Remove && self.stays_measures())
    }

    /// Whether it can be the basis of this measure, asked for later. A removal brings its own with its record.
    pub fn commands(self, preset: Preset) -> bool {
        match self {
            Self::Stay | Self::Reinstate | Self::Remove | Self::Gag => false,
            // What may not be lost may have to stay as it is.
            Self::Preserve => preset == Preset::Freeze,
        }
    }

    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stay => "stay",
            Self::Reinstate => "reinstate",
            Self::Preserve => "preserve",
            Self::Remove => "remove",
            Self::Gag => "gag",
        }
    }
}

/// Preservation: while one is active nothing of its scope may be deleted or expire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Of what.
    pub scope: Scope,
    /// Whether it also preserves what running pods hold in memory and local files, which a stop would lose.
    pub running_state: bool,
    /// Why, in words.
    pub why: Words,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Who placed it.
    pub placed_by: Actor,
    /// When and why it was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Ended>,
}

/// When, by whom and why something stopped standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// Why, in words.
    pub why: Words,
}

/// The account's challenge of a measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Appeal {
    /// Its id.
    pub id: AppealId,
    /// Of which measure.
    pub measure: MeasureId,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// By whom.
    pub filed_by: Actor,
    /// On what grounds, in words.
    pub grounds: Words,
    /// How it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<AppealDecision>,
    /// By when the terms promise a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decide_by: Option<Timestamp>,
    /// When that passed without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue: Option<Timestamp>,
    /// Who is to decide it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<PersonId>,
}

/// How an appeal was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppealDecision {
    /// The outcome.
    pub outcome: AppealOutcome,
    /// By whom: someone who took no part in the measure.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why, in words.
    pub why: Words,
}

/// The outcome of an appeal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppealOutcome {
    /// The measure stands.
    Upheld,
    /// A lesser one takes its place.
    Modified,
    /// The measure and its case are undone.
    Overturned,
}

impl Account {
    /// How many appeals against measures of a case succeeded.
    pub(super) fn overturned_in(&self, case: &CaseId) -> usize {
        let succeeded = |a: &&Appeal| {
            let of_case = self.measure(&a.measure).is_ok_and(|m| m.proposal.case.as_ref() == Some(case));
            of_case && a.decided.as_ref().is_some_and(|d| d.outcome == AppealOutcome::Overturned)
        };
        self.appeals.iter().filter(succeeded).count()
    }
}
