//! `/v1/accounts/{account}/environments`.

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::name::{AccountId, EnvironmentId};
use tenure_engine::submission::{Act, Done};
use tenure_wire::Problem;
use tenure_wire::erasing::DeleteEnvironment;
use tenure_wire::request::{CreateEnvironment, PageQuery};
use tenure_wire::view::{EnvironmentView, Page, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get))
        .routes(routes!(delete))
        .routes(routes!(keep))
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
    let mut view = views::account::environment(&account, &name, environment);
    if account.is_being_deleted(&name) {
        view.deleting = views::account::deleting(call.engine.observed(&id, &name).await?);
    }
    call.show(account.version, &view)
}

/// Ask that an environment be deleted, with all its data. It can be taken back for a day; then it is carried out, unless a
/// measure, a hold or an order stands on it.
#[utoipa::path(post, operation_id = "deleteEnvironment", path = "/v1/accounts/{account}/environments/{environment}/deletion", tag = "environments",
    params(("account" = String, Path), ("environment" = String, Path)), request_body = DeleteEnvironment,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn delete(
    call: Call,
    Path((id, environment)): Path<(AccountId, EnvironmentId)>,
    body: Body<DeleteEnvironment>,
) -> Result<Response, Failure> {
    let made = about(&id, &environment);
    let mut writing = Writing::new(&call, body.hash);
    let DeleteEnvironment { confirm, why, including } = body.value;
    let (why, including) = (writing.words("/why", &why)?, super::deletion::included(including));
    let command = Command::AskEnvironmentDeletion { environment, confirm, why, including };
    writing.submit(Act::Account(id, command), true, made).await
}

/// Take back that an environment be deleted. What is gone by then stays gone.
#[utoipa::path(post, operation_id = "keepEnvironment", path = "/v1/accounts/{account}/environments/{environment}/deletion/withdrawal", tag = "environments",
    params(("account" = String, Path), ("environment" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn keep(
    call: Call,
    Path((id, environment)): Path<(AccountId, EnvironmentId)>,
) -> Result<Response, Failure> {
    let made = about(&id, &environment);
    let command = Command::EndEnvironmentDeletion { environment };
    Writing::new(&call, "").submit(Act::Account(id, command), false, made).await
}

fn about(
    id: &AccountId,
    environment: &EnvironmentId,
) -> impl Fn(&Done) -> (String, String) + Send + Sync + 'static + use<> {
    let (name, href) = (environment.to_string(), format!("/v1/accounts/{id}/environments/{environment}"));
    move |_| (name.clone(), href.clone())
}
