//! One idempotent pass over one environment: read, note, keep, write what differs, observe.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use tenure_domain::capability::Capability;
use tenure_domain::name::WorkloadId;
use tenure_domain::permit::Permit;

use crate::environment::Environment;
use crate::error::ClusterError;
use crate::inventory::ObjectKey;
use crate::live::Live;
use crate::memory::{Keep, Memory};
use crate::others::{self, Others};
use crate::render::{self, Wanted};
use crate::report::{Observation, Repair};
use crate::requests::Requests;
use crate::restriction::Restriction;
use crate::webhooks::Veto;
use crate::{access, adopt, apply, before, gate, observe, restore, stop};

/// What one pass works with and gathers.
pub(crate) struct Pass<'a> {
    pub requests: Requests,
    pub environment: &'a Environment,
    pub restriction: Restriction,
    pub memory: Memory,
    pub now: Timestamp,
    pub live: Live,
    /// What makes pods there and is not ours, while the environment is stopped or being restored.
    pub others: Others,
    /// What webhooks of others refused.
    pub vetoes: Vec<Veto>,
    /// The volumes of a stopped environment, by name.
    pub volumes: BTreeMap<String, Value>,
    /// What should exist, as far as permits allow.
    pub wanted: Vec<Wanted>,
    /// What should exist if nothing were withheld.
    pub declared: Vec<Wanted>,
    pub repairs: Vec<Repair>,
    /// What the cluster refused of a workload, and why.
    pub refusals: BTreeMap<WorkloadId, String>,
    /// What this pass changed: what was read of it is older than that.
    pub written: BTreeSet<ObjectKey>,
    keep: &'a dyn Keep,
    kept: Memory,
}

impl Pass<'_> {
    /// Keeps the memory, unless it is kept as it is.
    pub async fn keep(&mut self) -> Result<(), ClusterError> {
        if self.memory != self.kept {
            self.keep.keep(&self.memory).await?;
            self.kept = self.memory.clone();
        }
        Ok(())
    }
}

pub(crate) async fn run(
    requests: Requests,
    environment: &Environment,
    permits: &[Permit],
    memory: Memory,
    keep: &dyn Keep,
    now: Timestamp,
) -> Result<Observation, ClusterError> {
    memory.check()?;
    environment.check()?;
    let restriction = Restriction::derive(environment, permits)?;
    let mut pass = Pass {
        wanted: render::environment(environment, &restriction),
        declared: render::environment(environment, &Restriction::default()),
        requests,
        environment,
        restriction,
        kept: memory.clone(),
        memory,
        now,
        live: Live::default(),
        others: Others::default(),
        vetoes: Vec::new(),
        volumes: BTreeMap::new(),
        repairs: Vec::new(),
        refusals: BTreeMap::new(),
        written: BTreeSet::new(),
        keep,
    };
    let namespace = adopt::namespace(&mut pass).await?;
    pass.live = Live::read(&pass.requests, namespace, !environment.envelope.kind.is_managed()).await?;
    let was_stopped = pass.memory.before.as_ref().is_some_and(|before| before.gated);
    if was_stopped || pass.restriction.on_environment(Capability::Compute).is_some() {
        pass.others = Others::read(&pass).await?;
    }

    before::note(&mut pass).await?;
    apply::note_intents(&mut pass);
    pass.keep().await?;

    let mut proof = None;
    if let Some(withheld) = pass.restriction.on_environment(Capability::Compute).cloned() {
        stop::retain_volumes(&mut pass, &withheld).await?;
        let seen = gate::close(&mut pass, &withheld).await?;
        if seen.refuses_pods() {
            others::hold(&mut pass, &withheld).await?;
            stop::end_all_pods(&mut pass, &withheld).await?;
        }
        proof = Some(seen);
    }
    adopt::marks(&mut pass).await?;
    access::identities(&mut pass).await?;
    apply::bring_about(&mut pass).await?;
    apply::prune(&mut pass).await?;
    stop::end_pods_of_stopped_workloads(&mut pass).await?;
    restore::wake(&mut pass).await?;
    observe::observe(pass, proof).await
}
