//! What leads visitors to a workload by its hostnames that the account has proved: one ingress for all of them, or, where
//! the settings name a gateway and the cluster serves its API, one route for each.
//!
//! A name from which visitors are kept stays there and leads to a service that stands for what is suspended: where
//! the settings name the provider's page, that page, and else a service without any address, for which ingress controllers
//! answer 503 themselves. So every object stays the one that it was,
//! with its address and its certificate.

use serde_json::{Value, json};
use tenure_domain::name::{Hostname, WorkloadId};
use tenure_domain::workload::Workload;

use super::{Wanted, wanted};
use crate::compare::digest;
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::names;
use crate::reach::Gateway;
use crate::restriction::{Restriction, Withholding};

/// The port of a workload's service.
const PORT: u16 = 80;

/// The hostnames of a workload that lead anywhere.
fn proved<'a>(environment: &'a Environment, workload: &'a Workload) -> impl Iterator<Item = &'a Hostname> {
    workload.hostnames.intersection(&environment.envelope.proved)
}

/// What leads to a workload; nothing while it has no proved hostname.
pub(super) fn entry(
    environment: &Environment,
    id: &WorkloadId,
    workload: &Workload,
    restriction: &Restriction,
) -> Vec<Wanted> {
    let Some(gateway) = &environment.envelope.gateway else {
        return ingress(environment, id, workload, restriction).into_iter().collect();
    };
    let routes = proved(environment, workload).map(|name| {
        let withheld = restriction.on_hostname(id, name);
        route(environment, gateway, id, name, withheld.as_ref())
    });
    routes.collect()
}

/// The route of one hostname. What the API would fill in is written, so that it is the same there.
/// <https://gateway-api.sigs.k8s.io/reference/spec/#httproute>
fn route(
    environment: &Environment,
    gateway: &Gateway,
    id: &WorkloadId,
    hostname: &Hostname,
    withheld: Option<&Withholding>,
) -> Wanted {
    let (service, port) = leads_to(environment, id, withheld);
    let spec = json!({
        "parentRefs": [{
            "group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": gateway.namespace, "name": gateway.name,
        }],
        "hostnames": [hostname.as_str()],
        "rules": [{
            "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
            "backendRefs": [{"group": "", "kind": "Service", "name": service, "port": port, "weight": 1}],
        }],
    });
    wanted(environment, Kind::HttpRoute, &names::route(hostname), Some(id), json!({"spec": spec}))
}

/// The ingress of a workload; none while it has no proved hostname.
fn ingress(
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
        rule(name, leads_to(environment, id, withheld.as_ref()))
    });
    // That there is no other way in is declared too: whoever adds one is put right.
    let mut spec = json!({"defaultBackend": null, "rules": rules.collect::<Vec<_>>()});
    let entry = workload.entry.as_deref().cloned().unwrap_or_default();
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
fn leads_to(environment: &Environment, id: &WorkloadId, withheld: Option<&Withholding>) -> (String, u16) {
    match withheld {
        Some(_) => {
            let port = environment.envelope.suspended_page.as_ref().map_or(PORT, |page| page.port);
            (names::SUSPENDED_PAGE.to_owned(), port)
        }
        None => (names::service(id), PORT),
    }
}

/// Every path of a hostname leads to a service.
fn rule(hostname: &Hostname, (service, port): (String, u16)) -> Value {
    let backend = json!({"service": {"name": service, "port": {"number": port}}});
    json!({
        "host": hostname.as_str(),
        "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
    })
}

/// What visitors come to of hostnames from which they are kept; nothing while there is none.
pub(super) fn suspended(environment: &Environment, restriction: &Restriction) -> Option<Wanted> {
    let mut workloads = environment.workloads.iter();
    let is_withheld = workloads.any(|(id, workload)| {
        proved(environment, workload).any(|name| restriction.on_hostname(id, name).is_some())
    });
    is_withheld.then(|| page(environment))
}

fn page(environment: &Environment) -> Wanted {
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
