//! Credentials with which a tenant's own tools reach an open environment.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tenure_domain::name::{AccountId, EnvironmentId};
use tenure_wire::Problem;
use tenure_wire::plan::{IssueKubeconfig, KubeconfigView};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::{Body, Call, Path};
use crate::problem::Failure;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(issue))
}

/// Get credentials for an open environment, for ten minutes to a day. They are shown this once, so a repeated request
/// gives others. Who got them, as what and for how long is on the record; they are not.
#[utoipa::path(post, operation_id = "issueKubeconfig", path = "/v1/accounts/{account}/environments/{environment}/kubeconfigs", tag = "environments",
    params(("account" = String, Path), ("environment" = String, Path)), request_body = IssueKubeconfig,
    responses((status = 201, body = KubeconfigView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn issue(
    call: Call,
    Path((id, environment)): Path<(AccountId, EnvironmentId)>,
    body: Body<IssueKubeconfig>,
) -> Result<Response, Failure> {
    if call.if_match.is_some() || call.if_none {
        let which = if call.if_none { "If-None-Match" } else { "If-Match" };
        return Err(Failure::parameter(which, "this makes something new whenever it is sent: leave it out"));
    }
    let IssueKubeconfig { role, lasts_seconds } = body.value;
    let issued = call.engine.issue_credentials(call.caller(), &id, &environment, role, lasts_seconds).await?;
    let view = KubeconfigView {
        environment: environment.to_string(),
        role: role.to_string(),
        kubeconfig: issued.kubeconfig,
        expires: issued.expires,
    };
    let location = format!("/v1/accounts/{id}/environments/{environment}");
    let headers = [(header::LOCATION, location.as_str()), (header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, Json(view)).into_response())
}
