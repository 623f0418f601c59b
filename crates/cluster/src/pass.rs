//! One idempotent pass over one environment: read, note, keep, write what differs, observe.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use tenure_domain::capability::Capability;
use tenure_domain::name::WorkloadId;
use tenure_domain::permit::Permit;

use crate::adopt::Namespace;
use crate::environment::Environment;
use crate::error::ClusterError;
use crate::freeze::Proofs;
use crate::gate::Proof;
use crate::inventory::{Kind, ObjectKey};
use crate::live::Live;
use crate::memory::{Keep, Memory};
use crate::others::{self, Others};
use crate::render::{self, Wanted};
use crate::report::{Observation, Repair};
use crate::requests::Requests;
use crate::restriction::Restriction;
use crate::webhooks::Veto;
use crate::{
    access, adopt, apply, balancers, before, children, freeze, gate, import, observe, quiet, restore,
    snapshots, stop,
};

/// What one pass works with and gathers.
pub(crate) struct Pass<'a> {
    pub requests: Requests,
    pub environment: &'a Environment,
    pub restriction: Restriction,
    pub memory: Memory,
    pub now: Timestamp,
    pub live: Live,
    /// What was told of the namespace, where little has to be written: that little was read.
    pub told: Option<Live>,
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
    /// Why a later pass has to try again, where what failed may pass.
    pub retry: Option<String>,
    /// Whether the cluster suspends a job by its own field.
    pub suspends_jobs: bool,
    /// Whether a namespace that was there is being taken by this pass.
    pub is_taking: bool,
    /// How often no answer came to a write of one object.
    pub unanswered: u32,
    /// What this pass changed: what was read of it is older than that.
    pub written: BTreeSet<ObjectKey>,
    /// What is known of the freeze after a pass carried it out.
    pub freeze: Proofs,
    /// What was learned of snapshots.
    pub snapshots: snapshots::Learned,
    keep: &'a dyn Keep,
    kept: Memory,
}

impl Pass<'_> {
    /// Whether nothing is new but the UID of the namespace, which its claim proves as well after a crash.
    fn is_known_by_its_claim(&self) -> bool {
        self.kept.claim.is_some() && Memory { namespace_uid: None, ..self.memory.clone() } == self.kept
    }

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
    (keep, by_watch): (&dyn Keep, bool),
    now: Timestamp,
) -> Result<Observation, ClusterError> {
    let restriction = Restriction::derive(environment, permits)?;
    let mut pass = prepare(requests, environment, restriction, memory, keep, now).await?;
    if by_watch && let Some(observed) = quiet::look(&mut pass).await? {
        return Ok(observed);
    }
    let observed = match carry_out(&mut pass).await {
        Ok(proof) => observe::observe(&mut pass, proof).await,
        Err(error) => Err(error),
    };
    if observed.is_err() && !pass.repairs.is_empty() {
        pass.memory.untold = told(&mut pass);
        pass.keep().await?;
    }
    observed
}

/// What is to be told of repairs: those of passes that failed, and those of this one. What the cluster never got to see of
/// them is repaired anew, and told once.
pub(crate) fn told(pass: &mut Pass<'_>) -> Vec<Repair> {
    let mut told = std::mem::take(&mut pass.memory.untold);
    for repair in pass.repairs.drain(..) {
        if !told.contains(&repair) {
            told.push(repair);
        }
    }
    told
}

/// A pass that has not begun.
pub(crate) async fn prepare<'a>(
    requests: Requests,
    environment: &'a Environment,
    restriction: Restriction,
    memory: Memory,
    keep: &'a dyn Keep,
    now: Timestamp,
) -> Result<Pass<'a>, ClusterError> {
    memory.check()?;
    environment.check()?;
    let has_jobs = environment.workloads.values().any(|workload| workload.kind.ends());
    let suspends_jobs = has_jobs && !restriction.effects().is_empty() && requests.suspends_jobs().await?;
    let mut pass = Pass {
        wanted: render::environment(environment, &restriction, suspends_jobs),
        declared: render::environment(environment, &Restriction::default(), suspends_jobs),
        retry: None,
        suspends_jobs,
        is_taking: false,
        unanswered: 0,
        requests,
        environment,
        restriction,
        kept: memory.clone(),
        memory,
        now,
        live: Live::default(),
        told: None,
        others: Others::default(),
        vetoes: Vec::new(),
        volumes: BTreeMap::new(),
        repairs: Vec::new(),
        refusals: BTreeMap::new(),
        written: BTreeSet::new(),
        freeze: Proofs::default(),
        snapshots: snapshots::Learned::default(),
        keep,
    };
    leave_out_what_was_deleted(&mut pass);
    Ok(pass)
}

/// Everything that a pass does before it looks what came of it.
pub(crate) async fn carry_out(pass: &mut Pass<'_>) -> Result<Option<Proof>, ClusterError> {
    let Namespace { object: namespace, is_new } = adopt::namespace(pass).await?;
    let is_open = !pass.environment.envelope.kind.is_managed();
    pass.live = if is_new {
        // What its own controllers put there is none of ours, and whatever else comes is seen by the next pass.
        Live { namespace, ..Live::default() }
    } else if let Some(told) = pass.told.take() {
        Live { namespace, ..told }
    } else {
        Live::read(&pass.requests, namespace, is_open, &kinds(pass)).await?
    };
    let was_stopped = pass.memory.before.as_ref().is_some_and(|before| before.gated);
    if was_stopped || pass.restriction.on_environment(Capability::Compute).is_some() {
        pass.others = Others::read(pass).await?;
    }

    snapshots::read(pass).await?;
    import::begin(pass)?;
    before::note(pass).await?;
    apply::note_intents(pass);
    if !(is_new && pass.is_known_by_its_claim()) {
        pass.keep().await?;
    }

    // Where the freeze webhook is asked about our own writes too, it has to know us first.
    let is_frozen = freeze::is_labelled(pass);
    if is_frozen {
        freeze::carry_out(pass).await?;
    }
    let mut proof = None;
    if let Some(withheld) = pass.restriction.on_environment(Capability::Compute).cloned() {
        stop::retain_volumes(pass, &withheld).await?;
        let seen = gate::close(pass, &withheld).await?;
        // A gate that is only rehearsed refuses nothing.
        if seen.refuses_pods() || pass.requests.rehearsal().is_some() {
            others::hold(pass, &withheld).await?;
            stop::end_all_pods(pass, &withheld).await?;
        }
        proof = Some(seen);
    }
    adopt::marks(pass).await?;
    access::identities(pass).await?;
    apply::bring_about(pass).await?;
    apply::prune(pass).await?;
    balancers::carry_out(pass).await?;
    children::hold_up(pass).await?;
    stop::end_pods_of_stopped_workloads(pass).await?;
    restore::wake(pass).await?;
    if !is_frozen {
        freeze::carry_out(pass).await?;
    }
    Ok(proof)
}

/// A volume that was deleted under a permit which ended since is not made anew, empty, as if nothing had happened: the
/// workload that needs it waits for a person.
fn leave_out_what_was_deleted(pass: &mut Pass<'_>) {
    let Some(erasure) = pass.memory.erasure.clone() else { return };
    let lost: Vec<WorkloadId> = pass
        .wanted
        .iter()
        .filter(|w| w.key.kind == Kind::PersistentVolumeClaim && erasure.lost_claim(&w.key.name))
        .filter_map(|w| w.workload.clone())
        .collect();
    let needs = |wanted: &Wanted| {
        let carries =
            wanted.key.kind == Kind::PersistentVolumeClaim || Kind::CARRIERS.contains(&wanted.key.kind);
        carries && wanted.workload.as_ref().is_some_and(|workload| lost.contains(workload))
    };
    pass.wanted.retain(|wanted| !needs(wanted));
    pass.declared.retain(|wanted| !needs(wanted));
    for workload in lost {
        let message = "its volume was deleted under a permit, and nothing takes its place: remove the workload and declare it anew";
        pass.refusals.insert(workload, message.to_owned());
    }
}

/// The kinds that are looked at: those that every environment has, and what is declared or known of others.
pub(crate) fn kinds(pass: &Pass<'_>) -> BTreeSet<Kind> {
    let wanted = pass.wanted.iter().chain(&pass.declared).map(|wanted| wanted.key.kind);
    let known = pass.memory.inventory.keys().map(|key| key.kind);
    let mut kinds: BTreeSet<Kind> = Kind::ALWAYS.into_iter().chain(wanted).chain(known).collect();
    if kinds.contains(&Kind::CronJob) {
        kinds.insert(Kind::Job);
    }
    kinds
}
