//! Law 13: status is what was observed. Law 12, as far as one account sees it: a rule alone never restricts.

use proptest::prelude::*;
use tenure_domain::account::command::{Command, Starts};
use tenure_domain::account::event::Event;
use tenure_domain::account::standing::Standing;
use tenure_domain::account::{Actor, System};
use tenure_domain::refusal::Guard;
use tenure_domain::scope::Scope;

use crate::history::{check, check_events};
use crate::world::{HOUSE, World, issue, words};

#[test]
fn law_12_a_rule_alone_never_restricts() {
    check_events(150, |_, _, recorded| {
        if let Actor::Rule(_) = &recorded.actor {
            let allowed = matches!(
                recorded.event,
                Event::RuleMatched { .. }
                    | Event::CaseOpened { .. }
                    // A case that begins while an order stands begins with its clocks stopped.
                    | Event::CasePaused { .. }
                    | Event::NoticeIssued { .. }
                    | Event::CommandRefused { .. }
                    | Event::WorkloadPut { .. }
                    | Event::WorkloadRemoved { .. }
            );
            prop_assert!(allowed, "a rule did this: {:?}", recorded.event);
        }
        if let Event::MeasureProposed { .. } = &recorded.event {
            prop_assert!(recorded.actor.person().is_some(), "{} proposes", recorded.actor);
        }
        Ok(())
    });
}

#[test]
fn law_12_a_rule_tells_of_a_violation_in_its_own_case_and_announces_nothing() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let matched = Command::RecordMatch {
        rule: "flood".parse().unwrap(),
        ground: "abuse".parse().unwrap(),
        opens: true,
        facts: [("filed".to_owned(), "63".to_owned())].into(),
        why: words(),
    };
    world.ok("rule/flood", matched);
    let own = world.c(1);
    for starts in [Starts::Notice, Starts::Both] {
        assert_eq!(
            world.refused("rule/flood", issue(&own, starts, "1.2", &["stop"])),
            [Guard::AnotherPerson]
        );
    }
    let told = issue(&own, Starts::Cure, "1.2", &["stop"]);
    assert_eq!(world.refused("rule/other", told.clone()), [Guard::AnotherPerson], "another rule's case");
    world.ok("rule/flood", told);

    let persons = world.open_case("debt");
    let told = issue(&persons, Starts::Cure, "1.3", &["pay"]);
    assert_eq!(world.refused("rule/flood", told), [Guard::AnotherPerson], "a person's case");
}

#[test]
fn law_13_only_what_was_observed_is_in_force_or_over() {
    check_events(150, |_, seen, recorded| {
        if let Event::MeasureInForce { measure, .. }
        | Event::MeasureLifted { measure, .. }
        | Event::MeasureRestored { measure, .. } = &recorded.event
        {
            prop_assert_eq!(&recorded.actor, &Actor::System(System::Cluster));
            prop_assert!(seen.measures[measure].took_effect.is_some());
        }
        Ok(())
    });
}

#[test]
fn law_13_suspended_is_said_only_after_a_receipt() {
    check(150, |history| {
        let mut world = crate::history::play(&[]).world;
        world.state = None;
        let mut confirmed = std::collections::BTreeSet::new();
        for recorded in &history.world.events {
            match &recorded.event {
                Event::MeasureInForce { measure, .. } => {
                    confirmed.insert(measure.clone());
                }
                Event::MeasureApplying { measure }
                | Event::MeasureStayed { measure, .. }
                | Event::MeasureLifting { measure, .. } => {
                    confirmed.remove(measure);
                }
                _ => {}
            }
            world.keep(std::slice::from_ref(recorded));
            if world.account().standing() == Standing::Suspended {
                let receipt = confirmed
                    .iter()
                    .any(|m| world.account().measure(m).unwrap().proposal.scope == Scope::Account);
                prop_assert!(receipt, "suspended is said and no receipt says that nothing runs");
            }
        }
        Ok(())
    });
}

#[test]
fn law_13_what_is_said_to_be_in_effect_keeps_its_permit() {
    check(150, |history| {
        let mut world = crate::history::play(&[]).world;
        world.state.clone_from(&history.world.state);
        world.now = history.world.now;
        world.until(world.now);
        for measure in world.account().effective_measures() {
            let permit = world.permit(&measure.id);
            prop_assert!(
                permit.is_ok(),
                "{} is {} and has no permit: {:?}",
                measure.id,
                measure.state_name(),
                permit.err()
            );
        }
        Ok(())
    });
}
