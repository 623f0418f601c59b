//! What is shown of the clusters.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A cluster: whether it answers, what it was found to be able to do, and what can be withheld there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterView {
    /// Its name.
    pub id: String,
    /// `ok`, or `degraded` while it does not answer or was not asked yet.
    pub health: String,
    /// What is the case.
    pub detail: String,
    /// Since when it has answered, or not, as this server saw it; absent while it was not asked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// When it answered last, as this server saw it; absent where it never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_answer: Option<Timestamp>,
    /// What it has and what is promised of it; where only it is read, by the provider's people, and it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<CapacityView>,
    /// What it was found to be able to do; absent while it was not asked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probed: Option<ClusterProbedView>,
    /// What can be withheld there, each capability by itself, by environments and scopes.
    pub offers: Vec<ClusterOfferView>,
}

/// What a cluster has for pods, and what is promised of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CapacityView {
    /// Its nodes.
    pub nodes: u64,
    /// Those of them that are ready and take pods.
    pub ready: u64,
    /// What these have for pods.
    pub allocatable: AmountsView,
    /// The environments that have a quota there.
    pub environments: u64,
    /// What these quotas promise together; more than there is, where the provider promises so.
    pub promised: AmountsView,
    /// Whether everything was counted: of a very large cluster not all is read.
    pub complete: bool,
}

/// Amounts of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AmountsView {
    /// Processor time, in thousandths of a core.
    pub cpu_millis: u64,
    /// Memory, in MiB.
    pub memory_mib: u64,
    /// Pods.
    pub pods: u64,
}

/// What a cluster was found to be able to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is an ability by its own name")]
pub struct ClusterProbedView {
    /// Since when this is on the record.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Its version, such as `v1.33.2`.
    pub version: String,
    /// Whether that is one of the supported versions.
    pub supported: bool,
    /// Whether it calls itself a simulation: then nothing real is withheld there.
    pub simulation: bool,
    /// Whether its jobs can be held by a field of their own.
    pub holds_jobs: bool,
    /// The API version under which it has cron jobs.
    pub cron_jobs: String,
    /// Whether its nodes may be asked what they run.
    pub asks_nodes: bool,
    /// Whether it asks admission webhooks.
    pub webhooks: bool,
    /// Whether the freeze webhook is served for it.
    pub freeze: bool,
    /// Whether network policies are followed, as the provider says: `enforced`, `ignored` or `unknown`.
    pub network_policies: String,
    /// Whether load balancers get addresses, as the provider says: `provided`, `missing` or `unknown`.
    pub load_balancers: String,
    /// Its ingress classes; absent where they may not be listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress_classes: Option<Vec<String>>,
    /// Whether it serves the Gateway API.
    pub gateways: bool,
}

/// Whether a cluster can withhold one capability by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterOfferView {
    /// Which.
    pub capability: String,
    /// In environments of which kind: `managed` or `open`.
    pub environment: String,
    /// From what: an `environment` or a `workload`.
    pub scope: String,
    /// Whether it is offered; where it is not, a measure that needs it is refused when it is proposed.
    pub offered: bool,
    /// The ability that is missing, where it is not offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
}
