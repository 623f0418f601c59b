//! The cluster half of the promise: render, apply, gate, stop, observe, restore.
//!
//! [`Cluster::reconcile`] makes one managed environment agree with what is declared and with what permits withhold,
//! one idempotent pass at a time, and tells what it saw. Restrictions come from [`Permit`]s alone. A measure is true
//! only when a pass *observed* it ([`Enforcement::Confirmed`]); what a stop changed is put back when no permit
//! withholds it any more, and compared object by object with how it was ([`Restoration::Restored`]).
//!
//! [`Cluster::erase`] alone deletes what persists, under an [`ErasePermit`] alone: by the UIDs of the inventory, workloads
//! first, then volumes, and the namespace last.
//!
//! Limits: a field that others *add* to an object of ours is left alone, except in Deployments, selectors, network
//! policies and plain lists.
//!
//! [`Permit`]: tenure_domain::permit::Permit
//! [`ErasePermit`]: tenure_domain::permit::ErasePermit

mod abilities;
mod access;
mod adopt;
mod apply;
mod balancers;
mod before;
mod cache;
mod capacity;
mod children;
mod cluster;
mod compare;
mod contents;
mod day_two;
mod environment;
mod erase;
mod erasure;
mod error;
mod freeze;
mod gate;
mod import;
mod ingress;
mod inventory;
mod live;
mod memory;
pub mod names;
mod observe;
mod others;
mod pass;
mod preflight;
mod quiet;
mod reach;
mod rehearsal;
mod rehearsed;
mod render;
mod report;
mod requests;
mod restore;
mod restriction;
mod running;
mod served;
mod snapshots;
mod stop;
mod watch;
mod webhooks;

pub use abilities::{Abilities, Said};
pub use access::Credentials;
pub use capacity::{Amounts, Capacity};
pub use cluster::{Cluster, REQUEST_LIMIT};
pub use contents::ForeignObject;
pub use day_two::{EventSeen, LogQuery, Logs, PodSeen};
pub use environment::{Envelope, Environment, SecretValues};
pub use erasure::{EraseReport, Erased, Erasing, Erasure, Gone, VolumeErased};
pub use error::{ClusterError, KeepError};
pub use freeze::{Ask, Change, Freezes, Frozen, Verdict};
pub use import::{ImportPreflight, ImportReport, PodRun, PodSecurityChange, PodThere, PodsBefore, Used};
pub use inventory::{Entry, Kind, ObjectKey, ObjectKeyError};
pub use memory::{
    BalancerBefore, Before, Keep, Lifting, MEMORY_VERSION, Memory, ObjectBefore, OtherBefore, PodBefore,
    Suspended, VolumeBefore,
};
pub use preflight::{Blocker, Blocks, Preflight};
pub use reach::{Gateway, Reach, SuspendedPage};
pub use rehearsal::{LiftRehearsal, Rehearsal, StopRehearsal, Supposed};
pub use rehearsed::{Planned, Verb};
pub use report::{
    BalancerSeen, ClusterSeen, Enforcement, GateSeen, ObjectSeen, Observation, OtherSeen, Phase, PodLost,
    QuotaSeen, REPORT_VERSION, ReadinessSeen, Repair, Restoration, RestoreReport, StopReport, ThrottleSeen,
    VolumeSeen, WorkSeen, WorkloadStatus,
};
pub use snapshots::{SnapshotSeen, SnapshotState};
