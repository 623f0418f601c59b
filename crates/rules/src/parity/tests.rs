//! Like cases, unlike ones, and too few of them.

use jiff::{SignedDuration, Timestamp};
use tenure_domain::capability::Preset;
use tenure_domain::scope::ScopeKind;
use tenure_domain::terms::TermsRef;

use super::*;

const DAY: i64 = 86_400;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn terms(version: &str) -> TermsRef {
    TermsRef { id: "house".parse().unwrap(), version: version.to_owned(), hash: "0".repeat(64) }
}

fn comparator() -> Comparator {
    Comparator {
        account: "parley".parse().unwrap(),
        ground: "abuse".parse().unwrap(),
        preset: Preset::Suspend,
        scope: ScopeKind::Account,
        terms: terms("1"),
        at: at("2021-02-09T17:00:00Z"),
    }
}

fn subject(notice: i64, preset: Preset) -> Subject {
    let Comparator { account, ground, scope, terms, .. } = comparator();
    Subject { account, ground, terms, preset, scope, notice_seconds: notice * DAY, cure_seconds: 30 * DAY }
}

/// A case of another account that was suspended after so many days of notice.
fn case(n: usize, notice: i64) -> NearCase {
    let account = format!("other-{n}");
    NearCase {
        case: format!("{account}.c1").parse().unwrap(),
        account: account.parse().unwrap(),
        ground: "abuse".parse().unwrap(),
        terms: terms("1"),
        opened_at: at("2020-12-01T00:00:00Z"),
        measure: Some(Preset::Suspend),
        scope: Some(ScopeKind::Account),
        notice_seconds: Some(notice * DAY),
        cure_seconds: Some(30 * DAY),
        outcome: "cured".to_owned(),
        deviated: false,
    }
}

fn answer(account: &str, same_content_locus: bool) -> Answer {
    Answer {
        account: account.parse().unwrap(),
        same_service: true,
        same_content_locus,
        why: "Its posts lie with another provider".to_owned(),
    }
}

fn run(subject: Subject, cases: Vec<NearCase>, answers: &[Answer]) -> Parity {
    compare(&comparator(), subject, 10, cases, Vec::new(), answers, None)
}

#[test]
fn four_cases_are_too_few_to_say_and_that_is_said() {
    let said = run(subject(1, Preset::Suspend), (0..4).map(|n| case(n, 14)).collect(), &[]);
    assert_eq!(said.said, "4 similarly situated cases with a measure: too few to say");
    assert!(said.positions.is_empty() && said.deviations.is_empty());
    assert_eq!((said.near, said.nearest.len()), (4, 4), "and they are shown all the same");
}

#[test]
fn a_shorter_notice_than_all_others_had_deviates_and_the_same_does_not() {
    let cases: Vec<NearCase> = (0..5).map(|n| case(n, 14)).collect();
    let short = run(subject(2, Preset::Suspend), cases.clone(), &[]);
    assert_eq!(
        short.deviations,
        ["it deviates: notice of 2 days: 0 of 5 similarly situated cases had as little or less"]
    );
    assert!(run(subject(14, Preset::Suspend), cases, &[]).deviations.is_empty());
}

#[test]
fn a_harsher_measure_than_all_others_met_with_deviates() {
    let lesser = |n| NearCase { measure: Some(Preset::Isolate), ..case(n, 14) };
    let said = run(subject(14, Preset::Suspend), (0..6).map(lesser).collect(), &[]);
    assert_eq!(
        said.deviations,
        ["it deviates: the measure suspend: 0 of 6 similarly situated cases had that or a harsher one"]
    );
}

#[test]
fn one_in_ten_is_no_deviation_and_one_in_eleven_is() {
    let cases =
        |n: usize| -> Vec<NearCase> { (0..n).map(|i| case(i, if i == 0 { 2 } else { 14 })).collect() };
    assert!(run(subject(2, Preset::Suspend), cases(10), &[]).deviations.is_empty());
    assert_eq!(run(subject(2, Preset::Suspend), cases(11), &[]).deviations.len(), 1);
}

#[test]
fn who_is_not_similarly_situated_is_shown_and_does_not_count() {
    let mut cases: Vec<NearCase> = (0..5).map(|n| case(n, 14)).collect();
    cases[1].terms = terms("2");
    let said = run(subject(2, Preset::Suspend), cases, &[answer("other-0", false)]);
    assert_eq!((said.near, said.similarly_situated), (5, 3));
    assert!(said.said.ends_with("too few to say"));
    let of = |account: &str| {
        said.nearest.iter().find(|n| n.case.account.as_str() == account).unwrap().comparable.clone()
    };
    assert!(!of("other-0").same_content_locus && of("other-0").same_service && of("other-0").same_terms);
    assert_eq!(of("other-0").why.as_deref(), Some("Its posts lie with another provider"));
    assert!(!of("other-1").same_terms && of("other-1").same_content_locus);
    assert!(of("other-2").similarly_situated);
}

#[test]
fn the_nearest_come_first() {
    let lesser =
        NearCase { measure: Some(Preset::Freeze), scope: Some(ScopeKind::Environment), ..case(1, 14) };
    let older = NearCase { opened_at: at("2020-11-01T00:00:00Z"), ..case(2, 14) };
    let said = run(subject(14, Preset::Suspend), vec![lesser, older, case(3, 14)], &[]);
    let order: Vec<&str> = said.nearest.iter().map(|n| n.case.account.as_str()).collect();
    assert_eq!(order, ["other-3", "other-2", "other-1"]);
}

#[test]
fn other_grounds_older_cases_and_ones_own_are_not_near() {
    let other = NearCase { ground: "debt".parse().unwrap(), ..case(1, 14) };
    let old = NearCase { opened_at: comparator().since() - SignedDuration::from_secs(1), ..case(2, 14) };
    let own = NearCase { account: "parley".parse().unwrap(), ..case(3, 14) };
    assert_eq!(run(subject(14, Preset::Suspend), vec![other, old, own], &[]).near, 0);
}

#[test]
fn the_same_signals_without_a_case_deviate_unless_the_account_is_not_similarly_situated() {
    let signalled = |account: &str, signals, version| Signalled {
        account: account.parse().unwrap(),
        terms: terms(version),
        signals,
    };
    let ask = |answers: &[Answer]| {
        let others = vec![
            signalled("agora", 12, "1"),
            signalled("forum", 9, "1"),
            signalled("salon", 12, "2"),
            signalled("other-1", 12, "1"),
        ];
        compare(&comparator(), subject(14, Preset::Suspend), 10, vec![case(1, 14)], others, answers, None)
    };
    let said = ask(&[]);
    let named: Vec<&str> = said.same_signals_no_case.iter().map(|n| n.signalled.account.as_str()).collect();
    assert_eq!(named, ["agora", "salon"], "one has fewer, and one has a case");
    assert_eq!(said.deviations, ["it deviates: agora has 12 reports on abuse to 10 here, and no case"]);
    assert!(ask(&[answer("agora", false)]).deviations.is_empty());
}

#[test]
fn the_comparator_is_fixed_by_its_text_and_everything_in_it_changes_the_hash() {
    let fixed = comparator();
    assert_eq!(fixed.hash(), comparator().hash());
    let others = [
        Comparator { ground: "debt".parse().unwrap(), ..comparator() },
        Comparator { preset: Preset::Isolate, ..comparator() },
        Comparator { scope: ScopeKind::Environment, ..comparator() },
        Comparator { terms: terms("2"), ..comparator() },
        Comparator { at: at("2021-02-09T17:00:01Z"), ..comparator() },
        Comparator { account: "agora".parse().unwrap(), ..comparator() },
    ];
    for other in others {
        assert_ne!(other.hash(), fixed.hash(), "{}", other.text());
    }
}

#[test]
fn a_month_is_summed_up_by_ground() {
    let cases = vec![
        case(1, 14),
        case(2, 2),
        NearCase { deviated: true, outcome: "open".into(), ..case(3, 20) },
        NearCase {
            ground: "debt".parse().unwrap(),
            measure: None,
            notice_seconds: None,
            cure_seconds: None,
            ..case(4, 0)
        },
    ];
    let said = summary(&cases);
    assert_eq!(said.iter().map(|g| g.ground.as_str()).collect::<Vec<_>>(), ["abuse", "debt"]);
    assert_eq!(said[0].notice, Some(Spread { least: 2 * DAY, median: 14 * DAY, most: 20 * DAY }));
    assert_eq!((said[0].cases, said[0].accounts, said[0].deviations), (3, 3, 1));
    assert_eq!(said[0].outcomes, [("cured".to_owned(), 2), ("open".to_owned(), 1)].into());
    assert_eq!((said[1].notice, said[1].measures.get("none")), (None, Some(&1)));
}
