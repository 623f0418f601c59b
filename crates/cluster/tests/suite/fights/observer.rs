//! A watch over the pods and the gate of one namespace: every event in its order, nothing sampled.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use kube::api::{Api, DeleteParams, ListParams, PostParams, WatchEvent, WatchParams};
use kube::{Client, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::DEADLINE;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A pod was stored.
    Made(String),
    /// The first container of a pod was seen running.
    Ran(String),
    /// A pod is no more on record.
    Gone(String),
    /// The gate's status allows no pod.
    GateClosed,
    /// The gate is there, and its status is empty or allows pods.
    GateOpen,
    /// The gate was removed.
    GateGone,
    /// A quota that only says how far the watch is.
    Mark(String),
}

/// One event of the watch.
#[derive(Debug, Clone)]
pub struct Event {
    /// When it was heard.
    pub at: Instant,
    /// The cluster's own order.
    pub revision: u64,
    pub seen: Seen,
}

type Events = Arc<Mutex<Vec<Event>>>;

/// Watches from when it is made until it is dropped.
pub struct Observer {
    events: Events,
    quotas: Api<ResourceQuota>,
    pods: Api<Pod>,
    _tasks: JoinSet<()>,
}

impl Observer {
    pub async fn start(client: &Client, namespace: &str) -> Self {
        let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
        let quotas: Api<ResourceQuota> = Api::namespaced(client.clone(), namespace);
        let events = Events::default();
        let mut tasks = JoinSet::new();
        let since = pods.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
        let (note, mut ran) = (Arc::clone(&events), HashSet::new());
        tasks.spawn(follow(pods.clone(), since.clone(), move |event| {
            let (pod, is_new, is_gone) = parts(&event);
            let name = pod.name_any();
            if is_new {
                push(&note, pod.resource_version(), Seen::Made(name.clone()));
            }
            let status = pod.status.clone().unwrap_or_default();
            let mut containers = status.container_statuses.unwrap_or_default().into_iter();
            let runs = containers.any(|c| c.state.is_some_and(|state| state.running.is_some()));
            if runs && !is_gone && ran.insert(pod.uid()) {
                push(&note, pod.resource_version(), Seen::Ran(name.clone()));
            }
            if is_gone {
                push(&note, pod.resource_version(), Seen::Gone(name));
            }
        }));
        let note = Arc::clone(&events);
        tasks.spawn(follow(quotas.clone(), since, move |event| {
            let (quota, _, is_gone) = parts(&event);
            let name = quota.name_any();
            let hard = quota.status.clone().and_then(|status| status.hard).unwrap_or_default();
            let is_closed = hard.get("pods").is_some_and(|pods| pods.0 == "0");
            let seen = match (name.as_str(), is_gone) {
                ("tenure-gate", true) => Seen::GateGone,
                ("tenure-gate", false) if is_closed => Seen::GateClosed,
                ("tenure-gate", false) => Seen::GateOpen,
                (mark, false) if mark.starts_with("mark-") => Seen::Mark(mark.to_owned()),
                _ => return,
            };
            push(&note, quota.resource_version(), seen);
        }));
        Self { events, quotas, pods, _tasks: tasks }
    }

    /// The cluster's revision now.
    pub async fn revision(&self) -> u64 {
        let list = self.pods.list(&ListParams::default()).await.unwrap();
        list.metadata.resource_version.unwrap().parse().unwrap()
    }

    /// Everything after a revision, up to now.
    pub async fn after(&self, revision: u64) -> Vec<Event> {
        // Both watches have heard what came before a write of ours that they hear of.
        let mark = format!("mark-{}", self.revision().await);
        let quota = serde_json::from_value(json!({"metadata": {"name": mark}})).unwrap();
        self.quotas.create(&PostParams::default(), &quota).await.unwrap();
        self.until(&mark, |events| events.iter().any(|event| event.seen == Seen::Mark(mark.clone()))).await;
        // A webhook of the fight may refuse that.
        let _ = self.quotas.delete(&mark, &DeleteParams::default()).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.events().into_iter().filter(|event| event.revision > revision).collect()
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// Waits until what was heard fulfils a condition.
    pub async fn until(&self, what: &str, holds: impl Fn(&[Event]) -> bool) {
        let started = Instant::now();
        while !holds(&self.events.lock().unwrap()) {
            assert!(started.elapsed() < DEADLINE, "{what} did not come about: {:#?}", self.events());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn push(events: &Events, revision: Option<String>, seen: Seen) {
    let revision = revision.and_then(|text| text.parse().ok()).unwrap_or(0);
    events.lock().unwrap().push(Event { at: Instant::now(), revision, seen });
}

fn parts<K>(event: &WatchEvent<K>) -> (&K, bool, bool) {
    match event {
        WatchEvent::Added(object) => (object, true, false),
        WatchEvent::Modified(object) => (object, false, false),
        WatchEvent::Deleted(object) => (object, false, true),
        WatchEvent::Bookmark(_) | WatchEvent::Error(_) => unreachable!("not handed on"),
    }
}

/// Follows a watch over interruptions, from the last event that was heard. Only a server that was started anew does not
/// know what came before: then what is there is listed, and what had not been heard of is new.
async fn follow<K>(api: Api<K>, mut version: String, mut heard: impl FnMut(WatchEvent<K>))
where
    K: kube::Resource + Clone + DeserializeOwned + Debug,
{
    let mut known = HashSet::new();
    let mut expired = false;
    loop {
        if expired && let Ok(list) = api.list(&ListParams::default()).await {
            expired = false;
            version = list.metadata.resource_version.unwrap();
            for object in list.items {
                let is_new = known.insert(object.uid());
                heard(if is_new { WatchEvent::Added(object) } else { WatchEvent::Modified(object) });
            }
        }
        if let Ok(stream) = api.watch(&WatchParams::default(), &version).await {
            let mut stream = std::pin::pin!(stream);
            while let Some(Ok(event)) = stream.next().await {
                match event {
                    WatchEvent::Bookmark(bookmark) => version = bookmark.metadata.resource_version,
                    WatchEvent::Error(error) => {
                        assert_eq!(error.code, 410, "{error:?}");
                        expired = true;
                        break;
                    }
                    event => {
                        known.insert(parts(&event).0.uid());
                        version = parts(&event).0.resource_version().unwrap();
                        heard(event);
                    }
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
