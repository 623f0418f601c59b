//! POST: a new object.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Writer;
use crate::admission::{limits, namespace_lives, quota};
use crate::apply::track_update;
use crate::controllers::protection;
use crate::defaults;
use crate::kinds::Kind;
use crate::object::{self, finalizers, is_true, name, namespace, remove, set, text, time, time_text};
use crate::status::{ApiError, Outcome};
use crate::validate;
use crate::world::{Key, MAX_OBJECTS, World, stable_hash};

/// Creates an object in a namespace (empty for cluster-wide kinds).
pub fn create(
    world: &mut World,
    kind: &'static Kind,
    space: &str,
    mut object: Value,
    writer: &Writer,
) -> Outcome<Arc<Value>> {
    validate::shape(&object)?;
    header(kind, &object)?;
    if namespace(&object) != space && !namespace(&object).is_empty() {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if kind.namespaced {
        set(&mut object, &["metadata", "namespace"], Value::from(space));
    } else {
        remove(&mut object, &["metadata", "namespace"]);
    }
    if !text(&object, "/metadata/resourceVersion").is_empty() {
        return Err(ApiError::internal("resourceVersion should not be set on objects to be created"));
    }
    let prefix = text(&object, "/metadata/generateName").to_owned();
    if name(&object).is_empty() && !prefix.is_empty() {
        let generated = format!("{}{}", prefix.chars().take(58).collect::<String>(), world.new_suffix());
        set(&mut object, &["metadata", "name"], Value::from(generated));
    }
    namespace_lives(world, kind, &object)?;
    fresh_metadata(world, kind, &mut object, writer);
    object::drop_nulls(&mut object);
    let class = default_class(world);
    let hash = stable_hash(&format!("{space}/{}", name(&object)));
    if let Some(finalizer) = protection(kind.resource)
        && !finalizers(&object).iter().any(|f| f == finalizer)
    {
        let mut all = finalizers(&object);
        all.push(finalizer.to_owned());
        set(&mut object, &["metadata", "finalizers"], json!(all));
    }
    defaults::on_create(kind, &mut object, class.as_deref(), || free_address(world, hash));
    if kind.resource == "pods" {
        limits::default_pod(world, &mut object);
    }
    defaults::complete(kind, &mut object);
    validate::check(kind, &object, None)?;
    if kind.resource == "pods" {
        limits::check_pod(world, kind, &object)?;
    }
    let key = Key::of(kind.resource, &object);
    // Quotas are charged last, so that a refusal for another reason takes nothing from them.
    let exists = world.get(&key).is_some();
    if kind.namespaced && !exists {
        quota::admit(world, kind, &object, writer.now)?;
    }
    if exists {
        return Err(ApiError::already_exists(kind, &key.name));
    }
    if world.len() >= MAX_OBJECTS {
        return Err(ApiError::internal(format!("the simulation holds {MAX_OBJECTS} objects, its limit")));
    }
    if object.pointer("/metadata/managedFields").is_none() {
        track_update(None, &mut object, &writer.manager, &writer.subresource, &time_text(writer.now));
    }
    Ok(world.put(kind, object))
}

/// `apiVersion` and `kind` must be those of the path where they are given.
pub fn header(kind: &Kind, object: &Value) -> Outcome<()> {
    let (version, given) = (text(object, "/apiVersion"), text(object, "/kind"));
    if (!version.is_empty() && version != kind.api_version()) || (!given.is_empty() && given != kind.kind) {
        return Err(ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): it is {version:?} {given:?}",
            kind.kind
        )));
    }
    Ok(())
}

fn fresh_metadata(world: &mut World, kind: &Kind, object: &mut Value, writer: &Writer) {
    for field in
        ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation", "resourceVersion"]
    {
        remove(object, &["metadata", field]);
    }
    // An apply that creates brings its own managers; anyone else's are not believed.
    if writer.subresource != "apply" {
        remove(object, &["metadata", "managedFields"]);
    }
    set(object, &["metadata", "uid"], Value::from(world.new_uid()));
    set(object, &["metadata", "creationTimestamp"], time(writer.now));
    if kind.generation {
        set(object, &["metadata", "generation"], json!(1));
    }
    if kind.has("status") {
        remove(object, &["status"]);
    }
}

fn default_class(world: &World) -> Option<String> {
    let default = |class: &&Arc<Value>| {
        let flag = class.pointer("/metadata/annotations/storageclass.kubernetes.io~1is-default-class");
        flag.and_then(Value::as_str) == Some("true")
    };
    world.list("storageclasses.storage.k8s.io", None).iter().find(default).map(|c| name(c).to_owned())
}

/// A Service address in 10.96.0.0/16 that no other Service has.
fn free_address(world: &World, start: u64) -> String {
    let used: std::collections::HashSet<String> =
        world.list("services", None).iter().map(|s| text(s, "/spec/clusterIP").to_owned()).collect();
    (0..=u16::MAX)
        .map(|i| {
            let n = (start & 0xffff) as u16 ^ i;
            format!("10.96.{}.{}", n >> 8, n & 0xff)
        })
        .find(|ip| !used.contains(ip))
        .unwrap_or_else(|| "None".to_owned())
}

/// Whether a pod is ready to serve.
pub fn is_ready(pod: &Value) -> bool {
    is_true(pod, "Ready") && !object::is_terminating(pod)
}

/// The labels, annotations and specification of a template as a new pod of an owner.
pub fn from_template(template: &Value, owner: &Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod"});
    for path in [["metadata", "labels"], ["metadata", "annotations"]] {
        object::carry(template, &mut pod, &path);
    }
    object::carry(template, &mut pod, &["spec"]);
    set(&mut pod, &["metadata", "ownerReferences"], json!([owner_reference(owner)]));
    pod
}

/// A controlling owner reference to an object.
pub fn owner_reference(owner: &Value) -> Value {
    json!({
        "apiVersion": text(owner, "/apiVersion"), "kind": text(owner, "/kind"), "name": name(owner),
        "uid": object::uid(owner), "controller": true, "blockOwnerDeletion": true,
    })
}
