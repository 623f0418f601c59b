//! When a period ends, worked out by hand for Los Angeles in 2021, so that the laws are not judged by the calendar
//! under test.

use jiff::{SignedDuration, Timestamp};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Summer time began at 2021-03-14T10:00Z and ended at 2021-11-07T09:00Z.
const SUMMER: std::ops::Range<i64> = 1_615_716_000..1_636_275_600;

fn offset(utc: i64) -> i64 {
    if SUMMER.contains(&utc) { -7 * HOUR } else { -8 * HOUR }
}

/// The latest moment that clocks in Los Angeles show this local time; a skipped one is an hour later on the clock.
fn utc(local: i64) -> i64 {
    let standard = local + 8 * HOUR;
    let summer = local + 7 * HOUR;
    if offset(standard) == -8 * HOUR || offset(summer) != -7 * HOUR { standard } else { summer }
}

/// The same local time some days later, and never before that many times 24 hours.
fn same_time(from: Timestamp, days: i64, least_days: i64) -> Timestamp {
    let start = from.as_second();
    let end = utc(start + offset(start) + days * DAY).max(start + least_days * DAY);
    from + SignedDuration::from_secs(end - start)
}

/// When so many calendar days have run.
pub fn days(from: Timestamp, n: i64) -> Timestamp {
    if n == 0 { from } else { same_time(from, n, n) }
}

/// When so many business days have run, Monday to Friday but the holidays named.
pub fn business_days(from: Timestamp, n: i64, holidays: &[&str]) -> Timestamp {
    let start = from.as_second();
    let first = (start + offset(start)).div_euclid(DAY);
    let free: Vec<i64> = holidays.iter().map(|d| midnight(d)).collect();
    let (mut day, mut left) = (first, n);
    while left > 0 {
        day += 1;
        // 1970-01-01 was a Thursday: day 2 and 3 of that week were free.
        if !matches!(day.rem_euclid(7), 2 | 3) && !free.contains(&day) {
            left -= 1;
        }
    }
    same_time(from, day - first, n)
}

fn midnight(date: &str) -> i64 {
    format!("{date}T00:00:00Z").parse::<Timestamp>().unwrap().as_second() / DAY
}

/// Whether a period of the terms of these tests has fully run.
pub fn has_run(from: Timestamp, period: &str, at: Timestamp) -> bool {
    at >= ends(from, period)
}

/// When a period as the terms of these tests write it has fully run.
pub fn ends(from: Timestamp, period: &str) -> Timestamp {
    let number = |text: &str| text.parse::<i64>().unwrap();
    if let Some(n) = period.strip_suffix("bd") {
        business_days(from, number(n), &["2021-01-01", "2021-01-18", "2021-03-17"])
    } else if let Some(n) = period.strip_prefix("PT").and_then(|p| p.strip_suffix('H')) {
        from + SignedDuration::from_hours(number(n))
    } else if let Some(n) = period.strip_prefix('P').and_then(|p| p.strip_suffix('D')) {
        days(from, number(n))
    } else if period == "PT0S" {
        from
    } else {
        panic!("the terms of these tests have no period {period}")
    }
}

#[test]
fn the_hand_made_calendar_knows_the_spring_of_2021() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(days(at("2021-01-10T03:00:00Z"), 30), at("2021-02-09T03:00:00Z"));
    // A day over the change to summer time has 23 hours; the period has 24.
    assert_eq!(days(at("2021-03-14T03:00:00Z"), 1), at("2021-03-15T03:00:00Z"));
    assert_eq!(days(at("2021-11-06T20:00:00Z"), 1), at("2021-11-07T21:00:00Z"));
    assert_eq!(business_days(at("2021-01-09T20:00:00Z"), 2, &[]), at("2021-01-12T20:00:00Z"));
    assert_eq!(business_days(at("2021-03-16T20:00:00Z"), 1, &["2021-03-17"]), at("2021-03-18T20:00:00Z"));
}
