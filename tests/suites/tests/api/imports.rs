//! Namespaces that are there become open environments over the wire: looked at, decided on, taken with nothing restarted.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ask::Caller;
use crate::house::House;

const ACCOUNT: &str = "/v1/accounts/parley";
const SHOP: &str = "/api/v1/namespaces/shop";

/// Whoever operates the simulated cluster.
fn cluster(house: &House) -> Caller {
    let server = house.kubeconfig().lines().find_map(|line| line.trim().strip_prefix("server: ")).unwrap();
    Caller::new(server, None)
}

fn web() -> Value {
    let amounts = json!({"cpu": "10m", "memory": "16Mi"});
    let container = json!({"name": "web", "image": "docker.io/library/busybox:1.35",
        "resources": {"requests": amounts, "limits": amounts}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}}})
}

/// Asks until what is answered is right.
async fn until(caller: &Caller, path: &str, what: &str, is_right: impl Fn(u16, &Value) -> bool) -> Value {
    let asked = async {
        loop {
            let answer = caller.get(path).await;
            if is_right(answer.status, &answer.json()) {
                return answer.json();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), asked).await.unwrap_or_else(|_| panic!("{what}"))
}

/// The UIDs of the pods that run in a namespace.
fn running(pods: &Value) -> Vec<String> {
    let live =
        pods["items"].as_array().unwrap().iter().filter(|pod| {
            pod["status"]["phase"] == "Running" && pod["metadata"]["deletionTimestamp"].is_null()
        });
    let mut uids: Vec<String> = live.map(|pod| pod["metadata"]["uid"].as_str().unwrap().to_owned()).collect();
    uids.sort();
    uids
}

/// `parley` with half of its plan left, and somebody's namespace `shop` with two pods that run; its UID and theirs.
async fn with_shop() -> (House, String, Vec<String>) {
    let house = House::open().await;
    let larger = json!({"cpuMillis": 2000, "memoryMib": 1024, "storageMib": 256, "pods": 20});
    let asked = json!({"plan": larger, "loadBalancers": 1, "hostnames": 2, "why": "We bring our shop"});
    let requests = format!("{ACCOUNT}/quota-requests");
    let request = house.caller("parley/owner").post(&requests, &asked).await.is(201).field("id");
    house
        .caller("platform")
        .post(&format!("{requests}/{request}/decision"), &json!({"grant": true}))
        .await
        .is(200);
    house.settle().await;

    let operator = cluster(&house);
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    let made = operator.post("/api/v1/namespaces", &namespace).await.is(201).json();
    operator.post("/apis/apps/v1/namespaces/shop/deployments", &web()).await.is(201);
    let alone = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}});
    operator.post(&format!("{SHOP}/configmaps"), &alone).await.is(201);
    let pods =
        until(&operator, &format!("{SHOP}/pods"), "two pods run", |_, pods| running(pods).len() == 2).await;
    (house, made["metadata"]["uid"].as_str().unwrap().to_owned(), running(&pods))
}

fn import(uid: &str, accept: &[&str]) -> Value {
    let plan = json!({"cpuMillis": 500, "memoryMib": 256, "storageMib": 64, "pods": 5});
    json!({"environment": "shop", "namespace": "shop", "uid": uid, "plan": plan, "accept": accept})
}

#[tokio::test]
async fn a_provider_imports_a_namespace_and_what_runs_in_it_goes_on() {
    let (house, uid, before) = with_shop().await;
    let (platform, owner, operator) =
        (house.caller("platform"), house.caller("parley/owner"), cluster(&house));
    let (imports, preflight) =
        (format!("{ACCOUNT}/imports"), format!("{ACCOUNT}/imports/preflight?namespace=shop"));

    let seen = platform.get(&preflight).await.is(200).json();
    assert_eq!(
        (&seen["cluster"], &seen["namespaceUid"], &seen["obstacles"]),
        (&json!(true), &json!(uid), &json!([]))
    );
    assert_eq!((&seen["used"]["pods"], &seen["used"]["cpuMillis"]), (&json!(2), &json!(20)));
    assert_eq!(seen["concerns"], json!({}), "nobody comes to these pods and they reach out as before");
    let small = platform.get(&format!("{preflight}&cpuMillis=5&pods=1")).await.is(200).json();
    let over = small["concerns"]["over_share"].to_string();
    assert!(over.contains("cpuMillis: 20 are used, the share is 5") && over.contains("pods: 2"), "{over}");
    for namespace in ["kube-system", "tenure-access", "parley--web"] {
        let seen =
            platform.get(&format!("{ACCOUNT}/imports/preflight?namespace={namespace}")).await.is(200).json();
        assert_eq!((seen["obstacles"].as_array().unwrap().len(), &seen["namespaceUid"]), (1, &Value::Null));
    }
    for (who, status) in [("analyst", 403), ("parley/owner", 403), ("agora/owner", 404)] {
        house.caller(who).get(&preflight).await.is(status);
        house.caller(who).post(&imports, &import(&uid, &[])).await.is(status);
    }
    platform.get(&format!("{ACCOUNT}/imports/preflight?namespace=Shop")).await.is(400);

    // What was decided on is exactly this namespace, and what is found there is accepted by name.
    let mut another = import("6f2c1f0e", &[]);
    another["plan"]["pods"] = json!(1);
    let refused = platform.post(&imports, &another).await.is(409).problem();
    let guards: Vec<&str> = refused.guards.iter().map(|guard| guard.guard.as_str()).collect();
    assert_eq!(guards, ["adoptable", "concerns_accepted"]);
    let asked = import(&uid, &["over_share"]).to_string().into_bytes();
    let headers = [("content-type", "application/json"), ("idempotency-key", "shop-1")];
    let made = platform.send("POST", &imports, &headers, asked.clone()).await.is(201);
    assert_eq!(made.header("location"), format!("{ACCOUNT}/environments/shop"));
    let again = platform.send("POST", &imports, &headers, asked).await.is(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    house.settle().await;

    let shop = owner.get(&format!("{ACCOUNT}/environments/shop")).await.is(200).json();
    assert_eq!((&shop["namespace"], &shop["kind"]), (&json!("shop"), &json!("open")));
    assert_eq!(shop["imported"]["namespaceUid"], uid);
    assert!(shop["imported"]["adoptedAt"].is_string(), "{shop}");
    let pods = operator.get(&format!("{SHOP}/pods")).await.is(200).json();
    assert_eq!(running(&pods), before, "the same pods");
    operator.get(&format!("{SHOP}/resourcequotas/tenure-plan")).await.is(200);

    // It is parley's, whoever else is asked about it.
    let theirs = "/v1/accounts/agora/imports";
    let mut asked = import(&uid, &[]);
    asked["plan"] = json!({"cpuMillis": 1, "memoryMib": 1, "storageMib": 1, "pods": 1});
    let refused = platform.post(theirs, &asked).await.is(409).problem();
    let guards: Vec<&str> = refused.guards.iter().map(|guard| guard.guard.as_str()).collect();
    assert!(guards.contains(&"name_free") && guards.contains(&"adoptable"), "{guards:?}");

    // Everything of open environments goes on from here: people enter, a change is put right, a stop stops and gives back.
    let credentials = json!({"role": "admin", "lastsSeconds": 600});
    let issued =
        owner.post(&format!("{ACCOUNT}/environments/shop/kubeconfigs"), &credentials).await.is(201).json();
    assert!(issued["kubeconfig"].as_str().unwrap().contains("\"namespace\":\"shop\""), "{issued}");
    let policy = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/default-deny";
    let first = operator.get(policy).await.is(200).json()["metadata"]["uid"].clone();
    operator.send("DELETE", policy, &[], Vec::new()).await.is(200);
    until(&operator, policy, "the policy is back", |status, now| {
        status == 200 && now["metadata"]["uid"] != first
    })
    .await;

    let stop = json!({"preset": "suspend", "scope": "environment/shop", "why": "We take stock"});
    let measure = owner.post(&format!("{ACCOUNT}/measures"), &stop).await.is(201).field("id");
    house.settle().await;
    assert_eq!(owner.get(&format!("/v1/measures/{measure}")).await.is(200).field("state"), "in_force");
    let pods = operator.get(&format!("{SHOP}/pods")).await.is(200).json();
    assert_eq!(running(&pods), Vec::<String>::new());
    owner.post(&format!("/v1/measures/{measure}/lift"), &json!({"why": "We have counted"})).await.is(200);
    house.settle().await;
    assert_eq!(owner.get(&format!("/v1/measures/{measure}")).await.is(200).field("state"), "lifted");
    until(&operator, &format!("{SHOP}/pods"), "two pods run again", |_, pods| running(pods).len() == 2).await;

    let record = house.record().await;
    let body =
        |event: &str| record.iter().find(|e| e["eventType"] == event).map(|e| e["body"].clone()).unwrap();
    assert_eq!(body("environment.imported")["namespace"], "shop");
    assert_eq!(
        body("environment.imported").get("accepted"),
        None,
        "nothing was found that had to be accepted"
    );
    assert_eq!(body("drift.repaired")["environment"], "shop");
    let receipt = body("environment.adopted")["receipt"].as_str().unwrap().to_owned();
    let receipt = house.caller("auditor").get(&format!("/v1/evidence/{receipt}")).await.is(200).text();
    for uid in &before {
        assert!(receipt.contains(uid.as_str()), "{uid} is missing in {receipt}");
    }
    assert!(receipt.contains("\"receipt\": \"import\"") && receipt.contains("\"changed\": []"), "{receipt}");
    house.close().await;
}

#[tokio::test]
async fn a_namespace_with_an_object_of_our_name_is_left_as_it_is() {
    let (house, uid, before) = with_shop().await;
    let (administrator, operator) = (house.caller("administrator"), cluster(&house));
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tenure-plan"}, "spec": {"hard": {"pods": "9"}}});
    operator.post(&format!("{SHOP}/resourcequotas"), &quota).await.is(201);
    let accepted = import(&uid, &["bounds"]);
    let refused = administrator.post(&format!("{ACCOUNT}/imports"), &accepted).await.is(409).problem();
    assert_eq!(refused.guards.len(), 1, "{refused:?}");
    assert!(refused.guards[0].detail.contains("ResourceQuota/tenure-plan"), "{refused:?}");
    house.settle().await;
    let kept = operator.get(&format!("{SHOP}/resourcequotas/tenure-plan")).await.is(200).json();
    assert_eq!(kept["spec"]["hard"], json!({"pods": "9"}));
    let namespace = operator.get(SHOP).await.is(200).json();
    assert_eq!(namespace["metadata"]["labels"]["tenure.dev/account"], Value::Null);

    operator.send("DELETE", &format!("{SHOP}/resourcequotas/tenure-plan"), &[], Vec::new()).await.is(200);
    administrator.post(&format!("{ACCOUNT}/imports"), &accepted).await.is(201);
    house.settle().await;
    let pods = operator.get(&format!("{SHOP}/pods")).await.is(200).json();
    assert_eq!(running(&pods), before);
    house.close().await;
}
