//! Everything that is in a namespace, whoever made it: what would go with it.
//!
//! Ours is what the inventory knows by its UID, what belongs to that through its owners, and what the cluster itself puts
//! into every namespace. The rest is foreign: it is named, and people decide.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ClusterError;
use crate::inventory::Kind;
use crate::live::{mark, text, uid};
use crate::memory::Memory;
use crate::requests::Requests;

/// How many kinds are listed at once.
const AT_ONCE: usize = 8;

/// An object in the namespace that is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForeignObject {
    /// What it is: `ConfigMap/settings`, or `Certificate.cert-manager.io/site`.
    pub object: String,
    /// Its UID.
    pub uid: String,
}

/// One object, without what it holds.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub object: String,
    pub kind: String,
    pub name: String,
    pub uid: String,
    pub path: String,
    pub owners: Vec<String>,
    pub finalizers: Vec<String>,
    pub is_ending: bool,
    token_of: Option<String>,
}

/// Everything in the namespace that can be listed and deleted.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub items: Vec<Item>,
    /// The kinds that could not be listed, with what the cluster said.
    pub unseen: Vec<String>,
}

/// A kind as discovery tells of it.
struct Served {
    group: String,
    kind: String,
    path: String,
}

impl Contents {
    pub async fn read(requests: &Requests) -> Result<Self, ClusterError> {
        let mut contents = Self::default();
        let kinds = contents.kinds(requests).await?;
        let lists = stream::iter(kinds).map(|served| async move {
            let listed = requests.metadata(&served.path).await;
            Ok::<_, ClusterError>((served, listed))
        });
        let lists: Vec<_> = lists.buffer_unordered(AT_ONCE).try_collect().await?;
        let mut known = BTreeSet::new();
        for (served, listed) in lists {
            match listed {
                Ok(objects) => {
                    for object in &objects {
                        // The same object may be served by several groups.
                        if known.insert(uid(object).to_owned()) {
                            contents.items.push(item(&served, object));
                        }
                    }
                }
                Err(error) if matches!(error.code(), Some(404 | 405)) => {}
                Err(error) if error.code().is_some() => contents.unseen.push(format!(
                    "{} cannot be listed: {}",
                    qualified(&served.kind, &served.group),
                    error.refusal().unwrap_or_default()
                )),
                Err(error) => return Err(error),
            }
        }
        contents.items.sort_by(|a, b| a.object.cmp(&b.object));
        Ok(contents)
    }

    /// Every namespaced kind whose objects can be listed and deleted, each in the version that is preferred where it
    /// is served there.
    async fn kinds(&mut self, requests: &Requests) -> Result<Vec<Served>, ClusterError> {
        let mut versions = vec![(String::new(), "/api/v1".to_owned())];
        let groups = requests.document("/apis").await?.unwrap_or_default();
        for group in array(&groups, "/groups") {
            let name = text(group, "/name");
            let preferred = text(group, "/preferredVersion/groupVersion");
            let others = array(group, "/versions").map(|v| text(v, "/groupVersion"));
            for version in std::iter::once(preferred).chain(others.filter(|v| *v != preferred)) {
                versions.push((name.to_owned(), format!("/apis/{version}")));
            }
        }
        let mut kinds: BTreeMap<(String, String), Served> = BTreeMap::new();
        for (group, base) in versions {
            let resources = match requests.document(&base).await {
                Ok(found) => found.unwrap_or_default(),
                Err(error) if error.code().is_some() => {
                    self.unseen.push(format!(
                        "{base} cannot be asked what it has: {}",
                        error.refusal().unwrap_or_default()
                    ));
                    continue;
                }
                Err(error) => return Err(error),
            };
            for resource in array(&resources, "/resources") {
                let plural = text(resource, "/name");
                let may = |verb: &str| array(resource, "/verbs").any(|v| v == verb);
                let namespaced = resource.get("namespaced").and_then(Value::as_bool) == Some(true);
                if !namespaced || plural.contains('/') || !may("list") || !may("delete") {
                    continue;
                }
                kinds.entry((group.clone(), plural.to_owned())).or_insert_with(|| Served {
                    group: group.clone(),
                    kind: text(resource, "/kind").to_owned(),
                    path: format!("{base}/namespaces/{}/{plural}", requests.namespace()),
                });
            }
        }
        Ok(kinds.into_values().collect())
    }

    /// What is none of ours, and belongs to nothing of ours nor to anything that `decided` names by its UID.
    pub fn foreign(&self, memory: &Memory, decided: impl Fn(&str) -> bool) -> Vec<ForeignObject> {
        let mut known: BTreeSet<&str> =
            memory.inventory.values().filter_map(|entry| entry.uid.as_deref()).collect();
        let roots = self.items.iter().filter(|item| decided(&item.uid) || item.is_furniture(memory, &known));
        let roots: Vec<&str> = roots.map(|item| item.uid.as_str()).collect();
        known.extend(roots);
        loop {
            let before = known.len();
            let mut owned = Vec::new();
            for item in &self.items {
                if item.owners.iter().any(|owner| known.contains(owner.as_str())) {
                    owned.push(item.uid.as_str());
                }
            }
            known.extend(owned);
            if known.len() == before {
                break;
            }
        }
        let strangers: Vec<&Item> =
            self.items.iter().filter(|item| !known.contains(item.uid.as_str())).collect();
        let there: BTreeSet<&str> = strangers.iter().map(|item| item.uid.as_str()).collect();
        // Whoever decides on an object decides on what it owns.
        let roots = strangers.iter().filter(|i| !i.owners.iter().any(|owner| there.contains(owner.as_str())));
        roots.map(|item| ForeignObject { object: item.object.clone(), uid: item.uid.clone() }).collect()
    }
}

impl Item {
    /// What the cluster puts into every namespace, or beside what is ours.
    fn is_furniture(&self, memory: &Memory, ours: &BTreeSet<&str>) -> bool {
        let is_service =
            |name: &str| memory.inventory.keys().any(|key| key.kind == Kind::Service && key.name == name);
        match self.kind.as_str() {
            "Event" => true,
            "ServiceAccount" => self.name == "default",
            "ConfigMap" => self.name == "kube-root-ca.crt",
            "Endpoints" => is_service(&self.name),
            "Secret" => {
                self.token_of.as_ref().is_some_and(|of| of == "default" || ours.contains(of.as_str()))
            }
            _ => false,
        }
    }
}

fn item(served: &Served, object: &Value) -> Item {
    let name = text(object, "/metadata/name").to_owned();
    let list = |pointer: &str| array(object, pointer).filter_map(Value::as_str).map(str::to_owned).collect();
    // Older clusters keep a service account's token in a secret, which names the account and its UID.
    let token_of = match mark(object, "annotations", "kubernetes.io/service-account.name") {
        Some("default") => Some("default".to_owned()),
        Some(_) => mark(object, "annotations", "kubernetes.io/service-account.uid").map(str::to_owned),
        None => None,
    };
    Item {
        object: format!("{}/{name}", qualified(&served.kind, &served.group)),
        kind: if served.group.is_empty() || served.kind == "Event" {
            served.kind.clone()
        } else {
            qualified(&served.kind, &served.group)
        },
        path: format!("{}/{name}", served.path),
        name,
        uid: uid(object).to_owned(),
        owners: array(object, "/metadata/ownerReferences").map(|o| text(o, "/uid").to_owned()).collect(),
        finalizers: list("/metadata/finalizers"),
        is_ending: !text(object, "/metadata/deletionTimestamp").is_empty(),
        token_of,
    }
}

fn qualified(kind: &str, group: &str) -> String {
    if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") }
}

/// The elements of a list within an object.
pub(crate) fn array<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}
