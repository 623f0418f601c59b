//! `/v1/holds`: preservation.

use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::name::HoldId;
use tenure_engine::EngineError;
use tenure_engine::submission::{Act, Done};
use tenure_wire::Problem;
use tenure_wire::request::{PlaceHold, Reason};
use tenure_wire::view::{LegalView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(place)).routes(routes!(get)).routes(routes!(release))
}

fn newest(done: &Done) -> (String, String) {
    let id = done.account().and_then(|a| a.holds.last()).map(|h| h.id.to_string()).unwrap_or_default();
    let href = format!("/v1/holds/{id}");
    (id, href)
}

/// Place a hold: nothing of its scope is deleted while it stands.
#[utoipa::path(post, operation_id = "placeHold", path = "/v1/holds", tag = "holds", request_body = PlaceHold,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn place(call: Call, body: Body<PlaceHold>) -> Result<Response, Failure> {
    let asked = body.value;
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &asked.why)?;
    let command = Command::PlaceHold { scope: asked.scope, running_state: asked.running_state, why };
    writing.submit(Act::Account(asked.account, command), true, newest).await
}

/// Read a hold.
#[utoipa::path(get, operation_id = "getHold", path = "/v1/holds/{hold}", tag = "holds", params(("hold" = String, Path)),
    responses((status = 200, body = LegalView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path(id): Path<HoldId>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, id.account())?;
    let account = call.engine.account(id.account()).await?;
    let hold = account.hold(&id).map_err(EngineError::from)?;
    call.show(account.version, &views::legal::hold(&call.engine, &account, hold).await?)
}

/// Release a hold, with a reason.
#[utoipa::path(post, operation_id = "releaseHold", path = "/v1/holds/{hold}/release", tag = "holds", params(("hold" = String, Path)),
    request_body = Reason, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn release(call: Call, Path(id): Path<HoldId>, body: Body<Reason>) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let (name, href) = (id.to_string(), format!("/v1/holds/{id}"));
    let act = Act::Account(id.account().clone(), Command::ReleaseHold { hold: id, why });
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}
