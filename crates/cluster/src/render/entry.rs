//! What leads visitors to a workload by its hostnames: one ingress for those that the account has proved.
//!
//! A name from which visitors are kept stays in the ingress and leads to a service that stands for what is suspended: where
//! the settings name the provider's page, that page, and else a service without any address, for which ingress controllers
//! answer 503 themselves. So the ingress stays the object that it was, with its address and its certificate.

use serde_json::{Value, json};
use tenure_domain::name::{Hostname, WorkloadId};
use tenure_domain::workload::Workload;

use super::{Wanted, wanted};
use crate::compare::digest;
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::names;
use crate::restriction::{Restriction, Withholding};

/// The port of a workload's service.
const PORT: u16 = 80;

/// The hostnames of a workload that lead anywhere.
fn proved<'a>(environment: &'a Environment, workload: &'a Workload) -> impl Iterator<Item = &'a Hostname> {
    workload.hostnames.intersection(&environment.envelope.proved)
}

/// The ingress of a workload; none while it has no proved hostname.
pub(super) fn ingress(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    restriction: &Restriction,
) -> Option<Wanted> {
    let names: Vec<&Hostname> = proved(environment, workload).collect();
    if names.is_empty() {
        return None;
    }
    let rules = names.iter().map(|name| {
        let withheld = restriction.on_hostname(id, name);
        rule(name, &leads_to(environment, id, withheld.as_ref()))
    });
    // That there is no other way in is declared too: whoever adds one is put right.
    let mut spec = json!({"defaultBackend": null, "rules": rules.collect::<Vec<_>>()});
    let entry = workload.entry.clone().unwrap_or_default();
    if let Some(class) = entry.class.as_deref().or(environment.envelope.ingress_class()) {
        spec["ingressClassName"] = json!(class);
    }
    spec["tls"] =
        if entry.tls { json!([{"hosts": names, "secretName": names::certificate(id)}]) } else { Value::Null };
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

/// The service and its port that a hostname leads to.
fn leads_to(environment: &Environment, id: &WorkloadId, withheld: Option<&Withholding>) -> Value {
    let (name, port) = match withheld {
        Some(_) => {
            let port = environment.envelope.suspended_page.as_ref().map_or(PORT, |page| page.port);
            (names::SUSPENDED_PAGE.to_owned(), port)
        }
        None => (names::service(id), PORT),
    };
    json!({"service": {"name": name, "port": {"number": port}}})
}

/// Every path of a hostname leads to a service.
fn rule(hostname: &Hostname, backend: &Value) -> Value {
    json!({
        "host": hostname.as_str(),
        "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
    })
}

/// What visitors come to of hostnames from which they are kept; nothing while there is none.
pub(super) fn suspended(environment: &Environment, restriction: &Restriction) -> Option<Wanted> {
    let mut workloads = environment.workloads.iter();
    let withheld: Withholding = workloads.find_map(|(id, workload)| {
        proved(environment, workload).find_map(|name| restriction.on_hostname(id, name))
    })?;
    Some(page(environment, &withheld))
}

fn page(environment: &Environment, _: &Withholding) -> Wanted {
    let spec = match &environment.envelope.suspended_page {
        Some(page) => json!({
            "type": "ExternalName",
            "externalName": page.host,
            "ports": [{"name": "http", "port": page.port, "protocol": "TCP"}],
        }),
        // No pod carries that label.
        None => json!({
            "type": "ClusterIP",
            "selector": {names::WITHHELD: "ingress"},
            "ports": [{"name": "http", "port": PORT, "protocol": "TCP"}],
        }),
    };
    wanted(environment, Kind::Service, names::SUSPENDED_PAGE, None, json!({"spec": spec}))
}
