//! What is kept of a deletion while it goes on, and the report of it.
//!
//! JSON with camelCase fields. Times are UTC.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contents::ForeignObject;
use crate::inventory::{Kind, ObjectKey};
use crate::memory::Memory;
use crate::report::ClusterSeen;

/// How far the deletion of one environment is. What it holds was deleted and observed to be gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    /// When the first pass over it began.
    pub since: Timestamp,
    /// Whether everything in the namespace was looked at before anything was deleted.
    #[serde(default)]
    pub looked: bool,
    /// The objects that are gone.
    #[serde(default)]
    pub gone: Vec<Gone>,
    /// The volumes that were its, by name.
    #[serde(default)]
    pub volumes: BTreeMap<String, VolumeErased>,
    /// What was none of ours and went with it by people's decision.
    #[serde(default)]
    pub included: BTreeSet<ForeignObject>,
    /// What is left, and why, for people.
    #[serde(default)]
    pub remains: BTreeSet<String>,
}

impl Erasure {
    pub(crate) fn new(since: Timestamp) -> Self {
        Self {
            since,
            looked: false,
            gone: Vec::new(),
            volumes: BTreeMap::new(),
            included: BTreeSet::new(),
            remains: BTreeSet::new(),
        }
    }

    /// Whether the claim of this name is gone, with what was on its volume.
    pub(crate) fn lost_claim(&self, name: &str) -> bool {
        self.gone.iter().any(|g| g.object.kind == Kind::PersistentVolumeClaim && g.object.name == name)
    }

    pub(crate) fn is_gone(&self, uid: &str) -> bool {
        self.gone.iter().any(|gone| gone.uid == uid)
    }
}

/// An object that was ours and is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gone {
    /// Its kind and name.
    pub object: ObjectKey,
    /// Its UID.
    pub uid: String,
    /// When it was observed to be gone.
    pub at: Timestamp,
}

/// A volume of the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeErased {
    /// Its UID.
    pub uid: String,
    /// The claim that it was bound to.
    pub claim: String,
    /// That claim's UID.
    pub claim_uid: String,
    /// Its reclaim policy before anything was withheld: `Delete` has the cluster delete the storage with it.
    pub reclaim_policy: String,
    /// When it was observed to be gone.
    #[serde(default)]
    pub gone: Option<Timestamp>,
}

/// What one pass of a deletion saw and did.
#[derive(Debug, Clone, PartialEq)]
pub struct Erased {
    /// What to keep for the next pass.
    pub memory: Memory,
    /// How far it is.
    pub state: Erasing,
    /// The requests that could change something.
    pub writes: u32,
}

/// How far a deletion is.
#[derive(Debug, Clone, PartialEq)]
pub enum Erasing {
    /// Not yet: a later pass looks again.
    Pending {
        /// What is still missing, for people.
        why: String,
        /// What is in the namespace and none of ours: people decide.
        foreign: Vec<ForeignObject>,
    },
    /// Nothing of it is left but what the report says.
    Done(Box<EraseReport>),
}

/// What was deleted of an environment, and what remains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EraseReport {
    /// The version of this form.
    pub version: u32,
    /// The namespace's name.
    pub namespace: String,
    /// Its UID; none where it was never made.
    pub namespace_uid: Option<String>,
    /// When the deletion began.
    pub begun_at: Timestamp,
    /// When everything was observed to be gone.
    pub observed_at: Timestamp,
    /// The build that observed it.
    pub build: String,
    /// The cluster.
    pub cluster: ClusterSeen,
    /// The objects that were deleted, in the order in which they were seen to be gone.
    pub deleted: Vec<Gone>,
    /// The volumes that were deleted, by name.
    pub volumes: BTreeMap<String, VolumeErased>,
    /// What was none of ours and went with it by people's decision.
    pub included: BTreeSet<ForeignObject>,
    /// What remains, and why.
    pub remains: BTreeSet<String>,
}
