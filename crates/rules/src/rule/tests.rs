use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use tenure_domain::calendar::{Calendar, Weekday};

use super::*;
use crate::facts::ReportFact;

const EXAMPLE: &str = include_str!("../../../../deploy/rules/reports-outpace-cleanup.yaml");

fn calendar() -> Calendar {
    Calendar {
        time_zone: "America/Los_Angeles".to_owned(),
        business_days: [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri].into(),
        holidays: ["2020-12-25", "2021-01-01", "2021-01-18"].map(|day| day.parse().unwrap()).into(),
        covers_until: "2021-12-31".parse().unwrap(),
    }
}

const NOW: &str = "2021-01-08T20:00:00Z";

/// A history of four weeks, the oldest first: how many reports were filed in each, in its middle, and how many days
/// the account took for each.
fn weeks(counts: [usize; 4], days_to_remedy: [i64; 4]) -> Vec<ReportFact> {
    let now: Timestamp = NOW.parse().unwrap();
    let mut reports = Vec::new();
    for (week, (count, days)) in counts.into_iter().zip(days_to_remedy).enumerate() {
        let weeks_ago = i64::try_from(4 - week).unwrap();
        let filed_at = now - SignedDuration::from_hours(weeks_ago * 7 * 24 - 84);
        let remediated_at = Some(filed_at + SignedDuration::from_hours(days * 24));
        reports.extend(vec![
            ReportFact { ground: "incitement".parse().unwrap(), filed_at, remediated_at };
            count
        ]);
    }
    reports
}

fn verdict(reports: &[ReportFact]) -> Verdict {
    let rule = Rule::parse(EXAMPLE).unwrap();
    rule.evaluate(&Facts { now: NOW.parse().unwrap(), calendar: &calendar(), reports })
}

#[test]
fn the_example_rule_reads() {
    let rule = Rule::parse(EXAMPLE).unwrap();
    assert_eq!(
        (rule.id.as_str(), rule.ground.as_str(), rule.mode),
        ("reports-outpace-cleanup", "process_failure", Mode::Notify)
    );
    assert_eq!((rule.caps.per_day, rule.caps.share_of_accounts.parts_per_million()), (10, 10_000));
    assert_eq!(rule.hash(), "c2154d407519bca954976b46d941e185fb7a09fd60877cd97683cf60051107f2");
    assert_eq!(rule.reference().to_string(), "reports-outpace-cleanup@c2154d407519");
    let other = Rule::parse(&format!("{EXAMPLE}# a remark\n")).unwrap();
    assert_ne!(other.reference(), rule.reference());
}

#[test]
fn more_reports_every_week_and_slower_cleanup_match() {
    let Verdict::Match(used) = verdict(&weeks([10, 20, 30, 38], [1, 3, 6, 9])) else { panic!("no match") };
    let used: Vec<String> = used.iter().map(|fact| format!("{} = {}", fact.name, fact.value)).collect();
    // 68 in the newer two weeks and 30 in the older: 34 a week after 15.
    // In time are the 10 of the first week. The 38 of the last week, filed on a Tuesday, are due, and not remedied.
    assert_eq!(
        used,
        [
            "reports(\"incitement\", \"P28D\").filed = 98".to_owned(),
            "reports(\"incitement\", \"P28D\").trend = 19.0".to_owned(),
            format!("reports(\"incitement\", \"P28D\").remediatedWithin(\"2bd\") = {:?}", 10.0 / 98.0),
        ]
    );
}

#[test]
fn fewer_reports_every_week_do_not_match() {
    assert!(matches!(verdict(&weeks([38, 30, 20, 10], [9, 6, 3, 1])), Verdict::NoMatch(_)));
}

#[test]
fn quick_cleanup_does_not_match() {
    assert!(matches!(verdict(&weeks([10, 20, 30, 38], [1, 1, 1, 1])), Verdict::NoMatch(_)));
}

#[test]
fn few_reports_do_not_match_whatever_their_cleanup() {
    assert!(matches!(verdict(&weeks([1, 2, 3, 4], [9, 9, 9, 9])), Verdict::NoMatch(_)));
    assert!(matches!(verdict(&[]), Verdict::NoMatch(_)));
}

#[test]
fn an_empty_history_cannot_decide_about_its_cleanup() {
    let text = EXAMPLE.replace(".filed >= 50", ".filed >= 0").replace(".trend > 0.0", ".trend >= 0.0");
    let rule = Rule::parse(&text).unwrap();
    let verdict = rule.evaluate(&Facts { now: NOW.parse().unwrap(), calendar: &calendar(), reports: &[] });
    let Verdict::CannotDecide(why) = verdict else { panic!("{verdict:?}") };
    assert!(why.contains("remediatedWithin(\"2bd\")"), "{why}");
}

#[test]
fn what_comes_later_does_not_change_a_replay() {
    let now: Timestamp = NOW.parse().unwrap();
    let mut reports = weeks([10, 20, 30, 38], [1, 3, 6, 9]);
    let before = verdict(&reports);
    let later = now + SignedDuration::from_secs(1);
    reports.extend(vec![
        ReportFact {
            ground: "incitement".parse().unwrap(),
            filed_at: later,
            remediated_at: Some(later)
        };
        500
    ]);
    assert_eq!(verdict(&reports), before);
}

/// Asserts that the change gives exactly one fault, on this line and field, whose message contains the words.
#[track_caller]
fn one_fault(from: &str, to: &str, line: u32, field: &str, words: &str) {
    assert_eq!(EXAMPLE.matches(from).count(), 1, "{from:?} must be in the example once");
    let errors = Rule::parse(&EXAMPLE.replace(from, to)).expect_err(to);
    let [fault] = errors.as_slice() else { panic!("{errors}") };
    assert_eq!((fault.line, fault.field.as_str()), (line, field), "{errors}");
    assert!(fault.message.contains(words), "{errors}");
}

#[test]
fn every_mistake_is_named_by_line_and_field() {
    one_fault("kind: Rule", "kind: Terms", 1, "kind", "Rule");
    one_fault("kind: Rule\n", "", 1, "kind", "missing");
    one_fault("id: reports-outpace-cleanup", "id: Reports", 2, "id", "name");
    one_fault("ground: process_failure", "ground:", 3, "ground", "empty");
    one_fault("ground: process_failure", "ground: \"\"", 3, "ground", "blank");
    one_fault("mode: notify", "mode: loud", 4, "mode", "off, shadow, notify, enforce");
    one_fault("mode: notify", "mode: true", 4, "mode", "quotes");
    one_fault("mode: notify", "mode: notify\nmode: off", 5, "mode", "twice");
    one_fault("mode: notify", "mode: notify\nmood: off", 5, "mood", "unknown");
    one_fault(".filed >= 50", ".filed >= \"50\"", 6, "when", "a text has no value of its own");
    one_fault(".filed >= 50", ".filed >= limit", 6, "when", "\"limit\" is not declared");
    one_fault(".trend > 0.0", ".trend > 0", 6, "when", "0.0");
    one_fault("caps: {perDay: 10, shareOfAccounts: 0.01}\n", "", 1, "caps", "missing");
    one_fault("perDay: 10, ", "", 8, "caps.perDay", "missing");
    one_fault("perDay: 10", "perDay: 0", 8, "caps.perDay", "from 1");
    one_fault("perDay: 10", "perDay: ten", 8, "caps.perDay", "whole number");
    one_fault("shareOfAccounts: 0.01", "shareOfAccounts: 0", 8, "caps.shareOfAccounts", "above 0");
    one_fault("shareOfAccounts: 0.01", "shareOfAccounts: 1.5", 8, "caps.shareOfAccounts", "at most 1");
    one_fault("shareOfAccounts: 0.01", "shareOfAccounts: 1%", 8, "caps.shareOfAccounts", "a number");
}

#[test]
fn off_is_a_mode_and_not_false() {
    assert_eq!(Rule::parse(&EXAMPLE.replace("mode: notify", "mode: off")).unwrap().mode, Mode::Off);
    assert_eq!(Rule::parse(&EXAMPLE.replace("0.01", "1")).unwrap().caps.share_of_accounts.to_string(), "1");
}

proptest! {
    #[test]
    fn no_document_makes_reading_panic(text in "\\PC{0,200}") {
        let _ = Rule::parse(&text);
    }

    #[test]
    fn no_condition_in_a_document_makes_reading_or_evaluating_panic(when in "[a-z0-9 .,()\"'<>=!&|?:+*/%-]{0,120}") {
        let text = format!("kind: Rule\nid: r\nground: g\nmode: off\nwhen: >\n  {when}\ncaps: {{perDay: 1, shareOfAccounts: 1}}\n");
        if let Ok(rule) = Rule::parse(&text) {
            rule.evaluate(&Facts { now: NOW.parse().unwrap(), calendar: &calendar(), reports: &[] });
        }
    }
}
