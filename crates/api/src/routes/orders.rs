//! `/v1/orders`: what courts and authorities command.

use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::name::OrderId;
use tenure_engine::EngineError;
use tenure_engine::submission::{Act, Done};
use tenure_wire::Problem;
use tenure_wire::request::{Reason, RecordOrder};
use tenure_wire::view::{LegalView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(record)).routes(routes!(get)).routes(routes!(vacate))
}

fn newest(done: &Done) -> (String, String) {
    let id = done.account().and_then(|a| a.orders.last()).map(|o| o.id.to_string()).unwrap_or_default();
    let href = format!("/v1/orders/{id}");
    (id, href)
}

/// Record an order. It beats operators and rules from this moment, also against what is already scheduled.
#[utoipa::path(post, operation_id = "recordOrder", path = "/v1/orders", tag = "orders", request_body = RecordOrder,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn record(call: Call, body: Body<RecordOrder>) -> Result<Response, Failure> {
    let asked = body.value;
    call.may(Action::RecordOrder, &asked.account)?;
    let mut writing = Writing::new(&call, body.hash);
    let authority = writing.words("/authority", &asked.authority)?;
    let command =
        Command::RecordOrder { kind: asked.kind, scope: asked.scope, authority, document: asked.document };
    writing.submit(Act::Account(asked.account, command), true, newest).await
}

/// Read an order.
#[utoipa::path(get, operation_id = "getOrder", path = "/v1/orders/{order}", tag = "orders", params(("order" = String, Path)),
    responses((status = 200, body = LegalView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path(id): Path<OrderId>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, id.account())?;
    let account = call.engine.account(id.account()).await?;
    let order = account.order(&id).map_err(EngineError::from)?;
    call.show(account.version, &views::measure::order(&call.engine, &account, order).await?)
}

/// Record that an order no longer stands. What it stayed takes effect again on fresh permits.
#[utoipa::path(post, operation_id = "vacateOrder", path = "/v1/orders/{order}/vacatur", tag = "orders", params(("order" = String, Path)),
    request_body = Reason, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn vacate(call: Call, Path(id): Path<OrderId>, body: Body<Reason>) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let why = writing.words("/why", &body.value.why)?;
    let (name, href) = (id.to_string(), format!("/v1/orders/{id}"));
    let act = Act::Account(id.account().clone(), Command::VacateOrder { order: id, why });
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}
