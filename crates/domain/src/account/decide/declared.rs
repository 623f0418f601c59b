//! What the account declares: itself, its environments and its workloads.

use super::provision::within;
use super::secrets::secrets_are_set;
use super::snapshots::sources_exist;
use super::{Draft, all_met, wrong_state};
use crate::account::event::{Event, Recorded};
use crate::account::{Context, Environment, Kept};

use crate::capability::Capability;
use crate::name::{EnvironmentId, WorkloadId};
use crate::plan::{Plan, Share};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::terms::TermsRef;
use crate::workload::Workload;

/// The most environments of one account, and workloads of one environment.
pub(super) const MOST: usize = 100;

pub(super) fn open(terms: TermsRef, plan: Plan, context: &Context<'_>) -> Result<Vec<Recorded>, Rejected> {
    if context.book.get(&terms).is_none() {
        return Err(Unmet::new(
            Guard::Known,
            format!("{terms} is not published"),
            "publish these terms first",
        )
        .into());
    }
    let event = Event::AccountOpened { terms, plan };
    Ok(vec![Recorded { at: context.now, actor: context.actor.clone(), event }])
}

/// What workloads need together.
pub(super) fn needed<'a>(workloads: impl IntoIterator<Item = &'a Workload>) -> Share {
    workloads.into_iter().fold(Share::NOTHING, |sum, w| sum.and(needs(w)))
}

fn needs(workload: &Workload) -> Share {
    Share { plan: workload.needs(), exposure: workload.exposes() }
}

/// What of the environment's share would not suffice with this workload declared so.
pub(super) fn fits(
    env: &Environment,
    environment: &EnvironmentId,
    workload: &WorkloadId,
    spec: &Workload,
) -> Vec<Unmet> {
    let others = env.workloads.iter().filter(|(id, _)| *id != workload).map(|(_, w)| w);
    let left = env.share().without(needed(others));
    within(needs(spec), &left, &format!("the share of {environment}"))
}

impl Draft<'_> {
    pub(super) fn put_workload(
        &mut self,
        environment: EnvironmentId,
        workload: WorkloadId,
        spec: Workload,
    ) -> Result<(), Rejected> {
        let env = self.account.environment(&environment)?;
        if let Some(fault) = spec.faults().into_iter().next() {
            return Err(Rejected::Invalid { pointer: fault.pointer, detail: fault.detail });
        }
        if env.workloads.get(&workload) == Some(&spec) {
            return Ok(());
        }
        let before = env.workloads.get(&workload);
        if let Some(fault) = before.and_then(|before| before.faults_of_change(&spec).into_iter().next()) {
            return Err(Rejected::Invalid { pointer: fault.pointer, detail: fault.detail });
        }
        if !env.kind.is_managed() {
            return Err(wrong_state(
                format!("{environment} is open: what runs in it is declared in the cluster"),
                "deploy there with kubectl or Helm, or declare the workload in a managed environment",
            ));
        }
        let mut guards = fits(env, &environment, &workload, &spec);
        guards.extend(secrets_are_set(env, &spec));
        guards.extend(sources_exist(&self.account, &environment, before, &spec));
        guards.extend(self.image_guard(&spec));
        guards.extend(self.account.stays_guard(&environment, &workload, &spec));
        guards.extend(self.entry_guards(env, &environment, &workload, &spec));
        if env.workloads.len() >= MOST && !env.workloads.contains_key(&workload) {
            guards.push(Unmet::new(Guard::WithinPlan, format!("{MOST} workloads exist"), "remove one first"));
        }
        let scope = Scope::Workload(environment.clone(), workload.clone());
        guards.extend(self.deploy_guard(&scope));
        if before.is_some_and(|before| before.ends_pods(&spec)) {
            guards.extend(self.account.preserved(Kept::Running(&scope)));
        }
        all_met(guards)?;
        self.emit(Event::WorkloadPut { environment, workload, spec })
    }

    pub(super) fn remove_workload(
        &mut self,
        environment: EnvironmentId,
        workload: WorkloadId,
    ) -> Result<(), Rejected> {
        let env = self.account.environment(&environment)?;
        if !env.workloads.contains_key(&workload) {
            return Err(Rejected::not_found("workload", workload));
        }
        let scope = Scope::Workload(environment.clone(), workload.clone());
        let mut guards: Vec<Unmet> = self.deploy_guard(&scope).into_iter().collect();
        guards.extend(self.account.preserved(Kept::Data(&scope)));
        all_met(guards)?;
        self.emit(Event::WorkloadRemoved { environment, workload })
    }

    /// Images come from where the plan says.
    fn image_guard(&self, spec: &Workload) -> Option<Unmet> {
        let allowed = self.account.allowances.as_ref()?.refuses_image(&spec.image)?;
        Some(Unmet::new(
            Guard::WithinPlan,
            format!("the image {} comes from none of the registries of the plan: {allowed}", spec.image),
            "take the image from one of these, or ask for another plan",
        ))
    }

    pub(super) fn deploy_guard(&self, scope: &Scope) -> Option<Unmet> {
        self.withheld_guard(scope, Capability::Deploy)
    }

    /// Whether something withholds this from the whole of the scope.
    pub(super) fn withheld_guard(&self, scope: &Scope, capability: Capability) -> Option<Unmet> {
        if let Some(unmet) = self.account.erasing_guard(scope) {
            return Some(unmet);
        }
        let by = self
            .account
            .effective_measures()
            .find(|m| m.proposal.scope.covers(scope) && m.proposal.withholds.contains(&capability))?;
        Some(Unmet::new(
            Guard::NotWithheld,
            format!("{} ({}) withholds {capability} from {}", by.id, by.proposal.preset, by.proposal.scope),
            "see the account's standing for what clears it",
        ))
    }
}
