//! The requests of one pass: each with a time-out, none repeated, the writes counted.

mod other;

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use kube::Client;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions,
    PropagationPolicy,
};
use serde_json::{Value, json};

use crate::abilities::Said;
use crate::cache::Cache;
use crate::error::ClusterError;
use crate::freeze::Freezes;
use crate::ingress;
use crate::inventory::{Kind, ObjectKey};
use crate::names::FIELD_MANAGER;
use crate::rehearsed::{Rehearsed, Verb};
use crate::served::Served;

/// The most objects asked for at once.
const PAGE: u32 = 500;
/// The most pages of one listing: an environment with more objects of one kind is not one of ours.
const PAGES: usize = 20;

/// The form of a list that leaves out what objects hold; a server that cannot do that sends all.
const METADATA_ONLY: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

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
    /// What would be written, where nothing is.
    rehearsal: Option<Rehearsed>,
    served: Served,
    /// What the freeze webhook answers by, where there is one.
    freezes: Option<Freezes>,
    /// What the provider says of the cluster.
    said: Said,
    /// What the watch has told.
    cache: Cache,
}

impl Requests {
    pub fn new(client: Client, namespace: String, limit: Duration, served: Served, cache: Cache) -> Self {
        let (writes, said) = (AtomicU32::new(0), Said::default());
        Self { client, namespace, limit, writes, rehearsal: None, served, freezes: None, said, cache }
    }

    /// What the watch has told.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Tells the cache of an answer to a write.
    fn wrote(&self, kind: Kind, answer: Value) -> Value {
        self.cache.wrote(kind, &answer);
        answer
    }

    /// Asks anew, when it is needed, in which version a kind is served.
    pub async fn forget_version(&self, kind: Kind) {
        self.served.forget(kind).await;
    }

    /// The same, where there is a freeze webhook.
    pub fn freezing(self, freezes: Option<Freezes>) -> Self {
        Self { freezes, ..self }
    }

    /// What the freeze webhook answers by, where there is one.
    pub fn freezes(&self) -> Option<&Freezes> {
        self.freezes.as_ref()
    }

    /// The same, where the provider says this of the cluster.
    pub fn saying(self, said: Said) -> Self {
        Self { said, ..self }
    }

    /// What the provider says of the cluster.
    pub fn said(&self) -> Said {
        self.said
    }

    /// The same, but the server is only asked what would become of each write: none persists.
    pub fn rehearsing(self) -> Self {
        Self { rehearsal: Some(Rehearsed::default()), ..self }
    }

    /// What would have been written, where this is a rehearsal.
    pub fn rehearsal(&self) -> Option<&Rehearsed> {
        self.rehearsal.as_ref()
    }

    /// Whether a job can be suspended by its own field.
    pub async fn suspends_jobs(&self) -> Result<bool, ClusterError> {
        self.served.suspends_jobs(self).await
    }

    /// The namespace of the environment.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The same in another namespace, with writes of its own.
    pub fn within(&self, namespace: &str) -> Self {
        let (served, cache) = (self.served.clone(), self.cache.clone());
        Self::new(self.client.clone(), namespace.to_owned(), self.limit, served, cache)
    }

    /// Counts the writes of others too.
    pub fn count_also(&self, others: &Self) {
        self.writes.fetch_add(others.writes(), Ordering::Relaxed);
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
        if kind == Kind::Ingress {
            ingress::outgoing(&mut object);
        }
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
        let listed = self.pages(self.api(kind).await?, kind.as_str()).await;
        // A namespace that is gone lists as empty, so it is the kind that is no longer served so.
        if listed.as_ref().is_err_and(|error| error.code() == Some(404)) {
            self.served.forget(kind).await;
        }
        listed
    }

    async fn pages(&self, api: Api<DynamicObject>, kind: &str) -> Result<Vec<Value>, ClusterError> {
        let doing = || format!("listing {kind} in {}", self.namespace);
        let mut params = ListParams::default().limit(PAGE);
        let mut all = Vec::new();
        for _ in 0..PAGES {
            let page = self.timed(doing, api.list(&params)).await?;
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
        let data = dynamic(doing, &self.versioned(kind, object).await?)?;
        self.count();
        let dry_run = self.rehearsal.is_some();
        let params = PostParams { dry_run, field_manager: Some(FIELD_MANAGER.to_owned()) };
        let answer = self.timed(doing, self.api(kind).await?.create(&params, &data)).await;
        if let Some(rehearsal) = &self.rehearsal {
            let key = ObjectKey::new(kind, name_of(object));
            return rehearsal
                .wrote(Verb::Create, &key, None, object, answer.and_then(|m| value(doing, &m)))
                .map(Some);
        }
        match answer {
            Ok(made) => value(doing, &made).map(|made| Some(self.wrote(kind, made))),
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
        let params = PatchParams { dry_run: self.rehearsal.is_some(), ..params };
        let applied = self
            .timed(doing, self.api(key.kind).await?.patch(&key.name, &params, &Patch::Apply(&object)))
            .await;
        let applied = applied.and_then(|applied| value(doing, &applied));
        match &self.rehearsal {
            Some(rehearsal) => rehearsal.wrote(Verb::Apply, key, uid, &object, applied),
            None => applied.map(|applied| self.wrote(key.kind, applied)),
        }
    }

    /// Writes a whole object in place of the one that was read, unless that has changed since.
    pub async fn replace(&self, key: &ObjectKey, object: &Value) -> Result<Value, ClusterError> {
        let doing = || format!("replacing {key} in {}", self.namespace);
        let data = dynamic(doing, &self.versioned(key.kind, object).await?)?;
        self.count();
        let dry_run = self.rehearsal.is_some();
        let params = PostParams { dry_run, field_manager: Some(FIELD_MANAGER.to_owned()) };
        let replaced = self.timed(doing, self.api(key.kind).await?.replace(&key.name, &params, &data)).await;
        let replaced = replaced.and_then(|replaced| value(doing, &replaced));
        match &self.rehearsal {
            Some(rehearsal) => rehearsal.wrote(Verb::Replace, key, Some(""), object, replaced),
            None => replaced.map(|replaced| self.wrote(key.kind, replaced)),
        }
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
        // What a rehearsal would have made is not there to be changed.
        if let Some(made) = self.rehearsal.as_ref().and_then(|rehearsal| rehearsal.made(key, &patch, status))
        {
            return Ok(made);
        }
        self.count();
        let params = PatchParams {
            dry_run: self.rehearsal.is_some(),
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let (api, merge) = (self.api(key.kind).await?, Patch::Merge(&patch));
        let changed = if status {
            self.timed(doing, api.patch_status(&key.name, &params, &merge)).await
        } else {
            self.timed(doing, api.patch(&key.name, &params, &merge)).await
        };
        let changed = changed.and_then(|changed| value(doing, &changed));
        match &self.rehearsal {
            Some(rehearsal) => rehearsal.wrote(Verb::Change, key, Some(uid), &patch, changed),
            None => changed.map(|changed| self.wrote(key.kind, changed)),
        }
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
        params.dry_run = self.rehearsal.is_some();
        self.count();
        let answer = self.timed(doing, self.api(key.kind).await?.delete(&key.name, &params)).await;
        if let Some(rehearsal) = &self.rehearsal {
            let answer = answer.map(|_| Value::Null);
            return rehearsal
                .wrote(Verb::Delete, key, Some(uid), &Value::Null, answer)
                .map(|_| Deletion::Begun);
        }
        match answer {
            Ok(_) => Ok(Deletion::Begun),
            Err(error) if matches!(error.code(), Some(404 | 409)) => Ok(Deletion::Gone),
            Err(error) => Err(error),
        }
    }

    /// The objects of a collection, by its path, without what they hold where the server can leave that out.
    pub async fn metadata(&self, path: &str) -> Result<Vec<Value>, ClusterError> {
        let doing = || format!("listing {path}");
        let mut params = ListParams::default().limit(PAGE);
        let mut all = Vec::new();
        for _ in 0..PAGES {
            let request = kube::core::Request::new(path).list(&params);
            let mut request = request.map_err(|e| unreadable(&doing, &e))?;
            if let Ok(form) = METADATA_ONLY.parse() {
                request.headers_mut().insert("accept", form);
            }
            let mut page = self.timed(doing, self.client.request::<Value>(request)).await?;
            if let Some(items) = page.get_mut("items").and_then(Value::as_array_mut) {
                all.append(items);
            }
            let token = page.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default();
            if token.is_empty() {
                return Ok(all);
            }
            params = ListParams::default().limit(PAGE).continue_token(token);
        }
        Err(ClusterError::Answer { doing: doing(), detail: format!("more than {} objects", all.len()) })
    }

    /// Deletes the object at a path of the API if it has this UID; with `dry_run` only asks whether that would be let
    /// through. What was gone before is no error.
    pub async fn delete_at(&self, path: &str, uid: &str, dry_run: bool) -> Result<Deletion, ClusterError> {
        let dry_run = dry_run || self.rehearsal.is_some();
        let doing = || format!("{}deleting {path}", if dry_run { "trying " } else { "" });
        let params = DeleteParams {
            grace_period_seconds: None,
            propagation_policy: Some(PropagationPolicy::Background),
            preconditions: Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
            dry_run,
        };
        let (base, name) = path.rsplit_once('/').unwrap_or((path, ""));
        let request = kube::core::Request::new(base).delete(name, &params);
        let request = request.map_err(|e| unreadable(&doing, &e))?;
        if !dry_run {
            self.count();
        }
        match self.timed(doing, self.client.request::<Value>(request)).await {
            Ok(_) => Ok(Deletion::Begun),
            Err(error) if matches!(error.code(), Some(404 | 409)) => Ok(Deletion::Gone),
            Err(error) => Err(error),
        }
    }

    /// Where the API serves an object of ours.
    pub async fn path(&self, key: &ObjectKey) -> Result<String, ClusterError> {
        let resource = self.resource(key.kind).await?;
        let base = if resource.group.is_empty() { "api" } else { "apis" };
        let space = match (key.kind.is_namespaced(), self.namespace.as_str()) {
            (true, namespace) => format!("namespaces/{namespace}/"),
            (false, _) => String::new(),
        };
        Ok(format!("/{base}/{}/{space}{}/{}", resource.api_version, resource.plural, key.name))
    }

    /// Any JSON document of the API, by its path.
    pub async fn document(&self, path: &str) -> Result<Option<Value>, ClusterError> {
        self.page(path, &ListParams::default()).await
    }

    /// The same of a list, with which part of it.
    pub async fn page(&self, path: &str, which: &ListParams) -> Result<Option<Value>, ClusterError> {
        let doing = || format!("reading {path}");
        let request = kube::core::Request::new(path).list(which);
        let request = request.map_err(|e| unreadable(&doing, &e))?;
        match self.timed(doing, self.client.request::<Value>(request)).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.code() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn unreadable(doing: &impl Fn() -> String, error: &dyn std::fmt::Display) -> ClusterError {
    ClusterError::Answer { doing: doing(), detail: error.to_string() }
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
