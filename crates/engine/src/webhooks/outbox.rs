//! What is written for webhook endpoints in the transaction of what happened.

use jiff::Timestamp;
use tenure_domain::account::told::Message;
use tenure_domain::account::{Account, Recorded};
use tenure_domain::book::Event;
use tenure_domain::capability::Capability;
use tenure_domain::name::WebhookId;
use tenure_domain::refusal::{Guard, Rejected, Unmet};
use tenure_domain::webhook::{Endpoint, MessageKind, taken};
use tenure_store::{Attempted, MessageState, NewMessage, WebhookSecret, Write};
use tenure_wire::webhook::{MESSAGE_VERSION, MessageData, WebhookMessage};

use crate::EngineError;
use crate::inner::Inner;
use crate::turn::Turn;

/// How the counters begin that say how many endpoints enforce a capability.
const ENFORCES: &str = "enforces/";

impl Turn<'_> {
    /// The messages that follow from what was decided on an account.
    pub(crate) async fn tell(
        &mut self,
        before: Option<&Account>,
        after: &Account,
        events: &[Recorded],
    ) -> Result<(), EngineError> {
        let Some(at) = events.last().map(|recorded| recorded.at) else { return Ok(()) };
        let book = self.inner.shelf();
        for (webhook, endpoint) in book.terms.webhooks() {
            for message in Account::messages(before, after, events, endpoint) {
                put(self.inner, self.write, webhook, after, message, at).await?;
            }
        }
        Ok(())
    }

    /// What has to be true of an endpoint's messages before this happens to them.
    pub(crate) async fn check_webhook(&mut self, event: &Event) -> Result<(), EngineError> {
        let (webhook, message, waits) = match event {
            Event::WebhookRedelivered { webhook, message, .. } => (webhook, message, false),
            Event::WebhookGaveUp { webhook, message, .. } => (webhook, message, true),
            Event::WebhookPinged { webhook, .. } => {
                return match self.inner.shelf().terms.webhook(webhook) {
                    Some(_) => Ok(()),
                    None => Err(Rejected::not_found("webhook", webhook).into()),
                };
            }
            _ => return Ok(()),
        };
        let row = self.write.webhook_message(message).await?;
        let row = row.filter(|row| row.message.webhook == webhook.as_str());
        let row = row.ok_or_else(|| Rejected::not_found("message", message))?;
        if (row.state == MessageState::Waiting) == waits {
            return Ok(());
        }
        Err(Rejected::from(Unmet::new(
            Guard::InState,
            format!("{message} is {}", row.state.as_str()),
            "what has ended is sent again, and what waits is given up",
        ))
        .into())
    }

    /// What follows from an event of an endpoint beside its state.
    pub(crate) async fn follow_webhook(
        &mut self,
        before: Option<&Endpoint>,
        event: &Event,
        secret: Option<&WebhookSecret>,
    ) -> Result<(), EngineError> {
        let now = self.inner.clock.now().as_microsecond();
        match event {
            Event::WebhookSet { webhook, endpoint } => {
                self.claim(webhook, before, Some(endpoint)).await?;
                self.write.hasten_webhooks(Some(webhook.as_str()), now).await?;
                let begins = |c: &Capability| before.is_none_or(|before| !before.enforces.contains(c));
                if endpoint.enforces.iter().any(begins) {
                    self.write.enqueue(crate::jobs::TELL_ALL, webhook.as_str()).await?;
                }
            }
            Event::WebhookSecretMade { webhook, key, endpoint } => {
                let secret = secret.filter(|s| s.key == *key && s.webhook == webhook.as_str());
                let secret =
                    secret.ok_or_else(|| EngineError::defect("webhooks", &"a key without a secret"))?;
                let keys: Vec<String> = endpoint.keys.iter().map(|key| key.id.clone()).collect();
                self.write.keep_webhook_secrets(webhook.as_str(), &keys).await?;
                self.write.put_webhook_secret(secret).await?;
                self.write.hasten_webhooks(Some(webhook.as_str()), now).await?;
            }
            Event::WebhookRemoved { webhook } => {
                self.claim(webhook, before, None).await?;
                self.write.forget_webhook(webhook.as_str()).await?;
            }
            Event::WebhookPinged { webhook, message } => {
                let at = self.inner.clock.now();
                let row = NewMessage {
                    message: message.clone(),
                    webhook: webhook.to_string(),
                    account: String::new(),
                    n: 0,
                    kind: MessageKind::Ping.to_string(),
                    measure: String::new(),
                    body: body(MessageKind::Ping, at, MessageData::default())?,
                    made_at: now,
                };
                self.write.put_webhook_message(&row).await?;
            }
            Event::WebhookRedelivered { message, .. } => {
                self.write.resend_webhook_message(message, now).await?;
            }
            Event::WebhookGaveUp { message, outcome, .. } => {
                let row = self.write.webhook_message(message).await?;
                let status = row.and_then(|row| row.status);
                let what = Attempted {
                    state: MessageState::GivenUp,
                    next_at: now,
                    at: None,
                    status,
                    outcome: outcome.clone(),
                };
                self.write.webhook_attempted(message, &what).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Each capability has one endpoint that enforces it, also where two are registered in one transaction.
    async fn claim(
        &mut self,
        webhook: &WebhookId,
        before: Option<&Endpoint>,
        after: Option<&Endpoint>,
    ) -> Result<(), EngineError> {
        let enforces = |endpoint: Option<&Endpoint>| endpoint.map(|e| e.enforces.clone()).unwrap_or_default();
        let (before, after) = (enforces(before), enforces(after));
        for given_back in before.difference(&after) {
            self.write.count(&format!("{ENFORCES}{given_back}"), -1).await?;
        }
        for claimed in after.difference(&before) {
            if self.write.count(&format!("{ENFORCES}{claimed}"), 1).await? > 1 {
                let other = format!("another endpoint than {webhook}");
                return Err(Rejected::from(taken(*claimed, &other)).into());
            }
        }
        Ok(())
    }
}

/// Tells an endpoint that begins to enforce something what stands against an account.
pub(super) async fn tell_standing(
    inner: &Inner,
    write: &mut Write,
    account: &Account,
    (webhook, endpoint): (&WebhookId, &Endpoint),
) -> Result<(), EngineError> {
    for message in account.standing_messages(endpoint) {
        put(inner, write, webhook, account, message, inner.clock.now()).await?;
    }
    Ok(())
}

async fn put(
    inner: &Inner,
    write: &mut Write,
    webhook: &WebhookId,
    account: &Account,
    message: Message,
    at: Timestamp,
) -> Result<(), EngineError> {
    let measure = message.measure.as_ref().and_then(|id| account.measure(id).ok());
    let data = MessageData {
        account: Some(account.id.to_string()),
        account_version: Some(account.version),
        measure: measure.map(|measure| measure.id.to_string()),
        scope: measure.map(|measure| measure.proposal.scope.to_string()),
        capabilities: message.withholds.into_iter().collect(),
        acknowledge: message.acknowledge.into_iter().collect(),
        notice: message.notice.map(|notice| notice.to_string()),
    };
    let row = NewMessage {
        message: fresh(inner.entropy.draw_16()?),
        webhook: webhook.to_string(),
        account: account.id.to_string(),
        n: account.version,
        kind: message.kind.to_string(),
        measure: data.measure.clone().unwrap_or_default(),
        body: body(message.kind, at, data)?,
        made_at: at.as_microsecond(),
    };
    Ok(write.put_webhook_message(&row).await?)
}

/// A message's id.
pub(super) fn fresh(random: [u8; 16]) -> String {
    format!("msg_{}", hex::encode(random))
}

fn body(kind: MessageKind, at: Timestamp, data: MessageData) -> Result<String, EngineError> {
    let message = WebhookMessage { version: MESSAGE_VERSION, kind: kind.to_string(), timestamp: at, data };
    serde_json::to_string(&message).map_err(|e| EngineError::defect("webhooks", &e))
}
