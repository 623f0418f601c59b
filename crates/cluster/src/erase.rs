//! Deleting an environment: by the stored inventory of UIDs, workloads first, then volumes, and the namespace last.
//!
//! A pass can end at any point: what is about to be deleted was kept before, and the next one goes on from what is
//! there. Everything takes the [`ErasePermit`]; nothing else in this crate deletes what persists.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use tenure_domain::permit::ErasePermit;

use crate::access;
use crate::contents::{Contents, ForeignObject, array};
use crate::environment::Environment;
use crate::erasure::{EraseReport, Erased, Erasing, Erasure, Gone, VolumeErased};
use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{mark, text, uid};
use crate::memory::{Keep, Memory};
use crate::names::CLAIM;
use crate::observe::build;
use crate::report::REPORT_VERSION;
use crate::requests::Requests;
use crate::snapshots;
use crate::stop::RETAIN;

/// The policy under which the cluster deletes a volume's storage once its claim is gone.
const DELETE: &str = "Delete";

/// What bounds the environment goes with its namespace, so that nothing can start in it before.
const ENVELOPE: [Kind; 4] =
    [Kind::ServiceAccount, Kind::ResourceQuota, Kind::LimitRange, Kind::NetworkPolicy];

/// What holds data goes last, when nothing writes any more.
const KEEPS_DATA: [Kind; 2] = [Kind::VolumeSnapshot, Kind::PersistentVolumeClaim];

struct Pass<'a> {
    requests: Requests,
    environment: &'a Environment,
    permit: &'a ErasePermit,
    memory: Memory,
    kept: Memory,
    keep: &'a dyn Keep,
    now: Timestamp,
}

/// What is still to be waited for; nothing where a step is done.
type Step = Result<Option<Waits>, ClusterError>;

struct Waits {
    why: String,
    foreign: Vec<ForeignObject>,
}

#[expect(clippy::unnecessary_wraps, reason = "a step ends with it")]
fn wait(why: impl Into<String>) -> Step {
    Ok(Some(Waits { why: why.into(), foreign: Vec::new() }))
}

pub(crate) async fn run(
    requests: Requests,
    environment: &Environment,
    permit: &ErasePermit,
    memory: Memory,
    keep: &dyn Keep,
    now: Timestamp,
) -> Result<Erased, ClusterError> {
    memory.check()?;
    if permit.account() != &environment.account || !permit.covers(&environment.id) {
        return Err(ClusterError::ForeignErasure {
            permit: permit.account().clone(),
            namespace: environment.namespace(),
        });
    }
    let mut pass = Pass { requests, environment, permit, kept: memory.clone(), memory, keep, now };
    let state = match pass.step().await? {
        Some(Waits { why, foreign }) => Erasing::Pending { why, foreign },
        None => Erasing::Done(Box::new(pass.report().await?)),
    };
    pass.keep().await?;
    Ok(Erased { state, writes: pass.requests.writes(), memory: pass.memory })
}

impl Pass<'_> {
    async fn keep(&mut self) -> Result<(), ClusterError> {
        if self.memory != self.kept {
            self.keep.keep(&self.memory).await?;
            self.kept = self.memory.clone();
        }
        Ok(())
    }

    fn erasure(&mut self) -> &mut Erasure {
        let now = self.now;
        self.memory.erasure.get_or_insert_with(|| Erasure::new(now))
    }

    async fn step(&mut self) -> Step {
        let name = self.requests.namespace().to_owned();
        let found = self.requests.get(Kind::Namespace, &name).await?;
        let made_before_a_crash = |found: &Value| {
            let claim = self.memory.claim.as_deref();
            claim.is_some_and(|claim| mark(found, "annotations", CLAIM) == Some(claim))
        };
        let known = match (&self.memory.namespace_uid, &found) {
            (Some(known), _) => Some(known.clone()),
            (None, Some(found)) if made_before_a_crash(found) => Some(uid(found).to_owned()),
            (None, _) => None,
        };
        let Some(known) = known else {
            self.erasure();
            return match found {
                None => Ok(None),
                // The name was another's when we began: nothing of ours was ever there.
                Some(found) if self.permit.spares_data() && self.was_never_made() => {
                    let left =
                        format!("namespace {name} (uid {}) is not ours: it was left alone", uid(&found));
                    self.erasure().remains.insert(left);
                    Ok(None)
                }
                // Law 7: what we have forgotten, or never made, is not ours to delete.
                Some(found) => wait(format!(
                    "namespace {name} (uid {}) exists, and nothing kept here says that it is ours: nothing in it is deleted; \
                     restore what was kept of the environment, or remove the namespace by hand",
                    uid(&found)
                )),
            };
        };
        if self.permit.spares_data()
            && let Some(key) = self.memory.inventory.iter().find_map(|(key, entry)| {
                (KEEPS_DATA.contains(&key.kind) && entry.uid.is_some()).then_some(key)
            })
        {
            return wait(format!("{key} keeps data, and this permits to delete none: nothing is deleted"));
        }
        self.memory.namespace_uid = Some(known.clone());
        self.erasure();
        let ours = found.as_ref().filter(|found| uid(found) == known);
        if let Some(found) = ours.filter(|found| text(found, "/metadata/deletionTimestamp").is_empty()) {
            self.note_volumes().await?;
            self.keep().await?;
            if !self.erasure().looked {
                if let Some(waits) = self.look().await? {
                    return Ok(Some(waits));
                }
                self.erasure().looked = true;
                self.keep().await?;
            }
            self.end_access().await?;
            if let Some(waits) = self.objects(|kind| !KEEPS_DATA.contains(&kind)).await? {
                return Ok(Some(waits));
            }
            if let Some(waits) = self.pods().await? {
                return Ok(Some(waits));
            }
            // What the storage still reads of a volume holds its claim.
            if let Some(waits) = self.objects(|kind| kind == Kind::VolumeSnapshot).await? {
                return Ok(Some(waits));
            }
            if let Some(waits) = self.objects(|kind| kind == Kind::PersistentVolumeClaim).await? {
                return Ok(Some(waits));
            }
            if let Some(waits) = self.volumes().await? {
                return Ok(Some(waits));
            }
            // Something may have come in since.
            if let Some(waits) = self.look().await? {
                return Ok(Some(waits));
            }
            let key = ObjectKey::new(Kind::Namespace, &name);
            self.requests.delete(&key, uid(found), None).await?;
            return wait(format!("namespace {name} was told to end"));
        }
        if let Some(ending) = ours {
            return wait(format!("namespace {name} is ending{}", conditions(ending)));
        }
        if let Some(other) = &found {
            let left =
                format!("namespace {name} (uid {}) is another one than ours: it was left alone", uid(other));
            self.erasure().remains.insert(left);
        }
        self.note_retained_volumes().await?;
        self.all_gone();
        self.keep().await?;
        self.volumes().await
    }

    /// Whether the namespace was about to be made and never was.
    fn was_never_made(&self) -> bool {
        self.memory.claim.is_some() && self.memory.inventory.values().all(|entry| entry.uid.is_none())
    }

    /// Ends the tenants' own access to an open environment, before anything of it is taken away.
    async fn end_access(&mut self) -> Result<(), ClusterError> {
        if !self.memory.inventory.keys().any(|key| key.kind == Kind::RoleBinding) {
            return Ok(());
        }
        let whose = (&self.environment.account, &self.environment.id);
        let ended = access::end_identities(&self.requests, whose).await?;
        let now = self.now;
        let erasure = self.erasure();
        erasure.gone.extend(ended.into_iter().map(|(object, uid)| Gone { object, uid, at: now }));
        Ok(())
    }

    /// Names what is none of ours and of which nobody decided anything. Deletes nothing.
    async fn look(&mut self) -> Step {
        let contents = Contents::read(&self.requests).await?;
        let (permit, environment) = (self.permit, &self.environment.id);
        let foreign = contents.foreign(&self.memory, |uid| permit.includes(environment, uid));
        let included = contents.items.iter().filter(|item| permit.includes(environment, &item.uid));
        let included: Vec<_> = included
            .map(|item| {
                (ForeignObject { object: item.object.clone(), uid: item.uid.clone() }, item.path.clone())
            })
            .collect();
        let named: Vec<&str> = foreign.iter().take(10).map(|one| one.object.as_str()).collect();
        let more = if foreign.len() > named.len() { ", …" } else { "" };
        let mut missing = Vec::new();
        if !foreign.is_empty() {
            missing.push(format!(
                "{} objects in the namespace are none of ours: {}{more}; nothing is deleted before they are removed, or \
                 people decide that they go too",
                foreign.len(),
                named.join(", ")
            ));
        }
        missing.extend(contents.unseen);
        if !missing.is_empty() {
            return Ok(Some(Waits { why: missing.join("; "), foreign }));
        }
        for (one, path) in included {
            self.erasure().included.insert(one.clone());
            self.keep().await?;
            if let Err(error) = self.requests.delete_at(&path, &one.uid, false).await {
                match error.refusal() {
                    Some(said) => return wait(format!("{} is not deleted: {said}", one.object)),
                    None => return Err(error),
                }
            }
        }
        Ok(None)
    }

    /// Deletes the objects of the inventory of some kinds, and waits until they are gone.
    async fn objects(&mut self, of: impl Fn(Kind) -> bool) -> Step {
        let ours: Vec<(ObjectKey, String)> = self
            .memory
            .inventory
            .iter()
            .filter(|(key, _)| of(key.kind) && key.kind.is_namespaced() && !ENVELOPE.contains(&key.kind))
            .filter_map(|(key, entry)| Some((key.clone(), entry.uid.clone()?)))
            .filter(|(_, uid)| !self.memory.erasure.as_ref().is_some_and(|erasure| erasure.is_gone(uid)))
            .collect();
        let mut waits = Vec::new();
        for (key, known) in ours {
            let found = match self.requests.get(key.kind, &key.name).await {
                // What a cluster no longer serves went with its definition.
                Err(ClusterError::NotServed { .. }) => None,
                other => other?,
            };
            match found.filter(|found| uid(found) == known) {
                None => {
                    let gone = Gone { object: key, uid: known, at: self.now };
                    self.erasure().gone.push(gone);
                }
                Some(found) if !text(&found, "/metadata/deletionTimestamp").is_empty() => {
                    waits.push(format!("{key} is ending{}", held(&found)));
                }
                // What it owns goes too, whatever the default of its kind.
                Some(found) => {
                    if key.kind == Kind::VolumeSnapshot
                        && let Some(remains) = snapshots::remains(&self.requests, &found).await?
                    {
                        self.erasure().remains.insert(remains);
                        self.keep().await?;
                    }
                    match self.requests.delete_at(&self.requests.path(&key).await?, &known, false).await {
                        Ok(_) => waits.push(format!("{key} was told to end")),
                        Err(error) => match error.refusal() {
                            Some(said) => waits.push(format!("{key} is not deleted: {said}")),
                            None => return Err(error),
                        },
                    }
                }
            }
        }
        self.keep().await?;
        if waits.is_empty() { Ok(None) } else { wait(waits.join("; ")) }
    }

    /// Pods go with what made them, each with its own grace.
    async fn pods(&self) -> Step {
        let pods = self.requests.list(Kind::Pod).await?;
        if pods.is_empty() {
            return Ok(None);
        }
        let names: Vec<&str> = pods.iter().take(5).map(|pod| text(pod, "/metadata/name")).collect();
        let more = if pods.len() > names.len() { ", …" } else { "" };
        wait(format!("{} pods remain: {}{more}", pods.len(), names.join(", ")))
    }

    /// Notes the volumes of the claims that are ours, before anything of them is deleted.
    async fn note_volumes(&mut self) -> Result<(), ClusterError> {
        let claims = self.memory.inventory.iter().filter(|(key, _)| key.kind == Kind::PersistentVolumeClaim);
        let claims: Vec<(String, String)> =
            claims.filter_map(|(key, entry)| Some((key.name.clone(), entry.uid.clone()?))).collect();
        for (name, known) in claims {
            let found = self.requests.get(Kind::PersistentVolumeClaim, &name).await?;
            let Some(found) = found.filter(|found| uid(found) == known) else { continue };
            let volume = text(&found, "/spec/volumeName").to_owned();
            self.note_volume(&volume).await?;
        }
        self.note_retained_volumes().await
    }

    /// The same for those that a stop retained, whose claims somebody may have deleted since.
    async fn note_retained_volumes(&mut self) -> Result<(), ClusterError> {
        let before = self.memory.before.iter().flat_map(|before| before.volumes.keys());
        for name in before.cloned().collect::<Vec<_>>() {
            self.note_volume(&name).await?;
        }
        Ok(())
    }

    /// A volume is the environment's where it is bound to a claim that the inventory knows by its UID.
    async fn note_volume(&mut self, name: &str) -> Result<(), ClusterError> {
        if name.is_empty() || self.erasure().volumes.contains_key(name) {
            return Ok(());
        }
        let Some(found) = self.requests.get(Kind::PersistentVolume, name).await? else { return Ok(()) };
        let claim_uid = text(&found, "/spec/claimRef/uid");
        let ours = self.memory.inventory.iter().find(|(key, entry)| {
            key.kind == Kind::PersistentVolumeClaim && entry.uid.as_deref() == Some(claim_uid)
        });
        let Some((key, _)) = ours.filter(|_| !claim_uid.is_empty()) else { return Ok(()) };
        let before = self.memory.before.as_ref().and_then(|before| before.volumes.get(name));
        let before = before.filter(|before| before.uid == uid(&found));
        let reclaim_policy = before.map_or_else(
            || text(&found, "/spec/persistentVolumeReclaimPolicy").to_owned(),
            |before| before.reclaim_policy.clone(),
        );
        let volume = VolumeErased {
            uid: uid(&found).to_owned(),
            claim: key.name.clone(),
            claim_uid: claim_uid.to_owned(),
            reclaim_policy,
            gone: None,
        };
        self.erasure().volumes.insert(name.to_owned(), volume);
        Ok(())
    }

    /// Deletes the volumes whose claims are gone. Where the cluster deletes the storage itself, its own policy is put
    /// back and it does so; where the storage's class retains it, only the volume goes, and that is told.
    async fn volumes(&mut self) -> Step {
        let mut waits = Vec::new();
        let left: Vec<(String, VolumeErased)> =
            self.erasure().volumes.clone().into_iter().filter(|(_, volume)| volume.gone.is_none()).collect();
        for (name, volume) in left {
            let key = ObjectKey::new(Kind::PersistentVolume, &name);
            let found = self.requests.get(Kind::PersistentVolume, &name).await?;
            let Some(found) = found.filter(|found| uid(found) == volume.uid) else {
                let now = self.now;
                if let Some(volume) = self.erasure().volumes.get_mut(&name) {
                    volume.gone = Some(now);
                }
                continue;
            };
            if text(&found, "/spec/claimRef/uid") != volume.claim_uid {
                self.erasure()
                    .remains
                    .insert(format!("{key} belongs to another claim now: it was left alone"));
                self.erasure().volumes.remove(&name);
                continue;
            }
            let policy = text(&found, "/spec/persistentVolumeReclaimPolicy");
            let phase = text(&found, "/status/phase");
            if volume.reclaim_policy == DELETE {
                if policy == RETAIN {
                    let patch = serde_json::json!({"spec": {"persistentVolumeReclaimPolicy": DELETE}});
                    self.requests.merge(&key, &volume.uid, patch, false).await?;
                }
                let said = text(&found, "/status/message");
                waits.push(format!("{key} is being deleted by the cluster ({phase} {said})"));
            } else if text(&found, "/metadata/deletionTimestamp").is_empty() {
                self.erasure().remains.insert(format!(
                    "the storage behind {key}: its class retains it ({}), and whoever runs that storage deletes it",
                    volume.reclaim_policy
                ));
                self.keep().await?;
                self.requests.delete(&key, &volume.uid, None).await?;
                waits.push(format!("{key} was told to end"));
            } else {
                waits.push(format!("{key} is ending{}", held(&found)));
            }
        }
        self.keep().await?;
        if waits.is_empty() { Ok(None) } else { wait(waits.join("; ")) }
    }

    /// The namespace is gone, and with it everything that was in it.
    fn all_gone(&mut self) {
        let now = self.now;
        let namespace = self.memory.namespace_uid.clone();
        let namespace =
            namespace.map(|uid| (ObjectKey::new(Kind::Namespace, self.requests.namespace()), uid));
        let known = self.memory.inventory.iter();
        let known = known.filter_map(|(key, entry)| Some((key.clone(), entry.uid.clone()?)));
        let all: Vec<_> = known.filter(|(key, _)| key.kind.is_namespaced()).chain(namespace).collect();
        let erasure = self.erasure();
        for (object, uid) in all {
            if !erasure.is_gone(&uid) {
                erasure.gone.push(Gone { object, uid, at: now });
            }
        }
    }

    async fn report(&mut self) -> Result<EraseReport, ClusterError> {
        let cluster = crate::abilities::version(&self.requests).await?.0.seen();
        let erasure = self.erasure().clone();
        let mut remains = erasure.remains;
        if self.memory.namespace_uid.is_none() {
            remains.insert("nothing: no namespace was ever made for it".to_owned());
        }
        Ok(EraseReport {
            version: REPORT_VERSION,
            namespace: self.requests.namespace().to_owned(),
            namespace_uid: self.memory.namespace_uid.clone(),
            begun_at: erasure.since,
            observed_at: self.now,
            build: build(),
            cluster,
            deleted: erasure.gone,
            volumes: erasure.volumes,
            included: erasure.included,
            remains,
        })
    }
}

/// What keeps an object from being gone, for people.
pub(crate) fn held(object: &Value) -> String {
    let by: BTreeSet<&str> = array(object, "/metadata/finalizers").filter_map(Value::as_str).collect();
    if by.is_empty() {
        return String::new();
    }
    format!(", held by {}", by.into_iter().collect::<Vec<_>>().join(", "))
}

/// What the cluster says of a namespace that does not end.
fn conditions(namespace: &Value) -> String {
    let told = array(namespace, "/status/conditions").filter(|c| text(c, "/status") == "True");
    let told: Vec<&str> = told.map(|c| text(c, "/message")).filter(|m| !m.is_empty()).collect();
    if told.is_empty() { String::new() } else { format!(": {}", told.join("; ")) }
}
