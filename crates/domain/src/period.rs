//! How long something takes: the periods that terms and rules write.
//!
//! A period is an [ISO 8601] duration in one kind of unit, or a number of business days:
//!
//! | text | meaning |
//! |---|---|
//! | `PT24H`, `PT90M`, `PT1H30M10S` | exact time |
//! | `P30D`, `P2W` (14 days) | calendar days in the zone of the [`Calendar`](crate::calendar::Calendar) |
//! | `P6M` | calendar months in that zone |
//! | `2bd` | business days of that calendar |
//!
//! Kinds do not mix: `P1M2D` and `P1DT2H` are refused, because the order of adding would decide the result. Years are
//! written as months. Zero is written (`PT0S`, `P0D`, `0bd`). Nothing is longer than ten years.
//!
//! [ISO 8601]: https://www.rfc-editor.org/rfc/rfc3339#appendix-A

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest exact period, in seconds: ten years of 365 days.
pub const SECONDS_MAX: u32 = 315_360_000;
/// The longest period in calendar days: ten years of 365 days.
pub const DAYS_MAX: u32 = 3_650;
/// The longest period in months: ten years.
pub const MONTHS_MAX: u32 = 120;
/// The longest period in business days: about ten years of five-day weeks.
pub const BUSINESS_DAYS_MAX: u32 = 2_600;

/// The longest text of a period, in bytes.
const TEXT_MAX: usize = 40;
const DAY_SECONDS: u64 = 86_400;

/// How long something takes. When it ends depends on a calendar:
/// [`Calendar::deadline`](crate::calendar::Calendar::deadline).
///
/// Its text form is canonical and reads back equal. Periods of different kinds are never equal: `PT24H` and `P1D`
/// end at different moments when clocks change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Period {
    /// Exact time, in seconds.
    Seconds(u32),
    /// Calendar days.
    Days(u32),
    /// Calendar months.
    Months(u32),
    /// Days that are neither off nor holidays.
    BusinessDays(u32),
}

/// Why a text is not a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// Nothing is written.
    #[error("a period is never blank: write zero as \"PT0S\"")]
    Blank,
    /// Not of any form.
    #[error("{0:?} is not a period: write \"P30D\", \"P6M\", \"PT24H\", \"PT1H30M\" or \"2bd\"")]
    Form(String),
    /// Below zero.
    #[error("{0:?} is negative: a period is zero or longer")]
    Negative(String),
    /// Parts of a unit.
    #[error("{0:?} has a fraction: write whole units, such as \"PT90M\" for an hour and a half")]
    Fraction(String),
    /// Several kinds of unit.
    #[error(
        "{0:?} mixes days, months or times, so its end would be ambiguous: write one kind, such as \"P31D\" or \"PT26H\""
    )]
    Mixed(String),
    /// Years.
    #[error("{0:?} is in years: write months, such as \"P12M\"")]
    Years(String),
    /// Longer than the bound of its kind.
    #[error("{0:?} is longer than ten years")]
    TooLong(String),
}

impl Period {
    /// Whether it is over as soon as it begins.
    pub fn is_zero(&self) -> bool {
        matches!(self, Self::Seconds(0) | Self::Days(0) | Self::Months(0) | Self::BusinessDays(0))
    }

    /// The shortest exact time, in seconds, that it can last in any calendar.
    pub fn shortest_seconds(&self) -> u64 {
        match *self {
            Self::Seconds(n) => u64::from(n),
            Self::Days(n) | Self::BusinessDays(n) => u64::from(n) * DAY_SECONDS,
            // No month is shorter than 28 days, and twelve are at least 365. At the end the clock can be ahead by the
            // day that a zone loses where it crosses the date line, and by two hours of summer time.
            Self::Months(n) => {
                let days = u64::from(n / 12) * 365 + u64::from(n % 12) * 28;
                (days * DAY_SECONDS).saturating_sub(DAY_SECONDS + 2 * 60 * 60)
            }
        }
    }

    /// Whether it is as long as `floor`, or longer, in every calendar. Between different kinds this is `false` when
    /// it depends on the calendar.
    pub fn is_at_least(&self, floor: &Self) -> bool {
        // A clock change can make days and months longer than so many hours.
        let slack = if matches!(self, Self::Seconds(_)) && !floor.is_zero() { DAY_SECONDS } else { 0 };
        let longest_floor = match (self, floor) {
            (Self::Months(a), Self::Months(b)) | (Self::BusinessDays(a), Self::BusinessDays(b)) => {
                return a >= b;
            }
            // Holidays can stretch business days without limit.
            (_, Self::BusinessDays(n)) => return *n == 0,
            (_, Self::Seconds(n)) => u64::from(*n),
            (_, Self::Days(n)) => u64::from(*n) * DAY_SECONDS + slack,
            (_, Self::Months(n)) => u64::from(*n) * 31 * DAY_SECONDS + slack,
        };
        self.shortest_seconds() >= longest_floor
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let shown = || text.chars().take(TEXT_MAX).collect::<String>();
        if text.trim().is_empty() {
            return Err(PeriodError::Blank);
        }
        if text.len() > TEXT_MAX {
            return Err(PeriodError::Form(shown()));
        }
        if text.contains('-') {
            return Err(PeriodError::Negative(shown()));
        }
        if text.contains(['.', ',']) {
            return Err(PeriodError::Fraction(shown()));
        }
        if let Some(digits) = text.strip_suffix("bd") {
            let count = number(digits).ok_or_else(|| PeriodError::Form(shown()))?;
            return bounded(count, BUSINESS_DAYS_MAX)
                .map(Self::BusinessDays)
                .ok_or_else(|| PeriodError::TooLong(shown()));
        }
        let rest = text.strip_prefix('P').ok_or_else(|| PeriodError::Form(shown()))?;
        let (date, time) = match rest.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (rest, None),
        };
        let date = parts(date, "YMWD").ok_or_else(|| PeriodError::Form(shown()))?;
        let time = match time {
            Some(time) => parts(time, "HMS")
                .filter(|parts| !parts.is_empty())
                .ok_or_else(|| PeriodError::Form(shown()))?,
            None => Vec::new(),
        };
        if date.iter().any(|(_, unit)| *unit == 'Y') {
            return Err(PeriodError::Years(shown()));
        }
        let too_long = || PeriodError::TooLong(shown());
        match (date.as_slice(), time.as_slice()) {
            ([], []) => Err(PeriodError::Form(shown())),
            ([], times) => {
                let seconds = times
                    .iter()
                    .map(|(n, unit)| {
                        n * if *unit == 'H' {
                            3_600
                        } else if *unit == 'M' {
                            60
                        } else {
                            1
                        }
                    })
                    .sum();
                bounded(seconds, SECONDS_MAX).map(Self::Seconds).ok_or_else(too_long)
            }
            ([(n, 'M')], []) => bounded(*n, MONTHS_MAX).map(Self::Months).ok_or_else(too_long),
            ([(n, 'W')], []) => bounded(n * 7, DAYS_MAX).map(Self::Days).ok_or_else(too_long),
            ([(n, 'D')], []) => bounded(*n, DAYS_MAX).map(Self::Days).ok_or_else(too_long),
            _ => Err(PeriodError::Mixed(shown())),
        }
    }
}

/// Digits, at most nine, as a number.
fn number(digits: &str) -> Option<u64> {
    let plain = (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

fn bounded(n: u64, max: u32) -> Option<u32> {
    u32::try_from(n).ok().filter(|n| *n <= max)
}

/// Numbers with their units, each unit at most once and in the order of `units`.
fn parts(text: &str, units: &str) -> Option<Vec<(u64, char)>> {
    let mut found = Vec::new();
    let mut left = units;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, tail) = rest.split_at(end);
        let unit = tail.chars().next()?;
        let (_, after) = left.split_once(unit)?;
        found.push((number(digits)?, unit));
        left = after;
        rest = &tail[unit.len_utf8()..];
    }
    Some(found)
}

impl Period {
    /// As a letter says it: `30 days`, `2 business days`, `24 hours`.
    pub fn in_words(&self) -> String {
        let counted = |n: u32, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
        match *self {
            Self::Days(n) => counted(n, "day"),
            Self::Months(n) => counted(n, "month"),
            Self::BusinessDays(n) => counted(n, "business day"),
            Self::Seconds(0) => "no time".to_owned(),
            Self::Seconds(n) => [(n / 3_600, "hour"), (n / 60 % 60, "minute"), (n % 60, "second")]
                .into_iter()
                .filter(|(n, _)| *n > 0)
                .map(|(n, unit)| counted(n, unit))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Days(n) => write!(f, "P{n}D"),
            Self::Months(n) => write!(f, "P{n}M"),
            Self::BusinessDays(n) => write!(f, "{n}bd"),
            Self::Seconds(0) => f.write_str("PT0S"),
            Self::Seconds(n) => {
                f.write_str("PT")?;
                for (count, unit) in [(n / 3_600, 'H'), (n / 60 % 60, 'M'), (n % 60, 'S')] {
                    if count > 0 {
                        write!(f, "{count}{unit}")?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl TryFrom<String> for Period {
    type Error = PeriodError;
    fn try_from(text: String) -> Result<Self, PeriodError> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> String {
        period.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_says_a_period_in_words() {
        for (text, words) in [
            ("P30D", "30 days"),
            ("P1D", "1 day"),
            ("2bd", "2 business days"),
            ("P6M", "6 months"),
            ("PT24H", "24 hours"),
            ("PT1H30M", "1 hour 30 minutes"),
            ("PT0S", "no time"),
        ] {
            assert_eq!(text.parse::<Period>().unwrap().in_words(), words);
        }
    }
    use proptest::prelude::*;

    fn period(text: &str) -> Period {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn every_form_of_the_terms_is_read() {
        for (text, expected, canonical) in [
            ("P30D", Period::Days(30), "P30D"),
            ("P2W", Period::Days(14), "P14D"),
            ("P6M", Period::Months(6), "P6M"),
            ("PT24H", Period::Seconds(86_400), "PT24H"),
            ("PT90M", Period::Seconds(5_400), "PT1H30M"),
            ("PT1H30M10S", Period::Seconds(5_410), "PT1H30M10S"),
            ("PT60S", Period::Seconds(60), "PT1M"),
            ("2bd", Period::BusinessDays(2), "2bd"),
            ("P0D", Period::Days(0), "P0D"),
            ("PT0S", Period::Seconds(0), "PT0S"),
            ("0bd", Period::BusinessDays(0), "0bd"),
            ("P3650D", Period::Days(DAYS_MAX), "P3650D"),
        ] {
            assert_eq!(period(text), expected, "{text}");
            assert_eq!(expected.to_string(), canonical);
        }
    }

    #[test]
    fn zero_is_zero_in_every_unit() {
        for text in ["P0D", "P0W", "P0M", "PT0S", "PT0H0M", "0bd"] {
            assert!(period(text).is_zero(), "{text}");
        }
        for text in ["P1D", "PT1S", "1bd", "P1M"] {
            assert!(!period(text).is_zero(), "{text}");
        }
    }

    #[test]
    fn what_is_no_clear_period_says_why() {
        for (text, word) in [
            ("", "blank"),
            ("  ", "blank"),
            ("-P1D", "negative"),
            ("P-1D", "negative"),
            ("P1.5D", "fraction"),
            ("PT0,5H", "fraction"),
            ("P1M2D", "mixes"),
            ("P1W1D", "mixes"),
            ("P1DT2H", "mixes"),
            ("P1Y", "years"),
            ("P1Y2M", "years"),
            ("P3651D", "longer"),
            ("P121M", "longer"),
            ("PT87601H", "longer"),
            ("2601bd", "longer"),
            ("P", "not a period"),
            ("PT", "not a period"),
            ("P1", "not a period"),
            ("P1DT", "not a period"),
            ("PD", "not a period"),
            ("p30d", "not a period"),
            ("30D", "not a period"),
            ("P30D ", "not a period"),
            ("P+3D", "not a period"),
            ("PT1M1H", "not a period"),
            ("PT1H1H", "not a period"),
            ("2BD", "not a period"),
            ("bd", "not a period"),
            ("2 bd", "not a period"),
            ("P9999999999D", "not a period"),
            ("P٣D", "not a period"),
            ("30", "not a period"),
        ] {
            let error = text.parse::<Period>().expect_err(text).to_string();
            assert!(error.contains(word), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_period_is_compared_with_a_floor_only_where_no_calendar_matters() {
        assert!(period("P30D").is_at_least(&period("P30D")));
        assert!(period("P31D").is_at_least(&period("PT720H")));
        assert!(!period("PT720H").is_at_least(&period("P30D")));
        assert!(period("PT744H").is_at_least(&period("P30D")));
        assert!(!period("P1M").is_at_least(&period("P30D")));
        assert!(period("P2M").is_at_least(&period("P30D")));
        assert!(!period("30bd").is_at_least(&period("P31D")));
        assert!(!period("P30D").is_at_least(&period("2bd")));
        assert!(period("PT0S").is_at_least(&period("0bd")));
    }

    proptest! {
        #[test]
        fn any_text_reads_back_or_is_refused(text in "(\\PC{0,45}|P[0-9YMWDTHS]{0,12}|[0-9]{1,5}bd)") {
            if let Ok(read) = text.parse::<Period>() {
                prop_assert_eq!(read.to_string().parse::<Period>().unwrap(), read);
            }
        }

        #[test]
        fn the_canonical_text_reads_back_equal(n in 0..=120_u32, seconds in 0..=SECONDS_MAX) {
            for written in [Period::Days(n), Period::Months(n), Period::BusinessDays(n), Period::Seconds(seconds)] {
                let json = serde_json::to_string(&written).unwrap();
                prop_assert_eq!(serde_json::from_str::<Period>(&json).unwrap(), written);
            }
        }
    }
}
