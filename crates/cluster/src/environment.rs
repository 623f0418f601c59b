//! What is declared for one environment.

use std::collections::BTreeMap;

use tenure_domain::name::{AccountId, EnvironmentId, WorkloadId};
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
}

impl Environment {
    /// The namespace it lives in.
    pub fn namespace(&self) -> String {
        names::namespace(&self.account, &self.id)
    }

    /// The pods of one workload that are wanted while nothing is withheld.
    pub(crate) fn wanted(&self, workload: &WorkloadId) -> u32 {
        self.workloads.get(workload).map_or(0, |w| u32::from(w.replicas))
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
        }
        Ok(())
    }
}
