//! Throttling: less computing time for what goes on running, and all of it back.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use tenure_cluster::Restoration;
use tenure_domain::workload::{Autoscale, Kind, Request, Workload};

use super::{provisioned, repaired};
use crate::world::{Driver, World, page};

/// What each pod of a workload that is not told to end may use, by its limit.
async fn limits(driver: &Driver<'_>, workload: &str) -> Vec<String> {
    let pods = driver.api::<Pod>().list(&ListParams::default()).await.unwrap();
    let its = pods.items.into_iter().filter(|pod| {
        pod.metadata.deletion_timestamp.is_none()
            && pod.metadata.name.as_deref().is_some_and(|name| name.starts_with(workload))
    });
    its.map(|pod| {
        let resources = pod.spec.unwrap().containers.remove(0).resources.unwrap();
        resources.limits.unwrap()["cpu"].0.clone()
    })
    .collect()
}

pub async fn a_throttled_environment_runs_on_with_less_until_it_is_lifted(world: World) {
    let mut driver = provisioned(&world, &["feed", "media"]).await;
    let slow = driver.tenant.restrict("throttle", "environment/web");
    let first = driver.pass().await;
    assert!(format!("{:?}", first.measures[&slow]).contains("Pending"), "seen before it is said: {first:?}");
    let report = driver.until_confirmed(&slow).await;
    let seen = report.throttle.unwrap();
    // A quarter of 10 thousandths, rounded up: no more is withheld than is said.
    assert_eq!((seen.percent.percent(), seen.cpu_millis.len(), seen.pods), (25, 2, 2));
    assert!(seen.cpu_millis.values().all(|cpu| *cpu == 3), "{:?}", seen.cpu_millis);
    assert!(report.withholds.is_empty() && report.gate.is_none() && report.pods_gone.is_empty());
    assert_eq!(limits(&driver, "feed").await, ["3m"]);
    driver.until_visit("feed", 200).await;
    driver.until_ready().await;
    assert_eq!(driver.pass().await.writes, 0, "what is throttled is left alone");

    // What several withhold is not multiplied, and a stop is a stop.
    let half = driver.tenant.restrict("halve", "workload/web/feed");
    let report = driver.until_confirmed(&half).await;
    assert_eq!(report.throttle.unwrap().cpu_millis[&"feed".parse().unwrap()], 5, "what this one leaves");
    assert_eq!(limits(&driver, "feed").await, ["3m"], "the other leaves less");
    let stop = driver.tenant.restrict("suspend", "workload/web/feed");
    driver.until_confirmed(&stop).await;
    assert_eq!(limits(&driver, "feed").await, Vec::<String>::new());
    driver.tenant.lift(&slow);
    assert!(driver.until_restored().await.equal);
    assert_eq!(limits(&driver, "media").await, ["10m"]);
    driver.tenant.lift(&stop);
    assert!(driver.until_restored().await.equal);
    driver.until_ready().await;
    assert_eq!(limits(&driver, "feed").await, ["5m"], "what still throttles it");
    driver.tenant.lift(&half);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(limits(&driver, "feed").await, ["10m"]);
    let after = driver.pass().await;
    assert_eq!((after.writes, after.restoration), (0, Restoration::None));
    assert_eq!(driver.kept.memory().before, None);
    driver.clean().await;
}

pub async fn a_throttle_is_not_made_up_for_and_begins_no_job_anew(world: World) {
    let mut driver = Driver::new(&world);
    let requests = Some(Request { cpu_millis: 4, memory_mib: 8 });
    let autoscale = Some(Autoscale { least: 1, most: 3, cpu_percent: 80 });
    driver.tenant.put("feed", Workload { requests, autoscale, ..page(1) });
    driver.tenant.put("import", Workload { kind: Kind::Job, port: 0, ..page(1) });
    driver.until_ready().await;
    let before = driver.api::<Job>().get("import").await.unwrap().metadata.uid;
    assert!(driver.raw_opt("horizontalpodautoscalers", "feed").await.is_some());

    let slow = driver.tenant.restrict("throttle", "account");
    let report = driver.until_confirmed(&slow).await;
    assert!(report.exceptions.iter().any(|text| text.contains("the job import")), "{:?}", report.exceptions);
    assert_eq!(report.throttle.unwrap().cpu_millis.len(), 1);
    assert_eq!(driver.api::<Job>().get("import").await.unwrap().metadata.uid, before, "it goes on");
    assert!(
        driver.raw_opt("horizontalpodautoscalers", "feed").await.is_none(),
        "more pods would make up for it"
    );
    let feed = driver.api::<Deployment>().get("feed").await.unwrap();
    let container = feed.spec.unwrap().template.spec.unwrap().containers.remove(0).resources.unwrap();
    assert_eq!(
        (container.requests.unwrap()["cpu"].0.as_str(), container.limits.unwrap()["cpu"].0.as_str()),
        ("1m", "3m")
    );

    driver.tenant.lift(&slow);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert!(driver.raw_opt("horizontalpodautoscalers", "feed").await.is_some());
    assert_eq!(driver.api::<Job>().get("import").await.unwrap().metadata.uid, before);
    let after = driver.pass().await;
    assert_eq!(repaired(&after), Vec::<String>::new());
    driver.clean().await;
}
