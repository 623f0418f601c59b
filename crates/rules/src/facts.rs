//! What conditions read about an account.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use tenure_domain::calendar::{Calendar, CalendarError};
use tenure_domain::name::Ground;
use tenure_domain::period::{Period, PeriodError};

/// The most reports that one evaluation looks at; with more it cannot decide.
pub const REPORTS_MAX: usize = 100_000;
/// The longest window: 366 days.
const WINDOW_SECONDS_MAX: u32 = 366 * DAY_SECONDS;
const DAY_SECONDS: u32 = 86_400;
const WEEK_SECONDS: f64 = 604_800.0;

/// A report about an account, as far as rules know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFact {
    /// What it alleges.
    pub ground: Ground,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// When the account remedied it, if it did.
    pub remediated_at: Option<Timestamp>,
}

/// All that an evaluation may know. What happened after [`Facts::now`] is ignored, so that a replay of a past moment
/// can be given the whole history.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The legal moment of the evaluation.
    pub now: Timestamp,
    /// The calendar of the terms that the account accepted; business days are counted in it.
    pub calendar: &'a Calendar,
    /// The reports about the account, in any order; at most [`REPORTS_MAX`].
    pub reports: &'a [ReportFact],
}

/// A stretch of time that ends at [`Facts::now`]. It excludes its first moment and includes its last. Days are 24
/// hours here: a window looks back and promises nobody anything.
///
/// Text form: an ISO 8601 duration in days, weeks or exact time, longer than zero and at most 366 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    period: Period,
    seconds: u32,
}

/// Why a text is not a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// Not a period at all.
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// A period, but not of a fixed and bounded length.
    #[error(
        "{0} is not a window: write days or exact time, longer than zero and at most P366D, such as \"P28D\""
    )]
    Length(Period),
}

impl FromStr for Window {
    type Err = WindowError;
    fn from_str(text: &str) -> Result<Self, WindowError> {
        let period: Period = text.parse()?;
        let seconds = match period {
            Period::Seconds(n) => Some(n),
            Period::Days(n) => n.checked_mul(DAY_SECONDS),
            Period::Months(_) | Period::BusinessDays(_) => None,
        };
        match seconds {
            Some(seconds @ 1..=WINDOW_SECONDS_MAX) => Ok(Self { period, seconds }),
            _ => Err(WindowError::Length(period)),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.period.fmt(f)
    }
}

/// Why a fact has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Missing {
    #[error("more than {REPORTS_MAX} reports")]
    TooManyReports,
    #[error("no report of the window is due or remedied")]
    NoneDue,
    #[error("the window begins before time can be represented")]
    OutOfRange,
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

impl Facts<'_> {
    /// The reports on a ground filed in the window.
    fn filed_in<'s>(
        &'s self,
        ground: &'s Ground,
        window: Window,
    ) -> Result<impl Iterator<Item = &'s ReportFact>, Missing> {
        if self.reports.len() > REPORTS_MAX {
            return Err(Missing::TooManyReports);
        }
        let start = self.ago(SignedDuration::from_secs(window.seconds.into()))?;
        let within = move |report: &&ReportFact| {
            report.ground == *ground && report.filed_at > start && report.filed_at <= self.now
        };
        Ok(self.reports.iter().filter(within))
    }

    fn ago(&self, length: SignedDuration) -> Result<Timestamp, Missing> {
        self.now.checked_sub(length).map_err(|_| Missing::OutOfRange)
    }

    /// How many reports were filed in the window.
    pub(crate) fn filed(&self, ground: &Ground, window: Window) -> Result<i64, Missing> {
        let count = self.filed_in(ground, window)?.count();
        i64::try_from(count).map_err(|_| Missing::TooManyReports)
    }

    /// How the filing of reports changed, in reports per week: the rate in the newer half of the window less the
    /// rate in the older half. Zero where none were filed.
    pub(crate) fn trend(&self, ground: &Ground, window: Window) -> Result<f64, Missing> {
        let half = SignedDuration::from_millis(i64::from(window.seconds) * 500);
        let middle = self.ago(half)?;
        let (mut newer, mut older) = (0_u32, 0_u32);
        for report in self.filed_in(ground, window)? {
            *(if report.filed_at > middle { &mut newer } else { &mut older }) += 1;
        }
        let half_in_weeks = f64::from(window.seconds) / 2.0 / WEEK_SECONDS;
        Ok((f64::from(newer) - f64::from(older)) / half_in_weeks)
    }

    /// Of the reports filed in the window that are remedied or whose period has run out, the share that was remedied
    /// within the period, from 0 to 1. A remedy in the period's last moment is within it. Not known where there are
    /// none.
    pub(crate) fn remediated_within(
        &self,
        ground: &Ground,
        window: Window,
        period: Period,
    ) -> Result<f64, Missing> {
        let (mut due, mut within) = (0_u32, 0_u32);
        for report in self.filed_in(ground, window)? {
            let deadline = self.calendar.deadline(report.filed_at, &period)?.at;
            match report.remediated_at.filter(|at| *at <= self.now) {
                Some(at) => {
                    due += 1;
                    within += u32::from(at <= deadline);
                }
                None if deadline < self.now => due += 1,
                None => {}
            }
        }
        if due == 0 { Err(Missing::NoneDue) } else { Ok(f64::from(within) / f64::from(due)) }
    }
}

#[cfg(test)]
mod tests;
