//! Spans that reach a collector.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::json;

use crate::house::House;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_followed_from_its_caller_to_the_group_that_commits_it() {
    let received: Arc<Mutex<Vec<Span>>> = Arc::default();
    let kept = Arc::clone(&received);
    let collect = move |body: Bytes| async move {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let spans = request.resource_spans.into_iter().flat_map(|r| r.scope_spans).flat_map(|s| s.spans);
        kept.lock().unwrap().extend(spans);
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let collector = Router::new().route("/v1/traces", post(collect));
    tokio::spawn(async { axum::serve(listener, collector).await.unwrap() });

    let house = House::new(&format!(
        "cluster: {{kind: none}}\nstop: {{drain: PT0S}}\notlp: {{endpoint: '{endpoint}'}}"
    ));
    let token = house.bootstrap();
    let mut server = house.serve();
    let answer = reqwest::Client::new()
        .put(format!("{}/v1/people/ines", server.api))
        .bearer_auth(&token)
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .json(&json!({"roles": ["analyst"]}))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success());
    server.signal("-TERM");
    let code = tokio::task::spawn_blocking(move || (server.ended(), server.log())).await.unwrap();
    assert_eq!(code.0, Some(0), "{:#?}", code.1);

    let spans = received.lock().unwrap().clone();
    let named =
        |name: &str| spans.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("no {name}: {spans:#?}"));
    let request = named("PUT /v1/people/{person}");
    assert_eq!(hex::encode(&request.trace_id), TRACE);
    assert_eq!(hex::encode(&request.parent_span_id), CALLER);
    let submission = named("submission");
    assert_eq!((&submission.trace_id, &submission.parent_span_id), (&request.trace_id, &request.span_id));
    let group = spans
        .iter()
        .filter(|s| s.name == "group")
        .find(|s| s.links.iter().any(|l| l.span_id == submission.span_id));
    assert!(group.is_some(), "the group's span links to the submission's: {spans:#?}");
    assert!(!format!("{spans:?}").contains(&token));
}
