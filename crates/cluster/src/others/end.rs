//! The end of a stop for what is not ours: woken, resumed, waited for, compared.

use serde_json::{Value, json};

use super::Other;
use crate::compare::parts_of;
use crate::error::ClusterError;
use crate::live::{mark, number, workload_of};
use crate::memory::{Before, Lifting, Suspended};
use crate::names::TOUCH;
use crate::pass::Pass;
use crate::report::ReadinessSeen;

/// What is said of what is not ours when it is back.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub count: u32,
    pub differences: Vec<String>,
    pub readiness: Vec<(String, ReadinessSeen)>,
    pub resumed: Vec<String>,
    pub lost: Vec<String>,
    pub made_meanwhile: Vec<String>,
}

/// What has to be woken or resumed and was not yet, in the order in which it is done: what keeps data, then what serves,
/// then jobs.
fn due<'a>(pass: &'a Pass<'_>, before: &Before, lifting: &Lifting) -> Vec<&'a Other> {
    let since = lifting.since.to_string();
    let concerns = |other: &&Other| {
        let is_woken = mark(&other.object, "annotations", TOUCH) == Some(&since);
        let is_held = is_held(before, other);
        let by_itself = other.resource.kind == "Job" || other.resource.kind == "CronJob";
        // Deployments and sets are woken with ours.
        let with_ours = matches!(other.resource.kind.as_str(), "Deployment" | "ReplicaSet");
        !is_woken && !with_ours && !(by_itself && (other.is_finished() || other.is_suspended() && !is_held))
    };
    let mut all: Vec<&Other> = pass.others.0.iter().filter(concerns).collect();
    let rank = |other: &Other| match other.resource.kind.as_str() {
        "StatefulSet" => 0,
        "Job" => 2,
        "CronJob" => 3,
        _ => 1,
    };
    all.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.name().cmp(b.name())));
    all
}

/// Whether it is suspended because we held it.
fn is_held(before: &Before, other: &Other) -> bool {
    let noted = before.others.get(other.uid()).and_then(|noted| noted.suspended);
    noted.is_some_and(Suspended::is_held) && other.is_suspended()
}

/// Wakes what makes pods, and resumes what we held. Only called behind an open gate.
pub(crate) async fn wake(
    pass: &mut Pass<'_>,
    before: &Before,
    lifting: &Lifting,
) -> Result<(), ClusterError> {
    let due: Vec<Other> = due(pass, before, lifting).into_iter().cloned().collect();
    for other in due {
        resume(pass, before, lifting, &other).await?;
    }
    Ok(())
}

/// Wakes or resumes one of them. What a cron job would have run meanwhile is not made up: it counts from now, by the
/// cluster's own clock.
async fn resume(
    pass: &mut Pass<'_>,
    before: &Before,
    lifting: &Lifting,
    other: &Other,
) -> Result<(), ClusterError> {
    let target = (other.name(), other.uid());
    if other.resource.kind == "CronJob" {
        let (_, now) = pass.requests.dated("/version").await?;
        let status = now.map(|now| json!({"status": {"lastScheduleTime": now}}));
        if let Some(status) = status
            && let Err(error) = pass.requests.merge_of(&other.resource, target, status, true).await
            && !matches!(error.code(), Some(404 | 409))
        {
            pass.veto(&other.key(), error)?;
        }
    }
    let mut patch = json!({"metadata": {"annotations": {TOUCH: lifting.since.to_string()}}});
    if is_held(before, other) {
        let noted = before.others.get(other.uid()).and_then(|noted| noted.suspended);
        patch["spec"] = json!({"suspend": noted.and_then(|suspended| suspended.before)});
    }
    match pass.requests.merge_of(&other.resource, target, patch, false).await {
        Ok(changed) => {
            pass.others.0.retain(|one| one.uid() != other.uid());
            pass.others.0.push(Other { resource: other.resource.clone(), object: changed });
        }
        Err(error) if matches!(error.code(), Some(404 | 409)) => {}
        Err(error) => pass.veto(&other.key(), error)?,
    }
    Ok(())
}

/// What is not back yet, for people. What was changed meanwhile is not waited for: nobody knows what it would become.
pub(crate) fn missing(pass: &Pass<'_>, before: &Before, lifting: &Lifting) -> Option<String> {
    if let Some(other) = due(pass, before, lifting).first() {
        return Some(format!("{} was not woken yet", other.key()));
    }
    before.others.iter().find_map(|(uid, noted)| {
        let was = noted.ready?;
        let found = pass.others.get(uid)?;
        if parts_of(&found.object) != noted.parts {
            return None;
        }
        let wanted = match found.resource.kind.as_str() {
            "DaemonSet" => number(&found.object, "/status/desiredNumberScheduled"),
            _ => found.object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1),
        };
        let wanted = was.min(u32::try_from(wanted).unwrap_or(0));
        let ready = found.ready().unwrap_or(0);
        (ready < wanted).then(|| format!("{} has {ready} of {wanted} pods ready", found.key()))
    })
}

/// Compares what is not ours with how it was.
pub(crate) fn compare(pass: &Pass<'_>, before: &Before) -> Compared {
    let mut all = Compared::default();
    for (uid, noted) in &before.others {
        let key = noted.key();
        // Deployments and sets, and what is declared here, are compared with ours.
        let declared = |found: &Other| {
            workload_of(&found.object)
                .is_some_and(|id| pass.environment.workloads.keys().any(|w| w.as_str() == id))
        };
        let is_compared = !matches!(noted.kind.as_str(), "Deployment" | "ReplicaSet")
            && !pass.others.get(uid).is_some_and(declared);
        let Some(found) = pass.others.get(uid) else {
            if !noted.finished && is_compared {
                all.differences.push(format!("{key} is gone"));
            }
            continue;
        };
        all.count += u32::from(is_compared);
        let now = parts_of(&found.object);
        for part in noted.parts.keys().chain(now.keys().filter(|part| !noted.parts.contains_key(*part))) {
            if is_compared && noted.parts.get(part) != now.get(part) {
                all.differences.push(format!("{key} differs in its {part}"));
            }
        }
        if !noted.finished && found.has_condition("Failed") {
            all.differences.push(format!("{key} failed meanwhile"));
        }
        if let (Some(before), Some(ready)) = (noted.ready, found.ready()) {
            all.readiness.push((key.clone(), ReadinessSeen { before, ready }));
        }
        if noted.suspended.is_some_and(Suspended::is_held) {
            let what = if noted.kind == "CronJob" {
                ": what it would have run meanwhile is not made up"
            } else {
                ""
            };
            all.resumed.push(format!("{key}{what}"));
        }
    }
    let made = pass.others.0.iter().filter(|other| !before.others.contains_key(other.uid()));
    // What a controller makes by itself after the stop says nothing.
    let made = made.filter(|other| other.object.pointer("/metadata/ownerReferences/0").is_none());
    all.made_meanwhile.extend(made.map(Other::key));
    let bare = before.pods.values().filter(|pod| pod.bare);
    all.lost.extend(bare.map(|pod| format!("Pod/{}: nothing makes it again", pod.name)));
    all
}
