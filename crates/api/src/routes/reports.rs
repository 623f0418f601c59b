//! `/v1/reports`: intake, lists, and the account's answers.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::name::ReportId;
use tenure_domain::report::{Command, MOST_EVIDENCE};
use tenure_engine::submission::{Act, After, Done};
use tenure_wire::Problem;
use tenure_wire::request::{FileReport, Remediate};
use tenure_wire::view::{Page, ReportView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::page::AccountQuery;
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(file, list)).routes(routes!(get)).routes(routes!(remediate))
}

fn made(done: &Done) -> (String, String) {
    match &done.after {
        After::Report(report) => (report.id.to_string(), format!("/v1/reports/{}", report.id)),
        After::Account(_) | After::Book(_) | After::Kept => (String::new(), String::new()),
    }
}

/// Bring a report in. Its evidence is uploaded before.
#[utoipa::path(post, operation_id = "fileReport", path = "/v1/reports", tag = "reports", request_body = FileReport,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn file(call: Call, body: Body<FileReport>) -> Result<Response, Failure> {
    let asked = body.value;
    call.may(Action::FileReport, &asked.account)?;
    if asked.evidence.len() > MOST_EVIDENCE {
        return Err(Problem::new("invalid-request", "The request is not valid", 422)
            .fault("/evidence", format!("name 1 to {MOST_EVIDENCE} pieces of evidence"))
            .into());
    }
    let mut evidence = BTreeMap::new();
    for (n, id) in asked.evidence.into_iter().enumerate() {
        let Some(media_type) = call.engine.media_type(id.as_str()).await? else {
            return Err(Problem::new("invalid-request", "The request is not valid", 422)
                .fault(format!("/evidence/{n}"), "no such evidence was uploaded")
                .into());
        };
        evidence.insert(id, media_type);
    }
    let mut writing = Writing::new(&call, body.hash);
    let locator = writing.words("/locator", &asked.locator)?;
    let statement = writing.words("/statement", &asked.statement)?;
    let command = Command::File { ground: asked.ground, locator, statement, evidence };
    writing.submit(Act::FileReport(asked.account, command), true, made).await
}

/// List the reports about an account, in the order they came in.
#[utoipa::path(get, operation_id = "listReports", path = "/v1/reports", tag = "reports", params(AccountQuery),
    responses((status = 200, body = Page<ReportView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(call: Call, query: Query<AccountQuery>) -> Result<Json<Page<ReportView>>, Failure> {
    let (account, query) = query.0.of(&call)?;
    call.may(Action::ReadReport, &account)?;
    let size = page::size(&query)?;
    let after: u32 = page::after(&query)?.unwrap_or(0);
    let mut rows = call.engine.reports(&account, after, size + 1).await?;
    let more = rows.len() > size as usize;
    rows.truncate(size as usize);
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(report) = call.engine.report(&ReportId::new(account.clone(), row.number)).await? {
            items.push(views::case::report(&call.engine, &report, call.is_member()).await?);
        }
    }
    let last = rows.last().map(|row| row.number).filter(|_| more);
    Ok(Json(page::keyed(items, last)))
}

/// Read a report.
#[utoipa::path(get, operation_id = "getReport", path = "/v1/reports/{report}", tag = "reports", params(("report" = String, Path)),
    responses((status = 200, body = ReportView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path(id): Path<ReportId>) -> Result<Response, Failure> {
    call.may(Action::ReadReport, id.account())?;
    let report = call.engine.report(&id).await?.ok_or_else(Failure::not_found)?;
    call.show(report.version, &views::case::report(&call.engine, &report, call.is_member()).await?)
}

/// The account's answer: what it did about the report.
#[utoipa::path(post, operation_id = "remediateReport", path = "/v1/reports/{report}/remediation", tag = "reports", params(("report" = String, Path)),
    request_body = Remediate, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn remediate(call: Call, Path(id): Path<ReportId>, body: Body<Remediate>) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let answer = writing.words("/answer", &body.value.answer)?;
    writing.submit(Act::Report(id, Command::Remediate { answer }), false, made).await
}
