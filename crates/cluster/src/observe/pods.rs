//! Seeing which pods are left, and whether what is off the record has ended.

use std::collections::BTreeSet;

use serde_json::Value;
use tenure_domain::name::WorkloadId;

use super::Look;
use crate::before::lost;
use crate::error::ClusterError;
use crate::inventory::Kind;
use crate::live::{text, uid, workload_of};
use crate::memory::PodBefore;
use crate::pass::Pass;
use crate::running::{self, Answer};

impl Look<'_> {
    pub(super) async fn at_pods(&mut self, workload: Option<&WorkloadId>) -> Result<(), ClusterError> {
        let concerns = |pod: &&Value| workload.is_none_or(|id| workload_of(pod) == Some(id.as_str()));
        let (over, remaining): (Vec<&Value>, Vec<&Value>) =
            self.pods.iter().filter(concerns).partition(|pod| self.is_kept(pod));
        for pod in over {
            self.found.exceptions.insert(kept(pod));
        }
        self.found.pods_remaining = Some(u32::try_from(remaining.len()).unwrap_or(u32::MAX));
        if !remaining.is_empty() {
            let names: Vec<&str> = remaining.iter().take(5).map(|pod| text(pod, "/metadata/name")).collect();
            let more = if remaining.len() > names.len() { ", …" } else { "" };
            self.found.missing.push(format!("{} pods remain: {}{more}", remaining.len(), names.join(", ")));
            let nodes: BTreeSet<&str> = remaining.iter().map(|pod| text(pod, "/spec/nodeName")).collect();
            for node in nodes.into_iter().filter(|node| !node.is_empty()) {
                if matches!(self.nodes.get(node), Some(Answer::Silent))
                    || !is_reachable(self.pass, node).await?
                {
                    self.found.unconfirmed = true;
                    self.found
                        .missing
                        .push(format!("node {node} cannot be reached: what runs on it is not known"));
                }
            }
        }
        let left: BTreeSet<&str> = self.pods.iter().map(uid).collect();
        let stopped = self.pass.memory.before.iter().flat_map(|before| &before.pods);
        for (uid, pod) in stopped.filter(|(uid, _)| !left.contains(uid.as_str())) {
            if workload.is_some() && pod.workload.as_ref() != workload {
                continue;
            }
            self.found.pods_gone.push(lost(uid, pod));
            self.at_node(uid, pod).await?;
        }
        Ok(())
    }

    /// Whether a pod on record runs no more and stays there; where its status does not say so, its node does.
    fn is_kept(&self, pod: &Value) -> bool {
        let is_left = || text(pod, "/metadata/deletionTimestamp").is_empty();
        let stays = || running::is_held(pod) || running::is_called_ended(pod) && is_left();
        running::is_kept(pod) || stays() && self.nodes.not_running.contains(uid(pod))
    }

    /// What the node says of a pod that is gone from the record.
    async fn at_node(&mut self, uid: &str, pod: &PodBefore) -> Result<(), ClusterError> {
        let Some(node) = &pod.node else { return Ok(()) };
        let silent = format!("node {node} cannot be reached: what runs on it is not known");
        match self.nodes.get(node) {
            _ if pod.ended && pod.unasked => {
                self.found.exceptions.insert(format!("node {node} was not asked what it runs"));
            }
            _ if pod.ended => drop(self.found.nodes_asked.insert(node.clone())),
            Some(Answer::Runs(all)) if all.contains_key(uid) => {
                let name = &pod.name;
                self.found
                    .missing
                    .push(format!("node {node} still runs Pod/{name}, which is off the record"));
            }
            // A node that is no more part of the cluster will never report again; one that is silent may.
            Some(Answer::NotAsked(why)) if is_gone_or_reachable(self.pass, node).await? => {
                self.found.exceptions.insert(format!("node {node} was not asked what it runs: {why}"));
            }
            _ => {
                self.found.unconfirmed = true;
                if !self.found.missing.contains(&silent) {
                    self.found.missing.push(silent);
                }
            }
        }
        Ok(())
    }
}

/// A pod that runs no more and is still on record.
fn kept(pod: &Value) -> String {
    let name = text(pod, "/metadata/name");
    let finalizers = pod.pointer("/metadata/finalizers").and_then(Value::as_array);
    let finalizers: Vec<&str> = finalizers.into_iter().flatten().filter_map(Value::as_str).collect();
    if finalizers.is_empty() {
        format!("Pod/{name} has ended and was left on record")
    } else {
        format!("Pod/{name} has ended and is kept on record by its finalizers {}", finalizers.join(", "))
    }
}

async fn is_gone_or_reachable(pass: &Pass<'_>, node: &str) -> Result<bool, ClusterError> {
    Ok(pass.requests.get(Kind::Node, node).await?.is_none() || is_reachable(pass, node).await?)
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
