//! What leads visitors to a workload by its hostnames: one ingress for those that the account has proved.

use serde_json::{Value, json};
use tenure_domain::name::{Hostname, WorkloadId};
use tenure_domain::workload::Workload;

use super::{Wanted, wanted};
use crate::compare::digest;
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::names;

/// The port of a workload's service.
const PORT: u16 = 80;

/// The ingress of a workload; none while it has no proved hostname.
pub(super) fn ingress(environment: &Environment, id: &WorkloadId, workload: &Workload) -> Option<Wanted> {
    let proved: Vec<&Hostname> = workload.hostnames.intersection(&environment.envelope.proved).collect();
    if proved.is_empty() {
        return None;
    }
    let rules: Vec<Value> = proved.iter().map(|name| rule(name, &names::service(id))).collect();
    // That there is no other way in is declared too: whoever adds one is put right.
    let mut spec = json!({"defaultBackend": null, "rules": rules});
    let entry = workload.entry.clone().unwrap_or_default();
    if let Some(class) = entry.class.as_deref().or(environment.envelope.ingress_class()) {
        spec["ingressClassName"] = json!(class);
    }
    spec["tls"] = if entry.tls {
        json!([{"hosts": proved, "secretName": names::certificate(id)}])
    } else {
        Value::Null
    };
    let mut ingress =
        wanted(environment, Kind::Ingress, &names::ingress(id), Some(id), json!({"spec": spec}));
    if entry.tls {
        for (name, value) in &environment.envelope.tls_annotations {
            ingress.object["metadata"]["annotations"][name] = json!(value);
        }
        // Other settings are another declaration, and no change of somebody else's.
        ingress.declared = digest(&ingress.object);
        ingress.object["metadata"]["annotations"][names::DECLARED] = json!(ingress.declared);
    }
    Some(ingress)
}

/// Every path of a hostname leads to a service.
fn rule(hostname: &Hostname, service: &str) -> Value {
    let backend = json!({"service": {"name": service, "port": {"number": PORT}}});
    json!({
        "host": hostname.as_str(),
        "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
    })
}
