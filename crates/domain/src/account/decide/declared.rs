//! What the account declares: itself, its environments and its workloads.

use super::secrets::secrets_are_set;
use super::{Draft, all_met};
use crate::account::event::{Event, Recorded};
use crate::account::{Context, Environment, Kept};

use crate::capability::Capability;
use crate::name::{EnvironmentId, WorkloadId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::terms::TermsRef;
use crate::workload::{Plan, Workload};

/// The most environments of one account, and workloads of one environment.
const MOST: usize = 100;

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

fn within(used: Plan, limit: Plan, whose: &str) -> Vec<Unmet> {
    let over = |what: &str, used: u32, limit: u32| {
        (used > limit).then(|| {
            Unmet::new(
                Guard::WithinPlan,
                format!("{what}: {used} asked, {limit} in the plan of {whose}"),
                "ask for less, or for a larger plan",
            )
        })
    };
    [
        over("cpuMillis", used.cpu_millis, limit.cpu_millis),
        over("memoryMib", used.memory_mib, limit.memory_mib),
        over("storageMib", used.storage_mib, limit.storage_mib),
        over("pods", used.pods, limit.pods),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn sum(plans: impl Iterator<Item = Plan>) -> Plan {
    let zero = Plan { cpu_millis: 0, memory_mib: 0, storage_mib: 0, pods: 0 };
    plans.fold(zero, |a, b| Plan {
        cpu_millis: a.cpu_millis.saturating_add(b.cpu_millis),
        memory_mib: a.memory_mib.saturating_add(b.memory_mib),
        storage_mib: a.storage_mib.saturating_add(b.storage_mib),
        pods: a.pods.saturating_add(b.pods),
    })
}

/// What of the environment's plan would not suffice with this workload declared so.
pub(super) fn fits(
    env: &Environment,
    environment: &EnvironmentId,
    workload: &WorkloadId,
    spec: &Workload,
) -> Vec<Unmet> {
    let others = env.workloads.iter().filter(|(id, _)| *id != workload).map(|(_, w)| w.needs());
    within(sum(others.chain([spec.needs()])), env.plan, environment.as_str())
}

impl Draft<'_> {
    pub(super) fn create_environment(
        &mut self,
        environment: EnvironmentId,
        plan: Plan,
    ) -> Result<(), Rejected> {
        let have = &self.account.environments;
        if have.contains_key(&environment) {
            return Err(Unmet::new(
                Guard::NameFree,
                format!("the environment {environment} exists"),
                "choose another name",
            )
            .into());
        }
        let mut guards = within(
            sum(have.values().map(|e| e.plan).chain([plan])),
            self.account.plan,
            self.account.id.as_str(),
        );
        if have.len() >= MOST {
            guards.push(Unmet::new(
                Guard::WithinPlan,
                format!("{MOST} environments exist"),
                "delete one first",
            ));
        }
        guards.extend(self.deploy_guard(&Scope::Environment(environment.clone())));
        all_met(guards)?;
        self.emit(Event::EnvironmentCreated { environment, plan })
    }

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
        let mut guards = fits(env, &environment, &workload, &spec);
        guards.extend(secrets_are_set(env, &spec));
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

    pub(super) fn deploy_guard(&self, scope: &Scope) -> Option<Unmet> {
        let by = self
            .account
            .effective_measures()
            .find(|m| m.proposal.scope.covers(scope) && m.proposal.withholds.contains(&Capability::Deploy))?;
        Some(Unmet::new(
            Guard::NotWithheld,
            format!("{} ({}) withholds deploy from {}", by.id, by.proposal.preset, by.proposal.scope),
            "see the account's standing for what clears it",
        ))
    }
}
