//! `/v1/accounts/{account}/plan`, `…/usage` and `…/quota-requests`: what an account may use, what it uses, and more.

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::account::provision::Provision;
use tenure_domain::name::{AccountId, QuotaRequestId};
use tenure_domain::plan::{Exposure, Share};
use tenure_engine::EngineError;
use tenure_engine::submission::{Act, Done};
use tenure_wire::Problem;
use tenure_wire::plan::{DecideQuotaRequest, PlanView, QuotaRequestView, RequestQuota, SetPlan, UsageView};
use tenure_wire::request::PageQuery;
use tenure_wire::view::{Page, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::environments::seen;
use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get, set))
        .routes(routes!(usage))
        .routes(routes!(request, list))
        .routes(routes!(get_request))
        .routes(routes!(decide))
}

/// Read what an account's plan allows, what its environments have of it, and what is left.
#[utoipa::path(get, operation_id = "getPlan", path = "/v1/accounts/{account}/plan", tag = "accounts", params(("account" = String, Path)),
    responses((status = 200, body = PlanView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path(id): Path<AccountId>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    call.show(account.version, &views::plan::plan(&account))
}

/// Set what an account's plan allows. It is never less than what the environments were given of it.
#[utoipa::path(put, operation_id = "setPlan", path = "/v1/accounts/{account}/plan", tag = "accounts", params(("account" = String, Path)),
    request_body = SetPlan,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn set(call: Call, Path(id): Path<AccountId>, body: Body<SetPlan>) -> Result<Response, Failure> {
    call.may(Action::SetPlan, &id)?;
    let mut writing = Writing::new(&call, body.hash);
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    writing.only_at(seen(&call)?);
    let SetPlan { plan, load_balancers, hostnames, allowances } = body.value;
    let share = Share { plan: plan.into(), exposure: Exposure { load_balancers, hostnames } };
    let command = Provision::SetPlan { share, allowances: Box::new(allowances.into()) };
    let (name, href) = (id.to_string(), format!("/v1/accounts/{id}/plan"));
    let act = Act::Account(id, Command::Provision(command));
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}

/// List what each environment uses of its share, as last observed.
#[utoipa::path(get, operation_id = "listUsage", path = "/v1/accounts/{account}/usage", tag = "accounts",
    params(("account" = String, Path), PageQuery),
    responses((status = 200, body = Page<UsageView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn usage(
    call: Call,
    Path(id): Path<AccountId>,
    query: Query<PageQuery>,
) -> Result<Json<Page<UsageView>>, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let mut all = Vec::new();
    for environment in account.environments.keys() {
        all.push(views::plan::usage(environment, call.engine.observed(&id, environment).await?));
    }
    Ok(Json(page::slice(all.into_iter(), &query.0, |usage| usage.environment.clone())?))
}

fn newest(done: &Done) -> (String, String) {
    let account = done.account();
    let id = account.and_then(|a| a.quota_requests.last()).map(|r| r.id.to_string()).unwrap_or_default();
    let whose = account.map(|a| a.id.to_string()).unwrap_or_default();
    let href = format!("/v1/accounts/{whose}/quota-requests/{id}");
    (id, href)
}

/// Ask for a larger plan, with a reason.
#[utoipa::path(post, operation_id = "requestQuota", path = "/v1/accounts/{account}/quota-requests", tag = "accounts",
    params(("account" = String, Path)), request_body = RequestQuota,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn request(
    call: Call,
    Path(id): Path<AccountId>,
    body: Body<RequestQuota>,
) -> Result<Response, Failure> {
    call.may(Action::RequestQuota, &id)?;
    let mut writing = Writing::new(&call, body.hash);
    let RequestQuota { plan, load_balancers, hostnames, why } = body.value;
    let why = writing.words("/why", &why)?;
    let now = call.engine.account(&id).await?.allowed().exposure;
    let exposure = Exposure {
        load_balancers: load_balancers.unwrap_or(now.load_balancers),
        hostnames: hostnames.unwrap_or(now.hostnames),
    };
    let command = Provision::RequestQuota { share: Share { plan: plan.into(), exposure }, why };
    writing.submit(Act::Account(id, Command::Provision(command)), true, newest).await
}

/// List an account's requests for a larger plan.
#[utoipa::path(get, operation_id = "listQuotaRequests", path = "/v1/accounts/{account}/quota-requests", tag = "accounts",
    params(("account" = String, Path), PageQuery),
    responses((status = 200, body = Page<QuotaRequestView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(
    call: Call,
    Path(id): Path<AccountId>,
    query: Query<PageQuery>,
) -> Result<Json<Page<QuotaRequestView>>, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let chosen = page::slice(account.quota_requests.iter(), &query.0, |request| request.id.number())?;
    let mut items = Vec::new();
    for request in chosen.items {
        items.push(views::plan::request(&call.engine, request).await?);
    }
    Ok(Json(Page { items, next_page_token: chosen.next_page_token }))
}

/// Read a request for a larger plan.
#[utoipa::path(get, operation_id = "getQuotaRequest", path = "/v1/accounts/{account}/quota-requests/{quotaRequest}", tag = "accounts",
    params(("account" = String, Path), ("quotaRequest" = String, Path)),
    responses((status = 200, body = QuotaRequestView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get_request(
    call: Call,
    Path((id, request)): Path<(AccountId, QuotaRequestId)>,
) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let request = account.quota_request(&request).map_err(EngineError::from)?;
    call.show(account.version, &views::plan::request(&call.engine, request).await?)
}

/// Decide on a request for a larger plan: granted, the plan is what was asked for; denied with a reason.
#[utoipa::path(post, operation_id = "decideQuotaRequest", path = "/v1/accounts/{account}/quota-requests/{quotaRequest}/decision", tag = "accounts",
    params(("account" = String, Path), ("quotaRequest" = String, Path)), request_body = DecideQuotaRequest,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn decide(
    call: Call,
    Path((id, request)): Path<(AccountId, QuotaRequestId)>,
    body: Body<DecideQuotaRequest>,
) -> Result<Response, Failure> {
    call.may(Action::DecideQuotaRequest, &id)?;
    let mut writing = Writing::new(&call, body.hash);
    let (name, href) = (request.to_string(), format!("/v1/accounts/{id}/quota-requests/{request}"));
    let command = match (body.value.grant, body.value.why) {
        (true, None) => Provision::GrantQuota { request },
        (true, Some(_)) => {
            return Err(Failure::invalid("/why", "what is granted needs no reason: leave it out"));
        }
        (false, Some(why)) => Provision::DenyQuota { request, why: writing.words("/why", &why)? },
        (false, None) => return Err(Failure::invalid("/why", "say why it is denied")),
    };
    let act = Act::Account(id, Command::Provision(command));
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}
