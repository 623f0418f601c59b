//! Law 6 and 10: who decides an appeal, by when, and what an outcome undoes or replaces.

use jiff::SignedDuration;
use tenure_domain::account::Command;
use tenure_domain::account::command::Starts;
use tenure_domain::account::legal::AppealOutcome;
use tenure_domain::account::measure::{LiftReason, MeasureState};
use tenure_domain::account::strike::Amount;
use tenure_domain::capability::Preset;
use tenure_domain::name::CaseId;
use tenure_domain::refusal::{Guard, Rejected};

use crate::consent::{COUNTED, roles};
use crate::world::{HOUSE, World, emergency, propose, types, words};

fn appeal(world: &mut World, measure: u32) {
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(measure), grounds: words() });
}

fn decide(world: &World, appeal: u32, outcome: AppealOutcome) -> Command {
    Command::DecideAppeal { appeal: world.a(appeal), outcome, why: words(), reports: None }
}

fn assign(world: &World, reviewer: &str) -> Command {
    Command::AssignAppeal { appeal: world.a(1), reviewer: reviewer.parse().unwrap() }
}

/// The whole of `web` is isolated, and the account appeals.
fn isolated() -> World {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.2", &["stop"]);
    world.pass_hours(7 * 24);
    world.ok("person/ines", propose(&case, "1.2", "environment/web", true));
    world.approve("omar", 1);
    world.until(world.now);
    world.confirm(1);
    appeal(&mut world, 1);
    world
}

#[test]
fn law_06_a_reviewer_is_independent_when_assigned_and_when_deciding() {
    let mut world = isolated();
    for involved in ["ines", "omar"] {
        assert_eq!(world.refused("person/ruth", assign(&world, involved)), [Guard::AnotherPerson]);
        assert_eq!(
            world.refused(&format!("person/{involved}"), assign(&world, "ruth")),
            [Guard::AnotherPerson]
        );
    }
    roles(&mut world, "lena", &["legal"]);
    assert_eq!(world.refused("person/ruth", assign(&world, "lena")), [Guard::RoleConsents]);
    world.ok("person/lena", assign(&world, "ruth"));
    assert_eq!(world.refused("person/noa", decide(&world, 1, AppealOutcome::Upheld)), [Guard::AnotherPerson]);
    world.ok("person/lena", assign(&world, "noa"));
    assert_eq!(
        world.refused("person/ruth", decide(&world, 1, AppealOutcome::Upheld)),
        [Guard::AnotherPerson]
    );
    world.ok("person/noa", decide(&world, 1, AppealOutcome::Upheld));
    assert_eq!(world.refused("person/lena", assign(&world, "ruth")), [Guard::InState]);
}

#[test]
fn law_15_an_overdue_decision_is_raised_and_nothing_more_takes_effect_in_the_case() {
    let mut world = isolated();
    world.pass_hours(8 * 24);
    assert!(world.account().appeals[0].overdue.is_some());
    let case = world.c(1);
    world.serve(&case, Starts::Both, "1.1", &["more"]);
    world.pass_hours(48);
    let freeze = propose(&case, "1.1", "environment/web", true);
    assert_eq!(world.refused("person/ines", freeze.clone()), [Guard::AppealDecided, Guard::Approved]);
    assert!(world.permit(&world.m(1)).is_ok(), "what is in effect stays");
    world.ok("person/ruth", decide(&world, 1, AppealOutcome::Upheld));
    world.ok("person/ines", freeze);
}

#[test]
fn law_15_what_waited_for_an_overdue_decision_goes_on_when_it_comes() {
    for modified in [false, true] {
        let mut world = isolated();
        let case = world.c(1);
        world.serve(&case, Starts::Both, "1.1", &["more"]);
        world.pass_hours(48);
        let Command::ProposeMeasure(mut asked) = propose(&case, "1.1", "environment/web", true) else {
            panic!()
        };
        asked.effective = Some(world.now + SignedDuration::from_hours(8 * 24));
        world.ok("person/ines", Command::ProposeMeasure(asked));
        world.approve("omar", 2);
        world.pass_hours(8 * 24);
        assert_eq!(world.state_of(2), "approved", "blocked: the decision is overdue");
        if modified {
            let scope = Some("workload/web/feed".parse().unwrap());
            let appeal = world.a(1);
            world.ok("person/ruth", Command::ModifyOnAppeal { appeal, preset: None, scope, why: words() });
        } else {
            world.ok("person/ruth", decide(&world, 1, AppealOutcome::Upheld));
        }
        world.until(world.now);
        assert_eq!(world.state_of(2), "applying");
    }
}

#[test]
fn an_appeal_is_in_time_from_the_effect_or_the_notice_whichever_is_later() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = world.open_case("threat");
    world.ok("person/ines", emergency(&case, "1.4", "workload/web/feed"));
    world.ok("person/omar", Command::RatifyMeasure { measure: world.m(1), command_hash: world.hash(1) });
    let file = Command::FileAppeal { measure: world.m(1), grounds: words() };
    world.pass_hours(200 * 24);
    // Its notice is not served: the time for appeals has not begun, law 2.
    let mut early = World {
        state: world.state.clone(),
        events: Vec::new(),
        book: world.book.clone(),
        terms: world.terms.clone(),
        id: world.id.clone(),
        now: world.now,
    };
    early.ok("member/parley/ada", file.clone());
    world.ok("member/parley/ada", Command::AcknowledgeNotice { notice: world.n(1) });
    world.pass_hours(31 * 24);
    let mut later = World {
        state: world.state.clone(),
        events: Vec::new(),
        book: world.book.clone(),
        terms: world.terms.clone(),
        id: world.id.clone(),
        now: world.now,
    };
    later.ok("member/parley/ada", file.clone());
    world.pass_hours(160 * 24);
    assert_eq!(world.refused("member/parley/ada", file), [Guard::Moment], "six months after it was told");
}

#[test]
fn law_10_a_modified_measure_is_replaced_by_a_lesser_one_in_one_decision() {
    let mut world = isolated();
    let modify = |preset, scope: Option<&str>| Command::ModifyOnAppeal {
        appeal: "parley.a1".parse().unwrap(),
        preset,
        scope: scope.map(|s| s.parse().unwrap()),
        why: words(),
    };
    for more in [
        modify(None, None),
        modify(Some(Preset::Suspend), None),
        modify(None, Some("account")),
        modify(Some(Preset::Freeze), Some("environment/batch")),
        // A freeze withholds what an isolation does not.
        modify(Some(Preset::Freeze), None),
    ] {
        let answer = world.run(&"person/ruth".parse().unwrap(), more);
        assert!(matches!(answer, Err(Rejected::Invalid { .. })), "{answer:?}");
    }
    assert_eq!(world.refused("person/omar", modify(Some(Preset::Warn), None)), [Guard::AnotherPerson]);
    let done = world.ok("person/ruth", modify(None, Some("workload/web/feed")));
    assert_eq!(types(&done), ["appeal.decided", "measure.lifting", "measure.proposed", "measure.applying"]);
    assert!(matches!(
        world.measure(1).state,
        MeasureState::Lifting { reason: LiftReason::Modified { .. }, .. }
    ));
    assert_eq!(world.measure(2).replaces, Some(world.m(1)));
    assert!(world.permit(&world.m(2)).is_ok() && world.permit(&world.m(1)).is_err());
    assert!(!world.account().case(&world.c(1)).unwrap().is_closed());
    // It can be challenged as well, and not before whoever made it.
    appeal(&mut world, 2);
    assert_eq!(
        world.refused("person/ruth", decide(&world, 2, AppealOutcome::Upheld)),
        [Guard::AnotherPerson]
    );
}

#[test]
fn law_10_what_waits_is_replaced_where_it_waits() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.2", &["stop"]);
    world.pass_hours(7 * 24);
    let Command::ProposeMeasure(mut asked) = propose(&case, "1.2", "environment/web", true) else { panic!() };
    let effective = world.now + SignedDuration::from_hours(48);
    asked.effective = Some(effective);
    world.ok("person/ines", Command::ProposeMeasure(asked));
    world.approve("omar", 1);
    appeal(&mut world, 1);
    let modify = Command::ModifyOnAppeal {
        appeal: world.a(1),
        preset: None,
        scope: Some("workload/web/feed".parse().unwrap()),
        why: words(),
    };
    world.ok("person/ruth", modify);
    assert_eq!((world.state_of(1), world.state_of(2)), ("withdrawn", "scheduled"));
    world.until(effective - SignedDuration::from_micros(1));
    assert_eq!(world.state_of(2), "scheduled");
    world.until(effective);
    assert_eq!(world.state_of(2), "applying");
}

/// A case on a ground lapses: one strike.
fn lapse(world: &mut World, ground: &str, power: &str) -> CaseId {
    let case = world.open_case(ground);
    world.serve(&case, Starts::Both, power, &["stop"]);
    world.pass_hours(30);
    case
}

#[test]
fn law_10_strikes_and_fees_go_with_what_they_rest_on() {
    let mut world = World::open(COUNTED, "2021-03-01T20:00:00Z");
    for (person, role) in [("omar", "approver"), ("lena", "legal"), ("ruth", "approver")] {
        roles(&mut world, person, &[role]);
    }
    let abuse = "abuse".parse().unwrap();
    let first = lapse(&mut world, "abuse", "2.1");
    world.ok("person/ines", propose(&first, "2.1", "environment/web", true));
    world.approve("omar", 1);
    world.until(world.now);
    assert_eq!(world.account().strikes_on(&abuse), 1, "one for each case, however much happens in it");
    let fee = |case: &CaseId, minor_units: u64| Command::ChargeFee {
        case: case.clone(),
        measure: None,
        amount: Amount { minor_units, currency: "USD".into() },
        why: words(),
    };
    assert!(matches!(
        world.run(&"person/ines".parse().unwrap(), fee(&first, 0)),
        Err(Rejected::Invalid { .. })
    ));
    world.ok("person/ines", fee(&first, 5_000));
    // A cure leaves the strike where the terms say so; what it cost is given back, law 10.
    world.cure(&first, "stop");
    assert_eq!(world.account().strikes_on(&abuse), 1);
    assert!(world.account().fees[0].reversed.is_some());

    let second = lapse(&mut world, "abuse", "2.2");
    assert_eq!(world.account().strikes_on(&abuse), 2);
    world.ok("person/ines", propose(&second, "2.2", "environment/web", true));
    world.approve("omar", 2);
    world.approve("lena", 2);
    world.until(world.now);
    assert_eq!(world.state_of(2), "applying");
    // The first measure is challenged and was wrong: its strike goes, and what needed it ends.
    appeal(&mut world, 1);
    let done = world.ok("person/ruth", decide(&world, 1, AppealOutcome::Overturned));
    assert_eq!(types(&done), ["appeal.decided", "strike.removed", "measure.lifting"]);
    assert_eq!((world.account().strikes_on(&abuse), world.state_of(2)), (1, "lifting"));
    let again = propose(&second, "2.2", "environment/web", true);
    assert_eq!(world.refused("person/ines", again), [Guard::Struck, Guard::Approved]);
}

#[test]
fn a_cure_removes_the_strike_where_the_terms_say_so() {
    let mut world = World::open(COUNTED, "2021-03-01T20:00:00Z");
    let debt = "debt".parse().unwrap();
    let case = lapse(&mut world, "debt", "2.3");
    assert_eq!(world.account().strikes_on(&debt), 1);
    world.cure(&case, "stop");
    assert_eq!(world.account().strikes_on(&debt), 0);
    // And a withdrawal always does.
    let case = lapse(&mut world, "abuse", "2.1");
    assert_eq!(world.account().strikes_on(&"abuse".parse().unwrap()), 1);
    world.ok("person/ines", Command::WithdrawCase { case, why: words(), clears: None });
    assert_eq!(world.account().strikes_on(&"abuse".parse().unwrap()), 0);
}

#[test]
fn nothing_is_charged_before_the_process_has_run() {
    let mut world = World::open(COUNTED, "2021-03-01T20:00:00Z");
    let case = world.open_case("abuse");
    let fee = Command::ChargeFee {
        case,
        measure: None,
        amount: Amount { minor_units: 100, currency: "EUR".into() },
        why: words(),
    };
    assert_eq!(world.refused("person/ines", fee), [Guard::InState]);
}

#[test]
fn law_10_an_overturned_case_counts_against_the_rule_that_opened_it() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let matched = Command::RecordMatch {
        rule: "flood".parse().unwrap(),
        ground: "abuse".parse().unwrap(),
        opens: true,
        facts: std::collections::BTreeMap::new(),
        why: words(),
    };
    world.ok("rule/flood", matched);
    let case = world.c(1);
    world.serve(&case, Starts::Both, "1.2", &["stop"]);
    world.pass_hours(7 * 24);
    world.ok("person/ines", propose(&case, "1.2", "workload/web/feed", true));
    world.approve("omar", 1);
    world.until(world.now);
    appeal(&mut world, 1);
    let done = world.ok("person/ruth", decide(&world, 1, AppealOutcome::Overturned));
    assert_eq!(types(&done), ["appeal.decided", "case.closed", "rule.overturned", "measure.lifting"]);
}

#[test]
fn law_10_a_case_counts_once_against_its_rule_however_many_of_its_measures_were_wrong() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let matched = Command::RecordMatch {
        rule: "flood".parse().unwrap(),
        ground: "abuse".parse().unwrap(),
        opens: true,
        facts: std::collections::BTreeMap::new(),
        why: words(),
    };
    world.ok("rule/flood", matched);
    let case = world.c(1);
    world.serve(&case, Starts::Both, "1.2", &["stop"]);
    world.pass_hours(7 * 24);
    for (measure, scope) in [(1, "workload/web/feed"), (2, "workload/web/media")] {
        world.ok("person/ines", propose(&case, "1.2", scope, true));
        world.approve("omar", measure);
        world.until(world.now);
    }
    world.ok("person/ines", Command::WithdrawCase { case, why: words(), clears: None });
    for (measure, expected) in [(1, &["appeal.decided", "rule.overturned"][..]), (2, &["appeal.decided"])] {
        appeal(&mut world, measure);
        let done = world.ok("person/ruth", decide(&world, measure, AppealOutcome::Overturned));
        assert_eq!(types(&done), expected);
    }
}
