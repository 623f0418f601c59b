//! The end of an account: from the termination's effect over the retrieval period to the deletion and its certificate.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::erasure::Included;
use super::measure::Approval;
use crate::calendar::Deadline;
use crate::name::{MeasureId, NoticeId};
use crate::period::Period;
use crate::text::{Blob, Words};

/// How many reminders of the end of the retrieval period are served before anything may be deleted.
pub const REMINDERS: u8 = 3;

/// How long a proposal to delete waits for its quorum, in hours.
pub const QUORUM_HOURS: i64 = 24;

/// The fewest people other than the proposer who consent to a deletion, whatever the power says.
pub const QUORUM_LEAST: u8 = 2;

/// How far an account is: `active → closing → closed`. A termination that is undone makes it active again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum Lifecycle {
    /// It goes on.
    #[default]
    Active,
    /// A termination took effect: its data can be fetched.
    Closing(Box<Closing>),
    /// Over.
    Closed {
        /// Since when.
        at: Timestamp,
        /// The measure that ended it.
        measure: MeasureId,
        /// What was deleted, when, and by whose consent: a signed note.
        certificate: Blob,
    },
}

/// The time between the end and the deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Closing {
    /// The measure that ends it.
    pub measure: MeasureId,
    /// Since when.
    pub since: Timestamp,
    /// How long the power lets the account fetch its data; none where the terms no longer said when it took effect.
    pub retrieval: Option<Period>,
    /// The floor of the terms for that.
    pub floor: Option<Period>,
    /// How many people other than the proposer have to consent to the deletion.
    pub quorum: u8,
    /// The notice whose service began the retrieval period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<NoticeId>,
    /// When that was served, and the period's end by the terms' calendar; none before, and where the calendar knew none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrieve: Option<Retrieve>,
    /// The reminders, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reminders: Vec<Reminder>,
    /// A deletion that is proposed or approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
}

/// The retrieval period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retrieve {
    /// From the service of the notice.
    pub from: Timestamp,
    /// To here: the later of what the power and the floor promise.
    pub ends: Deadline,
}

/// A reminder of the end of the retrieval period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reminder {
    /// When it came due.
    pub due_at: Timestamp,
    /// The notice that carries it, once issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<NoticeId>,
}

/// A deletion that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deletion {
    /// Who proposed it.
    pub proposed_by: Actor,
    /// When.
    pub proposed_at: Timestamp,
    /// Why, in words.
    pub why: Words,
    /// What a consent is bound to.
    pub command_hash: String,
    /// The consents.
    pub consents: Vec<Approval>,
    /// Whether there are enough of them.
    pub approved: bool,
    /// What is in the environments and none of ours, and goes with them by this decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub including: Vec<Included>,
    /// When it was begun: from then on something may be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
}

impl Lifecycle {
    /// Whether the account goes on.
    pub fn is_active(&self) -> bool {
        *self == Self::Active
    }

    /// Whether it is over for good.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }

    /// The name in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Closing(_) => "closing",
            Self::Closed { .. } => "closed",
        }
    }

    /// The time before the deletion, where it runs.
    pub fn closing(&self) -> Option<&Closing> {
        match self {
            Self::Closing(closing) => Some(closing),
            Self::Active | Self::Closed { .. } => None,
        }
    }

    pub(super) fn closing_mut(&mut self) -> Option<&mut Closing> {
        match self {
            Self::Closing(closing) => Some(closing),
            Self::Active | Self::Closed { .. } => None,
        }
    }
}

impl Closing {
    /// When the next reminder comes due, and its number from 1; one follows the other at quarters of the period.
    pub(super) fn next_reminder(&self) -> Option<(u8, Timestamp)> {
        let retrieve = self.retrieve.as_ref()?;
        let number = u8::try_from(self.reminders.len()).ok()?.checked_add(1).filter(|n| *n <= REMINDERS)?;
        let from = retrieve.from.as_microsecond();
        let quarter = retrieve.ends.at.as_microsecond().checked_sub(from)? / i64::from(REMINDERS + 1);
        let due = Timestamp::from_microsecond(from + quarter * i64::from(number)).ok()?;
        Some((number, due))
    }

    /// The notice that was issued with this number: 0 for the one that begins the period.
    pub fn notice(&self, number: u8) -> Option<&NoticeId> {
        match number.checked_sub(1) {
            None => self.notice.as_ref(),
            Some(reminder) => self.reminders.get(usize::from(reminder))?.notice.as_ref(),
        }
    }
}
