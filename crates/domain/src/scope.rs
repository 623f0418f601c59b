//! What a measure, an order or a hold applies to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{EnvironmentId, Hostname, WorkloadId};

/// A part of one account. Text form: `account`, `environment/web`, `workload/web/feed`,
/// `hostname/web/feed/www.parley.example`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// All of it.
    Account,
    /// One environment.
    Environment(EnvironmentId),
    /// One workload in a managed environment.
    Workload(EnvironmentId, WorkloadId),
    /// One hostname of a workload: under it the workload is reached, and under its others it stays.
    Hostname(EnvironmentId, WorkloadId, Hostname),
}

/// The kind of a scope, as terms name it. The order is from the smallest to the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    /// One hostname.
    Hostname,
    /// One workload.
    Workload,
    /// One environment.
    Environment,
    /// The whole account.
    Account,
}

impl fmt::Display for ScopeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hostname => "hostname",
            Self::Workload => "workload",
            Self::Environment => "environment",
            Self::Account => "account",
        })
    }
}

impl Scope {
    /// Its kind.
    pub fn kind(&self) -> ScopeKind {
        match self {
            Self::Account => ScopeKind::Account,
            Self::Environment(_) => ScopeKind::Environment,
            Self::Workload(..) => ScopeKind::Workload,
            Self::Hostname(..) => ScopeKind::Hostname,
        }
    }

    /// Whether everything in `other` lies in `self`.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Account, _) => true,
            (Self::Environment(a), Self::Environment(b) | Self::Workload(b, _) | Self::Hostname(b, ..)) => {
                a == b
            }
            (Self::Workload(a, v), Self::Workload(b, w) | Self::Hostname(b, w, _)) => (a, v) == (b, w),
            (Self::Hostname(..), Self::Hostname(..)) => self == other,
            (Self::Environment(_) | Self::Workload(..) | Self::Hostname(..), Self::Account)
            | (Self::Workload(..) | Self::Hostname(..), Self::Environment(_))
            | (Self::Hostname(..), Self::Workload(..)) => false,
        }
    }

    /// Whether the two have anything in common.
    pub fn touches(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// The environment it lies in, where it lies in one.
    pub fn environment(&self) -> Option<&EnvironmentId> {
        match self {
            Self::Account => None,
            Self::Environment(e) | Self::Workload(e, _) | Self::Hostname(e, ..) => Some(e),
        }
    }
}

/// Why a text is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a scope: use \"account\", \"environment/NAME\", \"workload/ENVIRONMENT/NAME\" or \"hostname/ENVIRONMENT/WORKLOAD/NAME\""
)]
pub struct ScopeError(String);

impl FromStr for Scope {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let wrong = || ScopeError(text.chars().take(120).collect());
        let mut parts = text.split('/');
        let parts = (parts.next(), parts.next(), parts.next(), parts.next(), parts.next());
        let scope = match parts {
            (Some("account"), None, None, None, None) => Self::Account,
            (Some("environment"), Some(e), None, None, None) => {
                Self::Environment(e.parse().map_err(|_| wrong())?)
            }
            (Some("workload"), Some(e), Some(w), None, None) => {
                Self::Workload(e.parse().map_err(|_| wrong())?, w.parse().map_err(|_| wrong())?)
            }
            (Some("hostname"), Some(e), Some(w), Some(h), None) => Self::Hostname(
                e.parse().map_err(|_| wrong())?,
                w.parse().map_err(|_| wrong())?,
                h.parse().map_err(|_| wrong())?,
            ),
            _ => return Err(wrong()),
        };
        Ok(scope)
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;
    fn try_from(text: String) -> Result<Self, ScopeError> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> String {
        scope.to_string()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("account"),
            Self::Environment(e) => write!(f, "environment/{e}"),
            Self::Workload(e, w) => write!(f, "workload/{e}/{w}"),
            Self::Hostname(e, w, h) => write!(f, "hostname/{e}/{w}/{h}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_scope_covers_what_lies_in_it() {
        let s = |t: &str| t.parse::<Scope>().unwrap();
        assert!(s("account").covers(&s("workload/web/feed")));
        assert!(s("environment/web").covers(&s("workload/web/feed")));
        assert!(!s("environment/web").covers(&s("workload/batch/feed")));
        assert!(!s("workload/web/feed").covers(&s("environment/web")));
        assert!(s("workload/web/feed").touches(&s("environment/web")));
        assert!(s("workload/web/feed").covers(&s("hostname/web/feed/www.parley.example")));
        assert!(!s("workload/web/media").touches(&s("hostname/web/feed/www.parley.example")));
        assert!(!s("hostname/web/feed/www.parley.example").covers(&s("workload/web/feed")));
        assert!(!s("workload/web/feed").touches(&s("workload/web/media")));
    }

    #[test]
    fn what_is_not_a_scope_is_refused() {
        for text in [
            "",
            "accounts",
            "environment",
            "environment/",
            "workload/web",
            "workload/web/feed/x",
            "environment/Web",
            "hostname/web/feed",
            "hostname/web/feed/parley",
            "hostname/web/feed/Www.parley.example",
            "hostname/web/feed/www.parley.example/x",
        ] {
            assert!(text.parse::<Scope>().is_err(), "{text:?}");
        }
    }
}
