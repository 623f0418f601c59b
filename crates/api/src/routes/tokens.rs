//! `/v1/tokens`: what people and members prove themselves with.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use tenure_access::Action;
use tenure_domain::book::{Entry, Event};
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::IssueToken;
use tenure_wire::view::{TokenView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::{Body, Call, Path};
use crate::problem::Failure;
use crate::submit::Writing;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(issue)).routes(routes!(revoke))
}

/// How many of a digest's hexadecimal digits name a token.
const ID_DIGITS: usize = 16;

/// Issue a token. Its secret is shown this once, so a repeated request issues another one.
#[utoipa::path(post, operation_id = "issueToken", path = "/v1/tokens", tag = "people", request_body = IssueToken,
    responses((status = 201, body = TokenView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn issue(call: Call, body: Body<IssueToken>) -> Result<Response, Failure> {
    call.may_at_provider(Action::IssueToken)?;
    let subject = body.value.subject;
    if call.engine.shelf().principal_of(&subject).is_none() {
        return Err(Failure::invalid("/subject", "no such person or member: set the roles first"));
    }
    let token = call.engine.issue_token(call.caller(), subject.clone()).await?;
    let id: String = hex::encode(Sha256::digest(token.as_bytes())).chars().take(ID_DIGITS).collect();
    let location = [(header::LOCATION, href(&id))];
    Ok((StatusCode::CREATED, location, Json(TokenView { id, token, subject: subject.to_string() }))
        .into_response())
}

fn href(id: &str) -> String {
    format!("/v1/tokens/{id}")
}

/// Revoke a token: from now it speaks for nobody. Revoking it again changes nothing.
#[utoipa::path(delete, operation_id = "revokeToken", path = "/v1/tokens/{token}", tag = "people", params(("token" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn revoke(call: Call, Path(id): Path<String>) -> Result<Response, Failure> {
    call.may_at_provider(Action::IssueToken)?;
    let entry = Entry::Token(id.clone());
    // The digest is on the record of its issue; the name is only the digest's beginning.
    let issued = call.engine.stream(&entry.to_string(), 1, 1).await?;
    let digest = issued.first().and_then(|event| event.body.get("digest")).and_then(|digest| digest.as_str());
    let event = Event::TokenRevoked { digest: digest.ok_or_else(Failure::not_found)?.to_owned() };
    Writing::new(&call, "").submit(Act::Book(entry, event), false, move |_| (id.clone(), href(&id))).await
}
