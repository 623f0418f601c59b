//! Snapshots of volumes: taken once, what volumes are made from, and gone only with a decision.

use std::time::Instant;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use tenure_cluster::{Kind, Observation, Phase, SnapshotSeen, SnapshotState};
use tenure_domain::account::Command;
use tenure_domain::account::snapshot::Snapshots;
use tenure_domain::name::SnapshotId;
use tenure_domain::text::Blob;
use tenure_domain::workload::{Volume, Workload};

use super::repaired;
use crate::faults::Hidden;
use crate::world::{DEADLINE, Driver, LOOK, World, page};

const CRD: &str = "volumesnapshots.snapshot.storage.k8s.io";

/// A page with a volume, made from a snapshot or empty.
fn keeping(size_mib: u32, from: Option<SnapshotId>) -> Workload {
    let volume = Volume { path: "/data".to_owned(), size_mib, from };
    Workload { volumes: [("data".parse().unwrap(), volume)].into(), ..page(1) }
}

impl Driver<'_> {
    fn request_snapshot(&mut self) -> SnapshotId {
        self.tenant.person(
            "ines",
            Command::Snapshots(Snapshots::Request {
                environment: "web".parse().unwrap(),
                workload: "store".parse().unwrap(),
                volume: "data".parse().unwrap(),
                pod: None,
                unable: None,
            }),
        );
        self.tenant.account.snapshots.kept.keys().next_back().unwrap().clone()
    }

    fn release_snapshot(&mut self, snapshot: &SnapshotId) {
        let (environment, snapshot) = ("web".parse().unwrap(), snapshot.clone());
        self.tenant.person("ines", Command::Snapshots(Snapshots::Release { environment, snapshot }));
    }

    fn snapshot_objects(&self) -> Api<DynamicObject> {
        let resource = ApiResource {
            group: "snapshot.storage.k8s.io".to_owned(),
            version: "v1".to_owned(),
            api_version: "snapshot.storage.k8s.io/v1".to_owned(),
            kind: "VolumeSnapshot".to_owned(),
            plural: "volumesnapshots".to_owned(),
        };
        Api::namespaced_with(self.world.client.clone(), &self.namespace(), &resource)
    }

    async fn until_snapshot(&self, id: &SnapshotId, state: SnapshotState) -> SnapshotSeen {
        let is_so = |o: &Observation| o.snapshots.get(id).is_some_and(|seen| seen.state == state);
        self.until(&format!("{id} {state:?}"), is_so).await.snapshots.remove(id).unwrap()
    }
}

/// What a claim is made from.
async fn source(driver: &Driver<'_>, claim: &str) -> Option<String> {
    let claim = driver.api::<PersistentVolumeClaim>().get_opt(claim).await.unwrap()?;
    claim.spec.unwrap().data_source.map(|source| source.name)
}

pub async fn a_snapshot_is_taken_once_and_a_new_volume_is_made_from_it(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("store", keeping(16, None));
    driver.until_ready().await;
    assert_eq!(driver.cluster.unable_to_snapshot().await.unwrap(), None);
    let id = driver.request_snapshot();
    let seen = driver.until_snapshot(&id, SnapshotState::Ready).await;
    assert_eq!((seen.message, seen.restore_size.as_deref()), (None, Some("16Mi")));
    assert!(seen.taken_at.is_some());
    let objects = driver.snapshot_objects();
    let made = objects.get("snapshot--1").await.unwrap();
    assert_eq!(made.data["spec"], json!({"source": {"persistentVolumeClaimName": "store--data"}}));
    let labels = made.metadata.labels.clone().unwrap();
    assert_eq!(labels["tenure.dev/account"], driver.tenant.account.id.as_str());
    let quiet = driver.pass().await;
    assert_eq!((quiet.writes, repaired(&quiet), quiet.retry), (0, vec![], None));

    // What somebody changes of its labels is put back and told; the snapshot stays the one it is.
    let changed = Patch::Merge(json!({"metadata": {"labels": {"tenure.dev/environment": "other"}}}));
    objects.patch("snapshot--1", &PatchParams::default(), &changed).await.unwrap();
    let told = repaired(&driver.pass().await);
    assert_eq!(
        told,
        [r#"VolumeSnapshot/snapshot--1: metadata.labels.tenure.dev/environment is "other", declared "web""#]
    );
    assert_eq!(driver.pass().await.writes, 0, "the repair held");
    assert_eq!(objects.get("snapshot--1").await.unwrap().metadata.uid, made.metadata.uid);

    // It outlives its workload, and a new volume is made from it.
    driver.tenant.remove("store");
    driver.tenant.put("again", keeping(16, Some(id.clone())));
    driver.until_ready().await;
    assert_eq!(source(&driver, "again--data").await.as_deref(), Some("snapshot--1"));
    // Once it is there nothing says any more from what, and it grows like any other.
    driver.tenant.put("again", keeping(32, None));
    let grown = driver.until_ready().await;
    assert_eq!(grown.workloads[&"again".parse().unwrap()].message, None);
    assert_eq!(source(&driver, "again--data").await.as_deref(), Some("snapshot--1"));

    driver.release_snapshot(&id);
    driver.until("the snapshot gone", |o| o.snapshots.is_empty() && o.writes == 0).await;
    assert!(objects.get_opt("snapshot--1").await.unwrap().is_none());
    assert!(driver.kept.memory().inventory.keys().all(|key| key.kind != Kind::VolumeSnapshot));
    driver.clean().await;
}

pub async fn a_snapshot_that_someone_deletes_is_lost_and_never_made_anew(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("store", keeping(16, None));
    driver.until_ready().await;
    let id = driver.request_snapshot();
    driver.until_snapshot(&id, SnapshotState::Ready).await;
    let objects = driver.snapshot_objects();
    objects.delete("snapshot--1", &DeleteParams::default()).await.unwrap();
    for _ in 0..2 {
        let observation = driver.pass().await;
        let seen = &observation.snapshots[&id];
        assert_eq!((seen.state, observation.writes), (SnapshotState::Lost, 0));
        assert!(seen.message.as_deref().unwrap().contains("not made anew"), "{seen:?}");
    }
    // Another of its name is not taken for it.
    let other = json!({
        "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot", "metadata": {"name": "snapshot--1"},
        "spec": {"source": {"persistentVolumeClaimName": "store--data"}},
    });
    objects.create(&PostParams::default(), &serde_json::from_value(other).unwrap()).await.unwrap();
    assert_eq!(driver.pass().await.snapshots[&id].state, SnapshotState::Lost);
    // Once it is on the record nothing is made, nor made from it, and what is not ours stays.
    driver.tenant.run("system/cluster", Command::Snapshots(Snapshots::RecordLost { snapshot: id.clone() }));
    for _ in 0..2 {
        let observation = driver.pass().await;
        assert_eq!((observation.snapshots.len(), observation.writes), (0, 0));
    }
    assert!(objects.get_opt("snapshot--1").await.unwrap().is_some());
    driver.release_snapshot(&id);
    driver.pass().await;
    assert!(objects.get_opt("snapshot--1").await.unwrap().is_some());
    driver.clean().await;
}

pub async fn a_volume_waits_for_its_snapshot_and_begins_on_no_other_data(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("store", keeping(16, None));
    driver.until_ready().await;
    let id = driver.request_snapshot();
    // Declared before the snapshot was ever seen.
    driver.tenant.put("again", keeping(16, Some(id.clone())));
    let first = driver.pass().await;
    let status = &first.workloads[&"again".parse().unwrap()];
    let said = status.message.as_deref().unwrap();
    assert!(said.contains("VolumeSnapshot/snapshot--1 is not there"), "{said}");
    assert_eq!(status.phase, Some(Phase::Refused));
    assert!(first.retry.is_some());
    assert!(driver.api::<PersistentVolumeClaim>().get_opt("again--data").await.unwrap().is_none());
    driver.until_ready().await;
    assert_eq!(source(&driver, "again--data").await.as_deref(), Some("snapshot--1"));
    // The claim of a workload that was removed stays, with its data: a new one of its name does not pass for a copy.
    driver.tenant.remove("store");
    driver.until_ready().await;
    driver.tenant.put("store", keeping(16, Some(id)));
    let observation = driver.pass().await;
    let status = &observation.workloads[&"store".parse().unwrap()];
    let said = status.message.as_deref().unwrap();
    assert!(said.contains("store--data is there already and is not made from snapshot--1"), "{said}");
    assert!(driver.api::<Deployment>().get_opt("store").await.unwrap().is_none());
    driver.clean().await;
}

pub async fn a_stop_retains_snapshots_and_a_deletion_takes_them_before_their_volumes(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("store", keeping(16, None));
    driver.until_ready().await;
    let id = driver.request_snapshot();
    driver.until_snapshot(&id, SnapshotState::Ready).await;
    let objects = driver.snapshot_objects();
    let made = objects.get("snapshot--1").await.unwrap().metadata.uid;
    let measure = driver.tenant.restrict("suspend", "environment/web");
    driver.until_confirmed(&measure).await;
    assert_eq!(objects.get("snapshot--1").await.unwrap().metadata.uid, made);
    driver.tenant.lift(&measure);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    let receipt = Blob::of_digest([0; 32]);
    driver.tenant.run("system/cluster", Command::ConfirmRestored { measure, receipt });

    driver.tenant.delete(vec![]);
    let report = driver.until_erased().await;
    let place = |kind: Kind| {
        report.deleted.iter().rposition(|gone| gone.object.kind == kind).unwrap_or_else(|| panic!("{kind:?}"))
    };
    assert!(place(Kind::Deployment) < place(Kind::VolumeSnapshot));
    assert!(place(Kind::VolumeSnapshot) < place(Kind::PersistentVolumeClaim));
    assert_eq!(Some(&report.deleted[place(Kind::VolumeSnapshot)].uid), made.as_ref());
    assert_eq!(report.remains.len(), 0, "{report:?}");
}

pub async fn a_cluster_that_takes_no_snapshots_says_so_and_the_rest_goes_on(world: World) {
    let mut driver = Driver::new(&world);
    let without = world.hiding(&Hidden("/apis/snapshot.storage.k8s.io"));
    let said = without.unable_to_snapshot().await.unwrap().unwrap();
    assert!(said.contains("does not serve snapshot.storage.k8s.io"), "{said}");
    driver.tenant.put("store", keeping(16, None));
    let id = driver.request_snapshot();
    driver.cluster = without;
    let observation = driver.until_ready().await;
    let seen = &observation.snapshots[&id];
    assert_eq!((seen.state, seen.message.as_deref()), (SnapshotState::Failed, Some(said.as_str())));
    // Where one was made before, nothing is said of it but that.
    driver.cluster = world.cluster.clone();
    driver.until_snapshot(&id, SnapshotState::Ready).await;
    driver.cluster = world.hiding(&Hidden("/apis/snapshot.storage.k8s.io"));
    assert_eq!(driver.pass().await.snapshots[&id].state, SnapshotState::Failed);
    driver.release_snapshot(&id);
    driver.pass().await;
    assert!(
        driver.kept.memory().inventory.keys().any(|key| key.kind == Kind::VolumeSnapshot),
        "not forgotten"
    );
    driver.cluster = world.cluster.clone();
    driver.pass().await;
    assert!(driver.snapshot_objects().get_opt("snapshot--1").await.unwrap().is_none());
    driver.clean().await;
}

/// The API of a CSI snapshotter, as small as it can be.
async fn install(world: &World) {
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "required": ["source"], "properties": {
            "source": {"type": "object", "properties": {"persistentVolumeClaimName": {"type": "string"}}},
            "volumeSnapshotClassName": {"type": "string"},
        }},
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    }});
    let names = json!({"plural": "volumesnapshots", "singular": "volumesnapshot", "kind": "VolumeSnapshot"});
    let version = json!({
        "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    });
    let approved = "https://github.com/kubernetes-csi/external-snapshotter/pull/814";
    let crd = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": CRD, "annotations": {"api-approved.kubernetes.io": approved}},
        "spec": {"group": "snapshot.storage.k8s.io", "scope": "Namespaced", "names": names, "versions": [version]},
    });
    let crds: Api<CustomResourceDefinition> = Api::all(world.client.clone());
    match crds.create(&PostParams::default(), &serde_json::from_value(crd).unwrap()).await {
        Ok(_) => {}
        // A run before this one was cut off.
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        Err(error) => panic!("{error}"),
    }
    let started = Instant::now();
    loop {
        let request = http::Request::get("/apis/snapshot.storage.k8s.io/v1").body(vec![]).unwrap();
        let listed = world.client.request::<Value>(request).await.unwrap_or_default();
        if listed["resources"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["name"] == "volumesnapshots"))
        {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "the API is not served: {listed}");
        tokio::time::sleep(LOOK).await;
    }
}

async fn uninstall(world: &World) {
    let crds: Api<CustomResourceDefinition> = Api::all(world.client.clone());
    crds.delete(CRD, &DeleteParams::default()).await.unwrap();
}

/// On a cluster that has the API and no driver: what a driver would say is said by the test.
pub async fn a_snapshot_is_what_the_driver_says_of_it(world: World) {
    install(&world).await;
    let mut driver = Driver::new(&world);
    driver.tenant.put("store", keeping(16, None));
    driver.until_ready().await;
    let id = driver.request_snapshot();
    let objects = driver.snapshot_objects();
    let say = async |status: Value| {
        let said = Patch::Merge(json!({"status": status}));
        objects.patch_status("snapshot--1", &PatchParams::default(), &said).await.unwrap();
    };
    driver.until("the snapshot made", |o| o.writes == 0 && o.retry.is_some()).await;
    let seen = driver.until_snapshot(&id, SnapshotState::Pending).await;
    assert_eq!((seen.message, seen.taken_at), (None, None));
    say(json!({"readyToUse": false, "error": {"message": "the array is full"}})).await;
    let seen = driver.until_snapshot(&id, SnapshotState::Failed).await;
    assert_eq!(seen.message.as_deref(), Some("the array is full"));
    // What is to be made from it waits, and says what for.
    driver.tenant.put("again", keeping(16, Some(id.clone())));
    let observation = driver.pass().await;
    let said = observation.workloads[&"again".parse().unwrap()].message.clone().unwrap();
    assert!(said.contains("the array is full"), "{said}");
    let at = "2026-01-05T12:34:56Z";
    say(json!({"readyToUse": true, "error": null, "restoreSize": "16Mi", "creationTime": at})).await;
    let seen = driver.until_snapshot(&id, SnapshotState::Ready).await;
    assert_eq!((seen.message, seen.restore_size.as_deref()), (None, Some("16Mi")));
    assert_eq!(seen.taken_at.unwrap().to_string(), at);
    let started = Instant::now();
    while source(&driver, "again--data").await.as_deref() != Some("snapshot--1") {
        assert!(started.elapsed() < DEADLINE, "the claim is not made");
        driver.pass().await;
        tokio::time::sleep(LOOK).await;
    }
    driver.tenant.remove("again");
    driver.release_snapshot(&id);
    driver.until("the snapshot gone", |o| o.snapshots.is_empty() && o.writes == 0).await;
    assert!(objects.get_opt("snapshot--1").await.unwrap().is_none());
    driver.clean().await;
    uninstall(&world).await;
}
