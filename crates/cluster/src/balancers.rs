//! Load balancers that are none of ours: Services of that type, which give their addresses up while a permit says so, and ask for
//! one anew when it has ended.
//!
//! Such a Service becomes one of the type ClusterIP, so that the cloud takes the address back. What only a load balancer may
//! have is noted before, in the kept memory, and put back afterwards, with the node ports that it had.

use serde_json::{Map, Value, json};
use tenure_domain::name::WorkloadId;
use tenure_domain::scope::Scope;

use crate::compare::manager_of;
use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{mark, text, uid, workload_of};
use crate::memory::{BalancerBefore, Before};
use crate::names;
use crate::pass::Pass;
use crate::report::{BalancerSeen, Repair};

const LOAD_BALANCER: &str = "LoadBalancer";
const CLUSTER_IP: &str = "ClusterIP";

/// What a Service of another type may not have, or has to no effect, beside its node ports.
const FIELDS: [&str; 6] = [
    "externalTrafficPolicy",
    "healthCheckNodePort",
    "loadBalancerIP",
    "loadBalancerClass",
    "loadBalancerSourceRanges",
    "allocateLoadBalancerNodePorts",
];

/// The annotation that only a Service of that type may have.
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// The finalizer by which a cloud keeps a Service until its load balancer is gone.
const CLEANUP: &str = "service.kubernetes.io/load-balancer-cleanup";

/// The Services that are none of ours.
fn others<'a>(pass: &'a Pass<'_>) -> impl Iterator<Item = (&'a ObjectKey, &'a Value)> {
    let is_ours = |key: &ObjectKey| pass.wanted.iter().chain(&pass.declared).any(|wanted| &wanted.key == key);
    let all = pass.live.objects.iter();
    all.filter(move |(key, _)| key.kind == Kind::Service && !is_ours(key))
}

/// The workload that a Service is for: as its label says, or the pods that it selects.
fn workload(service: &Value) -> Option<WorkloadId> {
    let selected = || service.get("spec")?.get("selector")?.get(names::WORKLOAD)?.as_str();
    workload_of(service).or_else(selected)?.parse().ok()
}

fn is_balancer(service: &Value) -> bool {
    text(service, "/spec/type") == LOAD_BALANCER
}

fn found<'a>(pass: &'a Pass<'_>, key: &ObjectKey, known: &str) -> Option<&'a Value> {
    pass.live.objects.get(key).filter(|service| uid(service) == known)
}

/// What a cloud gave to a load balancer: addresses and names.
fn addresses(service: &Value) -> Vec<String> {
    let given = service.pointer("/status/loadBalancer/ingress").and_then(Value::as_array);
    let given = given.into_iter().flatten().flat_map(|one| [text(one, "/ip"), text(one, "/hostname")]);
    given.filter(|address| !address.is_empty()).map(str::to_owned).collect()
}

/// Notes each load balancer that is to give its address up, as it is, and forgets those that are gone. Writes nothing to the
/// cluster.
pub(crate) fn note(before: &mut Before, pass: &Pass<'_>) {
    before.balancers.retain(|uid, noted| found(pass, &noted.key(), uid).is_some());
    for (key, service) in others(pass).filter(|(_, service)| is_balancer(service)) {
        let workload = workload(service);
        if before.balancers.contains_key(uid(service)) || !pass.restriction.releases(workload.as_ref()) {
            continue;
        }
        let spec = |field: &&str| Some(((*field).to_owned(), service.get("spec")?.get(*field)?.clone()));
        let noted = BalancerBefore {
            name: key.name.clone(),
            workload,
            spec: FIELDS.iter().filter_map(spec).collect(),
            ports: ports(service).to_vec(),
            source_ranges: mark(service, "annotations", SOURCE_RANGES).map(str::to_owned),
            addresses: addresses(service),
            is_released: false,
            refused: None,
        };
        before.balancers.insert(uid(service).to_owned(), noted);
    }
}

fn ports(service: &Value) -> &[Value] {
    service.pointer("/spec/ports").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Has each noted load balancer give its address up, and those whose measures have ended ask for one. Which there are was kept
/// before.
pub(crate) async fn carry_out(pass: &mut Pass<'_>) -> Result<(), ClusterError> {
    let noted = pass.memory.before.iter().flat_map(|before| before.balancers.clone());
    for (uid, noted) in noted.collect::<Vec<_>>() {
        let key = noted.key();
        let Some(service) = found(pass, &key, &uid).cloned() else { continue };
        if pass.restriction.releases(noted.workload.as_ref()) {
            if is_balancer(&service) {
                release(pass, &key, &service, &noted).await?;
            }
        } else if text(&service, "/spec/type") == CLUSTER_IP && noted.refused.is_none() {
            give_back(pass, &key, &service, &noted).await?;
        }
    }
    Ok(())
}

async fn release(
    pass: &mut Pass<'_>,
    key: &ObjectKey,
    service: &Value,
    noted: &BalancerBefore,
) -> Result<(), ClusterError> {
    let mut spec = Map::from_iter([("type".to_owned(), json!(CLUSTER_IP))]);
    for field in FIELDS.iter().filter(|field| service["spec"].get(**field).is_some()) {
        spec.insert((*field).to_owned(), Value::Null);
    }
    let mut without = ports(service).to_vec();
    for port in without.iter_mut().filter_map(Value::as_object_mut) {
        port.remove("nodePort");
    }
    spec.insert("ports".to_owned(), json!(without));
    let mut patch = json!({"spec": spec, "metadata": {"resourceVersion": version(service)}});
    if mark(service, "annotations", SOURCE_RANGES).is_some() {
        patch["metadata"]["annotations"] = json!({SOURCE_RANGES: null});
    }
    let answer = pass.requests.merge(key, uid(service), patch, false).await;
    let (is_released, refused) = match answer {
        Ok(changed) => {
            if noted.is_released {
                let path = ["spec".to_owned(), "type".to_owned()];
                let difference = format!("spec.type is {LOAD_BALANCER:?}, declared {CLUSTER_IP:?}");
                let manager = manager_of(service, &path);
                pass.repairs.push(Repair { object: key.clone(), difference, manager });
            }
            took(pass, key, uid(service), changed);
            (true, None)
        }
        Err(error) => (false, bear(pass, key, error)?),
    };
    if let Some(noted) = entry(pass, uid(service)) {
        noted.is_released |= is_released;
        noted.refused = refused;
    }
    Ok(())
}

/// What was changed meanwhile in other respects stays as it is. Node ports that somebody else has by now are given up: the
/// cluster draws others, and the comparison tells it.
async fn give_back(
    pass: &mut Pass<'_>,
    key: &ObjectKey,
    service: &Value,
    noted: &BalancerBefore,
) -> Result<(), ClusterError> {
    let patch = |with_node_ports: bool| {
        let mut spec: Map<String, Value> =
            noted.spec.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        spec.insert("type".to_owned(), json!(LOAD_BALANCER));
        if with_node_ports {
            spec.insert("ports".to_owned(), json!(ports_again(service, noted)));
        } else {
            spec.remove("healthCheckNodePort");
        }
        let mut patch = json!({"spec": spec, "metadata": {"resourceVersion": version(service)}});
        if let Some(ranges) = &noted.source_ranges {
            patch["metadata"]["annotations"] = json!({SOURCE_RANGES: ranges});
        }
        patch
    };
    let target = uid(service);
    let mut answer = pass.requests.merge(key, target, patch(true), false).await;
    if answer.as_ref().is_err_and(|error| error.code() == Some(422)) {
        answer = pass.requests.merge(key, target, patch(false), false).await;
    }
    match answer {
        Ok(changed) => took(pass, key, target, changed),
        Err(error) => {
            let refused = bear(pass, key, error)?;
            if let Some(noted) = entry(pass, target) {
                noted.refused = refused;
            }
        }
    }
    Ok(())
}

/// The ports of a Service, those that it had before with their node ports.
fn ports_again(service: &Value, noted: &BalancerBefore) -> Vec<Value> {
    let of = |port: &Value| [port.get("port").cloned(), port.get("protocol").cloned()];
    let mut ports = ports(service).to_vec();
    for port in &mut ports {
        let before = noted.ports.iter().find(|before| of(before) == of(port));
        if let Some(node_port) = before.and_then(|before| before.get("nodePort")) {
            port["nodePort"] = node_port.clone();
        }
    }
    ports
}

fn version(service: &Value) -> &str {
    text(service, "/metadata/resourceVersion")
}

fn entry<'a>(pass: &'a mut Pass<'_>, uid: &str) -> Option<&'a mut BalancerBefore> {
    pass.memory.before.as_mut()?.balancers.get_mut(uid)
}

/// What was read is older than what was written.
fn took(pass: &mut Pass<'_>, key: &ObjectKey, target: &str, changed: Value) {
    pass.written.insert(key.clone());
    if uid(&changed) == target {
        pass.live.objects.insert(key.clone(), changed);
    }
}

/// What the cluster said where it refuses it for good. Whatever else is about this one Service is tried again by the next pass,
/// and hinders nothing.
fn bear(pass: &mut Pass<'_>, key: &ObjectKey, error: ClusterError) -> Result<Option<String>, ClusterError> {
    if matches!(error.code(), Some(404 | 409)) {
        pass.retry = Some(format!("{key} was changed by someone else just now"));
        return Ok(None);
    }
    if error.vetoed_by().is_none() && matches!(error.code(), Some(403 | 422)) {
        return Ok(Some(error.refusal().unwrap_or_default().chars().take(300).collect()));
    }
    if error.vetoed_by().is_some() {
        pass.veto(&key.to_string(), error)?;
    } else if error.is_of_one_object() && !matches!(error, ClusterError::TimedOut { .. }) {
        pass.retry = Some(error.to_string());
    } else {
        return Err(error);
    }
    Ok(None)
}

/// Whether a Service that is none of ours gives its address up now.
pub(crate) fn is_released(pass: &Pass<'_>, key: &ObjectKey) -> bool {
    let mut noted = pass.memory.before.iter().flat_map(|before| before.balancers.values());
    noted.any(|noted| &noted.key() == key && pass.restriction.releases(noted.workload.as_ref()))
}

/// What is said of the load balancers of a scope that give their addresses up.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub balancers: Vec<BalancerSeen>,
    pub missing: Vec<String>,
    pub exceptions: Vec<String>,
}

/// The load balancers that give their addresses up now, for people: `Service/front: 192.0.2.7`.
pub(crate) fn named(pass: &Pass<'_>) -> Vec<String> {
    let noted = pass.memory.before.iter().flat_map(|before| before.balancers.values());
    let released = noted.filter(|noted| pass.restriction.releases(noted.workload.as_ref()));
    let named = released.map(|noted| match noted.addresses.as_slice() {
        [] => noted.key().to_string(),
        some => format!("{}: {}", noted.key(), some.join(", ")),
    });
    named.collect()
}

/// See [`Seen`].
pub(crate) fn seen(pass: &Pass<'_>, scope: &Scope) -> Seen {
    let mut all = Seen::default();
    let concerns = |noted: &BalancerBefore| match scope {
        Scope::Account | Scope::Environment(_) => true,
        Scope::Workload(_, one) => noted.workload.as_ref() == Some(one),
        Scope::Hostname(..) => false,
    };
    let noted = pass.memory.before.iter().flat_map(|before| &before.balancers);
    for (uid, noted) in noted.filter(|(_, noted)| concerns(noted)) {
        let key = noted.key();
        let Some(service) = found(pass, &key, uid) else { continue };
        if is_balancer(service) {
            let why = noted.refused.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
            all.missing.push(format!("{key} still asks for a load balancer{why}"));
            continue;
        }
        if pass.written.contains(&key) {
            all.missing.push(format!("{key} was written just now"));
            continue;
        }
        let which = if noted.addresses.is_empty() {
            String::new()
        } else {
            format!(" {}", noted.addresses.join(", "))
        };
        all.exceptions.push(format!(
            "{key} gave up its load balancer{which}: when it gets one again, that may have another address"
        ));
        let finalizers = service.pointer("/metadata/finalizers").and_then(Value::as_array);
        if finalizers.into_iter().flatten().any(|finalizer| finalizer.as_str() == Some(CLEANUP)) {
            all.exceptions.push(format!(
                "the cloud had not taken the load balancer of {key} back when this was observed"
            ));
        }
        all.balancers.push(told(&key, uid, noted, service));
    }
    all
}

fn told(key: &ObjectKey, uid: &str, noted: &BalancerBefore, service: &Value) -> BalancerSeen {
    BalancerSeen {
        service: key.clone(),
        uid: uid.to_owned(),
        resource_version: version(service).to_owned(),
        addresses_before: noted.addresses.clone(),
        addresses: addresses(service),
    }
}

/// Which of them was not given back yet, for people. What somebody made into something else meanwhile is not waited for.
pub(crate) fn missing(pass: &Pass<'_>, before: &Before) -> Option<String> {
    before.balancers.iter().find_map(|(uid, noted)| {
        let key = noted.key();
        let is_back = pass.restriction.releases(noted.workload.as_ref())
            || noted.refused.is_some()
            || found(pass, &key, uid).is_none_or(|service| text(service, "/spec/type") != CLUSTER_IP);
        (!is_back).then(|| format!("{key} has not got its load balancer back yet"))
    })
}

/// What is said of those that were given back: an address that a cloud gives later is not waited for.
pub(crate) fn restored(pass: &Pass<'_>, before: &Before) -> (Vec<BalancerSeen>, Vec<String>) {
    let (mut all, mut differences) = (Vec::new(), Vec::new());
    for (uid, noted) in &before.balancers {
        let key = noted.key();
        if pass.restriction.releases(noted.workload.as_ref()) {
            continue;
        }
        let Some(service) = found(pass, &key, uid) else { continue };
        if let Some(said) = noted.refused.as_ref().filter(|_| !is_balancer(service)) {
            differences.push(format!("{key} did not get its load balancer back: {said}"));
        }
        all.push(told(&key, uid, noted, service));
    }
    (all, differences)
}
