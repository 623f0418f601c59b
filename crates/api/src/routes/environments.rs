//! `/v1/accounts/{account}/environments`.

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::account::provision::Provision;
use tenure_domain::name::{AccountId, ClusterId, EnvironmentId};
use tenure_domain::plan::{Exposure, Share};
use tenure_engine::submission::{Act, Done};
use tenure_wire::Problem;
use tenure_wire::erasing::DeleteEnvironment;
use tenure_wire::moving::MoveEnvironment;
use tenure_wire::plan::ChangeEnvironment;
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
        .routes(routes!(get, change))
        .routes(routes!(delete))
        .routes(routes!(keep))
        .routes(routes!(move_environment, cancel_move))
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
    let CreateEnvironment { environment, plan, kind, load_balancers, hostnames, cluster } = body.value;
    let (name, href) = (environment.to_string(), format!("/v1/accounts/{id}/environments/{environment}"));
    let share = Share { plan: plan.into(), exposure: Exposure { load_balancers, hostnames } };
    let cluster = cluster.unwrap_or_else(ClusterId::main);
    let command = Provision::CreateEnvironment { environment, cluster, kind, share };
    let act = Act::Account(id, Command::Provision(command));
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
    let views = account.environments.iter().map(|(e, env)| EnvironmentView {
        out_of_reach: call.engine.out_of_reach(&env.cluster),
        ..views::account::environment(&account, e, env)
    });
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
    let observed = call.engine.observed(&id, &name).await?;
    view.obstacles.clone_from(&observed.obstacles);
    view.out_of_reach = call.engine.out_of_reach(&environment.cluster);
    if let (Some(moving), Some(shown)) = (account.moves.get(&name), view.moving.as_mut()) {
        shown.why = call.engine.read_words(moving.why.as_str()).await?;
        shown.waits_for = call.engine.move_waits_for(&account, &name).await?;
    }
    if account.is_being_deleted(&name) {
        view.deleting = views::account::deleting(observed);
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

/// Have an environment live on another cluster. It is made there from what is declared, while it goes on where it is; once it was
/// seen there as it was here it lives there, and what it left is removed.
#[utoipa::path(post, operation_id = "moveEnvironment", path = "/v1/accounts/{account}/environments/{environment}/move", tag = "environments",
    params(("account" = String, Path), ("environment" = String, Path)), request_body = MoveEnvironment,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn move_environment(
    call: Call,
    Path((id, environment)): Path<(AccountId, EnvironmentId)>,
    body: Body<MoveEnvironment>,
) -> Result<Response, Failure> {
    let made = about(&id, &environment);
    let mut writing = Writing::new(&call, body.hash);
    let MoveEnvironment { cluster, why } = body.value;
    let why = writing.words("/why", &why)?;
    let command = Provision::MoveEnvironment { environment, cluster, why };
    writing.submit(Act::Account(id, Command::Provision(command)), true, made).await
}

/// Have an environment stay that is being made on another cluster. What was made there is removed.
#[utoipa::path(delete, operation_id = "cancelMove", path = "/v1/accounts/{account}/environments/{environment}/move", tag = "environments",
    params(("account" = String, Path), ("environment" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn cancel_move(
    call: Call,
    Path((id, environment)): Path<(AccountId, EnvironmentId)>,
) -> Result<Response, Failure> {
    let made = about(&id, &environment);
    let command = Provision::CancelMove { environment };
    Writing::new(&call, "").submit(Act::Account(id, Command::Provision(command)), false, made).await
}

fn about(
    id: &AccountId,
    environment: &EnvironmentId,
) -> impl Fn(&Done) -> (String, String) + Send + Sync + 'static + use<> {
    let (name, href) = (environment.to_string(), format!("/v1/accounts/{id}/environments/{environment}"));
    move |_| (name.clone(), href.clone())
}

/// The version that whoever changes something saw.
pub(super) fn seen(call: &Call) -> Result<u64, Failure> {
    let precondition = || {
        Problem::new("precondition-required", "Say what you saw", 428)
            .detail("Send `If-Match` with the ETag you read to change it.")
            .into()
    };
    call.if_match.ok_or_else(precondition)
}

/// Give an environment another share of the account's plan: never less than what is declared in it needs.
#[utoipa::path(put, operation_id = "changeEnvironment", path = "/v1/accounts/{account}/environments/{environment}", tag = "environments",
    params(("account" = String, Path), ("environment" = String, Path)), request_body = ChangeEnvironment,
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn change(
    call: Call,
    Path((id, environment)): Path<(AccountId, EnvironmentId)>,
    body: Body<ChangeEnvironment>,
) -> Result<Response, Failure> {
    call.may(Action::ChangeEnvironment, &id)?;
    let mut writing = Writing::new(&call, body.hash);
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    writing.only_at(seen(&call)?);
    let (name, href) = (environment.to_string(), format!("/v1/accounts/{id}/environments/{environment}"));
    let command = Provision::ChangeEnvironment { environment, share: body.value.into() };
    let act = Act::Account(id, Command::Provision(command));
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}
