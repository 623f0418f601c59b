//! Which versions of a kind the cluster serves. Asked once for each kind that is needed, and again when what was said
//! turns out to be wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube::api::ApiResource;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::error::ClusterError;
use crate::inventory::Kind;
use crate::live::text;
use crate::requests::Requests;

/// From this minor version of Kubernetes 1 on, a job has a field that suspends it.
const SUSPENDS_JOBS: u32 = 22;

/// What was learned of one cluster. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Served(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    versions: BTreeMap<Kind, &'static str>,
    suspends_jobs: Option<bool>,
}

impl Served {
    /// Where the cluster serves a kind: in the newest version that both sides know.
    pub async fn resource(&self, kind: Kind, requests: &Requests) -> Result<ApiResource, ClusterError> {
        let newest = kind.resource();
        if kind.older_versions().is_empty() {
            return Ok(newest);
        }
        let known = self.0.lock().await.versions.get(&kind).copied();
        let version = match known {
            Some(version) => version,
            None => self.learn(kind, &newest, requests).await?,
        };
        Ok(if version.is_empty() {
            newest
        } else {
            ApiResource {
                api_version: format!("{}/{version}", newest.group),
                version: version.to_owned(),
                ..newest
            }
        })
    }

    /// The version that is served: an older one, or nothing for the newest.
    async fn learn(
        &self,
        kind: Kind,
        newest: &ApiResource,
        requests: &Requests,
    ) -> Result<&'static str, ClusterError> {
        for version in [""].iter().chain(kind.older_versions()) {
            let asked = if version.is_empty() { newest.version.as_str() } else { version };
            let path = format!("/apis/{}/{asked}", newest.group);
            let listed = requests.document(&path).await?.unwrap_or_default();
            let resources = listed.get("resources").and_then(Value::as_array);
            if resources.into_iter().flatten().any(|resource| text(resource, "/name") == newest.plural) {
                self.0.lock().await.versions.insert(kind, version);
                return Ok(version);
            }
        }
        Err(ClusterError::NotServed { kind: kind.as_str() })
    }

    /// Forgets what was said of a kind, which the server no longer serves so.
    pub async fn forget(&self, kind: Kind) {
        self.0.lock().await.versions.remove(&kind);
    }

    /// Whether a job can be suspended by its own field.
    pub async fn suspends_jobs(&self, requests: &Requests) -> Result<bool, ClusterError> {
        if let Some(known) = self.0.lock().await.suspends_jobs {
            return Ok(known);
        }
        let said = requests.document("/version").await?.unwrap_or_default();
        let minor = text(&said, "/minor").trim_end_matches('+').parse::<u32>().unwrap_or(0);
        let suspends = minor >= SUSPENDS_JOBS;
        self.0.lock().await.suspends_jobs = Some(suspends);
        Ok(suspends)
    }
}
