//! What the store keeps about one environment between passes.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::name::{MeasureId, WorkloadId};

use crate::erasure::Erasure;
use crate::error::{ClusterError, KeepError};
use crate::import::PodsBefore;
use crate::inventory::{Entry, Kind, ObjectKey};
use crate::report::Repair;

/// The version of the memory's form.
pub const MEMORY_VERSION: u32 = 1;

/// What is known about one environment: the namespace we made, what we made in it and, while something is withheld
/// or being restored, how everything was before. JSON with camelCase fields; the default knows nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// The version of this form.
    pub version: u32,
    /// A token kept before the namespace is made and written on it, so that a namespace that was made just before
    /// a crash is known as ours.
    #[serde(default)]
    pub claim: Option<String>,
    /// The UID of the namespace we made.
    #[serde(default)]
    pub namespace_uid: Option<String>,
    /// What we made in it.
    #[serde(default)]
    pub inventory: BTreeMap<ObjectKey, Entry>,
    /// How things were before anything was withheld. Present from the pass that first restricts to the one that
    /// reports the last restoration.
    #[serde(default)]
    pub before: Option<Before>,
    /// What ran in a namespace that was there before, until it was seen to be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<PodsBefore>,
    /// What is deleted of it under a permit, or was before that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasure: Option<Erasure>,
    /// What passes put right that failed afterwards: the next one that does not fail tells it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<Repair>,
    /// What the label says that we put on the namespace for the freeze webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            version: MEMORY_VERSION,
            claim: None,
            namespace_uid: None,
            inventory: BTreeMap::new(),
            before: None,
            import: None,
            erasure: None,
            untold: Vec::new(),
            frozen: None,
        }
    }
}

impl Memory {
    pub(crate) fn check(&self) -> Result<(), ClusterError> {
        if self.version == MEMORY_VERSION { Ok(()) } else { Err(ClusterError::Memory(self.version)) }
    }
}

/// How things were before anything was withheld, and what is under way since.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Before {
    /// The measures that were carried out here, or begun.
    pub measures: BTreeSet<MeasureId>,
    /// The measures that ended and whose restoration was not reported yet.
    #[serde(default)]
    pub lifting: Option<Lifting>,
    /// Whether the gate was closed, so that owners must be woken when it opens.
    #[serde(default)]
    pub gated: bool,
    /// The ready pods of each workload when its computing was first withheld.
    #[serde(default)]
    pub readiness: BTreeMap<WorkloadId, u32>,
    /// The workloads that are throttled, or were and whose pods are not back yet.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub throttled: BTreeSet<WorkloadId>,
    /// Every object as it was.
    #[serde(default)]
    pub objects: BTreeMap<ObjectKey, ObjectBefore>,
    /// The volumes whose reclaim policy we changed or found as `Retain`, by name.
    #[serde(default)]
    pub volumes: BTreeMap<String, VolumeBefore>,
    /// The pods that were stopped, by UID.
    #[serde(default)]
    pub pods: BTreeMap<String, PodBefore>,
    /// What makes pods there without being declared here, as it was when the environment was stopped, by UID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, OtherBefore>,
    /// The load balancers of others that gave their addresses up, or are to, as they were, by UID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub balancers: BTreeMap<String, BalancerBefore>,
    /// Which writes webhooks of others refused since, for people; the first of them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub vetoes: BTreeSet<String>,
}

/// A Service of the type LoadBalancer before it gave its address up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BalancerBefore {
    /// Its name.
    pub name: String,
    /// The workload that it is for, where it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<WorkloadId>,
    /// What of its specification only such a Service has, by field.
    pub spec: BTreeMap<String, serde_json::Value>,
    /// Its ports, as the API has them.
    pub ports: Vec<serde_json::Value>,
    /// From where it might be reached, where an annotation said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ranges: Option<String>,
    /// What the cloud had given it: addresses and names.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Whether the cluster accepted that it gives them up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_released: bool,
    /// What the cluster said when it refused the last change of it for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl BalancerBefore {
    pub(crate) fn key(&self) -> ObjectKey {
        ObjectKey::new(Kind::Service, &self.name)
    }
}

/// Something of tenants or their tools that makes pods, before the environment was stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherBefore {
    /// Its kind, such as `StatefulSet`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The SHA-256 of each of its parts: labels, annotations, spec.
    pub parts: BTreeMap<String, String>,
    /// The pods of it that were ready; nothing for jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<u32>,
    /// How a job or a cron job is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspended>,
    /// Whether it was a job that had ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finished: bool,
}

impl OtherBefore {
    /// For people: `StatefulSet/db`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }
}

/// The field `suspend` of a job or a cron job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suspended {
    /// What it was, where it was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<bool>,
    /// Whether we set it, and the server kept that; nothing while we have not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_us: Option<bool>,
}

impl Suspended {
    /// Whether we hold it, as far as nobody has let it go since.
    pub fn is_held(self) -> bool {
        self.before != Some(true) && self.by_us == Some(true)
    }
}

/// Measures being lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lifting {
    /// When the last of them was first seen to have ended.
    pub since: Timestamp,
    /// Which.
    pub measures: BTreeSet<MeasureId>,
}

/// One object before anything was withheld.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectBefore {
    /// Its UID.
    pub uid: String,
    /// The SHA-256 of what was declared for it, where it was ours.
    pub declared: Option<String>,
    /// Whether it was ours and not as declared, so that it was put right since.
    #[serde(default)]
    pub drifted: bool,
    /// The SHA-256 of each of its parts: labels, annotations, spec.
    pub parts: BTreeMap<String, String>,
}

/// A volume before the environment was stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeBefore {
    /// Its UID.
    pub uid: String,
    /// The claim bound to it.
    pub claim: String,
    /// Its reclaim policy then: `Delete`, `Retain` or `Recycle`.
    pub reclaim_policy: String,
}

/// A pod that was stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodBefore {
    /// Its name.
    pub name: String,
    /// The node it ran on.
    pub node: Option<String>,
    /// Its workload.
    pub workload: Option<WorkloadId>,
    /// The volumes that end with it.
    pub empty_dirs: Vec<String>,
    /// Whether nothing owns it, so that nothing makes it again.
    pub bare: bool,
    /// Who made it: its owner, and the owners above, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
    /// Whether it is known, or believed in a receipt, that nothing of it runs any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// Whether that was believed without its node's word, which could not be asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unasked: bool,
}

/// Where memory is kept. Called *before* each destructive step, so that nothing is lost if the process ends at any
/// point and the next pass finishes what was begun.
#[async_trait]
pub trait Keep: Send + Sync {
    /// Keeps it durably, or refuses: then what needs it is not begun.
    async fn keep(&self, memory: &Memory) -> Result<(), KeepError>;
}
