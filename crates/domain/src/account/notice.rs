//! A legal act with required contents, delivered on channels.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use crate::calendar::Deadline;
use crate::name::{AppealId, CaseId, ItemId, MeasureId, NoticeId, OrderId, PowerId};
use crate::terms::Channel;
use crate::text::{Blob, Words};

/// A notice: `issued → served` or `undeliverable`. Its clocks start when it is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// The case it belongs to.
    pub case: CaseId,
    /// What it says.
    pub kind: NoticeKind,
    /// The letter, as it was issued.
    pub letter: Blob,
    /// Its statement of reasons; none where it was issued before statements were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Blob>,
    /// The number of the account's event that called for it; none where a person or a rule issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_by: Option<u64>,
    /// The items it asks for.
    pub items: Vec<ItemId>,
    /// Why, in words.
    pub why: Words,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Who issued it.
    pub issued_by: Actor,
    /// What was tried to deliver it.
    pub attempts: Vec<Attempt>,
    /// What was tried and failed. It starts no clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Failure>,
    /// When delivery is tried again on the channels that refused the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// The channel that refused it again and again while another took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// When the terms' deemed rule makes it served: counted from the first attempt; none where the terms say never.
    pub deemed: Option<Deadline>,
    /// Whether it is served.
    pub state: NoticeState,
    /// Reminders that went out.
    pub reminded: Vec<Reminder>,
    /// For how long its clocks stood still since it was served, in microseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub stood_still: i64,
    /// The gag because of which it is not delivered yet, and not seen by the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delayed: Option<OrderId>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(micros: &i64) -> bool {
    *micros == 0
}

/// What a notice says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum NoticeKind {
    /// What is wrong, and by when it has to be put right.
    Violation {
        /// The power that may be used after its cure period.
        power: PowerId,
    },
    /// That the provider intends to use a power.
    Intent {
        /// The power.
        power: PowerId,
    },
    /// Both in one.
    ViolationAndIntent {
        /// The power.
        power: PowerId,
    },
    /// That an emergency measure was taken.
    Emergency {
        /// The measure.
        measure: MeasureId,
    },
    /// That content was removed because an order commands it.
    Removal {
        /// The measure.
        measure: MeasureId,
    },
    /// That the account has ended and for how long its data can be fetched.
    Retrieval {
        /// The measure that ended it.
        measure: MeasureId,
        /// 0 for the notice whose service begins the retrieval period, from 1 for its reminders.
        number: u8,
    },
    /// That a measure which ends nothing took effect.
    Suspension {
        /// The measure.
        measure: MeasureId,
    },
    /// That the account was ended.
    Termination {
        /// The measure.
        measure: MeasureId,
    },
    /// That a period ends later than it did.
    Extension {
        /// The notice that started it.
        notice: NoticeId,
    },
    /// That a measure is over, or will not take effect.
    Lift {
        /// The measure.
        measure: MeasureId,
    },
    /// How an appeal was decided.
    AppealOutcome {
        /// The appeal.
        appeal: AppealId,
    },
}

impl NoticeKind {
    /// The power whose cure period it starts.
    pub fn starts_cure(&self) -> Option<&PowerId> {
        match self {
            Self::Violation { power } | Self::ViolationAndIntent { power } => Some(power),
            _ => None,
        }
    }

    /// The power whose notice period it starts.
    pub fn starts_notice(&self) -> Option<&PowerId> {
        match self {
            Self::Intent { power } | Self::ViolationAndIntent { power } => Some(power),
            _ => None,
        }
    }

    /// Whether it says that something is wrong or about to follow, before anything does.
    pub fn accuses(&self) -> bool {
        self.starts_cure().is_some() || self.starts_notice().is_some()
    }

    /// Whether it is one of those that tell the account that a measure took effect.
    pub fn tells_of_effect(&self) -> bool {
        self.measure().is_some() && !matches!(self, Self::Lift { .. })
    }

    /// The measure that it tells of, where it tells of one. A reminder repeats what was told.
    pub fn measure(&self) -> Option<&MeasureId> {
        match self {
            Self::Emergency { measure }
            | Self::Suspension { measure }
            | Self::Termination { measure }
            | Self::Lift { measure }
            | Self::Removal { measure }
            | Self::Retrieval { measure, number: 0 } => Some(measure),
            Self::Violation { .. }
            | Self::Intent { .. }
            | Self::ViolationAndIntent { .. }
            | Self::Extension { .. }
            | Self::AppealOutcome { .. }
            | Self::Retrieval { .. } => None,
        }
    }

    /// In words.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Violation { .. } => "violation notice",
            Self::Intent { .. } => "notice of intent",
            Self::ViolationAndIntent { .. } => "violation notice and notice of intent",
            Self::Emergency { .. } => "notice of an emergency measure",
            Self::Removal { .. } => "notice of a removal under an order",
            Self::Retrieval { number: 0, .. } => "notice of the time to fetch your data",
            Self::Retrieval { .. } => "reminder of the time to fetch your data",
            Self::Suspension { .. } => "notice of a measure in effect",
            Self::Termination { .. } => "notice of termination",
            Self::Extension { .. } => "notice of an extension",
            Self::Lift { .. } => "notice of the end of a measure",
            Self::AppealOutcome { .. } => "notice of an appeal's outcome",
        }
    }
}

/// One attempt to deliver that a channel took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// On which channel.
    pub channel: Channel,
    /// When.
    pub at: Timestamp,
    /// What the channel gave as proof that it took the letter.
    pub proof: String,
}

/// A channel that does not take a letter which another took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// Which.
    pub channel: Channel,
    /// Since when that is raised.
    pub since: Timestamp,
}

/// One attempt to deliver that a channel refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// On which channel.
    pub channel: Channel,
    /// When.
    pub at: Timestamp,
    /// What the channel answered.
    pub why: String,
}

/// Whether a notice is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum NoticeState {
    /// Not served: no clock runs.
    Issued,
    /// Not served for so long that somebody has to look: no clock runs. A later proof still serves it.
    Undeliverable {
        /// Since when.
        since: Timestamp,
    },
    /// Served: its clocks run from here.
    Served {
        /// When.
        at: Timestamp,
        /// By what proof.
        by: ServedBy,
        /// When its notice period ends, where it starts one.
        notice_ends: Option<Deadline>,
        /// When its cure period ends, where it starts one.
        cure_ends: Option<Deadline>,
    },
}

/// What makes a notice served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum ServedBy {
    /// A member of the account acknowledged it.
    Acknowledged {
        /// Who.
        member: Actor,
    },
    /// A member of the account read the letter in its inbox.
    Read {
        /// Who.
        member: Actor,
    },
    /// A person of the provider showed that a channel delivered it.
    Delivered {
        /// Which channel.
        channel: Channel,
        /// What shows it: a delivery status notification, a receipt.
        evidence: Blob,
    },
    /// The deemed-service rule of the terms, after an attempt without proof.
    Deemed,
}

/// A reminder of a period that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reminder {
    /// When half of the period has run.
    Half,
    /// 24 hours before its end.
    LastDay,
}

impl Notice {
    /// When it was served, if it was.
    pub fn served_at(&self) -> Option<Timestamp> {
        match &self.state {
            NoticeState::Issued | NoticeState::Undeliverable { .. } => None,
            NoticeState::Served { at, .. } => Some(*at),
        }
    }

    /// When its cure period ends, if one runs.
    pub fn cure_ends(&self) -> Option<Timestamp> {
        match &self.state {
            NoticeState::Served { cure_ends: Some(d), .. } => Some(d.at),
            NoticeState::Served { .. } | NoticeState::Issued | NoticeState::Undeliverable { .. } => None,
        }
    }

    /// When its notice period ends, if one runs.
    pub fn notice_ends(&self) -> Option<Timestamp> {
        match &self.state {
            NoticeState::Served { notice_ends: Some(d), .. } => Some(d.at),
            NoticeState::Served { .. } | NoticeState::Issued | NoticeState::Undeliverable { .. } => None,
        }
    }

    /// When the reminders of its cure period are due, and those of its notice period where it starts no other: when half
    /// of it has run, and 24 hours before its end where that lies within the period and is another moment. Time for which
    /// the clocks stood still is not counted, and what the period was extended by is.
    pub fn reminders(&self) -> Vec<(Reminder, Timestamp)> {
        let (Some(served), Some(ends)) = (self.served_at(), self.cure_ends().or(self.notice_ends())) else {
            return Vec::new();
        };
        let micros = ends.as_microsecond() - served.as_microsecond() - self.stood_still;
        let day: i64 = 24 * 3600 * 1_000_000;
        let mut due = Vec::new();
        if micros > 0
            && let Ok(half) = Timestamp::from_microsecond(ends.as_microsecond() - (micros - micros / 2))
        {
            due.push((Reminder::Half, half));
        }
        if micros > day
            && micros != 2 * day
            && let Ok(last) = Timestamp::from_microsecond(ends.as_microsecond() - day)
        {
            due.push((Reminder::LastDay, last));
        }
        due
    }
}
