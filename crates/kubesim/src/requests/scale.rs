//! The `scale` subresource: autoscaling/v1 Scale.

use std::sync::Arc;

use serde_json::{Value, json};

use super::update::{Patch, commit};
use super::{Target, Writer};
use crate::object::{int, name, namespace, set, text, uid};
use crate::patch::{PatchKind, patched};
use crate::status::{ApiError, Cause, Outcome};
use crate::world::World;

/// An object's scale.
pub fn read_scale(world: &World, target: &Target) -> Outcome<Value> {
    let live = world.get(&target.key()).ok_or_else(|| ApiError::not_found(target.kind, &target.name))?;
    Ok(scale_of(live))
}

fn scale_of(object: &Value) -> Value {
    let labels = object.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let selector: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default()))
        .collect();
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": name(object), "namespace": namespace(object), "uid": uid(object),
            "resourceVersion": text(object, "/metadata/resourceVersion"),
            "creationTimestamp": text(object, "/metadata/creationTimestamp"),
        },
        "spec": {"replicas": int(object, "/spec/replicas").unwrap_or_default()},
        "status": {"replicas": int(object, "/status/replicas").unwrap_or_default(), "selector": selector.join(",")},
    })
}

/// Changes an object's scale by a whole Scale or a patch of one. An apply is taken as a merge patch.
pub fn write_scale(
    world: &mut World,
    target: &Target,
    change: &Patch,
    writer: &Writer,
    whole: bool,
) -> Outcome<Value> {
    let live = world
        .get(&target.key())
        .map(Arc::clone)
        .ok_or_else(|| ApiError::not_found(target.kind, &target.name))?;
    let scale = if whole {
        change.body.clone()
    } else {
        let kind = if change.kind == PatchKind::Apply { PatchKind::Merge } else { change.kind };
        patched(kind, &scale_of(&live), &change.body)?
    };
    let version = text(&scale, "/metadata/resourceVersion");
    if !version.is_empty() && version != text(&live, "/metadata/resourceVersion") {
        return Err(ApiError::stale(target.kind, &target.name));
    }
    let replicas = int(&scale, "/spec/replicas").unwrap_or_default();
    if replicas < 0 {
        let cause = Cause::invalid("spec.replicas", &json!(replicas), "must be greater than or equal to 0");
        return Err(ApiError::invalid_as(
            "autoscaling",
            "Scale",
            "Scale.autoscaling",
            &target.name,
            &[cause],
        ));
    }
    let mut object = (*live).clone();
    set(&mut object, &["spec", "replicas"], json!(replicas));
    Ok(scale_of(&*commit(world, target.kind, &live, object, writer, true)?))
}
