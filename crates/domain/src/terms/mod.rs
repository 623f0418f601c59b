//! What a provider promised: one immutable version of its agreement as data.

pub mod explain;
mod read;
mod regulation;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::authority::Authority;
use crate::balancers::Balancers;
use crate::calendar::Calendar;
use crate::capability::{Capability, Preset, rung, unsupported};
use crate::document::DocumentErrors;
use crate::name::{Format, Ground, PowerId, TermsId};
use crate::period::Period;
use crate::scope::ScopeKind;
use crate::throttle::Throttle;

pub use regulation::{Exception, Regulation};

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
    /// How a new version comes to bind; without it, only by acceptance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// What is promised to an account that leaves for another provider; none where the agreement does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switching: Option<Switching>,
    /// The regulations that the agreement itself says it follows: their figures are checked when it is read.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub regulations: BTreeSet<Regulation>,
}

/// How a new version of the agreement comes to bind an account that does not accept it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// From the service of the notice of it on the account.
    pub notice: Period,
}

/// What an account is promised that leaves for another provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Switching {
    /// How long before it leaves the account has to say so, at most.
    pub notice: Period,
    /// How long the move takes then, at most. Longer than zero.
    pub transition: Period,
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
    /// The capabilities that it permits to withhold, where it writes them out instead of a preset.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub listed: BTreeSet<Capability>,
    /// How much computing time its measures leave. Written for `throttle`, and only there; without it nobody can carry it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    /// What becomes of load balancers meanwhile. Written where `ingress` is withheld, and only there.
    #[serde(skip_serializing_if = "Balancers::is_kept")]
    pub load_balancers: Balancers,
    /// In whose name its measures stand, where it says so itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<Authority>,
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
    /// The measure that has to be in force in the same case before this power may be used; none for no such condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Preset>,
    /// On which exception from a regulated period it rests. Only for `terminate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
    /// Which roles are among those who consent; none written for approvers alone. Only where approvals are asked for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub approver_roles: BTreeSet<ApproverRole>,
    /// How often the account must have been struck on the case's ground before it may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strikes: Option<Strikes>,
}

/// A role of the provider that consents to measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApproverRole {
    /// Those whose office it is.
    Approver,
    /// The provider's lawyers.
    Legal,
}

impl ApproverRole {
    /// The role's name, as people hold it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approver => "approver",
            Self::Legal => "legal",
        }
    }
}

/// A condition of a harsher power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Strikes {
    /// How many strikes on the ground must stand.
    pub at_least: u8,
    /// Whether a cure removes the strike of its case. Withdrawal and a successful appeal always do.
    pub cure_removes: bool,
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
    /// Whether an open appeal stops the clocks of its case: written as `appealStops: clocks`; left out, it stops none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub appeal_stops_clocks: bool,
    /// How long evidence is kept.
    pub evidence_retention: Period,
    /// The terminations for which the floor of retrieval does not hold; theirs is still longer than zero.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub retrieval_except: BTreeSet<PowerId>,
}

impl Power {
    /// What its measures withhold.
    pub fn withholds(&self) -> BTreeSet<Capability> {
        if self.permits == Preset::Listed { self.listed.clone() } else { self.permits.withholds() }
    }

    /// Where its measures stand on the ladder.
    pub fn rung(&self) -> Preset {
        rung(self.permits, &self.listed)
    }

    /// Why nobody can carry its measures out on a scope of this kind.
    pub fn unsupported(&self, scope: ScopeKind) -> Option<String> {
        unsupported(self.permits, self.throttle, &self.withholds(), scope)
    }

    /// Whether somebody can carry its measures out on some scope that it reaches.
    pub fn is_supported(&self) -> bool {
        self.scopes.iter().any(|scope| self.unsupported(*scope).is_none())
    }

    /// In whose name a measure under it on this ground stands.
    pub fn authority(&self, ground: &Ground) -> Authority {
        self.authority.unwrap_or_else(|| Authority::of_ground(ground))
    }
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
