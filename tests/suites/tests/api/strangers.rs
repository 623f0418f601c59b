//! What those get who have no token, a wrong one, or one of another account; wrong methods and names that are none.

use serde_json::json;
use tenure_access::Role;

use crate::ask::Answer;
use crate::house::{House, RIVAL};
use crate::operations::{self, Operation, existing, missing};

/// What belongs to the provider as a whole: a member of any account is told that it may not.
const PROVIDERS: [&str; 26] = [
    "readClock",
    "confirmClock",
    "openAccount",
    "uploadEvidence",
    "listPeople",
    "getPerson",
    "setPerson",
    "listTerms",
    "publishTerms",
    "listRules",
    "publishRule",
    "listUndeliverable",
    "getParityReport",
    "undoRule",
    "issueToken",
    "revokeToken",
    "listAccounts",
    "listWebhooks",
    "getWebhook",
    "putWebhook",
    "removeWebhook",
    "makeWebhookSecret",
    "pingWebhook",
    "listDeliveries",
    "getDelivery",
    "redeliverMessage",
];

/// What every member may read, of whatever account.
const EVERYBODYS: [&str; 2] = ["listClusters", "getCluster"];

#[tokio::test]
async fn without_a_valid_token_nothing_but_the_public_log_answers() {
    let house = House::furnished().await;
    let before = house.record().await;
    let forged = format!("tenure_{}", "0".repeat(64));
    let real = house.secrets().remove(0);
    let cut = real.get(..real.len() - 1).unwrap().to_owned();
    for operation in operations::all() {
        let path = operation.at(|p| existing(&house, p));
        for authorization in [
            None,
            Some(String::new()),
            Some(format!("Bearer {forged}")),
            Some(format!("Bearer {cut}")),
            Some(format!("Basic {real}")),
            Some(real.clone()),
            Some("Bearer".to_owned()),
            Some("Bearer ".to_owned()),
        ] {
            let header = authorization.as_deref().map(|value| ("authorization", value));
            let headers: Vec<_> = header.into_iter().chain([("content-type", "application/json")]).collect();
            let answer = house.stranger().send(&operation.method, &path, &headers, b"{}".to_vec()).await;
            if operation.is_public() {
                answer.is(200);
                continue;
            }
            let answer = answer.is(401);
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{}", answer.asked);
            assert_eq!(answer.kind(), "unauthenticated");
        }
    }
    assert_eq!(house.record().await, before);
    house.close().await;
}

#[tokio::test]
async fn law_16_to_members_of_another_account_what_exists_and_what_does_not_are_the_same() {
    let house = House::furnished().await;
    let before = house.record().await;
    let hidden = |o: &&Operation| {
        !o.is_public() && !PROVIDERS.contains(&o.id.as_str()) && !EVERYBODYS.contains(&o.id.as_str())
    };
    for operation in operations::all().iter().filter(hidden) {
        for role in Role::ALL.iter().filter(|r| r.is_members()) {
            let member = house.caller(&format!("{RIVAL}/{role}"));
            let theirs = operation.at(|p| existing(&house, p));
            let nobodys = operation.at(|p| missing(&house, p));
            let there = operation.send(&member, &theirs, operation.body(&house, "parley")).await;
            let not_there = operation.send(&member, &nobodys, operation.body(&house, "nosuch")).await;
            assert_eq!(there.told(), not_there.told(), "{} as {role}", operation.id);
            // Whoever may read no evidence at all is told that, whatever is asked for.
            let status = if operation.id == "getEvidence" && *role != Role::Owner { 403 } else { 404 };
            assert_eq!(there.is(status).headers.len(), not_there.headers.len());
        }
    }
    assert_eq!(house.record().await, before);
    house.close().await;
}

#[tokio::test]
async fn law_16_a_member_cannot_probe_another_account_through_a_body_or_a_list() {
    let house = House::furnished().await;
    let member = house.caller(&format!("{RIVAL}/owner"));
    for operation in
        operations::all().iter().filter(|o| PROVIDERS.contains(&o.id.as_str()) && o.id != "listAccounts")
    {
        let theirs = operation.at(|p| existing(&house, p));
        let nobodys = operation.at(|p| missing(&house, p));
        let there = operation.send(&member, &theirs, operation.body(&house, "parley")).await.is(403);
        let not_there = operation.send(&member, &nobodys, operation.body(&house, "nosuch")).await;
        assert_eq!(there.told(), not_there.told(), "{}", operation.id);
    }
    // Reports that are there and reports that are not, in a case that may not be opened anyway.
    let case =
        |report: &str| json!({"account": "parley", "ground": "incitement", "why": "?", "reports": [report]});
    let there = member.post("/v1/cases", &case("parley.r1")).await.is(404);
    assert_eq!(there.told(), member.post("/v1/cases", &case("parley.r99")).await.told());
    // Terms that are published and terms that are not.
    let open = |version: &str| json!({"account": "x", "terms": {"id": "cloud-agreement", "version": version}, "plan": {"cpuMillis": 1, "memoryMib": 1, "storageMib": 1, "pods": 1}});
    let there = member.post("/v1/accounts", &open("2020-04")).await.is(403);
    assert_eq!(there.told(), member.post("/v1/accounts", &open("1999-01")).await.told());
    let own = member.get("/v1/accounts").await.is(200);
    assert_eq!(crate::house::ids(&own), [RIVAL]);
    let everything = member.get("/v1/events").await.is(404);
    assert_eq!(everything.told(), member.get("/v1/events?stream=report/parley.r1").await.told());
    house.close().await;
}

#[tokio::test]
async fn a_wrong_method_is_told_which_are_right() {
    let house = House::open().await;
    let caller = house.caller("administrator");
    let all = operations::all();
    for operation in &all {
        let path = operation.at(|p| missing(&house, p));
        let right: Vec<&str> =
            all.iter().filter(|o| o.path == operation.path).map(|o| o.method.as_str()).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            if right.contains(&method) {
                continue;
            }
            let answer = caller.send(method, &path, &[], Vec::new()).await.is(405);
            assert_eq!(answer.kind(), "method-not-allowed");
            let allowed: Vec<&str> = answer.header("allow").split(',').filter(|m| *m != "HEAD").collect();
            let mut sorted = (allowed.clone(), right.clone());
            sorted.0.sort_unstable();
            sorted.1.sort_unstable();
            assert_eq!(sorted.0, sorted.1, "{path}");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn names_that_are_none_name_nothing() {
    let house = House::furnished().await;
    let before = house.record().await;
    let long = "a".repeat(3_000);
    let garbage = [
        long.as_str(),
        "%00",
        "parley%00",
        "%2e%2e",
        "..",
        ".",
        "%2F",
        "%F0%9F%A6%80",
        "%C3%28",
        "%zz",
        "%",
        "-",
        "Parley",
        "parley.",
        "parley.x1",
        "parley.m0",
        "parley.m99999999999",
        "'%20OR%201=1",
        "%25",
        "*",
        "{account}",
        "%0d%0aset-cookie:%20a",
    ];
    for operation in operations::all() {
        let caller = house.caller(&crate::matrix::someone_who_may(&operation.id));
        for parameter in operation.parameters() {
            for name in garbage {
                let path =
                    operation.at(|p| if p == parameter { name.to_owned() } else { existing(&house, p) });
                let answer = caller.raw(&operation.method, &path).await;
                // The body `{}` is read where a name can be one: a number that is missing, a slug such as `-`.
                refused(&operation, &answer);
            }
            let path = operation.at(|p| if p == parameter { String::new() } else { existing(&house, p) });
            let answer = caller.raw(&operation.method, &path).await;
            assert!(matches!(answer.status, 404 | 405), "{}: {}", answer.asked, answer.text());
        }
    }
    assert_eq!(house.record().await, before);
    house.close().await;
}

#[track_caller]
fn refused(operation: &Operation, answer: &Answer) {
    // `*` and the like are streams' names as good as any, only of no stream.
    assert_eq!(answer.status, 404, "{} {}: {}", operation.id, answer.asked, answer.text());
    assert_eq!(answer.kind(), "not-found");
}
