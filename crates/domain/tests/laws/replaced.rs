//! What an appeal puts in the place of a measure: consent is not skipped by it, who took part stays known, and a hold
//! stands before it like before any stop.

use jiff::SignedDuration;
use tenure_domain::account::Command;
use tenure_domain::account::command::Starts;
use tenure_domain::account::legal::{AppealOutcome, OrderKind};
use tenure_domain::refusal::Guard;

use crate::world::{HOUSE, World, blob, emergency, propose, types, words};

fn appeal(world: &mut World, measure: u32) {
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(measure), grounds: words() });
}

/// The reviewer puts a measure of one workload in the place of the one challenged.
fn modify(world: &World, appeal: u32) -> Command {
    let scope = Some("workload/web/feed".parse().unwrap());
    Command::ModifyOnAppeal { appeal: world.a(appeal), preset: None, scope, why: words() }
}

/// An isolation of `web` is proposed for two days from now, and nobody has approved it.
fn proposed() -> World {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.2", &["stop"]);
    world.pass_hours(7 * 24);
    let Command::ProposeMeasure(mut asked) = propose(&case, "1.2", "environment/web", true) else { panic!() };
    asked.effective = Some(world.now + SignedDuration::from_hours(48));
    world.ok("person/ines", Command::ProposeMeasure(asked));
    world
}

#[test]
fn law_06_what_nobody_approved_is_not_appealed_into_effect() {
    let mut world = proposed();
    let (kind, scope) = (OrderKind::Stay, "account".parse().unwrap());
    world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    assert_eq!(world.state_of(1), "stayed");
    let file = Command::FileAppeal { measure: world.m(1), grounds: words() };
    assert_eq!(world.refused("member/parley/ada", file), [Guard::InState]);
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    world.pass_hours(72);
    assert_eq!(world.state_of(1), "proposed", "it waits for consent as before");
}

#[test]
fn law_06_what_was_amended_during_an_appeal_is_not_replaced_before_it_is_approved_again() {
    let mut world = proposed();
    world.approve("omar", 1);
    appeal(&mut world, 1);
    let effective = world.now + SignedDuration::from_hours(72);
    world.ok("person/ines", Command::AmendMeasure { measure: world.m(1), effective });
    assert_eq!(world.state_of(1), "proposed");
    let instead = modify(&world, 1);
    assert_eq!(world.refused("person/ruth", instead.clone()), [Guard::InState]);
    assert_eq!(world.account().measures.len(), 1);
    // With the consent of somebody else to what it is now, there is something to replace.
    world.approve("omar", 1);
    world.ok("person/ruth", instead);
    assert_eq!((world.state_of(1), world.state_of(2)), ("withdrawn", "scheduled"));
}

#[test]
fn law_06_whoever_took_part_in_what_was_replaced_took_part_in_what_replaces_it() {
    let mut world = proposed();
    world.approve("omar", 1);
    world.pass_hours(48);
    appeal(&mut world, 1);
    let instead = modify(&world, 1);
    world.ok("person/ruth", instead);
    appeal(&mut world, 2);
    for involved in ["ines", "omar", "ruth"] {
        let assign = Command::AssignAppeal { appeal: world.a(2), reviewer: involved.parse().unwrap() };
        assert_eq!(world.refused("person/lena", assign), [Guard::AnotherPerson], "{involved}");
        let (appeal, outcome) = (world.a(2), AppealOutcome::Upheld);
        let decide = Command::DecideAppeal { appeal, outcome, why: words(), reports: None };
        assert_eq!(
            world.refused(&format!("person/{involved}"), decide),
            [Guard::AnotherPerson],
            "{involved}"
        );
    }
    let (appeal, outcome) = (world.a(2), AppealOutcome::Upheld);
    world.ok("person/noa", Command::DecideAppeal { appeal, outcome, why: words(), reports: None });
}

fn modify_to(world: &World, appeal: u32, scope: &str) -> Command {
    let (appeal, scope) = (world.a(appeal), Some(scope.parse().unwrap()));
    Command::ModifyOnAppeal { appeal, preset: None, scope, why: words() }
}

/// Ines proposed a suspension of the account, Omar and Noa approved it; it is in force and appealed.
fn suspended() -> World {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.3", &["stop"]);
    world.pass_hours(7 * 24);
    world.ok("person/ines", propose(&case, "1.3", "account", true));
    world.approve("omar", 1);
    world.approve("noa", 1);
    world.until(world.now);
    world.confirm(1);
    appeal(&mut world, 1);
    world
}

#[test]
fn law_05_whoever_applied_an_emergency_measure_does_not_ratify_what_replaces_it() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = world.open_case("threat");
    let mut apply = emergency(&case, "1.4", "environment/web");
    if let Command::ApplyEmergency { why_not_less, .. } = &mut apply {
        *why_not_less = Some(words());
    }
    world.ok("person/ines", apply);
    appeal(&mut world, 1);
    let instead = modify(&world, 1);
    world.ok("person/ruth", instead);
    assert_eq!(world.state_of(2), "applying");
    let ratify = Command::RatifyMeasure { measure: world.m(2), command_hash: world.hash(2) };
    for involved in ["ines", "ruth"] {
        assert_eq!(
            world.refused(&format!("person/{involved}"), ratify.clone()),
            [Guard::AnotherPerson],
            "{involved}"
        );
    }
    world.ok("person/omar", ratify);
    world.pass_hours(25);
    assert_eq!(world.state_of(2), "applying", "it stands by the word of another");
}

#[test]
fn law_07_a_hold_on_what_runs_stands_before_the_lesser_stop_that_an_appeal_puts_in_the_place_of_another() {
    let mut world = suspended();
    let scope = "environment/web".parse().unwrap();
    world.ok("person/lena", Command::PlaceHold { scope, running_state: true, why: words() });
    let done = world.ok("person/ruth", modify_to(&world, 1, "environment/web"));
    assert_eq!(
        types(&done),
        [
            "appeal.decided",
            "measure.lifting",
            "measure.proposed",
            "measure.bounded",
            "measure.approved",
            "measure.blocked",
            // What waited for the decision comes before its guards again, this one too.
            "measure.scheduled"
        ]
    );
    assert!(world.permit(&world.m(2)).is_err() && world.measure(2).took_effect.is_none());
    world.restored(1);
    world.pass_hours(24);
    assert_eq!(world.state_of(2), "approved", "nothing stops what the hold preserves");
    world.ok("person/lena", Command::ReleaseHold { hold: world.h(1), why: words() });
    world.until(world.now);
    assert_eq!(world.state_of(2), "applying");
    assert!(world.permit(&world.m(2)).is_ok());
}
