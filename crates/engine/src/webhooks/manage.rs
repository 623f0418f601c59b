//! Webhook endpoints as people keep them.

use jiff::{SignedDuration, Timestamp};
use tenure_domain::account::Actor;
use tenure_domain::book::{self, Entry, Event};
use tenure_domain::name::WebhookId;
use tenure_domain::refusal::Rejected;
use tenure_domain::webhook::{self, ENFORCER, Endpoint};
use tenure_store::{MessageCounts, MessageRow, MessageState, WebhookSecret};

use super::{outbox, sign};
use crate::engine::Engine;
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, shelf};

/// The longest that secrets overlap.
pub const OVERLAP_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A secret that was made.
pub struct NewSecret {
    /// The name of its key.
    pub key: String,
    /// As it is written for the receiver.
    pub written: String,
    /// Until when those before sign beside it, where there are any.
    pub others_until: Option<Timestamp>,
}

impl Engine {
    /// An endpoint with its version; the version alone where it was removed, and none where it never was.
    pub async fn webhook(&self, id: &WebhookId) -> Result<Option<(u64, Option<Endpoint>)>, EngineError> {
        let entry = Entry::Webhook(id.clone()).to_string();
        let Some(row) = self.inner.store.aggregate(&entry).await? else { return Ok(None) };
        let state: book::State =
            serde_json::from_str(&row.state).map_err(|e| EngineError::defect(&entry, &e))?;
        let endpoint = webhook::endpoint(&state.latest.event).map(|(_, endpoint)| endpoint.clone());
        Ok(Some((state.version, endpoint)))
    }

    /// Why messages cannot be sent to a place.
    pub fn check_webhook_url(&self, url: &str) -> Result<(), String> {
        self.inner.fetcher.check(url).map_err(|error| error.to_string())
    }

    /// Makes another secret, which is shown in what comes back and nowhere else. `at` is the version at which the caller
    /// saw the endpoint, where that counts.
    pub async fn make_webhook_secret(
        &self,
        caller: Caller,
        id: &WebhookId,
        overlap: SignedDuration,
        at: Option<u64>,
    ) -> Result<NewSecret, EngineError> {
        let (version, endpoint) =
            self.webhook(id).await?.ok_or_else(|| Rejected::not_found("webhook", id))?;
        let endpoint = endpoint.ok_or_else(|| Rejected::not_found("webhook", id))?;
        let now = self.now();
        let until = now.checked_add(overlap).map_err(|e| EngineError::defect("webhooks", &e))?;
        let key = hex::encode(self.inner.entropy.draw_16()?).chars().take(16).collect::<String>();
        let secret = self.inner.entropy.draw()?.to_vec();
        let endpoint = endpoint.with_key(key.clone(), now, until);
        let others_until = endpoint.keys.iter().filter_map(|key| key.until).max();
        let event = Event::WebhookSecretMade { webhook: id.clone(), key: key.clone(), endpoint };
        let mut submission = Submission::new(caller, Act::Book(Entry::Webhook(id.clone()), event));
        submission.if_version = Some(at.unwrap_or(version));
        let written = sign::written(&secret);
        submission.secret = Some(WebhookSecret { webhook: id.to_string(), key: key.clone(), secret });
        self.submit(submission).await?;
        Ok(NewSecret { key, written, others_until })
    }

    /// What has a message sent that says nothing, with its id.
    pub fn ping(&self, id: &WebhookId) -> Result<(Act, String), EngineError> {
        let message = outbox::fresh(self.inner.entropy.draw_16()?);
        let event = Event::WebhookPinged { webhook: id.clone(), message: message.clone() };
        Ok((Act::Book(Entry::Delivering(id.clone()), event), message))
    }

    /// What has a message sent once more.
    pub async fn redeliver(&self, id: &WebhookId, message: &str) -> Result<Act, EngineError> {
        let row = self.webhook_message(id, message).await?;
        let row = row.ok_or_else(|| Rejected::not_found("message", message))?;
        let event = Event::WebhookRedelivered {
            webhook: id.clone(),
            message: message.to_owned(),
            attempts: row.attempts,
        };
        Ok(Act::Book(Entry::Delivering(id.clone()), event))
    }

    /// A message to an endpoint.
    pub async fn webhook_message(
        &self,
        id: &WebhookId,
        message: &str,
    ) -> Result<Option<MessageRow>, EngineError> {
        let row = self.inner.store.webhook_message(message).await?;
        Ok(row.filter(|row| row.message.webhook == id.as_str()))
    }

    /// The messages to an endpoint, the newest first, before the one with this place.
    pub async fn webhook_messages(
        &self,
        id: &WebhookId,
        state: Option<MessageState>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<MessageRow>, EngineError> {
        let before = before.unwrap_or(i64::MAX);
        Ok(self.inner.store.webhook_messages(id.as_str(), state, before, limit).await?)
    }

    /// How many messages of each endpoint wait or were given up.
    pub async fn webhook_counts(&self) -> Result<Vec<(String, MessageCounts)>, EngineError> {
        Ok(self.inner.store.webhook_counts().await?)
    }

    /// What somebody has to look at about an endpoint.
    pub fn webhook_raised(&self, endpoint: &Endpoint, counts: MessageCounts) -> Vec<String> {
        raised(&self.shelf(), endpoint, counts, self.now())
    }
}

/// What somebody has to look at about an endpoint.
pub(crate) fn raised(
    shelf: &shelf::Shelf,
    endpoint: &Endpoint,
    counts: MessageCounts,
    now: Timestamp,
) -> Vec<String> {
    let mut raised = Vec::new();
    let waits = counts.waiting;
    if !endpoint.enabled && (waits > 0 || !endpoint.enforces.is_empty()) {
        raised.push(format!("it is disabled, and {waits} messages wait"));
    }
    if endpoint.enabled && endpoint.keys_at(now).next().is_none() {
        raised.push(format!("it has no secret, and {waits} messages wait: make one"));
    }
    if counts.given_up > 0 {
        raised.push(format!("{} messages were given up: send them again", counts.given_up));
    }
    if let Some(person) = endpoint.principal.as_ref().filter(|_| !endpoint.enforces.is_empty()) {
        let actor = Actor::Person(person.clone());
        let holds = shelf.principal_of(&actor).is_some_and(|p| match p {
            tenure_access::Principal::Person { roles, .. } => roles.iter().any(|r| r.as_str() == ENFORCER),
            tenure_access::Principal::Member { .. } => false,
        });
        if !holds {
            raised.push(format!("{person} speaks for it and does not hold the role {ENFORCER}"));
        }
    }
    raised
}
