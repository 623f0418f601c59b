//! Seeing how far what should be true is true. Nothing here writes.

mod deploy;
mod pods;
mod status;
pub(crate) mod throttle;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tenure_domain::capability::Capability;
use tenure_domain::name::{MeasureId, WorkloadId};
use tenure_domain::scope::Scope;
use tenure_domain::workload::Kind as Of;

use crate::balancers;
use crate::children;
use crate::compare::is_as_declared;
use crate::error::ClusterError;
use crate::gate::Proof;
use crate::import;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{number, text, uid, workload_of};
use crate::names;
use crate::others;
use crate::pass::{Pass, told};
use crate::report::{
    BalancerSeen, ClusterSeen, Enforcement, GateSeen, ObjectSeen, Observation, OtherSeen, QuotaSeen,
    REPORT_VERSION, StopReport, ThrottleSeen, VolumeSeen,
};
use crate::restore;
use crate::restriction::Effect;
use crate::running::{self, Nodes};
use crate::{snapshots, webhooks};

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
pub(crate) async fn observe(pass: &mut Pass<'_>, proof: Option<Proof>) -> Result<Observation, ClusterError> {
    let mut measures = BTreeMap::new();
    let mut restoration = crate::report::Restoration::None;
    if pass.memory.before.is_some() {
        let (cluster, now) = crate::abilities::version(&pass.requests).await?;
        let cluster = cluster.seen();
        let pods = remaining_pods(pass, proof.as_ref()).await?;
        let nodes = running::ask(pass, &pods, now).await;
        let vetoes = webhooks::named(&pass.requests, &pass.vetoes).await;
        webhooks::note(pass, &vetoes);
        for (measure, effect) in pass.restriction.effects() {
            let (proof, found) = (proof.as_ref(), Found::default());
            let mut look = Look { pass, proof, pods: &pods, nodes: &nodes, vetoes: &vetoes, found };
            look.at(effect).await?;
            let found = look.found;
            measures.insert(measure.clone(), found.conclude(pass, measure, effect, &cluster));
        }
        for enforcement in measures.values() {
            if let Enforcement::Confirmed(report) = enforcement {
                running::believe(pass, report);
            }
        }
        restoration = restore::observe(pass, &cluster, &vetoes).await?;
    }
    let import = import::observe(pass).await?.map(Box::new);
    let obstacles = webhooks::obstacles(pass).await;
    let repairs = told(pass);
    let snapshots = snapshots::seen(pass);
    Ok(Observation {
        snapshots,
        workloads: pass.environment.workloads.keys().map(|id| (id.clone(), status::of(pass, id))).collect(),
        quota: quota(pass),
        measures,
        restoration,
        import,
        writes: pass.requests.writes(),
        repairs,
        retry: pass.retry.take(),
        obstacles,
        memory: std::mem::take(&mut pass.memory),
    })
}

/// The pods of the namespace. Behind a proved gate they are listed anew: one may have been made between the first
/// look and the proof.
async fn remaining_pods(pass: &Pass<'_>, proof: Option<&Proof>) -> Result<Vec<Value>, ClusterError> {
    let may_be_over = |pod: &Value| running::is_kept(pod) || running::is_called_ended(pod);
    if pass.live.pods.iter().all(may_be_over) && proof.is_some_and(Proof::is_by_gate) {
        pass.requests.list(Kind::Pod).await
    } else {
        Ok(pass.live.pods.clone())
    }
}

/// What the quota of the plan says.
fn quota(pass: &Pass<'_>) -> Option<QuotaSeen> {
    let quota = pass.live.get(Kind::ResourceQuota, names::PLAN)?;
    let amounts = |pointer| -> Option<BTreeMap<String, String>> {
        let amounts = quota.pointer(pointer)?.as_object()?.iter();
        Some(amounts.map(|(name, amount)| (name.clone(), text(amount, "").to_owned())).collect())
    };
    Some(QuotaSeen { hard: amounts("/status/hard")?, used: amounts("/status/used").unwrap_or_default() })
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
    freeze: Option<String>,
    pods_gone: Vec<crate::report::PodLost>,
    pods_remaining: Option<u32>,
    objects: BTreeMap<ObjectKey, ObjectSeen>,
    others: Vec<OtherSeen>,
    nodes_asked: BTreeSet<String>,
    volumes: Vec<VolumeSeen>,
    throttle: Option<ThrottleSeen>,
    balancers: Vec<BalancerSeen>,
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
            freeze: self.freeze,
            pods_gone: self.pods_gone,
            pods_remaining: self.pods_remaining,
            objects: self.objects.into_values().collect(),
            others: self.others,
            nodes_asked: self.nodes_asked,
            volumes: self.volumes,
            throttle: self.throttle,
            load_balancers: self.balancers,
            enforced_by: self.enforced_by,
            exceptions: self.exceptions.into_iter().collect(),
        }))
    }
}

struct Look<'a> {
    pass: &'a Pass<'a>,
    proof: Option<&'a Proof>,
    pods: &'a [Value],
    /// What the nodes said that were asked.
    nodes: &'a Nodes,
    /// Which writes webhooks of others refused, for people.
    vetoes: &'a [String],
    found: Found,
}

impl Look<'_> {
    async fn at(&mut self, effect: &Effect) -> Result<(), ClusterError> {
        for &capability in &effect.withholds {
            match (capability, &effect.scope) {
                (Capability::Deploy, scope) => self.at_deploy(scope),
                (Capability::Compute, Scope::Workload(_, workload)) => self.at_workload(workload).await?,
                (Capability::Compute, _) => self.at_environment().await?,
                (Capability::Ingress, Scope::Hostname(_, workload, name)) => self.at_hostname(workload, name),
                (Capability::Ingress, scope) => self.at_ingress(scope).await?,
                (Capability::Egress, scope) => self.at_egress(scope),
                (Capability::StorageWrite | Capability::StorageRead | Capability::Payments, _) => {
                    self.found.missing.push(format!("nothing here can withhold {capability}"));
                }
            }
        }
        if let Some(throttle) = effect.throttle {
            self.at_throttle(&effect.scope, throttle);
        }
        if effect.load_balancers.is_released() {
            let seen = balancers::seen(self.pass, &effect.scope);
            if !seen.missing.is_empty() {
                self.found.missing.extend(seen.missing);
                self.found.missing.extend(self.vetoes.iter().cloned());
            }
            self.found.exceptions.extend(seen.exceptions);
            self.found.balancers = seen.balancers;
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
        self.at_others();
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

    /// What tenants or their tools have there, and what their webhooks refused.
    fn at_others(&mut self) {
        let (others, exceptions) = others::seen(self.pass);
        self.found.others = others;
        self.found.exceptions.extend(exceptions);
        let tokens = "tokens of the environment's service accounts that were handed out stay valid: what they may do is \
                      what its role bindings say";
        self.found.exceptions.insert(tokens.to_owned());
        if self.found.missing.is_empty() {
            let noted = self.pass.memory.before.iter().flat_map(|before| &before.vetoes);
            self.found.exceptions.extend(noted.cloned());
        } else {
            self.found.missing.extend(self.vetoes.iter().cloned());
        }
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
