//! Appeals: the account's challenge of a measure.

use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::account::legal::AppealOutcome;
use tenure_domain::name::{AppealId, MeasureId};
use tenure_engine::EngineError;
use tenure_engine::submission::{Act, Done};
use tenure_wire::Problem;
use tenure_wire::legal::{AssignAppeal, Instead};
use tenure_wire::request::{DecideAppeal, FileAppeal};
use tenure_wire::view::{LegalView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(file))
        .routes(routes!(get))
        .routes(routes!(assign))
        .routes(routes!(decide))
}

fn newest(done: &Done) -> (String, String) {
    let id = done.account().and_then(|a| a.appeals.last()).map(|a| a.id.to_string()).unwrap_or_default();
    let href = format!("/v1/appeals/{id}");
    (id, href)
}

/// Challenge a measure.
#[utoipa::path(post, operation_id = "fileAppeal", path = "/v1/measures/{measure}/appeals", tag = "appeals", params(("measure" = String, Path)),
    request_body = FileAppeal, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn file(
    call: Call,
    Path(measure): Path<MeasureId>,
    body: Body<FileAppeal>,
) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let grounds = writing.words("/grounds", &body.value.grounds)?;
    let act = Act::Account(measure.account().clone(), Command::FileAppeal { measure, grounds });
    writing.submit(act, true, newest).await
}

/// Read an appeal.
#[utoipa::path(get, operation_id = "getAppeal", path = "/v1/appeals/{appeal}", tag = "appeals", params(("appeal" = String, Path)),
    responses((status = 200, body = LegalView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path(id): Path<AppealId>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, id.account())?;
    let account = call.engine.account(id.account()).await?;
    let appeal = account.appeal(&id).map_err(EngineError::from)?;
    call.show(account.version, &views::legal::appeal(&call.engine, &account, appeal).await?)
}

/// Say who decides an appeal: someone who took no part in the measure. Nobody else decides it then.
#[utoipa::path(post, operation_id = "assignAppeal", path = "/v1/appeals/{appeal}/assignment", tag = "appeals", params(("appeal" = String, Path)),
    request_body = AssignAppeal, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn assign(call: Call, Path(id): Path<AppealId>, body: Body<AssignAppeal>) -> Result<Response, Failure> {
    let (name, href) = (id.to_string(), format!("/v1/appeals/{id}"));
    let account = id.account().clone();
    let command = Command::AssignAppeal { appeal: id, reviewer: body.value.reviewer };
    Writing::new(&call, body.hash)
        .submit(Act::Account(account, command), false, move |_| (name.clone(), href.clone()))
        .await
}

/// Decide an appeal: someone who took no part in the measure, and where it is assigned that person only. `overturned`
/// undoes the measure, its case, and the strike and fees of the case, and what a rule saw opens nothing again; `modified` puts a lesser measure in its place.
#[utoipa::path(post, operation_id = "decideAppeal", path = "/v1/appeals/{appeal}/decision", tag = "appeals", params(("appeal" = String, Path)),
    request_body = DecideAppeal, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn decide(call: Call, Path(id): Path<AppealId>, body: Body<DecideAppeal>) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let asked = body.value;
    let why = writing.words("/why", &asked.why)?;
    let (name, href) = (id.to_string(), format!("/v1/appeals/{id}"));
    let (account, appeal, outcome) = (id.account().clone(), id, asked.outcome);
    let command = match (outcome, asked.instead) {
        (AppealOutcome::Modified, Some(Instead { preset, scope })) => {
            Command::ModifyOnAppeal { appeal, preset, scope, why }
        }
        (AppealOutcome::Upheld | AppealOutcome::Overturned, Some(_)) => {
            return Err(Failure::invalid(
                "/instead",
                "nothing takes the measure's place unless the outcome is modified: leave it out",
            ));
        }
        (_, None) => {
            let reports = match outcome {
                AppealOutcome::Overturned => Some(call.engine.last_report(&account).await?),
                AppealOutcome::Upheld | AppealOutcome::Modified => None,
            };
            Command::DecideAppeal { appeal, outcome, why, reports }
        }
    };
    writing.submit(Act::Account(account, command), false, move |_| (name.clone(), href.clone())).await
}
