//! Endpoints of Services with a selector: ready pods, and those not ready yet.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{kind, put_changed};
use crate::object::{is_terminating, list, name, namespace, remove, set, text, time, uid};
use crate::requests::is_ready;
use crate::selectors::map_selector_matches;
use crate::world::{Key, World};

/// Marks Endpoints that this controller made.
const MADE_BY: (&str, &str) = ("endpoints.kubesim/made-by", "kubesim");

/// One pass over all Services.
pub fn pass(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    let kind = kind("endpoints")?;
    for service in world.list("services", None) {
        let space = namespace(&service);
        if service.pointer("/spec/selector").is_none() || world.namespace_terminating(space) != Some(false) {
            continue;
        }
        let subsets = subsets(world, &service);
        let live = world.find("endpoints", space, name(&service)).map(Arc::clone);
        let mut new = live.as_deref().cloned().unwrap_or_else(|| {
            json!({
                "apiVersion": "v1", "kind": "Endpoints",
                "metadata": {
                    "name": name(&service), "namespace": space, "annotations": {MADE_BY.0: MADE_BY.1},
                    "labels": service.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({})),
                },
            })
        });
        if subsets.is_empty() {
            remove(&mut new, &["subsets"]);
        } else {
            set(&mut new, &["subsets"], json!(subsets));
        }
        if let Some(live) = live {
            put_changed(world, kind, &live, new);
        } else {
            let uid = world.new_uid();
            set(&mut new, &["metadata", "uid"], json!(uid));
            set(&mut new, &["metadata", "creationTimestamp"], time(now));
            world.put(kind, new);
        }
    }
    for endpoints in world.list("endpoints", None) {
        let mine = endpoints.pointer("/metadata/annotations").and_then(|a| a.get(MADE_BY.0)).is_some();
        if mine && world.find("services", namespace(&endpoints), name(&endpoints)).is_none() {
            world.remove(&Key::of("endpoints", &endpoints));
        }
    }
    None
}

fn subsets(world: &World, service: &Value) -> Vec<Value> {
    let (mut ready, mut waiting) = (Vec::new(), Vec::new());
    for pod in backing(world, service) {
        if text(&pod, "/status/podIP").is_empty() {
            continue;
        }
        let address = json!({
            "ip": text(&pod, "/status/podIP"), "nodeName": text(&pod, "/spec/nodeName"),
            "targetRef": {"kind": "Pod", "name": name(&pod), "namespace": namespace(&pod), "uid": uid(&pod)},
        });
        if is_ready(&pod) { ready.push(address) } else { waiting.push(address) }
    }
    if ready.is_empty() && waiting.is_empty() {
        return Vec::new();
    }
    let ports: Vec<Value> = list(service, "/spec/ports")
        .iter()
        .map(|p| {
            let number = p.get("targetPort").filter(|t| t.is_number()).or_else(|| p.get("port")).cloned();
            let mut port = json!({"port": number, "protocol": text(p, "/protocol")});
            if !text(p, "/name").is_empty() {
                set(&mut port, &["name"], json!(text(p, "/name")));
            }
            port
        })
        .collect();
    let mut subset = json!({"ports": ports});
    for (field, addresses) in [("addresses", ready), ("notReadyAddresses", waiting)] {
        if !addresses.is_empty() {
            set(&mut subset, &[field], json!(addresses));
        }
    }
    vec![subset]
}

/// The pods a Service selects, without those being deleted.
fn backing(world: &World, service: &Value) -> Vec<Arc<Value>> {
    let selector = service.pointer("/spec/selector");
    let mut pods = world.list("pods", Some(namespace(service)));
    pods.retain(|p| map_selector_matches(selector, p) && !is_terminating(p));
    pods
}
