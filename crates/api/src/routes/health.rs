//! `/healthz` and `/readyz`.

use axum::Json;
use axum::extract::State;
use tenure_engine::health::{Condition, Health};
use tenure_wire::Problem;
use tenure_wire::problem::ConditionView;
use tenure_wire::view::HealthView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::problem::Failure;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// Whether the process answers. Nothing else is looked at: a server that waits for its database needs no restart.
#[utoipa::path(get, operation_id = "getHealth", path = "/healthz", tag = "operation", security(()),
    responses((status = 200, body = String), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn healthz() -> &'static str {
    "ok"
}

/// Whether requests should come here. Each condition is named; where one has failed the answer is a 503 with the same
/// conditions. One that is degraded takes no server away: a log that is behind only stops new restrictions, and a
/// cluster that does not answer is waited for.
#[utoipa::path(get, operation_id = "getReadiness", path = "/readyz", tag = "operation", security(()),
    responses((status = 200, body = HealthView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn readyz(State(app): State<App>) -> Result<Json<HealthView>, Failure> {
    let accepting = if app.draining.is_cancelled() {
        Condition::new("accepting", Health::Failed, "the server is stopping")
    } else {
        Condition::new("accepting", Health::Ok, "requests are taken")
    };
    let mut conditions = vec![accepting];
    conditions.extend(app.engine.conditions().await);
    readiness(&conditions)
}

fn readiness(conditions: &[Condition]) -> Result<Json<HealthView>, Failure> {
    let worst = conditions.iter().map(|c| c.health).max().unwrap_or(Health::Ok);
    let views: Vec<ConditionView> = conditions
        .iter()
        .map(|c| ConditionView {
            name: c.name.to_string(),
            state: word(c.health).to_owned(),
            detail: c.detail.clone(),
        })
        .collect();
    if worst < Health::Failed {
        return Ok(Json(HealthView { status: word(worst).to_owned(), conditions: views }));
    }
    let mut problem = Problem::new("not-ready", "Not ready", 503)
        .detail("Send requests elsewhere, or try again in a moment; the failed conditions say why.");
    problem.conditions = views;
    Err(problem.into())
}

fn word(health: Health) -> &'static str {
    match health {
        Health::Ok => "ok",
        Health::Degraded => "degraded",
        Health::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_condition_decides_and_all_are_told() {
        let ok = Condition::new("store", Health::Ok, "answers");
        let behind = Condition::new("log", Health::Degraded, "10000 events wait");
        let failed = Condition::new("writer", Health::Failed, "it has ended");
        let Json(view) = readiness(&[ok.clone(), behind.clone()]).unwrap();
        assert_eq!((view.status.as_str(), view.conditions.len()), ("degraded", 2));
        let Failure { problem, .. } = readiness(&[ok, behind, failed]).unwrap_err();
        assert_eq!((problem.status, problem.conditions.len()), (503, 3));
        assert_eq!(problem.conditions[2].state, "failed");
    }
}
