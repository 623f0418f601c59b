//! Who stands behind a measure: of two that meet, the higher one is not undone by the lower one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::Ground;

/// In whose name a measure stands. The order is the rank, the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// The account itself, which asked for it.
    AccountHolder,
    /// The provider's operation of the service.
    #[default]
    Operator,
    /// What is owed.
    Billing,
    /// Harm to others.
    Abuse,
    /// The law, as the provider's legal role reads it.
    Legal,
    /// A court or an authority.
    Order,
}

impl Authority {
    /// Those that a power of the terms may name.
    pub const OF_POWERS: [Self; 4] = [Self::Operator, Self::Billing, Self::Abuse, Self::Legal];

    /// The authority of a measure on a ground, where its power names none.
    pub fn of_ground(ground: &Ground) -> Self {
        match ground.as_str() {
            "legal_order" => Self::Legal,
            "non_payment" => Self::Billing,
            "process_failure" | "material_breach" => Self::Operator,
            _ => Self::Abuse,
        }
    }

    /// Whether it is the default of what was recorded before authorities were.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(crate) fn is_operator(&self) -> bool {
        *self == Self::Operator
    }

    /// The name in documents and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountHolder => "account_holder",
            Self::Operator => "operator",
            Self::Billing => "billing",
            Self::Abuse => "abuse",
            Self::Legal => "legal",
            Self::Order => "order",
        }
    }

    /// Who may lift what stands in its name, in words.
    pub fn lifted_by(self) -> &'static str {
        match self {
            Self::AccountHolder => "an owner of the account",
            Self::Operator | Self::Billing | Self::Abuse => "the provider's analysts, approvers or legal",
            Self::Legal => "the provider's legal role",
            Self::Order => "nobody here: it ends when whoever gave the order vacates it",
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
