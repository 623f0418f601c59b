//! Signals that persons find to be false.

use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::account::command::Clears;
use tenure_domain::name::{AccountId, CaseId};
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::{ClearSignal, WithdrawCase};
use tenure_wire::view::Written;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::{Body, Call, Path};
use crate::problem::Failure;
use crate::submit::Writing;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(withdraw)).routes(routes!(clear))
}

/// Take a case back, with a reason: what was scheduled in its name is cancelled, what it did is undone. With `falseFor`
/// its signal counts as false for that time, and opens nothing again.
#[utoipa::path(post, operation_id = "withdrawCase", path = "/v1/cases/{case}/withdrawal", tag = "cases", params(("case" = String, Path)),
    request_body = WithdrawCase, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn withdraw(call: Call, Path(id): Path<CaseId>, body: Body<WithdrawCase>) -> Result<Response, Failure> {
    call.may(Action::WithdrawCase, id.account())?;
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let clears = match body.value.false_for {
        Some(within) => Some(Clears { within, reports: call.engine.last_report(id.account()).await? }),
        None => None,
    };
    let (name, href) = (id.to_string(), format!("/v1/cases/{id}"));
    let act = Act::Account(id.account().clone(), Command::WithdrawCase { case: id, why, clears });
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}

/// Say that what is reported on a ground is false, where no case is open on it: until the time named is over, no case is
/// opened on it but for reports that come later.
#[utoipa::path(post, operation_id = "clearSignal", path = "/v1/accounts/{account}/clearances", tag = "cases", params(("account" = String, Path)),
    request_body = ClearSignal, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn clear(call: Call, Path(id): Path<AccountId>, body: Body<ClearSignal>) -> Result<Response, Failure> {
    call.may(Action::ClearSignal, &id)?;
    let asked = body.value;
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &asked.why)?;
    let clears = Clears { within: asked.false_for, reports: call.engine.last_report(&id).await? };
    let href = format!("/v1/accounts/{id}/standing");
    let name = asked.ground.to_string();
    let command = Command::ClearSignal { ground: asked.ground, rule: asked.rule, why, clears };
    writing.submit(Act::Account(id, command), true, move |_| (name.clone(), href.clone())).await
}
