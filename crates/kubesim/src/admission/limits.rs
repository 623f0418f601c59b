//! LimitRange: defaults for containers, and their smallest and largest amounts.

use serde_json::{Map, Value};

use crate::defaults::requests_from_limits;
use crate::kinds::Kind;
use crate::object::{list, name, namespace, set_default, text};
use crate::quantity::Quantity;
use crate::status::{ApiError, Outcome};
use crate::world::World;

/// The `Container` limits of a namespace.
fn container_limits(world: &World, namespace: &str) -> Vec<Value> {
    world
        .list("limitranges", Some(namespace))
        .iter()
        .flat_map(|range| list(range, "/spec/limits").to_vec())
        .filter(|limit| text(limit, "/type") == "Container")
        .collect()
}

/// Gives a new pod's containers the default limits and requests of its namespace.
pub fn default_pod(world: &World, pod: &mut Value) {
    let limits = container_limits(world, namespace(pod));
    for field in ["containers", "initContainers"] {
        let containers = pod.pointer_mut(&format!("/spec/{field}")).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            // The server's own defaults come first: only limits the pod names itself become its requests.
            requests_from_limits(container);
            for limit in &limits {
                // Without a default, the maximum is the default limit, and the default limit the default request.
                let ceiling = or(limit.get("default"), limit.get("max"));
                let floor = or(limit.get("defaultRequest"), Some(&Value::Object(ceiling.clone())));
                fill(container, "limits", &ceiling);
                fill(container, "requests", &floor);
            }
        }
    }
}

fn or(first: Option<&Value>, second: Option<&Value>) -> Map<String, Value> {
    let mut out = second.and_then(Value::as_object).cloned().unwrap_or_default();
    out.extend(first.and_then(Value::as_object).cloned().unwrap_or_default());
    out
}

fn fill(container: &mut Value, part: &str, amounts: &Map<String, Value>) {
    for (resource, amount) in amounts {
        set_default(container, &["resources", part, resource], amount.clone());
    }
}

/// Refuses a pod whose containers are below the minimum or above the maximum.
pub fn check_pod(world: &World, kind: &Kind, pod: &Value) -> Outcome<()> {
    let mut faults = Vec::new();
    for limit in container_limits(world, namespace(pod)) {
        for container in list(pod, "/spec/containers") {
            for (bound, part, word) in [("max", "limits", "maximum"), ("min", "requests", "minimum")] {
                for (resource, amount) in limit.get(bound).and_then(Value::as_object).into_iter().flatten() {
                    let bound = amount.as_str().unwrap_or_default();
                    let given = text(container, &format!("/resources/{part}/{resource}"));
                    let (Some(edge), what) = (Quantity::parse(bound), part.trim_end_matches('s')) else {
                        continue;
                    };
                    match Quantity::parse(given) {
                        None => faults.push(format!(
                            "{word} {resource} usage per Container is {bound}.  No {what} is specified"
                        )),
                        Some(q) if (word == "maximum" && q > edge) || (word == "minimum" && q < edge) => {
                            faults.push(format!(
                                "{word} {resource} usage per Container is {bound}, but {what} is {given}"
                            ));
                        }
                        Some(_) => {}
                    }
                }
            }
        }
    }
    match faults.as_slice() {
        [] => Ok(()),
        [one] => Err(ApiError::forbidden(kind, name(pod), one)),
        many => Err(ApiError::forbidden(kind, name(pod), &format!("[{}]", many.join(", ")))),
    }
}
