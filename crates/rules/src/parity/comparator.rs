//! Which cases count as near.

use jiff::Timestamp;
use tenure_domain::capability::Preset;
use tenure_domain::document::hash;
use tenure_domain::name::{AccountId, Ground};
use tenure_domain::scope::ScopeKind;
use tenure_domain::terms::TermsRef;

/// How far back cases and reports are looked at, in days.
pub const WINDOW_DAYS: i64 = 365;

/// With fewer similarly situated cases than this nothing is said of where a proposal sits among them.
pub const TOO_FEW: usize = 5;

/// Of how many similarly situated cases one at most may have been treated as harshly before that deviates: one in ten.
pub const DEVIATES_BEYOND: usize = 10;

/// How many near cases are shown.
pub const NEAREST_MAX: usize = 20;

/// Which cases count as near a proposal. Its text is exact; the hash is of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparator {
    /// Whose proposal it is: its own cases are not compared with.
    pub account: AccountId,
    /// On which ground.
    pub ground: Ground,
    /// What is proposed.
    pub preset: Preset,
    /// From what kind of scope.
    pub scope: ScopeKind,
    /// Under which terms.
    pub terms: TermsRef,
    /// The moment of the proposal.
    pub at: Timestamp,
}

impl Comparator {
    /// It, in words. Whoever has the text can compute the hash.
    pub fn text(&self) -> String {
        let Self { account, ground, preset, scope, terms, at } = self;
        format!(
            "Near are the cases of accounts other than {account} on the ground {ground} that were opened in the \
             {WINDOW_DAYS} days of 24 hours before {at}. Nearest first: by how many of these are the same: the measure \
             {preset}, a scope of the kind {scope}, the terms {terms}; then the latest. Similarly situated is who has \
             the same service, the same content locus and the same terms; the first two are the same unless a person \
             answers otherwise. With fewer than {TOO_FEW} similarly situated cases in which a measure was proposed it is \
             too few to say. It deviates where fewer than one in {DEVIATES_BEYOND} of them had as short a notice, as \
             short a cure or as harsh a measure, and where a similarly situated account gave at least as many signals \
             in that time and has no case.\n"
        )
    }

    /// SHA-256 of the text, in hexadecimal digits.
    pub fn hash(&self) -> String {
        hash(&self.text())
    }

    /// The moment from which cases and reports are looked at.
    pub fn since(&self) -> Timestamp {
        self.at.checked_sub(jiff::SignedDuration::from_hours(WINDOW_DAYS * 24)).unwrap_or(Timestamp::MIN)
    }
}
