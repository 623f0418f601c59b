//! Reconcilers: make the cluster agree with what is committed, and commit what was observed.
//!
//! They take no input but an account's id. Permits are minted afresh for every pass; whatever a permit no longer
//! covers is given back. A pass never waits: what is pending is looked at again after a moment, or when poked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tenure_cluster::{
    Abilities, Cluster, ClusterError, Enforcement, Keep, KeepError, Memory, Observation, QuotaSeen,
    Restoration, RestoreReport, SnapshotSeen, StopReport, WorkloadStatus,
};
use tenure_domain::account::command::Command;
use tenure_domain::account::measure::{Measure, MeasureState};
use tenure_domain::account::{Account, Actor, Book, Context, System};
use tenure_domain::name::{AccountId, ClusterId, EnvironmentId, MeasureId, SnapshotId, WorkloadId};
use tenure_domain::permit::Permit;
use tenure_domain::refusal::Rejected;
use tenure_domain::scope::Scope;
use tenure_domain::text::Blob;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::clock::Look;
use crate::dirty::{Again, LOOK_MAX};
use crate::inner::Inner;
use crate::kept::Kept;
use crate::moves::Looked;
use crate::submission::{Act, Caller, Outcome, Submission};
use crate::{Deleting, EngineError, backoff, erasing, imports, moves, probes, snapshots, workloads};

/// How often every account is looked at without a reason. Operating time.
const EVERY: Duration = Duration::from_mins(10);

/// How often a cluster is asked whether it is there. Operating time.
const ASK: Duration = Duration::from_secs(10);

/// How soon one is asked again that does not answer, or answered otherwise than before. Operating time.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The media type of a signed receipt.
pub const RECEIPT_TYPE: &str = "text/x-signed-note";

/// Looks at all accounts, and then at those that change, while this process leads. What is under way at its end is cut off: a pass can be ended at any point.
pub(crate) async fn run(inner: Arc<Inner>, over: CancellationToken) {
    let mut tasks = JoinSet::new();
    while let Err(error) = look_at_all(&inner).await {
        tracing::warn!(%error, "the accounts cannot be listed; they are looked at in a moment");
        tokio::select! {
            () = tokio::time::sleep(backoff::pause(1)) => {}
            () = over.cancelled() => return,
        }
    }
    for (name, known) in inner.clusters.iter() {
        tasks.spawn(watch(Arc::clone(&inner), name.clone(), known.cluster.clone()));
    }
    let mut every = tokio::time::interval_at(Instant::now() + EVERY, EVERY);
    loop {
        let dirty = &inner.pokes.accounts;
        let poked = dirty.poke.notified();
        while let Some(id) = dirty.take() {
            let span = tracing::info_span!("pass", account = %id);
            // What nobody told of is found by reading: at the start, now and then, and after a failure.
            let anew = dirty.takes_anew(&id);
            tasks.spawn(look(Arc::clone(&inner), id, anew).instrument(span));
        }
        let next = dirty.next().unwrap_or_else(|| Instant::now() + LOOK_MAX);
        tokio::select! {
            () = poked => {}
            () = tokio::time::sleep_until(next) => {}
            Some(_) = tasks.join_next() => {}
            _ = every.tick() => {
                if let Err(error) = look_at_all(&inner).await {
                    tracing::warn!(%error, "the accounts cannot be listed; they are looked at next time");
                }
            }
            () = over.cancelled() => break,
        }
    }
    tasks.shutdown().await;
    for (_, known) in inner.clusters.iter() {
        known.cluster.leads_no_more();
    }
}

/// Asks for a look at every account: at the start, and for what no watch tells.
pub(crate) async fn look_at_all(inner: &Inner) -> Result<(), EngineError> {
    let mut after = String::new();
    loop {
        let page = inner.store.streams("account", &after, 1_000).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(last);
        for stream in &page {
            if let Some(Ok(id)) = stream.strip_prefix("account/").map(str::parse) {
                inner.pokes.accounts.glance(&id);
            }
        }
    }
}

/// A connection that was kept can have ended just now: it is asked again before that is believed.
async fn probe(cluster: &Cluster) -> Result<Abilities, ClusterError> {
    match cluster.probe().await {
        Err(_) => cluster.probe().await,
        said => said,
    }
}

/// Asks a cluster now and then whether it is there, until the engine stops: also while no account needs it, and while
/// another process leads.
pub(crate) async fn ask(inner: Arc<Inner>, name: ClusterId) {
    let Some(known) = inner.clusters.get(&name) else { return };
    let mut found = None;
    loop {
        let said = tokio::select! {
            said = probe(&known.cluster) => said,
            () = inner.stopping.cancelled() => return,
        };
        let is_soon = match &said {
            Ok(abilities) => probes::note(&inner, &name, abilities, &mut found).await,
            Err(_) => true,
        };
        let said = said.map(|abilities| abilities.described()).map_err(|error| error.to_string());
        let why = said.as_ref().err().cloned().unwrap_or_default();
        if known.note(said) {
            tracing::warn!(cluster = %name, error = why, "the cluster does not answer");
        }
        tokio::select! {
            () = tokio::time::sleep(if is_soon { ASK_AGAIN } else { ASK }) => {}
            () = known.ask.notified() => {}
            () = inner.stopping.cancelled() => return,
        }
    }
}

/// Turns changes in a cluster into pokes, so that drift is put right at once.
async fn watch(inner: Arc<Inner>, name: ClusterId, cluster: Cluster) {
    let mut changes = std::pin::pin!(cluster.watch());
    while let Some(namespace) = changes.next().await {
        if let Some(id) = inner.places.whose(&name, &namespace) {
            inner.pokes.accounts.stirred(&id);
        }
    }
}

/// A look that does not read everything `anew` believes what the watch has told.
async fn look(inner: Arc<Inner>, id: AccountId, anew: bool) {
    inner.metrics.passes.inc();
    let result = match tokio::time::timeout(LOOK_MAX, pass(&inner, &id, anew)).await {
        Ok(result) => result,
        Err(_) => Err(EngineError::defect("cluster", &format!("no answer after {} s", LOOK_MAX.as_secs()))),
    };
    let pending = match result {
        Ok(pending) => pending.map(|pending| (pending.why, pending.again)),
        Err(error) => {
            inner.metrics.pass_failures.inc();
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::warn!(account = %id, %error, source, "the cluster does not follow yet");
            if let Err(error) = mark_unconfirmed(&inner, &id, |_| Some(error.to_string())).await {
                tracing::warn!(account = %id, %error, "it could not be noted that nothing is confirmed");
            }
            Some((format!("{error} {source}"), Again::Failed))
        }
    };
    inner.pokes.accounts.done(&id, pending);
}

/// What is kept of the last observation of an environment, for people to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Observed {
    /// How each workload is doing.
    pub workloads: BTreeMap<WorkloadId, WorkloadStatus>,
    /// How each snapshot is doing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub snapshots: BTreeMap<SnapshotId, SnapshotSeen>,
    /// What the environment uses of its share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaSeen>,
    /// What is still pending for a measure, and whether it cannot be seen at all.
    pub pending: BTreeMap<MeasureId, String>,
    /// Which writes of ours webhooks of others refuse while nothing is withheld or restored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub obstacles: Vec<String>,
    /// What the move waits for of which this is the other cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// How far its deletion is, while it is being deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleting: Option<Deleting>,
}

pub(crate) struct KeepIn<'a> {
    pub inner: &'a Inner,
    pub account: &'a AccountId,
    /// Under which name ([`moves::row`]).
    pub row: &'a str,
}

#[async_trait]
impl Keep for KeepIn<'_> {
    async fn keep(&self, memory: &Memory) -> Result<(), KeepError> {
        keep(self.inner, self.account, self.row, memory).await.map_err(|e| KeepError(e.to_string()))
    }
}

fn json<T: Serialize>(what: &str, value: &T) -> Result<String, EngineError> {
    serde_json::to_string(value).map_err(|e| EngineError::defect(what, &e))
}

fn from_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, EngineError> {
    serde_json::from_str(text).map_err(|e| EngineError::defect(what, &e))
}

/// Keeps what a look found new in environments, their memories and what was observed, at once; nothing where nothing is new.
async fn keep_found(
    inner: &Inner,
    account: &AccountId,
    found: &[(String, Option<String>, Option<String>)],
) -> Result<(), EngineError> {
    if found.iter().all(|(_, memory, observed)| memory.is_none() && observed.is_none()) {
        return Ok(());
    }
    let mut write = inner.write_as_leader().await?;
    for (row, memory, observed) in found {
        if let Some(memory) = memory {
            write.put_memory(account.as_str(), row, memory).await?;
        }
        if let Some(observed) = observed {
            write.put_observed(account.as_str(), row, observed).await?;
        }
    }
    Ok(write.commit().await?)
}

async fn keep(inner: &Inner, account: &AccountId, row: &str, memory: &Memory) -> Result<(), EngineError> {
    let json = json("memory", memory)?;
    let mut write = inner.write_as_leader().await?;
    write.put_memory(account.as_str(), row, &json).await?;
    Ok(write.commit().await?)
}

/// One pass over one account; what is pending after it.
async fn pass(inner: &Arc<Inner>, id: &AccountId, anew: bool) -> Result<Option<Pending>, EngineError> {
    let account = match inner.account(id).await {
        // The cluster may hold environments of another installation; they are none of ours.
        Err(EngineError::Rejected(Rejected::NotFound { .. })) => return Ok(None),
        other => other?,
    };
    inner.places.note(&account);
    if account.lifecycle.closing().and_then(|c| c.deletion.as_ref()).is_some_and(|d| d.begun.is_some()) {
        let why = erasing::account(inner, &account).await?;
        return Ok(why.map(|why| Pending::moves(&why)));
    }
    let mut pending = Vec::new();
    let mut version = account.version;
    let mut seen: BTreeMap<Place, Observation> = BTreeMap::new();
    let mut kept: BTreeMap<Place, (Memory, Option<String>)> = BTreeMap::new();
    let mut unseen = Unseen::default();
    for (name, declared) in &account.environments {
        // An order or a change that came in meanwhile counts from the next request on: permits are minted anew for
        // each environment, and a pass over an account that has changed begins again.
        let current = inner.account(id).await?;
        if current.version != version {
            return Ok(Some(Pending::moves(CHANGED)));
        }
        let cluster = match unseen.cluster_of(inner, &declared.cluster) {
            Ok(cluster) => cluster,
            Err(why) => {
                unseen.environments.insert(name.clone(), why);
                continue;
            }
        };
        if current.is_being_deleted(name) {
            match erasing::asked(inner, cluster, &current, name).await {
                Ok(Some(why)) => pending.push(why),
                Ok(None) => return Ok(Some(Pending::moves(CHANGED))),
                Err(error) => unseen.failed(inner, (name, &declared.cluster), error)?,
            }
            continue;
        }
        let look = inner.clock.look();
        let now = look.now;
        let permits = permits(&current, &look, &inner.shelf().terms);
        let row = moves::home(&current, name);
        let (memory, told) = match inner.store.environment(id.as_str(), &row).await? {
            Some((memory, told)) => (from_json("memory", &memory)?, Some(told)),
            None => (Memory::default(), None),
        };
        kept.insert(Place::home(name), (memory.clone(), told));
        let environment = workloads::environment(inner, &account, name).await?;
        let keep_in = KeepIn { inner, account: id, row: &row };
        let cluster = if anew { cluster.clone() } else { cluster.by_watch() };
        let observation = match cluster.reconcile(&environment, &permits, memory, &keep_in, now).await {
            Ok(observation) => observation,
            Err(error) if imports::let_go(inner, id, name, &error).await? => {
                tracing::warn!(account = %id, environment = %name, %error, "it was let go of");
                return Ok(Some(Pending::moves(CHANGED)));
            }
            Err(error) => {
                let error = EngineError::defect(&format!("cluster, {id}--{name}"), &error);
                unseen.failed(inner, (name, &declared.cluster), error)?;
                continue;
            }
        };
        if let Some(after) = record_repairs(inner, id, name, &observation).await? {
            version = after;
        }
        if let Some(after) = snapshots::record_lost(inner, id, &observation).await? {
            version = after;
        }
        if let Some(report) = &observation.import {
            match imports::confirm(inner, id, name, report, version).await? {
                Some(after) => version = after,
                None => return Ok(Some(Pending::moves(CHANGED))),
            }
        }
        seen.insert(Place::home(name), observation);
    }
    let mut waiting = BTreeMap::new();
    for (name, moving) in &account.moves {
        let current = inner.account(id).await?;
        if current.version != version {
            return Ok(Some(Pending::moves(CHANGED)));
        }
        match moves::look(inner, &current, (name, moving), &mut unseen).await? {
            Looked::Changed => return Ok(Some(Pending::moves(CHANGED))),
            Looked::Seen { observation, before, waits } => {
                if let Some(after) = record_repairs(inner, id, name, &observation).await? {
                    version = after;
                }
                let place = Place::other(name, &moving.other);
                kept.insert(place.clone(), *before);
                seen.insert(place, *observation);
                waiting.extend(waits.map(|why| (name.clone(), why)));
            }
            Looked::Waits(why) => drop(waiting.insert(name.clone(), why)),
        }
    }
    let mut restoring = false;
    for measure in &account.measures {
        let confirmed = match &measure.state {
            // The cluster's part is on the record; other systems have still to say theirs.
            _ if measure.watch.observed.is_some() => continue,
            MeasureState::Applying { .. } => match unseen.of(measure).and_then(|()| enforced(measure, &seen))
            {
                Ok(reports) => confirm_in_force(inner, measure, &reports, version).await?,
                Err(why) => {
                    pending.push(format!("{}: {why}", measure.id));
                    continue;
                }
            },
            MeasureState::InForce { .. } => {
                let looked = unseen.of(measure).and_then(|()| enforced(measure, &seen));
                pending.extend(looked.err().map(|why| format!("{}: {why}", measure.id)));
                continue;
            }
            _ if measure.awaits_restoration() => {
                match unseen.of(measure).and_then(|()| restored(measure, &seen)) {
                    Ok(reports) => confirm_restored(inner, measure, &reports, version).await?,
                    Err(why) => {
                        restoring = true;
                        pending.push(format!("{}: {why}", measure.id));
                        continue;
                    }
                }
            }
            _ => continue,
        };
        match confirmed {
            Some(after) => version = after,
            // What was seen is not what stands now: a receipt of it would say too little. Seen again, it is confirmed.
            None => return Ok(Some(Pending::moves(CHANGED))),
        }
    }
    let mut verified = None;
    for (name, moving) in account.moves.iter().filter(|(_, moving)| !moving.state.removes()) {
        let other = Place::other(name, &moving.other);
        let (Some(home), Some(copy)) = (seen.get(&Place::home(name)), seen.get(&other)) else {
            let why = unseen.environments.get(name).cloned();
            waiting.entry(name.clone()).or_insert_with(|| why.unwrap_or_else(|| CHANGED.to_owned()));
            continue;
        };
        let is_kept = kept.get(&other).is_some_and(|(memory, _)| memory == &copy.memory);
        let looked = match moves::verified(&account, (home, copy), is_kept) {
            Ok(()) => moves::stays_behind(inner, &account, name, &home.memory).await?,
            Err(why) => Some(why),
        };
        match looked {
            Some(why) => drop(waiting.insert(name.clone(), why)),
            None => verified = Some((name, moving)),
        }
    }
    let mut found = Vec::new();
    for (name, observation) in &seen {
        let (before, told) = kept.remove(name).unwrap_or_default();
        // A restoration is reported until its memory is kept: it is, only after the measures' receipts are committed.
        let unreported = restoring && matches!(observation.restoration, Restoration::Restored(_));
        let is_new = !unreported && before != observation.memory;
        let memory = is_new.then(|| json("memory", &observation.memory)).transpose()?;
        let waits_for = name.other.as_ref().and_then(|_| waiting.get(&name.environment)).cloned();
        let observed = Observed { waits_for, ..observed(observation) };
        let observed = Some(json("observed", &observed)?).filter(|observed| told.as_ref() != Some(observed));
        found.push((name.row(&account), memory, observed));
        if let Restoration::Pending { why } = &observation.restoration {
            pending.push(format!("{name}: {why}"));
        }
    }
    keep_found(inner, id, &found).await?;
    moves::keep_waiting(inner, &account, &waiting, &seen).await?;
    if let Some((name, moving)) = verified
        && let (Some(home), Some(copy)) =
            (seen.get(&Place::home(name)), seen.get(&Place::other(name, &moving.other)))
    {
        moves::confirm(inner, &account, (name, moving), (home, copy), version).await?;
        return Ok(Some(Pending::moves(CHANGED)));
    }
    pending.extend(waiting.into_iter().map(|(name, why)| format!("{name}, being moved: {why}")));
    if !unseen.environments.is_empty() {
        inner.metrics.pass_failures.inc();
        mark_unconfirmed(inner, id, |name| unseen.environments.get(name).cloned()).await?;
    }
    // What a pass can move on is looked at soon; what a cluster failed at is given time, and so is what others refuse.
    let moves = !pending.is_empty();
    let failed =
        !unseen.environments.is_empty() || seen.values().any(|observation| observation.retry.is_some());
    let again = match (moves, failed) {
        (true, _) => Again::Moves,
        (false, true) => Again::Failed,
        (false, false) => Again::Hindered,
    };
    pending.extend(unseen.environments.iter().map(|(name, why)| format!("{name}: {why}")));
    for (name, observation) in &seen {
        let waits = observation.retry.iter().chain(&observation.obstacles);
        pending.extend(waits.map(|why| format!("{name}: {why}")));
    }
    Ok((!pending.is_empty()).then(|| Pending { why: pending.join("; "), again }))
}

/// The environments that a pass could not look at, and why. One cluster that does not answer keeps nothing from happening
/// on the others.
#[derive(Default)]
pub(crate) struct Unseen {
    pub environments: BTreeMap<EnvironmentId, String>,
    /// Those from which something is being removed on another cluster, and what of it is pending.
    pub leaving: BTreeMap<EnvironmentId, String>,
    /// The clusters that failed at something in this pass: they are asked for nothing else in it.
    clusters: BTreeSet<ClusterId>,
}

impl Unseen {
    pub fn cluster_of<'a>(&self, inner: &'a Inner, name: &ClusterId) -> Result<&'a Cluster, String> {
        if self.clusters.contains(name) {
            return Err(format!(
                "another environment failed on the cluster {name}; this one is looked at again"
            ));
        }
        inner.clusters.reached(name)
    }

    /// Notes that a cluster failed at an environment. Where there is no other cluster the pass ends with that.
    pub fn failed(
        &mut self,
        inner: &Inner,
        (name, cluster): (&EnvironmentId, &ClusterId),
        error: EngineError,
    ) -> Result<(), EngineError> {
        // What is not the cluster's, such as a database that does not answer, ends the pass.
        if !inner.clusters.are_several() || !matches!(error, EngineError::Defect { .. }) {
            return Err(error);
        }
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::warn!(environment = %name, cluster = %cluster, %error, source, "the cluster does not follow yet");
        if let Some(known) = inner.clusters.get(cluster) {
            known.ask.notify_one();
        }
        self.clusters.insert(cluster.clone());
        self.environments.insert(name.clone(), error.to_string());
        Ok(())
    }

    /// Nothing is said of a measure where an environment that it is about could not be looked at.
    fn of(&self, measure: &Measure) -> Result<(), String> {
        let only = measure.proposal.scope.environment();
        let is_about = |name: &EnvironmentId| only.is_none_or(|only| only == name);
        if let Some((name, why)) = self.environments.iter().find(|(name, _)| is_about(name)) {
            return Err(format!("unconfirmed in {name}: {why}"));
        }
        match self.leaving.iter().find(|(name, _)| is_about(name)) {
            Some((name, why)) => Err(format!("{name} is being removed from {why}")),
            None => Ok(()),
        }
    }
}

/// Where something was looked at: an environment on the cluster that it lives on, or on the other one of its move.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub environment: EnvironmentId,
    /// The cluster, where it does not live there.
    pub other: Option<ClusterId>,
}

impl Place {
    pub fn home(environment: &EnvironmentId) -> Self {
        Self { environment: environment.clone(), other: None }
    }

    pub fn other(environment: &EnvironmentId, cluster: &ClusterId) -> Self {
        Self { environment: environment.clone(), other: Some(cluster.clone()) }
    }

    /// The name under which is kept what is known there.
    fn row(&self, account: &Account) -> String {
        match (&self.other, account.environments.get(&self.environment)) {
            (Some(cluster), Some(declared)) => moves::row(declared, &self.environment, cluster),
            _ => moves::home(account, &self.environment),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.other {
            Some(cluster) => write!(f, "{} on {cluster}", self.environment),
            None => self.environment.fmt(f),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a later pass has to look at again.
struct Pending {
    why: String,
    again: Again,
}

impl Pending {
    fn moves(why: &str) -> Self {
        Self { why: why.to_owned(), again: Again::Moves }
    }
}

/// Why a pass begins again.
pub(crate) const CHANGED: &str = "the account changed meanwhile";

/// A fresh permit for every measure that is to be in effect; a measure that gets none is left out, and so given back.
///
/// While the clock is in doubt, a permit has to hold at both moments that it can be: a provisional measure does not last
/// longer because of a doubt.
pub(crate) fn permits(account: &Account, look: &Look, book: &Book) -> Vec<Permit> {
    let actor = Actor::System(System::Cluster);
    let context = Context { now: look.now, actor: &actor, book };
    let latest = if look.doubt.is_some() { look.machine.max(look.now) } else { look.now };
    let at_latest = Context { now: latest, ..context };
    account
        .effective_measures()
        .filter_map(|measure| match account
            .permit(&measure.id, &at_latest)
            .and_then(|_| account.permit(&measure.id, &context))
        {
            Ok(permit) => Some(permit),
            Err(refused) => {
                tracing::warn!(measure = %measure.id, ?refused, "no permit: what it withholds is given back");
                None
            }
        })
        .collect()
}

/// The environments in which a measure has an effect.
fn concerned<'a>(
    measure: &'a Measure,
    seen: &'a BTreeMap<Place, Observation>,
) -> impl Iterator<Item = (&'a Place, &'a Observation)> {
    let only = measure.proposal.scope.environment();
    seen.iter().filter(move |(place, _)| only.is_none_or(|only| only == &place.environment))
}

fn enforced<'a>(
    measure: &'a Measure,
    seen: &'a BTreeMap<Place, Observation>,
) -> Result<BTreeMap<&'a Place, &'a StopReport>, String> {
    let mut reports = BTreeMap::new();
    for (name, observation) in concerned(measure, seen) {
        match observation.measures.get(&measure.id) {
            Some(Enforcement::Confirmed(report)) => {
                reports.insert(name, report.as_ref());
            }
            Some(Enforcement::Pending { why, unconfirmed: false }) => {
                return Err(format!("applying in {name}: {why}"));
            }
            Some(Enforcement::Pending { why, unconfirmed: true }) => {
                return Err(format!("applying (unconfirmed) in {name}: {why}"));
            }
            None => return Err(format!("applying in {name}: no permit")),
        }
    }
    Ok(reports)
}

fn restored<'a>(
    measure: &'a Measure,
    seen: &'a BTreeMap<Place, Observation>,
) -> Result<BTreeMap<&'a Place, &'a RestoreReport>, String> {
    let mut reports = BTreeMap::new();
    for (name, observation) in concerned(measure, seen) {
        match &observation.restoration {
            Restoration::Restored(report) if report.measures.contains(&measure.id) => {
                reports.insert(name, report.as_ref());
            }
            Restoration::Pending { why } => return Err(format!("being restored in {name}: {why}")),
            Restoration::None | Restoration::Restored(_) => {
                let known =
                    observation.memory.before.as_ref().is_some_and(|b| b.measures.contains(&measure.id));
                if known {
                    return Err(format!("being restored in {name}"));
                }
            }
        }
    }
    Ok(reports)
}

/// What a receipt says: the measure, and what was observed in each environment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Receipt<'a, R: Serialize> {
    #[serde(rename = "receipt")]
    of: &'static str,
    measure: &'a MeasureId,
    scope: &'a Scope,
    account_version: u64,
    observed_at: Timestamp,
    build: &'static str,
    environments: &'a BTreeMap<&'a Place, &'a R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'static str>,
}

fn sign<R: Serialize>(
    inner: &Inner,
    kept: &mut Kept,
    what: &'static str,
    (measure, version): (&Measure, u64),
    environments: &BTreeMap<&Place, &R>,
) -> Result<Blob, EngineError> {
    let receipt = Receipt {
        of: what,
        measure: &measure.id,
        scope: &measure.proposal.scope,
        account_version: version,
        observed_at: inner.clock.now(),
        build: env!("CARGO_PKG_VERSION"),
        environments,
        remark: environments.is_empty().then_some(
            "no environment of this scope was there, or had anything to put back: nothing was looked at",
        ),
    };
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("receipt", e);
    let mut text = serde_json::to_string_pretty(&receipt).map_err(|e| defect(&e))?;
    text.push('\n');
    let note =
        tenure_ledger::note::sign(&text, &inner.key.origin, &inner.key.signing).map_err(|e| defect(&e))?;
    Ok(kept.blob(RECEIPT_TYPE, note.into_bytes()))
}

async fn confirm_in_force(
    inner: &Arc<Inner>,
    measure: &Measure,
    reports: &BTreeMap<&Place, &StopReport>,
    version: u64,
) -> Result<Option<u64>, EngineError> {
    let mut kept = Kept::default();
    let receipt = sign(inner, &mut kept, "stop", (measure, version), reports)?;
    let command = Command::ConfirmInForce { measure: measure.id.clone(), receipt };
    confirm(inner, measure, command, kept, version).await
}

async fn confirm_restored(
    inner: &Arc<Inner>,
    measure: &Measure,
    reports: &BTreeMap<&Place, &RestoreReport>,
    version: u64,
) -> Result<Option<u64>, EngineError> {
    let mut kept = Kept::default();
    let receipt = sign(inner, &mut kept, "restoration", (measure, version), reports)?;
    let command = Command::ConfirmRestored { measure: measure.id.clone(), receipt };
    confirm(inner, measure, command, kept, version).await
}

/// Commits a receipt if the account is still as it was when it was looked at; the version after, or none where it has
/// changed.
async fn confirm(
    inner: &Arc<Inner>,
    measure: &Measure,
    command: Command,
    kept: Kept,
    version: u64,
) -> Result<Option<u64>, EngineError> {
    let act = Act::Account(measure.id.account().clone(), command);
    let mut submission = Submission::new(Caller::System(System::Cluster), act).keeping(kept);
    submission.if_version = Some(version);
    match inner.submit(submission).await {
        Ok(outcome) => Ok(version_after(&outcome)),
        Err(EngineError::Stale { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(crate) fn version_after(outcome: &Outcome) -> Option<u64> {
    match outcome {
        Outcome::Done(done, _) => done.account().map(|account| account.version),
        Outcome::Repeated(_) => None,
    }
}

async fn record_repairs(
    inner: &Arc<Inner>,
    id: &AccountId,
    environment: &EnvironmentId,
    observation: &Observation,
) -> Result<Option<u64>, EngineError> {
    if observation.repairs.is_empty() {
        return Ok(None);
    }
    let objects = observation
        .repairs
        .iter()
        .map(|r| format!("{}: {}{}", String::from(r.object.clone()), r.difference, by(r.manager.as_deref())))
        .map(|mut text| {
            while text.len() > 300 {
                text.pop();
            }
            text
        })
        .collect();
    let command = Command::RecordRepairs { environment: environment.clone(), objects };
    let act = Act::Account(id.clone(), command);
    let outcome = inner.submit(Submission::new(Caller::System(System::Cluster), act)).await?;
    Ok(version_after(&outcome))
}

fn by(manager: Option<&str>) -> String {
    manager.map(|m| format!(" (by {m})")).unwrap_or_default()
}

fn observed(observation: &Observation) -> Observed {
    let pending = observation
        .measures
        .iter()
        .filter_map(|(id, e)| match e {
            Enforcement::Pending { why, unconfirmed } => {
                Some((id.clone(), if *unconfirmed { format!("unconfirmed: {why}") } else { why.clone() }))
            }
            Enforcement::Confirmed(_) => None,
        })
        .collect();
    Observed {
        workloads: observation.workloads.clone(),
        snapshots: observation.snapshots.clone(),
        quota: observation.quota.clone(),
        pending,
        obstacles: observation.obstacles.clone(),
        waits_for: None,
        deleting: None,
    }
}

/// Law 13: while the cluster cannot be looked at, nobody is told that what was once seen still is.
async fn mark_unconfirmed(
    inner: &Inner,
    id: &AccountId,
    why: impl Fn(&EnvironmentId) -> Option<String>,
) -> Result<(), EngineError> {
    let account = inner.account(id).await?;
    for name in account.environments.keys() {
        let Some(why) = why(name) else { continue };
        let row = moves::home(&account, name);
        let Some((_, before)) = inner.store.environment(id.as_str(), &row).await? else { continue };
        let mut observed: Observed = from_json("observed", &before)?;
        for measure in account.effective_measures() {
            observed.pending.insert(measure.id.clone(), format!("unconfirmed: {why}"));
        }
        keep_observed(inner, id, &row, &observed).await?;
    }
    Ok(())
}

pub(crate) async fn keep_observed(
    inner: &Inner,
    id: &AccountId,
    row: &str,
    observed: &Observed,
) -> Result<(), EngineError> {
    let json = json("observed", observed)?;
    if let Some((_, before)) = inner.store.environment(id.as_str(), row).await?
        && before == json
    {
        return Ok(());
    }
    let mut write = inner.write_as_leader().await?;
    write.put_observed(id.as_str(), row, &json).await?;
    Ok(write.commit().await?)
}

#[cfg(test)]
mod tests;
