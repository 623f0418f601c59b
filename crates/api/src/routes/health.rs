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

/// Whether the store answers; whether the log keeps up is told beside it. A log that is behind only stops new
/// restrictions: lifting and reading go on, so it takes no server away.
#[utoipa::path(get, operation_id = "getReadiness", path = "/readyz", tag = "operation", security(()),
    responses((status = 200, body = HealthView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn readyz(State(app): State<App>) -> Result<Json<HealthView>, Failure> {
    let (_, backlog) = app.engine.backlog().await?;
    Ok(Json(health(backlog)))
}

fn health(backlog: u64) -> HealthView {
    let status = if backlog >= MOST_BEHIND { "behind" } else { "ok" };
    HealthView { status: status.to_owned(), backlog }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_behind_is_told() {
        assert_eq!(health(MOST_BEHIND - 1).status, "ok");
        let view = health(MOST_BEHIND);
        assert_eq!((view.status.as_str(), view.backlog), ("behind", MOST_BEHIND));
    }
}
