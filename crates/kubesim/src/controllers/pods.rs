//! Scheduler and kubelet in one: pods are placed, run, become ready, and stop.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{NODE, events, is_due, kind, put_changed, set_condition};
use crate::object::{int, is_terminating, list, name, namespace, set, text, time, uid};
use crate::requests::finish_if_done;
use crate::world::{Key, World, stable_hash};

/// One pass over all pods.
pub fn pass(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    let mut next = None;
    for pod in world.list("pods", None) {
        if is_terminating(&pod) {
            stop(world, &pod, now, &mut next);
        } else if text(&pod, "/status/phase") == "Pending" {
            start(world, &pod, now, &mut next);
        }
    }
    next
}

fn start(world: &mut World, pod: &Value, now: Timestamp, next: &mut Option<Timestamp>) {
    let Some(pods) = kind("pods") else { return };
    if text(pod, "/spec/schedulerName") != "default-scheduler" && text(pod, "/spec/nodeName").is_empty() {
        return;
    }
    let mut new = pod.clone();
    if let Some(missing) = missing_claim(world, pod) {
        set_condition(&mut new, "PodScheduled", false, "Unschedulable", &missing, now);
        put_changed(world, pods, pod, new);
        return;
    }
    if text(pod, "/spec/nodeName").is_empty() {
        set(&mut new, &["spec", "nodeName"], json!(NODE));
        let message = format!("Successfully assigned {}/{} to {NODE}", namespace(pod), name(pod));
        events::emit(world, pod, false, "Scheduled", &message, now);
    }
    set_condition(&mut new, "PodScheduled", true, "", "", now);
    let delay = world.timing.pod_start;
    let at = world.memory.due("start", uid(pod), now, delay);
    if is_due(at, now, next) {
        world.memory.done("start", uid(pod));
        run(&mut new, now);
        events::emit(world, pod, false, "Started", "Started the containers (simulated)", now);
    } else if new.pointer("/status/startTime").is_none() {
        set(&mut new, &["status", "startTime"], time(now));
        set(&mut new, &["status", "hostIP"], json!("127.0.0.1"));
        let waiting = json!({"waiting": {"reason": "ContainerCreating"}});
        set(&mut new, &["status", "containerStatuses"], containers(pod, &waiting, false, false));
        for condition in ["Initialized", "Ready", "ContainersReady"] {
            set_condition(&mut new, condition, condition == "Initialized", "", "", now);
        }
    }
    put_changed(world, pods, pod, new);
}

/// Why a pod cannot be placed yet: a claim that is absent or unbound.
fn missing_claim(world: &World, pod: &Value) -> Option<String> {
    list(pod, "/spec/volumes")
        .iter()
        .map(|v| text(v, "/persistentVolumeClaim/claimName"))
        .filter(|c| !c.is_empty())
        .find_map(|claim| match world.find("persistentvolumeclaims", namespace(pod), claim) {
            None => Some(format!("persistentvolumeclaim {claim:?} not found")),
            Some(found) if text(found, "/status/phase") != "Bound" => {
                Some("pod has unbound immediate PersistentVolumeClaims".to_owned())
            }
            Some(_) => None,
        })
}

fn run(pod: &mut Value, now: Timestamp) {
    let number = stable_hash(uid(pod));
    let ip = format!("10.244.{}.{}", (number >> 8) & 0xff, 1 + number % 254);
    set(pod, &["status", "phase"], json!("Running"));
    set(pod, &["status", "podIP"], json!(ip));
    set(pod, &["status", "podIPs"], json!([{"ip": ip}]));
    set(pod, &["status", "hostIP"], json!("127.0.0.1"));
    if pod.pointer("/status/startTime").is_none() {
        set(pod, &["status", "startTime"], time(now));
    }
    let state = json!({"running": {"startedAt": time(now)}});
    let statuses = containers(pod, &state, true, true);
    set(pod, &["status", "containerStatuses"], statuses);
    for condition in ["Initialized", "Ready", "ContainersReady"] {
        set_condition(pod, condition, true, "", "", now);
    }
}

fn containers(pod: &Value, state: &Value, ready: bool, started: bool) -> Value {
    let status = |container: &Value| {
        let id = stable_hash(&format!("{}/{}", uid(pod), text(container, "/name")));
        let container_id = if started { format!("kubesim://{id:016x}") } else { String::new() };
        json!({
            "name": text(container, "/name"), "image": text(container, "/image"), "imageID": "", "ready": ready,
            "started": started, "restartCount": 0, "state": state, "lastState": {}, "containerID": container_id,
        })
    };
    list(pod, "/spec/containers").iter().map(status).collect()
}

fn stop(world: &mut World, pod: &Value, now: Timestamp, next: &mut Option<Timestamp>) {
    let Some(pods) = kind("pods") else { return };
    let grace = int(pod, "/metadata/deletionGracePeriodSeconds").unwrap_or_default().unsigned_abs();
    if grace > 0 {
        let delay = world.timing.pod_stop.min(std::time::Duration::from_secs(grace));
        let at = world.memory.due("stop", uid(pod), now, delay);
        if !is_due(at, now, next) {
            return;
        }
        world.memory.done("stop", uid(pod));
        events::emit(world, pod, false, "Killing", "Stopping the containers (simulated)", now);
        let mut new = pod.clone();
        set(&mut new, &["metadata", "deletionGracePeriodSeconds"], json!(0));
        let ended = json!({"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": time(now), "startedAt": text(pod, "/status/startTime")}});
        set(&mut new, &["status", "containerStatuses"], containers(pod, &ended, false, false));
        for condition in ["Ready", "ContainersReady"] {
            set_condition(&mut new, condition, false, "PodCompleted", "", now);
        }
        put_changed(world, pods, pod, new);
    }
    finish_if_done(world, &Key::of("pods", pod));
}
