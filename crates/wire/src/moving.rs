//! Moves of environments to other clusters.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::name::ClusterId;
use utoipa::ToSchema;

use crate::schema::{Slug, Text};

/// `POST …/environments/{environment}/move`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoveEnvironment {
    /// The cluster that it is to live on, by its name.
    #[schema(value_type = Slug)]
    pub cluster: ClusterId,
    /// Why.
    #[schema(value_type = Text)]
    pub why: String,
}

/// The move of an environment, while something of it is on two clusters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MovingView {
    /// How far it is: `making` while it is made on the other cluster, `moved` while what it left there is removed, `cancelled` while
    /// what was made there is removed.
    pub state: String,
    /// The cluster that it moves from.
    pub from: String,
    /// The cluster that it moves to.
    pub to: String,
    /// Since when, UTC.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Who decided on it.
    pub by: String,
    /// Why; none where the words were erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it waits for, as the last look told; none while nothing was told. Only where one environment is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
}
