use proptest::prelude::*;

use super::*;
use crate::calendar::Weekday;

fn los_angeles() -> Calendar {
    Calendar {
        time_zone: "America/Los_Angeles".to_owned(),
        business_days: [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri].into(),
        holidays: ["2020-12-25", "2021-01-01", "2021-01-18", "2021-03-17"].map(|d| d.parse().unwrap()).into(),
        covers_until: "2026-12-31".parse().unwrap(),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn period(text: &str) -> Period {
    text.parse().unwrap()
}

/// When a period that began at `from`, stood still at `stopped` and goes on at `again` ends, for people there.
fn ends(from: &str, text: &str, stopped: &str, again: &str) -> String {
    let calendar = los_angeles();
    let ends = calendar.deadline(at(from), &period(text)).unwrap().at;
    calendar.local(calendar.carried_on(at(stopped), ends, &period(text), at(again)).unwrap().at)
}

#[test]
fn exact_time_is_kept_to_the_microsecond_over_a_clock_change() {
    let calendar = los_angeles();
    let (stopped, due, again) =
        (at("2021-03-13T20:00:00.000001Z"), at("2021-03-14T09:00:00Z"), at("2021-03-20T20:00:00.5Z"));
    let went_on = calendar.carried_on(stopped, due, &period("PT24H"), again).unwrap().at;
    assert_eq!(went_on.duration_since(again), due.duration_since(stopped));
}

#[test]
fn days_keep_their_local_time_over_nights_in_which_clocks_change() {
    // Noon to noon; stopped at noon with ten days left, going on at noon.
    assert_eq!(
        ends("2021-03-01T20:00:00Z", "P11D", "2021-03-02T20:00:00Z", "2021-03-05T20:00:00Z"),
        "2021-03-15T13:00 PDT"
    );
    assert_eq!(
        ends("2021-10-20T19:00:00Z", "P11D", "2021-10-21T19:00:00Z", "2021-11-01T19:00:00Z"),
        "2021-11-11T12:00 PST"
    );
    // The day of 25 hours was part of what was left, and stays so although no clock changes any more.
    assert_eq!(
        ends("2021-11-05T19:00:00Z", "P3D", "2021-11-06T19:00:00Z", "2021-11-20T20:00:00Z"),
        "2021-11-22T13:00 PST"
    );
}

#[test]
fn days_count_leap_days_and_ends_of_months_like_any_other() {
    assert_eq!(
        ends("2024-02-20T20:00:00Z", "P2D", "2024-02-21T20:00:00Z", "2024-02-28T20:00:00Z"),
        "2024-02-29T12:00 PST"
    );
    assert_eq!(
        ends("2024-02-20T20:00:00Z", "P2D", "2024-02-21T20:00:00Z", "2024-02-29T20:00:00Z"),
        "2024-03-01T12:00 PST"
    );
    // What is left of a month is days.
    assert_eq!(
        ends("2021-01-31T20:00:00Z", "P1M", "2021-02-20T20:00:00Z", "2021-04-26T19:00:00Z"),
        "2021-05-04T12:00 PDT"
    );
}

#[test]
fn business_days_are_counted_anew_past_weekends_and_holidays() {
    // Two business days from Tuesday noon, stopped after one, going on before a weekend and before a holiday.
    assert_eq!(
        ends("2021-01-05T20:00:00Z", "2bd", "2021-01-06T20:00:00Z", "2021-01-08T20:00:00Z"),
        "2021-01-11T12:00 PST"
    );
    assert_eq!(
        ends("2021-01-05T20:00:00Z", "2bd", "2021-01-06T20:00:00Z", "2021-01-15T20:00:00Z"),
        "2021-01-19T12:00 PST"
    );
    assert_eq!(
        ends("2021-03-09T20:00:00Z", "2bd", "2021-03-10T20:00:00Z", "2021-03-16T19:00:00Z"),
        "2021-03-18T12:00 PDT"
    );
    // Six hours beyond no whole day do not end on a Saturday.
    assert_eq!(
        ends("2021-01-05T20:00:00Z", "1bd", "2021-01-06T14:00:00Z", "2021-01-09T04:00:00Z"),
        "2021-01-11T02:00 PST"
    );
}

#[test]
fn a_calendar_that_ends_gives_an_error_and_no_guess() {
    let calendar = los_angeles();
    let (stopped, due) = (at("2021-01-05T20:00:00Z"), at("2021-01-07T20:00:00Z"));
    let again = at("2026-12-31T20:00:00Z");
    let error = calendar.carried_on(stopped, due, &period("2bd"), again).unwrap_err();
    assert!(matches!(error, CalendarError::CalendarEnds { .. }), "{error}");
}

fn any_period() -> impl Strategy<Value = Period> {
    prop_oneof![
        (1..5_000_000_u32).prop_map(Period::Seconds),
        (1..60_u32).prop_map(Period::Days),
        (1..7_u32).prop_map(Period::Months),
        (1..30_u32).prop_map(Period::BusinessDays),
    ]
}

/// A moment from 2020, a leap year, to 2024, another.
fn any_moment() -> impl Strategy<Value = Timestamp> {
    (1_577_836_800_000_000_i64..1_720_000_000_000_000).prop_map(|n| Timestamp::from_microsecond(n).unwrap())
}

/// The business days after the local day of one moment, up to that of another.
fn business_days(calendar: &Calendar, from: Timestamp, until: Timestamp) -> u32 {
    calendar.business_days_between(from, until).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_left_is_never_less_and_nothing_ends_early(
        from in any_moment(), period in any_period(), share in 0_u32..1_000, still in 0_i64..20_000_000_000_000,
    ) {
        let calendar = los_angeles();
        let ends = calendar.deadline(from, &period).unwrap().at;
        let whole = ends.as_microsecond() - from.as_microsecond();
        let stopped = Timestamp::from_microsecond(from.as_microsecond() + whole / 1_000 * i64::from(share)).unwrap();
        let again = Timestamp::from_microsecond(stopped.as_microsecond() + still).unwrap();
        let went_on = calendar.carried_on(stopped, ends, &period, again).unwrap().at;
        let left = ends.duration_since(stopped);
        let run = stopped.duration_since(from) + went_on.duration_since(again);
        prop_assert!(went_on > again, "{went_on} {again}");
        match period {
            Period::Seconds(n) => {
                prop_assert_eq!(went_on.duration_since(again), left);
                prop_assert_eq!(run, SignedDuration::from_secs(n.into()));
            }
            Period::Days(_) | Period::Months(_) => {
                prop_assert!(went_on.duration_since(again) >= left);
                // A clock change is all that can make it longer.
                prop_assert!(went_on.duration_since(again) <= left + SignedDuration::from_hours(2));
            }
            Period::BusinessDays(n) => {
                // Each business day is a day at least, and those that were left are all in what is left.
                prop_assert!(run >= SignedDuration::from_hours(24 * i64::from(n)), "{run}");
                let local = went_on.to_zoned(zone(&calendar.time_zone).unwrap());
                prop_assert!(calendar.is_business_day(local.date()), "{local}");
                let whole = calendar.whole(stopped, ends, 40, Period::BusinessDays).unwrap();
                let Period::BusinessDays(whole) = whole else { panic!() };
                prop_assert!(business_days(&calendar, again, went_on) >= whole);
            }
        }
    }

    #[test]
    fn a_period_that_stood_still_for_no_time_or_had_ended_ends_when_it_did(
        from in any_moment(), period in any_period(), share in 0_u32..1_500,
    ) {
        let calendar = los_angeles();
        let ends = calendar.deadline(from, &period).unwrap().at;
        let whole = ends.as_microsecond() - from.as_microsecond();
        let stopped = Timestamp::from_microsecond(from.as_microsecond() + whole / 1_000 * i64::from(share)).unwrap();
        prop_assert_eq!(calendar.carried_on(stopped, ends, &period, stopped).unwrap().at, ends);
        let past = ends + SignedDuration::from_micros(1);
        prop_assert_eq!(calendar.carried_on(past, ends, &period, past + SignedDuration::from_hours(9)).unwrap().at, ends);
    }

    #[test]
    fn going_on_later_ends_no_earlier_but_for_days_off_and_repeated_hours(
        from in any_moment(), days in 1..60_u32, share in 0_u32..1_000, still in 0_i64..20_000_000, more in 7_300_i64..20_000_000,
    ) {
        let calendar = los_angeles();
        let period = Period::Days(days);
        let ends = calendar.deadline(from, &period).unwrap().at;
        let whole = ends.as_microsecond() - from.as_microsecond();
        let stopped = Timestamp::from_microsecond(from.as_microsecond() + whole / 1_000 * i64::from(share)).unwrap();
        let again = stopped + SignedDuration::from_secs(still);
        let first = calendar.carried_on(stopped, ends, &period, again).unwrap().at;
        let later = calendar.carried_on(stopped, ends, &period, again + SignedDuration::from_secs(more)).unwrap().at;
        prop_assert!(later >= first);
    }
}
