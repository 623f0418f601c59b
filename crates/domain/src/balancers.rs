//! What becomes of load balancers while visitors are kept out.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether a measure that withholds `ingress` leaves load balancers their addresses. One that is given up goes back to the
/// cloud, costs nothing meanwhile, and may be another one afterwards; so that keeping is milder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Balancers {
    /// They stay, and lead nowhere.
    #[default]
    Kept,
    /// Their addresses are given up, and asked for anew when the measure ends.
    Released,
}

impl Balancers {
    /// Both, with the words of documents.
    pub const WORDS: [(&str, Self); 2] = [("kept", Self::Kept), ("released", Self::Released)];

    /// Whether they stay.
    pub fn is_kept(&self) -> bool {
        *self == Self::Kept
    }

    /// Whether they are given up.
    pub fn is_released(self) -> bool {
        self == Self::Released
    }

    /// The word of documents and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Released => "released",
        }
    }
}

impl fmt::Display for Balancers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
