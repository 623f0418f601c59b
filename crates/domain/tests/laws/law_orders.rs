//! Law 8: an active order or hold wins, also against what is already scheduled.

use proptest::prelude::*;
use tenure_domain::account::Command;
use tenure_domain::account::event::Event;
use tenure_domain::account::legal::OrderKind;
use tenure_domain::capability::Capability;
use tenure_domain::scope::Scope;

use crate::chronicle::{Chronicle, touches};
use crate::history::{check, check_events};
use crate::world::{HOUSE, World, blob, emergency, types, words};

#[test]
fn law_08_while_an_order_stands_nothing_it_touches_takes_effect() {
    check_events(150, |_, seen, recorded| {
        if let Event::MeasureApplying { measure } | Event::MeasureInForce { measure, .. } = &recorded.event {
            let scope = &seen.measures[measure].proposal.scope;
            prop_assert!(!seen.stays(scope), "{} takes effect on {} against an order", measure, scope);
        }
        Ok(())
    });
}

#[test]
fn law_08_while_an_order_stands_nothing_it_touches_has_a_permit() {
    check(150, |history| {
        for (n, moment) in history.moments.iter().enumerate() {
            let until = history.moments.get(n + 1).map_or(history.world.events.len(), |next| next.from);
            let seen = Chronicle::of(&history.world.events[..until]);
            for (id, measure) in &seen.measures {
                if seen.stays(&measure.proposal.scope) {
                    prop_assert!(!moment.permits.contains(id), "{} has a permit against an order", id);
                    prop_assert!(!measure.is_effective(), "{} is {} against an order", id, measure.phase);
                }
            }
        }
        Ok(())
    });
}

#[test]
fn law_08_a_hold_on_what_runs_blocks_every_stop() {
    check_events(150, |_, seen, recorded| {
        let held = |scope: &Scope, running: bool| {
            seen.holds.values().any(|(of, state)| (*state || !running) && touches(of, scope))
        };
        match &recorded.event {
            Event::MeasureApplying { measure } | Event::MeasureInForce { measure, .. } => {
                let proposal = &seen.measures[measure].proposal;
                let stops = proposal.withholds.contains(&Capability::Compute);
                prop_assert!(
                    !stops || !held(&proposal.scope, true),
                    "{} stops what a hold preserves",
                    measure
                );
            }
            Event::WorkloadRemoved { environment, workload } => {
                let scope = Scope::Workload(environment.clone(), workload.clone());
                prop_assert!(!held(&scope, false), "{} is removed under a hold", scope);
                let preserved =
                    seen.orders.values().any(|(k, of)| *k == OrderKind::Preserve && touches(of, &scope));
                prop_assert!(!preserved, "{} is removed against an order", scope);
            }
            _ => {}
        }
        Ok(())
    });
}

#[test]
fn law_08_of_two_orders_the_one_that_is_left_still_stays_the_measure() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let case = world.open_case("threat");
    world.ok("person/ines", emergency(&case, "1.4", "workload/web/feed"));
    for scope in ["workload/web/feed", "environment/web"] {
        let (kind, scope) = (OrderKind::Stay, scope.parse().unwrap());
        world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    }
    let vacate = |world: &World, n| Command::VacateOrder { order: world.o(n), why: words() };
    let first = vacate(&world, 1);
    assert_eq!(types(&world.ok("person/lena", first)), ["order.vacated", "measure.stayed", "case.resumed"]);
    assert!(world.account().case(&case).unwrap().paused.is_some(), "the other still stops its clocks");
    assert_eq!(world.state_of(1), "stayed");
    let second = vacate(&world, 2);
    world.ok("person/lena", second);
    world.until(world.now);
    assert_eq!(world.state_of(1), "applying");
}
