//! `/v1/events`: the record, and the proof that an event is in the log.

use axum::Json;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use tenure_access::{Action, Principal, Resource};
use tenure_engine::{Engine, EngineError, EventSeen, Inclusion, withheld};
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

pub mod follow;

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
fn may_read(engine: &Engine, principal: &Principal, stream: Option<&str>) -> Result<(), Failure> {
    let (action, resource) = match (principal, stream) {
        (Principal::Member { account, .. }, Some(stream)) if stream == format!("account/{account}") => {
            (Action::ReadAccount, Resource::Account(account))
        }
        (Principal::Member { .. }, _) => return Err(Failure::not_found()),
        (Principal::Person { .. }, _) => (Action::ReadRecord, Resource::Provider),
    };
    Ok(engine.check(principal, action, resource)?)
}

/// Events as the caller sees them: while a gag stands, members do not see what it covers.
async fn as_seen(
    engine: &Engine,
    principal: &Principal,
    events: Vec<EventSeen>,
) -> Result<Vec<EventSeen>, EngineError> {
    let Principal::Member { account, .. } = principal else { return Ok(events) };
    let Ok(id) = account.parse() else { return Ok(Vec::new()) };
    let account = engine.account(&id).await?;
    Ok(events.into_iter().map(|event| withheld::for_member(&account, event)).collect())
}

/// List events in the order of their commits, or of one stream; or follow them as they happen.
///
/// With `Accept: text/event-stream` the answer does not end: each event comes as a server-sent event whose `id` is its
/// cursor, whose `event` is its type and whose `data` is the event as JSON. It begins with the first event, or after the
/// one that `Last-Event-ID` names.
#[utoipa::path(get, operation_id = "listEvents", path = "/v1/events", tag = "record",
    params(EventsQuery, ("Last-Event-ID" = Option<u64>, Header, description = "The `id` of the last event that came in; of a list, nothing.", maximum = 1_000_000_000_000_000_u64)),
    responses((status = 200, content((Page<EventView> = "application/json"), (String = "text/event-stream"))), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(
    call: Call,
    headers: HeaderMap,
    follow: follow::Following,
    query: Query<EventsQuery>,
) -> Result<Response, Failure> {
    let EventsQuery { stream, page_size, page_token } = query.0;
    may_read(&call.engine, &call.principal, stream.as_deref())?;
    if stream.as_ref().is_some_and(|stream| !is_stream(stream)) {
        return Err(Failure::parameter("stream", "name one such as account/parley"));
    }
    let query = PageQuery { page_size, page_token };
    let size = page::size(&query)?;
    let after: i64 = page::after(&query)?.unwrap_or(0);
    let Ok(from) = u64::try_from(after.saturating_add(1)) else {
        return Err(Failure::parameter("pageToken", "send the nextPageToken of the page before, unchanged"));
    };
    let last = follow::last_event(&headers)?;
    if follow::is_asked_for(&headers) {
        return follow.answer(&call, stream, last.unwrap_or(after));
    }
    let events = match &stream {
        Some(stream) => call.engine.stream(stream, from, size + 1).await?,
        None => call.engine.events(after, size + 1).await?,
    };
    let events = as_seen(&call.engine, &call.principal, events).await?;
    let items = events.into_iter().map(view).collect();
    let by_stream = stream.is_some();
    let page = page::page(
        items,
        size,
        |e: &EventView| {
            if by_stream { e.n.to_string() } else { e.position.to_string() }
        },
    );
    Ok(Json(page).into_response())
}

/// Whether a text has the form of a stream's name.
fn is_stream(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"./@_-".contains(&b);
    text.len() <= 100
        && text.split_once('/').is_some_and(|(kind, name)| {
            !kind.is_empty()
                && kind.bytes().all(|b| b.is_ascii_lowercase())
                && !name.is_empty()
                && name.bytes().all(fits)
        })
}

/// The proof that an event is in the log. The stream is percent-encoded: `account%2Fparley`.
#[utoipa::path(get, operation_id = "getReceipt", path = "/v1/events/{stream}/{n}/receipt", tag = "record",
    params(("stream" = String, Path), ("n" = u64, Path)),
    responses((status = 200, body = ReceiptView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn receipt(call: Call, Path((stream, n)): Path<(String, u64)>) -> Result<Json<ReceiptView>, Failure> {
    may_read(&call.engine, &call.principal, Some(&stream))?;
    if call.is_member() {
        let event = call.engine.stream(&stream, n, 1).await?;
        let seen = as_seen(&call.engine, &call.principal, event).await?;
        if seen.iter().any(|event| event.event_type == withheld::WITHHELD) {
            return Err(Failure::not_found());
        }
    }
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
