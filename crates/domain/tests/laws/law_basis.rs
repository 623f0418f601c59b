//! Law 1: no measure takes effect without a permit, and a permit has a basis in the terms that the account accepted.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use sha2::{Digest, Sha256};
use tenure_domain::account::event::Event;
use tenure_domain::name::MeasureId;
use tenure_domain::terms::Process;

use crate::chronicle::Chronicle;
use crate::history::{History, check};

/// Whether the record holds a basis for the measure to be in effect at a moment.
fn basis(
    history: &History,
    seen: &Chronicle,
    id: &MeasureId,
    now: jiff::Timestamp,
) -> Result<(), TestCaseError> {
    let measure = &seen.measures[id];
    let proposal = &measure.proposal;
    prop_assert_eq!(Some(&proposal.terms), seen.terms.as_ref(), "{} rests on other terms", id);
    let power = history.world.terms.powers.iter().find(|p| Some(&p.id) == proposal.power.as_ref());
    prop_assert!(power.is_some(), "{} rests on no power", id);
    let power = power.unwrap();
    let case = &seen.cases[proposal.case.as_ref().unwrap()];
    prop_assert!(!case.closed, "{} is in a closed case", id);
    prop_assert!(power.grounds.contains(&case.ground), "{} rests on a power for other grounds", id);
    prop_assert!(power.scopes.contains(&proposal.scope.kind()), "{} reaches too far", id);
    if let Some(old) = &measure.replaces {
        prop_assert!(proposal.withholds.is_subset(&seen.measures[old].proposal.withholds));
    } else {
        prop_assert_eq!(&proposal.withholds, &power.permits.withholds());
    }

    let command = serde_json::json!({ "measure": id, "proposal": proposal });
    let hash = hex::encode(Sha256::digest(serde_json_canonicalizer::to_vec(&command).unwrap()));
    prop_assert_eq!(&hash, &measure.hash, "the hash of {} is not that of its proposal", id);
    // What an appeal put in the place of more rests on the consent to that.
    let measure = &seen.measures[seen.first(id)];
    match &power.process {
        Process::Emergency { .. } => {
            let by = measure.ratified_by.as_ref();
            let others = by.is_some() && by != measure.proposer.person();
            let in_time = now < measure.proposed_at + jiff::SignedDuration::from_hours(24);
            prop_assert!(others || in_time, "{} is neither ratified by another nor in its first day", id);
        }
        Process::Noticed { approvals, .. } => {
            let mut people: Vec<_> = measure
                .consents
                .iter()
                .filter(|(by, to)| *to == measure.hash && Some(by) != measure.proposer.person())
                .map(|(by, _)| by)
                .collect();
            people.sort();
            people.dedup();
            prop_assert!(people.len() >= usize::from(*approvals), "{} lacks consent: {:?}", id, people);
        }
    }
    Ok(())
}

#[test]
fn law_01_every_permit_has_its_basis_on_the_record() {
    check(150, |history| {
        for (n, moment) in history.moments.iter().enumerate() {
            if moment.permits.is_empty() {
                continue;
            }
            let until = history.moments.get(n + 1).map_or(history.world.events.len(), |next| next.from);
            let seen = Chronicle::of(&history.world.events[..until]);
            for id in &moment.permits {
                prop_assert!(seen.measures[id].is_effective(), "{} has a permit and is not in effect", id);
                basis(history, &seen, id, moment.now)?;
            }
        }
        Ok(())
    });
}

#[test]
fn law_01_nothing_takes_effect_without_a_basis() {
    check(150, |history| {
        let mut seen = Chronicle::default();
        for recorded in &history.world.events {
            seen.read(recorded);
            if let Event::MeasureApplying { measure } = &recorded.event {
                basis(history, &seen, measure, recorded.at)?;
            }
        }
        Ok(())
    });
}

#[test]
fn law_01_a_refusal_for_want_of_a_power_names_the_terms_that_lack_it() {
    use tenure_domain::account::command::Starts;
    use tenure_domain::refusal::Rejected;

    let mut world = crate::world::World::open(crate::world::HOUSE, "2021-03-09T20:00:00Z");
    let case = world.open_case("debt");
    for (command, said) in [
        (crate::world::open_case("weather"), "the terms house 1 grant no power on the ground weather"),
        (
            crate::world::issue(&case, Starts::Both, "1.2", &["a"]),
            "the terms house 1 grant no power 1.2 on the ground debt",
        ),
    ] {
        let answer = world.run(&"person/ines".parse().unwrap(), command);
        assert!(matches!(&answer, Err(Rejected::Refused(r)) if r.guards[0].detail == said), "{answer:?}");
    }
}
