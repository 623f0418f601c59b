//! What the account does with a workload that runs: have more or fewer pods of it, start them anew.

use super::declared::fits;
use super::{Draft, all_met};
use crate::account::Kept;
use crate::account::event::Event;
use crate::name::{EnvironmentId, WorkloadId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::workload::{Kind, Workload};

impl Draft<'_> {
    fn declared(&self, environment: &EnvironmentId, workload: &WorkloadId) -> Result<Workload, Rejected> {
        let env = self.account.environment(environment)?;
        let spec = env.workloads.get(workload).cloned();
        spec.ok_or_else(|| Rejected::not_found("workload", workload))
    }

    pub(super) fn scale_workload(
        &mut self,
        environment: EnvironmentId,
        workload: WorkloadId,
        replicas: u16,
    ) -> Result<(), Rejected> {
        let before = self.declared(&environment, &workload)?;
        let spec = Workload { replicas, ..before.clone() };
        if let Some(fault) = spec.faults().into_iter().next() {
            return Err(Rejected::Invalid { pointer: fault.pointer, detail: fault.detail });
        }
        if spec == before {
            return Ok(());
        }
        let env = self.account.environment(&environment)?;
        let mut guards = fits(env, &environment, &workload, &spec);
        let scope = Scope::Workload(environment.clone(), workload.clone());
        guards.extend(self.deploy_guard(&scope));
        if before.autoscale.is_some() {
            guards.push(Unmet::new(
                Guard::InState,
                "the number of its pods follows the load",
                "declare other bounds of `autoscale`, or none",
            ));
        }
        if before.ends_pods(&spec) {
            guards.extend(self.account.preserved(Kept::Running(&scope)));
        }
        all_met(guards)?;
        self.emit(Event::WorkloadScaled { environment, workload, replicas })
    }

    pub(super) fn restart_workload(
        &mut self,
        environment: EnvironmentId,
        workload: WorkloadId,
    ) -> Result<(), Rejected> {
        let spec = self.declared(&environment, &workload)?;
        let env = self.account.environment(&environment)?;
        if env.restarts.get(&workload) == Some(&self.context.now) {
            return Ok(());
        }
        let scope = Scope::Workload(environment.clone(), workload.clone());
        let mut guards: Vec<Unmet> = self.deploy_guard(&scope).into_iter().collect();
        if spec.kind == Kind::CronJob {
            guards.push(Unmet::new(
                Guard::InState,
                "a cron job runs when its schedule says so",
                "declare another schedule, or a job",
            ));
        }
        guards.extend(self.account.preserved(Kept::Running(&scope)));
        all_met(guards)?;
        self.emit(Event::WorkloadRestarted { environment, workload })
    }
}
