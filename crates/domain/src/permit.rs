//! The proof that a measure may be applied now.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::account::erasure::Included;
use crate::account::measure::Approval;
use crate::balancers::Balancers;
use crate::capability::Capability;
use crate::name::{AccountId, ClusterId, EnvironmentId, MeasureId, PersonId};
use crate::scope::Scope;
use crate::throttle::Throttle;

/// The proof, made only by [`crate::account::Account::permit`] from committed state, that a measure may be applied
/// *now*. It has no constructor outside this crate and is never stored or read from anywhere: whoever writes a
/// restriction to a cluster, first application and later repair alike, has the domain mint it afresh.
///
/// ```compile_fail
/// let forged: tenure_domain::permit::Permit = serde_json::from_str("{}").unwrap();
/// ```
#[derive(Debug)]
pub struct Permit {
    pub(crate) account: AccountId,
    pub(crate) measure: MeasureId,
    pub(crate) scope: Scope,
    pub(crate) withholds: BTreeSet<Capability>,
    pub(crate) throttle: Option<Throttle>,
    pub(crate) load_balancers: Balancers,
    pub(crate) pod_grace_seconds: u32,
    pub(crate) keeps: BTreeSet<Scope>,
    pub(crate) minted_at: Timestamp,
}

impl Permit {
    /// Whose account it restricts.
    pub fn account(&self) -> &AccountId {
        &self.account
    }
    /// The measure it applies.
    pub fn measure(&self) -> &MeasureId {
        &self.measure
    }
    /// What it restricts.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
    /// What it withholds.
    pub fn withholds(&self) -> &BTreeSet<Capability> {
        &self.withholds
    }
    /// How much computing time it leaves, where it is throttling.
    pub fn throttle(&self) -> Option<Throttle> {
        self.throttle
    }
    /// What becomes of load balancers within its scope while it is in effect.
    pub fn load_balancers(&self) -> Balancers {
        self.load_balancers
    }
    /// The longest time that a stopped pod is given to end, in seconds.
    pub fn pod_grace_seconds(&self) -> u32 {
        self.pod_grace_seconds
    }
    /// Whether it also keeps what is in this environment from being deleted: because the measure stands in the name of harm
    /// to others, of the law or of an order, or because a hold or an order preserves something of what it restricts there.
    pub fn keeps(&self, environment: &EnvironmentId) -> bool {
        let environment = Scope::Environment(environment.clone());
        self.keeps.iter().any(|scope| scope.touches(&environment))
    }
    /// The legal moment for which it was minted.
    pub fn minted_at(&self) -> Timestamp {
        self.minted_at
    }
}

/// The proof, made only by [`crate::account::Account::deletion_permit`] from committed state, that what the account has
/// may be deleted *now*. Like a [`Permit`] it is never stored or read from anywhere.
///
/// ```compile_fail
/// let forged: tenure_domain::permit::DeletionPermit = serde_json::from_str("{}").unwrap();
/// ```
#[derive(Debug)]
pub struct DeletionPermit {
    pub(crate) account: AccountId,
    pub(crate) measure: MeasureId,
    pub(crate) proposed_by: String,
    pub(crate) consents: Vec<Approval>,
    pub(crate) retrieval_ended: Timestamp,
    pub(crate) erase: ErasePermit,
}

impl DeletionPermit {
    /// Whose data may be deleted.
    pub fn account(&self) -> &AccountId {
        &self.account
    }
    /// The termination that it follows.
    pub fn measure(&self) -> &MeasureId {
        &self.measure
    }
    /// Who proposed the deletion.
    pub fn proposed_by(&self) -> &str {
        &self.proposed_by
    }
    /// Whose consents it rests on.
    pub fn consents(&self) -> &[Approval] {
        &self.consents
    }
    /// When the time to fetch the data ended.
    pub fn retrieval_ended(&self) -> Timestamp {
        self.retrieval_ended
    }
    /// The legal moment for which it was minted.
    pub fn minted_at(&self) -> Timestamp {
        self.erase.minted_at
    }
    /// What it permits in a cluster.
    pub fn erase(&self) -> &ErasePermit {
        &self.erase
    }
}

/// The proof, made only by [`crate::account::Account::environment_deletion_permit`] from committed state, that one
/// environment may be deleted *now* because the account holder asked. Never stored or read from anywhere.
#[derive(Debug)]
pub struct EnvironmentDeletionPermit {
    pub(crate) asked_by: PersonId,
    pub(crate) asked_at: Timestamp,
    pub(crate) erase: ErasePermit,
}

impl EnvironmentDeletionPermit {
    /// The member who asked.
    pub fn asked_by(&self) -> &PersonId {
        &self.asked_by
    }
    /// When.
    pub fn asked_at(&self) -> Timestamp {
        self.asked_at
    }
    /// What it permits in a cluster.
    pub fn erase(&self) -> &ErasePermit {
        &self.erase
    }
}

/// The proof, made only by [`crate::account::Account::removal_permit`] from committed state, that what an environment has on a
/// cluster which it does not live on may be removed *now*: because it has moved, or because its move was cancelled. Nothing
/// that persists goes with that. Never stored or read from anywhere.
///
/// ```compile_fail
/// let forged: tenure_domain::permit::RemovalPermit = serde_json::from_str("{}").unwrap();
/// ```
#[derive(Debug)]
pub struct RemovalPermit {
    pub(crate) cluster: ClusterId,
    pub(crate) erase: ErasePermit,
}

impl RemovalPermit {
    /// The cluster from which it may be removed.
    pub fn cluster(&self) -> &ClusterId {
        &self.cluster
    }
    /// What it permits there.
    pub fn erase(&self) -> &ErasePermit {
        &self.erase
    }
}

/// What alone lets something be deleted in a cluster. It is a part of a [`DeletionPermit`], of an
/// [`EnvironmentDeletionPermit`] or of a [`RemovalPermit`], has no other constructor, and is never stored or read from anywhere.
///
/// ```compile_fail
/// let forged: tenure_domain::permit::ErasePermit = serde_json::from_str("{}").unwrap();
/// ```
#[derive(Debug)]
pub struct ErasePermit {
    pub(crate) account: AccountId,
    pub(crate) environment: Option<EnvironmentId>,
    pub(crate) including: Vec<Included>,
    pub(crate) spares_data: bool,
    pub(crate) minted_at: Timestamp,
}

impl ErasePermit {
    /// Whose.
    pub fn account(&self) -> &AccountId {
        &self.account
    }
    /// Whether it permits the deletion of this environment.
    pub fn covers(&self, environment: &EnvironmentId) -> bool {
        self.environment.as_ref().is_none_or(|only| only == environment)
    }
    /// Whether what keeps data stays, volumes and snapshots: where there are any, nothing is deleted.
    pub fn spares_data(&self) -> bool {
        self.spares_data
    }
    /// Whether people decided that this object, which is none of ours, goes with the environment.
    pub fn includes(&self, environment: &EnvironmentId, uid: &str) -> bool {
        self.including.iter().any(|one| &one.environment == environment && one.uid == uid)
    }
    /// The legal moment for which it was minted.
    pub fn minted_at(&self) -> Timestamp {
        self.minted_at
    }
}
