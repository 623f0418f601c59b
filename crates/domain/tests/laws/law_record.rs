//! Law 14: nothing in the state is absent from the record.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tenure_domain::account::event::Event;
use tenure_domain::account::{Account, Command, Context, Recorded};
use tenure_domain::refusal::Rejected;

use crate::history::{History, check, play};
use crate::world::propose;

#[test]
fn law_14_folding_the_record_again_gives_the_state() {
    check(150, |history| {
        let mut state = None;
        for recorded in &history.world.events {
            let text = serde_json::to_string(recorded).unwrap();
            let read: Recorded = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, recorded);
            state = Some(Account::apply(&history.world.id, state, &read).unwrap());
        }
        let state = state.unwrap();
        prop_assert_eq!(&state, history.world.account());
        prop_assert_eq!(state.version, history.world.events.len() as u64);
        let stored: Account = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
        prop_assert_eq!(stored.timers(), history.world.account().timers());
        prop_assert_eq!(stored, state);
        Ok(())
    });
}

#[test]
fn law_14_every_refusal_of_a_decision_of_the_provider_is_recorded_up_to_the_bound() {
    check(150, |history| {
        let mut recorded: BTreeMap<(String, i64), u32> = BTreeMap::new();
        for moment in &history.moments {
            let Err(Rejected::Refused(refusal)) = &moment.outcome else { continue };
            prop_assert!(!refusal.guards.is_empty(), "a refusal says why");
            if !moment.command.records_refusal() {
                continue;
            }
            let count =
                recorded.entry((moment.actor.to_string(), moment.now.as_second() / 3600)).or_default();
            let expected = *count < 20;
            prop_assert_eq!(moment.refusal_recorded, Some(expected));
            if expected {
                *count += 1;
                let Event::CommandRefused { command, guards } = &history.world.events[moment.from].event
                else {
                    return Err(TestCaseError::fail("a refusal is missing from the record"));
                };
                prop_assert_eq!(command, moment.command.name());
                prop_assert_eq!(guards.len(), refusal.guards.len());
            }
        }
        Ok(())
    });
}

#[test]
fn law_14_a_deadline_fired_twice_changes_nothing_more() {
    check(150, |history| {
        let world = &history.world;
        for (n, moment) in history.moments.iter().enumerate() {
            let (Command::Fire(_), Ok(_)) = (&moment.command, &moment.outcome) else { continue };
            let after = history.moments.get(n + 1).map_or(world.state.as_ref(), |next| next.before.as_ref());
            let context = Context { now: moment.now, actor: &moment.actor, book: &world.book };
            let again = Account::decide(&world.id, after, moment.command.clone(), &context);
            prop_assert_eq!(again, Ok(Vec::new()), "{:?} fired twice", moment.command);
        }
        Ok(())
    });
}

#[test]
fn law_14_twenty_refusals_of_one_actor_are_recorded_in_an_hour_and_then_again_in_the_next() {
    let mut history = play(&[]);
    let case = history.world.open_case("abuse");
    let refuse = |history: &mut History, actor: &str| {
        history.run(actor, propose(&case, "1.1", "environment/web", true));
        history.moments.last().unwrap().refusal_recorded == Some(true)
    };
    let recorded = (0..25).filter(|_| refuse(&mut history, "person/ines")).count();
    assert_eq!(recorded, 20);
    assert!(refuse(&mut history, "person/mira"), "the bound is each actor's own");
    history.world.now += jiff::SignedDuration::from_hours(1);
    assert!(refuse(&mut history, "person/ines"));
}
