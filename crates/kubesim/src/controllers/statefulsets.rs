//! StatefulSets make pods with names of their own, one after the other, and a claim for each by every template. Pods that
//! a set left behind are adopted by the next one of its name.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{delete_quietly, events, kind, may_try, put_changed, set_count, was_refused};
use crate::object::{controller_uid, int, is_terminating, list, name, namespace, set, text, uid};
use crate::requests::{DeleteOptions, Writer, create, from_template, is_ready};
use crate::status::ApiError;
use crate::world::{World, stable_hash};

/// The label by which a pod says of which version of its set it is.
const REVISION: &str = "controller-revision-hash";

/// One pass over all StatefulSets.
pub fn pass(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    let mut next = None;
    for set in world.list("statefulsets.apps", None) {
        if !is_terminating(&set) && world.namespace_terminating(namespace(&set)) == Some(false) {
            sync(world, &set, now, &mut next);
        }
    }
    next
}

fn revision(owner: &Value) -> String {
    let template = owner.pointer("/spec/template").map(ToString::to_string).unwrap_or_default();
    format!("{}-{:08x}", name(owner), stable_hash(&template) & 0xffff_ffff)
}

fn ordinal(owner: &Value, pod: &Value) -> Option<i64> {
    name(pod).strip_prefix(name(owner))?.strip_prefix('-')?.parse().ok()
}

fn sync(world: &mut World, owner: &Value, now: Timestamp, next: &mut Option<Timestamp>) {
    adopt(world, owner);
    let wanted = int(owner, "/spec/replicas").unwrap_or(1);
    let revision = revision(owner);
    let mine = |world: &World| -> Vec<Arc<Value>> {
        let mut pods = world.list("pods", Some(namespace(owner)));
        pods.retain(|pod| controller_uid(pod) == uid(owner));
        pods
    };
    let pods = mine(world);
    // A pod's volumes never change: one that lacks a volume holds its set up, as it does a real one.
    let has = |pod: &Value, volume: &str| {
        list(pod, "/spec/volumes").iter().any(|mounted| text(mounted, "/name") == volume)
    };
    let lacks =
        |pod: &Value| list(owner, "/spec/volumeClaimTemplates").iter().any(|claim| !has(pod, name(claim)));
    if let Some(pod) = pods.iter().find(|pod| !is_terminating(pod) && lacks(pod)) {
        if may_try(world, uid(owner), now, next) {
            let message = format!(
                "update Pod {} in StatefulSet {} failed error: pod updates may not change its volumes",
                name(pod),
                name(owner)
            );
            events::emit(world, owner, true, "FailedUpdate", &message, now);
            was_refused(world, uid(owner), now, next);
        }
        return;
    }
    let ends = |pod: &Value| {
        let is_old = text(pod, &format!("/metadata/labels/{REVISION}")) != revision;
        let is_over = ["Succeeded", "Failed"].contains(&text(pod, "/status/phase"));
        is_old || is_over || ordinal(owner, pod).is_none_or(|n| n >= wanted)
    };
    if let Some(pod_kind) = kind("pods") {
        for pod in pods.iter().filter(|pod| !is_terminating(pod) && ends(pod)) {
            delete_quietly(world, pod_kind, pod, &DeleteOptions::default(), now);
        }
    }
    // The first that is missing is made; the next only when it is ready.
    let missing = (0..wanted).find(|n| {
        !pods.iter().any(|pod| ordinal(owner, pod) == Some(*n) && is_ready(pod) && !is_terminating(pod))
    });
    if let Some(n) = missing
        && !pods.iter().any(|pod| ordinal(owner, pod) == Some(n))
        && may_try(world, uid(owner), now, next)
        && let Err(error) = make(world, owner, n, &revision, now)
    {
        was_refused(world, uid(owner), now, next);
        let message = format!(
            "create Pod {}-{n} in StatefulSet {} failed error: {}",
            name(owner),
            name(owner),
            error.message
        );
        events::emit(world, owner, true, "FailedCreate", &message, now);
    }
    let pods = mine(world);
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let ready = count(pods.iter().filter(|pod| is_ready(pod)).count());
    let updated = pods.iter().filter(|pod| text(pod, &format!("/metadata/labels/{REVISION}")) == revision);
    let mut new = owner.clone();
    set(&mut new, &["status", "replicas"], json!(count(pods.len())));
    set_count(&mut new, "readyReplicas", ready);
    set_count(&mut new, "availableReplicas", ready);
    set_count(&mut new, "currentReplicas", count(pods.len()));
    set_count(&mut new, "updatedReplicas", count(updated.count()));
    set(&mut new, &["status", "updateRevision"], json!(revision));
    set(&mut new, &["status", "observedGeneration"], json!(int(owner, "/metadata/generation").unwrap_or(1)));
    if let Some(sets) = kind("statefulsets.apps") {
        put_changed(world, sets, owner, new);
    }
}

/// Takes over pods of the right name and labels that nobody controls.
fn adopt(world: &mut World, owner: &Value) {
    let Some(pods) = kind("pods") else { return };
    let wanted = owner.pointer("/spec/selector/matchLabels").and_then(Value::as_object).cloned();
    for pod in world.list("pods", Some(namespace(owner))) {
        let labels = wanted.iter().flatten();
        let fits = labels.into_iter().all(|(key, value)| {
            pod.get("metadata").and_then(|m| m.get("labels")).and_then(|l| l.get(key)) == Some(value)
        });
        if fits && controller_uid(&pod).is_empty() && !is_terminating(&pod) && ordinal(owner, &pod).is_some()
        {
            let mut new = (*pod).clone();
            set(
                &mut new,
                &["metadata", "ownerReferences"],
                json!([{
                    "apiVersion": "apps/v1", "kind": "StatefulSet", "name": name(owner), "uid": uid(owner),
                    "controller": true, "blockOwnerDeletion": true,
                }]),
            );
            put_changed(world, pods, &pod, new);
        }
    }
}

fn make(
    world: &mut World,
    owner: &Value,
    ordinal: i64,
    revision: &str,
    now: Timestamp,
) -> Result<(), ApiError> {
    let (Some(pods), Some(claims)) = (kind("pods"), kind("persistentvolumeclaims")) else { return Ok(()) };
    let writer = Writer::controller("kube-controller-manager", now);
    let pod_name = format!("{}-{ordinal}", name(owner));
    let template = owner.pointer("/spec/template").cloned().unwrap_or_else(|| json!({}));
    let mut pod = from_template(&template, owner);
    set(&mut pod, &["metadata", "name"], json!(pod_name));
    set(&mut pod, &["metadata", "labels", REVISION], json!(revision));
    set(&mut pod, &["metadata", "labels", "statefulset.kubernetes.io/pod-name"], json!(pod_name));
    let mut volumes = list(&pod, "/spec/volumes").to_vec();
    for claim in list(owner, "/spec/volumeClaimTemplates") {
        let (volume, claim_name) = (name(claim), format!("{}-{pod_name}", name(claim)));
        if world.find("persistentvolumeclaims", namespace(owner), &claim_name).is_none() {
            let labels = owner.pointer("/spec/selector/matchLabels").cloned().unwrap_or_else(|| json!({}));
            let object = json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": claim_name, "labels": labels},
                "spec": claim.get("spec").cloned().unwrap_or_else(|| json!({})),
            });
            create(world, claims, namespace(owner), object, &writer)?;
        }
        volumes.push(json!({"name": volume, "persistentVolumeClaim": {"claimName": claim_name}}));
    }
    if !volumes.is_empty() {
        set(&mut pod, &["spec", "volumes"], Value::Array(volumes));
    }
    create(world, pods, namespace(owner), pod, &writer)?;
    let message = format!("create Pod {pod_name} in StatefulSet {} successful", name(owner));
    events::emit(world, owner, false, "SuccessfulCreate", &message, now);
    Ok(())
}
