//! How much of the computing time that is declared a throttled workload still gets.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The percentage of declared computing time that stays: 1 to 99. Memory stays as it is, as taking it away would end what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Throttle(u8);

/// Why a number is no throttle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no throttle: name the percentage that stays, 1 to 99")]
pub struct ThrottleError(u8);

impl Throttle {
    /// The percentage that stays.
    pub fn percent(self) -> u8 {
        self.0
    }

    /// What stays of this many thousandths of a processor, rounded up: nothing more is withheld than is said.
    pub fn of(self, cpu_millis: u32) -> u32 {
        let stays = (u64::from(cpu_millis) * u64::from(self.0)).div_ceil(100);
        u32::try_from(stays).unwrap_or(cpu_millis)
    }

    /// Whether one withholds less than another; not where either is none.
    pub(crate) fn is_less(one: Option<Self>, other: Option<Self>) -> bool {
        matches!((one, other), (Some(one), Some(other)) if one > other)
    }
}

impl TryFrom<u8> for Throttle {
    type Error = ThrottleError;

    fn try_from(percent: u8) -> Result<Self, ThrottleError> {
        if (1..=99).contains(&percent) { Ok(Self(percent)) } else { Err(ThrottleError(percent)) }
    }
}

impl From<Throttle> for u8 {
    fn from(throttle: Throttle) -> Self {
        throttle.0
    }
}

impl fmt::Display for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} percent", self.0)
    }
}
