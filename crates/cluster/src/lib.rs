//! The cluster half of the promise: render, apply, gate, stop, observe, restore.
//!
//! [`Cluster::reconcile`] makes one managed environment agree with what is declared and with what permits withhold,
//! one idempotent pass at a time, and tells what it saw. Restrictions come from [`Permit`]s alone. A measure is true
//! only when a pass *observed* it ([`Enforcement::Confirmed`]); what a stop changed is put back when no permit
//! withholds it any more, and compared object by object with how it was ([`Restoration::Restored`]).
//!
//! Limits: a field that others *add* to an object of ours is left alone, except in Deployments, selectors, network
//! policies and plain lists; namespaces are never deleted here.
//!
//! [`Permit`]: tenure_domain::permit::Permit

mod adopt;
mod apply;
mod before;
mod children;
mod cluster;
mod compare;
mod day_two;
mod environment;
mod error;
mod gate;
mod inventory;
mod live;
mod memory;
pub mod names;
mod observe;
mod pass;
mod render;
mod report;
mod requests;
mod restore;
mod restriction;
mod served;
mod stop;
mod watch;

pub use cluster::{Abilities, Cluster, REQUEST_LIMIT};
pub use day_two::{EventSeen, LogQuery, Logs, PodSeen};
pub use environment::{Environment, SecretValues};
pub use error::{ClusterError, KeepError};
pub use inventory::{Entry, Kind, ObjectKey, ObjectKeyError};
pub use memory::{Before, Keep, Lifting, MEMORY_VERSION, Memory, ObjectBefore, PodBefore, VolumeBefore};
pub use report::{
    ClusterSeen, Enforcement, GateSeen, ObjectSeen, Observation, Phase, PodLost, REPORT_VERSION,
    ReadinessSeen, Repair, Restoration, RestoreReport, StopReport, VolumeSeen, WorkSeen, WorkloadStatus,
};
