//! Environments: the unit of isolation and enforcement, and who may do what in one with tools of its own.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::Secret;
use crate::import::Imported;
use crate::name::{ClusterId, SecretId, WorkloadId};
use crate::plan::{Exposure, Plan, Share};
use crate::workload::Workload;

/// Who decides what runs in an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentKind {
    /// Tenure renders what is declared, and the tenant reads.
    #[default]
    Managed,
    /// The tenant's own tools write in it, and Tenure owns what surrounds it: quota, limits, policies, roles, gate.
    Open,
}

impl EnvironmentKind {
    /// Whether it is managed, as all environments of earlier versions are.
    pub fn is_managed(&self) -> bool {
        *self == Self::Managed
    }

    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Open => "open",
        }
    }
}

impl fmt::Display for EnvironmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What somebody may do in the namespace of an open environment. None of them touches what Tenure owns in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantRole {
    /// Reads what runs and its logs, no secrets.
    Viewer,
    /// Deploys, and reads secrets.
    Editor,
    /// Deploys, and enters pods, forwards their ports, evicts them and keeps service accounts.
    Admin,
}

impl TenantRole {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Admin];

    /// Its name in the cluster and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// Whether it can change anything.
    pub fn changes(self) -> bool {
        self != Self::Viewer
    }
}

impl fmt::Display for TenantRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An environment as declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// The cluster that it lives on.
    #[serde(default = "ClusterId::main", skip_serializing_if = "ClusterId::is_main")]
    pub cluster: ClusterId,
    /// Who decides what runs in it.
    #[serde(default, skip_serializing_if = "EnvironmentKind::is_managed")]
    pub kind: EnvironmentKind,
    /// Its share of the account's plan.
    pub plan: Plan,
    /// How much of it can be reached from outside the cluster.
    #[serde(default, skip_serializing_if = "Exposure::is_none")]
    pub exposure: Exposure,
    /// What runs in it, where it is managed.
    pub workloads: BTreeMap<WorkloadId, Workload>,
    /// When pods were last started anew on wish, UTC.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub restarts: BTreeMap<WorkloadId, Timestamp>,
    /// What its workloads may read and nobody else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<SecretId, Secret>,
    /// The namespace that it lives in, where that was there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
    /// The cluster that it was made on first, where it was moved since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_on: Option<ClusterId>,
}

impl Environment {
    /// A managed one of this share on the cluster `main`, with nothing in it.
    pub fn new(plan: Plan) -> Self {
        Self {
            cluster: ClusterId::main(),
            kind: EnvironmentKind::Managed,
            plan,
            exposure: Exposure::default(),
            workloads: BTreeMap::new(),
            restarts: BTreeMap::new(),
            secrets: BTreeMap::new(),
            imported: None,
            made_on: None,
        }
    }

    /// Takes a workload out.
    pub fn remove(&mut self, workload: &WorkloadId) {
        self.workloads.remove(workload);
        self.restarts.remove(workload);
    }

    /// Its share of what the account's plan allows.
    pub fn share(&self) -> Share {
        Share { plan: self.plan, exposure: self.exposure }
    }
}
