//! What is in an environment's namespace now.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::Value;
use tenure_domain::name::WorkloadId;

use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::names;
use crate::requests::Requests;

/// What was read at the beginning of a pass, kept up with what the pass itself changed.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub namespace: Value,
    pub objects: BTreeMap<ObjectKey, Value>,
    pub replica_sets: Vec<Value>,
    pub pods: Vec<Value>,
}

/// All objects of a kind; none of one that a cluster may lack.
async fn list(requests: &Requests, kind: Kind) -> Result<Vec<Value>, ClusterError> {
    match requests.list(kind).await {
        Err(ClusterError::NotServed { .. }) if kind.may_be_unserved() => Ok(Vec::new()),
        found => found,
    }
}

impl Live {
    /// Reads these kinds, in the order in which objects are made, and what makes and is pods.
    pub async fn read(
        requests: &Requests,
        namespace: Value,
        open: bool,
        kinds: &BTreeSet<Kind>,
    ) -> Result<Self, ClusterError> {
        let besides: &[Kind] = if open { &Kind::OPEN } else { &[] };
        let managed = Kind::MANAGED.into_iter().filter(|kind| kinds.contains(kind));
        let kinds = managed.chain(besides.iter().copied());
        let kinds = kinds.chain([Kind::ReplicaSet, Kind::Pod]);
        let lists = try_join_all(kinds.clone().map(|kind| list(requests, kind))).await?;
        let mut live = Self { namespace, ..Self::default() };
        for (kind, list) in kinds.zip(lists) {
            match kind {
                Kind::ReplicaSet => live.replica_sets = list,
                Kind::Pod => live.pods = list,
                _ => {
                    // What others keep there, such as a cluster's own tokens, is none of ours, and not even looked at.
                    let named = |object: &Value| text(object, "/metadata/name").contains("--");
                    let ours = |object: &Value| match kind {
                        Kind::Secret | Kind::ConfigMap => named(object),
                        _ => true,
                    };
                    for object in list.into_iter().filter(ours) {
                        live.objects.insert(ObjectKey::new(kind, text(&object, "/metadata/name")), object);
                    }
                }
            }
        }
        Ok(live)
    }

    pub fn get(&self, kind: Kind, name: &str) -> Option<&Value> {
        self.objects.get(&ObjectKey::new(kind, name))
    }

    /// The pods that a workload gives ready now.
    pub fn ready(&self, workload: &WorkloadId) -> u32 {
        let Some(carrier) = self.carrier(workload) else { return 0 };
        if number(carrier, "/status/observedGeneration") < number(carrier, "/metadata/generation") {
            return 0;
        }
        u32::try_from(number(carrier, "/status/readyReplicas")).unwrap_or(0)
    }

    /// What makes the pods of a workload.
    pub fn carrier(&self, workload: &WorkloadId) -> Option<&Value> {
        Kind::CARRIERS.into_iter().find_map(|kind| self.get(kind, workload.as_str()))
    }

    /// Pods that carry a workload's label.
    pub fn pods_of<'a>(&'a self, workload: &'a WorkloadId) -> impl Iterator<Item = &'a Value> {
        self.pods.iter().filter(move |pod| workload_of(pod) == Some(workload.as_str()))
    }
}

/// A text within an object, or nothing.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number within an object, or 0.
pub(crate) fn number(object: &Value, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// An object's UID.
pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// One of an object's labels or annotations.
pub(crate) fn mark<'a>(object: &'a Value, map: &str, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get(map)?.get(key)?.as_str()
}

/// The workload that an object is labelled with.
pub(crate) fn workload_of(object: &Value) -> Option<&str> {
    mark(object, "labels", names::WORKLOAD)
}
