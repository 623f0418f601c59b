//! The namespace: made once, known by its UID, never taken from anyone but by a decision on exactly that one.

use serde_json::{Value, json};

use crate::apply;
use crate::compare::{differences, digest, manager_of};
use crate::error::ClusterError;
use crate::import;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{mark, text, uid};
use crate::memory::Memory;
use crate::names::CLAIM;
use crate::pass::Pass;
use crate::render;
use crate::report::Repair;

/// A namespace of ours.
pub(crate) struct Namespace {
    pub object: Value,
    /// Whether the server made it just now, at our request: nothing of ours is in it yet.
    pub is_new: bool,
}

/// The environment's namespace: the one that we made, or a new one where we never made one.
pub(crate) async fn namespace(pass: &mut Pass<'_>) -> Result<Namespace, ClusterError> {
    let name = pass.requests.namespace().to_owned();
    // Where we never began to make one, making it tells whether there is one.
    let is_first = pass.memory == Memory::default() && pass.environment.envelope.imported.is_none();
    let found = if is_first && pass.requests.rehearsal().is_none() {
        None
    } else {
        pass.requests.get(Kind::Namespace, &name).await?
    };
    if let (None, Some(imported)) = (&pass.memory.namespace_uid, &pass.environment.envelope.imported) {
        return Ok(Namespace { object: import::take(pass, found, imported)?, is_new: false });
    }
    let mut is_new = false;
    let object = match (found, pass.memory.namespace_uid.clone()) {
        (Some(found), Some(known)) if uid(&found) == known => alive(found, name),
        (Some(found), Some(known)) => {
            Err(ClusterError::ForeignNamespace { name, found: uid(&found).to_owned(), known: Some(known) })
        }
        (None, Some(uid)) => Err(ClusterError::NamespaceGone { name, uid }),
        (Some(found), None) => ours(pass, found, name),
        (None, None) => {
            // The token is kept before the namespace is made, so that a crash in between leaves no orphan. It need
            // not be secret: who can write namespaces can do anything in them.
            let token = json!([name, pass.now.to_string()]);
            let claim = pass.memory.claim.get_or_insert_with(|| digest(&token)).clone();
            if is_first {
                // With it is kept what is made next, all of which is missing in a new one.
                apply::note_intents(pass);
            }
            pass.keep().await?;
            let wanted = render::namespace(pass.environment, &claim);
            let made = match pass.requests.create(Kind::Namespace, &wanted).await? {
                Some(made) => {
                    is_new = true;
                    made
                }
                None => pass.requests.get(Kind::Namespace, &name).await?.unwrap_or_default(),
            };
            ours(pass, made, name)
        }
    }?;
    Ok(Namespace { object, is_new })
}

fn ours(pass: &mut Pass<'_>, found: Value, name: String) -> Result<Value, ClusterError> {
    let is_ours =
        pass.memory.claim.as_deref().is_some_and(|claim| mark(&found, "annotations", CLAIM) == Some(claim));
    if !is_ours {
        return Err(ClusterError::ForeignNamespace { name, found: uid(&found).to_owned(), known: None });
    }
    pass.memory.namespace_uid = Some(uid(&found).to_owned());
    alive(found, name)
}

fn alive(found: Value, name: String) -> Result<Value, ClusterError> {
    let ending = !text(&found, "/metadata/deletionTimestamp").is_empty();
    if ending { Err(ClusterError::NamespaceEnding { name }) } else { Ok(found) }
}

/// Puts the namespace's labels and annotations right.
pub(crate) async fn marks(pass: &mut Pass<'_>) -> Result<(), ClusterError> {
    let claim = pass.memory.claim.clone().unwrap_or_default();
    let wanted = render::namespace(pass.environment, &claim);
    let found = &pass.live.namespace;
    let key = ObjectKey::new(Kind::Namespace, pass.requests.namespace());
    let differing = differences(Kind::Namespace, &wanted, found);
    if differing.is_empty() {
        return Ok(());
    }
    let repairs: Vec<Repair> = differing
        .iter()
        .map(|difference| Repair {
            object: key.clone(),
            difference: difference.describe(),
            manager: manager_of(found, &difference.path),
        })
        .collect();
    let before = pass.repairs.len();
    pass.repairs.extend(repairs);
    match pass.requests.apply(&key, &wanted, Some(uid(found))).await {
        Ok(applied) => pass.live.namespace = applied,
        Err(error) => {
            pass.veto(&key.to_string(), error)?;
            pass.repairs.truncate(before);
            return Ok(());
        }
    }
    pass.written.insert(key);
    Ok(())
}
