//! Rehearsing: what is told beforehand is what happens, and telling it changes nothing.

use k8s_openapi::api::core::v1::{PersistentVolume, ResourceQuota};
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use serde_json::json;
use tenure_cluster::{Planned, Rehearsal, Supposed, Verb};
use tenure_domain::balancers::Balancers;
use tenure_domain::capability::Preset;
use tenure_domain::name::MeasureId;

use super::provisioned;
use crate::world::{Driver, World, code, objects, page, page_on_volume, until_answer};

fn suspension(measure: &MeasureId) -> Supposed {
    Supposed {
        measure: measure.clone(),
        scope: "environment/web".parse().unwrap(),
        withholds: Preset::Suspend.withholds(),
        throttle: None,
        load_balancers: Balancers::Kept,
        pod_grace_seconds: 2,
    }
}

/// Rehearses, and sees that nothing but dry runs was asked for.
pub(super) async fn rehearse(driver: &Driver<'_>, supposed: &Supposed) -> Rehearsal {
    let before = objects(driver).await;
    let asked = driver.world.simulation.as_ref().map(tenure_kubesim::Simulation::asked);
    let (environment, permits, memory) =
        (driver.environment(), driver.tenant.permits(), driver.kept.memory());
    let rehearsal =
        driver.cluster.rehearse(&environment, &permits, supposed, &memory, driver.tenant.now).await.unwrap();
    if let (Some(simulation), Some((persisting, dry))) = (&driver.world.simulation, asked) {
        assert_eq!(simulation.asked().0, persisting, "a write that persists was sent");
        assert!(simulation.asked().1 > dry, "nobody was asked");
    }
    assert_eq!(objects(driver).await, before);
    assert_eq!(driver.kept.memory(), memory);
    rehearsal
}

fn said(writes: &[Planned], verb: Verb) -> Vec<String> {
    let mut said: Vec<String> =
        writes.iter().filter(|w| w.verb == verb).map(|w| w.object.to_string()).collect();
    said.sort();
    said.dedup();
    said
}

pub async fn a_rehearsal_tells_what_a_stop_does_and_persists_nothing(world: World) {
    let mut driver = Driver::new(&world);
    driver.tenant.put("feed", page(2));
    driver.tenant.put("media", page_on_volume());
    driver.until_ready().await;
    let measure = driver.tenant.decide_on("suspend", "environment/web");
    let rehearsed = rehearse(&driver, &suspension(&measure)).await;
    let stop = rehearsed.stop.unwrap();
    assert!(stop.writes.iter().all(|write| write.refused.is_none()), "{:?}", stop.writes);
    assert_eq!(
        said(&stop.writes, Verb::Apply),
        [
            "NetworkPolicy/feed-egress",
            "NetworkPolicy/feed-ingress",
            "NetworkPolicy/media-egress",
            "NetworkPolicy/media-ingress",
            "ResourceQuota/tenure-gate",
            "Service/feed",
            "Service/media"
        ]
    );
    let mut ending: Vec<String> = driver.pod_names().await.iter().map(|pod| format!("Pod/{pod}")).collect();
    ending.sort();
    assert_eq!(said(&stop.writes, Verb::Delete), ending);
    let mut lost: Vec<String> = stop.pods.iter().map(|pod| format!("Pod/{}", pod.name)).collect();
    lost.sort();
    assert_eq!(lost, ending);
    assert_eq!((stop.volumes.len(), stop.volumes[0].reclaim_policy.as_str()), (1, "Delete"));
    let ready = |rehearsal: &tenure_cluster::LiftRehearsal| {
        rehearsal.ready.iter().map(|(w, n)| format!("{w} {n}")).collect::<Vec<_>>()
    };
    assert_eq!(ready(&rehearsed.lift), ["feed 2", "media 1"]);
    assert!(driver.api::<ResourceQuota>().get_opt("tenure-gate").await.unwrap().is_none());

    // What happens is what was told.
    driver.tenant.take_effect(&measure);
    let report = driver.until_confirmed(&measure).await;
    let mut gone: Vec<String> = report.pods_gone.iter().map(|pod| format!("Pod/{}", pod.name)).collect();
    gone.sort();
    assert_eq!(gone, ending);

    // Its end, with what somebody changed meanwhile.
    let told = rehearse(&driver, &suspension(&measure)).await;
    assert!(told.stop.is_none(), "it is in effect");
    assert_eq!(told.lift.differences, Vec::<String>::new());
    assert!(said(&told.lift.writes, Verb::Delete).contains(&"ResourceQuota/tenure-gate".to_owned()));
    assert!(said(&told.lift.writes, Verb::Apply).contains(&"Service/feed".to_owned()));
    assert_eq!((told.lift.volumes.len(), told.lift.volumes[0].reclaim_policy.as_str()), (1, "Delete"));
    assert_eq!(ready(&told.lift), ["feed 2", "media 1"]);
    let volumes: Api<PersistentVolume> = Api::all(world.client.clone());
    let retained = volumes.list(&ListParams::default()).await.unwrap();
    let of_ours = retained.iter().find(|v| v.metadata.name.as_deref() == Some(&told.lift.volumes[0].volume));
    let policy = of_ours.unwrap().spec.as_ref().unwrap().persistent_volume_reclaim_policy.as_deref();
    assert_eq!(policy, Some("Retain"), "the rehearsal of the end gave nothing back");
    driver.tenant.lift(&measure);
    assert!(driver.until_restored().await.equal);
    driver.clean().await;
}

pub async fn a_rehearsal_tells_what_the_cluster_would_refuse(world: World) {
    let mut driver = provisioned(&world, &["feed"]).await;
    // Somebody with the right to allows no further quota in the namespace.
    let tight = json!({"metadata": {"name": "tight"}, "spec": {"hard": {"count/resourcequotas": "2"}}});
    let tight: ResourceQuota = serde_json::from_value(tight).unwrap();
    driver.api::<ResourceQuota>().create(&PostParams::default(), &tight).await.unwrap();
    let status = Patch::Merge(
        json!({"status": {"hard": {"count/resourcequotas": "2"}, "used": {"count/resourcequotas": "2"}}}),
    );
    let quotas = driver.api::<ResourceQuota>();
    quotas.patch_status("tight", &PatchParams::default(), &status).await.unwrap();
    // Admission heeds it a moment after it is stored.
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let another = json!({"metadata": {"name": "another"}, "spec": {"hard": {"pods": "1"}}});
    let another: ResourceQuota = serde_json::from_value(another).unwrap();
    until_answer("another quota", 403, || async { code(quotas.create(&dry, &another).await) }).await;
    let measure = driver.tenant.decide_on("suspend", "environment/web");
    let stop = rehearse(&driver, &suspension(&measure)).await.stop.unwrap();
    let gate = stop.writes.iter().find(|write| write.object.name == "tenure-gate").unwrap();
    assert!(gate.new);
    assert!(gate.refused.as_ref().is_some_and(|said| said.contains("exceeded quota: tight")), "{gate:?}");
    driver.clean().await;
}
