//! What bounds an environment, and the gate that stops it.

use serde_json::{Value, json};

use super::quantity::{count, mebibytes, millis};
use super::{Wanted, wanted};
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::names;
use crate::restriction::Withholding;

/// The ports of nodes for each load balancer: a server counts one for each of its ports.
const NODE_PORTS: u64 = 10;

/// The quota of the plan. Without load balancers there are no ports of nodes either.
pub(super) fn plan(environment: &Environment) -> Wanted {
    let plan = environment.plan;
    let (cpu, memory) = (millis(plan.cpu_millis.into()), mebibytes(plan.memory_mib.into()));
    let load_balancers = u64::from(environment.envelope.exposure.load_balancers);
    let mut body = json!({"spec": {"hard": {
        "requests.cpu": cpu,
        "limits.cpu": cpu,
        "requests.memory": memory,
        "limits.memory": memory,
        "requests.storage": mebibytes(plan.storage_mib.into()),
        "pods": count(plan.pods.into()),
        "services.loadbalancers": count(load_balancers),
        "services.nodeports": count(load_balancers * NODE_PORTS),
    }}});
    for (class, amount) in environment.envelope.storage_classes(plan.storage_mib) {
        let hard = format!("{class}.storageclass.storage.k8s.io/requests.storage");
        body["spec"]["hard"][hard] = json!(mebibytes(amount.into()));
    }
    wanted(environment, Kind::ResourceQuota, names::PLAN, None, body)
}

/// The quota that refuses pods of priorities that the plan does not name.
pub(super) fn priorities(environment: &Environment) -> Option<Wanted> {
    let allowed = &environment.envelope.allowances.as_ref()?.priority_classes;
    if allowed.is_empty() {
        return None;
    }
    let any = json!({"scopeName": "PriorityClass", "operator": "Exists"});
    let other = json!({"scopeName": "PriorityClass", "operator": "NotIn", "values": allowed});
    let body = json!({"spec": {"hard": {"pods": "0"}, "scopeSelector": {"matchExpressions": [any, other]}}});
    Some(wanted(environment, Kind::ResourceQuota, names::PRIORITIES, None, body))
}

/// The limits of one container: at most the whole plan, and a small share where none is declared.
pub(super) fn limits(environment: &Environment) -> Wanted {
    let plan = environment.plan;
    let (cpu, memory) = (millis(plan.cpu_millis.min(100).into()), mebibytes(plan.memory_mib.min(128).into()));
    let body = json!({"spec": {"limits": [{
        "type": "Container",
        "default": {"cpu": cpu, "memory": memory},
        "defaultRequest": {"cpu": cpu, "memory": memory},
        "max": {"cpu": millis(plan.cpu_millis.into()), "memory": mebibytes(plan.memory_mib.into())},
    }]}});
    wanted(environment, Kind::LimitRange, names::PLAN, None, body)
}

/// What the gate allows: no pod, and no job that would make one.
pub(crate) fn gate_hard() -> Value {
    json!({"pods": "0", "count/jobs.batch": "0"})
}

/// The quota that stops an environment.
pub(super) fn gate(environment: &Environment, _stop: &Withholding) -> Wanted {
    wanted(environment, Kind::ResourceQuota, names::GATE, None, json!({"spec": {"hard": gate_hard()}}))
}
