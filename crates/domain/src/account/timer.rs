//! Deadlines: what will come due if nothing else happens, computed from the state alone.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Account;
use super::case::{Case, CaseState, Item};
use super::change::TermsNoticeState;
use super::closing::QUORUM_HOURS;
use super::decide::approval_ends;
use super::decide::delivery::UNDELIVERABLE_AFTER;
use super::measure::MeasureState;
use super::notice::{NoticeState, Reminder};
use crate::hostname::ClaimState;
use crate::name::{AppealId, CaseId, EnvironmentId, Hostname, MeasureId, NoticeId, OrderId, TermsNoticeId};

/// How often verifiers that go by themselves are asked, beside each time that something new is reported: what was
/// reported long ago leaves a window by time alone.
const CHECK_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// What comes due. Text form: `deemed:parley.n1`, `remind_half:parley.n1`, `lapse:parley.c1`, …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TimerKey {
    /// The terms' rule makes a notice served.
    Deemed(NoticeId),
    /// The terms' rule makes the notice of new terms served.
    DeemedTerms(TermsNoticeId),
    /// New terms bind.
    Bind(TermsNoticeId),
    /// A channel that refused the letter is tried again.
    Retry(NoticeId),
    /// A notice has been on its way for so long that somebody has to look.
    Undeliverable(NoticeId),
    /// Verifiers that go by themselves are asked again.
    Check(CaseId),
    /// A reminder goes out.
    Remind(NoticeId, Reminder),
    /// A cure period ends.
    Lapse(CaseId),
    /// A measure takes effect.
    Apply(MeasureId),
    /// An emergency measure's time for ratification ends.
    Ratification(MeasureId),
    /// An approval has waited for the others for too long.
    Approval(MeasureId),
    /// The time for reviewing an emergency measure that is provisional no more ends.
    ReviewEmergency(MeasureId),
    /// The time for deciding an appeal ends.
    Appeal(AppealId),
    /// The time in which an order is to be followed ends.
    Order(OrderId),
    /// Somebody was to look whether a gag is still needed.
    Recheck(OrderId),
    /// A gag ends as it was written.
    GagEnd(OrderId),
    /// A measure lifts at the moment that was set for it.
    Expiry(MeasureId),
    /// Nobody has looked at a measure in force for long.
    ReviewMeasure(MeasureId),
    /// A suspension has lasted until it is a termination in all but name.
    Constructive(MeasureId),
    /// Such a suspension lifts, where nothing was done about it.
    ConstructiveEnd(MeasureId),
    /// A reminder of the time to fetch the account's data, from 1.
    RetrievalReminder(MeasureId, u8),
    /// A proposal to delete, after a termination, has waited too long for its quorum.
    DeletionLapse(MeasureId),
    /// The account has had the time to take back that an environment be deleted.
    EnvironmentDeletion(EnvironmentId),
    /// A hostname that was claimed was not proved in time.
    LapseHostname(Hostname),
}

/// What the text of a reminder of the retrieval period begins with; its number follows.
const REMIND_RETRIEVAL: &str = "remind_retrieval_";

impl TimerKey {
    /// The case that it belongs to; none for what concerns the account as a whole.
    pub fn case<'a>(&'a self, account: &'a Account) -> Option<&'a CaseId> {
        match self {
            Self::Deemed(notice)
            | Self::Retry(notice)
            | Self::Undeliverable(notice)
            | Self::Remind(notice, _) => account.notice(notice).ok().map(|n| &n.case),
            Self::Lapse(case) | Self::Check(case) => Some(case),
            Self::Apply(measure)
            | Self::Ratification(measure)
            | Self::Approval(measure)
            | Self::ReviewEmergency(measure)
            | Self::Expiry(measure)
            | Self::ReviewMeasure(measure)
            | Self::Constructive(measure)
            | Self::ConstructiveEnd(measure)
            | Self::RetrievalReminder(measure, _)
            | Self::DeletionLapse(measure) => {
                account.measure(measure).ok().and_then(|m| m.proposal.case.as_ref())
            }
            Self::Appeal(appeal) => {
                let measure = &account.appeal(appeal).ok()?.measure;
                account.measure(measure).ok().and_then(|m| m.proposal.case.as_ref())
            }
            Self::DeemedTerms(_)
            | Self::Bind(_)
            | Self::Order(_)
            | Self::Recheck(_)
            | Self::GagEnd(_)
            | Self::EnvironmentDeletion(_)
            | Self::LapseHostname(_) => None,
        }
    }

    /// The notice that it belongs to.
    pub fn notice(&self) -> Option<&NoticeId> {
        match self {
            Self::Deemed(notice)
            | Self::Retry(notice)
            | Self::Undeliverable(notice)
            | Self::Remind(notice, _) => Some(notice),
            _ => None,
        }
    }

    /// The order that it belongs to.
    pub fn order(&self) -> Option<&OrderId> {
        match self {
            Self::Order(order) | Self::Recheck(order) | Self::GagEnd(order) => Some(order),
            Self::Deemed(_)
            | Self::DeemedTerms(_)
            | Self::Bind(_)
            | Self::Retry(_)
            | Self::Undeliverable(_)
            | Self::Check(_)
            | Self::Remind(..)
            | Self::Lapse(_)
            | Self::Apply(_)
            | Self::Ratification(_)
            | Self::Approval(_)
            | Self::ReviewEmergency(_)
            | Self::Appeal(_)
            | Self::Expiry(_)
            | Self::ReviewMeasure(_)
            | Self::Constructive(_)
            | Self::ConstructiveEnd(_)
            | Self::RetrievalReminder(..)
            | Self::DeletionLapse(_)
            | Self::EnvironmentDeletion(_)
            | Self::LapseHostname(_) => None,
        }
    }
}

/// A deadline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timer {
    /// When.
    pub due: Timestamp,
    /// What.
    pub key: TimerKey,
}

impl fmt::Display for TimerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deemed(id) => write!(f, "deemed:{id}"),
            Self::DeemedTerms(id) => write!(f, "deemed_terms:{id}"),
            Self::Bind(id) => write!(f, "bind:{id}"),
            Self::Retry(id) => write!(f, "retry:{id}"),
            Self::Undeliverable(id) => write!(f, "undeliverable:{id}"),
            Self::Check(id) => write!(f, "check:{id}"),
            Self::Remind(id, Reminder::Half) => write!(f, "remind_half:{id}"),
            Self::Remind(id, Reminder::LastDay) => write!(f, "remind_last_day:{id}"),
            Self::Lapse(id) => write!(f, "lapse:{id}"),
            Self::Apply(id) => write!(f, "apply:{id}"),
            Self::Ratification(id) => write!(f, "ratification:{id}"),
            Self::Approval(id) => write!(f, "approval:{id}"),
            Self::ReviewEmergency(id) => write!(f, "emergency_review:{id}"),
            Self::Appeal(id) => write!(f, "appeal:{id}"),
            Self::Order(id) => write!(f, "order:{id}"),
            Self::Recheck(id) => write!(f, "recheck:{id}"),
            Self::GagEnd(id) => write!(f, "gag_end:{id}"),
            Self::Expiry(id) => write!(f, "expire:{id}"),
            Self::ReviewMeasure(id) => write!(f, "review:{id}"),
            Self::Constructive(id) => write!(f, "constructive:{id}"),
            Self::ConstructiveEnd(id) => write!(f, "constructive_end:{id}"),
            Self::RetrievalReminder(id, number) => write!(f, "{REMIND_RETRIEVAL}{number}:{id}"),
            Self::DeletionLapse(id) => write!(f, "deletion_lapse:{id}"),
            Self::EnvironmentDeletion(id) => write!(f, "environment_deletion:{id}"),
            Self::LapseHostname(id) => write!(f, "lapse_hostname:{id}"),
        }
    }
}

/// Why a text is not a timer's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a timer's key")]
pub struct TimerKeyError(String);

impl FromStr for TimerKey {
    type Err = TimerKeyError;
    fn from_str(text: &str) -> Result<Self, TimerKeyError> {
        let wrong = || TimerKeyError(text.chars().take(120).collect());
        let (kind, id) = text.split_once(':').ok_or_else(wrong)?;
        let notice = || id.parse::<NoticeId>().map_err(|_| wrong());
        let measure = || id.parse::<MeasureId>().map_err(|_| wrong());
        let order = || id.parse::<OrderId>().map_err(|_| wrong());
        match kind {
            "deemed" => Ok(Self::Deemed(notice()?)),
            "deemed_terms" => Ok(Self::DeemedTerms(id.parse().map_err(|_| wrong())?)),
            "bind" => Ok(Self::Bind(id.parse().map_err(|_| wrong())?)),
            "retry" => Ok(Self::Retry(notice()?)),
            "undeliverable" => Ok(Self::Undeliverable(notice()?)),
            "check" => Ok(Self::Check(id.parse().map_err(|_| wrong())?)),
            "remind_half" => Ok(Self::Remind(notice()?, Reminder::Half)),
            "remind_last_day" => Ok(Self::Remind(notice()?, Reminder::LastDay)),
            "lapse" => Ok(Self::Lapse(id.parse().map_err(|_| wrong())?)),
            "apply" => Ok(Self::Apply(measure()?)),
            "ratification" => Ok(Self::Ratification(measure()?)),
            "approval" => Ok(Self::Approval(measure()?)),
            "emergency_review" => Ok(Self::ReviewEmergency(measure()?)),
            "appeal" => Ok(Self::Appeal(id.parse().map_err(|_| wrong())?)),
            "order" => Ok(Self::Order(order()?)),
            "recheck" => Ok(Self::Recheck(order()?)),
            "gag_end" => Ok(Self::GagEnd(order()?)),
            "expire" => Ok(Self::Expiry(measure()?)),
            "review" => Ok(Self::ReviewMeasure(measure()?)),
            "constructive" => Ok(Self::Constructive(measure()?)),
            "constructive_end" => Ok(Self::ConstructiveEnd(measure()?)),
            "deletion_lapse" => Ok(Self::DeletionLapse(measure()?)),
            "lapse_hostname" => Ok(Self::LapseHostname(id.parse().map_err(|_| wrong())?)),
            "environment_deletion" => Ok(Self::EnvironmentDeletion(id.parse().map_err(|_| wrong())?)),
            other => {
                let number = other.strip_prefix(REMIND_RETRIEVAL).ok_or_else(wrong)?;
                let number: u8 = number.parse().map_err(|_| wrong())?;
                Ok(Self::RetrievalReminder(measure()?, number))
            }
        }
    }
}

impl TryFrom<String> for TimerKey {
    type Error = TimerKeyError;
    fn try_from(text: String) -> Result<Self, TimerKeyError> {
        text.parse()
    }
}

impl From<TimerKey> for String {
    fn from(key: TimerKey) -> String {
        key.to_string()
    }
}

impl Account {
    /// When a case lapses: not while its clocks stand still, nor while somebody has to decide on what was done.
    pub(super) fn lapses_at(&self, case: &Case) -> Option<Timestamp> {
        let (notice, ends) = self.first_cure_end(&case.id)?;
        let runs = matches!(case.state, CaseState::Notified { .. }) && case.paused.is_none();
        (runs && !self.awaits_decision(notice)).then_some(ends)
    }

    /// Every deadline that runs, in order. Firing one changes the state so that it is no longer among them. None rests
    /// on a clock that stands still.
    pub fn timers(&self) -> Vec<Timer> {
        let mut timers = Vec::new();
        let mut add = |due, key| timers.push(Timer { due, key });
        for notice in &self.notices {
            let Ok(case) = self.case(&notice.case) else { continue };
            let stands_still = case.paused.is_some();
            match &notice.state {
                NoticeState::Issued | NoticeState::Undeliverable { .. } => {
                    if let Some(deemed) = notice.deemed.as_ref().filter(|_| !stands_still || case.is_closed())
                    {
                        add(deemed.at, TimerKey::Deemed(notice.id.clone()));
                    }
                    // What a gag delays is tried again when the gag ends.
                    if notice.is_moot(case) || notice.delayed.is_some() {
                        continue;
                    }
                    if let Some(again) = notice.retry_at {
                        add(again, TimerKey::Retry(notice.id.clone()));
                    }
                    if notice.state == NoticeState::Issued
                        && let Some(tried) = notice.tried_in_vain_since()
                        && let Ok(late) = tried.checked_add(UNDELIVERABLE_AFTER)
                    {
                        add(late, TimerKey::Undeliverable(notice.id.clone()));
                    }
                }
                NoticeState::Served { .. } if !case.is_closed() && !stands_still => {
                    for (reminder, due) in notice.reminders() {
                        if !notice.reminded.contains(&reminder) {
                            add(due, TimerKey::Remind(notice.id.clone(), reminder));
                        }
                    }
                }
                NoticeState::Served { .. } => {}
            }
        }
        for case in &self.cases {
            if let Some(ends) = self.lapses_at(case) {
                add(ends, TimerKey::Lapse(case.id.clone()));
            }
            if !case.is_closed()
                && !self.lifecycle.is_closed()
                && case.items.iter().any(Item::is_watched)
                && let Ok(due) = case.checked_at.unwrap_or(case.opened_at).checked_add(CHECK_EVERY)
            {
                add(due, TimerKey::Check(case.id.clone()));
            }
        }
        for notice in &self.terms_notices {
            match &notice.state {
                TermsNoticeState::Issued => {
                    if let Some(deemed) = &notice.deemed {
                        add(deemed.at, TimerKey::DeemedTerms(notice.id.clone()));
                    }
                }
                TermsNoticeState::Served { binds: Some(binds), .. } => {
                    add(binds.at, TimerKey::Bind(notice.id.clone()));
                }
                _ => {}
            }
        }
        for measure in &self.measures {
            // What rests on an order or on an emergency waits for no clock of its case.
            let stands_still = || {
                let case = measure.proposal.case.as_ref().and_then(|id| self.case(id).ok());
                measure.proposal.basis.is_power()
                    && measure.emergency.is_none()
                    && case.is_some_and(|c| c.paused.is_some())
            };
            if let MeasureState::Scheduled { at } = measure.state
                && !stands_still()
            {
                add(at, TimerKey::Apply(measure.id.clone()));
            }
            if let Some(emergency) = &measure.emergency
                && emergency.ratified.is_none()
                && !measure.is_over()
                && !matches!(measure.state, MeasureState::Lifting { .. })
            {
                add(emergency.ratify_by, TimerKey::Ratification(measure.id.clone()));
            }
            if measure.awaits_approval()
                && let Some(ends) = measure.approvals.iter().map(approval_ends).min()
            {
                add(ends, TimerKey::Approval(measure.id.clone()));
            }
            if let Some(review) =
                measure.emergency_review().filter(|r| r.done.is_none() && r.overdue.is_none())
            {
                add(review.due, TimerKey::ReviewEmergency(measure.id.clone()));
            }
            if let Some(ends) =
                measure.lifts().ends.filter(|_| !measure.is_ending() && !self.lifecycle.is_closed())
            {
                add(ends, TimerKey::Expiry(measure.id.clone()));
            }
            if let Some(due) = measure.review_due().filter(|_| measure.watch.review_overdue.is_none()) {
                add(due, TimerKey::ReviewMeasure(measure.id.clone()));
            }
            match (measure.constructive_from(), measure.watch.constructive) {
                (Some(from), None) => add(from, TimerKey::Constructive(measure.id.clone())),
                (Some(_), Some(ends)) => add(ends, TimerKey::ConstructiveEnd(measure.id.clone())),
                (None, _) => {}
            }
        }
        for appeal in self.appeals.iter().filter(|a| a.decided.is_none() && a.overdue.is_none()) {
            if let Some(due) = appeal.decide_by {
                add(due, TimerKey::Appeal(appeal.id.clone()));
            }
        }
        for order in self.orders.iter().filter(|o| o.stands()) {
            if let Some(due) = order.deadline.filter(|_| order.complied.is_none() && order.missed.is_none()) {
                add(due, TimerKey::Order(order.id.clone()));
            }
            if let Some(gag) = &order.gag {
                add(gag.until, TimerKey::GagEnd(order.id.clone()));
                if gag.missed.is_none() && gag.recheck_by < gag.until {
                    add(gag.recheck_by, TimerKey::Recheck(order.id.clone()));
                }
            }
        }
        for (environment, asked) in self.erasures.iter().filter(|(_, asked)| asked.begun.is_none()) {
            add(asked.due, TimerKey::EnvironmentDeletion(environment.clone()));
        }
        for (name, claim) in self.hostnames.iter().filter(|_| !self.lifecycle.is_closed()) {
            if let ClaimState::Claimed { lapses } = claim.state {
                add(lapses, TimerKey::LapseHostname(name.clone()));
            }
        }
        if let Some(closing) = self.lifecycle.closing() {
            if let Some((number, due)) = closing.next_reminder() {
                add(due, TimerKey::RetrievalReminder(closing.measure.clone(), number));
            }
            if let Some(deletion) = closing.deletion.as_ref().filter(|d| !d.approved)
                && let Ok(due) = deletion.proposed_at.checked_add(SignedDuration::from_hours(QUORUM_HOURS))
            {
                add(due, TimerKey::DeletionLapse(closing.measure.clone()));
            }
        }
        timers.sort();
        timers
    }
}
