//! What a workload keeps and what it reads, as claims and as volumes of its pods.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tenure_domain::account::snapshot::Snapshot;
use tenure_domain::name::{SnapshotId, WorkloadId};
use tenure_domain::workload::{File, Kind as Of, Volume, Workload};

use super::quantity::mebibytes;
use super::{Wanted, config, pod, wanted};
use crate::environment::Environment;
use crate::inventory::Kind;
use crate::names;

fn specification(volume: &Volume) -> Value {
    json!({
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": mebibytes(volume.size_mib.into())}},
    })
}

/// The claims of a workload, of the cluster's default storage class. Those of a stateful service are made here too, before
/// its pods: so all are in the inventory, and grow when they are declared larger.
pub(super) fn claims(environment: &Environment, id: &WorkloadId, workload: &Workload) -> Vec<Wanted> {
    let claim = |name: &str, volume: &Volume| {
        let body = json!({"spec": specification(volume)});
        let mut claim = wanted(environment, Kind::PersistentVolumeClaim, name, Some(id), body);
        // Left out of the digest: it says something only of a claim that is not there yet.
        if let Some(from) = &volume.from {
            claim.object["spec"]["dataSource"] = json!({
                "apiGroup": "snapshot.storage.k8s.io",
                "kind": Kind::VolumeSnapshot.as_str(),
                "name": names::snapshot(from),
            });
        }
        claim
    };
    let mut all: Vec<Wanted> = workload.volume.iter().map(|volume| claim(id.as_str(), volume)).collect();
    for (name, volume) in &workload.volumes {
        if workload.kind == Of::StatefulService {
            let pods = 0..workload.replicas;
            all.extend(pods.map(|n| claim(&names::claim_of_pod(id, name, n), volume)));
        } else {
            all.push(claim(&names::claim(id, name), volume));
        }
    }
    all
}

/// What takes a snapshot of a volume; nothing of one that was lost.
pub(super) fn snapshot(environment: &Environment, id: &SnapshotId, snapshot: &Snapshot) -> Option<Wanted> {
    if snapshot.lost.is_some() {
        return None;
    }
    let (workload, volume) = (&snapshot.workload, &snapshot.volume);
    let claim = match snapshot.pod {
        Some(pod) => names::claim_of_pod(workload, volume, pod),
        None => names::claim(workload, volume),
    };
    let mut spec = json!({"source": {"persistentVolumeClaimName": claim}});
    if let Some(class) = &snapshot.class {
        spec["volumeSnapshotClassName"] = json!(class);
    }
    let body = json!({"spec": spec});
    Some(wanted(environment, Kind::VolumeSnapshot, &names::snapshot(id), Some(workload), body))
}

/// What makes the claims of a stateful service's pods.
pub(super) fn claim_templates(workload: &Workload) -> Vec<Value> {
    let template = |(name, volume)| json!({"metadata": {"name": names::claim_template(name)}, "spec": specification(volume)});
    workload.volumes.iter().map(template).collect()
}

/// The mounts of the container, and the volumes of the pod.
pub(super) fn of_pod(id: &WorkloadId, workload: &Workload) -> (Vec<Value>, Vec<Value>) {
    let (mut mounts, mut volumes) = (Vec::new(), Vec::new());
    let claimed =
        |name: &str, claim: &str| json!({"name": name, "persistentVolumeClaim": {"claimName": claim}});
    if let Some(volume) = &workload.volume {
        mounts.push(json!({"name": "volume", "mountPath": volume.path}));
        volumes.push(claimed("volume", id.as_str()));
    }
    for (volume, declared) in &workload.volumes {
        let name = if workload.kind == Of::StatefulService {
            names::claim_template(volume)
        } else {
            let name = format!("volume--{volume}");
            volumes.push(claimed(&name, &names::claim(id, volume)));
            name
        };
        mounts.push(json!({"name": name, "mountPath": declared.path}));
    }
    let mounted = |name: &str, path: &str, key: &str| json!({"name": name, "mountPath": path, "subPath": key, "readOnly": true});
    for (path, file) in &workload.files {
        if let File::Kept { .. } = file {
            mounts.push(mounted("files", path, &config::key_of(path)));
        }
    }
    if workload.kept_files().next().is_some() {
        volumes.push(json!({"name": "files", "configMap": {"name": names::files(id)}}));
    }
    let mut secrets = BTreeSet::new();
    for (path, key) in pod::secrets_of_files(workload) {
        let name = names::secret(&key.name);
        mounts.push(mounted(&name, path, &key.key));
        if secrets.insert(name.clone()) {
            volumes.push(json!({"name": name, "secret": {"secretName": name}}));
        }
    }
    (mounts, volumes)
}
