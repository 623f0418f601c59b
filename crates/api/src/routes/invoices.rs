//! `/v1/accounts/{account}/invoices`: what is owed, as the billing system says.

use axum::Json;
use axum::response::Response;
use tenure_access::Action;
use tenure_domain::account::Command;
use tenure_domain::account::invoice::InvoiceFacts;
use tenure_domain::name::{AccountId, InvoiceId};
use tenure_engine::submission::Act;
use tenure_wire::Problem;
use tenure_wire::request::{PageQuery, RecordInvoice};
use tenure_wire::view::{InvoiceView, Page, Written};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page, views};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(record, list)).routes(routes!(get))
}

/// Say where an invoice stands. A payment in part changes nothing else. When nothing of it is due any more, what rested on
/// it ends at once: items are met, the case is cured, what is scheduled is cancelled, what is in force is lifted. While the
/// account disputes it no stage of the case is gone through and its periods stand still.
#[utoipa::path(post, operation_id = "recordInvoice", path = "/v1/accounts/{account}/invoices", tag = "invoices",
    params(("account" = String, Path)), request_body = RecordInvoice,
    responses((status = 200, description = "It was on the record, and stands as said now", body = Written), (status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn record(
    call: Call,
    Path(id): Path<AccountId>,
    body: Body<RecordInvoice>,
) -> Result<Response, Failure> {
    call.may(Action::RecordInvoice, &id)?;
    let known = call.engine.account(&id).await?.invoices.contains_key(&body.value.invoice);
    let RecordInvoice { invoice, amount, currency, due, paid, credited, disputed, as_of } = body.value;
    let facts = InvoiceFacts { amount, currency, due, paid, credited, disputed, as_of };
    let (name, href) = (invoice.to_string(), format!("/v1/accounts/{id}/invoices/{invoice}"));
    let act = Act::Account(id, Command::RecordInvoice { invoice, facts });
    Writing::new(&call, body.hash).submit(act, !known, move |_| (name.clone(), href.clone())).await
}

/// List the invoices, in the order of their numbers.
#[utoipa::path(get, operation_id = "listInvoices", path = "/v1/accounts/{account}/invoices", tag = "invoices",
    params(("account" = String, Path), PageQuery),
    responses((status = 200, body = Page<InvoiceView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(
    call: Call,
    Path(id): Path<AccountId>,
    query: Query<PageQuery>,
) -> Result<Json<Page<InvoiceView>>, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let now = call.engine.now();
    let views = account.invoices.iter().map(|(id, invoice)| views::agreement::invoice(id, invoice, now));
    Ok(Json(page::slice(views, &query.0, |i| i.id.clone())?))
}

/// Read an invoice.
#[utoipa::path(get, operation_id = "getInvoice", path = "/v1/accounts/{account}/invoices/{invoice}", tag = "invoices",
    params(("account" = String, Path), ("invoice" = String, Path)),
    responses((status = 200, body = InvoiceView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path((id, invoice)): Path<(AccountId, InvoiceId)>) -> Result<Response, Failure> {
    call.may(Action::ReadAccount, &id)?;
    let account = call.engine.account(&id).await?;
    let found = account.invoices.get(&invoice).ok_or_else(Failure::not_found)?;
    call.show(account.version, &views::agreement::invoice(&invoice, found, call.engine.now()))
}
