//! `/v1/events`: the record, and the proof that an event is in the log.

use axum::Json;
use serde::{Deserialize, Serialize};
use tenure_access::{Action, Principal};
use tenure_domain::name::AccountId;
use tenure_engine::{EventSeen, Inclusion};
use tenure_wire::Problem;
use tenure_wire::request::PageQuery;
use tenure_wire::view::{EventView, Page, ReceiptView};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::call::{Call, Path, Query};
use crate::problem::Failure;
use crate::{App, page};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(receipt))
}

pub fn view(event: EventSeen) -> EventView {
    EventView {
        position: event.position,
        stream: event.stream,
        n: event.n,
        index: event.index,
        at: event.at,
        actor: event.actor,
        event_type: event.event_type,
        body: event.body,
    }
}

/// Which events.
#[derive(Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// Of one stream only, such as `account/parley`.
    #[serde(default)]
    stream: Option<String>,
    /// How many, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    page_size: Option<u32>,
    /// Where to go on: the `nextPageToken` of the page before.
    #[serde(default)]
    page_token: Option<String>,
}

/// Whether the caller may read a stream: the record's readers all of them, members their own account's.
fn may_read(call: &Call, stream: Option<&str>) -> Result<(), Failure> {
    match (&call.principal, stream) {
        (Principal::Member { account, .. }, Some(stream)) if stream == format!("account/{account}") => {
            let own: AccountId = account.parse().map_err(|_| Failure::not_found())?;
            call.may(Action::ReadAccount, &own)
        }
        (Principal::Member { .. }, _) => Err(Failure::not_found()),
        (Principal::Person { .. }, _) => call.may_at_provider(Action::ReadRecord),
    }
}

/// List events in the order of their commits, or of one stream.
#[utoipa::path(get, operation_id = "listEvents", path = "/v1/events", tag = "record", params(EventsQuery),
    responses((status = 200, body = Page<EventView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(call: Call, query: Query<EventsQuery>) -> Result<Json<Page<EventView>>, Failure> {
    let EventsQuery { stream, page_size, page_token } = query.0;
    may_read(&call, stream.as_deref())?;
    let query = PageQuery { page_size, page_token };
    let size = page::size(&query)?;
    let after: i64 = page::after(&query)?.unwrap_or(0);
    let Ok(from) = u64::try_from(after.saturating_add(1)) else {
        return Err(Failure::parameter("pageToken", "send the nextPageToken of the page before, unchanged"));
    };
    let events = match &stream {
        Some(stream) => call.engine.stream(stream, from, size + 1).await?,
        None => call.engine.events(after, size + 1).await?,
    };
    let items = events.into_iter().map(view).collect();
    let by_stream = stream.is_some();
    Ok(Json(page::page(
        items,
        size,
        |e: &EventView| if by_stream { e.n.to_string() } else { e.position.to_string() },
    )))
}

/// The proof that an event is in the log. The stream is percent-encoded: `account%2Fparley`.
#[utoipa::path(get, operation_id = "getReceipt", path = "/v1/events/{stream}/{n}/receipt", tag = "record",
    params(("stream" = String, Path), ("n" = u64, Path)),
    responses((status = 200, body = ReceiptView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn receipt(call: Call, Path((stream, n)): Path<(String, u64)>) -> Result<Json<ReceiptView>, Failure> {
    may_read(&call, Some(&stream))?;
    match call.engine.receipt(&stream, n).await? {
        Inclusion::None => Err(Failure::not_found()),
        Inclusion::NotYet => Err(Problem::new("not-published", "Not in the log yet", 503)
            .detail("The event is durable; the log covers it in a moment.")
            .into()),
        Inclusion::Proved(receipt) => Ok(Json(ReceiptView {
            leaf: STANDARD.encode(&receipt.leaf),
            index: receipt.index,
            size: receipt.size,
            proof: receipt.proof.iter().map(tenure_ledger::Hash::to_base64).collect(),
            checkpoint: receipt.checkpoint,
        })),
    }
}
