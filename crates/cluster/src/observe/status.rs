//! How each workload is doing, as its tenant reads it.

use serde_json::Value;
use tenure_domain::capability::Capability;
use tenure_domain::name::WorkloadId;

use super::carrier_of;
use crate::children;
use crate::inventory::Kind;
use crate::live::{number, text, workload_of};
use crate::pass::Pass;
use crate::report::{Phase, WorkSeen, WorkloadStatus};

fn count(object: &Value, pointer: &str) -> u32 {
    u32::try_from(number(object, pointer)).unwrap_or(0)
}

/// How a declared workload is doing.
pub(super) fn of(pass: &Pass<'_>, id: &WorkloadId) -> WorkloadStatus {
    let kind = carrier_of(pass, id);
    let found = pass.live.get(kind, id.as_str());
    let mut status = match kind {
        Kind::Job => job(found),
        Kind::CronJob => cron_job(pass, id, found),
        _ => running(pass, id, found),
    };
    if let Some(by) = pass.restriction.on_workload(id, Capability::Compute) {
        status.phase = Some(Phase::Stopped);
        status.message = Some(format!("stopped by {}", by.named()));
    }
    if let Some(refusal) = pass.refusals.get(id) {
        status.phase = Some(Phase::Refused);
        status.message = Some(refusal.clone());
    }
    status
}

fn running(pass: &Pass<'_>, id: &WorkloadId, found: Option<&Value>) -> WorkloadStatus {
    let ready = pass.live.ready(id);
    let scales = pass.environment.workloads.get(id).is_some_and(|w| w.autoscale.is_some());
    let least = pass.environment.wanted(id);
    let wanted = match found {
        Some(found) if scales => least.max(count(found, "/spec/replicas")),
        _ => least,
    };
    let updated = found.map(|found| count(found, "/status/updatedReplicas"));
    let refused = found.and_then(|found| condition(found, "ReplicaFailure", "True"));
    let stuck = found
        .and_then(|found| condition(found, "Progressing", "False"))
        .map(|said| format!("the new version makes no progress: {said}"));
    let failing = refused.or(stuck);
    let is_new = updated.is_none_or(|updated| updated >= wanted);
    let (phase, message) = if let (Some(said), true) = (&failing, ready < wanted || !is_new) {
        (Phase::Failing, Some(said.clone()))
    } else if ready < wanted {
        let said = pass.live.pods_of(id).find_map(waiting);
        (if said.is_some() { Phase::Failing } else { Phase::Progressing }, said)
    } else if is_new {
        (Phase::Ready, None)
    } else {
        (Phase::Progressing, None)
    };
    WorkloadStatus { wanted, ready, message, phase: Some(phase), updated, work: None }
}

fn work(job: &Value) -> WorkSeen {
    let began = text(job, "/status/startTime");
    WorkSeen {
        active: count(job, "/status/active"),
        succeeded: count(job, "/status/succeeded"),
        failed: count(job, "/status/failed"),
        began: (!began.is_empty()).then(|| began.to_owned()),
    }
}

fn job(found: Option<&Value>) -> WorkloadStatus {
    let Some(found) = found else {
        return WorkloadStatus { phase: Some(Phase::Progressing), ..WorkloadStatus::default() };
    };
    let failed = condition(found, "Failed", "True");
    let phase = if failed.is_some() {
        Phase::Failed
    } else if children::has_ended(found) {
        Phase::Succeeded
    } else {
        Phase::Working
    };
    WorkloadStatus {
        message: failed,
        phase: Some(phase),
        work: Some(work(found)),
        ..WorkloadStatus::default()
    }
}

fn cron_job(pass: &Pass<'_>, id: &WorkloadId, found: Option<&Value>) -> WorkloadStatus {
    let is_run = |job: &&Value| children::is_run(job) && workload_of(job) == Some(id.as_str());
    let jobs = pass.live.objects.iter().filter(|(key, _)| key.kind == Kind::Job).map(|(_, job)| job);
    let last = jobs.filter(is_run).max_by_key(|job| text(job, "/metadata/creationTimestamp"));
    let mut status = job(last);
    if !matches!(status.phase, Some(Phase::Working | Phase::Failed)) || last.is_none() {
        status.phase = Some(if found.is_some() { Phase::Waiting } else { Phase::Progressing });
    }
    let began = found.map(|found| text(found, "/status/lastScheduleTime")).unwrap_or_default();
    if !began.is_empty() {
        status.work.get_or_insert_default().began = Some(began.to_owned());
    }
    status
}

/// What a condition of this kind and status says.
fn condition(object: &Value, kind: &str, status: &str) -> Option<String> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let found = conditions
        .into_iter()
        .flatten()
        .find(|condition| text(condition, "/type") == kind && text(condition, "/status") == status)?;
    Some(format!("{}: {}", text(found, "/reason"), text(found, "/message")))
}

/// Why a pod does not run, as its node says.
fn waiting(pod: &Value) -> Option<String> {
    let containers = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    let waiting = containers.into_iter().flatten().find_map(|container| {
        let reason = text(container, "/state/waiting/reason");
        let message = text(container, "/state/waiting/message");
        let begins = matches!(reason, "" | "ContainerCreating" | "PodInitializing");
        (!begins).then(|| format!("{reason} {message}").trim().to_owned())
    });
    waiting.or_else(|| {
        let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
        let unscheduled = conditions.into_iter().flatten().find(|condition| {
            text(condition, "/type") == "PodScheduled" && text(condition, "/status") == "False"
        })?;
        Some(text(unscheduled, "/message").to_owned())
    })
}
