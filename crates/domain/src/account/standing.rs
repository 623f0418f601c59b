//! What an account can do now: derived from the measures in force, never stored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Account;
use super::measure::Measure;
use crate::capability::Capability;
use crate::scope::Scope;

/// An account's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing is withheld.
    Clear,
    /// Something is withheld somewhere.
    Limited,
    /// Nothing of the account runs.
    Suspended,
}

impl Account {
    /// The measures that take or are to take effect, and are not stayed.
    pub fn effective_measures(&self) -> impl Iterator<Item = &Measure> {
        self.measures.iter().filter(|m| m.is_effective())
    }

    /// The standing: `suspended` only while a receipt says so for the whole account.
    pub fn standing(&self) -> Standing {
        let mut standing = Standing::Clear;
        for measure in self.effective_measures().filter(|m| m.proposal.restricts()) {
            let stops_all = measure.proposal.scope == Scope::Account
                && measure.proposal.withholds.contains(&Capability::Compute)
                && measure.state_name() == "in_force";
            standing = standing.max(if stops_all { Standing::Suspended } else { Standing::Limited });
        }
        standing
    }

    /// What is withheld from a scope by all measures together.
    pub fn withheld(&self, scope: &Scope) -> BTreeSet<Capability> {
        self.effective_measures()
            .filter(|m| m.proposal.scope.covers(scope))
            .flat_map(|m| m.proposal.withholds.iter().copied())
            .collect()
    }
}
