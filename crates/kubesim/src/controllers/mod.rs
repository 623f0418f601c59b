//! The simulated controllers. Each is one pure pass over the world: it writes what it wants changed and says when it
//! wants to run again. They run after every change until nothing changes any more, and at the times they asked for.

mod deployments;
mod endpoints;
mod events;
mod garbage;
mod jobs;
mod namespaces;
mod pods;
mod quotas;
mod replicasets;
mod snapshots;
mod statefulsets;
mod volumes;

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kinds::{Kind, by_resource};
use crate::object::{condition, list, namespace, set, text, time};
use crate::requests::{DeleteOptions, Target, delete};
use crate::world::World;

pub use volumes::{content_id, protection};

/// The one simulated node.
pub const NODE: &str = "kubesim-simulated-node";

/// What controllers remember between passes. Nothing here needs to survive a restart.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// When something is due, by what and whose uid.
    due: HashMap<(&'static str, String), Timestamp>,
    /// Replica sets whose pods were refused.
    backoff: HashMap<String, replicasets::Backoff>,
}

impl Memory {
    /// When `what` is due for an object: `after` from the first time anyone asked.
    fn due(&mut self, what: &'static str, uid: &str, now: Timestamp, after: Duration) -> Timestamp {
        let later = now.checked_add(after).unwrap_or(now);
        *self.due.entry((what, uid.to_owned())).or_insert(later)
    }

    fn done(&mut self, what: &'static str, uid: &str) {
        self.due.remove(&(what, uid.to_owned()));
    }
}

type Controller = fn(&mut World, Timestamp) -> Option<Timestamp>;

/// In the order in which work usually flows, so that one round does most of it.
const CONTROLLERS: &[Controller] = &[
    namespaces::pass,
    volumes::pass,
    snapshots::pass,
    deployments::pass,
    replicasets::pass,
    statefulsets::pass,
    jobs::pass,
    pods::pass,
    endpoints::pass,
    garbage::pass,
    quotas::pass,
    events::pass,
];

/// More rounds than any sane world needs; two controllers that fight are stopped by it until the next change.
const MAX_ROUNDS: usize = 64;

/// Runs all controllers until nothing changes. The answer is when one of them wants to run again.
pub fn settle(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    for _ in 0..MAX_ROUNDS {
        let before = world.version();
        let next = CONTROLLERS.iter().filter_map(|pass| pass(world, now)).min();
        if world.version() == before {
            forget_the_gone(world);
            return next;
        }
    }
    tracing::warn!("kubesim: the controllers did not settle in {MAX_ROUNDS} rounds");
    now.checked_add(Duration::from_secs(1)).ok()
}

fn forget_the_gone(world: &mut World) {
    let mut memory = std::mem::take(&mut world.memory);
    memory.due.retain(|(_, uid), _| world.by_uid(uid).is_some());
    memory.backoff.retain(|uid, _| world.by_uid(uid).is_some());
    world.memory = memory;
}

/// Whether `at` has come; otherwise remembers the earlier of `at` and what was wanted already.
fn is_due(at: Timestamp, now: Timestamp, next: &mut Option<Timestamp>) -> bool {
    if at <= now {
        return true;
    }
    *next = Some(next.map_or(at, |n| n.min(at)));
    false
}

/// How long a set or a job whose pod was refused waits before it tries again.
const RETRY: Duration = Duration::from_millis(500);

/// Whether an owner whose pod was refused may try again.
fn may_try(world: &mut World, owner: &str, now: Timestamp, next: &mut Option<Timestamp>) -> bool {
    let at = world.memory.due.get(&("retry", owner.to_owned())).copied();
    if at.is_some_and(|at| !is_due(at, now, next)) {
        return false;
    }
    world.memory.done("retry", owner);
    true
}

/// An owner's pod was refused: it tries again after a while.
fn was_refused(world: &mut World, owner: &str, now: Timestamp, next: &mut Option<Timestamp>) {
    let at = world.memory.due("retry", owner, now, RETRY);
    is_due(at, now, next);
}

/// Stores an object where it differs from what is there.
fn put_changed(world: &mut World, kind: &'static Kind, live: &Value, new: Value) {
    if new != *live {
        world.put(kind, new);
    }
}

/// Deletes an object with its own grace; gone already is fine.
fn delete_quietly(
    world: &mut World,
    kind: &'static Kind,
    object: &Value,
    options: &DeleteOptions,
    now: Timestamp,
) {
    let target = Target {
        kind,
        namespace: namespace(object).to_owned(),
        name: text(object, "/metadata/name").to_owned(),
    };
    if let Err(error) = delete(world, &target, options, now) {
        tracing::debug!(%error, "kubesim: a controller's delete");
    }
}

/// Sets a condition; its times move only when it changes.
fn set_condition(object: &mut Value, kind: &str, status: bool, reason: &str, message: &str, now: Timestamp) {
    let status = if status { "True" } else { "False" };
    let old = condition(object, kind);
    let same = old.is_some_and(|c| {
        text(c, "/status") == status && text(c, "/reason") == reason && text(c, "/message") == message
    });
    if same {
        return;
    }
    let since =
        old.filter(|c| text(c, "/status") == status).map(|c| text(c, "/lastTransitionTime").to_owned());
    let mut new = json!({"type": kind, "status": status, "lastTransitionTime": since.map_or_else(|| time(now), Value::from)});
    if !reason.is_empty() {
        set(&mut new, &["reason"], Value::from(reason));
    }
    if !message.is_empty() {
        set(&mut new, &["message"], Value::from(message));
    }
    let mut all: Vec<Value> =
        list(object, "/status/conditions").iter().filter(|c| text(c, "/type") != kind).cloned().collect();
    all.push(new);
    set(object, &["status", "conditions"], Value::Array(all));
}

/// Takes a condition away.
fn drop_condition(object: &mut Value, kind: &str) {
    let all: Vec<Value> =
        list(object, "/status/conditions").iter().filter(|c| text(c, "/type") != kind).cloned().collect();
    if all.is_empty() {
        crate::object::remove(object, &["status", "conditions"]);
    } else {
        set(object, &["status", "conditions"], Value::Array(all));
    }
}

/// Sets a count in the status, leaving out zero as Kubernetes does.
fn set_count(object: &mut Value, field: &str, count: i64) {
    if count == 0 {
        crate::object::remove(object, &["status", field]);
    } else {
        set(object, &["status", field], json!(count));
    }
}

/// A kind that the table has for certain; controllers do nothing where it is missing.
fn kind(resource: &str) -> Option<&'static Kind> {
    by_resource(resource)
}

/// What every simulation starts with: system namespaces, the node and the default storage class.
pub fn bootstrap(world: &mut World, now: Timestamp) {
    use crate::requests::{Writer, create};
    let writer = Writer::controller("kubesim", now);
    let mut ensure = |resource: &'static str, object: Value| {
        let exists = world.find(resource, "", text(&object, "/metadata/name")).is_some();
        if let (Some(kind), false) = (by_resource(resource), exists)
            && let Err(error) = create(world, kind, "", object, &writer)
        {
            tracing::warn!(%error, "kubesim: bootstrap");
        }
    };
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        ensure("namespaces", json!({"metadata": {"name": name}}));
    }
    ensure(
        "storageclasses.storage.k8s.io",
        json!({
            "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "kubesim/simulated",
        }),
    );
    ensure(
        "nodes",
        json!({"metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"}}}),
    );
    let Some(node) = world.find("nodes", "", NODE).map(|n| (**n).clone()) else { return };
    let mut new = node.clone();
    let room = json!({"cpu": "64", "memory": "256Gi", "pods": "10000"});
    set(&mut new, &["status", "capacity"], room.clone());
    set(&mut new, &["status", "allocatable"], room);
    set(
        &mut new,
        &["status", "addresses"],
        json!([{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": NODE}]),
    );
    set(
        &mut new,
        &["status", "nodeInfo"],
        json!({
            "kubeletVersion": crate::discovery::GIT_VERSION, "kubeProxyVersion": crate::discovery::GIT_VERSION,
            "osImage": "kubesim (a simulation)", "containerRuntimeVersion": "kubesim://0", "operatingSystem": "linux",
            "architecture": "simulated", "kernelVersion": "none", "bootID": "", "machineID": "", "systemUUID": "",
        }),
    );
    set_condition(&mut new, "Ready", true, "Simulated", "this node is simulated", now);
    if let Some(nodes) = by_resource("nodes") {
        put_changed(world, nodes, &node, new);
    }
}
