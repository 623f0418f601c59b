//! The requests of one pass: each with a time-out, none repeated, the writes counted.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kube::Client;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions,
    PropagationPolicy,
};
use serde_json::{Value, json};

use crate::error::ClusterError;
use crate::inventory::{Kind, ObjectKey};
use crate::names::FIELD_MANAGER;
use crate::served::Served;

/// The most objects asked for at once.
const PAGE: u32 = 500;
/// The most pages of one listing: an environment with more objects of one kind is not one of ours.
const PAGES: usize = 20;

/// What became of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// The cluster accepted it.
    Begun,
    /// It was gone, or another object has its name.
    Gone,
}

pub(crate) struct Requests {
    client: Client,
    namespace: String,
    limit: Duration,
    writes: AtomicU32,
    served: Served,
}

impl Requests {
    pub fn new(client: Client, namespace: String, limit: Duration, served: Served) -> Self {
        Self { client, namespace, limit, writes: AtomicU32::new(0), served }
    }

    /// Whether a job can be suspended by its own field.
    pub async fn suspends_jobs(&self) -> Result<bool, ClusterError> {
        self.served.suspends_jobs(self).await
    }

    /// The namespace of the environment.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The writes sent so far.
    pub fn writes(&self) -> u32 {
        self.writes.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    /// Where the cluster serves a kind.
    pub async fn resource(&self, kind: Kind) -> Result<ApiResource, ClusterError> {
        self.served.resource(kind, self).await
    }

    async fn api(&self, kind: Kind) -> Result<Api<DynamicObject>, ClusterError> {
        let resource = self.served.resource(kind, self).await?;
        Ok(if kind.is_namespaced() {
            Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
        } else {
            Api::all_with(self.client.clone(), &resource)
        })
    }

    /// An object as the server takes it: in the version that it serves.
    async fn versioned(&self, kind: Kind, object: &Value) -> Result<Value, ClusterError> {
        let mut object = object.clone();
        object["apiVersion"] = json!(self.served.resource(kind, self).await?.api_version);
        Ok(object)
    }

    /// Runs one request within the time limit.
    pub async fn timed<T>(
        &self,
        doing: impl Fn() -> String,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ClusterError> {
        match tokio::time::timeout(self.limit, request).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(source)) => Err(ClusterError::Request { doing: doing(), source: Box::new(source) }),
            Err(_) => Err(ClusterError::TimedOut { doing: doing(), limit: self.limit }),
        }
    }

    /// One object, if it exists.
    pub async fn get(&self, kind: Kind, name: &str) -> Result<Option<Value>, ClusterError> {
        let doing = || format!("reading {} {name}", kind.as_str());
        let found = self.timed(doing, self.api(kind).await?.get_opt(name)).await?;
        found.map(|object| value(doing, &object)).transpose()
    }

    /// All objects of a kind in the namespace.
    pub async fn list(&self, kind: Kind) -> Result<Vec<Value>, ClusterError> {
        let doing = || format!("listing {} in {}", kind.as_str(), self.namespace);
        let (api, mut params) = (self.api(kind).await?, ListParams::default().limit(PAGE));
        let mut all = Vec::new();
        for _ in 0..PAGES {
            let page = match self.timed(doing, api.list(&params)).await {
                // A namespace that is gone lists as empty, so it is the kind that is no longer served so.
                Err(error) if error.code() == Some(404) => {
                    self.served.forget(kind).await;
                    return Err(error);
                }
                page => page?,
            };
            for object in &page.items {
                all.push(value(doing, object)?);
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = ListParams::default().limit(PAGE).continue_token(&token),
                None => return Ok(all),
            }
        }
        Err(ClusterError::Answer { doing: doing(), detail: format!("more than {} objects", all.len()) })
    }

    /// Creates an object that must not exist yet. `None` if it does.
    pub async fn create(&self, kind: Kind, object: &Value) -> Result<Option<Value>, ClusterError> {
        let doing = || format!("creating {} {}", kind.as_str(), name_of(object));
        let data = dynamic(doing, object)?;
        self.count();
        let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        match self.timed(doing, self.api(kind).await?.create(&params, &data)).await {
            Ok(made) => value(doing, &made).map(Some),
            Err(error) if error.code() == Some(409) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tries to create an object without creating it, and tells why that was refused, if it was.
    pub async fn try_create(&self, kind: Kind, object: &Value) -> Result<Option<String>, ClusterError> {
        let doing = || format!("trying to create {} {}", kind.as_str(), name_of(object));
        let data = dynamic(doing, &self.versioned(kind, object).await?)?;
        let params = PostParams { dry_run: true, field_manager: Some(FIELD_MANAGER.to_owned()) };
        match self.timed(doing, self.api(kind).await?.create(&params, &data)).await {
            Ok(_) => Ok(None),
            Err(error) if error.code() == Some(403) => Ok(error.refusal().map(str::to_owned)),
            Err(error) => Err(error),
        }
    }

    /// Server-side apply. Where the object is known to exist, its UID is the precondition.
    pub async fn apply(
        &self,
        key: &ObjectKey,
        object: &Value,
        uid: Option<&str>,
    ) -> Result<Value, ClusterError> {
        let doing = || format!("applying {key} in {}", self.namespace);
        let mut object = self.versioned(key.kind, object).await?;
        if let (Some(uid), Some(metadata)) = (uid, object.get_mut("metadata").and_then(Value::as_object_mut))
        {
            metadata.insert("uid".to_owned(), json!(uid));
        }
        self.count();
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let applied = self
            .timed(doing, self.api(key.kind).await?.patch(&key.name, &params, &Patch::Apply(&object)))
            .await?;
        value(doing, &applied)
    }

    /// Writes a whole object in place of the one that was read, unless that has changed since.
    pub async fn replace(&self, key: &ObjectKey, object: &Value) -> Result<Value, ClusterError> {
        let doing = || format!("replacing {key} in {}", self.namespace);
        let data = dynamic(doing, &self.versioned(key.kind, object).await?)?;
        self.count();
        let params = PostParams { dry_run: false, field_manager: Some(FIELD_MANAGER.to_owned()) };
        let replaced =
            self.timed(doing, self.api(key.kind).await?.replace(&key.name, &params, &data)).await?;
        value(doing, &replaced)
    }

    /// Merges a patch (RFC 7386) into an object with this UID, or into its status.
    pub async fn merge(
        &self,
        key: &ObjectKey,
        uid: &str,
        mut patch: Value,
        status: bool,
    ) -> Result<Value, ClusterError> {
        let doing = || format!("changing {key}{}", if status { "'s status" } else { "" });
        if let Some(patch) = patch.as_object_mut() {
            let metadata = patch.entry("metadata").or_insert_with(|| json!({}));
            if let Some(metadata) = metadata.as_object_mut() {
                metadata.insert("uid".to_owned(), json!(uid));
            }
        }
        self.count();
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let (api, patch) = (self.api(key.kind).await?, Patch::Merge(&patch));
        let changed = if status {
            self.timed(doing, api.patch_status(&key.name, &params, &patch)).await?
        } else {
            self.timed(doing, api.patch(&key.name, &params, &patch)).await?
        };
        value(doing, &changed)
    }

    /// Deletes the object with this UID and no other of its name.
    pub async fn delete(
        &self,
        key: &ObjectKey,
        uid: &str,
        grace: Option<u32>,
    ) -> Result<Deletion, ClusterError> {
        self.delete_so(
            key,
            uid,
            DeleteParams {
                grace_period_seconds: grace,
                propagation_policy: key.kind.makes_pods().then_some(PropagationPolicy::Background),
                ..DeleteParams::default()
            },
        )
        .await
    }

    /// Deletes the object with this UID so that it can be made anew, with the pods it made or without.
    pub async fn delete_to_make_anew(
        &self,
        key: &ObjectKey,
        uid: &str,
        with_pods: bool,
    ) -> Result<Deletion, ClusterError> {
        let policy = if with_pods { PropagationPolicy::Background } else { PropagationPolicy::Orphan };
        self.delete_so(key, uid, DeleteParams { propagation_policy: Some(policy), ..DeleteParams::default() })
            .await
    }

    async fn delete_so(
        &self,
        key: &ObjectKey,
        uid: &str,
        mut params: DeleteParams,
    ) -> Result<Deletion, ClusterError> {
        let doing = || format!("deleting {key} in {}", self.namespace);
        params.preconditions = Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None });
        self.count();
        match self.timed(doing, self.api(key.kind).await?.delete(&key.name, &params)).await {
            Ok(_) => Ok(Deletion::Begun),
            Err(error) if matches!(error.code(), Some(404 | 409)) => Ok(Deletion::Gone),
            Err(error) => Err(error),
        }
    }

    /// Any JSON document of the API, by its path.
    pub async fn document(&self, path: &str) -> Result<Option<Value>, ClusterError> {
        let doing = || format!("reading {path}");
        let unreadable = |error: &dyn std::fmt::Display| ClusterError::Answer {
            doing: doing(),
            detail: error.to_string(),
        };
        let request =
            kube::core::Request::new(path).list(&ListParams::default()).map_err(|e| unreadable(&e))?;
        match self.timed(doing, self.client.request::<Value>(request)).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.code() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn name_of(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

fn value(doing: impl Fn() -> String, object: &DynamicObject) -> Result<Value, ClusterError> {
    serde_json::to_value(object).map_err(|e| ClusterError::Answer { doing: doing(), detail: e.to_string() })
}

fn dynamic(doing: impl Fn() -> String, object: &Value) -> Result<DynamicObject, ClusterError> {
    serde_json::from_value(object.clone())
        .map_err(|e| ClusterError::Answer { doing: doing(), detail: e.to_string() })
}
