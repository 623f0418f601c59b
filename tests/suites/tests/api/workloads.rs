//! Workloads of every kind, through the API: declared, looked into, scaled, started anew, put back; and their secrets.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ask::Caller;
use crate::house::{House, workload};

const WEB: &str = "/v1/accounts/parley/environments/web";
const VALUE: &str = "correct horse battery staple";

fn at(workload: &str) -> String {
    format!("{WEB}/workloads/{workload}")
}

async fn create(caller: &Caller, name: &str, spec: &Value) {
    caller.json("PUT", &at(name), &[("if-none-match", "*")], spec).await.is(201);
}

/// Reads until a workload is as it is to be.
async fn until(caller: &Caller, name: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let since = Instant::now();
    loop {
        let seen = caller.get(&at(name)).await.is(200).json();
        if holds(&seen) {
            return seen;
        }
        assert!(since.elapsed() < Duration::from_mins(1), "{seen}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn of(kind: &str) -> Value {
    let mut spec = workload();
    spec["kind"] = json!(kind);
    spec["replicas"] = json!(1);
    if !kind.ends_with("ervice") {
        spec.as_object_mut().unwrap().remove("port");
    }
    spec
}

#[tokio::test]
async fn every_kind_is_declared_and_tells_how_it_does() {
    let house = House::open().await;
    let developer = house.caller("parley/developer");
    let mut nightly = of("cronJob");
    nightly["schedule"] = json!({"cron": "15 3 * * mon-fri", "overlap": "skip", "lateSeconds": 60});
    let mut store = of("statefulService");
    store["volumes"] = json!({"data": {"path": "/data", "sizeMib": 4}});
    for (name, spec, phase) in [
        ("site", of("service"), "ready"),
        ("store", store.clone(), "ready"),
        ("mailer", of("worker"), "ready"),
        ("import", of("job"), "working"),
        ("nightly", nightly, "waiting"),
    ] {
        create(&developer, name, &spec).await;
        let seen = until(&developer, name, |seen| seen["phase"] == phase).await;
        assert_eq!(seen["spec"]["image"], spec["image"], "{name}");
    }
    // What is shown can be sent again, and nothing changes.
    for name in ["site", "store", "mailer", "import", "nightly"] {
        let seen = developer.get(&at(name)).await.is(200);
        let tag = seen.header("etag").to_owned();
        let again =
            developer.json("PUT", &at(name), &[("if-match", &tag)], &seen.json()["spec"]).await.is(200);
        assert_eq!(again.json()["events"], json!([]), "{name}");
    }
    // A volume grows; it does not shrink, and what would is told.
    for (size, status) in [(8, 200), (4, 422)] {
        store["volumes"]["data"]["sizeMib"] = json!(size);
        let tag = developer.get(&at("store")).await.is(200).header("etag").to_owned();
        let put = developer.json("PUT", &at("store"), &[("if-match", &tag)], &store).await.is(status);
        if status == 422 {
            assert_eq!(put.at(), "/volumes/data/sizeMib");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn a_wrong_declaration_is_told_by_its_place_and_one_beyond_the_plan_by_its_guard() {
    let house = House::open().await;
    let developer = house.caller("parley/developer");
    let none = [("if-none-match", "*")];
    let long = "x".repeat(600_000);
    for (change, pointer) in [
        (json!({"env": {"1ST": {"value": "x"}}}), "/env/1ST"),
        (json!({"env": {"A": {}}}), "/env/A"),
        (
            json!({"files": {"/etc/a": {"text": "x", "kept": format!("sha256:{}", "0".repeat(64))}}}),
            "/files/~1etc~1a/kept",
        ),
        (json!({"files": {"/a": {"text": long}, "/b": {"text": format!("{long}y")}}}), "/files"),
        (
            json!({"probes": {"liveness": {"periodSeconds": 1, "timeoutSeconds": 1, "failures": 1}}}),
            "/probes/liveness",
        ),
        (json!({"disruption": {"minAvailable": 1, "maxUnavailable": 1}}), "/disruption"),
        (json!({"schedule": {"cron": "15 3 * * *", "overlap": "skip", "lateSeconds": 60}}), "/schedule"),
        (json!({"requests": {"cpuMillis": 100_000, "memoryMib": 1}}), "/requests/cpuMillis"),
        (json!({"image": "not an image"}), "/image"),
    ] {
        let mut spec = workload();
        for (field, value) in change.as_object().unwrap() {
            spec[field] = value.clone();
        }
        let answer = developer.json("PUT", &at("site"), &none, &spec).await.is(422);
        assert_eq!(answer.at(), pointer);
    }
    let mut cron = of("cronJob");
    cron["schedule"] = json!({"cron": "0 0 30 2 *", "overlap": "skip", "lateSeconds": 60});
    assert_eq!(developer.json("PUT", &at("nightly"), &none, &cron).await.is(422).at(), "/schedule/cron");
    let mut secret = workload();
    secret["env"] = json!({"P": {"secret": {"name": "db", "key": "password"}}});
    let refused = developer.json("PUT", &at("site"), &none, &secret).await.is(409);
    assert!(refused.text().contains("there is no secret db"), "{}", refused.text());
    let mut large = of("worker");
    large["autoscale"] = json!({"least": 1, "most": 100, "cpuPercent": 50});
    let refused = developer.json("PUT", &at("mailer"), &none, &large).await.is(409);
    assert!(
        refused.text().contains("within_plan") || refused.text().contains("in the plan of"),
        "{}",
        refused.text()
    );
    house.close().await;
}

#[tokio::test]
async fn a_secret_is_written_and_never_read() {
    let house = House::open().await;
    let developer = house.caller("parley/developer");
    let path = format!("{WEB}/secrets/db");
    let set = json!({"values": {"password": VALUE}});
    let mut answers =
        vec![developer.json("PUT", &path, &[("idempotency-key", "once")], &set).await.is(201).text()];
    answers.push(developer.json("PUT", &path, &[("idempotency-key", "once")], &set).await.is(201).text());
    developer.json("PUT", &path, &[("if-none-match", "*")], &set).await.is(412);
    let mut spec = workload();
    spec["env"] = json!({"PASSWORD": {"secret": {"name": "db", "key": "password"}}});
    create(&developer, "site", &spec).await;
    until(&developer, "site", |seen| seen["phase"] == "ready").await;
    // Whoever looks anywhere finds the names, and not the value.
    let listed = developer.get(&format!("{WEB}/secrets")).await.is(200);
    assert_eq!(listed.json()["items"][0]["keys"], json!(["password"]));
    assert_eq!(listed.json()["items"][0]["readers"], json!(["site"]));
    answers.push(listed.text());
    developer.get(&path).await.is(405);
    for (holder, path) in [
        ("parley/owner", "/v1/events?stream=account/parley&pageSize=200"),
        ("auditor", "/v1/events?pageSize=200"),
        ("parley/developer", &at("site")),
        ("parley/developer", &format!("{}/activity", at("site"))),
        ("parley/developer", &format!("{}/revisions", at("site"))),
    ] {
        answers.push(house.caller(holder).get(path).await.is(200).text());
    }
    assert!(answers.iter().any(|text| text.contains("secret.set")), "the record says that it was set");
    for text in &answers {
        assert!(!text.contains(VALUE) && !text.contains("Y29ycmVjdCBob3JzZ"), "{text}");
    }
    // It stays while something reads it, and what reads it needs its keys.
    let refused = developer.json("DELETE", &path, &[], &Value::Null).await.is(409);
    assert!(refused.text().contains("site reads password of db"), "{}", refused.text());
    let other = json!({"values": {"user": "x"}});
    developer.json("PUT", &path, &[], &other).await.is(409);
    let tag = developer.get(&at("site")).await.is(200).header("etag").to_owned();
    developer.json("PUT", &at("site"), &[("if-match", &tag)], &workload()).await.is(200);
    developer.json("DELETE", &path, &[], &Value::Null).await.is(200);
    assert_eq!(developer.get(&format!("{WEB}/secrets")).await.is(200).json()["items"], json!([]));
    // Too large, none at all, and a name that is none.
    for values in [json!({"a": "x".repeat(1_100_000)}), json!({}), json!({"a b": "x"})] {
        let answer = developer.json("PUT", &path, &[], &json!({"values": values})).await.is(422);
        assert_eq!(answer.at(), "/values");
    }
    house.caller("platform").json("PUT", &path, &[], &set).await.is(403);
    house.close().await;
}

#[tokio::test]
async fn a_workload_is_scaled_started_anew_looked_into_and_put_back() {
    let house = House::open().await;
    let developer = house.caller("parley/developer");
    let mut spec = workload();
    spec["replicas"] = json!(1);
    spec["files"] = json!({"/etc/site.conf": {"text": "greeting = hello\n"}});
    create(&developer, "site", &spec).await;
    let seen = until(&developer, "site", |seen| seen["phase"] == "ready").await;
    let kept = seen["spec"]["files"]["/etc/site.conf"]["kept"].as_str().unwrap().to_owned();
    let owner = house.caller("parley/owner");
    assert_eq!(owner.get(&format!("/v1/evidence/{kept}")).await.is(200).text(), "greeting = hello\n");

    let written = developer.post(&format!("{}/scale", at("site")), &json!({"replicas": 2})).await.is(200);
    assert_eq!(written.json()["events"][0]["eventType"], "workload.scaled");
    until(&developer, "site", |seen| seen["ready"] == 2).await;
    developer.post(&format!("{}/scale", at("site")), &json!({"replicas": 99})).await.is(409);

    let before = developer.get(&format!("{}/activity", at("site"))).await.is(200).json();
    assert_eq!(before["pods"].as_array().unwrap().len(), 2, "{before}");
    assert!(
        before["events"].as_array().unwrap().iter().any(|event| event["reason"] == "Scheduled"),
        "{before}"
    );
    developer.post(&format!("{}/restart", at("site")), &json!(null)).await.is(200);
    let name = before["pods"][0]["name"].clone();
    let since = Instant::now();
    loop {
        let after = developer.get(&format!("{}/activity", at("site"))).await.is(200).json();
        let pods = after["pods"].as_array().unwrap().clone();
        if pods.len() == 2 && pods.iter().all(|pod| pod["name"] != name) {
            break;
        }
        assert!(since.elapsed() < Duration::from_mins(1), "{after}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let logs = developer.get(&format!("{}/logs?lines=5", at("site"))).await.is(200);
    assert_eq!(logs.header("content-type"), "text/plain; charset=utf-8");
    assert!(logs.text().contains("simulated"), "{}", logs.text());
    developer.get(&format!("{}/logs?follow=true", at("site"))).await.is(200);
    developer.get(&format!("{}/logs?lines=0", at("site"))).await.is(400);
    developer.get(&format!("{}/logs?pod=another-1", at("site"))).await.is(404);
    house.caller("parley/viewer").get(&format!("{}/logs", at("site"))).await.is(403);
    house.caller("agora/owner").get(&format!("{}/logs", at("site"))).await.is(404);

    // Another version, and back; a revision is a declaration, and scaling is none.
    let mut other = workload();
    other["image"] = json!("docker.io/library/busybox:1.36");
    let tag = developer.get(&at("site")).await.is(200).header("etag").to_owned();
    developer.json("PUT", &at("site"), &[("if-match", &tag)], &other).await.is(200);
    let revisions = developer.get(&format!("{}/revisions", at("site"))).await.is(200).json();
    let items = revisions["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!((&items[0]["current"], &items[1]["current"]), (&json!(true), &json!(false)));
    let first = items[1]["revision"].clone();
    developer.post(&format!("{}/rollback", at("site")), &json!({"revision": 1})).await.is(422);
    developer.post(&format!("{}/rollback", at("site")), &json!({"revision": first})).await.is(200);
    let back = developer.get(&at("site")).await.is(200).json();
    assert_eq!(back["spec"]["image"], spec["image"]);
    assert_eq!(back["spec"]["files"]["/etc/site.conf"]["kept"], kept.as_str());
    house.close().await;
}
