//! Accounts, their standing, environments and workloads.

use std::collections::{BTreeMap, BTreeSet};

use tenure_domain::account::case::{Case, Item, ItemState};
use tenure_domain::account::measure::{Measure, MeasureState};
use tenure_domain::account::{Account, Environment};
use tenure_domain::name::{EnvironmentId, WorkloadId};
use tenure_domain::scope::Scope;
use tenure_engine::{Engine, Observed};
use tenure_wire::view::{
    AccountView, EnvironmentView, MeasureLine, RequirementView, StandingView, WorkloadView,
};

use super::{legal, name, next, terms, text};
use crate::problem::Failure;

pub fn account(account: &Account) -> AccountView {
    AccountView {
        id: account.id.to_string(),
        version: account.version,
        lifecycle: "active".to_owned(),
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
        namespace: format!("{}--{id}", account.id),
        plan: environment.plan.into(),
        workloads: environment.workloads.keys().map(ToString::to_string).collect(),
        withheld: withheld(account, &Scope::Environment(id.clone())),
    }
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
        wanted: u32::from(spec.replicas),
        ready: status.map_or(0, |s| s.ready),
        message: status.and_then(|s| s.message.clone()),
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
        .min();
    Ok(RequirementView {
        case: case.id.to_string(),
        item: item.id.to_string(),
        ask: text(engine, &item.ask).await?,
        state: state.to_owned(),
        due,
    })
}

fn line(account: &Account, measure: &Measure, pending: &BTreeMap<String, String>) -> MeasureLine {
    let case = &measure.proposal.case;
    let asks = account.cases.iter().any(|c| c.id == *case && !c.items.is_empty());
    let cleared_by = if let MeasureState::Stayed { order, .. } = &measure.state {
        format!("order {order} suspends its effect")
    } else if let Some(order) = measure.proposal.basis.order() {
        format!("whoever gave order {order} vacates it")
    } else {
        let cure = if asks { format!("doing all that {case} asks; ") } else { String::new() };
        format!("{cure}an appeal; a decision of the provider's analysts, approvers or legal")
    };
    MeasureLine {
        id: measure.id.to_string(),
        preset: measure.proposal.preset.to_string(),
        scope: measure.proposal.scope.to_string(),
        state: measure.state_name().to_owned(),
        power: measure.proposal.power.to_string(),
        pending: pending.get(measure.id.to_string().as_str()).cloned(),
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
    for case in account.cases.iter().filter(|c| !c.is_closed()) {
        for item in &case.items {
            requirements.push(requirement(engine, account, case, item).await?);
        }
    }
    Ok(StandingView {
        account: account.id.to_string(),
        lifecycle: "active".to_owned(),
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
            .map(|m| line(account, m, &pending))
            .collect(),
        requirements,
        orders: account
            .orders
            .iter()
            .filter(|o| o.stands() && !(to_member && account.hides_order(&o.id)))
            .map(|o| format!("{} ({}, {})", o.id, o.kind.as_str(), o.scope))
            .collect(),
        strikes: legal::strikes(account),
        fees: legal::fees(engine, account).await?,
        next: next::steps(account, &accepted, None, to_member),
        why_not_yet: next::why_not_yet(engine, account, None)?,
    })
}
