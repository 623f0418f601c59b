//! An account that an earlier version left as it is: what the terms promise is made up, and nothing else is touched.

use std::collections::BTreeSet;

use tenure_domain::account::clock::PauseCause;
use tenure_domain::account::command::Starts;
use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{Account, Actor, Command, Context, Recorded};

use crate::world::{HOUSE, World, at, blob, propose, types, words};

/// The world as an earlier version would have left it: no suspension has a bound, no appeal a deadline, and no order stops
/// clocks.
pub fn earlier(world: &World) -> World {
    let mut world = world.clone();
    let account = world.state.as_mut().unwrap();
    for measure in &mut account.measures {
        measure.watch.bound = None;
    }
    for appeal in &mut account.appeals {
        appeal.decide_by = None;
    }
    for case in &mut account.cases {
        case.paused = None;
    }
    world
}

/// A suspension in force since 15 March, and an appeal against it.
fn suspended() -> World {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.3", &["a"]);
    world.pass_hours(24 * 6);
    world.ok("person/ines", propose(&case, "1.3", "account", true));
    world.approve("omar", 1);
    world.approve("noa", 1);
    world.until(world.now);
    world.confirm(1);
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(1), grounds: words() });
    world
}

fn due(world: &World, key: &TimerKey) -> Option<jiff::Timestamp> {
    world.account().timers().into_iter().find(|t| &t.key == key).map(|t| t.due)
}

#[test]
fn bound_and_deadline_count_from_when_they_would_have_begun() {
    let now = suspended();
    let mut world = earlier(&now);
    let (raised, decided) = (TimerKey::Constructive(world.m(1)), TimerKey::Appeal(world.a(1)));
    assert_eq!((due(&world, &raised), due(&world, &decided)), (None, None));
    world.now = at("2021-04-01T00:00:00Z");
    assert!(world.account().may_lack());
    assert_eq!(types(&world.ok("system/timer", Command::CatchUp)), ["measure.bounded", "measure.bounded"]);
    for key in [&raised, &decided] {
        assert!(due(&now, key).is_some());
        assert_eq!(due(&world, key), due(&now, key), "{key}");
    }
    assert_eq!(world.ok("system/timer", Command::CatchUp), []);
    assert!(!world.account().may_lack(), "nobody asks again");
}

#[test]
fn a_suspension_that_is_past_its_bound_is_raised_and_has_the_whole_time_until_it_lifts() {
    let mut world = earlier(&suspended());
    world.now = at("2021-08-01T00:00:00Z");
    world.ok("system/timer", Command::CatchUp);
    world.until(world.now);
    let lifts = world.measure(1).watch.constructive.unwrap();
    assert_eq!(lifts, at("2021-08-15T00:00:00Z"));
    assert_eq!(world.state_of(1), "in_force");
    world.until(lifts);
    assert_eq!(world.state_of(1), "lifting");
}

#[test]
fn one_that_an_order_stayed_meanwhile_is_bounded_too_and_its_order_stops_the_clocks() {
    let mut now = suspended();
    let (kind, scope) = (OrderKind::Stay, "account".parse().unwrap());
    now.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    let mut world = earlier(&now);
    let events = world.ok("system/timer", Command::CatchUp);
    assert_eq!(types(&events), ["measure.bounded", "measure.bounded", "case.paused"]);
    assert_eq!(world.measure(1).watch.bound, now.measure(1).watch.bound);
    let cause = PauseCause::Order { order: world.o(1) };
    assert!(world.account().cases[0].is_paused_by(&cause) && now.account().cases[0].is_paused_by(&cause));
    assert_eq!(world.ok("system/timer", Command::CatchUp), []);
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    assert_eq!(world.account().cases[0].paused, None);
}

#[test]
fn what_is_there_stays_and_what_is_over_or_promised_nowhere_gets_nothing() {
    let mut world = suspended();
    assert_eq!(world.ok("system/timer", Command::CatchUp), []);
    world.ok("person/ines", Command::LiftMeasure { measure: world.m(1), why: words() });
    let mut over = earlier(&world);
    let only_the_appeal = over.ok("system/timer", Command::CatchUp);
    assert_eq!(only_the_appeal.len(), 1);
    assert_eq!(over.measure(1).watch.bound, None);

    // The power gives no bound.
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.1", &["a"]);
    world.pass_hours(24 * 6);
    world.ok("person/ines", propose(&case, "1.1", "environment/web", true));
    world.approve("omar", 1);
    world.until(world.now);
    assert_eq!(world.ok("system/timer", Command::CatchUp), []);
}

#[test]
fn nobody_but_the_clock_asks_for_it_and_it_needs_the_terms() {
    let world = earlier(&suspended());
    let ask = |who: &str, world: &World| -> Result<Vec<Recorded>, _> {
        let actor: Actor = who.parse().unwrap();
        let context = Context { now: world.now, actor: &actor, book: &world.book };
        Account::decide(&world.id, world.state.as_ref(), Command::CatchUp, &context)
    };
    for who in ["person/ines", "member/parley/ada", "rule/flood", "system/cluster", "system/bootstrap"] {
        assert!(ask(who, &world).is_err(), "{who}");
    }
    let without = World { book: tenure_domain::account::Book::default(), ..world.clone() };
    assert!(ask("system/timer", &without).is_err());
    let done: BTreeSet<String> = types(&ask("system/timer", &world).unwrap()).into_iter().collect();
    assert_eq!(done, BTreeSet::from(["measure.bounded".to_owned()]));
}
