use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::routing::get;
use tenure_engine::EngineError;
use tower::ServiceExt as _;

use super::*;

/// Far less than a test may take, far more than a route that answers needs.
const TIME: Duration = Duration::from_millis(200);

fn house() -> Router {
    let panics = || async {
        let broken: Result<u8, _> = "no number".parse::<u8>().map_err(|_| "a secret");
        broken.unwrap().to_string()
    };
    let breaks = || async {
        Err::<(), _>(Failure::from(EngineError::Defect { what: "a test".into(), detail: "worn".into() }))
    };
    let router = Router::new()
        .route("/breaks", get(breaks))
        .route("/answers", get(|| async { "well" }))
        .route("/panics", get(panics))
        .route("/hangs", get(std::future::pending::<&'static str>));
    let queries: Queries = HashMap::from([
        (("GET", "/answers".to_owned()), BTreeSet::from(["pageSize".to_owned()])),
        (("GET", "/panics".to_owned()), BTreeSet::new()),
    ]);
    around(router, Limits { request_time: TIME, ..Limits::default() }, queries)
}

async fn ask(uri: &str) -> (Response, Problem) {
    let request = Request::get(uri).header("x-request-id", "r-1").body(Body::empty()).unwrap();
    let (parts, body) = house().oneshot(request).await.unwrap().into_parts();
    let bytes = to_bytes(body, 1 << 20).await.unwrap();
    assert_eq!(
        parts.headers["content-type"],
        "application/problem+json",
        "{}",
        String::from_utf8_lossy(&bytes)
    );
    assert_eq!(parts.headers["x-request-id"], "r-1");
    let problem: Problem = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(problem.request_id.as_deref(), Some("r-1"));
    assert_eq!(problem.status, parts.status.as_u16());
    (Response::from_parts(parts, Body::empty()), problem)
}

#[tokio::test]
async fn a_handler_that_panics_is_a_problem_that_tells_nothing_of_the_inside() {
    let (response, problem) = ask("/panics").await;
    assert_eq!(response.status(), 500);
    assert_eq!(problem.kind, "https://tenure.dev/problems/internal");
    assert!(!serde_json::to_string(&problem).unwrap().contains("secret"));
    let again = Request::get("/answers").body(Body::empty()).unwrap();
    assert_eq!(house().oneshot(again).await.unwrap().status(), 200, "the server goes on");
}

/// What a server that logs warnings and errors writes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_the_log_says_of_a_defect_carries_the_requests_id() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    for (uri, said) in [("/breaks", "a defect"), ("/panics", "a handler panicked")] {
        let (_, problem) = ask(uri).await;
        assert!(problem.detail.unwrap().contains("in the server's log under the request's id"));
        let text = String::from_utf8(std::mem::take(&mut *log.0.lock().unwrap())).unwrap();
        let line = text.lines().find(|line| line.contains(said)).unwrap_or_else(|| panic!("{uri}: {text:?}"));
        assert!(line.contains("request{id=\"r-1\""), "{line}");
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_cut_off_with_a_problem() {
    let (response, problem) = ask("/hangs").await;
    assert_eq!(response.status(), 503);
    assert_eq!(problem.kind, "https://tenure.dev/problems/timeout");
    assert_eq!(response.headers()["retry-after"], "1");
}

#[tokio::test]
async fn a_misspelt_or_repeated_parameter_is_named() {
    let (response, problem) = ask("/answers?pageSize=2&pagesize=3").await;
    assert_eq!((response.status().as_u16(), problem.faults[0].at.as_str()), (400, "pagesize"));
    let (_, problem) = ask("/answers?pageSize=2&pageSize=3").await;
    assert_eq!(
        (problem.faults[0].at.as_str(), problem.faults[0].detail.as_str()),
        ("pageSize", "send it once")
    );
    let (_, problem) = ask("/panics?x").await;
    assert_eq!(problem.faults[0].detail, "this takes no parameters");
    let fine = Request::get("/answers?pageSize=2").body(Body::empty()).unwrap();
    assert_eq!(house().oneshot(fine).await.unwrap().status(), 200);
}

#[tokio::test]
async fn another_method_is_a_problem_that_names_the_methods() {
    let request = Request::delete("/answers").body(Body::empty()).unwrap();
    let response = house().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_request_without_an_id_is_given_one_and_an_unfit_one_is_refused() {
    let request = Request::get("/answers").body(Body::empty()).unwrap();
    let response = house().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["x-request-id"].len(), 36);
    for unfit in [String::new(), "x".repeat(129), "\u{e9}".to_owned()] {
        let id = HeaderValue::from_bytes(unfit.as_bytes()).unwrap();
        let request = Request::get("/answers").header("x-request-id", id).body(Body::empty()).unwrap();
        assert_eq!(house().oneshot(request).await.unwrap().status(), 400, "{unfit:?}");
    }
}
