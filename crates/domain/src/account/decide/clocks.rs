//! Clocks that are stopped, go on, and are made longer.

use jiff::Timestamp;

use super::{Draft, wrong_state};
use crate::account::case::Case;
use crate::account::clock::{ClockKind, Moved, PauseCause, Running, Wait};
use crate::account::event::Event;
use crate::account::measure::MeasureState;
use crate::calendar::{CalendarError, Deadline};
use crate::name::{AppealId, CaseId, MeasureId, NoticeId, OrderId};
use crate::period::Period;
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::terms::Process;
use crate::text::Words;

impl Draft<'_> {
    pub(super) fn pause_case(&mut self, id: &CaseId, why: Words) -> Result<(), Rejected> {
        self.person()?;
        let case = self.account.case(id)?;
        if case.is_closed() {
            return Err(wrong_state(format!("{id} is closed"), "nothing: it is over"));
        }
        if case.is_paused_by(&PauseCause::Operator) {
            return Err(wrong_state(
                format!("the clocks of {id} are stopped by a person"),
                "resume them first",
            ));
        }
        self.emit(Event::CasePaused { case: id.clone(), cause: PauseCause::Operator, why: Some(why) })
    }

    pub(super) fn resume_case(&mut self, id: &CaseId, why: Words) -> Result<(), Rejected> {
        self.person()?;
        let case = self.account.case(id)?;
        if case.is_closed() {
            return Err(wrong_state(format!("{id} is closed"), "nothing: it is over"));
        }
        if !case.is_paused_by(&PauseCause::Operator) {
            return Err(wrong_state(
                format!("no person stopped the clocks of {id}"),
                "what an appeal, a dispute or an order stops goes on by itself when that is over",
            ));
        }
        // A person can wait for terms whose calendar knows the days; what follows from an order cannot.
        let clocks = self.goes_on(id, &PauseCause::Operator)?;
        if clocks.iter().any(|moved| !moved.unknown.is_empty()) {
            return Err(Unmet::new(
                Guard::CalendarKnown,
                format!("the calendar does not know until when what is left of the clocks of {id} runs"),
                "publish terms whose calendar knows these days, and have the account accept them",
            )
            .into());
        }
        self.resume(id, PauseCause::Operator, Some(why))
    }

    /// Law 8: an order that stays measures also stops the clocks of the cases that they are in; one for the whole
    /// account those of all.
    pub(super) fn pause_by_order(&mut self, order: &OrderId, scope: &Scope) -> Result<(), Rejected> {
        let touched = |case: &CaseId| {
            let mut measures = self
                .account
                .measures
                .iter()
                .filter(|m| m.proposal.case.as_ref() == Some(case) && !m.is_over());
            *scope == Scope::Account || measures.any(|m| m.proposal.scope.touches(scope))
        };
        let cause = PauseCause::Order { order: order.clone() };
        // A case that carries out an order has no clocks.
        let has_clocks = |c: &&Case| !c.is_closed() && c.order.is_none() && !c.is_paused_by(&cause);
        let open = self.account.cases.iter().filter(has_clocks).filter(|c| touched(&c.id));
        let cases: Vec<CaseId> = open.map(|c| c.id.clone()).collect();
        for case in cases {
            self.emit(Event::CasePaused { case, cause: cause.clone(), why: None })?;
        }
        Ok(())
    }

    /// A case that is opened while an order for the whole account stands begins with its clocks stopped.
    pub(super) fn pause_from_the_start(&mut self, case: &CaseId) -> Result<(), Rejected> {
        let standing = self
            .account
            .orders
            .iter()
            .filter(|o| o.stands() && o.kind.stays_measures() && o.scope == Scope::Account);
        let orders: Vec<OrderId> = standing.map(|o| o.id.clone()).collect();
        for order in orders {
            self.emit(Event::CasePaused {
                case: case.clone(),
                cause: PauseCause::Order { order },
                why: None,
            })?;
        }
        Ok(())
    }

    /// An open appeal stops the clocks of its case where the terms that govern it say so.
    pub(super) fn pause_by_appeal(&mut self, appeal: &AppealId, case: &CaseId) -> Result<(), Rejected> {
        let found = self.account.case(case)?;
        let terms = self.account.terms_of(found, self.context.book)?;
        if !terms.floors.appeal_stops_clocks || found.is_closed() || found.order.is_some() {
            return Ok(());
        }
        let cause = PauseCause::Appeal { appeal: appeal.clone() };
        self.emit(Event::CasePaused { case: case.clone(), cause, why: None })
    }

    /// What stopped clocks is over: those of every open case go on that nothing else stops.
    pub(super) fn resume_all(&mut self, cause: &PauseCause) -> Result<(), Rejected> {
        let stopped = self.account.cases.iter().filter(|c| !c.is_closed() && c.is_paused_by(cause));
        let cases: Vec<CaseId> = stopped.map(|c| c.id.clone()).collect();
        for case in cases {
            self.resume(&case, cause.clone(), None)?;
        }
        Ok(())
    }

    /// One reason for which the clocks of a case stood still is over.
    pub(super) fn resume(
        &mut self,
        case: &CaseId,
        cause: PauseCause,
        why: Option<Words>,
    ) -> Result<(), Rejected> {
        let clocks = self.goes_on(case, &cause)?;
        self.emit(Event::CaseResumed { case: case.clone(), cause, why, clocks })?;
        self.reschedule(case)
    }

    /// Where the clocks of a case go on when this cause ends; nothing while another stops them.
    fn goes_on(&self, id: &CaseId, cause: &PauseCause) -> Result<Vec<Moved>, Rejected> {
        let case = self.account.case(id)?;
        let Some(paused) = case.paused.as_ref().filter(|p| p.pauses.iter().all(|p| &p.cause == cause)) else {
            return Ok(Vec::new());
        };
        let terms = self.account.terms_of(case, self.context.book)?;
        let mut clocks = Vec::new();
        for notice in self.account.notices_of(id) {
            let mut moved = Moved::of(notice.id.clone());
            for clock in notice.running(terms, paused.since) {
                let stopped = paused.since.max(clock.began);
                let ends = terms.calendar.carried_on(stopped, clock.ends, &clock.period, self.context.now);
                moved.set(clock.clock, ends.ok());
            }
            if !moved.is_empty() {
                clocks.push(moved);
            }
        }
        Ok(clocks)
    }

    /// Makes what runs of a notice longer. The new end is counted from the old one, so that it is never earlier.
    pub(super) fn extend_notice(&mut self, id: NoticeId, by: Period, why: Words) -> Result<(), Rejected> {
        self.person()?;
        let notice = self.account.notice(&id)?;
        let case = self.account.case(&notice.case)?;
        if case.is_closed() {
            return Err(wrong_state(format!("{} is closed", case.id), "nothing: it is over"));
        }
        if by.is_zero() {
            return Err(Rejected::Invalid {
                pointer: "/by".into(),
                detail: "an extension is longer than zero".into(),
            });
        }
        let terms = self.account.terms_of(case, self.context.book)?;
        let mut clocks = Moved::of(id.clone());
        let promised = |clock: &Running| clock.clock != ClockKind::Deemed;
        for clock in notice.running(terms, case.clock_at(self.context.now)).into_iter().filter(promised) {
            let ends = terms.calendar.deadline(clock.ends, &by).map_err(|e| calendar_unknown(&e))?;
            clocks.set(clock.clock, Some(ends));
        }
        if clocks.is_empty() {
            return Err(wrong_state(
                format!("no period of {id} runs"),
                "a period that has ended is not begun again: issue another notice",
            ));
        }
        let case = case.id.clone();
        self.emit(Event::NoticeExtended { notice: id, by, why, clocks })?;
        self.reschedule(&case)
    }

    /// Where the cure periods of an item end when its remedy is rejected: what was left of them when it was handed in
    /// runs from now.
    pub(super) fn given_back(&self, case: &CaseId, waits: &[Wait]) -> Result<Vec<Moved>, Rejected> {
        let case = self.account.case(case)?;
        let terms = self.account.terms_of(case, self.context.book)?;
        let again = case.clock_at(self.context.now);
        let mut clocks = Vec::new();
        for wait in waits {
            let notice = self.account.notice(&wait.notice)?;
            let Some(ends) = notice.cure_ends() else { continue };
            let period = notice.kind.starts_cure().and_then(|p| terms.power(p)).map(|p| &p.process);
            let period = match period {
                Some(Process::Noticed { cure, .. }) => *cure,
                _ => Period::Days(0),
            };
            let given: Result<Deadline, CalendarError> =
                terms.calendar.carried_on(wait.from, wait.ends, &period, again);
            let mut moved = Moved::of(wait.notice.clone());
            match given {
                Ok(deadline) if deadline.at > ends => moved.set(ClockKind::Cure, Some(deadline)),
                Ok(_) => continue,
                Err(_) => moved.set(ClockKind::Cure, None),
            }
            clocks.push(moved);
        }
        Ok(clocks)
    }

    /// Gives each measure of a case that waits for its moment, or was taken off the schedule, the moment that the clocks
    /// allow as they stand now; never an earlier one.
    pub(super) fn reschedule(&mut self, case: &CaseId) -> Result<(), Rejected> {
        if self.account.case(case)?.paused.is_some() {
            return Ok(());
        }
        let now = self.context.now;
        let waiting: Vec<(MeasureId, Timestamp)> = self
            .account
            .measures
            .iter()
            .filter(|m| m.proposal.case.as_ref() == Some(case) && m.emergency.is_none())
            .filter_map(|m| {
                let clocks = self.account.clocks(case, m.proposal.power.as_ref()?);
                let ends =
                    clocks.cure.map(|(_, at)| at).into_iter().chain(clocks.notice.map(|(_, at)| at)).max();
                match m.state {
                    MeasureState::Scheduled { at } => {
                        ends.filter(|ends| *ends > at).map(|ends| (m.id.clone(), ends))
                    }
                    MeasureState::Approved { blocked: Some(_) } => {
                        Some((m.id.clone(), ends.map_or(now, |ends| ends.max(now)).max(m.proposal.effective)))
                    }
                    _ => None,
                }
            })
            .collect();
        for (measure, at) in waiting {
            self.emit(Event::MeasureScheduled { measure, at })?;
        }
        Ok(())
    }
}

pub(super) fn calendar_unknown(error: &CalendarError) -> Rejected {
    Unmet::new(
        Guard::CalendarKnown,
        error.to_string(),
        "publish terms whose calendar knows these days, and have the account accept them",
    )
    .into()
}
