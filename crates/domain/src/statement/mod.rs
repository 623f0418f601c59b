//! The statement of reasons: the typed record behind a notice. It is compiled from the account's state, the accepted
//! terms and the reports, kept as canonical JSON and named by the notice's event; letters are renderings of it.
//!
//! [`Reasons`] is what a notice brings along, since the record only commits to what people wrote. [`lint`] says what a
//! statement lacks; [`stationery`] what a provider writes again and again, which is nobody's reason; [`transparency`]
//! what the EU's transparency database is told.

mod compile;
pub mod lint;
pub mod stationery;
pub mod transparency;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::account::notice::NoticeKind;
use crate::balancers::Balancers;
use crate::capability::{Capability, Preset};
use crate::name::{
    AccountId, AppealId, CaseId, Ground, ItemId, MeasureId, NoticeId, PowerId, ReportId, RuleId,
};
use crate::period::Period;
use crate::scope::{Scope, ScopeKind};
use crate::terms::TermsRef;
use crate::text::Blob;
use crate::throttle::Throttle;

pub use compile::Subject;
pub(crate) use compile::facts;
pub use stationery::Stationery;

/// The version of the record's form that this code writes.
const FORM: u32 = 1;

/// What a notice is to say that the record does not hold itself: the words of people, and the facts behind them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasons {
    /// Why, in the words of whoever decided.
    pub why: String,
    /// Why nothing less would do, in words.
    pub why_not_less: Option<String>,
    /// What it rests on.
    pub facts: Vec<Fact>,
    /// The words of the case's items, new ones too.
    pub asks: BTreeMap<ItemId, String>,
    /// The letter rendered from the statement; where there is none, the statement itself is the letter.
    pub letter: Option<Blob>,
}

impl Reasons {
    /// These words and facts, and nothing more.
    pub fn new(why: impl Into<String>, facts: Vec<Fact>) -> Self {
        Self { why: why.into(), facts, ..Self::default() }
    }

    /// The evidence of what is no report.
    pub fn found(&self) -> impl Iterator<Item = &Blob> {
        self.facts.iter().filter(|f| f.source == Source::Finding).flat_map(|f| &f.evidence)
    }
}

/// Where a fact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A report about the account.
    Report,
    /// A rule that matched.
    Rule,
    /// A notice that was served before.
    Notice,
    /// An invoice that is not paid, as the billing system says.
    Invoice,
    /// Whoever issued the notice found it.
    Finding,
}

/// Something that happened, which the notice rests on. What is blank or none is for [`lint`] to find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// Its id: a report's, a notice's, or one that the provider gave it.
    pub id: String,
    /// When it was seen; UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Where it is or was, in words: a URL, a message id.
    pub locator: String,
    /// What was seen or alleged, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// The evidence, by its SHA-256.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub evidence: BTreeSet<Blob>,
    /// Where it comes from.
    pub source: Source,
    /// Whether a machine found it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub automated: bool,
}

impl Fact {
    /// What somebody of the provider found.
    pub fn finding(id: impl Into<String>, at: Timestamp, locator: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            at: Some(at),
            locator: locator.into(),
            what: None,
            evidence: BTreeSet::new(),
            source: Source::Finding,
            automated: false,
        }
    }
}

/// The statement of reasons of one notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// The version of its form.
    pub form: u32,
    /// The notice it belongs to.
    pub notice: NoticeId,
    /// What the notice says.
    pub kind: NoticeKind,
    /// To which account.
    pub account: AccountId,
    /// In which case.
    pub case: CaseId,
    /// On which ground.
    pub ground: Ground,
    /// When it was issued; UTC.
    pub issued_at: Timestamp,
    /// The time zone of the terms, in which letters tell moments.
    pub time_zone: String,
    /// The measure, or the one intended.
    pub measure: About,
    /// From when it holds, or how long.
    pub lasts: Lasts,
    /// What it rests on.
    pub facts: Vec<Fact>,
    /// The clause, from the accepted terms.
    pub clause: Clause,
    /// Why, in the words of whoever decided.
    pub why: String,
    /// Why nothing less would do, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not_less: Option<String>,
    /// What was tried before that withholds less.
    pub tried: Vec<Tried>,
    /// What machines did.
    pub automation: Automation,
    /// What happens to the account's data.
    pub data: Data,
    /// How it is put right.
    pub cure: Cure,
    /// How it is challenged.
    pub appeal: AppealBy,
    /// Who answers questions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
}

/// The measure that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// Which; none where it is only intended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MeasureId>,
    /// Its kind.
    pub preset: Preset,
    /// What it withholds.
    pub withholds: BTreeSet<Capability>,
    /// How much computing time it leaves, in percent of what is declared, where it is throttling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    /// What becomes of load balancers meanwhile.
    #[serde(default, skip_serializing_if = "Balancers::is_kept")]
    pub load_balancers: Balancers,
    /// From what; none where it is only intended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// From which kinds of scope the power permits it.
    pub scopes: BTreeSet<ScopeKind>,
}

/// From when a measure holds, or how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "is")]
pub enum Lasts {
    /// Not before these periods have run since the notice was served; a period is none where the notice does not start
    /// it.
    NotBefore {
        /// Of notice.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice: Option<Period>,
        /// To put it right.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cure: Option<Period>,
    },
    /// At once; it lifts by itself unless another person ratifies it before this moment.
    Provisional {
        /// UTC.
        ratify_by: Timestamp,
    },
    /// Until what is asked is done, or it is lifted.
    UntilCleared {
        /// Since when; UTC.
        since: Timestamp,
    },
    /// For good.
    Final {
        /// Since when; UTC.
        since: Timestamp,
    },
    /// It is over, or will not take effect.
    Over {
        /// The reason's name in the record, such as `cured`.
        because: String,
        /// Whether it ever took effect.
        took_effect: bool,
    },
    /// An appeal against it was decided.
    Appealed {
        /// Which.
        appeal: AppealId,
        /// The outcome's name in the record, such as `upheld`.
        outcome: String,
        /// Whether the measure stands after it.
        stands: bool,
    },
    /// A period of an earlier notice ends later.
    Extended {
        /// Whose.
        notice: NoticeId,
        /// When it ends now; UTC. None while it does not run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
}

/// A clause as the accepted terms have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Clause {
    /// Which terms.
    pub terms: TermsRef,
    /// Its number.
    pub id: PowerId,
    /// Its words, where the terms print them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The measure it permits.
    pub permits: Preset,
    /// On which grounds.
    pub grounds: BTreeSet<Ground>,
    /// Its notice period; none for an emergency power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Period>,
    /// Its cure period; none for an emergency power.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cure: Option<Period>,
}

/// Something that was tried before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "was")]
pub enum Tried {
    /// A notice that was served.
    Notice {
        /// Which.
        notice: NoticeId,
        /// When it was served; UTC.
        served_at: Timestamp,
    },
    /// A lesser measure that took effect.
    Measure {
        /// Which.
        measure: MeasureId,
        /// Its kind.
        preset: Preset,
        /// When it took effect; UTC.
        since: Timestamp,
    },
}

/// How much of a decision machines made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Automated {
    /// Nothing of it.
    Not,
    /// A part.
    Partially,
    /// All of it.
    Fully,
}

/// What machines did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Automation {
    /// Whether a machine found what the notice rests on.
    pub detection: bool,
    /// The rule that opened the case, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// How much of the decision they made.
    pub decision: Automated,
}

/// What happens to the account's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "is")]
pub enum Data {
    /// Nothing.
    Untouched,
    /// Volumes are kept; what only running pods hold is lost.
    Kept,
    /// It can be fetched for so long after the end.
    Retrieval {
        /// How long.
        period: Period,
    },
}

/// How a case is put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cure {
    /// What is still to be done.
    pub items: Vec<CureItem>,
    /// Where it is handed in.
    pub at: String,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CureItem {
    /// Its name within the case.
    pub id: ItemId,
    /// What is asked, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
    /// The report it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportId>,
}

/// How a measure is challenged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppealBy {
    /// How long after it took effect.
    pub window: Period,
    /// Within what time it is decided.
    pub decided_within: Period,
    /// Where.
    pub at: String,
}

impl Statement {
    /// Its canonical JSON (RFC 8785): the bytes that are kept.
    pub fn bytes(&self) -> Vec<u8> {
        // Canonicalization fails on non-finite numbers only, and a statement holds none.
        serde_json_canonicalizer::to_vec(self).unwrap_or_default()
    }

    /// The name of those bytes.
    pub fn blob(&self) -> Blob {
        Blob::of_digest(Sha256::digest(self.bytes()).into())
    }
}
