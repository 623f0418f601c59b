//! Moving environments to other clusters: made there beside where they live, seen to be there as they were here, and then, or
//! when the move was cancelled, removed from where they do not live.
//!
//! While something of an environment is on two clusters both are looked at under the same permits, so that nothing that is
//! withheld runs on either.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use tenure_cluster::{
    Cluster, ClusterError, Enforcement, Erasing, Kind, Memory, ObjectKey, Observation, Phase, Restoration,
    StopReport,
};
use tenure_domain::account::moving::{Move, MoveState};
use tenure_domain::account::provision::Provision;
use tenure_domain::account::{Account, Actor, Command, Context, System};
use tenure_domain::environment::Environment;
use tenure_domain::name::{AccountId, ClusterId, EnvironmentId, MeasureId, WorkloadId};
use tenure_domain::permit::ErasePermit;
use tenure_domain::refusal::Rejected;

use crate::engine::Engine;
use crate::erasing::{self, Certified};
use crate::inner::Inner;
use crate::kept::Kept;
use crate::reconcile::{KeepIn, Observed, Place, RECEIPT_TYPE, Unseen, permits};
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, workloads};

/// Kinds that hold data. What is removed after a move has none of them, and neither has what is moved.
const KEEPS_DATA: [Kind; 2] = [Kind::PersistentVolumeClaim, Kind::VolumeSnapshot];

/// The name under which is kept what is known of an environment on a cluster: its own on the one that it was made on first.
pub(crate) fn row(declared: &Environment, name: &EnvironmentId, cluster: &ClusterId) -> String {
    let first = declared.made_on.as_ref().unwrap_or(&declared.cluster);
    if first == cluster { name.to_string() } else { format!("{name}@{cluster}") }
}

/// The same on the cluster that it lives on.
pub(crate) fn home(account: &Account, name: &EnvironmentId) -> String {
    let declared = account.environments.get(name);
    declared.map_or_else(|| name.to_string(), |declared| row(declared, name, &declared.cluster))
}

/// What came of a look at the other cluster of a move.
pub(crate) enum Looked {
    /// Something was put on the record: the pass begins again.
    Changed,
    /// It was looked at as the environment is: what was kept of it before, and why it is not removed, where it is to be.
    Seen { observation: Box<Observation>, before: Box<(Memory, Option<String>)>, waits: Option<String> },
    /// Nothing was told of it, and why.
    Waits(String),
}

/// One look at the other cluster of a move: what is being made there is brought about, what is to go is removed under a permit.
pub(crate) async fn look(
    inner: &Arc<Inner>,
    account: &Account,
    (name, moving): (&EnvironmentId, &Move),
    unseen: &mut Unseen,
) -> Result<Looked, EngineError> {
    let declared = account.environment(name)?;
    let row = row(declared, name, &moving.other);
    let (memory, told) = read(inner, &account.id, &row).await?;
    let is_made = is_made(&memory);
    if !is_made && matches!(moving.state, MoveState::Cancelled { .. }) {
        let by = decided(moving);
        end(inner, account, (name, moving), &by, Err(NEVER_MADE)).await?;
        return Ok(Looked::Changed);
    }
    let cluster = match unseen.cluster_of(inner, &moving.other) {
        Ok(cluster) => cluster,
        Err(why) => {
            // Where nothing was made nothing can run that is withheld.
            if is_made {
                unseen.environments.insert(name.clone(), why.clone());
            }
            return Ok(Looked::Waits(why));
        }
    };
    let mut waits = None;
    if moving.state.removes() {
        match removal(inner, account, name)? {
            Ok(permit) => {
                let by = (permit.erase(), decided(moving));
                let removed = remove(inner, cluster, account, (name, moving), &by, (memory, &row)).await;
                return match removed {
                    Ok(None) => Ok(Looked::Changed),
                    Ok(Some(why)) => {
                        unseen.leaving.insert(name.clone(), format!("{}: {why}", moving.other));
                        Ok(Looked::Waits(why))
                    }
                    Err(error) => {
                        let why = error.to_string();
                        unseen.failed(inner, (name, &moving.other), error)?;
                        Ok(Looked::Waits(why))
                    }
                };
            }
            Err(why) => waits = Some(why),
        }
    }
    let clock = inner.clock.look();
    let permits = permits(account, &clock, &inner.shelf().terms);
    let environment = workloads::environment(inner, account, name).await?;
    let keep_in = KeepIn { inner, account: &account.id, row: &row };
    // Read from the server each time: the move rests on what is seen here.
    match cluster.reconcile(&environment, &permits, memory.clone(), &keep_in, clock.now).await {
        Ok(observation) => {
            let (observation, before) = (Box::new(observation), Box::new((memory, told)));
            Ok(Looked::Seen { observation, before, waits })
        }
        // Somebody else's: nothing of ours is there that could run.
        Err(error @ ClusterError::ForeignNamespace { known: None, .. }) => {
            tracing::warn!(account = %account.id, environment = %name, cluster = %moving.other, %error, "it is not made there");
            Ok(Looked::Waits(error.to_string()))
        }
        Err(error) => {
            let error = EngineError::defect(&format!("cluster, {}--{name}", account.id), &error);
            let why = error.to_string();
            unseen.failed(inner, (name, &moving.other), error)?;
            Ok(Looked::Waits(why))
        }
    }
}

/// The permit to remove, or in words what stands against it now.
fn removal(
    inner: &Inner,
    account: &Account,
    name: &EnvironmentId,
) -> Result<Result<tenure_domain::permit::RemovalPermit, String>, EngineError> {
    if inner.clock.look().doubt.is_some() {
        return Ok(Err(erasing::DOUBT.to_owned()));
    }
    let shelf = inner.shelf();
    let actor = Actor::System(System::Eraser);
    let context = Context { now: inner.clock.now(), actor: &actor, book: &shelf.terms };
    match account.removal_permit(name, &context) {
        Ok(permit) => Ok(Ok(permit)),
        Err(Rejected::Refused(refusal)) => {
            let why: Vec<&str> = refusal.guards.iter().map(|unmet| unmet.detail.as_str()).collect();
            Ok(Err(format!("it is not removed: {}", why.join("; "))))
        }
        Err(other) => Err(other.into()),
    }
}

/// Removes what is on the other cluster, as far as one pass comes; what is pending, or nothing where it is gone and that is on
/// the record.
async fn remove(
    inner: &Arc<Inner>,
    cluster: &Cluster,
    account: &Account,
    (name, moving): (&EnvironmentId, &Move),
    (permit, by): &(&ErasePermit, String),
    (memory, row): (Memory, &str),
) -> Result<Option<String>, EngineError> {
    let environment = workloads::bare(account, name)?;
    let keep_in = KeepIn { inner, account: &account.id, row };
    let erased = cluster.erase(&environment, permit, memory, &keep_in, inner.clock.now()).await;
    let erased = erased.map_err(|e| EngineError::defect(&format!("cluster, {}--{name}", account.id), &e))?;
    match erased.state {
        Erasing::Pending { why, .. } => Ok(Some(why)),
        Erasing::Done(report) => {
            end(inner, account, (name, moving), by, Ok(&report)).await?;
            Ok(None)
        }
    }
}

/// The same under the permit to delete all that the account has.
pub(crate) async fn delete(
    inner: &Arc<Inner>,
    account: &Account,
    (name, moving): (&EnvironmentId, &Move),
    by: &(&ErasePermit, String),
) -> Result<Option<String>, EngineError> {
    let row = row(account.environment(name)?, name, &moving.other);
    let (memory, _) = read(inner, &account.id, &row).await?;
    if !is_made(&memory) && !matches!(moving.state, MoveState::Moved { .. }) {
        end(inner, account, (name, moving), &by.1, Err(NEVER_MADE)).await?;
        return Ok(None);
    }
    match inner.clusters.reached(&moving.other) {
        Ok(cluster) => remove(inner, cluster, account, (name, moving), by, (memory, &row)).await,
        Err(why) => Ok(Some(why)),
    }
}

const NEVER_MADE: &str = "nothing was ever made of it there: nothing was deleted";

/// Whose decision a removal after a move rests on.
fn decided(moving: &Move) -> String {
    format!("person/{}, who had it moved", moving.by)
}

/// Puts on the record that nothing is left on the other cluster.
async fn end(
    inner: &Arc<Inner>,
    account: &Account,
    (name, moving): (&EnvironmentId, &Move),
    by: &str,
    seen: Result<&tenure_cluster::EraseReport, &'static str>,
) -> Result<(), EngineError> {
    let certified = Certified {
        of: "removal of an environment from a cluster that it does not live on",
        by,
        cluster: Some(&moving.other),
        seen,
    };
    let (certificate, kept) = erasing::certify(inner, account, name, &certified)?;
    let command = Provision::EndMove { environment: name.clone(), certificate };
    erasing::submit(inner, account, Command::Provision(command), kept).await
}

/// What an environment has on its own cluster that would be left behind or lost by a move; nothing where all of it is declared.
pub(crate) async fn stays_behind(
    inner: &Inner,
    account: &Account,
    name: &EnvironmentId,
    memory: &Memory,
) -> Result<Option<String>, EngineError> {
    let data = memory.inventory.iter();
    let data = data.filter(|(key, entry)| KEEPS_DATA.contains(&key.kind) && entry.uid.is_some());
    let data: Vec<String> = data.map(|(key, _)| key.to_string()).take(10).collect();
    if !data.is_empty() {
        return Ok(Some(format!(
            "what removed workloads left keeps data there, and does not come along: {}; it has to be deleted with the \
             environment",
            data.join(", ")
        )));
    }
    let declared = account.environment(name)?;
    let cluster = match inner.clusters.reached(&declared.cluster) {
        Ok(cluster) => cluster,
        Err(why) => return Ok(Some(why)),
    };
    let seen = match cluster.erase_preflight(&workloads::bare(account, name)?, memory).await {
        Ok(seen) => seen,
        Err(error) => return Ok(Some(format!("{} could not be looked at: {error}", declared.cluster))),
    };
    let foreign: Vec<&str> = seen.foreign.iter().map(|one| one.object.as_str()).take(10).collect();
    Ok((!foreign.is_empty()).then(|| {
        format!(
            "{} objects there are none of ours and do not come along: {}; remove them first",
            seen.foreign.len(),
            foreign.join(", ")
        )
    }))
}

/// Whether an environment is on the other cluster as it is on its own: everything declared is there and stays as it is, what was
/// ready here is ready there, and what is withheld was seen to be withheld there.
pub(crate) fn verified(
    account: &Account,
    (home, copy): (&Observation, &Observation),
    is_kept: bool,
) -> Result<(), String> {
    if !account.lifecycle.is_active() {
        return Err(format!("{} is {}: have the move cancelled", account.id, account.lifecycle.name()));
    }
    if let Some(why) = copy.retry.iter().chain(&copy.obstacles).next() {
        return Err(why.clone());
    }
    if let Restoration::Pending { why } = &copy.restoration {
        return Err(why.clone());
    }
    for (measure, enforcement) in &copy.measures {
        if let Enforcement::Pending { why, .. } = enforcement {
            return Err(format!("{measure} is not seen to be in effect there: {why}"));
        }
    }
    for (id, status) in &copy.workloads {
        if status.phase == Some(Phase::Refused) {
            return Err(format!("{id}: {}", status.message.as_deref().unwrap_or("it was refused there")));
        }
        let before = home.workloads.get(id);
        let comes_about = before.is_some_and(|before| before.phase == Some(Phase::Progressing));
        let ready = if comes_about { status.wanted } else { before.map_or(0, |before| before.ready) };
        let wanted = ready.min(status.wanted);
        if status.ready < wanted {
            return Err(format!("{id}: {} of {wanted} pods are ready there", status.ready));
        }
    }
    if copy.writes > 0 || !is_kept {
        return Err("it was brought about there just now, and is looked at once more".to_owned());
    }
    Ok(())
}

/// That an environment was seen on its new cluster. Signed like the receipts of stops.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Receipt<'a> {
    #[serde(rename = "receipt")]
    of: &'static str,
    account: &'a AccountId,
    account_version: u64,
    environment: &'a EnvironmentId,
    from: &'a ClusterId,
    to: &'a ClusterId,
    observed_at: Timestamp,
    build: &'static str,
    namespace_uid: Option<&'a str>,
    /// What was made there, with its UIDs.
    objects: BTreeMap<&'a ObjectKey, &'a str>,
    workloads: BTreeMap<&'a WorkloadId, Ready>,
    /// What was seen to be withheld there.
    measures: BTreeMap<&'a MeasureId, &'a StopReport>,
}

/// The ready pods of a workload.
#[derive(Serialize)]
struct Ready {
    before: u32,
    ready: u32,
}

/// Puts on the record that an environment lives on its new cluster.
pub(crate) async fn confirm(
    inner: &Arc<Inner>,
    account: &Account,
    (name, moving): (&EnvironmentId, &Move),
    (home, copy): (&Observation, &Observation),
    version: u64,
) -> Result<(), EngineError> {
    let ready = |(id, status): (_, &tenure_cluster::WorkloadStatus)| {
        let before = home.workloads.get(id).map_or(0, |before| before.ready);
        (id, Ready { before, ready: status.ready })
    };
    let measures = copy.measures.iter().filter_map(|(id, enforcement)| match enforcement {
        Enforcement::Confirmed(report) => Some((id, report.as_ref())),
        Enforcement::Pending { .. } => None,
    });
    let made = copy.memory.inventory.iter();
    let receipt = Receipt {
        of: "move",
        account: &account.id,
        account_version: version,
        environment: name,
        from: &account.environment(name)?.cluster,
        to: &moving.other,
        observed_at: inner.clock.now(),
        build: env!("CARGO_PKG_VERSION"),
        namespace_uid: copy.memory.namespace_uid.as_deref(),
        objects: made.filter_map(|(key, entry)| Some((key, entry.uid.as_deref()?))).collect(),
        workloads: copy.workloads.iter().map(ready).collect(),
        measures: measures.collect(),
    };
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("receipt", e);
    let text = serde_json::to_string_pretty(&receipt).map_err(|e| defect(&e))? + "\n";
    let note =
        tenure_ledger::note::sign(&text, &inner.key.origin, &inner.key.signing).map_err(|e| defect(&e))?;
    let mut kept = Kept::default();
    let receipt = kept.blob(RECEIPT_TYPE, note.into_bytes());
    let command = Provision::ConfirmMoved { environment: name.clone(), receipt };
    let act = Act::Account(account.id.clone(), Command::Provision(command));
    let mut submission = Submission::new(Caller::System(System::Cluster), act).keeping(kept);
    submission.if_version = Some(version);
    match inner.submit(submission).await {
        // Seen anew, it is confirmed as it is then.
        Err(EngineError::Stale { .. }) => Ok(()),
        other => other.map(drop),
    }
}

/// Keeps for people what the moves wait for of which nothing else was told.
pub(crate) async fn keep_waiting(
    inner: &Inner,
    account: &Account,
    waiting: &BTreeMap<EnvironmentId, String>,
    seen: &BTreeMap<Place, Observation>,
) -> Result<(), EngineError> {
    for (name, why) in waiting {
        let (Some(moving), Some(declared)) = (account.moves.get(name), account.environments.get(name)) else {
            continue;
        };
        if seen.contains_key(&Place::other(name, &moving.other)) {
            continue;
        }
        let row = row(declared, name, &moving.other);
        let kept = inner.store.environment(account.id.as_str(), &row).await?;
        let before = kept.as_ref().map(|(_, observed)| observed.clone()).unwrap_or_default();
        let mut observed: Observed = serde_json::from_str(&before).unwrap_or_default();
        if observed.waits_for.as_ref() == Some(why) {
            continue;
        }
        observed.waits_for = Some(why.clone());
        let json = |e| EngineError::defect("observed", &e);
        let observed = serde_json::to_string(&observed).map_err(json)?;
        let mut write = inner.write_as_leader().await?;
        if kept.is_none() {
            let memory = serde_json::to_string(&Memory::default()).map_err(json)?;
            write.put_memory(account.id.as_str(), &row, &memory).await?;
        }
        write.put_observed(account.id.as_str(), &row, &observed).await?;
        write.commit().await?;
    }
    Ok(())
}

fn is_made(memory: &Memory) -> bool {
    memory.claim.is_some() || memory.namespace_uid.is_some()
}

async fn read(
    inner: &Inner,
    account: &AccountId,
    row: &str,
) -> Result<(Memory, Option<String>), EngineError> {
    let Some((memory, told)) = inner.store.environment(account.as_str(), row).await? else {
        return Ok((Memory::default(), None));
    };
    let memory = serde_json::from_str(&memory).map_err(|e| EngineError::defect("memory", &e))?;
    Ok((memory, Some(told)))
}

impl Engine {
    /// What the move of an environment waits for, as the last look at its other cluster told; nothing where none did.
    pub async fn move_waits_for(
        &self,
        account: &Account,
        name: &EnvironmentId,
    ) -> Result<Option<String>, EngineError> {
        let (Some(moving), Some(declared)) = (account.moves.get(name), account.environments.get(name)) else {
            return Ok(None);
        };
        let row = row(declared, name, &moving.other);
        let kept = self.inner.store.environment(account.id.as_str(), &row).await?;
        let Some((_, observed)) = kept else { return Ok(None) };
        let observed: Observed =
            serde_json::from_str(&observed).map_err(|e| EngineError::defect("observed", &e))?;
        Ok(observed.waits_for)
    }
}
