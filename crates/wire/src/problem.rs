//! Errors, as RFC 9457 problem documents.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::refusal::Unmet;
use utoipa::ToSchema;

/// Where the problem types are described.
pub const BASE: &str = "https://tenure.dev/problems/";

/// The kinds of problems: the last part of their URI, and the statuses they come with. `docs/api.md` says what to do
/// about each.
pub const KINDS: &[(&str, &[u16])] = &[
    ("busy", &[503]),
    ("exists", &[412]),
    ("forbidden", &[403]),
    ("headers-too-large", &[431]),
    ("idempotency-key-reused", &[422]),
    ("incomplete", &[400]),
    ("internal", &[500]),
    ("invalid-document", &[422]),
    ("invalid-parameter", &[400]),
    ("invalid-request", &[422]),
    ("malformed", &[400]),
    ("media-type", &[415]),
    ("method-not-allowed", &[405]),
    ("not-found", &[404]),
    ("not-published", &[503]),
    ("not-quiet", &[503]),
    ("not-ready", &[503]),
    ("precondition-required", &[428]),
    ("rate-limited", &[429]),
    ("refused", &[409]),
    ("stale", &[412]),
    ("timeout", &[503]),
    ("too-large", &[413]),
    ("too-slow", &[408]),
    ("unauthenticated", &[401]),
    ("unavailable", &[503]),
];

/// The longest text of a problem, in characters.
pub const TEXT_MAX: usize = 2_000;

/// A problem document (RFC 9457), served as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What kind: a URI below [`BASE`].
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is the matter this time, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Where in the request, as JSON pointers (RFC 6901), lines of a document, or names of parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// For a refusal: every guard that is not met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<GuardView>,
    /// The earliest moment at which it could be done, where that is known: for a refusal, when all guards could be met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub earliest: Option<Timestamp>,
    /// Where the server is not ready: every condition, those that have not failed too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionView>,
    /// The request's id, for support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Something wrong at one place of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// The place: a JSON pointer such as `/plan/pods`, a line and field such as `line 9, powers[2].notice`, or the
    /// name of a parameter or header.
    pub at: String,
    /// What is wrong there and what would be right.
    pub detail: String,
}

/// One condition of the server's work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConditionView {
    /// Its stable name, such as `store` or `log`.
    pub name: String,
    /// `ok`, `degraded` or `failed`.
    pub state: String,
    /// What is the case.
    pub detail: String,
}

/// A guard that is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardView {
    /// Its stable name.
    pub guard: String,
    /// The number of the law it keeps, from 1 to 16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<u8>,
    /// What is the case.
    pub detail: String,
    /// What would meet it.
    pub satisfied_by: String,
    /// The first moment at which it can be met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub not_before: Option<Timestamp>,
}

impl From<&Unmet> for GuardView {
    fn from(unmet: &Unmet) -> Self {
        let guard = serde_json::to_value(unmet.guard).ok().and_then(|v| v.as_str().map(str::to_owned));
        Self {
            guard: guard.unwrap_or_default(),
            law: unmet.law.map(tenure_domain::law::Law::number),
            detail: unmet.detail.clone(),
            satisfied_by: unmet.satisfied_by.clone(),
            not_before: unmet.not_before,
        }
    }
}

impl Problem {
    /// A problem of a kind, named by the last part of its URI.
    pub fn new(kind: &str, title: &str, status: u16) -> Self {
        Self {
            kind: format!("{BASE}{kind}"),
            title: title.to_owned(),
            status,
            detail: None,
            faults: Vec::new(),
            guards: Vec::new(),
            earliest: None,
            conditions: Vec::new(),
            request_id: None,
        }
    }

    /// With a detail, cut off at [`TEXT_MAX`].
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(bounded(detail.into()));
        self
    }

    /// With a fault at a place. Both texts are cut off at [`TEXT_MAX`]: they may quote what was sent.
    #[must_use]
    pub fn fault(mut self, at: impl Into<String>, detail: impl Into<String>) -> Self {
        self.faults.push(Fault { at: bounded(at.into()), detail: bounded(detail.into()) });
        self
    }
}

fn bounded(text: String) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
