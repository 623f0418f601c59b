//! Accounts, their standing, environments and workloads.

use std::collections::{BTreeMap, BTreeSet};

use tenure_domain::account::case::{Case, Item, ItemState};
use tenure_domain::account::cure::{Found, Verifier};
use tenure_domain::account::measure::{Measure, MeasureState};
use tenure_domain::account::moving::{Move, MoveState};
use tenure_domain::account::notice::NoticeState;
use tenure_domain::account::{Account, Environment};
use tenure_domain::name::{EnvironmentId, OrderId, WorkloadId};
use tenure_domain::scope::Scope;
use tenure_engine::{Engine, Observed};
use tenure_wire::erasing::{DeletingView, EnvironmentDeletionView, ForeignView};
use tenure_wire::import::ImportedView;
use tenure_wire::moving::MovingView;
use tenure_wire::view::{
    AccountView, EnvironmentView, FoundView, MeasureLine, RequirementView, StandingView, WorkView,
    WorkloadView,
};

use super::measure::{basis, unacknowledged};
use super::{agreement, clock, legal, name, next, standing, terms, text};
use crate::problem::Failure;

pub fn account(account: &Account) -> AccountView {
    AccountView {
        id: account.id.to_string(),
        version: account.version,
        lifecycle: account.lifecycle.name().to_owned(),
        standing: name(&account.standing()),
        terms: terms(&account.terms),
        plan: account.plan.into(),
        environments: account.environments.keys().map(ToString::to_string).collect(),
        opened_at: account.opened_at,
    }
}

fn withheld(account: &Account, scope: &Scope) -> BTreeSet<String> {
    account.withheld(scope).iter().map(ToString::to_string).collect()
}

pub fn environment(account: &Account, id: &EnvironmentId, environment: &Environment) -> EnvironmentView {
    EnvironmentView {
        account: account.id.to_string(),
        id: id.to_string(),
        cluster: environment.cluster.to_string(),
        out_of_reach: None,
        namespace: match &environment.imported {
            Some(imported) => imported.namespace.to_string(),
            None => format!("{}--{id}", account.id),
        },
        imported: environment.imported.as_ref().map(|imported| ImportedView {
            namespace_uid: imported.uid.to_string(),
            adopted_at: imported.adopted,
        }),
        kind: environment.kind.to_string(),
        plan: environment.plan.into(),
        load_balancers: environment.exposure.load_balancers,
        hostnames: environment.exposure.hostnames,
        workloads: environment.workloads.keys().map(ToString::to_string).collect(),
        withheld: withheld(account, &Scope::Environment(id.clone())),
        deletion: account.erasures.get(id).map(|asked| EnvironmentDeletionView {
            asked_by: format!("member/{}/{}", account.id, asked.asked_by),
            asked_at: asked.asked_at,
            due: asked.due,
            begun: asked.begun,
        }),
        obstacles: Vec::new(),
        moving: account.moves.get(id).map(|moving| moving_view(environment, moving)),
        deleting: None,
    }
}

fn moving_view(environment: &Environment, moving: &Move) -> MovingView {
    let (lives, other) = (environment.cluster.to_string(), moving.other.to_string());
    let has_moved = matches!(moving.state, MoveState::Moved { .. });
    let (from, to) = if has_moved { (other, lives) } else { (lives, other) };
    MovingView {
        state: moving.state.name().to_owned(),
        from,
        to,
        since: moving.begun,
        by: format!("person/{}", moving.by),
        why: None,
        waits_for: None,
    }
}

/// How far a deletion is, for people.
pub fn deleting(observed: Observed) -> Option<DeletingView> {
    observed.deleting.map(|deleting| DeletingView {
        pending: deleting.pending,
        foreign: deleting
            .foreign
            .into_iter()
            .map(|one| ForeignView { object: one.object, uid: one.uid })
            .collect(),
    })
}

pub fn workload(
    account: &Account,
    environment: &EnvironmentId,
    id: &WorkloadId,
    spec: &tenure_domain::workload::Workload,
    observed: &Observed,
) -> WorkloadView {
    let status = observed.workloads.get(id);
    WorkloadView {
        id: id.to_string(),
        spec: spec.clone().into(),
        wanted: match status {
            Some(status) if spec.autoscale.is_some() => status.wanted,
            _ if spec.kind.ends() => 0,
            _ => u32::from(spec.replicas),
        },
        ready: status.map_or(0, |s| s.ready),
        message: status.and_then(|s| s.message.clone()),
        phase: status.and_then(|s| s.phase).map(|phase| phase.as_str().to_owned()),
        updated: status.and_then(|s| s.updated),
        work: status.and_then(|s| s.work.as_ref()).map(|work| WorkView {
            active: work.active,
            succeeded: work.succeeded,
            failed: work.failed,
            began: work.began.clone(),
        }),
        restarted_at: account.environments.get(environment).and_then(|e| e.restarts.get(id)).copied(),
        withheld: withheld(account, &Scope::Workload(environment.clone(), id.clone())),
    }
}

pub async fn requirement(
    engine: &Engine,
    account: &Account,
    case: &Case,
    item: &Item,
) -> Result<RequirementView, Failure> {
    let state = match item.state {
        ItemState::Due { .. } => "due",
        ItemState::Submitted { .. } => "submitted",
        ItemState::Met { .. } => "met",
    };
    let due = account
        .notices_of(&case.id)
        .filter(|n| n.items.contains(&item.id))
        .filter_map(tenure_domain::account::notice::Notice::cure_ends)
        .min()
        // While the clocks stand still nobody knows the moment.
        .filter(|_| case.paused.is_none());
    let (bound, locator) = match &item.verifier {
        Verifier::Review => (None, None),
        Verifier::Fact { bound } => (Some(bound.clone()), None),
        Verifier::Gone { locator } => (None, text(engine, locator).await?),
    };
    let found = match &item.state {
        ItemState::Met { found: Some(found), .. } => Some(found),
        ItemState::Due { .. } | ItemState::Submitted { .. } | ItemState::Met { .. } => None,
    };
    Ok(RequirementView {
        case: case.id.to_string(),
        item: item.id.to_string(),
        ask: text(engine, &item.ask).await?,
        state: state.to_owned(),
        due,
        verifier: item.verifier.as_str().to_owned(),
        bound,
        locator,
        found: found.map(|found| FoundView {
            facts: match found {
                Found::Crossed { facts } => facts.clone(),
                Found::Gone { .. } | Found::There { .. } => BTreeMap::new(),
            },
            status: match found {
                Found::Gone { status, .. } | Found::There { status, .. } => Some(*status),
                Found::Crossed { .. } => None,
            },
            evidence: found.evidence().map(ToString::to_string),
        }),
    })
}

fn line(
    account: &Account,
    measure: &Measure,
    pending: &BTreeMap<String, String>,
    to_member: bool,
) -> MeasureLine {
    let untold = |order: &OrderId| to_member && account.hides_order(order);
    let cleared_by = match (&measure.state, measure.proposal.basis.order()) {
        (MeasureState::Stayed { order, .. }, _) if untold(order) => "an order suspends its effect".to_owned(),
        (MeasureState::Stayed { order, .. }, _) => format!("order {order} suspends its effect"),
        (_, Some(order)) if untold(order) => standing::UNTOLD.to_owned(),
        (_, Some(order)) => format!("whoever gave order {order} vacates it"),
        (_, None) => standing::clears(account, measure, to_member).join("; "),
    };
    let waits = unacknowledged(measure);
    let said = (!waits.is_empty()).then(|| format!("not confirmed by its enforcer: {}", waits.join(", ")));
    let seen = pending.get(measure.id.to_string().as_str()).cloned();
    MeasureLine {
        id: measure.id.to_string(),
        preset: measure.proposal.preset.to_string(),
        scope: measure.proposal.scope.to_string(),
        state: measure.state_name().to_owned(),
        power: measure.proposal.power.as_ref().map(ToString::to_string),
        basis: basis(&measure.proposal.basis).to_owned(),
        authority: measure.proposal.authority.to_string(),
        pending: match (seen, said) {
            (Some(seen), Some(said)) => Some(format!("{seen}; {said}")),
            (seen, said) => seen.or(said),
        },
        cleared_by,
    }
}

pub async fn standing(engine: &Engine, account: &Account, to_member: bool) -> Result<StandingView, Failure> {
    let accepted = engine.accepted(account)?;
    let mut pending = BTreeMap::new();
    let mut scopes = vec![Scope::Account];
    for (id, environment) in &account.environments {
        let observed = engine.observed(&account.id, id).await?;
        pending.extend(observed.pending.into_iter().map(|(m, why)| (m.to_string(), why)));
        scopes.push(Scope::Environment(id.clone()));
        scopes.extend(environment.workloads.keys().map(|w| Scope::Workload(id.clone(), w.clone())));
    }
    let mut requirements = Vec::new();
    let mut paused = Vec::new();
    for case in account.cases.iter().filter(|c| !c.is_closed()) {
        let governing = engine.governing(account, case)?;
        paused.extend(clock::paused(engine, account, case, &governing, to_member).await?);
        for item in case.items.iter().filter(|item| !(to_member && account.hides_item(&case.id, &item.id))) {
            requirements.push(requirement(engine, account, case, item).await?);
        }
    }
    let mut coming = next::steps(account, &accepted, None, to_member);
    coming.extend(agreement::steps(account, &accepted));
    coming.sort_by_key(|step| (step.at.is_none(), step.at));
    Ok(StandingView {
        account: account.id.to_string(),
        lifecycle: account.lifecycle.name().to_owned(),
        standing: name(&account.standing()),
        withheld: scopes
            .into_iter()
            .map(|scope| (scope.to_string(), withheld(account, &scope)))
            .filter(|(_, withheld)| !withheld.is_empty())
            .collect(),
        measures: account
            .measures
            .iter()
            .filter(|m| !m.is_over())
            .map(|m| line(account, m, &pending, to_member))
            .collect(),
        blocked: standing::blocked(account, to_member),
        closing: standing::closing(engine, account, to_member).await?,
        certificate: standing::certificate(account),
        requirements,
        orders: account
            .orders
            .iter()
            .filter(|o| o.stands() && !(to_member && account.hides_order(&o.id)))
            .map(|o| format!("{} ({}, {})", o.id, o.kind.as_str(), o.scope))
            .collect(),
        strikes: legal::strikes(account),
        fees: legal::fees(engine, account).await?,
        next: coming,
        why_not_yet: next::why_not_yet(engine, account, None)?,
        paused,
        undeliverable: account
            .notices
            .iter()
            .filter(|n| matches!(n.state, NoticeState::Undeliverable { .. }))
            .filter(|n| !(to_member && n.delayed.is_some()))
            .map(|n| n.id.to_string())
            .collect(),
    })
}
