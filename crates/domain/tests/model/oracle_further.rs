//! The laws on what [`Further`] reads: how an account ends (7), what orders and holds protect (8), what a case leaves
//! behind (10), how new terms come to bind (1, 2, 11), and what a rule may do (12); with the ladder (4) and what is
//! provisional (5).

use jiff::{SignedDuration, Timestamp};
use tenure_domain::account::case::Outcome;
use tenure_domain::account::event::Event;
use tenure_domain::account::legal::{AppealOutcome, OrderKind};
use tenure_domain::account::measure::Proposal;
use tenure_domain::account::notice::ServedBy;
use tenure_domain::account::{Actor, Recorded, System};
use tenure_domain::capability::{Capability, Preset};
use tenure_domain::name::{MeasureId, PowerId};
use tenure_domain::scope::Scope;

use crate::chronicle::{Chronicle, MeasureSeen, touches};
use crate::further::{Further, ground};
use crate::oracle::{Broken, DEEMED, RATIFY, law};

/// For how long power 1.5 lets the account fetch its data.
pub const RETRIEVAL: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How many reminders of the end of that time are served.
const REMINDERS: u8 = 3;
/// How many people consent to a deletion besides whoever proposed it.
const QUORUM: usize = 2;
/// How long an account can take back that an environment be deleted.
const TAKE_BACK: SignedDuration = SignedDuration::from_hours(24);
/// How many strikes power 1.6 asks for.
const STRIKES: usize = 2;
/// After which notice new terms bind.
pub const CHANGES: SignedDuration = SignedDuration::from_hours(48);

/// Judges an event by what the record said before it.
pub fn event(seen: &Chronicle, further: &Further, recorded: &Recorded) -> Result<(), Broken> {
    let Recorded { at, actor, event } = recorded;
    if let Actor::Rule(_) = actor {
        let may = matches!(
            event,
            Event::RuleMatched { .. }
                | Event::CaseOpened { .. }
                | Event::CasePaused { .. }
                | Event::NoticeIssued { .. }
                | Event::NoticeDelayed { .. }
        );
        law!(12, may, "{actor} alone brings about {event:?}");
    }
    match event {
        Event::NoticeServed { notice, by, .. } => {
            let timer = *by != ServedBy::Deemed || *actor == Actor::System(System::Timer);
            law!(2, timer, "{actor} says that {notice} counts as served");
            law!(2, !further.delayed.contains(notice), "{notice} is served under a gag");
        }
        Event::NoticeAttempted { notice, .. } => {
            law!(2, !further.delayed.contains(notice), "{notice} goes out under a gag");
        }
        Event::TermsServed { notice, by, .. } => {
            let tried = further.told[notice].first_attempt.is_some_and(|tried| *at >= tried + DEEMED);
            let proof = match by {
                ServedBy::Deemed => tried && *actor == Actor::System(System::Timer),
                ServedBy::Acknowledged { member } | ServedBy::Read { member } => {
                    member == actor && matches!(actor, Actor::Member(..))
                }
                ServedBy::Delivered { .. } => false,
            };
            law!(2, proof, "{notice} counts as served by {by:?} and was not");
        }
        Event::TermsAccepted { notice } => {
            law!(1, matches!(actor, Actor::Member(..)), "{actor} accepts {notice} for the account");
        }
        Event::TermsBound { notice } => {
            let run = further.told[notice].served_at.is_some_and(|served| *at >= served + CHANGES);
            law!(3, run, "{notice} binds before its period has run");
        }
        Event::WorkloadRemoved { environment, workload } => {
            let scope = Scope::Workload(environment.clone(), workload.clone());
            let preserved =
                seen.orders.values().any(|(kind, of)| *kind == OrderKind::Preserve && touches(of, &scope));
            law!(8, !preserved, "{workload} is removed under an order to preserve");
        }
        Event::SecretRemoved { environment, secret } => {
            let scope = Scope::Environment(environment.clone());
            let preserved =
                seen.orders.values().any(|(kind, of)| *kind == OrderKind::Preserve && touches(of, &scope));
            law!(8, !preserved, "{secret} is removed under an order to preserve");
        }
        // A history only ever scales down.
        Event::WorkloadPut { environment, workload, .. }
        | Event::WorkloadScaled { environment, workload, .. }
        | Event::WorkloadRestarted { environment, workload } => {
            let scope = Scope::Workload(environment.clone(), workload.clone());
            let runs = seen.holds.values().any(|(of, running)| *running && touches(of, &scope));
            law!(8, !runs, "what runs of {workload} is replaced under a hold");
        }
        Event::MeasureLifting { measure, .. } | Event::MeasureWithdrawn { measure, .. } => {
            let order = seen.measures[measure].proposal.basis.order();
            let stands = order.is_some_and(|order| seen.orders.contains_key(order));
            law!(8, !stands, "{measure} ends, and the order stands on which it rests");
        }
        Event::ConflictDecided { order, over, by, .. } => {
            law!(8, actor.person() == Some(by), "{actor} prefers {order} to {over} in the name of {by}");
        }
        Event::FeeCharged { fee, case, .. } => {
            let found = &seen.cases[case];
            let took_effect = seen.measures.values().any(|m| {
                m.proposal.case.as_ref() == Some(case)
                    && m.took_effect.is_some()
                    && m.proposal.basis.is_power()
            });
            law!(10, !found.closed, "{fee} is charged in {case}, which is closed");
            law!(3, found.lapsed || took_effect, "{fee} is charged before any period has run");
        }
        Event::StrikeAdded { case, .. } => {
            law!(10, !seen.cases[case].closed, "{case} is closed and strikes");
            law!(10, !further.strikes.contains_key(case), "{case} strikes twice");
        }
        Event::StrikeRemoved { case, .. } => {
            law!(10, seen.cases[case].closed || further.ended.contains_key(case), "{case} goes on unstruck");
        }
        Event::EmergencyReviewed { measure, by, .. } => {
            law!(6, actor.person() == Some(by), "{actor} reviews {measure} in the name of {by}");
            law!(6, !seen.measures[measure].parts.contains(by), "{by} took part in {measure} and reviews it");
        }
        Event::AppealDecided { appeal, .. } => {
            law!(10, further.open_appeals.contains(appeal), "{appeal} is decided twice");
        }
        Event::RetrievalStarted { notice, ends } => {
            let served = seen.notices[notice].served_at;
            law!(
                7,
                served.is_some_and(|served| ends.at >= served + RETRIEVAL),
                "{notice} gives too little time"
            );
        }
        Event::DeletionProposed { .. } => {
            law!(12, matches!(actor, Actor::Person(_)), "{actor} proposes to delete");
            may_be_deleted(seen, further, *at)?;
        }
        Event::DeletionConsented { by, command_hash } => {
            may_be_deleted(seen, further, *at)?;
            let deletion = further.closing.as_ref().and_then(|c| c.deletion.as_ref());
            let exactly = deletion.is_some_and(|d| &d.hash == command_hash);
            law!(6, exactly, "{by} consents to another deletion than the one proposed");
            law!(6, actor.person() == Some(by), "{actor} consents in the name of {by}");
            let other = deletion.is_some_and(|d| d.proposer.person() != Some(by) && !d.consents.contains(by));
            law!(7, other, "{by} proposed the deletion, or consents twice");
        }
        Event::DeletionApproved { .. } => quorum(further)?,
        Event::DeletionBegun { .. } => {
            law!(7, *actor == Actor::System(System::Eraser), "{actor} begins to delete");
            may_be_deleted(seen, further, *at)?;
            quorum(further)?;
        }
        Event::EnvironmentDeletionBegun { environment } => {
            let asked = further.asked_deletions.get(environment);
            let waited = asked.is_some_and(|asked| *at >= *asked + TAKE_BACK);
            law!(7, waited, "{environment} is being deleted before it can no longer be taken back");
            let touches = |scope: &Scope| scope.environment().is_none_or(|e| e == environment);
            let hold = seen.holds.values().find(|(scope, _)| touches(scope));
            law!(8, hold.is_none(), "{environment} is being deleted under a hold");
            let measure = seen.measures.values().find(|m| m.is_effective() && touches(&m.proposal.scope));
            law!(7, measure.is_none(), "{environment} is being deleted under {measure:?}");
        }
        Event::EnvironmentDeleted { environment, .. } => {
            law!(7, *actor == Actor::System(System::Eraser), "{actor} says that {environment} is gone");
            let begun = further.begun_deletions.contains(environment) || further.deletion_begun();
            law!(7, begun, "{environment} is gone, and no deletion of it was begun");
        }
        Event::AccountClosed { .. } => {
            law!(7, *actor == Actor::System(System::Eraser), "{actor} says that it is deleted");
            may_be_deleted(seen, further, *at)?;
            quorum(further)?;
        }
        _ => {}
    }
    Ok(())
}

/// Law 7: everything that comes before a deletion, but for the quorum.
fn may_be_deleted(seen: &Chronicle, further: &Further, at: Timestamp) -> Result<(), Broken> {
    let Some(closing) = &further.closing else {
        return Err((7, "it is about to be deleted, and no termination is in effect".to_owned()));
    };
    let phase = seen.measures[&closing.measure].phase;
    law!(7, phase == "in_force", "it is about to be deleted, and the termination is {phase}");
    let served = |number: u8| closing.notices.get(&number).and_then(|notice| seen.notices[notice].served_at);
    let run = served(0).is_some_and(|served| at >= served + RETRIEVAL);
    law!(7, run, "it is about to be deleted, and the time to fetch the data has not run");
    let missing = (1..=REMINDERS).find(|number| served(*number).is_none());
    law!(7, missing.is_none(), "it is about to be deleted without reminder {missing:?}");
    let hold = seen.holds.keys().next();
    law!(7, hold.is_none(), "it is about to be deleted under the hold {hold:?}");
    let order = seen.orders.keys().next();
    law!(7, order.is_none(), "it is about to be deleted under the order {order:?}");
    let appeal = further.open_appeals.first();
    law!(7, appeal.is_none(), "it is about to be deleted, and nobody has decided {appeal:?}");
    Ok(())
}

fn quorum(further: &Further) -> Result<(), Broken> {
    let deletion = further.closing.as_ref().and_then(|c| c.deletion.as_ref());
    let given =
        deletion.map_or(0, |d| d.consents.iter().filter(|by| d.proposer.person() != Some(*by)).count());
    law!(7, given >= QUORUM, "a deletion has the consent of {given}");
    Ok(())
}

/// Judges the state that a command led to.
pub fn outcome(seen: &Chronicle, further: &Further, events: &[Recorded]) -> Result<(), Broken> {
    for (case, outcome) in &further.ended {
        let fee = further.fees.iter().find(|(_, of)| *of == case).map(|(fee, _)| fee.to_string());
        law!(10, fee.is_none(), "{case} is {outcome:?} and the fee {fee:?} stands");
        let struck = *outcome != Outcome::Cured && further.strikes.contains_key(case);
        law!(10, !struck, "{case} is {outcome:?} and its strike stands");
    }
    for (id, found) in &seen.measures {
        let repeated = found.proposal.power.as_ref().map(PowerId::as_str) == Some("1.6");
        let strikes = ground(seen, found).map_or(0, |ground| further.strikes_on(ground));
        let rests = !repeated || found.is_over() || strikes >= STRIKES;
        law!(10, rests, "{id} is {} and {strikes} strikes stand", found.phase);
        if let Some(old) = further.replaced.get(id).map(|old| &seen.measures[old]) {
            let (new, old) = (&found.proposal, &old.proposal);
            let less = new.withholds.is_subset(&old.withholds) && old.scope.covers(&new.scope);
            let part = new.withholds != old.withholds || new.scope != old.scope;
            law!(4, less && part, "an appeal put {id} in the place of less");
        }
    }
    for recorded in events {
        let Event::AppealDecided { appeal, outcome: AppealOutcome::Overturned, .. } = &recorded.event else {
            continue;
        };
        let measure = &seen.appeals[appeal];
        law!(10, seen.measures[measure].is_over(), "{appeal} overturned {measure}, which goes on");
        let closed = seen.measures[measure].proposal.case.as_ref().is_none_or(|case| seen.cases[case].closed);
        law!(10, closed, "{appeal} overturned {measure} and its case goes on");
    }
    let gone = further.closing.as_ref().is_some_and(|c| seen.measures[&c.measure].is_over());
    law!(10, !gone, "the termination is over, and the account is closing still");
    let effective = |m: &MeasureSeen| {
        m.is_effective() && m.proposal.power.as_ref().map(PowerId::as_str) == Some("1.5") && terminates(m)
    };
    let ends = seen.measures.values().any(effective);
    law!(
        4,
        !ends || further.closed || further.closing.is_some(),
        "it is terminated, and the account goes on"
    );
    Ok(())
}

fn terminates(found: &MeasureSeen) -> bool {
    found.proposal.preset == Preset::Terminate
}

/// Law 4: on the ground abuse an isolation of an environment is less than a suspension; and 1.3 reaches a single
/// environment, which is less than the account.
pub fn ladder(seen: &Chronicle, id: &MeasureId, proposal: &Proposal) -> Result<(), Broken> {
    let less_exists = match proposal.preset {
        Preset::Suspend => {
            let ground = proposal.case.as_ref().map(|case| seen.cases[case].ground.as_str());
            ground == Some("abuse") || proposal.scope == Scope::Account
        }
        Preset::Terminate => true,
        _ => false,
    };
    let tried = seen.measures.values().any(|m| {
        m.proposal.case == proposal.case
            && m.took_effect.is_some()
            && touches(&m.proposal.scope, &proposal.scope)
            && (m.proposal.preset < proposal.preset || m.proposal.scope.kind() < proposal.scope.kind())
    });
    law!(
        4,
        !less_exists || tried || proposal.why_not_less.is_some(),
        "{id} comes before anything less, and nothing says why"
    );
    Ok(())
}

/// Law 5: small, by a person, and not a repetition of what nobody else would ratify.
pub fn provisional(seen: &Chronicle, recorded: &Recorded) -> Result<(), Broken> {
    let Event::MeasureProposed { measure, proposal, ratify_by, .. } = &recorded.event else { return Ok(()) };
    law!(5, !proposal.withholds.contains(&Capability::Compute), "{measure} stops what runs");
    law!(5, proposal.scope != Scope::Account, "{measure} reaches the whole account");
    law!(5, *ratify_by <= Some(recorded.at + RATIFY), "{measure} gives itself more than a day");
    let alone = seen.measures.iter().find(|(_, m)| {
        m.ratify_by.is_some()
            && m.ratified_by.is_none()
            && m.proposer == recorded.actor
            && touches(&m.proposal.scope, &proposal.scope)
    });
    law!(
        5,
        alone.is_none(),
        "{measure} repeats {:?}, which nobody else ratified",
        alone.map(|(id, _)| id.to_string())
    );
    Ok(())
}
