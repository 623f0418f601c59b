//! Namespaces that were there before: taken as open environments, with everything that runs in them left alone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::StreamExt as _;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, LimitRange, Namespace, Pod, ResourceQuota, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher::{self, Event};
use serde_json::{Value, json};
use tenure_cluster::{ClusterError, Envelope, ImportPreflight, ImportReport, Kind, Memory, names};
use tenure_domain::environment::{EnvironmentKind, TenantRole};
use tenure_domain::import::{Concern, Imported};
use tenure_domain::plan::Exposure;

use super::deaths::die_after_each_write;
use super::open::{list, tenant};
use crate::world::{DEADLINE, Driver, LOOK, Namespaced, World, until_answer};

/// A namespace with somebody's own things in it, which no environment of Tenure was ever in.
struct Legacy<'w> {
    driver: Driver<'w>,
    name: String,
    uid: String,
}

/// What is told of a pod: its UID, when its node took it up, and how often its containers were started again.
type Runs = BTreeMap<String, (String, String, i32)>;

fn run_of(pod: &Pod) -> (String, (String, String, i32)) {
    let status = pod.status.clone().unwrap_or_default();
    let started = status.start_time.map(|time| time.0.to_string()).unwrap_or_default();
    let restarts = status.container_statuses.unwrap_or_default().iter().map(|s| s.restart_count).sum();
    let uid = pod.metadata.uid.clone().unwrap_or_default();
    (pod.metadata.name.clone().unwrap_or_default(), (uid, started, restarts))
}

impl<'w> Legacy<'w> {
    /// A web server with a page that its people keep, behind a service, and what else people have.
    async fn new(world: &'w World) -> Self {
        let mut legacy = Self::empty(world).await;
        let resources =
            json!({"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "10m", "memory": "16Mi"}});
        let web = json!({"metadata": {"name": "web"}, "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [
                {"name": "web", "image": "docker.io/library/busybox:1.35", "resources": resources}]}}}});
        legacy.create::<Deployment>(web).await;
        let front = json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}});
        legacy.create::<Service>(front).await;
        legacy.create::<ConfigMap>(json!({"metadata": {"name": "theirs"}, "data": {"a": "b"}})).await;
        legacy.create::<Role>(json!({"metadata": {"name": "theirs"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]})).await;
        let binding = json!({"metadata": {"name": "theirs"}, "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "eve"}],
            "roleRef": {"kind": "Role", "name": "theirs", "apiGroup": "rbac.authorization.k8s.io"}});
        legacy.create::<RoleBinding>(binding).await;
        legacy.until_ready(2).await;
        legacy.decide();
        legacy
    }

    async fn empty(world: &'w World) -> Self {
        let driver = Driver::new(world);
        let name = format!("legacy-{}", driver.tenant.account.id);
        let namespaces: Api<Namespace> = Api::all(world.client.clone());
        let made: Namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
        let uid = namespaces.create(&PostParams::default(), &made).await.unwrap().metadata.uid.unwrap();
        let mut legacy = Self { driver, name, uid };
        legacy.decide();
        legacy
    }

    /// Somebody decides on exactly this namespace.
    fn decide(&mut self) {
        self.driver.envelope = self.envelope(&self.uid);
    }

    fn envelope(&self, uid: &str) -> Envelope {
        let (namespace, uid) = (self.name.parse().unwrap(), uid.parse().unwrap());
        Envelope::new(EnvironmentKind::Open, Exposure::default(), None).living_in(Some(Imported {
            namespace,
            uid,
            adopted: None,
        }))
    }

    /// That it was taken is on the record.
    fn confirm(&mut self) {
        self.driver.envelope.imported.as_mut().unwrap().adopted = Some(self.driver.tenant.now);
    }

    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
    {
        Api::namespaced(self.driver.world.client.clone(), &self.name)
    }

    async fn create<K: Namespaced>(&self, object: Value) {
        let object: K = serde_json::from_value(object).unwrap();
        self.api::<K>().create(&PostParams::default(), &object).await.unwrap();
    }

    async fn until_ready(&self, replicas: i32) {
        let started = Instant::now();
        loop {
            let web = self.api::<Deployment>().get("web").await.unwrap();
            let (generation, status) = (web.metadata.generation, web.status.unwrap_or_default());
            // Until all of it says so, controllers write to it.
            let all = [status.ready_replicas, status.updated_replicas, status.available_replicas];
            if status.observed_generation == generation && all == [Some(replicas); 3] {
                return;
            }
            assert!(started.elapsed() < DEADLINE, "web has not {replicas} ready pods: {status:?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn runs(&self) -> Runs {
        let pods = self.api::<Pod>().list(&ListParams::default()).await.unwrap();
        pods.items.iter().map(run_of).collect()
    }

    /// Everything of theirs, with its version: whatever is written changes that.
    async fn theirs(&self) -> Vec<String> {
        let mut all = Vec::new();
        all.extend(versions::<ConfigMap>(self.api()).await);
        all.extend(versions::<Role>(self.api()).await);
        all.extend(versions::<RoleBinding>(self.api()).await);
        all.extend(versions::<Service>(self.api()).await);
        all.extend(versions::<Deployment>(self.api()).await);
        all.extend(versions::<Pod>(self.api()).await);
        // The cluster puts its own certificates into every namespace, some time after it was made.
        all.retain(|one| !one.starts_with("tenure-") && !one.starts_with("kube-root-ca.crt "));
        all
    }

    /// Everything that can tell that something was written there.
    async fn all(&self) -> Vec<String> {
        let namespaces: Api<Namespace> = Api::all(self.driver.world.client.clone());
        let namespace = namespaces.get(&self.name).await.unwrap().metadata;
        let mut all = vec![format!("{:?} {:?}", namespace.labels, namespace.annotations)];
        all.extend(self.theirs().await);
        all.extend(versions::<ResourceQuota>(self.api()).await);
        all.extend(versions::<LimitRange>(self.api()).await);
        all.extend(versions::<NetworkPolicy>(self.api()).await);
        all.extend(versions::<Role>(self.api()).await);
        all.extend(versions::<RoleBinding>(self.api()).await);
        all
    }

    async fn preflight(&self) -> ImportPreflight {
        let driver = &self.driver;
        driver.cluster.import_preflight(&driver.environment(), driver.tenant.now).await.unwrap()
    }

    /// Passes until the import is seen to be complete.
    async fn until_taken(&self) -> ImportReport {
        let seen = self.driver.until("the import", |o| o.import.is_some()).await;
        *seen.import.unwrap()
    }

    /// The pass refuses, says so, and nothing is written, kept or taken.
    async fn refused(&self, said: &str) {
        let before = self.all().await;
        let error = self.driver.pass_over(&self.driver.cluster).await.unwrap_err();
        assert!(matches!(&error, ClusterError::NotImported { .. }), "{error}");
        assert!(error.to_string().contains(said), "{said} is missing in {error}");
        assert_eq!(self.all().await, before);
        assert_eq!(self.driver.kept.memory(), Memory::default());
    }
}

async fn versions<K>(api: Api<K>) -> Vec<String>
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let found = api.list(&ListParams::default()).await.unwrap().items.into_iter();
    let told = found.map(|object| {
        let meta = object.meta();
        let (name, version) = (meta.name.as_deref().unwrap_or_default(), meta.resource_version.as_deref());
        format!("{name} {} {}", K::kind(&()), version.unwrap_or_default())
    });
    told.collect()
}

/// Watches pods event by event: what of them ended, or is another one than before.
fn watched(legacy: &Legacy<'_>, before: Runs) -> (Arc<Mutex<Vec<String>>>, tokio::task::JoinHandle<()>) {
    let changed: Arc<Mutex<Vec<String>>> = Arc::default();
    let (pods, told) = (legacy.api::<Pod>(), Arc::clone(&changed));
    let task = tokio::spawn(async move {
        let mut events = std::pin::pin!(kube::runtime::watcher(pods, watcher::Config::default()));
        while let Some(event) = events.next().await {
            let said = match event {
                Ok(Event::Delete(pod)) => Some(format!("{} ended", run_of(&pod).0)),
                Ok(Event::Apply(pod) | Event::InitApply(pod)) => {
                    let (name, run) = run_of(&pod);
                    let is_ending = pod.metadata.deletion_timestamp.is_some();
                    (is_ending || before.get(&name) != Some(&run)).then(|| format!("{name}: {run:?}"))
                }
                Ok(Event::Init | Event::InitDone) => None,
                Err(error) => Some(error.to_string()),
            };
            told.lock().unwrap().extend(said);
        }
    });
    (changed, task)
}

/// The whole way: looked at, taken, entered, suspended, given back, and named when it is to be deleted.
pub async fn a_namespace_that_is_there_is_imported_and_nothing_in_it_restarts(world: World) {
    let mut legacy = Legacy::new(&world).await;
    let (before, untouched) = (legacy.runs().await, legacy.all().await);
    assert_eq!(before.len(), 2);

    let seen = legacy.preflight().await;
    assert_eq!(legacy.all().await, untouched, "who looks changes nothing");
    assert_eq!((seen.namespace_uid.as_ref(), &seen.obstacles), (Some(&legacy.uid), &vec![]));
    let concerns: Vec<Concern> = seen.concerns.keys().copied().collect();
    assert_eq!(concerns, [Concern::DefaultDeny, Concern::Rights], "{:?}", seen.concerns);
    assert!(seen.concerns[&Concern::Rights][0].contains("User eve"), "{:?}", seen.concerns);
    assert_eq!((seen.used.pods, seen.used.cpu_millis, seen.used.memory_mib), (2, 20, 32));
    assert_eq!((seen.contents["Pod"], seen.contents["Deployment.apps"]), (2, 1));
    assert_eq!(seen.pods.iter().map(|pod| pod.run.name.clone()).collect::<Vec<_>>().len(), 2);
    assert!(seen.writes.len() > 10, "{:?}", seen.writes);
    let harmless = [
        Kind::Namespace,
        Kind::ServiceAccount,
        Kind::ResourceQuota,
        Kind::LimitRange,
        Kind::NetworkPolicy,
        Kind::Role,
        Kind::RoleBinding,
    ];
    for write in &seen.writes {
        assert!(harmless.contains(&write.object.kind), "{write:?} touches what runs");
    }

    let theirs = legacy.theirs().await;
    let (changed, watching) = watched(&legacy, before.clone());
    let report = legacy.until_taken().await;
    assert_eq!(
        (report.namespace_uid.as_str(), report.changed.as_slice()),
        (legacy.uid.as_str(), [].as_slice())
    );
    let kept: Vec<&str> = report.pods.keys().map(String::as_str).collect();
    let mut expected: Vec<&str> = before.values().map(|(uid, ..)| uid.as_str()).collect();
    expected.sort_unstable();
    assert_eq!(kept, expected);
    let made = |kind: Kind| report.objects.keys().filter(|key| key.kind == kind).count();
    assert_eq!((made(Kind::ResourceQuota), made(Kind::LimitRange), made(Kind::Role)), (1, 1, 3));
    assert_eq!(made(Kind::Deployment) + made(Kind::Pod) + made(Kind::ConfigMap), 0, "{:?}", report.objects);
    legacy.confirm();
    let settled = legacy.driver.pass().await;
    assert_eq!((settled.writes, settled.repairs.len(), settled.import), (0, 0, None));
    assert_eq!(settled.memory.import, None, "it is over");
    assert_eq!(legacy.runs().await, before);
    assert_eq!(legacy.theirs().await, theirs, "nothing of theirs was written to");
    watching.abort();
    assert_eq!(*changed.lock().unwrap(), Vec::<String>::new());

    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let labels = namespaces.get(&legacy.name).await.unwrap().metadata.labels.unwrap();
    assert_eq!(labels[names::ACCOUNT], legacy.driver.tenant.account.id.as_str());
    assert!(legacy.api::<NetworkPolicy>().get_opt(names::DEFAULT_DENY).await.unwrap().is_some());
    let viewer = tenant(&legacy.driver, TenantRole::Viewer).await;
    until_answer("the viewer's rights", 200, || list::<Pod>(&viewer, &legacy.name)).await;

    let measure = legacy.driver.tenant.restrict("suspend", "environment/web");
    let stop = legacy.driver.until_confirmed(&measure).await;
    assert_eq!(stop.pods_gone.len(), 2);
    assert_eq!(legacy.api::<Deployment>().get("web").await.unwrap().spec.unwrap().replicas, Some(2));
    legacy.driver.tenant.lift(&measure);
    let restored = legacy.driver.until_restored().await;
    assert_eq!(restored.differences, Vec::<String>::new());
    legacy.until_ready(2).await;

    let deletion = legacy.driver.preflight().await;
    let foreign: Vec<&str> = deletion.foreign.iter().map(|one| one.object.as_str()).collect();
    for object in ["ConfigMap/theirs", "Deployment.apps/web", "Service/web"] {
        assert!(foreign.contains(&object), "{object} is missing in {foreign:?}");
    }
    legacy.driver.clean().await;
}

/// Every pass but the last dies right after its first write was carried out, and knows nothing of it.
pub async fn an_import_whose_passes_die_after_each_write_comes_to_its_end(world: World) {
    let mut legacy = Legacy::new(&world).await;
    let (before, theirs) = (legacy.runs().await, legacy.theirs().await);
    let deaths = die_after_each_write(&legacy.driver).await;
    assert!(deaths > 10, "{deaths}");
    let report = legacy.until_taken().await;
    assert_eq!(
        (report.pods.len(), report.changed.as_slice()),
        (2, [].as_slice()),
        "known since the first pass"
    );
    legacy.confirm();
    assert_eq!(legacy.driver.until_ready().await.import, None);
    assert_eq!((legacy.runs().await, legacy.theirs().await), (before, theirs));
    legacy.driver.clean().await;
}

/// A name decides nothing, nor does a label: each of these is left exactly as it is.
pub async fn a_namespace_is_imported_by_its_uid_alone_and_never_from_anybody(world: World) {
    let mut legacy = Legacy::empty(&world).await;
    let decided = legacy.driver.envelope.clone();
    legacy.driver.envelope = legacy.envelope("6f2c1f0e");
    legacy.refused("was decided on").await;
    legacy.driver.envelope = decided.clone();

    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let mark = async |patch: Value| {
        let patch = Patch::Merge(json!({"metadata": patch}));
        namespaces.patch(&legacy.name, &PatchParams::default(), &patch).await.unwrap();
    };
    mark(json!({"labels": {names::ACCOUNT: "market", names::ENVIRONMENT: "web"}})).await;
    legacy.refused("it says that it is the environment market/web").await;
    assert!(legacy.preflight().await.obstacles[0].contains("market/web"));
    mark(json!({"labels": {names::ACCOUNT: null, names::ENVIRONMENT: null}, "annotations": {names::CLAIM: "0"}})).await;
    legacy.refused("an environment of Tenure lives in it").await;
    mark(json!({"annotations": {names::CLAIM: null}})).await;

    legacy
        .create::<NetworkPolicy>(json!({"metadata": {"name": names::DNS}, "spec": {"podSelector": {}}}))
        .await;
    legacy.create::<Role>(json!({"metadata": {"name": "tenure-viewer"}, "rules": []})).await;
    legacy.refused("NetworkPolicy/dns").await;
    legacy.refused("Role/tenure-viewer").await;
    assert_eq!(legacy.preflight().await.obstacles.len(), 2, "all of them are named");
    let dns = legacy.api::<NetworkPolicy>().get(names::DNS).await.unwrap();
    assert!(dns.metadata.annotations.is_none(), "theirs is as it was");
    legacy.api::<NetworkPolicy>().delete(names::DNS, &DeleteParams::default()).await.unwrap();
    legacy.api::<Role>().delete("tenure-viewer", &DeleteParams::default()).await.unwrap();

    for name in ["kube-system", "default", "tenure-access"] {
        let uid = legacy.uid.parse().unwrap();
        let imported = Imported { namespace: name.parse().unwrap(), uid, adopted: None };
        legacy.driver.envelope = decided.clone().living_in(Some(imported));
        let error = legacy.driver.pass_over(&legacy.driver.cluster).await.unwrap_err();
        assert!(matches!(&error, ClusterError::NotImported { .. }), "{error}");
        let seen = legacy.preflight().await;
        assert_eq!(
            (seen.obstacles.len(), seen.pods.len(), seen.namespace_uid),
            (1, 0, None),
            "nobody looks in"
        );
    }

    legacy.driver.envelope = decided;
    let report = legacy.until_taken().await;
    assert_eq!(report.pods.len(), 0);
    legacy.driver.clean().await;
}
