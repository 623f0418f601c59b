//! Snapshots of volumes: one of a claim that is bound is ready at once, with simulated content; one of anything else waits,
//! and says so.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{kind, put_changed};
use crate::object::{is_terminating, namespace, set, text, time, uid};
use crate::world::World;

/// One pass over all snapshots.
pub fn pass(world: &mut World, now: Timestamp) -> Option<Timestamp> {
    let resource = "volumesnapshots.snapshot.storage.k8s.io";
    let snapshots = kind(resource)?;
    for snapshot in world.list(resource, None) {
        if is_terminating(&snapshot) || snapshot.pointer("/status/readyToUse") == Some(&Value::Bool(true)) {
            continue;
        }
        let source = text(&snapshot, "/spec/source/persistentVolumeClaimName");
        let claim = world.find("persistentvolumeclaims", namespace(&snapshot), source);
        let claim = claim.filter(|claim| text(claim, "/status/phase") == "Bound");
        let status = match claim {
            Some(claim) => json!({
                "boundVolumeSnapshotContentName": format!("snapcontent-{}", uid(&snapshot)),
                "creationTime": time(now),
                "readyToUse": true,
                "restoreSize": text(claim, "/status/capacity/storage"),
            }),
            None => json!({
                "readyToUse": false,
                "error": {"message": format!("snapshot controller failed: the claim {source} is not bound")},
            }),
        };
        let mut new = (*snapshot).clone();
        set(&mut new, &["status"], status);
        put_changed(world, snapshots, &snapshot, new);
    }
    None
}
