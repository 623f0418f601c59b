//! Watching for changes, so that a pass follows them at once.

use futures_util::stream::{self, SelectAll, Stream, StreamExt};
use kube::Client;
use kube::api::{Api, DynamicObject};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};

use crate::inventory::Kind;
use crate::names::{ACCESS, ACCOUNT, ENVIRONMENT};

/// The kinds that are watched: what we make.
const WATCHED: [Kind; 10] = [
    Kind::Namespace,
    Kind::ServiceAccount,
    Kind::ResourceQuota,
    Kind::LimitRange,
    Kind::NetworkPolicy,
    Kind::PersistentVolumeClaim,
    Kind::Deployment,
    Kind::Service,
    Kind::Role,
    Kind::RoleBinding,
];

/// See [`crate::Cluster::watch`].
pub(crate) fn changes(client: &Client) -> impl Stream<Item = String> + Send + use<> {
    let mut all = SelectAll::new();
    for kind in WATCHED {
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &kind.resource());
        let config = watcher::Config::default().labels(ENVIRONMENT);
        let events = kube::runtime::watcher(api, config).default_backoff();
        let names = events.flat_map(move |event| stream::iter(name_of(kind, event)));
        all.push(names.boxed());
    }
    // Pods of tenants' own tools do not carry our labels.
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &Kind::Pod.resource());
    let events = kube::runtime::watcher(api, watcher::Config::default()).default_backoff();
    let names = events.flat_map(|event| stream::iter(name_of(Kind::Pod, event)));
    all.push(names.filter(|name| std::future::ready(name.contains("--"))).boxed());
    all
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
