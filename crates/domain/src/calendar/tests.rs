use proptest::prelude::*;

use super::*;

fn los_angeles() -> Calendar {
    Calendar {
        time_zone: "America/Los_Angeles".to_owned(),
        business_days: [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri].into(),
        holidays: ["2020-11-26", "2020-12-25", "2021-01-01", "2021-01-18"].map(|d| d.parse().unwrap()).into(),
        covers_until: "2021-12-31".parse().unwrap(),
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// When a period from a moment ends, for people in Los Angeles.
fn ends(from: &str, period: &str) -> String {
    let calendar = los_angeles();
    calendar.local(calendar.deadline(at(from), &period.parse().unwrap()).unwrap().at)
}

#[test]
fn thirty_days_from_the_evening_of_the_letter_end_on_the_evening_of_8_february() {
    let deadline = los_angeles().deadline(at("2021-01-10T03:00:00Z"), &Period::Days(30)).unwrap();
    assert_eq!(deadline.at, at("2021-02-09T03:00:00Z"));
    assert_eq!(los_angeles().local(deadline.at), "2021-02-08T19:00 PST");
    assert_eq!(deadline.tzdb, tzdb_version());
    assert!(deadline.tzdb.starts_with("20"), "{}", deadline.tzdb);
    let json = serde_json::to_string(&deadline).unwrap();
    assert_eq!(serde_json::from_str::<Deadline>(&json).unwrap(), deadline);
}

#[test]
fn a_day_of_23_hours_is_stretched_to_24() {
    // Clocks go forward on 2021-03-14 at 02:00: the same local time would come after 23 hours.
    assert_eq!(ends("2021-03-14T03:00:00Z", "P1D"), "2021-03-14T20:00 PDT");
    assert_eq!(ends("2021-03-07T20:00:00Z", "P14D"), "2021-03-21T13:00 PDT");
    // The local time 02:30 does not exist on that day.
    assert_eq!(ends("2021-03-13T10:30:00Z", "P1D"), "2021-03-14T03:30 PDT");
    assert_eq!(ends("2021-02-14T10:30:00Z", "P1M"), "2021-03-14T03:30 PDT");
    // A month ends at the same local time, whatever the clocks did.
    assert_eq!(ends("2021-02-20T20:00:00Z", "P1M"), "2021-03-20T12:00 PDT");
}

#[test]
fn a_day_of_25_hours_ends_at_the_same_local_time() {
    // Clocks go back on 2021-11-07 at 02:00.
    assert_eq!(ends("2021-11-06T19:00:00Z", "P1D"), "2021-11-07T12:00 PST");
    assert_eq!(at("2021-11-07T20:00:00Z").duration_since(at("2021-11-06T19:00:00Z")).as_hours(), 25);
    // The local time 01:30 comes twice on that day; the second is meant.
    assert_eq!(ends("2021-11-06T08:30:00Z", "P1D"), "2021-11-07T01:30 PST");
    // From the first 01:30 of that day.
    assert_eq!(ends("2021-11-07T08:30:00Z", "P1D"), "2021-11-08T01:30 PST");
}

#[test]
fn two_business_days_skip_weekends_and_holidays() {
    assert_eq!(ends("2021-01-09T03:00:00Z", "2bd"), "2021-01-12T19:00 PST"); // Friday evening
    assert_eq!(ends("2021-01-10T03:00:00Z", "2bd"), "2021-01-12T19:00 PST"); // Saturday evening
    assert_eq!(ends("2021-01-11T03:00:00Z", "2bd"), "2021-01-12T19:00 PST"); // Sunday evening
    assert_eq!(ends("2021-01-16T03:00:00Z", "2bd"), "2021-01-20T19:00 PST"); // Friday before the holiday of the 18th
    assert_eq!(ends("2021-01-18T20:00:00Z", "1bd"), "2021-01-19T12:00 PST"); // on the holiday
    assert_eq!(ends("2020-12-24T20:00:00Z", "1bd"), "2020-12-28T12:00 PST"); // over Christmas and a weekend
    assert_eq!(ends("2021-03-12T20:00:00Z", "1bd"), "2021-03-15T12:00 PDT"); // over the clock change
    // In UTC it is Saturday already; in the calendar's zone it is Friday.
    assert_eq!(ends("2021-01-09T01:00:00Z", "1bd"), "2021-01-11T17:00 PST");
}

#[test]
fn business_days_past_the_known_holidays_are_an_error() {
    let calendar = los_angeles();
    let from = at("2021-12-30T20:00:00Z"); // Thursday
    assert_eq!(
        calendar.local(calendar.deadline(from, &Period::BusinessDays(1)).unwrap().at),
        "2021-12-31T12:00 PST"
    );
    for (from, n) in [(from, 2), (at("2022-06-01T00:00:00Z"), 1), (from, u32::MAX)] {
        let error = calendar.deadline(from, &Period::BusinessDays(n)).unwrap_err();
        assert!(matches!(error, CalendarError::CalendarEnds { .. }), "{error}");
        assert!(error.to_string().contains("2021-12-31"), "{error}");
    }
    // Calendar days ask no holidays, and no business days end at once.
    assert!(calendar.deadline(from, &Period::Days(30)).is_ok());
    assert_eq!(
        calendar.deadline(at("2022-06-01T00:00:00Z"), &Period::BusinessDays(0)).unwrap().at,
        at("2022-06-01T00:00:00Z")
    );
}

#[test]
fn months_end_on_the_last_day_of_a_shorter_month() {
    assert_eq!(ends("2020-08-31T19:00:00Z", "P6M"), "2021-02-28T12:00 PST");
    assert_eq!(ends("2019-08-31T19:00:00Z", "P6M"), "2020-02-29T12:00 PST");
    assert_eq!(ends("2020-02-29T20:00:00Z", "P12M"), "2021-02-28T12:00 PST");
    assert_eq!(ends("2020-01-30T20:00:00Z", "P1M"), "2020-02-29T12:00 PST");
    assert_eq!(ends("2020-02-28T20:00:00Z", "P1D"), "2020-02-29T12:00 PST");
}

#[test]
fn exact_time_takes_no_notice_of_clocks() {
    assert_eq!(ends("2021-03-14T03:00:00Z", "PT24H"), "2021-03-14T20:00 PDT");
    assert_eq!(ends("2021-11-06T19:00:00Z", "PT24H"), "2021-11-07T11:00 PST");
}

#[test]
fn zero_ends_at_once() {
    for period in ["PT0S", "P0D", "P0M", "0bd"] {
        assert_eq!(ends("2021-01-10T03:00:00Z", period), "2021-01-09T19:00 PST");
    }
}

#[test]
fn a_date_that_the_zone_skipped_makes_the_period_longer() {
    // Samoa went from 29 December 2011 straight to the 31st.
    let samoa = Calendar { time_zone: "Pacific/Apia".to_owned(), ..los_angeles() };
    let from = at("2011-12-29T22:00:00Z");
    let end = samoa.deadline(from, &Period::Days(1)).unwrap().at;
    assert!(end >= at("2011-12-30T22:00:00Z"), "{}", samoa.local(end));
    // It put its clock forward besides, so that 36 months to that night lack more than a day.
    let from = at("2008-12-31T11:00:00Z");
    let years = Period::Months(36);
    let least = SignedDuration::from_secs(years.shortest_seconds().try_into().unwrap());
    assert!(samoa.deadline(from, &years).unwrap().at >= from.checked_add(least).unwrap());
}

#[test]
fn what_cannot_be_computed_is_an_error_and_no_guess() {
    let calendar = los_angeles();
    for period in [Period::Seconds(u32::MAX), Period::Days(u32::MAX), Period::Months(u32::MAX)] {
        let error = calendar.deadline(Timestamp::MAX, &period).unwrap_err();
        assert!(matches!(error, CalendarError::OutOfRange { .. }), "{error}");
    }
    for name in ["Mars/Olympus", "", "america/los_angeles", "Etc/Unknown"] {
        let calendar = Calendar { time_zone: name.to_owned(), ..los_angeles() };
        let error = calendar.deadline(at("2021-01-10T03:00:00Z"), &Period::Days(1)).unwrap_err();
        assert!(matches!(error, CalendarError::UnknownZone(_)), "{error}");
        assert_eq!(calendar.local(at("2021-01-10T03:00:00Z")), "2021-01-10T03:00 UTC");
    }
}

#[test]
fn local_time_hides_no_seconds() {
    assert_eq!(los_angeles().local(at("2021-02-09T03:00:07Z")), "2021-02-08T19:00:07 PST");
    assert_eq!(los_angeles().local(at("2021-02-09T03:00:07.25Z")), "2021-02-08T19:00:07.25 PST");
}

#[test]
fn the_machine_is_not_asked_for_its_zones() {
    assert!(format!("{:?}", TimeZoneDatabase::bundled()).contains("Bundled"));
}

const ZONES: [&str; 7] = [
    "America/Los_Angeles",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "UTC",
];

/// Moments from 2000 to 2037, to the second.
fn moments() -> impl Strategy<Value = Timestamp> {
    (946_684_800_i64..2_145_916_800).prop_map(|s| Timestamp::from_second(s).unwrap())
}

fn calendars() -> impl Strategy<Value = Calendar> {
    (proptest::sample::select(&ZONES[..]), 1..7_usize).prop_map(|(zone, days)| Calendar {
        time_zone: zone.to_owned(),
        business_days: Weekday::ALL[..days].iter().copied().collect(),
        covers_until: "2050-12-31".parse().unwrap(),
        ..los_angeles()
    })
}

/// Whether the local time of a moment comes twice.
fn repeats(calendar: &Calendar, at: Timestamp) -> bool {
    let zone = zone(&calendar.time_zone).unwrap();
    zone.to_ambiguous_zoned(at.to_zoned(zone.clone()).datetime()).is_ambiguous()
}

#[test]
fn months_end_at_the_same_local_time_across_the_date_line() {
    let apia = Calendar { time_zone: "Pacific/Apia".to_owned(), ..los_angeles() };
    let from: Timestamp = "2008-12-31T11:00:00Z".parse().unwrap();
    // Samoa had no 30 December 2011, and its clocks stood an hour ahead for the summer besides.
    let months = Period::Months(36);
    let end = apia.deadline(from, &months).unwrap().at;
    assert_eq!(end, "2011-12-30T10:00:00Z".parse().unwrap());
    assert!(end.duration_since(from).as_secs() >= i64::try_from(months.shortest_seconds()).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_period_is_shorter_than_its_days(calendar in calendars(), from in moments(), n in 0..400_u32) {
        let least = from.checked_add(SignedDuration::from_hours(24 * i64::from(n))).unwrap();
        for period in [Period::Days(n), Period::BusinessDays(n)] {
            prop_assert!(calendar.deadline(from, &period).unwrap().at >= least);
        }
        let months = Period::Months(n % 120);
        let least = from.checked_add(SignedDuration::from_secs(months.shortest_seconds().try_into().unwrap())).unwrap();
        prop_assert!(calendar.deadline(from, &months).unwrap().at >= least);
    }

    #[test]
    fn days_end_at_the_same_local_time_or_after_a_clock_change(calendar in calendars(), from in moments(), n in 0..400_u32) {
        let end = calendar.deadline(from, &Period::Days(n)).unwrap().at;
        let exact = from.checked_add(SignedDuration::from_hours(24 * i64::from(n))).unwrap();
        let zone = zone(&calendar.time_zone).unwrap();
        let same_time = end.to_zoned(zone.clone()).time() == from.to_zoned(zone.clone()).time();
        let clock_changed = zone.to_offset(from) != zone.to_offset(exact) || repeats(&calendar, end)
            || zone.to_offset(from) != zone.to_offset(end);
        prop_assert!(same_time || clock_changed, "{} {}", calendar.local(from), calendar.local(end));
        prop_assert!(end.duration_since(exact) <= SignedDuration::from_hours(25));
    }

    #[test]
    fn a_later_start_never_ends_earlier(
        calendar in calendars(), from in moments(), later in 0..1_000_000_i64, n in 0..400_u32,
    ) {
        let later = from.checked_add(SignedDuration::from_secs(later)).unwrap();
        prop_assume!(!repeats(&calendar, from) && !repeats(&calendar, later));
        let ends = |from, period| calendar.deadline(from, &period).unwrap().at;
        let zone = zone(&calendar.time_zone).unwrap();
        // A time that the last day skips is put off by the hour that is skipped; one that it has is not.
        let time = |at: Timestamp| at.to_zoned(zone.clone()).time();
        let end = ends(from, Period::Days(n));
        let put_off = SignedDuration::from_hours(i64::from(time(end) != time(from)));
        prop_assert!(end <= ends(later, Period::Days(n)) + put_off);
        prop_assert!(ends(from, Period::Seconds(n)) <= ends(later, Period::Seconds(n)));
        // Business days and months keep the order of dates.
        let date = |at: Timestamp| at.to_zoned(zone.clone()).date();
        for period in [Period::BusinessDays(n), Period::Months(n % 120)] {
            prop_assert!(date(ends(from, period)) <= date(ends(later, period)));
        }
    }
}
