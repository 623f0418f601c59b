//! Sending twice, and changing what changed in between.

use serde_json::json;

use crate::house::{House, report, report_about, workload};

#[tokio::test]
async fn a_request_sent_again_under_its_key_is_answered_as_the_first_time_and_done_once() {
    let house = House::furnished().await;
    let analyst = house.caller("analyst");
    let key = [("idempotency-key", "report-7")];
    let first = analyst.json("POST", "/v1/reports", &key, &report(&house.evidence)).await.is(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(first.header("location"), format!("/v1/reports/{}", first.field("id")));
    let before = house.record().await;
    let again = analyst.json("POST", "/v1/reports", &key, &report(&house.evidence)).await.is(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(
        (again.body.clone(), again.header("location"), again.header("etag")),
        (first.body.clone(), first.header("location"), first.header("etag"))
    );
    let mut other = report(&house.evidence);
    other["statement"] = json!("Something else");
    let reused = analyst.json("POST", "/v1/reports", &key, &other).await.is(422);
    assert_eq!((reused.kind().as_str(), reused.at().as_str()), ("idempotency-key-reused", "Idempotency-Key"));
    let elsewhere = json!({"account": "parley", "ground": "phishing", "why": "It stays up"});
    assert_eq!(
        analyst.json("POST", "/v1/cases", &key, &elsewhere).await.is(422).kind(),
        "idempotency-key-reused"
    );
    assert_eq!(house.record().await, before, "none of these did anything");
    // Keys are each caller's own.
    let another = report_about("2", &house.evidence);
    let reporter = house.caller("reporter").json("POST", "/v1/reports", &key, &another).await.is(201);
    assert_ne!(reporter.field("id"), first.field("id"));
    house.close().await;
}

#[tokio::test]
async fn a_hundred_sends_at_once_under_one_key_file_one_report() {
    let house = House::furnished().await;
    let before = house.record().await.len();
    let asks = (0..100).map(|_| {
        let (reporter, body) = (house.caller("reporter"), report(&house.evidence));
        tokio::spawn(async move {
            reporter.json("POST", "/v1/reports", &[("idempotency-key", "once")], &body).await
        })
    });
    let mut replayed = 0;
    let mut bodies = std::collections::BTreeSet::new();
    for ask in asks.collect::<Vec<_>>() {
        let answer = ask.await.unwrap().is(201);
        replayed += usize::from(answer.header("idempotency-replayed") == "true");
        bodies.insert(answer.body);
    }
    assert_eq!((replayed, bodies.len()), (99, 1));
    assert_eq!(house.record().await.len(), before + 1);
    house.close().await;
}

#[tokio::test]
async fn whoever_changes_a_workload_says_what_they_saw() {
    let house = House::open().await;
    let developer = house.caller("parley/developer");
    let path = "/v1/accounts/parley/environments/web/workloads/feed";
    let blind = developer.json("PUT", path, &[], &workload()).await.is(428);
    assert_eq!(blind.kind(), "precondition-required");
    let key = [("if-none-match", "*"), ("idempotency-key", "feed-1")];
    let made = developer.json("PUT", path, &key, &workload()).await.is(201);
    assert_eq!(made.header("location"), path);
    let again = developer.json("PUT", path, &key, &workload()).await.is(201);
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &made.body));
    assert_eq!(
        developer.json("PUT", path, &[("if-none-match", "*")], &workload()).await.is(412).kind(),
        "exists"
    );
    let mut other = workload();
    other["port"] = json!(8081);
    let reused = developer.json("PUT", path, &key, &other).await.is(422);
    assert_eq!(reused.kind(), "idempotency-key-reused");
    let seen = developer.get(path).await.is(200);
    let tag = seen.header("etag").to_owned();
    // A write's tag is the version; a read's has a digest of what was shown behind it.
    assert!(tag.starts_with(&format!("{}.", made.header("etag").trim_end_matches('"'))), "{tag}");
    let mut larger = workload();
    larger["replicas"] = json!(2);
    let changed = developer.json("PUT", path, &[("if-match", &tag)], &larger).await.is(200);
    assert_ne!(changed.header("etag"), tag);
    let mut lost = workload();
    lost["replicas"] = json!(3);
    let stale = developer.json("PUT", path, &[("if-match", &tag)], &lost).await.is(412);
    assert_eq!(stale.kind(), "stale");
    let blind = developer.send("DELETE", path, &[], Vec::new()).await.is(428);
    assert!(!blind.text().contains("If-None-Match"), "{}", blind.text());
    developer.send("DELETE", path, &[("if-match", &tag)], Vec::new()).await.is(412);
    assert_eq!(developer.get(path).await.is(200).json()["spec"]["replicas"], 2);
    let tag = developer.get("/v1/accounts/parley").await.header("etag").to_owned();
    // Any write to an account takes a condition, and keeps to it.
    let environment =
        json!({"environment": "batch", "plan": {"cpuMillis": 1, "memoryMib": 1, "storageMib": 1, "pods": 1}});
    let stale = house
        .caller("parley/owner")
        .json("POST", "/v1/accounts/parley/environments", &[("if-match", "\"1\"")], &environment)
        .await;
    assert_eq!(stale.is(412).kind(), "stale");
    developer.send("DELETE", path, &[("if-match", &tag)], Vec::new()).await.is(200);
    developer.get(path).await.is(404);
    house.close().await;
}

#[tokio::test]
async fn what_was_made_is_where_the_answer_says() {
    let house = House::furnished().await;
    let admin = house.caller("administrator");
    let made = [
        house.caller("analyst").post("/v1/reports", &report(&house.evidence)).await.is(201),
        house
            .caller("analyst")
            .post(
                "/v1/cases",
                &json!({"account": "parley", "ground": "phishing", "why": "It asks for passwords"}),
            )
            .await
            .is(201),
        house
            .caller("legal")
            .post(
                "/v1/holds",
                &json!({"account": "parley", "scope": "account", "runningState": true, "why": "A hearing"}),
            )
            .await
            .is(201),
        house
            .caller("parley/owner")
            .post("/v1/cases/parley.c1/cures", &json!({"item": "post-1", "remedy": "It is gone"}))
            .await
            .is(201),
        admin.yaml("/v1/rules", tenured::story::RULE.replace("notify", "shadow")).await.is(201),
        admin.json("PUT", "/v1/people/zoe", &[], &json!({"roles": ["support"]})).await.is(200),
        admin
            .json("PUT", "/v1/accounts/parley/members/kim", &[], &json!({"roles": ["viewer"]}))
            .await
            .is(200),
    ];
    for written in made {
        let href = written.field("href");
        if written.status == 201 {
            assert_eq!(written.header("location"), href, "{}", written.asked);
        }
        assert!(!written.header("etag").is_empty(), "{}", written.asked);
        admin.get(&href).await.is(200);
    }
    house.close().await;
}

#[tokio::test]
async fn every_answer_carries_the_requests_id() {
    let house = House::open().await;
    let id = [("x-request-id", "from-the-client")];
    for path in ["/v1/accounts", "/v1/accounts/nosuch", "/nowhere", "/healthz"] {
        let answer = house.caller("administrator").send("GET", path, &id, Vec::new()).await;
        assert_eq!(answer.header("x-request-id"), "from-the-client", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        let made = house.caller("administrator").get(path).await;
        assert_eq!(made.header("x-request-id").len(), 36, "{path}");
        let long = "x".repeat(129);
        assert_eq!(
            house.stranger().send("GET", path, &[("x-request-id", long.as_str())], Vec::new()).await.status,
            400
        );
    }
    house.caller("administrator").get("/v1/accounts/nosuch").await.problem();
    house.close().await;
}
