//! Who withholds what, under which authority, what clears it and who may lift it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Account;
use super::case::ItemState;
use super::measure::{Basis, Measure};
use crate::authority::Authority;
use crate::capability::Capability;
use crate::name::{CaseId, ItemId, OrderId};

/// A way in which a measure ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clears {
    /// The account does all that the case asks.
    Cure(CaseId),
    /// These items are met.
    Conditions(BTreeSet<ItemId>),
    /// This moment comes.
    Ends(Timestamp),
    /// An appeal succeeds.
    Appeal,
    /// The order is vacated.
    Vacated(OrderId),
    /// Somebody of sufficient authority lifts it.
    Lift(Authority),
}

impl Account {
    /// What withholds a capability anywhere, the highest authority first: lifting one leaves the others.
    pub fn blockers(&self, capability: Capability) -> Vec<&Measure> {
        let mut blockers: Vec<&Measure> =
            self.effective_measures().filter(|m| m.proposal.withholds.contains(&capability)).collect();
        blockers.sort_by_key(|measure| Reverse(measure.proposal.authority));
        blockers
    }

    /// What ends a measure that stands, in the order in which it is worth trying.
    pub fn cleared_by(&self, measure: &Measure) -> Vec<Clears> {
        let mut clears = Vec::new();
        let case = measure.proposal.case.as_ref().and_then(|id| self.case(id).ok());
        let lifts = measure.lifts();
        if !lifts.when.is_empty() {
            clears.push(Clears::Conditions(lifts.when.clone()));
        }
        if let Some(case) = case
            && case.items.iter().any(|item| !matches!(item.state, ItemState::Met { .. }))
        {
            clears.push(Clears::Cure(case.id.clone()));
        }
        clears.extend(lifts.ends.map(Clears::Ends));
        match &measure.proposal.basis {
            Basis::Power => clears.extend([Clears::Appeal, Clears::Lift(measure.proposal.authority)]),
            Basis::Order { order } => clears.push(Clears::Vacated(order.clone())),
            Basis::AccountHolder => clears.push(Clears::Lift(Authority::AccountHolder)),
        }
        clears
    }
}
