//! What is asked of the API about snapshots of volumes, and what it shows of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Asks for a snapshot of a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestSnapshot {
    /// Of which pod's volume, from 0: of a stateful service, whose pods have one each. Left out for all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 65_535)]
    pub pod: Option<u16>,
}

/// How a snapshot is doing, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SnapshotStateName {
    /// It is being taken, or nobody has looked yet.
    Pending,
    /// Volumes can be made from it.
    Ready,
    /// The cluster refused it or failed at it.
    Failed,
    /// Somebody deleted it in the cluster. It is not made anew: the volume may hold something else by now.
    Lost,
}

/// A snapshot of a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotView {
    /// Its id.
    pub id: String,
    /// Whose volume it is of; it may be declared no more.
    pub workload: String,
    /// The volume.
    pub volume: String,
    /// Of which pod of a stateful service, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<u16>,
    /// The volume's size when it was asked for, in MiB. A volume that is made from it is at least as large.
    pub size_mib: u32,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub asked_at: Timestamp,
    /// By whom.
    pub asked_by: String,
    /// How it is doing, as last observed.
    pub state: SnapshotStateName,
    /// Why it is not ready, where that is known, in the cluster's words where it said some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The least size of a volume that is made from it, as the cluster's storage says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_size: Option<String>,
    /// When the storage took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub taken_at: Option<Timestamp>,
}
