//! Ending what runs, without touching what was declared and without losing persistent data.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tenure_domain::capability::Capability;
use tenure_domain::name::WorkloadId;

use crate::before::ends_within;
use crate::children::{has_ended, is_held_up};
use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{number, text, uid, workload_of};
use crate::pass::Pass;
use crate::restriction::Withholding;
use crate::running::{is_called_ended, is_finished};

/// The reclaim policy under which the data of a deleted claim is kept.
pub(crate) const RETAIN: &str = "Retain";

/// Makes every volume survive the deletion of its claim. What the policy was is kept before.
pub(crate) async fn retain_volumes(pass: &mut Pass<'_>, _withheld: &Withholding) -> Result<(), ClusterError> {
    let Some(before) = &pass.memory.before else { return Ok(()) };
    for (name, volume) in before.volumes.clone() {
        let Some(found) = pass.requests.get(Kind::PersistentVolume, &name).await? else { continue };
        if uid(&found) == volume.uid && text(&found, "/spec/persistentVolumeReclaimPolicy") != RETAIN {
            let changed = set_reclaim_policy(pass, &name, &volume.uid, RETAIN).await?;
            pass.volumes.insert(name, changed);
        } else {
            pass.volumes.insert(name, found);
        }
    }
    Ok(())
}

/// Changes what becomes of a volume's data when its claim is deleted.
pub(crate) async fn set_reclaim_policy(
    pass: &mut Pass<'_>,
    name: &str,
    uid: &str,
    policy: &str,
) -> Result<Value, ClusterError> {
    let key = ObjectKey::new(Kind::PersistentVolume, name);
    let patch = json!({"spec": {"persistentVolumeReclaimPolicy": policy}});
    let changed = pass.requests.merge(&key, uid, patch, false).await?;
    pass.written.insert(key);
    Ok(changed)
}

/// How many pods are told to end at once.
const AT_ONCE: usize = 16;

/// Ends every pod of the namespace that has not finished. Only called behind a closed gate.
pub(crate) async fn end_all_pods(pass: &mut Pass<'_>, withheld: &Withholding) -> Result<(), ClusterError> {
    let pods = pass.live.pods.clone();
    end_all(pass, &pods, withheld).await
}

/// Ends the pods of workloads that are stopped by themselves, once nothing makes them again.
pub(crate) async fn end_pods_of_stopped_workloads(pass: &mut Pass<'_>) -> Result<(), ClusterError> {
    if pass.restriction.on_environment(Capability::Compute).is_some() {
        return Ok(());
    }
    let stopped: Vec<_> = pass.restriction.stopped_workloads().map(|(w, s)| (w.clone(), s.clone())).collect();
    for (workload, withheld) in stopped {
        if asks_for_pods(pass, &workload) {
            continue;
        }
        let sets = &pass.live.replica_sets;
        let still_wants = |set: &Value| {
            crate::live::workload_of(set) == Some(workload.as_str()) && number(set, "/spec/replicas") != 0
        };
        if sets.iter().any(still_wants) {
            continue;
        }
        let pods: Vec<Value> = pass.live.pods_of(&workload).cloned().collect();
        end_all(pass, &pods, &withheld).await?;
    }
    Ok(())
}

/// Whether something still makes pods of a workload.
fn asks_for_pods(pass: &Pass<'_>, workload: &WorkloadId) -> bool {
    pass.live.objects.iter().any(|(key, object)| {
        let is_its = key.name == workload.as_str() || workload_of(object) == Some(workload.as_str());
        is_its
            && match key.kind {
                Kind::Deployment | Kind::StatefulSet => number(object, "/spec/replicas") != 0,
                Kind::Job => !has_ended(object) && !is_held_up(object),
                Kind::CronJob => object.pointer("/spec/suspend").and_then(Value::as_bool) != Some(true),
                _ => false,
            }
    })
}

/// Whether its node said before that it does not run it.
fn is_noted_as_ended(pass: &Pass<'_>, pod: &Value) -> bool {
    let before = pass.memory.before.as_ref();
    before.and_then(|before| before.pods.get(uid(pod))).is_some_and(|noted| noted.ended)
}

async fn end_all(pass: &mut Pass<'_>, pods: &[Value], withheld: &Withholding) -> Result<(), ClusterError> {
    let due: Vec<(Value, ObjectKey, u32)> = pods
        .iter()
        .filter_map(|pod| {
            let own = pod.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_u64);
            let own = own.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(u32::MAX);
            let grace = withheld.pod_grace_seconds().min(own).max(1);
            let key = ObjectKey::new(Kind::Pod, text(pod, "/metadata/name"));
            // What has ended runs no more, and its job counts it.
            let has_ended = is_finished(pod) || is_called_ended(pod) && is_noted_as_ended(pass, pod);
            (!has_ended && !ends_within(pod, grace)).then(|| (pod.clone(), key, grace))
        })
        .collect();
    let mut answers = Vec::new();
    for some in due.chunks(AT_ONCE) {
        let mut sent = Vec::new();
        for (pod, key, grace) in some {
            sent.push(pass.requests.delete(key, uid(pod), Some(*grace)));
        }
        answers.extend(join_all(sent).await);
    }
    for ((pod, key, _), answer) in due.into_iter().zip(answers) {
        match answer {
            Err(error) if error.vetoed_by().is_some() => end_otherwise(pass, &pod, &key, error).await?,
            done => drop(done?),
        }
        pass.written.insert(key);
    }
    Ok(())
}

/// Ends a pod whose deletion a webhook refuses. An eviction is asked of other webhooks, and of disruption budgets; a
/// deadline in the pod itself is a change and asked of yet others, and makes its node end it.
async fn end_otherwise(
    pass: &mut Pass<'_>,
    pod: &Value,
    key: &ObjectKey,
    refused: ClusterError,
) -> Result<(), ClusterError> {
    pass.veto(&key.to_string(), refused)?;
    let has_deadline = || number(pod, "/spec/activeDeadlineSeconds") == 1;
    if !text(pod, "/metadata/deletionTimestamp").is_empty() || has_deadline() {
        return Ok(());
    }
    let evicted = pass.requests.evict(&key.name).await;
    if evicted.is_ok() {
        return Ok(());
    }
    let deadline = json!({"spec": {"activeDeadlineSeconds": 1}});
    match pass.requests.merge(key, uid(pod), deadline, false).await {
        Err(error) if error.vetoed_by().is_some() => pass.veto(&key.to_string(), error),
        Err(error) if !matches!(error.code(), Some(404 | 409)) => Err(error),
        _ => Ok(()),
    }
}
