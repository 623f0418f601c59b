//! Bringing back what is no longer withheld, and seeing that it is back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tenure_domain::capability::Capability;
use tenure_domain::name::MeasureId;

use crate::balancers;
use crate::children::has_ended;
use crate::compare::parts;
use crate::error::ClusterError;
use crate::gate;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{mark, number, text, uid};
use crate::memory::{Before, Lifting, ObjectBefore};
use crate::names::{self, TOUCH};
use crate::observe::{build, seen, throttle};
use crate::others;
use crate::pass::Pass;
use crate::report::{ClusterSeen, REPORT_VERSION, ReadinessSeen, Restoration, RestoreReport, VolumeSeen};
use crate::stop::{RETAIN, set_reclaim_policy};

/// Puts reclaim policies back and wakes the controllers, whose back-off would last for minutes.
pub(crate) async fn wake(pass: &mut Pass<'_>) -> Result<(), ClusterError> {
    let Some(before) = pass.memory.before.clone() else { return Ok(()) };
    let Some(lifting) = &before.lifting else { return Ok(()) };
    if !before.gated || pass.restriction.on_environment(Capability::Compute).is_some() {
        return Ok(());
    }
    for (name, volume) in &before.volumes {
        if volume.reclaim_policy == RETAIN {
            continue;
        }
        let Some(found) = pass.requests.get(Kind::PersistentVolume, name).await? else { continue };
        // Whoever chose something else meanwhile has the last word.
        if uid(&found) == volume.uid && text(&found, "/spec/persistentVolumeReclaimPolicy") == RETAIN {
            set_reclaim_policy(pass, name, &volume.uid, &volume.reclaim_policy).await?;
        }
    }
    // A controller that is woken while admission still remembers the gate fails once more and waits even longer.
    let untouched = owners(pass, lifting);
    let rehearses = pass.requests.rehearsal().is_some();
    let is_due = !untouched.is_empty() || others::missing(pass, &before, lifting).is_some();
    if !is_due || (!rehearses && gate::is_still_closed(&pass.requests).await?) {
        return Ok(());
    }
    for (key, uid) in untouched {
        let patch = json!({"metadata": {"annotations": {TOUCH: lifting.since.to_string()}}});
        match pass.requests.merge(&key, &uid, patch, false).await {
            Err(error) if !matches!(error.code(), Some(404 | 409)) => pass.veto(&key.to_string(), error)?,
            _ => drop(pass.written.insert(key)),
        }
    }
    others::wake(pass, &before, lifting).await
}

/// The owners of pods that were not woken yet.
fn owners(pass: &Pass<'_>, lifting: &Lifting) -> Vec<(ObjectKey, String)> {
    let since = lifting.since.to_string();
    let makes_pods = |key: &ObjectKey, object: &serde_json::Value| match key.kind {
        Kind::Deployment | Kind::StatefulSet => true,
        Kind::Job => !has_ended(object),
        _ => false,
    };
    let deployments = pass.live.objects.iter().filter(|(key, object)| makes_pods(key, object));
    let deployments = deployments.map(|(key, object)| (key.clone(), object));
    let sets = pass.live.replica_sets.iter().filter(|set| number(set, "/spec/replicas") > 0);
    let sets = sets.map(|set| (ObjectKey::new(Kind::ReplicaSet, text(set, "/metadata/name")), set));
    deployments
        .chain(sets)
        .filter(|(_, object)| mark(object, "annotations", TOUCH) != Some(&since))
        .map(|(key, object)| (key, uid(object).to_owned()))
        .collect()
}

/// Whether everything that is no longer withheld is back.
pub(crate) async fn observe(
    pass: &mut Pass<'_>,
    cluster: &ClusterSeen,
    vetoes: &[String],
) -> Result<Restoration, ClusterError> {
    let Some(before) = pass.memory.before.clone() else { return Ok(Restoration::None) };
    let Some(lifting) = &before.lifting else { return Ok(Restoration::None) };
    if let Some(why) = missing(pass, &before, lifting) {
        let why = [&[why], vetoes].concat().join("; ");
        return Ok(Restoration::Pending { why });
    }
    let is_stopped = pass.restriction.on_environment(Capability::Compute).is_some();
    let mut volumes = Vec::new();
    for (name, volume) in &before.volumes {
        let found = pass.requests.get(Kind::PersistentVolume, name).await?.unwrap_or_default();
        let reclaim_policy = text(&found, "/spec/persistentVolumeReclaimPolicy").to_owned();
        volumes.push(VolumeSeen { claim: volume.claim.clone(), volume: name.clone(), reclaim_policy });
    }
    let mut compared = Comparison::default();
    for (key, object) in &before.objects {
        compared.add(pass, key, object);
    }
    if !is_stopped {
        for volume in &volumes {
            let was =
                before.volumes.get(&volume.volume).map(|v| v.reclaim_policy.as_str()).unwrap_or_default();
            if was != volume.reclaim_policy {
                compared.differences.push(format!(
                    "PersistentVolume/{} has the reclaim policy {:?}, before {was:?}",
                    volume.volume, volume.reclaim_policy
                ));
            }
        }
    }
    let others = if before.gated && !is_stopped {
        others::compare(pass, &before)
    } else {
        others::Compared::default()
    };
    compared.count += others.count;
    compared.differences.extend(others.differences);
    let (balancers, not_given_back) = balancers::restored(pass, &before);
    compared.differences.extend(not_given_back);
    compared.differences.extend(vetoes.iter().cloned());
    let readiness = before
        .readiness
        .iter()
        .filter(|(id, _)| pass.restriction.on_workload(id, Capability::Compute).is_none());
    let report = RestoreReport {
        version: REPORT_VERSION,
        measures: lifting.measures.clone(),
        still_withheld_by: pass.restriction.effects().keys().cloned().collect::<BTreeSet<MeasureId>>(),
        observed_at: pass.now,
        build: build(),
        cluster: cluster.clone(),
        namespace: seen(&ObjectKey::new(Kind::Namespace, pass.requests.namespace()), &pass.live.namespace),
        readiness: readiness
            .map(|(id, &was)| (id.clone(), ReadinessSeen { before: was, ready: pass.live.ready(id) }))
            .collect::<BTreeMap<_, _>>(),
        volumes,
        load_balancers: balancers,
        compared: compared.count,
        equal: compared.differences.is_empty(),
        differences: compared.differences,
        redeclared: compared.redeclared,
        put_right: compared.put_right,
        others: others.readiness.into_iter().collect(),
        resumed: others.resumed,
        lost: others.lost,
        made_meanwhile: others.made_meanwhile,
    };
    forget(pass);
    Ok(Restoration::Restored(Box::new(report)))
}

/// What is still missing, for people.
fn missing(pass: &Pass<'_>, before: &Before, lifting: &Lifting) -> Option<String> {
    let is_ours = |key: &&ObjectKey| !matches!(key.kind, Kind::Pod);
    if let Some(key) = pass.written.iter().find(is_ours) {
        return Some(format!("{key} was written just now"));
    }
    let is_stopped = pass.restriction.on_environment(Capability::Compute).is_some();
    if before.gated && !is_stopped {
        if pass.live.get(Kind::ResourceQuota, names::GATE).is_some_and(|gate| !gate::is_open(gate)) {
            return Some("the gate is still there".to_owned());
        }
        if let Some((key, _)) = owners(pass, lifting).first() {
            return Some(format!("{key} was not woken yet"));
        }
    }
    if before.gated
        && !is_stopped
        && let Some(why) = others::missing(pass, before, lifting)
    {
        return Some(why);
    }
    if let Some(why) = balancers::missing(pass, before) {
        return Some(why);
    }
    for id in before.throttled.iter().filter(|id| pass.restriction.throttling(id).is_none()) {
        if let Some(pod) = throttle::still(pass, id) {
            return Some(format!("{pod} has not got its computing time back yet"));
        }
    }
    for (id, &was) in &before.readiness {
        if pass.restriction.on_workload(id, Capability::Compute).is_some() {
            continue;
        }
        let (ready, wanted) = (pass.live.ready(id), was.min(pass.environment.wanted(id)));
        if ready < wanted {
            return Some(format!("{id} has {ready} of {wanted} pods ready"));
        }
    }
    None
}

/// Forgets what is restored; what is still withheld stays noted.
fn forget(pass: &mut Pass<'_>) {
    let restriction = &pass.restriction;
    let Some(before) = &mut pass.memory.before else { return };
    if restriction.effects().is_empty() {
        pass.memory.before = None;
        return;
    }
    before.lifting = None;
    let is_stopped = restriction.on_environment(Capability::Compute).is_some();
    before.throttled.retain(|id| restriction.throttling(id).is_some());
    before.balancers.retain(|_, noted| restriction.releases(noted.workload.as_ref()));
    before.readiness.retain(|id, _| {
        restriction.on_workload(id, Capability::Compute).is_some() || restriction.throttling(id).is_some()
    });
    if !is_stopped {
        before.gated = false;
        before.volumes.clear();
        before.others.clear();
        before.vetoes.clear();
        before.pods.retain(|_, pod| {
            pod.workload.as_ref().is_some_and(|id| restriction.on_workload(id, Capability::Compute).is_some())
        });
    }
}

/// How what is there differs from how it was before anything was withheld.
pub(crate) fn differences(pass: &Pass<'_>) -> Vec<String> {
    let mut compared = Comparison::default();
    for (key, object) in pass.memory.before.iter().flat_map(|before| &before.objects) {
        compared.add(pass, key, object);
    }
    compared.differences
}

#[derive(Default)]
struct Comparison {
    count: u32,
    differences: Vec<String>,
    redeclared: Vec<ObjectKey>,
    put_right: Vec<ObjectKey>,
}

impl Comparison {
    fn add(&mut self, pass: &Pass<'_>, key: &ObjectKey, before: &ObjectBefore) {
        let digest = |all: &[crate::render::Wanted]| {
            all.iter().find(|wanted| &wanted.key == key).map(|wanted| wanted.declared.clone())
        };
        let declared = digest(&pass.declared);
        if declared != digest(&pass.wanted) || balancers::is_released(pass, key) {
            return; // still withheld
        }
        self.count += 1;
        if declared != before.declared {
            self.redeclared.push(key.clone());
            return;
        }
        if before.drifted {
            self.put_right.push(key.clone());
            return;
        }
        let found =
            if key.kind == Kind::Namespace { Some(&pass.live.namespace) } else { pass.live.objects.get(key) };
        let Some(found) = found else {
            self.differences.push(format!("{key} is gone"));
            return;
        };
        // The stop of a workload itself takes its autoscaler away; its end makes the next one.
        if uid(found) != before.uid && key.kind != Kind::HorizontalPodAutoscaler {
            self.differences.push(format!("{key} was made anew: uid {}, before {}", uid(found), before.uid));
        }
        let now = parts(key.kind, found);
        let names: BTreeSet<&String> = before.parts.keys().chain(now.keys()).collect();
        for name in names {
            let newly_bound = name == "spec.volumeName" && !before.parts.contains_key(name);
            if before.parts.get(name) != now.get(name) && !newly_bound {
                self.differences.push(format!("{key} differs in its {name}"));
            }
        }
    }
}
