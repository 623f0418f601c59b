//! What one declaration may become.

use super::{Workload, WorkloadFault};
use crate::name::VolumeId;

impl Workload {
    /// Everything in `after` that would lose data, or that nothing can carry out on what exists.
    pub fn faults_of_change(&self, after: &Self) -> Vec<WorkloadFault> {
        let mut faults = Vec::new();
        let mut fault = |pointer: String, detail: &str| {
            faults.push(WorkloadFault { pointer, detail: detail.to_owned() });
        };
        if self.kind != after.kind {
            fault(
                "/kind".to_owned(),
                &format!(
                    "it is a {} and stays one: remove it and declare another under another name",
                    self.kind.as_str()
                ),
            );
        }
        if self.volume.is_some() && self.volume != after.volume {
            let detail = "a volume is neither moved, resized nor dropped by changing the workload: its data would be lost or left behind";
            fault("/volume".to_owned(), detail);
        }
        for (id, volume) in &self.volumes {
            match after.volumes.get(id) {
                None => fault(
                    at(id, ""),
                    "a volume is not dropped by changing the workload: its data would be left behind",
                ),
                Some(new) if new.path != volume.path => {
                    fault(at(id, "/path"), &format!("it is at {} and stays there", volume.path));
                }
                Some(new) if new.size_mib < volume.size_mib => {
                    let detail = format!("it has {} MiB: a volume grows and never shrinks", volume.size_mib);
                    fault(at(id, "/sizeMib"), &detail);
                }
                Some(new) if new.from.is_some() && new.from != volume.from => {
                    fault(
                        at(id, "/from"),
                        "the volume is there already: only a new one is made from a snapshot",
                    );
                }
                Some(_) => {}
            }
        }
        faults
    }

    /// Whether pods that run end when `after` follows. More replicas of the same, other bounds of their number and larger
    /// volumes leave them alone.
    pub fn ends_pods(&self, after: &Self) -> bool {
        let mut same = after.clone();
        same.replicas = self.replicas;
        for (id, volume) in &self.volumes {
            if let Some(new) = same.volumes.get_mut(id) {
                new.size_mib = volume.size_mib;
                new.from.clone_from(&volume.from);
            }
        }
        same.disruption = self.disruption;
        same.autoscale = self.autoscale;
        // Visitors find other ways in to the same pods.
        same.hostnames.clone_from(&self.hostnames);
        same.entry.clone_from(&self.entry);
        self.most_pods() > 0
            && (after.replicas < self.replicas || after.most_pods() < self.most_pods() || same != *self)
    }
}

fn at(id: &VolumeId, field: &str) -> String {
    format!("/volumes/{id}{field}")
}
