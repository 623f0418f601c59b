//! What an appeal put in the place of a measure: whoever took part in the one took part in the other, and a hold stands
//! before it like before any stop.

use tenure_domain::account::Command;
use tenure_domain::account::command::Starts;
use tenure_domain::account::legal::AppealOutcome;
use tenure_domain::refusal::Guard;

use crate::world::{HOUSE, World, emergency, propose, types, words};

fn modify(world: &World, appeal: u32, scope: &str) -> Command {
    let (appeal, scope) = (world.a(appeal), Some(scope.parse().unwrap()));
    Command::ModifyOnAppeal { appeal, preset: None, scope, why: words() }
}

fn appeal(world: &mut World, measure: u32) {
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(measure), grounds: words() });
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
fn law_06_whoever_proposed_or_approved_a_measure_judges_no_appeal_against_what_took_its_place() {
    let mut world = suspended();
    world.ok("person/ruth", modify(&world, 1, "environment/web"));
    appeal(&mut world, 2);
    let overturn =
        |outcome| Command::DecideAppeal { appeal: "parley.a2".parse().unwrap(), outcome, why: words() };
    for involved in ["ines", "omar", "noa", "ruth"] {
        let who = format!("person/{involved}");
        assert_eq!(world.refused(&who, overturn(AppealOutcome::Upheld)), [Guard::AnotherPerson], "{who}");
        let assign = Command::AssignAppeal { appeal: world.a(2), reviewer: involved.parse().unwrap() };
        assert_eq!(world.refused("person/sam", assign), [Guard::AnotherPerson], "{who} is assigned");
    }
    world.ok("person/sam", overturn(AppealOutcome::Overturned));
    assert_eq!(world.state_of(2), "lifting");
}

#[test]
fn law_05_whoever_applied_an_emergency_measure_does_not_ratify_what_took_its_place() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let threat = world.open_case("threat");
    let Command::ApplyEmergency { case, power, scope, why, reasons, .. } =
        emergency(&threat, "1.4", "environment/web")
    else {
        panic!("it is one")
    };
    let why_not_less = Some(words());
    world.ok("person/ines", Command::ApplyEmergency { case, power, scope, why, why_not_less, reasons });
    appeal(&mut world, 1);
    world.ok("person/noa", modify(&world, 1, "workload/web/feed"));
    let ratify = Command::RatifyMeasure { measure: world.m(2), command_hash: world.hash(2) };
    assert_eq!(world.refused("person/ines", ratify.clone()), [Guard::AnotherPerson]);
    // She put it there, and she decided on the appeal against the one before.
    assert_eq!(world.refused("person/noa", ratify.clone()), [Guard::AnotherPerson, Guard::AnotherPerson]);
    world.ok("person/omar", ratify);
}

#[test]
fn law_07_a_hold_on_what_runs_stands_before_the_lesser_stop_that_an_appeal_puts_in_the_place_of_another() {
    let mut world = suspended();
    let scope = "environment/web".parse().unwrap();
    world.ok("person/lena", Command::PlaceHold { scope, running_state: true, why: words() });
    let done = world.ok("person/ruth", modify(&world, 1, "environment/web"));
    assert_eq!(
        types(&done),
        [
            "appeal.decided",
            "measure.lifting",
            "measure.proposed",
            "measure.bounded",
            "measure.approved",
            "measure.blocked"
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
