//! Notices: issuing in a case, the account's inbox, acknowledgement.

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::cure::Verifier;
use tenure_domain::account::notice::Notice;
use tenure_domain::account::{Account, Command, command, event::Asked};
use tenure_domain::name::{AccountId, CaseId, NoticeId};
use tenure_domain::refusal::Rejected;
use tenure_engine::reasons::Said;
use tenure_engine::submission::{Act, Done, Submission};
use tenure_engine::{Engine, EngineError};
use tenure_rules::Condition;
use tenure_wire::Problem;
use tenure_wire::request::{AskVerifier, IssueNotice, PageQuery, Starts};
use tenure_wire::view::{NoticeView, Page, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::routes::statements::facts;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(issue))
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(acknowledge))
}

fn newest(done: &Done) -> (String, String) {
    let id = done.account().and_then(|a| a.notices.last()).map(|n| n.id.clone());
    id.map_or_else(Default::default, |id| (id.to_string(), href(&id)))
}

fn href(id: &NoticeId) -> String {
    format!("/v1/accounts/{}/notices/{id}", id.account())
}

/// Issue a notice. Its clocks start when it is served, not before.
#[utoipa::path(post, operation_id = "issueNotice", path = "/v1/cases/{case}/notices", tag = "notices", params(("case" = String, Path)),
    request_body = IssueNotice, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn issue(call: Call, Path(id): Path<CaseId>, body: Body<IssueNotice>) -> Result<Response, Failure> {
    call.may(Action::IssueNotice, id.account())?;
    let asked = body.value;
    let account = call.engine.account(id.account()).await?;
    let case = account.case(&id).map_err(EngineError::from)?;
    let starts = match asked.starts {
        Starts::Cure => command::Starts::Cure,
        Starts::Notice => command::Starts::Notice,
        Starts::Both => command::Starts::Both,
    };
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &asked.why)?;
    let facts = facts(asked.facts)?;
    let mut said = Said {
        why: asked.why.trim().to_owned(),
        reports: asked.reports.into_iter().collect(),
        facts,
        ..Said::default()
    };
    let mut items = Vec::new();
    for (n, item) in asked.items.into_iter().enumerate() {
        let ask = writing.words(&format!("/items/{n}/ask"), &item.ask)?;
        said.asks.insert(item.id.clone(), item.ask.trim().to_owned());
        said.reports.extend(item.report.clone());
        let verifier = verifier(&mut writing, n, item.verifier)?;
        items.push(Asked { id: item.id, ask, report: item.report, invoice: item.invoice, verifier });
    }
    let reasons = call.engine.reasons(&account, case, said).await?;
    let command = Command::IssueNotice { case: id.clone(), starts, power: asked.power, why, items, reasons };
    writing.submit(Act::Account(id.account().clone(), command), true, newest).await
}

fn verifier(writing: &mut Writing<'_>, n: usize, asked: AskVerifier) -> Result<Verifier, Failure> {
    let wrong =
        |field: &str, detail: String| Failure::invalid(format!("/items/{n}/verifier/{field}"), detail);
    Ok(match asked {
        AskVerifier::Review => Verifier::Review,
        AskVerifier::Fact { bound } => {
            Condition::parse(&bound).map_err(|e| wrong("bound", e.to_string()))?;
            Verifier::Fact { bound }
        }
        AskVerifier::Gone { locator } => {
            Engine::check_place(&locator).map_err(|e| wrong("locator", e))?;
            Verifier::Gone { locator: writing.words(&format!("/items/{n}/verifier/locator"), &locator)? }
        }
    })
}

/// The account's inbox: every notice, the oldest first.
#[utoipa::path(get, operation_id = "listNotices", path = "/v1/accounts/{account}/notices", tag = "notices",
    params(("account" = String, Path), PageQuery),
    responses((status = 200, body = Page<NoticeView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(
    call: Call,
    Path(id): Path<AccountId>,
    query: Query<PageQuery>,
) -> Result<Json<Page<NoticeView>>, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    // What a gag delays is not there for the account yet.
    let seen = account.notices.iter().filter(|n| !call.is_kept_out() || n.delayed.is_none());
    let chosen = page::slice(seen, &query.0, |n| n.id.number())?;
    let mut items = Vec::new();
    for notice in chosen.items {
        items.push(views::case::notice(&call.engine, notice).await?);
    }
    Ok(Json(Page { items, next_page_token: chosen.next_page_token }))
}

/// A notice as the caller sees it: to members and enforcers, one that a gag delays is not there.
pub(super) fn seen<'a>(call: &Call, account: &'a Account, id: &NoticeId) -> Result<&'a Notice, EngineError> {
    let notice = account.notice(id)?;
    if call.is_kept_out() && notice.delayed.is_some() {
        return Err(Rejected::not_found("notice", id).into());
    }
    Ok(notice)
}

/// Puts on the record that a member has the letter. Reading goes on where that cannot be: a clock in doubt or a store that
/// fails keeps nobody from a letter, and starts no period. Whoever asks for less than the letter has not read it.
pub(super) async fn read_by_member(call: &Call, account: &AccountId, notice: &NoticeId) {
    if !call.is_member() || !call.target.starts_with("GET ") {
        return;
    }
    let act = Act::Account(account.clone(), Command::ReadNotice { notice: notice.clone() });
    if let Err(error) = call.engine.submit(Submission::new(call.caller(), act)).await {
        tracing::debug!(%notice, %error, "a letter was read and that is not on the record");
    }
}

/// Read a notice, with its letter. A member who reads it has it: the notice is served from that moment.
#[utoipa::path(get, operation_id = "getNotice", path = "/v1/accounts/{account}/notices/{notice}", tag = "notices",
    params(("account" = String, Path), ("notice" = String, Path)),
    responses((status = 200, body = NoticeView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path((id, notice)): Path<(AccountId, NoticeId)>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, &id)?;
    read_by_member(&call, &id, &notice).await;
    let account = call.engine.account(&id).await?;
    let notice = seen(&call, &account, &notice)?;
    call.show(account.version, &views::case::notice(&call.engine, notice).await?)
}

/// A member confirms having a notice: it is served from this moment.
#[utoipa::path(post, operation_id = "acknowledgeNotice", path = "/v1/accounts/{account}/notices/{notice}/acknowledgement", tag = "notices",
    params(("account" = String, Path), ("notice" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn acknowledge(
    call: Call,
    Path((id, notice)): Path<(AccountId, NoticeId)>,
) -> Result<Response, Failure> {
    let (name, href) = (notice.to_string(), href(&notice));
    let act = Act::Account(id, Command::AcknowledgeNotice { notice });
    Writing::new(&call, "").submit(act, false, move |_| (name.clone(), href.clone())).await
}
