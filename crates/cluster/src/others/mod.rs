//! What tenants and their tools put into a namespace: what makes pods there, jobs, and the chains of owners above them.
//!
//! A stop leaves all of it declared as it is. Jobs and cron jobs are held by their own field `suspend`; whoever takes
//! that back is not fought, as the gate refuses the pods. The end of a stop puts the field back where it is still as
//! we set it, wakes what makes pods, and compares.

mod end;
mod hold;
mod owners;

pub(crate) use end::{Compared, compare, missing, wake};
pub(crate) use hold::{hold, seen};
pub(crate) use owners::Chains;

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use kube::api::{ApiResource, GroupVersionKind};
use serde_json::Value;

use crate::abilities::cron_job_version;
use crate::compare::parts_of;
use crate::error::ClusterError;
use crate::inventory::Kind;
use crate::live::{number, text, uid, workload_of};
use crate::memory::{OtherBefore, Suspended};
use crate::pass::Pass;

/// What is in the namespace beside what we make.
#[derive(Debug, Default)]
pub(crate) struct Others(pub Vec<Other>);

/// One object of a kind that we do not make.
#[derive(Debug, Clone)]
pub(crate) struct Other {
    pub resource: ApiResource,
    pub object: Value,
}

impl Other {
    pub fn name(&self) -> &str {
        text(&self.object, "/metadata/name")
    }

    pub fn uid(&self) -> &str {
        uid(&self.object)
    }

    /// For people: `CronJob/nightly`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.resource.kind, self.name())
    }

    pub fn is_job(&self) -> bool {
        matches!(self.resource.kind.as_str(), "Job" | "CronJob")
    }

    /// Whether its field `suspend` is set.
    pub fn is_suspended(&self) -> bool {
        self.object.pointer("/spec/suspend") == Some(&Value::Bool(true))
    }

    /// Whether it is a job that has ended, well or badly.
    pub fn is_finished(&self) -> bool {
        ["Complete", "Failed"].into_iter().any(|end| self.has_condition(end))
    }

    pub fn has_condition(&self, name: &str) -> bool {
        let conditions = self.object.pointer("/status/conditions").and_then(Value::as_array);
        conditions
            .into_iter()
            .flatten()
            .any(|condition| text(condition, "/type") == name && text(condition, "/status") == "True")
    }

    /// The ready pods of it, where it keeps pods running.
    pub fn ready(&self) -> Option<u32> {
        let pointer = match self.resource.kind.as_str() {
            "Job" | "CronJob" => return None,
            "DaemonSet" => "/status/numberReady",
            _ => "/status/readyReplicas",
        };
        if number(&self.object, "/status/observedGeneration") < number(&self.object, "/metadata/generation") {
            return Some(0);
        }
        Some(u32::try_from(number(&self.object, pointer)).unwrap_or(0))
    }

    fn before(&self) -> OtherBefore {
        OtherBefore {
            kind: self.resource.kind.clone(),
            name: self.name().to_owned(),
            parts: parts_of(&self.object),
            ready: self.ready(),
            suspended: self.is_job().then(|| {
                let before = self.object.pointer("/spec/suspend").and_then(Value::as_bool);
                Suspended { before, by_us: None }
            }),
            finished: self.is_finished(),
        }
    }
}

impl Others {
    /// Reads what makes pods without our declaring it.
    pub async fn read(pass: &Pass<'_>) -> Result<Self, ClusterError> {
        let requests = &pass.requests;
        let cron_jobs = resource("batch", cron_job_version(requests).await?, "CronJob", "cronjobs");
        let kinds = [
            resource("apps", "v1", "StatefulSet", "statefulsets"),
            resource("apps", "v1", "DaemonSet", "daemonsets"),
            resource("", "v1", "ReplicationController", "replicationcontrollers"),
            resource("batch", "v1", "Job", "jobs"),
            cron_jobs,
        ];
        let lists = try_join_all(kinds.iter().map(|kind| requests.list_of(kind))).await?;
        let mut all = Vec::new();
        // What is declared here is stopped as it is rendered.
        let foreign = |object: &Value| {
            !workload_of(object)
                .is_some_and(|id| pass.environment.workloads.keys().any(|known| known.as_str() == id))
        };
        for (resource, list) in kinds.into_iter().zip(lists) {
            let list = list.into_iter().filter(foreign);
            all.extend(list.map(|object| Other { resource: resource.clone(), object }));
        }
        // Deployments and sets have been read already.
        let deployments = pass.live.objects.iter().filter(|(key, _)| key.kind == Kind::Deployment);
        let deployments = deployments.map(|(_, object)| object).filter(|object| foreign(object));
        all.extend(deployments.map(|object| Other {
            resource: resource("apps", "v1", "Deployment", "deployments"),
            object: object.clone(),
        }));
        let sets = pass.live.replica_sets.iter().filter(|set| foreign(set));
        let alone = sets.filter(|set| set.pointer("/metadata/ownerReferences/0").is_none());
        all.extend(alone.map(|object| Other {
            resource: resource("apps", "v1", "ReplicaSet", "replicasets"),
            object: object.clone(),
        }));
        Ok(Self(all))
    }

    pub fn get(&self, uid: &str) -> Option<&Other> {
        self.0.iter().find(|other| other.uid() == uid)
    }

    /// How all of it is now, by UID.
    pub fn before(&self) -> BTreeMap<String, OtherBefore> {
        self.0.iter().map(|other| (other.uid().to_owned(), other.before())).collect()
    }
}

/// Where the API serves a kind.
fn resource(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}
