//! The connection to one cluster.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use jiff::Timestamp;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tenure_domain::environment::{EnvironmentKind, TenantRole};
use tenure_domain::permit::{ErasePermit, Permit};
use tenure_domain::scope::Scope;

use crate::abilities::{self, Abilities, Said};
use crate::access::{self, Credentials};
use crate::before;
use crate::cache::Cache;
use crate::capacity::{self, Capacity};
use crate::environment::Environment;
use crate::erase;
use crate::erasure::Erased;
use crate::error::ClusterError;
use crate::freeze::{Ask, Freezes};
use crate::import::{self, ImportPreflight};
use crate::inventory::Kind;
use crate::live::{mark, text};
use crate::memory::{Keep, Memory};
use crate::names;
use crate::pass;
use crate::preflight::{self, Preflight};
use crate::reach::Reach;
use crate::rehearsal::{self, Rehearsal, Supposed};
use crate::report::{Observation, PodLost};
use crate::requests::Requests;
use crate::served::Served;
use crate::snapshots;
use crate::watch;

/// How long one request may take.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// One cluster. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    limit: Duration,
    reach: Arc<Reach>,
    served: Served,
    freezes: Option<Freezes>,
    said: Said,
    cache: Cache,
    by_watch: bool,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("limit", &self.limit).finish_non_exhaustive()
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
        let own = Reach { own_namespace: Some(config.default_namespace.clone()), ..Reach::default() };
        Ok(Self::of_config(config)?.reached(own))
    }

    /// The cluster of a kubeconfig's text.
    pub async fn from_kubeconfig_text(yaml: &str) -> Result<Self, ClusterError> {
        let read = Kubeconfig::from_yaml(yaml).map_err(|e| ClusterError::Kubeconfig(e.to_string()))?;
        Self::connect(read, None).await
    }

    /// The cluster behind a client, which should not repeat requests by itself.
    pub fn from_client(client: Client) -> Self {
        Self {
            client,
            limit: REQUEST_LIMIT,
            reach: Arc::default(),
            served: Served::default(),
            freezes: None,
            said: Said::default(),
            cache: Cache::default(),
            by_watch: false,
        }
    }

    /// The same, with what the provider says of how tenants reach it.
    #[must_use]
    pub fn reached(self, reach: Reach) -> Self {
        let reach = Arc::new(reach.over(&self.reach));
        Self { reach, ..self }
    }

    /// The same, where a freeze webhook answers by this.
    #[must_use]
    pub fn freezing(self, freezes: Freezes) -> Self {
        Self { freezes: Some(freezes), ..self }
    }

    /// Says where the freeze webhook asks what no pass of this process knows.
    pub fn asking(&self, ask: Box<dyn Ask>) {
        if let Some(freezes) = &self.freezes {
            freezes.asking(ask);
        }
    }

    /// The account and the environment that a namespace says it is of. Anybody with rights there can write that.
    pub async fn says_whose(&self, namespace: &str) -> Result<Option<(String, String)>, ClusterError> {
        let requests = self.requests(namespace.to_owned());
        let found = requests.get(Kind::Namespace, namespace).await?;
        let label = |label| found.as_ref().and_then(|found| mark(found, "labels", label)).map(str::to_owned);
        Ok(label(names::ACCOUNT).zip(label(names::ENVIRONMENT)))
    }

    /// The same, where the provider says this of it.
    #[must_use]
    pub fn saying(self, said: Said) -> Self {
        Self { said, ..self }
    }

    /// The same, where a pass over an environment from which nothing is withheld believes what [`Self::watch`] has told. It
    /// then reads nothing where nothing changed. Whatever writes, proves, gives back or takes reads from the server all the
    /// same; and a change that the watch has not told yet is seen when it has.
    #[must_use]
    pub fn by_watch(&self) -> Self {
        Self { by_watch: true, ..self.clone() }
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Forgets what is frozen where, as another process decides that from now on.
    pub fn leads_no_more(&self) {
        if let Some(freezes) = &self.freezes {
            freezes.forget();
        }
    }

    async fn connect(kubeconfig: Kubeconfig, context: Option<&str>) -> Result<Self, ClusterError> {
        let wrong = |error: &dyn std::fmt::Display| ClusterError::Kubeconfig(error.to_string());
        let options =
            KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
        Self::of_config(Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|e| wrong(&e))?)
    }

    /// The cluster of a client's configuration.
    pub fn of_config(mut config: Config) -> Result<Self, ClusterError> {
        // A pass that fails is repeated as a whole by the engine; the client's own repetition would wait for minutes.
        config.default_retry = false;
        config.connect_timeout = Some(REQUEST_LIMIT);
        let reach = Reach::of(&config);
        let client = Client::try_from(config).map_err(|e| ClusterError::Kubeconfig(e.to_string()))?;
        Ok(Self::from_client(client).reached(reach))
    }

    /// The client, for what this crate does not do.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    pub(crate) fn requests(&self, namespace: String) -> Requests {
        let (served, cache) = (self.served.clone(), self.cache.clone());
        let requests = Requests::new(self.client.clone(), namespace, self.limit, served, cache);
        requests.freezing(self.freezes.clone()).saying(self.said)
    }

    /// Asks what the cluster is.
    pub async fn probe(&self) -> Result<Abilities, ClusterError> {
        abilities::probe(&self.requests(String::new())).await
    }

    /// Asks what the cluster has for pods, and what the quotas of its environments promise of that.
    pub async fn capacity(&self) -> Result<Capacity, ClusterError> {
        capacity::ask(&self.requests(String::new())).await
    }

    /// Why the cluster takes no snapshots of volumes, in words for tenants; nothing where it does.
    pub async fn unable_to_snapshot(&self) -> Result<Option<String>, ClusterError> {
        snapshots::unable(&self.requests(String::new())).await
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
        if environment.envelope.kind == EnvironmentKind::Open || self.is_entered(environment) {
            let environment = self.completed(environment, &requests).await?;
            let pass = pass::run(requests, &environment, permits, memory, (keep, self.by_watch), now);
            return Box::pin(pass).await;
        }
        // A pass is large, and whoever waits for it need not be.
        Box::pin(pass::run(requests, environment, permits, memory, (keep, self.by_watch), now)).await
    }

    /// Whether what leads visitors to its workloads is as the provider's settings say.
    fn is_entered(&self, environment: &Environment) -> bool {
        let any = environment.workloads.values().any(|workload| !workload.hostnames.is_empty());
        any && (!self.reach.tls_annotations.is_empty()
            || self.reach.suspended_page.is_some()
            || self.reach.gateway.is_some())
    }

    /// An environment with what only the cluster and the settings know of it.
    async fn completed(
        &self,
        environment: &Environment,
        requests: &Requests,
    ) -> Result<Environment, ClusterError> {
        let mut completed = environment.clone();
        completed.envelope.tls_annotations.clone_from(&self.reach.tls_annotations);
        completed.envelope.suspended_page.clone_from(&self.reach.suspended_page);
        if let Some(gateway) = self.reach.gateway.clone() {
            // Without its API visitors come by ingresses, as on any other cluster.
            completed.envelope.gateway = match requests.resource(Kind::HttpRoute).await {
                Ok(_) => Some(gateway),
                Err(ClusterError::NotServed { .. }) => None,
                Err(error) => return Err(error),
            };
        }
        if completed.envelope.kind == EnvironmentKind::Managed {
            return Ok(completed);
        }
        completed.envelope.ingress_namespaces.clone_from(&self.reach.ingress_namespaces);
        let allowed = environment.envelope.allowances.as_ref().map(|allowances| &allowances.storage_classes);
        if let Some(allowed) = allowed.filter(|allowed| !allowed.is_empty()) {
            let there = requests.list(Kind::StorageClass).await?;
            let names = there.iter().map(|class| text(class, "/metadata/name").to_owned());
            completed.envelope.other_storage_classes = names.filter(|name| !allowed.contains(name)).collect();
        }
        Ok(completed)
    }

    /// What an import of the environment's namespace would find there and do, whatever UID it has. Persists nothing.
    pub async fn import_preflight(
        &self,
        environment: &Environment,
        now: Timestamp,
    ) -> Result<ImportPreflight, ClusterError> {
        let requests = || self.requests(environment.namespace());
        let environment = self.completed(environment, &requests()).await?;
        import::survey(requests, &self.reach, &environment, now).await
    }

    /// Credentials for an open environment that end by themselves after this many seconds. They hold what the role's
    /// binding gives: nothing before the first pass, and while `deploy` is withheld what a viewer may.
    pub async fn credentials(
        &self,
        environment: &Environment,
        role: TenantRole,
        seconds: u32,
    ) -> Result<Credentials, ClusterError> {
        let requests = self.requests(names::ACCESS.to_owned());
        access::credentials(&self.client, &requests, &self.reach, environment, role, seconds).await
    }

    /// What a pass of [`Self::erase`] would delete, and what would stand in its way. Persists nothing.
    pub async fn erase_preflight(
        &self,
        environment: &Environment,
        memory: &Memory,
    ) -> Result<Preflight, ClusterError> {
        let requests = self.requests(environment.namespace());
        preflight::run(&requests, memory).await
    }

    /// What a stop would do now in this environment, and what its end would; where a permit has the measure in effect
    /// already, only its end. The steps are those of [`Self::reconcile`], and every write is a server-side dry run.
    pub async fn rehearse(
        &self,
        environment: &Environment,
        permits: &[Permit],
        supposed: &Supposed,
        memory: &Memory,
        now: Timestamp,
    ) -> Result<Rehearsal, ClusterError> {
        let namespace = environment.namespace();
        let requests = || self.requests(namespace.clone()).rehearsing();
        let environment = &self.completed(environment, &requests()).await?;
        rehearsal::run(requests, environment, permits, supposed, memory, now).await
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

    /// One idempotent pass that deletes an environment, under a permit alone and by the stored inventory alone: nothing
    /// that is not in it is deleted, and nothing is found by its label or its name. Workloads go first, then volumes,
    /// and the namespace last. It never waits; call it again, with the memory it returned or the one last kept, until
    /// it says [`Erasing::Done`](crate::Erasing::Done).
    pub async fn erase(
        &self,
        environment: &Environment,
        permit: &ErasePermit,
        memory: Memory,
        keep: &dyn Keep,
        now: Timestamp,
    ) -> Result<Erased, ClusterError> {
        let requests = self.requests(environment.namespace());
        erase::run(requests, environment, permit, memory, keep, now).await
    }

    /// Namespaces in which one of our objects or pods changed, appeared or vanished: pass over their environments.
    /// At the beginning, and where changes were missed, all of them. What our own writes did, and what changes nothing that
    /// a pass compares or tells, is not told. Never ends: an interrupted watch goes on with a growing delay. The same name
    /// may come often; gather what comes together. One watch at a time: the last one that began is believed.
    pub fn watch(&self) -> impl Stream<Item = String> + Send + use<> {
        watch::changes(self)
    }
}
