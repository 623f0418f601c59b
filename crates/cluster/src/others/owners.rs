//! Who makes a pod: its owner, and the owners above, up to an operator's own resource.

use std::collections::BTreeMap;

use kube::api::ApiResource;
use serde_json::Value;

use super::resource;
use crate::error::ClusterError;
use crate::live::{text, uid};
use crate::requests::Requests;

/// The most owners above one pod that are followed.
const DEPTH: usize = 6;

/// The owners above pods, each asked for once.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    parents: BTreeMap<String, Option<Reference>>,
    plurals: BTreeMap<(String, String), Option<String>>,
}

/// What an owner reference says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    api_version: String,
    kind: String,
    name: String,
    uid: String,
}

impl Reference {
    /// The owner that controls an object, else its first one.
    fn of(object: &Value) -> Option<Self> {
        let all = object.pointer("/metadata/ownerReferences").and_then(Value::as_array)?;
        let controls = |reference: &&Value| reference.get("controller") == Some(&Value::Bool(true));
        let one = all.iter().find(controls).or_else(|| all.first())?;
        let field = |pointer| text(one, pointer).to_owned();
        Some(Self {
            api_version: field("/apiVersion"),
            kind: field("/kind"),
            name: field("/name"),
            uid: field("/uid"),
        })
    }

    /// For people: `Deployment/feed`, and with its group where it is not one of Kubernetes' own:
    /// `Database.example.org/main`.
    fn named(&self) -> String {
        match self.api_version.split_once('/') {
            Some((group, _)) if group.contains('.') && !group.ends_with(".k8s.io") => {
                format!("{}.{group}/{}", self.kind, self.name)
            }
            _ => format!("{}/{}", self.kind, self.name),
        }
    }
}

impl Chains {
    /// Knows the owners of what was read already, so that nothing is asked for twice.
    pub fn knowing<'a>(objects: impl Iterator<Item = &'a Value>) -> Self {
        let parents = objects.map(|object| (uid(object).to_owned(), Reference::of(object))).collect();
        Self { parents, ..Self::default() }
    }

    /// The names of a pod's owners, the nearest first. One that cannot be read ends the chain.
    pub async fn above(&mut self, requests: &Requests, pod: &Value) -> Result<Vec<String>, ClusterError> {
        let mut names = Vec::new();
        let mut next = Reference::of(pod);
        while let Some(reference) = next {
            names.push(reference.named());
            if names.len() >= DEPTH {
                break;
            }
            next = self.parent(requests, &reference).await?;
        }
        Ok(names)
    }

    async fn parent(
        &mut self,
        requests: &Requests,
        of: &Reference,
    ) -> Result<Option<Reference>, ClusterError> {
        if !self.parents.contains_key(&of.uid) {
            let found = match self.resource(requests, of).await? {
                Some(resource) => match requests.get_of(&resource, &of.name).await {
                    Err(error) if error.code().is_some_and(|code| code < 500) => {
                        tracing::debug!(owner = of.named(), %error, "an owner of pods cannot be read");
                        None
                    }
                    found => found?,
                },
                None => None,
            };
            let parent = found.filter(|found| text(found, "/metadata/uid") == of.uid);
            let parent = parent.as_ref().and_then(Reference::of);
            self.parents.insert(of.uid.clone(), parent);
        }
        Ok(self.parents.get(&of.uid).cloned().flatten())
    }

    /// Where the API serves an owner's kind, by the server's own list.
    async fn resource(
        &mut self,
        requests: &Requests,
        of: &Reference,
    ) -> Result<Option<ApiResource>, ClusterError> {
        let (group, version) = of.api_version.split_once('/').unwrap_or(("", &of.api_version));
        let key = (of.api_version.clone(), of.kind.clone());
        if !self.plurals.contains_key(&key) {
            let path =
                if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
            let found = requests.document(&path).await?.unwrap_or_default();
            let resources = found.get("resources").and_then(Value::as_array);
            let plural = resources.into_iter().flatten().find_map(|resource| {
                let name = text(resource, "/name");
                let is_it = text(resource, "/kind") == of.kind
                    && !name.contains('/')
                    && resource.get("namespaced") == Some(&Value::Bool(true));
                is_it.then(|| name.to_owned())
            });
            self.plurals.insert(key.clone(), plural);
        }
        let plural = self.plurals.get(&key).and_then(Option::as_ref);
        Ok(plural.map(|plural| resource(group, version, &of.kind, plural)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_owner_of_an_operators_own_kind_is_named_with_its_group_and_the_controller_comes_first() {
        let named = |version: &str, kind: &str| {
            let owner =
                json!({"apiVersion": version, "kind": kind, "name": "main", "controller": true, "uid": "u"});
            let other = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "other", "uid": "o"});
            Reference::of(&json!({"metadata": {"ownerReferences": [other, owner]}})).unwrap().named()
        };
        assert_eq!(named("example.org/v1", "Database"), "Database.example.org/main");
        assert_eq!(named("apps/v1", "StatefulSet"), "StatefulSet/main");
        assert_eq!(named("v1", "ReplicationController"), "ReplicationController/main");
        assert_eq!(Reference::of(&json!({"metadata": {}})), None);
    }
}
