//! `/v1/accounts/{account}/terms-notices`: how an account comes under a new version of its terms.

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::name::{AccountId, TermsNoticeId};
use tenure_engine::submission::{Act, Done};
use tenure_engine::{EngineError, letters};
use tenure_wire::Problem;
use tenure_wire::request::{AcceptTerms, NotifyTerms, PageQuery};
use tenure_wire::view::{Page, TermsNoticeView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::published;
use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(notify, list))
        .routes(routes!(get))
        .routes(routes!(acknowledge))
        .routes(routes!(accept))
}

fn href(id: &TermsNoticeId) -> String {
    format!("/v1/accounts/{}/terms-notices/{id}", id.account())
}

fn newest(done: &Done) -> (String, String) {
    let id = done.account().and_then(|a| a.terms_notices.last()).map(|n| n.id.clone());
    id.map_or_else(Default::default, |id| (id.to_string(), href(&id)))
}

/// Tell an account of a published version. Publishing binds nobody: the version binds when the period that the account's
/// terms promise has run since this notice was served, or when a member accepts it. Cases that are open then stay under
/// the terms under which they were opened.
#[utoipa::path(post, operation_id = "notifyTerms", path = "/v1/accounts/{account}/terms-notices", tag = "terms",
    params(("account" = String, Path)), request_body = NotifyTerms,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn notify(call: Call, Path(id): Path<AccountId>, body: Body<NotifyTerms>) -> Result<Response, Failure> {
    call.may(Action::NotifyTerms, &id)?;
    let asked = body.value;
    let terms = published(&call, &asked.terms)?;
    let account = call.engine.account(&id).await?;
    let accepted = call.engine.accepted(&account)?;
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &asked.why)?;
    let (why_said, now) = (asked.why.trim(), call.engine.now());
    let text = letters::terms_notice(call.engine.letters(), (&*account, &*accepted), &terms, why_said, now)?;
    let letter = writing.blob("text/plain; charset=utf-8", text.into_bytes());
    writing.submit(Act::Account(id, Command::NotifyTerms { terms, why, letter }), true, newest).await
}

/// What the account was told of new terms, the oldest first.
#[utoipa::path(get, operation_id = "listTermsNotices", path = "/v1/accounts/{account}/terms-notices", tag = "terms",
    params(("account" = String, Path), PageQuery),
    responses((status = 200, body = Page<TermsNoticeView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(
    call: Call,
    Path(id): Path<AccountId>,
    query: Query<PageQuery>,
) -> Result<Json<Page<TermsNoticeView>>, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let chosen = page::slice(account.terms_notices.iter(), &query.0, |n| n.id.number())?;
    let mut items = Vec::new();
    for notice in chosen.items {
        items.push(views::agreement::notice(&call.engine, notice).await?);
    }
    Ok(Json(Page { items, next_page_token: chosen.next_page_token }))
}

/// Read the notice of a new version, with its letter and the text of the version.
#[utoipa::path(get, operation_id = "getTermsNotice", path = "/v1/accounts/{account}/terms-notices/{termsNotice}", tag = "terms",
    params(("account" = String, Path), ("termsNotice" = String, Path)),
    responses((status = 200, body = TermsNoticeView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path((id, notice)): Path<(AccountId, TermsNoticeId)>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let notice = account.terms_notice(&notice).map_err(EngineError::from)?;
    call.show(account.version, &views::agreement::notice(&call.engine, notice).await?)
}

/// A member confirms having the notice: it is served from this moment, and its period runs.
#[utoipa::path(post, operation_id = "acknowledgeTerms", path = "/v1/accounts/{account}/terms-notices/{termsNotice}/acknowledgement", tag = "terms",
    params(("account" = String, Path), ("termsNotice" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn acknowledge(
    call: Call,
    Path((id, notice)): Path<(AccountId, TermsNoticeId)>,
) -> Result<Response, Failure> {
    let (name, href) = (notice.to_string(), href(&notice));
    let act = Act::Account(id, Command::AcknowledgeTerms { notice });
    Writing::new(&call, "").submit(act, false, move |_| (name.clone(), href.clone())).await
}

/// A member accepts exactly the text that the notice is about: it binds from this moment.
#[utoipa::path(post, operation_id = "acceptTerms", path = "/v1/accounts/{account}/terms-notices/{termsNotice}/acceptance", tag = "terms",
    params(("account" = String, Path), ("termsNotice" = String, Path)), request_body = AcceptTerms,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn accept(
    call: Call,
    Path((id, notice)): Path<(AccountId, TermsNoticeId)>,
    body: Body<AcceptTerms>,
) -> Result<Response, Failure> {
    let (name, href) = (notice.to_string(), href(&notice));
    let act = Act::Account(id, Command::AcceptTerms { notice, hash: body.value.hash });
    Writing::new(&call, body.hash).submit(act, false, move |_| (name.clone(), href.clone())).await
}
