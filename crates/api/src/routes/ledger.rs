//! `/ledger`: the public part of the log, as C2SP tlog-tiles has it. Entries are for auditors, at `/v1/events`.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenure_ledger::tree::TileId;
use tenure_wire::Problem;
use tenure_wire::view::ConsistencyView;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use axum::extract::State;

use crate::App;
use crate::call::{Path, Query};
use crate::problem::Failure;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(checkpoint))
        .routes(routes!(key))
        .routes(routes!(tile))
        .routes(routes!(consistency))
}

/// The last signed checkpoint: a C2SP signed note.
#[utoipa::path(get, operation_id = "getCheckpoint", path = "/ledger/checkpoint", tag = "ledger", security(()),
    responses((status = 200, body = String, content_type = "text/plain"), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn checkpoint(State(app): State<App>) -> Result<Response, Failure> {
    let note = app.engine.checkpoint().await?.ok_or_else(Failure::not_found)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response())
}

/// The key with which checkpoints and receipts are verified, in the signed note's text form. Fetch it once, and keep it.
#[utoipa::path(get, operation_id = "getLogKey", path = "/ledger/key", tag = "ledger", security(()),
    responses((status = 200, body = String, content_type = "text/plain"), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn key(State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], app.engine.verifier()).into_response()
}

/// A hash tile, by its path in C2SP tlog-tiles.
#[utoipa::path(get, operation_id = "getTile", path = "/ledger/tile/{*path}", tag = "ledger", params(("path" = String, Path)), security(()),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn tile(State(app): State<App>, Path(path): Path<String>) -> Result<Response, Failure> {
    let id: TileId = format!("tile/{path}").parse().map_err(|_| Failure::not_found())?;
    let bytes = app.engine.tile(id).await?.ok_or_else(Failure::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, bytes).into_response())
}

/// From which size.
#[derive(Debug, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ConsistencyQuery {
    /// The size of the older log.
    older: u64,
}

/// The proof that the present log extends an older one: nothing was changed or taken out.
#[utoipa::path(get, operation_id = "getConsistency", path = "/ledger/consistency", tag = "ledger", params(ConsistencyQuery), security(()),
    responses((status = 200, body = ConsistencyView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn consistency(
    State(app): State<App>,
    query: Query<ConsistencyQuery>,
) -> Result<Json<ConsistencyView>, Failure> {
    let older = query.0.older;
    let Some((newer, proof, checkpoint)) = app.engine.consistency(older).await? else {
        return Err(Failure::parameter("older", "the log never had that size"));
    };
    let proof = proof.iter().map(tenure_ledger::Hash::to_base64).collect();
    Ok(Json(ConsistencyView { older, newer, proof, checkpoint }))
}
