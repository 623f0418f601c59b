//! What is told of every request: one line of the log, and the numbers at `/metrics`. Never a token, a body, a query or
//! a path with its ids: the route's template only.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::propagation::Extractor;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use tenure_engine::Engine;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::{App, limits};

/// The media type of the text that Prometheus reads.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    route: String,
    method: &'static str,
}

/// The instruments of the API. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub struct Telemetry {
    answered: Family<Answered, Counter>,
    seconds: Family<Asked, Histogram>,
    under_way: Gauge,
}

impl Default for Telemetry {
    fn default() -> Self {
        let seconds = || Histogram::new(exponential_buckets(0.000_5, 2.0, 17));
        Self {
            answered: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            under_way: Gauge::default(),
        }
    }
}

/// Who a request turned out to come from; the extractor of calls writes it.
#[derive(Debug, Clone, Default)]
pub struct Principal(Arc<OnceLock<String>>);

impl Principal {
    /// Notes who calls.
    pub fn is(&self, principal: &tenure_access::Principal) {
        // The first extractor has said it.
        drop(self.0.set(principal.to_string()));
    }
}

/// Counts a request as under way for as long as it lives, also where its client goes away.
struct UnderWay(Gauge);

impl UnderWay {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Tells of one request. While the server drains, its answer also closes the connection, so that none is idle when the
/// server stops listening.
pub async fn told(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let telemetry = &app.telemetry;
    let under_way = UnderWay::new(&telemetry.under_way);
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = known(request.method());
    let principal = Principal::default();
    request.extensions_mut().insert(principal.clone());
    let began = Instant::now();
    let mut response = next.run(request).await;
    let seconds = began.elapsed().as_secs_f64();
    drop(under_way);
    if app.draining.is_cancelled() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let status = response.status().as_u16();
    let id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    // One that is too long was refused and is echoed all the same.
    let id = id.filter(|id| id.len() <= limits::REQUEST_ID).unwrap_or_default();
    let by = principal.0.get().map_or("", String::as_str);
    let milliseconds = (seconds * 1e6).round() / 1e3;
    if matches!(route.as_str(), "/healthz" | "/readyz") {
        tracing::debug!(id, principal = by, method, route, status, milliseconds, "request");
    } else {
        tracing::info!(id, principal = by, method, route, status, milliseconds, "request");
    }
    let class = match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    telemetry.answered.get_or_create(&Answered { route: route.clone(), method, status: class }).inc();
    telemetry.seconds.get_or_create(&Asked { route, method }).observe(seconds);
    response
}

/// Names a request's span by its route, and joins it to the trace that the caller's `traceparent` names (W3C Trace
/// Context). Without a collector it does nothing.
pub fn joined(span: &Span, request: &Request) {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    span.record("otel.name", format!("{} {route}", known(request.method())));
    let context = opentelemetry::global::get_text_map_propagator(|p| p.extract(&Headers(request.headers())));
    // Where nobody collects spans there is nothing to join.
    drop(span.set_parent(context));
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}

/// The method's name; a client's own inventions are all one.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

struct Shown {
    registry: Registry,
    engine: Engine,
}

/// The routes of the metrics' own listener: `/metrics`, in the OpenMetrics text format.
/// `more` adds the instruments of what runs beside the API.
pub fn metrics(app: &App, more: impl FnOnce(&mut Registry)) -> Router {
    let mut registry = Registry::default();
    let build = vec![("version", env!("CARGO_PKG_VERSION"))];
    registry.register("tenure_build", "The program that runs", Info::new(build));
    let started: Gauge = Gauge::default();
    started.set(app.engine.started_at());
    registry.register_with_unit(
        "process_start_time",
        "When the server was started, in seconds since 1970",
        Unit::Seconds,
        started,
    );
    let of = registry.sub_registry_with_prefix("tenure_http");
    of.register("requests", "Requests that were answered", app.telemetry.answered.clone());
    of.register_with_unit(
        "request",
        "How long an answer took, up to its header",
        Unit::Seconds,
        app.telemetry.seconds.clone(),
    );
    of.register("requests_under_way", "Requests under way", app.telemetry.under_way.clone());
    app.engine.register(&mut registry);
    more(&mut registry);
    let shown = Arc::new(Shown { registry, engine: app.engine.clone() });
    Router::new().route("/metrics", axum::routing::get(show)).with_state(shown)
}

async fn show(State(shown): State<Arc<Shown>>) -> Response {
    // What cannot be looked at keeps its last value; that the store fails is told by readiness.
    if let Err(error) = shown.engine.observe().await {
        tracing::warn!(%error, "some metrics could not be read");
    }
    let mut text = String::new();
    if prometheus_client::encoding::text::encode(&mut text, &shown.registry).is_err() {
        tracing::error!("the metrics could not be written");
    }
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
    response
}
