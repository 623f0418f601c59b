//! The one question that whatever deletes, ends or lets expire asks first: is it preserved?

use std::collections::BTreeSet;

use super::Account;
use super::legal::OrderKind;
use super::measure::Proposal;
use crate::authority::Authority;
use crate::refusal::{Guard, Unmet};
use crate::scope::Scope;

/// What could be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept<'a> {
    /// What persists of a part of the account: volumes, and what is declared.
    Data(&'a Scope),
    /// What running pods hold in memory and local files there.
    Running(&'a Scope),
    /// What is kept about the account: evidence, letters, words, its part of the record, exports.
    Records,
}

impl Account {
    /// Where nothing may be deleted while a measure is in effect: all that it restricts, where it stands in the name of harm
    /// to others, of the law or of an order; and what holds and orders preserve of that.
    pub(super) fn kept_under(&self, proposal: &Proposal) -> BTreeSet<Scope> {
        let holds = self.holds.iter().filter(|hold| hold.released.is_none()).map(|hold| &hold.scope);
        let orders = self.orders.iter().filter(|order| order.stands() && order.kind == OrderKind::Preserve);
        let preserved = holds.chain(orders.map(|order| &order.scope));
        let whole = (proposal.authority >= Authority::Abuse).then_some(&proposal.scope);
        preserved.filter(|scope| scope.touches(&proposal.scope)).chain(whole).cloned().collect()
    }

    /// Every hold and order that preserves this; empty where nothing does and it may go.
    ///
    /// A hold on the running state preserves data too. An order to preserve reaches what persists and what is kept about
    /// the account, not what running pods hold.
    pub fn preserved(&self, what: Kept<'_>) -> Vec<Unmet> {
        let reaches = |scope: &Scope| match what {
            Kept::Data(of) | Kept::Running(of) => scope.touches(of),
            Kept::Records => true,
        };
        let running = matches!(what, Kept::Running(_));
        let holds = self.holds.iter().filter(|h| h.released.is_none() && reaches(&h.scope));
        let mut preserved: Vec<Unmet> = holds
            .filter(|h| h.running_state || !running)
            .map(|hold| {
                let part = if hold.running_state { "what runs in " } else { "" };
                Unmet::new(
                    Guard::NoHold,
                    format!("hold {} preserves {part}{}", hold.id, hold.scope),
                    format!("release {} with a reason, or copy what it preserves first", hold.id),
                )
            })
            .collect();
        if running {
            return preserved;
        }
        let orders = self.orders.iter().filter(|o| o.stands() && o.kind == OrderKind::Preserve);
        preserved.extend(orders.filter(|o| reaches(&o.scope)).map(|order| {
            // The account learns of an order that a gag covers when the gag ends, and not by a refusal.
            let detail = if self.hides_order(&order.id) {
                format!("it preserves {}", order.scope)
            } else {
                format!("order {} (preserve) stands for {}", order.id, order.scope)
            };
            Unmet::new(Guard::NoOrder, detail, "the order has to be vacated by whoever gave it")
        }));
        preserved
    }
}
