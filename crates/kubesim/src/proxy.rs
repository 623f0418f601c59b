//! What stands behind pods and Services: a page that says it is simulated, and a log that says so too.

use std::sync::Arc;

use serde_json::Value;

use crate::controllers::content_id;
use crate::object::{list, name, text};
use crate::requests::is_ready;
use crate::selectors::map_selector_matches;
use crate::status::{ApiError, Outcome};
use crate::world::World;

/// The page of a Service, named as `[scheme:]name[:port]`.
pub fn service_page(world: &World, namespace: &str, reference: &str, path: &str) -> Outcome<String> {
    let parts: Vec<&str> = reference.split(':').collect();
    let (service_name, port) = match parts.as_slice() {
        [name] => (*name, ""),
        [name, port] | [_, name, port] => (*name, *port),
        _ => return Err(ApiError::bad_request(format!("invalid service request {reference:?}"))),
    };
    let missing = |resource: &str| match crate::kinds::by_resource(resource) {
        Some(kind) => ApiError::not_found(kind, service_name),
        None => ApiError::internal("the table of kinds has no services"),
    };
    let service = world.find("services", namespace, service_name).ok_or_else(|| missing("services"))?;
    let known = port.is_empty()
        || list(service, "/spec/ports").iter().any(|p| {
            text(p, "/name") == port
                || p.get("port").and_then(Value::as_i64).is_some_and(|n| n.to_string() == port)
        });
    if !known {
        let why = format!("no service port {port:?} found for service {service_name:?}");
        return Err(ApiError::new(503, "ServiceUnavailable", why));
    }
    let pods = world.list("pods", Some(namespace));
    let selector = service.pointer("/spec/selector");
    let Some(pod) = pods.iter().find(|p| map_selector_matches(selector, p) && is_ready(p)) else {
        let why = format!("no endpoints available for service {service_name:?}");
        return Err(ApiError::new(503, "ServiceUnavailable", why));
    };
    let mut page = format!(
        "This page is a simulation (kubesim).\nnamespace: {namespace}\nservice: {service_name}\npath: /{path}\npod: {}\n",
        name(pod)
    );
    for volume in volumes_of(world, pod) {
        page.push_str("content: ");
        page.push_str(&content_id(&volume));
        page.push('\n');
    }
    Ok(page)
}

fn volumes_of(world: &World, pod: &Value) -> Vec<Arc<Value>> {
    list(pod, "/spec/volumes")
        .iter()
        .filter_map(|v| {
            let claim = text(v, "/persistentVolumeClaim/claimName");
            let claim = world.find("persistentvolumeclaims", text(pod, "/metadata/namespace"), claim)?;
            world.find("persistentvolumes", "", text(claim, "/spec/volumeName")).map(Arc::clone)
        })
        .collect()
}

/// The log of a pod.
pub fn pod_log(world: &World, namespace: &str, pod_name: &str) -> Outcome<String> {
    let pod =
        world.find("pods", namespace, pod_name).ok_or_else(|| match crate::kinds::by_resource("pods") {
            Some(kind) => ApiError::not_found(kind, pod_name),
            None => ApiError::internal("the table of kinds has no pods"),
        })?;
    let started = text(pod, "/status/startTime");
    Ok(format!(
        "{started} kubesim: pod {namespace}/{pod_name} is simulated; nothing runs and nothing is logged\n"
    ))
}
