//! Bringing about what should exist, and removing what should not.

use crate::compare::{differences, manager_of};
use crate::error::ClusterError;
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
    let known = pass.memory.inventory.get(key);
    let found = pass.live.objects.get(key);
    if key.kind == Kind::PersistentVolumeClaim && found.is_some() && known.is_none() {
        let message = format!("{key} exists and is not ours: its data was not touched; remove it or rename the workload");
        pass.refusals.extend(wanted.workload.clone().map(|workload| (workload, message)));
        return Ok(());
    }
    let as_declared_before = known.is_some_and(|entry| entry.declared == wanted.declared);
    let was_made = known.is_some_and(|entry| entry.uid.is_some());
    let precondition = match found {
        Some(found) => {
            let differing = differences(key.kind, &wanted.object, found);
            if differing.is_empty() {
                let entry = Entry { uid: Some(uid(found).to_owned()), declared: wanted.declared.clone() };
                pass.memory.inventory.insert(key.clone(), entry);
                return Ok(());
            }
            if known.is_none() {
                let difference = "exists already: taken over".to_owned();
                pass.repairs.push(Repair { object: key.clone(), difference, manager: None });
            } else if as_declared_before {
                for difference in &differing {
                    pass.repairs.push(Repair {
                        object: key.clone(),
                        difference: difference.describe(),
                        manager: manager_of(found, &difference.path),
                    });
                }
            }
            Some(uid(found).to_owned())
        }
        None => {
            if was_made {
                let difference = "was deleted".to_owned();
                pass.repairs.push(Repair { object: key.clone(), difference, manager: None });
            }
            None
        }
    };
    pass.written.insert(key.clone());
    match pass.requests.apply(key, &wanted.object, precondition.as_deref()).await {
        Ok(applied) => {
            let entry = Entry { uid: Some(uid(&applied).to_owned()), declared: wanted.declared.clone() };
            pass.memory.inventory.insert(key.clone(), entry);
            pass.live.objects.insert(key.clone(), applied);
            Ok(())
        }
        Err(error) => match (&wanted.workload, error.code()) {
            (Some(workload), Some(403 | 422)) => {
                let said = error.refusal().unwrap_or_default().to_owned();
                pass.refusals.insert(workload.clone(), format!("{key} was refused: {said}"));
                Ok(())
            }
            _ => Err(error),
        },
    }
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
        pass.memory.inventory.remove(&key);
    }
    // A gate in our namespace that no permit allows is removed whatever the inventory knows: it would go on
    // stopping an account whose measures have ended, for instance when the store came back from a backup.
    if let Some(found) = pass.live.objects.get(&gate).filter(|_| !is_wanted_in(&pass.wanted, &gate)) {
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
    pass.requests.delete(key, target, None).await?;
    pass.live.objects.remove(key);
    pass.written.insert(key.clone());
    Ok(())
}
