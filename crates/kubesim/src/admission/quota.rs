//! ResourceQuota: what an object uses, and whether a namespace's quotas still have it.
//!
//! Admission reads `status.hard` and `status.used` only, as the real server does: a new quota refuses nothing until
//! the quota controller or a client has filled its status. Of scopes, only priority classes are simulated.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::kinds::{KINDS, Kind};
use crate::object::{int, list, name, namespace, set, text, time_at};
use crate::quantity::{Quantity, render};
use crate::status::{ApiError, Outcome};
use crate::world::World;

/// Amounts by resource name.
pub type Usage = BTreeMap<String, Quantity>;

/// What one object counts for.
pub fn usage_of(kind: &Kind, object: &Value, now: Timestamp) -> Usage {
    let mut usage = Usage::from([(format!("count/{}", kind.resource), Quantity::count(1))]);
    let mut one = |name: &str| {
        usage.insert(name.to_owned(), Quantity::count(1));
    };
    match kind.resource {
        "services" => {
            one("services");
            let of_type = text(object, "/spec/type");
            if of_type == "LoadBalancer" {
                one("services.loadbalancers");
            }
            // A load balancer takes ports of nodes too, unless it says that it needs none.
            let needs_none =
                object.pointer("/spec/allocateLoadBalancerNodePorts") == Some(&Value::Bool(false));
            if of_type == "NodePort" || of_type == "LoadBalancer" {
                let drawn = |port: &&Value| !needs_none || int(port, "/nodePort").is_some();
                let ports = list(object, "/spec/ports").iter().filter(drawn).count();
                usage.insert("services.nodeports".to_owned(), Quantity::count(ports));
            }
        }
        "secrets" | "configmaps" | "resourcequotas" => one(kind.resource),
        "persistentvolumeclaims" => {
            one("persistentvolumeclaims");
            let amount =
                Quantity::parse(text(object, "/spec/resources/requests/storage")).unwrap_or_default();
            usage.insert("requests.storage".to_owned(), amount);
            let class = text(object, "/spec/storageClassName");
            if !class.is_empty() {
                let prefix = format!("{class}.storageclass.storage.k8s.io/");
                usage.insert(format!("{prefix}persistentvolumeclaims"), Quantity::count(1));
                usage.insert(format!("{prefix}requests.storage"), amount);
            }
        }
        "pods" if counts(object, now) => {
            one("pods");
            for part in ["requests", "limits"] {
                for (resource, amount) in pod_amounts(object, part) {
                    if part == "requests"
                        && ["cpu", "memory", "ephemeral-storage"].contains(&resource.as_str())
                    {
                        usage.insert(resource.clone(), amount);
                    }
                    usage.insert(format!("{part}.{resource}"), amount);
                }
            }
        }
        _ => {}
    }
    usage
}

/// Whether a pod still counts: not ended, and not past its grace period.
fn counts(pod: &Value, now: Timestamp) -> bool {
    let ended = ["Succeeded", "Failed"].contains(&text(pod, "/status/phase"));
    let overdue = time_at(pod, "/metadata/deletionTimestamp").is_some_and(|at| at < now)
        && int(pod, "/metadata/deletionGracePeriodSeconds").is_some();
    !ended && !overdue
}

/// The sum over containers, or the largest init container where that is more.
fn pod_amounts(pod: &Value, part: &str) -> Usage {
    let mut sum = Usage::new();
    for (field, add) in [("containers", true), ("initContainers", false)] {
        for container in list(pod, &format!("/spec/{field}")) {
            let amounts = container.pointer(&format!("/resources/{part}")).and_then(Value::as_object);
            for (resource, amount) in amounts.into_iter().flatten() {
                let amount = amount.as_str().and_then(Quantity::parse).unwrap_or_default();
                let entry = sum.entry(resource.clone()).or_default();
                *entry = if add { entry.plus(amount) } else { amount.max(*entry) };
            }
        }
    }
    sum
}

/// Whether a quota's resource name is one that objects of this kind use.
fn concerns(kind: &Kind, resource: &str) -> bool {
    if resource == format!("count/{}", kind.resource) {
        return true;
    }
    match kind.resource {
        "pods" => {
            ["pods", "cpu", "memory", "ephemeral-storage"].contains(&resource)
                || resource.starts_with("limits.")
                || (resource.starts_with("requests.") && resource != "requests.storage")
        }
        "services" => ["services", "services.nodeports", "services.loadbalancers"].contains(&resource),
        "persistentvolumeclaims" => {
            ["persistentvolumeclaims", "requests.storage"].contains(&resource)
                || resource.contains(".storageclass.storage.k8s.io/")
        }
        "secrets" | "configmaps" | "resourcequotas" => resource == kind.resource,
        _ => false,
    }
}

fn amounts(quota: &Value, pointer: &str) -> Usage {
    let map = quota.pointer(pointer).and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .map(|(r, v)| (r.clone(), v.as_str().and_then(Quantity::parse).unwrap_or_default()))
        .collect()
}

fn print(usage: &Usage, only: &BTreeSet<&String>) -> String {
    let parts: Vec<String> =
        only.iter().map(|r| format!("{r}={}", usage.get(*r).copied().unwrap_or_default())).collect();
    parts.join(",")
}

/// Checks a new object against every quota of its namespace and takes what it uses from them.
pub fn admit(world: &mut World, kind: &Kind, object: &Value, now: Timestamp) -> Outcome<()> {
    let wanted = usage_of(kind, object, now);
    let mut taken = Vec::new();
    for quota in world.list("resourcequotas", Some(namespace(object))) {
        if !is_of_scope(&quota, kind, object) {
            continue;
        }
        let hard: Usage =
            amounts(&quota, "/status/hard").into_iter().filter(|(r, _)| concerns(kind, r)).collect();
        if hard.is_empty() {
            continue;
        }
        if kind.resource == "pods" {
            must_specify(kind, object, &quota, &hard)?;
        }
        let used = amounts(&quota, "/status/used");
        let unknown: Vec<&str> = hard.keys().filter(|r| !used.contains_key(*r)).map(String::as_str).collect();
        if !unknown.is_empty() {
            let why = format!("status unknown for quota: {}, resources: {}", name(&quota), unknown.join(","));
            return Err(ApiError::forbidden(kind, name(object), &why));
        }
        let after = |r: &String| {
            used.get(r).copied().unwrap_or_default().plus(wanted.get(r).copied().unwrap_or_default())
        };
        let over: BTreeSet<&String> = hard
            .iter()
            .filter(|(r, limit)| wanted.get(*r).is_some_and(|w| w.0 > 0) && after(r) > **limit)
            .map(|(r, _)| r)
            .collect();
        if !over.is_empty() {
            let why = format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                name(&quota),
                print(&wanted, &over),
                print(&used, &over),
                print(&hard, &over)
            );
            return Err(ApiError::forbidden(kind, name(object), &why));
        }
        let mut next = (*quota).clone();
        for resource in hard.keys().filter(|r| wanted.get(*r).is_some_and(|w| w.0 > 0)) {
            let limit = quota.pointer("/status/hard").and_then(|h| h.get(resource)).and_then(Value::as_str);
            let used = render(after(resource), limit.unwrap_or_default());
            set(&mut next, &["status", "used", resource], Value::from(used));
        }
        if next != *quota {
            taken.push(next);
        }
    }
    if let Some(quotas) = crate::kinds::by_resource("resourcequotas") {
        for quota in taken {
            world.put(quotas, quota);
        }
    }
    Ok(())
}

/// Whether a quota is about an object at all: by its priority class, where the quota selects by that.
fn is_of_scope(quota: &Value, kind: &Kind, object: &Value) -> bool {
    let class = text(object, "/spec/priorityClassName");
    list(quota, "/spec/scopeSelector/matchExpressions").iter().all(|wanted| {
        if text(wanted, "/scopeName") != "PriorityClass" {
            return true;
        }
        let named = list(wanted, "/values").iter().any(|value| value.as_str() == Some(class));
        kind.resource == "pods"
            && match text(wanted, "/operator") {
                "In" => !class.is_empty() && named,
                "NotIn" => class.is_empty() || !named,
                "Exists" => !class.is_empty(),
                _ => class.is_empty(),
            }
    })
}

/// With a quota on an amount, every container must name that amount.
fn must_specify(kind: &Kind, pod: &Value, quota: &Value, hard: &Usage) -> Outcome<()> {
    const ENFORCED: &[&str] =
        &["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for resource in ENFORCED.iter().filter(|r| hard.contains_key(**r)) {
        let (part, amount) = resource.split_once('.').unwrap_or(("requests", resource));
        for container in list(pod, "/spec/containers").iter().chain(list(pod, "/spec/initContainers")) {
            if container.pointer(&format!("/resources/{part}/{amount}")).is_none() {
                missing.entry(resource).or_default().push(text(container, "/name"));
            }
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let parts: Vec<String> = missing.iter().map(|(r, c)| format!("{r} for: {}", c.join(","))).collect();
    let why = format!("failed quota: {}: must specify {}", name(quota), parts.join("; "));
    Err(ApiError::forbidden(kind, name(pod), &why))
}

/// What a namespace uses of the resources a quota limits.
pub fn measure(world: &World, quota: &Value, now: Timestamp) -> BTreeMap<String, String> {
    let space = namespace(quota);
    let hard = quota.pointer("/status/hard").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut sums: Usage = hard.keys().map(|r| (r.clone(), Quantity::default())).collect();
    for kind in KINDS.iter().filter(|k| k.namespaced && hard.keys().any(|r| concerns(k, r))) {
        for object in world.list(kind.resource, Some(space)) {
            if !is_of_scope(quota, kind, &object) {
                continue;
            }
            for (resource, amount) in usage_of(kind, &object, now) {
                if let Some(sum) = sums.get_mut(&resource) {
                    *sum = sum.plus(amount);
                }
            }
        }
    }
    sums.into_iter()
        .map(|(r, sum)| {
            let like = hard.get(&r).and_then(Value::as_str).unwrap_or_default().to_owned();
            (r, render(sum, &like))
        })
        .collect()
}
