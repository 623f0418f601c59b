//! What is declared comes about, and nothing more.

use futures_util::StreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Service};
use kube::api::DeleteParams;
use tenure_cluster::Restoration;

use super::{provisioned, repaired};
use crate::world::{DEADLINE, Driver, World, page, page_on_volume};

pub async fn a_declared_workload_answers(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(2));
    driver.tenant.put("2048", page(1));
    let observation = driver.until_ready().await;
    assert_eq!(observation.workloads[&"feed".parse().unwrap()].ready, 2);
    assert_eq!(observation.restoration, Restoration::None);
    driver.until_visit("feed", 200).await;
    driver.until_visit("s--2048", 200).await;
    driver.clean().await;
}

pub async fn an_unchanged_environment_gets_no_write(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(1));
    driver.tenant.put("media", page_on_volume());
    let first = driver.pass().await;
    assert!(first.writes > 0);
    assert_eq!(repaired(&first), Vec::<String>::new(), "making things is no repair");
    driver.until_ready().await;
    for _ in 0..3 {
        let observation = driver.pass().await;
        assert_eq!((observation.writes, repaired(&observation)), (0, vec![]));
    }
    driver.clean().await;
}

pub async fn a_changed_declaration_is_followed_and_what_is_no_longer_declared_goes(world: World) {
    let mut driver = provisioned(&world, &["feed", "media"]).await;
    driver.tenant.put("feed", page(2));
    let changed = driver.pass().await;
    assert_eq!(repaired(&changed), Vec::<String>::new());
    let mut only_feed = driver.environment();
    only_feed.workloads.remove(&"media".parse().unwrap());
    let memory = driver.kept.memory();
    driver.cluster.reconcile(&only_feed, &[], memory, &*driver.kept, driver.tenant.now).await.unwrap();
    assert!(driver.api::<Deployment>().get_opt("media").await.unwrap().is_none());
    assert!(driver.api::<Service>().get_opt("media").await.unwrap().is_none());
    assert!(driver.api::<Deployment>().get_opt("feed").await.unwrap().is_some());
    driver.clean().await;
}

pub async fn a_volume_claim_outlives_its_workload(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("media", page_on_volume());
    driver.until_ready().await;
    let mut empty = driver.environment();
    empty.workloads.clear();
    let memory = driver.kept.memory();
    let after =
        driver.cluster.reconcile(&empty, &[], memory, &*driver.kept, driver.tenant.now).await.unwrap();
    assert!(driver.api::<Deployment>().get_opt("media").await.unwrap().is_none());
    let claim = driver.api::<PersistentVolumeClaim>().get("media").await.unwrap();
    assert_eq!(claim.metadata.deletion_timestamp, None);
    let again =
        driver.cluster.reconcile(&empty, &[], after.memory, &*driver.kept, driver.tenant.now).await.unwrap();
    assert_eq!(again.writes, 0);
    driver.clean().await;
}

pub async fn a_watch_tells_which_environment_changed(world: World) {
    let driver = provisioned(&world, &["feed"]).await;
    let name = driver.namespace();
    let mut changes = Box::pin(driver.cluster.watch());
    let mut next = async |what: &str, wanted: &str| {
        let seen = async { while changes.next().await.unwrap() != wanted {} };
        tokio::time::timeout(DEADLINE, seen).await.unwrap_or_else(|_| panic!("nothing of {what}"));
    };
    next("what exists", &name).await;
    let second = Driver::new(&world);
    second.pass().await;
    next("a new environment", &second.namespace()).await;
    if let Some(simulation) = &world.simulation {
        simulation.refuse_connections(true);
        simulation.refuse_connections(false);
    }
    driver.api::<Service>().delete("feed", &DeleteParams::default()).await.unwrap();
    next("a deletion", &name).await;
    driver.clean().await;
    second.clean().await;
}

pub async fn a_workload_that_gets_a_volume_while_it_runs_is_as_declared(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("media", page(1));
    driver.until_ready().await;
    driver.tenant.put("media", page_on_volume());
    driver.until_ready().await;
    let strategy = driver.api::<Deployment>().get("media").await.unwrap().spec.unwrap().strategy.unwrap();
    assert_eq!((strategy.type_.as_deref(), strategy.rolling_update), (Some("Recreate"), None));
    let observation = driver.pass().await;
    assert_eq!((observation.writes, repaired(&observation)), (0, vec![]));
    driver.clean().await;
}
