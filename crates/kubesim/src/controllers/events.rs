//! Events about objects, one per object and reason; repeats only raise the count.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind;
use crate::object::{int, name, namespace, set, text, time, time_at, uid};
use crate::world::{Key, World, stable_hash};

/// How long an event is kept, as in Kubernetes.
const KEPT: Duration = Duration::from_hours(1);

/// One pass over all events: those that are too old go.
pub fn pass(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    let limit = now.checked_sub(KEPT).ok()?;
    for event in world.list("events", None) {
        if time_at(&event, "/lastTimestamp").is_some_and(|at| at < limit) {
            world.remove(&Key::of("events", &event));
        }
    }
    None
}

/// Records that something happened to an object. Warnings are `Warning`, the rest `Normal`.
pub fn emit(world: &mut World, about: &Value, warning: bool, reason: &str, message: &str, now: Timestamp) {
    let Some(events) = kind("events") else { return };
    let space = match namespace(about) {
        "" => "default",
        space => space,
    };
    if world.namespace_terminating(space) != Some(false) {
        return;
    }
    let event_name = format!("{}.{:016x}", name(about), stable_hash(&format!("{}/{reason}", uid(about))));
    if let Some(live) = world.find("events", space, &event_name).map(|e| (**e).clone()) {
        let mut again = live.clone();
        set(&mut again, &["count"], json!(int(&live, "/count").unwrap_or(1) + 1));
        set(&mut again, &["lastTimestamp"], time(now));
        set(&mut again, &["message"], json!(message));
        world.put(events, again);
        return;
    }
    let event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": event_name, "namespace": space, "uid": world.new_uid(), "creationTimestamp": time(now)},
        "involvedObject": {
            "apiVersion": text(about, "/apiVersion"), "kind": text(about, "/kind"), "name": name(about),
            "namespace": namespace(about), "uid": uid(about), "resourceVersion": text(about, "/metadata/resourceVersion"),
        },
        "type": if warning { "Warning" } else { "Normal" }, "reason": reason, "message": message, "count": 1,
        "firstTimestamp": time(now), "lastTimestamp": time(now), "source": {"component": "kubesim"},
        "reportingComponent": "kubesim", "reportingInstance": "",
    });
    world.put(events, event);
}
