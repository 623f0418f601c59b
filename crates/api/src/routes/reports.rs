//! `/v1/reports`: intake, lists, and the account's answers.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::name::ReportId;
use tenure_domain::report::{Allegation, Command, MOST_EVIDENCE};
use tenure_engine::submission::{Act, After, Done};
use tenure_wire::Problem;
use tenure_wire::request::{FileReport, PageQuery, Remediate};
use tenure_wire::view::{JoinedView, Page, ReportView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::page::AccountQuery;
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(file, list))
        .routes(routes!(get))
        .routes(routes!(remediate))
        .routes(routes!(joined))
}

/// Where a report is that was filed, joined or answered.
pub(super) fn made(done: &Done) -> (String, String) {
    match &done.after {
        After::Report(report) => (report.id.to_string(), format!("/v1/reports/{}", report.id)),
        After::Account(_) | After::Book(_) | After::Kept => (String::new(), String::new()),
    }
}

/// Bring a report in, on any ground. Its evidence is uploaded before. What says the same as a report that is not answered
/// (the same ground and place, or the same reporter's reference) within 30 days is joined to it, and counts once.
#[utoipa::path(post, operation_id = "fileReport", path = "/v1/reports", tag = "reports", request_body = FileReport,
    responses((status = 200, description = "It was joined to the report that says the same", body = Written), (status = 201, description = "It is a new report", body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn file(call: Call, body: Body<FileReport>) -> Result<Response, Failure> {
    let asked = body.value;
    call.may(Action::FileReport, &asked.account)?;
    if asked.evidence.len() > MOST_EVIDENCE {
        return Err(Failure::invalid("/evidence", format!("name 1 to {MOST_EVIDENCE} pieces of evidence")));
    }
    let mut evidence = BTreeMap::new();
    for (n, id) in asked.evidence.into_iter().enumerate() {
        let Some(media_type) = call.engine.media_type(id.as_str()).await? else {
            return Err(Failure::invalid(format!("/evidence/{n}"), "no such evidence was uploaded"));
        };
        evidence.insert(id, media_type);
    }
    let mut writing = Writing::new(&call, body.hash);
    let locator = writing.words("/locator", &asked.locator)?;
    let statement = writing.words("/statement", &asked.statement)?;
    let allegation = Allegation {
        ground: asked.ground,
        locator,
        statement,
        evidence,
        observed_at: asked.observed_at,
        contact: writing.maybe_words("/contact", asked.contact.as_deref())?,
        language: asked.language,
        reference: writing.maybe_words("/reference", asked.reference.as_deref())?,
        format: None,
    };
    writing.submit(Act::FileReport(asked.account, allegation), true, made).await
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

/// List what says the same as a report and was joined to it, in the order it came in.
#[utoipa::path(get, operation_id = "listJoined", path = "/v1/reports/{report}/joined", tag = "reports", params(("report" = String, Path), PageQuery),
    responses((status = 200, body = Page<JoinedView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn joined(
    call: Call,
    Path(id): Path<ReportId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<JoinedView>>, Failure> {
    call.may(Action::ReadReport, id.account())?;
    call.engine.report(&id).await?.ok_or_else(Failure::not_found)?;
    let size = page::size(&query)?;
    let after: u32 = page::after(&query)?.unwrap_or(0);
    let rows = call.engine.joined(&id, after.into(), size + 1).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        items.push(views::case::joined(&call.engine, row, call.is_member()).await?);
    }
    Ok(Json(page::page(items, size, |item| item.n.to_string())))
}

/// The account's answer: what it did about the report.
#[utoipa::path(post, operation_id = "remediateReport", path = "/v1/reports/{report}/remediation", tag = "reports", params(("report" = String, Path)),
    request_body = Remediate, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn remediate(call: Call, Path(id): Path<ReportId>, body: Body<Remediate>) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let answer = writing.words("/answer", &body.value.answer)?;
    writing.submit(Act::Report(id, Command::Remediate { answer }), false, made).await
}
