//! The one table of kinds: what discovery announces, what routing accepts and what the generic store needs to know.

/// How a kind's names are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRule {
    /// RFC 1123 subdomain, at most 253 characters.
    Subdomain,
    /// RFC 1123 label, at most 63 characters.
    Label,
    /// RFC 1035 label (must begin with a letter), at most 63 characters.
    Label1035,
    /// A path segment: anything but `.`, `..`, `/` and `%` (the RBAC kinds).
    Path,
}

/// One kind of object that the simulation stores.
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "one row of the table of kinds"
)]
#[derive(Debug)]
pub struct Kind {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// The one version served.
    pub version: &'static str,
    /// `Deployment`.
    pub kind: &'static str,
    /// `deployments`.
    pub plural: &'static str,
    /// `deployments.apps`, the name errors and quotas use; equals `plural` in the core group.
    pub resource: &'static str,
    /// Short names for kubectl.
    pub short: &'static [&'static str],
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Subresources besides the object itself.
    pub subresources: &'static [&'static str],
    /// Whether `metadata.generation` follows changes of the specification.
    pub generation: bool,
    /// Field selectors besides `metadata.name` and `metadata.namespace`.
    pub fields: &'static [&'static str],
    /// Whether an immediate delete answers with the object instead of a `Status`.
    pub returns_deleted: bool,
    /// Whether `kubectl get all` shows it.
    pub in_all: bool,
    /// How names are checked.
    pub names: NameRule,
}

impl Kind {
    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Whether the kind has the subresource.
    pub fn has(&self, subresource: &str) -> bool {
        self.subresources.contains(&subresource)
    }

    /// `deployment`.
    pub fn singular(&self) -> String {
        self.kind.to_ascii_lowercase()
    }

    /// `Deployment.apps`, as validation messages spell it.
    pub fn qualified_kind(&self) -> String {
        if self.group.is_empty() { self.kind.to_owned() } else { format!("{}.{}", self.kind, self.group) }
    }
}

const BASE: Kind = Kind {
    group: "",
    version: "v1",
    kind: "",
    plural: "",
    resource: "",
    short: &[],
    namespaced: true,
    subresources: &[],
    generation: false,
    fields: &[],
    returns_deleted: false,
    in_all: false,
    names: NameRule::Subdomain,
};

const fn core(kind: &'static str, plural: &'static str, short: &'static [&'static str]) -> Kind {
    Kind { kind, plural, resource: plural, short, ..BASE }
}

const fn grouped(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    resource: &'static str,
    short: &'static [&'static str],
) -> Kind {
    Kind { group, version, kind, plural, resource, short, ..BASE }
}

const EVENT_FIELDS: &[&str] = &[
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];

/// All kinds, in the order discovery lists them.
pub static KINDS: &[Kind] = &[
    Kind {
        namespaced: false,
        subresources: &["status", "finalize"],
        fields: &["status.phase"],
        names: NameRule::Label,
        ..core("Namespace", "namespaces", &["ns"])
    },
    Kind {
        subresources: &["status", "log", "exec", "attach", "portforward"],
        fields: &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
        ],
        returns_deleted: true,
        in_all: true,
        ..core("Pod", "pods", &["po"])
    },
    Kind {
        subresources: &["status", "proxy"],
        fields: &["spec.clusterIP", "spec.type"],
        returns_deleted: true,
        in_all: true,
        names: NameRule::Label1035,
        ..core("Service", "services", &["svc"])
    },
    Kind {
        subresources: &["token"],
        returns_deleted: true,
        ..core("ServiceAccount", "serviceaccounts", &["sa"])
    },
    Kind { fields: &["type"], ..core("Secret", "secrets", &[]) },
    core("ConfigMap", "configmaps", &["cm"]),
    Kind {
        subresources: &["status"],
        returns_deleted: true,
        ..core("ResourceQuota", "resourcequotas", &["quota"])
    },
    core("LimitRange", "limitranges", &["limits"]),
    Kind {
        namespaced: false,
        subresources: &["status"],
        returns_deleted: true,
        ..core("PersistentVolume", "persistentvolumes", &["pv"])
    },
    Kind {
        subresources: &["status"],
        returns_deleted: true,
        ..core("PersistentVolumeClaim", "persistentvolumeclaims", &["pvc"])
    },
    Kind { fields: EVENT_FIELDS, ..core("Event", "events", &["ev"]) },
    Kind {
        namespaced: false,
        subresources: &["status"],
        fields: &["spec.unschedulable"],
        ..core("Node", "nodes", &["no"])
    },
    core("Endpoints", "endpoints", &["ep"]),
    Kind {
        subresources: &["status", "scale"],
        generation: true,
        in_all: true,
        ..grouped("apps", "v1", "Deployment", "deployments", "deployments.apps", &["deploy"])
    },
    Kind {
        subresources: &["status", "scale"],
        generation: true,
        in_all: true,
        fields: &["status.replicas"],
        ..grouped("apps", "v1", "ReplicaSet", "replicasets", "replicasets.apps", &["rs"])
    },
    Kind {
        subresources: &["status", "scale"],
        generation: true,
        in_all: true,
        ..grouped("apps", "v1", "StatefulSet", "statefulsets", "statefulsets.apps", &["sts"])
    },
    Kind {
        subresources: &["status"],
        generation: true,
        in_all: true,
        ..grouped("apps", "v1", "DaemonSet", "daemonsets", "daemonsets.apps", &["ds"])
    },
    Kind {
        subresources: &["status"],
        generation: true,
        in_all: true,
        fields: &["status.successful"],
        ..grouped("batch", "v1", "Job", "jobs", "jobs.batch", &[])
    },
    Kind {
        subresources: &["status"],
        generation: true,
        in_all: true,
        ..grouped("batch", "v1", "CronJob", "cronjobs", "cronjobs.batch", &["cj"])
    },
    Kind {
        generation: true,
        ..grouped(
            "networking.k8s.io",
            "v1",
            "NetworkPolicy",
            "networkpolicies",
            "networkpolicies.networking.k8s.io",
            &["netpol"],
        )
    },
    Kind {
        subresources: &["status"],
        generation: true,
        ..grouped("networking.k8s.io", "v1", "Ingress", "ingresses", "ingresses.networking.k8s.io", &["ing"])
    },
    Kind {
        names: NameRule::Path,
        ..grouped(RBAC, "v1", "Role", "roles", "roles.rbac.authorization.k8s.io", &[])
    },
    Kind {
        names: NameRule::Path,
        ..grouped(RBAC, "v1", "RoleBinding", "rolebindings", "rolebindings.rbac.authorization.k8s.io", &[])
    },
    Kind {
        namespaced: false,
        names: NameRule::Path,
        ..grouped(RBAC, "v1", "ClusterRole", "clusterroles", "clusterroles.rbac.authorization.k8s.io", &[])
    },
    Kind {
        namespaced: false,
        names: NameRule::Path,
        ..grouped(
            RBAC,
            "v1",
            "ClusterRoleBinding",
            "clusterrolebindings",
            "clusterrolebindings.rbac.authorization.k8s.io",
            &[],
        )
    },
    Kind {
        subresources: &["status"],
        in_all: true,
        ..grouped(
            "autoscaling",
            "v2",
            "HorizontalPodAutoscaler",
            "horizontalpodautoscalers",
            "horizontalpodautoscalers.autoscaling",
            &["hpa"],
        )
    },
    Kind {
        subresources: &["status"],
        generation: true,
        ..grouped(
            "policy",
            "v1",
            "PodDisruptionBudget",
            "poddisruptionbudgets",
            "poddisruptionbudgets.policy",
            &["pdb"],
        )
    },
    Kind {
        namespaced: false,
        ..grouped(
            "storage.k8s.io",
            "v1",
            "StorageClass",
            "storageclasses",
            "storageclasses.storage.k8s.io",
            &["sc"],
        )
    },
    Kind {
        subresources: &["status"],
        generation: true,
        ..grouped(
            "snapshot.storage.k8s.io",
            "v1",
            "VolumeSnapshot",
            "volumesnapshots",
            "volumesnapshots.snapshot.storage.k8s.io",
            &["vs"],
        )
    },
    Kind {
        subresources: &["status"],
        generation: true,
        ..grouped(
            "gateway.networking.k8s.io",
            "v1",
            "HTTPRoute",
            "httproutes",
            "httproutes.gateway.networking.k8s.io",
            &[],
        )
    },
    grouped("coordination.k8s.io", "v1", "Lease", "leases", "leases.coordination.k8s.io", &[]),
];

const RBAC: &str = "rbac.authorization.k8s.io";

/// The kind served under a group, version and plural name.
pub fn routed(group: &str, version: &str, plural: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.group == group && k.version == version && k.plural == plural)
}

/// The kind with a resource name such as `pods` or `deployments.apps`.
pub fn by_resource(resource: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|k| k.resource == resource)
}

/// Group and version pairs in the order of the table, each once.
pub fn groups() -> Vec<(&'static str, &'static str)> {
    let mut out = Vec::new();
    for kind in KINDS {
        if !out.contains(&(kind.group, kind.version)) {
            out.push((kind.group, kind.version));
        }
    }
    out.push(("authorization.k8s.io", "v1"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_name_is_its_plural_and_group_and_unique() {
        for (i, kind) in KINDS.iter().enumerate() {
            let expected = if kind.group.is_empty() {
                kind.plural.to_owned()
            } else {
                format!("{}.{}", kind.plural, kind.group)
            };
            assert_eq!(kind.resource, expected);
            assert!(KINDS.iter().skip(i + 1).all(|other| other.resource != kind.resource));
        }
    }
}
