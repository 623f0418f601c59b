//! Clocks that stand still and are moved: pauses of a case, extensions, and what a rejection gives back.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Account;
use super::actor::Actor;
use super::case::{Case, ItemState};
use super::notice::{Notice, NoticeState};
use crate::calendar::Deadline;
use crate::name::{AppealId, CaseId, ItemId, NoticeId, OrderId, PowerId};
use crate::period::Period;
use crate::refusal::{Guard, Unmet};
use crate::terms::{Process, Terms};
use crate::text::Words;

/// The clocks of a case stand still: no period of its notices runs, and nothing fires that rests on one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Paused {
    /// Since when; they go on when the last cause has ended.
    pub since: Timestamp,
    /// Why, the oldest first; at least one.
    pub pauses: Vec<Pause>,
}

/// One reason for which clocks stand still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// What stops them.
    pub cause: PauseCause,
    /// Since when.
    pub since: Timestamp,
    /// Who acted.
    pub by: Actor,
    /// Why, in words, where a person decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Words>,
}

/// What stops clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "because")]
pub enum PauseCause {
    /// A person of the provider decided so.
    Operator,
    /// An appeal is open, and the terms let it stop the clocks.
    Appeal {
        /// Which.
        appeal: AppealId,
    },
    /// The account disputes what the case asks it to pay, and nobody has decided on that.
    Dispute,
    /// An order stands that suspends measures.
    Order {
        /// Which.
        order: OrderId,
    },
}

/// The clocks of one notice as they stand after they were moved; none where the notice has no such clock or it was not
/// moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    /// Which notice.
    pub notice: NoticeId,
    /// When its notice period ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_ends: Option<Deadline>,
    /// When its cure period ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cure_ends: Option<Deadline>,
    /// When it counts as served by the terms' deemed rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deemed: Option<Deadline>,
    /// Clocks whose end the calendar does not know: they are stopped for good, so that nothing can rest on them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<ClockKind>,
}

impl Moved {
    /// Nothing moved yet.
    pub fn of(notice: NoticeId) -> Self {
        Self { notice, notice_ends: None, cure_ends: None, deemed: None, unknown: Vec::new() }
    }

    /// With a clock's new end; none where the calendar does not know it.
    pub fn set(&mut self, clock: ClockKind, ends: Option<Deadline>) {
        match (clock, ends) {
            (clock, None) => self.unknown.push(clock),
            (ClockKind::Notice, ends) => self.notice_ends = ends,
            (ClockKind::Cure, ends) => self.cure_ends = ends,
            (ClockKind::Deemed, ends) => self.deemed = ends,
        }
    }

    /// Whether it moves nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::of(self.notice.clone())
    }
}

/// The cure period of a notice as it stood when a remedy was handed in: what a rejection gives back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wait {
    /// Which notice asks for it.
    pub notice: NoticeId,
    /// Up to when its period had run: the moment of handing in, or since when it stood still.
    pub from: Timestamp,
    /// When it was to end.
    pub ends: Timestamp,
}

/// One of the clocks of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// The notice period.
    Notice,
    /// The cure period.
    Cure,
    /// The deemed rule's period.
    Deemed,
}

impl ClockKind {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Cure => "cure",
            Self::Deemed => "deemed",
        }
    }
}

/// What is left of a clock that stands still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Of which notice.
    pub notice: NoticeId,
    /// Which clock.
    pub clock: ClockKind,
    /// How long, exactly.
    pub left: SignedDuration,
}

/// A clock that runs, or stands still, and has not ended.
pub(super) struct Running {
    pub clock: ClockKind,
    /// From when it counts at the earliest: the service, or the attempt.
    pub began: Timestamp,
    pub ends: Timestamp,
    /// What was promised; days where the accepted terms no longer say.
    pub period: Period,
}

impl Case {
    /// Up to when its clocks have run at `now`.
    pub fn clock_at(&self, now: Timestamp) -> Timestamp {
        self.paused.as_ref().map_or(now, |paused| paused.since.min(now))
    }

    /// Since when the account disputes what it is asked to pay: meanwhile no stage is gone through.
    pub fn disputed_since(&self) -> Option<Timestamp> {
        let mut pauses = self.paused.iter().flat_map(|paused| &paused.pauses);
        pauses.find(|pause| pause.cause == PauseCause::Dispute).map(|pause| pause.since)
    }

    /// Whether this stops its clocks.
    pub fn is_paused_by(&self, cause: &PauseCause) -> bool {
        self.paused.as_ref().is_some_and(|p| p.pauses.iter().any(|pause| &pause.cause == cause))
    }
}

impl Notice {
    /// The clocks of this notice that have not ended at `moment`.
    pub(super) fn running(&self, terms: &Terms, moment: Timestamp) -> Vec<Running> {
        let promised =
            |power: Option<&PowerId>, cure| match power.and_then(|p| terms.power(p)).map(|p| &p.process) {
                Some(Process::Noticed { cure: period, .. }) if cure => *period,
                Some(Process::Noticed { notice: period, .. }) => *period,
                Some(Process::Emergency { .. }) | None => Period::Days(0),
            };
        let clocks = match &self.state {
            NoticeState::Served { at, notice_ends, cure_ends, .. } => vec![
                (ClockKind::Notice, *at, notice_ends, promised(self.kind.starts_notice(), false)),
                (ClockKind::Cure, *at, cure_ends, promised(self.kind.starts_cure(), true)),
            ],
            NoticeState::Issued | NoticeState::Undeliverable { .. } => {
                let began = self.attempts.first().map_or(self.issued_at, |a| a.at);
                let period = terms.service.deemed_after.unwrap_or(Period::Days(0));
                vec![(ClockKind::Deemed, began, &self.deemed, period)]
            }
        };
        clocks
            .into_iter()
            .filter_map(|(clock, began, ends, period)| {
                let ends = ends.as_ref()?.at;
                (ends > moment.max(began)).then_some(Running { clock, began, ends, period })
            })
            .collect()
    }
}

impl Account {
    /// What is left of every clock of a case that stands still; nothing where they run.
    pub fn left(&self, case: &Case, terms: &Terms) -> Vec<Left> {
        let Some(paused) = &case.paused else { return Vec::new() };
        self.notices_of(&case.id)
            .flat_map(|notice| {
                notice.running(terms, paused.since).into_iter().map(|clock| Left {
                    notice: notice.id.clone(),
                    clock: clock.clock,
                    left: clock.ends.duration_since(paused.since.max(clock.began)),
                })
            })
            .collect()
    }

    /// Law 3: nothing new takes effect in a case whose clocks stand still.
    pub(super) fn paused_guard(&self, case: &CaseId, terms: &Terms) -> Option<Unmet> {
        let case = self.case(case).ok()?;
        let paused = case.paused.as_ref()?;
        let by: Vec<String> = paused
            .pauses
            .iter()
            .map(|pause| match &pause.cause {
                PauseCause::Operator => pause.by.to_string(),
                PauseCause::Appeal { appeal } => format!("appeal {appeal}"),
                PauseCause::Dispute => "a dispute of what is to be paid".to_owned(),
                PauseCause::Order { order } => self.in_words(order),
            })
            .collect();
        let left: Vec<String> = self
            .left(case, terms)
            .iter()
            .map(|l| format!("{} of the {} period of {} is left", l.left, l.clock.as_str(), l.notice))
            .collect();
        let left = if left.is_empty() { String::new() } else { format!("; {}", left.join(", ")) };
        let ends: Vec<String> = paused
            .pauses
            .iter()
            .map(|pause| match &pause.cause {
                PauseCause::Operator => format!("resume {}", case.id),
                PauseCause::Appeal { appeal } => format!("decide {appeal}"),
                PauseCause::Dispute => {
                    "decide the dispute in the billing system, and record the invoice again".to_owned()
                }
                PauseCause::Order { order } => {
                    format!("{} has to be vacated by whoever gave it", self.in_words(order))
                }
            })
            .collect();
        Some(Unmet::new(
            Guard::ClocksRun,
            format!(
                "the clocks of {} stand still since {}, by {}{left}",
                case.id,
                terms.calendar.local(paused.since),
                by.join(" and ")
            ),
            ends.join("; "),
        ))
    }

    /// The cure periods that run for an item, as they stand: what handing it in takes no time from.
    pub(super) fn waits(&self, case: &Case, item: &ItemId, now: Timestamp) -> Vec<Wait> {
        let moment = case.clock_at(now);
        self.notices_of(&case.id)
            .filter(|n| self.covers(n, item))
            .filter_map(|n| {
                let from = moment.max(n.served_at()?);
                let ends = n.cure_ends().filter(|ends| *ends > from)?;
                Some(Wait { notice: n.id.clone(), from, ends })
            })
            .collect()
    }

    /// Whether a remedy that was handed in before a cure period ended awaits a decision, so that the period does not
    /// end meanwhile.
    pub(super) fn awaits_decision(&self, notice: &Notice) -> bool {
        let Ok(case) = self.case(&notice.case) else { return false };
        case.items.iter().any(|item| match &item.state {
            ItemState::Submitted { waits, .. } => waits.iter().any(|w| w.notice == notice.id),
            ItemState::Due { .. } | ItemState::Met { .. } => false,
        })
    }
}
