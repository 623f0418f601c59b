//! Law 10: a closed case cancels everything scheduled in its name and undoes what it did.

use proptest::prelude::*;
use tenure_domain::account::event::Event;

use crate::chronicle::Chronicle;
use crate::history::{check, check_events};

#[test]
fn law_10_after_a_case_is_closed_nothing_of_it_is_in_effect() {
    check(150, |history| {
        for (n, moment) in history.moments.iter().enumerate() {
            let until = history.moments.get(n + 1).map_or(history.world.events.len(), |next| next.from);
            let closes = history.world.events[moment.from..until]
                .iter()
                .any(|r| matches!(r.event, Event::CaseClosed { .. }));
            if !closes && n + 1 < history.moments.len() {
                continue;
            }
            let seen = Chronicle::of(&history.world.events[..until]);
            for (id, measure) in
                seen.measures.iter().filter(|(_, m)| seen.cases[m.proposal.case.as_ref().unwrap()].closed)
            {
                prop_assert!(measure.is_over(), "{} is {} after its case is closed", id, measure.phase);
                prop_assert!(!moment.permits.contains(id));
            }
        }
        Ok(())
    });
}

#[test]
fn law_10_nothing_of_a_closed_case_comes_back() {
    check_events(150, |_, seen, recorded| {
        let (Event::MeasureApplying { measure }
        | Event::MeasureScheduled { measure, .. }
        | Event::MeasureApproved { measure }
        | Event::MeasureResumed { measure, .. }
        | Event::ApprovalGiven { measure, .. }
        | Event::MeasureAmended { measure, .. }
        | Event::MeasureRatified { measure, .. }
        | Event::MeasureInForce { measure, .. }) = &recorded.event
        else {
            return Ok(());
        };
        let case = seen.measures[measure].proposal.case.as_ref().unwrap();
        prop_assert!(!seen.cases[case].closed, "{:?} in {}, which is closed", recorded.event, case);
        Ok(())
    });
}

#[test]
fn law_10_a_case_is_closed_as_cured_when_all_that_was_asked_is_done() {
    use crate::chronicle::ItemSeen;
    use tenure_domain::account::case::Outcome;
    check(150, |history| {
        let seen = Chronicle::of(&history.world.events);
        for (id, case) in &seen.cases {
            let mut asked =
                seen.items.iter().filter(|((of, _), _)| of == id).map(|(_, state)| *state).peekable();
            let cured = asked.peek().is_some() && asked.all(|i| i == ItemSeen::Met);
            prop_assert!(!cured || case.closed, "{} is cured and goes on", id);
        }
        for recorded in &history.world.events {
            if let Event::CaseClosed { case, outcome: Outcome::Cured, .. } = &recorded.event {
                let open =
                    seen.items.iter().filter(|((of, _), _)| of == case).any(|(_, i)| *i != ItemSeen::Met);
                prop_assert!(!open, "{} is closed as cured and is not", case);
            }
        }
        Ok(())
    });
}
