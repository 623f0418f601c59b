//! Law 5: an emergency measure is provisional, small, announced at once, and ends by itself unless another ratifies it.

use jiff::SignedDuration;
use proptest::prelude::*;
use tenure_domain::account::Actor;
use tenure_domain::account::event::Event;
use tenure_domain::account::notice::NoticeKind;
use tenure_domain::capability::Capability;
use tenure_domain::scope::Scope;

use crate::chronicle::{Chronicle, touches};
use crate::history::{check, check_events};

#[test]
fn law_05_an_emergency_measure_is_small_and_its_notice_is_out_within_the_hour() {
    check(150, |history| {
        let seen = Chronicle::of(&history.world.events);
        for (id, measure) in seen.measures.iter().filter(|(_, m)| m.ratify_by.is_some()) {
            prop_assert!(matches!(measure.proposer, Actor::Person(_)), "{} has no person behind it", id);
            prop_assert!(
                !measure.proposal.withholds.contains(&Capability::Compute),
                "{} stops what runs",
                id
            );
            prop_assert!(measure.proposal.scope != Scope::Account);
            let smallest = matches!(measure.proposal.scope, Scope::Workload(..));
            prop_assert!(
                smallest || measure.proposal.why_not_less.is_some() || history_has_smaller(&seen, id),
                "{} is not the smallest",
                id
            );
            // What an appeal put in its place goes on under the first one's hours, and is told like any other.
            let first = seen.first(id);
            let since = seen.measures[first].proposed_at;
            let hour = since + SignedDuration::from_hours(1);
            let told = seen
                .notices
                .values()
                .any(|n| n.kind == NoticeKind::Emergency { measure: first.clone() } && n.issued_at <= hour);
            prop_assert!(told, "nobody was told of {} within the hour", id);
            prop_assert!(measure.ratify_by <= Some(since + SignedDuration::from_hours(24)));
            if first != id {
                let suspension = Some(NoticeKind::Suspension { measure: id.clone() });
                for recorded in &history.world.events {
                    if matches!(&recorded.event, Event::MeasureApplying { measure } if measure == id) {
                        let state = history.world.state.as_ref();
                        prop_assert_eq!(&state.and_then(|state| state.called_for(recorded)), &suspension);
                    }
                }
            }
        }
        Ok(())
    });
}

fn history_has_smaller(seen: &Chronicle, id: &tenure_domain::name::MeasureId) -> bool {
    let of = &seen.measures[id];
    seen.measures.iter().any(|(other, m)| {
        other.number() < id.number()
            && m.took_effect.is_some()
            && m.proposal.case == of.proposal.case
            && touches(&m.proposal.scope, &of.proposal.scope)
            && (m.proposal.preset, m.proposal.scope.kind()) < (of.proposal.preset, of.proposal.scope.kind())
    })
}

#[test]
fn law_05_without_another_person_it_lifts_by_itself() {
    check(150, |history| {
        let mut world = crate::history::play(&[]).world;
        world.state.clone_from(&history.world.state);
        world.events.clone_from(&history.world.events);
        world.now = history.world.now;
        world.pass_hours(24);
        let seen = Chronicle::of(&world.events);
        for (id, measure) in seen.measures.iter().filter(|(_, m)| m.ratify_by.is_some()) {
            let another =
                measure.ratified_by.as_ref().is_some_and(|by| Some(by) != measure.proposer.person());
            prop_assert!(
                another || measure.is_over(),
                "{} is {} a day later, and nobody else ratified it",
                id,
                measure.phase
            );
        }
        Ok(())
    });
}

#[test]
fn law_05_it_is_ratified_by_another_and_in_time() {
    check_events(150, |_, seen, recorded| {
        if let Event::MeasureRatified { measure, by, command_hash } = &recorded.event {
            let found = &seen.measures[measure];
            prop_assert_ne!(Some(by), found.proposer.person());
            prop_assert_eq!(recorded.actor.person(), Some(by));
            prop_assert!(Some(recorded.at) < found.ratify_by);
            prop_assert_eq!(command_hash, &found.hash);
            prop_assert!(!found.is_over());
        }
        Ok(())
    });
}

#[test]
fn law_05_nobody_makes_it_last_by_applying_it_again() {
    check_events(150, |_, seen, recorded| {
        let Event::MeasureProposed { measure, proposal, ratify_by: Some(_), .. } = &recorded.event else {
            return Ok(());
        };
        let month = SignedDuration::from_hours(30 * 24);
        let alone = seen.measures.iter().find(|(_, m)| {
            m.ratify_by.is_some()
                && m.ratified_by.is_none()
                && m.proposer == recorded.actor
                && touches(&m.proposal.scope, &proposal.scope)
                && recorded.at < m.proposed_at + month
        });
        prop_assert!(
            alone.is_none(),
            "{} repeats what nobody else ratified: {:?}",
            measure,
            alone.map(|(id, _)| id)
        );
        Ok(())
    });
}
