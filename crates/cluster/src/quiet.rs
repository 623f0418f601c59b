//! A look that what the watch has told answers: nothing is withheld or being given back, nothing differs, and so nothing is
//! read and nothing written.
//!
//! It proves nothing and changes nothing. What has to be written is read from the server before, and where anything is withheld
//! or under way everything is.

use futures_util::future::try_join_all;
use serde_json::Value;
use tenure_domain::environment::TenantRole;

use crate::compare::{differences, is_as_declared};
use crate::error::ClusterError;
use crate::inventory::{Entry, Kind, ObjectKey};
use crate::live::{Live, mark, text, uid};
use crate::names;
use crate::observe;
use crate::pass::{self, Pass};
use crate::render::{self, Wanted};
use crate::report::Observation;

/// The most objects that are read one by one: where more differs, all are listed.
const FEW: usize = 8;

/// What is seen of an environment in which everything is as declared; nothing where it has to be read, or something has to
/// be written. Where that is little, it alone is read.
pub(crate) async fn look(pass: &mut Pass<'_>) -> Result<Option<Observation>, ClusterError> {
    if !is_settled(pass) {
        return Ok(None);
    }
    let Some(seen) = pass.requests.cache().seen(pass.requests.namespace(), &pass::kinds(pass)) else {
        return Ok(None);
    };
    let (namespace, objects, pods) = (seen.namespace, seen.objects, seen.pods);
    pass.live = Live { namespace, objects, pods, replica_sets: Vec::new() };
    let is_wanted = |key: &ObjectKey| pass.wanted.iter().any(|wanted| &wanted.key == key);
    let unread: Vec<ObjectKey> = seen.unread.into_iter().filter(is_wanted).collect();
    if unread.len() > FEW {
        return Ok(None);
    }
    pass.live = read(pass, unread).await?;
    if !is_ours_alone(pass) {
        return Ok(None);
    }
    let differing: Vec<ObjectKey> =
        pass.wanted.iter().filter(|w| !is_there(pass, w)).map(|w| w.key.clone()).collect();
    if differing.is_empty() {
        return observe::observe(pass, None).await.map(Some);
    }
    if differing.len() <= FEW
        && !differing.iter().any(|key| key.kind.makes_pods() && key.kind != Kind::Deployment)
    {
        // Nothing is written by what was only told of.
        pass.told = Some(read(pass, differing).await?);
    }
    Ok(None)
}

/// What was told, with these objects as they are now.
async fn read(pass: &mut Pass<'_>, differing: Vec<ObjectKey>) -> Result<Live, ClusterError> {
    let found = try_join_all(differing.iter().map(|key| pass.requests.get(key.kind, &key.name))).await?;
    let mut live = std::mem::take(&mut pass.live);
    for (key, found) in differing.into_iter().zip(found) {
        match found {
            Some(found) => live.objects.insert(key, found),
            None => live.objects.remove(&key),
        };
    }
    Ok(live)
}

/// Whether nothing is withheld, and nothing that was is still to be given back, told, taken or deleted; snapshots are read.
fn is_settled(pass: &Pass<'_>) -> bool {
    let memory = &pass.memory;
    let imported = pass.environment.envelope.imported.as_ref();
    pass.restriction.effects().is_empty()
        && pass.requests.rehearsal().is_none()
        && memory.namespace_uid.is_some()
        && memory.before.is_none()
        && memory.import.is_none()
        && memory.erasure.is_none()
        && memory.frozen.is_none()
        && memory.untold.is_empty()
        && pass.environment.snapshots.is_empty()
        && !memory.inventory.keys().any(|key| key.kind == Kind::VolumeSnapshot)
        && imported.is_none_or(|imported| imported.adopted.is_some())
}

/// Whether the namespace is as it should be, and holds nothing that a pass would take away, or has to look at more closely.
fn is_ours_alone(pass: &Pass<'_>) -> bool {
    let (live, memory) = (&pass.live, &pass.memory);
    let claim = memory.claim.clone().unwrap_or_default();
    let namespace = render::namespace(pass.environment, &claim);
    let is_ours = memory.namespace_uid.as_deref() == Some(uid(&live.namespace))
        && stays(&live.namespace)
        && mark(&live.namespace, "labels", names::FROZEN).is_none()
        && differences(Kind::Namespace, &namespace, &live.namespace).is_empty();
    let is_wanted = |key: &ObjectKey| pass.wanted.iter().any(|wanted| &wanted.key == key);
    let gate = ObjectKey::new(Kind::ResourceQuota, names::GATE);
    is_ours
        && memory.inventory.keys().all(|key| key.kind == Kind::PersistentVolumeClaim || is_wanted(key))
        && !live.objects.contains_key(&gate)
        && !live.objects.values().any(|object| mark(object, "annotations", names::SUSPENDED).is_some())
        && has_identities(pass)
}

/// Whether an object is there as it should be, and is known to be the one that we made.
fn is_there(pass: &Pass<'_>, wanted: &Wanted) -> bool {
    let Some(found) = pass.live.objects.get(&wanted.key) else { return false };
    let known = Entry { uid: Some(uid(found).to_owned()), declared: wanted.declared.clone() };
    stays(found)
        && pass.memory.inventory.get(&wanted.key) == Some(&known)
        && is_as_declared(wanted.key.kind, &wanted.object, found)
}

fn stays(object: &Value) -> bool {
    text(object, "/metadata/deletionTimestamp").is_empty()
}

/// Whether the identities of an open environment's people are there.
fn has_identities(pass: &Pass<'_>) -> bool {
    let environment = pass.environment;
    environment.envelope.kind.is_managed()
        || TenantRole::ALL.into_iter().all(|role| {
            let name = names::access_account(&environment.account, &environment.id, role);
            let key = ObjectKey::new(Kind::ServiceAccount, name);
            pass.requests.cache().holds(names::ACCESS, &key)
        })
}
