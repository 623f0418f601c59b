//! Law 8: what an order suspended is where it stood when the order ends, and is watched from there.

use tenure_domain::account::Command;
use tenure_domain::account::command::Starts;
use tenure_domain::account::legal::OrderKind;

use crate::world::{HOUSE, World, blob, propose, type_of, words};

/// An order stays everything, what it suspends is undone, and it is vacated.
fn stayed_and_back(world: &mut World, measures: &[u32]) {
    let (kind, scope) = (OrderKind::Stay, "account".parse().unwrap());
    world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    for measure in measures {
        assert_eq!(world.state_of(*measure), "stayed");
        world.restored(*measure);
    }
    world.pass_hours(5);
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    world.until(world.now);
}

fn propose_and_approve(world: &mut World, power: &str, scope: &str, measure: u32) {
    let case = world.c(1);
    world.ok("person/ines", propose(&case, power, scope, true));
    for by in ["omar", "noa"] {
        if world.state_of(measure) == "proposed" {
            world.approve(by, measure);
        }
    }
    world.until(world.now);
    world.confirm(measure);
}

#[test]
fn law_04_a_termination_that_followed_a_suspension_comes_back_with_it() {
    let terms = HOUSE.replace("permits: terminate,", "permits: terminate, after: suspend,");
    assert_ne!(terms, HOUSE);
    let mut world = World::open(&terms, "2021-03-01T20:00:00Z");
    let case = world.open_case("debt");
    world.serve(&case, Starts::Both, "1.3", &["pay"]);
    world.serve(&case, Starts::Both, "1.5", &["leave"]);
    world.pass_hours(10 * 24);
    propose_and_approve(&mut world, "1.3", "account", 1);
    world.pass_hours(21 * 24);
    propose_and_approve(&mut world, "1.5", "account", 2);
    assert!(world.measure(1).is_effective() && world.measure(2).is_effective());

    stayed_and_back(&mut world, &[1, 2]);
    // At that moment nothing of the suspension was observed yet.
    assert_eq!((world.state_of(1), world.state_of(2)), ("applying", "applying"));
    assert!(world.permit(&world.m(2)).is_ok());
}

#[test]
fn a_measure_that_came_back_after_a_stay_is_looked_at_again() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.1", &["stop"]);
    world.pass_hours(30);
    propose_and_approve(&mut world, "1.1", "environment/web", 1);
    let overdue =
        |world: &World| world.events.iter().filter(|r| type_of(&r.event) == "measure.review_overdue").count();
    world.pass_hours(14 * 24);
    assert_eq!(overdue(&world), 1);
    stayed_and_back(&mut world, &[1]);
    world.confirm(1);
    assert!(world.measure(1).watch.review_overdue.is_none(), "it is in force since now");
    world.pass_hours(14 * 24 - 1);
    assert_eq!(overdue(&world), 1);
    world.pass_hours(1);
    assert_eq!(overdue(&world), 2);
}
