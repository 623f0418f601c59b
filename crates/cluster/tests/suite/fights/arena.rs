//! One environment in which a tenant's own tools run things, and whoever fights its suspension.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams,
};
use serde_json::{Value, json};
use tenure_cluster::{RestoreReport, StopReport};
use tenure_domain::name::MeasureId;

use super::keeper::Keeper;
use super::observer::{Event, Observer, Seen};
use crate::world::{DEADLINE, Driver, World};

pub struct Arena<'w> {
    pub driver: Driver<'w>,
    pub keeper: Keeper,
    pub observer: Observer,
    /// The tenant's own tools: all rights in the namespace that Kubernetes gives its admins.
    pub tenant: Client,
}

/// A pod that ends at once when it is asked to.
pub fn pod_spec() -> Value {
    json!({"terminationGracePeriodSeconds": 30, "containers": [{
        "name": "c",
        "image": "docker.io/library/busybox:1.35",
        "command": ["sh", "-c", "trap exit TERM; sleep 3600 & wait"],
        "resources": {"limits": {"cpu": "10m", "memory": "16Mi"}},
    }]})
}

/// A manifest of a kind that makes pods like that.
pub fn makes_pods(api_version: &str, kind: &str, name: &str, replicas: u32) -> Value {
    let labels = json!({"app": name});
    let template = json!({"metadata": {"labels": labels}, "spec": pod_spec()});
    let mut spec = json!({"selector": {"matchLabels": labels}, "template": template});
    match kind {
        "DaemonSet" => {}
        "ReplicationController" => {
            spec["selector"] = labels;
            spec["replicas"] = json!(replicas);
        }
        "StatefulSet" => {
            spec["serviceName"] = json!(name);
            spec["podManagementPolicy"] = json!("Parallel");
            spec["replicas"] = json!(replicas);
        }
        _ => spec["replicas"] = json!(replicas),
    }
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec})
}

/// Where the API serves a manifest's kind.
pub fn resource(manifest: &Value) -> ApiResource {
    let (version, kind) = (manifest["apiVersion"].as_str().unwrap(), manifest["kind"].as_str().unwrap());
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

impl<'w> Arena<'w> {
    /// An environment with the rights of a namespace admin for the tenant, and what it runs ready.
    pub async fn with(world: &'w World, manifests: &[Value]) -> Self {
        Box::pin(Self::of(Driver::new(world), manifests)).await
    }

    /// The same in an environment of another kind, or on a cluster with more to it.
    pub async fn of(mut driver: Driver<'w>, manifests: &[Value]) -> Self {
        let world = driver.world;
        driver.plan.pods = 12;
        driver.pass().await;
        let user = format!("{}-admin", driver.tenant.account.id);
        let tenant = world.as_user(&user);
        let observer = Observer::start(&world.client, &driver.namespace()).await;
        let keeper = Keeper::start(&driver);
        let arena = Self { driver, keeper, observer, tenant };
        let group = "rbac.authorization.k8s.io";
        arena
            .apply(
                &world.client,
                &json!({"apiVersion": format!("{group}/v1"), "kind": "RoleBinding",
                "metadata": {"name": "tenant"},
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "admin"},
                "subjects": [{"apiGroup": group, "kind": "User", "name": user}]}),
            )
            .await
            .unwrap();
        // The plan's quota refuses nothing before its status is filled, and the server heeds the binding in its own time.
        let plan = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tenure-plan"}});
        let quotas = arena.api(&arena.tenant, &plan);
        let started = Instant::now();
        loop {
            let seen = quotas.get("tenure-plan").await;
            if seen.as_ref().is_ok_and(|quota| !quota.data["status"]["hard"]["pods"].is_null()) {
                break;
            }
            assert!(started.elapsed() < DEADLINE, "the tenant's rights or the plan's quota: {seen:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut wanted = 0;
        for manifest in manifests {
            arena.apply(&arena.tenant, manifest).await.unwrap();
            wanted += usize::try_from(manifest["spec"]["replicas"].as_u64().unwrap_or(0)).unwrap();
        }
        arena.runs(wanted).await;
        for manifest in manifests {
            arena.ready(manifest).await;
        }
        arena
    }

    /// Waits until the status of what keeps pods tells that all are ready: a stop notes by it what was there before.
    async fn ready(&self, manifest: &Value) {
        let (field, wanted) = match manifest["kind"].as_str().unwrap() {
            "DaemonSet" => ("numberReady", 1),
            _ => ("readyReplicas", manifest["spec"]["replicas"].as_i64().unwrap_or(0)),
        };
        let started = Instant::now();
        loop {
            let status = self.get(manifest).await.data["status"].clone();
            if status[field].as_i64().unwrap_or(0) >= wanted {
                return;
            }
            assert!(started.elapsed() < DEADLINE, "{field} is not {wanted}: {status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until so many pods have run.
    pub async fn runs(&self, pods: usize) {
        let ran = |events: &[Event]| events.iter().filter(|e| matches!(e.seen, Seen::Ran(_))).count();
        self.observer.until("running pods", |events| ran(events) >= pods).await;
    }

    pub fn api(&self, client: &Client, manifest: &Value) -> Api<DynamicObject> {
        Api::namespaced_with(client.clone(), &self.driver.namespace(), &resource(manifest))
    }

    /// Applies a manifest as a tool of this client would, whatever others say.
    pub async fn apply(&self, client: &Client, manifest: &Value) -> kube::Result<DynamicObject> {
        let name = manifest["metadata"]["name"].as_str().unwrap();
        let params = PatchParams::apply("gitops").force();
        self.api(client, manifest).patch(name, &params, &Patch::Apply(manifest)).await
    }

    pub async fn get(&self, manifest: &Value) -> DynamicObject {
        let name = manifest["metadata"]["name"].as_str().unwrap();
        self.api(&self.driver.world.client, manifest).get(name).await.unwrap()
    }

    /// Tries to make a bare pod as the tenant.
    pub async fn try_pod(&self, name: &str) -> kube::Result<Pod> {
        let pods: Api<Pod> = Api::namespaced(self.tenant.clone(), &self.driver.namespace());
        let pod = serde_json::from_value(json!({"metadata": {"name": name}, "spec": pod_spec()})).unwrap();
        pods.create(&PostParams::default(), &pod).await
    }

    /// Decides to suspend the environment; the keeper begins with it at once.
    pub fn suspend(&mut self) -> MeasureId {
        let measure = self.driver.tenant.restrict("suspend", "environment/web");
        self.keeper.follow(&self.driver);
        measure
    }

    /// Suspends and waits for the receipt; the revision from which on nothing may run.
    pub async fn suspended(&mut self) -> (MeasureId, StopReport, u64) {
        let measure = self.suspend();
        let report = self.keeper.confirmed(&measure).await;
        (measure, report, self.observer.revision().await)
    }

    /// Whoever is below cluster-admin has got no pod to run, not even on record, since a revision.
    pub async fn nothing_ran_since(&self, revision: u64) {
        let events = self.observer.after(revision).await;
        let made = events.iter().filter(|event| matches!(event.seen, Seen::Made(_) | Seen::Ran(_)));
        let made: Vec<_> = made.collect();
        assert!(made.is_empty(), "while suspended: {made:#?}");
        let gate = events.iter().filter(|event| matches!(event.seen, Seen::GateOpen | Seen::GateGone));
        assert_eq!(gate.count(), 0, "the gate was touched");
    }

    pub async fn lifted(&mut self, measure: &MeasureId) -> RestoreReport {
        self.driver.tenant.lift(measure);
        self.keeper.follow(&self.driver);
        self.keeper.restored().await
    }

    /// How long the gate was open after each time that someone removed or opened it, by the events' order. Prints it.
    pub async fn gate_repairs(&self, what: &str, revision: u64) -> Vec<Duration> {
        let mut opened: Option<Instant> = None;
        let mut times = Vec::new();
        for event in self.observer.after(revision).await {
            match event.seen {
                Seen::GateGone | Seen::GateOpen => opened = opened.or(Some(event.at)),
                Seen::GateClosed => times.extend(opened.take().map(|since| event.at - since)),
                _ => {}
            }
        }
        assert_eq!(opened, None, "the gate is closed in the end");
        println!("{what}: closed again after {times:?}");
        times
    }

    pub async fn clean(self) {
        let Self { driver, keeper, observer, tenant: _ } = self;
        drop((keeper, observer));
        driver.clean().await;
    }

    pub async fn delete(&self, client: &Client, manifest: &Value) -> kube::Result<()> {
        let name = manifest["metadata"]["name"].as_str().unwrap();
        self.api(client, manifest).delete(name, &DeleteParams::default()).await.map(drop)
    }
}
