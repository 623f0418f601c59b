//! Bringing about what should exist, and removing what should not.

use serde_json::Value;

use crate::compare::{differences, intruders, is_as_declared, manager_of};
use crate::error::ClusterError;
use crate::gate;
use crate::inventory::{Entry, Kind, ObjectKey};
use crate::live::{mark, uid};
use crate::names;
use crate::pass::Pass;
use crate::render::Wanted;
use crate::report::Repair;

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
pub(crate) async fn one(pass: &mut Pass<'_>, wanted: &Wanted) -> Result<(), ClusterError> {
    let key = &wanted.key;
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
        if is_as_declared(key.kind, &wanted.object, found) {
            remember(pass, wanted, uid(found));
            return Ok(());
        }
    }
    pass.repairs.extend(repairs(wanted, found.as_ref(), known.as_ref()));
    pass.written.insert(key.clone());
    match (write(pass, wanted, found.as_ref()).await, &wanted.workload) {
        (Ok(applied), _) => {
            remember(pass, wanted, uid(&applied));
            pass.live.objects.insert(key.clone(), applied);
            Ok(())
        }
        (Err(error), Some(workload))
            if matches!(error.code(), Some(403 | 422)) || error.vetoed_by().is_some() =>
        {
            let said = error.refusal().unwrap_or_default();
            pass.refusals.insert(workload.clone(), format!("{key} was refused: {said}"));
            Ok(())
        }
        (Err(error), _) => pass.veto(&key.to_string(), error),
    }
}

fn remember(pass: &mut Pass<'_>, wanted: &Wanted, uid: &str) {
    let entry = Entry { uid: Some(uid.to_owned()), declared: wanted.declared.clone() };
    pass.memory.inventory.insert(wanted.key.clone(), entry);
}

/// What others changed. An object that differs because its declaration changed is no repair.
fn repairs(wanted: &Wanted, found: Option<&Value>, known: Option<&Entry>) -> Vec<Repair> {
    let key = &wanted.key;
    let repair = |difference: String, manager| Repair { object: key.clone(), difference, manager };
    match (found, known) {
        (None, Some(Entry { uid: Some(_), .. })) => vec![repair("was deleted".to_owned(), None)],
        (Some(_), None) => vec![repair("exists already: taken over".to_owned(), None)],
        (Some(found), Some(known)) if known.declared == wanted.declared => {
            let differing = differences(key.kind, &wanted.object, found);
            let intruder = intruders(key.kind, found).into_iter().next();
            let added = intruder.filter(|_| differing.is_empty());
            let added =
                added.map(|manager| repair("has fields that are not declared".to_owned(), Some(manager)));
            let changed = differing.iter().map(|d| repair(d.describe(), manager_of(found, &d.path)));
            changed.chain(added).collect()
        }
        _ => Vec::new(),
    }
}

/// Applies, and replaces what applying cannot take away: fields of others, and a default of the server that the declaration
/// no longer allows (a volume makes a Deployment `Recreate`, and the bounds of rolling updates have to go).
async fn write(pass: &Pass<'_>, wanted: &Wanted, found: Option<&Value>) -> Result<Value, ClusterError> {
    let key = &wanted.key;
    let mut current = match (pass.requests.apply(key, &wanted.object, found.map(uid)).await, found) {
        (Ok(applied), _) if is_as_declared(key.kind, &wanted.object, &applied) => return Ok(applied),
        (Ok(applied), _) => applied,
        (Err(error), Some(found)) if error.code() == Some(422) && key.kind == Kind::Deployment => {
            tracing::debug!(%key, %error, "it cannot be applied and is replaced");
            found.clone()
        }
        // What a binding refers to never changes: one that refers to something else is made anew.
        (Err(error), Some(found)) if error.code() == Some(422) && key.kind == Kind::RoleBinding => {
            pass.requests.delete(key, uid(found), None).await?;
            return pass.requests.apply(key, &wanted.object, None).await;
        }
        (Err(error), _) => return Err(error),
    };
    if !wanted.object["spec"].is_object() {
        return Ok(current);
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
    current["spec"] = wanted.object["spec"].clone();
    pass.requests.replace(key, &current).await
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
        pass.repairs.push(Repair { object: gate.clone(), difference, manager: None });
        remove(pass, &gate, &target).await?;
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
