//! Deployments keep one ReplicaSet per template, and move pods from the old to the new as these become ready.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{delete_quietly, drop_condition, events, kind, put_changed, set_condition, set_count};
use crate::object::{
    condition, controller_uid, int, is_terminating, name, namespace, remove, set, text, uid,
};
use crate::requests::{DeleteOptions, Writer, commit, create, owner_reference};
use crate::world::{Key, World, stable_hash, suffix};

const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";
const CONTROLLER: &str = "kube-controller-manager";

/// One pass over all Deployments.
pub fn pass(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    for deployment in world.list("deployments.apps", None) {
        if !is_terminating(&deployment) && world.namespace_terminating(namespace(&deployment)) == Some(false)
        {
            sync(world, &deployment, now);
        }
    }
    None
}

fn owned_sets(world: &World, deployment: &Value) -> Vec<Arc<Value>> {
    let mut sets = world.list("replicasets.apps", Some(namespace(deployment)));
    sets.retain(|s| controller_uid(s) == uid(deployment) && !is_terminating(s));
    sets
}

fn sync(world: &mut World, deployment: &Value, now: Timestamp) {
    let template = deployment.pointer("/spec/template").cloned().unwrap_or_else(|| json!({}));
    let hash = suffix(stable_hash(&sorted(&template)), 10);
    let paused = deployment.pointer("/spec/paused").and_then(Value::as_bool) == Some(true);
    let has_new = owned_sets(world, deployment).iter().any(|s| is_new(s, &hash));
    if !has_new && !paused {
        make_set(world, deployment, &template, &hash, now);
    }
    let (new, old): (Vec<_>, Vec<_>) =
        owned_sets(world, deployment).into_iter().partition(|s| is_new(s, &hash));
    if let Some(new) = new.first() {
        copy_annotations(world, deployment, new);
    }
    scale(world, deployment, new.first(), &old, now);
    prune(world, deployment, &old, now);
    report(world, deployment, &hash, now);
}

fn is_new(set_object: &Value, hash: &str) -> bool {
    crate::object::label(set_object, HASH) == Some(hash)
}

/// JSON with sorted keys, so that a template's hash does not depend on their order.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(k, _)| *k);
            let parts: Vec<String> =
                entries.into_iter().map(|(k, v)| format!("{k:?}:{}", sorted(v))).collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(",")),
        scalar => scalar.to_string(),
    }
}

fn make_set(world: &mut World, deployment: &Value, template: &Value, hash: &str, now: Timestamp) {
    let Some(sets) = kind("replicasets.apps") else { return };
    let revision = owned_sets(world, deployment).iter().map(|s| revision(s)).max().unwrap_or_default() + 1;
    let mut template = template.clone();
    set(&mut template, &["metadata", "labels", HASH], json!(hash));
    let mut selector = deployment.pointer("/spec/selector").cloned().unwrap_or_else(|| json!({}));
    set(&mut selector, &["matchLabels", HASH], json!(hash));
    let labels = template.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    let mut annotations = inherited(deployment);
    annotations.insert(REVISION.to_owned(), json!(revision.to_string()));
    let object = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{}-{hash}", name(deployment)), "labels": labels, "annotations": annotations,
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    });
    match create(world, sets, namespace(deployment), object, &Writer::controller(CONTROLLER, now)) {
        Ok(_) => set_revision(world, deployment, revision),
        Err(error) => events::emit(world, deployment, true, "ReplicaSetCreateError", &error.message, now),
    }
}

fn revision(object: &Value) -> i64 {
    let annotation = object.pointer("/metadata/annotations").and_then(|a| a.get(REVISION));
    annotation.and_then(Value::as_str).and_then(|r| r.parse().ok()).unwrap_or_default()
}

fn set_revision(world: &mut World, deployment: &Value, revision: i64) {
    let (Some(kind), Some(live)) =
        (kind("deployments.apps"), world.get(&Key::of("deployments.apps", deployment)))
    else {
        return;
    };
    let mut new = (**live).clone();
    set(&mut new, &["metadata", "annotations", REVISION], json!(revision.to_string()));
    world.put(kind, new);
}

/// A Deployment's annotations that its ReplicaSet carries too.
fn inherited(deployment: &Value) -> Map<String, Value> {
    let mut all =
        deployment.pointer("/metadata/annotations").and_then(Value::as_object).cloned().unwrap_or_default();
    all.retain(|k, _| {
        !k.starts_with("deployment.kubernetes.io/") && k != "kubectl.kubernetes.io/last-applied-configuration"
    });
    all
}

/// A touch of the Deployment reaches its ReplicaSet as an annotation, which ends that one's back-off.
fn copy_annotations(world: &mut World, deployment: &Value, set_object: &Arc<Value>) {
    let Some(sets) = kind("replicasets.apps") else { return };
    let mut new = (**set_object).clone();
    for (key, value) in inherited(deployment) {
        set(&mut new, &["metadata", "annotations", &key], value);
    }
    put_changed(world, sets, set_object, new);
}

/// An absolute number or a percentage of the wanted replicas.
fn share(value: Option<&Value>, of: i64, round_up: bool) -> i64 {
    match value {
        Some(Value::Number(n)) => n.as_i64().unwrap_or_default().max(0),
        Some(Value::String(text)) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or_default();
            let product = percent.clamp(0, 1000).saturating_mul(of);
            if round_up { (product + 99) / 100 } else { product / 100 }
        }
        _ => 0,
    }
}

/// How many pods may be too many and too few while a rollout lasts.
fn slack(deployment: &Value, wanted: i64) -> (i64, i64) {
    let rolling = deployment.pointer("/spec/strategy/rollingUpdate");
    let surge = share(rolling.and_then(|r| r.get("maxSurge")), wanted, true);
    let missing = share(rolling.and_then(|r| r.get("maxUnavailable")), wanted, false);
    if surge == 0 && missing == 0 { (0, 1) } else { (surge, missing) }
}

fn scale(
    world: &mut World,
    deployment: &Value,
    new: Option<&Arc<Value>>,
    old: &[Arc<Value>],
    now: Timestamp,
) {
    let wanted = int(deployment, "/spec/replicas").unwrap_or(1).max(0);
    let replicas = |s: &Value| int(s, "/spec/replicas").unwrap_or_default();
    let available = |s: &Value| int(s, "/status/availableReplicas").unwrap_or_default();
    let old_total: i64 = old.iter().map(|s| replicas(s)).sum();
    let Some(new) = new else {
        // Paused before its first rollout of this template: only a scale of what runs is followed.
        if let Some(running) = old.iter().max_by_key(|s| revision(s)).filter(|_| old_total > 0) {
            resize(world, deployment, running, wanted, now);
        }
        return;
    };
    if text(deployment, "/spec/strategy/type") == "Recreate" {
        for set_object in old {
            resize(world, deployment, set_object, 0, now);
        }
        let pods = world.list("pods", Some(namespace(deployment)));
        if !old.iter().any(|s| pods.iter().any(|p| controller_uid(p) == uid(s))) {
            resize(world, deployment, new, wanted, now);
        }
        return;
    }
    let (surge, missing) = slack(deployment, wanted);
    let room = (wanted + surge - old_total).max(replicas(new).min(wanted));
    let grown = wanted.min(room);
    resize(world, deployment, new, grown, now);
    if old_total == 0 {
        return;
    }
    let floor = wanted - missing;
    let mut spare = (old_total + grown) - floor - (grown - available(new).min(grown));
    for set_object in old {
        let broken = (replicas(set_object) - available(set_object)).clamp(0, spare.max(0));
        let extra = (available(new) + old.iter().map(|s| available(s)).sum::<i64>() - floor).max(0);
        let cut = (broken + extra.min(available(set_object))).min(spare.max(0)).min(replicas(set_object));
        spare -= cut;
        resize(world, deployment, set_object, replicas(set_object) - cut, now);
    }
}

fn resize(world: &mut World, deployment: &Value, set_object: &Value, replicas: i64, now: Timestamp) {
    let (Some(sets), Some(live)) =
        (kind("replicasets.apps"), world.get(&Key::of("replicasets.apps", set_object)).map(Arc::clone))
    else {
        return;
    };
    let before = int(&live, "/spec/replicas").unwrap_or_default();
    if before == replicas {
        return;
    }
    let mut resized = (*live).clone();
    set(&mut resized, &["spec", "replicas"], json!(replicas));
    if let Err(error) = commit(world, sets, &live, resized, &Writer::controller(CONTROLLER, now), true) {
        tracing::debug!(%error, "kubesim: scaling a ReplicaSet");
        return;
    }
    let way = if replicas > before { "up" } else { "down" };
    let message = format!("Scaled {way} replica set {} from {before} to {replicas}", name(set_object));
    events::emit(world, deployment, false, "ScalingReplicaSet", &message, now);
}

/// Deletes the oldest empty ReplicaSets beyond the history the Deployment keeps.
fn prune(world: &mut World, deployment: &Value, old: &[Arc<Value>], now: Timestamp) {
    let Some(sets) = kind("replicasets.apps") else { return };
    let keep = usize::try_from(int(deployment, "/spec/revisionHistoryLimit").unwrap_or(10)).unwrap_or(10);
    let mut empty: Vec<&Arc<Value>> = old
        .iter()
        .filter(|s| int(s, "/spec/replicas") == Some(0) && int(s, "/status/replicas") == Some(0))
        .collect();
    empty.sort_by_key(|s| std::cmp::Reverse(revision(s)));
    for set_object in empty.into_iter().skip(keep) {
        delete_quietly(world, sets, set_object, &DeleteOptions::default(), now);
    }
}

fn report(world: &mut World, deployment: &Value, hash: &str, now: Timestamp) {
    let (Some(kind), Some(live)) =
        (kind("deployments.apps"), world.get(&Key::of("deployments.apps", deployment)).map(Arc::clone))
    else {
        return;
    };
    let sets = owned_sets(world, deployment);
    let sum = |field: &str| {
        sets.iter().map(|s| int(s, &format!("/status/{field}")).unwrap_or_default()).sum::<i64>()
    };
    let (total, ready, available) = (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"));
    let current = sets.iter().find(|s| is_new(s, hash));
    let updated = current.map_or(0, |s| int(s, "/status/replicas").unwrap_or_default());
    let wanted = int(&live, "/spec/replicas").unwrap_or(1);
    let mut new = (*live).clone();
    set(&mut new, &["status", "observedGeneration"], json!(int(&live, "/metadata/generation").unwrap_or(1)));
    for (field, count) in [
        ("replicas", total),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", available),
        ("unavailableReplicas", (wanted.max(total) - available).max(0)),
    ] {
        set_count(&mut new, field, count);
    }
    let (_, missing) = slack(&live, wanted);
    if available >= wanted - missing {
        let message = "Deployment has minimum availability.";
        set_condition(&mut new, "Available", true, "MinimumReplicasAvailable", message, now);
    } else {
        let message = "Deployment does not have minimum availability.";
        set_condition(&mut new, "Available", false, "MinimumReplicasUnavailable", message, now);
    }
    let set_name = current.map_or("", |s| name(s));
    if updated == wanted && total == wanted && available == wanted {
        let message = format!("ReplicaSet {set_name:?} has successfully progressed.");
        set_condition(&mut new, "Progressing", true, "NewReplicaSetAvailable", &message, now);
    } else {
        let message = format!("ReplicaSet {set_name:?} is progressing.");
        set_condition(&mut new, "Progressing", true, "ReplicaSetUpdated", &message, now);
    }
    match current.and_then(|s| condition(s, "ReplicaFailure")) {
        Some(failure) => {
            set_condition(
                &mut new,
                "ReplicaFailure",
                true,
                text(failure, "/reason"),
                text(failure, "/message"),
                now,
            );
        }
        None => drop_condition(&mut new, "ReplicaFailure"),
    }
    remove(&mut new, &["status", "collisionCount"]);
    put_changed(world, kind, &live, new);
}
