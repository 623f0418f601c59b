//! What the engine answers when it does not do something.

use jiff::Timestamp;
use tenure_access::Denied;
use tenure_domain::refusal::Rejected;

use crate::anchor::AnchorError;
use crate::continuity::LogRefusal;
use crate::entropy::EntropyError;
use tenure_store::StoreError;

/// Why something was not done. Nothing was changed, except that a refused decision about an account stands on the record.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The principal may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The domain rejected it.
    #[error("rejected")]
    Rejected(Rejected),
    /// The aggregate is at another version than the caller thinks.
    #[error("it is at version {actual}, not {expected}: read it again")]
    Stale {
        /// The version that the caller named.
        expected: u64,
        /// The version it is at.
        actual: u64,
    },
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request: use a fresh key for each request")]
    KeyReused,
    /// A reporter brought in as much as is taken within a day.
    #[error("{most} {what} are taken from one reporter within a day: go on at {until}")]
    TooMuch {
        /// What was too much: reports, or bytes of evidence.
        what: &'static str,
        /// How much is taken.
        most: i64,
        /// When the next day begins, in legal time.
        until: Timestamp,
        /// How long that is from now, in seconds.
        seconds: u64,
    },
    /// The store failed.
    #[error("the store failed: nothing was done; try again")]
    Store(#[from] StoreError),
    /// The database does not continue the log that was signed.
    #[error(transparent)]
    Log(#[from] LogRefusal),
    /// The anchor does not answer.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The cluster does not give what was asked of it; where it said why, that.
    #[error("the cluster does not give that now: {0}")]
    Cluster(String),
    /// The engine is stopping.
    #[error("the server is stopping: nothing was done; try again")]
    Stopping,
    /// Another process leads: only the leader does this.
    #[error("another process leads: only the leader does this")]
    NotLeading,
    /// Legal time was moved, and not everything settled in time.
    #[error("not quiet after {seconds} s: {what}")]
    NotQuiet {
        /// How long was waited, in seconds.
        seconds: u64,
        /// What is still under way.
        what: String,
    },
    /// The record or a stored state is not what this program writes.
    #[error("{what}: {detail}")]
    Defect {
        /// Where.
        what: String,
        /// What is wrong.
        detail: String,
    },
}

impl EngineError {
    pub(crate) fn defect(what: &str, detail: &dyn std::fmt::Display) -> Self {
        Self::Defect { what: what.to_owned(), detail: detail.to_string() }
    }
}

impl From<Rejected> for EngineError {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}
