//! What the API server fills in: defaults and canonical quantities. Applied to whole and partly given objects alike,
//! so a default is set only below a parent that is there.

use serde_json::{Map, Value, json};

use crate::kinds::Kind;
use crate::object::{list, set, set_default, text};
use crate::quantity::canonical;

/// Sets a kind's defaults on a whole object.
pub fn complete(kind: &Kind, object: &mut Value) {
    set(object, &["apiVersion"], Value::from(kind.api_version()));
    set(object, &["kind"], Value::from(kind.kind));
    match kind.resource {
        "namespaces" => {
            set_default(object, &["spec", "finalizers"], json!(["kubernetes"]));
            set_default(object, &["status", "phase"], json!("Active"));
            let name = crate::object::name(object).to_owned();
            set(object, &["metadata", "labels", "kubernetes.io/metadata.name"], Value::from(name));
        }
        "pods" => {
            pod_spec(object.get_mut("spec"));
            set_default(object, &["status", "phase"], json!("Pending"));
            set_default(object, &["status", "qosClass"], Value::from(qos_class(object)));
        }
        "deployments.apps" => {
            set_default(object, &["spec", "replicas"], json!(1));
            set_default(object, &["spec", "revisionHistoryLimit"], json!(10));
            set_default(object, &["spec", "progressDeadlineSeconds"], json!(600));
            set_default(object, &["spec", "strategy", "type"], json!("RollingUpdate"));
            if text(object, "/spec/strategy/type") == "RollingUpdate" {
                set_default(object, &["spec", "strategy", "rollingUpdate", "maxSurge"], json!("25%"));
                set_default(object, &["spec", "strategy", "rollingUpdate", "maxUnavailable"], json!("25%"));
            }
            pod_spec(object.pointer_mut("/spec/template/spec"));
        }
        "replicasets.apps" => {
            set_default(object, &["spec", "replicas"], json!(1));
            set_default(object, &["status", "replicas"], json!(0));
            pod_spec(object.pointer_mut("/spec/template/spec"));
        }
        "statefulsets.apps" => {
            set_default(object, &["spec", "replicas"], json!(1));
            set_default(object, &["spec", "podManagementPolicy"], json!("OrderedReady"));
            set_default(object, &["spec", "revisionHistoryLimit"], json!(10));
            set_default(object, &["spec", "updateStrategy", "type"], json!("RollingUpdate"));
            set_default(object, &["status", "replicas"], json!(0));
            pod_spec(object.pointer_mut("/spec/template/spec"));
        }
        "daemonsets.apps" => pod_spec(object.pointer_mut("/spec/template/spec")),
        "jobs.batch" => {
            set_default(object, &["spec", "parallelism"], json!(1));
            set_default(object, &["spec", "completions"], json!(1));
            set_default(object, &["spec", "backoffLimit"], json!(6));
            set_default(object, &["spec", "suspend"], json!(false));
            pod_spec(object.pointer_mut("/spec/template/spec"));
        }
        "cronjobs.batch" => {
            set_default(object, &["spec", "concurrencyPolicy"], json!("Allow"));
            set_default(object, &["spec", "suspend"], json!(false));
            set_default(object, &["spec", "successfulJobsHistoryLimit"], json!(3));
            set_default(object, &["spec", "failedJobsHistoryLimit"], json!(1));
            pod_spec(object.pointer_mut("/spec/jobTemplate/spec/template/spec"));
        }
        "services" => service(object),
        "secrets" => {
            set_default(object, &["type"], json!("Opaque"));
            string_data(object);
        }
        "persistentvolumeclaims" => {
            set_default(object, &["spec", "volumeMode"], json!("Filesystem"));
            set_default(object, &["status", "phase"], json!("Pending"));
        }
        "persistentvolumes" => {
            set_default(object, &["spec", "volumeMode"], json!("Filesystem"));
            set_default(object, &["spec", "persistentVolumeReclaimPolicy"], json!("Retain"));
            set_default(object, &["status", "phase"], json!("Pending"));
        }
        "storageclasses.storage.k8s.io" => {
            set_default(object, &["reclaimPolicy"], json!("Delete"));
            set_default(object, &["volumeBindingMode"], json!("Immediate"));
        }
        "networkpolicies.networking.k8s.io" => network_policy(object),
        _ => {}
    }
    normalize(kind, object);
}

/// Brings quantities into canonical form, in partly given objects too.
pub fn normalize(kind: &Kind, object: &mut Value) {
    crate::object::drop_nulls(object);
    match kind.resource {
        "pods" => normalize_pod_spec(object.get_mut("spec")),
        "deployments.apps" | "replicasets.apps" | "statefulsets.apps" | "daemonsets.apps" | "jobs.batch" => {
            if object.pointer("/spec/minReadySeconds") == Some(&json!(0)) {
                crate::object::remove(object, &["spec", "minReadySeconds"]);
            }
            normalize_pod_spec(object.pointer_mut("/spec/template/spec"));
        }
        "cronjobs.batch" => normalize_pod_spec(object.pointer_mut("/spec/jobTemplate/spec/template/spec")),
        "resourcequotas" => {
            for pointer in ["/spec/hard", "/status/hard", "/status/used"] {
                quantities(object.pointer_mut(pointer));
            }
        }
        "limitranges" => {
            for limit in
                object.pointer_mut("/spec/limits").and_then(Value::as_array_mut).into_iter().flatten()
            {
                for field in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
                    quantities(limit.get_mut(field));
                }
            }
        }
        "persistentvolumeclaims" => {
            quantities(object.pointer_mut("/spec/resources/requests"));
            quantities(object.pointer_mut("/spec/resources/limits"));
        }
        "persistentvolumes" => quantities(object.pointer_mut("/spec/capacity")),
        _ => {}
    }
}

/// What the apiserver sets only on a new object: a claim's default class, a Service's address.
pub fn on_create(
    kind: &Kind,
    object: &mut Value,
    default_class: Option<&str>,
    address: impl FnOnce() -> String,
) {
    match kind.resource {
        "persistentvolumeclaims" => {
            if let Some(class) = default_class {
                set_default(object, &["spec", "storageClassName"], Value::from(class));
            }
        }
        "services" if text(object, "/spec/type") != "ExternalName" => {
            set_default(object, &["spec", "clusterIP"], Value::from(address()));
            let ip = text(object, "/spec/clusterIP").to_owned();
            set_default(object, &["spec", "clusterIPs"], json!([ip]));
            set_default(object, &["spec", "ipFamilies"], json!(["IPv4"]));
            set_default(object, &["spec", "ipFamilyPolicy"], json!("SingleStack"));
        }
        "pods" => set_default(object, &["spec", "serviceAccountName"], json!("default")),
        _ => {}
    }
}

fn service(object: &mut Value) {
    set_default(object, &["spec", "type"], json!("ClusterIP"));
    set_default(object, &["spec", "sessionAffinity"], json!("None"));
    set_default(object, &["status", "loadBalancer"], json!({}));
    for port in object.pointer_mut("/spec/ports").and_then(Value::as_array_mut).into_iter().flatten() {
        set_default(port, &["protocol"], json!("TCP"));
        let number = port.get("port").cloned().unwrap_or(Value::Null);
        set_default(port, &["targetPort"], number);
    }
}

fn network_policy(object: &mut Value) {
    if object.pointer("/spec/policyTypes").is_none() {
        let types = if object.pointer("/spec/egress").is_some() {
            json!(["Ingress", "Egress"])
        } else {
            json!(["Ingress"])
        };
        set(object, &["spec", "policyTypes"], types);
    }
    for direction in ["/spec/ingress", "/spec/egress"] {
        for rule in object.pointer_mut(direction).and_then(Value::as_array_mut).into_iter().flatten() {
            for port in rule.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
                set_default(port, &["protocol"], json!("TCP"));
            }
        }
    }
}

/// `stringData` is write-only: it becomes base64 in `data`.
fn string_data(object: &mut Value) {
    let Some(Value::Object(plain)) = crate::object::remove(object, &["stringData"]) else { return };
    for (key, value) in plain {
        let encoded = base64(value.as_str().unwrap_or_default().as_bytes());
        set(object, &["data", &key], Value::from(encoded));
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_usize, |n, b| (n << 8) | usize::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let index = (group >> (18 - 6 * i)) & 63;
            let symbol = ALPHABET.get(index).copied().unwrap_or(b'A');
            out.push(if i <= chunk.len() { char::from(symbol) } else { '=' });
        }
    }
    out
}

fn pod_spec(spec: Option<&mut Value>) {
    let Some(spec) = spec.filter(|s| s.is_object()) else { return };
    set_default(spec, &["restartPolicy"], json!("Always"));
    set_default(spec, &["terminationGracePeriodSeconds"], json!(30));
    set_default(spec, &["dnsPolicy"], json!("ClusterFirst"));
    set_default(spec, &["schedulerName"], json!("default-scheduler"));
    set_default(spec, &["securityContext"], json!({}));
    let account = text(spec, "/serviceAccountName").to_owned();
    if !account.is_empty() {
        set_default(spec, &["serviceAccount"], Value::from(account));
    }
    for field in ["containers", "initContainers"] {
        for container in spec.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
            let image = text(container, "/image");
            let floating = image.ends_with(":latest")
                || !image.rsplit('/').next().unwrap_or_default().contains([':', '@']);
            let pull = if floating { "Always" } else { "IfNotPresent" };
            set_default(container, &["imagePullPolicy"], json!(pull));
            set_default(container, &["terminationMessagePath"], json!("/dev/termination-log"));
            set_default(container, &["terminationMessagePolicy"], json!("File"));
            set_default(container, &["resources"], json!({}));
            requests_from_limits(container);
            for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
                set_default(port, &["protocol"], json!("TCP"));
            }
            for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
                if let Some(probe) = container.get_mut(probe).filter(|p| p.is_object()) {
                    for (field, value) in [
                        ("timeoutSeconds", 1),
                        ("periodSeconds", 10),
                        ("successThreshold", 1),
                        ("failureThreshold", 3),
                    ] {
                        set_default(probe, &[field], json!(value));
                    }
                    if let Some(get) = probe.get_mut("httpGet").filter(|g| g.is_object()) {
                        set_default(get, &["scheme"], json!("HTTP"));
                        set_default(get, &["path"], json!("/"));
                    }
                }
            }
        }
    }
}

/// A container that limits a resource and requests none of it requests its limit.
pub fn requests_from_limits(container: &mut Value) {
    let limits =
        container.pointer("/resources/limits").and_then(Value::as_object).cloned().unwrap_or_default();
    for (resource, limit) in limits {
        set_default(container, &["resources", "requests", &resource], limit);
    }
}

fn normalize_pod_spec(spec: Option<&mut Value>) {
    let Some(spec) = spec else { return };
    for field in ["containers", "initContainers"] {
        for container in spec.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
            quantities(container.pointer_mut("/resources/requests"));
            quantities(container.pointer_mut("/resources/limits"));
        }
    }
    for volume in spec.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(limit) = volume.pointer_mut("/emptyDir/sizeLimit") {
            quantity(limit);
        }
    }
}

fn quantities(map: Option<&mut Value>) {
    for value in map.and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        quantity(value);
    }
}

fn quantity(value: &mut Value) {
    let given = match &*value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    *value = Value::from(canonical(&given));
}

/// The quality of service class of a pod.
fn qos_class(pod: &Value) -> &'static str {
    let containers = list(pod, "/spec/containers");
    let amount = |c: &Value, kind: &str, resource: &str| {
        c.pointer(&format!("/resources/{kind}/{resource}")).and_then(Value::as_str).map(str::to_owned)
    };
    let any = containers.iter().any(|c| {
        ["cpu", "memory"]
            .iter()
            .any(|r| amount(c, "requests", r).is_some() || amount(c, "limits", r).is_some())
    });
    if !any {
        return "BestEffort";
    }
    let all = containers.iter().all(|c| {
        ["cpu", "memory"]
            .iter()
            .all(|r| amount(c, "limits", r).is_some() && amount(c, "limits", r) == amount(c, "requests", r))
    });
    if all { "Guaranteed" } else { "Burstable" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn string_data_becomes_base64() {
        for (plain, encoded) in
            [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("Hello!", "SGVsbG8h")]
        {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
