//! What the EU's transparency database is told of a statement of reasons (Regulation (EU) 2022/2065, Article 24(5)): its
//! published field names and enumerations, as of the API documentation of 2026-06. Only what restricts is told.
//!
//! It holds no personal data: no words that a person wrote, no locators, no name of the account. The statement is
//! found again by its `puid`, which is the SHA-256 of the record that the provider keeps.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Automated, Fact, Lasts, Source, Statement, Tried};
use crate::account::notice::NoticeKind;
use crate::capability::{Capability, Preset};
use crate::name::Ground;
use crate::scope::Scope;

/// The most characters of a contractual or legal ground.
const GROUND_MAX: usize = 500;
/// The most characters of an explanation.
const EXPLANATION_MAX: usize = 2_000;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[expect(missing_docs, reason = "the names are the database's own")]
        pub enum $name { $(#[serde(rename = $text)] $variant),* }
    };
}

words! {
    /// A restriction of what can be seen.
    Visibility { Disabled = "DECISION_VISIBILITY_CONTENT_DISABLED" }
}
words! {
    /// A restriction of payments.
    Monetary { Suspension = "DECISION_MONETARY_SUSPENSION", Termination = "DECISION_MONETARY_TERMINATION" }
}
words! {
    /// A restriction of the service.
    Provision {
        PartialSuspension = "DECISION_PROVISION_PARTIAL_SUSPENSION",
        TotalSuspension = "DECISION_PROVISION_TOTAL_SUSPENSION",
        TotalTermination = "DECISION_PROVISION_TOTAL_TERMINATION",
    }
}
words! {
    /// A restriction of the account.
    AccountDecision { Suspended = "DECISION_ACCOUNT_SUSPENDED", Terminated = "DECISION_ACCOUNT_TERMINATED" }
}
words! {
    /// On what a decision is grounded.
    DecisionGround {
        Illegal = "DECISION_GROUND_ILLEGAL_CONTENT",
        Incompatible = "DECISION_GROUND_INCOMPATIBLE_CONTENT",
    }
}
words! {
    /// What kind of content is concerned.
    ContentType { Other = "CONTENT_TYPE_OTHER" }
}
words! {
    /// The category of what is alleged.
    Category {
        DataProtection = "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
        Speech = "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
        IntellectualProperty = "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
        Terms = "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
        Minors = "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
        PublicSecurity = "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY",
        Fraud = "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
        Violence = "STATEMENT_CATEGORY_VIOLENCE",
    }
}
words! {
    /// From where the provider knows.
    SourceType { Notification = "SOURCE_TYPE_OTHER_NOTIFICATION", Voluntary = "SOURCE_VOLUNTARY" }
}
words! {
    /// Yes or no.
    YesNo { Yes = "Yes", No = "No" }
}
words! {
    /// How much of the decision machines made.
    AutomatedDecision {
        Fully = "AUTOMATED_DECISION_FULLY",
        Partially = "AUTOMATED_DECISION_PARTIALLY",
        Not = "AUTOMATED_DECISION_NOT_AUTOMATED",
    }
}

/// A statement as the database takes it. Each field is the database's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names are the database's own")]
pub struct Submission {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decision_visibility: Vec<Visibility>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_monetary: Option<Monetary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_provision: Option<Provision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_account: Option<AccountDecision>,
    pub decision_ground: DecisionGround,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub illegal_content_legal_ground: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub illegal_content_explanation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incompatible_content_ground: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incompatible_content_explanation: Option<String>,
    pub content_type: Vec<ContentType>,
    pub content_type_other: String,
    pub category: Category,
    pub content_date: String,
    pub application_date: String,
    pub decision_facts: String,
    pub source_type: SourceType,
    pub automated_detection: YesNo,
    pub automated_decision: AutomatedDecision,
    pub puid: String,
}

impl Statement {
    /// What the database is told; none of a notice that restricts nothing.
    pub fn transparency(&self) -> Option<Submission> {
        let restricts = matches!(
            self.kind,
            NoticeKind::Emergency { .. } | NoticeKind::Suspension { .. } | NoticeKind::Termination { .. }
        );
        let ends = self.measure.preset == Preset::Terminate;
        let less = matches!(self.measure.preset, Preset::Throttle);
        let withholds = |capability| self.measure.withholds.contains(&capability);
        if !restricts || (self.measure.withholds.is_empty() && !ends && !less) {
            return None;
        }
        let everywhere = self.measure.scope == Some(Scope::Account);
        let serves = [
            Capability::Deploy,
            Capability::Compute,
            Capability::Ingress,
            Capability::Egress,
            Capability::StorageWrite,
            Capability::StorageRead,
        ];
        let decision_provision = if ends {
            Some(Provision::TotalTermination)
        } else if everywhere && withholds(Capability::Compute) {
            Some(Provision::TotalSuspension)
        } else if less || serves.into_iter().any(withholds) {
            Some(Provision::PartialSuspension)
        } else {
            None
        };
        let decision_account = if ends {
            Some(AccountDecision::Terminated)
        } else {
            (decision_provision == Some(Provision::TotalSuspension)).then_some(AccountDecision::Suspended)
        };
        let monetary = if ends { Monetary::Termination } else { Monetary::Suspension };
        let illegal = self.ground.as_str() == "legal_order";
        let clause = shorten(
            &format!("{} {}, clause {}", self.clause.terms.id, self.clause.terms.version, self.clause.id),
            GROUND_MAX,
        );
        let explanation = shorten(&self.explanation(), EXPLANATION_MAX);
        let since = match self.lasts {
            Lasts::UntilCleared { since } | Lasts::Final { since } => since,
            _ => self.issued_at,
        };
        let seen = self.facts.iter().filter_map(|f| f.at).map(date).filter(|d| d.as_str() >= "2000-01-01");
        let reported = self.facts.iter().any(|f| f.source == Source::Report);
        Some(Submission {
            decision_visibility: if withholds(Capability::Ingress) && !ends {
                vec![Visibility::Disabled]
            } else {
                Vec::new()
            },
            decision_monetary: withholds(Capability::Payments).then_some(monetary),
            decision_provision,
            decision_account,
            decision_ground: if illegal { DecisionGround::Illegal } else { DecisionGround::Incompatible },
            illegal_content_legal_ground: illegal.then(|| clause.clone()),
            illegal_content_explanation: illegal.then(|| explanation.clone()),
            incompatible_content_ground: (!illegal).then_some(clause),
            incompatible_content_explanation: (!illegal).then_some(explanation),
            content_type: vec![ContentType::Other],
            content_type_other: "Workloads that a hosting provider runs for the account".to_owned(),
            category: category(&self.ground),
            content_date: seen.min().unwrap_or_else(|| date(since)),
            application_date: date(since),
            decision_facts: self.in_numbers(),
            source_type: if reported { SourceType::Notification } else { SourceType::Voluntary },
            automated_detection: if self.automation.detection { YesNo::Yes } else { YesNo::No },
            automated_decision: match self.automation.decision {
                Automated::Fully => AutomatedDecision::Fully,
                Automated::Partially => AutomatedDecision::Partially,
                Automated::Not => AutomatedDecision::Not,
            },
            puid: self.blob().as_str().trim_start_matches("sha256:").to_owned(),
        })
    }

    /// Why the clause applies, from what is typed alone.
    fn explanation(&self) -> String {
        let quoted = self.clause.text.as_ref().map_or_else(String::new, |text| format!(": \"{text}\""));
        format!(
            "Clause {} permits the measure \"{}\" on the ground {}{quoted}",
            self.clause.id, self.clause.permits, self.ground
        )
    }

    /// The facts, counted.
    fn in_numbers(&self) -> String {
        let count = |source| self.facts.iter().filter(|f: &&Fact| f.source == source).count();
        let notices = self.tried.iter().filter(|t| matches!(t, Tried::Notice { .. })).count();
        let mut seen: Vec<Timestamp> = self.facts.iter().filter_map(|f| f.at).collect();
        seen.sort();
        let from = seen.first().copied().map(date).unwrap_or_default();
        let to = seen.last().copied().map(date).unwrap_or_default();
        format!(
            "Ground: {}. Facts: {} seen from {from} to {to}: {} reports, {} findings of the provider, {} rules that matched. \
             Before it: {notices} notices served, {} lesser measures. Still to be put right: {} items.",
            self.ground,
            self.facts.len(),
            count(Source::Report),
            count(Source::Finding),
            count(Source::Rule),
            self.tried.len() - notices,
            self.cure.items.len(),
        )
    }
}

fn date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).date().to_string()
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// The database's category of a ground.
fn category(ground: &Ground) -> Category {
    match ground.as_str() {
        "incitement" | "hate_speech" | "harassment" | "defamation" => Category::Speech,
        "imminent_violence" | "violence" => Category::Violence,
        "terrorism" => Category::PublicSecurity,
        "phishing" | "fraud" | "malware" | "spam" => Category::Fraud,
        "copyright" | "trademark" => Category::IntellectualProperty,
        "csam" | "csem" => Category::Minors,
        "exposed_data" => Category::DataProtection,
        _ => Category::Terms,
    }
}
