//! One message to one endpoint, and what comes of it.

use tenure_domain::account::{Command, System};
use tenure_domain::book::{Entry, Event};
use tenure_domain::name::{MeasureId, WebhookId};
use tenure_domain::webhook::{Endpoint, MessageKind};
use tenure_fetch::{FetchError, Posted, TIME};
use tenure_store::{Attempted, MessageRow, MessageState};
use tenure_wire::webhook::WebhookAnswer;

use super::{GIVE_UP, after, pause, sign};
use crate::EngineError;
use crate::clock::machine_now;
use crate::inner::Inner;
use crate::submission::{Act, Caller, Submission};

/// The status by which an endpoint says that it is gone for good.
const GONE: u16 = 410;

/// Sends a message and notes what came of it.
pub(super) async fn message(inner: &Inner, row: &MessageRow) -> Result<(), EngineError> {
    let webhook: WebhookId = row.message.webhook.parse().map_err(|e| EngineError::defect("webhooks", &e))?;
    let shelf = inner.shelf();
    let Some(endpoint) = shelf.terms.webhook(&webhook) else { return Ok(()) };
    if !endpoint.enabled {
        return hold(inner, &webhook, row, "it is not sent: the endpoint is disabled").await;
    }
    let keys: Vec<String> = endpoint.keys_at(inner.clock.now()).map(|key| key.id.clone()).collect();
    let kept = inner.store.webhook_secrets(webhook.as_str()).await?;
    let secret = |key: &String| kept.iter().find(|s| s.key == *key).map(|s| s.secret.as_slice());
    let secrets: Vec<&[u8]> = keys.iter().filter_map(secret).collect();
    if secrets.is_empty() {
        return hold(inner, &webhook, row, "it is not sent: the endpoint has no secret").await;
    }
    // The receiver compares it with its own clock: it is no legal time.
    let timestamp = machine_now().as_second();
    let (id, body) = (&row.message.message, &row.message.body);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id.clone()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", sign::signatures(&secrets, id, timestamp, body)),
    ];
    let answer = inner.fetcher.post(&endpoint.url, &headers, body.clone().into_bytes()).await;
    match answer {
        Ok(posted) if (200..300).contains(&posted.status) => taken(inner, &webhook, row, &posted).await,
        Ok(posted) => {
            if posted.status == GONE {
                disable(inner, &webhook, endpoint, id).await?;
            }
            refused(inner, &webhook, row, Some(posted.status), &words(posted.status), posted.retry_after)
                .await
        }
        Err(error) => refused(inner, &webhook, row, None, &why(&error), None).await,
    }
}

/// What an answer that takes nothing says.
fn words(status: u16) -> String {
    match status {
        300..400 => format!("it answered {status}: where it leads is not followed"),
        GONE => format!("it answered {GONE}, that it is gone for good: it is disabled"),
        _ => format!("it answered {status}"),
    }
}

/// Why there is no answer, without the place itself: its query may hold what is none of a reader's.
fn why(error: &FetchError) -> String {
    match error {
        FetchError::Url(_) => "its URL cannot be asked".to_owned(),
        FetchError::NoAddress(_) => "its name has no address".to_owned(),
        FetchError::Private(_) => {
            "it has no address of the public internet, and others are not asked".to_owned()
        }
        FetchError::Time => format!("it did not answer within {} seconds", TIME.as_secs()),
        FetchError::Connection { source, .. } => {
            let told: String = source.to_string().chars().take(200).collect();
            format!("the connection failed: {told}")
        }
    }
}

/// The endpoint took it. What it says of the measure counts before it is noted that it was delivered: a process that ends in
/// between sends again and hears it again.
async fn taken(
    inner: &Inner,
    webhook: &WebhookId,
    row: &MessageRow,
    posted: &Posted,
) -> Result<(), EngineError> {
    let outcome = match acknowledged(posted).then(|| command(webhook, row)).flatten() {
        None => "delivered".to_owned(),
        Some(_) if inner.store.webhook_outdated(row).await? => {
            "delivered; a later message tells of the same measure, so its acknowledgement is not counted"
                .to_owned()
        }
        Some((measure, command)) => {
            let act = Act::Account(measure.account().clone(), command);
            match inner.submit(Submission::new(Caller::System(System::Delivery), act)).await {
                Ok(_) => "delivered and acknowledged".to_owned(),
                Err(EngineError::Rejected(rejected)) => {
                    tracing::info!(%webhook, message = row.message.message, ?rejected, "an acknowledgement is not counted");
                    "delivered; its acknowledgement is not counted, because the measure or the endpoint stands otherwise now"
                        .to_owned()
                }
                Err(error) => return Err(error),
            }
        }
    };
    let now = inner.clock.now().as_microsecond();
    let status = Some(posted.status);
    note(
        inner,
        row,
        Attempted { state: MessageState::Delivered, next_at: now, at: Some(now), status, outcome },
    )
    .await
}

/// Whether the answer says so: status 200 and a document that says it.
fn acknowledged(posted: &Posted) -> bool {
    let said = posted.body.as_ref().and_then(|body| serde_json::from_slice::<WebhookAnswer>(body).ok());
    posted.status == 200 && said.is_some_and(|answer| answer.acknowledged)
}

/// What an acknowledgement of a message says; none where the message tells of no measure.
fn command(webhook: &WebhookId, row: &MessageRow) -> Option<(MeasureId, Command)> {
    let withheld = match row.message.kind.parse().ok()? {
        MessageKind::MeasureApplied => true,
        MessageKind::MeasureLifted => false,
        MessageKind::StandingChanged | MessageKind::NoticeIssued | MessageKind::Ping => return None,
    };
    let measure: MeasureId = row.message.measure.parse().ok()?;
    let command =
        Command::AcknowledgeByWebhook { measure: measure.clone(), webhook: webhook.clone(), withheld };
    Some((measure, command))
}

/// It was not taken: it is tried again, or given up.
async fn refused(
    inner: &Inner,
    webhook: &WebhookId,
    row: &MessageRow,
    status: Option<u16>,
    outcome: &str,
    asked: Option<u64>,
) -> Result<(), EngineError> {
    let now = inner.clock.now();
    let failures = row.attempts.saturating_add(1);
    tracing::warn!(%webhook, message = row.message.message, failures, outcome, "an endpoint did not take a message");
    let next_at = after(now, pause(failures, asked)).min(end(row).max(now.as_microsecond() + 1));
    let at = Some(now.as_microsecond());
    let state = MessageState::Waiting;
    note(inner, row, Attempted { state, next_at, at, status, outcome: outcome.to_owned() }).await?;
    if now.as_microsecond() >= end(row) {
        give_up(inner, webhook, row, failures, outcome).await?;
    }
    Ok(())
}

/// When a message is given up, in microseconds UTC.
fn end(row: &MessageRow) -> i64 {
    let micros = i64::try_from(GIVE_UP.as_micros()).unwrap_or(i64::MAX);
    row.since.saturating_add(micros)
}

/// It waits for somebody, until it is given up.
async fn hold(
    inner: &Inner,
    webhook: &WebhookId,
    row: &MessageRow,
    outcome: &str,
) -> Result<(), EngineError> {
    let now = inner.clock.now().as_microsecond();
    if now >= end(row) {
        return give_up(inner, webhook, row, row.attempts, outcome).await;
    }
    let (state, next_at, status) = (MessageState::Waiting, end(row), None);
    note(inner, row, Attempted { state, next_at, at: None, status, outcome: outcome.to_owned() }).await
}

/// Puts on the record that it is sent no more; in the same transaction it is.
async fn give_up(
    inner: &Inner,
    webhook: &WebhookId,
    row: &MessageRow,
    attempts: u32,
    outcome: &str,
) -> Result<(), EngineError> {
    tracing::error!(%webhook, message = row.message.message, attempts, outcome, "a message is given up: GET /v1/webhooks tells, and it can be sent again");
    let event = Event::WebhookGaveUp {
        webhook: webhook.clone(),
        message: row.message.message.clone(),
        measure: row.message.measure.parse().ok(),
        attempts,
        outcome: outcome.to_owned(),
    };
    let act = Act::Book(Entry::Delivering(webhook.clone()), event);
    match inner.submit(Submission::new(Caller::System(System::Delivery), act)).await {
        // It ended meanwhile, with its endpoint or before an earlier leader.
        Ok(_) | Err(EngineError::Rejected(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn disable(
    inner: &Inner,
    webhook: &WebhookId,
    endpoint: &Endpoint,
    message: &str,
) -> Result<(), EngineError> {
    let event = Event::WebhookDisabled {
        webhook: webhook.clone(),
        endpoint: Endpoint { enabled: false, ..endpoint.clone() },
        message: message.to_owned(),
    };
    let act = Act::Book(Entry::Webhook(webhook.clone()), event);
    match inner.submit(Submission::new(Caller::System(System::Delivery), act)).await {
        // Somebody changed it meanwhile: what they set stands.
        Ok(_) | Err(EngineError::Rejected(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn note(inner: &Inner, row: &MessageRow, what: Attempted) -> Result<(), EngineError> {
    let mut write = inner.write_as_leader().await?;
    write.webhook_attempted(&row.message.message, &what).await?;
    write.commit().await?;
    inner.commits.send_modify(|n| *n += 1);
    inner.pokes.webhooks.notify_one();
    Ok(())
}
