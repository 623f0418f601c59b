//! What makes an object obviously wrong. Kubernetes checks far more; this is what a client's bug usually trips over.

use serde_json::Value;

use crate::kinds::{Kind, NameRule};
use crate::object::{int, list, name, text};
use crate::selectors::label_selector_matches;
use crate::status::{ApiError, Cause, Outcome};

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
                         and must start and end with an alphanumeric character";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
                     and must start and end with an alphanumeric character";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', \
                          start with an alphabetic character, and end with an alphanumeric character";

/// The shape every object must have before anything else looks at it: 400 where it does not.
pub fn shape(object: &Value) -> Outcome<()> {
    let bad = |what: &str| Err(ApiError::bad_request(format!("the object cannot be decoded: {what}")));
    if !object.is_object() {
        return bad("it is not a JSON object");
    }
    for section in ["metadata", "spec", "status", "data"] {
        if object.get(section).is_some_and(|v| !v.is_object() && !v.is_null()) {
            return bad(&format!("{section} is not a map"));
        }
    }
    for field in ["labels", "annotations"] {
        match object.pointer(&format!("/metadata/{field}")) {
            None | Some(Value::Null) => {}
            Some(Value::Object(map)) if map.values().all(|v| v.is_string() || v.is_null()) => {}
            Some(_) => return bad(&format!("metadata.{field} is not a map of strings")),
        }
    }
    for field in ["name", "namespace", "uid", "resourceVersion", "generateName"] {
        if object.pointer(&format!("/metadata/{field}")).is_some_and(|v| !v.is_string() && !v.is_null()) {
            return bad(&format!("metadata.{field} is not a string"));
        }
    }
    for field in ["finalizers", "ownerReferences", "managedFields"] {
        if object.pointer(&format!("/metadata/{field}")).is_some_and(|v| !v.is_array() && !v.is_null()) {
            return bad(&format!("metadata.{field} is not a list"));
        }
    }
    if object.pointer("/spec/replicas").is_some_and(|v| !v.is_i64() && !v.is_null()) {
        return bad("spec.replicas is not an integer");
    }
    if depth(object) > 64 {
        return bad("it is nested too deeply");
    }
    Ok(())
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or_default(),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

/// Checks a whole object, and against `live` what must not change: 422 where it is wrong.
pub fn check(kind: &Kind, object: &Value, live: Option<&Value>) -> Outcome<()> {
    let mut causes = Vec::new();
    metadata(kind, object, &mut causes);
    match kind.resource {
        "pods" => pod_spec(object.get("spec"), "spec", &mut causes),
        "deployments.apps" | "replicasets.apps" | "statefulsets.apps" | "daemonsets.apps" => {
            workload(object, &mut causes);
        }
        "jobs.batch" => template(object.pointer("/spec/template"), "spec.template", &mut causes),
        "cronjobs.batch" => {
            if text(object, "/spec/schedule").is_empty() {
                causes.push(Cause::required("spec.schedule", ""));
            }
            let job = object.pointer("/spec/jobTemplate/spec/template");
            template(job, "spec.jobTemplate.spec.template", &mut causes);
        }
        "services" => service(object, &mut causes),
        "persistentvolumeclaims" => {
            if list(object, "/spec/accessModes").is_empty() {
                causes.push(Cause::required("spec.accessModes", "at least 1 access mode is required"));
            }
            if text(object, "/spec/resources/requests/storage").is_empty() {
                causes.push(Cause::required("spec.resources[storage]", ""));
            }
        }
        "persistentvolumes" if object.pointer("/spec/capacity/storage").is_none() => {
            causes.push(Cause::required("spec.capacity", ""));
        }
        "rolebindings.rbac.authorization.k8s.io" | "clusterrolebindings.rbac.authorization.k8s.io" => {
            if text(object, "/roleRef/name").is_empty() {
                causes.push(Cause::required("roleRef.name", ""));
            }
            if !["Role", "ClusterRole"].contains(&text(object, "/roleRef/kind")) {
                causes.push(Cause::unsupported(
                    "roleRef.kind",
                    text(object, "/roleRef/kind"),
                    &["Role", "ClusterRole"],
                ));
            }
        }
        "storageclasses.storage.k8s.io" if text(object, "/provisioner").is_empty() => {
            causes.push(Cause::required("provisioner", ""));
        }
        "resourcequotas" => quota(object, &mut causes),
        _ => {}
    }
    if let Some(live) = live {
        immutable(kind, object, live, &mut causes);
    }
    if causes.is_empty() { Ok(()) } else { Err(ApiError::invalid(kind, name(object), &causes)) }
}

fn metadata(kind: &Kind, object: &Value, causes: &mut Vec<Cause>) {
    let given = name(object);
    if given.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    } else if let Some(why) = wrong_name(kind.names, given) {
        causes.push(Cause::invalid("metadata.name", &Value::from(given), why));
    }
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        if !qualified(key) {
            causes.push(Cause::invalid(
                "metadata.labels",
                &Value::from(key.as_str()),
                "name part must consist of alphanumeric characters, '-', '_' or '.'",
            ));
        }
        let value = value.as_str().unwrap_or_default();
        if !label_value(value) {
            causes.push(Cause::invalid("metadata.labels", &Value::from(value), "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', at most 63"));
        }
    }
    for (key, _) in object.pointer("/metadata/annotations").and_then(Value::as_object).into_iter().flatten() {
        if !qualified(key) {
            causes.push(Cause::invalid(
                "metadata.annotations",
                &Value::from(key.as_str()),
                "name part must consist of alphanumeric characters, '-', '_' or '.'",
            ));
        }
    }
    for (i, owner) in list(object, "/metadata/ownerReferences").iter().enumerate() {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if text(owner, &format!("/{field}")).is_empty() {
                causes.push(Cause::required(format!("metadata.ownerReferences[{i}].{field}"), ""));
            }
        }
    }
}

/// Why a name breaks its rule.
pub fn wrong_name(rule: NameRule, given: &str) -> Option<&'static str> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edges = |s: &str| {
        let ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        s.starts_with(ok) && s.ends_with(ok)
    };
    let label = |s: &str| s.len() <= 63 && edges(s) && s.chars().all(inner);
    let ok = match rule {
        NameRule::Label => label(given),
        NameRule::Label1035 => label(given) && given.starts_with(|c: char| c.is_ascii_lowercase()),
        NameRule::Subdomain => {
            given.len() <= 253 && given.split('.').all(|p| edges(p) && p.chars().all(inner))
        }
        NameRule::Path => given != "." && given != ".." && !given.contains(['/', '%']),
    };
    (!ok).then_some(match rule {
        NameRule::Label => LABEL,
        NameRule::Label1035 => LABEL_1035,
        NameRule::Subdomain => SUBDOMAIN,
        NameRule::Path => "a path segment may not be '.' or '..' or contain '/' or '%'",
    })
}

fn label_value(value: &str) -> bool {
    value.is_empty() || name_part(value)
}

fn name_part(part: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    part.len() <= 63
        && part.starts_with(edge)
        && part.ends_with(edge)
        && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn qualified(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, rest)) => wrong_name(NameRule::Subdomain, prefix).is_none() && name_part(rest),
        None => name_part(key),
    }
}

fn pod_spec(spec: Option<&Value>, path: &str, causes: &mut Vec<Cause>) {
    let none = Value::Null;
    let spec = spec.unwrap_or(&none);
    let containers = list(spec, "/containers");
    if containers.is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    let volumes: Vec<&str> = list(spec, "/volumes").iter().map(|v| text(v, "/name")).collect();
    for (i, container) in containers.iter().enumerate() {
        for field in ["name", "image"] {
            if text(container, &format!("/{field}")).is_empty() {
                causes.push(Cause::required(format!("{path}.containers[{i}].{field}"), ""));
            }
        }
        let given = text(container, "/name");
        if !given.is_empty() && wrong_name(NameRule::Label, given).is_some() {
            causes.push(Cause::invalid(format!("{path}.containers[{i}].name"), &Value::from(given), LABEL));
        }
        for (j, mount) in list(container, "/volumeMounts").iter().enumerate() {
            let volume = text(mount, "/name");
            if !volumes.contains(&volume) {
                let field = format!("{path}.containers[{i}].volumeMounts[{j}].name");
                causes.push(Cause {
                    reason: "FieldValueNotFound",
                    message: format!("Not found: {volume:?}"),
                    field,
                });
            }
        }
        amounts(container, &format!("{path}.containers[{i}]"), causes);
    }
}

fn amounts(container: &Value, path: &str, causes: &mut Vec<Cause>) {
    use crate::quantity::Quantity;
    let limits = container.pointer("/resources/limits");
    for part in ["requests", "limits"] {
        let map = container.pointer(&format!("/resources/{part}")).and_then(Value::as_object);
        for (resource, value) in map.into_iter().flatten() {
            let field = format!("{path}.resources.{part}[{resource}]");
            match value.as_str().and_then(Quantity::parse) {
                None => causes.push(Cause::invalid(
                    field,
                    value,
                    "quantities must be numbers with an optional suffix",
                )),
                Some(q) if q.0 < 0 => {
                    causes.push(Cause::invalid(field, value, "must be greater than or equal to 0"));
                }
                Some(q) if part == "requests" => {
                    let limit = limits
                        .and_then(|l| l.get(resource))
                        .and_then(Value::as_str)
                        .and_then(Quantity::parse);
                    if limit.is_some_and(|l| q > l) {
                        let field = format!("{path}.resources.requests");
                        causes.push(Cause::invalid(
                            field,
                            value,
                            &format!("must be less than or equal to {resource} limit"),
                        ));
                    }
                }
                Some(_) => {}
            }
        }
    }
}

fn template(template: Option<&Value>, path: &str, causes: &mut Vec<Cause>) {
    pod_spec(template.and_then(|t| t.get("spec")), &format!("{path}.spec"), causes);
}

fn workload(object: &Value, causes: &mut Vec<Cause>) {
    let selector = object.pointer("/spec/selector");
    if selector.is_none() {
        causes.push(Cause::required("spec.selector", ""));
    } else if selector.and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
        causes.push(Cause::invalid(
            "spec.selector",
            &Value::Object(serde_json::Map::new()),
            "empty selector is invalid for deployment",
        ));
    }
    if let Some(pods) = object.pointer("/spec/template")
        && selector.is_some()
        && !label_selector_matches(selector, pods)
    {
        let labels = pods.pointer("/metadata/labels").cloned().unwrap_or(Value::Null);
        let detail = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", &labels, detail));
    }
    if let Some(replicas) = int(object, "/spec/replicas").filter(|r| *r < 0) {
        causes.push(Cause::invalid(
            "spec.replicas",
            &Value::from(replicas),
            "must be greater than or equal to 0",
        ));
    }
    let claimed = list(object, "/spec/volumeClaimTemplates");
    let mut pods = object.pointer("/spec/template").cloned();
    if let Some(pods) = pods.as_mut().filter(|_| !claimed.is_empty()) {
        // Each pod gets a volume by the name of every claim template.
        let mut volumes = list(pods, "/spec/volumes").to_vec();
        volumes.extend(claimed.iter().map(|claim| {
            serde_json::json!({"name": name(claim), "persistentVolumeClaim": {"claimName": name(claim)}})
        }));
        crate::object::set(pods, &["spec", "volumes"], Value::Array(volumes));
    }
    template(pods.as_ref(), "spec.template", causes);
}

fn service(object: &Value, causes: &mut Vec<Cause>) {
    let kind = text(object, "/spec/type");
    let known = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !known.contains(&kind) {
        causes.push(Cause::unsupported("spec.type", kind, &known));
    }
    if kind != "ExternalName"
        && text(object, "/spec/clusterIP") != "None"
        && list(object, "/spec/ports").is_empty()
    {
        causes.push(Cause::required("spec.ports", ""));
    }
    let many = list(object, "/spec/ports").len() > 1;
    for (i, port) in list(object, "/spec/ports").iter().enumerate() {
        if !(1..=65535).contains(&int(port, "/port").unwrap_or_default()) {
            let value = port.get("port").cloned().unwrap_or(Value::from(0));
            causes.push(Cause::invalid(
                format!("spec.ports[{i}].port"),
                &value,
                "must be between 1 and 65535, inclusive",
            ));
        }
        if many && text(port, "/name").is_empty() {
            causes.push(Cause::required(format!("spec.ports[{i}].name"), ""));
        }
    }
}

fn quota(object: &Value, causes: &mut Vec<Cause>) {
    for (resource, value) in object.pointer("/spec/hard").and_then(Value::as_object).into_iter().flatten() {
        let fits = value.as_str().and_then(crate::quantity::Quantity::parse).is_some_and(|q| q.0 >= 0);
        if !fits {
            causes.push(Cause::invalid(
                format!("spec.hard[{resource}]"),
                value,
                "must be greater than or equal to 0",
            ));
        }
    }
}

fn immutable(kind: &Kind, object: &Value, live: &Value, causes: &mut Vec<Cause>) {
    let fixed: &[&str] = match kind.resource {
        "deployments.apps" | "replicasets.apps" | "daemonsets.apps" | "statefulsets.apps" => {
            &["/spec/selector"]
        }
        "jobs.batch" => &["/spec/selector", "/spec/template", "/spec/completions"],
        "rolebindings.rbac.authorization.k8s.io" | "clusterrolebindings.rbac.authorization.k8s.io" => {
            &["/roleRef"]
        }
        "services" => &["/spec/clusterIP"],
        "secrets" => &["/type"],
        "persistentvolumeclaims" => &["/spec/accessModes", "/spec/storageClassName", "/spec/volumeMode"],
        "storageclasses.storage.k8s.io" => &["/provisioner", "/reclaimPolicy", "/parameters"],
        _ => &[],
    };
    for pointer in fixed {
        if object.pointer(pointer) != live.pointer(pointer) {
            let field = pointer.trim_start_matches('/').replace('/', ".");
            let value = object.pointer(pointer).cloned().unwrap_or(Value::Null);
            causes.push(Cause::invalid(field, &value, "field is immutable"));
        }
    }
    if kind.resource == "statefulsets.apps" && frozen_set(object) != frozen_set(live) {
        causes.push(Cause {
            reason: "FieldValueForbidden",
            message: "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template',                       'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
                .to_owned(),
            field: "spec".to_owned(),
        });
    }
    if ["configmaps", "secrets"].contains(&kind.resource)
        && live.get("immutable").and_then(Value::as_bool) == Some(true)
        && (object.get("data") != live.get("data") || object.get("binaryData") != live.get("binaryData"))
    {
        causes.push(Cause {
            reason: "FieldValueForbidden",
            message: "Forbidden: field is immutable when `immutable` is set".to_owned(),
            field: "data".to_owned(),
        });
    }
    if kind.resource == "pods" && frozen_pod(object) != frozen_pod(live) {
        causes.push(Cause {
            reason: "FieldValueForbidden",
            message: "Forbidden: pod updates may not change fields other than `spec.containers[*].image`, \
                      `spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations` and \
                      `spec.terminationGracePeriodSeconds`"
                .to_owned(),
            field: "spec".to_owned(),
        });
    }
}

/// A stateful set's specification without what may change.
fn frozen_set(set: &Value) -> Value {
    let mut spec = set.get("spec").cloned().unwrap_or(Value::Null);
    for field in [
        "replicas",
        "template",
        "updateStrategy",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
        "ordinals",
        "revisionHistoryLimit",
    ] {
        crate::object::remove(&mut spec, &[field]);
    }
    spec
}

/// A pod's specification without what may change.
fn frozen_pod(pod: &Value) -> Value {
    let mut spec = pod.get("spec").cloned().unwrap_or(Value::Null);
    for field in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName"] {
        crate::object::remove(&mut spec, &[field]);
    }
    for field in ["containers", "initContainers"] {
        for container in spec.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
            crate::object::remove(container, &["image"]);
        }
    }
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_rules() {
        for good in ["a", "web-1", "a.b-c.d"] {
            assert_eq!(wrong_name(NameRule::Subdomain, good), None, "{good}");
        }
        for bad in ["", "Web", "-a", "a-", "a..b", "a_b", &"x".repeat(254)] {
            assert!(wrong_name(NameRule::Subdomain, bad).is_some(), "{bad}");
        }
        assert!(wrong_name(NameRule::Label1035, "1a").is_some());
        assert!(wrong_name(NameRule::Label, "a.b").is_some());
        assert_eq!(wrong_name(NameRule::Path, "system:view"), None);
    }
}
