//! The kinds of objects, their keys, and the inventory of what we made.

use std::fmt;
use std::str::FromStr;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Event, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod,
    ResourceQuota, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::ApiResource;
use serde::{Deserialize, Serialize};

/// A kind of object that we make or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// v1
    Namespace,
    /// v1
    ServiceAccount,
    /// v1
    ResourceQuota,
    /// v1
    LimitRange,
    /// networking.k8s.io/v1
    NetworkPolicy,
    /// v1
    PersistentVolumeClaim,
    /// v1; what workloads may read and nobody else.
    Secret,
    /// v1; the files of one workload.
    ConfigMap,
    /// apps/v1
    Deployment,
    /// apps/v1
    StatefulSet,
    /// batch/v1
    Job,
    /// batch/v1, before Kubernetes 1.21 batch/v1beta1
    CronJob,
    /// v1
    Service,
    /// networking.k8s.io/v1, before Kubernetes 1.19 networking.k8s.io/v1beta1, whose backends are written otherwise
    Ingress,
    /// gateway.networking.k8s.io/v1, before Gateway API 1.0 v1beta1; where the cluster has a gateway that visitors come to.
    HttpRoute,
    /// rbac.authorization.k8s.io/v1; in open environments.
    Role,
    /// rbac.authorization.k8s.io/v1; in open environments.
    RoleBinding,
    /// autoscaling/v2, before Kubernetes 1.23 autoscaling/v2beta2
    HorizontalPodAutoscaler,
    /// policy/v1, before Kubernetes 1.21 policy/v1beta1
    PodDisruptionBudget,
    /// apps/v1; read, and touched when a stop ends.
    ReplicaSet,
    /// v1; read, and deleted by a stop.
    Pod,
    /// v1; read, and its reclaim policy kept from deleting data during a stop.
    PersistentVolume,
    /// snapshot.storage.k8s.io/v1, from older snapshotters v1beta1; where the cluster has one at all.
    VolumeSnapshot,
    /// v1; read only.
    Node,
    /// storage.k8s.io/v1; read only.
    StorageClass,
    /// v1; read only.
    Event,
}

impl Kind {
    /// The namespaced kinds of which we make objects, in the order in which they are made.
    pub const MANAGED: [Self; 16] = [
        Self::ServiceAccount,
        Self::ResourceQuota,
        Self::LimitRange,
        Self::NetworkPolicy,
        Self::PersistentVolumeClaim,
        Self::Secret,
        Self::ConfigMap,
        Self::Deployment,
        Self::StatefulSet,
        Self::Job,
        Self::CronJob,
        Self::Service,
        Self::Ingress,
        Self::HttpRoute,
        Self::HorizontalPodAutoscaler,
        Self::PodDisruptionBudget,
    ];
    /// The kinds that make a workload's pods.
    pub(crate) const CARRIERS: [Self; 4] = [Self::Deployment, Self::StatefulSet, Self::Job, Self::CronJob];
    /// The kinds that are looked at in every pass; others only where one of them is declared or known.
    pub(crate) const ALWAYS: [Self; 7] = [
        Self::ServiceAccount,
        Self::ResourceQuota,
        Self::LimitRange,
        Self::NetworkPolicy,
        Self::PersistentVolumeClaim,
        Self::Deployment,
        Self::Service,
    ];
    /// The kinds of which we make objects in open environments besides, in the order in which they are made.
    pub const OPEN: [Self; 2] = [Self::Role, Self::RoleBinding];
    const ALL: [Self; 26] = [
        Self::Namespace,
        Self::ServiceAccount,
        Self::ResourceQuota,
        Self::LimitRange,
        Self::NetworkPolicy,
        Self::PersistentVolumeClaim,
        Self::Secret,
        Self::ConfigMap,
        Self::Deployment,
        Self::StatefulSet,
        Self::Job,
        Self::CronJob,
        Self::Service,
        Self::Ingress,
        Self::HttpRoute,
        Self::Role,
        Self::RoleBinding,
        Self::HorizontalPodAutoscaler,
        Self::PodDisruptionBudget,
        Self::ReplicaSet,
        Self::Pod,
        Self::PersistentVolume,
        Self::VolumeSnapshot,
        Self::Node,
        Self::StorageClass,
        Self::Event,
    ];

    /// The kind as manifests name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::ServiceAccount => "ServiceAccount",
            Self::ResourceQuota => "ResourceQuota",
            Self::LimitRange => "LimitRange",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::HorizontalPodAutoscaler => "HorizontalPodAutoscaler",
            Self::PodDisruptionBudget => "PodDisruptionBudget",
            Self::Service => "Service",
            Self::Ingress => "Ingress",
            Self::HttpRoute => "HTTPRoute",
            Self::Role => "Role",
            Self::RoleBinding => "RoleBinding",
            Self::ReplicaSet => "ReplicaSet",
            Self::Pod => "Pod",
            Self::PersistentVolume => "PersistentVolume",
            Self::VolumeSnapshot => "VolumeSnapshot",
            Self::Node => "Node",
            Self::StorageClass => "StorageClass",
            Self::Event => "Event",
        }
    }

    /// Whether its objects live in a namespace.
    pub fn is_namespaced(self) -> bool {
        !matches!(self, Self::Namespace | Self::PersistentVolume | Self::Node | Self::StorageClass)
    }

    /// The older versions under which a supported or test cluster may serve it, where the newest is not everywhere. The
    /// fields that we use are the same in all of them, but those of ingresses (`ingress.rs`).
    pub(crate) fn older_versions(self) -> &'static [&'static str] {
        match self {
            Self::CronJob
            | Self::PodDisruptionBudget
            | Self::Ingress
            | Self::HttpRoute
            | Self::VolumeSnapshot => &["v1beta1"],
            Self::HorizontalPodAutoscaler => &["v2beta2"],
            _ => &[],
        }
    }

    /// Whether some of its fields never change, so that it is deleted and made anew.
    pub(crate) fn is_made_anew(self) -> bool {
        matches!(self, Self::Job | Self::StatefulSet)
    }

    /// Whether it makes pods of a workload.
    pub(crate) fn makes_pods(self) -> bool {
        Self::CARRIERS.contains(&self)
    }

    /// Where the API serves it, in its newest version.
    pub(crate) fn resource(self) -> ApiResource {
        match self {
            Self::Namespace => ApiResource::erase::<Namespace>(&()),
            Self::ServiceAccount => ApiResource::erase::<ServiceAccount>(&()),
            Self::ResourceQuota => ApiResource::erase::<ResourceQuota>(&()),
            Self::LimitRange => ApiResource::erase::<LimitRange>(&()),
            Self::NetworkPolicy => ApiResource::erase::<NetworkPolicy>(&()),
            Self::PersistentVolumeClaim => ApiResource::erase::<PersistentVolumeClaim>(&()),
            Self::Secret => ApiResource::erase::<Secret>(&()),
            Self::ConfigMap => ApiResource::erase::<ConfigMap>(&()),
            Self::Deployment => ApiResource::erase::<Deployment>(&()),
            Self::StatefulSet => ApiResource::erase::<StatefulSet>(&()),
            Self::Job => ApiResource::erase::<Job>(&()),
            Self::CronJob => ApiResource::erase::<CronJob>(&()),
            Self::HorizontalPodAutoscaler => ApiResource::erase::<HorizontalPodAutoscaler>(&()),
            Self::PodDisruptionBudget => ApiResource::erase::<PodDisruptionBudget>(&()),
            Self::Service => ApiResource::erase::<Service>(&()),
            Self::Ingress => ApiResource::erase::<Ingress>(&()),
            Self::Role => ApiResource::erase::<Role>(&()),
            Self::RoleBinding => ApiResource::erase::<RoleBinding>(&()),
            Self::ReplicaSet => ApiResource::erase::<ReplicaSet>(&()),
            Self::Pod => ApiResource::erase::<Pod>(&()),
            Self::PersistentVolume => ApiResource::erase::<PersistentVolume>(&()),
            Self::HttpRoute => self.custom("gateway.networking.k8s.io", "httproutes"),
            Self::VolumeSnapshot => self.custom("snapshot.storage.k8s.io", "volumesnapshots"),
            Self::Node => ApiResource::erase::<Node>(&()),
            Self::StorageClass => ApiResource::erase::<StorageClass>(&()),
            Self::Event => ApiResource::erase::<Event>(&()),
        }
    }

    /// The version `v1` of a kind that is no part of Kubernetes itself.
    fn custom(self, group: &str, plural: &str) -> ApiResource {
        ApiResource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            api_version: format!("{group}/v1"),
            kind: self.as_str().to_owned(),
            plural: plural.to_owned(),
        }
    }

    /// Whether a cluster may lack it, so that there are no objects of it then.
    pub(crate) fn may_be_unserved(self) -> bool {
        matches!(self, Self::HttpRoute)
    }

    /// `apiVersion` in manifests.
    pub(crate) fn api_version(self) -> String {
        self.resource().api_version
    }
}

/// An object within one environment's namespace, or the namespace itself. Text form: `Deployment/feed`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectKey {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

impl ObjectKey {
    /// The key of an object.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.name)
    }
}

/// Why a text is not an object's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an object's key: it reads like \"Deployment/feed\"")]
pub struct ObjectKeyError(String);

impl FromStr for ObjectKey {
    type Err = ObjectKeyError;
    fn from_str(text: &str) -> Result<Self, ObjectKeyError> {
        let wrong = || ObjectKeyError(text.chars().take(300).collect());
        let (kind, name) = text.split_once('/').ok_or_else(wrong)?;
        let kind = Kind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or_else(wrong)?;
        Ok(Self::new(kind, name))
    }
}

impl TryFrom<String> for ObjectKey {
    type Error = ObjectKeyError;
    fn try_from(text: String) -> Result<Self, ObjectKeyError> {
        text.parse()
    }
}

impl From<ObjectKey> for String {
    fn from(key: ObjectKey) -> String {
        key.to_string()
    }
}

/// One object of the inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The object's UID; none while it is only known that we were about to make it.
    pub uid: Option<String>,
    /// The SHA-256 of what was last declared for it, in hexadecimal.
    pub declared: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back() {
        for kind in Kind::ALL {
            let key = ObjectKey::new(kind, "feed");
            assert_eq!(key.to_string().parse::<ObjectKey>().unwrap(), key);
        }
        assert!("Lease/feed".parse::<ObjectKey>().is_err());
        assert!("Deployment".parse::<ObjectKey>().is_err());
    }
}
