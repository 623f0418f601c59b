//! `/v1/evidence`: immutable bytes by their SHA-256.

use axum::body::Body as ResponseBody;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use tenure_access::{Action, Principal};
use tenure_domain::name::AccountId;
use tenure_domain::text::Blob;
use tenure_engine::submission::Act;
use tenure_engine::withheld;
use tenure_wire::Problem;
use tenure_wire::view::Written;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Call, Path, Upload};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, digest};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(upload)).routes(routes!(get))
}

/// Upload evidence or an order's document: at most 10 MiB, of any media type. The id is the bytes' SHA-256. One principal
/// brings in at most 200 MiB within a day.
#[utoipa::path(post, operation_id = "uploadEvidence", path = "/v1/evidence", tag = "evidence",
    params(("Content-Digest" = Option<String>, Header, description = "The bytes' digest (RFC 9530), such as `sha-256=:…:`. Bytes with another one are not kept.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn upload(call: Call, upload: Upload) -> Result<Response, Failure> {
    call.may_at_provider(Action::UploadEvidence)?;
    let hash = hex::encode(Sha256::digest(&upload.bytes));
    let mut writing = Writing::new(&call, hash);
    let id = writing.blob(&upload.media_type, upload.bytes).to_string();
    writing.submit(Act::Keep, true, move |_| (id.clone(), format!("/v1/evidence/{id}"))).await
}

/// Fetch evidence, a letter or a receipt. Members fetch what their own account's record names.
#[utoipa::path(get, operation_id = "getEvidence", path = "/v1/evidence/{id}", tag = "evidence", params(("id" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path(id): Path<Blob>) -> Result<Response, Failure> {
    match &call.principal {
        Principal::Member { account, .. } => {
            let own: AccountId = account.parse().map_err(|_| Failure::not_found())?;
            call.may(Action::ReadEvidence, &own)?;
            if !call.engine.is_named_by(&own, id.as_str()).await? {
                return Err(Failure::not_found());
            }
            let account = call.engine.account(&own).await?;
            if withheld::hides_bytes(&call.engine, &account, &id).await? {
                return Err(Failure::not_found());
            }
        }
        Principal::Person { .. } => {
            let any: AccountId = "any".parse().map_err(|_| Failure::not_found())?;
            call.may(Action::ReadEvidence, &any)?;
        }
    }
    let blob = call.engine.blob(id.as_str()).await?.ok_or_else(Failure::not_found)?;
    // Whatever a stranger uploaded is never shown by a browser as a page of ours.
    let headers = [
        (header::CONTENT_TYPE, blob.media_type),
        (header::CONTENT_DISPOSITION, "attachment".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
        (digest::CONTENT_DIGEST, digest::of(&blob.bytes)),
    ];
    // The bytes behind an id never change, so the id is their tag.
    Ok(call.tagged(&format!("\"{id}\""), || (headers, ResponseBody::from(blob.bytes)).into_response()))
}
