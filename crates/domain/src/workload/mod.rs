//! What runs in a managed environment.
//!
//! A declaration of an earlier version reads as what it was: a service. What was added since is left out of the stored
//! form where it is not used, so that what is stored of a plain service never changes.

mod bounds;
mod change;
mod config;
mod entry;
mod kind;
mod schedule;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use config::{Content, File, SECRET_VALUES, SecretKey, is_secret_key};
pub use entry::Entry;
pub use kind::{Autoscale, Check, Disruption, Kind, Overlap, Probe, Probes, Request, Rollout, Run, Schedule};
pub use schedule::{CronError, check_cron};

pub use crate::plan::Plan;

use crate::name::{Hostname, SnapshotId, VolumeId};
use crate::plan::Exposure;
use crate::text::Blob;

/// Pods of one image, and what they are for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workload {
    /// What becomes of its pods.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kind: Kind,
    /// The container image, with registry and tag or digest.
    pub image: String,
    /// The command instead of the image's own; empty for the image's own.
    #[serde(default)]
    pub command: Vec<String>,
    /// How many pods at once, 0 to 100; of a job and a cron job from 1. With `autoscale`, how many to begin with.
    pub replicas: u16,
    /// The port that the container listens on, 1 to 65535. Services and stateful services have one; 0 for the others.
    #[serde(default, skip_serializing_if = "is_default")]
    pub port: u16,
    /// Processor time allowed for each pod, in thousandths of a core.
    pub cpu_millis: u32,
    /// Memory allowed for each pod, in MiB.
    pub memory_mib: u32,
    /// What is set aside for each pod, where that is less than what is allowed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub requests: Option<Request>,
    /// A volume that outlives the pods, which all of them share.
    #[serde(default)]
    pub volume: Option<Volume>,
    /// Further volumes that outlive the pods. Each pod of a stateful service has its own; else all pods share them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub volumes: BTreeMap<VolumeId, Volume>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "is_default")]
    pub env: BTreeMap<String, Content>,
    /// Files by their absolute paths.
    #[serde(default, skip_serializing_if = "is_default")]
    pub files: BTreeMap<String, File>,
    /// How its pods are asked whether they do well.
    #[serde(default, skip_serializing_if = "is_default")]
    pub probes: Probes,
    /// How the number of pods follows the load.
    #[serde(default, skip_serializing_if = "is_default")]
    pub autoscale: Option<Autoscale>,
    /// How many pods may be taken away at once when nodes are maintained.
    #[serde(default, skip_serializing_if = "is_default")]
    pub disruption: Option<Disruption>,
    /// How a new version takes the place of the old one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rollout: Option<Rollout>,
    /// When a job has done its work, or has failed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub run: Option<Run>,
    /// When a cron job begins.
    #[serde(default, skip_serializing_if = "is_default")]
    pub schedule: Option<Schedule>,
    /// The names under which visitors reach it, once the account has proved them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hostnames: BTreeSet<Hostname>,
    /// How visitors come by its hostnames.
    #[serde(default, skip_serializing_if = "is_default")]
    pub entry: Option<Box<Entry>>,
}

/// A volume claimed by a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Volume {
    /// Where the container sees it: an absolute path.
    pub path: String,
    /// Its size, in MiB.
    pub size_mib: u32,
    /// The snapshot that it is made from, of a named volume; none for an empty one. Once it is there this says nothing any
    /// more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<SnapshotId>,
}

/// One thing wrong with a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadFault {
    /// JSON pointer (RFC 6901) into the workload.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Workload {
    /// The most pods at once.
    pub fn most_pods(&self) -> u16 {
        self.autoscale.map_or(self.replicas, |autoscale| autoscale.most.max(self.replicas))
    }

    /// The pods that are wanted while it is not scaled by load.
    pub fn least_pods(&self) -> u16 {
        self.autoscale.map_or(self.replicas, |autoscale| autoscale.least)
    }

    /// What it takes of a plan at most.
    pub fn needs(&self) -> Plan {
        let pods = u32::from(self.most_pods());
        let claims = if self.kind == Kind::StatefulService { pods } else { 1 };
        let further = self.volumes.values().fold(0_u32, |all, v| all.saturating_add(v.size_mib));
        let shared = self.volume.as_ref().map_or(0, |v| v.size_mib);
        Plan {
            cpu_millis: self.cpu_millis.saturating_mul(pods),
            memory_mib: self.memory_mib.saturating_mul(pods),
            storage_mib: further.saturating_mul(claims).saturating_add(shared),
            pods,
        }
    }

    /// How much of it is reached from outside.
    pub fn exposes(&self) -> Exposure {
        Exposure { load_balancers: 0, hostnames: u32::try_from(self.hostnames.len()).unwrap_or(u32::MAX) }
    }

    /// The kept bytes of its files.
    pub fn kept_files(&self) -> impl Iterator<Item = &Blob> {
        self.files.values().filter_map(|file| match file {
            File::Kept { bytes, .. } => Some(bytes),
            File::Secret(_) => None,
        })
    }

    /// The secrets that it reads: what each key is for, as a pointer into the declaration.
    pub fn secret_keys(&self) -> impl Iterator<Item = (String, &SecretKey)> {
        let env = self.env.iter().filter_map(|(name, content)| match content {
            Content::Secret(key) => Some((format!("/env/{name}/secret"), key)),
            Content::Value(_) => None,
        });
        let files = self.files.iter().filter_map(|(path, file)| match file {
            File::Secret(key) => Some((format!("{}/secret", bounds::at_file(path)), key)),
            File::Kept { .. } => None,
        });
        env.chain(files)
    }
}

#[cfg(test)]
mod tests;
