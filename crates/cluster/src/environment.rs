//! What is declared for one environment.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use tenure_domain::name::{AccountId, EnvironmentId, SecretId, WorkloadId};
use tenure_domain::text::{Blob, Words};
use tenure_domain::workload::{Plan, Workload};

use crate::error::ClusterError;
use crate::names;

/// A managed environment as it was declared: what should run in it when nothing is withheld.
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
    /// When pods were last to start anew, UTC.
    pub restarts: BTreeMap<WorkloadId, Timestamp>,
    /// The texts of the workloads' files.
    pub files: BTreeMap<Blob, String>,
    /// The secrets with their values.
    pub secrets: BTreeMap<SecretId, SecretValues>,
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
        names::namespace(&self.account, &self.id)
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
