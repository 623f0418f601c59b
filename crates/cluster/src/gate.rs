//! The gate: a quota of no pods, whose status we write because admission goes by it, proved by trying to make a pod.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::apply;
use crate::compare::manager_of;
use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{text, uid};
use crate::names;
use crate::pass::Pass;
use crate::render::quota::gate_hard;
use crate::report::Repair;
use crate::requests::Requests;
use crate::restriction::Withholding;

/// What is known of the gate after a pass closed it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proof {
    /// `status.hard` as it is.
    pub hard: BTreeMap<String, String>,
    /// Whether that is what we want.
    pub status_is_right: bool,
    /// What the cluster answered when we tried to make a pod: nothing if it would have made it.
    pub refusal: Option<String>,
}

impl Proof {
    /// Whether the gate itself refuses pods.
    pub fn is_by_gate(&self) -> bool {
        self.status_is_right && self.refusal.as_deref().is_some_and(is_by_gate)
    }

    /// Whether no pod can be made now. While the plan is used up its quota may answer before the gate does.
    pub fn refuses_pods(&self) -> bool {
        self.is_by_gate()
            || self.status_is_right
                && self.refusal.as_deref().is_some_and(|said| said.contains("exceeded quota"))
    }
}

fn is_by_gate(refusal: &str) -> bool {
    refusal.contains(&format!("exceeded quota: {}", names::GATE))
}

/// Closes the gate and proves it.
pub(crate) async fn close(pass: &mut Pass<'_>, _withheld: &Withholding) -> Result<Proof, ClusterError> {
    let key = ObjectKey::new(Kind::ResourceQuota, names::GATE);
    let Some(wanted) = pass.wanted.iter().find(|wanted| wanted.key == key).cloned() else {
        return Ok(Proof::default());
    };
    apply::one(pass, &wanted).await?;
    let Some(gate) = pass.live.objects.get(&key) else { return Ok(Proof::default()) };
    let mut hard = hard_of(gate);
    if hard != wanted_hard() {
        let undone = !hard.is_empty() && !pass.written.contains(&key);
        let difference = format!("status.hard is {}, and admission goes by it", json!(hard));
        let manager = manager_of(gate, &["status", "hard", "pods"].map(str::to_owned));
        let used = json!({"pods": pass.live.pods.len().to_string(), "count/jobs.batch": "0"});
        // A resource that others added to the status is taken out again.
        let mut wanted = gate_hard();
        for added in hard.keys().filter(|name| !wanted_hard().contains_key(*name)) {
            wanted[added] = Value::Null;
        }
        let status = json!({"status": {"hard": wanted, "used": used}});
        let target = uid(gate).to_owned();
        if undone {
            pass.repairs.push(Repair { object: key.clone(), difference, manager });
        }
        match pass.requests.merge(&key, &target, status, true).await {
            Ok(written) => {
                hard = hard_of(&written);
                pass.live.objects.insert(key.clone(), written);
            }
            Err(error) => pass.veto(&format!("{key}'s status"), error)?,
        }
        pass.written.insert(key);
    }
    let status_is_right = hard == wanted_hard();
    Ok(Proof { hard, status_is_right, refusal: try_pod(&pass.requests).await? })
}

/// Opens a gate that a webhook of others does not let us remove.
pub(crate) async fn open_without_removing(
    pass: &mut Pass<'_>,
    key: &ObjectKey,
    uid: &str,
) -> Result<(), ClusterError> {
    for (part, is_status) in [("spec", false), ("status", true)] {
        let is_open = pass.live.objects.get(key).is_some_and(|gate| is_empty(gate, part));
        if is_open {
            continue;
        }
        match pass.requests.merge(key, uid, json!({part: {"hard": null}}), is_status).await {
            Ok(opened) => {
                pass.live.objects.insert(key.clone(), opened);
                pass.written.insert(key.clone());
            }
            Err(error) => pass.veto(&key.to_string(), error)?,
        }
    }
    Ok(())
}

fn is_empty(gate: &Value, part: &str) -> bool {
    let hard = gate.pointer(&format!("/{part}/hard")).and_then(Value::as_object);
    hard.is_none_or(serde_json::Map::is_empty)
}

/// Whether a gate that is there refuses nothing.
pub(crate) fn is_open(gate: &Value) -> bool {
    is_empty(gate, "spec") && is_empty(gate, "status")
}

/// Whether the gate still refuses pods on the server that answers.
pub(crate) async fn is_still_closed(requests: &Requests) -> Result<bool, ClusterError> {
    Ok(try_pod(requests).await?.as_deref().is_some_and(is_by_gate))
}

fn hard_of(gate: &Value) -> BTreeMap<String, String> {
    let hard = gate.pointer("/status/hard").and_then(Value::as_object);
    hard.into_iter().flatten().map(|(name, value)| (name.clone(), text(value, "").to_owned())).collect()
}

fn wanted_hard() -> BTreeMap<String, String> {
    hard_of(&json!({"status": {"hard": gate_hard()}}))
}

/// Tries to make the smallest pod that the plan would allow, without making it.
async fn try_pod(requests: &Requests) -> Result<Option<String>, ClusterError> {
    let smallest = json!({"cpu": "1m", "memory": "1Mi"});
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "tenure-gate-proof", "namespace": requests.namespace()},
        "spec": {
            "serviceAccountName": names::SERVICE_ACCOUNT,
            "automountServiceAccountToken": false,
            // It meets every level of pod security: nothing but the gate is to refuse it.
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "proof",
                "image": "tenure.invalid/gate-proof",
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                "resources": {"requests": smallest, "limits": smallest},
            }],
        },
    });
    requests.try_create(Kind::Pod, &pod).await
}
