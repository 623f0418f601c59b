//! What an event brings about by itself, whoever decided it: gagged notices wait, reviews come due, orders are found
//! to be followed, strikes are added, and what a case left behind goes with it.

use jiff::{SignedDuration, Timestamp};

use super::Draft;
use crate::account::actor::Actor;
use crate::account::case::Outcome;
use crate::account::event::Event;
use crate::account::legal::{Order, OrderKind};
use crate::account::measure::{LiftReason, MeasureState};
use crate::account::strike;
use crate::name::{CaseId, FeeId, MeasureId, NoticeId, OrderId};
use crate::refusal::Rejected;

/// Within how many days an emergency measure that is provisional no more is to be reviewed.
pub(super) const REVIEW_DAYS: i64 = 7;

impl Draft<'_> {
    pub(super) fn follow(&mut self, event: &Event) -> Result<(), Rejected> {
        match event {
            Event::NoticeIssued { notice, .. } => self.delay(notice)?,
            Event::MeasureRatified { measure, .. } => {
                self.owe_review(measure)?;
                self.strike_for(measure)?;
            }
            Event::MeasureLifting { measure, .. } | Event::MeasureWithdrawn { measure, .. } => {
                self.owe_review(measure)?;
            }
            Event::MeasureApplying { measure } => self.strike_for(measure)?,
            Event::CaseLapsed { case } => self.strike(case)?,
            Event::CaseClosed { case, outcome, .. } => self.undo(case, *outcome)?,
            Event::OrderVacated { order, .. } | Event::GagEnded { order } => self.release(order)?,
            // A termination that is not in effect for a time begins anew when it is again: with the whole of what was
            // promised for fetching the data.
            Event::MeasureStayed { measure, .. } | Event::MeasureBlocked { measure, .. } => {
                self.reopen(measure)?;
            }
            _ => {}
        }
        match event {
            Event::OrderRecorded { .. }
            | Event::MeasureInForce { .. }
            | Event::MeasureStayed { .. }
            | Event::MeasureRestored { .. }
            | Event::MeasureLifted { .. } => self.find_followed(),
            _ => Ok(()),
        }
    }

    /// A notice that a gag covers goes on the record, and no further while the gag stands. Once it is on a channel it
    /// cannot be taken back.
    pub(super) fn delay(&mut self, id: &NoticeId) -> Result<(), Rejected> {
        let notice = self.account.notice(id)?;
        if notice.served_at().is_some() || !notice.attempts.is_empty() || notice.delayed.is_some() {
            return Ok(());
        }
        match self.account.gag_on(notice).cloned() {
            Some(order) => self.emit(Event::NoticeDelayed { notice: id.clone(), order }),
            None => Ok(()),
        }
    }

    /// What a gag that has ended delayed goes out, unless another one covers it.
    fn release(&mut self, gag: &OrderId) -> Result<(), Rejected> {
        let waiting: Vec<NoticeId> = self
            .account
            .notices
            .iter()
            .filter(|n| n.delayed.as_ref() == Some(gag))
            .map(|n| n.id.clone())
            .collect();
        for notice in waiting {
            let event = match self.account.gag_on(self.account.notice(&notice)?).cloned() {
                Some(order) => Event::NoticeDelayed { notice, order },
                None => Event::NoticeReleased { notice },
            };
            self.emit(event)?;
        }
        Ok(())
    }

    /// Law 5: when an emergency measure is provisional no more, its review comes due. What an appeal put in the place of
    /// another was not decided in an emergency.
    fn owe_review(&mut self, id: &MeasureId) -> Result<(), Rejected> {
        let measure = self.account.measure(id)?;
        let owes = measure.emergency.as_ref().is_some_and(|e| e.review.is_none());
        let Some(applied_by) = measure.proposed_by.person().filter(|_| owes && measure.replaces.is_none())
        else {
            return Ok(());
        };
        let applied_by = applied_by.clone();
        let due = days_from(self.context.now, REVIEW_DAYS);
        self.emit(Event::EmergencyReviewDue { measure: id.clone(), applied_by, due })
    }

    /// What orders command is compared with what was observed.
    fn find_followed(&mut self) -> Result<(), Rejected> {
        let now = self.context.now;
        let followed: Vec<(OrderId, i64)> = self
            .account
            .orders
            .iter()
            .filter(|o| o.stands() && o.complied.is_none() && self.is_followed(o))
            .filter_map(|o| Some((o.id.clone(), o.deadline?.as_second().saturating_sub(now.as_second()))))
            .collect();
        for (order, margin_seconds) in followed {
            self.emit(Event::OrderComplied { order, margin_seconds })?;
        }
        Ok(())
    }

    fn is_followed(&self, order: &Order) -> bool {
        let measures = &self.account.measures;
        match order.kind {
            OrderKind::Remove => measures.iter().any(|m| {
                m.proposal.basis.order() == Some(&order.id) && matches!(m.state, MeasureState::InForce { .. })
            }),
            OrderKind::Stay | OrderKind::Reinstate => {
                !measures.iter().filter(|m| m.proposal.scope.touches(&order.scope)).any(|m| {
                    let contested = m.proposal.basis.order().is_some_and(|own| {
                        self.account.open_conflicts().any(|c| c.is_between(own, &order.id))
                    });
                    m.awaits_restoration()
                        || (m.is_effective()
                            && (contested || self.account.is_stayed_by(&m.proposal, true, order)))
                })
            }
            OrderKind::Preserve | OrderKind::Gag => false,
        }
    }

    /// A measure that took effect after its process, or an emergency one that another person ratified.
    fn strike_for(&mut self, id: &MeasureId) -> Result<(), Rejected> {
        let measure = self.account.measure(id)?;
        let provisional = measure.emergency.as_ref().is_some_and(|e| e.ratified.is_none());
        if provisional || !measure.proposal.basis.is_power() {
            return Ok(());
        }
        let case = measure.proposal.case.clone();
        case.map_or(Ok(()), |case| self.strike(&case))
    }

    fn strike(&mut self, id: &CaseId) -> Result<(), Rejected> {
        let case = self.account.case(id)?;
        let ground = case.ground.clone();
        let terms = self.account.terms_of(case, self.context.book)?;
        if !strike::counts(terms, &ground) || self.account.strikes.iter().any(|s| &s.case == id) {
            return Ok(());
        }
        self.emit(Event::StrikeAdded { case: id.clone(), ground })
    }

    /// Law 10: what a case left behind besides measures goes with it. A cure leaves the strike where the terms do not
    /// say that it removes it: the breach was put right, and it was one.
    pub(super) fn undo(&mut self, id: &CaseId, because: Outcome) -> Result<(), Rejected> {
        let case = self.account.case(id)?;
        let (ground, opened_by) = (case.ground.clone(), case.opened_by.clone());
        let terms = self.account.terms_of(case, self.context.book)?;
        let removes = because != Outcome::Cured || strike::cure_removes(terms, &ground);
        if removes && self.account.strikes.iter().any(|s| &s.case == id && s.removed.is_none()) {
            self.emit(Event::StrikeRemoved { case: id.clone(), because })?;
            // `tests/seeded` builds this crate without it, to show that the model checker misses it.
            if !cfg!(seeded_violation) {
                self.end_unstruck(id)?;
            }
        }
        let fees: Vec<FeeId> = self
            .account
            .fees
            .iter()
            .filter(|f| &f.case == id && f.reversed.is_none())
            .map(|f| f.id.clone())
            .collect();
        for fee in fees {
            self.emit(Event::FeeReversed { fee, because })?;
        }
        match opened_by {
            // Once for a case, however many of its measures are challenged after it was closed.
            Actor::Rule(rule) if because == Outcome::Overturned && self.account.overturned_in(id) == 1 => {
                self.emit(Event::RuleOverturned { rule, case: id.clone() })
            }
            Actor::Rule(_) | Actor::Person(_) | Actor::Member(..) | Actor::System(_) => Ok(()),
        }
    }

    /// Measures end whose power asks for a strike that was removed.
    fn end_unstruck(&mut self, case: &CaseId) -> Result<(), Rejected> {
        let ended: Vec<MeasureId> = self
            .account
            .measures
            .iter()
            .filter(|m| m.proposal.case.as_ref() != Some(case) && !m.is_over())
            .filter(|m| {
                let (Some(of), Some(power)) = (&m.proposal.case, &m.proposal.power) else { return false };
                let ground = self.account.case(of).map(|c| &c.ground);
                let terms = self.account.terms_for(&m.proposal, self.context.book);
                let power = terms.ok().and_then(|terms| terms.power(power));
                ground.is_ok_and(|g| power.is_some_and(|p| self.account.strike_guard(p, g).is_some()))
            })
            .map(|m| m.id.clone())
            .collect();
        for measure in ended {
            self.end_measure(&measure, LiftReason::StrikeRemoved { case: case.clone() })?;
        }
        Ok(())
    }
}

/// So many times 24 hours after a moment; the last moment there is where that is past it.
pub(super) fn days_from(moment: Timestamp, days: i64) -> Timestamp {
    moment.checked_add(SignedDuration::from_hours(days.saturating_mul(24))).unwrap_or(Timestamp::MAX)
}
