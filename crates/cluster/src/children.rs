//! The runs that a cron job has begun: a stop holds them up too, and its end lets them go on.

use serde_json::{Value, json};
use tenure_domain::capability::Capability;
use tenure_domain::name::WorkloadId;

use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{mark, number, text, uid, workload_of};
use crate::names::SUSPENDED;
use crate::pass::Pass;
use crate::render::suspension;

/// Whether a job is a run that a cron job has begun.
pub(crate) fn is_run(job: &Value) -> bool {
    let owners = job.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.into_iter().flatten().any(|owner| text(owner, "/kind") == "CronJob")
}

/// Whether a job asks for no pods.
pub(crate) fn is_held_up(job: &Value) -> bool {
    job.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true)
        || job.pointer("/spec/parallelism").is_some_and(|_| number(job, "/spec/parallelism") == 0)
}

/// Whether a job has done its work, or has failed.
pub(crate) fn has_ended(job: &Value) -> bool {
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        matches!(text(condition, "/type"), "Complete" | "Failed") && text(condition, "/status") == "True"
    })
}

/// Holds up the runs of cron jobs that are stopped, and lets those go on that a stop had held up.
pub(crate) async fn hold_up(pass: &mut Pass<'_>) -> Result<(), ClusterError> {
    let jobs: Vec<(ObjectKey, Value)> = pass
        .live
        .objects
        .iter()
        .filter(|(key, job)| key.kind == Kind::Job && is_run(job) && !has_ended(job))
        .map(|(key, job)| (key.clone(), job.clone()))
        .collect();
    for (key, job) in jobs {
        let Some(id) = workload_of(&job).and_then(|id| id.parse::<WorkloadId>().ok()) else { continue };
        let is_stopped = pass.restriction.on_workload(&id, Capability::Compute).is_some();
        let held_by_us = mark(&job, "annotations", SUSPENDED).is_some();
        let patch = match (is_stopped, is_held_up(&job)) {
            (true, false) => json!({
                "metadata": {"annotations": {SUSPENDED: number(&job, "/spec/parallelism").to_string()}},
                "spec": suspension(pass.suspends_jobs),
            }),
            (false, true) if held_by_us => {
                let before = mark(&job, "annotations", SUSPENDED).and_then(|pods| pods.parse::<u32>().ok());
                let mut spec = json!({"parallelism": before.unwrap_or(1)});
                if job.pointer("/spec/suspend").is_some() {
                    spec["suspend"] = json!(false);
                }
                json!({"metadata": {"annotations": {SUSPENDED: null}}, "spec": spec})
            }
            _ => continue,
        };
        match pass.requests.merge(&key, uid(&job), patch, false).await {
            Ok(changed) => {
                pass.live.objects.insert(key.clone(), changed);
                pass.written.insert(key);
            }
            Err(error) if matches!(error.code(), Some(404 | 409)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
