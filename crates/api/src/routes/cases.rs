//! `/v1/cases`: the process against an account.

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::name::CaseId;
use tenure_engine::submission::{Act, Done};
use tenure_engine::{stream, withheld};
use tenure_wire::Problem;
use tenure_wire::request::{OpenCase, PageQuery};
use tenure_wire::view::{CaseView, EventView, Page, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::page::AccountQuery;
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, limits, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(open, list)).routes(routes!(get)).routes(routes!(timeline))
}

fn newest(done: &Done) -> (String, String) {
    let id = done.account().and_then(|a| a.cases.last()).map(|c| c.id.to_string()).unwrap_or_default();
    let href = format!("/v1/cases/{id}");
    (id, href)
}

/// Open a case against an account on a ground that its terms name.
#[utoipa::path(post, operation_id = "openCase", path = "/v1/cases", tag = "cases", request_body = OpenCase,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn open(call: Call, body: Body<OpenCase>) -> Result<Response, Failure> {
    let asked = body.value;
    // Before anything is looked up: whoever may not open a case learns nothing of the account's reports.
    call.may(Action::OpenCase, &asked.account)?;
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &asked.why)?;
    if asked.reports.len() > limits::REPORTS {
        return Err(Failure::invalid("/reports", format!("at most {} reports", limits::REPORTS)));
    }
    for (n, report) in asked.reports.iter().enumerate() {
        if report.account() != &asked.account || call.engine.report(report).await?.is_none() {
            return Err(Failure::invalid(format!("/reports/{n}"), "no such report about this account"));
        }
    }
    let command = Command::OpenCase { ground: asked.ground, why, reports: asked.reports };
    writing.submit(Act::Account(asked.account, command), true, newest).await
}

/// List the cases against an account.
#[utoipa::path(get, operation_id = "listCases", path = "/v1/cases", tag = "cases", params(AccountQuery),
    responses((status = 200, body = Page<CaseView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(call: Call, query: Query<AccountQuery>) -> Result<Json<Page<CaseView>>, Failure> {
    let (id, query) = query.0.of(&call)?;
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let chosen = page::slice(account.cases.iter(), &query, |c| c.id.number())?;
    let mut items = Vec::new();
    for case in chosen.items {
        items.push(views::case::case(&call.engine, &account, case, call.is_kept_out()).await?);
    }
    Ok(Json(Page { items, next_page_token: chosen.next_page_token }))
}

/// Read a case.
#[utoipa::path(get, operation_id = "getCase", path = "/v1/cases/{case}", tag = "cases", params(("case" = String, Path)),
    responses((status = 200, body = CaseView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path(id): Path<CaseId>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, id.account())?;
    let account = call.engine.account(id.account()).await?;
    let case = account.case(&id).map_err(tenure_engine::EngineError::from)?;
    call.show(account.version, &views::case::case(&call.engine, &account, case, call.is_kept_out()).await?)
}

/// What happened in a case, in order.
#[utoipa::path(get, operation_id = "getTimeline", path = "/v1/cases/{case}/timeline", tag = "cases", params(("case" = String, Path), PageQuery),
    responses((status = 200, body = Page<EventView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn timeline(
    call: Call,
    Path(id): Path<CaseId>,
    query: Query<PageQuery>,
) -> Result<Json<Page<EventView>>, Failure> {
    call.may(Action::ReadAccount, id.account())?;
    let account = call.engine.account(id.account()).await?;
    account.case(&id).map_err(tenure_engine::EngineError::from)?;
    let mut about: Vec<String> = vec![id.to_string()];
    about.extend(account.notices_of(&id).map(|n| n.id.to_string()));
    about.extend(
        account.measures.iter().filter(|m| m.proposal.case.as_ref() == Some(&id)).map(|m| m.id.to_string()),
    );
    let mut events = Vec::new();
    let mut from = 1;
    loop {
        let chunk = call.engine.stream(&stream::account(id.account()), from, 500).await?;
        let Some(last) = chunk.last() else { break };
        from = last.n + 1;
        events.extend(chunk.into_iter().filter(|event| {
            if call.is_kept_out() && withheld::is_withheld(&account, event) {
                return false;
            }
            ["case", "notice", "measure"].iter().any(|key| {
                event.body.get(*key).and_then(|v| v.as_str()).is_some_and(|v| about.iter().any(|a| a == v))
            })
        }));
    }
    Ok(Json(page::slice(events.into_iter().map(super::events::view), &query.0, |e| e.n)?))
}
