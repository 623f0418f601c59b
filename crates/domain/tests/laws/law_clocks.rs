//! Laws 2 and 3 where delivery fails, periods stand still, are made longer, and get time back.

use jiff::{SignedDuration, Timestamp};
use tenure_domain::account::Command;
use tenure_domain::account::command::{Clears, Starts};
use tenure_domain::account::cure::{Found, Verifier};
use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::notice::NoticeState;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::name::{CaseId, ItemId, ReportId};
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::terms::Channel;

use crate::world::{EXAMPLE, HOUSE, World, at, blob, issue, propose, types, words};

fn micros(n: i64) -> SignedDuration {
    SignedDuration::from_micros(n)
}

fn refuse(world: &mut World, notice: u32, channel: Channel) -> Vec<String> {
    let command =
        Command::RecordFailure { notice: world.n(notice), channel, why: "554 no such user".to_owned() };
    types(&world.ok("system/delivery", command))
}

fn pause(world: &mut World, case: &CaseId) {
    world.ok("person/ines", Command::PauseCase { case: case.clone(), why: words() });
}

fn resume(world: &mut World, case: &CaseId) {
    world.ok("person/ines", Command::ResumeCase { case: case.clone(), why: words() });
}

fn cure_ends(world: &World, notice: u32) -> Timestamp {
    world.account().notice(&world.n(notice)).unwrap().cure_ends().unwrap()
}

fn submit(world: &mut World, case: &CaseId, item: &str) {
    let item = item.parse().unwrap();
    world.ok("member/parley/ada", Command::SubmitCure { case: case.clone(), item, remedy: words() });
}

fn reject(world: &mut World, case: &CaseId, item: &str) {
    let item = item.parse().unwrap();
    world.ok("person/ines", Command::RejectCure { case: case.clone(), item, why: words() });
}

/// `house.yaml` with another line.
fn terms(from: &str, to: &str) -> String {
    assert!(HOUSE.contains(from), "{from}");
    HOUSE.replace(from, to)
}

#[test]
fn law_02_failed_attempts_start_no_clock_are_tried_less_and_less_often_and_raise_the_notice() {
    let mut world = World::open(HOUSE, "2021-01-04T17:00:00Z");
    let begin = world.now;
    let case = world.open_case("abuse");
    world.ok("person/ines", issue(&case, Starts::Both, "1.2", &["stop"]));
    let mut tried = Vec::new();
    assert_eq!(refuse(&mut world, 1, Channel::Email), ["notice.attempt_failed"]);
    assert!(refuse(&mut world, 1, Channel::Email).is_empty(), "the same failure stands on the record once");
    while let Some(again) = world.account().notice(&world.n(1)).unwrap().retry_at {
        if again > begin + SignedDuration::from_hours(7 * 24) {
            break;
        }
        tried.push(again.duration_since(world.now).as_mins());
        world.until(again);
        refuse(&mut world, 1, Channel::Email);
    }
    assert_eq!(&tried[..9], [5, 10, 20, 40, 80, 160, 320, 640, 720]);
    assert!(tried[9..].iter().all(|pause| *pause == 720), "{tried:?}");
    let notice = world.account().notice(&world.n(1)).unwrap();
    let NoticeState::Undeliverable { since } = notice.state else { panic!("{:?}", notice.state) };
    assert_eq!(since, begin + SignedDuration::from_hours(72));
    assert_eq!((notice.attempts.len(), notice.deemed.as_ref(), notice.cure_ends()), (0, None, None));
    let steps: Vec<&str> = world.account().next_steps().iter().map(|s| s.what.name()).collect();
    assert!(steps.contains(&"reach") && steps.contains(&"retry"), "{steps:?}");
    assert!(
        world
            .refused("person/ines", propose(&case, "1.2", "workload/web/feed", true))
            .contains(&Guard::CureRun)
    );

    // A channel takes it at last: from then on the deemed rule counts, and not from the first try.
    let taken = world.now;
    let attempt =
        Command::RecordAttempt { notice: world.n(1), channel: Channel::Email, proof: "250".to_owned() };
    world.ok("system/delivery", attempt);
    world.until(taken + SignedDuration::from_hours(72) - micros(1));
    assert_eq!(world.account().notice(&world.n(1)).unwrap().served_at(), None);
    world.until(taken + SignedDuration::from_hours(72));
    let notice = world.account().notice(&world.n(1)).unwrap();
    assert_eq!(notice.served_at(), Some(taken + SignedDuration::from_hours(72)));
    assert!(!world.account().timers().iter().any(|t| matches!(t.key, TimerKey::Retry(_))));
}

#[test]
fn law_02_a_member_who_reads_the_letter_is_served_and_nobody_else_is() {
    let mut world = World::open(HOUSE, "2021-01-04T17:00:00Z");
    let case = world.open_case("abuse");
    world.ok("person/ines", issue(&case, Starts::Both, "1.2", &["stop"]));
    let read = Command::ReadNotice { notice: world.n(1) };
    assert_eq!(world.refused("person/ines", read.clone()), [Guard::AnotherPerson]);
    assert_eq!(types(&world.ok("member/parley/ada", read.clone())), ["notice.served"]);
    assert!(world.ok("member/parley/ada", read).is_empty(), "it is read again and served once");
}

#[test]
fn law_03_an_exact_period_that_stands_still_keeps_every_microsecond() {
    let terms = terms("notice: P1D, cure: 2bd", "notice: PT0S, cure: PT50H");
    let mut world = World::open(&terms, "2021-03-12T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Cure, "1.2", &["stop"]);
    let ends = cure_ends(&world, 1);
    world.until(world.now + SignedDuration::from_hours(24) + micros(7));
    assert_eq!(world.account().notice(&world.n(1)).unwrap().reminded.len(), 0);
    pause(&mut world, &case);
    assert_eq!(
        world.refused("person/omar", Command::PauseCase { case: case.clone(), why: words() }),
        [Guard::InState]
    );
    let left = world.account().left(world.account().case(&case).unwrap(), &world.terms);
    assert_eq!(left[0].left, SignedDuration::from_hours(26) - micros(7));

    // Over the night in which clocks go forward; neither half nor the end is reached.
    let stopped = world.now;
    world.until(stopped + SignedDuration::from_hours(100) + micros(5));
    let account = world.account();
    assert!(account.notice(&world.n(1)).unwrap().reminded.is_empty());
    assert!(account.timers().is_empty(), "{:?}", account.timers());
    let guards = world.refused("person/ines", propose(&case, "1.2", "workload/web/feed", true));
    assert!(guards.contains(&Guard::ClocksRun) && guards.contains(&Guard::CureRun), "{guards:?}");

    resume(&mut world, &case);
    assert_eq!(cure_ends(&world, 1), ends + SignedDuration::from_hours(100) + micros(5));
    // Half of 50 hours that ran, and one reminder: 24 hours before the end are an hour after half.
    let half = stopped + SignedDuration::from_hours(101) + micros(5) - micros(7);
    let due: Vec<(Timestamp, String)> =
        world.account().timers().iter().map(|t| (t.due, t.key.to_string())).collect();
    assert_eq!(due[0], (half, "remind_half:parley.n1".to_owned()));
    world.until(cure_ends(&world, 1));
    assert_eq!(world.account().notice(&world.n(1)).unwrap().reminded.len(), 2);
    pause(&mut world, &case);
    world.pass_hours(1_000);
    resume(&mut world, &case);
    assert_eq!(
        cure_ends(&world, 1),
        ends + SignedDuration::from_hours(100) + micros(5),
        "what has ended stays so"
    );
    assert_eq!(world.account().notice(&world.n(1)).unwrap().reminded.len(), 2, "once each");
}

#[test]
fn law_03_several_causes_stop_the_clocks_until_the_last_has_ended() {
    let terms = terms("appealDecision: P7D", "appealDecision: P7D, appealStops: clocks");
    let mut world = World::open(&terms, "2021-03-01T20:00:00Z");
    let case = world.open_case("debt");
    world.serve(&case, Starts::Both, "1.3", &["pay"]);
    let ends = cure_ends(&world, 1);
    world.until(world.now + SignedDuration::from_hours(10));
    // An emergency measure gives the appeal something to be against.
    let threat = world.open_case("threat");
    world.ok("person/ines", crate::world::emergency(&threat, "1.4", "workload/web/feed"));
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(1), grounds: words() });
    assert!(world.account().case(&threat).unwrap().paused.is_some());
    assert!(world.account().case(&case).unwrap().paused.is_none(), "the appeal is about another case");

    let stay = Command::RecordOrder {
        kind: OrderKind::Stay,
        scope: "account".parse().unwrap(),
        authority: words(),
        document: blob(),
    };
    let stopped = world.now;
    world.ok("person/lena", stay);
    pause(&mut world, &case);
    let later = world.open_case("abuse");
    assert!(
        world.account().case(&later).unwrap().paused.is_some(),
        "a case that begins under an order stands still"
    );
    world.pass_hours(500);
    resume(&mut world, &case);
    assert!(world.account().case(&case).unwrap().paused.is_some(), "the order still stops them");
    assert_eq!(
        world.refused("person/ines", Command::ResumeCase { case: case.clone(), why: words() }),
        [Guard::InState]
    );
    world.pass_hours(20);
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    assert!(world.account().case(&case).unwrap().paused.is_none());
    assert!(world.account().case(&threat).unwrap().paused.is_some(), "its appeal is open");
    let left = ends.duration_since(stopped);
    assert!(cure_ends(&world, 1) >= world.now + left, "nothing is lost");
    assert!(
        cure_ends(&world, 1) <= world.now + left + SignedDuration::from_hours(1),
        "an hour of clock change at most"
    );
}

#[test]
fn law_03_a_scheduled_measure_waits_for_what_is_left_of_its_periods() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = world.open_case("debt");
    world.serve(&case, Starts::Both, "1.3", &["pay"]);
    world.until(at("2021-03-04T20:00:00Z"));
    world.ok("person/ines", propose(&case, "1.3", "account", true));
    world.approve("omar", 1);
    pause(&mut world, &case);
    world.approve("noa", 1);
    assert_eq!(world.state_of(1), "scheduled");
    world.pass_hours(48);
    assert_eq!(world.state_of(1), "scheduled", "nothing takes effect while the clocks stand still");
    resume(&mut world, &case);
    world.pass_hours(0);
    assert_eq!(world.state_of(1), "applying", "its periods had run before");
    world.confirm(1);
    pause(&mut world, &case);
    assert!(world.permit(&world.m(1)).is_ok(), "stopping clocks lifts nothing");
}

#[test]
fn law_03_an_extension_never_shortens_and_moves_what_is_scheduled() {
    let mut world = World::open(EXAMPLE, "2021-01-04T17:00:00Z");
    let case = world.open_case("process_failure");
    world.serve(&case, Starts::Both, "6.1", &["staff"]);
    let (notice_ends, ends) = (at("2021-01-18T17:00:00Z"), at("2021-02-03T17:00:00Z"));
    let extend = |world: &World, by: &str| Command::ExtendNotice {
        notice: world.n(1),
        by: by.parse().unwrap(),
        why: words(),
    };
    let zero = extend(&world, "PT0S");
    assert!(matches!(world.run(&"person/ines".parse().unwrap(), zero), Err(Rejected::Invalid { .. })));
    let by_member = extend(&world, "P1D");
    assert_eq!(world.refused("member/parley/ada", by_member), [Guard::AnotherPerson]);
    world.until(at("2021-01-20T17:00:00Z"));
    let reminded = world.account().notice(&world.n(1)).unwrap().reminded.len();
    assert_eq!(reminded, 1);
    let week = extend(&world, "P7D");
    world.ok("person/ines", week);
    assert_eq!(cure_ends(&world, 1), at("2021-02-10T17:00:00Z"));
    let notice = world.account().notice(&world.n(1)).unwrap();
    assert_eq!(notice.notice_ends(), Some(notice_ends), "what has ended is not begun again");
    assert!(cure_ends(&world, 1) > ends);
    world.until(at("2021-02-10T17:00:00Z"));
    assert_eq!(
        world.account().notice(&world.n(1)).unwrap().reminded.len(),
        2,
        "once each, the last by the new end"
    );
    let over = extend(&world, "P7D");
    assert_eq!(world.refused("person/ines", over), [Guard::InState]);
}

#[test]
fn law_03_a_rejection_gives_back_exactly_the_time_that_the_remedy_waited() {
    let terms = terms("notice: P1D, cure: 2bd", "notice: PT0S, cure: PT50H");
    let mut world = World::open(&terms, "2021-03-12T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Cure, "1.2", &["stop", "clean"]);
    let ends = cure_ends(&world, 1);
    world.until(ends - SignedDuration::from_hours(3) - micros(11));
    submit(&mut world, &case, "stop");
    world.pass_hours(1);
    submit(&mut world, &case, "clean");
    // The decision takes longer than the period: it does not end meanwhile.
    world.pass_hours(90);
    assert!(!matches!(
        world.account().case(&case).unwrap().state,
        tenure_domain::account::case::CaseState::Lapsed { .. }
    ));
    reject(&mut world, &case, "clean");
    assert_eq!(cure_ends(&world, 1), world.now + SignedDuration::from_hours(2) + micros(11));
    reject(&mut world, &case, "stop");
    let restored = world.now + SignedDuration::from_hours(3) + micros(11);
    assert_eq!(cure_ends(&world, 1), restored, "of two waits the longer one counts, and not both");
    world.until(restored - micros(1));
    assert!(
        world
            .refused("person/ines", propose(&case, "1.2", "workload/web/feed", true))
            .contains(&Guard::CureRun)
    );
    world.until(restored);
    world.ok("person/ines", propose(&case, "1.2", "workload/web/feed", true));
    // What is handed in when the time is over gets none back.
    submit(&mut world, &case, "stop");
    world.pass_hours(10);
    reject(&mut world, &case, "stop");
    assert_eq!(cure_ends(&world, 1), restored);
}

#[test]
fn law_03_a_wait_and_a_pause_are_not_counted_twice() {
    let terms = terms("notice: P1D, cure: 2bd", "notice: PT0S, cure: PT50H");
    let mut world = World::open(&terms, "2021-03-12T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Cure, "1.2", &["stop"]);
    world.pass_hours(40);
    submit(&mut world, &case, "stop");
    world.pass_hours(4);
    pause(&mut world, &case);
    world.pass_hours(100);
    reject(&mut world, &case, "stop");
    world.pass_hours(30);
    resume(&mut world, &case);
    assert_eq!(cure_ends(&world, 1), world.now + SignedDuration::from_hours(10), "ten hours were left");
}

#[test]
fn law_03_an_extension_while_a_remedy_waits_is_not_lost_to_the_wait() {
    let terms = terms("notice: P1D, cure: 2bd", "notice: PT0S, cure: PT50H");
    let mut world = World::open(&terms, "2021-03-12T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Cure, "1.2", &["stop"]);
    world.pass_hours(40);
    submit(&mut world, &case, "stop");
    let extend = Command::ExtendNotice { notice: world.n(1), by: "PT20H".parse().unwrap(), why: words() };
    world.ok("person/ines", extend);
    world.pass_hours(100);
    reject(&mut world, &case, "stop");
    assert_eq!(
        cure_ends(&world, 1),
        world.now + SignedDuration::from_hours(30),
        "ten hours were left, and twenty came"
    );
}

fn verified(world: &mut World, verifier: Verifier) -> CaseId {
    let case = world.open_case("abuse");
    let mut command = issue(&case, Starts::Both, "1.2", &["gone"]);
    if let Command::IssueNotice { items, .. } = &mut command {
        items[0].verifier = verifier;
    }
    world.ok("person/ines", command);
    let notice = world.account().notices.last().unwrap().id.clone();
    world.ok("member/parley/ada", Command::AcknowledgeNotice { notice });
    case
}

fn check(case: &CaseId, found: Found) -> Command {
    let item: ItemId = "gone".parse().unwrap();
    Command::RecordCheck { case: case.clone(), item, found, why: Some(words()) }
}

#[test]
fn law_10_a_fact_that_crosses_its_bound_meets_the_item_by_itself_and_lifts_what_it_was_for() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let bound = "reports(\"abuse\", \"P7D\").filed < 3".to_owned();
    let case = verified(&mut world, Verifier::Fact { bound });
    world.until(cure_ends(&world, 1));
    world.ok("person/ines", propose(&case, "1.2", "workload/web/feed", true));
    assert!(
        world.account().timers().iter().any(|t| t.key == TimerKey::Check(case.clone())),
        "it is asked daily"
    );
    let crossed =
        Found::Crossed { facts: [("reports(\"abuse\", \"P7D\").filed".to_owned(), "2".to_owned())].into() };
    assert_eq!(world.refused("person/ines", check(&case, crossed.clone())), [Guard::AnotherPerson]);
    let gone = Found::Gone { status: 404, evidence: blob() };
    assert_eq!(world.refused("system/verifier", check(&case, gone)), [Guard::InState]);
    let events = types(&world.ok("system/verifier", check(&case, crossed.clone())));
    assert_eq!(events, ["cure.checked", "case.closed", "measure.withdrawn"]);
    assert!(world.ok("system/verifier", check(&case, crossed)).is_empty());
}

#[test]
fn law_10_what_still_answers_is_a_rejection_with_the_time_given_back_and_what_is_gone_a_cure() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = verified(&mut world, Verifier::Gone { locator: words() });
    let ends = cure_ends(&world, 1);
    world.pass_hours(1);
    submit(&mut world, &case, "gone");
    world.pass_hours(2);
    let there = Found::There { status: 200, evidence: blob() };
    assert_eq!(types(&world.ok("system/verifier", check(&case, there))), ["cure.checked", "cure.rejected"]);
    assert!(cure_ends(&world, 1) >= ends + SignedDuration::from_hours(2));
    submit(&mut world, &case, "gone");
    let gone = Found::Gone { status: 410, evidence: blob() };
    assert_eq!(types(&world.ok("system/verifier", check(&case, gone))), ["cure.checked", "case.closed"]);
}

#[test]
fn law_10_a_cleared_signal_opens_nothing_again_until_its_time_is_over_or_something_new_is_reported() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let facts: std::collections::BTreeMap<String, String> = [("filed".to_owned(), "63".to_owned())].into();
    let matched = |facts: &std::collections::BTreeMap<String, String>| Command::RecordMatch {
        rule: "flood".parse().unwrap(),
        ground: "abuse".parse().unwrap(),
        opens: true,
        facts: facts.clone(),
        why: words(),
    };
    assert_eq!(types(&world.ok("rule/flood", matched(&facts))), ["rule.matched", "case.opened"]);
    let clears = Some(Clears { within: "P7D".parse().unwrap(), reports: 63 });
    let withdraw = Command::WithdrawCase { case: world.c(1), why: words(), clears };
    assert_eq!(types(&world.ok("person/ines", withdraw)), ["signal.cleared", "case.closed"]);

    world.pass_hours(3);
    assert!(world.ok("rule/flood", matched(&facts)).is_empty());
    world.pass_hours(24);
    assert_eq!(
        types(&world.ok("rule/flood", matched(&facts))),
        ["rule.matched"],
        "on the record, and no more"
    );
    let open = |world: &World, reports: &[u32]| Command::OpenCase {
        ground: "abuse".parse().unwrap(),
        why: words(),
        reports: reports.iter().map(|n| ReportId::new(world.id.clone(), *n)).collect(),
    };
    for known in [&[][..], &[1, 63]] {
        let again = open(&world, known);
        assert_eq!(world.refused("person/ines", again), [Guard::NotCleared]);
    }
    let before = world.state.clone();
    let new = open(&world, &[63, 64]);
    world.ok("person/ines", new);
    world.state = before;
    world.pass_hours(6 * 24);
    let again = open(&world, &[]);
    assert_eq!(world.ok("person/ines", again).len(), 1, "its time is over");
}

/// Law 10: what a measure rests on is done, and what is asked for since has not had its time: its clock stands still.
#[test]
fn what_is_done_while_the_clocks_stand_still_ends_the_measure_that_rested_on_it() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.2", &["first"]);
    world.pass_hours(7 * 24);
    world.ok("person/ines", propose(&case, "1.2", "workload/web/feed", true));
    world.approve("omar", 1);
    world.until(world.now);
    world.confirm(1);
    world.serve(&case, Starts::Cure, "1.2", &["second"]);
    pause(&mut world, &case);
    world.pass_hours(7 * 24);
    world.cure(&case, "first");
    assert_eq!(world.state_of(1), "lifting");
}
