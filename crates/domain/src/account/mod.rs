//! The account: one aggregate, one version, holding its environments and all its cases, notices, measures, orders,
//! holds and appeals, so that an order can never slip in between deciding and committing.
//!
//! [`Account::decide`] answers a [`command::Command`] with events or a refusal; [`Account::apply`] folds an event.

mod ability;
pub mod actor;
mod apply;
mod apply_legal;
mod apply_provision;
pub mod blockers;
mod called;
pub mod case;
pub mod change;
pub mod clearance;
pub mod clock;
pub mod closing;
pub mod command;
pub mod conflict;
pub mod cure;
mod decide;
mod deletion;
pub mod erasure;
pub mod event;
mod gag;
mod guards;
mod hostnames;
pub mod invoice;
mod ladder;
pub mod legal;
pub mod measure;
pub mod moving;
pub mod notice;
pub mod outlook;
pub mod parity;
mod preservation;
mod process;
pub mod provision;
mod refused;
pub mod snapshot;
mod stages;
pub mod standing;
pub mod strike;
pub mod timer;
pub mod told;
pub mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::capability::Capability;
use crate::cluster::Probed;
use crate::hostname::Claim;
use crate::name::{
    AccountId, AppealId, CaseId, ClusterId, EnvironmentId, FeeId, HoldId, Hostname, InvoiceId, MeasureId,
    NoticeId, OrderId, PersonId, RuleId, WebhookId,
};
use crate::plan::{Allowances, Exposure, Plan};
use crate::refusal::Rejected;
use crate::statement::Stationery;
use crate::terms::{Terms, TermsRef};
use crate::text::Words;
use crate::webhook::Endpoint;

pub use crate::environment::Environment;
pub use actor::{Actor, System};
pub use apply::FoldError;
use case::Case;
use change::TermsNotice;
use clearance::Cleared;
use closing::Lifecycle;
pub use command::Command;
use conflict::Conflict;
use erasure::{DeletedEnvironment, EnvironmentDeletion};
pub use event::{Event, Recorded};
use invoice::Invoice;
use legal::{Appeal, Hold, Order};
use measure::Measure;
use moving::Move;
use notice::Notice;
pub use preservation::Kept;
use provision::QuotaRequest;
use snapshot::KeptSnapshots;
use strike::{Fee, Strike};

/// What decisions read of the provider's book: the published terms by reference, who holds which roles, which
/// systems enforce what, what the clusters can do, and what the provider writes again and again.
#[derive(Debug, Clone, Default)]
pub struct Book {
    terms: BTreeMap<TermsRef, Arc<Terms>>,
    roles: BTreeMap<PersonId, BTreeSet<String>>,
    webhooks: BTreeMap<WebhookId, Arc<Endpoint>>,
    clusters: BTreeMap<ClusterId, Arc<Probed>>,
    named: Arc<BTreeSet<ClusterId>>,
    stationery: Arc<Stationery>,
}

impl Book {
    /// Sets the roles that a person of the provider holds from now.
    pub fn set_roles(&mut self, person: PersonId, roles: BTreeSet<String>) {
        self.roles.insert(person, roles);
    }

    /// The roles that a person holds; none for somebody who is not in the book.
    pub fn roles_of(&self, person: &PersonId) -> Option<&BTreeSet<String>> {
        self.roles.get(person)
    }

    /// An endpoint is this from now; with none it is no more.
    pub fn set_webhook(&mut self, webhook: WebhookId, endpoint: Option<Arc<Endpoint>>) {
        match endpoint {
            Some(endpoint) => drop(self.webhooks.insert(webhook, endpoint)),
            None => drop(self.webhooks.remove(&webhook)),
        }
    }

    /// A webhook endpoint.
    pub fn webhook(&self, webhook: &WebhookId) -> Option<&Arc<Endpoint>> {
        self.webhooks.get(webhook)
    }

    /// Every webhook endpoint, in the order of their names.
    pub fn webhooks(&self) -> impl Iterator<Item = (&WebhookId, &Arc<Endpoint>)> {
        self.webhooks.iter()
    }

    /// The endpoint whose system enforces a capability.
    pub fn enforcing(&self, capability: Capability) -> Option<(&WebhookId, &Arc<Endpoint>)> {
        self.webhooks.iter().find(|(_, endpoint)| endpoint.enforces.contains(&capability))
    }

    /// What a cluster was found to be able to do is this from now.
    pub fn set_cluster(&mut self, cluster: ClusterId, probed: Arc<Probed>) {
        self.clusters.insert(cluster, probed);
    }

    /// What a cluster was found to be able to do; none while nobody asked it.
    pub fn cluster(&self, cluster: &ClusterId) -> Option<&Arc<Probed>> {
        self.clusters.get(cluster)
    }

    /// Every cluster that was asked, in the order of their names.
    pub fn clusters(&self) -> impl Iterator<Item = (&ClusterId, &Arc<Probed>)> {
        self.clusters.iter()
    }

    /// Adds a published version.
    pub fn insert(&mut self, reference: TermsRef, terms: Arc<Terms>) {
        self.terms.insert(reference, terms);
    }

    /// The text behind a reference.
    pub fn get(&self, reference: &TermsRef) -> Option<&Arc<Terms>> {
        self.terms.get(reference)
    }

    /// What the provider writes again and again.
    pub fn stationery(&self) -> &Stationery {
        &self.stationery
    }

    /// The clusters that the settings name. The server knows them; they are on no record.
    pub fn set_named(&mut self, named: BTreeSet<ClusterId>) {
        self.named = Arc::new(named);
    }

    /// The clusters that the settings name; none where nothing is provisioned.
    pub fn named(&self) -> impl Iterator<Item = &ClusterId> {
        self.named.iter()
    }

    /// Whether environments may be put on a cluster: where the settings name none, on `main` alone.
    pub fn is_named(&self, cluster: &ClusterId) -> bool {
        self.named.contains(cluster) || self.named.is_empty() && cluster.is_main()
    }

    /// From now on the provider writes this again and again.
    pub fn set_stationery(&mut self, stationery: Arc<Stationery>) {
        self.stationery = stationery;
    }

    /// Every version published, in order of id and version.
    pub fn iter(&self) -> impl Iterator<Item = (&TermsRef, &Arc<Terms>)> {
        self.terms.iter()
    }
}

/// What a decision may know besides the state.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The legal moment.
    pub now: Timestamp,
    /// Who acts.
    pub actor: &'a Actor,
    /// The published terms.
    pub book: &'a Book,
}

/// A secret as the state knows it: never its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// What its values are called.
    pub keys: BTreeSet<String>,
    /// The salted commitment to them. They are kept apart, and nobody reads them but the cluster's side.
    pub values: Words,
    /// When they were set, UTC.
    pub set_at: Timestamp,
}

/// How many refusals of one actor are on the record in the present hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefusalCount {
    hour: i64,
    count: u32,
}

/// An account's state: the fold of its events and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Its slug.
    pub id: AccountId,
    /// How many events made it: the version that an `ETag` shows.
    pub version: u64,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Lifecycle::is_active")]
    pub lifecycle: Lifecycle,
    /// The version of the terms that binds it: the one it accepted, or one it was duly notified of.
    pub terms: TermsRef,
    /// What its plan allows.
    pub plan: Plan,
    /// How much of it its plan lets be reached from outside; none where nobody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Exposure>,
    /// What its plan allows besides amounts; none where nobody said so, and nothing but amounts bounds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowances: Option<Box<Allowances>>,
    /// Its requests for a larger plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quota_requests: Vec<QuotaRequest>,
    /// Its environments.
    pub environments: BTreeMap<EnvironmentId, Environment>,
    /// Its cases, the first with number 1. So for all that follow.
    pub cases: Vec<Case>,
    /// Its notices.
    pub notices: Vec<Notice>,
    /// Its measures.
    pub measures: Vec<Measure>,
    /// Orders about it.
    pub orders: Vec<Order>,
    /// Holds on it.
    pub holds: Vec<Hold>,
    /// Its appeals.
    pub appeals: Vec<Appeal>,
    /// What it was told of new versions of the terms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms_notices: Vec<TermsNotice>,
    /// What it owes and owed, as the billing system says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub invoices: BTreeMap<InvoiceId, Invoice>,
    /// Orders about it that contradict each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// What its terms count against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strikes: Vec<Strike>,
    /// What it was charged for a breach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<Fee>,
    refusals: BTreeMap<Actor, RefusalCount>,
    /// When each rule's match was last put on the record.
    matched: BTreeMap<RuleId, Timestamp>,
    /// Signals that persons found to be false, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleared: Vec<Cleared>,
    /// The environments whose deletion the account asked for, until they are deleted or it ended otherwise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub erasures: BTreeMap<EnvironmentId, EnvironmentDeletion>,
    /// Its snapshots of volumes.
    #[serde(default, skip_serializing_if = "KeptSnapshots::is_none")]
    pub snapshots: KeptSnapshots,
    /// The environments that were deleted, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<DeletedEnvironment>,
    /// The hostnames that it claimed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hostnames: BTreeMap<Hostname, Claim>,
    /// The environments of which something is on two clusters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moves: BTreeMap<EnvironmentId, Move>,
}

macro_rules! lookup {
    ($(#[$doc:meta])* $get:ident, $list:ident, $id:ty, $item:ty, $what:literal) => {
        $(#[$doc])*
        pub fn $get(&self, id: &$id) -> Result<&$item, Rejected> {
            let found = if id.account() == &self.id { self.$list.get(id.number() as usize - 1) } else { None };
            found.ok_or_else(|| Rejected::not_found($what, id))
        }
    };
}

impl Account {
    lookup!(
        /// The case of this id.
        case, cases, CaseId, Case, "case"
    );
    lookup!(
        /// The notice of this id.
        notice, notices, NoticeId, Notice, "notice"
    );
    lookup!(
        /// The measure of this id.
        measure, measures, MeasureId, Measure, "measure"
    );
    lookup!(
        /// The order of this id.
        order, orders, OrderId, Order, "order"
    );
    lookup!(
        /// The hold of this id.
        hold, holds, HoldId, Hold, "hold"
    );
    lookup!(
        /// The appeal of this id.
        appeal, appeals, AppealId, Appeal, "appeal"
    );
    lookup!(
        /// The fee of this id.
        fee, fees, FeeId, Fee, "fee"
    );

    /// The terms this account accepted.
    pub fn accepted<'a>(&self, book: &'a Book) -> Result<&'a Arc<Terms>, Rejected> {
        change::published(&self.terms, book)
    }

    /// The environment of this name.
    pub fn environment(&self, id: &EnvironmentId) -> Result<&Environment, Rejected> {
        self.environments.get(id).ok_or_else(|| Rejected::not_found("environment", id))
    }

    fn next<Id>(&self, made: usize, new: impl Fn(AccountId, u32) -> Id) -> Id {
        new(self.id.clone(), u32::try_from(made + 1).unwrap_or(u32::MAX))
    }
}
