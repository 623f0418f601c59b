//! Consent denied, and emergencies reviewed.

use axum::response::Response;
use tenure_domain::account::Command;
use tenure_domain::name::MeasureId;
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::legal::{Deny, ReviewEmergency};
use tenure_wire::view::Written;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::{Body, Call, Path};
use crate::problem::Failure;
use crate::submit::Writing;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(deny)).routes(routes!(review))
}

/// Deny consent to exactly the command that was read. The measure is withdrawn and can be proposed anew.
#[utoipa::path(post, operation_id = "denyMeasure", path = "/v1/measures/{measure}/denial", tag = "measures", params(("measure" = String, Path)),
    request_body = Deny, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn deny(call: Call, Path(id): Path<MeasureId>, body: Body<Deny>) -> Result<Response, Failure> {
    let (name, href) = (id.to_string(), format!("/v1/measures/{id}"));
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let account = id.account().clone();
    let command = Command::DenyMeasure { measure: id, command_hash: body.value.command_hash, why };
    writing.submit(Act::Account(account, command), false, move |_| (name.clone(), href.clone())).await
}

/// Say of an emergency measure that was ratified, lifted or has lapsed what happened, and whether it was right: someone
/// who took no part in it. Until then whoever applied it applies no other.
#[utoipa::path(post, operation_id = "reviewEmergency", path = "/v1/measures/{measure}/emergency-review", tag = "measures", params(("measure" = String, Path)),
    request_body = ReviewEmergency, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn review(
    call: Call,
    Path(id): Path<MeasureId>,
    body: Body<ReviewEmergency>,
) -> Result<Response, Failure> {
    let (name, href) = (id.to_string(), format!("/v1/measures/{id}"));
    let mut writing = Writing::new(&call, body.hash);
    let account = writing.words("/why", &body.value.why)?;
    let stream = id.account().clone();
    let command = Command::ReviewEmergency { measure: id, finding: body.value.finding, account };
    writing.submit(Act::Account(stream, command), false, move |_| (name.clone(), href.clone())).await
}
