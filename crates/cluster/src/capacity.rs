//! What a cluster has for pods, and what its quotas promise to environments.

use kube::api::ListParams;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contents::array;
use crate::error::ClusterError;
use crate::import::amounts::millis;
use crate::live::text;
use crate::names;
use crate::requests::Requests;

/// How many objects are listed at once.
const PAGE: u32 = 500;

/// How many pages of a kind are read: what is beyond is not counted, and that is told.
const PAGES: usize = 100;

/// Amounts of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Amounts {
    /// Processor time, in thousandths of a core.
    pub cpu_millis: u64,
    /// Memory, in MiB.
    pub memory_mib: u64,
    /// Pods.
    pub pods: u64,
}

/// What a cluster has, and what is promised of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// Its nodes.
    pub nodes: u64,
    /// Those of them that are ready and take pods.
    pub ready: u64,
    /// What these have for pods.
    pub allocatable: Amounts,
    /// The environments that have a quota of ours.
    pub environments: u64,
    /// What these quotas promise together.
    pub promised: Amounts,
    /// Whether everything was counted: a cluster can have more than is read.
    pub complete: bool,
}

/// Asks what the cluster has and promises.
pub(crate) async fn ask(requests: &Requests) -> Result<Capacity, ClusterError> {
    let mut capacity = Capacity { complete: true, ..Capacity::default() };
    let all = each(requests, "/api/v1/nodes", ListParams::default(), |node| {
        capacity.nodes += 1;
        if takes_pods(node) {
            capacity.ready += 1;
            add(&mut capacity.allocatable, |what| text(node, &format!("/status/allocatable/{what}")));
        }
    })
    .await?;
    // Gates, quotas of priorities and those of tenants promise nothing.
    let ours = ListParams::default().labels(names::ACCOUNT).fields(&format!("metadata.name={}", names::PLAN));
    let counted = each(requests, "/api/v1/resourcequotas", ours, |quota| {
        capacity.environments += 1;
        add(&mut capacity.promised, |what| {
            let what = if what == "pods" { what.to_owned() } else { format!("requests.{what}") };
            text(quota, &format!("/spec/hard/{what}"))
        });
    })
    .await?;
    capacity.complete = all && counted;
    Ok(capacity)
}

fn add<'a>(to: &mut Amounts, amount: impl Fn(&str) -> &'a str) {
    let whole = |what| millis(amount(what)).unwrap_or(0) / 1_000;
    let small = |amount: u128| u64::try_from(amount).unwrap_or(u64::MAX);
    let cpu = small(millis(amount("cpu")).unwrap_or(0));
    to.cpu_millis = to.cpu_millis.saturating_add(cpu);
    to.memory_mib = to.memory_mib.saturating_add(small(whole("memory") >> 20));
    to.pods = to.pods.saturating_add(small(whole("pods")));
}

/// Whether a node is ready, and new pods may go there.
fn takes_pods(node: &Value) -> bool {
    let is_ready = array(node, "/status/conditions")
        .any(|condition| text(condition, "/type") == "Ready" && text(condition, "/status") == "True");
    is_ready && node.pointer("/spec/unschedulable").and_then(Value::as_bool) != Some(true)
}

/// Reads a list page by page; whether its end was reached.
async fn each(
    requests: &Requests,
    path: &str,
    which: ListParams,
    mut one: impl FnMut(&Value),
) -> Result<bool, ClusterError> {
    let mut which = which.limit(PAGE);
    for _ in 0..PAGES {
        let page = requests.page(path, &which).await?.unwrap_or_default();
        for item in array(&page, "/items") {
            one(item);
        }
        match text(&page, "/metadata/continue") {
            "" => return Ok(true),
            token => which = which.continue_token(token),
        }
    }
    Ok(false)
}
