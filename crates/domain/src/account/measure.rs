//! What withholds capabilities from a scope.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::parity::Compared;
use crate::capability::{Capability, Preset};
use crate::name::{AppealId, CaseId, MeasureId, OrderId, PersonId, PowerId};
use crate::scope::Scope;
use crate::terms::TermsRef;
use crate::text::{Blob, Words};

/// A measure: `proposed → approved → scheduled → applying → in_force → lifting → lifted`, and `stayed` while an order
/// suspends its effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measure {
    /// Its id.
    pub id: MeasureId,
    /// What was proposed; immutable but for amendments, each of which voids the approvals.
    pub proposal: Proposal,
    /// SHA-256 of the proposal's canonical JSON, in hexadecimal digits: what an approval is bound to.
    pub command_hash: String,
    /// Who proposed it.
    pub proposed_by: Actor,
    /// When.
    pub proposed_at: Timestamp,
    /// Approvals that count for the command as it stands.
    pub approvals: Vec<Approval>,
    /// Everyone who proposed, approved or ratified it, also where an amendment voided the approval.
    pub took_part: BTreeSet<PersonId>,
    /// How many approvals the power asks for; none for an emergency measure.
    pub approvals_needed: u8,
    /// The provisional part of an emergency measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Emergency>,
    /// What it was compared with when it was proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parity: Option<Compared>,
    /// Where it stands.
    pub state: MeasureState,
    /// When it first took effect, if it ever did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_effect: Option<Timestamp>,
    /// The longest time that a stopped pod is given to end, in seconds.
    pub pod_grace_seconds: u32,
}

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// In which case.
    pub case: CaseId,
    /// Under which terms.
    pub terms: TermsRef,
    /// Under which power of them.
    pub power: PowerId,
    /// What kind of measure.
    pub preset: Preset,
    /// What it withholds.
    pub withholds: BTreeSet<Capability>,
    /// From what.
    pub scope: Scope,
    /// The moment from which it is to take effect.
    pub effective: Timestamp,
    /// Why, in words.
    pub why: Words,
    /// Why nothing less would do, in words, where something less exists and was not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not_less: Option<Words>,
}

/// A person's consent to one exact command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Whose.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// The hash of the command that was approved.
    pub command_hash: String,
}

/// What makes an emergency measure provisional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Emergency {
    /// It lifts by itself unless ratified before this moment.
    pub ratify_by: Timestamp,
    /// Its notice has to go out before this moment.
    pub notice_by: Timestamp,
    /// Who ratified it, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratified: Option<Approval>,
}

/// Where a measure stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum MeasureState {
    /// Awaiting approvals.
    Proposed,
    /// Approved; not scheduled, or taken off the schedule because a guard was not met when it came due.
    Approved {
        /// What stood in the way, in words, when it came due.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        blocked: Option<String>,
    },
    /// It takes effect at the moment named, if every guard is met then.
    Scheduled {
        /// The moment.
        at: Timestamp,
    },
    /// It takes effect; the cluster is being brought there.
    Applying {
        /// Since when.
        since: Timestamp,
    },
    /// Observed to be in effect.
    InForce {
        /// Since when.
        since: Timestamp,
        /// The signed receipt.
        receipt: Blob,
    },
    /// An order suspends its effect.
    Stayed {
        /// Since when.
        since: Timestamp,
        /// Which order.
        order: OrderId,
        /// Where it stood.
        from: StayedFrom,
    },
    /// Being undone.
    Lifting {
        /// Since when.
        since: Timestamp,
        /// Why.
        reason: LiftReason,
    },
    /// Observed to be undone.
    Lifted {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: LiftReason,
        /// The signed receipt of the restoration.
        receipt: Blob,
    },
    /// Never took effect, and never will.
    Withdrawn {
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: LiftReason,
    },
}

/// Where a stayed measure stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "was")]
pub enum StayedFrom {
    /// Awaiting approvals.
    Proposed,
    /// Approved.
    Approved,
    /// Scheduled.
    Scheduled {
        /// For when.
        at: Timestamp,
    },
    /// In effect, or on the way there: what it did is undone while the order stands.
    Effective {
        /// The signed receipt of the restoration, once observed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restored: Option<Blob>,
    },
}

/// Why a measure ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "because")]
pub enum LiftReason {
    /// A person decided so.
    Decision {
        /// Who.
        by: Actor,
        /// Why, in words.
        why: Words,
    },
    /// All that was asked is done.
    Cured,
    /// The case was taken back.
    Withdrawn,
    /// Nobody else ratified the emergency measure in time.
    NotRatified,
    /// An appeal succeeded.
    Overturned {
        /// Which.
        appeal: AppealId,
    },
}

impl Measure {
    /// Whether its effect is to be on the cluster: applying or in force, and not stayed.
    pub fn is_effective(&self) -> bool {
        matches!(self.state, MeasureState::Applying { .. } | MeasureState::InForce { .. })
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.state, MeasureState::Lifted { .. } | MeasureState::Withdrawn { .. })
    }

    /// Whether something of it may still be on the cluster that should not be.
    pub fn awaits_restoration(&self) -> bool {
        matches!(
            self.state,
            MeasureState::Lifting { .. }
                | MeasureState::Stayed { from: StayedFrom::Effective { restored: None }, .. }
        )
    }

    /// Whether this person took part in it.
    pub fn involves(&self, person: &PersonId) -> bool {
        self.took_part.contains(person)
    }

    /// The state's name in the API.
    pub fn state_name(&self) -> &'static str {
        match self.state {
            MeasureState::Proposed => "proposed",
            MeasureState::Approved { .. } => "approved",
            MeasureState::Scheduled { .. } => "scheduled",
            MeasureState::Applying { .. } => "applying",
            MeasureState::InForce { .. } => "in_force",
            MeasureState::Stayed { .. } => "stayed",
            MeasureState::Lifting { .. } => "lifting",
            MeasureState::Lifted { .. } => "lifted",
            MeasureState::Withdrawn { .. } => "withdrawn",
        }
    }
}
