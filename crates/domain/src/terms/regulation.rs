//! The regulations whose figures Tenure knows. Whether one applies to a provider is not for Tenure to say: an agreement
//! names those that it follows.

use serde::{Deserialize, Serialize};

use crate::period::Period;

/// A regulation of the European Union.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Regulation {
    /// Regulation (EU) 2019/1150, platform-to-business.
    #[serde(rename = "2019/1150")]
    PlatformToBusiness,
    /// Regulation (EU) 2022/2065, the Digital Services Act.
    #[serde(rename = "2022/2065")]
    DigitalServices,
    /// Regulation (EU) 2023/2854, the Data Act.
    #[serde(rename = "2023/2854")]
    Data,
}

impl Regulation {
    /// Its number, as documents name it.
    pub fn number(self) -> &'static str {
        match self {
            Self::PlatformToBusiness => "2019/1150",
            Self::DigitalServices => "2022/2065",
            Self::Data => "2023/2854",
        }
    }

    /// All of them with their numbers.
    pub const ALL: [(&'static str, Self); 3] = [
        ("2019/1150", Self::PlatformToBusiness),
        ("2022/2065", Self::DigitalServices),
        ("2023/2854", Self::Data),
    ];
}

/// On what a termination rests that need not wait 30 days: Article 4(4) of Regulation (EU) 2019/1150.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exception {
    /// (a): a legal or regulatory obligation that does not allow for the period.
    LegalDuty,
    /// (b): an imperative reason under national law.
    ImperativeReason,
    /// (c): the provider can show that the account infringed the terms repeatedly.
    RepeatedInfringement,
}

impl Exception {
    /// All of them with their names in documents.
    pub const ALL: [(&'static str, Self); 3] = [
        ("legal_duty", Self::LegalDuty),
        ("imperative_reason", Self::ImperativeReason),
        ("repeated_infringement", Self::RepeatedInfringement),
    ];

    /// The letter of Article 4(4).
    pub fn letter(self) -> char {
        match self {
            Self::LegalDuty => 'a',
            Self::ImperativeReason => 'b',
            Self::RepeatedInfringement => 'c',
        }
    }
}

/// Article 4(2) of 2019/1150: from the reasons of a termination to its effect, at least.
pub const TERMINATION_NOTICE: Period = Period::Days(30);
/// Article 3(2) of 2019/1150: from the notice of changed terms to their effect, at least.
pub const CHANGE_NOTICE: Period = Period::Days(15);
/// Article 25(2)(d) of 2023/2854: the notice that may be asked of a customer who leaves, at most.
pub const SWITCHING_NOTICE: Period = Period::Months(2);
/// Article 25(2)(a) of 2023/2854: the transition, at most.
pub const SWITCHING_TRANSITION: Period = Period::Days(30);
/// Article 25(2)(g) of 2023/2854: the time to retrieve data afterwards, at least.
pub const RETRIEVAL: Period = Period::Days(30);
/// Article 20(1) of 2022/2065: how long a complaint is taken after a decision, at least.
pub const COMPLAINTS: Period = Period::Months(6);
