//! What is asked and shown of parity.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenure_domain::name::AccountId;
use utoipa::{IntoParams, ToSchema};

use crate::schema::{Slug, Text};
use crate::view::TermsView;

/// What a proposal says of the accounts with which it is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParityAnswers {
    /// Whether others are similarly situated; those who are not named are taken to be, where their terms are the same.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub answers: Vec<ParityAnswer>,
    /// Why the proposal is harsher than what others met with, where it is.
    #[serde(default)]
    #[schema(value_type = Option<Text>)]
    pub deviation: Option<String>,
}

/// Whether another account is similarly situated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParityAnswer {
    /// Which account.
    #[schema(value_type = Slug)]
    pub account: AccountId,
    /// Whether it has the same service of the provider.
    pub same_service: bool,
    /// Whether what it is reported for lies in the same place: with this provider, or elsewhere.
    pub same_content_locus: bool,
    /// Why.
    #[schema(value_type = Text)]
    pub why: String,
}

/// Undoes what a rule began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UndoRule {
    /// Cases that it opened from this moment on.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Only those that it opened while this text of it stood: the `hash` of the rule.
    #[serde(default)]
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub version: Option<String>,
    /// Why.
    #[schema(value_type = Text)]
    pub why: String,
}

/// Which month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MonthQuery {
    /// The month, of UTC.
    #[param(pattern = "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])$", example = "2021-01")]
    pub month: String,
}

/// What a measure was compared with when it was proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParityView {
    /// Which cases count as near, in words. It was fixed before any was looked at.
    pub comparator: String,
    /// SHA-256 of that text, in hexadecimal digits.
    pub comparator_hash: String,
    /// When it was compared.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What was proposed.
    pub subject: ParitySubject,
    /// How many reports on the ground came in about the account in the time that is looked at.
    pub signals: u64,
    /// How many near cases there are.
    pub near: u64,
    /// How many of them are of accounts that are similarly situated, and have a measure.
    pub similarly_situated: u64,
    /// The nearest.
    pub nearest: Vec<NearCaseView>,
    /// Where the proposal sits; none where they are too few to say.
    pub positions: Vec<ParityPosition>,
    /// The same in one sentence.
    pub said: String,
    /// Accounts with at least as many reports on the ground and no case.
    pub same_signals_no_case: Vec<NoCaseView>,
    /// In what it deviates.
    pub deviations: Vec<String>,
    /// Why.
    #[serde(default)]
    pub deviation_reason: Option<String>,
}

/// What was proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParitySubject {
    /// Against which account.
    pub account: String,
    /// On which ground.
    pub ground: String,
    /// Under which terms.
    pub terms: TermsView,
    /// The preset.
    pub preset: String,
    /// From what kind of scope.
    pub scope: String,
    /// From service of the notice of intent to the effect, in seconds.
    pub notice_seconds: i64,
    /// From service of the violation notice to the effect, in seconds.
    pub cure_seconds: i64,
}

/// Whether an account is similarly situated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the answer, by its own name")]
pub struct ComparableView {
    /// The same service; so unless a person answered otherwise.
    pub same_service: bool,
    /// The same content locus; so unless a person answered otherwise.
    pub same_content_locus: bool,
    /// The same version of the terms.
    pub same_terms: bool,
    /// All three.
    pub similarly_situated: bool,
    /// The reason of the person who answered.
    #[serde(default)]
    pub why: Option<String>,
}

/// A near case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NearCaseView {
    /// Which.
    pub case: String,
    /// Whose.
    pub account: String,
    /// On which ground.
    pub ground: String,
    /// Under which terms.
    pub terms: TermsView,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// The harshest measure in it.
    pub measure: Option<String>,
    /// From what kind of scope.
    pub scope: Option<String>,
    /// How long before the effect the notice of intent was served, in seconds.
    pub notice_seconds: Option<i64>,
    /// How long before the effect the violation notice was served, in seconds.
    pub cure_seconds: Option<i64>,
    /// How it ended, or `open`.
    pub outcome: String,
    /// Whether a measure in it deviated.
    pub deviated: bool,
    /// Whether its account is similarly situated.
    pub comparable: ComparableView,
}

/// An account with the same signals and no case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoCaseView {
    /// Which.
    pub account: String,
    /// Its terms.
    pub terms: TermsView,
    /// How many reports on the ground came in about it.
    pub signals: u64,
    /// Whether it is similarly situated.
    pub comparable: ComparableView,
}

/// Where a proposal sits in one respect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParityPosition {
    /// `notice`, `cure` or `measure`.
    pub of: String,
    /// How many were treated as harshly or more.
    pub as_harsh: u64,
    /// Of how many.
    pub among: u64,
    /// In words.
    pub said: String,
}

/// What was done in a month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParityReportView {
    /// Which month, of UTC.
    pub month: String,
    /// By ground.
    pub grounds: Vec<GroundReportView>,
}

/// What was done on one ground.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroundReportView {
    /// Which.
    pub ground: String,
    /// How many cases were opened.
    pub cases: u64,
    /// Of how many accounts.
    pub accounts: u64,
    /// How long before the effect notice was served.
    pub notice: Option<SpreadView>,
    /// How long there was to cure.
    pub cure: Option<SpreadView>,
    /// How many have which harshest measure; `none` for those without.
    pub measures: BTreeMap<String, u64>,
    /// How many ended how, or are `open`.
    pub outcomes: BTreeMap<String, u64>,
    /// In how many a measure deviated for a written reason.
    pub deviations: u64,
}

/// The least, the median and the most, in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpreadView {
    /// The least.
    pub least: i64,
    /// The one in the middle.
    pub median: i64,
    /// The most.
    pub most: i64,
}
