//! Requests about kinds that we do not make: what tenants and their tools put into a namespace, and nodes.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview};
use kube::api::{Api, ApiResource, DynamicObject, EvictParams, Patch, PatchParams, PostParams};
use kube::client::Body;
use serde_json::{Value, json};

use super::{Requests, value};
use crate::error::ClusterError;
use crate::names::FIELD_MANAGER;

/// How long a node may take to say what it runs.
const NODE_LIMIT: Duration = Duration::from_secs(3);

impl Requests {
    fn api_of(&self, resource: &ApiResource) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, resource)
    }

    /// All objects of a kind in the namespace; none where the server does not have the kind.
    pub async fn list_of(&self, resource: &ApiResource) -> Result<Vec<Value>, ClusterError> {
        match self.pages(self.api_of(resource), &resource.kind).await {
            Err(error) if error.code() == Some(404) => Ok(Vec::new()),
            other => other,
        }
    }

    /// One object of the namespace, if it exists.
    pub async fn get_of(&self, resource: &ApiResource, name: &str) -> Result<Option<Value>, ClusterError> {
        let doing = || format!("reading {} {name}", resource.kind);
        let found = self.timed(doing, self.api_of(resource).get_opt(name)).await?;
        found.map(|object| value(doing, &object)).transpose()
    }

    /// Merges a patch (RFC 7386) into an object with this UID, or into its status.
    pub async fn merge_of(
        &self,
        resource: &ApiResource,
        (name, uid): (&str, &str),
        mut patch: Value,
        status: bool,
    ) -> Result<Value, ClusterError> {
        let doing = || format!("changing {}/{name}{}", resource.kind, if status { "'s status" } else { "" });
        patch["metadata"]["uid"] = json!(uid);
        self.count();
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
        let (api, patch) = (self.api_of(resource), Patch::Merge(&patch));
        let changed = if status {
            self.timed(doing, api.patch_status(name, &params, &patch)).await?
        } else {
            self.timed(doing, api.patch(name, &params, &patch)).await?
        };
        value(doing, &changed)
    }

    /// Evicts a pod: another door than a deletion, so that a webhook on deletions is not asked.
    pub async fn evict(&self, name: &str) -> Result<(), ClusterError> {
        let doing = || format!("evicting Pod/{name}");
        let api: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        self.count();
        self.timed(doing, api.evict(name, &EvictParams::default())).await.map(drop)
    }

    /// A document of the API by its path, and the moment at which the server answered, by its own clock.
    pub async fn dated(&self, path: &str) -> Result<(Value, Option<Timestamp>), ClusterError> {
        let doing = || format!("reading {path}");
        let unreadable = |error: &dyn std::fmt::Display| ClusterError::Answer {
            doing: doing(),
            detail: error.to_string(),
        };
        let request = kube::core::Request::new(path)
            .list(&kube::api::ListParams::default())
            .map_err(|e| unreadable(&e))?;
        let response = self.timed(doing, self.client.send(request.map(Body::from))).await?;
        let date = response.headers().get("date").and_then(|date| date.to_str().ok()).and_then(moment);
        let status = response.status();
        let body = self.timed(doing, response.into_body().collect_bytes()).await?;
        if !status.is_success() {
            return Err(unreadable(&format!("the status is {status}")));
        }
        Ok((serde_json::from_slice(&body).map_err(|e| unreadable(&e))?, date))
    }

    /// Whether we may do this to all objects of a resource that is not in a namespace.
    pub async fn may(&self, verb: &str, resource: &str, subresource: &str) -> Result<bool, ClusterError> {
        let doing = || format!("asking whether we may {verb} {resource}/{subresource}");
        let api: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        let mut review = SelfSubjectAccessReview::default();
        review.spec.resource_attributes = Some(ResourceAttributes {
            verb: Some(verb.to_owned()),
            resource: Some(resource.to_owned()),
            subresource: Some(subresource.to_owned()),
            ..ResourceAttributes::default()
        });
        let answer = self.timed(doing, api.create(&PostParams::default(), &review)).await?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }

    /// What a node's kubelet says that it runs, asked through the API server; nothing where there is no such door. It
    /// has less time than other requests, as a node that is gone would otherwise hold up the pass.
    pub async fn running_on(&self, node: &str) -> Result<Option<Value>, ClusterError> {
        let path = format!("/api/v1/nodes/{node}/proxy/runningpods/");
        match tokio::time::timeout(NODE_LIMIT, self.document(&path)).await {
            Ok(said) => said,
            Err(_) => Err(ClusterError::TimedOut {
                doing: format!("asking node {node} what it runs"),
                limit: NODE_LIMIT,
            }),
        }
    }
}

/// The moment of an HTTP `Date`.
fn moment(date: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_date_of_an_answer_is_a_moment() {
        let moment = super::moment("Sun, 22 Nov 2026 14:52:01 GMT").unwrap();
        assert_eq!(moment.to_string(), "2026-11-22T14:52:01Z");
    }
}
