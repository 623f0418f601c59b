//! ReplicaSets make and delete pods. One whose pods are refused backs off as the real one does: 5 ms, doubled with
//! each failure, up to 1000 s; any change of the set or of its pods has it try at once.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{delete_quietly, drop_condition, events, is_due, kind, put_changed, set_condition, set_count};
use crate::object::{controller_uid, int, is_terminating, name, namespace, set, text, uid};
use crate::requests::{DeleteOptions, Writer, create, from_template, is_ready};
use crate::status::ApiError;
use crate::world::World;

const FIRST_DELAY: Duration = Duration::from_millis(5);
const LONGEST_DELAY: Duration = Duration::from_secs(1000);

/// A set that waits before it tries again.
#[derive(Debug, Clone)]
pub struct Backoff {
    failures: u32,
    until: Timestamp,
    /// The set's version and its number of pods when it last tried.
    seen: (String, usize),
}

/// The wait after so many failures.
fn delay(failures: u32) -> Duration {
    FIRST_DELAY.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(LONGEST_DELAY)
}

/// One pass over all ReplicaSets.
pub fn pass(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    let mut next = None;
    for set in world.list("replicasets.apps", None) {
        if !is_terminating(&set) && world.namespace_terminating(namespace(&set)) == Some(false) {
            sync(world, &set, now, &mut next);
        }
    }
    next
}

/// The pods of an owner that run or will run.
fn active_pods(world: &World, owner: &Value) -> Vec<Arc<Value>> {
    let mut pods = world.list("pods", Some(namespace(owner)));
    pods.retain(|p| {
        controller_uid(p) == uid(owner)
            && !is_terminating(p)
            && !["Succeeded", "Failed"].contains(&text(p, "/status/phase"))
    });
    pods
}

fn sync(world: &mut World, owner: &Value, now: Timestamp, next: &mut Option<Timestamp>) {
    let mut pods = active_pods(world, owner);
    let wanted = usize::try_from(int(owner, "/spec/replicas").unwrap_or(1)).unwrap_or_default();
    let mut refusal = None;
    let seen = (text(owner, "/metadata/resourceVersion").to_owned(), pods.len());
    if pods.len() < wanted {
        if let Some(backoff) = world.memory.backoff.get(uid(owner))
            && backoff.seen == seen
            && !is_due(backoff.until, now, next)
        {
            return;
        }
        refusal = grow(world, owner, wanted - pods.len(), now).err();
        pods = active_pods(world, owner);
    } else if pods.len() > wanted {
        shrink(world, &mut pods, wanted, now);
    }
    let set_kind = kind("replicasets.apps");
    let mut new = owner.clone();
    write_status(&mut new, &pods, refusal.as_ref(), now);
    if let Some(set_kind) = set_kind {
        put_changed(world, set_kind, owner, new);
    }
    if refusal.is_none() {
        world.memory.backoff.remove(uid(owner));
        return;
    }
    let failures = world.memory.backoff.get(uid(owner)).map_or(0, |b| b.failures);
    let until = now.checked_add(delay(failures)).unwrap_or(now);
    let version = world
        .find("replicasets.apps", namespace(owner), name(owner))
        .map(|o| text(o, "/metadata/resourceVersion").to_owned());
    let seen = (version.unwrap_or_default(), pods.len());
    let backoff = Backoff { failures: failures.saturating_add(1), until, seen };
    world.memory.backoff.insert(uid(owner).to_owned(), backoff);
    is_due(until, now, next);
}

fn grow(world: &mut World, owner: &Value, count: usize, now: Timestamp) -> Result<(), ApiError> {
    let Some(pods) = kind("pods") else { return Ok(()) };
    let template = owner.pointer("/spec/template").cloned().unwrap_or_else(|| json!({}));
    for _ in 0..count {
        let mut pod = from_template(&template, owner);
        set(&mut pod, &["metadata", "generateName"], json!(format!("{}-", name(owner))));
        match create(world, pods, namespace(owner), pod, &Writer::controller("kube-controller-manager", now))
        {
            Ok(made) => {
                let message = format!("Created pod: {}", name(&made));
                events::emit(world, owner, false, "SuccessfulCreate", &message, now);
            }
            Err(error) => {
                events::emit(
                    world,
                    owner,
                    true,
                    "FailedCreate",
                    &format!("Error creating: {}", error.message),
                    now,
                );
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Deletes what is too much: pods that are not ready first, then the youngest.
fn shrink(world: &mut World, pods: &mut Vec<Arc<Value>>, wanted: usize, now: Timestamp) {
    let Some(pod_kind) = kind("pods") else { return };
    let age = |p: &Value| text(p, "/metadata/creationTimestamp").to_owned();
    pods.sort_by(|a, b| is_ready(b).cmp(&is_ready(a)).then(age(a).cmp(&age(b))));
    for pod in pods.split_off(wanted.min(pods.len())) {
        delete_quietly(world, pod_kind, &pod, &DeleteOptions::default(), now);
    }
}

fn write_status(set_object: &mut Value, pods: &[Arc<Value>], refusal: Option<&ApiError>, now: Timestamp) {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let ready = count(pods.iter().filter(|p| is_ready(p)).count());
    set(set_object, &["status", "replicas"], json!(count(pods.len())));
    set_count(set_object, "fullyLabeledReplicas", count(pods.len()));
    set_count(set_object, "readyReplicas", ready);
    set_count(set_object, "availableReplicas", ready);
    let generation = int(set_object, "/metadata/generation").unwrap_or(1);
    set(set_object, &["status", "observedGeneration"], json!(generation));
    match refusal {
        // The generated pod name differs with each try; the first message stays, so that a retry is no change.
        Some(_) if crate::object::is_true(set_object, "ReplicaFailure") => {}
        Some(error) => set_condition(set_object, "ReplicaFailure", true, "FailedCreate", &error.message, now),
        None => drop_condition(set_object, "ReplicaFailure"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_minutes() {
        assert_eq!(delay(0), Duration::from_millis(5));
        assert_eq!(delay(10), Duration::from_millis(5120));
        assert_eq!(delay(18), LONGEST_DELAY);
        assert_eq!(delay(u32::MAX), LONGEST_DELAY);
    }
}
