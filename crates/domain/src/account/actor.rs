//! Who acts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{AccountId, PersonId, RuleId};

/// Whoever a command comes from. Text form: `person/ines`, `member/parley/ada`, `rule/…`, `system/…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Actor {
    /// A person of the provider.
    Person(PersonId),
    /// A member of an account.
    Member(AccountId, PersonId),
    /// A rule.
    Rule(RuleId),
    /// A part of Tenure itself.
    System(System),
}

/// The parts of Tenure that act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// A deadline that came due.
    Timer,
    /// The reconciler, with what it observed in the cluster.
    Cluster,
    /// The delivery of notices.
    Delivery,
    /// What looks whether something asked for is done.
    Verifier,
    /// The carrying out of one command for many accounts.
    Batch,
    /// The issuing of notices that follow from what happened.
    Clerk,
    /// The start of an installation.
    Bootstrap,
    /// Whoever holds the log's key, at the machine.
    Keeper,
    /// What deletes, under a permit.
    Eraser,
}

impl System {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Timer, "timer"),
        (Self::Cluster, "cluster"),
        (Self::Delivery, "delivery"),
        (Self::Verifier, "verifier"),
        (Self::Batch, "batch"),
        (Self::Clerk, "clerk"),
        (Self::Bootstrap, "bootstrap"),
        (Self::Keeper, "keeper"),
        (Self::Eraser, "eraser"),
    ];
}

impl Actor {
    /// The person of the provider, where it is one.
    pub fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Person(person) => Some(person),
            Self::Member(..) | Self::Rule(_) | Self::System(_) => None,
        }
    }
}

/// Why a text names no actor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names no actor: use \"person/NAME\", \"member/ACCOUNT/NAME\", \"rule/NAME\" or \"system/PART\""
)]
pub struct ActorError(String);

impl FromStr for Actor {
    type Err = ActorError;
    fn from_str(text: &str) -> Result<Self, ActorError> {
        let wrong = || ActorError(text.chars().take(120).collect());
        let mut parts = text.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("person"), Some(name), None, None) => Ok(Self::Person(name.parse().map_err(|_| wrong())?)),
            (Some("rule"), Some(name), None, None) => Ok(Self::Rule(name.parse().map_err(|_| wrong())?)),
            (Some("member"), Some(account), Some(name), None) => {
                Ok(Self::Member(account.parse().map_err(|_| wrong())?, name.parse().map_err(|_| wrong())?))
            }
            (Some("system"), Some(part), None, None) => {
                System::ALL.iter().find(|(_, t)| *t == part).map(|(s, _)| Self::System(*s)).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Actor {
    type Error = ActorError;
    fn try_from(text: String) -> Result<Self, ActorError> {
        text.parse()
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> String {
        actor.to_string()
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person) => write!(f, "person/{person}"),
            Self::Member(account, person) => write!(f, "member/{account}/{person}"),
            Self::Rule(rule) => write!(f, "rule/{rule}"),
            Self::System(part) => {
                let name = System::ALL.iter().find(|(s, _)| s == part).map_or("unknown", |(_, t)| *t);
                write!(f, "system/{name}")
            }
        }
    }
}
