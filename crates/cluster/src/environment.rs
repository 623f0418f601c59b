//! What is declared for one environment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use jiff::Timestamp;
use serde_json::{Value, json};
use tenure_domain::account::snapshot::Snapshot;
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::import::Imported;
use tenure_domain::name::{AccountId, EnvironmentId, Hostname, SecretId, SnapshotId, WorkloadId};
use tenure_domain::plan::{Allowances, Exposure, Plan, PodSecurity, PullPolicy};
use tenure_domain::text::{Blob, Words};
use tenure_domain::workload::Workload;

use crate::error::ClusterError;
use crate::names;
use crate::reach::{Gateway, SuspendedPage};

/// An environment as it was declared: what should run in it when nothing is withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Whose it is.
    pub account: AccountId,
    /// Its slug within the account.
    pub id: EnvironmentId,
    /// What bounds it.
    pub plan: Plan,
    /// What runs in it.
    pub workloads: BTreeMap<WorkloadId, Workload>,
    /// What surrounds it besides amounts.
    pub envelope: Envelope,
    /// When pods were last to start anew, UTC.
    pub restarts: BTreeMap<WorkloadId, Timestamp>,
    /// The texts of the workloads' files.
    pub files: BTreeMap<Blob, String>,
    /// The secrets with their values.
    pub secrets: BTreeMap<SecretId, SecretValues>,
    /// The snapshots of its volumes.
    pub snapshots: BTreeMap<SnapshotId, Snapshot>,
}

/// What surrounds an environment besides amounts; by default a managed one of an account whose plan says no more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope {
    /// Who decides what runs in it.
    pub kind: EnvironmentKind,
    /// How much of it can be reached from outside.
    pub exposure: Exposure,
    /// What the plan allows; none where nobody said so.
    pub allowances: Option<Box<Allowances>>,
    /// The namespace that it lives in, where that was there before.
    pub imported: Option<Imported>,
    /// The namespaces of the cluster's ingress controllers; filled in by the cluster.
    pub(crate) ingress_namespaces: BTreeSet<String>,
    /// The hostnames that the account has proved: no other leads anywhere.
    pub proved: BTreeSet<Hostname>,
    /// What is written on an ingress for which a certificate is asked; filled in by the cluster.
    pub(crate) tls_annotations: BTreeMap<String, String>,
    /// What visitors come to of hostnames from which they are kept; filled in by the cluster.
    pub(crate) suspended_page: Option<SuspendedPage>,
    /// The gateway that visitors come to, where the cluster has one; filled in by the cluster.
    pub(crate) gateway: Option<Gateway>,
    /// The cluster's storage classes that the plan does not name; filled in by the cluster.
    pub(crate) other_storage_classes: BTreeSet<String>,
}

impl Envelope {
    /// Of an environment of this kind.
    pub fn new(kind: EnvironmentKind, exposure: Exposure, allowances: Option<Box<Allowances>>) -> Self {
        Self { kind, exposure, allowances, ..Self::default() }
    }

    /// The same in a namespace that was there before, if there is one.
    #[must_use]
    pub fn living_in(self, imported: Option<Imported>) -> Self {
        Self { imported, ..self }
    }

    /// The same of an account that has proved these hostnames.
    #[must_use]
    pub fn reached_under<'a>(self, proved: impl Iterator<Item = &'a Hostname>) -> Self {
        Self { proved: proved.cloned().collect(), ..self }
    }

    /// The class of the ingress of a workload that names none: the only one that the plan allows.
    pub(crate) fn ingress_class(&self) -> Option<&str> {
        let mut classes = self.allowances.as_ref()?.ingress_classes.iter();
        classes.next().filter(|_| classes.next().is_none()).map(String::as_str)
    }

    /// What pods may ask of their node.
    pub(crate) fn pod_security(&self) -> PodSecurity {
        self.allowances.as_ref().map(|allowances| allowances.pod_security).unwrap_or_default()
    }

    /// When nodes fetch images, where the plan says so.
    pub(crate) fn pull_policy(&self) -> Option<&'static str> {
        self.allowances.as_ref()?.pull_policy.map(PullPolicy::as_str)
    }

    /// Where pods may reach out to: everywhere, where nobody said so.
    pub(crate) fn egress(&self) -> Vec<IpNet> {
        match &self.allowances {
            Some(allowances) => allowances.egress.clone(),
            None => vec![Ipv4Net::default().into(), Ipv6Net::default().into()],
        }
    }

    /// How much of each storage class is allowed: all of it of those that the plan names, and nothing of the others.
    pub(crate) fn storage_classes(&self, all: u32) -> BTreeMap<&str, u32> {
        let Some(allowances) = &self.allowances else { return BTreeMap::new() };
        let others = self.other_storage_classes.iter().map(|class| (class.as_str(), 0));
        others.chain(allowances.storage_classes.iter().map(|class| (class.as_str(), all))).collect()
    }

    /// Puts pods on the nodes of the plan.
    pub(crate) fn place(&self, pod: &mut Value) {
        let Some(pool) = self.allowances.as_ref().and_then(|allowances| allowances.node_pool.as_ref()) else {
            return;
        };
        pod["nodeSelector"] = json!(pool.labels);
        let tolerated =
            pool.taints.iter().map(|(key, value)| json!({"key": key, "operator": "Equal", "value": value}));
        let tolerated: Vec<Value> = tolerated.collect();
        if !tolerated.is_empty() {
            pod["tolerations"] = json!(tolerated);
        }
    }
}

/// A secret with its values. They are never shown, not even where everything is.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValues {
    /// The salted commitment to them, which stands for them wherever something is compared.
    pub commitment: Words,
    /// The values by their keys.
    pub values: BTreeMap<String, String>,
}

impl fmt::Debug for SecretValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretValues").field("commitment", &self.commitment).finish_non_exhaustive()
    }
}

impl Environment {
    /// The namespace it lives in.
    pub fn namespace(&self) -> String {
        match &self.envelope.imported {
            Some(imported) => imported.namespace.to_string(),
            None => names::namespace(&self.account, &self.id),
        }
    }

    /// The pods of one workload that are wanted at least while nothing is withheld; none of what ends by itself.
    pub(crate) fn wanted(&self, workload: &WorkloadId) -> u32 {
        let pods = |w: &Workload| if w.kind.ends() { 0 } else { u32::from(w.least_pods()) };
        self.workloads.get(workload).map_or(0, pods)
    }

    /// Refuses what must never reach a cluster, whoever let it through before.
    pub(crate) fn check(&self) -> Result<(), ClusterError> {
        for (id, workload) in &self.workloads {
            if let Some(fault) = workload.faults().into_iter().next() {
                return Err(ClusterError::Workload {
                    workload: id.clone(),
                    detail: format!("{}: {}", fault.pointer, fault.detail),
                });
            }
            let missing = |what: String| ClusterError::Workload { workload: id.clone(), detail: what };
            if let Some(file) = workload.kept_files().find(|file| !self.files.contains_key(*file)) {
                return Err(missing(format!("its file {file} is not there")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An open environment with everything that can surround one.
    pub(crate) fn everything_of_an_open_one() -> Environment {
        let exposure = Exposure { load_balancers: 1, hostnames: 1 };
        let allowances = Allowances {
            pod_security: PodSecurity::Restricted,
            storage_classes: BTreeSet::new(),
            ingress_classes: BTreeSet::new(),
            priority_classes: ["low".to_owned()].into(),
            runtime_classes: BTreeSet::new(),
            registries: BTreeSet::new(),
            pull_policy: None,
            node_pool: None,
            snapshots: None,
            snapshot_class: None,
            egress: vec![],
        };
        let mut envelope = Envelope::new(EnvironmentKind::Open, exposure, Some(Box::new(allowances)));
        envelope.ingress_namespaces = ["ingress".to_owned()].into();
        Environment {
            account: "parley".parse().unwrap(),
            id: "pen".parse().unwrap(),
            plan: Plan { cpu_millis: 1, memory_mib: 1, storage_mib: 1, pods: 1 },
            workloads: BTreeMap::new(),
            envelope,
            restarts: BTreeMap::new(),
            files: BTreeMap::new(),
            secrets: BTreeMap::new(),
            snapshots: BTreeMap::new(),
        }
    }
}
