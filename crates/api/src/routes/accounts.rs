//! `/v1/accounts`: opening, listing, reading, standing.

use axum::Json;
use axum::response::Response;
use tenure_access::{Action, Principal};
use tenure_domain::account::Command;
use tenure_domain::name::AccountId;
use tenure_domain::terms::TermsRef;
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::{OpenAccount, PageQuery, TermsVersion};
use tenure_wire::view::{AccountView, Page, StandingView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(open, list)).routes(routes!(get)).routes(routes!(standing))
}

/// The reference of a published version.
pub(super) fn published(call: &Call, asked: &TermsVersion) -> Result<TermsRef, Failure> {
    let shelf = call.engine.shelf();
    let mut references = shelf.terms.iter().map(|(reference, _)| reference);
    let found = references.find(|r| r.id == asked.id && r.version == asked.version);
    found.cloned().ok_or_else(|| Failure::invalid("/terms", "no such terms are published"))
}

/// Open an account under a published version of terms.
#[utoipa::path(post, operation_id = "openAccount", path = "/v1/accounts", tag = "accounts", request_body = OpenAccount,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn open(call: Call, body: Body<OpenAccount>) -> Result<Response, Failure> {
    call.may_at_provider(Action::OpenAccount)?;
    let asked = body.value;
    let terms = published(&call, &asked.terms)?;
    let act = Act::Account(asked.account.clone(), Command::Open { terms, plan: asked.plan.into() });
    let id = asked.account.to_string();
    Writing::new(&call, body.hash)
        .submit(act, true, move |_| (id.clone(), format!("/v1/accounts/{id}")))
        .await
}

/// List the accounts that the caller can see.
#[utoipa::path(get, operation_id = "listAccounts", path = "/v1/accounts", tag = "accounts", params(PageQuery),
    responses((status = 200, body = Page<AccountView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(call: Call, query: Query<PageQuery>) -> Result<Json<Page<AccountView>>, Failure> {
    let size = page::size(&query.0)?;
    let after: Option<AccountId> = page::after(&query.0)?;
    if let Principal::Member { account, .. } = &call.principal {
        let own: AccountId = account.parse().map_err(|_| Failure::not_found())?;
        call.may(Action::ReadAccount, &own)?;
        let items = vec![views::account::account(&*call.engine.account(&own).await?)];
        return Ok(Json(Page { items, next_page_token: None }));
    }
    call.may_at_provider(Action::ListAccounts)?;
    let accounts = call.engine.accounts(after.as_ref(), size + 1).await?;
    let items = accounts.iter().map(|account| views::account::account(account)).collect();
    Ok(Json(page::page(items, size, |a: &AccountView| a.id.clone())))
}

/// Read an account.
#[utoipa::path(get, operation_id = "getAccount", path = "/v1/accounts/{account}", tag = "accounts", params(("account" = String, Path)),
    responses((status = 200, body = AccountView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path(id): Path<AccountId>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    call.show(account.version, &views::account::account(&account))
}

/// Where the account stands, why, what is asked of it, and what comes next.
#[utoipa::path(get, operation_id = "getStanding", path = "/v1/accounts/{account}/standing", tag = "accounts", params(("account" = String, Path)),
    responses((status = 200, body = StandingView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn standing(call: Call, Path(id): Path<AccountId>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let view = views::account::standing(&call.engine, &account, call.is_kept_out()).await?;
    call.show(account.version, &view)
}
