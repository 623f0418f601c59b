//! What a running server tells its operators: its log, its metrics, its readiness.

use std::collections::BTreeMap;

use reqwest::Client;
use serde_json::{Value, json};

use crate::house::House;

const TABLE: &str = include_str!("../../../../docs/metrics.md");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_one_line_of_json_with_its_route_and_who_asked() {
    let house = House::new("cluster: {kind: none}\nstop: {drain: PT0S}");
    let token = house.bootstrap();
    let server = house.serve();
    let url = format!("{}/v1/accounts/parley?secret=in-the-query", server.api);
    let answer =
        Client::new().get(&url).bearer_auth(&token).header("x-request-id", "r-1").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 400);
    let line = server.wait_for(|line| line["id"] == "r-1");
    for (field, value) in [
        ("route", json!("/v1/accounts/{account}")),
        ("method", json!("GET")),
        ("status", json!(400)),
        ("level", json!("INFO")),
    ] {
        assert_eq!(line[field], value, "{line}");
    }
    assert!(line["milliseconds"].as_f64().unwrap() > 0.0, "{line}");
    let url = format!("{}/v1/people", server.api);
    for (id, token, principal) in [("r-2", token.as_str(), "person/mara"), ("r-3", "tenure_guessed", "")] {
        Client::new().get(&url).bearer_auth(token).header("x-request-id", id).send().await.unwrap();
        let line = server.wait_for(|line| line["id"] == id);
        assert_eq!(line["principal"], principal, "{line}");
    }
    let said = format!("{:?}", server.log());
    assert!(!said.contains(&token) && !said.contains("in-the-query") && !said.contains("guessed"));
}

/// The metrics of a scrape: name, type and help.
fn families(text: &str) -> BTreeMap<String, (String, String)> {
    let mut families: BTreeMap<String, (String, String)> = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|l| l.split_once(' ')) {
            families.entry(name.to_owned()).or_default().1 = help.trim_end_matches('.').to_owned();
        }
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' ')) {
            families.entry(name.to_owned()).or_default().0 = kind.to_owned();
        }
    }
    families
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_is_in_the_table_and_the_table_has_no_other() {
    let house = House::new("cluster: {kind: none}\nstop: {drain: PT0S}");
    house.bootstrap();
    let server = house.serve();
    for path in ["/healthz", "/v1/accounts/parley", "/v1/accounts/agora", "/nowhere/at/all"] {
        Client::new().get(format!("{}{path}", server.api)).send().await.unwrap();
    }
    let answer = Client::new().get(&server.metrics).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let text = answer.text().await.unwrap();
    let rows: Vec<String> = families(&text)
        .iter()
        .map(|(name, (kind, help))| {
            // Counters and the build's information are scraped under a longer name.
            let suffix = match kind.as_str() {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            format!("| `{name}{suffix}` | {kind} | {help} |")
        })
        .collect();
    let written: Vec<&str> = TABLE.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(rows == written, "docs/metrics.md is stale; its rows are:\n{}", rows.join("\n"));

    assert!(text.contains("tenure_ledger_size 2\n"), "{text}");
    let accounts: Vec<&str> = text
        .lines()
        .filter(|l| l.starts_with("tenure_http_requests_total") && l.contains("accounts"))
        .collect();
    assert_eq!(
        accounts,
        [r#"tenure_http_requests_total{route="/v1/accounts/{account}",method="GET",status="4xx"} 2"#],
        "two accounts, one row"
    );
    assert!(!text.contains("parley") && !text.contains("nowhere"), "no label grows with what is asked for");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_does_not_answer_degrades_a_server_and_takes_it_not_away() {
    let house = House::new("cluster: {kind: kubeconfig, kubeconfig: KUBECONFIG}\nstop: {drain: PT0S}");
    let kubeconfig = house.folder.path().join("kubeconfig");
    // Port 9 discards; nothing answers there.
    let dead = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "dead",
        "clusters": [{"name": "dead", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "dead", "user": {}}],
        "contexts": [{"name": "dead", "context": {"cluster": "dead", "user": "dead"}}],
    });
    std::fs::write(&kubeconfig, dead.to_string()).unwrap();
    let text = std::fs::read_to_string(house.config()).unwrap();
    std::fs::write(house.config(), text.replace("KUBECONFIG", &kubeconfig.display().to_string())).unwrap();
    let server = house.serve();
    let answer = Client::new().get(format!("{}/readyz", server.api)).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let ready: Value = answer.json().await.unwrap();
    assert_eq!(ready["status"], "degraded");
    let states: BTreeMap<&str, &str> = ready["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["name"].as_str().unwrap(), c["state"].as_str().unwrap()))
        .collect();
    for (name, state) in [
        ("accepting", "ok"),
        ("store", "ok"),
        ("migrations", "ok"),
        ("writer", "ok"),
        ("log", "ok"),
        ("cluster", "degraded"),
    ] {
        assert_eq!(states.get(name), Some(&state), "{ready}");
    }
}
