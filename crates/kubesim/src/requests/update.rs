//! PUT and PATCH: changes of an object that is there, and apply, which may create it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::create::{create, header};
use super::delete::finish_if_done;
use super::{Target, Writer};
use crate::apply::{Applier, apply, track_update};
use crate::defaults;
use crate::kinds::Kind;
use crate::object::{carry, int, is_terminating, name, remove, set, text, time_text, uid};
use crate::patch::{PatchKind, patched};
use crate::status::{ApiError, Cause, Outcome};
use crate::validate;
use crate::world::World;

/// A patch as requested.
#[derive(Debug, Clone)]
pub struct Patch {
    /// How to read the body.
    pub kind: PatchKind,
    /// The body.
    pub body: Value,
    /// Take fields from other managers (apply only).
    pub force: bool,
}

/// PUT: replaces an object.
pub fn replace(world: &mut World, target: &Target, object: Value, writer: &Writer) -> Outcome<Arc<Value>> {
    validate::shape(&object)?;
    header(target.kind, &object)?;
    same_name(target, &object)?;
    let live = existing(world, target)?;
    commit(world, target.kind, &live, object, writer, true)
}

/// PATCH: changes an object. The answer's flag tells whether it was created.
pub fn patch(
    world: &mut World,
    target: &Target,
    patch: &Patch,
    writer: &Writer,
) -> Outcome<(Arc<Value>, bool)> {
    if patch.kind == PatchKind::Apply {
        return server_side_apply(world, target, patch, writer);
    }
    let live = existing(world, target)?;
    let object = patched(patch.kind, &live, &patch.body)?;
    validate::shape(&object)?;
    same_name(target, &object)?;
    Ok((commit(world, target.kind, &live, object, writer, true)?, false))
}

fn existing(world: &World, target: &Target) -> Outcome<Arc<Value>> {
    world.get(&target.key()).map(Arc::clone).ok_or_else(|| ApiError::not_found(target.kind, &target.name))
}

fn same_name(target: &Target, object: &Value) -> Outcome<()> {
    let given = name(object);
    if given != target.name && !given.is_empty() {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({})",
            target.name
        )));
    }
    let space = text(object, "/metadata/namespace");
    if !space.is_empty() && space != target.namespace {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

fn server_side_apply(
    world: &mut World,
    target: &Target,
    patch: &Patch,
    writer: &Writer,
) -> Outcome<(Arc<Value>, bool)> {
    if writer.manager.is_empty() {
        let cause = Cause::required("fieldManager", "is required for apply patch");
        let kind = "PatchOptions";
        return Err(ApiError::invalid_as("meta.k8s.io", kind, "PatchOptions.meta.k8s.io", "", &[cause]));
    }
    let mut applied = patch.body.clone();
    validate::shape(&applied)?;
    if text(&applied, "/kind") != target.kind.kind
        || text(&applied, "/apiVersion") != target.kind.api_version()
    {
        return Err(ApiError::bad_request(
            "invalid object type: an applied object must name its apiVersion and kind",
        ));
    }
    if applied.pointer("/metadata/managedFields").and_then(Value::as_array).is_some_and(|m| !m.is_empty()) {
        return Err(ApiError::bad_request("metadata.managedFields must be nil"));
    }
    same_name(target, &applied)?;
    set(&mut applied, &["metadata", "name"], Value::from(target.name.as_str()));
    if writer.subresource == "status" {
        applied = json!({
            "apiVersion": applied.get("apiVersion"), "kind": applied.get("kind"),
            "metadata": {"name": target.name}, "status": applied.get("status"),
        });
    } else if target.kind.has("status") {
        remove(&mut applied, &["status"]);
    }
    defaults::normalize(target.kind, &mut applied);
    let now = time_text(writer.now);
    let subresource = if writer.subresource == "finalize" { "" } else { writer.subresource.as_str() };
    let who = Applier { manager: &writer.manager, subresource, force: patch.force, now: &now };
    match world.get(&target.key()).map(Arc::clone) {
        Some(live) => {
            let merged = apply(&live, &applied, who, |m| defaults::complete(target.kind, m))?;
            Ok((commit(world, target.kind, &live, merged, writer, false)?, false))
        }
        None if !writer.subresource.is_empty() => Err(ApiError::not_found(target.kind, &target.name)),
        None => {
            let wanted = text(&applied, "/metadata/uid");
            if !wanted.is_empty() {
                let why = format!(
                    "uid mismatch: the provided object specified uid {wanted}, and no existing object was found"
                );
                return Err(ApiError::conflict(target.kind, &target.name, &why));
            }
            let empty = json!({"apiVersion": target.kind.api_version(), "kind": target.kind.kind});
            let new = apply(&empty, &applied, who, |_| {})?;
            let writer = Writer { subresource: "apply".to_owned(), ..writer.clone() };
            Ok((create(world, target.kind, &target.namespace, new, &writer)?, true))
        }
    }
}

/// Stores a change of an object: checks versions, keeps what the writer may not change, and skips what changes nothing.
pub fn commit(
    world: &mut World,
    kind: &'static Kind,
    live: &Arc<Value>,
    mut new: Value,
    writer: &Writer,
    track: bool,
) -> Outcome<Arc<Value>> {
    let given = |field: &str| text(&new, &format!("/metadata/{field}")).to_owned();
    let version = given("resourceVersion");
    if !version.is_empty() && version != text(live, "/metadata/resourceVersion") {
        return Err(ApiError::stale(kind, name(live)));
    }
    let wanted = given("uid");
    if !wanted.is_empty() && wanted != uid(live) {
        let why =
            format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {}", uid(live));
        return Err(ApiError::conflict(kind, name(live), &why));
    }
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
        "generateName",
    ] {
        carry(live, &mut new, &["metadata", field]);
    }
    keep_other_half(kind, live, &mut new, &writer.subresource);
    crate::object::drop_nulls(&mut new);
    defaults::complete(kind, &mut new);
    if kind.resource == "services" {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if new.pointer(&format!("/spec/{field}")).is_none() {
                carry(live, &mut new, &["spec", field]);
            }
        }
    }
    if kind.resource == "persistentvolumeclaims" {
        for field in ["storageClassName", "volumeName"] {
            if new.pointer(&format!("/spec/{field}")).is_none() {
                carry(live, &mut new, &["spec", field]);
            }
        }
    }
    if kind.resource == "pods" {
        for field in ["nodeName", "serviceAccountName", "serviceAccount"] {
            if new.pointer(&format!("/spec/{field}")).is_none() {
                carry(live, &mut new, &["spec", field]);
            }
        }
    }
    validate::check(kind, &new, Some(live))?;
    // Of Deployments alone the annotations count, too, as in Kubernetes.
    let annotated = kind.resource == "deployments.apps"
        && writer.subresource != "status"
        && live.pointer("/metadata/annotations") != new.pointer("/metadata/annotations");
    if kind.generation && (annotated || spec_differs(live, &new)) {
        let generation = int(live, "/metadata/generation").unwrap_or(1) + 1;
        set(&mut new, &["metadata", "generation"], json!(generation));
    }
    if track {
        let subresource = if writer.subresource == "finalize" { "" } else { writer.subresource.as_str() };
        track_update(Some(live), &mut new, &writer.manager, subresource, &time_text(writer.now));
    }
    if new == **live {
        return Ok(Arc::clone(live));
    }
    let stored = world.put(kind, new);
    if is_terminating(&stored)
        && let Some(last) = finish_if_done(world, &crate::world::Key::of(kind.resource, &stored))
    {
        return Ok(last);
    }
    Ok(stored)
}

/// The object's own endpoint leaves the status alone, the status endpoint everything else.
fn keep_other_half(kind: &Kind, live: &Value, new: &mut Value, subresource: &str) {
    match subresource {
        "status" => {
            let status = new.get("status").cloned();
            let managed = new.pointer("/metadata/managedFields").cloned();
            *new = live.clone();
            match status {
                Some(status) => set(new, &["status"], status),
                None => {
                    remove(new, &["status"]);
                }
            }
            if let Some(managed) = managed {
                set(new, &["metadata", "managedFields"], managed);
            }
        }
        "finalize" => {
            let finalizers = new.pointer("/spec/finalizers").cloned().unwrap_or_else(|| json!([]));
            *new = live.clone();
            set(new, &["spec", "finalizers"], finalizers);
        }
        _ => {
            if kind.has("status") {
                carry(live, new, &["status"]);
            }
            if kind.resource == "namespaces" {
                carry(live, new, &["spec"]);
            }
        }
    }
}

/// Whether anything but metadata and status differs.
fn spec_differs(live: &Value, new: &Value) -> bool {
    let rest = |object: &Value| {
        let mut rest = object.clone();
        remove(&mut rest, &["metadata"]);
        remove(&mut rest, &["status"]);
        rest
    };
    rest(live) != rest(new)
}
