//! What the server says about itself.

use anyhow::{Result, ensure};
use kube::api::{Api, PostParams};
use kube::discovery::Discovery;
use serde_json::json;

use crate::lab::{Lab, object};

pub async fn the_server_announces_what_it_serves(lab: &Lab) -> Result<()> {
    let version = lab.client.apiserver_version().await?;
    ensure!(version.major == "1", "{version:?}");
    let discovery = Discovery::new(lab.client.clone()).run().await?;
    for (group, version, kind, plural) in [
        ("", "v1", "Pod", "pods"),
        ("", "v1", "Namespace", "namespaces"),
        ("", "v1", "ResourceQuota", "resourcequotas"),
        ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
        ("apps", "v1", "Deployment", "deployments"),
        ("apps", "v1", "ReplicaSet", "replicasets"),
        ("apps", "v1", "StatefulSet", "statefulsets"),
        ("batch", "v1", "Job", "jobs"),
        ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
        ("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
        ("storage.k8s.io", "v1", "StorageClass", "storageclasses"),
        ("coordination.k8s.io", "v1", "Lease", "leases"),
    ] {
        let found = discovery.groups().filter(|g| g.name() == group).find_map(|g| {
            g.versioned_resources(version).into_iter().find(|(r, _)| r.kind == kind && r.plural == plural)
        });
        let (_, abilities) =
            found.ok_or_else(|| anyhow::anyhow!("{group}/{version} {kind} is not announced"))?;
        ensure!(
            abilities.supports_operation("watch") && abilities.supports_operation("patch"),
            "{kind}: {abilities:?}"
        );
    }
    let apps = lab.client.list_api_group_resources("apps/v1").await?;
    for name in ["deployments/scale", "deployments/status"] {
        ensure!(apps.resources.iter().any(|r| r.name == name), "{name} is not announced");
    }
    ensure!(lab.get_raw("/readyz").await? == "ok");
    Ok(())
}

pub async fn everything_is_allowed_to_an_administrator(lab: &Lab) -> Result<()> {
    use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
    let reviews: Api<SelfSubjectAccessReview> = Api::all(lab.client.clone());
    let review = object(json!({
        "spec": {"resourceAttributes": {"namespace": lab.namespace, "verb": "create", "resource": "pods"}},
    }));
    let answer = reviews.create(&PostParams::default(), &review).await?;
    ensure!(answer.status.is_some_and(|s| s.allowed));
    Ok(())
}
