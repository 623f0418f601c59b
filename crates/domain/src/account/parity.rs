//! Comparing a proposal with other cases. What is compared and what came of it is computed outside of the account, from
//! cases of others; here a deviation without a written reason is refused.
//!
//! The account's own record holds hashes only: who is compared with whom is for the provider and auditors, law 16.

use serde::{Deserialize, Serialize};

use crate::refusal::{Guard, Unmet};
use crate::text::Blob;

/// What a comparison said of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// SHA-256 of the comparator, fixed before any other case was looked at, in hexadecimal digits.
    pub comparator: String,
    /// The whole comparison, kept as bytes that no member can read.
    pub document: Blob,
    /// In what the proposal is harsher than what similarly situated accounts met with, in words.
    pub deviations: Vec<String>,
    /// Whether a reason for the deviations is written in the document.
    pub reasoned: bool,
}

/// What a measure's record keeps of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// The comparator's hash.
    pub comparator: String,
    /// The comparison; salted, so that its hash says nothing of what it holds.
    pub document: Blob,
}

impl Comparison {
    /// Every deviation, where no reason for them is written.
    pub(super) fn unmet(&self) -> Vec<Unmet> {
        if self.reasoned {
            return Vec::new();
        }
        let unmet = |deviation: &String| {
            Unmet::new(
                Guard::TreatedAlike,
                deviation.clone(),
                "say in `parity.deviation` why, or in `parity.answers` in what the other differs",
            )
        };
        self.deviations.iter().map(unmet).collect()
    }
}
