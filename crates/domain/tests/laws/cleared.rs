//! Law 10: what a person found to be false opens nothing again, however it was found.

use std::collections::BTreeMap;

use tenure_domain::account::Command;
use tenure_domain::account::command::{Clears, RecordRemoval, Starts};
use tenure_domain::account::legal::AppealOutcome;
use tenure_domain::name::ReportId;
use tenure_domain::refusal::Guard;

use crate::world::{HOUSE, World, blob, propose, types, words};

fn matched() -> Command {
    let facts: BTreeMap<String, String> = [("filed".to_owned(), "63".to_owned())].into();
    let (rule, ground) = ("flood".parse().unwrap(), "abuse".parse().unwrap());
    Command::RecordMatch { rule, ground, opens: true, facts, why: words() }
}

fn open(world: &World, report: u32) -> Command {
    let reports = vec![ReportId::new(world.id.clone(), report)];
    Command::OpenCase { ground: "abuse".parse().unwrap(), why: words(), reports }
}

#[test]
fn the_case_of_a_removal_keeps_nobody_from_clearing_a_signal() {
    let terms = HOUSE.replace("grounds: [abuse], notice: P1D", "grounds: [abuse, legal_order], notice: P1D");
    assert_ne!(terms, HOUSE);
    let mut world = World::open(&terms, "2021-03-01T20:00:00Z");
    let removal = RecordRemoval {
        scope: "workload/web/feed".parse().unwrap(),
        locator: words(),
        authority: words(),
        document: blob(),
        deadline: None,
        why_not_less: None,
        letter: blob(),
    };
    world.ok("person/lena", Command::RecordRemoval(removal));
    assert_eq!(world.account().cases[0].ground.as_str(), "legal_order");
    let clear = Command::ClearSignal {
        ground: "legal_order".parse().unwrap(),
        rule: None,
        why: words(),
        clears: Clears { within: "P7D".parse().unwrap(), reports: 3 },
    };
    // Nobody may withdraw that case, so that it cannot be asked for.
    assert_eq!(types(&world.ok("person/ines", clear)), ["signal.cleared"]);
}

/// A rule opened a case, something took effect in it, and an appeal succeeded.
fn overturned(before: impl Fn(&mut World)) -> (World, Vec<String>) {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    world.ok("rule/flood", matched());
    let case = world.c(1);
    world.serve(&case, Starts::Both, "1.2", &["stop"]);
    world.pass_hours(7 * 24);
    world.ok("person/ines", propose(&case, "1.2", "workload/web/feed", true));
    world.approve("omar", 1);
    world.until(world.now);
    before(&mut world);
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(1), grounds: words() });
    let outcome = AppealOutcome::Overturned;
    let decide = Command::DecideAppeal { appeal: world.a(1), outcome, why: words(), reports: Some(63) };
    let done = types(&world.ok("person/ruth", decide));
    (world, done)
}

fn opens_nothing_again(world: &mut World) {
    world.pass_hours(48);
    assert_eq!(types(&world.ok("rule/flood", matched())), ["rule.matched"], "on the record, and no more");
    let known = open(world, 63);
    assert_eq!(world.refused("person/ines", known), [Guard::NotCleared]);
    // No window of a rule is longer than what it is cleared for.
    world.pass_hours(200 * 24);
    assert_eq!(types(&world.ok("rule/flood", matched())), ["rule.matched"]);
    assert_eq!(world.account().cleared_reports(&"abuse".parse().unwrap(), world.now), 63);
    let new = open(world, 64);
    world.ok("person/ines", new);
}

#[test]
fn an_overturned_case_of_a_rule_is_not_opened_again_on_the_same_reports() {
    let (mut world, done) = overturned(|_| {});
    let expected = ["appeal.decided", "signal.cleared", "case.closed", "rule.overturned", "measure.lifting"];
    assert_eq!(done, expected);
    let cleared = &world.account().cleared[0];
    assert_eq!((cleared.case.as_ref(), cleared.reports), (Some(&world.c(1)), 63));
    opens_nothing_again(&mut world);
}

#[test]
fn it_is_not_opened_again_either_where_it_was_over_before_the_decision() {
    let (mut world, done) = overturned(|world| world.cure(&world.c(1), "stop"));
    assert_eq!(done, ["appeal.decided", "signal.cleared", "rule.overturned"]);
    opens_nothing_again(&mut world);
}

#[test]
fn what_a_person_opened_clears_no_signal_when_it_is_overturned() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = world.open_case("threat");
    world.ok("person/ines", crate::world::emergency(&case, "1.4", "workload/web/feed"));
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(1), grounds: words() });
    let outcome = AppealOutcome::Overturned;
    let decide = Command::DecideAppeal { appeal: world.a(1), outcome, why: words(), reports: Some(63) };
    let done = types(&world.ok("person/ruth", decide));
    assert!(!done.contains(&"signal.cleared".to_owned()), "{done:?}");
}

#[test]
fn law_12_what_is_undone_with_its_rule_is_not_opened_again_on_the_same_reports() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    world.ok("rule/flood", matched());
    let undo = Command::UndoCase {
        case: world.c(1),
        rule: "flood".parse().unwrap(),
        by: "ines".parse().unwrap(),
        why: words(),
        reports: Some(63),
    };
    let done = types(&world.ok("system/batch", undo.clone()));
    assert_eq!(done, ["case.undone", "signal.cleared", "case.closed"]);
    assert!(world.ok("system/batch", undo).is_empty(), "given again it changes nothing");
    opens_nothing_again(&mut world);
}
