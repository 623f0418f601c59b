//! One idempotent pass over one environment: read, note, keep, write what differs, observe.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use tenure_domain::capability::Capability;
use tenure_domain::name::WorkloadId;
use tenure_domain::permit::Permit;

use crate::environment::Environment;
use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::Live;
use crate::memory::{Keep, Memory};
use crate::render::{self, Wanted};
use crate::report::{Observation, Repair};
use crate::requests::Requests;
use crate::restriction::Restriction;
use crate::{adopt, apply, before, children, gate, observe, restore, stop};

/// What one pass works with and gathers.
pub(crate) struct Pass<'a> {
    pub requests: Requests,
    pub environment: &'a Environment,
    pub restriction: Restriction,
    pub memory: Memory,
    pub now: Timestamp,
    pub live: Live,
    /// The volumes of a stopped environment, by name.
    pub volumes: BTreeMap<String, Value>,
    /// What should exist, as far as permits allow.
    pub wanted: Vec<Wanted>,
    /// What should exist if nothing were withheld.
    pub declared: Vec<Wanted>,
    pub repairs: Vec<Repair>,
    /// What the cluster refused of a workload, and why.
    pub refusals: BTreeMap<WorkloadId, String>,
    /// Why a later pass has to try again, where what failed may pass.
    pub retry: Option<String>,
    /// Whether the cluster suspends a job by its own field.
    pub suspends_jobs: bool,
    /// How often no answer came to a write of one object.
    pub unanswered: u32,
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
    let has_jobs = environment.workloads.values().any(|workload| workload.kind.ends());
    let suspends_jobs = has_jobs && !restriction.effects().is_empty() && requests.suspends_jobs().await?;
    let mut pass = Pass {
        wanted: render::environment(environment, &restriction, suspends_jobs),
        declared: render::environment(environment, &Restriction::default(), suspends_jobs),
        retry: None,
        suspends_jobs,
        unanswered: 0,
        requests,
        environment,
        restriction,
        kept: memory.clone(),
        memory,
        now,
        live: Live::default(),
        volumes: BTreeMap::new(),
        repairs: Vec::new(),
        refusals: BTreeMap::new(),
        written: BTreeSet::new(),
        keep,
    };
    let namespace = adopt::namespace(&mut pass).await?;
    pass.live = Live::read(&pass.requests, namespace, &kinds(&pass)).await?;

    before::note(&mut pass).await?;
    apply::note_intents(&mut pass);
    pass.keep().await?;

    let mut proof = None;
    if let Some(withheld) = pass.restriction.on_environment(Capability::Compute).cloned() {
        stop::retain_volumes(&mut pass, &withheld).await?;
        let seen = gate::close(&mut pass, &withheld).await?;
        if seen.refuses_pods() {
            stop::end_all_pods(&mut pass, &withheld).await?;
        }
        proof = Some(seen);
    }
    adopt::marks(&mut pass).await?;
    apply::bring_about(&mut pass).await?;
    apply::prune(&mut pass).await?;
    children::hold_up(&mut pass).await?;
    stop::end_pods_of_stopped_workloads(&mut pass).await?;
    restore::wake(&mut pass).await?;
    observe::observe(pass, proof).await
}

/// The kinds that are looked at: those that every environment has, and what is declared or known of others.
fn kinds(pass: &Pass<'_>) -> BTreeSet<Kind> {
    let wanted = pass.wanted.iter().chain(&pass.declared).map(|wanted| wanted.key.kind);
    let known = pass.memory.inventory.keys().map(|key| key.kind);
    let mut kinds: BTreeSet<Kind> = Kind::ALWAYS.into_iter().chain(wanted).chain(known).collect();
    if kinds.contains(&Kind::CronJob) {
        kinds.insert(Kind::Job);
    }
    kinds
}
