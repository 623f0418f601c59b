//! Bringing about what should exist, and removing what should not.

use std::collections::BTreeSet;

use serde_json::Value;
use tenure_domain::name::WorkloadId;
use tenure_domain::workload::Workload;

use crate::compare::{Difference, differences, intruders, is_as_declared, manager_of};
use crate::error::ClusterError;
use crate::gate;
use crate::inventory::{Entry, Kind, ObjectKey};
use crate::live::{mark, text, uid};
use crate::names;
use crate::pass::Pass;
use crate::render::Wanted;
use crate::report::Repair;
use crate::snapshots;

/// So often no answer may come to a write of one object before the cluster is taken to be away.
const MOST_UNANSWERED: u32 = 2;

/// Notes what is about to be made, so that a crash leaves nothing that the inventory does not know.
pub(crate) fn note_intents(pass: &mut Pass<'_>) {
    for wanted in &pass.wanted {
        if !pass.live.objects.contains_key(&wanted.key) {
            let intent = Entry { uid: None, declared: wanted.declared.clone() };
            pass.memory.inventory.entry(wanted.key.clone()).or_insert(intent);
        }
    }
}

/// Makes every object as it should be.
pub(crate) async fn bring_about(pass: &mut Pass<'_>) -> Result<(), ClusterError> {
    for wanted in pass.wanted.clone() {
        one(pass, &wanted).await?;
    }
    Ok(())
}

/// Makes one object as it should be. What the cluster refuses of a workload is noted with the workload, so that it
/// hinders nothing else.
///
/// What never changes is removed and made anew by a later pass: a job with its pods, a stateful set with those that lack a
/// volume.
pub(crate) async fn one(pass: &mut Pass<'_>, wanted: &Wanted) -> Result<(), ClusterError> {
    let key = &wanted.key;
    if key.kind == Kind::VolumeSnapshot {
        return snapshots::one(pass, wanted).await;
    }
    let known = pass.memory.inventory.get(key).cloned();
    let found = pass.live.objects.get(key).cloned();
    if let Some(found) = &found {
        if key.kind == Kind::PersistentVolumeClaim && known.is_none() {
            let message = format!(
                "{key} exists and is not ours: its data was not touched; remove it or rename the workload"
            );
            pass.refusals.extend(wanted.workload.clone().map(|workload| (workload, message)));
            return Ok(());
        }
        if key.kind.is_made_anew() && !text(found, "/metadata/deletionTimestamp").is_empty() {
            pass.retry = Some(format!("{key} is being removed, to be made anew"));
            return Ok(());
        }
        if is_as_declared(key.kind, &wanted.object, found) {
            remember(pass, wanted, uid(found));
            return Ok(());
        }
    }
    if key.kind == Kind::StatefulSet && found.is_none() && has_pods_of_another_set(pass, wanted) {
        pass.retry = Some(format!("{key} waits until the pods of the one before it have ended"));
        return Ok(());
    }
    pass.repairs.extend(repairs(wanted, found.as_ref(), known.as_ref()));
    pass.written.insert(key.clone());
    match write(pass, wanted, found.as_ref()).await {
        Ok(Some(applied)) => {
            remember(pass, wanted, uid(&applied));
            pass.live.objects.insert(key.clone(), applied);
            Ok(())
        }
        Ok(None) => {
            // The next one is no repair of what we removed ourselves.
            let intent = Entry { uid: None, declared: wanted.declared.clone() };
            pass.memory.inventory.insert(key.clone(), intent);
            pass.live.objects.remove(key);
            pass.retry = Some(format!("{key} was removed, to be made anew"));
            Ok(())
        }
        Err(error) => {
            // What was refused was not put right.
            if error.vetoed_by().is_some() {
                pass.repairs.retain(|repair| &repair.object != key);
            }
            bear(pass, wanted, error)
        }
    }
}

/// Whether pods remain that belong to a set which is gone. They end with it, and hold the names of the next one's pods: made
/// beside them it would only fail, and try again ever more seldom.
fn has_pods_of_another_set(pass: &Pass<'_>, wanted: &Wanted) -> bool {
    let Some(workload) = &wanted.workload else { return false };
    pass.live.pods_of(workload).any(|pod| {
        let owners = pod.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        owners.into_iter().flatten().any(|owner| text(owner, "/kind") == Kind::StatefulSet.as_str())
    })
}

/// Notes what failed with the workloads that need it, so that it hinders no others; what is about the cluster as a whole
/// ends the pass.
fn bear(pass: &mut Pass<'_>, wanted: &Wanted, error: ClusterError) -> Result<(), ClusterError> {
    let key = &wanted.key;
    let concerned: Vec<WorkloadId> = match (&wanted.workload, key.kind) {
        (Some(workload), _) => vec![workload.clone()],
        (None, Kind::Secret) => {
            let reads = |spec: &Workload| {
                spec.secret_keys().any(|(_, secret)| names::secret(&secret.name) == key.name)
            };
            let all = pass.environment.workloads.iter();
            all.filter(|(_, spec)| reads(spec)).map(|(id, _)| id.clone()).collect()
        }
        (None, _) => return pass.veto(&key.to_string(), error),
    };
    if matches!(error, ClusterError::TimedOut { .. }) {
        pass.unanswered += 1;
    }
    if !error.is_of_one_object() || pass.unanswered > MOST_UNANSWERED {
        return Err(error);
    }
    let said = match error.refusal() {
        // What is said of a secret could repeat what is in it.
        Some(_) if key.kind == Kind::Secret => {
            format!("{key} was refused with status {}", error.code().unwrap_or_default())
        }
        Some(said) => format!("{key} was refused: {said}"),
        None => error.to_string(),
    };
    if !error.is_lasting() {
        pass.retry = Some(said.clone());
    }
    for workload in concerned {
        pass.refusals.entry(workload).or_insert_with(|| said.clone());
    }
    Ok(())
}

pub(crate) fn remember(pass: &mut Pass<'_>, wanted: &Wanted, uid: &str) {
    let entry = Entry { uid: Some(uid.to_owned()), declared: wanted.declared.clone() };
    pass.memory.inventory.insert(wanted.key.clone(), entry);
}

/// What others changed. An object that differs because its declaration changed is no repair.
fn repairs(wanted: &Wanted, found: Option<&Value>, known: Option<&Entry>) -> Vec<Repair> {
    let key = &wanted.key;
    let repair = |difference: String, manager| Repair { object: key.clone(), difference, manager };
    let describe = |difference: &Difference| {
        if key.kind == Kind::Secret {
            format!("{} is not as declared", difference.path.join("."))
        } else {
            difference.describe()
        }
    };
    match (found, known) {
        (None, Some(Entry { uid: Some(_), .. })) => vec![repair("was deleted".to_owned(), None)],
        (Some(_), None) => vec![repair("exists already: taken over".to_owned(), None)],
        (Some(found), Some(known)) if known.declared == wanted.declared => {
            let differing = differences(key.kind, &wanted.object, found);
            let intruder = intruders(key.kind, &wanted.object, found).into_iter().next();
            let added = intruder.filter(|_| differing.is_empty());
            let added =
                added.map(|manager| repair("has fields that are not declared".to_owned(), Some(manager)));
            let changed = differing.iter().map(|d| repair(describe(d), manager_of(found, &d.path)));
            changed.chain(added).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a cluster refused a change because what is to be changed never does.
fn is_fixed(error: &ClusterError) -> bool {
    let said = error.refusal().unwrap_or_default();
    error.code() == Some(422)
        && ["field is immutable", "updates to statefulset spec"].iter().any(|words| said.contains(words))
}

/// What the volumes are called that each pod of a stateful set gets.
fn claim_templates(set: &Value) -> BTreeSet<&str> {
    let templates = set.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
    templates.into_iter().flatten().map(|template| text(template, "/metadata/name")).collect()
}

/// Removes what cannot be changed, so that the next pass makes it anew: only where the cluster would take the new one.
async fn remove_to_make_anew(
    pass: &Pass<'_>,
    wanted: &Wanted,
    found: &Value,
    error: ClusterError,
) -> Result<Option<Value>, ClusterError> {
    let key = &wanted.key;
    let mut trial = wanted.object.clone();
    trial["metadata"]["name"] = Value::from(format!("{}--trial", key.name));
    if pass.requests.try_create(key.kind, &trial).await?.is_some() {
        return Err(error);
    }
    tracing::debug!(%key, %error, "it cannot be changed and is made anew");
    // A set takes over the pods of the one before only where they have the volumes that it gives; their data stays anyhow.
    let with_pods = key.kind == Kind::Job || claim_templates(found) != claim_templates(&wanted.object);
    pass.requests.delete_to_make_anew(key, uid(found), with_pods).await?;
    Ok(None)
}

/// Applies, and replaces what applying cannot take away: fields of others, and a default of the server that the declaration
/// no longer allows (a volume makes a Deployment `Recreate`, and the bounds of rolling updates have to go). Nothing where it
/// was removed, to be made anew.
async fn write(
    pass: &Pass<'_>,
    wanted: &Wanted,
    found: Option<&Value>,
) -> Result<Option<Value>, ClusterError> {
    let key = &wanted.key;
    let mut current = match (pass.requests.apply(key, &wanted.object, found.map(uid)).await, found) {
        (Ok(applied), _) if is_as_declared(key.kind, &wanted.object, &applied) => return Ok(Some(applied)),
        (Ok(applied), _) => applied,
        (Err(error), Some(found)) if key.kind.is_made_anew() && is_fixed(&error) => {
            return remove_to_make_anew(pass, wanted, found, error).await;
        }
        (Err(error), Some(found)) if error.code() == Some(422) && key.kind == Kind::Deployment => {
            tracing::debug!(%key, %error, "it cannot be applied and is replaced");
            found.clone()
        }
        // What a binding refers to never changes: one that refers to something else is made anew.
        (Err(error), Some(found)) if error.code() == Some(422) && key.kind == Kind::RoleBinding => {
            pass.requests.delete(key, uid(found), None).await?;
            return pass.requests.apply(key, &wanted.object, None).await.map(Some);
        }
        (Err(error), _) => return Err(error),
    };
    // Most of what a job holds is the server's own and never changes.
    if !wanted.object["spec"].is_object() || key.kind == Kind::Job {
        return Ok(Some(current));
    }
    if let Some(metadata) = current.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        // What controllers write meanwhile is no reason to begin again; the UID still says which object is meant.
        metadata.remove("resourceVersion");
    }
    for part in ["labels", "annotations"] {
        if let Some(declared) = wanted.object["metadata"][part].as_object() {
            for (name, value) in declared {
                current["metadata"][part][name] = value.clone();
            }
        }
    }
    current["apiVersion"] = wanted.object["apiVersion"].clone();
    current["kind"] = wanted.object["kind"].clone();
    let scaled_to = current.pointer("/spec/replicas").cloned();
    current["spec"] = wanted.object["spec"].clone();
    if let (None, Some(replicas)) = (wanted.object.pointer("/spec/replicas"), scaled_to) {
        current["spec"]["replicas"] = replicas;
    }
    pass.requests.replace(key, &current).await.map(Some)
}

/// Removes what the inventory knows and what should not exist. A volume claim is never removed, and stays known.
pub(crate) async fn prune(pass: &mut Pass<'_>) -> Result<(), ClusterError> {
    let is_wanted = |key: &ObjectKey| pass.wanted.iter().any(|wanted| &wanted.key == key);
    let gate = ObjectKey::new(Kind::ResourceQuota, names::GATE);
    let superfluous: Vec<(ObjectKey, Entry)> = pass
        .memory
        .inventory
        .iter()
        .filter(|(key, _)| key.kind != Kind::PersistentVolumeClaim && !is_wanted(key))
        .filter(|(key, _)| key.kind != Kind::VolumeSnapshot || !pass.snapshots.unserved)
        .map(|(key, entry)| (key.clone(), entry.clone()))
        .collect();
    for (key, entry) in superfluous {
        let found = pass.live.objects.get(&key);
        let target = match (&entry.uid, found) {
            (Some(known), Some(found)) => (uid(found) == known).then(|| known.clone()),
            // We were about to make it; whether that is the one we made, our annotation tells.
            (None, Some(found)) => mark(found, "annotations", names::DECLARED).map(|_| uid(found).to_owned()),
            (_, None) => None,
        };
        if let Some(target) = target {
            remove(pass, &key, &target).await?;
        }
        // What a webhook keeps is not forgotten.
        if !pass.vetoes.iter().any(|veto| veto.object == key.to_string()) {
            pass.memory.inventory.remove(&key);
        }
    }
    // A gate in our namespace that no permit allows is removed whatever the inventory knows: it would go on
    // stopping an account whose measures have ended, for instance when the store came back from a backup.
    let is_tried = pass.vetoes.iter().any(|veto| veto.object == gate.to_string());
    let unwanted = pass.live.objects.get(&gate).filter(|_| !is_tried && !is_wanted_in(&pass.wanted, &gate));
    if let Some(found) = unwanted {
        let (target, difference) = (uid(found).to_owned(), "no permit allows it".to_owned());
        let repair = Repair { object: gate.clone(), difference, manager: None };
        pass.repairs.push(repair.clone());
        remove(pass, &gate, &target).await?;
        // One that a webhook keeps, and that was opened before, is told as what stands in the way.
        if !pass.written.contains(&gate) {
            pass.repairs.retain(|told| told != &repair);
        }
    }
    Ok(())
}

fn is_wanted_in(wanted: &[Wanted], key: &ObjectKey) -> bool {
    wanted.iter().any(|wanted| &wanted.key == key)
}

async fn remove(pass: &mut Pass<'_>, key: &ObjectKey, target: &str) -> Result<(), ClusterError> {
    match pass.requests.delete(key, target, None).await {
        Err(error) if error.vetoed_by().is_some() && key.name == names::GATE => {
            pass.veto(&key.to_string(), error)?;
            gate::open_without_removing(pass, key, target).await?;
        }
        Err(error) => pass.veto(&key.to_string(), error)?,
        Ok(_) => {
            pass.live.objects.remove(key);
            pass.written.insert(key.clone());
        }
    }
    Ok(())
}
