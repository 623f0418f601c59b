//! What withholds capabilities from a scope.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::parity::Compared;
use super::watch::{Lifts, Watch};
use crate::authority::Authority;
use crate::balancers::Balancers;
use crate::capability::{Capability, Preset};
use crate::name::{AppealId, CaseId, MeasureId, OrderId, PersonId, PowerId};
use crate::scope::Scope;
use crate::terms::{ApproverRole, TermsRef};
use crate::text::{Blob, Words};
use crate::throttle::Throttle;

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
    /// Everyone who proposed, approved or ratified it, or what it replaces, also where an amendment voided the approval.
    pub took_part: BTreeSet<PersonId>,
    /// How many approvals the power asks for; none for an emergency measure.
    pub approvals_needed: u8,
    /// Which roles are among those who consent; none named for approvers alone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub approver_roles: BTreeSet<ApproverRole>,
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
    /// The measure in whose place an appeal put this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<MeasureId>,
    /// What is watched of it while it stands.
    #[serde(default, skip_serializing_if = "Watch::is_empty")]
    pub watch: Watch,
}

/// Why a measure may exist.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum Basis {
    /// A power of the accepted terms, in a case.
    #[default]
    Power,
    /// An order that stands.
    Order {
        /// Which.
        order: OrderId,
    },
    /// The account itself asked for it.
    AccountHolder,
}

impl Basis {
    /// Whether it is a power of the terms.
    pub fn is_power(&self) -> bool {
        *self == Self::Power
    }

    /// The order, where it is one.
    pub fn order(&self) -> Option<&OrderId> {
        match self {
            Self::Order { order } => Some(order),
            Self::Power | Self::AccountHolder => None,
        }
    }
}

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// In which case; none where the account asked for it, and where an order commands it that brings no case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// Under which terms.
    pub terms: TermsRef,
    /// Under which power of them; none where its basis is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power: Option<PowerId>,
    /// Why it may exist.
    #[serde(default, skip_serializing_if = "Basis::is_power")]
    pub basis: Basis,
    /// In whose name it stands.
    #[serde(default, skip_serializing_if = "Authority::is_operator")]
    pub authority: Authority,
    /// What kind of measure.
    pub preset: Preset,
    /// What it withholds.
    pub withholds: BTreeSet<Capability>,
    /// How much computing time it leaves, where it is throttling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    /// What becomes of load balancers meanwhile.
    #[serde(default, skip_serializing_if = "Balancers::is_kept")]
    pub load_balancers: Balancers,
    /// From what.
    pub scope: Scope,
    /// The moment from which it is to take effect.
    pub effective: Timestamp,
    /// Why, in words.
    pub why: Words,
    /// Why nothing less would do, in words, where something less exists and was not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not_less: Option<Words>,
    /// When it lifts by itself.
    #[serde(default, skip_serializing_if = "Lifts::is_empty")]
    pub lifts: Lifts,
}

impl Proposal {
    /// Whether the account can do less while it is in effect.
    pub fn restricts(&self) -> bool {
        !self.withholds.is_empty() || self.throttle.is_some()
    }
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
    /// The roles that the person held then.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: BTreeSet<String>,
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
    /// The review that follows when it is provisional no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<EmergencyReview>,
}

/// The review of an emergency measure that was ratified, lifted or lapsed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmergencyReview {
    /// Who applied the measure, and applies no other until it is reviewed.
    pub applied_by: PersonId,
    /// By when it is to be done.
    pub due: Timestamp,
    /// When that passed without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue: Option<Timestamp>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Reviewed>,
}

/// What the review of an emergency measure found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reviewed {
    /// By whom: someone who took no part in the measure.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Whether it was right.
    pub finding: Finding,
    /// What happened, in words.
    pub account: Words,
}

/// Whether an emergency measure was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It was.
    Right,
    /// It was not.
    Wrong,
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
    /// An appeal put a lesser measure in its place.
    Modified {
        /// Which.
        appeal: AppealId,
    },
    /// Somebody whose consent was asked denied it.
    Denied {
        /// Who.
        by: PersonId,
        /// Why, in words.
        why: Words,
    },
    /// The order it rested on no longer stands.
    Vacated {
        /// Which.
        order: OrderId,
    },
    /// A strike without which its power may not be used was removed.
    StrikeRemoved {
        /// The case of that strike.
        case: CaseId,
    },
    /// The conditions that were set for its end are met.
    ConditionsMet,
    /// The moment that was set for its end has come.
    Expired,
    /// It had lasted until it was a termination in all but name, and nobody made one of it, nor gave it an end.
    ConstructiveTermination,
}

impl Measure {
    /// Whether its effect is to be on the cluster: applying or in force, and not stayed.
    pub fn is_effective(&self) -> bool {
        matches!(self.state, MeasureState::Applying { .. } | MeasureState::InForce { .. })
    }

    /// Whether it ends the account.
    pub fn terminates(&self) -> bool {
        self.proposal.preset == Preset::Terminate
    }

    /// Whether it is over, or being undone.
    pub fn is_ending(&self) -> bool {
        self.is_over() || matches!(self.state, MeasureState::Lifting { .. })
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.state, MeasureState::Lifted { .. } | MeasureState::Withdrawn { .. })
    }

    /// Whether it waits for consent, also while an order suspends it.
    pub fn awaits_approval(&self) -> bool {
        matches!(self.state, MeasureState::Proposed | MeasureState::Stayed { from: StayedFrom::Proposed, .. })
    }

    /// Whether something of it may still be on the cluster that should not be.
    pub fn awaits_restoration(&self) -> bool {
        matches!(
            self.state,
            MeasureState::Lifting { .. }
                | MeasureState::Stayed { from: StayedFrom::Effective { restored: None }, .. }
        )
    }

    /// Whether an order suspends its effect, and it is of this case.
    pub(super) fn is_stayed_in(&self, case: &CaseId) -> bool {
        self.proposal.case.as_ref() == Some(case) && matches!(self.state, MeasureState::Stayed { .. })
    }

    /// Whether this person took part in it: proposed, approved, denied, ratified or reviewed it.
    pub fn involves(&self, person: &PersonId) -> bool {
        let reviewed = self.emergency_review().and_then(|r| r.done.as_ref()).is_some_and(|d| &d.by == person);
        reviewed || self.took_part.contains(person)
    }

    /// The review that it owes or got, where it was an emergency measure that is provisional no more.
    pub fn emergency_review(&self) -> Option<&EmergencyReview> {
        self.emergency.as_ref().and_then(|e| e.review.as_ref())
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
