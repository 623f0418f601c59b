//! Webhook endpoints, and what is sent to them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::capability::Capability;
use tenure_domain::name::PersonId;
use tenure_domain::webhook::MessageKind;
use utoipa::{IntoParams, ToSchema};

use crate::schema::{CapabilityName, ScopeName, Slug, Span};

/// The version of the messages. A change that a receiver could stumble over makes another.
pub const MESSAGE_VERSION: u32 = 1;

/// What an endpoint can be told.
#[derive(Debug, ToSchema)]
pub enum MessageName {
    /// What an account can do changed: read its standing again.
    #[serde(rename = "standing.changed")]
    StandingChanged,
    /// A measure takes effect that withholds what other systems enforce.
    #[serde(rename = "measure.applied")]
    MeasureApplied,
    /// What it withheld is given back.
    #[serde(rename = "measure.lifted")]
    MeasureLifted,
    /// A notice was issued.
    #[serde(rename = "notice.issued")]
    NoticeIssued,
}

/// Registers a webhook endpoint, or changes it as a whole. Its secret is made apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetWebhook {
    /// Where messages are sent: https, on the public internet, unless the server's settings allow private addresses.
    #[schema(min_length = 1, max_length = 2048, example = "https://pay.example/tenure")]
    pub url: String,
    /// What it is told. What enforces is told of `measure.applied` and `measure.lifted`.
    #[schema(value_type = Vec<MessageName>, min_items = 1, max_items = 4)]
    pub events: BTreeSet<MessageKind>,
    /// What the system behind it enforces: `payments`, `storage.write`. Each capability has one endpoint at most.
    #[serde(default)]
    #[schema(value_type = Vec<CapabilityName>, max_items = 7)]
    pub enforces: BTreeSet<Capability>,
    /// The person with the role `enforcer` in whose name it acknowledges, and who alone does for what it enforces.
    #[serde(default)]
    #[schema(value_type = Option<Slug>)]
    pub principal: Option<PersonId>,
    /// Whether messages are sent to it; else they wait.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// Makes another secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MakeSecret {
    /// How long the secrets before sign beside it: an ISO 8601 duration of at most seven days, `PT0S` for not at all;
    /// `P1D` without it.
    #[serde(default)]
    #[schema(value_type = Option<Span>)]
    pub overlap: Option<String>,
}

/// A signing secret. It is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookSecretView {
    /// The endpoint.
    pub webhook: String,
    /// The name of its key.
    pub key: String,
    /// The secret, as the Standard Webhooks libraries take it: `whsec_` and base64.
    pub secret: String,
    /// Until when those before sign beside it, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub others_until: Option<Timestamp>,
}

/// A signing key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    /// Its name.
    pub id: String,
    /// Since when it signs.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Until when it signs; none for as long as it has no successor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
}

/// A webhook endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookView {
    /// Its name.
    pub id: String,
    /// Where messages are sent.
    pub url: String,
    /// What it is told.
    pub events: Vec<String>,
    /// What the system behind it enforces.
    pub enforces: Vec<String>,
    /// Who speaks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Whether messages are sent to it.
    pub enabled: bool,
    /// The keys that sign now, the newest first.
    pub keys: Vec<KeyView>,
    /// How many messages wait.
    pub waiting: u64,
    /// How many were given up and not sent again since.
    pub given_up: u64,
    /// What somebody has to look at: that it is disabled, has no secret, or took messages too late. Empty when all is well.
    pub raised: Vec<String>,
}

/// A message to an endpoint, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryView {
    /// The message's id, which is the same however often it is sent.
    pub id: String,
    /// The endpoint.
    pub webhook: String,
    /// What it tells.
    #[serde(rename = "type")]
    pub kind: String,
    /// About which account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// About which measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
    /// `waiting`, `delivered` or `given_up`.
    pub state: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// How often it was sent.
    pub attempts: u32,
    /// When it was sent last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_at: Option<Timestamp>,
    /// When it is sent next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_at: Option<Timestamp>,
    /// The status of the last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What came of it the last time.
    pub outcome: String,
}

/// Which messages of an endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// Only those that stand so: `waiting`, `delivered` or `given_up`.
    #[serde(default)]
    #[param(pattern = "^(waiting|delivered|given_up)$")]
    pub state: Option<String>,
    /// How many, 1 to 200; 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200)]
    pub page_size: Option<u32>,
    /// Where to go on: the `nextPageToken` of the page before.
    #[serde(default)]
    pub page_token: Option<String>,
}

/// What is sent to an endpoint, signed by the scheme of Standard Webhooks: the headers `webhook-id`, `webhook-timestamp` and
/// `webhook-signature`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookMessage {
    /// The version of its form.
    pub version: u32,
    /// What it tells: a name of `events`, or `ping`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The legal moment of what it tells.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// About what.
    pub data: MessageData,
}

/// What a message is about. It names things and says nothing of them: the receiver reads the standing with its token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageData {
    /// Which account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Slug>)]
    pub account: Option<String>,
    /// The version that the account was at then. Of one account, a message with a lower one than was handled is old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_version: Option<u64>,
    /// Which measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
    /// From what it withholds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ScopeName>)]
    pub scope: Option<String>,
    /// What is to be withheld from now (`measure.applied`) or given back (`measure.lifted`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<CapabilityName>)]
    pub capabilities: Vec<Capability>,
    /// What of that the endpoint enforces and is asked to acknowledge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<CapabilityName>)]
    pub acknowledge: Vec<Capability>,
    /// Which notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

/// What an endpoint may answer to a message that asks for an acknowledgement, with status 200.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookAnswer {
    /// Whether all of `acknowledge` is withheld now, or given back. Said later, it is said through the API.
    pub acknowledged: bool,
}
