//! How often a rule may act, so that a runaway stops.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The parts that make a whole [`Share`].
const WHOLE: u32 = 1_000_000;

/// The most that one rule may do within one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Caps {
    /// The most accounts on which it acts within one day; at least one.
    pub per_day: u32,
    /// The largest share of all accounts on which it acts within one day.
    pub share_of_accounts: Share,
}

impl Caps {
    /// On how many of `accounts` the rule may act within one day: the smaller of the two caps. The share is rounded
    /// down, but never to none, or a rule could not act at all where accounts are few.
    pub fn most_per_day(&self, accounts: u64) -> u64 {
        u64::from(self.per_day).min(self.share_of_accounts.of(accounts).max(1)).min(accounts)
    }
}

/// An exact share: parts of a million, more than none and at most all. Text form: `0.01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Share {
    parts_per_million: u32,
}

/// Why a text is not a share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a share: write a number above 0 and at most 1 with at most six decimals, such as 0.01")]
pub struct ShareError(String);

impl Share {
    /// The share in parts of a million, from 1 to 1,000,000.
    pub fn parts_per_million(self) -> u32 {
        self.parts_per_million
    }

    /// So many of `count`, rounded down.
    pub fn of(self, count: u64) -> u64 {
        let parts = u128::from(count) * u128::from(self.parts_per_million) / u128::from(WHOLE);
        // A share is at most the whole, so the result is at most `count`.
        u64::try_from(parts).unwrap_or(count)
    }
}

impl FromStr for Share {
    type Err = ShareError;
    fn from_str(text: &str) -> Result<Self, ShareError> {
        let wrong = || ShareError(text.chars().take(40).collect());
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let plain =
            |digits: &str| (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if !plain(whole) || !plain(decimals) {
            return Err(wrong());
        }
        let whole: u64 = whole.parse().map_err(|_| wrong())?;
        let parts: u64 = format!("{decimals:0<6}").parse().map_err(|_| wrong())?;
        let parts = whole * u64::from(WHOLE) + parts;
        match u32::try_from(parts) {
            Ok(parts_per_million @ 1..=WHOLE) => Ok(Self { parts_per_million }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parts_per_million == WHOLE {
            return f.write_str("1");
        }
        let decimals = format!("{:06}", self.parts_per_million);
        write!(f, "0.{}", decimals.trim_end_matches('0'))
    }
}

impl TryFrom<String> for Share {
    type Error = ShareError;
    fn try_from(text: String) -> Result<Self, ShareError> {
        text.parse()
    }
}

impl From<Share> for String {
    fn from(share: Share) -> String {
        share.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn caps(per_day: u32, share: &str) -> Caps {
        Caps { per_day, share_of_accounts: share.parse().unwrap() }
    }

    #[test]
    fn the_smaller_cap_counts() {
        assert_eq!(caps(10, "0.01").most_per_day(5_000), 10);
        assert_eq!(caps(10, "0.01").most_per_day(700), 7);
        assert_eq!(caps(10, "0.29").most_per_day(100), 10);
        assert_eq!(caps(1_000, "0.29").most_per_day(100), 29);
    }

    #[test]
    fn few_accounts_still_allow_one_and_none_allow_none() {
        assert_eq!(caps(10, "0.01").most_per_day(3), 1);
        assert_eq!(caps(10, "0.01").most_per_day(0), 0);
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in
            ["", "0", "0.0", "0.0000001", "1.000001", "2", "-0.1", "1e-3", ".5", "1.", "0,1", "0.1 ", "NaN"]
        {
            assert!(text.parse::<Share>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_share_reads_back_and_never_exceeds_the_whole(parts in 1..=WHOLE, count: u64) {
            let share = Share { parts_per_million: parts };
            prop_assert_eq!(share.to_string().parse::<Share>().unwrap(), share);
            prop_assert!(share.of(count) <= count);
        }
    }
}
