//! What a provider promised: one immutable version of its agreement as data.

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::capability::Preset;
use crate::document::DocumentErrors;
use crate::name::{Format, Ground, PowerId, TermsId};
use crate::period::Period;
use crate::scope::ScopeKind;

/// One exact text of terms. Text form: `cloud-agreement 2020-04`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TermsRef {
    /// Which agreement.
    pub id: TermsId,
    /// Which version of it.
    pub version: String,
    /// The SHA-256 of the document's exact bytes, in lower-case hexadecimal.
    pub hash: String,
}

impl fmt::Display for TermsRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.version)
    }
}

/// One version of the agreement. Made only by [`Terms::parse`], which checks what the law of the house demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// Which agreement.
    pub id: TermsId,
    /// Which version of it, as the provider numbers them.
    pub version: String,
    /// How its days are counted.
    pub calendar: Calendar,
    /// How its notices are served.
    pub service: Service,
    /// What it permits, in the order written. No two share an id.
    pub powers: Vec<Power>,
    /// What it grants whatever a power says.
    pub floors: Floors,
    /// Which ground is alleged by reports in published formats, where the agreement says so itself.
    pub reported: BTreeMap<Format, Ground>,
}

/// How notices are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Where notices are delivered; at least one.
    pub channels: BTreeSet<Channel>,
    /// How long after an attempt without proof of delivery a notice counts as served; `None` for never.
    pub deemed_after: Option<Period>,
}

/// A way to deliver a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Mail to the account's contacts.
    Email,
    /// The account's inbox in Tenure.
    Inbox,
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email => "email",
            Self::Inbox => "inbox",
        })
    }
}

/// A clause that permits one kind of measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Power {
    /// The clause's number as the agreement prints it.
    pub id: PowerId,
    /// The clause's own words, where the document prints them: what notices quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What it permits.
    pub permits: Preset,
    /// On what it may be used; at least one.
    pub scopes: BTreeSet<ScopeKind>,
    /// For which reasons; at least one.
    pub grounds: BTreeSet<Ground>,
    /// What must come before, or after, the measure.
    pub process: Process,
    /// The longest time that a stopped pod is given to end, in seconds. Written for `suspend`, and only there.
    pub pod_grace_seconds: Option<u32>,
    /// How long a suspension lasts before it counts as a termination. Written for `suspend`, and only there.
    pub constructive_termination_after: Option<Period>,
    /// How long the account can fetch its data after the end. Written for `terminate`, and only there.
    pub retrieval: Option<Period>,
}

/// What must come before, or after, a measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Process {
    /// The account is told first.
    Noticed {
        /// From the service of the notice of intent to the earliest effect.
        notice: Period,
        /// From the service of the notice of violation to the earliest effect; a cure within it ends the case.
        cure: Period,
        /// How many people other than the proposer must consent; at least one.
        approvals: u8,
    },
    /// The measure comes first and is provisional.
    Emergency {
        /// When it lifts by itself unless another person ratified it: exact time, at most 24 hours.
        ratify_within: Period,
        /// By when its notice is served: exact time, at most an hour.
        notice_within: Period,
    },
}

/// What an account is granted whatever a power says. None is zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Floors {
    /// The shortest time to fetch one's data after the end.
    pub retrieval: Period,
    /// How long after a measure an appeal may be filed.
    pub appeal_window: Period,
    /// Within what time an appeal is decided.
    pub appeal_decision: Period,
    /// How long evidence is kept.
    pub evidence_retention: Period,
}

impl Terms {
    /// Reads a terms document; the reference holds the hash of exactly these bytes.
    pub fn parse(text: &str) -> Result<(Self, TermsRef), DocumentErrors> {
        read::terms(text)
    }

    /// The power with this clause number.
    pub fn power(&self, id: &PowerId) -> Option<&Power> {
        self.powers.iter().find(|power| power.id == *id)
    }
}

#[cfg(test)]
mod tests;
