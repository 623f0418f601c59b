//! What is done about measures beside deciding on them: asking for one, applying an order, conditions, reviews, and what
//! other systems say.

use axum::response::Response;
use tenure_domain::account::Command;
use tenure_domain::name::{AccountId, MeasureId, OrderId};
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::{AcknowledgeEnforcement, ApplyOrder, AskMeasure, ReviewMeasure, SetConditions};
use tenure_wire::view::Written;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::measures::{about, lifts, newest};
use crate::App;
use crate::call::{Body, Call, Path};
use crate::problem::Failure;
use crate::submit::Writing;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(ask))
        .routes(routes!(apply_order))
        .routes(routes!(set_conditions))
        .routes(routes!(review))
        .routes(routes!(acknowledge))
}

/// Ask that something be withheld from the own account. It takes effect at once; an owner lifts it.
#[utoipa::path(post, operation_id = "askMeasure", path = "/v1/accounts/{account}/measures", tag = "measures", params(("account" = String, Path)),
    request_body = AskMeasure, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn ask(call: Call, Path(id): Path<AccountId>, body: Body<AskMeasure>) -> Result<Response, Failure> {
    let asked = body.value;
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &asked.why)?;
    let command = Command::AskMeasure { preset: asked.preset, scope: asked.scope, ends: asked.ends, why };
    writing.submit(Act::Account(id, command), true, newest).await
}

/// Withhold what an order commands, within its scope. It takes effect at once, and ends when the order is vacated.
#[utoipa::path(post, operation_id = "applyOrder", path = "/v1/orders/{order}/measures", tag = "orders", params(("order" = String, Path)),
    request_body = ApplyOrder, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn apply_order(
    call: Call,
    Path(order): Path<OrderId>,
    body: Body<ApplyOrder>,
) -> Result<Response, Failure> {
    let asked = body.value;
    let id = order.account().clone();
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &asked.why)?;
    let command = Command::ApplyOrder { order, preset: asked.preset, scope: asked.scope, why };
    writing.submit(Act::Account(id, command), true, newest).await
}

/// Say when a measure lifts by itself. What was set before is never made harder.
#[utoipa::path(post, operation_id = "setConditions", path = "/v1/measures/{measure}/conditions", tag = "measures", params(("measure" = String, Path)),
    request_body = SetConditions, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn set_conditions(
    call: Call,
    Path(id): Path<MeasureId>,
    body: Body<SetConditions>,
) -> Result<Response, Failure> {
    let made = about(&id);
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let command = Command::SetConditions { measure: id.clone(), lifts: lifts(body.value.until), why };
    writing.submit(Act::Account(id.account().clone(), command), false, made).await
}

/// Record that somebody looked at a measure in force again, and whether it stands. Due every fourteen days.
#[utoipa::path(post, operation_id = "reviewMeasure", path = "/v1/measures/{measure}/reviews", tag = "measures", params(("measure" = String, Path)),
    request_body = ReviewMeasure, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn review(
    call: Call,
    Path(id): Path<MeasureId>,
    body: Body<ReviewMeasure>,
) -> Result<Response, Failure> {
    let made = about(&id);
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let command = Command::ReviewMeasure { measure: id.clone(), lift: body.value.lift, why };
    writing.submit(Act::Account(id.account().clone(), command), true, made).await
}

/// Say that another system withholds what a measure withholds, or has given it back. The measure is in force, or lifted,
/// once every such system has spoken and the cluster's part is observed.
#[utoipa::path(post, operation_id = "acknowledgeEnforcement", path = "/v1/measures/{measure}/acknowledgements", tag = "measures", params(("measure" = String, Path)),
    request_body = AcknowledgeEnforcement, responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn acknowledge(
    call: Call,
    Path(id): Path<MeasureId>,
    body: Body<AcknowledgeEnforcement>,
) -> Result<Response, Failure> {
    let made = about(&id);
    let AcknowledgeEnforcement { capability, withheld } = body.value;
    let command = Command::AcknowledgeEnforcement { measure: id.clone(), capability, withheld };
    Writing::new(&call, body.hash).submit(Act::Account(id.account().clone(), command), true, made).await
}
