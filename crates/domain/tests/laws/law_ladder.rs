//! Law 4: no stage is skipped, and the least measure comes first or the record says why not.

use proptest::prelude::*;
use tenure_domain::account::event::Event;
use tenure_domain::scope::ScopeKind;

use crate::chronicle::touches;
use crate::history::check_events;

#[test]
fn law_04_no_stage_is_skipped() {
    check_events(150, |_, seen, recorded| {
        let (measure, from): (_, &[&str]) = match &recorded.event {
            Event::MeasureAmended { measure, .. } => (measure, &["proposed", "approved", "scheduled"]),
            Event::ApprovalGiven { measure, .. } | Event::MeasureApproved { measure } => {
                (measure, &["proposed"])
            }
            // Clocks that were moved move what waits for them: later, and never earlier.
            Event::MeasureScheduled { measure, at } if seen.measures[measure].phase == "scheduled" => {
                let before = seen.measures[measure].scheduled.unwrap();
                prop_assert!(*at > before, "{} was to come at {} and comes at {}", measure, before, at);
                return Ok(());
            }
            Event::MeasureScheduled { measure, .. } => (measure, &["approved"]),
            Event::MeasureBlocked { measure, .. } => (measure, &["scheduled", "applying"]),
            Event::MeasureApplying { measure } if seen.measures[measure].ratify_by.is_some() => {
                (measure, &["proposed", "scheduled"])
            }
            Event::MeasureApplying { measure } => {
                let case = seen.measures[measure].proposal.case.as_ref().unwrap();
                prop_assert!(seen.cases[case].lapsed, "{} takes effect and its case has not lapsed", measure);
                (measure, &["scheduled"])
            }
            Event::MeasureInForce { measure, .. } => (measure, &["applying"]),
            Event::MeasureStayed { measure, .. } => {
                (measure, &["proposed", "approved", "scheduled", "applying", "in_force", "stayed"])
            }
            Event::MeasureRestored { measure, .. } | Event::MeasureResumed { measure, .. } => {
                (measure, &["stayed"])
            }
            Event::MeasureLifting { measure, .. } => {
                prop_assert!(
                    seen.measures[measure].took_effect.is_some(),
                    "{} is lifted and never took effect",
                    measure
                );
                (measure, &["proposed", "approved", "scheduled", "applying", "in_force", "stayed"])
            }
            Event::MeasureWithdrawn { measure, .. } => {
                prop_assert!(
                    seen.measures[measure].took_effect.is_none(),
                    "{} took effect and is withdrawn",
                    measure
                );
                (measure, &["proposed", "approved", "scheduled", "stayed"])
            }
            Event::MeasureLifted { measure, .. } => (measure, &["lifting"]),
            _ => return Ok(()),
        };
        let phase = seen.measures[measure].phase;
        prop_assert!(from.contains(&phase), "{:?} comes when {} is {}", recorded.event, measure, phase);
        Ok(())
    });
}

#[test]
fn law_04_the_least_measure_comes_first_or_the_record_says_why_not() {
    check_events(150, |history, seen, recorded| {
        let Event::MeasureProposed { measure, proposal, replaces, .. } = &recorded.event else {
            return Ok(());
        };
        // What an appeal puts in the place of a measure is less than that one already, and its decision says why.
        if proposal.why_not_less.is_some() || replaces.is_some() {
            return Ok(());
        }
        let ground = &seen.cases[proposal.case.as_ref().unwrap()].ground;
        let powers = &history.world.terms.powers;
        let power = powers.iter().find(|p| Some(&p.id) == proposal.power.as_ref()).unwrap();
        let less_exists = powers
            .iter()
            .any(|p| p.grounds.contains(ground) && p.permits.is_supported() && p.permits < proposal.preset);
        let smaller_exists =
            power.scopes.iter().any(|k| *k != ScopeKind::Hostname && *k < proposal.scope.kind());
        let less_tried = seen.measures.values().any(|m| {
            m.proposal.case == proposal.case
                && m.took_effect.is_some()
                && touches(&m.proposal.scope, &proposal.scope)
                && (m.proposal.preset < proposal.preset
                    || m.proposal.preset == proposal.preset
                        && m.proposal.scope.kind() < proposal.scope.kind())
        });
        prop_assert!(
            !(less_exists || smaller_exists) || less_tried,
            "{} is {} on {} before anything less, and nothing says why",
            measure,
            proposal.preset,
            proposal.scope
        );
        Ok(())
    });
}
