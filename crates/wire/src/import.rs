//! Taking namespaces that are there as open environments: what a look at one tells, and the decision.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::import::Concern;
use tenure_domain::name::{EnvironmentId, Namespace, Uid};
use utoipa::{IntoParams, ToSchema};

use crate::erasing::PlannedWrite;
use crate::request::{Plan, whole};
use crate::schema::{ConcernName, NamespaceName, ObjectUid, Slug};

/// Which namespace is looked at, and what its share of the account's plan would be; what is left out is all that is left of
/// the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportPreflightQuery {
    /// The namespace's name in the cluster.
    #[param(value_type = NamespaceName)]
    pub namespace: Namespace,
    /// Thousandths of a CPU.
    pub cpu_millis: Option<u32>,
    /// MiB of memory.
    pub memory_mib: Option<u32>,
    /// MiB of volumes.
    pub storage_mib: Option<u32>,
    /// Pods.
    pub pods: Option<u32>,
    /// Services of type `LoadBalancer`.
    pub load_balancers: Option<u32>,
}

/// Takes a namespace as an open environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportEnvironment {
    /// The slug that the environment gets.
    #[schema(value_type = Slug)]
    pub environment: EnvironmentId,
    /// The namespace, which keeps its name.
    #[schema(value_type = NamespaceName)]
    pub namespace: Namespace,
    /// Its UID, as the preflight told it: another namespace of its name is not meant.
    #[schema(value_type = ObjectUid)]
    pub uid: Uid,
    /// The environment's share of the account's plan.
    pub plan: Plan,
    /// Services of type `LoadBalancer`.
    #[serde(default, deserialize_with = "whole")]
    pub load_balancers: u32,
    /// Hostnames.
    #[serde(default, deserialize_with = "whole")]
    pub hostnames: u32,
    /// What may be found there: each of the preflight's `concerns` has to be named.
    #[serde(default)]
    #[schema(value_type = Vec<ConcernName>, max_items = 8)]
    pub accept: Vec<Concern>,
}

/// What an import would find and do. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportPreflightView {
    /// Whether this server has a cluster; without one nothing is looked at.
    #[serde(default)]
    pub cluster: bool,
    /// The namespace.
    pub namespace: String,
    /// Its UID, by which it is imported; none where there is no such namespace.
    pub namespace_uid: Option<String>,
    /// Why it cannot be imported, each.
    pub obstacles: Vec<String>,
    /// What has to be accepted, with the objects that are concerned: `over_share`, `pod_security`, `default_deny`,
    /// `openings`, `bounds`, `rights`, `bare_pods`, `unseen`.
    pub concerns: BTreeMap<String, Vec<String>>,
    /// How many objects of each kind are there.
    pub contents: BTreeMap<String, u32>,
    /// The pods that have not ended: none is touched.
    pub pods: Vec<PodThereView>,
    /// What is used, as the quota would count it.
    pub used: UsedView,
    /// The Pod Security level that the namespace has, and the one that it would have.
    pub pod_security: PodSecurityView,
    /// Every write, in order, with what the cluster says of it. None is of anything that runs or makes pods, so that nothing
    /// restarts.
    pub writes: Vec<PlannedWrite>,
}

/// A pod that runs there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodThereView {
    /// Its UID.
    pub uid: String,
    /// Its name.
    pub name: String,
    /// When its node took it up.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started: Option<Timestamp>,
    /// How often its containers were started again.
    pub restarts: u32,
    /// What made it; none where nothing makes it again.
    pub owner: Option<String>,
}

/// What is used, rounded up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsedView {
    /// Thousandths of a CPU.
    pub cpu_millis: u32,
    /// MiB of memory.
    pub memory_mib: u32,
    /// MiB of volumes.
    pub storage_mib: u32,
    /// Pods that have not ended.
    pub pods: u32,
    /// Services of type `LoadBalancer`.
    pub load_balancers: u32,
    /// Services of type `NodePort`.
    pub node_ports: u32,
}

/// The Pod Security level of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodSecurityView {
    /// Now; none where nobody said so.
    pub now: Option<String>,
    /// After the import.
    pub then: String,
}

/// Where an imported environment comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedView {
    /// The UID of the namespace that was decided on.
    pub namespace_uid: String,
    /// When it was seen to be taken; none before.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub adopted_at: Option<Timestamp>,
}
