//! Snapshots of volumes: what a volume held at a moment, kept by the cluster's storage.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Account;
use super::actor::Actor;
use crate::name::{EnvironmentId, SnapshotId, VolumeId, WorkloadId};
use crate::refusal::Rejected;

/// How many snapshots an account may have at once where its plan does not say so.
pub const SNAPSHOTS: u16 = 10;

/// What is asked about snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the vocabulary's word; the variants say what they do")]
pub enum Snapshots {
    /// Take one of a named volume; of a stateful service, of that pod's. `unable` is why the cluster cannot, as it said
    /// just now.
    Request {
        environment: EnvironmentId,
        workload: WorkloadId,
        volume: VolumeId,
        pod: Option<u16>,
        unable: Option<String>,
    },
    /// Give one up: what it kept is deleted.
    Release { environment: EnvironmentId, snapshot: SnapshotId },
    /// It was there, and somebody deleted it in the cluster.
    RecordLost { snapshot: SnapshotId },
}

impl Snapshots {
    /// Its name in the record.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Request { .. } => "request snapshot",
            Self::Release { .. } => "release snapshot",
            Self::RecordLost { .. } => "record lost snapshot",
        }
    }
}

/// A snapshot as declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Where the volume is.
    pub environment: EnvironmentId,
    /// Whose volume it is; it may be declared no more.
    pub workload: WorkloadId,
    /// The volume.
    pub volume: VolumeId,
    /// Of which pod of a stateful service, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<u16>,
    /// The volume's size when it was asked for, in MiB: what is made from it is at least as large.
    pub size_mib: u32,
    /// The cluster's class of snapshots; none for its default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// When it was asked for, UTC.
    pub asked_at: Timestamp,
    /// By whom.
    pub asked_by: Actor,
    /// When it was seen to have been deleted in the cluster, UTC. It is never made anew: what the volume holds now is not
    /// what it held then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Timestamp>,
}

/// The snapshots that an account has, and how many it ever asked for, by which they are numbered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptSnapshots {
    /// How many were ever asked for.
    pub asked: u32,
    /// Those that it has.
    pub kept: BTreeMap<SnapshotId, Snapshot>,
}

impl KeptSnapshots {
    /// Whether none was ever asked for, as in all accounts of earlier versions.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Account {
    /// The snapshot of this id, where it is of this environment.
    pub fn snapshot(&self, environment: &EnvironmentId, id: &SnapshotId) -> Result<&Snapshot, Rejected> {
        let found = self.snapshots.kept.get(id).filter(|snapshot| &snapshot.environment == environment);
        found.ok_or_else(|| Rejected::not_found("snapshot", id))
    }

    /// The snapshots of an environment.
    pub fn snapshots_of(
        &self,
        environment: &EnvironmentId,
    ) -> impl Iterator<Item = (&SnapshotId, &Snapshot)> {
        self.snapshots.kept.iter().filter(move |(_, snapshot)| &snapshot.environment == environment)
    }

    /// How many snapshots it may have at once.
    pub fn most_snapshots(&self) -> u16 {
        self.allowances.as_ref().and_then(|allowances| allowances.snapshots).unwrap_or(SNAPSHOTS)
    }
}
