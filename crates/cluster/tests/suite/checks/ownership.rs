//! What is not ours is left alone, and without a permit nothing is restricted.

use k8s_openapi::api::core::v1::{Namespace, ResourceQuota};
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::json;
use tenure_cluster::ClusterError;

use super::{provisioned, repaired};
use crate::world::{DEADLINE, Driver, World, objects, page};

pub async fn a_namespace_of_someone_else_is_not_adopted(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(1));
    let name = driver.namespace();
    let theirs: Namespace = serde_json::from_value(json!({"metadata": {"name": name, "labels": {
        "tenure.dev/account": driver.tenant.account.id.as_str(), "tenure.dev/environment": "web"}}}))
    .unwrap();
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    namespaces.create(&PostParams::default(), &theirs).await.unwrap();
    for _ in 0..2 {
        let error = driver.pass_over(&driver.cluster).await.unwrap_err();
        assert!(matches!(&error, ClusterError::ForeignNamespace { known: None, .. }), "{error}");
    }
    assert_eq!(objects(&driver).await, Vec::<String>::new());
    driver.clean().await;
}

pub async fn a_namespace_made_anew_by_someone_else_is_not_adopted(world: World) {
    let driver = provisioned(&world, &[]).await;
    let name = driver.namespace();
    let namespaces: Api<Namespace> = Api::all(world.client.clone());
    namespaces.delete(&name, &DeleteParams::default()).await.unwrap();
    let gone =
        kube::runtime::wait::await_condition(namespaces.clone(), &name, |n: Option<&Namespace>| n.is_none());
    tokio::time::timeout(DEADLINE, gone).await.unwrap().unwrap();
    let error = driver.pass_over(&driver.cluster).await.unwrap_err();
    assert!(matches!(&error, ClusterError::NamespaceGone { .. }), "{error}");
    let theirs: Namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
    namespaces.create(&PostParams::default(), &theirs).await.unwrap();
    let error = driver.pass_over(&driver.cluster).await.unwrap_err();
    assert!(matches!(&error, ClusterError::ForeignNamespace { known: Some(_), .. }), "{error}");
    driver.clean().await;
}

pub async fn a_gate_without_a_permit_is_removed(world: World) {
    let mut driver = provisioned(&world, &["feed"]).await;
    let old = driver.kept.memory();
    let measure = driver.tenant.restrict("suspend", "environment/web");
    driver.until_confirmed(&measure).await;
    driver.tenant.lift(&measure);
    // A store that came back from a backup knows nothing of the stop.
    let environment = driver.environment();
    let seen =
        driver.cluster.reconcile(&environment, &[], old, &*driver.kept, driver.tenant.now).await.unwrap();
    assert!(
        repaired(&seen).contains(&"ResourceQuota/tenure-gate: no permit allows it".to_owned()),
        "{seen:?}"
    );
    assert!(driver.api::<ResourceQuota>().get_opt("tenure-gate").await.unwrap().is_none());
    driver.clean().await;
}

pub async fn a_permit_of_another_account_restricts_nothing(world: World) {
    let driver = provisioned(&world, &["feed"]).await;
    let mut other = World::tenant();
    other.put("feed", page(1));
    other.restrict("suspend", "account");
    let permits = other.permits();
    let memory = driver.kept.memory();
    let now = driver.tenant.now;
    let error = driver
        .cluster
        .reconcile(&driver.environment(), &permits, memory, &*driver.kept, now)
        .await
        .unwrap_err();
    assert!(matches!(error, ClusterError::ForeignPermit { .. }), "{error}");
    assert!(driver.api::<ResourceQuota>().get_opt("tenure-gate").await.unwrap().is_none());
    driver.clean().await;
}
