//! `/v1/accounts/{account}/imports` and the look before: namespaces that are there become open environments.

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::name::AccountId;
use tenure_domain::plan::{Exposure, Share};
use tenure_engine::imports::Import;
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::import::{ImportEnvironment, ImportPreflightQuery, ImportPreflightView};
use tenure_wire::view::Written;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::rehearsals::view;
use crate::App;
use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(preflight)).routes(routes!(import))
}

/// What an import of a namespace would find and do: what runs there, whether it fits, what would be closed or refused, what
/// is others'. To be read before it is imported. Every write is a server-side dry run: none persists.
#[utoipa::path(get, operation_id = "getImportPreflight", path = "/v1/accounts/{account}/imports/preflight", tag = "environments",
    params(("account" = String, Path), ImportPreflightQuery),
    responses((status = 200, body = ImportPreflightView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn preflight(
    call: Call,
    Path(id): Path<AccountId>,
    query: Query<ImportPreflightQuery>,
) -> Result<Json<ImportPreflightView>, Failure> {
    call.may(Action::ImportEnvironment, &id)?;
    let account = call.engine.account(&id).await?;
    let asked = query.0;
    let mut share = account.allowed().without(account.divided(None));
    for (amount, said) in [
        (&mut share.plan.cpu_millis, asked.cpu_millis),
        (&mut share.plan.memory_mib, asked.memory_mib),
        (&mut share.plan.storage_mib, asked.storage_mib),
        (&mut share.plan.pods, asked.pods),
        (&mut share.exposure.load_balancers, asked.load_balancers),
    ] {
        *amount = said.unwrap_or(*amount);
    }
    let namespace = asked.namespace.to_string();
    let Some(seen) = call.engine.import_preflight(&account, &asked.namespace, share).await? else {
        return Ok(Json(ImportPreflightView { namespace, ..ImportPreflightView::default() }));
    };
    let seen: ImportPreflightView = view(seen)?;
    Ok(Json(ImportPreflightView { cluster: true, ..seen }))
}

/// Take a namespace that is there as an open environment. It keeps its name, and nothing in it restarts. The UID says which
/// one is meant; everything that the preflight names as a concern has to be accepted.
#[utoipa::path(post, operation_id = "importEnvironment", path = "/v1/accounts/{account}/imports", tag = "environments",
    params(("account" = String, Path)), request_body = ImportEnvironment,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn import(
    call: Call,
    Path(id): Path<AccountId>,
    body: Body<ImportEnvironment>,
) -> Result<Response, Failure> {
    call.may(Action::ImportEnvironment, &id)?;
    let mut writing = Writing::new(&call, body.hash);
    // What was imported once is no longer there to be imported.
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    let account = call.engine.account(&id).await?;
    let ImportEnvironment { environment, namespace, uid, plan, load_balancers, hostnames, accept } =
        body.value;
    let (name, href) = (environment.to_string(), format!("/v1/accounts/{id}/environments/{environment}"));
    let share = Share { plan: plan.into(), exposure: Exposure { load_balancers, hostnames } };
    let asked = Import { environment, namespace, uid, share, accepted: accept };
    let command = writing.import(&account, asked).await?;
    let act = Act::Account(id, Command::Provision(command));
    writing.submit(act, true, move |_| (name.clone(), href.clone())).await
}
