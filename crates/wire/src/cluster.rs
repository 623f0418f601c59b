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
    /// What it was found to be able to do; absent while it was not asked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probed: Option<ClusterProbedView>,
    /// What can be withheld there, each capability by itself, by environments and scopes.
    pub offers: Vec<ClusterOfferView>,
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
