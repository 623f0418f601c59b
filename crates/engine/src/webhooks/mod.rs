//! Webhook endpoints: messages about what is decided go to other systems, in order, signed, at least once.
//!
//! A message is written in the transaction of what it tells (`outbox`). The leader sends it: of each account and endpoint the
//! first that waits, and the next when that has ended. What fails is tried again at moments of legal time, until it is given
//! up and raised. A process that ends between sending and noting sends again, under the same id.

pub(crate) mod manage;
pub(crate) mod outbox;
mod send;
mod sign;

use std::collections::{HashMap, HashSet};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tenure_domain::name::WebhookId;
use tenure_store::MessageRow;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::EngineError;
use crate::clock::ClockKind;
use crate::inner::Inner;

/// How many messages are under way to one endpoint at once, so that one that hangs holds up no other.
const AT_ONCE: u8 = 8;

/// How long the list is left alone without a poke. Operating time.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a message is not tried again after an error of our own. Operating time.
const OWN_FAULT: Duration = Duration::from_millis(500);

/// After how long without success a message is given up. Legal time.
pub const GIVE_UP: SignedDuration = SignedDuration::from_hours(72);

/// The pause after the first failure; each further one is twice as long, up to [`LONGEST`]. Legal time.
const FIRST: SignedDuration = SignedDuration::from_secs(5);

/// The longest pause between two attempts, also where the endpoint asks for a longer one. Legal time.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// How long messages that ended are kept for people to read. Legal time.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How often messages that are kept no longer are looked for. Operating time.
const TIDY: Duration = Duration::from_hours(1);

/// When a message is tried again that failed so often since it began to be sent.
fn pause(failures: u32, asked: Option<u64>) -> SignedDuration {
    let doubled =
        FIRST.checked_mul(1_i32.checked_shl(failures.saturating_sub(1).min(20)).unwrap_or(i32::MAX));
    let doubled = doubled.map_or(LONGEST, |pause| pause.min(LONGEST));
    let asked = asked.and_then(|seconds| i64::try_from(seconds).ok()).map(SignedDuration::from_secs);
    asked.map_or(doubled, |asked| asked.min(LONGEST).max(doubled))
}

fn after(now: Timestamp, pause: SignedDuration) -> i64 {
    now.checked_add(pause).unwrap_or(now).as_microsecond()
}

/// To which endpoint, and about which account.
type Lane = (String, String);

/// Sends what waits while this process leads.
pub(crate) async fn run(inner: Arc<Inner>, over: CancellationToken) {
    let mut under_way: JoinSet<Lane> = JoinSet::new();
    let mut lanes: HashSet<Lane> = HashSet::new();
    let mut tidied: Option<tokio::time::Instant> = None;
    if let Err(error) = begin(&inner).await {
        tracing::warn!(%error, "messages to endpoints that failed wait for their moment");
    }
    loop {
        let poked = inner.pokes.webhooks.notified();
        while let Some(ended) = under_way.try_join_next() {
            if let Ok(lane) = ended {
                lanes.remove(&lane);
            }
        }
        match due(&inner, &lanes).await {
            Ok(rows) => {
                for row in rows {
                    let lane = (row.message.webhook.clone(), row.message.account.clone());
                    if lanes.insert(lane.clone()) {
                        under_way.spawn(carry(Arc::clone(&inner), row, lane));
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, source = ?error.source(), "the messages to endpoints cannot be read");
            }
        }
        if tidied.is_none_or(|at| at.elapsed() >= TIDY) {
            tidied = Some(tokio::time::Instant::now());
            if let Err(error) = tidy(&inner).await {
                tracing::warn!(%error, "old messages to endpoints could not be forgotten");
            }
        }
        tokio::select! {
            () = poked => {}
            () = tokio::time::sleep(PAUSE) => {}
            Some(ended) = under_way.join_next(), if !under_way.is_empty() => {
                match ended {
                    Ok(lane) => drop(lanes.remove(&lane)),
                    // Which one it was is not told: those that are under way are sent again, which does no harm.
                    Err(_) => lanes.clear(),
                }
            }
            () = over.cancelled() => break,
        }
    }
    under_way.shutdown().await;
}

/// What was in the way of messages may be gone with the leader before: all that waits is sent at once.
async fn begin(inner: &Inner) -> Result<(), EngineError> {
    if inner.clock.kind() == ClockKind::Simulated {
        return Ok(());
    }
    let mut write = inner.write_as_leader().await?;
    write.hasten_webhooks(None, inner.clock.now().as_microsecond()).await?;
    Ok(write.commit().await?)
}

async fn tidy(inner: &Inner) -> Result<(), EngineError> {
    let before = after(inner.clock.now(), -KEPT);
    let mut write = inner.write_as_leader().await?;
    write.forget_webhook_messages(before).await?;
    Ok(write.commit().await?)
}

/// What is to be sent now, for no endpoint more than it takes at once.
async fn due(inner: &Inner, lanes: &HashSet<Lane>) -> Result<Vec<MessageRow>, EngineError> {
    let mut busy: HashMap<&str, usize> = HashMap::new();
    for (webhook, _) in lanes {
        *busy.entry(webhook).or_default() += 1;
    }
    let now = inner.clock.now().as_microsecond();
    let shelf = inner.shelf();
    let mut all = Vec::new();
    for (webhook, _) in shelf.terms.webhooks() {
        let busy = busy.get(webhook.as_str()).copied().unwrap_or_default();
        if busy >= usize::from(AT_ONCE) {
            continue;
        }
        // Those under way are still on the list.
        let rows = inner.store.webhook_due(webhook.as_str(), now, AT_ONCE.into()).await?;
        let free =
            |row: &MessageRow| !lanes.contains(&(row.message.webhook.clone(), row.message.account.clone()));
        all.extend(rows.into_iter().filter(free).take(usize::from(AT_ONCE) - busy));
    }
    Ok(all)
}

async fn carry(inner: Arc<Inner>, row: MessageRow, lane: Lane) -> Lane {
    if let Err(error) = send::message(&inner, &row).await {
        tracing::warn!(
            webhook = lane.0, message = row.message.message, %error, source = ?error.source(),
            "what came of a message could not be noted; it is sent again"
        );
        tokio::time::sleep(OWN_FAULT).await;
    }
    lane
}

/// Whether anything is to be sent at a moment, and what.
pub(crate) async fn under_way(inner: &Inner) -> Result<Option<String>, EngineError> {
    let shelf = inner.shelf();
    let now = inner.clock.now().as_microsecond();
    for (webhook, _) in shelf.terms.webhooks() {
        if let Some(row) = inner.store.webhook_due(webhook.as_str(), now, 1).await?.first() {
            return Ok(Some(format!("message {} to {webhook}", row.message.message)));
        }
    }
    Ok(None)
}

/// The next moment after one and up to another at which something is sent.
pub(crate) async fn next(
    inner: &Inner,
    after: Timestamp,
    until: Timestamp,
) -> Result<Option<Timestamp>, EngineError> {
    let next = inner.store.webhook_next().await?;
    let within = next.filter(|at| *at > after.as_microsecond() && *at <= until.as_microsecond());
    within
        .map(|at| Timestamp::from_microsecond(at).map_err(|e| EngineError::defect("webhooks", &e)))
        .transpose()
}

/// Tells an endpoint that begins to enforce something what stands against every account.
pub(crate) async fn tell_all(inner: &Inner, webhook: &WebhookId) -> Result<(), EngineError> {
    let mut last = String::new();
    loop {
        let page = inner.store.streams("account", &last, 500).await?;
        let Some(end) = page.last() else { return Ok(()) };
        last.clone_from(end);
        for slug in page.iter().filter_map(|stream| stream.strip_prefix("account/")) {
            let id = slug.parse().map_err(|e| EngineError::defect("webhooks", &e))?;
            let shelf = inner.shelf();
            let Some(endpoint) = shelf.terms.webhook(webhook) else { return Ok(()) };
            if inner.account(&id).await?.standing_messages(endpoint).is_empty() {
                continue;
            }
            let mut write = inner.write_as_leader().await?;
            // Nobody else commits until this ends: what is told is what stands.
            let account = inner.account(&id).await?;
            outbox::tell_standing(inner, &mut write, &account, (webhook, endpoint)).await?;
            write.commit().await?;
        }
        inner.pokes.webhooks.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_to_a_quarter_of_an_hour_and_no_answer_makes_them_longer_or_shorter() {
        let seconds = |n, asked| pause(n, asked).as_secs();
        assert_eq!([1, 2, 3, 7, 8, 9, 400].map(|n| seconds(n, None)), [5, 10, 20, 320, 640, 900, 900]);
        assert_eq!([Some(60), Some(3), Some(86_400), Some(u64::MAX)].map(|a| seconds(1, a)), [60, 5, 900, 5]);
    }
}
