//! Noting how things are before they are changed, and which measures have begun and ended.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tenure_domain::capability::Capability;
use tenure_domain::name::{MeasureId, WorkloadId};
use tenure_domain::scope::Scope;

use crate::balancers;
use crate::compare::{is_as_declared, parts};
use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{number, text, uid, workload_of};
use crate::memory::{Before, Lifting, Memory, ObjectBefore, PodBefore, VolumeBefore};
use crate::names;
use crate::others::Chains;
use crate::pass::Pass;
use crate::report::PodLost;
use crate::requests::Requests;
use crate::running::is_finished;

/// Notes everything that a later restoration needs. Writes nothing to the cluster.
pub(crate) async fn note(pass: &mut Pass<'_>) -> Result<(), ClusterError> {
    let active: BTreeSet<MeasureId> = pass.restriction.effects().keys().cloned().collect();
    if pass.memory.before.is_none() && active.is_empty() {
        return Ok(());
    }
    let mut before = match pass.memory.before.take() {
        Some(before) => before,
        None => Before { objects: objects(pass), ..Before::default() },
    };
    note_measures(&mut before, active, pass.now);
    note_readiness(&mut before, pass);
    balancers::note(&mut before, pass);
    let stops_all = pass.restriction.on_environment(Capability::Compute).is_some();
    if stops_all {
        // What comes later belongs to the time after the stop.
        if !before.gated {
            before.others = pass.others.before();
        }
        before.gated = true;
    }
    let noted = match note_pods(&mut before, pass, stops_all).await {
        Ok(()) if stops_all => note_volumes(&mut before, pass).await,
        other => other,
    };
    pass.memory.before = Some(before);
    noted
}

fn note_measures(before: &mut Before, active: BTreeSet<MeasureId>, now: jiff::Timestamp) {
    let ended: BTreeSet<MeasureId> = before.measures.difference(&active).cloned().collect();
    if let Some(lifting) = &mut before.lifting {
        lifting.measures.retain(|measure| !active.contains(measure));
    }
    if !ended.is_empty() {
        let lifting = before.lifting.get_or_insert_with(|| Lifting { since: now, measures: BTreeSet::new() });
        lifting.since = now;
        lifting.measures.extend(ended);
    }
    if before.lifting.as_ref().is_some_and(|lifting| lifting.measures.is_empty()) {
        before.lifting = None;
    }
    before.measures = active;
}

fn note_readiness(before: &mut Before, pass: &Pass<'_>) {
    for id in pass.environment.workloads.keys() {
        let is_stopped = pass.restriction.on_workload(id, Capability::Compute).is_some();
        let is_throttled = pass.restriction.throttling(id).is_some();
        if is_throttled {
            before.throttled.insert(id.clone());
        }
        if (is_stopped || is_throttled) && !before.readiness.contains_key(id) {
            before.readiness.insert(id.clone(), pass.live.ready(id));
        }
    }
}

async fn note_pods(before: &mut Before, pass: &Pass<'_>, stops_all: bool) -> Result<(), ClusterError> {
    let read = pass.live.objects.values().chain(&pass.live.replica_sets);
    let mut chains = Chains::knowing(read.chain(pass.others.0.iter().map(|other| &other.object)));
    for pod in pass.live.pods.iter().filter(|pod| !is_finished(pod)) {
        let workload = workload_of(pod).and_then(|id| id.parse().ok());
        let stops_it = workload
            .as_ref()
            .is_some_and(|id| pass.restriction.on_workload(id, Capability::Compute).is_some());
        if !stops_all && !stops_it {
            continue;
        }
        match before.pods.get_mut(uid(pod)) {
            // A pod that nobody had placed yet when it was first seen.
            Some(noted) if noted.node.is_none() => noted.node = node_of(pod),
            Some(_) => {}
            None => {
                let owners = chains.above(&pass.requests, pod).await?;
                before.pods.insert(uid(pod).to_owned(), pod_before(pod, workload, owners));
            }
        }
    }
    Ok(())
}

fn node_of(pod: &Value) -> Option<String> {
    let node = text(pod, "/spec/nodeName");
    (!node.is_empty()).then(|| node.to_owned())
}

fn pod_before(pod: &Value, workload: Option<WorkloadId>, owners: Vec<String>) -> PodBefore {
    let volumes = pod.pointer("/spec/volumes").and_then(Value::as_array);
    let empty_dirs = volumes.into_iter().flatten().filter(|volume| volume.get("emptyDir").is_some());
    PodBefore {
        name: text(pod, "/metadata/name").to_owned(),
        node: node_of(pod),
        workload,
        empty_dirs: empty_dirs.map(|volume| text(volume, "/name").to_owned()).collect(),
        bare: pod.pointer("/metadata/ownerReferences/0").is_none(),
        owners,
        ended: false,
        unasked: false,
    }
}

/// What is lost with a pod, for people.
pub(crate) fn lost(uid: &str, pod: &PodBefore) -> PodLost {
    let mut losses = vec!["what its containers wrote to their own file systems".to_owned()];
    losses.extend(pod.empty_dirs.iter().map(|name| format!("the emptyDir volume {name}")));
    if pod.bare {
        losses.push("the pod itself: nothing makes it again".to_owned());
    }
    if let Some(job) = pod.owners.iter().find(|owner| owner.starts_with("Job/")) {
        losses.push(format!("what {job} had done in it: it begins anew when the stop ends"));
    }
    PodLost {
        name: pod.name.clone(),
        uid: uid.to_owned(),
        node: pod.node.clone(),
        losses,
        owners: pod.owners.clone(),
    }
}

/// What a stop of this scope would end now. Nothing where the namespace is not the one we made.
pub(crate) async fn preview(
    requests: &Requests,
    memory: &Memory,
    scope: &Scope,
) -> Result<Vec<PodLost>, ClusterError> {
    let namespace = requests.get(Kind::Namespace, requests.namespace()).await?;
    if namespace.is_none_or(|found| memory.namespace_uid.as_deref() != Some(uid(&found))) {
        return Ok(Vec::new());
    }
    let pods = requests.list(Kind::Pod).await?;
    let concerns = |workload: Option<&WorkloadId>| match scope {
        Scope::Account | Scope::Environment(_) => true,
        Scope::Workload(_, one) | Scope::Hostname(_, one, _) => workload == Some(one),
    };
    let all = pods.iter().map(|pod| (pod, workload_of(pod).and_then(|id| id.parse::<WorkloadId>().ok())));
    let mut chains = Chains::default();
    let mut concerned = Vec::new();
    for (pod, workload) in all.filter(|(pod, workload)| concerns(workload.as_ref()) && !is_finished(pod)) {
        let owners = chains.above(requests, pod).await?;
        concerned.push(lost(uid(pod), &pod_before(pod, workload, owners)));
    }
    Ok(concerned)
}

async fn note_volumes(before: &mut Before, pass: &Pass<'_>) -> Result<(), ClusterError> {
    for (key, claim) in pass.live.objects.iter().filter(|(key, _)| key.kind == Kind::PersistentVolumeClaim) {
        let name = text(claim, "/spec/volumeName");
        if name.is_empty() || before.volumes.contains_key(name) {
            continue;
        }
        let Some(volume) = pass.requests.get(Kind::PersistentVolume, name).await? else { continue };
        let noted = VolumeBefore {
            uid: uid(&volume).to_owned(),
            claim: key.name.clone(),
            reclaim_policy: text(&volume, "/spec/persistentVolumeReclaimPolicy").to_owned(),
        };
        before.volumes.insert(name.to_owned(), noted);
    }
    Ok(())
}

fn objects(pass: &Pass<'_>) -> BTreeMap<ObjectKey, ObjectBefore> {
    let namespace = ObjectKey::new(Kind::Namespace, pass.requests.namespace());
    let all = pass.live.objects.iter().chain([(&namespace, &pass.live.namespace)]);
    let kept = all.filter(|(key, _)| key.name != names::GATE);
    let noted = kept.map(|(key, object)| {
        let wanted = pass.declared.iter().find(|wanted| &wanted.key == key);
        let before = ObjectBefore {
            uid: uid(object).to_owned(),
            declared: wanted.map(|wanted| wanted.declared.clone()),
            drifted: wanted.is_some_and(|wanted| !is_as_declared(key.kind, &wanted.object, object)),
            parts: parts(key.kind, object),
        };
        (key.clone(), before)
    });
    noted.collect()
}

/// Whether a pod has ended or is told to end within this many seconds.
pub(crate) fn ends_within(pod: &Value, seconds: u32) -> bool {
    !text(pod, "/metadata/deletionTimestamp").is_empty()
        && number(pod, "/metadata/deletionGracePeriodSeconds") <= i64::from(seconds)
}
