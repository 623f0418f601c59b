//! Ingresses in the two versions that clusters serve. We write and compare them as `networking.k8s.io/v1` has them; what goes
//! to a cluster that serves `v1beta1` only, and what comes from it, has its backends written as that one has them.

use serde_json::{Value, json};

use crate::inventory::Kind;

/// The version before `v1`.
const OLDER: &str = "networking.k8s.io/v1beta1";

/// Whether an object is an ingress of the older version.
fn is_older(object: &Value) -> bool {
    let is = |field: &str, of: &str| object.get(field).and_then(Value::as_str) == Some(of);
    is("apiVersion", OLDER) && is("kind", Kind::Ingress.as_str())
}

/// An ingress as the version that it names writes it, made of one that is written as in `v1`.
pub(crate) fn outgoing(object: &mut Value) {
    if !is_older(object) {
        return;
    }
    let Some(spec) = object.get_mut("spec") else { return };
    each_backend(spec, "defaultBackend", |backend| {
        let service = backend.get("service")?;
        let port = service.pointer("/port/number").or_else(|| service.pointer("/port/name"))?;
        Some(json!({"serviceName": service.get("name")?, "servicePort": port}))
    });
    rename(spec, "defaultBackend", "backend");
}

/// What a cluster told of an ingress, in whichever version, as `v1` writes it.
pub(crate) fn incoming(object: &mut Value) {
    let Some(spec) = object.get_mut("spec") else { return };
    each_backend(spec, "backend", |backend| {
        let port = backend.get("servicePort")?;
        let port = if port.is_number() { json!({"number": port}) } else { json!({"name": port}) };
        Some(json!({"service": {"name": backend.get("serviceName")?, "port": port}}))
    });
    rename(spec, "backend", "defaultBackend");
}

fn rename(spec: &mut Value, from: &str, to: &str) {
    if let Some(spec) = spec.as_object_mut()
        && let Some(value) = spec.remove(from)
    {
        spec.insert(to.to_owned(), value);
    }
}

/// Writes every backend otherwise; one that is not as expected stays as it is, and is then a difference.
fn each_backend(spec: &mut Value, default: &str, otherwise: impl Fn(&Value) -> Option<Value>) {
    let change = |backend: &mut Value| {
        if let Some(changed) = otherwise(backend) {
            *backend = changed;
        }
    };
    if let Some(backend) = spec.get_mut(default) {
        change(backend);
    }
    let rules = spec.get_mut("rules").and_then(Value::as_array_mut);
    for rule in rules.into_iter().flatten() {
        let paths = rule.pointer_mut("/http/paths").and_then(Value::as_array_mut);
        for path in paths.into_iter().flatten() {
            if let Some(backend) = path.get_mut("backend") {
                change(backend);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ingress_of_the_older_version_is_the_same_there_and_back() {
        let service = |name: &str, port: Value| json!({"service": {"name": name, "port": port}});
        let paths =
            json!([{"path": "/", "pathType": "Prefix", "backend": service("feed", json!({"number": 80}))}]);
        let written = json!({"apiVersion": OLDER, "kind": "Ingress", "spec": {
            "defaultBackend": service("page", json!({"name": "http"})),
            "rules": [{"host": "www.parley.example", "http": {"paths": paths}}],
        }});
        let mut sent = written.clone();
        outgoing(&mut sent);
        assert_eq!(sent["spec"]["backend"], json!({"serviceName": "page", "servicePort": "http"}));
        let backend = &sent["spec"]["rules"][0]["http"]["paths"][0]["backend"];
        assert_eq!(backend, &json!({"serviceName": "feed", "servicePort": 80}));
        assert_eq!(sent["spec"].get("defaultBackend"), None);
        incoming(&mut sent);
        assert_eq!(sent, written);
    }

    #[test]
    fn an_ingress_of_the_newer_version_and_any_other_object_stay_as_they_are() {
        for (version, kind) in
            [("networking.k8s.io/v1", "Ingress"), ("networking.k8s.io/v1beta1", "IngressClass")]
        {
            let backend = json!({"service": {"name": "feed", "port": {"number": 80}}});
            let written = json!({"apiVersion": version, "kind": kind, "spec": {"defaultBackend": backend}});
            let mut sent = written.clone();
            outgoing(&mut sent);
            assert_eq!(sent, written);
            incoming(&mut sent);
            assert_eq!(sent, written);
        }
    }
}
