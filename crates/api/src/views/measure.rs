//! Measures and previews.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tenure_domain::account::measure::{Basis, LiftReason, Measure, MeasureState, StayedFrom};
use tenure_domain::account::{Account, Actor, Context, System};
use tenure_domain::capability::Capability;
use tenure_domain::name::{ItemId, OrderId};
use tenure_domain::refusal::Refusal;
use tenure_domain::scope::Scope;
use tenure_domain::throttle::Throttle;
use tenure_engine::Engine;
use tenure_wire::view::{MeasureView, PreviewView};

use super::{legal, maybe_text, terms, text};
use crate::problem::Failure;

pub async fn measure(
    engine: &Engine,
    account: &Account,
    measure: &Measure,
    to_member: bool,
) -> Result<MeasureView, Failure> {
    let untold = |order: &OrderId| to_member && account.hides_order(order);
    let (state_at, reason, receipt) = match &measure.state {
        MeasureState::Proposed | MeasureState::Approved { .. } => (None, None, None),
        MeasureState::Scheduled { at } => (Some(*at), None, None),
        MeasureState::Applying { since } => (Some(*since), None, None),
        MeasureState::InForce { since, receipt } => (Some(*since), None, Some(receipt.to_string())),
        MeasureState::Stayed { since, from, .. } => {
            let receipt = match from {
                StayedFrom::Effective { restored } => restored.as_ref().map(ToString::to_string),
                StayedFrom::Proposed | StayedFrom::Approved | StayedFrom::Scheduled { .. } => None,
            };
            (Some(*since), None, receipt)
        }
        MeasureState::Lifting { since, reason } => (Some(*since), Some(reason), None),
        MeasureState::Lifted { at, reason, receipt } => (Some(*at), Some(reason), Some(receipt.to_string())),
        MeasureState::Withdrawn { at, reason } => (Some(*at), Some(reason), None),
    };
    let ended_because = match reason {
        None => None,
        Some(LiftReason::Decision { by, why }) => {
            Some(format!("{by} decided so: {}", text(engine, why).await?.unwrap_or_default()))
        }
        Some(LiftReason::Cured) => Some("all that was asked is done".to_owned()),
        Some(LiftReason::Withdrawn) => Some("the case was taken back".to_owned()),
        Some(LiftReason::NotRatified) => Some("nobody else ratified it in time".to_owned()),
        Some(LiftReason::Overturned { appeal }) => Some(format!("{appeal} overturned it")),
        Some(LiftReason::Modified { appeal }) => Some(format!("{appeal} put a lesser measure in its place")),
        Some(LiftReason::Denied { by, why }) => {
            Some(format!("person/{by} denied it: {}", text(engine, why).await?.unwrap_or_default()))
        }
        Some(LiftReason::Vacated { order }) if untold(order) => {
            Some("the order on which it rested no longer stands".to_owned())
        }
        Some(LiftReason::Vacated { order }) => Some(format!("{order} no longer stands")),
        Some(LiftReason::StrikeRemoved { case }) => Some(format!("the strike of {case} was removed")),
        Some(LiftReason::ConditionsMet) => Some("the conditions set for its end are met".to_owned()),
        Some(LiftReason::Expired) => Some("the moment set for its end has come".to_owned()),
        Some(LiftReason::ConstructiveTermination) => Some(
            "it had become a termination in all but name, and nobody made one of it or gave it an end"
                .to_owned(),
        ),
    };
    let proposal = &measure.proposal;
    let order = proposal.basis.order().filter(|order| !untold(order));
    // What rests on an order is proposed in the words of the order.
    let told = proposal.basis.order().is_none() || order.is_some();
    let asked = |item: &&ItemId| {
        !(to_member && proposal.case.as_ref().is_some_and(|case| account.hides_item(case, item)))
    };
    let ratified = measure.emergency.as_ref().and_then(|e| e.ratified.as_ref());
    Ok(MeasureView {
        id: measure.id.to_string(),
        case: proposal.case.as_ref().map(ToString::to_string),
        terms: terms(&proposal.terms),
        power: proposal.power.as_ref().map(ToString::to_string),
        basis: basis(&proposal.basis).to_owned(),
        authority: proposal.authority.to_string(),
        ends: measure.lifts().ends,
        lifts_when: measure.lifts().when.iter().filter(asked).map(ToString::to_string).collect(),
        unacknowledged: unacknowledged(measure),
        review_due: measure.review_due(),
        bound: measure.watch.bound.as_ref().map(|bound| bound.at),
        constructive_termination_lifts: measure.watch.constructive,
        preset: proposal.preset.to_string(),
        withholds: proposal.withholds.iter().map(ToString::to_string).collect(),
        throttle_percent: proposal.throttle.map(Throttle::percent),
        load_balancers: proposal.load_balancers.to_string(),
        scope: proposal.scope.to_string(),
        state: measure.state_name().to_owned(),
        state_at,
        effective: proposal.effective,
        why: maybe_text(engine, Some(&proposal.why).filter(|_| told)).await?,
        why_not_less: maybe_text(engine, proposal.why_not_less.as_ref().filter(|_| told)).await?,
        proposed_by: measure.proposed_by.to_string(),
        command_hash: measure.command_hash.clone(),
        approvals_needed: measure.approvals_needed,
        approvals: measure.approvals.iter().map(|a| format!("person/{}", a.by)).collect(),
        ratify_by: measure.emergency.as_ref().map(|e| e.ratify_by),
        ratified_by: ratified.map(|a| format!("person/{}", a.by)),
        emergency_review: legal::emergency_review(engine, measure).await?,
        approver_roles: measure.approver_roles.iter().map(|r| r.as_str().to_owned()).collect(),
        order: order.map(ToString::to_string),
        replaces: measure.replaces.as_ref().map(ToString::to_string),
        ended_because,
        receipt,
    })
}

/// A basis by its name.
pub fn basis(basis: &Basis) -> &'static str {
    match basis {
        Basis::Power => "power",
        Basis::Order { .. } => "order",
        Basis::AccountHolder => "account_holder",
    }
}

/// What other systems have still to say.
pub fn unacknowledged(measure: &Measure) -> Vec<String> {
    if measure.is_effective() || measure.awaits_restoration() {
        measure.unacknowledged().iter().map(ToString::to_string).collect()
    } else {
        Vec::new()
    }
}

/// Who makes a withholding true, and how far that is seen.
fn enforced_by(capability: Capability) -> &'static str {
    match capability {
        Capability::Compute => "the cluster: pods are ended and refused, verified by observation",
        Capability::Deploy => "Tenure: changes of workloads are refused",
        Capability::Ingress => {
            "the cluster: the Service selects nothing; network policies are stored, their enforcement is not verified"
        }
        Capability::Egress => "the cluster: network policies are stored; their enforcement is not verified",
        Capability::StorageWrite | Capability::Payments => {
            "another system, which reads the standing and says what it does"
        }
        Capability::StorageRead => "nobody",
    }
}

pub fn preview(
    engine: &Engine,
    account: &Account,
    measure: &Measure,
    now: Timestamp,
) -> Result<PreviewView, Failure> {
    let actor = Actor::System(System::Cluster);
    let shelf = engine.shelf();
    let context = Context { now, actor: &actor, book: &shelf.terms };
    let guards = account
        .why_not_yet(&measure.id, &context)
        .map_err(|rejected| Failure::from(tenure_engine::EngineError::from(rejected)))?;
    let proposal = &measure.proposal;
    let workloads: Vec<String> = account
        .environments
        .iter()
        .flat_map(|(e, env)| env.workloads.keys().map(move |w| Scope::Workload(e.clone(), w.clone())))
        .filter(|scope| proposal.scope.covers(scope))
        .map(|scope| scope.to_string())
        .collect();
    let mut losses = if proposal.withholds.contains(&Capability::Compute) && !workloads.is_empty() {
        vec![
            "what running pods hold in memory".to_owned(),
            "files that pods wrote outside their volumes".to_owned(),
        ]
    } else {
        Vec::new()
    };
    if proposal.load_balancers.is_released() {
        losses.push("the addresses of load balancers: they may be others afterwards".to_owned());
    }
    let withholds: BTreeMap<String, String> = proposal
        .withholds
        .iter()
        .map(|capability| (capability.to_string(), enforced_by(*capability).to_owned()))
        .collect();
    let refusal = Refusal { guards };
    Ok(PreviewView {
        measure: measure.id.to_string(),
        withholds,
        workloads,
        losses,
        earliest: refusal.earliest(),
        guards: refusal.guards.iter().map(Into::into).collect(),
    })
}
