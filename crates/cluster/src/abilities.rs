//! What a cluster is and can do, as far as it was asked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ClusterError;
use crate::live::text;
use crate::report::ClusterSeen;
use crate::requests::Requests;

/// The minor versions of Kubernetes 1 that are supported.
const SUPPORTED: std::ops::RangeInclusive<u32> = 33..=37;

/// The first minor version of Kubernetes 1 whose jobs have the field `suspend` without being asked for it.
const HOLDS_JOBS: u32 = 22;

/// What a cluster is and can do, as far as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Abilities {
    /// Its version, such as `v1.33.2`.
    pub version: String,
    /// Whether that is one of the supported versions, 1.33 to 1.37.
    pub is_supported: bool,
    /// Whether it calls itself a simulation.
    pub is_simulation: bool,
    /// Whether its network plugin enforces network policies; nothing while that was not probed.
    pub enforces_network_policies: Option<bool>,
    /// Whether its jobs can be held by a field of their own.
    #[serde(default)]
    pub holds_jobs: bool,
    /// The API version under which it has cron jobs; nothing while that was not asked.
    #[serde(default)]
    pub cron_jobs: Option<String>,
    /// Whether we may ask its nodes what they run; nothing while that was not asked.
    #[serde(default)]
    pub asks_nodes: Option<bool>,
}

impl Abilities {
    pub(crate) fn seen(self) -> ClusterSeen {
        ClusterSeen { version: self.version, simulation: self.is_simulation }
    }

    /// For people who operate it: the version, and what it cannot do or was not asked, each with what follows.
    pub fn described(&self) -> String {
        let mut all = vec![self.version.clone()];
        if !self.is_supported && !self.is_simulation {
            all.push("not among the supported versions, 1.33 to 1.37".to_owned());
        }
        if !self.holds_jobs {
            all.push(
                "jobs have no field to hold them: a stop ends their pods, and they begin anew".to_owned(),
            );
        }
        if self.cron_jobs.as_deref().is_some_and(|version| version != "batch/v1") {
            all.push("cron jobs are an older version's".to_owned());
        }
        if self.asks_nodes == Some(false) {
            all.push(
                "nodes may not be asked what they run (get nodes/proxy): a stop goes by the record of pods"
                    .to_owned(),
            );
        }
        match self.enforces_network_policies {
            Some(true) => {}
            Some(false) => all.push("network policies are stored and not enforced".to_owned()),
            None => all.push("whether network policies are enforced was not probed".to_owned()),
        }
        all.join("; ")
    }
}

/// Asks everything that is asked.
pub(crate) async fn probe(requests: &Requests) -> Result<Abilities, ClusterError> {
    let (mut abilities, _) = version(requests).await?;
    abilities.cron_jobs = Some(format!("batch/{}", cron_job_version(requests).await?));
    abilities.asks_nodes = Some(requests.may("get", "nodes", "proxy").await?);
    Ok(abilities)
}

/// Asks what the cluster is, and what its clock says.
pub(crate) async fn version(requests: &Requests) -> Result<(Abilities, Option<Timestamp>), ClusterError> {
    let (said, now) = requests.dated("/version").await?;
    let version = text(&said, "/gitVersion").to_owned();
    if version.is_empty() {
        let detail = "it names no version".to_owned();
        return Err(ClusterError::Answer { doing: "reading /version".to_owned(), detail });
    }
    let digits = |pointer| text(&said, pointer).trim_end_matches('+').parse::<u32>().unwrap_or(0);
    let (major, minor) = (digits("/major"), digits("/minor"));
    let abilities = Abilities {
        is_supported: major == 1 && SUPPORTED.contains(&minor),
        is_simulation: version.contains("kubesim") || version.contains("simulat"),
        version,
        enforces_network_policies: None,
        holds_jobs: major > 1 || minor >= HOLDS_JOBS,
        cron_jobs: None,
        asks_nodes: None,
    };
    Ok((abilities, now))
}

/// The newest version under which the server has cron jobs: `v1` from 1.21, `v1beta1` before.
pub(crate) async fn cron_job_version(requests: &Requests) -> Result<&'static str, ClusterError> {
    let found = requests.document("/apis/batch/v1").await?.unwrap_or_default();
    let resources = found.get("resources").and_then(Value::as_array);
    let has = resources.into_iter().flatten().any(|resource| text(resource, "/name") == "cronjobs");
    Ok(if has { "v1" } else { "v1beta1" })
}

#[cfg(test)]
mod tests {
    use super::Abilities;

    #[test]
    fn what_a_cluster_cannot_do_is_described_with_what_follows() {
        let new = Abilities {
            version: "v1.33.2".to_owned(),
            is_supported: true,
            is_simulation: false,
            enforces_network_policies: Some(true),
            holds_jobs: true,
            cron_jobs: Some("batch/v1".to_owned()),
            asks_nodes: Some(true),
        };
        assert_eq!(new.described(), "v1.33.2");
        let old = Abilities {
            version: "v1.20.2".to_owned(),
            is_supported: false,
            holds_jobs: false,
            cron_jobs: Some("batch/v1beta1".to_owned()),
            asks_nodes: Some(false),
            enforces_network_policies: None,
            ..new
        };
        let said = old.described();
        for part in ["v1.20.2", "1.33 to 1.37", "hold", "older version", "nodes/proxy", "not probed"] {
            assert!(said.contains(part), "{part} is missing in {said}");
        }
    }
}
