//! What others change is put right and told.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, ResourceQuota, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::json;

use super::{provisioned, repaired};
use crate::faults::Faults;
use crate::world::World;

pub async fn drift_is_repaired_and_told(world: World) {
    let driver = provisioned(&world, &["feed", "media"]).await;
    let merge = |patch| Patch::Merge(patch);
    let someone = PatchParams { field_manager: Some("someone".to_owned()), ..PatchParams::default() };
    let deployments: Api<Deployment> = driver.api();
    deployments.patch("feed", &someone, &merge(json!({"spec": {"replicas": 3}}))).await.unwrap();
    driver.api::<Service>().delete("media", &DeleteParams::default()).await.unwrap();
    let relabel = merge(json!({"metadata": {"labels": {"tenure.dev/account": "other"}}}));
    driver.api::<ResourceQuota>().patch("tenure-plan", &someone, &relabel).await.unwrap();
    let open = merge(json!({"spec": {"ingress": [{}]}}));
    driver.api::<NetworkPolicy>().patch("default-deny", &someone, &open).await.unwrap();
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    let privileged =
        merge(json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}));
    namespaces.patch(&driver.namespace(), &someone, &privileged).await.unwrap();

    let observation = driver.pass().await;
    let told = repaired(&observation);
    let tells = |text: &str| assert!(told.iter().any(|repair| repair.contains(text)), "{text}: {told:?}");
    tells("Deployment/feed: spec.replicas is 3, declared 1");
    tells("Service/media: was deleted");
    tells("ResourceQuota/tenure-plan: metadata.labels.tenure.dev/account is \"other\"");
    tells("NetworkPolicy/default-deny: spec is");
    tells("pod-security.kubernetes.io/enforce is \"privileged\"");
    assert_eq!(told.len(), 5, "{told:?}");
    let scaled = observation.repairs.iter().find(|repair| repair.difference.contains("replicas")).unwrap();
    assert_eq!(scaled.manager.as_deref(), Some("someone"));

    assert_eq!(deployments.get("feed").await.unwrap().spec.unwrap().replicas, Some(1));
    let policy = driver.api::<NetworkPolicy>().get("default-deny").await.unwrap();
    assert!(policy.spec.unwrap().ingress.unwrap_or_default().is_empty());
    let after = driver.pass().await;
    assert_eq!((after.writes, repaired(&after)), (0, vec![]), "the repair held");
    driver.until_ready().await;
    driver.until_visit("media", 200).await;
    driver.clean().await;
}

/// Each pass but the last dies right after its first write was carried out, so that the next one finds nothing to repair.
pub async fn what_a_pass_repaired_that_died_is_told_by_the_next(world: World) {
    let driver = provisioned(&world, &["feed", "media"]).await;
    let scaled = Patch::Merge(json!({"spec": {"replicas": 3}}));
    for name in ["feed", "media"] {
        driver.api::<Deployment>().patch(name, &PatchParams::default(), &scaled).await.unwrap();
    }
    for _ in 0..2 {
        driver.pass_over(&world.breakable(&Faults::at_first_write())).await.unwrap_err();
    }
    let mut told = repaired(&driver.pass().await);
    told.sort();
    let scaled = |name: &str| format!("Deployment/{name}: spec.replicas is 3, declared 1");
    assert_eq!(told, [scaled("feed"), scaled("media")]);
    assert_eq!(repaired(&driver.pass().await), [""; 0], "told once");
    driver.clean().await;
}

pub async fn drift_before_a_stop_is_no_difference_after_it(world: World) {
    let mut driver = provisioned(&world, &["feed"]).await;
    let scaled = Patch::Merge(json!({"spec": {"replicas": 2}}));
    driver.api::<Deployment>().patch("feed", &PatchParams::default(), &scaled).await.unwrap();
    let measure = driver.tenant.restrict("suspend", "environment/web");
    driver.until_confirmed(&measure).await;
    driver.tenant.lift(&measure);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    let put_right: Vec<String> = restored.put_right.iter().map(ToString::to_string).collect();
    assert_eq!(put_right, ["Deployment/feed"]);
    driver.clean().await;
}

pub async fn what_someone_adds_to_a_deployment_is_removed(world: World) {
    let driver = provisioned(&world, &["feed"]).await;
    let someone = PatchParams { field_manager: Some("someone".to_owned()), ..PatchParams::default() };
    let added = json!({"spec": {"paused": true, "template": {"spec": {"nodeSelector": {"their": "node"}}}}});
    let deployments: Api<Deployment> = driver.api();
    deployments.patch("feed", &someone, &Patch::Merge(added)).await.unwrap();
    let observation = driver.pass().await;
    assert_eq!(repaired(&observation), ["Deployment/feed: has fields that are not declared"]);
    assert_eq!(observation.repairs[0].manager.as_deref(), Some("someone"));
    let spec = deployments.get("feed").await.unwrap().spec.unwrap();
    assert!(!spec.paused.unwrap_or_default());
    assert_eq!(spec.template.spec.unwrap().node_selector, None);
    assert_eq!(driver.pass().await.writes, 0, "the repair held");
    driver.until_ready().await;
    driver.clean().await;
}
