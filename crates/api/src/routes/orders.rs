//! `/v1/orders`: what courts and authorities command.

use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::account::command::RecordRemoval;
use tenure_domain::account::legal::OrderKind;
use tenure_domain::name::OrderId;
use tenure_domain::refusal::Rejected;
use tenure_engine::EngineError;
use tenure_engine::letters;
use tenure_engine::submission::{Act, Done};
use tenure_wire::Problem;
use tenure_wire::legal::{DecideConflict, RenewGag};
use tenure_wire::request::{Reason, RecordOrder};
use tenure_wire::view::{LegalView, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(record))
        .routes(routes!(get))
        .routes(routes!(renew))
        .routes(routes!(prefer))
        .routes(routes!(vacate))
}

fn newest(done: &Done) -> (String, String) {
    let id = done.account().and_then(|a| a.orders.last()).map(|o| o.id.to_string()).unwrap_or_default();
    let href = format!("/v1/orders/{id}");
    (id, href)
}

/// Record an order. It beats operators and rules from this moment, also against what is already scheduled.
///
/// `reinstate` needs a `deadline`, with which what is observed is compared. `remove` takes effect at once; the account is told after. `gag` delays what tells of its scope until its written end.
#[utoipa::path(post, operation_id = "recordOrder", path = "/v1/orders", tag = "orders", request_body = RecordOrder,
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn record(call: Call, body: Body<RecordOrder>) -> Result<Response, Failure> {
    let asked = body.value;
    call.may(Action::RecordOrder, &asked.account)?;
    let mut writing = Writing::new(&call, body.hash);
    let authority = writing.words("/authority", &asked.authority)?;
    let locator = writing.maybe_words("/locator", asked.locator.as_deref())?;
    let why_not_less = writing.maybe_words("/whyNotLess", asked.why_not_less.as_deref())?;
    belongs(&asked)?;
    let RecordOrder { account, kind, scope, document, deadline, until, case, .. } = asked;
    let command = match kind {
        OrderKind::Remove => {
            let known = call.engine.account(&account).await?;
            let terms = call.engine.accepted(&known)?;
            let said = asked.locator.as_deref().unwrap_or_default();
            let locator =
                locator.ok_or_else(|| Failure::invalid("/locator", "a removal says where the content is"))?;
            let now = call.engine.now();
            let about = (&*known, &*terms);
            let text =
                letters::removal_notice(call.engine.letters(), about, &scope, &asked.authority, said, now)?;
            let letter = writing.blob("text/plain; charset=utf-8", text.into_bytes());
            let removal =
                RecordRemoval { scope, locator, authority, document, deadline, why_not_less, letter };
            Command::RecordRemoval(removal)
        }
        OrderKind::Gag => {
            let until = until.ok_or_else(|| Failure::invalid("/until", "a gag names its written end"))?;
            Command::RecordGag { scope, case, authority, document, until }
        }
        OrderKind::Stay | OrderKind::Reinstate | OrderKind::Preserve => match deadline {
            Some(deadline) => Command::RecordTimedOrder { kind, scope, authority, document, deadline },
            None if kind == OrderKind::Reinstate => {
                return Err(Failure::invalid(
                    "/deadline",
                    "an order to reinstate says by when service is back",
                ));
            }
            None => Command::RecordOrder { kind, scope, authority, document },
        },
    };
    writing.submit(Act::Account(account, command), true, newest).await
}

/// Refuses what an order of its kind does not say: it would be taken for something it is not.
fn belongs(asked: &RecordOrder) -> Result<(), Failure> {
    let (removes, gags) = (asked.kind == OrderKind::Remove, asked.kind == OrderKind::Gag);
    let foreign = [
        (
            "/locator",
            asked.locator.is_some() && !removes,
            "only a removal says where content is: leave it out",
        ),
        (
            "/whyNotLess",
            asked.why_not_less.is_some() && !removes,
            "only a removal chooses its scope: leave it out",
        ),
        ("/until", asked.until.is_some() && !gags, "only a gag has a written end: leave it out"),
        ("/case", asked.case.is_some() && !gags, "only a gag covers a case: leave it out"),
        ("/deadline", asked.deadline.is_some() && gags, "a gag has a written end instead: leave it out"),
    ];
    match foreign.into_iter().find(|(_, said, _)| *said) {
        Some((pointer, _, detail)) => Err(Failure::invalid(pointer, detail)),
        None => Ok(()),
    }
}

/// Read an order.
#[utoipa::path(get, operation_id = "getOrder", path = "/v1/orders/{order}", tag = "orders", params(("order" = String, Path)),
    responses((status = 200, body = LegalView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path(id): Path<OrderId>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, id.account())?;
    let account = call.engine.account(id.account()).await?;
    let order = account.order(&id).map_err(EngineError::from)?;
    if call.is_kept_out() && account.hides_order(&id) {
        // In the words for one that there is not.
        return Err(EngineError::from(Rejected::not_found("order", &id)).into());
    }
    call.show(account.version, &views::legal::order(&call.engine, &account, order, call.is_kept_out()).await?)
}

/// Say that a gag is still needed, until its written end, or with a document until a later one.
#[utoipa::path(post, operation_id = "renewGag", path = "/v1/orders/{order}/renewal", tag = "orders", params(("order" = String, Path)),
    request_body = RenewGag, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn renew(call: Call, Path(id): Path<OrderId>, body: Body<RenewGag>) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let RenewGag { until, document, why } = body.value;
    let why = writing.words("/why", &why)?;
    let (name, href) = (id.to_string(), format!("/v1/orders/{id}"));
    let act = Act::Account(id.account().clone(), Command::RenewGag { order: id, until, document, why });
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
}

/// Decide that this order is followed, and not another one that contradicts it.
#[utoipa::path(post, operation_id = "decideConflict", path = "/v1/orders/{order}/precedence", tag = "orders", params(("order" = String, Path)),
    request_body = DecideConflict, responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn prefer(
    call: Call,
    Path(id): Path<OrderId>,
    body: Body<DecideConflict>,
) -> Result<Response, Failure> {
    let mut writing = Writing::new(&call, body.hash);
    let DecideConflict { over, why } = body.value;
    let why = writing.words("/why", &why)?;
    let (name, href) = (id.to_string(), format!("/v1/orders/{id}"));
    let act = Act::Account(id.account().clone(), Command::DecideConflict { order: id, over, why });
    writing.submit(act, false, move |_| (name.clone(), href.clone())).await
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
