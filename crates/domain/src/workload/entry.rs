//! How visitors come to a workload by its hostnames.

use serde::{Deserialize, Serialize};

/// What the cluster's entry for the hostnames of a workload is to be like.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// The class of the ingress; none for the only one that the plan allows, or the cluster's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Whether a certificate is asked for, so that visitors come by HTTPS.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tls: bool,
}
