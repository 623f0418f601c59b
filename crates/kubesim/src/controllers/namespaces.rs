//! Namespaces get their default objects, and lose everything when they are deleted.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{delete_quietly, kind};
use crate::object::{is_terminating, list, name, set};
use crate::requests::{DeleteOptions, Writer, create, finish_if_done};
use crate::world::{Key, World};

/// One pass over all namespaces.
pub fn pass(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    for namespace in world.list("namespaces", None) {
        if is_terminating(&namespace) {
            empty(world, &namespace, now);
        } else {
            furnish(world, name(&namespace), now);
        }
    }
    None
}

fn furnish(world: &mut World, namespace: &str, now: Timestamp) {
    let certificate = json!({"ca.crt": "kubesim is a simulation and has no certificate authority\n"});
    for (resource, object) in [
        ("serviceaccounts", json!({"metadata": {"name": "default"}})),
        ("configmaps", json!({"metadata": {"name": "kube-root-ca.crt"}, "data": certificate})),
    ] {
        if world.find(resource, namespace, name(&object)).is_none()
            && let Some(kind) = kind(resource)
            && let Err(error) =
                create(world, kind, namespace, object, &Writer::controller("kube-controller-manager", now))
        {
            tracing::debug!(%error, "kubesim: default objects of {namespace}");
        }
    }
}

fn empty(world: &mut World, namespace: &Value, now: Timestamp) {
    let space = name(namespace);
    let content = world.keys_in(space);
    for key in &content {
        let Some(object) = world.get(key).map(|o| (**o).clone()) else { continue };
        if let Some(kind) = kind(key.resource)
            && !is_terminating(&object)
        {
            delete_quietly(world, kind, &object, &DeleteOptions::default(), now);
        }
    }
    if !world.keys_in(space).is_empty() {
        return;
    }
    let key = Key::new("namespaces", "", space);
    let Some(live) = world.get(&key).map(|o| (**o).clone()) else { return };
    let left: Vec<&Value> = list(&live, "/spec/finalizers").iter().filter(|f| *f != "kubernetes").collect();
    if left.len() < list(&live, "/spec/finalizers").len() {
        let mut new = live.clone();
        set(&mut new, &["spec", "finalizers"], json!(left));
        if let Some(namespaces) = kind("namespaces") {
            world.put(namespaces, new);
        }
    }
    finish_if_done(world, &key);
}
