//! What works until the work is done.

use serde_json::{Value, json};
use tenure_domain::name::WorkloadId;
use tenure_domain::workload::{Overlap, Run, Workload};

use super::{Wanted, labels, pod, wanted};
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::restriction::{Throttling, Withholding};

/// How many pods may fail where nothing is declared.
const RETRIES: u16 = 3;

fn specification(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    slow: Option<Throttling>,
) -> Value {
    let run = workload.run.unwrap_or(Run {
        completions: workload.replicas,
        retries: RETRIES,
        deadline_seconds: None,
    });
    let mut spec = json!({
        "parallelism": workload.replicas,
        "completions": run.completions,
        "backoffLimit": run.retries,
        "template": pod::template(environment, id, workload, slow),
    });
    if let Some(seconds) = run.deadline_seconds {
        spec["activeDeadlineSeconds"] = json!(seconds);
    }
    spec
}

/// Holds a job up: by its own field, which stops its clock too, else by leaving it no pods.
pub(crate) fn suspension(suspends_jobs: bool) -> Value {
    if suspends_jobs { json!({"suspend": true}) } else { json!({"parallelism": 0}) }
}

/// A job; held up while it is stopped.
pub(super) fn job(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    stop: Option<&Withholding>,
    suspends_jobs: bool,
) -> Wanted {
    // What it is made by never changes: another one would begin it anew.
    let mut spec = specification(environment, id, workload, None);
    let held = if stop.is_some() { suspension(suspends_jobs) } else { json!({}) };
    for (field, value) in held.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    wanted(environment, Kind::Job, id.as_str(), Some(id), json!({"spec": spec}))
}

/// A cron job; it begins no run while it is stopped. A run that is late by more than was declared is left out, so that
/// the end of a stop begins at most the last one.
pub(super) fn cron_job(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    (stop, slow): (Option<&Withholding>, Option<Throttling>),
) -> Wanted {
    let (cron, overlap, late) = workload
        .schedule
        .as_ref()
        .map_or(("0 0 1 1 *", Overlap::Skip, 60), |s| (s.cron.as_str(), s.overlap, s.late_seconds));
    let policy = match overlap {
        Overlap::Allow => "Allow",
        Overlap::Skip => "Forbid",
        Overlap::Replace => "Replace",
    };
    let body = json!({"spec": {
        "schedule": cron,
        "concurrencyPolicy": policy,
        "startingDeadlineSeconds": late,
        "suspend": stop.is_some(),
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {
            "metadata": {"labels": labels(environment, Some(id))},
            "spec": specification(environment, id, workload, slow),
        },
    }});
    wanted(environment, Kind::CronJob, id.as_str(), Some(id), body)
}
