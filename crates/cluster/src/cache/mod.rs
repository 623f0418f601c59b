//! What the watch has told of our objects, so that a look at an environment in which nothing changed asks the server
//! nothing.
//!
//! It proves nothing: whatever restricts, gives back, deletes or takes over reads from the server itself. It holds what
//! carries our label and the pods of workloads, is fed by one watch at a time and by the answers to our own writes, and is
//! empty while nobody watches.

mod kept;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::inventory::{Kind, ObjectKey};
use crate::live::{mark, text};
use crate::names::{ACCESS, ACCOUNT, ENVIRONMENT, WORKLOAD};

/// The most objects that are kept of one namespace: one with more is read from the server.
const MOST_OBJECTS: usize = 2_000;

/// The most bytes of objects that are kept in all; what comes after that is read from the server.
const MOST_BYTES: usize = 512 * 1024 * 1024;

/// See the module. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cache(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// How many watches have begun: only the last one feeds it.
    feeds: u64,
    kinds: BTreeMap<Kind, Known>,
    places: BTreeMap<String, Place>,
    bytes: usize,
}

/// How far a kind is known.
#[derive(Debug, Default)]
struct Known {
    /// Whether everything was listed, and what came since is being told.
    is_told: bool,
    /// The version up to which everything was told.
    told: u64,
    /// Whether its versions are in no order that we know, so that nobody can tell which of two states is the later.
    is_unordered: bool,
}

/// What is known of a namespace.
#[derive(Debug, Default)]
struct Place {
    objects: BTreeMap<ObjectKey, Entry>,
    /// Whether it held more than is kept.
    is_overfull: bool,
}

#[derive(Debug)]
struct Entry {
    version: u64,
    /// Nothing where it has to be read from the server.
    body: Option<Arc<[u8]>>,
}

/// An environment as the watch has told of it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub namespace: Value,
    pub objects: BTreeMap<ObjectKey, Value>,
    pub pods: Vec<Value>,
    /// What is there and was not kept.
    pub unread: Vec<ObjectKey>,
}

impl Cache {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins anew: what is kept from now on is what this feed tells, until it is dropped.
    pub fn feed(&self) -> Feed {
        let mut state = self.lock();
        let feeds = state.feeds + 1;
        *state = State { feeds, ..State::default() };
        Feed { cache: self.clone(), number: feeds }
    }

    /// Keeps the answer to a write of ours, so that nobody waits for the watch to tell of it. Where the watch has told of
    /// later things already, it may have told of the object's end too, and the answer is late.
    pub fn wrote(&self, kind: Kind, answer: &Value) {
        let mut state = self.lock();
        let told = state.kinds.get(&kind).filter(|known| known.is_told).map(|known| known.told);
        let is_ahead = told.is_some_and(|told| version(answer).is_some_and(|version| version > told));
        if is_ahead && mark(answer, "labels", ENVIRONMENT).is_some() {
            state.keep(kind, answer.clone());
        }
    }

    /// Whether an object is known to be there, of a kind that is.
    pub fn holds(&self, namespace: &str, key: &ObjectKey) -> bool {
        let state = self.lock();
        let place = state.places.get(namespace).filter(|place| !place.is_overfull);
        state.is_known(key.kind) && place.is_some_and(|place| place.objects.contains_key(key))
    }

    /// What is known of a namespace: its objects of these kinds, and its pods. Nothing where one of them is not wholly
    /// known now.
    pub fn seen(&self, namespace: &str, kinds: &BTreeSet<Kind>) -> Option<Seen> {
        let kept: Vec<(ObjectKey, Option<Arc<[u8]>>)> = {
            let state = self.lock();
            let needed = kinds.iter().chain(&[Kind::Namespace, Kind::Pod]);
            if !needed.into_iter().all(|kind| state.is_known(*kind)) {
                return None;
            }
            let place = state.places.get(namespace).filter(|place| !place.is_overfull)?;
            let asked = |kind| matches!(kind, Kind::Namespace | Kind::Pod) || kinds.contains(&kind);
            let objects = place.objects.iter().filter(|(key, _)| asked(key.kind));
            objects.map(|(key, entry)| (key.clone(), entry.body.clone())).collect()
        };
        let mut seen =
            Seen { namespace: Value::Null, objects: BTreeMap::new(), pods: Vec::new(), unread: Vec::new() };
        for (key, body) in kept {
            let Some(body) = body else {
                seen.unread.push(key);
                continue;
            };
            let object: Value = serde_json::from_slice(&body).ok()?;
            match key.kind {
                Kind::Namespace => seen.namespace = object,
                Kind::Pod => seen.pods.push(object),
                _ => {
                    seen.objects.insert(key, object);
                }
            }
        }
        seen.namespace.is_object().then_some(seen)
    }
}

impl State {
    fn is_known(&self, kind: Kind) -> bool {
        self.kinds.get(&kind).is_some_and(|known| known.is_told && !known.is_unordered)
    }

    /// Keeps an object unless a later state of it is known; whether that is news.
    fn keep(&mut self, kind: Kind, object: Value) -> bool {
        let Some(version) = version(&object) else {
            self.kinds.entry(kind).or_default().is_unordered = true;
            return true;
        };
        let place = self.places.entry(place(kind, &object).to_owned()).or_default();
        let key = ObjectKey::new(kind, text(&object, "/metadata/name"));
        if place.is_overfull {
            return true;
        }
        let before = place.objects.get(&key);
        if before.is_some_and(|before| version <= before.version) {
            return false;
        }
        let is_identity = text(&object, "/metadata/namespace") == ACCESS;
        // Of an identity it is enough to know that it is there.
        let mut body = if is_identity { None } else { kept::of(kind, object) };
        let size = body.as_ref().map_or(0, |body| body.len());
        let replaced = before.and_then(|before| before.body.as_ref()).map_or(0, |body| body.len());
        let is_news = match before {
            None => true,
            Some(_) if is_identity => false,
            Some(before) => body.is_none() || before.body != body,
        };
        self.bytes -= replaced;
        if self.bytes + size > MOST_BYTES {
            body = None;
        }
        self.bytes += body.as_ref().map_or(0, |body| body.len());
        place.objects.insert(key, Entry { version, body });
        if place.objects.len() > MOST_OBJECTS && !is_identity {
            let all = std::mem::take(&mut place.objects);
            self.bytes -=
                all.into_values().filter_map(|entry| entry.body).map(|body| body.len()).sum::<usize>();
            place.is_overfull = true;
        }
        is_news
    }

    /// Notes up to where the changes of a kind were told.
    fn told(&mut self, kind: Kind, version: Option<u64>) {
        let known = self.kinds.entry(kind).or_default();
        known.told = known.told.max(version.unwrap_or(0));
    }

    /// Forgets an object unless a later state of it is known; whether it was known.
    fn forget(&mut self, kind: Kind, object: &Value) -> bool {
        let name = place(kind, object);
        let Some(place) = self.places.get_mut(name) else { return false };
        let key = ObjectKey::new(kind, text(object, "/metadata/name"));
        let is_later = |entry: &Entry| version(object).is_some_and(|version| entry.version > version);
        if place.is_overfull {
            return true;
        }
        if place.objects.get(&key).is_none_or(is_later) {
            return false;
        }
        if let Some(body) = place.objects.remove(&key).and_then(|entry| entry.body) {
            self.bytes -= body.len();
        }
        if place.objects.is_empty() {
            self.places.remove(name);
        }
        true
    }
}

/// What tells the cache. When it is dropped, the cache is empty.
#[derive(Debug)]
pub(crate) struct Feed {
    cache: Cache,
    number: u64,
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(mut state) = self.state() {
            *state = State { feeds: state.feeds, ..State::default() };
        }
    }
}

impl Feed {
    /// The state, while no other feed has begun.
    fn state(&self) -> Option<MutexGuard<'_, State>> {
        Some(self.cache.lock()).filter(|state| state.feeds == self.number)
    }

    /// The objects of a kind are listed from the beginning, as changes are missing or there is nothing yet. The
    /// environments of which something was known.
    pub fn lists(&self, kind: Kind) -> Vec<String> {
        let Some(mut state) = self.state() else { return Vec::new() };
        state.kinds.insert(kind, Known::default());
        let (mut concerned, mut freed) = (Vec::new(), 0);
        for (name, place) in &mut state.places {
            place.objects.retain(|key, entry| {
                if key.kind == kind {
                    freed += entry.body.as_ref().map_or(0, |body| body.len());
                    concerned.extend(if name == ACCESS {
                        environment_of(&key.name)
                    } else {
                        Some(name.clone())
                    });
                }
                key.kind != kind
            });
        }
        state.bytes -= freed;
        state.places.retain(|_, place| place.is_overfull || !place.objects.is_empty());
        concerned.dedup();
        concerned
    }

    /// Everything of a kind was told up to this version.
    pub fn is_told(&self, kind: Kind, version: &str) {
        if let Some(mut state) = self.state() {
            state.told(kind, version.parse().ok());
        }
    }

    /// From now on every change of a kind is told, until [`Self::is_interrupted`].
    pub fn is_watched(&self, kind: Kind) {
        if let Some(mut state) = self.state() {
            state.kinds.entry(kind).or_default().is_told = true;
        }
    }

    /// Changes of a kind may be missing.
    pub fn is_interrupted(&self, kind: Kind) {
        if let Some(mut state) = self.state() {
            state.kinds.entry(kind).or_default().is_told = false;
        }
    }

    /// An object is there, or is so now; its environment, where that is news to us.
    pub fn is_there(&self, kind: Kind, object: Value) -> Option<String> {
        let concerned = concerned(kind, &object)?;
        let Some(mut state) = self.state() else { return Some(concerned) };
        state.told(kind, version(&object));
        // Pods of tenants' own tools are watched, and nothing of them is told.
        let is_kept = kind != Kind::Pod || mark(&object, "labels", WORKLOAD).is_some();
        if !is_kept {
            // One that lost its label is a workload's no more.
            state.forget(kind, &object);
            return Some(concerned);
        }
        state.keep(kind, object).then_some(concerned)
    }

    /// An object is gone, or lost our label; its environment, where that is news to us.
    pub fn is_gone(&self, kind: Kind, object: &Value) -> Option<String> {
        let concerned = concerned(kind, object)?;
        let Some(mut state) = self.state() else { return Some(concerned) };
        state.told(kind, version(object));
        let was_known = state.forget(kind, object);
        let is_kept = kind != Kind::Pod || mark(object, "labels", WORKLOAD).is_some();
        (was_known || !is_kept).then_some(concerned)
    }
}

/// Where an object is kept: its namespace, or itself where it is one.
fn place(kind: Kind, object: &Value) -> &str {
    if kind == Kind::Namespace { text(object, "/metadata/name") } else { text(object, "/metadata/namespace") }
}

/// The namespace of the environment that a change is about.
fn concerned(kind: Kind, object: &Value) -> Option<String> {
    let name = place(kind, object);
    // An identity belongs to the environment that it is labelled with.
    if kind != Kind::Namespace && name == ACCESS {
        let (account, environment) = (mark(object, "labels", ACCOUNT)?, mark(object, "labels", ENVIRONMENT)?);
        return Some(format!("{account}--{environment}"));
    }
    (!name.is_empty()).then(|| name.to_owned())
}

/// The namespace of the environment that an identity of this name is for.
fn environment_of(identity: &str) -> Option<String> {
    identity.rsplit_once("--").map(|(environment, _)| environment.to_owned())
}

/// An object's resource version, where it is a number, as it is on every server that we know.
fn version(object: &Value) -> Option<u64> {
    text(object, "/metadata/resourceVersion").parse().ok()
}

#[cfg(test)]
mod tests;
