//! Hostnames that an account claims.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::name::Hostname;
use utoipa::ToSchema;

use crate::schema::HostnameText;

/// Claims a hostname.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimHostname {
    /// The name.
    #[schema(value_type = HostnameText)]
    pub hostname: Hostname,
}

/// What proves that a hostname is the account's: a text that answers at a URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChallengeView {
    /// Where it is asked for: always in plain HTTP on port 80. Redirects are followed.
    pub url: String,
    /// What is to answer there with the status 200, and nothing else but white space at its end.
    pub text: String,
}

/// A hostname that an account has claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HostnameView {
    /// The name.
    pub hostname: String,
    /// `claimed` while it waits for its proof, `proved`, or `lapsed` where none came in time.
    pub state: String,
    /// When it was claimed.
    #[schema(value_type = String, format = DateTime)]
    pub claimed_at: Timestamp,
    /// Until when it waits for its proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub lapses_at: Option<Timestamp>,
    /// How it is proved, while it waits for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeView>,
    /// Since when it is proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub proved_at: Option<Timestamp>,
    /// When it lapsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub lapsed_at: Option<Timestamp>,
    /// The workload that declares it, as `ENVIRONMENT/WORKLOAD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
}
