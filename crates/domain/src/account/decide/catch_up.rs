//! What the state of an earlier version lacks, made up by the terms that it stands under: until when a suspension in
//! effect can last, by when an open appeal is to be decided, and which clocks an order stops. All of it protects the
//! account; what is there already stays as it is.

use super::Draft;
use crate::account::Account;
use crate::account::actor::System;
use crate::account::event::Event;
use crate::account::legal::Appeal;
use crate::account::measure::Measure;
use crate::name::{AppealId, MeasureId, OrderId};
use crate::refusal::Rejected;
use crate::scope::Scope;

fn lacks_bound(measure: &Measure) -> bool {
    measure.took_effect.is_some() && !measure.is_ending() && measure.watch.bound.is_none()
}

fn lacks_end(appeal: &Appeal) -> bool {
    appeal.decided.is_none() && appeal.decide_by.is_none()
}

impl Account {
    /// Whether an earlier version may have left out what [`CatchUp`](crate::account::Command::CatchUp) makes up. Only the
    /// terms tell whether it did.
    pub fn may_lack(&self) -> bool {
        self.measures.iter().any(lacks_bound)
            || self.appeals.iter().any(lacks_end)
            || self.orders.iter().any(|order| order.stands() && order.kind.stays_measures())
    }
}

impl Draft<'_> {
    pub(super) fn catch_up(&mut self) -> Result<(), Rejected> {
        self.part(System::Timer)?;
        let measures: Vec<MeasureId> =
            self.account.measures.iter().filter(|m| lacks_bound(m)).map(|m| m.id.clone()).collect();
        for measure in measures {
            self.bound(&measure)?;
        }
        let appeals: Vec<AppealId> =
            self.account.appeals.iter().filter(|a| lacks_end(a)).map(|a| a.id.clone()).collect();
        for appeal in appeals {
            self.bound_appeal(appeal)?;
        }
        let orders: Vec<(OrderId, Scope)> = self
            .account
            .orders
            .iter()
            .filter(|o| o.stands() && o.kind.stays_measures())
            .map(|o| (o.id.clone(), o.scope.clone()))
            .collect();
        for (order, scope) in orders {
            self.pause_by_order(&order, &scope)?;
        }
        Ok(())
    }

    /// Days that the calendar does not know give no deadline, as when an appeal is filed.
    fn bound_appeal(&mut self, id: AppealId) -> Result<(), Rejected> {
        let appeal = self.account.appeal(&id)?;
        let measure = self.account.measure(&appeal.measure)?;
        let terms = self.account.terms_for(&measure.proposal, self.context.book)?;
        let measure = measure.id.clone();
        let bound = terms.calendar.deadline(appeal.filed_at, &terms.floors.appeal_decision);
        bound.map_or(Ok(()), |bound| self.emit(Event::MeasureBounded { measure, bound, appeal: Some(id) }))
    }
}
