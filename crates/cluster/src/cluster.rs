//! The connection to one cluster.

use std::path::Path;
use std::time::Duration;

use futures_util::Stream;
use jiff::Timestamp;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::{Deserialize, Serialize};
use tenure_domain::permit::Permit;
use tenure_domain::scope::Scope;

use crate::before;
use crate::environment::Environment;
use crate::error::ClusterError;
use crate::live::text;
use crate::memory::{Keep, Memory};
use crate::pass;
use crate::report::{ClusterSeen, Observation, PodLost};
use crate::requests::Requests;
use crate::served::Served;
use crate::watch;

/// How long one request may take.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// The minor versions of Kubernetes 1 that are supported.
const SUPPORTED: std::ops::RangeInclusive<u32> = 33..=37;

/// One cluster. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    limit: Duration,
    served: Served,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("limit", &self.limit).finish_non_exhaustive()
    }
}

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
}

impl Abilities {
    pub(crate) fn seen(self) -> ClusterSeen {
        ClusterSeen { version: self.version, simulation: self.is_simulation }
    }
}

impl Cluster {
    /// The cluster of a kubeconfig file: the given one, else the one that `KUBECONFIG` or the home folder names; of
    /// its given context, else its current one. The process must have installed a rustls crypto provider.
    pub async fn from_kubeconfig(path: Option<&Path>, context: Option<&str>) -> Result<Self, ClusterError> {
        let read = match path {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        Self::connect(read.map_err(|e| ClusterError::Kubeconfig(e.to_string()))?, context).await
    }

    /// The cluster that this process runs in, by the service account that it was given.
    pub fn in_cluster() -> Result<Self, ClusterError> {
        let config = Config::incluster().map_err(|e| ClusterError::Kubeconfig(e.to_string()))?;
        Self::with(config)
    }

    /// The cluster of a kubeconfig's text.
    pub async fn from_kubeconfig_text(yaml: &str) -> Result<Self, ClusterError> {
        let read = Kubeconfig::from_yaml(yaml).map_err(|e| ClusterError::Kubeconfig(e.to_string()))?;
        Self::connect(read, None).await
    }

    /// The cluster behind a client, which should not repeat requests by itself.
    pub fn from_client(client: Client) -> Self {
        Self { client, limit: REQUEST_LIMIT, served: Served::default() }
    }

    async fn connect(kubeconfig: Kubeconfig, context: Option<&str>) -> Result<Self, ClusterError> {
        let wrong = |error: &dyn std::fmt::Display| ClusterError::Kubeconfig(error.to_string());
        let options =
            KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
        Self::with(Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|e| wrong(&e))?)
    }

    fn with(mut config: Config) -> Result<Self, ClusterError> {
        // A pass that fails is repeated as a whole by the engine; the client's own repetition would wait for minutes.
        config.default_retry = false;
        config.connect_timeout = Some(REQUEST_LIMIT);
        let client = Client::try_from(config).map_err(|e| ClusterError::Kubeconfig(e.to_string()))?;
        Ok(Self::from_client(client))
    }

    /// The client, for what this crate does not do.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    pub(crate) fn requests(&self, namespace: String) -> Requests {
        Requests::new(self.client.clone(), namespace, self.limit, self.served.clone())
    }

    /// Asks what the cluster is.
    pub async fn probe(&self) -> Result<Abilities, ClusterError> {
        version(&self.requests(String::new())).await
    }

    /// One idempotent pass: reads what is, writes what differs, and tells what it saw. It never waits for slow
    /// things, such as pods that end, and never repeats a request; call it again on a poke or after a while, with
    /// the memory it returned or, after an error or a crash, the one last kept.
    ///
    /// `permits` are all that the domain mints for the account now. What they do not withhold is restored. `now` is
    /// legal time and dates the reports.
    pub async fn reconcile(
        &self,
        environment: &Environment,
        permits: &[Permit],
        memory: Memory,
        keep: &dyn Keep,
        now: Timestamp,
    ) -> Result<Observation, ClusterError> {
        let requests = self.requests(environment.namespace());
        pass::run(requests, environment, permits, memory, keep, now).await
    }

    /// The pods that a stop of this scope would end now in this environment, with what would be lost: for the preview
    /// of a measure. Reads only.
    pub async fn preview(
        &self,
        environment: &Environment,
        memory: &Memory,
        scope: &Scope,
    ) -> Result<Vec<PodLost>, ClusterError> {
        let requests = self.requests(environment.namespace());
        before::preview(&requests, memory, scope).await
    }

    /// Namespaces in which one of our objects or pods changed, appeared or vanished: pass over their environments.
    /// At the beginning, and after each interruption, all of them. Never ends: an interrupted watch starts anew
    /// with a growing delay. The same name may come often; gather what comes together.
    pub fn watch(&self) -> impl Stream<Item = String> + Send + use<> {
        watch::changes(self)
    }
}

/// Asks what the cluster is.
pub(crate) async fn version(requests: &Requests) -> Result<Abilities, ClusterError> {
    let said = requests.document("/version").await?.unwrap_or_default();
    let version = text(&said, "/gitVersion").to_owned();
    if version.is_empty() {
        let detail = "it names no version".to_owned();
        return Err(ClusterError::Answer { doing: "reading /version".to_owned(), detail });
    }
    let digits = |pointer| text(&said, pointer).trim_end_matches('+').parse::<u32>().unwrap_or(0);
    Ok(Abilities {
        is_supported: digits("/major") == 1 && SUPPORTED.contains(&digits("/minor")),
        is_simulation: version.contains("kubesim") || version.contains("simulat"),
        version,
        enforces_network_policies: None,
    })
}
