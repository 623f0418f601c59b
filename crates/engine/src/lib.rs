//! The application: `submit(command)`, queries, and what happens over time.
//!
//! One write path ([`writer`](self)): a submission is authorized, decided by the domain, and committed with its events,
//! timers and jobs in one transaction. Reconcilers make the cluster, the mailboxes and the log agree with what was
//! committed; each takes no input but its subject's id and can be killed at any point.

mod adoption;
pub mod anchor;
mod backoff;
mod caps;
mod catch_up;
mod check;
pub mod clock;
mod closing;
mod clusters;
mod continuity;
mod credentials;
mod dirty;
mod enforce;
mod engine;
pub mod entropy;
mod erasing;
mod error;
mod evaluate;
mod follow;
mod frozen;
pub mod health;
mod hostnames;
pub mod imports;
mod inner;
pub mod intake;
mod integrate;
mod jobs;
pub mod kept;
pub mod keys;
mod known;
mod lead;
pub mod letters;
mod metrics;
mod moves;
pub mod parity;
mod probes;
mod query;
pub mod reasons;
mod reconcile;
mod rehearse;
mod sequencer;
pub mod shelf;
mod snapshots;
mod state;
pub mod stream;
pub mod submission;
mod tally;
mod timers;
mod turn;
mod undo;
pub mod verify;
mod webhooks;
pub mod withheld;
pub mod workloads;
mod writer;

pub use adoption::{Adopted, adopt};
pub use caps::{Cap, OperatorCaps};
pub use clusters::ClusterState;
pub use continuity::{LogRefusal, check as check_log};
pub use dirty::AT_ONCE as ACCOUNTS_AT_ONCE;
pub use engine::{Engine, Settings};
pub use erasing::Deleting;
pub use error::EngineError;
pub use inner::LogKey;
pub use lead::LEASE;
pub use query::{EventSeen, Inclusion, Joined};
pub use reconcile::{Observed, RECEIPT_TYPE};
pub use rehearse::Looked;
pub use sequencer::{Batching, MOST_BEHIND};
pub use tally::RuleRecord;
pub use tenure_cluster::{Amounts, Capacity, SnapshotState};
pub use webhooks::manage::{NewSecret, OVERLAP_MAX};
