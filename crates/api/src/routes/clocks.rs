//! The clocks of a case: stopped, resumed, made longer; and the notices that reach nobody.

use std::fmt;
use std::str::FromStr;

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::name::{AccountId, CaseId, NoticeId};
use tenure_engine::EngineError;
use tenure_engine::submission::Act;
use tenure_store::UndeliverableRow;
use tenure_wire::Problem;
use tenure_wire::request::{ExtendNotice, PageQuery, ProveDelivery, Reason};
use tenure_wire::view::{NoticeView, Page, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(extend))
        .routes(routes!(prove))
        .routes(routes!(undeliverable))
}

/// Stop the clocks of a case: none of its periods runs, nothing that rests on one fires, and what is left is kept.
#[utoipa::path(post, operation_id = "pauseCase", path = "/v1/cases/{case}/pause", tag = "cases", params(("case" = String, Path)),
    request_body = Reason, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn pause(call: Call, Path(case): Path<CaseId>, body: Body<Reason>) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let (name, href) = (case.to_string(), format!("/v1/cases/{case}"));
    let act = Act::Account(case.account().clone(), Command::PauseCase { case, why });
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}

/// Let the clocks of a case go on that a person stopped; they do when nothing else stops them.
#[utoipa::path(post, operation_id = "resumeCase", path = "/v1/cases/{case}/resumption", tag = "cases", params(("case" = String, Path)),
    request_body = Reason, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn resume(call: Call, Path(case): Path<CaseId>, body: Body<Reason>) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let (name, href) = (case.to_string(), format!("/v1/cases/{case}"));
    let act = Act::Account(case.account().clone(), Command::ResumeCase { case, why });
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}

/// Make the periods of a notice longer that still run. It never makes one shorter.
#[utoipa::path(post, operation_id = "extendNotice", path = "/v1/accounts/{account}/notices/{notice}/extension", tag = "notices",
    params(("account" = String, Path), ("notice" = String, Path)), request_body = ExtendNotice,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn extend(
    call: Call,
    Path((account, notice)): Path<(AccountId, NoticeId)>,
    body: Body<ExtendNotice>,
) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let (name, href) = (notice.to_string(), format!("/v1/accounts/{account}/notices/{notice}"));
    let act = Act::Account(account, Command::ExtendNotice { notice, by: body.value.by, why });
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}

/// Show that a channel delivered a notice's letter: it is served from now on. The uploaded evidence stays on the record.
#[utoipa::path(post, operation_id = "proveDelivery", path = "/v1/accounts/{account}/notices/{notice}/delivery", tag = "notices",
    params(("account" = String, Path), ("notice" = String, Path)), request_body = ProveDelivery,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn prove(
    call: Call,
    Path((account, notice)): Path<(AccountId, NoticeId)>,
    body: Body<ProveDelivery>,
) -> Result<Response, Failure> {
    let writing = Writing::new(&call, body.hash);
    let (name, href) = (notice.to_string(), format!("/v1/accounts/{account}/notices/{notice}"));
    let ProveDelivery { channel, evidence } = body.value;
    let act = Act::Account(account, Command::ProveDelivery { notice, channel, evidence });
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}

/// Where a page of undeliverable notices begins. Text form: `1609779600000000 parley 1`.
struct After(UndeliverableRow);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.0.since, self.0.account, self.0.number)
    }
}

impl FromStr for After {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split(' ');
        let (Some(since), Some(account), Some(number), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(());
        };
        let since = since.parse().map_err(|_| ())?;
        let account = account.parse::<AccountId>().map_err(|_| ())?.to_string();
        Ok(Self(UndeliverableRow { since, account, number: number.parse().map_err(|_| ())? }))
    }
}

/// The notices of all accounts that reach nobody, or that a channel refuses again and again though another took them, the oldest
/// first: somebody looks why.
#[utoipa::path(get, operation_id = "listUndeliverable", path = "/v1/notices/undeliverable", tag = "notices", params(PageQuery),
    responses((status = 200, body = Page<NoticeView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn undeliverable(call: Call, query: Query<PageQuery>) -> Result<Json<Page<NoticeView>>, Failure> {
    call.may_at_provider(Action::ListAccounts)?;
    let size = page::size(&query.0)?;
    let after: Option<After> = page::after(&query.0)?;
    let rows = call.engine.undeliverable(after.map(|after| after.0), size + 1).await?;
    let chosen = page::page(rows, size, |row| After(row.clone()).to_string());
    let mut items = Vec::new();
    for row in chosen.items {
        let defect =
            |e: &dyn fmt::Display| EngineError::Defect { what: "a row".into(), detail: e.to_string() };
        let id: AccountId = row.account.parse().map_err(|e| defect(&e))?;
        let account = call.engine.account(&id).await?;
        let notice = account.notice(&NoticeId::new(id, row.number)).map_err(EngineError::from)?;
        items.push(views::case::notice(&call.engine, notice).await?);
    }
    Ok(Json(Page { items, next_page_token: chosen.next_page_token }))
}
