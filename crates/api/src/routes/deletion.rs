//! The deletion of what a closed account had: proposed by one, consented to by others, denied by anyone of them.

use axum::response::Response;
use tenure_domain::account::Command;
use tenure_domain::account::erasure::Included;
use tenure_domain::name::AccountId;
use tenure_engine::submission::{Act, Done};
use tenure_wire::Problem;
use tenure_wire::erasing::ProposeDeletion;
use tenure_wire::request::{Consent, DenyDeletion};
use tenure_wire::view::Written;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::call::{Body, Call, Path};
use crate::problem::Failure;
use crate::submit::Writing;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(propose)).routes(routes!(consent)).routes(routes!(deny))
}

fn about(id: &AccountId) -> impl Fn(&Done) -> (String, String) + Send + Sync + 'static + use<> {
    let (name, href) = (id.to_string(), format!("/v1/accounts/{id}/standing"));
    move |_| (name.clone(), href.clone())
}

/// Propose to delete what an account has whose termination has run its course.
///
/// Refused with everything that stands against it: the time to fetch the data, reminders, holds, orders, appeals.
#[utoipa::path(post, operation_id = "proposeDeletion", path = "/v1/accounts/{account}/deletion", tag = "accounts", params(("account" = String, Path)),
    request_body = ProposeDeletion, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn propose(
    call: Call,
    Path(id): Path<AccountId>,
    body: Body<ProposeDeletion>,
) -> Result<Response, Failure> {
    let made = about(&id);
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let including = included(body.value.including);
    let command = if including.is_empty() {
        Command::ProposeDeletion { why }
    } else {
        Command::ProposeDeletionOf { why, including }
    };
    writing.submit(Act::Account(id, command), true, made).await
}

/// What goes with environments and is none of Tenure's.
pub(super) fn included(named: Vec<tenure_wire::erasing::Included>) -> Vec<Included> {
    let one = |i: tenure_wire::erasing::Included| Included {
        environment: i.environment,
        object: i.object,
        uid: i.uid,
    };
    named.into_iter().map(one).collect()
}

/// Consent to exactly the deletion that was read. With the last consent needed it is carried out under a permit.
#[utoipa::path(post, operation_id = "consentToDeletion", path = "/v1/accounts/{account}/deletion/consents", tag = "accounts", params(("account" = String, Path)),
    request_body = Consent, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn consent(call: Call, Path(id): Path<AccountId>, body: Body<Consent>) -> Result<Response, Failure> {
    let made = about(&id);
    let command = Command::ConsentToDeletion { command_hash: body.value.command_hash };
    Writing::new(&call, body.hash).submit(Act::Account(id, command), true, made).await
}

/// Deny a deletion. One no ends it.
#[utoipa::path(post, operation_id = "denyDeletion", path = "/v1/accounts/{account}/deletion/denial", tag = "accounts", params(("account" = String, Path)),
    request_body = DenyDeletion, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn deny(call: Call, Path(id): Path<AccountId>, body: Body<DenyDeletion>) -> Result<Response, Failure> {
    let made = about(&id);
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let command = Command::DenyDeletion { command_hash: body.value.command_hash, why };
    writing.submit(Act::Account(id, command), false, made).await
}
