//! What the server says about itself: versions, groups, resources, and just enough OpenAPI for kubectl.

use serde_json::{Map, Value, json};

use crate::kinds::{KINDS, Kind, groups};

/// The version string, which says that this is a simulation.
pub const GIT_VERSION: &str = "v1.33.0+kubesim";

const REVIEWS: &[(&str, &str)] = &[
    ("SelfSubjectAccessReview", "selfsubjectaccessreviews"),
    ("SubjectAccessReview", "subjectaccessreviews"),
];

/// `/version`.
pub fn version() -> Value {
    json!({
        "major": "1", "minor": "33", "gitVersion": GIT_VERSION, "gitCommit": "simulated", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc", "platform": "kubesim/simulated",
    })
}

/// `/api`.
pub fn core_versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

fn group(name: &str, version: &str) -> Value {
    let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({"name": name, "versions": [version], "preferredVersion": version})
}

/// `/apis`.
pub fn group_list() -> Value {
    let all: Vec<Value> = groups().iter().filter(|(g, _)| !g.is_empty()).map(|(g, v)| group(g, v)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": all})
}

/// `/apis/GROUP`.
pub fn one_group(name: &str) -> Option<Value> {
    let (name, version) = groups().into_iter().find(|(g, _)| *g == name && !g.is_empty())?;
    let mut out = group(name, version);
    crate::object::set(&mut out, &["kind"], json!("APIGroup"));
    crate::object::set(&mut out, &["apiVersion"], json!("v1"));
    Some(out)
}

/// `/api/v1` and `/apis/GROUP/VERSION`.
pub fn resource_list(wanted: &str, version: &str) -> Option<Value> {
    groups().into_iter().find(|g| *g == (wanted, version))?;
    let mut resources = Vec::new();
    for kind in KINDS.iter().filter(|k| k.group == wanted && k.version == version) {
        resources.push(resource(kind));
        resources.extend(kind.subresources.iter().map(|s| subresource(kind, s)));
    }
    if wanted == "authorization.k8s.io" {
        resources.extend(REVIEWS.iter().map(|(kind, plural)| {
            json!({"name": plural, "singularName": kind.to_ascii_lowercase(), "namespaced": false, "kind": kind, "verbs": ["create"]})
        }));
    }
    let group_version = if wanted.is_empty() { version.to_owned() } else { format!("{wanted}/{version}") };
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources,
    }))
}

fn resource(kind: &Kind) -> Value {
    let mut verbs = vec!["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    if kind.resource == "namespaces" {
        verbs.retain(|v| *v != "deletecollection");
    }
    let mut out = json!({
        "name": kind.plural, "singularName": kind.singular(), "namespaced": kind.namespaced, "kind": kind.kind,
        "verbs": verbs,
    });
    if !kind.short.is_empty() {
        crate::object::set(&mut out, &["shortNames"], json!(kind.short));
    }
    if kind.in_all {
        crate::object::set(&mut out, &["categories"], json!(["all"]));
    }
    out
}

fn subresource(kind: &Kind, name: &str) -> Value {
    let (shown, verbs): (&str, &[&str]) = match name {
        "scale" => ("Scale", &["get", "patch", "update"]),
        "log" => (kind.kind, &["get"]),
        "exec" | "attach" | "portforward" => ("PodExecOptions", &["create", "get"]),
        "proxy" => ("ServiceProxyOptions", &["get"]),
        "token" => ("TokenRequest", &["create"]),
        "finalize" => (kind.kind, &["update"]),
        _ => (kind.kind, &["get", "patch", "update"]),
    };
    let mut out = json!({
        "name": format!("{}/{name}", kind.plural), "singularName": "", "namespaced": kind.namespaced, "kind": shown,
        "verbs": verbs,
    });
    if name == "scale" {
        crate::object::set(&mut out, &["group"], json!("autoscaling"));
        crate::object::set(&mut out, &["version"], json!("v1"));
    }
    out
}

fn prefix(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

/// `/openapi/v3`.
pub fn openapi_index() -> Value {
    let paths: Map<String, Value> = groups()
        .into_iter()
        .map(|(g, v)| (prefix(g, v), json!({"serverRelativeURL": format!("/openapi/v3/{}", prefix(g, v))})))
        .collect();
    json!({"paths": paths})
}

/// `/openapi/v3/api/v1` and the like: no schemas, only the parameters by which kubectl sees that it need not validate.
pub fn openapi_group(path: &str) -> Option<Value> {
    let (group, version) = groups().into_iter().find(|(g, v)| prefix(g, v) == path)?;
    let parameter =
        |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    let paths: Map<String, Value> = KINDS
        .iter()
        .filter(|k| k.group == group && k.version == version)
        .map(|k| {
            let scope = if k.namespaced { "namespaces/{namespace}/" } else { "" };
            let path = format!("/{}/{scope}{}/{{name}}", prefix(group, version), k.plural);
            let operation = json!({
                "parameters": [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation"), parameter("force")],
                "responses": {"200": {"description": "OK"}},
                "x-kubernetes-action": "patch",
                "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": k.kind},
            });
            (path, json!({"patch": operation}))
        })
        .collect();
    Some(json!({
        "openapi": "3.0.0", "info": {"title": "kubesim, a simulated Kubernetes", "version": GIT_VERSION},
        "paths": paths, "components": {},
    }))
}
