//! Orders that contradict each other: what stands between a removal and a stay until a person decides.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Account;
use super::legal::Order;
use super::measure::{Basis, Proposal};
use crate::name::{OrderId, PersonId};
use crate::scope::Scope;
use crate::text::Words;

/// Two orders that cannot both be followed in what their scopes have in common. Until it is decided which one is,
/// nothing takes effect there: the measure of the removal waits, or stays where it is if it was in effect before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    /// The two, the later one first.
    pub between: (OrderId, OrderId),
    /// What is contested: the smaller of the two scopes.
    pub scope: Scope,
    /// Since when.
    pub since: Timestamp,
    /// Which one is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Precedence>,
}

/// Which of two orders is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Precedence {
    /// The one that is followed.
    pub prevails: OrderId,
    /// Who decided so.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why, in words.
    pub why: Words,
}

impl Conflict {
    /// Whether it is between these two.
    pub fn is_between(&self, one: &OrderId, other: &OrderId) -> bool {
        let (a, b) = &self.between;
        (a == one && b == other) || (a == other && b == one)
    }
}

impl Account {
    /// The conflicts that nobody has decided, of orders that both stand.
    pub fn open_conflicts(&self) -> impl Iterator<Item = &Conflict> {
        let stands = |id: &OrderId| self.order(id).is_ok_and(Order::stands);
        self.conflicts
            .iter()
            .filter(move |c| c.decided.is_none() && stands(&c.between.0) && stands(&c.between.1))
    }

    /// Whether an order suspends the effect of a measure. It protects the account from others, and not from its own
    /// wish. Between a measure that carries out an order and one that contradicts that order a person decides; before
    /// anybody did, only what is not in effect yet gives way.
    pub(super) fn is_stayed_by(&self, proposal: &Proposal, effective: bool, order: &Order) -> bool {
        if !order.stands() || !order.kind.stays_measures() || !order.scope.touches(&proposal.scope) {
            return false;
        }
        let own = match &proposal.basis {
            Basis::Power => return true,
            Basis::AccountHolder => return false,
            Basis::Order { order: own } => own,
        };
        match self.conflicts.iter().find(|c| c.is_between(own, &order.id)).map(|c| &c.decided) {
            Some(Some(decided)) => decided.prevails == order.id,
            Some(None) => !effective,
            None => true,
        }
    }

    /// The first order that suspends the effect of a measure.
    pub(super) fn stayed_by(&self, proposal: &Proposal, effective: bool) -> Option<&Order> {
        self.orders.iter().find(|o| self.is_stayed_by(proposal, effective, o))
    }
}
