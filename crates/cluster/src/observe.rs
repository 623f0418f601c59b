//! Seeing how far what should be true is true. Nothing here writes.

mod status;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tenure_domain::capability::Capability;
use tenure_domain::name::{MeasureId, WorkloadId};
use tenure_domain::scope::Scope;
use tenure_domain::workload::Kind as Of;

use crate::before::lost;
use crate::children;
use crate::compare::is_as_declared;
use crate::error::ClusterError;
use crate::gate::Proof;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{is_over, number, text, uid, workload_of};
use crate::names;
use crate::pass::Pass;
use crate::report::{
    ClusterSeen, Enforcement, GateSeen, ObjectSeen, Observation, REPORT_VERSION, StopReport, VolumeSeen,
};
use crate::restore;
use crate::restriction::Effect;

/// The build that observed something.
pub(crate) fn build() -> String {
    concat!("tenure ", env!("CARGO_PKG_VERSION")).to_owned()
}

/// An object as it was read.
pub(crate) fn seen(key: &ObjectKey, object: &Value) -> ObjectSeen {
    ObjectSeen {
        object: key.clone(),
        uid: uid(object).to_owned(),
        resource_version: text(object, "/metadata/resourceVersion").to_owned(),
    }
}

/// The end of a pass: everything it saw.
pub(crate) async fn observe(mut pass: Pass<'_>, proof: Option<Proof>) -> Result<Observation, ClusterError> {
    let mut measures = BTreeMap::new();
    let mut restoration = crate::report::Restoration::None;
    if pass.memory.before.is_some() {
        let cluster = crate::cluster::version(&pass.requests).await?.seen();
        let pods = remaining_pods(&pass, proof.as_ref()).await?;
        for (measure, effect) in pass.restriction.effects() {
            let mut look = Look { pass: &pass, proof: proof.as_ref(), pods: &pods, found: Found::default() };
            look.at(effect).await?;
            let found = look.found;
            measures.insert(measure.clone(), found.conclude(&pass, measure, effect, &cluster));
        }
        restoration = restore::observe(&mut pass, &cluster).await?;
    }
    Ok(Observation {
        workloads: pass.environment.workloads.keys().map(|id| (id.clone(), status::of(&pass, id))).collect(),
        measures,
        restoration,
        writes: pass.requests.writes(),
        repairs: pass.repairs,
        retry: pass.retry,
        memory: pass.memory,
    })
}

/// The pods of the namespace. Behind a proved gate they are listed anew: one may have been made between the first
/// look and the proof.
async fn remaining_pods(pass: &Pass<'_>, proof: Option<&Proof>) -> Result<Vec<Value>, ClusterError> {
    if pass.live.pods.iter().all(is_over) && proof.is_some_and(Proof::is_by_gate) {
        pass.requests.list(Kind::Pod).await
    } else {
        Ok(pass.live.pods.clone())
    }
}

/// The kind that makes the pods of a declared workload.
pub(crate) fn carrier_of(pass: &Pass<'_>, workload: &WorkloadId) -> Kind {
    match pass.environment.workloads.get(workload).map(|w| w.kind).unwrap_or_default() {
        Of::Service | Of::Worker => Kind::Deployment,
        Of::StatefulService => Kind::StatefulSet,
        Of::Job => Kind::Job,
        Of::CronJob => Kind::CronJob,
    }
}

#[derive(Default)]
struct Found {
    missing: Vec<String>,
    unconfirmed: bool,
    gate: Option<GateSeen>,
    pods_gone: Vec<crate::report::PodLost>,
    pods_remaining: Option<u32>,
    objects: BTreeMap<ObjectKey, ObjectSeen>,
    volumes: Vec<VolumeSeen>,
    enforced_by: BTreeMap<Capability, String>,
    exceptions: BTreeSet<String>,
}

impl Found {
    fn conclude(
        self,
        pass: &Pass<'_>,
        measure: &MeasureId,
        effect: &Effect,
        cluster: &ClusterSeen,
    ) -> Enforcement {
        if !self.missing.is_empty() {
            return Enforcement::Pending { why: self.missing.join("; "), unconfirmed: self.unconfirmed };
        }
        let namespace = ObjectKey::new(Kind::Namespace, pass.requests.namespace());
        Enforcement::Confirmed(Box::new(StopReport {
            version: REPORT_VERSION,
            measure: measure.clone(),
            scope: effect.scope.clone(),
            withholds: effect.withholds.clone(),
            observed_at: pass.now,
            build: build(),
            cluster: cluster.clone(),
            namespace: seen(&namespace, &pass.live.namespace),
            gate: self.gate,
            pods_gone: self.pods_gone,
            pods_remaining: self.pods_remaining,
            objects: self.objects.into_values().collect(),
            volumes: self.volumes,
            enforced_by: self.enforced_by,
            exceptions: self.exceptions.into_iter().collect(),
        }))
    }
}

struct Look<'a> {
    pass: &'a Pass<'a>,
    proof: Option<&'a Proof>,
    pods: &'a [Value],
    found: Found,
}

impl Look<'_> {
    async fn at(&mut self, effect: &Effect) -> Result<(), ClusterError> {
        for &capability in &effect.withholds {
            match (capability, &effect.scope) {
                (Capability::Deploy, _) => {
                    let by =
                        "the engine refuses deployments, and in a managed environment no one else deploys";
                    self.found.enforced_by.insert(capability, by.to_owned());
                }
                (Capability::Compute, Scope::Workload(_, workload)) => self.at_workload(workload).await?,
                (Capability::Compute, _) => self.at_environment().await?,
                (Capability::Ingress, scope) => self.at_ingress(scope).await?,
                (Capability::Egress, scope) => self.at_egress(scope),
                (Capability::StorageWrite | Capability::StorageRead | Capability::Payments, _) => {
                    self.found.missing.push(format!("nothing here can withhold {capability}"));
                }
            }
        }
        Ok(())
    }

    async fn at_environment(&mut self) -> Result<(), ClusterError> {
        let key = ObjectKey::new(Kind::ResourceQuota, names::GATE);
        let gate = self.pass.live.objects.get(&key);
        match (self.proof, gate) {
            (Some(proof), Some(gate)) if proof.is_by_gate() && !self.pass.written.contains(&key) => {
                self.found.gate = Some(GateSeen {
                    quota: seen(&key, gate),
                    hard: proof.hard.clone(),
                    refusal: proof.refusal.clone().unwrap_or_default(),
                });
            }
            (Some(proof), Some(_)) if proof.is_by_gate() => {
                self.found.missing.push("the gate was closed just now".to_owned());
            }
            (Some(Proof { refusal: Some(said), .. }), _) => {
                self.found.missing.push(format!("the gate is not proved yet: {said}"));
            }
            _ => self.found.missing.push("the gate does not refuse pods yet".to_owned()),
        }
        self.at_pods(None).await?;
        let volumes = self.pass.memory.before.iter().flat_map(|before| &before.volumes);
        for (name, volume) in volumes {
            let found = self.pass.volumes.get(name);
            let reclaim_policy =
                found.map(|volume| text(volume, "/spec/persistentVolumeReclaimPolicy")).unwrap_or_default();
            if found.is_none() {
                self.found.exceptions.insert(format!("PersistentVolume/{name} was not found"));
            }
            self.found.volumes.push(VolumeSeen {
                claim: volume.claim.clone(),
                volume: name.clone(),
                reclaim_policy: reclaim_policy.to_owned(),
            });
        }
        for (key, object) in self.pass.live.objects.iter().filter(|(key, _)| key.kind.makes_pods()) {
            self.found.objects.insert(key.clone(), seen(key, object));
        }
        let by = format!("the quota {} refuses every pod, and no pod remains", names::GATE);
        self.found.enforced_by.insert(Capability::Compute, by);
        let admin =
            "whoever has cluster-admin rights can remove the quota; that is then repaired and recorded";
        self.found.exceptions.insert(admin.to_owned());
        Ok(())
    }

    async fn at_workload(&mut self, workload: &WorkloadId) -> Result<(), ClusterError> {
        let by = if self.is_declared(workload) {
            let carrier = carrier_of(self.pass, workload);
            self.at_object(carrier, workload.as_str(), Some(workload));
            self.at_runs(workload);
            if carrier == Kind::Deployment || carrier == Kind::StatefulSet {
                "the workload is rendered without replicas, and no pod of it remains"
            } else {
                "the workload is rendered suspended, and no pod of it remains"
            }
        } else {
            self.at_removed(workload, &Kind::CARRIERS.map(|kind| (kind, workload.to_string())));
            self.at_runs(workload);
            let makes_pods = |set: &&Value| {
                workload_of(set) == Some(workload.as_str()) && number(set, "/spec/replicas") != 0
            };
            for set in self.pass.live.replica_sets.iter().filter(makes_pods) {
                let name = text(set, "/metadata/name");
                self.found.missing.push(format!("ReplicaSet/{name} still asks for pods"));
            }
            "no pod of the workload remains"
        };
        self.at_pods(Some(workload)).await?;
        self.found.enforced_by.insert(Capability::Compute, by.to_owned());
        Ok(())
    }

    /// The runs that a cron job has begun: each ended or held up, and seen so by a pass that did not write it.
    fn at_runs(&mut self, workload: &WorkloadId) {
        let is_run = |key: &ObjectKey, job: &Value| {
            key.kind == Kind::Job && children::is_run(job) && workload_of(job) == Some(workload.as_str())
        };
        for (key, job) in self.pass.live.objects.iter().filter(|(key, job)| is_run(key, job)) {
            if self.pass.written.contains(key) || !children::has_ended(job) && !children::is_held_up(job) {
                self.found.missing.push(format!("{key} still asks for pods"));
            } else {
                self.found.objects.insert(key.clone(), seen(key, job));
            }
        }
    }

    async fn at_pods(&mut self, workload: Option<&WorkloadId>) -> Result<(), ClusterError> {
        let concerns = |pod: &&Value| workload.is_none_or(|id| workload_of(pod) == Some(id.as_str()));
        let remaining: Vec<&Value> = self.pods.iter().filter(|pod| concerns(pod) && !is_over(pod)).collect();
        self.found.pods_remaining = Some(u32::try_from(remaining.len()).unwrap_or(u32::MAX));
        if !remaining.is_empty() {
            let names: Vec<&str> = remaining.iter().take(5).map(|pod| text(pod, "/metadata/name")).collect();
            let more = if remaining.len() > names.len() { ", …" } else { "" };
            self.found.missing.push(format!("{} pods remain: {}{more}", remaining.len(), names.join(", ")));
            let nodes: BTreeSet<&str> = remaining.iter().map(|pod| text(pod, "/spec/nodeName")).collect();
            for node in nodes.into_iter().filter(|node| !node.is_empty()) {
                if !is_reachable(self.pass, node).await? {
                    self.found.unconfirmed = true;
                    self.found
                        .missing
                        .push(format!("node {node} cannot be reached: what runs on it is not known"));
                }
            }
        }
        let left: BTreeSet<&str> = self.pods.iter().filter(|pod| !is_over(pod)).map(uid).collect();
        let stopped = self.pass.memory.before.iter().flat_map(|before| &before.pods);
        for (uid, pod) in stopped.filter(|(uid, _)| !left.contains(uid.as_str())) {
            if workload.is_some() && pod.workload.as_ref() != workload {
                continue;
            }
            self.found.pods_gone.push(lost(uid, pod));
        }
        Ok(())
    }

    fn workloads_of(&self, scope: &Scope) -> Vec<WorkloadId> {
        let all = self.pass.environment.workloads.keys();
        match scope {
            Scope::Workload(_, one) | Scope::Hostname(_, one, _) => {
                all.filter(|id| *id == one).cloned().collect()
            }
            Scope::Account | Scope::Environment(_) => all.cloned().collect(),
        }
    }

    fn is_declared(&self, workload: &WorkloadId) -> bool {
        self.pass.environment.workloads.contains_key(workload)
    }

    /// A workload that the measure is about and that is declared no more: what carried it must be gone.
    fn at_removed(&mut self, workload: &WorkloadId, objects: &[(Kind, String)]) {
        let removed = format!(
            "the workload {workload} was removed: nothing of it is declared that could carry this out"
        );
        self.found.exceptions.insert(removed);
        for (kind, name) in objects {
            let key = ObjectKey::new(*kind, name);
            match self.pass.live.objects.get(&key) {
                None if self.pass.written.contains(&key) => {
                    self.found.missing.push(format!("{key} was removed just now"));
                }
                None => {}
                Some(found) if !text(found, "/metadata/deletionTimestamp").is_empty() => {
                    self.found.missing.push(format!("{key} is still there"));
                }
                Some(_) => {
                    self.found.exceptions.insert(format!("{key} is not ours and was left as it is"));
                }
            }
        }
    }

    /// An object that carries the measure out: seen as it should be, in a pass that did not write it.
    fn at_object(&mut self, kind: Kind, name: &str, workload: Option<&WorkloadId>) {
        let key = ObjectKey::new(kind, name);
        let Some(wanted) = self.pass.wanted.iter().find(|wanted| wanted.key == key) else {
            self.found.exceptions.insert(format!("{key} is not declared: it was not looked at"));
            return;
        };
        if let Some(refusal) = workload.and_then(|id| self.pass.refusals.get(id)) {
            self.found.missing.push(refusal.clone());
        }
        match self.pass.live.objects.get(&key) {
            Some(_) if self.pass.written.contains(&key) => {
                self.found.missing.push(format!("{key} was written just now"));
            }
            Some(found) if is_as_declared(kind, &wanted.object, found) => {
                self.found.objects.insert(key.clone(), seen(&key, found));
            }
            _ => self.found.missing.push(format!("{key} is not as it should be")),
        }
    }
}

/// Whether a node reports to the cluster, so that what is said of its pods can be believed.
async fn is_reachable(pass: &Pass<'_>, node: &str) -> Result<bool, ClusterError> {
    let Some(found) = pass.requests.get(Kind::Node, node).await? else { return Ok(false) };
    let conditions = found.pointer("/status/conditions").and_then(Value::as_array);
    Ok(conditions
        .into_iter()
        .flatten()
        .any(|condition| text(condition, "/type") == "Ready" && text(condition, "/status") == "True"))
}
