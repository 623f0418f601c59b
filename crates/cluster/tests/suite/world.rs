//! The cluster that the checks run on, and one environment driven on it as the engine would.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams};
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tenure_cluster::{
    Cluster, ClusterError, Enforcement, Envelope, Environment, EraseReport, Erased, Erasing, ForeignObject,
    Keep, KeepError, Memory, Observation, Preflight, Restoration, RestoreReport, StopReport,
};
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::name::MeasureId;
use tenure_domain::workload::{Plan, Volume, Workload};

use crate::faults::{Faults, FaultyLayer, Hidden, HidingLayer};
use crate::odd::Odd;
use crate::permits::{PLAN, Tenant};

/// The longest that anything here may take.
pub const DEADLINE: Duration = Duration::from_mins(2);
/// How often a condition is looked at.
pub const LOOK: Duration = Duration::from_millis(100);

/// A cluster to run on.
pub struct World {
    config: Box<Config>,
    pub client: Client,
    pub cluster: Cluster,
    pub simulation: Option<tenure_kubesim::Simulation>,
}

impl World {
    /// The real cluster that the tests' environment names.
    pub async fn real() -> Self {
        let path = std::env::var("TENURE_TEST_KUBECONFIG")
            .expect("TENURE_TEST_KUBECONFIG must name the kubeconfig of a cluster for tests");
        Self::new(Kubeconfig::read_from(path).unwrap(), None).await
    }

    /// A simulation of its own.
    pub async fn simulated() -> Self {
        let simulation = tenure_kubesim::start(tenure_kubesim::Options::default()).await.unwrap();
        let kubeconfig = Kubeconfig::from_yaml(&simulation.kubeconfig()).unwrap();
        Self::new(kubeconfig, Some(simulation)).await
    }

    async fn new(kubeconfig: Kubeconfig, simulation: Option<tenure_kubesim::Simulation>) -> Self {
        // Another test of this process may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut config =
            Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        config.default_retry = false;
        let client = Client::try_from(config.clone()).unwrap();
        let cluster = Cluster::of_config(config.clone()).unwrap();
        Self { config: Box::new(config), client, cluster, simulation }
    }

    pub fn is_real(&self) -> bool {
        self.simulation.is_none()
    }

    /// The cluster behind a connection that breaks when told to.
    pub fn breakable(&self, faults: &Faults) -> Cluster {
        let builder = ClientBuilder::try_from((*self.config).clone()).unwrap();
        Cluster::from_client(builder.with_layer(&FaultyLayer(faults.clone())).build())
    }

    /// The cluster as if it did not serve what is hidden.
    pub fn hiding(&self, hidden: &Hidden) -> Cluster {
        let builder = ClientBuilder::try_from((*self.config).clone()).unwrap();
        Cluster::from_client(builder.with_layer(&HidingLayer(hidden.clone())).build())
    }

    /// The same cluster as another user sees it.
    pub fn as_user(&self, name: &str) -> Client {
        let mut config = (*self.config).clone();
        let user = http::HeaderValue::from_str(name).unwrap();
        config.headers.push((http::HeaderName::from_static("impersonate-user"), user));
        Client::try_from(config).unwrap()
    }

    /// The same cluster as whoever has this token sees it.
    pub fn with_token(&self, token: String) -> Client {
        let mut config = (*self.config).clone();
        config.auth_info = kube::config::AuthInfo { token: Some(token.into()), ..Default::default() };
        Client::try_from(config).unwrap()
    }

    /// The simulated cluster behind a server that answers oddly to writes of a path.
    pub async fn odd(&self, path: &'static str, odd: Odd) -> Cluster {
        let server = self.config.cluster_url.authority().unwrap().to_string();
        let mut config = (*self.config).clone();
        config.cluster_url = crate::odd::before(server, path, odd).await.parse().unwrap();
        Cluster::from_client(Client::try_from(config).unwrap())
    }

    /// A tenant whose name no other test uses.
    pub fn tenant() -> Tenant {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Tenant::open(&format!("t{}-{count}", std::process::id()))
    }

    /// The same with an open environment.
    pub fn open_tenant() -> Tenant {
        let name = Self::tenant().account.id;
        Tenant::of(name.as_str(), EnvironmentKind::Open)
    }
}

/// A keeper of one environment's memory.
#[derive(Default)]
pub struct Kept(Mutex<Memory>);

#[async_trait]
impl Keep for Kept {
    async fn keep(&self, memory: &Memory) -> Result<(), KeepError> {
        // The way through JSON is the way that a store takes.
        let json = serde_json::to_string(memory).map_err(|e| KeepError(e.to_string()))?;
        *self.0.lock().unwrap() = serde_json::from_str(&json).map_err(|e| KeepError(e.to_string()))?;
        Ok(())
    }
}

impl Kept {
    pub fn memory(&self) -> Memory {
        self.0.lock().unwrap().clone()
    }
}

/// An object of a namespace that tests write and read.
pub trait Namespaced:
    kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
    + Clone
    + std::fmt::Debug
    + serde::Serialize
    + serde::de::DeserializeOwned
{
}

impl<K> Namespaced for K where
    K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned
{
}

/// The status of an answer.
pub fn code<T: std::fmt::Debug>(answer: kube::Result<T>) -> u16 {
    match answer {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(error) => panic!("{error}"),
    }
}

/// Waits until the server answers with this status: what it goes by follows what is stored in its own time.
pub async fn until_answer<F: Future<Output = u16>>(what: &str, wanted: u16, answer: impl Fn() -> F) {
    let started = Instant::now();
    loop {
        let got = answer().await;
        if got == wanted {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "{what}: the answer is {got}, not {wanted}");
        tokio::time::sleep(LOOK).await;
    }
}

/// One environment, driven pass by pass.
pub struct Driver<'w> {
    pub world: &'w World,
    pub tenant: Tenant,
    pub kept: Arc<Kept>,
    pub cluster: Cluster,
    pub plan: Plan,
    pub envelope: Envelope,
    /// The last report of a restoration, which comes once.
    restored: Mutex<Option<RestoreReport>>,
}

/// A web server with a page, on the image that the test cluster has.
pub fn page(replicas: u16) -> Workload {
    Workload {
        image: "docker.io/library/busybox:1.35".to_owned(),
        command: vec![],
        replicas,
        port: 8080,
        cpu_millis: 10,
        memory_mib: 16,
        ..Workload::default()
    }
}

/// A web server that serves what its volume holds; an empty volume gets a page that no other has.
pub fn page_on_volume() -> Workload {
    let script = "[ -s /data/index.html ] || cat /proc/sys/kernel/random/uuid > /data/index.html; \
                  exec httpd -f -p 8080 -h /data";
    Workload {
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        volume: Some(Volume { path: "/data".to_owned(), size_mib: 16, from: None }),
        ..page(1)
    }
}

impl<'w> Driver<'w> {
    pub fn new(world: &'w World) -> Self {
        let cluster = world.cluster.clone();
        Self {
            world,
            tenant: World::tenant(),
            kept: Arc::default(),
            cluster,
            plan: PLAN,
            envelope: Envelope::default(),
            restored: Mutex::default(),
        }
    }

    pub fn environment(&self) -> Environment {
        let id = "web".parse().unwrap();
        let declared = self.tenant.account.environment(&id).unwrap();
        Environment {
            account: self.tenant.account.id.clone(),
            id,
            plan: self.plan,
            workloads: declared.workloads.clone(),
            envelope: self.envelope.clone().reached_under(self.tenant.account.proved_hostnames()),
            restarts: declared.restarts.clone(),
            files: self.tenant.files.clone(),
            secrets: self.tenant.secrets.clone(),
            snapshots: self.tenant.account.snapshots.kept.clone(),
        }
    }

    pub fn namespace(&self) -> String {
        self.environment().namespace()
    }

    /// One pass over `cluster`; what it returned is kept, as the engine would.
    pub async fn pass_over(&self, cluster: &Cluster) -> Result<Observation, ClusterError> {
        let permits = self.tenant.permits();
        let (environment, memory) = (self.environment(), self.kept.memory());
        let observation =
            cluster.reconcile(&environment, &permits, memory, &*self.kept, self.tenant.now).await?;
        self.kept.keep(&observation.memory).await?;
        if let Restoration::Restored(report) = &observation.restoration {
            *self.restored.lock().unwrap() = Some(*report.clone());
        }
        Ok(observation)
    }

    pub async fn pass(&self) -> Observation {
        self.pass_over(&self.cluster).await.unwrap()
    }

    /// Passes until the condition holds.
    pub async fn until(&self, what: &str, holds: impl Fn(&Observation) -> bool) -> Observation {
        let started = Instant::now();
        loop {
            let observation = self.pass().await;
            if holds(&observation) {
                return observation;
            }
            assert!(started.elapsed() < DEADLINE, "{what} did not come about: {observation:#?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Passes until everything declared is ready and nothing differs.
    pub async fn until_ready(&self) -> Observation {
        let ready = |o: &Observation| o.writes == 0 && o.workloads.values().all(|w| w.ready == w.wanted);
        self.until("readiness", ready).await
    }

    pub async fn until_confirmed(&self, measure: &MeasureId) -> StopReport {
        let confirmed = |o: &Observation| matches!(o.measures.get(measure), Some(Enforcement::Confirmed(_)));
        match self.until("the stop", confirmed).await.measures.remove(measure) {
            Some(Enforcement::Confirmed(report)) => *report,
            other => panic!("{other:?}"),
        }
    }

    pub async fn until_restored(&self) -> RestoreReport {
        let is_restored = || self.restored.lock().unwrap().is_some();
        if !is_restored() {
            self.until("the restoration", |_| is_restored()).await;
        }
        self.restored.lock().unwrap().take().unwrap()
    }

    /// One pass of the deletion over `cluster`.
    pub async fn erase_over(&self, cluster: &Cluster) -> Result<Erased, ClusterError> {
        let (permit, memory) = (self.tenant.erase_permit(), self.kept.memory());
        let erased =
            cluster.erase(&self.environment(), permit.erase(), memory, &*self.kept, self.tenant.now).await?;
        self.kept.keep(&erased.memory).await?;
        Ok(erased)
    }

    /// One pass of the deletion, which is not done with it.
    pub async fn erase_pending(&self) -> (String, Vec<ForeignObject>) {
        match self.erase_over(&self.cluster).await.unwrap().state {
            Erasing::Pending { why, foreign } => (why, foreign),
            Erasing::Done(report) => panic!("{report:?}"),
        }
    }

    /// Passes of the deletion until nothing is left.
    pub async fn until_erased(&self) -> EraseReport {
        let started = Instant::now();
        loop {
            match self.erase_over(&self.cluster).await.unwrap().state {
                Erasing::Done(report) => return *report,
                Erasing::Pending { why, .. } => assert!(started.elapsed() < DEADLINE, "{why}"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    pub async fn preflight(&self) -> Preflight {
        self.cluster.erase_preflight(&self.environment(), &self.kept.memory()).await.unwrap()
    }

    /// What a visitor gets: the status, and the page where there is one.
    pub async fn visit(&self, workload: &str) -> (u16, String) {
        let path = format!("/api/v1/namespaces/{}/services/{workload}:80/proxy/", self.namespace());
        let request = http::Request::get(path).body(vec![]).unwrap();
        match self.world.client.request_text(request).await {
            Ok(page) => (200, page),
            Err(kube::Error::Api(status)) => (status.code, status.message),
            Err(error) => panic!("{error}"),
        }
    }

    /// The content of a workload's volume, as its page shows it; of a simulation's page only that line.
    pub async fn content(&self, workload: &str) -> String {
        let page = self.until_visit(workload, 200).await;
        page.lines().find(|line| line.starts_with("content:")).map_or(page.clone(), str::to_owned)
    }

    /// Visits until the status is this one.
    pub async fn until_visit(&self, workload: &str, status: u16) -> String {
        let started = Instant::now();
        loop {
            let (got, page) = self.visit(workload).await;
            if got == status {
                return page;
            }
            assert!(started.elapsed() < DEADLINE, "{workload} answers {got} ({page}), not {status}");
            tokio::time::sleep(LOOK).await;
        }
    }

    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.world.client.clone(), &self.namespace())
    }

    pub async fn pod_names(&self) -> Vec<String> {
        let pods: Api<k8s_openapi::api::core::v1::Pod> = self.api();
        let pods = pods.list(&ListParams::default()).await.unwrap();
        pods.items.into_iter().filter_map(|pod| pod.metadata.name).collect()
    }

    /// Passes until everything declared is ready and a pod is there that was not: while the next ones are made, the old ones
    /// are ready still.
    pub async fn until_new_pods(&self, before: &[String]) {
        let started = Instant::now();
        loop {
            self.until_ready().await;
            let now = self.pod_names().await;
            if now.iter().any(|name| !before.contains(name)) {
                return;
            }
            assert!(started.elapsed() < DEADLINE, "no pods but {before:?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// An object of a group whose version differs from cluster to cluster, in the newest one that it serves.
    pub async fn raw_opt(&self, plural: &str, name: &str) -> Option<serde_json::Value> {
        let versions: &[&str] = match plural {
            "cronjobs" => &["batch/v1", "batch/v1beta1"],
            _ => &["autoscaling/v2", "autoscaling/v2beta2"],
        };
        for version in versions {
            let path = format!("/apis/{version}/namespaces/{}/{plural}/{name}", self.namespace());
            let request = http::Request::get(path).body(vec![]).unwrap();
            if let Ok(found) = self.world.client.request(request).await {
                return Some(found);
            }
        }
        None
    }

    pub async fn raw(&self, plural: &str, name: &str) -> serde_json::Value {
        self.raw_opt(plural, name).await.unwrap()
    }

    /// Waits until the quota of the plan has this bound in its status, by which admission goes.
    pub async fn until_quota(&self, resource: &str, bound: &str) {
        let quotas: Api<k8s_openapi::api::core::v1::ResourceQuota> = self.api();
        let started = Instant::now();
        loop {
            let hard = quotas.get("tenure-plan").await.unwrap().status.and_then(|status| status.hard);
            if hard.is_some_and(|hard| hard.get(resource).is_some_and(|quantity| quantity.0 == bound)) {
                return;
            }
            assert!(started.elapsed() < DEADLINE, "{resource} is not bounded by {bound}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Passes until so many pods whose names begin so have not ended.
    pub async fn until_pods(&self, prefix: &str, count: usize) {
        let started = Instant::now();
        loop {
            self.pass().await;
            let pods: Api<k8s_openapi::api::core::v1::Pod> = self.api();
            let pods = pods.list(&ListParams::default()).await.unwrap();
            let runs = pods.items.iter().filter(|pod| {
                pod.metadata.name.as_deref().is_some_and(|name| name.starts_with(prefix))
                    && pod.metadata.deletion_timestamp.is_none()
            });
            if runs.count() == count {
                return;
            }
            assert!(started.elapsed() < DEADLINE, "{prefix} has not {count} pods");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Removes the namespace, so that the cluster is as it was.
    pub async fn clean(self) {
        let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(self.world.client.clone());
        namespaces.delete(&self.namespace(), &DeleteParams::default()).await.unwrap();
    }
}

/// The objects of a namespace that an environment consists of, without what differs between any two clusters.
pub async fn objects(driver: &Driver<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for (group, kind, plural) in [
        ("", "ResourceQuota", "resourcequotas"),
        ("", "LimitRange", "limitranges"),
        ("", "Service", "services"),
        ("", "PersistentVolumeClaim", "persistentvolumeclaims"),
        ("apps", "Deployment", "deployments"),
        ("networking.k8s.io", "NetworkPolicy", "networkpolicies"),
    ] {
        let resource = kube::api::ApiResource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            api_version: if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") },
            kind: kind.to_owned(),
            plural: plural.to_owned(),
        };
        let api: Api<DynamicObject> =
            Api::namespaced_with(driver.world.client.clone(), &driver.namespace(), &resource);
        for object in api.list(&ListParams::default()).await.unwrap() {
            let mut spec = object.data["spec"].clone();
            for own in ["clusterIP", "clusterIPs", "volumeName"] {
                spec.as_object_mut().map(|spec| spec.remove(own));
            }
            let name = object.metadata.name.unwrap_or_default();
            let account = driver.tenant.account.id.as_str();
            all.push(format!("{kind}/{name} {}", spec.to_string().replace(account, "ACCOUNT")));
        }
    }
    all.sort();
    all
}
