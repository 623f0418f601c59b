//! From what is declared, and what permits withhold, to the objects that should exist. Pure.

mod namespace;
mod network;
pub(crate) mod open;
pub(crate) mod quantity;
pub(crate) mod quota;
mod roles;
mod workload;

use serde_json::{Value, json};
use tenure_domain::capability::Capability;
use tenure_domain::name::WorkloadId;

use crate::compare::digest;
use crate::environment::Environment;
use crate::inventory::{Kind, ObjectKey};
use crate::names;
use crate::restriction::Restriction;

/// One object that should exist.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub key: ObjectKey,
    /// The workload it is for, if it is for one.
    pub workload: Option<WorkloadId>,
    pub object: Value,
    /// The digest of what is declared, as its annotation says.
    pub declared: String,
}

/// Everything that should exist in the namespace, in the order in which it is made.
pub(crate) fn environment(environment: &Environment, restriction: &Restriction) -> Vec<Wanted> {
    let mut all = Vec::new();
    if let Some(stop) = restriction.on_environment(Capability::Compute) {
        all.push(quota::gate(environment, stop));
    }
    all.push(namespace::service_account(environment));
    all.push(quota::plan(environment));
    all.push(quota::limits(environment));
    all.push(network::default_deny(environment));
    if !environment.envelope.kind.is_managed() {
        all.extend(open::envelope(environment, restriction));
    }
    for (id, declared) in &environment.workloads {
        let on = |capability| restriction.on_workload(id, capability);
        all.push(network::ingress(environment, id, declared, on(Capability::Ingress).as_ref()));
        all.push(network::egress(environment, id, on(Capability::Egress).as_ref()));
        if let Some(volume) = &declared.volume {
            all.push(workload::claim(environment, id, volume));
        }
        let stop = restriction.on_workload_alone(id, Capability::Compute);
        all.push(workload::deployment(environment, id, declared, stop));
        all.push(workload::service(environment, id, declared, on(Capability::Ingress).as_ref()));
    }
    all
}

pub(crate) use namespace::namespace;

/// Completes an object: kind, name, labels and the digest of what is declared.
fn wanted(
    environment: &Environment,
    kind: Kind,
    name: &str,
    workload: Option<&WorkloadId>,
    mut body: Value,
) -> Wanted {
    let mut labels = json!({
        names::ACCOUNT: environment.account.as_str(),
        names::ENVIRONMENT: environment.id.as_str(),
    });
    if let Some(workload) = workload {
        labels[names::WORKLOAD] = json!(workload.as_str());
    }
    body["apiVersion"] = json!(kind.api_version());
    body["kind"] = json!(kind.as_str());
    body["metadata"] = json!({"name": name, "namespace": environment.namespace(), "labels": labels});
    let declared = digest(&body);
    body["metadata"]["annotations"] = json!({names::DECLARED: declared});
    Wanted { key: ObjectKey::new(kind, name), workload: workload.cloned(), object: body, declared }
}
