//! `/v1/accounts/{account}/environments/{environment}/workloads`.

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::{Account, Command};
use tenure_domain::name::{AccountId, EnvironmentId, WorkloadId};
use tenure_domain::text::Blob;
use tenure_domain::workload::File;
use tenure_engine::submission::Act;
use tenure_engine::workloads::FILE_TYPE;
use tenure_wire::Problem;
use tenure_wire::request::{PageQuery, Workload};
use tenure_wire::view::{Page, WorkloadView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Call, Contents, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, put, remove))
}

/// List an environment's workloads.
#[utoipa::path(get, operation_id = "listWorkloads", path = "/v1/accounts/{account}/environments/{environment}/workloads", tag = "workloads",
    params(("account" = String, Path), ("environment" = String, Path), PageQuery),
    responses((status = 200, body = Page<WorkloadView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(
    call: Call,
    Path((id, name)): Path<(AccountId, EnvironmentId)>,
    query: Query<PageQuery>,
) -> Result<Json<Page<WorkloadView>>, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let environment = account.environments.get(&name).ok_or_else(Failure::not_found)?;
    let observed = call.engine.observed(&id, &name).await?;
    let views = environment
        .workloads
        .iter()
        .map(|(w, spec)| views::account::workload(&account, &name, w, spec, &observed));
    Ok(Json(page::slice(views, &query.0, |w| w.id.clone())?))
}

/// Read a workload, as declared and as observed.
#[utoipa::path(get, operation_id = "getWorkload", path = "/v1/accounts/{account}/environments/{environment}/workloads/{workload}",
    tag = "workloads", params(("account" = String, Path), ("environment" = String, Path), ("workload" = String, Path)),
    responses((status = 200, body = WorkloadView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(
    call: Call,
    Path((id, name, workload)): Path<(AccountId, EnvironmentId, WorkloadId)>,
) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let environment = account.environments.get(&name).ok_or_else(Failure::not_found)?;
    let spec = environment.workloads.get(&workload).ok_or_else(Failure::not_found)?;
    let observed = call.engine.observed(&id, &name).await?;
    let view = views::account::workload(&account, &name, &workload, spec, &observed);
    call.show(account.version, &view)
}

fn precondition(detail: &str) -> Failure {
    Problem::new("precondition-required", "Say what you saw", 428).detail(detail).into()
}

/// The version at which a change may be made: the caller's own, or the present one where the thing must not exist.
fn at_version(call: &Call, account: &Account, exists: bool) -> Result<u64, Failure> {
    match (call.if_match, call.if_none) {
        (Some(version), _) => Ok(version),
        (None, true) if !exists => Ok(account.version),
        (None, true) => Err(Problem::new("exists", "It exists", 412)
            .detail("Send If-Match with its ETag to change it.")
            .into()),
        (None, false) => Err(precondition(
            "Send `If-None-Match: *` to create it, or `If-Match` with the ETag you read to change it.",
        )),
    }
}

/// The size of a file that one of the account's workloads has.
fn kept_size(account: &Account, bytes: &Blob) -> Option<u32> {
    let workloads = account.environments.values().flat_map(|environment| environment.workloads.values());
    workloads.flat_map(|workload| workload.files.values()).find_map(|file| match file {
        File::Kept { bytes: known, size } if known == bytes => Some(*size),
        File::Kept { .. } | File::Secret(_) => None,
    })
}

/// Declare a workload: create it (`If-None-Match: *`) or replace it (`If-Match`).
#[utoipa::path(put, operation_id = "putWorkload", path = "/v1/accounts/{account}/environments/{environment}/workloads/{workload}",
    tag = "workloads", params(("account" = String, Path), ("environment" = String, Path), ("workload" = String, Path)),
    request_body = Workload,
    responses((status = 200, body = Written), (status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn put(
    call: Call,
    Path((id, environment, workload)): Path<(AccountId, EnvironmentId, WorkloadId)>,
    Contents(body): Contents<Workload>,
) -> Result<Response, Failure> {
    call.may(Action::PutWorkload, &id)?;
    let mut writing = Writing::new(&call, body.hash);
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    let account = call.engine.account(&id).await?;
    let exists = account.environments.get(&environment).is_some_and(|e| e.workloads.contains_key(&workload));
    let version = at_version(&call, &account, exists)?;
    let (made, href) =
        (workload.to_string(), format!("/v1/accounts/{id}/environments/{environment}/workloads/{workload}"));
    let size = |bytes: &Blob| kept_size(&account, bytes);
    let keep = |text: String| {
        let size = u32::try_from(text.len()).unwrap_or(u32::MAX);
        (writing.blob(FILE_TYPE, text.into_bytes()), size)
    };
    let declared = body.value.declared(keep, size);
    let spec = declared.map_err(|unfit| Failure::invalid(unfit.pointer, unfit.detail))?;
    let command = Command::PutWorkload { environment, workload, spec };
    writing.only_at(version);
    writing.submit(Act::Account(id, command), !exists, move |_| (made.clone(), href.clone())).await
}

/// Remove a workload. Its volume stays.
#[utoipa::path(delete, operation_id = "removeWorkload", path = "/v1/accounts/{account}/environments/{environment}/workloads/{workload}",
    tag = "workloads", params(("account" = String, Path), ("environment" = String, Path), ("workload" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn remove(
    call: Call,
    Path((id, environment, workload)): Path<(AccountId, EnvironmentId, WorkloadId)>,
) -> Result<Response, Failure> {
    call.may(Action::RemoveWorkload, &id)?;
    let mut writing = Writing::new(&call, "");
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    let version =
        call.if_match.ok_or_else(|| precondition("Send `If-Match` with the ETag you read to remove it."))?;
    let (made, href) =
        (workload.to_string(), format!("/v1/accounts/{id}/environments/{environment}/workloads"));
    writing.only_at(version);
    let command = Command::RemoveWorkload { environment, workload };
    writing.submit(Act::Account(id, command), false, move |_| (made.clone(), href.clone())).await
}
