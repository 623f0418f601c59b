//! Everything the simulated cluster knows: the objects, the log that watches read, and what controllers remember.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::controllers::Memory;
use crate::kinds::Kind;
use crate::log::{Change, Log};
use crate::object::{is_terminating, list, name, namespace, set, text, uid};

/// Where an object is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// `pods`, `deployments.apps`.
    pub resource: &'static str,
    /// Empty for cluster-wide kinds.
    pub namespace: String,
    /// The object's name.
    pub name: String,
}

impl Key {
    /// A key from its parts.
    pub fn new(resource: &'static str, namespace: &str, name: &str) -> Self {
        Self { resource, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// The key of an object of a kind.
    pub fn of(resource: &'static str, object: &Value) -> Self {
        Self::new(resource, namespace(object), name(object))
    }
}

/// How long the simulated parts take.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// See `Options::quota_delay`.
    pub quota_delay: Duration,
    /// See `Options::pod_start`.
    pub pod_start: Duration,
    /// See `Options::pod_stop`.
    pub pod_stop: Duration,
}

/// The whole state. Pure: time comes in as an argument.
#[derive(Debug, Clone)]
pub struct World {
    objects: BTreeMap<Key, Arc<Value>>,
    by_uid: HashMap<String, Key>,
    version: u64,
    ids: u64,
    seed: u64,
    unswept: bool,
    /// What happened lately, for watches.
    pub log: Log,
    /// What controllers remember between passes.
    pub memory: Memory,
    /// How long the simulated parts take.
    pub timing: Timing,
}

/// The most objects a simulation holds.
pub const MAX_OBJECTS: usize = 50_000;

impl World {
    /// An empty world. `seed` makes the uids of different worlds differ.
    pub fn new(seed: u64, timing: Timing) -> Self {
        Self {
            objects: BTreeMap::new(),
            by_uid: HashMap::new(),
            version: 1,
            ids: 0,
            seed,
            unswept: true,
            log: Log::new(1),
            memory: Memory::default(),
            timing,
        }
    }

    /// A world with objects saved earlier. Watches from before get 410.
    pub fn restored(
        seed: u64,
        ids: u64,
        version: u64,
        objects: impl IntoIterator<Item = (Key, Value)>,
        timing: Timing,
    ) -> Self {
        let mut world = Self::new(seed, timing);
        world.ids = ids;
        world.version = version.max(1);
        world.log = Log::new(world.version);
        for (key, object) in objects {
            world.by_uid.insert(uid(&object).to_owned(), key.clone());
            world.objects.insert(key, Arc::new(object));
        }
        world
    }

    /// A copy to try a dry run on.
    pub fn fork(&self) -> Self {
        Self {
            objects: self.objects.clone(),
            by_uid: self.by_uid.clone(),
            log: Log::new(self.version),
            memory: Memory::default(),
            ..*self
        }
    }

    /// The newest resource version.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Seed and counter of the ids, to be saved.
    pub fn id_state(&self) -> (u64, u64) {
        (self.seed, self.ids)
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// All objects, to be saved.
    pub fn all(&self) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        self.objects.iter()
    }

    /// One object.
    pub fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    /// One object by its parts.
    pub fn find(&self, resource: &'static str, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(&Key::new(resource, namespace, name))
    }

    /// The key of the object with a uid.
    pub fn by_uid(&self, uid: &str) -> Option<&Key> {
        self.by_uid.get(uid)
    }

    /// Objects of a kind in order of namespace and name; all namespaces when `namespace` is `None`.
    pub fn list(&self, resource: &'static str, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let from = Key::new(resource, namespace.unwrap_or_default(), "");
        self.objects
            .range((Bound::Included(from), Bound::Unbounded))
            .take_while(|(k, _)| k.resource == resource && namespace.is_none_or(|ns| k.namespace == ns))
            .map(|(_, object)| Arc::clone(object))
            .collect()
    }

    /// Keys of everything in a namespace.
    pub fn keys_in(&self, namespace: &str) -> Vec<Key> {
        self.objects.keys().filter(|k| k.namespace == namespace).cloned().collect()
    }

    /// Stores an object under a new resource version and tells the watches.
    pub fn put(&mut self, kind: &'static Kind, mut object: Value) -> Arc<Value> {
        self.version += 1;
        set(&mut object, &["metadata", "resourceVersion"], Value::from(self.version.to_string()));
        let key = Key::of(kind.resource, &object);
        self.unswept |= is_terminating(&object) || !list(&object, "/metadata/ownerReferences").is_empty();
        let object = Arc::new(object);
        let before = self.objects.insert(key.clone(), Arc::clone(&object));
        self.by_uid.insert(uid(&object).to_owned(), key.clone());
        self.log.push(Change { version: self.version, key, before, after: Some(Arc::clone(&object)) });
        object
    }

    /// Removes an object and tells the watches. Answers the object as last seen, with the version of its removal.
    pub fn remove(&mut self, key: &Key) -> Option<Arc<Value>> {
        let before = self.objects.remove(key)?;
        self.unswept = true;
        self.by_uid.remove(uid(&before));
        self.version += 1;
        let mut last = (*before).clone();
        set(&mut last, &["metadata", "resourceVersion"], Value::from(self.version.to_string()));
        let last = Arc::new(last);
        let change =
            Change { version: self.version, key: key.clone(), before: Some(Arc::clone(&last)), after: None };
        self.log.push(change);
        Some(last)
    }

    fn next_number(&mut self) -> u64 {
        self.ids += 1;
        mix(self.seed ^ self.ids.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A new uid in the shape of a UUID.
    pub fn new_uid(&mut self) -> String {
        let (a, b) = (self.next_number(), self.next_number());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            (b >> 48) & 0xfff,
            b & 0xffff_ffff_ffff
        )
    }

    /// Five characters for generated names, from Kubernetes' own alphabet.
    pub fn new_suffix(&mut self) -> String {
        suffix(self.next_number(), 5)
    }

    /// Whether anything happened since the last call that garbage collection may have to follow.
    pub fn take_unswept(&mut self) -> bool {
        std::mem::take(&mut self.unswept)
    }

    /// Whether a namespace exists and whether it is being deleted.
    pub fn namespace_terminating(&self, namespace: &str) -> Option<bool> {
        let object = self.find("namespaces", "", namespace)?;
        Some(is_terminating(object) || text(object, "/status/phase") == "Terminating")
    }

    /// Runs all controllers until they agree; the answer is when they want to run again.
    pub fn settle(&mut self, now: Timestamp) -> Option<Timestamp> {
        crate::controllers::settle(self, now)
    }
}

/// The finalizer of splitmix64: spreads close numbers over all bits.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Characters without vowels and look-alikes, as Kubernetes uses for generated names.
pub fn suffix(mut number: u64, length: usize) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut out = String::with_capacity(length);
    for _ in 0..length {
        let index = usize::try_from(number % ALPHABET.len() as u64).unwrap_or_default();
        out.push(char::from(ALPHABET.get(index).copied().unwrap_or(b'b')));
        number /= ALPHABET.len() as u64;
    }
    out
}

/// A stable hash of text (FNV-1a), for names that must not change between runs.
pub fn stable_hash(text: &str) -> u64 {
    let hash =
        text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    mix(hash)
}
