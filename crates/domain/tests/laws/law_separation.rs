//! Law 6: proposer, approver and reviewer are different people; a consent is void when the command changes.

use proptest::prelude::*;
use tenure_domain::account::event::Event;

use crate::history::check_events;

#[test]
fn law_06_proposer_approver_and_reviewer_are_different_people() {
    check_events(150, |_, seen, recorded| {
        match &recorded.event {
            Event::ApprovalGiven { measure, by, .. } | Event::MeasureRatified { measure, by, .. } => {
                let found = &seen.measures[measure];
                prop_assert_eq!(recorded.actor.person(), Some(by), "a consent is one's own");
                prop_assert_ne!(
                    found.proposer.person(),
                    Some(by),
                    "{} consents to their own {}",
                    by,
                    measure
                );
                prop_assert!(
                    !seen.reviews.contains(&(measure.clone(), by.clone())),
                    "{} reviewed {} and consents",
                    by,
                    measure
                );
            }
            _ => {}
        }
        match &recorded.event {
            Event::MeasureRatified { measure, by, .. } => {
                let parts = &seen.measures[measure].parts;
                prop_assert!(!parts.contains(by), "{} took part in {} and ratifies it", by, measure);
            }
            Event::AppealDecided { appeal, by, .. } => {
                let measure = &seen.appeals[appeal];
                prop_assert_eq!(recorded.actor.person(), Some(by));
                prop_assert!(
                    !seen.measures[measure].parts.contains(by),
                    "{} took part in {} and reviews it",
                    by,
                    measure
                );
            }
            _ => {}
        }
        Ok(())
    });
}

#[test]
fn law_06_an_approval_is_void_when_the_command_changes() {
    check_events(150, |_, seen, recorded| {
        match &recorded.event {
            Event::ApprovalGiven { measure, by, command_hash, .. } => {
                let found = &seen.measures[measure];
                prop_assert_eq!(command_hash, &found.hash, "a consent to something else");
                prop_assert!(
                    found.consents.iter().all(|(who, _)| who != by),
                    "{} consents twice to {}",
                    by,
                    measure
                );
            }
            Event::MeasureApproved { measure } => {
                let found = &seen.measures[measure];
                let given = found.consents.iter().filter(|(_, to)| to == &found.hash).count();
                prop_assert!(given >= usize::from(found.needed), "{} counts voided consents", measure);
            }
            Event::MeasureAmended { measure, effective, command_hash } => {
                let found = &seen.measures[measure];
                prop_assert_eq!(command_hash == &found.hash, *effective == found.proposal.effective);
            }
            _ => {}
        }
        Ok(())
    });
}
