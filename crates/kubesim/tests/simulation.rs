//! What only a simulation can do: be slow, fail, refuse and restart on demand.
#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as tests do")]

use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolumeClaim, Pod, ResourceQuota};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tenure_kubesim::{Options, Simulation, start};
use tokio::time::{Instant, sleep};

async fn client(simulation: &Simulation) -> Client {
    let kubeconfig = Kubeconfig::from_yaml(&simulation.kubeconfig()).unwrap();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

fn pod(name: &str) -> Pod {
    object(json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "busybox"}]}}))
}

fn deployment(replicas: i32) -> Deployment {
    named_deployment("web", replicas)
}

fn named_deployment(name: &str, replicas: i32) -> Deployment {
    object(json!({
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": "busybox"}]},
            },
        },
    }))
}

#[tokio::test]
async fn it_says_everywhere_that_it_is_a_simulation() {
    let simulation = start(Options::default()).await.unwrap();
    assert!(simulation.kubeconfig().contains("current-context: kubesim-simulation"));
    let client = client(&simulation).await;
    assert_eq!(client.apiserver_version().await.unwrap().git_version, "v1.33.0+kubesim");
    let request = axum::http::Request::get("/readyz").body(kube::client::Body::empty()).unwrap();
    let answer = client.send(request).await.unwrap();
    assert!(answer.headers()["server"].to_str().unwrap().contains("simulated"));
    let nodes: Api<k8s_openapi::api::core::v1::Node> = Api::all(client);
    assert_eq!(
        nodes.list(&ListParams::default()).await.unwrap().items[0].name_any(),
        "kubesim-simulated-node"
    );
}

#[tokio::test]
async fn a_new_quota_refuses_nothing_until_its_status_is_filled() {
    let slow = Options { quota_delay: Duration::from_hours(1), ..Options::default() };
    let simulation = start(slow).await.unwrap();
    let client = client(&simulation).await;
    let quotas: Api<ResourceQuota> = Api::default_namespaced(client.clone());
    let pods: Api<Pod> = Api::default_namespaced(client);
    let gate = object(json!({"metadata": {"name": "gate"}, "spec": {"hard": {"pods": "0"}}}));
    quotas.create(&PostParams::default(), &gate).await.unwrap();
    pods.create(&PostParams::default(), &pod("early")).await.unwrap();
    let status = Patch::Merge(json!({"status": {"hard": {"pods": "0"}, "used": {"pods": "1"}}}));
    quotas.patch_status("gate", &PatchParams::default(), &status).await.unwrap();
    let refused = pods.create(&PostParams { dry_run: true, ..PostParams::default() }, &pod("late")).await;
    assert!(matches!(refused, Err(kube::Error::Api(status)) if status.code == 403));
}

#[tokio::test]
async fn an_untouched_set_waits_out_its_back_off_and_a_touched_one_does_not() {
    let simulation = start(Options { quota_delay: Duration::ZERO, ..Options::default() }).await.unwrap();
    let client = client(&simulation).await;
    let quotas: Api<ResourceQuota> = Api::default_namespaced(client.clone());
    let gate = object(json!({"metadata": {"name": "gate"}, "spec": {"hard": {"pods": "0"}}}));
    quotas.create(&PostParams::default(), &gate).await.unwrap();
    eventually("a filled gate", async || quotas.get("gate").await.ok()?.status?.hard).await;
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    deployments.create(&PostParams::default(), &deployment(1)).await.unwrap();
    // 5 ms doubled eleven times is ten seconds: the thirteenth try is that far away once the twelfth has failed.
    let events: Api<k8s_openapi::api::core::v1::Event> = Api::default_namespaced(client.clone());
    eventually("twelve refused tries", async || {
        let all = events.list(&ListParams::default()).await.ok()?.items;
        all.into_iter().find(|e| e.reason.as_deref() == Some("FailedCreate") && e.count >= Some(12))
    })
    .await;
    quotas.delete("gate", &DeleteParams::default()).await.unwrap();
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    // One that comes after the gate gets its pod, so the controller has looked at all sets since.
    deployments.create(&PostParams::default(), &named_deployment("other", 1)).await.unwrap();
    let (web, other) = (ListParams::default().labels("app=web"), ListParams::default().labels("app=other"));
    eventually("the other's pod", async || pods.list(&other).await.ok()?.items.pop()).await;
    assert!(pods.list(&web).await.unwrap().items.is_empty(), "it waits");
    let lifted = Instant::now();
    let touch = Patch::Merge(json!({"metadata": {"annotations": {"touched": "now"}}}));
    deployments.patch("web", &PatchParams::default(), &touch).await.unwrap();
    eventually("a pod", async || pods.list(&web).await.ok()?.items.pop()).await;
    assert!(lifted.elapsed() < Duration::from_secs(4), "{:?}", lifted.elapsed());
    let sets: Api<ReplicaSet> = Api::default_namespaced(client);
    eventually("a set without failure", async || {
        let set = sets.list(&web).await.ok()?.items.pop()?;
        set.status?.conditions.is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn requests_fail_and_connections_are_refused_on_demand() {
    let simulation = start(Options::default()).await.unwrap();
    let client = client(&simulation).await;
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    simulation.fail_next(2, 500);
    for _ in 0..2 {
        assert!(matches!(maps.list(&ListParams::default()).await, Err(kube::Error::Api(s)) if s.code == 500));
    }
    assert!(maps.list(&ListParams::default()).await.is_ok());
    simulation.refuse_connections(true);
    let refused = maps.list(&ListParams::default()).await;
    assert!(refused.is_err() && !matches!(refused, Err(kube::Error::Api(_))), "{refused:?}");
    simulation.refuse_connections(false);
    assert!(maps.list(&ListParams::default()).await.is_ok());
}

#[tokio::test]
async fn only_committed_writes_are_counted() {
    let simulation = start(Options::default()).await.unwrap();
    let client = client(&simulation).await;
    let writes = simulation.writes();
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let map: ConfigMap = object(json!({"metadata": {"name": "m"}, "data": {"a": "1"}}));
    maps.create(&PostParams { dry_run: true, ..PostParams::default() }, &map).await.unwrap();
    assert_eq!(*writes.borrow(), 0);
    maps.create(&PostParams::default(), &map).await.unwrap();
    assert_eq!(*writes.borrow(), 1);
    assert!(maps.create(&PostParams::default(), &map).await.is_err());
    maps.patch("m", &PatchParams::default(), &Patch::Merge(json!({"data": {"a": "1"}}))).await.unwrap();
    assert_eq!(*writes.borrow(), 1);
    maps.delete("m", &DeleteParams::default()).await.unwrap();
    assert_eq!(*writes.borrow(), 2);
}

#[tokio::test]
async fn objects_outlive_a_restart_and_old_watches_start_over() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { state: Some(folder.path().join("cluster.json")), ..Options::default() };
    let simulation = start(options.clone()).await.unwrap();
    let first = client(&simulation).await;
    let deployments: Api<Deployment> = Api::default_namespaced(first.clone());
    let made = deployments.create(&PostParams::default(), &deployment(1)).await.unwrap();
    let claims: Api<PersistentVolumeClaim> = Api::default_namespaced(first);
    let claim = json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    claims.create(&PostParams::default(), &object(claim)).await.unwrap();
    let ready = async |deployments: &Api<Deployment>| {
        eventually("a ready Deployment", async || deployments.get("web").await.ok()?.status?.ready_replicas)
            .await
    };
    ready(&deployments).await;
    simulation.stop().await;

    let again = start(options).await.unwrap();
    let second = client(&again).await;
    let deployments: Api<Deployment> = Api::default_namespaced(second.clone());
    assert_eq!(deployments.get("web").await.unwrap().uid(), made.uid());
    ready(&deployments).await;
    let claims: Api<PersistentVolumeClaim> = Api::default_namespaced(second);
    let volume = eventually("a bound claim", async || claims.get("data").await.ok()?.spec?.volume_name).await;
    assert!(volume.starts_with("pvc-"));
    let old = made.resource_version().unwrap();
    let mut watch = std::pin::pin!(deployments.watch(&WatchParams::default(), &old).await.unwrap());
    let event = futures_util::StreamExt::next(&mut watch).await;
    assert!(matches!(&event, Some(Ok(WatchEvent::Error(s))) if s.code == 410), "{event:?}");
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let open = Options { listen: "0.0.0.0:0".parse().unwrap(), ..Options::default() };
    assert!(start(open).await.is_err());
}

#[tokio::test]
async fn a_service_shows_the_same_content_for_the_life_of_its_volume() {
    let simulation = start(Options::default()).await.unwrap();
    let client = client(&simulation).await;
    let claims: Api<PersistentVolumeClaim> = Api::default_namespaced(client.clone());
    let claim = json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    claims.create(&PostParams::default(), &object(claim)).await.unwrap();
    let services: Api<k8s_openapi::api::core::v1::Service> = Api::default_namespaced(client.clone());
    let service =
        json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}});
    services.create(&PostParams::default(), &object(service)).await.unwrap();
    let mounting = json!({"spec": {"template": {"spec": {
        "containers": [{"name": "c", "image": "busybox", "volumeMounts": [{"name": "d", "mountPath": "/www"}]}],
        "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}],
    }}}});
    let mut wanted = json!(deployment(1));
    json_patch::merge(&mut wanted, &mounting);
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    deployments.create(&PostParams::default(), &object(wanted)).await.unwrap();
    let page = async || {
        let path = "/api/v1/namespaces/default/services/web/proxy/index.html";
        let request = axum::http::Request::get(path).body(Vec::new()).unwrap();
        client.request_text(request).await.ok()
    };
    let before = eventually("a page", page).await;
    assert!(before.contains("simulation") && before.contains("content: "), "{before}");
    let content = |page: &str| page.lines().find(|l| l.starts_with("content: ")).map(str::to_owned);
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let old = pods.list(&ListParams::default()).await.unwrap().items[0].name_any();
    pods.delete(&old, &DeleteParams::default()).await.unwrap();
    let after = eventually("another pod's page", async || page().await.filter(|p| !p.contains(&old))).await;
    assert_eq!(content(&before), content(&after));
}
