//! The OpenAPI document: committed, fresh, and sound by itself.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::house::House;
use crate::operations::{self, document};

const COMMITTED: &str = include_str!("../../../../docs/openapi.json");

#[test]
fn the_committed_document_is_the_servers() {
    let fresh = serde_json::to_string_pretty(&tenure_api::openapi()).unwrap() + "\n";
    assert!(fresh == COMMITTED, "docs/openapi.json is stale: run `tenured openapi > docs/openapi.json`");
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                found.insert(reference.clone());
            }
            fields.values().for_each(|v| references(v, found));
        }
        Value::Array(items) => items.iter().for_each(|v| references(v, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_led_to() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in schemas.keys() {
        // A page of things holds its things' schema in place.
        let in_page = schemas.contains_key(&format!("Page_{name}"));
        assert!(
            in_page || found.contains(&format!("#/components/schemas/{name}")),
            "nothing leads to {name}"
        );
    }
}

#[test]
fn every_operation_is_described_in_full() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["security"], serde_json::json!([{"bearer": []}]));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    let mut ids = BTreeSet::new();
    for operation in operations::all() {
        let spec = &operation.spec;
        let id = &operation.id;
        assert!(ids.insert(id.clone()), "{id} names two operations");
        assert_eq!(spec["tags"].as_array().unwrap().len(), 1, "{id}");
        assert!(!spec["summary"].as_str().unwrap().is_empty(), "{id}");
        assert!(spec["responses"].get("default").is_none(), "{id}: name every status");
        for (status, response) in spec["responses"].as_object().unwrap() {
            let is_problem = status.starts_with(['4', '5']);
            assert_eq!(response.get("$ref").is_some(), is_problem, "{id}: {status}");
            assert!(is_problem || !response["description"].as_str().unwrap().is_empty(), "{id}: {status}");
        }
        assert!(spec["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2')), "{id}");
        let parameters: Vec<&Value> = spec["parameters"].as_array().into_iter().flatten().collect();
        let of = |place: &str| {
            parameters
                .iter()
                .filter(|p| p["in"] == place)
                .map(|p| p["name"].as_str().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("path"), operation.parameters(), "{id}");
        assert!(parameters.iter().all(|p| p["in"] != "path" || p["required"] == true), "{id}");
        let once = !matches!(id.as_str(), "issueToken" | "issueKubeconfig" | "makeWebhookSecret")
            && operation.method != "GET";
        assert_eq!(of("header").contains(&"Idempotency-Key"), once, "{id}");
        assert!(spec.get("security").is_none() || operation.is_public(), "{id}");
        assert_eq!(operation.is_public(), !operation.path.starts_with("/v1/"), "{id}");
    }
}

#[tokio::test]
async fn the_server_shows_its_document_to_anyone() {
    let house = House::open().await;
    let shown = house.stranger().get("/openapi.json").await.is(200);
    assert_eq!(shown.header("content-type"), "application/json");
    assert_eq!(shown.json(), document());
    house.close().await;
}
