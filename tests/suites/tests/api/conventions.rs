//! What holds for every operation of the document, tried on each.

use serde_json::{Value, json};
use tenure_wire::problem;

use crate::ask::{Answer, Caller};
use crate::house::House;
use crate::matrix::someone_who_may;
use crate::operations::{self, Operation, existing};

/// Whether the document has a response or parameter of an operation.
fn answers(operation: &Operation, status: &str) -> bool {
    operation.spec["responses"].get(status).is_some()
}

fn takes(operation: &Operation, name: &str) -> bool {
    operation.spec["parameters"].as_array().is_some_and(|all| all.iter().any(|p| p["name"] == name))
}

async fn ask(house: &House, operation: &Operation, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let caller = house.caller(&someone_who_may(&operation.id));
    let mut all = vec![("content-type", operation.media_type().unwrap_or("application/json"))];
    all.extend_from_slice(headers);
    caller.send(&operation.method, &operation.at(|p| existing(house, p)), &all, body).await
}

fn is_declared(operation: &Operation, answer: &Answer) {
    assert!(
        answers(operation, &answer.status.to_string()),
        "{}: {} is not declared",
        operation.id,
        answer.status
    );
    let of = |response: &Value| {
        let named = response["$ref"]
            .as_str()
            .map(|r| operations::document().pointer(r.trim_start_matches('#')).cloned());
        named.map_or_else(|| response.clone(), |found| found.unwrap_or_else(|| panic!("{response}")))
    };
    let response = of(&operation.spec["responses"][answer.status.to_string()]);
    assert!(response["headers"].get("X-Request-Id").is_some(), "{}", operation.id);
    for header in ["etag", "location", "retry-after", "idempotency-replayed"] {
        let declared = response["headers"]
            .as_object()
            .is_some_and(|all| all.keys().any(|k| k.eq_ignore_ascii_case(header)));
        assert!(declared || answer.header(header).is_empty(), "{}: {header} is not declared", operation.id);
    }
}

#[tokio::test]
async fn every_answer_bears_the_requests_id_and_a_status_that_the_document_names() {
    let house = House::furnished().await;
    for operation in operations::all() {
        let id = [("x-request-id", "r-7")];
        for answer in [
            ask(&house, &operation, &id, operation.body(&house, "parley")).await,
            ask(&house, &operation, &id, b"{".to_vec()).await,
            house
                .stranger()
                .send(&operation.method, &operation.at(|p| existing(&house, p)), &id, Vec::new())
                .await,
        ] {
            assert_eq!(answer.header("x-request-id"), "r-7", "{}", operation.id);
            is_declared(&operation, &answer);
        }
        // Another method, and no such path.
        let path = operation.at(|p| existing(&house, p));
        let caller = house.caller("administrator");
        let other = caller.send("PATCH", &path, &id, Vec::new()).await;
        assert!(
            other.status == 405 && !other.header("allow").is_empty(),
            "{}: {}",
            other.asked,
            other.status
        );
        assert_eq!((other.kind().as_str(), other.header("x-request-id")), ("method-not-allowed", "r-7"));
        let none = caller
            .send(
                &operation.method,
                &format!("{}/x/y/z", operation.path.replace(['{', '}'], "")),
                &id,
                Vec::new(),
            )
            .await;
        assert!(matches!(none.status, 404 | 405), "{}: {}", none.asked, none.status);
        assert_eq!(none.header("x-request-id"), "r-7");
    }
    house.close().await;
}

#[tokio::test]
async fn every_read_of_one_thing_has_a_tag_and_says_that_nothing_changed() {
    let house = House::furnished().await;
    let mut tried = 0;
    for operation in operations::all().iter().filter(|o| o.method == "GET") {
        let first = ask(&house, operation, &[], Vec::new()).await;
        let tag = first.header("etag").to_owned();
        assert_eq!(
            answers(operation, "304"),
            !tag.is_empty() || operation.id == "getPerson",
            "{}",
            operation.id
        );
        if tag.is_empty() {
            continue;
        }
        tried += 1;
        let first = first.is(200);
        for at_hand in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let same = ask(&house, operation, &[("if-none-match", &at_hand)], Vec::new()).await.is(304);
            assert!(same.body.is_empty() && same.header("etag") == tag, "{}", operation.id);
            is_declared(operation, &same);
        }
        let changed = ask(&house, operation, &[("if-none-match", "\"other\"")], Vec::new()).await.is(200);
        assert_eq!(changed.body, first.body, "{}", operation.id);
        for unfit in ["12", "", "\"12", "x\"12\"", "\"1\" \"2\""] {
            let answer = ask(&house, operation, &[("if-none-match", unfit)], Vec::new()).await.is(400);
            assert_eq!(answer.at(), "If-None-Match", "{}", operation.id);
        }
    }
    assert!(tried >= 13, "only {tried} were tried");
    house.close().await;
}

#[tokio::test]
async fn a_tag_changes_with_what_is_shown_and_serves_a_write() {
    let house = House::furnished().await;
    let owner = house.caller("parley/owner");
    let path = "/v1/accounts/parley/environments/web/workloads/site";
    let read = owner.get(path).await.is(200);
    let mut spec = crate::house::workload();
    spec["replicas"] = json!(2);
    let put = async |tag: &str| owner.json("PUT", path, &[("if-match", tag)], &spec).await;
    put(read.header("etag")).await.is(200);
    let after = owner.send("GET", path, &[("if-none-match", read.header("etag"))], Vec::new()).await.is(200);
    assert_ne!(after.header("etag"), read.header("etag"));
    assert_eq!(put(read.header("etag")).await.is(412).kind(), "stale");
    // Roles are set as a whole; a condition is kept where one is sent.
    let admin = house.caller("administrator");
    let set = async |headers: &[(&str, &str)]| {
        admin.json("PUT", "/v1/people/zoe", headers, &json!({"roles": ["support"]})).await
    };
    set(&[("if-none-match", "*")]).await.is(200);
    set(&[("if-none-match", "*")]).await.is(412);
    let tag = admin.get("/v1/people/zoe").await.is(200).header("etag").to_owned();
    set(&[("if-match", &tag)]).await.is(200);
    set(&[("if-match", "\"7\"")]).await.is(412);
    set(&[]).await.is(200);
    house.close().await;
}

#[tokio::test]
async fn every_write_that_compares_a_version_refuses_one_that_is_past() {
    let house = House::furnished().await;
    let before = house.record().await;
    let mut tried = 0;
    for operation in operations::all().iter().filter(|o| o.method != "GET") {
        let body = operation.body(&house, "parley");
        if answers(operation, "428") {
            let blind = ask(&house, operation, &[], body.clone()).await.is(428);
            assert_eq!(blind.kind(), "precondition-required", "{}", operation.id);
        }
        if takes(operation, "If-Match") {
            let stale = ask(&house, operation, &[("if-match", "\"999999\"")], body).await.is(412);
            assert_eq!(stale.kind(), "stale", "{}", operation.id);
            tried += 1;
        } else if operation.id != "issueToken" {
            let answer = ask(&house, operation, &[("if-match", "\"1\"")], body).await.is(400);
            assert_eq!(answer.at(), "If-Match", "{}: a version that nobody compares", operation.id);
        }
    }
    assert!(tried >= 25, "only {tried} were tried");
    assert_eq!(house.record().await, before);
    house.close().await;
}

#[tokio::test]
async fn every_write_under_a_key_is_done_once() {
    let house = House::furnished().await;
    let mut done = 0;
    for operation in operations::all().iter().filter(|o| takes(o, "Idempotency-Key")) {
        let key = format!("once-{}", operation.id);
        let mut headers = vec![("idempotency-key", key.as_str())];
        let tag;
        if answers(operation, "428") {
            let account = house.caller("parley/owner").get("/v1/accounts/parley").await.is(200);
            tag = format!("\"{}\"", account.json()["version"]);
            headers.push(("if-match", tag.as_str()));
        }
        let body = operation.body(&house, "parley");
        let first = ask(&house, operation, &headers, body.clone()).await;
        is_declared(operation, &first);
        if first.status >= 300 {
            continue;
        }
        done += 1;
        let before = house.record().await;
        let again = ask(&house, operation, &headers, body.clone()).await.is(first.status);
        assert_eq!(again.header("idempotency-replayed"), "true", "{}", operation.id);
        assert_eq!(
            (&again.body, again.header("location")),
            (&first.body, first.header("location")),
            "{}",
            operation.id
        );
        is_declared(operation, &again);
        if operation.media_type().is_some() {
            let mut other = body;
            other.push(b'\n');
            let reused = ask(&house, operation, &headers, other).await.is(422);
            assert_eq!(reused.kind(), "idempotency-key-reused", "{}", operation.id);
        }
        assert_eq!(house.record().await, before, "{}", operation.id);
    }
    assert!(done >= 10, "only {done} were done");
    house.close().await;
}

#[test]
fn every_list_has_pages() {
    let document = operations::document();
    let mut tried = 0;
    for operation in operations::all() {
        let schema = &operation.spec["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
        let Some(page) = schema.as_str().filter(|name| name.contains("/Page_")) else { continue };
        let page = document.pointer(page.trim_start_matches('#')).unwrap();
        assert!(page["properties"].get("nextPageToken").is_some(), "{}", operation.id);
        assert!(takes(&operation, "pageSize") && takes(&operation, "pageToken"), "{}", operation.id);
        tried += 1;
    }
    let lists =
        operations::all().iter().filter(|o| o.id.starts_with("list") || o.id == "getTimeline").count();
    assert_eq!(tried, lists);
}

/// The kinds of problems that the sources make.
fn kinds_made() -> Vec<(String, u16)> {
    let mut found = Vec::new();
    let mut folders =
        vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/api/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for made in text.split("Problem::new(").skip(1) {
                let quoted: Vec<&str> = made.split('"').collect();
                let status = quoted[4].trim_matches(|c: char| !c.is_ascii_digit()).split(')').next().unwrap();
                found.push((
                    quoted[1].to_owned(),
                    status.parse().unwrap_or_else(|e| panic!("{path:?}: {status:?}: {e}")),
                ));
            }
        }
    }
    found
}

#[test]
fn every_kind_of_problem_is_explained_to_users() {
    let guide = include_str!("../../../../docs/api.md");
    let made = kinds_made();
    assert!(made.len() >= problem::KINDS.len(), "only {} places make problems", made.len());
    for (kind, status) in &made {
        let known =
            problem::KINDS.iter().find(|k| k.0 == kind).unwrap_or_else(|| panic!("{kind} is not in KINDS"));
        assert!(known.1.contains(status), "{kind} with {status} is not in KINDS");
    }
    for (kind, ..) in problem::KINDS {
        assert!(made.iter().any(|(made, _)| made == kind), "nobody makes {kind}");
        assert!(guide.contains(&format!("\n| `{kind}` |")), "docs/api.md does not explain {kind}");
    }
}

#[tokio::test]
async fn a_members_list_of_accounts_keeps_to_the_form_of_page_tokens_too() {
    let house = House::open().await;
    let caller: Caller = house.caller("parley/viewer");
    assert_eq!(caller.get("/v1/accounts?pageToken=!!").await.is(400).at(), "pageToken");
    assert_eq!(caller.get("/v1/events?stream=parley").await.status, 404);
    assert_eq!(house.caller("auditor").get("/v1/events?stream=parley").await.is(400).at(), "stream");
    house.close().await;
}
