//! Laws 1 to 12, judged by the events alone: what [`Chronicle`] and [`Further`] read of the record before, and the terms
//! of the small world as they are written there. Nothing here asks the guards of the domain.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tenure_domain::account::event::Event;
use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::measure::{Basis, Proposal};
use tenure_domain::account::notice::{NoticeKind, ServedBy};
use tenure_domain::account::standing::Standing;
use tenure_domain::account::{Account, Actor, Command, Recorded};
use tenure_domain::capability::{Capability, Preset};
use tenure_domain::name::{MeasureId, PowerId};
use tenure_domain::scope::Scope;

use crate::chronicle::{Chronicle, ItemSeen, MeasureSeen, touches};
use crate::further::Further;
use crate::oracle_further::{ladder, provisional};

/// What each power with a process promises: two days of notice, one of cure. The zone is UTC, so days are 24 hours.
pub const NOTICE: SignedDuration = SignedDuration::from_hours(48);
/// See [`NOTICE`].
pub const CURE: SignedDuration = SignedDuration::from_hours(24);
/// What power 1.4 gives for ratification.
pub const RATIFY: SignedDuration = SignedDuration::from_hours(24);
/// After which an attempt counts as service.
pub const DEEMED: SignedDuration = SignedDuration::from_hours(72);

/// A law that was broken, by its number, and how.
pub type Broken = (u8, String);

macro_rules! law {
    ($number:literal, $holds:expr, $($said:tt)+) => {
        if !$holds { return Err(($number, format!($($said)+))); }
    };
}
pub(crate) use law;

/// Judges an event by what the record said before it.
pub fn event(seen: &Chronicle, further: &Further, recorded: &Recorded) -> Result<(), Broken> {
    let Recorded { at, actor, event } = recorded;
    match event {
        Event::NoticeServed { notice, by, notice_ends, cure_ends } => {
            let found = &seen.notices[notice];
            law!(2, found.served_at.is_none(), "{notice} is served twice");
            match by {
                ServedBy::Acknowledged { member } | ServedBy::Read { member } => {
                    law!(2, member == actor, "somebody else is said to have acknowledged {notice}");
                    law!(2, matches!(actor, Actor::Member(..)), "{actor} acknowledged {notice}");
                }
                ServedBy::Delivered { .. } => {
                    law!(2, actor.person().is_some(), "{actor} shows that {notice} was delivered");
                    law!(
                        2,
                        found.first_attempt.is_some(),
                        "{notice} is delivered by a channel that never took it"
                    );
                }
                ServedBy::Deemed => {
                    let tried = found.first_attempt.is_some_and(|tried| *at >= tried + DEEMED);
                    law!(2, tried, "{notice} counts as served without an attempt three days ago");
                }
            }
            let written = |starts: bool, period| starts.then(|| *at + period);
            let ends = (notice_ends.as_ref().map(|d| d.at), cure_ends.as_ref().map(|d| d.at));
            let promised = (
                written(found.kind.starts_notice().is_some(), NOTICE),
                written(found.kind.starts_cure().is_some(), CURE),
            );
            law!(
                11,
                ends == promised,
                "the periods of {notice} end at {ends:?}; the terms write {promised:?}"
            );
        }
        Event::NoticeReminded { notice, .. } => {
            law!(2, seen.notices[notice].served_at.is_some(), "{notice} is reminded of and was not served");
        }
        Event::CaseLapsed { case } => {
            let mut served = seen.served(case, |k| k.starts_cure().is_some());
            law!(
                3,
                served.any(|(notice, served)| further.ran(seen, notice, served, *at).cure >= CURE),
                "{case} lapsed before a cure period had run"
            );
        }
        Event::MeasureProposed { measure, proposal, ratify_by, replaces, .. } => {
            let may = match proposal.basis {
                Basis::AccountHolder => matches!(actor, Actor::Member(..)),
                Basis::Power | Basis::Order { .. } => matches!(actor, Actor::Person(_)),
            };
            law!(12, may, "{actor} proposed {measure}");
            law!(
                1,
                Some(&proposal.terms) == further.governing(proposal),
                "{measure} rests on terms that were not accepted"
            );
            law!(1, !closed(seen, proposal), "{measure} is proposed in a closed case");
            if replaces.is_none() {
                ladder(seen, measure, proposal)?;
            }
            if ratify_by.is_some() {
                provisional(seen, recorded)?;
            }
        }
        Event::MeasureAmended { measure, effective, command_hash } => {
            let found = &seen.measures[measure];
            let same = (command_hash == &found.hash, *effective == found.proposal.effective);
            law!(6, same.0 == same.1, "{measure} is amended and its hash does not follow");
            stage(found, measure, &["proposed", "approved", "scheduled"], "amended")?;
        }
        Event::ApprovalGiven { measure, by, command_hash, .. } => {
            let found = &seen.measures[measure];
            law!(6, actor.person() == Some(by), "{actor} consents in the name of {by}");
            law!(6, found.proposer.person() != Some(by), "{by} proposed {measure} and approves it");
            law!(
                6,
                !seen.reviews.contains(&(measure.clone(), by.clone())),
                "{by} reviewed {measure} and approves it"
            );
            law!(6, command_hash == &found.hash, "{by} approved something else than {measure} as it stands");
            stage(found, measure, &["proposed"], "approved")?;
        }
        Event::MeasureApproved { measure } => {
            let found = &seen.measures[measure];
            law!(6, consents(found) >= needed(further, measure, found), "{measure} is approved by too few");
        }
        Event::MeasureRatified { measure, by, command_hash } => {
            let found = &seen.measures[measure];
            let applied = further.lineage(measure).any(|id| seen.measures[id].proposer.person() == Some(by));
            law!(6, !applied, "{by} applied {measure} and ratifies it");
            law!(6, command_hash == &found.hash, "{by} ratified something else than {measure}");
            law!(5, *at < found.proposed_at + RATIFY, "{measure} is ratified too late");
            law!(5, !found.is_over(), "{measure} is over and is ratified");
        }
        Event::MeasureScheduled { measure, .. } => {
            law!(
                10,
                !closed(seen, &seen.measures[measure].proposal),
                "{measure} of a closed case is scheduled"
            );
            stage(&seen.measures[measure], measure, &["approved", "scheduled"], "scheduled")?;
        }
        Event::MeasureApplying { measure } => takes_effect(seen, further, measure, *at)?,
        Event::MeasureInForce { measure, .. } => {
            let found = &seen.measures[measure];
            law!(
                8,
                !further.stays(seen, &found.proposal, true),
                "{measure} comes into force against an order"
            );
            law!(8, !held(seen, found), "{measure} stops what a hold preserves");
            stage(found, measure, &["applying"], "in force")?;
        }
        Event::MeasureLifted { measure, .. } => {
            stage(&seen.measures[measure], measure, &["lifting"], "lifted")?;
        }
        Event::MeasureWithdrawn { measure, .. } => {
            law!(4, seen.measures[measure].took_effect.is_none(), "{measure} took effect and is withdrawn");
        }
        Event::WorkloadRemoved { environment, workload } => {
            let scope = Scope::Workload(environment.clone(), workload.clone());
            law!(7, matches!(actor, Actor::Member(..)), "{actor} removes {workload}");
            law!(
                8,
                !seen.holds.values().any(|(of, _)| touches(of, &scope)),
                "{workload} is removed under a hold"
            );
        }
        Event::AppealDecided { appeal, by, .. } => {
            let measure = &seen.appeals[appeal];
            law!(6, !further.parts(seen, measure).contains(by), "{by} took part in {measure} and reviews it");
        }
        _ => {}
    }
    Ok(())
}

/// The state that a command led to, with what the record says of it and the measures that have a permit there.
#[derive(Clone, Copy)]
pub struct Reached<'a> {
    pub seen: &'a Chronicle,
    pub further: &'a Further,
    pub account: &'a Account,
    pub permits: &'a BTreeSet<MeasureId>,
    pub now: Timestamp,
}

/// Judges what a command did as a whole, and the state that came of it.
pub fn outcome(
    before: &Chronicle,
    command: &Command,
    events: &[Recorded],
    reached: &Reached<'_>,
) -> Result<(), Broken> {
    let Reached { seen, further, account, permits, now } = *reached;
    if let Command::LiftMeasure { measure, .. }
    | Command::LiftUnder { measure, .. }
    | Command::ReviewMeasure { measure, .. }
    | Command::DenyMeasure { measure, .. }
    | Command::SetConditions { measure, .. } = command
    {
        for (id, found) in &seen.measures {
            let ended = found.is_over() && !before.measures[id].is_over();
            law!(9, !ended || id == measure, "ending {measure} ends {id}");
        }
    }
    for recorded in events {
        if let Event::MeasureProposed { measure, ratify_by: Some(_), replaces: None, .. } = &recorded.event {
            let told = |n: &crate::chronicle::NoticeSeen| {
                n.kind == NoticeKind::Emergency { measure: measure.clone() }
                    && n.issued_at <= recorded.at + SignedDuration::from_hours(1)
            };
            law!(5, seen.notices.values().any(told), "nobody is told of {measure}");
        }
    }
    for (id, found) in &seen.measures {
        let closed = closed(seen, &found.proposal);
        law!(10, !closed || found.is_over(), "{id} is {} and its case is closed", found.phase);
        if further.stays(seen, &found.proposal, true) {
            law!(8, !found.is_effective(), "{id} is {} against an order", found.phase);
        }
        if permits.contains(id) {
            law!(1, found.is_effective(), "{id} is {} and has a permit", found.phase);
            law!(8, !further.stays(seen, &found.proposal, true), "{id} has a permit against an order");
            basis(seen, further, id, now)?;
        }
    }
    let mut cases = seen.cases.iter().filter(|(_, c)| !c.closed);
    let cured = cases.find(|(id, _)| {
        let mut asked = seen.items.iter().filter(|((of, _), _)| of == *id).peekable();
        asked.peek().is_some() && asked.all(|(_, item)| *item == ItemSeen::Met)
    });
    law!(10, cured.is_none(), "{:?} is cured and goes on", cured.map(|(id, _)| id.to_string()));
    standing(seen, account)
}

/// Law 9: what is withheld is the union of what is in effect, and the standing follows from it.
fn standing(seen: &Chronicle, account: &Account) -> Result<(), Broken> {
    let effective = || seen.measures.values().filter(|m| m.is_effective());
    let mut expected = Standing::Clear;
    for measure in effective().filter(|m| !m.proposal.withholds.is_empty()) {
        let stopped = measure.phase == "in_force"
            && measure.proposal.scope == Scope::Account
            && measure.proposal.withholds.contains(&Capability::Compute);
        expected = expected.max(if stopped { Standing::Suspended } else { Standing::Limited });
    }
    let said = account.standing();
    law!(9, said == expected, "the standing is {said:?} and what is in effect makes it {expected:?}");
    let web: Scope = "environment/web".parse().unwrap();
    let over = effective().filter(|m| m.proposal.scope == Scope::Account || m.proposal.scope == web);
    let withheld: BTreeSet<_> = over.flat_map(|m| m.proposal.withholds.iter().copied()).collect();
    law!(9, account.withheld(&web) == withheld, "what is withheld from {web} is not what is in effect");
    Ok(())
}

fn closed(seen: &Chronicle, proposal: &Proposal) -> bool {
    proposal.case.as_ref().is_some_and(|case| seen.cases[case].closed)
}

fn stage(found: &MeasureSeen, id: &MeasureId, from: &[&str], to: &str) -> Result<(), Broken> {
    law!(4, from.contains(&found.phase), "{id} is {to} when it is {}", found.phase);
    Ok(())
}

fn consents(found: &MeasureSeen) -> usize {
    let others =
        found.consents.iter().filter(|(by, to)| to == &found.hash && Some(by) != found.proposer.person());
    others.map(|(by, _)| by).collect::<BTreeSet<_>>().len()
}

fn held(seen: &Chronicle, found: &MeasureSeen) -> bool {
    found.proposal.withholds.contains(&Capability::Compute)
        && seen.holds.values().any(|(of, running)| *running && touches(of, &found.proposal.scope))
}

/// How many others have to consent: what the power says. What an appeal put in the place of more rests on the consent to
/// that and on the reviewer's decision.
fn needed(further: &Further, id: &MeasureId, found: &MeasureSeen) -> usize {
    match found.proposal.power.as_ref().map(PowerId::as_str) {
        _ if further.replaced.contains_key(id) => 0,
        Some("1.3" | "1.6") => 1,
        Some("1.5") => 2,
        _ => 0,
    }
}

/// Law 1: what the record holds for a measure to be in effect now.
fn basis(seen: &Chronicle, further: &Further, id: &MeasureId, now: Timestamp) -> Result<(), Broken> {
    let found = &seen.measures[id];
    let proposal = &found.proposal;
    law!(1, !closed(seen, proposal), "{id} is in a closed case");
    let command = serde_json::json!({ "measure": id, "proposal": proposal });
    let hash = hex::encode(Sha256::digest(serde_json_canonicalizer::to_vec(&command).unwrap()));
    law!(6, hash == found.hash, "the hash of {id} is not that of its proposal");
    match &proposal.basis {
        Basis::AccountHolder => {
            law!(1, matches!(found.proposer, Actor::Member(..)), "the account did not ask for {id}");
            law!(1, proposal.preset < Preset::Terminate, "an account asks to be terminated by {id}");
            return Ok(());
        }
        Basis::Order { order } => {
            let stands = seen.orders.get(order).is_some_and(|(kind, of)| {
                let commands = match kind {
                    OrderKind::Remove => proposal.preset == Preset::Isolate,
                    OrderKind::Preserve => proposal.preset == Preset::Freeze,
                    OrderKind::Stay | OrderKind::Reinstate | OrderKind::Gag => false,
                };
                commands && of.covers(&proposal.scope)
            });
            law!(1, stands, "{id} rests on {order}, which does not command it or no longer stands");
            return Ok(());
        }
        Basis::Power => {}
    }
    law!(1, Some(&proposal.terms) == further.governing(proposal), "{id} rests on other terms");
    let most = match proposal.power.as_ref().map_or("none", PowerId::as_str) {
        "1.3" | "1.6" => Preset::Suspend,
        "1.4" => Preset::Isolate,
        "1.5" => Preset::Terminate,
        other => return Err((1, format!("{id} rests on the power {other}, which the terms do not hold"))),
    };
    let fits = match further.replaced.get(id) {
        Some(_) => proposal.preset <= most,
        None => proposal.preset == most,
    };
    law!(1, fits, "{id} is a {} under a power for {most}", proposal.preset);
    law!(6, consents(found) >= needed(further, id, found), "{id} lacks the consent of others");
    if proposal.power.as_ref().is_some_and(|power| power.as_str() == "1.4") {
        let others = found.ratified_by.is_some() && found.ratified_by.as_ref() != found.proposer.person();
        // What an appeal put in the place of a measure that was ratified is provisional no more.
        let lasts = found.ratify_by.is_none() && further.replaced.contains_key(id);
        let until = found.ratify_by.unwrap_or(found.proposed_at).min(found.proposed_at + RATIFY);
        law!(5, others || lasts || now < until, "{id} outlives its day and nobody else ratified it");
    }
    Ok(())
}

/// Laws 1 to 5 and 8 at the moment a measure takes effect.
fn takes_effect(seen: &Chronicle, further: &Further, id: &MeasureId, at: Timestamp) -> Result<(), Broken> {
    let found = &seen.measures[id];
    basis(seen, further, id, at)?;
    law!(8, !further.stays(seen, &found.proposal, false), "{id} takes effect against an order");
    law!(8, !held(seen, found), "{id} stops what a hold preserves");
    if found.ratify_by.is_some() {
        return stage(found, id, &["proposed", "scheduled"], "applying");
    }
    // What an order commands takes effect with its record, and the account's own wish at once.
    if !found.proposal.basis.is_power() {
        return stage(found, id, &["proposed", "scheduled"], "applying");
    }
    if let Some(old) = further.replaced.get(id)
        && found.phase == "proposed"
    {
        law!(4, seen.measures[old].took_effect.is_some(), "{id} takes effect for {old}, which never did");
        return Ok(());
    }
    stage(found, id, &["scheduled"], "applying")?;
    let (Some(case), Some(power)) = (&found.proposal.case, &found.proposal.power) else {
        return Err((1, format!("{id} rests on no power")));
    };
    let mut cures = seen.served(case, |k| k.starts_cure() == Some(power));
    let grounded = cures.any(|(notice, served)| {
        let has_run = |until| further.ran(seen, notice, served, until).cure >= CURE;
        let asked = seen.asked(notice);
        let undecided = asked.iter().any(|i| matches!(i, ItemSeen::Submitted(when) if !has_run(*when)));
        has_run(at) && !undecided && asked.iter().any(|i| *i != ItemSeen::Met)
    });
    law!(3, grounded, "{id} takes effect and no cure period for what is left to do has run");
    let mut intents = seen.served(case, |k| k.starts_notice() == Some(power));
    law!(
        3,
        intents.any(|(notice, served)| further.ran(seen, notice, served, at).notice >= NOTICE),
        "{id} takes effect before its notice has run"
    );
    law!(3, at >= found.proposal.effective, "{id} takes effect before the moment approved");
    law!(4, seen.cases[case].lapsed, "{id} takes effect and its case has not lapsed");
    Ok(())
}
