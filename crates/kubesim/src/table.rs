//! What `kubectl get` prints: objects as `meta.k8s.io/v1` Tables.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kinds::Kind;
use crate::object::{int, is_terminating, list, name, text, time_at};

/// A column: its heading, and 1 where only `-o wide` shows it.
type Column = (&'static str, u8);

fn columns(kind: &Kind) -> &'static [Column] {
    match kind.resource {
        "pods" => {
            &[("Name", 0), ("Ready", 0), ("Status", 0), ("Restarts", 0), ("Age", 0), ("IP", 1), ("Node", 1)]
        }
        "deployments.apps" => &[
            ("Name", 0),
            ("Ready", 0),
            ("Up-to-date", 0),
            ("Available", 0),
            ("Age", 0),
            ("Containers", 1),
            ("Images", 1),
        ],
        "replicasets.apps" => &[("Name", 0), ("Desired", 0), ("Current", 0), ("Ready", 0), ("Age", 0)],
        "statefulsets.apps" => &[("Name", 0), ("Ready", 0), ("Age", 0)],
        "services" => &[
            ("Name", 0),
            ("Type", 0),
            ("Cluster-IP", 0),
            ("External-IP", 0),
            ("Port(s)", 0),
            ("Age", 0),
            ("Selector", 1),
        ],
        "namespaces" => &[("Name", 0), ("Status", 0), ("Age", 0)],
        "resourcequotas" => &[("Name", 0), ("Age", 0), ("Request", 0), ("Limit", 0)],
        "persistentvolumeclaims" => &[
            ("Name", 0),
            ("Status", 0),
            ("Volume", 0),
            ("Capacity", 0),
            ("Access Modes", 0),
            ("StorageClass", 0),
            ("Age", 0),
        ],
        "persistentvolumes" => &[
            ("Name", 0),
            ("Capacity", 0),
            ("Access Modes", 0),
            ("Reclaim Policy", 0),
            ("Status", 0),
            ("Claim", 0),
            ("StorageClass", 0),
            ("Age", 0),
        ],
        "events" => &[("Last Seen", 0), ("Type", 0), ("Reason", 0), ("Object", 0), ("Message", 0)],
        "nodes" => &[("Name", 0), ("Status", 0), ("Roles", 0), ("Age", 0), ("Version", 0)],
        "endpoints" => &[("Name", 0), ("Endpoints", 0), ("Age", 0)],
        "configmaps" => &[("Name", 0), ("Data", 0), ("Age", 0)],
        "secrets" => &[("Name", 0), ("Type", 0), ("Data", 0), ("Age", 0)],
        "jobs.batch" => &[("Name", 0), ("Completions", 0), ("Age", 0)],
        "cronjobs.batch" => &[("Name", 0), ("Schedule", 0), ("Suspend", 0), ("Age", 0)],
        "networkpolicies.networking.k8s.io" => &[("Name", 0), ("Pod-Selector", 0), ("Age", 0)],
        "ingresses.networking.k8s.io" => &[("Name", 0), ("Class", 0), ("Hosts", 0), ("Age", 0)],
        "rolebindings.rbac.authorization.k8s.io" | "clusterrolebindings.rbac.authorization.k8s.io" => {
            &[("Name", 0), ("Role", 0), ("Age", 0)]
        }
        "storageclasses.storage.k8s.io" => {
            &[("Name", 0), ("Provisioner", 0), ("ReclaimPolicy", 0), ("Age", 0)]
        }
        _ => &[("Name", 0), ("Age", 0)],
    }
}

fn cell(kind: &Kind, column: &str, object: &Value, now: Timestamp) -> Value {
    let or_none = |text: &str| if text.is_empty() { "<none>".to_owned() } else { text.to_owned() };
    let count = |pointer: &str| int(object, pointer).unwrap_or_default();
    match (kind.resource, column) {
        ("storageclasses.storage.k8s.io", "Name") => {
            let flag = object.pointer("/metadata/annotations/storageclass.kubernetes.io~1is-default-class");
            let mark = if flag.and_then(Value::as_str) == Some("true") { " (default)" } else { "" };
            json!(format!("{}{mark}", name(object)))
        }
        (_, "Name") => json!(name(object)),
        (_, "Age") => json!(age(time_at(object, "/metadata/creationTimestamp"), now)),
        ("pods", "Ready") => {
            let statuses = list(object, "/status/containerStatuses");
            let ready =
                statuses.iter().filter(|s| s.get("ready").and_then(Value::as_bool) == Some(true)).count();
            json!(format!("{ready}/{}", list(object, "/spec/containers").len()))
        }
        ("pods", "Status") => json!(pod_status(object)),
        ("pods", "Restarts") => json!("0"),
        ("pods", "IP") => json!(or_none(text(object, "/status/podIP"))),
        ("pods", "Node") => json!(or_none(text(object, "/spec/nodeName"))),
        ("deployments.apps" | "statefulsets.apps", "Ready") => {
            json!(format!("{}/{}", count("/status/readyReplicas"), count("/spec/replicas")))
        }
        (_, "Up-to-date") => json!(count("/status/updatedReplicas")),
        (_, "Available") => json!(count("/status/availableReplicas")),
        (_, "Containers") => json!(joined(list(object, "/spec/template/spec/containers"), "/name")),
        (_, "Images") => json!(joined(list(object, "/spec/template/spec/containers"), "/image")),
        (_, "Desired") => json!(count("/spec/replicas")),
        (_, "Current") => json!(count("/status/replicas")),
        (_, "Ready") => json!(count("/status/readyReplicas")),
        ("services" | "secrets", "Type") => {
            json!(or_none(&[text(object, "/spec/type"), text(object, "/type")].concat()))
        }
        ("services", "Cluster-IP") => json!(or_none(text(object, "/spec/clusterIP"))),
        ("services", "External-IP") => json!("<none>"),
        ("services", "Port(s)") => {
            let ports = list(object, "/spec/ports").iter();
            let each =
                ports.map(|p| format!("{}/{}", int(p, "/port").unwrap_or_default(), text(p, "/protocol")));
            json!(or_none(&each.collect::<Vec<_>>().join(",")))
        }
        (_, "Selector") => json!(or_none(&pairs(object.pointer("/spec/selector")))),
        ("nodes", "Status") => {
            json!(if crate::object::is_true(object, "Ready") { "Ready" } else { "NotReady" })
        }
        (_, "Roles") => json!("simulated"),
        (_, "Version") => json!(text(object, "/status/nodeInfo/kubeletVersion")),
        ("resourcequotas", "Request") => json!(quota_part(object, false)),
        ("resourcequotas", "Limit") => json!(quota_part(object, true)),
        ("persistentvolumeclaims" | "namespaces", "Status") if is_terminating(object) => json!("Terminating"),
        (_, "Status") => json!(text(object, "/status/phase")),
        (_, "Volume") => json!(text(object, "/spec/volumeName")),
        ("persistentvolumes", "Capacity") => json!(text(object, "/spec/capacity/storage")),
        (_, "Capacity") => json!(text(object, "/status/capacity/storage")),
        (_, "Access Modes") => json!(modes(object)),
        (_, "StorageClass") => json!(text(object, "/spec/storageClassName")),
        (_, "Reclaim Policy") => json!(text(object, "/spec/persistentVolumeReclaimPolicy")),
        (_, "Claim") => match text(object, "/spec/claimRef/name") {
            "" => json!(""),
            claim => json!(format!("{}/{claim}", text(object, "/spec/claimRef/namespace"))),
        },
        ("events", "Last Seen") => json!(age(time_at(object, "/lastTimestamp"), now)),
        (_, "Type") => json!(text(object, "/type")),
        (_, "Reason") => json!(text(object, "/reason")),
        (_, "Object") => {
            let kind = text(object, "/involvedObject/kind").to_ascii_lowercase();
            json!(format!("{kind}/{}", text(object, "/involvedObject/name")))
        }
        (_, "Message") => json!(text(object, "/message")),
        (_, "Endpoints") => json!(or_none(&endpoints(object))),
        (_, "Data") => json!(object.get("data").and_then(Value::as_object).map_or(0, serde_json::Map::len)),
        (_, "Completions") => json!(format!("{}/{}", count("/status/succeeded"), count("/spec/completions"))),
        (_, "Schedule") => json!(text(object, "/spec/schedule")),
        (_, "Suspend") => {
            json!(object.pointer("/spec/suspend").and_then(Value::as_bool).unwrap_or_default().to_string())
        }
        (_, "Pod-Selector") => json!(or_none(&pairs(object.pointer("/spec/podSelector/matchLabels")))),
        (_, "Class") => json!(or_none(text(object, "/spec/ingressClassName"))),
        (_, "Hosts") => json!(or_none(&joined(list(object, "/spec/rules"), "/host"))),
        (_, "Role") => json!(format!("{}/{}", text(object, "/roleRef/kind"), text(object, "/roleRef/name"))),
        (_, "Provisioner") => json!(text(object, "/provisioner")),
        (_, "ReclaimPolicy") => json!(text(object, "/reclaimPolicy")),
        _ => json!(""),
    }
}

fn pod_status(pod: &Value) -> String {
    if is_terminating(pod) {
        return "Terminating".to_owned();
    }
    let waiting = list(pod, "/status/containerStatuses").iter().map(|s| text(s, "/state/waiting/reason"));
    waiting.into_iter().find(|r| !r.is_empty()).unwrap_or_else(|| text(pod, "/status/phase")).to_owned()
}

fn joined(items: &[Value], pointer: &str) -> String {
    items.iter().map(|i| text(i, pointer)).collect::<Vec<_>>().join(",")
}

fn pairs(map: Option<&Value>) -> String {
    let map = map.and_then(Value::as_object);
    let each = map.into_iter().flatten().map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default()));
    each.collect::<Vec<_>>().join(",")
}

fn quota_part(quota: &Value, limits: bool) -> String {
    let hard = quota.pointer("/status/hard").and_then(Value::as_object);
    let each =
        hard.into_iter().flatten().filter(|(r, _)| r.starts_with("limits.") == limits).map(|(r, h)| {
            let used = quota.pointer("/status/used").and_then(|u| u.get(r)).and_then(Value::as_str);
            format!("{r}: {}/{}", used.unwrap_or("0"), h.as_str().unwrap_or_default())
        });
    each.collect::<Vec<_>>().join(", ")
}

fn modes(object: &Value) -> String {
    let short = |mode: &Value| match mode.as_str().unwrap_or_default() {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        _ => "RWOP",
    };
    list(object, "/spec/accessModes").iter().map(short).collect::<Vec<_>>().join(",")
}

fn endpoints(object: &Value) -> String {
    let mut all = Vec::new();
    for subset in list(object, "/subsets") {
        for address in list(subset, "/addresses") {
            for port in list(subset, "/ports") {
                all.push(format!("{}:{}", text(address, "/ip"), int(port, "/port").unwrap_or_default()));
            }
        }
    }
    all.join(",")
}

/// A time span as kubectl shows it: `90s`, `5m30s`, `3h`, `2d`.
fn age(since: Option<Timestamp>, now: Timestamp) -> String {
    let Some(since) = since else { return "<unknown>".to_owned() };
    let s = now.duration_since(since).as_secs().max(0);
    let (m, h, d) = (s / 60, s / 3600, s / 86_400);
    match () {
        () if s < 120 => format!("{s}s"),
        () if m < 10 => {
            if s % 60 == 0 {
                format!("{m}m")
            } else {
                format!("{m}m{}s", s % 60)
            }
        }
        () if m < 180 => format!("{m}m"),
        () if h < 8 => {
            if m % 60 == 0 {
                format!("{h}h")
            } else {
                format!("{h}h{}m", m % 60)
            }
        }
        () if h < 48 => format!("{h}h"),
        () => format!("{d}d"),
    }
}

/// How much of each object a table's rows carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// Name, labels and the like.
    Metadata,
    /// The whole object.
    Object,
    /// Nothing.
    None,
}

/// Objects of a kind as a Table.
pub fn table(kind: &Kind, objects: &[&Value], metadata: &Value, include: Include, now: Timestamp) -> Value {
    let columns = columns(kind);
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let cells: Vec<Value> = columns.iter().map(|(c, _)| cell(kind, c, object, now)).collect();
            let mut row = json!({"cells": cells});
            let carried = match include {
                Include::Metadata => partial(object),
                Include::Object => (*object).clone(),
                Include::None => Value::Null,
            };
            if !carried.is_null() {
                crate::object::set(&mut row, &["object"], carried);
            }
            row
        })
        .collect();
    let definitions: Vec<Value> = columns
        .iter()
        .map(|(name, priority)| {
            let format = if *name == "Name" { "name" } else { "" };
            json!({"name": name, "type": "string", "format": format, "description": "", "priority": priority})
        })
        .collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions, "rows": rows})
}

/// An object's metadata alone.
pub fn partial(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object.get("metadata")})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_kubectl_shows_them() {
        let now: Timestamp = "2026-01-03T00:00:00Z".parse().unwrap();
        for (since, shown) in [
            ("2026-01-02T23:59:00Z", "60s"),
            ("2026-01-02T23:54:30Z", "5m30s"),
            ("2026-01-02T22:30:00Z", "90m"),
            ("2026-01-02T19:30:00Z", "4h30m"),
            ("2026-01-01T06:00:00Z", "42h"),
            ("2025-12-30T00:00:00Z", "4d"),
        ] {
            assert_eq!(age(since.parse().ok(), now), shown);
        }
    }
}
