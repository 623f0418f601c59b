//! The gate: a quota of no pods, whose status we write because admission goes by it, proved by trying to make a pod.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::apply;
use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::live::{text, uid};
use crate::names;
use crate::pass::Pass;
use crate::render::quota::gate_hard;
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
        let used = json!({"pods": pass.live.pods.len().to_string(), "count/jobs.batch": "0"});
        let status = json!({"status": {"hard": gate_hard(), "used": used}});
        let written = pass.requests.merge(&key, uid(gate), status, true).await?;
        hard = hard_of(&written);
        pass.live.objects.insert(key.clone(), written);
        pass.written.insert(key);
    }
    let status_is_right = hard == wanted_hard();
    Ok(Proof { hard, status_is_right, refusal: try_pod(&pass.requests).await? })
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
