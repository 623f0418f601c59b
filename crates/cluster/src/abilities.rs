//! What a cluster is and can do, as far as it was asked.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenure_domain::cluster::{CLASSES_MAX, Found, LoadBalancers, NetworkPolicies};

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
#[expect(clippy::struct_excessive_bools, reason = "each is an ability by its own name")]
pub struct Abilities {
    /// Its version, such as `v1.33.2`.
    pub version: String,
    /// Whether that is one of the supported versions, 1.33 to 1.37.
    pub is_supported: bool,
    /// Whether it calls itself a simulation.
    pub is_simulation: bool,
    /// Whether its network plugin enforces network policies; nothing where nobody said so, as its API does not tell.
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
    /// Whether it asks admission webhooks.
    #[serde(default)]
    pub webhooks: bool,
    /// Whether a freeze webhook is served for it.
    #[serde(default)]
    pub freeze: bool,
    /// Whether load balancers get addresses there, as the provider says.
    #[serde(default)]
    pub load_balancers: LoadBalancers,
    /// Its ingress classes; nothing where it has no such kind, or they may not be listed.
    #[serde(default)]
    pub ingress_classes: Option<BTreeSet<String>>,
    /// Whether it serves the Gateway API.
    #[serde(default)]
    pub gateways: bool,
}

/// What the provider says of a cluster, as its API does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Said {
    /// Whether its network plugin follows network policies.
    pub network_policies: NetworkPolicies,
    /// Whether its load balancers get addresses.
    pub load_balancers: LoadBalancers,
}

impl Abilities {
    pub(crate) fn seen(self) -> ClusterSeen {
        ClusterSeen { version: self.version, simulation: self.is_simulation }
    }

    /// As it goes on the record.
    pub fn found(&self) -> Found {
        Found {
            version: self.version.clone(),
            supported: self.is_supported,
            simulation: self.is_simulation,
            holds_jobs: self.holds_jobs,
            cron_jobs: self.cron_jobs.clone().unwrap_or_default(),
            asks_nodes: self.asks_nodes == Some(true),
            webhooks: self.webhooks,
            freeze: self.freeze,
            network_policies: match self.enforces_network_policies {
                Some(true) => NetworkPolicies::Enforced,
                Some(false) => NetworkPolicies::Ignored,
                None => NetworkPolicies::Unknown,
            },
            load_balancers: self.load_balancers,
            ingress_classes: self.ingress_classes.clone(),
            gateways: self.gateways,
        }
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
            None => all.push(
                "whether network policies are enforced was not said (cluster.networkPolicies)".to_owned(),
            ),
        }
        all.join("; ")
    }
}

/// Asks everything that is asked.
pub(crate) async fn probe(requests: &Requests) -> Result<Abilities, ClusterError> {
    let (mut abilities, _) = version(requests).await?;
    abilities.cron_jobs = Some(format!("batch/{}", cron_job_version(requests).await?));
    abilities.asks_nodes = Some(requests.may("get", "nodes", "proxy").await?);
    abilities.webhooks =
        serves(requests, "admissionregistration.k8s.io/v1", "validatingwebhookconfigurations").await?;
    abilities.freeze = requests.freezes().is_some();
    abilities.ingress_classes = ingress_classes(requests).await?;
    abilities.gateways = serves(requests, "gateway.networking.k8s.io/v1", "gateways").await?;
    let said = requests.said();
    abilities.load_balancers = said.load_balancers;
    abilities.enforces_network_policies = match said.network_policies {
        NetworkPolicies::Enforced => Some(true),
        NetworkPolicies::Ignored => Some(false),
        NetworkPolicies::Unknown => None,
    };
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
        webhooks: false,
        freeze: false,
        load_balancers: LoadBalancers::Unknown,
        ingress_classes: None,
        gateways: false,
    };
    Ok((abilities, now))
}

/// Whether a kind, by its plural, is served in a version of a group.
async fn serves(requests: &Requests, version: &str, plural: &str) -> Result<bool, ClusterError> {
    let found = requests.document(&format!("/apis/{version}")).await?.unwrap_or_default();
    let resources = found.get("resources").and_then(Value::as_array);
    Ok(resources.into_iter().flatten().any(|resource| text(resource, "/name") == plural))
}

/// The names of the ingress classes, the first of them; nothing where they may not be listed.
async fn ingress_classes(requests: &Requests) -> Result<Option<BTreeSet<String>>, ClusterError> {
    let path = "/apis/networking.k8s.io/v1/ingressclasses";
    let found = match requests.document(path).await {
        Ok(found) => found,
        Err(error) if error.code() == Some(403) => None,
        Err(error) => return Err(error),
    };
    let Some(found) = found else { return Ok(None) };
    let items = found.get("items").and_then(Value::as_array).into_iter().flatten();
    let names: BTreeSet<String> = items.map(|class| text(class, "/metadata/name").to_owned()).collect();
    Ok(Some(names.into_iter().take(CLASSES_MAX).collect()))
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
            webhooks: true,
            freeze: true,
            load_balancers: tenure_domain::cluster::LoadBalancers::Provided,
            ingress_classes: None,
            gateways: false,
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
        for part in
            ["v1.20.2", "1.33 to 1.37", "hold", "older version", "nodes/proxy", "cluster.networkPolicies"]
        {
            assert!(said.contains(part), "{part} is missing in {said}");
        }
    }
}
