//! `/v1/accounts/{account}/hostnames`: claimed, proved and released.

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::account::provision::Provision;
use tenure_domain::name::{AccountId, Hostname};
use tenure_engine::EngineError;
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::hostname::{ClaimHostname, HostnameView};
use tenure_wire::request::PageQuery;
use tenure_wire::view::{Page, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, claim)).routes(routes!(get, release)).routes(routes!(prove))
}

fn at(id: &AccountId, hostname: &Hostname) -> (String, String) {
    (hostname.to_string(), format!("/v1/accounts/{id}/hostnames/{hostname}"))
}

/// List the hostnames that an account has claimed.
#[utoipa::path(get, operation_id = "listHostnames", path = "/v1/accounts/{account}/hostnames", tag = "workloads",
    params(("account" = String, Path), PageQuery),
    responses((status = 200, body = Page<HostnameView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(
    call: Call,
    Path(id): Path<AccountId>,
    query: Query<PageQuery>,
) -> Result<Json<Page<HostnameView>>, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let views =
        account.hostnames.iter().map(|(name, claim)| views::hostname::hostname(&account, name, claim));
    Ok(Json(page::slice(views, &query.0, |view| view.hostname.clone())?))
}

/// Claim a hostname. The answer to reading it says how it is proved; a claim that is not proved within seven days lapses.
#[utoipa::path(post, operation_id = "claimHostname", path = "/v1/accounts/{account}/hostnames", tag = "workloads",
    params(("account" = String, Path)), request_body = ClaimHostname,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn claim(
    call: Call,
    Path(id): Path<AccountId>,
    body: Body<ClaimHostname>,
) -> Result<Response, Failure> {
    call.may(Action::ClaimHostname, &id)?;
    let writing = Writing::new(&call, body.hash);
    let hostname = body.value.hostname;
    let (name, href) = at(&id, &hostname);
    let command = call.engine.claim_hostname(hostname)?;
    let act = Act::Account(id, Command::Provision(command));
    writing.submit(act, true, move |_| (name.clone(), href.clone())).await
}

/// Read a hostname that an account has claimed, and how it is proved.
#[utoipa::path(get, operation_id = "getHostname", path = "/v1/accounts/{account}/hostnames/{hostname}", tag = "workloads",
    params(("account" = String, Path), ("hostname" = String, Path)),
    responses((status = 200, body = HostnameView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path((id, hostname)): Path<(AccountId, Hostname)>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let claim = account.hostname(&hostname).map_err(EngineError::from)?;
    call.show(account.version, &views::hostname::hostname(&account, &hostname, claim))
}

/// Have it looked at now whether a hostname answers as its challenge asks. It is the account's from then on.
#[utoipa::path(post, operation_id = "proveHostname", path = "/v1/accounts/{account}/hostnames/{hostname}/proof", tag = "workloads",
    params(("account" = String, Path), ("hostname" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn prove(call: Call, Path((id, hostname)): Path<(AccountId, Hostname)>) -> Result<Response, Failure> {
    call.may(Action::ClaimHostname, &id)?;
    let mut writing = Writing::new(&call, "");
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    let account = call.engine.account(&id).await?;
    let (name, href) = at(&id, &hostname);
    let command = writing.prove(&account, hostname).await?;
    let act = Act::Account(id, Command::Provision(command));
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}

/// Give a hostname up that no workload declares.
#[utoipa::path(delete, operation_id = "releaseHostname", path = "/v1/accounts/{account}/hostnames/{hostname}", tag = "workloads",
    params(("account" = String, Path), ("hostname" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn release(call: Call, Path((id, hostname)): Path<(AccountId, Hostname)>) -> Result<Response, Failure> {
    let (name, href) = at(&id, &hostname);
    let writing = Writing::new(&call, "");
    let act = Act::Account(id, Command::Provision(Provision::ReleaseHostname { hostname }));
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}
