//! `/v1/accounts/{account}/environments`.

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::name::{AccountId, EnvironmentId};
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::{CreateEnvironment, PageQuery};
use tenure_wire::view::{EnvironmentView, Page, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get))
}

/// Create an environment with its share of the account's plan.
#[utoipa::path(post, operation_id = "createEnvironment", path = "/v1/accounts/{account}/environments", tag = "environments",
    params(("account" = String, Path)), request_body = CreateEnvironment,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn create(
    call: Call,
    Path(id): Path<AccountId>,
    body: Body<CreateEnvironment>,
) -> Result<Response, Failure> {
    let CreateEnvironment { environment, plan } = body.value;
    let (name, href) = (environment.to_string(), format!("/v1/accounts/{id}/environments/{environment}"));
    let act = Act::Account(id, Command::CreateEnvironment { environment, plan: plan.into() });
    Writing::new(&call, body.hash).submit(act, true, move |_| (name.clone(), href.clone())).await
}

/// List an account's environments.
#[utoipa::path(get, operation_id = "listEnvironments", path = "/v1/accounts/{account}/environments", tag = "environments",
    params(("account" = String, Path), PageQuery),
    responses((status = 200, body = Page<EnvironmentView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(
    call: Call,
    Path(id): Path<AccountId>,
    query: Query<PageQuery>,
) -> Result<Json<Page<EnvironmentView>>, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let views = account.environments.iter().map(|(e, env)| views::account::environment(&account, e, env));
    Ok(Json(page::slice(views, &query.0, |e| e.id.clone())?))
}

/// Read an environment.
#[utoipa::path(get, operation_id = "getEnvironment", path = "/v1/accounts/{account}/environments/{environment}", tag = "environments",
    params(("account" = String, Path), ("environment" = String, Path)),
    responses((status = 200, body = EnvironmentView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path((id, name)): Path<(AccountId, EnvironmentId)>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let environment = account.environments.get(&name).ok_or_else(Failure::not_found)?;
    call.show(account.version, &views::account::environment(&account, &name, environment))
}
