//! The bounded log of changes that watches read.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use crate::selectors::Selection;
use crate::world::Key;

/// The most changes kept; a watch that falls further behind gets 410 and lists again.
pub const CAPACITY: usize = 8192;

/// One change of one object.
#[derive(Debug, Clone)]
pub struct Change {
    /// The resource version the change made.
    pub version: u64,
    /// Which object.
    pub key: Key,
    /// The object before, or its last state where the change is a deletion.
    pub before: Option<Arc<Value>>,
    /// The object after; `None` for a deletion.
    pub after: Option<Arc<Value>>,
}

/// Recent changes in order.
#[derive(Debug, Clone)]
pub struct Log {
    changes: VecDeque<Change>,
    oldest: u64,
    capacity: usize,
}

/// What a watch sees of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub verb: &'static str,
    /// The object to send.
    pub object: Arc<Value>,
    /// The change's resource version.
    pub version: u64,
}

impl Log {
    /// An empty log from which watches may start at `version`.
    pub fn new(version: u64) -> Self {
        Self { changes: VecDeque::new(), oldest: version, capacity: CAPACITY }
    }

    /// The oldest version a watch may start from.
    pub fn oldest(&self) -> u64 {
        self.oldest
    }

    /// Appends a change and forgets the oldest beyond the capacity.
    pub fn push(&mut self, change: Change) {
        self.changes.push_back(change);
        while self.changes.len() > self.capacity {
            if let Some(gone) = self.changes.pop_front() {
                self.oldest = gone.version;
            }
        }
    }

    /// What a watch of one kind sees after a version; `None` when that version is too old.
    pub fn since(&self, version: u64, scope: &Scope) -> Option<Vec<Seen>> {
        if version < self.oldest {
            return None;
        }
        let start = self.changes.partition_point(|c| c.version <= version);
        Some(self.changes.iter().skip(start).filter_map(|c| scope.sees(c)).collect())
    }
}

/// What a list or watch covers.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The kind's resource name.
    pub resource: &'static str,
    /// One namespace, or all.
    pub namespace: Option<String>,
    /// Labels and fields.
    pub selection: Selection,
}

impl Scope {
    fn sees(&self, change: &Change) -> Option<Seen> {
        if change.key.resource != self.resource
            || self.namespace.as_ref().is_some_and(|ns| *ns != change.key.namespace)
        {
            return None;
        }
        let matches = |o: &&Arc<Value>| self.selection.matches(o);
        let before = change.before.as_ref().filter(matches);
        let after = change.after.as_ref().filter(matches);
        let (verb, object) = match (before, after) {
            (None, Some(new)) => ("ADDED", Arc::clone(new)),
            (Some(_), Some(new)) => ("MODIFIED", Arc::clone(new)),
            (Some(old), None) => ("DELETED", left(old, change.version)),
            (None, None) => return None,
        };
        Some(Seen { verb, object, version: change.version })
    }
}

/// The last state of an object that left the selection, at the version at which it left.
fn left(old: &Arc<Value>, version: u64) -> Arc<Value> {
    let mut object = (**old).clone();
    crate::object::set(&mut object, &["metadata", "resourceVersion"], Value::from(version.to_string()));
    Arc::new(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(version: u64, before: Option<Value>, after: Option<Value>) -> Change {
        let key = Key::new("configmaps", "a", "x");
        Change { version, key, before: before.map(Arc::new), after: after.map(Arc::new) }
    }

    #[test]
    fn an_object_that_leaves_the_selection_is_seen_as_deleted_and_one_that_enters_as_added() {
        let blue = json!({"metadata": {"labels": {"c": "blue"}}});
        let red = json!({"metadata": {"labels": {"c": "red"}}});
        let selection = Selection::parse("c=blue", "", &["metadata.name"]).unwrap();
        let scope = Scope { resource: "configmaps", namespace: Some("a".into()), selection };
        let mut log = Log::new(1);
        log.push(change(2, None, Some(red.clone())));
        log.push(change(3, Some(red.clone()), Some(blue.clone())));
        log.push(change(4, Some(blue), Some(red)));
        let verbs: Vec<_> = log.since(1, &scope).unwrap().into_iter().map(|s| (s.verb, s.version)).collect();
        assert_eq!(verbs, [("ADDED", 3), ("DELETED", 4)]);
    }

    #[test]
    fn a_version_older_than_the_buffer_is_refused() {
        let scope = Scope { resource: "configmaps", namespace: None, selection: Selection::default() };
        let mut log = Log::new(1);
        log.capacity = 2;
        for version in 2..=5 {
            log.push(change(version, None, Some(json!({}))));
        }
        assert!(log.since(2, &scope).is_none());
        assert_eq!(log.since(3, &scope).unwrap().len(), 2);
    }
}
