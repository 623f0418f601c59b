//! Measures on what has nothing in it any more, or never had.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use serde_json::json;
use tenure_domain::capability::Capability;

use super::provisioned;
use crate::world::{World, code, page, until_answer};

pub async fn isolating_an_environment_without_workloads_says_so(world: World) {
    let mut driver = provisioned(&world, &[]).await;
    let measure = driver.tenant.restrict("isolate", "environment/web");
    let report = driver.until_confirmed(&measure).await;
    for capability in [Capability::Ingress, Capability::Egress] {
        let by = &report.enforced_by[&capability];
        assert!(by.contains("no workload is declared there") && !by.contains("(observed)"), "{by}");
    }
    assert!(!report.exceptions.iter().any(|text| text.contains("Pod/")), "{:?}", report.exceptions);
    let seen: Vec<String> = report.objects.iter().map(|seen| seen.object.to_string()).collect();
    assert_eq!(seen, ["NetworkPolicy/default-deny"]);
    assert!(!report.exceptions.iter().any(|text| text.contains("pods' own")), "{:?}", report.exceptions);
    assert!(report.exceptions.iter().any(|text| text.contains("not probed")), "{:?}", report.exceptions);

    // A pod that nobody declared is no workload, and is told.
    let pod: Pod = serde_json::from_value(json!({"metadata": {"name": "bare"}, "spec": {"containers": [{
        "name": "c", "image": "docker.io/library/busybox:1.35", "resources": {"limits": {"cpu": "1m", "memory": "1Mi"}}}]}}))
    .unwrap();
    // A new namespace takes no pods before its default service account and that one's token are there.
    let (pods, dry) = (driver.api::<Pod>(), PostParams { dry_run: true, ..PostParams::default() });
    until_answer("a pod", 200, || async { code(pods.create(&dry, &pod).await) }).await;
    pods.create(&PostParams::default(), &pod).await.unwrap();
    let report = driver.until_confirmed(&measure).await;
    assert!(report.exceptions.iter().any(|text| text.starts_with("Pod/bare ")), "{:?}", report.exceptions);

    // With the first workload there is something to observe, and the report says it.
    driver.tenant.put("feed", page(1));
    driver.pass().await;
    let report = driver.until_confirmed(&measure).await;
    assert!(report.enforced_by[&Capability::Ingress].contains("(observed)"), "{:?}", report.enforced_by);
    driver.clean().await;
}

pub async fn a_measure_on_a_removed_workload_says_that_it_was_removed(world: World) {
    let mut driver = provisioned(&world, &["feed", "media"]).await;
    let isolation = driver.tenant.decide_on("isolate", "workload/web/feed");
    let suspension = driver.tenant.decide_on("suspend", "workload/web/feed");
    driver.tenant.remove("feed");
    driver.tenant.take_effect(&isolation);
    driver.tenant.take_effect(&suspension);
    let first = driver.pass().await;
    for measure in [&isolation, &suspension] {
        let seen = format!("{:?}", first.measures[measure]);
        assert!(seen.contains("was removed just now"), "gone is said when it is seen: {seen}");
    }

    let stopped = driver.until_confirmed(&suspension).await;
    assert_eq!(stopped.enforced_by[&Capability::Compute], "no pod of the workload remains");
    assert_eq!(stopped.pods_remaining, Some(0));
    let isolated = driver.until_confirmed(&isolation).await;
    for report in [&stopped, &isolated] {
        let removed = |text: &String| text.contains("the workload feed was removed");
        assert!(report.exceptions.iter().any(removed), "{:?}", report.exceptions);
        let by = &report.enforced_by[&Capability::Ingress];
        assert!(by.contains("no workload is declared there") && !by.contains("(observed)"), "{by}");
        assert!(report.objects.iter().all(|seen| !seen.object.to_string().contains("feed")));
    }
    assert!(driver.api::<Deployment>().get_opt("feed").await.unwrap().is_none());
    driver.until_visit("media", 200).await;
    driver.clean().await;
}
