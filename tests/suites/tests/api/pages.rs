//! Lists that are read in pages while they grow.

use serde_json::json;

use crate::ask::Caller;
use crate::house::{House, report_about};

/// One page: the keys of its items, and where to go on.
async fn page(caller: &Caller, path: &str, token: Option<&str>, key: &str) -> (Vec<String>, Option<String>) {
    let join = if path.contains('?') { '&' } else { '?' };
    let token = token.map(|t| format!("&pageToken={t}")).unwrap_or_default();
    let page = caller.get(&format!("{path}{join}pageSize=3{token}")).await.is(200).json();
    let keys: Vec<String> =
        page["items"].as_array().unwrap().iter().map(|item| item[key].to_string()).collect();
    assert!(keys.len() <= 3 && !keys.is_empty());
    (keys, page["nextPageToken"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn seven_pages_of_reports_and_events_skip_and_repeat_nothing_while_more_come_in() {
    let house = House::furnished().await;
    let reporter = house.caller("reporter");
    let mut posts = 0..;
    let mut next_report = || report_about(posts.next().unwrap(), &house.evidence);
    for _ in 2..19 {
        reporter.post("/v1/reports", &next_report()).await.is(201);
    }
    for (holder, path, key) in [
        ("analyst", "/v1/reports?account=parley", "id"),
        ("parley/viewer", "/v1/reports", "id"),
        ("auditor", "/v1/events", "position"),
        ("parley/owner", "/v1/events?stream=account/parley", "n"),
    ] {
        let caller = house.caller(holder);
        let (mut seen, mut token) = (Vec::new(), None);
        let mut pages = 0;
        loop {
            let (keys, next) = page(&caller, path, token.as_deref(), key).await;
            seen.extend(keys);
            pages += 1;
            if pages <= 4 {
                reporter.post("/v1/reports", &next_report()).await.is(201);
                let hold = json!({"account": "parley", "scope": "account", "runningState": false, "why": "A hearing"});
                house.caller("legal").post("/v1/holds", &hold).await.is(201);
            }
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert!(pages >= 7, "{path}: {pages} pages");
        let all = caller
            .get(&format!("{path}{}pageSize=200", if path.contains('?') { '&' } else { '?' }))
            .await
            .is(200)
            .json();
        assert!(all.get("nextPageToken").is_none());
        let mut all: Vec<String> =
            all["items"].as_array().unwrap().iter().map(|item| item[key].to_string()).collect();
        // What came in after the last page was read is not on it.
        all.truncate(seen.len());
        assert_eq!(seen, all, "{path}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_list_of_names_neither_repeats_nor_skips_when_names_are_put_between() {
    let house = House::open().await;
    let admin = house.caller("administrator");
    let hire = async |name: &str| {
        admin.json("PUT", &format!("/v1/people/{name}"), &[], &json!({"roles": ["support"]})).await.is(200)
    };
    let (first, token) = page(&admin, "/v1/people", None, "id").await;
    hire("aaa").await;
    hire("zzz").await;
    let (mut seen, mut token) = (first, token);
    while let Some(next) = token {
        let (keys, after) = page(&admin, "/v1/people", Some(&next), "id").await;
        seen.extend(keys);
        token = after;
    }
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(seen, sorted);
    assert!(seen.contains(&"\"zzz\"".to_owned()) && !seen.contains(&"\"aaa\"".to_owned()), "{seen:?}");
    house.close().await;
}
