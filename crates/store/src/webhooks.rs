//! Rows of webhook endpoints: the secrets that sign, and the messages with what became of them.

use std::fmt;

use crate::statement::{Row, behind, sql};
use crate::{Store, StoreError, Write};

/// A signing secret. It shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret {
    /// Of which endpoint.
    pub webhook: String,
    /// The name of its key.
    pub key: String,
    /// The bytes.
    pub secret: Vec<u8>,
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSecret")
            .field("webhook", &self.webhook)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// It is to be sent, or sent again.
    Waiting,
    /// The endpoint took it.
    Delivered,
    /// It is sent no more.
    GivenUp,
}

impl MessageState {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }

    fn read(text: &str) -> Result<Self, StoreError> {
        [Self::Waiting, Self::Delivered, Self::GivenUp]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(StoreError::Damaged { what: "state of a message" })
    }
}

/// A message that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The id that the receiver sees.
    pub message: String,
    /// To which endpoint.
    pub webhook: String,
    /// About which account; empty for none.
    pub account: String,
    /// Up to which of its events; 0 for none.
    pub n: u64,
    /// Of what kind.
    pub kind: String,
    /// About which measure; empty for none.
    pub measure: String,
    /// What is sent.
    pub body: String,
    /// When it was made, in microseconds UTC.
    pub made_at: i64,
}

/// A message with what became of it. Times are in microseconds UTC of legal time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Its place in the order.
    pub id: i64,
    /// What it is.
    pub message: NewMessage,
    /// From when its end is counted.
    pub since: i64,
    /// Where it stands.
    pub state: MessageState,
    /// When it is sent next, while it waits.
    pub next_at: i64,
    /// How often it was sent.
    pub attempts: u32,
    /// When it was sent last.
    pub last_at: Option<i64>,
    /// The status of the last answer, where there was one.
    pub status: Option<u16>,
    /// What came of it the last time, in words.
    pub outcome: String,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempted {
    /// Where the message stands now.
    pub state: MessageState,
    /// When it is sent next.
    pub next_at: i64,
    /// When it was sent; none where it was not.
    pub at: Option<i64>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// What came of it, in words.
    pub outcome: String,
}

/// How many messages of an endpoint stand how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageCounts {
    /// Wait.
    pub waiting: u64,
    /// Are sent no more.
    pub given_up: u64,
}

const COLUMNS: &str = "SELECT id, message, webhook, account, n, kind, measure, body, made_at, since, state, next_at, attempts, last_at, status, outcome FROM webhook_messages AS m ";

/// The first message of each account that waits.
const FIRST: &str = "m.state = 'waiting' AND NOT EXISTS (SELECT 1 FROM webhook_messages AS e
    WHERE e.state = 'waiting' AND e.webhook = m.webhook AND e.account = m.account AND e.id < m.id)";

fn read(row: &Row) -> Result<MessageRow, StoreError> {
    let damaged = |what| StoreError::Damaged { what };
    let number = |n: i64| u32::try_from(n).map_err(|_| damaged("attempts"));
    let status: Option<i64> = row.get("status")?;
    Ok(MessageRow {
        id: row.get("id")?,
        message: NewMessage {
            message: row.get("message")?,
            webhook: row.get("webhook")?,
            account: row.get("account")?,
            n: crate::write::unsigned(row.get("n")?)?,
            kind: row.get("kind")?,
            measure: row.get("measure")?,
            body: row.get("body")?,
            made_at: row.get("made_at")?,
        },
        since: row.get("since")?,
        state: MessageState::read(&row.get::<String>("state")?)?,
        next_at: row.get("next_at")?,
        attempts: number(row.get("attempts")?)?,
        last_at: row.get("last_at")?,
        status: status.map(|s| u16::try_from(s).map_err(|_| damaged("status"))).transpose()?,
        outcome: row.get("outcome")?,
    })
}

impl Write {
    /// Keeps a secret; whoever makes a key makes it once.
    pub async fn put_webhook_secret(&mut self, secret: &WebhookSecret) -> Result<(), StoreError> {
        sql("INSERT INTO webhook_secrets (webhook, key, secret) VALUES ($1, $2, $3)")
            .bind(&secret.webhook)
            .bind(&secret.key)
            .bind(&secret.secret)
            .run(self.open().await?)
            .await?;
        Ok(())
    }

    /// Forgets the secrets of an endpoint but for these keys.
    pub async fn keep_webhook_secrets(&mut self, webhook: &str, keys: &[String]) -> Result<(), StoreError> {
        let rows = sql("SELECT key FROM webhook_secrets WHERE webhook = $1")
            .bind(webhook)
            .all(self.open().await?)
            .await?;
        for row in rows {
            let key: String = row.get("key")?;
            if !keys.contains(&key) {
                sql("DELETE FROM webhook_secrets WHERE webhook = $1 AND key = $2")
                    .bind(webhook)
                    .bind(&key)
                    .run(self.open().await?)
                    .await?;
            }
        }
        Ok(())
    }

    /// Puts a message at the end of what waits.
    pub async fn put_webhook_message(&mut self, message: &NewMessage) -> Result<(), StoreError> {
        sql("INSERT INTO webhook_messages (message, webhook, account, n, kind, measure, body, made_at, since, state, next_at, attempts, outcome)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 'waiting', $8, 0, '')")
            .bind(&message.message)
            .bind(&message.webhook)
            .bind(&message.account)
            .bind(crate::write::signed(message.n))
            .bind(&message.kind)
            .bind(&message.measure)
            .bind(&message.body)
            .bind(message.made_at)
            .run(self.open().await?)
            .await?;
        Ok(())
    }

    /// A message as it stands in this transaction.
    pub async fn webhook_message(&mut self, message: &str) -> Result<Option<MessageRow>, StoreError> {
        let row = behind(COLUMNS, "WHERE m.message = $1").bind(message).maybe(self.open().await?).await?;
        row.map(|row| read(&row)).transpose()
    }

    /// Notes what came of an attempt, if the message still waits.
    pub async fn webhook_attempted(&mut self, message: &str, what: &Attempted) -> Result<bool, StoreError> {
        let done =
            sql("UPDATE webhook_messages SET state = $2, next_at = $3, last_at = COALESCE($4, last_at),
                 attempts = attempts + CASE WHEN $4 IS NULL THEN 0 ELSE 1 END, status = $5, outcome = $6
             WHERE message = $1 AND state = 'waiting'")
            .bind(message)
            .bind(what.state.as_str())
            .bind(what.next_at)
            .bind(what.at)
            .bind(what.status.map(i64::from))
            .bind(&what.outcome)
            .run(self.open().await?)
            .await?;
        Ok(done == 1)
    }

    /// A message that has ended is to be sent once more.
    pub async fn resend_webhook_message(&mut self, message: &str, now: i64) -> Result<(), StoreError> {
        sql("UPDATE webhook_messages SET state = 'waiting', since = $2, next_at = $2 WHERE message = $1")
            .bind(message)
            .bind(now)
            .run(self.open().await?)
            .await?;
        Ok(())
    }

    /// What waits for an endpoint is sent now; with no endpoint named, what waits for any.
    pub async fn hasten_webhooks(&mut self, webhook: Option<&str>, now: i64) -> Result<(), StoreError> {
        sql("UPDATE webhook_messages SET next_at = $2
             WHERE state = 'waiting' AND next_at > $2 AND ($1 = '' OR webhook = $1)")
        .bind(webhook.unwrap_or_default())
        .bind(now)
        .run(self.open().await?)
        .await?;
        Ok(())
    }

    /// Forgets an endpoint's secrets and messages.
    pub async fn forget_webhook(&mut self, webhook: &str) -> Result<(), StoreError> {
        self.keep_webhook_secrets(webhook, &[]).await?;
        sql("DELETE FROM webhook_messages WHERE webhook = $1").bind(webhook).run(self.open().await?).await?;
        Ok(())
    }

    /// Forgets messages that ended before a moment.
    pub async fn forget_webhook_messages(&mut self, before: i64) -> Result<(), StoreError> {
        sql("DELETE FROM webhook_messages WHERE state <> 'waiting' AND made_at < $1 AND since < $1")
            .bind(before)
            .run(self.open().await?)
            .await?;
        Ok(())
    }
}

impl Store {
    /// The secrets of an endpoint.
    pub async fn webhook_secrets(&self, webhook: &str) -> Result<Vec<WebhookSecret>, StoreError> {
        let rows = sql("SELECT key, secret FROM webhook_secrets WHERE webhook = $1")
            .bind(webhook)
            .all(&self.readers)
            .await?;
        let secret = |row: &Row| {
            let webhook = webhook.to_owned();
            Ok(WebhookSecret { webhook, key: row.get("key")?, secret: row.get("secret")? })
        };
        rows.iter().map(secret).collect()
    }

    /// What is to be sent to an endpoint at a moment, the oldest first: of each account the first that waits.
    pub async fn webhook_due(
        &self,
        webhook: &str,
        now: i64,
        limit: u32,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let statement =
            format!("{COLUMNS} WHERE m.webhook = $1 AND m.next_at <= $2 AND {FIRST} ORDER BY m.id LIMIT $3");
        let rows = crate::statement::text(statement)
            .bind(webhook)
            .bind(now)
            .bind(i64::from(limit))
            .all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// The moment at which something is next to be sent to any endpoint.
    pub async fn webhook_next(&self) -> Result<Option<i64>, StoreError> {
        let statement = format!("SELECT MIN(m.next_at) AS next FROM webhook_messages AS m WHERE {FIRST}");
        crate::statement::text(statement).one(&self.readers).await?.get("next")
    }

    /// The messages to an endpoint, the newest first, before the one with this place.
    pub async fn webhook_messages(
        &self,
        webhook: &str,
        state: Option<MessageState>,
        before: i64,
        limit: u32,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let rows = behind(
            COLUMNS,
            "WHERE m.webhook = $1 AND ($2 = '' OR m.state = $2) AND m.id < $3 ORDER BY m.id DESC LIMIT $4",
        )
        .bind(webhook)
        .bind(state.map_or("", MessageState::as_str))
        .bind(before)
        .bind(i64::from(limit))
        .all(&self.readers)
        .await?;
        rows.iter().map(read).collect()
    }

    /// A message.
    pub async fn webhook_message(&self, message: &str) -> Result<Option<MessageRow>, StoreError> {
        let row = behind(COLUMNS, "WHERE m.message = $1").bind(message).maybe(&self.readers).await?;
        row.map(|row| read(&row)).transpose()
    }

    /// Whether the endpoint has a later message about the same measure.
    pub async fn webhook_outdated(&self, row: &MessageRow) -> Result<bool, StoreError> {
        let later =
            sql("SELECT 1 AS later FROM webhook_messages WHERE webhook = $1 AND measure = $2 AND id > $3")
                .bind(&row.message.webhook)
                .bind(&row.message.measure)
                .bind(row.id)
                .maybe(&self.readers)
                .await?;
        Ok(later.is_some())
    }

    /// How many messages of each endpoint wait or were given up.
    pub async fn webhook_counts(&self) -> Result<Vec<(String, MessageCounts)>, StoreError> {
        let rows = sql("SELECT webhook, SUM(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END) AS waiting,
                 SUM(CASE WHEN state = 'given_up' THEN 1 ELSE 0 END) AS given_up
             FROM webhook_messages WHERE state <> 'delivered' GROUP BY webhook ORDER BY webhook")
        .all(&self.readers)
        .await?;
        let count = |n: i64| crate::write::unsigned(n);
        rows.iter()
            .map(|row| {
                let counts = MessageCounts {
                    waiting: count(row.get("waiting")?)?,
                    given_up: count(row.get("given_up")?)?,
                };
                Ok((row.get("webhook")?, counts))
            })
            .collect()
    }
}
