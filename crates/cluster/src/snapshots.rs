//! Snapshots of volumes: made once, looked at, never made anew, and what volumes are made from.
//!
//! The API is the CSI snapshotter's, which not every cluster has, so nothing here is asked where no snapshot is declared.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenure_domain::name::{SnapshotId, WorkloadId};

use crate::apply::remember;
use crate::compare::differences;
use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{mark, number, text, uid};
use crate::names;
use crate::pass::Pass;
use crate::render::Wanted;
use crate::report::Repair;
use crate::requests::Requests;

/// The group of the snapshotter's API.
const GROUP: &str = "snapshot.storage.k8s.io";

/// How a snapshot is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotSeen {
    /// In one word.
    pub state: SnapshotState,
    /// Why it is not ready, where that is known, in the cluster's words where it said some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The least size of a volume that is made from it, as Kubernetes writes quantities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_size: Option<String>,
    /// When the storage took it, UTC, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Timestamp>,
}

/// How a snapshot is doing, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SnapshotState {
    /// It is being taken.
    Pending,
    /// Volumes can be made from it.
    Ready,
    /// The cluster refused it, or failed at it; it goes on trying where that can pass.
    Failed,
    /// It was there, and somebody deleted it. It is not made anew: the volume holds something else by now.
    Lost,
}

/// What a pass learned of snapshots besides the objects.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    /// Whether the cluster has no such API, so that nothing can be said of those that were made before.
    pub unserved: bool,
    /// Those that are gone.
    lost: BTreeSet<ObjectKey>,
    /// Why something was not made.
    waits: BTreeMap<ObjectKey, String>,
    /// What the cluster refused.
    refused: BTreeMap<ObjectKey, String>,
}

/// Why the cluster takes no snapshots, where it cannot.
pub(crate) async fn unable(requests: &Requests) -> Result<Option<String>, ClusterError> {
    match requests.resource(Kind::VolumeSnapshot).await {
        Ok(_) => Ok(None),
        Err(ClusterError::NotServed { .. }) => Ok(Some(not_served())),
        Err(error) => Err(error),
    }
}

fn not_served() -> String {
    format!(
        "this cluster takes no snapshots: it does not serve {GROUP}, which a CSI snapshotter brings along"
    )
}

/// Reads the snapshots that are there, where one is declared or known, and holds back the volumes that cannot be made from
/// theirs yet.
pub(crate) async fn read(pass: &mut Pass<'_>) -> Result<(), ClusterError> {
    let declared = pass.wanted.iter().any(|wanted| wanted.key.kind == Kind::VolumeSnapshot);
    if declared || pass.memory.inventory.keys().any(|key| key.kind == Kind::VolumeSnapshot) {
        match pass.requests.list(Kind::VolumeSnapshot).await {
            Ok(all) => {
                for object in all {
                    let key = ObjectKey::new(Kind::VolumeSnapshot, text(&object, "/metadata/name"));
                    pass.live.objects.insert(key, object);
                }
            }
            Err(ClusterError::NotServed { .. }) => pass.snapshots.unserved = true,
            Err(error) if error.code() == Some(404) => pass.snapshots.unserved = true,
            Err(error) => return Err(error),
        }
    }
    sources(pass);
    Ok(())
}

/// What a claim is made from never changes, and says nothing once it is there. One that is not there yet waits for its
/// snapshot, and what needs it waits too: it never begins on an empty volume.
fn sources(pass: &mut Pass<'_>) {
    let mut held: BTreeMap<WorkloadId, String> = BTreeMap::new();
    for n in 0..pass.wanted.len() {
        let wanted = &pass.wanted[n];
        if wanted.key.kind != Kind::PersistentVolumeClaim {
            continue;
        }
        let from = text(&wanted.object, "/spec/dataSource/name").to_owned();
        let there =
            pass.live.objects.get(&wanted.key).map(|claim| claim.pointer("/spec/dataSource").cloned());
        let why = match there {
            Some(source) => {
                let same = source.as_ref().is_some_and(|source| text(source, "/name") == from);
                let why = (!from.is_empty() && !same).then(|| {
                    format!(
                        "{} is there already and is not made from {from}: its data was left alone; give the volume another name",
                        wanted.key
                    )
                });
                if let Some(spec) = pass.wanted[n].object.get_mut("spec").and_then(Value::as_object_mut) {
                    match source {
                        Some(source) => spec.insert("dataSource".to_owned(), source),
                        None => spec.remove("dataSource"),
                    };
                }
                why
            }
            None if from.is_empty() => None,
            None => not_ready(pass, &from).map(|why| format!("{} waits: {why}", wanted.key)),
        };
        if let (Some(why), Some(workload)) = (why, pass.wanted[n].workload.clone()) {
            held.entry(workload).or_insert(why);
        }
    }
    if held.is_empty() {
        return;
    }
    let live = &pass.live.objects;
    // What is there already stays as it is.
    let is_held = |wanted: &Wanted| {
        let needs =
            wanted.key.kind == Kind::PersistentVolumeClaim || Kind::CARRIERS.contains(&wanted.key.kind);
        let of = wanted.workload.as_ref();
        needs && !live.contains_key(&wanted.key) && of.is_some_and(|workload| held.contains_key(workload))
    };
    pass.wanted.retain(|wanted| !is_held(wanted));
    pass.declared.retain(|wanted| !is_held(wanted));
    // A set would make the claims that are missing by itself, empty.
    for wanted in pass.wanted.iter_mut().filter(|wanted| wanted.key.kind == Kind::StatefulSet) {
        let has = pass.live.objects.get(&wanted.key).map(|set| number(set, "/spec/replicas"));
        let is_held = wanted.workload.as_ref().is_some_and(|workload| held.contains_key(workload));
        if let Some(has) = has.filter(|has| is_held && number(&wanted.object, "/spec/replicas") > *has) {
            wanted.object["spec"]["replicas"] = json!(has);
        }
    }
    for (workload, why) in held {
        pass.retry.get_or_insert_with(|| why.clone());
        pass.refusals.entry(workload).or_insert(why);
    }
}

/// Why nothing can be made from a snapshot now.
fn not_ready(pass: &Pass<'_>, name: &str) -> Option<String> {
    let key = ObjectKey::new(Kind::VolumeSnapshot, name);
    let known = pass.memory.inventory.get(&key).and_then(|entry| entry.uid.as_deref());
    let found = pass.live.objects.get(&key).filter(|found| known == Some(uid(found)));
    match found {
        Some(found) if is_ready(found) => None,
        Some(found) => Some(failure(found).unwrap_or_else(|| format!("{key} is not ready"))),
        None if pass.snapshots.unserved => Some(not_served()),
        None => Some(format!("{key} is not there")),
    }
}

fn is_ready(snapshot: &Value) -> bool {
    snapshot.pointer("/status/readyToUse").and_then(Value::as_bool) == Some(true)
}

/// What the cluster said when it failed at a snapshot.
fn failure(snapshot: &Value) -> Option<String> {
    snapshot.pointer("/status/error").map(|error| {
        let said = text(error, "/message");
        if said.is_empty() {
            "it failed, and the cluster does not say why".to_owned()
        } else {
            said.to_owned()
        }
    })
}

/// Makes one snapshot, once. One that is there keeps its labels; one that was there is lost.
pub(crate) async fn one(pass: &mut Pass<'_>, wanted: &Wanted) -> Result<(), ClusterError> {
    let key = &wanted.key;
    if pass.snapshots.unserved {
        pass.snapshots.refused.insert(key.clone(), not_served());
        return Ok(());
    }
    let known = pass.memory.inventory.get(key).and_then(|entry| entry.uid.clone());
    let found = pass.live.objects.get(key).cloned();
    match (known, found) {
        (Some(known), Some(found)) if uid(&found) == known && !is_ending(&found) => {
            keep(pass, wanted, &found).await
        }
        (Some(_), _) => {
            pass.snapshots.lost.insert(key.clone());
            Ok(())
        }
        // Made just before a crash: our annotation tells.
        (None, Some(found)) if mark(&found, "annotations", names::DECLARED) == Some(&wanted.declared) => {
            remember(pass, wanted, uid(&found));
            Ok(())
        }
        (None, Some(_)) => {
            let said = format!("{key} is there and is not ours: it was left alone");
            pass.snapshots.refused.insert(key.clone(), said);
            Ok(())
        }
        (None, None) => make(pass, wanted).await,
    }
}

fn is_ending(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

async fn make(pass: &mut Pass<'_>, wanted: &Wanted) -> Result<(), ClusterError> {
    let key = &wanted.key;
    let claim = text(&wanted.object, "/spec/source/persistentVolumeClaimName");
    let claim = ObjectKey::new(Kind::PersistentVolumeClaim, claim);
    let ours = pass.memory.inventory.get(&claim).and_then(|entry| entry.uid.as_deref());
    if pass.live.objects.get(&claim).is_none_or(|found| ours != Some(uid(found))) {
        pass.snapshots
            .waits
            .insert(key.clone(), format!("{claim}, of which it is to be taken, is not there"));
        return Ok(());
    }
    match pass.requests.create(Kind::VolumeSnapshot, &wanted.object).await {
        Ok(Some(made)) => {
            remember(pass, wanted, uid(&made));
            pass.written.insert(key.clone());
            pass.live.objects.insert(key.clone(), made);
            Ok(())
        }
        // Somebody made one of that name just now: the next pass tells.
        Ok(None) => Ok(()),
        Err(error) => bear(pass, key, error),
    }
}

/// Notes what failed of one snapshot, so that it hinders nothing else; what is about more than that ends the pass.
fn bear(pass: &mut Pass<'_>, key: &ObjectKey, error: ClusterError) -> Result<(), ClusterError> {
    if !error.is_of_one_object() || matches!(error, ClusterError::TimedOut { .. }) {
        return Err(error);
    }
    let said = error.refusal().map_or_else(|| error.to_string(), |said| format!("{key} was refused: {said}"));
    if !error.is_lasting() {
        pass.retry = Some(said.clone());
    }
    pass.snapshots.refused.insert(key.clone(), said);
    Ok(())
}

/// Puts labels and annotations back that somebody changed. The rest never changes once it is made.
async fn keep(pass: &mut Pass<'_>, wanted: &Wanted, found: &Value) -> Result<(), ClusterError> {
    let key = &wanted.key;
    let marks = |object: &Value| json!({"metadata": {"labels": object["metadata"]["labels"], "annotations": object["metadata"]["annotations"]}});
    let differing = differences(key.kind, &marks(&wanted.object), found);
    if differing.is_empty() {
        remember(pass, wanted, uid(found));
        return Ok(());
    }
    for difference in &differing {
        let (object, difference) = (key.clone(), difference.describe());
        pass.repairs.push(Repair { object, difference, manager: None });
    }
    pass.written.insert(key.clone());
    match pass.requests.merge(key, uid(found), marks(&wanted.object), false).await {
        Ok(kept) => {
            remember(pass, wanted, uid(&kept));
            pass.live.objects.insert(key.clone(), kept);
            Ok(())
        }
        Err(error) => bear(pass, key, error),
    }
}

/// How each declared snapshot is doing.
pub(crate) fn seen(pass: &mut Pass<'_>) -> BTreeMap<SnapshotId, SnapshotSeen> {
    let declared = pass.environment.snapshots.iter().filter(|(_, snapshot)| snapshot.lost.is_none());
    let all: BTreeMap<SnapshotId, SnapshotSeen> =
        declared.map(|(id, _)| (id.clone(), one_seen(pass, id))).collect();
    if let Some(waits) = all.iter().find(|(_, seen)| seen.state == SnapshotState::Pending) {
        let said = waits.1.message.clone().unwrap_or_else(|| format!("{} is not ready yet", waits.0));
        pass.retry.get_or_insert(said);
    }
    all
}

fn one_seen(pass: &Pass<'_>, id: &SnapshotId) -> SnapshotSeen {
    let key = ObjectKey::new(Kind::VolumeSnapshot, names::snapshot(id));
    let learned = &pass.snapshots;
    let found = pass.live.objects.get(&key);
    let status =
        |field: &str| found.map(|found| text(found, &format!("/status/{field}"))).filter(|t| !t.is_empty());
    let (state, message) = if learned.lost.contains(&key) {
        let said = "somebody deleted it in the cluster: it is not made anew, as the volume may hold something else by now";
        (SnapshotState::Lost, Some(said.to_owned()))
    } else if let Some(refused) = learned.refused.get(&key) {
        (SnapshotState::Failed, Some(refused.clone()))
    } else if found.is_some_and(is_ready) {
        (SnapshotState::Ready, None)
    } else if let Some(failed) = found.and_then(failure) {
        (SnapshotState::Failed, Some(failed))
    } else {
        (SnapshotState::Pending, learned.waits.get(&key).cloned())
    };
    SnapshotSeen {
        state,
        message,
        restore_size: status("restoreSize").map(str::to_owned),
        taken_at: status("creationTime").and_then(|at| at.parse().ok()),
    }
}

/// What becomes of the storage of a snapshot that is deleted: told where its class keeps it, or where that cannot be seen.
pub(crate) async fn remains(requests: &Requests, snapshot: &Value) -> Result<Option<String>, ClusterError> {
    let name = text(snapshot, "/status/boundVolumeSnapshotContentName");
    if name.is_empty() {
        return Ok(None);
    }
    let version = requests.resource(Kind::VolumeSnapshot).await?.version;
    let content = requests.document(&format!("/apis/{GROUP}/{version}/volumesnapshotcontents/{name}")).await;
    let of = text(snapshot, "/metadata/name");
    match content {
        Ok(None) => Ok(None),
        Ok(Some(content)) if text(&content, "/spec/deletionPolicy") != "Retain" => Ok(None),
        Ok(Some(_)) => Ok(Some(format!(
            "VolumeSnapshotContent/{name} of VolumeSnapshot/{of}: its class retains what the storage holds of it"
        ))),
        Err(error) if error.code().is_some() => Ok(Some(format!(
            "VolumeSnapshotContent/{name} of VolumeSnapshot/{of} cannot be read: whether its class retains what the storage holds of it is not known"
        ))),
        Err(error) => Err(error),
    }
}
