//! What a pass observed, and the documents that say so: the report of a stop and the report of a restoration.
//!
//! Reports are JSON with camelCase fields. Times are UTC. They hold names, UIDs and versions of objects, no contents.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::capability::Capability;
use tenure_domain::name::{MeasureId, SnapshotId, WorkloadId};
use tenure_domain::scope::Scope;
use tenure_domain::throttle::Throttle;

use crate::import::ImportReport;
use crate::inventory::ObjectKey;
use crate::memory::Memory;
use crate::snapshots::SnapshotSeen;

/// The version of both reports' form.
pub const REPORT_VERSION: u32 = 1;

/// What one pass saw and did.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// What to keep for the next pass.
    pub memory: Memory,
    /// How each declared workload is doing.
    pub workloads: BTreeMap<WorkloadId, WorkloadStatus>,
    /// How each declared snapshot is doing.
    pub snapshots: BTreeMap<SnapshotId, SnapshotSeen>,
    /// What the environment uses of its share, where the cluster says so.
    pub quota: Option<QuotaSeen>,
    /// How far each measure that a permit applies here is true.
    pub measures: BTreeMap<MeasureId, Enforcement>,
    /// How far what is no longer withheld is back.
    pub restoration: Restoration,
    /// That the namespace of an imported environment was taken, until that is confirmed.
    pub import: Option<Box<ImportReport>>,
    /// What others had changed and we put right.
    pub repairs: Vec<Repair>,
    /// Why a later pass has to try again, where something of one workload failed and may pass.
    pub retry: Option<String>,
    /// Which writes webhooks of others refuse while nothing is withheld or restored, for people: a later pass tries again.
    pub obstacles: Vec<String>,
    /// The requests that could change something, without dry runs.
    pub writes: u32,
}

/// How one workload is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadStatus {
    /// The pods wanted now: those declared, or as many as the load asks for; none of what ends by itself.
    pub wanted: u32,
    /// The pods that are ready.
    pub ready: u32,
    /// Why it is not as declared, where that is known.
    pub message: Option<String>,
    /// In one word; none where an earlier version looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// The pods of the version declared last, of what goes on running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<u32>,
    /// How far the work is, of a job or a cron job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<WorkSeen>,
}

/// How a workload is doing, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// As declared.
    Ready,
    /// Coming about.
    Progressing,
    /// It does not come about: its pods fail, or no longer make progress.
    Failing,
    /// The cluster refused something of it.
    Refused,
    /// A measure withholds its computing.
    Stopped,
    /// Its work goes on.
    Working,
    /// A cron job between two runs.
    Waiting,
    /// Its work is done.
    Succeeded,
    /// Its work has failed.
    Failed,
}

impl Phase {
    /// Its name, as the API shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Progressing => "progressing",
            Self::Failing => "failing",
            Self::Refused => "refused",
            Self::Stopped => "stopped",
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// How far a job's work is; of a cron job, its last run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkSeen {
    /// The pods that work.
    pub active: u32,
    /// The pods that have succeeded.
    pub succeeded: u32,
    /// The pods that have failed.
    pub failed: u32,
    /// When it began last, as the cluster says it.
    pub began: Option<String>,
}

/// What an environment may use and uses, as its quota says; quantities as Kubernetes writes them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaSeen {
    /// What it may use.
    pub hard: BTreeMap<String, String>,
    /// What it uses.
    pub used: BTreeMap<String, String>,
}

/// How far a measure is true in this environment.
#[derive(Debug, Clone, PartialEq)]
pub enum Enforcement {
    /// Not yet: a later pass looks again.
    Pending {
        /// What is still missing.
        why: String,
        /// Whether that cannot be seen at all, because a node cannot be reached.
        unconfirmed: bool,
    },
    /// Observed.
    Confirmed(Box<StopReport>),
}

/// How far what is no longer withheld is back.
#[derive(Debug, Clone, PartialEq)]
pub enum Restoration {
    /// Nothing is being restored.
    None,
    /// Not yet: a later pass looks again.
    Pending {
        /// What is still missing.
        why: String,
    },
    /// Observed. Reported until the memory returned with it is kept.
    Restored(Box<RestoreReport>),
}

/// Something that others had changed and we put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repair {
    /// What.
    pub object: ObjectKey,
    /// How it differed from what is declared.
    pub difference: String,
    /// Who changed it, as the cluster's field management tells, where it does.
    pub manager: Option<String>,
}

/// An object as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectSeen {
    /// Its kind and name.
    pub object: ObjectKey,
    /// Its UID.
    pub uid: String,
    /// Its resource version when it was seen.
    pub resource_version: String,
}

/// The cluster that was observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSeen {
    /// Its version, such as `v1.33.2`.
    pub version: String,
    /// Whether it calls itself a simulation: then nothing real was stopped.
    pub simulation: bool,
}

/// The gate as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateSeen {
    /// The quota.
    pub quota: ObjectSeen,
    /// What admission goes by: the quota's `status.hard`.
    pub hard: BTreeMap<String, String>,
    /// What the cluster answered when we tried to make a pod.
    pub refusal: String,
}

/// A pod that a stop ends, or has ended, and what is lost with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodLost {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// The node it ran on.
    pub node: Option<String>,
    /// What is lost with it.
    pub losses: Vec<String>,
    /// Who made it: its owner, and the owners above, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
}

/// Something of tenants or their tools that makes pods, as it was seen while nothing may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherSeen {
    /// Its kind and name.
    pub object: String,
    /// Its UID.
    pub uid: String,
    /// Its resource version when it was seen.
    pub resource_version: String,
    /// The pods of it that were ready before; nothing for jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_before: Option<u32>,
    /// Whether its field `suspend` is set, where it is a job or a cron job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,
}

/// A volume as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeSeen {
    /// The claim.
    pub claim: String,
    /// The volume bound to it.
    pub volume: String,
    /// What becomes of the data when the claim is deleted: `Retain` keeps it.
    pub reclaim_policy: String,
}

/// How much computing time is left, as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThrottleSeen {
    /// The percentage of what is declared that the measure leaves.
    pub percent: Throttle,
    /// The most that the measure leaves to one pod of each workload, in thousandths of a processor. No pod was seen that may use
    /// more, but those that the exceptions name.
    pub cpu_millis: BTreeMap<WorkloadId, u32>,
    /// How many pods were seen.
    pub pods: u32,
}

/// A load balancer that gave its address up, or got one again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BalancerSeen {
    /// The Service.
    pub service: ObjectKey,
    /// Its UID.
    pub uid: String,
    /// Its resource version when it was seen.
    pub resource_version: String,
    /// What the cloud had given it before: addresses and names.
    pub addresses_before: Vec<String>,
    /// What it has now: after a restoration maybe nothing yet, and maybe others than before.
    pub addresses: Vec<String>,
}

/// What was observed when a measure was found to be true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StopReport {
    /// The version of this form.
    pub version: u32,
    /// The measure.
    pub measure: MeasureId,
    /// What it applies to.
    pub scope: Scope,
    /// What it withholds.
    pub withholds: BTreeSet<Capability>,
    /// When it was observed.
    pub observed_at: Timestamp,
    /// The build that observed it.
    pub build: String,
    /// The cluster.
    pub cluster: ClusterSeen,
    /// The environment's namespace.
    pub namespace: ObjectSeen,
    /// The gate, where `compute` is withheld from the environment.
    pub gate: Option<GateSeen>,
    /// What the cluster answered when we tried a change that the freeze webhook has to refuse, where that withholds `deploy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze: Option<String>,
    /// The pods that this stop ended, seen gone.
    pub pods_gone: Vec<PodLost>,
    /// The pods left within what is stopped: 0, or nothing where `compute` is not withheld.
    pub pods_remaining: Option<u32>,
    /// The objects that carry the measure out, as they were seen.
    pub objects: Vec<ObjectSeen>,
    /// What tenants or their tools have there that makes pods, where `compute` is withheld from the environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherSeen>,
    /// The nodes that were asked, and said that they run nothing of what was stopped.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub nodes_asked: BTreeSet<String>,
    /// The volumes, where `compute` is withheld from the environment.
    pub volumes: Vec<VolumeSeen>,
    /// How much computing time is left, where that is throttled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<ThrottleSeen>,
    /// The load balancers that gave their addresses up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load_balancers: Vec<BalancerSeen>,
    /// What makes each withheld capability true.
    pub enforced_by: BTreeMap<Capability, String>,
    /// What was not, or could not be, observed.
    pub exceptions: Vec<String>,
}

/// What was observed when what a measure had withheld was found to be back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreReport {
    /// The version of this form.
    pub version: u32,
    /// The measures that ended.
    pub measures: BTreeSet<MeasureId>,
    /// The measures that still withhold something here.
    pub still_withheld_by: BTreeSet<MeasureId>,
    /// When it was observed.
    pub observed_at: Timestamp,
    /// The build that observed it.
    pub build: String,
    /// The cluster.
    pub cluster: ClusterSeen,
    /// The environment's namespace.
    pub namespace: ObjectSeen,
    /// The workloads that were stopped.
    pub readiness: BTreeMap<WorkloadId, ReadinessSeen>,
    /// The volumes.
    pub volumes: Vec<VolumeSeen>,
    /// The load balancers that had given their addresses up: an address that the cloud gives later is not waited for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load_balancers: Vec<BalancerSeen>,
    /// How many objects were compared with what they were before.
    pub compared: u32,
    /// Whether all of them are as before, apart from what was declared anew or put right meanwhile.
    pub equal: bool,
    /// How those that are not as before differ.
    pub differences: Vec<String>,
    /// What was declared anew meanwhile.
    pub redeclared: Vec<ObjectKey>,
    /// What was not as declared when it was stopped, and was put right since.
    pub put_right: Vec<ObjectKey>,
    /// What tenants or their tools have there that keeps pods running.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, ReadinessSeen>,
    /// The jobs and cron jobs that were held, and go on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<String>,
    /// What was stopped and does not come back by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<String>,
    /// What others made meanwhile, which makes pods from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made_meanwhile: Vec<String>,
}

/// The ready pods of one workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadinessSeen {
    /// Before it was stopped.
    pub before: u32,
    /// Now.
    pub ready: u32,
}
