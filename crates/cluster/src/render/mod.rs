//! From what is declared, and what permits withhold, to the objects that should exist. Pure.

mod config;
mod entry;
mod jobs;
mod namespace;
mod network;
pub(crate) mod open;
mod pod;
pub(crate) mod quantity;
pub(crate) mod quota;
mod roles;
mod scale;
mod volumes;
mod workload;

use std::fmt;

use serde_json::{Value, json};
use tenure_domain::capability::Capability;
use tenure_domain::name::WorkloadId;
use tenure_domain::workload::Kind as Of;

use crate::compare::digest;
use crate::environment::Environment;
use crate::inventory::{Kind, ObjectKey};
use crate::names;
use crate::restriction::Restriction;

/// One object that should exist.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub key: ObjectKey,
    /// The workload it is for, if it is for one.
    pub workload: Option<WorkloadId>,
    pub object: Value,
    /// The digest of what is declared, as its annotation says.
    pub declared: String,
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the object: a secret's values are never shown.
        f.debug_struct("Wanted")
            .field("key", &self.key)
            .field("declared", &self.declared)
            .finish_non_exhaustive()
    }
}

/// Everything that should exist in the namespace, in the order in which it is made. `suspends_jobs` says whether the
/// cluster suspends a job by its own field.
pub(crate) fn environment(
    environment: &Environment,
    restriction: &Restriction,
    suspends_jobs: bool,
) -> Vec<Wanted> {
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
    all.extend(environment.secrets.iter().map(|(id, values)| config::secret(environment, id, values)));
    all.extend(entry::suspended(environment, restriction));
    for (id, declared) in &environment.workloads {
        let on = |capability| restriction.on_workload(id, capability);
        if declared.kind.listens() {
            all.push(network::ingress(environment, id, declared, on(Capability::Ingress).as_ref()));
        }
        all.push(network::egress(environment, id, on(Capability::Egress).as_ref()));
        all.extend(volumes::claims(environment, id, declared));
        all.extend(config::files(environment, id, declared));
        let alone = restriction.on_workload_alone(id, Capability::Compute);
        let slow = restriction.throttling(id);
        match declared.kind {
            Of::Service | Of::Worker => {
                all.push(workload::deployment(environment, id, declared, (alone, slow)));
            }
            Of::StatefulService => all.push(workload::stateful_set(environment, id, declared, (alone, slow))),
            // Behind a gate their pods would only fail, and be counted.
            Of::Job => {
                let stop = on(Capability::Compute);
                all.push(jobs::job(environment, id, declared, stop.as_ref(), suspends_jobs));
            }
            Of::CronJob => {
                let stop = on(Capability::Compute);
                all.push(jobs::cron_job(environment, id, declared, (stop.as_ref(), slow)));
            }
        }
        if declared.kind.listens() {
            all.extend(workload::services(environment, id, declared, on(Capability::Ingress).as_ref()));
            all.extend(entry::entry(environment, id, declared, restriction));
        }
        all.extend(scale::autoscaler(environment, id, declared, (alone, slow)));
        all.extend(scale::budget(environment, id, declared));
    }
    let snapshots = environment.snapshots.iter();
    all.extend(snapshots.filter_map(|(id, snapshot)| volumes::snapshot(environment, id, snapshot)));
    all
}

pub(crate) use jobs::suspension;
pub(crate) use namespace::namespace;

/// Completes an object: kind, name, labels and the digest of what is declared.
fn wanted(
    environment: &Environment,
    kind: Kind,
    name: &str,
    workload: Option<&WorkloadId>,
    mut body: Value,
) -> Wanted {
    body["apiVersion"] = json!(kind.api_version());
    body["kind"] = json!(kind.as_str());
    let labels = labels(environment, workload);
    body["metadata"] = json!({"name": name, "namespace": environment.namespace(), "labels": labels});
    let declared = digest(&body);
    body["metadata"]["annotations"] = json!({names::DECLARED: declared});
    Wanted { key: ObjectKey::new(kind, name), workload: workload.cloned(), object: body, declared }
}

/// The labels that say whose something is.
fn labels(environment: &Environment, workload: Option<&WorkloadId>) -> Value {
    let mut labels = json!({
        names::ACCOUNT: environment.account.as_str(),
        names::ENVIRONMENT: environment.id.as_str(),
    });
    if let Some(workload) = workload {
        labels[names::WORKLOAD] = json!(workload.as_str());
    }
    labels
}

/// How the pods of a workload are found.
fn pods_of(workload: &WorkloadId) -> Value {
    json!({"matchLabels": {names::WORKLOAD: workload.as_str()}})
}
