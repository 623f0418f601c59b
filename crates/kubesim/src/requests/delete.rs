//! DELETE: grace periods, finalizers, propagation and preconditions.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Target;
use crate::object::{finalizers, int, is_terminating, list, set, text, time, uid};
use crate::status::{ApiError, Outcome};
use crate::world::{Key, World};

/// What becomes of an object's dependents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They go after it.
    #[default]
    Background,
    /// They go before it.
    Foreground,
    /// They stay.
    Orphan,
}

/// Options of a delete.
#[derive(Debug, Clone, Default)]
pub struct DeleteOptions {
    /// Seconds; the object's own where absent.
    pub grace: Option<i64>,
    /// What becomes of dependents.
    pub propagation: Propagation,
    /// Only this uid.
    pub uid: Option<String>,
    /// Only this version.
    pub resource_version: Option<String>,
}

/// What a delete did.
#[derive(Debug, Clone)]
pub enum Deleted {
    /// The object is gone; this was its last state.
    Gone(Arc<Value>),
    /// The object is being deleted.
    Terminating(Arc<Value>),
}

/// Deletes an object, or begins to.
pub fn delete(
    world: &mut World,
    target: &Target,
    options: &DeleteOptions,
    now: Timestamp,
) -> Outcome<Deleted> {
    let key = target.key();
    let live =
        world.get(&key).map(Arc::clone).ok_or_else(|| ApiError::not_found(target.kind, &target.name))?;
    preconditions(target, &live, options)?;
    let mut grace = if target.kind.resource == "pods" { pod_grace(&live, options.grace) } else { 0 };
    let mut object = (*live).clone();
    let mut held = finalizers(&live);
    let wanted = match options.propagation {
        Propagation::Background => None,
        Propagation::Foreground => Some("foregroundDeletion"),
        Propagation::Orphan => Some("orphan"),
    };
    if let Some(finalizer) = wanted.filter(|f| !held.iter().any(|h| h == f)) {
        held.push(finalizer.to_owned());
        set(&mut object, &["metadata", "finalizers"], json!(held));
    }
    if is_terminating(&live) {
        // A later delete may only shorten the wait.
        grace = grace.min(int(&live, "/metadata/deletionGracePeriodSeconds").unwrap_or(grace));
    } else {
        let at = now.checked_add(Duration::from_secs(grace.unsigned_abs())).unwrap_or(now);
        set(&mut object, &["metadata", "deletionTimestamp"], time(at));
        if target.kind.generation {
            let generation = int(&live, "/metadata/generation").unwrap_or(1) + 1;
            set(&mut object, &["metadata", "generation"], json!(generation));
        }
    }
    set(&mut object, &["metadata", "deletionGracePeriodSeconds"], json!(grace));
    if target.kind.resource == "namespaces" {
        set(&mut object, &["status", "phase"], json!("Terminating"));
    }
    if is_done(&object) {
        return match world.remove(&key) {
            Some(last) => Ok(Deleted::Gone(last)),
            None => Err(ApiError::not_found(target.kind, &target.name)),
        };
    }
    if object == *live {
        return Ok(Deleted::Terminating(live));
    }
    Ok(Deleted::Terminating(world.put(target.kind, object)))
}

fn preconditions(target: &Target, live: &Value, options: &DeleteOptions) -> Outcome<()> {
    if let Some(wanted) = options.uid.as_deref().filter(|w| *w != uid(live)) {
        let why = format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({}). \
             The object might have been deleted and then recreated",
            uid(live)
        );
        return Err(ApiError::conflict(target.kind, &target.name, &why));
    }
    let version = text(live, "/metadata/resourceVersion");
    if let Some(wanted) = options.resource_version.as_deref().filter(|w| *w != version) {
        let why = format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record ({version}). \
             The object might have been modified"
        );
        return Err(ApiError::conflict(target.kind, &target.name, &why));
    }
    Ok(())
}

/// A pod that runs nowhere or has ended needs no grace.
fn pod_grace(pod: &Value, asked: Option<i64>) -> i64 {
    let idle = text(pod, "/spec/nodeName").is_empty()
        || ["Succeeded", "Failed"].contains(&text(pod, "/status/phase"));
    if idle {
        return 0;
    }
    asked.or_else(|| int(pod, "/spec/terminationGracePeriodSeconds")).unwrap_or(30).max(0)
}

/// Whether nothing keeps a terminating object.
fn is_done(object: &Value) -> bool {
    is_terminating(object)
        && finalizers(object).is_empty()
        && int(object, "/metadata/deletionGracePeriodSeconds").unwrap_or_default() == 0
        && (text(object, "/kind") != "Namespace" || list(object, "/spec/finalizers").is_empty())
}

/// Removes a terminating object once nothing keeps it.
pub fn finish_if_done(world: &mut World, key: &Key) -> Option<Arc<Value>> {
    if world.get(key).is_some_and(|o| is_done(o)) { world.remove(key) } else { None }
}
