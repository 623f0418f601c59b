//! Deadlines: what will come due if nothing else happens, computed from the state alone.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Account;
use super::case::{CaseState, Item};
use super::change::TermsNoticeState;
use super::decide::delivery::UNDELIVERABLE_AFTER;
use super::measure::MeasureState;
use super::notice::{NoticeState, Reminder};
use crate::name::{CaseId, MeasureId, NoticeId, TermsNoticeId};

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
}

impl TimerKey {
    /// The case that it belongs to; none for what concerns the account as a whole.
    pub fn case<'a>(&'a self, account: &'a Account) -> Option<&'a CaseId> {
        match self {
            Self::Deemed(notice)
            | Self::Retry(notice)
            | Self::Undeliverable(notice)
            | Self::Remind(notice, _) => account.notice(notice).ok().map(|n| &n.case),
            Self::DeemedTerms(_) | Self::Bind(_) => None,
            Self::Lapse(case) | Self::Check(case) => Some(case),
            Self::Apply(measure) | Self::Ratification(measure) => {
                account.measure(measure).ok().map(|m| &m.proposal.case)
            }
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
            _ => Err(wrong()),
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
                    if case.is_closed() {
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
            if matches!(case.state, CaseState::Notified { .. })
                && case.paused.is_none()
                && let Some((notice, ends)) = self.first_cure_end(&case.id)
                && !self.awaits_decision(notice)
            {
                add(ends, TimerKey::Lapse(case.id.clone()));
            }
            if !case.is_closed()
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
            let stands_still = || {
                let case = self.case(&measure.proposal.case);
                measure.emergency.is_none() && case.is_ok_and(|c| c.paused.is_some())
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
        }
        timers.sort();
        timers
    }
}
