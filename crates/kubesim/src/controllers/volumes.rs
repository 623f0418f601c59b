//! Claims get volumes: pre-bound ones where they fit, otherwise new ones with simulated content.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{delete_quietly, kind, put_changed};
use crate::object::{carry, finalizers, is_terminating, list, name, namespace, remove, set, text, time, uid};
use crate::requests::{DeleteOptions, finish_if_done};
use crate::world::{Key, World, stable_hash};

const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";
const VOLUME_PROTECTION: &str = "kubernetes.io/pv-protection";

/// The id of a volume's simulated content: it stays the same over the volume's life.
pub fn content_id(volume: &Value) -> String {
    format!("{:016x}", stable_hash(uid(volume)))
}

/// One pass over all claims and volumes.
pub fn pass(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    for claim in world.list("persistentvolumeclaims", None) {
        if is_terminating(&claim) {
            let in_use = world.list("pods", Some(namespace(&claim))).iter().any(|p| mounts(p, name(&claim)));
            if !in_use {
                unprotect(world, "persistentvolumeclaims", &claim, CLAIM_PROTECTION);
            }
        } else if text(&claim, "/status/phase") != "Bound" {
            bind(world, &claim, now);
        }
    }
    for volume in world.list("persistentvolumes", None) {
        tend(world, &volume, now);
    }
    None
}

/// Whether a pod that has not ended mounts a claim.
pub fn mounts(pod: &Value, claim: &str) -> bool {
    !["Succeeded", "Failed"].contains(&text(pod, "/status/phase"))
        && list(pod, "/spec/volumes").iter().any(|v| text(v, "/persistentVolumeClaim/claimName") == claim)
}

fn bind(world: &mut World, claim: &Value, now: Timestamp) {
    let wanted = text(claim, "/spec/volumeName").to_owned();
    let reserved = |volume: &Arc<Value>| {
        let claim_ref = volume.pointer("/spec/claimRef");
        let named = claim_ref.is_some_and(|r| {
            text(r, "/name") == name(claim)
                && text(r, "/namespace") == namespace(claim)
                && ["", uid(claim)].contains(&text(r, "/uid"))
        });
        named || (claim_ref.is_none() && name(volume) == wanted)
    };
    if let Some(volume) =
        world.list("persistentvolumes", None).iter().find(|v| !is_terminating(v) && reserved(v))
    {
        tie(world, claim, volume);
    } else if wanted.is_empty() {
        provision(world, claim, now);
    }
}

fn provision(world: &mut World, claim: &Value, now: Timestamp) {
    let class_name = text(claim, "/spec/storageClassName");
    let Some(class) = world.find("storageclasses.storage.k8s.io", "", class_name).map(Arc::clone) else {
        return;
    };
    if text(&class, "/volumeBindingMode") == "WaitForFirstConsumer"
        && !world.list("pods", Some(namespace(claim))).iter().any(|p| mounts(p, name(claim)))
    {
        return;
    }
    let Some(volumes) = kind("persistentvolumes") else { return };
    let volume_name = format!("pvc-{}", uid(claim));
    let volume_uid = world.new_uid();
    let mut volume = json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {
            "name": volume_name, "uid": volume_uid, "creationTimestamp": time(now), "finalizers": [VOLUME_PROTECTION],
            "annotations": {"pv.kubernetes.io/provisioned-by": text(&class, "/provisioner")},
        },
        "spec": {
            "storageClassName": class_name, "volumeMode": "Filesystem",
            "capacity": {"storage": text(claim, "/spec/resources/requests/storage")},
            "hostPath": {"path": format!("/kubesim/{volume_name}"), "type": ""},
            "persistentVolumeReclaimPolicy": text(&class, "/reclaimPolicy"),
        },
        "status": {"phase": "Pending"},
    });
    carry(claim, &mut volume, &["spec", "accessModes"]);
    let volume = world.put(volumes, volume);
    tie(world, claim, &volume);
}

fn tie(world: &mut World, claim: &Value, volume: &Value) {
    let (Some(volumes), Some(claims)) = (kind("persistentvolumes"), kind("persistentvolumeclaims")) else {
        return;
    };
    let mut bound = volume.clone();
    let reference = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": name(claim), "namespace": namespace(claim),
        "uid": uid(claim), "resourceVersion": text(claim, "/metadata/resourceVersion"),
    });
    set(&mut bound, &["spec", "claimRef"], reference);
    set(&mut bound, &["status", "phase"], json!("Bound"));
    put_changed(world, volumes, volume, bound);
    let mut filled = claim.clone();
    set(&mut filled, &["spec", "volumeName"], json!(name(volume)));
    set(&mut filled, &["status", "phase"], json!("Bound"));
    let room = volume.pointer("/spec/capacity").cloned().unwrap_or_else(|| json!({}));
    set(&mut filled, &["status", "capacity"], room);
    let modes = claim.pointer("/spec/accessModes").cloned().unwrap_or_else(|| json!([]));
    set(&mut filled, &["status", "accessModes"], modes);
    put_changed(world, claims, claim, filled);
}

/// Keeps a volume's phase, and reclaims it when its claim is gone.
fn tend(world: &mut World, volume: &Value, now: Timestamp) {
    let Some(volumes) = kind("persistentvolumes") else { return };
    let claim_uid = text(volume, "/spec/claimRef/uid");
    let released = !claim_uid.is_empty() && world.by_uid(claim_uid).is_none();
    if is_terminating(volume) {
        if claim_uid.is_empty() || released {
            unprotect(world, "persistentvolumes", volume, VOLUME_PROTECTION);
        }
        return;
    }
    let phase = match text(volume, "/status/phase") {
        _ if released => "Released",
        _ if claim_uid.is_empty() => "Available",
        "" | "Pending" | "Available" | "Released" => "Bound",
        other => other,
    };
    let mut new = volume.clone();
    set(&mut new, &["status", "phase"], json!(phase));
    put_changed(world, volumes, volume, new.clone());
    if released && text(volume, "/spec/persistentVolumeReclaimPolicy") == "Delete" {
        delete_quietly(world, volumes, &new, &DeleteOptions::default(), now);
    }
}

fn unprotect(world: &mut World, resource: &'static str, object: &Value, finalizer: &str) {
    let held = finalizers(object);
    let left: Vec<&String> = held.iter().filter(|f| *f != finalizer).collect();
    if left.len() == held.len() {
        return;
    }
    let mut new = object.clone();
    if left.is_empty() {
        remove(&mut new, &["metadata", "finalizers"]);
    } else {
        set(&mut new, &["metadata", "finalizers"], json!(left));
    }
    if let Some(kind) = kind(resource) {
        world.put(kind, new);
    }
    finish_if_done(world, &Key::of(resource, object));
}

/// The finalizer that protects a new claim or volume in use.
pub fn protection(resource: &str) -> Option<&'static str> {
    match resource {
        "persistentvolumeclaims" => Some(CLAIM_PROTECTION),
        "persistentvolumes" => Some(VOLUME_PROTECTION),
        _ => None,
    }
}
