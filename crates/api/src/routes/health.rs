//! `/healthz` and `/readyz`.

use axum::Json;
use axum::extract::State;
use tenure_engine::MOST_BEHIND;
use tenure_wire::Problem;
use tenure_wire::view::HealthView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::problem::Failure;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// Whether the process answers.
#[utoipa::path(get, operation_id = "getHealth", path = "/healthz", tag = "operation", security(()),
    responses((status = 200, body = String), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn healthz() -> &'static str {
    "ok"
}

/// Whether the store answers and the log keeps up.
#[utoipa::path(get, operation_id = "getReadiness", path = "/readyz", tag = "operation", security(()),
    responses((status = 200, body = HealthView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn readyz(State(app): State<App>) -> Result<Json<HealthView>, Failure> {
    let (_, backlog) = app.engine.backlog().await?;
    if backlog >= MOST_BEHIND {
        return Err(Problem::new("behind", "The log does not keep up", 503)
            .detail(format!("{backlog} events wait: nothing new is restricted until the log covers them."))
            .into());
    }
    Ok(Json(HealthView { status: "ok".to_owned(), backlog }))
}
