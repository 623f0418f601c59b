//! Cures: what the account did about what was asked, and the decision on it.

use axum::response::Response;
use tenure_domain::account::Command;
use tenure_domain::name::{CaseId, ItemId};
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::{DecideCure, SubmitCure};
use tenure_wire::view::Written;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::{Body, Call, Path};
use crate::problem::Failure;
use crate::submit::Writing;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(submit)).routes(routes!(decide))
}

/// The account says what it did about an item.
#[utoipa::path(post, operation_id = "submitCure", path = "/v1/cases/{case}/cures", tag = "cures", params(("case" = String, Path)),
    request_body = SubmitCure, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn submit(call: Call, Path(case): Path<CaseId>, body: Body<SubmitCure>) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let remedy = writing.words("/remedy", &body.value.remedy)?;
    let (name, href) = (body.value.item.to_string(), format!("/v1/cases/{case}"));
    let act =
        Act::Account(case.account().clone(), Command::SubmitCure { case, item: body.value.item, remedy });
    writing.submit(act, true, move |_| (name.clone(), href.clone())).await
}

/// Accept or reject a cure. When all that a case asks is done, it is closed and everything it did is undone.
#[utoipa::path(post, operation_id = "decideCure", path = "/v1/cases/{case}/cures/{item}/decision", tag = "cures",
    params(("case" = String, Path), ("item" = String, Path)), request_body = DecideCure,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn decide(
    call: Call,
    Path((case, item)): Path<(CaseId, ItemId)>,
    body: Body<DecideCure>,
) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let (name, href) = (item.to_string(), format!("/v1/cases/{case}"));
    let account = case.account().clone();
    let command = match (body.value.accept, &body.value.why) {
        (true, None) => Command::AcceptCure { case, item },
        (false, Some(why)) => Command::RejectCure { case, item, why: writing.words("/why", why)? },
        (true, Some(_)) => {
            return Err(Failure::invalid("/why", "an acceptance needs no reason: leave it out"));
        }
        (false, None) => {
            return Err(Failure::invalid("/why", "a rejection needs a reason"));
        }
    };
    writing.submit(Act::Account(account, command), false, move |_| (name.clone(), href.clone())).await
}
