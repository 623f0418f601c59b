//! Orders, holds and appeals.

use super::{Draft, all_met, wrong_state};
use crate::account::event::Event;
use crate::account::legal::{AppealOutcome, OrderKind};
use crate::account::measure::{Basis, LiftReason, MeasureState, StayedFrom};
use crate::name::{AppealId, CaseId, HoldId, MeasureId, OrderId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::text::{Blob, Words};

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
        self.person()?;
        self.named_scope(scope)?;
        let order = self.account.next(self.account.orders.len(), OrderId::new);
        self.emit(Event::OrderRecorded {
            order: order.clone(),
            kind,
            scope: scope.clone(),
            authority,
            document,
        })?;
        if !kind.stays_measures() {
            return Ok(());
        }
        let touched: Vec<MeasureId> = self
            .account
            .measures
            .iter()
            .filter(|m| m.proposal.scope.touches(scope) && m.proposal.basis != Basis::AccountHolder)
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
            self.emit(Event::MeasureStayed { measure, order: order.clone() })?;
        }
        Ok(())
    }

    /// A scope that the account has, or that a measure names though its workload is gone: a slip in the name of a
    /// scope would protect nothing.
    fn named_scope(&self, scope: &Scope) -> Result<(), Rejected> {
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
        self.end_of_order(id)?;
        let stayed: Vec<(MeasureId, Scope, StayedFrom)> = self
            .account
            .measures
            .iter()
            .filter_map(|m| match &m.state {
                MeasureState::Stayed { order, from, .. } if order == id => {
                    Some((m.id.clone(), m.proposal.scope.clone(), from.clone()))
                }
                _ => None,
            })
            .collect();
        for (measure, scope, from) in stayed {
            let other = self
                .account
                .orders
                .iter()
                .find(|o| o.vacated.is_none() && o.kind.stays_measures() && o.scope.touches(&scope))
                .map(|o| o.id.clone());
            if let Some(order) = other {
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

    pub(super) fn file_appeal(&mut self, id: &MeasureId, grounds: Words) -> Result<(), Rejected> {
        self.of_account()?;
        let measure = self.account.measure(id)?;
        if !measure.proposal.basis.is_power() {
            return Err(wrong_state(
                format!("{id} rests on no power of the provider"),
                "lift what the account asked for itself; challenge an order before whoever gave it",
            ));
        }
        if matches!(measure.state, MeasureState::Proposed | MeasureState::Withdrawn { .. }) {
            return Err(wrong_state(
                format!("{id} is {}", measure.state_name()),
                "a measure that is decided can be appealed",
            ));
        }
        if let Some(open) = self.account.appeals.iter().find(|a| &a.measure == id && a.decided.is_none()) {
            return Err(wrong_state(
                format!("{} against {id} is open", open.id),
                format!("go on with {}", open.id),
            ));
        }
        let terms = self.account.accepted(self.context.book)?;
        // The window opens with the effect: a measure scheduled far ahead is not out of reach before it bites.
        if let Some(since) = measure.took_effect
            && let Ok(ends) = terms.calendar.deadline(since, &terms.floors.appeal_window)
            && self.context.now > ends.at
        {
            return Err(Unmet::new(
                Guard::Moment,
                format!("the time for appeals against {id} ended on {}", terms.calendar.local(ends.at)),
                "nothing: the window that the terms give has closed",
            )
            .into());
        }
        let appeal = self.account.next(self.account.appeals.len(), AppealId::new);
        self.emit(Event::AppealFiled { appeal, measure: id.clone(), grounds })
    }

    /// Law 6: the reviewer took no part in the measure. Law 10: an overturned measure takes its case with it.
    pub(super) fn decide_appeal(
        &mut self,
        id: &AppealId,
        outcome: AppealOutcome,
        why: Words,
    ) -> Result<(), Rejected> {
        let Some(by) = self.context.actor.person().cloned() else {
            return Err(Unmet::new(
                Guard::AnotherPerson,
                format!("{} is not a person of the provider", self.context.actor),
                "a person decides appeals",
            )
            .into());
        };
        let appeal = self.account.appeal(id)?;
        if appeal.decided.is_some() {
            return Err(wrong_state(format!("{id} is decided"), "nothing: it is over"));
        }
        let measure = self.account.measure(&appeal.measure)?;
        let mut guards = Vec::new();
        if measure.involves(&by) {
            guards.push(Unmet::new(
                Guard::AnotherPerson,
                format!("{by} took part in {}", measure.id),
                "somebody who took no part in the measure decides",
            ));
        }
        all_met(guards)?;
        let Some(case): Option<CaseId> = measure.proposal.case.clone() else {
            return Err(wrong_state(format!("{} rests on no power", measure.id), "nothing: it has no case"));
        };
        self.emit(Event::AppealDecided { appeal: id.clone(), outcome, by, why })?;
        if outcome == AppealOutcome::Overturned && !self.account.case(&case)?.is_closed() {
            let reason = LiftReason::Overturned { appeal: id.clone() };
            self.close_case(&case, crate::account::case::Outcome::Overturned, &reason)?;
        }
        Ok(())
    }
}
