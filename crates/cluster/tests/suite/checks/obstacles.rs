//! Webhooks of others that refuse our writes while nothing is withheld, as a simulation can show it.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ResourceQuota;
use kube::api::{Api, DeleteParams};
use tenure_cluster::{Observation, names};

use super::{provisioned, repaired};
use crate::odd::Odd;
use crate::world::{Driver, World, page};

/// Somebody else's webhook refuses to have the gate deleted.
async fn keeping_the_gate(world: &World) -> tenure_cluster::Cluster {
    world.odd("/resourcequotas/tenure-gate", Odd::VetoOnDeletion).await
}

fn obstacle(seen: &Observation) -> &str {
    assert_eq!(seen.obstacles.len(), 1, "{:?}", seen.obstacles);
    &seen.obstacles[0]
}

async fn gate(driver: &Driver<'_>) -> Option<ResourceQuota> {
    let quotas: Api<ResourceQuota> = driver.api();
    quotas.get_opt(names::GATE).await.unwrap()
}

#[tokio::test]
async fn sim_a_gate_that_a_webhook_keeps_after_a_restoration_is_told_and_hinders_nothing_else() {
    let world = World::simulated().await;
    let mut driver = provisioned(&world, &["feed"]).await;
    let measure = driver.tenant.restrict("suspend", "environment/web");
    driver.until_confirmed(&measure).await;
    driver.cluster = keeping_the_gate(&world).await;
    driver.tenant.lift(&measure);
    let restored = driver.until_restored().await;
    assert!(restored.differences.iter().any(|told| told.contains("policy.tenant.example")), "{restored:?}");

    for _ in 0..3 {
        let seen = driver.pass().await;
        let told = obstacle(&seen);
        assert!(
            told.contains("ResourceQuota/tenure-gate") && told.contains("policy.tenant.example"),
            "{told}"
        );
        assert_eq!(repaired(&seen), Vec::<String>::new(), "what is not put right is no repair");
        assert_eq!(seen.retry, None, "it is no failure of the cluster");
    }
    // Everything else goes on: what is declared comes about, and what others change is put right.
    driver.tenant.put("page", page(1));
    let both = |seen: &Observation| {
        seen.workloads.values().all(|w| w.ready == w.wanted) && seen.workloads.len() == 2
    };
    driver.until("the new workload", both).await;
    let deployments: Api<Deployment> = driver.api();
    deployments.delete("feed", &DeleteParams::default()).await.unwrap();
    let told = repaired(&driver.pass().await);
    assert!(told.iter().any(|told| told.contains("Deployment/feed: was deleted")), "{told:?}");

    driver.cluster = world.cluster.clone();
    let seen = driver.pass().await;
    assert_eq!(seen.obstacles, Vec::<String>::new());
    assert!(gate(&driver).await.is_none(), "removed as soon as it can be");
    driver.clean().await;
}

/// As after a backup that knows nothing of the stop: it is opened, once, and not told as put right again and again.
#[tokio::test]
async fn sim_a_gate_that_no_permit_allows_and_a_webhook_keeps_is_opened_and_told_once_as_a_repair() {
    let world = World::simulated().await;
    let mut driver = provisioned(&world, &["feed"]).await;
    let before = driver.kept.memory();
    let measure = driver.tenant.restrict("suspend", "environment/web");
    driver.until_confirmed(&measure).await;
    driver.tenant.lift(&measure);
    tenure_cluster::Keep::keep(&*driver.kept, &before).await.unwrap();
    driver.cluster = keeping_the_gate(&world).await;
    let seen = driver.pass().await;
    assert!(repaired(&seen).iter().any(|told| told.contains("no permit allows it")), "{:?}", repaired(&seen));
    obstacle(&seen);
    let spec = gate(&driver).await.unwrap().spec.unwrap_or_default();
    assert!(spec.hard.unwrap_or_default().is_empty(), "it refuses nothing any more");
    let seen = driver.pass().await;
    assert_eq!((repaired(&seen), obstacle(&seen).contains("tenure-gate")), (vec![], true));
    driver.until("its pods", |seen| seen.workloads.values().all(|w| w.ready == w.wanted)).await;
    driver.clean().await;
}
