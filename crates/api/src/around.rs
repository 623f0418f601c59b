//! What surrounds every route: the request's id, the bound of time, problems for what no handler answers, and for a
//! handler that panics.

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Query, State};
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tenure_wire::Problem;
use tokio::sync::OwnedSemaphorePermit;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::bounds::Bounds;
use crate::document::Queries;
use crate::limits::{self, Limits};
use crate::problem::Failure;
use crate::telemetry;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The routes with what surrounds them. A request takes at most its time, except one that moves the simulated clock.
pub fn around<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    limits: Limits,
    queries: Queries,
) -> Router<S> {
    let bounds = Arc::new(Bounds::new(limits));
    router
        .fallback(async || Failure::not_found())
        .method_not_allowed_fallback(async || {
            Failure::from(
                Problem::new("method-not-allowed", "Not this method", 405)
                    .detail("The Allow header names the methods that this path has."),
            )
        })
        .layer(
            ServiceBuilder::new()
                .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
                .layer(PropagateRequestIdLayer::new(REQUEST_ID))
                .layer(middleware::from_fn_with_state(bounds, bounded))
                .layer(CatchPanicLayer::custom(panicked))
                .layer(middleware::from_fn_with_state(Arc::new(queries), known_parameters)),
        )
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Failure::from(
        Problem::new("internal", "A defect of the server", 500)
            .detail("It is in the server's log under the request's id."),
    )
    .into_response()
}

/// A misspelt or repeated parameter would otherwise be ignored, and the answer be another one than was asked for.
async fn known_parameters(
    State(queries): State<Arc<Queries>>,
    request: Request<axum::body::Body>,
    next: Next,
) -> Response {
    if let Some(unfit) = unfit_parameter(&queries, &request) {
        return unfit.into_response();
    }
    next.run(request).await
}

fn unfit_parameter(queries: &Queries, request: &Request<axum::body::Body>) -> Option<Failure> {
    request.uri().query().filter(|q| !q.is_empty())?;
    let path = request.extensions().get::<MatchedPath>()?.as_str().to_owned();
    let method = if request.method() == "HEAD" { "GET" } else { request.method().as_str() };
    let known = queries.iter().find(|((m, p), _)| *m == method && *p == path).map(|(_, known)| known)?;
    let Ok(Query(sent)) = Query::<Vec<(String, String)>>::try_from_uri(request.uri()) else {
        return Some(Failure::parameter("query", "send NAME=VALUE pairs, percent-encoded"));
    };
    let mut seen = BTreeSet::new();
    for (name, _) in &sent {
        if !known.contains(name) {
            let names: Vec<&str> = known.iter().map(String::as_str).collect();
            let detail = match names.as_slice() {
                [] => "this takes no parameters".to_owned(),
                names => format!("not one of {}", names.join(", ")),
            };
            return Some(Failure::parameter(name, detail));
        }
        if !seen.insert(name) {
            return Some(Failure::parameter(name, "send it once"));
        }
    }
    None
}

/// Bounds the time of every request, and puts the request's id into problems and the log.
async fn bounded(
    State(bounds): State<Arc<Bounds>>,
    mut request: Request<axum::body::Body>,
    next: Next,
) -> Response {
    let sent = request.headers().get(REQUEST_ID).and_then(|v| v.to_str().ok());
    let Some(id) = sent.filter(|id| (1..=limits::REQUEST_ID).contains(&id.len())).map(str::to_owned) else {
        let detail = format!("use 1 to {} visible ASCII characters", limits::REQUEST_ID);
        return Failure::parameter("X-Request-Id", detail).into_response();
    };
    // An error's level, so that no filter that lets a line through drops the request's id from it.
    let span = tracing::error_span!(
        "request",
        id = id.as_str(),
        otel.kind = "server",
        otel.name = Empty,
        status = Empty
    );
    telemetry::joined(&span, &request);
    request.extensions_mut().insert(Arc::clone(&bounds));
    let response = within(&bounds, &id, request, next).instrument(span.clone()).await;
    span.record("status", response.status().as_u16());
    response
}

async fn within(bounds: &Bounds, id: &str, request: Request<axum::body::Body>, next: Next) -> Response {
    let moves_clock = request.uri().path() == "/dev/clock";
    let response =
        match room(bounds, &request) {
            Err(failure) => failure.into_response(),
            Ok(_seat) if moves_clock => next.run(request).await,
            Ok(_seat) => match tokio::time::timeout(bounds.limits.request_time, next.run(request)).await {
                Ok(response) => response,
                Err(_) => Failure::from(Problem::new("timeout", "Took too long", 503).detail(
                    "It may have been done all the same: send it again with the same Idempotency-Key.",
                ))
                .into_response(),
            },
        };
    let mut response = with_id(response, id).await;
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if !response.headers().contains_key(header::CACHE_CONTROL) {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// A seat for a request whose header is not too large.
fn room(bounds: &Bounds, request: &Request<axum::body::Body>) -> Result<OwnedSemaphorePermit, Failure> {
    let lines =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    let first = request.method().as_str().len() + request.uri().to_string().len() + " HTTP/1.1\r\n ".len();
    if first + lines.sum::<usize>() > bounds.limits.header_bytes {
        return Err(Problem::new("headers-too-large", "The header is too large", 431)
            .detail(format!("At most {} bytes.", bounds.limits.header_bytes))
            .into());
    }
    bounds.seat()
}

/// Problems are small and made here; reading one back to add the id costs nothing that matters.
async fn with_id(response: Response, id: &str) -> Response {
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes() == b"application/problem+json");
    if !is_problem {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, 1024 * 1024).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Ok(mut problem) = serde_json::from_slice::<Problem>(&bytes) else {
        return Response::from_parts(parts, bytes.into());
    };
    problem.request_id = Some(id.to_owned());
    let bytes = serde_json::to_vec(&problem).unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, bytes.into())
}

#[cfg(test)]
mod tests;
