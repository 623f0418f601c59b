//! Owner references: dependents of what is gone go too; foreground and orphan deletes finish here.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{delete_quietly, kind};
use crate::object::{finalizers, is_terminating, list, remove, set, text, uid};
use crate::requests::{DeleteOptions, Propagation, finish_if_done};
use crate::world::{Key, World};

/// One pass over all objects that have owners or are ending.
pub fn pass(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    if !world.take_unswept() {
        return None;
    }
    let concerned = |o: &Value| is_terminating(o) || !list(o, "/metadata/ownerReferences").is_empty();
    let all: Vec<(Key, Arc<Value>)> =
        world.all().filter(|(_, o)| concerned(o)).map(|(k, o)| (k.clone(), Arc::clone(o))).collect();
    for (key, object) in &all {
        let owners = list(object, "/metadata/ownerReferences");
        let orphaned = !owners.is_empty() && owners.iter().all(|o| world.by_uid(text(o, "/uid")).is_none());
        if orphaned
            && !is_terminating(object)
            && let Some(kind) = kind(key.resource)
        {
            delete_quietly(world, kind, object, &DeleteOptions::default(), now);
        }
        if is_terminating(object) {
            let held = finalizers(object);
            if held.iter().any(|f| f == "orphan") {
                orphan(world, &all, object);
                release(world, key, "orphan");
            } else if held.iter().any(|f| f == "foregroundDeletion") && !wait_for(world, &all, object, now) {
                release(world, key, "foregroundDeletion");
            }
        }
    }
    None
}

fn owns(owner: &Value, dependent: &Value) -> bool {
    list(dependent, "/metadata/ownerReferences").iter().any(|r| text(r, "/uid") == uid(owner))
}

/// Deletes the dependents of an object; whether one that blocks it is still there.
fn wait_for(world: &mut World, all: &[(Key, Arc<Value>)], owner: &Value, now: Timestamp) -> bool {
    let mut blocked = false;
    for (key, _) in all.iter().filter(|(_, o)| owns(owner, o)) {
        let Some(dependent) = world.get(key).map(Arc::clone) else { continue };
        if let Some(kind) = kind(key.resource)
            && !is_terminating(&dependent)
        {
            let propagation = if all.iter().any(|(_, o)| owns(&dependent, o)) {
                Propagation::Foreground
            } else {
                Propagation::Background
            };
            let options = DeleteOptions { propagation, ..DeleteOptions::default() };
            delete_quietly(world, kind, &dependent, &options, now);
        }
        let blocks = list(&dependent, "/metadata/ownerReferences").iter().any(|r| {
            text(r, "/uid") == uid(owner)
                && r.get("blockOwnerDeletion").and_then(Value::as_bool) == Some(true)
        });
        blocked |= blocks && world.get(key).is_some();
    }
    blocked
}

fn orphan(world: &mut World, all: &[(Key, Arc<Value>)], owner: &Value) {
    for (key, _) in all.iter().filter(|(_, o)| owns(owner, o)) {
        let Some(mut dependent) = world.get(key).map(|o| (**o).clone()) else { continue };
        let left: Vec<Value> = list(&dependent, "/metadata/ownerReferences")
            .iter()
            .filter(|r| text(r, "/uid") != uid(owner))
            .cloned()
            .collect();
        if left.is_empty() {
            remove(&mut dependent, &["metadata", "ownerReferences"]);
        } else {
            set(&mut dependent, &["metadata", "ownerReferences"], json!(left));
        }
        if let Some(kind) = kind(key.resource) {
            world.put(kind, dependent);
        }
    }
}

/// Takes a finalizer off an object, which may be the end of it.
fn release(world: &mut World, key: &Key, finalizer: &str) {
    let Some(mut object) = world.get(key).map(|o| (**o).clone()) else { return };
    let left: Vec<String> = finalizers(&object).into_iter().filter(|f| f != finalizer).collect();
    if left.is_empty() {
        remove(&mut object, &["metadata", "finalizers"]);
    } else {
        set(&mut object, &["metadata", "finalizers"], json!(left));
    }
    if let Some(kind) = kind(key.resource) {
        world.put(kind, object);
    }
    finish_if_done(world, key);
}
