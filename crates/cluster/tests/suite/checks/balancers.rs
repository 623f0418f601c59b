//! Load balancers of tenants: their addresses are given up where a power says so, and else stay.

use k8s_openapi::api::core::v1::Service;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use tenure_cluster::{Envelope, Restoration, Supposed};
use tenure_domain::balancers::Balancers;
use tenure_domain::capability::Preset;
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::plan::Exposure;

use super::rehearse::rehearse;
use super::repaired;
use crate::faults::Faults;
use crate::world::{Driver, World, page};

/// An environment of this kind that may have load balancers.
fn with_balancers(world: &World, kind: EnvironmentKind) -> Driver<'_> {
    let mut driver = Driver::new(world);
    driver.envelope = Envelope::new(kind, Exposure { load_balancers: 2, hostnames: 0 }, None);
    driver
}

/// A load balancer as a tenant's tools make it.
async fn balancer(driver: &Driver<'_>, name: &str, more: Value) {
    let mut port = json!({"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080});
    // A real server draws one.
    if !driver.world.is_real() {
        port["nodePort"] = json!(30_999);
    }
    let mut object = json!({
        "metadata": {"name": name, "annotations": {"mine": "yes"}},
        "spec": {"type": "LoadBalancer", "selector": {"app": name}, "ports": [port]},
    });
    for (field, value) in more.as_object().unwrap() {
        object["spec"][field] = value.clone();
    }
    let service = serde_json::from_value(object).unwrap();
    driver.api::<Service>().create(&PostParams::default(), &service).await.unwrap();
}

/// One that uses all that only a load balancer may have, to which a cloud gave an address.
async fn front(driver: &Driver<'_>) -> Value {
    let more = json!({
        "loadBalancerIP": "192.0.2.7",
        "loadBalancerSourceRanges": ["198.51.100.0/24"],
        "externalTrafficPolicy": "Local",
    });
    balancer(driver, "front", more).await;
    let given = Patch::Merge(json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}}));
    driver.api::<Service>().patch_status("front", &PatchParams::default(), &given).await.unwrap();
    specified(driver, "front").await
}

async fn read(driver: &Driver<'_>, name: &str) -> Value {
    serde_json::to_value(driver.api::<Service>().get(name).await.unwrap()).unwrap()
}

/// What a Service says of itself.
async fn specified(driver: &Driver<'_>, name: &str) -> Value {
    let found = read(driver, name).await;
    json!({"spec": found["spec"], "annotations": found["metadata"]["annotations"]})
}

async fn type_of(driver: &Driver<'_>, name: &str) -> String {
    read(driver, name).await["spec"]["type"].as_str().unwrap().to_owned()
}

pub async fn a_load_balancer_gives_its_address_up_and_comes_back_as_it_was(world: World) {
    let mut driver = with_balancers(&world, EnvironmentKind::Open);
    driver.until_ready().await;
    driver.until_quota("services.loadbalancers", "2").await;
    let before = front(&driver).await;
    let measure = driver.tenant.decide_on("release", "environment/web");
    let supposed = Supposed {
        measure: measure.clone(),
        scope: "environment/web".parse().unwrap(),
        withholds: Preset::Isolate.withholds(),
        throttle: None,
        load_balancers: Balancers::Released,
        pod_grace_seconds: 2,
    };
    let told = rehearse(&driver, &supposed).await.stop.unwrap();
    assert_eq!(told.load_balancers, ["Service/front: 192.0.2.7"]);
    assert!(told.writes.iter().all(|write| write.refused.is_none()), "{:?}", told.writes);
    assert!(told.writes.iter().any(|write| write.object.to_string() == "Service/front"), "{:?}", told.writes);

    driver.tenant.take_effect(&measure);
    let first = driver.pass().await;
    assert!(
        format!("{:?}", first.measures[&measure]).contains("Pending"),
        "seen before it is said: {first:?}"
    );
    assert_eq!(repaired(&first), Vec::<String>::new());
    let report = driver.until_confirmed(&measure).await;
    let seen: Vec<_> =
        report.load_balancers.iter().map(|b| (b.service.to_string(), b.addresses_before.clone())).collect();
    assert_eq!(seen, [("Service/front".to_owned(), vec!["192.0.2.7".to_owned()])]);
    let said = "Service/front gave up its load balancer 192.0.2.7";
    assert!(report.exceptions.iter().any(|text| text.starts_with(said)), "{:?}", report.exceptions);
    let now = read(&driver, "front").await["spec"].clone();
    assert_eq!(now["type"], "ClusterIP");
    assert_eq!(now["clusterIP"], before["spec"]["clusterIP"], "what is in the cluster finds it as before");
    for field in ["loadBalancerIP", "loadBalancerSourceRanges", "healthCheckNodePort"] {
        assert_eq!(now.get(field), None, "{now}");
    }
    assert_eq!(now["ports"][0].get("nodePort"), None, "{now}");
    assert_eq!(driver.pass().await.writes, 0, "what is given up is left alone");

    // Whoever asks for it again is put right, and one that is new gives its own up.
    let again = Patch::Merge(json!({"spec": {"type": "LoadBalancer"}}));
    driver.api::<Service>().patch("front", &PatchParams::default(), &again).await.unwrap();
    balancer(&driver, "late", json!({"ports": [{"port": 81}]})).await;
    let repairs = repaired(&driver.pass().await);
    assert_eq!(repairs, ["Service/front: spec.type is \"LoadBalancer\", declared \"ClusterIP\""]);
    assert_eq!(
        (type_of(&driver, "front").await, type_of(&driver, "late").await),
        ("ClusterIP".into(), "ClusterIP".into())
    );
    driver.until_confirmed(&measure).await;

    driver.tenant.lift(&measure);
    let restored = driver.until_restored().await;
    assert!(restored.equal, "{:?}", restored.differences);
    assert_eq!(restored.load_balancers.len(), 2);
    assert_eq!(specified(&driver, "front").await, before);
    assert_eq!(type_of(&driver, "late").await, "LoadBalancer");
    let after = driver.pass().await;
    assert_eq!((after.writes, after.restoration), (0, Restoration::None));
    assert_eq!(driver.kept.memory().before, None);
    driver.clean().await;
}

pub async fn load_balancers_are_kept_where_no_measure_gives_them_up(world: World) {
    let mut driver = with_balancers(&world, EnvironmentKind::Managed);
    driver.tenant.put("feed", page(1));
    driver.tenant.put("media", page(1));
    driver.until_ready().await;
    for name in ["feed", "media"] {
        let more = json!({"selector": {"tenure.dev/workload": name}, "ports": [{"port": 80}]});
        balancer(&driver, &format!("{name}-front"), more).await;
    }
    let types = async |driver: &Driver<'_>| {
        [type_of(driver, "feed-front").await, type_of(driver, "media-front").await]
    };
    let kept = driver.tenant.restrict("isolate", "environment/web");
    let report = driver.until_confirmed(&kept).await;
    assert_eq!(report.load_balancers, []);
    assert_eq!(types(&driver).await, ["LoadBalancer", "LoadBalancer"]);

    // Together with another measure what either gives up is given up, and comes back with the end of that one alone.
    let feed = driver.tenant.restrict("release", "workload/web/feed");
    let report = driver.until_confirmed(&feed).await;
    assert_eq!(report.load_balancers.len(), 1);
    assert_eq!(types(&driver).await, ["ClusterIP", "LoadBalancer"]);
    let all = driver.tenant.restrict("release", "environment/web");
    driver.until_confirmed(&all).await;
    assert_eq!(types(&driver).await, ["ClusterIP", "ClusterIP"]);
    driver.tenant.lift(&all);
    assert!(driver.until_restored().await.equal);
    assert_eq!(types(&driver).await, ["ClusterIP", "LoadBalancer"], "the other measure goes on");

    // What its owner made of it meanwhile is the owner's.
    let other = Patch::Merge(json!({"spec": {"type": "NodePort"}}));
    driver.api::<Service>().patch("feed-front", &PatchParams::default(), &other).await.unwrap();
    driver.tenant.lift(&feed);
    let restored = driver.until_restored().await;
    assert_eq!(restored.differences, ["Service/feed-front differs in its spec"]);
    assert_eq!(types(&driver).await, ["NodePort", "LoadBalancer"]);
    driver.tenant.lift(&kept);
    driver.until_restored().await;
    driver.clean().await;
}

/// One run for each request that a pass sends: there the process dies, and another one goes on.
pub async fn a_death_between_any_two_requests_loses_no_load_balancer(world: World) {
    let mut deaths = 0;
    for requests in 0.. {
        let mut driver = with_balancers(&world, EnvironmentKind::Open);
        driver.until_ready().await;
        driver.until_quota("services.loadbalancers", "2").await;
        let before = front(&driver).await;
        let mut died = false;
        let measure = driver.tenant.restrict("release", "environment/web");
        let faults = Faults::after_requests(requests);
        died |= driver.pass_over(&world.breakable(&faults)).await.is_err();
        let report = driver.until_confirmed(&measure).await;
        assert_eq!(report.load_balancers.len(), 1, "dying after {requests} requests");
        driver.tenant.lift(&measure);
        let faults = Faults::after_requests(requests);
        died |= driver.pass_over(&world.breakable(&faults)).await.is_err();
        let restored = driver.until_restored().await;
        assert!(restored.equal, "dying after {requests} requests: {:?}", restored.differences);
        assert_eq!(specified(&driver, "front").await, before, "dying after {requests} requests");
        driver.clean().await;
        if !died {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 5, "{deaths}");
}
