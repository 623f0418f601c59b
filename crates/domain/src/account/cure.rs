//! How an item is found to be done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::text::{Blob, Words};

/// Who or what finds that an item is done. A person's review always can.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum Verifier {
    /// A person of the provider, when the account has said what it did.
    #[default]
    Review,
    /// The account's facts: met by itself when they cross the bound.
    Fact {
        /// The bound: a condition over the facts that rules read, such as `reports("incitement", "P7D").filed < 5`.
        bound: String,
    },
    /// A look at the place: met when nothing is found there any more, once the account has said that it is gone.
    Gone {
        /// Where, in words: an http or https URL.
        locator: Words,
    },
}

impl Verifier {
    /// Whether it is the usual one.
    pub fn is_review(&self) -> bool {
        *self == Self::Review
    }

    /// The name in the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Fact { .. } => "fact",
            Self::Gone { .. } => "gone",
        }
    }
}

/// What a verifier found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "found")]
pub enum Found {
    /// The bound is crossed.
    Crossed {
        /// The facts that were read, with their values.
        facts: BTreeMap<String, String>,
    },
    /// Nothing is there any more.
    Gone {
        /// The answer: 404 or 410.
        status: u16,
        /// The answer as it came.
        evidence: Blob,
    },
    /// Something answers there.
    There {
        /// The answer.
        status: u16,
        /// The answer as it came.
        evidence: Blob,
    },
}

impl Found {
    /// The kept bytes that it names.
    pub fn evidence(&self) -> Option<&Blob> {
        match self {
            Self::Crossed { .. } => None,
            Self::Gone { evidence, .. } | Self::There { evidence, .. } => Some(evidence),
        }
    }
}
