//! What a tenant reads of a workload beside its status: its pods, what the cluster says happened to it, and what its
//! containers wrote.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::BoxStream;
use futures_util::{AsyncReadExt as _, StreamExt as _, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, LogParams};
use serde_json::Value;
use tenure_domain::name::WorkloadId;

use crate::cluster::Cluster;
use crate::environment::Environment;
use crate::error::ClusterError;
use crate::inventory::Kind;
use crate::live::{number, text, uid, workload_of};
use crate::memory::Memory;
use crate::requests::Requests;

/// The most bytes of logs in one answer.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// The most bytes read at once.
const CHUNK: usize = 16 * 1024;

/// One pod of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSeen {
    /// Its name.
    pub name: String,
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
    /// Whether it is ready.
    pub ready: bool,
    /// How often its container was started anew.
    pub restarts: u32,
    /// When it was made, as the cluster says it.
    pub made_at: String,
}

/// Something that the cluster says happened to a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSeen {
    /// When it happened last, as the cluster says it.
    pub at: String,
    /// To what, such as `Pod/feed-0`.
    pub object: String,
    /// Whether it is a warning.
    pub warning: bool,
    /// In one word.
    pub reason: String,
    /// In more.
    pub message: String,
    /// How often.
    pub count: u32,
}

/// Which logs are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Of which pod; else of the youngest.
    pub pod: Option<String>,
    /// The last so many lines.
    pub lines: u32,
    /// Only what is younger than so many seconds.
    pub since_seconds: Option<u32>,
    /// Of the container before the last start.
    pub previous: bool,
    /// Whether what is written from now on is wanted too.
    pub follow: bool,
}

/// What containers wrote, as it comes in.
pub type Logs = BoxStream<'static, Result<Vec<u8>, ClusterError>>;

/// The requests for an environment whose namespace is the one that we made; none where there is none.
async fn ours(
    cluster: &Cluster,
    environment: &Environment,
    memory: &Memory,
) -> Result<Option<Requests>, ClusterError> {
    let requests = cluster.requests(environment.namespace());
    let found = requests.get(Kind::Namespace, requests.namespace()).await?;
    let is_ours = found.is_some_and(|found| memory.namespace_uid.as_deref() == Some(uid(&found)));
    Ok(is_ours.then_some(requests))
}

fn of_workload<'a>(pods: &'a [Value], id: &'a WorkloadId) -> impl Iterator<Item = &'a Value> {
    pods.iter().filter(move |pod| workload_of(pod) == Some(id.as_str()))
}

impl Cluster {
    /// The pods of a workload, the youngest first.
    pub async fn pods(
        &self,
        environment: &Environment,
        memory: &Memory,
        id: &WorkloadId,
    ) -> Result<Vec<PodSeen>, ClusterError> {
        let Some(requests) = ours(self, environment, memory).await? else { return Ok(Vec::new()) };
        let pods = requests.list(Kind::Pod).await?;
        let mut seen: Vec<PodSeen> = of_workload(&pods, id).map(pod_seen).collect();
        seen.sort_by(|a, b| (&b.made_at, &a.name).cmp(&(&a.made_at, &b.name)));
        Ok(seen)
    }

    /// What the cluster says happened to a workload and to its pods, the latest first. Clusters forget it after an hour
    /// or so.
    pub async fn events(
        &self,
        environment: &Environment,
        memory: &Memory,
        id: &WorkloadId,
    ) -> Result<Vec<EventSeen>, ClusterError> {
        let Some(requests) = ours(self, environment, memory).await? else { return Ok(Vec::new()) };
        let mut events: Vec<EventSeen> = requests
            .list(Kind::Event)
            .await?
            .iter()
            .filter(|event| concerned(environment, event) == Some(id))
            .map(event_seen)
            .collect();
        events.sort_by(|a, b| (&b.at, &b.object, &b.reason).cmp(&(&a.at, &a.object, &a.reason)));
        Ok(events)
    }

    /// What a workload's container wrote; none where it has no such pod. At most 4 MiB in one answer.
    pub async fn logs(
        &self,
        environment: &Environment,
        memory: &Memory,
        id: &WorkloadId,
        query: &LogQuery,
    ) -> Result<Option<Logs>, ClusterError> {
        let pods = self.pods(environment, memory, id).await?;
        let named = |pod: &&PodSeen| query.pod.as_ref().is_none_or(|name| *name == pod.name);
        let Some(pod) = pods.iter().find(named) else { return Ok(None) };
        let requests = self.requests(environment.namespace());
        let api: Api<Pod> = Api::namespaced(self.client(), requests.namespace());
        let params = LogParams {
            container: Some("workload".to_owned()),
            follow: query.follow,
            limit_bytes: i64::try_from(MOST_BYTES).ok(),
            previous: query.previous,
            since_seconds: query.since_seconds.map(i64::from),
            tail_lines: Some(i64::from(query.lines)),
            timestamps: true,
            ..LogParams::default()
        };
        let doing = || format!("reading the logs of {}", pod.name);
        let read = requests.timed(doing, api.log_stream(&pod.name, &params)).await?;
        let chunks = stream::unfold((Box::pin(read), 0_usize), |(mut read, given)| async move {
            let mut chunk = vec![0; CHUNK.min(MOST_BYTES.saturating_sub(given))];
            match read.read(&mut chunk).await {
                Ok(0) => None,
                Ok(n) => {
                    chunk.truncate(n);
                    Some((Ok(chunk), (read, given.saturating_add(n))))
                }
                Err(error) => {
                    let detail = error.to_string();
                    let doing = "reading logs".to_owned();
                    Some((Err(ClusterError::Answer { doing, detail }), (read, MOST_BYTES)))
                }
            }
        });
        Ok(Some(chunks.boxed()))
    }
}

fn pod_seen(pod: &Value) -> PodSeen {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions
        .into_iter()
        .flatten()
        .any(|condition| text(condition, "/type") == "Ready" && text(condition, "/status") == "True");
    PodSeen {
        name: text(pod, "/metadata/name").to_owned(),
        phase: text(pod, "/status/phase").to_owned(),
        ready,
        restarts: u32::try_from(number(pod, "/status/containerStatuses/0/restartCount")).unwrap_or(0),
        made_at: text(pod, "/metadata/creationTimestamp").to_owned(),
    }
}

/// The declared workload that an event is about. Pods that are gone are known by their names alone, which begin with the
/// workload's; where several do, the longest is meant.
fn concerned<'a>(environment: &'a Environment, event: &Value) -> Option<&'a WorkloadId> {
    let kind = text(event, "/involvedObject/kind");
    let of_workloads = [
        "Pod",
        "ReplicaSet",
        "Deployment",
        "StatefulSet",
        "Job",
        "CronJob",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "PersistentVolumeClaim",
    ];
    if !of_workloads.contains(&kind) {
        return None;
    }
    let name = text(event, "/involvedObject/name");
    let claims = if kind == "PersistentVolumeClaim" { claims(environment) } else { BTreeMap::new() };
    if let Some(id) = claims.get(name) {
        return Some(id);
    }
    let is_its = |id: &&WorkloadId| {
        name.strip_prefix(id.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    environment.workloads.keys().filter(is_its).max_by_key(|id| id.as_str().len())
}

/// Which workload each claim is of.
fn claims(environment: &Environment) -> BTreeMap<String, &WorkloadId> {
    let none = crate::restriction::Restriction::default();
    let keys: BTreeSet<&WorkloadId> = environment.workloads.keys().collect();
    crate::render::environment(environment, &none, false)
        .into_iter()
        .filter(|wanted| wanted.key.kind == Kind::PersistentVolumeClaim)
        .filter_map(|wanted| Some((wanted.key.name, *keys.get(&wanted.workload?)?)))
        .collect()
}

fn event_seen(event: &Value) -> EventSeen {
    let times = ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    let at = times.iter().map(|pointer| text(event, pointer)).find(|at| !at.is_empty()).unwrap_or_default();
    let object = format!("{}/{}", text(event, "/involvedObject/kind"), text(event, "/involvedObject/name"));
    let count = number(event, "/series/count").max(number(event, "/count")).max(1);
    EventSeen {
        at: at.to_owned(),
        object,
        warning: text(event, "/type") == "Warning",
        reason: text(event, "/reason").to_owned(),
        message: text(event, "/message").to_owned(),
        count: u32::try_from(count).unwrap_or(u32::MAX),
    }
}
