//! Watching for changes, so that a pass follows them at once.

use std::time::Duration;

use futures_util::stream::{self, BoxStream, SelectAll, Stream, StreamExt};
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};

use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::inventory::Kind;
use crate::names::{ACCESS, ACCOUNT, ENVIRONMENT};

/// How long is waited before it is asked again which version of a kind is served.
const ASK: Duration = Duration::from_secs(5);

/// See [`crate::Cluster::watch`]. Watched is what we make, and all pods: nothing says of an imported namespace's name
/// that it is ours.
pub(crate) fn changes(cluster: &Cluster) -> impl Stream<Item = String> + Send + use<> {
    let mut all = SelectAll::new();
    for kind in [Kind::Namespace].into_iter().chain(Kind::MANAGED).chain(Kind::OPEN) {
        all.push(if kind.older_versions().is_empty() {
            of_kind(cluster.client(), kind, &kind.resource())
        } else {
            let cluster = cluster.clone();
            stream::once(negotiated(cluster, kind)).flatten().boxed()
        });
    }
    // Pods of tenants' own tools do not carry our labels.
    let api: Api<DynamicObject> = Api::all_with(cluster.client(), &Kind::Pod.resource());
    let events = kube::runtime::watcher(api, watcher::Config::default()).default_backoff();
    all.push(events.flat_map(|event| stream::iter(name_of(Kind::Pod, event))).boxed());
    all
}

/// The changes of a kind in the version that the cluster serves; none where it serves none.
async fn negotiated(cluster: Cluster, kind: Kind) -> BoxStream<'static, String> {
    let requests = cluster.requests(String::new());
    loop {
        match requests.resource(kind).await {
            Ok(resource) => return of_kind(cluster.client(), kind, &resource),
            Err(ClusterError::NotServed { .. }) => return stream::pending().boxed(),
            Err(error) => {
                tracing::debug!(kind = kind.as_str(), %error, "its version is asked for again");
                tokio::time::sleep(ASK).await;
            }
        }
    }
}

fn of_kind(client: Client, kind: Kind, resource: &ApiResource) -> BoxStream<'static, String> {
    let api: Api<DynamicObject> = Api::all_with(client, resource);
    let config = watcher::Config::default().labels(ENVIRONMENT);
    let events = kube::runtime::watcher(api, config).default_backoff();
    events.flat_map(move |event| stream::iter(name_of(kind, event))).boxed()
}

fn name_of(kind: Kind, event: Result<Event<DynamicObject>, watcher::Error>) -> Option<String> {
    match event {
        Ok(Event::Apply(object) | Event::Delete(object) | Event::InitApply(object)) => {
            match object.metadata.namespace {
                _ if kind == Kind::Namespace => object.metadata.name,
                // An identity belongs to the environment that it is labelled with.
                Some(namespace) if namespace == ACCESS => {
                    let labels = object.metadata.labels.unwrap_or_default();
                    Some(format!("{}--{}", labels.get(ACCOUNT)?, labels.get(ENVIRONMENT)?))
                }
                other => other,
            }
        }
        Ok(Event::Init | Event::InitDone) => None,
        Err(error) => {
            tracing::warn!(kind = kind.as_str(), %error, "watch interrupted; it starts anew");
            None
        }
    }
}
