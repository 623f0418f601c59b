//! Orders and holds.

use jiff::Timestamp;

use super::{Draft, wrong_state};
use crate::account::event::Event;
use crate::account::legal::{Gag, OrderKind};
use crate::account::measure::{MeasureState, StayedFrom};
use crate::name::{HoldId, MeasureId, OrderId};
use crate::refusal::Rejected;
use crate::scope::Scope;
use crate::text::{Blob, Words};

/// What an order says besides its kind and scope.
#[derive(Default)]
pub(super) struct Says {
    pub deadline: Option<Timestamp>,
    pub locator: Option<Words>,
    pub gag: Option<Gag>,
}

impl Draft<'_> {
    /// Law 8: an order stays every measure that its scope touches, also one that is only scheduled. A measure is
    /// stayed whole: where the order's scope is smaller, more is given back than ordered, never less.
    pub(super) fn record_order(
        &mut self,
        kind: OrderKind,
        scope: &Scope,
        authority: Words,
        document: Blob,
    ) -> Result<(), Rejected> {
        let detail = match kind {
            OrderKind::Stay | OrderKind::Reinstate | OrderKind::Preserve => {
                return self.enter_order(kind, scope, authority, document, Says::default()).map(drop);
            }
            OrderKind::Remove => "a removal says where the content is, and what the account is told",
            OrderKind::Gag => "a gag says until when",
        };
        Err(Rejected::Invalid { pointer: "/kind".into(), detail: detail.into() })
    }

    /// An order that says by when service has to be back.
    pub(super) fn record_timed_order(
        &mut self,
        kind: OrderKind,
        scope: &Scope,
        authority: Words,
        document: Blob,
        deadline: Timestamp,
    ) -> Result<(), Rejected> {
        if !kind.stays_measures() {
            return Err(Rejected::Invalid {
                pointer: "/deadline".into(),
                detail: format!(
                    "nothing is observed by which a {} could be counted: leave it out",
                    kind.as_str()
                ),
            });
        }
        let says = Says { deadline: Some(deadline), ..Says::default() };
        self.enter_order(kind, scope, authority, document, says).map(drop)
    }

    /// Puts an order on the record, with the conflicts that it brings, and stays what it stays.
    pub(super) fn enter_order(
        &mut self,
        kind: OrderKind,
        scope: &Scope,
        authority: Words,
        document: Blob,
        says: Says,
    ) -> Result<OrderId, Rejected> {
        self.person()?;
        self.named_scope(scope)?;
        let Says { deadline, locator, gag } = says;
        let order = self.account.next(self.account.orders.len(), OrderId::new);
        self.emit(Event::OrderRecorded {
            order: order.clone(),
            kind,
            scope: scope.clone(),
            authority,
            document,
            deadline,
            locator,
            gag,
        })?;
        self.find_conflicts(&order)?;
        self.stay_for(&order)?;
        Ok(order)
    }

    /// Stays everything under way that an order suspends.
    pub(super) fn stay_for(&mut self, id: &OrderId) -> Result<(), Rejected> {
        let order = self.account.order(id)?;
        let touched: Vec<MeasureId> = self
            .account
            .measures
            .iter()
            .filter(|m| self.account.is_stayed_by(&m.proposal, m.is_effective(), order))
            .filter(|m| {
                matches!(
                    m.state,
                    MeasureState::Proposed
                        | MeasureState::Approved { .. }
                        | MeasureState::Scheduled { .. }
                        | MeasureState::Applying { .. }
                        | MeasureState::InForce { .. }
                )
            })
            .map(|m| m.id.clone())
            .collect();
        for measure in touched {
            self.emit(Event::MeasureStayed { measure, order: id.clone() })?;
        }
        Ok(())
    }

    /// A scope that the account has, or that a measure names though its workload is gone: a slip in the name of a
    /// scope would protect nothing.
    pub(super) fn named_scope(&self, scope: &Scope) -> Result<(), Rejected> {
        if self.account.measures.iter().any(|m| &m.proposal.scope == scope) {
            Ok(())
        } else {
            self.check_scope(scope)
        }
    }

    pub(super) fn vacate_order(&mut self, id: &OrderId, why: Words) -> Result<(), Rejected> {
        self.person()?;
        if self.account.order(id)?.vacated.is_some() {
            return Err(wrong_state(format!("{id} is vacated"), "nothing: it no longer stands"));
        }
        self.emit(Event::OrderVacated { order: id.clone(), why })?;
        self.end_removal(id)?;
        self.resume_from(id)
    }

    /// Brings back before its guards what an order no longer stays, unless another one does.
    pub(super) fn resume_from(&mut self, id: &OrderId) -> Result<(), Rejected> {
        let stayed: Vec<(MeasureId, StayedFrom)> = self
            .account
            .measures
            .iter()
            .filter_map(|m| match &m.state {
                MeasureState::Stayed { order, from, .. } if order == id => Some((m.id.clone(), from.clone())),
                _ => None,
            })
            .collect();
        for (measure, from) in stayed {
            let proposal = &self.account.measure(&measure)?.proposal;
            if let Some(order) = self.account.stayed_by(proposal, false).map(|o| o.id.clone()) {
                self.emit(Event::MeasureStayed { measure, order })?;
                continue;
            }
            self.emit(Event::MeasureResumed { measure: measure.clone(), order: id.clone() })?;
            // One that a guard took off the schedule before the order gets back to its guards as well.
            if let StayedFrom::Effective { .. } | StayedFrom::Approved = from {
                self.emit(Event::MeasureScheduled { measure, at: self.context.now })?;
            }
        }
        Ok(())
    }

    /// Law 8: a hold on what runs also takes back a stop that is under way.
    pub(super) fn place_hold(
        &mut self,
        scope: Scope,
        running_state: bool,
        why: Words,
    ) -> Result<(), Rejected> {
        self.person()?;
        self.named_scope(&scope)?;
        let hold = self.account.next(self.account.holds.len(), HoldId::new);
        self.emit(Event::HoldPlaced { hold, scope, running_state, why })?;
        let mut stopping = Vec::new();
        for measure in &self.account.measures {
            if matches!(measure.state, MeasureState::Applying { .. }) {
                let unmet = self.account.hold_guards(&measure.proposal);
                if !unmet.is_empty() {
                    stopping.push((measure.id.clone(), unmet));
                }
            }
        }
        for (measure, unmet) in stopping {
            self.block(measure, &unmet)?;
        }
        Ok(())
    }

    pub(super) fn release_hold(&mut self, id: &HoldId, why: Words) -> Result<(), Rejected> {
        self.person()?;
        if self.account.hold(id)?.released.is_some() {
            return Err(wrong_state(format!("{id} is released"), "nothing: it no longer stands"));
        }
        self.emit(Event::HoldReleased { hold: id.clone(), why })?;
        self.schedule_again(|_| true)
    }
}
