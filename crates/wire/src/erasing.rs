//! Deleting and rehearsing: what goes with an environment, what would stand in the way, and what a stop would do.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::name::EnvironmentId;
use tenure_domain::scope::Scope;
use utoipa::{IntoParams, ToSchema};

use crate::schema::{ScopeName, Slug, Text};

/// An object in an environment that Tenure did not make, and that goes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Included {
    /// Where it is.
    #[schema(value_type = Slug)]
    pub environment: EnvironmentId,
    /// What it is, as the preflight names it.
    #[schema(min_length = 1, max_length = 200, example = "ConfigMap/settings")]
    pub object: String,
    /// Its UID: another object of its name is not meant.
    #[schema(min_length = 1, max_length = 64, example = "6f2c1f0e-8a57-4b8e-9c0b-0e2d6a0d5f11")]
    pub uid: String,
}

/// Proposes to delete what an account has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProposeDeletion {
    /// Why.
    #[schema(value_type = Text)]
    pub why: String,
    /// What is in the environments and none of Tenure's, and goes with them: the preflight's `foreign`. Nothing is
    /// deleted while something is there that is not named here.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub including: Vec<Included>,
}

/// Asks that an environment be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteEnvironment {
    /// The environment's name once more.
    #[schema(max_length = 63, example = "web")]
    pub confirm: String,
    /// Why.
    #[schema(value_type = Text)]
    pub why: String,
    /// What is in it and none of Tenure's, and goes with it.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub including: Vec<Included>,
}

/// An object in an environment that Tenure did not make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForeignView {
    /// What it is: `ConfigMap/settings`.
    pub object: String,
    /// Its UID.
    pub uid: String,
}

/// The deletion of an environment that the account asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentDeletionView {
    /// The member who asked.
    pub asked_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub asked_at: Timestamp,
    /// Until when it can be taken back with nothing lost.
    #[schema(value_type = String, format = DateTime)]
    pub due: Timestamp,
    /// When it was begun; from then on something may be gone.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub begun: Option<Timestamp>,
}

/// How far the deletion of an environment is that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletingView {
    /// What is still missing.
    pub pending: String,
    /// What is in it and none of Tenure's: somebody decides, and nothing is deleted before.
    #[serde(default)]
    pub foreign: Vec<ForeignView>,
}

/// What a deletion would meet, by environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletionPreflightView {
    /// Whether this server has a cluster; without one nothing is looked at.
    pub cluster: bool,
    /// What was found in each environment.
    pub environments: BTreeMap<String, PreflightView>,
    /// The environments that could not be looked at, and why.
    pub unseen: BTreeMap<String, String>,
}

/// What the deletion of one environment would delete, and what would stand in its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreflightView {
    /// The namespace's UID; none where there is nothing to delete.
    pub namespace_uid: Option<String>,
    /// The objects that would be deleted, with their UIDs.
    pub objects: BTreeMap<String, String>,
    /// Its volumes, with what becomes of the storage: `Delete`, or `Retain` where whoever runs it has to.
    pub volumes: BTreeMap<String, String>,
    /// The pods that run now.
    pub pods: u32,
    /// What is there and none of Tenure's: to be removed, or named in the proposal.
    pub foreign: Vec<ForeignView>,
    /// What would block it.
    pub blockers: Vec<DeletionBlocker>,
}

/// Something that would block a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletionBlocker {
    /// `unknown`, `finalizer`, `webhook`, `refused` or `unseen`.
    pub blocks: String,
    /// What: an object, a kind or a webhook.
    pub object: String,
    /// More of it.
    pub detail: String,
}

/// Which measure is supposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RehearsalQuery {
    /// From what: `account`, `environment/NAME` or `workload/ENVIRONMENT/NAME`.
    #[param(value_type = ScopeName)]
    pub scope: Scope,
    /// What would be withheld: capabilities, separated by commas.
    #[param(min_length = 1, max_length = 200, example = "compute,ingress")]
    pub withholds: String,
}

/// What a stop would do, and what its end would, by environment. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RehearsalView {
    /// Whether this server has a cluster; without one nothing is looked at.
    pub cluster: bool,
    /// What would happen in each environment.
    pub environments: BTreeMap<String, RehearsedView>,
    /// The environments that could not be looked at, and why.
    pub unseen: BTreeMap<String, String>,
}

/// What would happen in one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RehearsedView {
    /// The stop; none where the measure is in effect already, and where nothing was made yet.
    pub stop: Option<RehearsedStop>,
    /// Its end.
    pub lift: RehearsedLift,
}

/// What a stop would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RehearsedStop {
    /// Every write, in order, with what the cluster says of it.
    pub writes: Vec<PlannedWrite>,
    /// The pods that end, and what is lost with each.
    pub pods: Vec<PodLossView>,
    /// The volumes that are kept from being deleted with their claims, with their policies now.
    pub volumes: Vec<VolumePolicyView>,
    /// The jobs and cron jobs that make no pods meanwhile.
    pub jobs: Vec<String>,
    /// The load balancers that give their addresses up, with these: they may have others afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub load_balancers: Vec<String>,
}

/// What the end of a stop would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RehearsedLift {
    /// Every write, in order, with what the cluster says of it; none before the measure is in effect, as nobody can be
    /// asked then.
    pub writes: Vec<PlannedWrite>,
    /// The measures that go on withholding something there.
    pub still_withheld_by: BTreeSet<String>,
    /// The volumes, with the policies that they get back.
    pub volumes: Vec<VolumePolicyView>,
    /// The ready pods of each workload that are waited for.
    pub ready: BTreeMap<String, u32>,
    /// What is not as it was before the stop, and is left to a person.
    pub differences: Vec<String>,
}

/// A write that was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedWrite {
    /// `create`, `apply`, `replace`, `change` or `delete`.
    pub verb: String,
    /// To which object.
    pub object: String,
    /// Whether it is not there yet.
    pub new: bool,
    /// Why the cluster would refuse it, if it would.
    pub refused: Option<String>,
}

/// A pod that ends, and what is lost with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodLossView {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: String,
    /// The node it runs on.
    pub node: Option<String>,
    /// What is lost with it.
    pub losses: Vec<String>,
}

/// A volume and what becomes of it when its claim is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VolumePolicyView {
    /// The claim.
    pub claim: String,
    /// The volume bound to it.
    pub volume: String,
    /// `Delete`, `Retain` or `Recycle`.
    pub reclaim_policy: String,
}
