//! What is withheld in one environment, derived from permits and from nothing else.
//!
//! Whatever writes something restrictive takes a [`Withholding`], and a `Withholding` is only ever made here, out of
//! [`Permit`]s. So without a permit nothing restrictive can be written: not by mistake, not by a repair, not from
//! what the store or the cluster says. A rehearsal supposes one, and shows its [`Rehearsed`] requests, of which none
//! persists.

use std::collections::{BTreeMap, BTreeSet};

use tenure_domain::balancers::Balancers;
use tenure_domain::capability::{Capability, Enforcer};
use tenure_domain::name::{EnvironmentId, Hostname, MeasureId, WorkloadId};
use tenure_domain::permit::Permit;
use tenure_domain::scope::Scope;
use tenure_domain::throttle::Throttle;

use crate::environment::Environment;
use crate::error::ClusterError;
use crate::rehearsal::Supposed;
use crate::rehearsed::Rehearsed;

/// One capability withheld on one thing, and by which measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Withholding {
    measures: BTreeSet<MeasureId>,
    pod_grace_seconds: u32,
    keeps: bool,
}

impl Withholding {
    fn of(permit: &Permit, environment: &EnvironmentId) -> Self {
        Self {
            measures: [permit.measure().clone()].into(),
            pod_grace_seconds: permit.pod_grace_seconds(),
            keeps: permit.keeps(environment),
        }
    }

    fn join(&mut self, other: &Self) {
        self.measures.extend(other.measures.iter().cloned());
        self.pod_grace_seconds = self.pod_grace_seconds.min(other.pod_grace_seconds);
        self.keeps |= other.keeps;
    }

    /// Whether nothing of it may be deleted either.
    pub fn keeps(&self) -> bool {
        self.keeps
    }

    /// The measures that withhold it, for people.
    pub fn named(&self) -> String {
        self.measures.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// The longest time in seconds that a pod gets to end: the shortest that a permit gives. Never 0, which would
    /// make the cluster forget a pod that may still run.
    pub fn pod_grace_seconds(&self) -> u32 {
        self.pod_grace_seconds.max(1)
    }
}

/// What a permit withholds that is a cluster's to enforce; other systems see to the rest.
fn enforced_here(permit: &Permit) -> impl Iterator<Item = Capability> {
    permit.withholds().iter().copied().filter(|capability| capability.enforcer() == Enforcer::Cluster)
}

/// How much computing time is left to something, by the harshest of its measures. Like a [`Withholding`] only made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Throttling(Throttle);

impl Throttling {
    /// What stays of this many thousandths of a processor.
    pub fn of(self, cpu_millis: u32) -> u32 {
        self.0.of(cpu_millis)
    }
}

/// What one measure does in this environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effect {
    /// What it applies to.
    pub scope: Scope,
    /// What it withholds there.
    pub withholds: BTreeSet<Capability>,
    /// How much computing time it leaves, where it is throttling.
    pub throttle: Option<Throttle>,
    /// What becomes of load balancers.
    pub load_balancers: Balancers,
}

/// Everything withheld in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Restriction {
    effects: BTreeMap<MeasureId, Effect>,
    environment: BTreeMap<Capability, Withholding>,
    workloads: BTreeMap<(WorkloadId, Capability), Withholding>,
    /// By workload; by none for all of them.
    throttled: BTreeMap<Option<WorkloadId>, Throttling>,
    /// The workloads whose load balancers give their addresses up; none for all that is there.
    released: BTreeSet<Option<WorkloadId>>,
    /// The hostnames from which visitors are kept by themselves.
    hostnames: BTreeMap<Hostname, Withholding>,
}

impl Restriction {
    /// The union of what the permits withhold in this environment. Permits for other environments of the account
    /// count for nothing here.
    pub fn derive(environment: &Environment, permits: &[Permit]) -> Result<Self, ClusterError> {
        Self::of(environment, permits.iter())
    }

    /// The same, as if one measure had ended.
    pub fn derive_without(
        environment: &Environment,
        permits: &[Permit],
        ended: &MeasureId,
    ) -> Result<Self, ClusterError> {
        Self::of(environment, permits.iter().filter(|permit| permit.measure() != ended))
    }

    fn of<'a>(
        environment: &Environment,
        permits: impl Iterator<Item = &'a Permit>,
    ) -> Result<Self, ClusterError> {
        let mut all = Self::default();
        for permit in permits {
            if permit.account() != &environment.account {
                return Err(ClusterError::ForeignPermit {
                    permit: permit.account().clone(),
                    account: environment.account.clone(),
                });
            }
            if permit.scope().environment().is_some_and(|id| id != &environment.id) {
                continue;
            }
            let effect = Effect {
                scope: permit.scope().clone(),
                withholds: enforced_here(permit).collect(),
                throttle: permit.throttle(),
                load_balancers: permit.load_balancers(),
            };
            all.release(permit.scope(), permit.load_balancers());
            all.throttle(permit.scope(), permit.throttle());
            all.effects.insert(permit.measure().clone(), effect);
            let one = Withholding::of(permit, &environment.id);
            for capability in enforced_here(permit) {
                all.withhold(permit.scope(), capability, &one);
            }
        }
        Ok(all)
    }

    /// Supposes that a measure withholds something: for a rehearsal, whose requests persist nothing.
    pub fn suppose(&mut self, rehearsed: &Rehearsed, environment: &Environment, supposed: &Supposed) {
        let _: &Rehearsed = rehearsed;
        if supposed.scope.environment().is_some_and(|id| id != &environment.id) {
            return;
        }
        let withholds: BTreeSet<Capability> =
            supposed.withholds.iter().copied().filter(|c| c.enforcer() == Enforcer::Cluster).collect();
        let one = Withholding {
            measures: [supposed.measure.clone()].into(),
            pod_grace_seconds: supposed.pod_grace_seconds,
            keeps: false,
        };
        for &capability in &withholds {
            self.withhold(&supposed.scope, capability, &one);
        }
        self.throttle(&supposed.scope, supposed.throttle);
        self.release(&supposed.scope, supposed.load_balancers);
        let effect = Effect {
            scope: supposed.scope.clone(),
            withholds,
            throttle: supposed.throttle,
            load_balancers: supposed.load_balancers,
        };
        self.effects.insert(supposed.measure.clone(), effect);
    }

    fn withhold(&mut self, scope: &Scope, capability: Capability, one: &Withholding) {
        let join = |known: &mut Withholding| known.join(one);
        match scope {
            Scope::Account | Scope::Environment(_) => {
                self.environment.entry(capability).and_modify(join).or_insert_with(|| one.clone());
            }
            Scope::Workload(_, workload) => {
                let key = (workload.clone(), capability);
                self.workloads.entry(key).and_modify(join).or_insert_with(|| one.clone());
            }
            Scope::Hostname(_, _, name) if capability == Capability::Ingress => {
                self.hostnames.entry(name.clone()).and_modify(join).or_insert_with(|| one.clone());
            }
            // The domain permits nothing else that a cluster would have to withhold from one hostname.
            Scope::Hostname(..) => {}
        }
    }

    fn throttle(&mut self, scope: &Scope, throttle: Option<Throttle>) {
        let Some(one) = throttle.map(Throttling) else { return };
        let whose = match scope {
            Scope::Account | Scope::Environment(_) => None,
            Scope::Workload(_, workload) => Some(workload.clone()),
            Scope::Hostname(..) => return,
        };
        // The least that any of them leaves: what several withhold is not multiplied.
        self.throttled.entry(whose).and_modify(|known| *known = (*known).min(one)).or_insert(one);
    }

    fn release(&mut self, scope: &Scope, load_balancers: Balancers) {
        match (load_balancers, scope) {
            (Balancers::Released, Scope::Account | Scope::Environment(_)) => {
                self.released.insert(None);
            }
            (Balancers::Released, Scope::Workload(_, workload)) => {
                self.released.insert(Some(workload.clone()));
            }
            // No load balancer is a single hostname's.
            (Balancers::Released, Scope::Hostname(..)) | (Balancers::Kept, _) => {}
        }
    }

    /// Whether load balancers give their addresses up: those of a workload, or of none. What any measure has them give up is
    /// given up.
    pub fn releases(&self, workload: Option<&WorkloadId>) -> bool {
        self.released.iter().any(|whose| whose.is_none() || whose.as_ref() == workload)
    }

    /// How much computing time is left to a workload, where less than is declared.
    pub fn throttling(&self, workload: &WorkloadId) -> Option<Throttling> {
        let alone = self.throttled.iter().filter(|(whose, _)| whose.as_ref().is_none_or(|id| id == workload));
        alone.map(|(_, throttling)| *throttling).min()
    }

    /// What each measure does here.
    pub fn effects(&self) -> &BTreeMap<MeasureId, Effect> {
        &self.effects
    }

    /// Whether a capability is withheld from the whole environment.
    pub fn on_environment(&self, capability: Capability) -> Option<&Withholding> {
        self.environment.get(&capability)
    }

    /// Whether a capability is withheld from one workload by itself, whatever is withheld from the environment.
    pub fn on_workload_alone(&self, workload: &WorkloadId, capability: Capability) -> Option<&Withholding> {
        self.workloads.get(&(workload.clone(), capability))
    }

    /// Whether a capability is withheld from a workload, by itself or with its environment.
    pub fn on_workload(&self, workload: &WorkloadId, capability: Capability) -> Option<Withholding> {
        let alone = self.on_workload_alone(workload, capability);
        match (self.on_environment(capability), alone) {
            (Some(whole), Some(alone)) => {
                let mut both = whole.clone();
                both.join(alone);
                Some(both)
            }
            (Some(one), None) | (None, Some(one)) => Some(one.clone()),
            (None, None) => None,
        }
    }

    /// Whether visitors are kept from a hostname of a workload, by itself or with its workload.
    pub fn on_hostname(&self, workload: &WorkloadId, hostname: &Hostname) -> Option<Withholding> {
        match (self.on_workload(workload, Capability::Ingress), self.hostnames.get(hostname)) {
            (Some(mut both), Some(alone)) => {
                both.join(alone);
                Some(both)
            }
            (Some(one), None) => Some(one),
            (None, alone) => alone.cloned(),
        }
    }

    /// Workloads from which a capability is withheld by themselves.
    pub fn workloads_without(
        &self,
        capability: Capability,
    ) -> impl Iterator<Item = (&WorkloadId, &Withholding)> {
        let all = self.workloads.iter().filter(move |((_, withheld), _)| *withheld == capability);
        all.map(|((workload, _), withholding)| (workload, withholding))
    }

    /// Workloads that are stopped by themselves.
    pub fn stopped_workloads(&self) -> impl Iterator<Item = (&WorkloadId, &Withholding)> {
        self.workloads_without(Capability::Compute)
    }
}
