//! Watching for changes, so that a pass follows them at once and an unchanged environment is not read again.
//!
//! Each kind is listed page by page and then watched from the version of the list; an interrupted watch goes on from
//! where it was, and one that is too far behind lists anew.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use kube::Client;
use kube::api::{DynamicObject, ListParams, WatchEvent, WatchParams};
use kube::core::Request;
use serde_json::Value;

use crate::cache::Feed;
use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::inventory::Kind;
use crate::live::text;
use crate::names::ENVIRONMENT;
use crate::requests::Requests;

/// The most objects of one page of a list.
const PAGE: u32 = 500;
/// After so many seconds the server ends a watch, which goes on with the next.
const LASTS: u32 = 120;
/// A watch that tells nothing for so long is dead: the server would have ended it.
const SILENCE: Duration = Duration::from_secs(LASTS as u64 + 15);
/// The pause after a failure; doubled with each that follows, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A server that refuses so often in a row to go on from a version is asked for everything: it may have forgotten it.
const MOST_REFUSALS: u32 = 5;

/// See [`crate::Cluster::watch`]. Watched is what we make, and all pods: nothing says of an imported namespace's name
/// that it is ours, and pods of tenants' own tools do not carry our labels.
pub(crate) fn changes(cluster: &Cluster) -> impl Stream<Item = String> + Send + use<> {
    let feed = Arc::new(cluster.cache().feed());
    let kinds = [Kind::Namespace]
        .into_iter()
        .chain(Kind::MANAGED)
        .chain(Kind::OPEN)
        .chain([Kind::VolumeSnapshot, Kind::Pod]);
    let all: Vec<BoxStream<'static, String>> = kinds
        .map(|kind| {
            let of = Of {
                client: cluster.client(),
                requests: cluster.requests(String::new()),
                feed: Arc::clone(&feed),
                kind,
            };
            let watching = Watching { of, at: At::Begin, failures: 0 };
            let told = stream::unfold(watching, |mut watching| async move {
                let stirred = watching.next().await;
                Some((stream::iter(stirred), watching))
            });
            told.flatten().boxed()
        })
        .collect();
    stream::select_all(all)
}

/// What is watched.
struct Of {
    client: Client,
    requests: Requests,
    feed: Arc<Feed>,
    kind: Kind,
}

/// One kind.
struct Watching {
    of: Of,
    at: At,
    failures: u32,
}

type Events = BoxStream<'static, kube::Result<WatchEvent<Value>>>;

/// How far it is.
enum At {
    Begin,
    /// It is listed, on from a page.
    Listing {
        path: String,
        page: Option<String>,
    },
    /// Everything is told up to a version.
    Behind {
        path: String,
        version: String,
    },
    Told {
        path: String,
        version: String,
        events: Events,
        /// Whether nothing came yet.
        is_new: bool,
    },
}

impl Watching {
    /// The environments of the next changes.
    async fn next(&mut self) -> Vec<String> {
        loop {
            match self.step().await {
                Ok(stirred) if stirred.is_empty() => {}
                Ok(stirred) => return stirred,
                Err(error) => self.interrupted(&error).await,
            }
        }
    }

    async fn interrupted(&mut self, error: &ClusterError) {
        self.of.feed.is_interrupted(self.of.kind);
        self.failures = self.failures.saturating_add(1);
        let is_over = match error.code() {
            Some(404) => {
                self.of.requests.forget_version(self.of.kind).await;
                true
            }
            Some(410) => true,
            Some(_) => self.failures >= MOST_REFUSALS,
            None => false,
        };
        if is_over {
            self.at = At::Begin;
        }
        tracing::warn!(kind = self.of.kind.as_str(), %error, "watch interrupted; it goes on in a moment");
        let pause = PAUSE.saturating_mul(2_u32.saturating_pow(self.failures - 1)).min(LONGEST_PAUSE);
        tokio::time::sleep(pause).await;
    }

    async fn step(&mut self) -> Result<Vec<String>, ClusterError> {
        match std::mem::replace(&mut self.at, At::Begin) {
            At::Begin => {
                let resource = match self.of.requests.resource(self.of.kind).await {
                    // A kind that the cluster does not serve changes nowhere.
                    Err(ClusterError::NotServed { .. }) => std::future::pending().await,
                    found => found?,
                };
                let path = <DynamicObject as kube::Resource>::url_path(&resource, None);
                self.at = At::Listing { path, page: None };
                Ok(self.of.feed.lists(self.of.kind))
            }
            At::Listing { path, page } => self.list(path, page).await,
            At::Behind { path, version } => {
                // Where this fails, it goes on from here.
                self.at = At::Behind { path: path.clone(), version: version.clone() };
                let mut params = WatchParams::default().timeout(LASTS);
                params.label_selector = self.of.selector();
                let request = Request::new(&path).watch(&params, &version);
                let request = request.map_err(|e| self.of.unreadable(&e))?;
                let asked = self.of.client.request_events::<Value>(request);
                let events = self.of.requests.timed(|| self.of.doing(), asked).await?.boxed();
                self.of.feed.is_watched(self.of.kind);
                self.at = At::Told { path, version, events, is_new: true };
                Ok(Vec::new())
            }
            At::Told { path, version, events, is_new } => self.hear(path, version, events, is_new).await,
        }
    }

    async fn list(&mut self, path: String, page: Option<String>) -> Result<Vec<String>, ClusterError> {
        let mut params = ListParams::default().limit(PAGE);
        params.label_selector = self.of.selector();
        params.continue_token = page;
        let request = Request::new(&path).list(&params).map_err(|e| self.of.unreadable(&e))?;
        let mut answer =
            self.of.requests.timed(|| self.of.doing(), self.of.client.request::<Value>(request)).await?;
        self.failures = 0;
        let items = answer.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take);
        let told = |object| self.of.feed.is_there(self.of.kind, object);
        let mut stirred: Vec<String> = items.into_iter().flatten().filter_map(told).collect();
        stirred.dedup();
        let next = text(&answer, "/metadata/continue");
        self.at = if next.is_empty() {
            let version = text(&answer, "/metadata/resourceVersion").to_owned();
            self.of.feed.is_told(self.of.kind, &version);
            At::Behind { path, version }
        } else {
            At::Listing { path, page: Some(next.to_owned()) }
        };
        Ok(stirred)
    }

    async fn hear(
        &mut self,
        path: String,
        mut version: String,
        mut events: Events,
        is_new: bool,
    ) -> Result<Vec<String>, ClusterError> {
        let limit = SILENCE;
        let heard = tokio::time::timeout(limit, events.next()).await;
        let broken = |source| ClusterError::Request { doing: self.of.doing(), source: Box::new(source) };
        let stirred = match heard {
            Ok(Some(Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)))) => {
                text(&object, "/metadata/resourceVersion").clone_into(&mut version);
                self.of.feed.is_there(self.of.kind, object)
            }
            Ok(Some(Ok(WatchEvent::Deleted(object)))) => {
                text(&object, "/metadata/resourceVersion").clone_into(&mut version);
                self.of.feed.is_gone(self.of.kind, &object)
            }
            Ok(Some(Ok(WatchEvent::Bookmark(mark)))) => {
                version = mark.metadata.resource_version;
                self.of.feed.is_told(self.of.kind, &version);
                None
            }
            // The server ends each watch after a while, and the next goes on.
            Ok(None) => {
                self.of.feed.is_interrupted(self.of.kind);
                self.at = At::Behind { path, version };
                if is_new {
                    tokio::time::sleep(PAUSE).await;
                }
                return Ok(Vec::new());
            }
            Ok(Some(Ok(WatchEvent::Error(status)))) => {
                self.at = At::Behind { path, version };
                return Err(broken(kube::Error::Api(status)));
            }
            Ok(Some(Err(source))) => {
                // What cannot be read would come again.
                let is_unreadable = matches!(source, kube::Error::SerdeError(_));
                self.at = if is_unreadable { At::Begin } else { At::Behind { path, version } };
                return Err(broken(source));
            }
            Err(_) => {
                self.at = At::Behind { path, version };
                return Err(ClusterError::TimedOut { doing: self.of.doing(), limit });
            }
        };
        self.failures = 0;
        self.at = At::Told { path, version, events, is_new: false };
        Ok(stirred.into_iter().collect())
    }
}

impl Of {
    fn selector(&self) -> Option<String> {
        (self.kind != Kind::Pod).then(|| ENVIRONMENT.to_owned())
    }

    fn doing(&self) -> String {
        format!("watching {}", self.kind.as_str())
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> ClusterError {
        ClusterError::Answer { doing: self.doing(), detail: error.to_string() }
    }
}
