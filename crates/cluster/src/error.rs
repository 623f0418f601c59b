//! What can go wrong with a cluster, and what to do then.

use std::time::Duration;

use tenure_domain::name::{AccountId, WorkloadId};

/// Why a pass over an environment could not be finished. What was begun is in the kept memory; the next pass goes on.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No client can be made of the kubeconfig.
    #[error("the kubeconfig cannot be used: {0}; check its path, its current context and its credentials")]
    Kubeconfig(String),
    /// A request was not answered in time.
    #[error("{doing}: no answer within {} s; check that the cluster can be reached", .limit.as_secs())]
    TimedOut {
        /// What was being done.
        doing: String,
        /// How long was waited.
        limit: Duration,
    },
    /// A request failed or was refused.
    #[error("{doing}: {source}")]
    Request {
        /// What was being done.
        doing: String,
        /// What the cluster or the connection said.
        source: Box<kube::Error>,
    },
    /// An answer is not what the API promises.
    #[error("{doing}: the answer cannot be read: {detail}")]
    Answer {
        /// What was being done.
        doing: String,
        /// What is wrong with it.
        detail: String,
    },
    /// A namespace of that name exists which we did not make, or not the one we made.
    #[error(
        "namespace {name} (uid {found}) is not ours{}: nothing in it was touched; remove it or rename the environment",
        .known.as_ref().map(|uid| format!(", ours had uid {uid}")).unwrap_or_default()
    )]
    ForeignNamespace {
        /// Its name.
        name: String,
        /// The UID of the one that exists.
        found: String,
        /// The UID of the one we made, if we made one.
        known: Option<String>,
    },
    /// The namespace we made was deleted, with everything in it. Making it anew would hide that loss.
    #[error(
        "namespace {name} (uid {uid}) was deleted by someone else; its contents are lost. To begin again empty, forget the environment's memory"
    )]
    NamespaceGone {
        /// Its name.
        name: String,
        /// The UID that it had.
        uid: String,
    },
    /// The namespace that was to be imported is not the one that was decided on, or cannot be taken. Nothing in it was
    /// touched.
    #[error("namespace {name} cannot be imported, and nothing in it was touched: {}", .why.join("; "))]
    NotImported {
        /// Its name.
        name: String,
        /// Everything that stands in the way.
        why: Vec<String>,
    },
    /// The namespace is being deleted.
    #[error("namespace {name} is being deleted; nothing can be made in it until that has ended")]
    NamespaceEnding {
        /// Its name.
        name: String,
    },
    /// A permit of one account was given for an environment of another.
    #[error("a permit of the account {permit} cannot restrict the account {account}")]
    ForeignPermit {
        /// Whose permit it is.
        permit: AccountId,
        /// Whose environment it was given for.
        account: AccountId,
    },
    /// A permit to delete was given for something that it does not cover.
    #[error("a permit to delete of the account {permit} does not cover {namespace}")]
    ForeignErasure {
        /// Whose permit it is.
        permit: AccountId,
        /// The namespace that it was given for.
        namespace: String,
    },
    /// A workload that should have been refused when it was declared.
    #[error("the workload {workload} cannot be rendered: {detail}")]
    Workload {
        /// Which.
        workload: WorkloadId,
        /// What is wrong with it.
        detail: String,
    },
    /// The cluster serves no version of a kind that is known here.
    #[error("this cluster serves no {kind}: declare the workload without it")]
    NotServed {
        /// The kind.
        kind: &'static str,
    },
    /// The memory was written by a newer build.
    #[error("the environment's memory has version {0}, which this build does not know: use the newer build")]
    Memory(u32),
    /// The memory could not be kept, so what needs it was not begun.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

/// Why a memory could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("the environment's memory cannot be kept: {0}")]
pub struct KeepError(pub String);

impl ClusterError {
    /// The HTTP status with which the cluster refused, where it answered.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Request { source, .. } => match source.as_ref() {
                kube::Error::Api(status) => Some(status.code),
                _ => None,
            },
            _ => None,
        }
    }

    /// The name of the admission webhook that refused a write, or could not be asked whether it does.
    pub fn vetoed_by(&self) -> Option<&str> {
        let said = self.refusal()?;
        let named = ["admission webhook \"", "calling webhook \"", "calling admission webhook \""];
        let after = named.iter().find_map(|before| said.split_once(before))?.1;
        after.split_once('"').map(|(name, _)| name)
    }

    /// What may be told to a tenant who asked: what the cluster said, without where it is.
    pub fn told(&self) -> &str {
        self.refusal().unwrap_or("it gives no answer that can be read")
    }

    /// Whether this says something of the one object that was written, so that others can be gone on with: a refusal, an
    /// answer that makes no sense, or none.
    pub(crate) fn is_of_one_object(&self) -> bool {
        match self {
            Self::Request { source, .. } => {
                matches!(source.as_ref(), kube::Error::Api(_) | kube::Error::SerdeError(_))
            }
            Self::Answer { .. } | Self::NotServed { .. } | Self::TimedOut { .. } => true,
            _ => false,
        }
    }

    /// Whether it stays until the declaration or the cluster changes.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self.code(), Some(400 | 403 | 405 | 413 | 422)) || matches!(self, Self::NotServed { .. })
    }

    /// What the cluster said when it refused, where it answered.
    pub(crate) fn refusal(&self) -> Option<&str> {
        match self {
            Self::Request { source, .. } => match source.as_ref() {
                kube::Error::Api(status) => Some(&status.message),
                _ => None,
            },
            _ => None,
        }
    }
}
