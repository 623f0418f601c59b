//! Cases and their cure.

use std::collections::BTreeMap;

use super::{Draft, not_by, wrong_state};
use crate::account::actor::Actor;
use crate::account::case::{CaseState, ItemState, Outcome};
use crate::account::clearance::{Cleared, Signal};
use crate::account::clock::Wait;
use crate::account::event::Event;
use crate::account::measure::{LiftReason, MeasureState};
use crate::name::{CaseId, Ground, ItemId, MeasureId, ReportId, RuleId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::text::Words;

/// The most reports that one case rests on by name; the rest are found by ground and account.
const MOST_REPORTS: usize = 1_000;

/// How long a rule's match that changes nothing is not put on the record again.
const MATCH_AGAIN_SECONDS: i64 = 24 * 3600;

impl Draft<'_> {
    pub(super) fn open_case(
        &mut self,
        ground: Ground,
        why: Words,
        reports: Vec<ReportId>,
    ) -> Result<(), Rejected> {
        self.person_or_rule()?;
        let terms = self.account.accepted(self.context.book)?;
        if let Some(unmet) = self.account.cleared_guard(&ground, &reports, self.context.now, terms) {
            return Err(unmet.into());
        }
        self.begin_case(ground, why, reports, None)
    }

    fn begin_case(
        &mut self,
        ground: Ground,
        why: Words,
        reports: Vec<ReportId>,
        signal: Option<Signal>,
    ) -> Result<(), Rejected> {
        let terms = self.account.accepted(self.context.book)?;
        if !terms.powers.iter().any(|p| p.grounds.contains(&ground)) {
            return Err(Unmet::new(
                Guard::PowerInAcceptedTerms,
                format!("the terms {} grant no power on the ground {ground}", self.account.terms),
                "open the case on a ground that the accepted terms name",
            )
            .into());
        }
        if let Some(open) =
            self.account.cases.iter().find(|c| !c.is_closed() && c.ground == ground && c.order.is_none())
        {
            return Err(Unmet::new(
                Guard::CaseOpen,
                format!("{} is open on {ground}", open.id),
                format!("go on with {}", open.id),
            )
            .into());
        }
        if reports.len() > MOST_REPORTS {
            return Err(Rejected::Invalid {
                pointer: "/reports".into(),
                detail: format!("at most {MOST_REPORTS} reports"),
            });
        }
        if let Some(foreign) = reports.iter().find(|r| r.account() != &self.account.id) {
            return Err(Rejected::not_found("report", foreign));
        }
        let case = self.account.next(self.account.cases.len(), CaseId::new);
        self.emit(Event::CaseOpened { case: case.clone(), ground, why, reports, signal, order: None })?;
        self.pause_from_the_start(&case)?;
        self.settle_dispute(&case)
    }

    /// Law 12: a rule puts its match on the record and may open a case; it never decides on a measure.
    pub(super) fn record_match(
        &mut self,
        rule: RuleId,
        ground: Ground,
        opens: bool,
        facts: BTreeMap<String, String>,
        why: Words,
    ) -> Result<(), Rejected> {
        if self.context.actor != &Actor::Rule(rule.clone()) {
            return Err(not_by(self.context.actor, "the rule itself puts its match on the record"));
        }
        let open =
            self.account.cases.iter().any(|c| !c.is_closed() && c.ground == ground && c.order.is_none());
        let opens = opens && !open && !self.saw_the_same(&rule, &ground, &facts);
        let recent = self
            .account
            .matched
            .get(&rule)
            .is_some_and(|at| self.context.now.as_second() - at.as_second() < MATCH_AGAIN_SECONDS);
        if recent && !opens {
            return Ok(());
        }
        self.emit(Event::RuleMatched { rule: rule.clone(), ground: ground.clone(), facts: facts.clone() })?;
        if opens { self.begin_case(ground, why, Vec::new(), Some(Signal { rule, facts })) } else { Ok(()) }
    }

    /// Whether a person cleared just this: a rule's match on facts that did not change says nothing new. The engine
    /// reads facts without the reports that were cleared, and says among them which report was the last.
    fn saw_the_same(&self, rule: &RuleId, ground: &Ground, facts: &BTreeMap<String, String>) -> bool {
        let standing = |c: &&Cleared| &c.ground == ground && self.context.now < c.until.at;
        self.account
            .cleared
            .iter()
            .filter(standing)
            .any(|cleared| cleared.signal.as_ref().is_some_and(|s| &s.rule == rule && &s.facts == facts))
    }

    /// Law 10: closing a case cancels what is scheduled in its name and undoes what it did.
    pub(super) fn close_case(
        &mut self,
        case: &CaseId,
        outcome: Outcome,
        reason: &LiftReason,
    ) -> Result<(), Rejected> {
        self.close_because(case, outcome, reason, None)
    }

    /// The same, with the reason that a person gave.
    pub(super) fn close_because(
        &mut self,
        case: &CaseId,
        outcome: Outcome,
        reason: &LiftReason,
        why: Option<Words>,
    ) -> Result<(), Rejected> {
        self.emit(Event::CaseClosed { case: case.clone(), outcome, why })?;
        let of_case: Vec<_> = self
            .account
            .measures
            .iter()
            .filter(|m| m.proposal.case.as_ref() == Some(case))
            .map(|m| m.id.clone())
            .collect();
        for id in of_case {
            self.end_measure(&id, reason.clone())?;
        }
        Ok(())
    }

    pub(super) fn submit_cure(&mut self, case: CaseId, item: ItemId, remedy: Words) -> Result<(), Rejected> {
        self.of_account()?;
        let found = self.account.case(&case)?;
        if found.is_closed() {
            return Err(wrong_state(format!("{case} is closed"), "nothing: it is over"));
        }
        // Under a gag the item is not there for the account.
        let asked = found.item(&item).filter(|_| !self.account.hides_item(&case, &item));
        match &asked.ok_or_else(|| Rejected::not_found("item", &item))?.state {
            ItemState::Due { .. } => {
                let waits = self.account.waits(found, &item, self.context.now);
                self.emit(Event::CureSubmitted { case, item, remedy, waits })
            }
            ItemState::Submitted { at, .. } => Err(wrong_state(
                format!("a remedy for {item} was handed in at {at} and awaits a decision"),
                "wait for the decision",
            )),
            ItemState::Met { .. } => Err(wrong_state(format!("{item} is met"), "nothing: it is done")),
        }
    }

    /// The cure periods that ran when the remedy was handed in that awaits a decision.
    fn submitted(&self, case: &CaseId, item: &ItemId) -> Result<Vec<Wait>, Rejected> {
        let found = self.account.case(case)?;
        if found.is_closed() {
            return Err(wrong_state(format!("{case} is closed"), "nothing: it is over"));
        }
        match &found.item(item).ok_or_else(|| Rejected::not_found("item", item))?.state {
            ItemState::Submitted { waits, .. } => Ok(waits.clone()),
            ItemState::Due { .. } | ItemState::Met { .. } => Err(wrong_state(
                format!("no remedy for {item} awaits a decision"),
                "the account hands one in first",
            )),
        }
    }

    pub(super) fn accept_cure(&mut self, case: &CaseId, item: ItemId) -> Result<(), Rejected> {
        self.person()?;
        self.submitted(case, &item)?;
        self.emit(Event::CureAccepted { case: case.clone(), item })?;
        self.item_met(case)
    }

    /// Law 10: a measure ends whose notices ask for nothing more, also where later notices keep the case open: what
    /// those ask for has a cure period of its own.
    pub(super) fn end_cured(&mut self, case: &CaseId) -> Result<(), Rejected> {
        // A clock that stands still before its end has not run, whatever the time is now.
        let stopped = self.account.case(case)?.paused.as_ref().map(|p| p.since);
        let runs = |ends| ends > self.context.now || stopped.is_some_and(|since| ends > since);
        let ended: Vec<MeasureId> = self
            .account
            .measures
            .iter()
            .filter(|m| {
                m.proposal.case.as_ref() == Some(case) && m.emergency.is_none() && m.took_effect.is_some()
            })
            .filter(|m| {
                let clock = m.proposal.power.as_ref().and_then(|power| self.account.clocks(case, power).cure);
                clock.is_none_or(|(_, ends)| runs(ends))
            })
            .map(|m| m.id.clone())
            .collect();
        for measure in ended {
            self.end_measure(&measure, LiftReason::Cured)?;
        }
        Ok(())
    }

    pub(super) fn reject_cure(&mut self, case: &CaseId, item: ItemId, why: Words) -> Result<(), Rejected> {
        self.person()?;
        let waits = self.submitted(case, &item)?;
        let clocks = self.given_back(case, &waits)?;
        self.emit(Event::CureRejected { case: case.clone(), item, why, clocks })?;
        self.reschedule(case)
    }

    pub(super) fn lapse(&mut self, case: CaseId) -> Result<(), Rejected> {
        if matches!(self.account.case(&case)?.state, CaseState::Notified { .. }) {
            self.emit(Event::CaseLapsed { case })?;
        }
        Ok(())
    }

    /// Lifts a measure that has taken effect, withdraws one that has not, and leaves one that is over.
    pub(super) fn end_measure(&mut self, id: &MeasureId, reason: LiftReason) -> Result<(), Rejected> {
        let found = self.account.measure(id)?;
        let measure = id.clone();
        match &found.state {
            MeasureState::Lifting { .. } | MeasureState::Lifted { .. } | MeasureState::Withdrawn { .. } => {
                Ok(())
            }
            // Whatever took effect once is over only when the cluster was observed without it, law 13.
            _ if found.took_effect.is_some() => {
                self.emit(Event::MeasureLifting { measure, reason })?;
                self.reopen(id)
            }
            _ => self.emit(Event::MeasureWithdrawn { measure, reason }),
        }
    }

    /// The member who acts, or the refusal to anyone else.
    pub(super) fn of_account(&self) -> Result<&Actor, Rejected> {
        match self.context.actor {
            Actor::Member(account, _) if account == &self.account.id => Ok(self.context.actor),
            _ => Err(Unmet::new(
                Guard::AnotherPerson,
                format!("{} is not a member of {}", self.context.actor, self.account.id),
                "a member of the account does this",
            )
            .into()),
        }
    }

    /// A person of the provider or a rule, or the refusal to anyone else.
    pub(super) fn person_or_rule(&self) -> Result<(), Rejected> {
        match self.context.actor {
            Actor::Person(_) | Actor::Rule(_) => Ok(()),
            Actor::Member(..) | Actor::System(_) => {
                Err(not_by(self.context.actor, "a person of the provider or a rule does this"))
            }
        }
    }
}
