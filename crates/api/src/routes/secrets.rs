//! `/v1/accounts/{account}/environments/{environment}/secrets`: set and removed, never read.

use std::collections::BTreeSet;

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::name::{AccountId, EnvironmentId, SecretId};
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::{PageQuery, SetSecret};
use tenure_wire::view::{Page, SecretView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Call, Contents, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page};

/// The most bytes of all values of one secret together: a cluster keeps no larger object, and some of it is names.
const MOST_BYTES: usize = 1_048_576 - 16_384;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(set, remove))
}

/// List an environment's secrets, without their values.
#[utoipa::path(get, operation_id = "listSecrets", path = "/v1/accounts/{account}/environments/{environment}/secrets", tag = "workloads",
    params(("account" = String, Path), ("environment" = String, Path), PageQuery),
    responses((status = 200, body = Page<SecretView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(
    call: Call,
    Path((id, name)): Path<(AccountId, EnvironmentId)>,
    query: Query<PageQuery>,
) -> Result<Json<Page<SecretView>>, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let environment = account.environments.get(&name).ok_or_else(Failure::not_found)?;
    let views = environment.secrets.iter().map(|(secret, known)| {
        let reads = environment
            .workloads
            .iter()
            .filter(|(_, spec)| spec.secret_keys().any(|(_, key)| key.name == *secret));
        SecretView {
            id: secret.to_string(),
            keys: known.keys.clone(),
            set_at: known.set_at,
            readers: reads.map(|(workload, _)| workload.to_string()).collect(),
        }
    });
    Ok(Json(page::slice(views, &query.0, |secret| secret.id.clone())?))
}

/// Set all values of a secret, in place of those it had. They are never shown again: not by an answer, an event or a log.
/// The pods that read it start anew.
#[utoipa::path(put, operation_id = "setSecret", path = "/v1/accounts/{account}/environments/{environment}/secrets/{secret}",
    tag = "workloads", params(("account" = String, Path), ("environment" = String, Path), ("secret" = String, Path)),
    request_body = SetSecret,
    responses((status = 200, body = Written), (status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn set(
    call: Call,
    Path((id, environment, secret)): Path<(AccountId, EnvironmentId, SecretId)>,
    Contents(body): Contents<SetSecret>,
) -> Result<Response, Failure> {
    call.may(Action::SetSecret, &id)?;
    let mut writing = Writing::new(&call, body.hash);
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    let account = call.engine.account(&id).await?;
    let exists = account.environments.get(&environment).is_some_and(|e| e.secrets.contains_key(&secret));
    if call.if_none {
        if exists {
            return Err(Problem::new("exists", "It exists", 412)
                .detail("Leave `If-None-Match` out to set it anew.")
                .into());
        }
        writing.only_at(account.version);
    }
    let values = body.value.values;
    let bytes: usize = values.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > MOST_BYTES {
        return Err(Failure::invalid("/values", format!("at most {MOST_BYTES} bytes together")));
    }
    let keys: BTreeSet<String> = values.keys().cloned().collect();
    let values = writing.secret(&values)?;
    let (made, href) = (secret.to_string(), format!("/v1/accounts/{id}/environments/{environment}/secrets"));
    let command = Command::SetSecret { environment, secret, keys, values };
    writing.submit(Act::Account(id, command), !exists, move |_| (made.clone(), href.clone())).await
}

/// Remove a secret that no workload reads. Its values are erased.
#[utoipa::path(delete, operation_id = "removeSecret", path = "/v1/accounts/{account}/environments/{environment}/secrets/{secret}",
    tag = "workloads", params(("account" = String, Path), ("environment" = String, Path), ("secret" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn remove(
    call: Call,
    Path((id, environment, secret)): Path<(AccountId, EnvironmentId, SecretId)>,
) -> Result<Response, Failure> {
    let (made, href) = (secret.to_string(), format!("/v1/accounts/{id}/environments/{environment}/secrets"));
    let command = Command::RemoveSecret { environment, secret };
    let writing = Writing::new(&call, "");
    writing.submit(Act::Account(id, command), false, move |_| (made.clone(), href.clone())).await
}
