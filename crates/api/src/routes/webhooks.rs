//! `/v1/webhooks`: where other systems of the provider are told, what they enforce, and what became of messages.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Span, Timestamp, Unit};
use tenure_access::Action;
use tenure_domain::book::{Entry, Event};
use tenure_domain::name::WebhookId;
use tenure_domain::webhook::Endpoint;
use tenure_engine::submission::Act;
use tenure_engine::{EngineError, OVERLAP_MAX};
use tenure_store::{MessageCounts, MessageRow, MessageState};
use tenure_wire::Problem;
use tenure_wire::request::PageQuery;
use tenure_wire::view::{Page, Written};
use tenure_wire::webhook::{
    DeliveryQuery, DeliveryView, KeyView, MakeSecret, SetWebhook, WebhookSecretView, WebhookView,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::{Body, Call, Path, Query};
use crate::problem::Failure;
use crate::submit::Writing;
use crate::{App, page};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, put, remove))
        .routes(routes!(make_secret))
        .routes(routes!(ping))
        .routes(routes!(deliveries))
        .routes(routes!(delivery))
        .routes(routes!(redeliver))
}

fn href(id: &WebhookId) -> String {
    format!("/v1/webhooks/{id}")
}

fn message_href(id: &WebhookId, message: &str) -> String {
    format!("/v1/webhooks/{id}/deliveries/{message}")
}

/// List the webhook endpoints, with what somebody has to look at.
#[utoipa::path(get, operation_id = "listWebhooks", path = "/v1/webhooks", tag = "webhooks", params(PageQuery),
    responses((status = 200, body = Page<WebhookView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn list(call: Call, query: Query<PageQuery>) -> Result<Json<Page<WebhookView>>, Failure> {
    call.may_at_provider(Action::ReadBook)?;
    let counts = call.engine.webhook_counts().await?;
    let shelf = call.engine.shelf();
    let views = shelf.terms.webhooks().map(|(id, endpoint)| {
        let counts = counts.iter().find(|(of, _)| of == id.as_str()).map(|(_, counts)| *counts);
        view(&call, id, endpoint, counts.unwrap_or_default())
    });
    Ok(Json(page::slice(views, &query.0, |w| w.id.clone())?))
}

fn view(call: &Call, id: &WebhookId, endpoint: &Endpoint, counts: MessageCounts) -> WebhookView {
    let keys = endpoint.keys_at(call.engine.now());
    WebhookView {
        id: id.to_string(),
        url: endpoint.url.clone(),
        events: endpoint.events.iter().map(ToString::to_string).collect(),
        enforces: endpoint.enforces.iter().map(ToString::to_string).collect(),
        principal: endpoint.principal.as_ref().map(ToString::to_string),
        enabled: endpoint.enabled,
        keys: keys.map(|k| KeyView { id: k.id.clone(), since: k.since, until: k.until }).collect(),
        waiting: counts.waiting,
        given_up: counts.given_up,
        raised: call.engine.webhook_raised(endpoint, counts),
    }
}

/// An endpoint that is there, with its version.
async fn found(call: &Call, id: &WebhookId) -> Result<(u64, Endpoint), Failure> {
    match call.engine.webhook(id).await? {
        Some((version, Some(endpoint))) => Ok((version, endpoint)),
        Some((_, None)) | None => Err(Failure::not_found()),
    }
}

/// Read a webhook endpoint.
#[utoipa::path(get, operation_id = "getWebhook", path = "/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path)),
    responses((status = 200, body = WebhookView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn get(call: Call, Path(id): Path<WebhookId>) -> Result<Response, Failure> {
    call.may_at_provider(Action::ReadBook)?;
    let (version, endpoint) = found(&call, &id).await?;
    let counts = call.engine.webhook_counts().await?.into_iter().find(|(of, _)| of == id.as_str());
    let counts = counts.map(|(_, counts)| counts).unwrap_or_default();
    call.show(version, &view(&call, &id, &endpoint, counts))
}

/// Register a webhook endpoint (`If-None-Match: *`), or change it as a whole (`If-Match`). Nothing is sent to it before its
/// first secret is made. What it begins to enforce and stands already, it is told.
#[utoipa::path(put, operation_id = "putWebhook", path = "/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path)),
    request_body = SetWebhook,
    responses((status = 200, body = Written), (status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn put(call: Call, Path(id): Path<WebhookId>, body: Body<SetWebhook>) -> Result<Response, Failure> {
    call.may_at_provider(Action::SetWebhook)?;
    let mut writing = Writing::new(&call, body.hash);
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    let SetWebhook { url, events, enforces, principal, enabled } = body.value;
    call.engine.check_webhook_url(&url).map_err(|detail| Failure::invalid("/url", detail))?;
    let (version, before) = call.engine.webhook(&id).await?.unwrap_or_default();
    let exists = before.is_some();
    writing.only_at(match (call.if_match, call.if_none) {
        (Some(seen), _) => seen,
        (None, true) if !exists => version,
        (None, true) => {
            return Err(Problem::new("exists", "It exists", 412)
                .detail("Send If-Match with its ETag to change it.")
                .into());
        }
        (None, false) => {
            return Err(precondition(
                "Send `If-None-Match: *` to create it, or `If-Match` with the ETag you read to change it.",
            ));
        }
    });
    let keys = before.map(|before| before.keys).unwrap_or_default();
    let endpoint = Endpoint { url, events, enforces, principal, enabled, keys };
    let (name, at) = (id.to_string(), href(&id));
    let act = Act::Book(Entry::Webhook(id.clone()), Event::WebhookSet { webhook: id, endpoint });
    writing.submit(act, !exists, move |_| (name.clone(), at.clone())).await
}

fn precondition(detail: &str) -> Failure {
    Problem::new("precondition-required", "Say what you saw", 428).detail(detail).into()
}

/// Remove a webhook endpoint, with its secrets and messages. What it enforced is acknowledged by whoever holds the role
/// `enforcer` from then on.
#[utoipa::path(delete, operation_id = "removeWebhook", path = "/v1/webhooks/{webhook}", tag = "webhooks", params(("webhook" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn remove(call: Call, Path(id): Path<WebhookId>) -> Result<Response, Failure> {
    call.may_at_provider(Action::SetWebhook)?;
    let mut writing = Writing::new(&call, "");
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    found(&call, &id).await?;
    let version =
        call.if_match.ok_or_else(|| precondition("Send `If-Match` with the ETag you read to remove it."))?;
    writing.only_at(version);
    let name = id.to_string();
    let act = Act::Book(Entry::Webhook(id.clone()), Event::WebhookRemoved { webhook: id });
    writing.submit(act, false, move |_| (name.clone(), "/v1/webhooks".to_owned())).await
}

/// Make a signing secret: the first one, or another in the place of those before, which sign beside it for a while. It is shown
/// this once, so a repeated request makes another one.
#[utoipa::path(post, operation_id = "makeWebhookSecret", path = "/v1/webhooks/{webhook}/secrets", tag = "webhooks", params(("webhook" = String, Path)),
    request_body = MakeSecret,
    responses((status = 201, body = WebhookSecretView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn make_secret(
    call: Call,
    Path(id): Path<WebhookId>,
    body: Body<MakeSecret>,
) -> Result<Response, Failure> {
    call.may_at_provider(Action::SetWebhook)?;
    let overlap = overlap(body.value.overlap.as_deref().unwrap_or("P1D"))?;
    let made = call.engine.make_webhook_secret(call.caller(), &id, overlap, call.if_match).await?;
    let location = [(header::LOCATION, href(&id))];
    let view = WebhookSecretView {
        webhook: id.to_string(),
        key: made.key,
        secret: made.written,
        others_until: made.others_until,
    };
    Ok((StatusCode::CREATED, location, Json(view)).into_response())
}

fn overlap(text: &str) -> Result<SignedDuration, Failure> {
    let wrong = || {
        Failure::invalid("/overlap", "an ISO 8601 duration of at most seven days, such as P1D, PT12H or PT0S")
    };
    // The library also reads spans in words.
    let span: Span =
        Some(text).filter(|t| t.starts_with('P')).and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
    let exact = span.total(jiff::SpanTotal::from(Unit::Second).days_are_24_hours()).map_err(|_| wrong())?;
    if !(0.0..=OVERLAP_MAX.as_secs_f64()).contains(&exact) {
        return Err(wrong());
    }
    SignedDuration::try_from_secs_f64(exact).map_err(|_| wrong())
}

/// Have a message sent that says nothing, to try an endpoint.
#[utoipa::path(post, operation_id = "pingWebhook", path = "/v1/webhooks/{webhook}/ping", tag = "webhooks", params(("webhook" = String, Path)),
    responses((status = 201, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn ping(call: Call, Path(id): Path<WebhookId>) -> Result<Response, Failure> {
    call.may_at_provider(Action::TryWebhook)?;
    let writing = Writing::new(&call, "");
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    let (act, message) = call.engine.ping(&id)?;
    writing.submit(act, true, move |_| (message.clone(), message_href(&id, &message))).await
}

/// List the messages to an endpoint with what became of them, the newest first. Those that ended are kept for 30 days.
#[utoipa::path(get, operation_id = "listDeliveries", path = "/v1/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(("webhook" = String, Path), DeliveryQuery),
    responses((status = 200, body = Page<DeliveryView>), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn deliveries(
    call: Call,
    Path(id): Path<WebhookId>,
    query: Query<DeliveryQuery>,
) -> Result<Json<Page<DeliveryView>>, Failure> {
    call.may_at_provider(Action::ReadBook)?;
    found(&call, &id).await?;
    let DeliveryQuery { state, page_size, page_token } = query.0;
    let state = match state.as_deref() {
        None => None,
        Some("waiting") => Some(MessageState::Waiting),
        Some("delivered") => Some(MessageState::Delivered),
        Some("given_up") => Some(MessageState::GivenUp),
        Some(_) => return Err(Failure::parameter("state", "waiting, delivered or given_up")),
    };
    let query = PageQuery { page_size, page_token };
    let size = page::size(&query)?;
    let rows = call.engine.webhook_messages(&id, state, page::after(&query)?, size + 1).await?;
    let chosen = page::page(rows, size, |row| row.id.to_string());
    let items = chosen.items.iter().map(told).collect::<Result<_, _>>()?;
    Ok(Json(Page { items, next_page_token: chosen.next_page_token }))
}

fn told(row: &MessageRow) -> Result<DeliveryView, EngineError> {
    let moment = |micros| {
        Timestamp::from_microsecond(micros)
            .map_err(|e| EngineError::Defect { what: "webhooks".into(), detail: e.to_string() })
    };
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let waits = row.state == MessageState::Waiting;
    Ok(DeliveryView {
        id: row.message.message.clone(),
        webhook: row.message.webhook.clone(),
        kind: row.message.kind.clone(),
        account: some(&row.message.account),
        measure: some(&row.message.measure),
        state: row.state.as_str().to_owned(),
        made_at: moment(row.message.made_at)?,
        attempts: row.attempts,
        last_at: row.last_at.map(moment).transpose()?,
        next_at: waits.then(|| moment(row.next_at)).transpose()?,
        status: row.status,
        outcome: row.outcome.clone(),
    })
}

/// Read what became of a message.
#[utoipa::path(get, operation_id = "getDelivery", path = "/v1/webhooks/{webhook}/deliveries/{message}", tag = "webhooks",
    params(("webhook" = String, Path), ("message" = String, Path)),
    responses((status = 200, body = DeliveryView), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn delivery(
    call: Call,
    Path((id, message)): Path<(WebhookId, String)>,
) -> Result<Json<DeliveryView>, Failure> {
    call.may_at_provider(Action::ReadBook)?;
    let row = call.engine.webhook_message(&id, &message).await?.ok_or_else(Failure::not_found)?;
    Ok(Json(told(&row)?))
}

/// Have a message sent once more that was delivered or given up, under the same id.
#[utoipa::path(post, operation_id = "redeliverMessage", path = "/v1/webhooks/{webhook}/deliveries/{message}/redelivery", tag = "webhooks",
    params(("webhook" = String, Path), ("message" = String, Path)),
    responses((status = 200, body = Written), (status = "default", description = "A problem", body = Problem, content_type = "application/problem+json")))]
async fn redeliver(call: Call, Path((id, message)): Path<(WebhookId, String)>) -> Result<Response, Failure> {
    call.may_at_provider(Action::TryWebhook)?;
    let writing = Writing::new(&call, "");
    if let Some(answer) = writing.repeated().await? {
        return Ok(answer);
    }
    let act = call.engine.redeliver(&id, &message).await?;
    writing.submit(act, false, move |_| (message.clone(), message_href(&id, &message))).await
}
