//! Folding snapshots of volumes.

use super::super::Account;
use super::super::event::{Event, Recorded};
use super::super::snapshot::Snapshot;
use super::FoldError;

impl Account {
    pub(super) fn fold_snapshots(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        match &recorded.event {
            Event::SnapshotRequested { snapshot, environment, workload, volume, pod, size_mib, class } => {
                let unknown = self.unknown(environment);
                self.environments.get(environment).ok_or(unknown)?;
                self.in_order(snapshot.number(), self.snapshots.asked as usize, snapshot)?;
                self.snapshots.asked = snapshot.number();
                let asked = Snapshot {
                    environment: environment.clone(),
                    workload: workload.clone(),
                    volume: volume.clone(),
                    pod: *pod,
                    size_mib: *size_mib,
                    class: class.clone(),
                    asked_at: recorded.at,
                    asked_by: recorded.actor.clone(),
                    lost: None,
                };
                self.snapshots.kept.insert(snapshot.clone(), asked);
            }
            Event::SnapshotReleased { snapshot } => {
                let unknown = self.unknown(snapshot);
                self.snapshots.kept.remove(snapshot).ok_or(unknown)?;
            }
            Event::SnapshotLost { snapshot } => {
                let unknown = self.unknown(snapshot);
                self.snapshots.kept.get_mut(snapshot).ok_or(unknown)?.lost = Some(recorded.at);
            }
            _ => {}
        }
        Ok(())
    }
}
