//! Jobs make pods until enough have succeeded, or too many have failed. Nothing runs here, so that a pod succeeds or fails
//! when someone writes so into its status.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{delete_quietly, events, kind, may_try, put_changed, set_condition, set_count, was_refused};
use crate::object::{controller_uid, int, is_terminating, is_true, name, namespace, set, text, time, uid};
use crate::requests::{DeleteOptions, Writer, create, from_template, is_ready};
use crate::world::World;

/// One pass over all Jobs.
pub fn pass(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    let mut next = None;
    for job in world.list("jobs.batch", None) {
        let goes_on = !is_true(&job, "Complete") && !is_true(&job, "Failed");
        if goes_on && !is_terminating(&job) && world.namespace_terminating(namespace(&job)) == Some(false) {
            sync(world, &job, now, &mut next);
        }
    }
    next
}

fn pods_of(world: &World, job: &Value) -> Vec<Arc<Value>> {
    let mut pods = world.list("pods", Some(namespace(job)));
    pods.retain(|pod| controller_uid(pod) == uid(job));
    pods
}

fn sync(world: &mut World, job: &Value, now: Timestamp, next: &mut Option<Timestamp>) {
    let pods = pods_of(world, job);
    let in_phase = |phase: &str| {
        let now_there = pods.iter().filter(|pod| text(pod, "/status/phase") == phase).count();
        i64::try_from(now_there).unwrap_or(i64::MAX)
    };
    // What is counted once stays counted, also when the pod is gone.
    let counted = |field: &str, phase: &str| {
        in_phase(phase).max(int(job, &format!("/status/{field}")).unwrap_or_default())
    };
    let (succeeded, failed) = (counted("succeeded", "Succeeded"), counted("failed", "Failed"));
    let completions = int(job, "/spec/completions").unwrap_or(1);
    let is_suspended = job.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true);
    let has_failed = failed > int(job, "/spec/backoffLimit").unwrap_or(6);
    let is_complete = succeeded >= completions;
    let wanted = if is_suspended || has_failed || is_complete {
        0
    } else {
        int(job, "/spec/parallelism").unwrap_or(1).min(completions - succeeded)
    };
    let is_active = |pod: &&Arc<Value>| {
        !is_terminating(pod) && !["Succeeded", "Failed"].contains(&text(pod, "/status/phase"))
    };
    let active: Vec<&Arc<Value>> = pods.iter().filter(is_active).collect();
    let wanted = usize::try_from(wanted).unwrap_or_default();
    if active.len() < wanted {
        if may_try(world, uid(job), now, next) && !grow(world, job, wanted - active.len(), now) {
            was_refused(world, uid(job), now, next);
        }
    } else if let Some(pod_kind) = kind("pods") {
        for pod in active.iter().skip(wanted) {
            delete_quietly(world, pod_kind, pod, &DeleteOptions::default(), now);
        }
    }
    let pods = pods_of(world, job);
    let active: Vec<&Arc<Value>> = pods.iter().filter(is_active).collect();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut new = job.clone();
    if is_suspended {
        crate::object::remove(&mut new, &["status", "startTime"]);
    } else if new.pointer("/status/startTime").is_none() {
        set(&mut new, &["status", "startTime"], time(now));
    }
    set_count(&mut new, "active", count(active.len()));
    set_count(&mut new, "ready", count(active.iter().filter(|pod| is_ready(pod)).count()));
    set_count(&mut new, "succeeded", succeeded);
    set_count(&mut new, "failed", failed);
    if is_suspended {
        set_condition(&mut new, "Suspended", true, "JobSuspended", "Job suspended", now);
    } else if is_true(&new, "Suspended") {
        set_condition(&mut new, "Suspended", false, "JobResumed", "Job resumed", now);
    }
    if has_failed {
        let message = "Job has reached the specified backoff limit";
        set_condition(&mut new, "Failed", true, "BackoffLimitExceeded", message, now);
    } else if is_complete {
        set(&mut new, &["status", "completionTime"], time(now));
        set_condition(&mut new, "Complete", true, "", "", now);
    }
    if let Some(jobs) = kind("jobs.batch") {
        put_changed(world, jobs, job, new);
    }
}

/// Makes pods; whether all of them were accepted.
fn grow(world: &mut World, job: &Value, count: usize, now: Timestamp) -> bool {
    let Some(pods) = kind("pods") else { return true };
    let template = job.pointer("/spec/template").cloned().unwrap_or_else(|| json!({}));
    for _ in 0..count {
        let mut pod = from_template(&template, job);
        set(&mut pod, &["metadata", "generateName"], json!(format!("{}-", name(job))));
        set(&mut pod, &["metadata", "labels", "job-name"], json!(name(job)));
        set(&mut pod, &["metadata", "labels", "controller-uid"], json!(uid(job)));
        let writer = Writer::controller("kube-controller-manager", now);
        match create(world, pods, namespace(job), pod, &writer) {
            Ok(made) => {
                let message = format!("Created pod: {}", name(&made));
                events::emit(world, job, false, "SuccessfulCreate", &message, now);
            }
            Err(error) => {
                let message = format!("Error creating: {}", error.message);
                events::emit(world, job, true, "FailedCreate", &message, now);
                return false;
            }
        }
    }
    true
}
