use proptest::prelude::*;
use tenure_domain::calendar::Weekday;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn calendar() -> Calendar {
    Calendar {
        time_zone: "America/Los_Angeles".to_owned(),
        business_days: [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri].into(),
        holidays: ["2021-01-01", "2021-01-18"].map(|day| day.parse().unwrap()).into(),
        covers_until: "2021-12-31".parse().unwrap(),
    }
}

fn ground(code: &str) -> Ground {
    code.parse().unwrap()
}

fn report(filed: &str, remediated: Option<&str>) -> ReportFact {
    ReportFact { ground: ground("incitement"), filed_at: at(filed), remediated_at: remediated.map(at) }
}

fn window(text: &str) -> Window {
    text.parse().unwrap()
}

const NOW: &str = "2021-01-29T20:00:00Z";

#[test]
fn a_window_excludes_its_first_moment_and_the_future() {
    let reports = [
        report("2021-01-01T20:00:00Z", None), // 28 days ago to the second
        report("2021-01-01T20:00:01Z", None),
        report("2021-01-29T20:00:00Z", None),
        report("2021-01-29T20:00:01Z", None), // not yet
        ReportFact { ground: ground("phishing"), ..report("2021-01-20T20:00:00Z", None) },
    ];
    let calendar = calendar();
    let facts = Facts { now: at(NOW), calendar: &calendar, reports: &reports };
    assert_eq!(facts.filed(&ground("incitement"), window("P28D")), Ok(2));
    assert_eq!(facts.filed(&ground("phishing"), window("P28D")), Ok(1));
    assert_eq!(facts.filed(&ground("spam"), window("P28D")), Ok(0));
}

#[test]
fn the_trend_is_the_change_of_the_weekly_rate() {
    let calendar = calendar();
    // Three in the older two weeks, seven in the newer: from 1.5 to 3.5 a week.
    let mut reports = vec![report("2021-01-05T00:00:00Z", None); 3];
    reports.extend(vec![report("2021-01-20T00:00:00Z", None); 7]);
    let facts = Facts { now: at(NOW), calendar: &calendar, reports: &reports };
    assert_eq!(facts.trend(&ground("incitement"), window("P28D")), Ok(2.0));
    assert_eq!(facts.trend(&ground("spam"), window("P28D")), Ok(0.0));
    // The middle moment belongs to the older half.
    let reports = [report("2021-01-15T20:00:00Z", None), report("2021-01-15T20:00:01Z", None)];
    let facts = Facts { now: at(NOW), calendar: &calendar, reports: &reports };
    assert_eq!(facts.trend(&ground("incitement"), window("P28D")), Ok(0.0));
}

#[test]
fn the_share_counts_what_is_due_or_remedied() {
    let calendar = calendar();
    let reports = [
        report("2021-01-15T20:00:00Z", Some("2021-01-20T20:00:00Z")), // Friday to Wednesday: 2bd over the holiday, to the second
        report("2021-01-15T20:00:00Z", Some("2021-01-20T20:00:01Z")), // a second late
        report("2021-01-15T20:00:00Z", None),                         // due, not remedied
        report("2021-01-28T20:00:00Z", Some("2021-01-29T19:00:00Z")), // remedied before it is due
        report("2021-01-28T20:00:00Z", None),                         // not due yet
        report("2021-01-28T20:00:00Z", Some("2021-01-30T19:00:00Z")), // remedied in the future: not known now
        report("2021-01-27T20:00:00Z", None), // due this very moment, which still counts
    ];
    let facts = Facts { now: at(NOW), calendar: &calendar, reports: &reports };
    assert_eq!(
        facts.remediated_within(&ground("incitement"), window("P28D"), Period::BusinessDays(2)),
        Ok(0.5)
    );
}

#[test]
fn a_share_of_nothing_is_not_known() {
    let calendar = calendar();
    let pending = [report("2021-01-29T19:00:00Z", None)];
    for reports in [&[][..], &pending[..]] {
        let facts = Facts { now: at(NOW), calendar: &calendar, reports };
        let share = facts.remediated_within(&ground("incitement"), window("P28D"), Period::BusinessDays(2));
        assert_eq!(share, Err(Missing::NoneDue));
    }
}

#[test]
fn a_calendar_that_ends_too_early_is_not_guessed_past() {
    let calendar = Calendar { covers_until: "2021-01-29".parse().unwrap(), ..calendar() };
    let reports = [report("2021-01-28T20:00:00Z", None)];
    let facts = Facts { now: at(NOW), calendar: &calendar, reports: &reports };
    let share = facts.remediated_within(&ground("incitement"), window("P28D"), Period::BusinessDays(2));
    assert!(matches!(share, Err(Missing::Calendar(CalendarError::CalendarEnds { .. }))), "{share:?}");
}

#[test]
fn more_reports_than_the_bound_are_not_counted() {
    let calendar = calendar();
    let reports = vec![report("2021-01-28T20:00:00Z", None); REPORTS_MAX + 1];
    let facts = Facts { now: at(NOW), calendar: &calendar, reports: &reports };
    assert_eq!(facts.filed(&ground("incitement"), window("P28D")), Err(Missing::TooManyReports));
}

#[test]
fn what_is_no_window_is_refused() {
    for text in ["", "P0D", "P1M", "2bd", "P367D", "PT8785H", "28", "-P1D"] {
        assert!(text.parse::<Window>().is_err(), "{text:?}");
    }
    for text in ["P28D", "P4W", "PT1H", "P366D"] {
        assert!(text.parse::<Window>().is_ok(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn neither_order_nor_the_future_changes_a_fact(
        seconds in proptest::collection::vec((0..5_000_000_i64, proptest::option::of(0..5_000_000_i64)), 0..40),
        now in 2_400_000..3_000_000_i64,
    ) {
        let start = at("2020-12-01T00:00:00Z").as_second();
        let moment = |s: i64| Timestamp::from_second(start + s).unwrap();
        let reports: Vec<ReportFact> = seconds.iter().map(|(filed, remedied)| ReportFact {
            ground: ground("incitement"), filed_at: moment(*filed), remediated_at: remedied.map(moment),
        }).collect();
        // The same history as it was known at that moment, in another order.
        let known: Vec<ReportFact> = reports.iter().rev().filter(|r| r.filed_at <= moment(now)).map(|r| ReportFact {
            remediated_at: r.remediated_at.filter(|at| *at <= moment(now)), ..r.clone()
        }).collect();
        let calendar = calendar();
        let all = Facts { now: moment(now), calendar: &calendar, reports: &reports };
        let then = Facts { reports: &known, ..all };
        let (g, w) = (ground("incitement"), window("P28D"));
        prop_assert_eq!(all.filed(&g, w), then.filed(&g, w));
        prop_assert_eq!(all.trend(&g, w), then.trend(&g, w));
        let share = all.remediated_within(&g, w, Period::BusinessDays(2));
        prop_assert_eq!(&share, &then.remediated_within(&g, w, Period::BusinessDays(2)));
        prop_assert!(share.is_err() || (0.0..=1.0).contains(&share.unwrap()));
    }
}
