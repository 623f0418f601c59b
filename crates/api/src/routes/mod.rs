//! The routes, a file for each resource, and the document that describes them.

mod accounts;
mod appeals;
mod cases;
mod clock;
mod cures;
mod environments;
mod events;
mod evidence;
mod health;
mod holds;
mod ledger;
mod measures;
mod notices;
mod orders;
mod people;
mod reports;
mod rules;
mod terms;
mod workloads;

use std::any::Any;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Request, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tenure_engine::clock::ClockKind;
use tenure_wire::Problem;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::problem::Failure;
use crate::{App, limits};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tenure",
        description = "A tenancy control plane with due process. Errors are RFC 9457 problem documents; a refusal is a 409 that lists every guard that is not met, the law it keeps, and what would meet it.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
struct Document;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        document.components.get_or_insert_with(Default::default).add_security_scheme("bearer", scheme);
    }
}

fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(accounts::routes())
        .merge(environments::routes())
        .merge(workloads::routes())
        .merge(people::routes())
        .merge(terms::routes())
        .merge(rules::routes())
        .merge(evidence::routes())
        .merge(reports::routes())
        .merge(cases::routes())
        .merge(notices::routes())
        .merge(cures::routes())
        .merge(measures::routes())
        .merge(appeals::routes())
        .merge(orders::routes())
        .merge(holds::routes())
        .merge(events::routes())
        .merge(ledger::routes())
        .merge(health::routes())
}

/// The OpenAPI 3.1 document, without the routes that only a simulated clock has.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, mut document) = described().split_for_parts();
    document.info.version = "1".to_owned();
    document
}

/// All routes.
pub fn router(app: App) -> Router {
    let document = openapi();
    let json = serde_json::to_string(&document).unwrap_or_default();
    let mut described = described();
    if app.engine.clock_kind() == ClockKind::Simulated {
        described = described.merge(clock::routes());
    }
    let (router, _) = described.split_for_parts();
    router
        .route(
            "/openapi.json",
            axum::routing::get(move || async move { ([(header::CONTENT_TYPE, "application/json")], json) }),
        )
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
                .layer(middleware::from_fn(around))
                .layer(CatchPanicLayer::custom(panicked)),
        )
        .with_state(app)
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Failure::from(Problem::new("internal", "A defect of the server", 500).detail("It is in the server's log."))
        .into_response()
}

/// Bounds the time of every request, and puts the request's id into problems and the log.
async fn around(request: Request<axum::body::Body>, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    if id.len() > 128 {
        return Failure::parameter("X-Request-Id", "use at most 128 characters").into_response();
    }
    let moves_clock = request.uri().path() == "/dev/clock";
    let line = format!("{} {}", request.method(), request.uri().path());
    let response = if moves_clock {
        next.run(request).await
    } else {
        match tokio::time::timeout(limits::REQUEST_TIME, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Failure::from(
                Problem::new("timeout", "Took too long", 503)
                    .detail("It may have been done all the same: send it again with the same Idempotency-Key."),
            )
            .into_response(),
        }
    };
    let mut response = with_id(response, &id).await;
    tracing::debug!(request = %id, status = response.status().as_u16(), "{line}");
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if !response.headers().contains_key(header::CACHE_CONTROL) {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Problems are small and made here; reading one back to add the id costs nothing that matters.
async fn with_id(response: Response, id: &str) -> Response {
    let is_problem =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes() == b"application/problem+json");
    if !is_problem || id.is_empty() {
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
