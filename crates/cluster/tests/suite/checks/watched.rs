//! What the watch has told is believed where nothing is withheld and nothing has to be written, and nowhere else.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::StreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim, ResourceQuota, Service};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;
use tenure_cluster::{Cluster, ClusterError, Envelope, Observation};
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::plan::Exposure;
use tenure_kubesim::Simulation;
use tokio::task::JoinHandle;

use super::repaired;
use crate::world::{DEADLINE, Driver, LOOK, World, page, page_on_volume};

/// A watch that runs until it is dropped, and what it told.
struct Watching {
    told: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Watching {
    fn begin(cluster: &Cluster) -> Self {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let (cluster, tells) = (cluster.clone(), Arc::clone(&told));
        let task = tokio::spawn(async move {
            let mut changes = Box::pin(cluster.watch());
            while let Some(namespace) = changes.next().await {
                tells.lock().unwrap().push(namespace);
            }
        });
        Self { told, task }
    }

    /// Forgets what it told so far.
    fn forget(&self) {
        self.told.lock().unwrap().clear();
    }

    async fn until_told(&self, namespace: &str) {
        let told = || self.told.lock().unwrap().iter().any(|name| name == namespace);
        until(&format!("a change in {namespace}"), told).await;
    }

    async fn end(self) {
        self.task.abort();
        assert!(self.task.await.is_err_and(|error| error.is_cancelled()), "it never ends by itself");
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < DEADLINE, "{what} did not come about");
        tokio::time::sleep(LOOK).await;
    }
}

fn simulation(world: &World) -> &Simulation {
    world.simulation.as_ref().unwrap()
}

/// A pass that believes the watch, with how often it read. Nobody else reads meanwhile.
async fn look(driver: &Driver<'_>) -> (Observation, u64) {
    let reads = || driver.world.simulation.as_ref().map_or(0, Simulation::reads);
    let before = reads();
    let seen = driver.pass_over(&driver.cluster.by_watch()).await.unwrap();
    (seen, reads() - before)
}

/// Looks until one reads so much and writes nothing.
async fn until_looks_read(driver: &Driver<'_>, wanted: u64) -> Observation {
    let started = Instant::now();
    loop {
        let (seen, reads) = look(driver).await;
        if reads == wanted && seen.writes == 0 {
            return seen;
        }
        assert!(started.elapsed() < DEADLINE, "a look reads {reads} times, not {wanted}: {seen:?}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Looks until what changed is put right.
async fn until_repaired(driver: &Driver<'_>, what: &str) {
    let started = Instant::now();
    while !repaired(&look(driver).await.0).iter().any(|repair| repair.contains(what)) {
        assert!(started.elapsed() < DEADLINE, "nobody repairs: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// How often a pass reads that believes nobody.
async fn read_by_a_pass(driver: &Driver<'_>) -> u64 {
    let before = simulation(driver.world).reads();
    driver.pass().await;
    simulation(driver.world).reads() - before
}

pub async fn drift_behind_a_watch_is_told_and_repaired(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(1));
    let watching = Watching::begin(&driver.cluster);
    driver.until_ready().await;
    let seen = until_looks_read(&driver, 0).await;
    assert_eq!((seen.writes, repaired(&seen)), (0, vec![]));
    let started = Instant::now();
    loop {
        let (read, (told, _)) = (driver.pass().await, look(&driver).await);
        if (&told.workloads, &told.quota) == (&read.workloads, &read.quota) && read.quota.is_some() {
            break;
        }
        assert!(started.elapsed() < DEADLINE, "told is {told:?}, and the server says {read:?}");
        tokio::time::sleep(LOOK).await;
    }

    watching.forget();
    driver.api::<Service>().delete("feed", &DeleteParams::default()).await.unwrap();
    watching.until_told(&driver.namespace()).await;
    until_repaired(&driver, "Service/feed: was deleted").await;
    watching.forget();
    let scaled = Patch::Merge(json!({"spec": {"replicas": 3}}));
    driver.api::<Deployment>().patch("feed", &PatchParams::default(), &scaled).await.unwrap();
    watching.until_told(&driver.namespace()).await;
    until_repaired(&driver, "Deployment/feed: spec.replicas is 3, declared 1").await;
    watching.forget();
    let unlabelled = Patch::Merge(json!({"metadata": {"labels": {"tenure.dev/environment": null}}}));
    driver.api::<ResourceQuota>().patch("tenure-plan", &PatchParams::default(), &unlabelled).await.unwrap();
    watching.until_told(&driver.namespace()).await;
    until_repaired(&driver, "ResourceQuota/tenure-plan: metadata.labels.tenure.dev/environment").await;
    driver.until_ready().await;
    watching.end().await;
    driver.clean().await;
}

pub async fn an_unchanged_environment_is_not_read_again(world: World) {
    let watching = Watching::begin(&world.cluster);
    let mut first = Driver::new(&world);
    first.tenant.put("feed", page(2));
    first.tenant.put("media", page_on_volume());
    until_looks_read(&first, 0).await;
    for _ in 0..3 {
        let (seen, reads) = look(&first).await;
        assert_eq!((reads, seen.writes), (0, 0));
    }

    let mut second = Driver::new(&world);
    second.tenant.put("feed", page(1));
    let before = simulation(&world).reads();
    let started = Instant::now();
    loop {
        let (seen, _) = look(&second).await;
        if seen.writes == 0 && seen.workloads.values().all(|workload| workload.ready == workload.wanted) {
            break;
        }
        assert!(started.elapsed() < DEADLINE, "{seen:?}");
        tokio::time::sleep(LOOK).await;
    }
    assert_eq!(simulation(&world).reads() - before, 0, "a new environment is brought about by writes alone");
    second.tenant.put("media", page_on_volume());
    let (seen, reads) = look(&second).await;
    assert!(seen.writes > 3, "{seen:?}");
    assert_eq!(reads, u64::from(seen.writes) + 1, "read is what is written, and the namespace");
    until_looks_read(&second, 0).await;

    let mut open = Driver::new(&world);
    open.envelope = Envelope::new(EnvironmentKind::Open, Exposure::default(), None);
    until_looks_read(&open, 0).await;
    watching.end().await;
}

pub async fn what_is_not_kept_is_read(world: World) {
    let mut driver = Driver::new(&world);
    let large = driver.tenant.file(&"x".repeat(20_000));
    let mut workload = page(1);
    workload.files.insert("/srv/large".to_owned(), large);
    driver.tenant.put("feed", workload);
    let watching = Watching::begin(&world.cluster);
    until_looks_read(&driver, 1).await;
    watching.end().await;
}

pub async fn nothing_is_believed_while_nobody_watches_or_not_everything_is_told(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(1));
    driver.until_ready().await;
    let all = read_by_a_pass(&driver).await;
    assert!(all > 5, "{all}");
    assert_eq!(look(&driver).await.1, all, "nobody watches yet");

    let watching = Watching::begin(&driver.cluster);
    until_looks_read(&driver, 0).await;
    assert_eq!(read_by_a_pass(&driver).await, all, "a pass that is to read reads, whatever was told");

    // A connection that breaks: what happens meanwhile is told when it is there again.
    simulation(&world).refuse_connections(true);
    simulation(&world).refuse_connections(false);
    driver.api::<Service>().delete("feed", &DeleteParams::default()).await.unwrap();
    until_repaired(&driver, "Service/feed: was deleted").await;
    until_looks_read(&driver, 0).await;
    watching.end().await;
    assert_eq!(look(&driver).await.1, all, "the watch has ended");
}

pub async fn a_change_behind_a_stale_watch_is_seen_by_whoever_reads(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(1));
    let watching = Watching::begin(&driver.cluster);
    driver.until_ready().await;
    until_looks_read(&driver, 0).await;

    simulation(&world).hold_watches(true);
    driver.api::<Service>().delete("feed", &DeleteParams::default()).await.unwrap();
    let (seen, reads) = look(&driver).await;
    assert_eq!((seen.writes, reads), (0, 0), "nobody told of it");
    assert_eq!(repaired(&driver.pass().await), ["Service/feed: was deleted"]);
    driver.api::<Service>().delete("feed", &DeleteParams::default()).await.unwrap();
    watching.forget();
    simulation(&world).hold_watches(false);
    watching.until_told(&driver.namespace()).await;
    until_repaired(&driver, "Service/feed: was deleted").await;

    // A watch that is told to begin anew finds what it missed.
    until_looks_read(&driver, 0).await;
    simulation(&world).hold_watches(true);
    driver.api::<Service>().delete("feed", &DeleteParams::default()).await.unwrap();
    simulation(&world).forget_changes();
    watching.forget();
    simulation(&world).hold_watches(false);
    watching.until_told(&driver.namespace()).await;
    until_repaired(&driver, "Service/feed: was deleted").await;
    until_looks_read(&driver, 0).await;
    watching.end().await;
}

pub async fn what_nobody_told_of_is_not_taken(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(1));
    let watching = Watching::begin(&driver.cluster);
    driver.until_ready().await;
    until_looks_read(&driver, 0).await;
    let claim = json!({"metadata": {"name": "media"}, "spec": {"accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "8Mi"}}}});
    let claims: Api<PersistentVolumeClaim> = driver.api();
    let theirs =
        claims.create(&PostParams::default(), &serde_json::from_value(claim).unwrap()).await.unwrap();
    driver.tenant.put("media", page_on_volume());
    let (seen, _) = look(&driver).await;
    let said = seen.workloads[&"media".parse().unwrap()].message.clone().unwrap_or_default();
    assert!(said.contains("its data was not touched"), "{said}");
    assert_eq!(claims.get("media").await.unwrap().metadata.labels, theirs.metadata.labels);

    // Nor is a namespace that took the place of ours, while nobody has told of that yet.
    simulation(&world).hold_watches(true);
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    namespaces.delete(&driver.namespace(), &DeleteParams::default()).await.unwrap();
    let started = Instant::now();
    while namespaces.get_opt(&driver.namespace()).await.unwrap().is_some() {
        assert!(started.elapsed() < DEADLINE, "the namespace does not end");
        tokio::time::sleep(LOOK).await;
    }
    let other = json!({"metadata": {"name": driver.namespace()}});
    namespaces.create(&PostParams::default(), &serde_json::from_value(other).unwrap()).await.unwrap();
    driver.tenant.put("more", page(1));
    let refused = driver.pass_over(&driver.cluster.by_watch()).await.unwrap_err();
    assert!(matches!(refused, ClusterError::ForeignNamespace { .. }), "{refused}");
    assert_eq!(driver.api::<Deployment>().get_opt("more").await.unwrap(), None);
    watching.end().await;
}

/// Whatever withholds, proves and gives back reads, also after a measure that touches nothing.
pub async fn a_measure_is_never_carried_out_by_what_was_told(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(1));
    let watching = Watching::begin(&driver.cluster);
    driver.until_ready().await;
    until_looks_read(&driver, 0).await;
    for (preset, scope) in [("freeze", "environment/web"), ("suspend", "environment/web")] {
        let measure = driver.tenant.restrict(preset, scope);
        driver.until_confirmed(&measure).await;
        let all = read_by_a_pass(&driver).await;
        assert!(all > 5, "{all}");
        assert_eq!(look(&driver).await.1, all, "{preset}");
        driver.tenant.lift(&measure);
        let (_, reads) = look(&driver).await;
        assert!(reads > 5, "what is given back of {preset} is read: {reads}");
        driver.until_restored().await;
        until_looks_read(&driver, 0).await;
    }
    watching.end().await;
}

/// A gate that the watch has told of and no permit allows is removed, also by a look that believes it.
pub async fn a_gate_that_the_watch_tells_of_is_removed(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(1));
    let watching = Watching::begin(&driver.cluster);
    driver.until_ready().await;
    until_looks_read(&driver, 0).await;
    watching.forget();
    let gate = json!({"metadata": {"name": "tenure-gate", "labels": {"tenure.dev/environment": "web"}},
        "spec": {"hard": {"pods": "0"}}});
    let quotas: Api<ResourceQuota> = driver.api();
    quotas.create(&PostParams::default(), &serde_json::from_value(gate).unwrap()).await.unwrap();
    watching.until_told(&driver.namespace()).await;
    until_repaired(&driver, "ResourceQuota/tenure-gate: no permit allows it").await;
    assert!(quotas.get_opt("tenure-gate").await.unwrap().is_none());
    watching.end().await;
}
