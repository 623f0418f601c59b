//! Snapshots of volumes: asked for, given up, and seen to be lost.

use super::{Draft, all_met};
use crate::account::actor::System;
use crate::account::event::Event;
use crate::account::snapshot::Snapshots;
use crate::account::{Account, Environment, Kept};
use crate::name::{EnvironmentId, SnapshotId, VolumeId, WorkloadId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::workload::{Kind, Workload};

impl Draft<'_> {
    pub(super) fn snapshots(&mut self, command: Snapshots) -> Result<(), Rejected> {
        match command {
            Snapshots::Request { environment, workload, volume, pod, unable } => {
                self.request_snapshot(environment, workload, volume, pod, unable)
            }
            Snapshots::Release { environment, snapshot } => self.release_snapshot(&environment, snapshot),
            Snapshots::RecordLost { snapshot } => self.record_lost(snapshot),
        }
    }

    fn request_snapshot(
        &mut self,
        environment: EnvironmentId,
        workload: WorkloadId,
        volume: VolumeId,
        pod: Option<u16>,
        unable: Option<String>,
    ) -> Result<(), Rejected> {
        let env = self.account.environment(&environment)?;
        let spec = env.workloads.get(&workload);
        let spec = spec.ok_or_else(|| Rejected::not_found("workload", &workload))?;
        let declared = spec.volumes.get(&volume).ok_or_else(|| Rejected::not_found("volume", &volume))?;
        let size_mib = declared.size_mib;
        if let Some(detail) = wrong_pod(spec, pod) {
            return Err(Rejected::Invalid { pointer: "/pod".to_owned(), detail });
        }
        let mut guards: Vec<Unmet> = unable
            .map(|why| {
                let then = "keep copies of what the volume holds by other means";
                Unmet::new(Guard::Supported, why, then)
            })
            .into_iter()
            .collect();
        let most = self.account.most_snapshots();
        if self.account.snapshots.kept.len() >= usize::from(most) {
            let detail =
                format!("snapshots: {most} exist, which is all that the plan of {} allows", self.account.id);
            guards.push(Unmet::new(Guard::WithinPlan, detail, "release one first, or ask for a larger plan"));
        }
        guards.extend(self.deploy_guard(&Scope::Workload(environment.clone(), workload.clone())));
        all_met(guards)?;
        let made = usize::try_from(self.account.snapshots.asked).unwrap_or(usize::MAX - 1);
        let snapshot = self.account.next(made, SnapshotId::new);
        let class = self.account.allowances.as_ref().and_then(|allowances| allowances.snapshot_class.clone());
        self.emit(Event::SnapshotRequested { snapshot, environment, workload, volume, pod, size_mib, class })
    }

    fn release_snapshot(
        &mut self,
        environment: &EnvironmentId,
        snapshot: SnapshotId,
    ) -> Result<(), Rejected> {
        let kept = self.account.snapshot(environment, &snapshot)?;
        let scope = Scope::Workload(environment.clone(), kept.workload.clone());
        let mut guards = made_from(self.account.environment(environment)?, &snapshot);
        guards.extend(self.deploy_guard(&scope));
        guards.extend(self.account.preserved(Kept::Data(&scope)));
        all_met(guards)?;
        self.emit(Event::SnapshotReleased { snapshot })
    }

    fn record_lost(&mut self, snapshot: SnapshotId) -> Result<(), Rejected> {
        self.part(System::Cluster)?;
        match self.account.snapshots.kept.get(&snapshot) {
            Some(kept) if kept.lost.is_none() => self.emit(Event::SnapshotLost { snapshot }),
            Some(_) => Ok(()),
            None => Err(Rejected::not_found("snapshot", snapshot)),
        }
    }
}

/// Which pod's volume is meant has to be said where each has its own, and only there.
fn wrong_pod(spec: &Workload, pod: Option<u16>) -> Option<String> {
    match (spec.kind, pod) {
        (Kind::StatefulService, None) => {
            Some("each pod has this volume for itself: say of which, from 0".to_owned())
        }
        (Kind::StatefulService, Some(pod)) if pod >= spec.replicas => {
            Some(format!("it has {} pods, numbered from 0", spec.replicas))
        }
        (Kind::StatefulService, Some(_)) | (_, None) => None,
        (_, Some(_)) => Some("leave it out: all pods share this volume".to_owned()),
    }
}

/// The volumes that are declared to be made from a snapshot.
fn made_from(env: &Environment, snapshot: &SnapshotId) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    for (workload, spec) in &env.workloads {
        for (volume, _) in spec.volumes.iter().filter(|(_, volume)| volume.from.as_ref() == Some(snapshot)) {
            unmet.push(Unmet::new(
                Guard::InState,
                format!("the volume {volume} of {workload} is declared to be made from {snapshot}"),
                "once the volume is there, declare the workload without `from`",
            ));
        }
    }
    unmet
}

/// What volumes are to be made from has to be there, and to fit in them.
pub(super) fn sources_exist(
    account: &Account,
    environment: &EnvironmentId,
    before: Option<&Workload>,
    spec: &Workload,
) -> Vec<Unmet> {
    let is_new = |volume: &VolumeId| before.is_none_or(|before| !before.volumes.contains_key(volume));
    let mut unmet = Vec::new();
    for (id, volume) in spec.volumes.iter().filter(|(id, _)| is_new(id)) {
        let Some(from) = &volume.from else { continue };
        let pointer = format!("/volumes/{id}");
        match account.snapshot(environment, from) {
            Err(_) => {
                let detail = format!("{pointer}/from: {environment} has no snapshot {from}");
                unmet.push(Unmet::new(Guard::Known, detail, "name one that is listed there"));
            }
            Ok(snapshot) if snapshot.lost.is_some() => {
                let detail = format!("{pointer}/from: {from} was deleted in the cluster");
                unmet.push(Unmet::new(Guard::InState, detail, "name one that is ready"));
            }
            Ok(snapshot) if snapshot.size_mib > volume.size_mib => {
                let detail = format!("{pointer}/sizeMib: {from} is of a volume of {} MiB", snapshot.size_mib);
                unmet.push(Unmet::new(Guard::InState, detail, "make the volume at least as large"));
            }
            Ok(_) => {}
        }
    }
    unmet
}
