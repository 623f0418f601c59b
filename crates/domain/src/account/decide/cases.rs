//! Cases and their cure.

use std::collections::BTreeMap;

use super::{Draft, not_by, wrong_state};
use crate::account::actor::Actor;
use crate::account::case::{CaseState, ItemState, Outcome};
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
        self.emit(Event::CaseOpened { case, ground, why, reports, order: None })
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
        let open = self.account.cases.iter().any(|c| !c.is_closed() && c.ground == ground);
        let opens = opens && !open;
        let recent = self
            .account
            .matched
            .get(&rule)
            .is_some_and(|at| self.context.now.as_second() - at.as_second() < MATCH_AGAIN_SECONDS);
        if recent && !opens {
            return Ok(());
        }
        self.emit(Event::RuleMatched { rule, ground: ground.clone(), facts })?;
        if opens { self.open_case(ground, why, Vec::new()) } else { Ok(()) }
    }

    pub(super) fn withdraw_case(&mut self, id: &CaseId) -> Result<(), Rejected> {
        self.person()?;
        if self.account.case(id)?.is_closed() {
            return Err(wrong_state(format!("{id} is closed"), "nothing: it is over"));
        }
        if let Some(order) = &self.account.case(id)?.order {
            return Err(Unmet::new(
                Guard::NoOrder,
                format!("{id} carries out order {order}"),
                "whoever gave the order vacates it; the case ends then by itself",
            )
            .into());
        }
        self.close_case(id, Outcome::Withdrawn, &LiftReason::Withdrawn)
    }

    /// Law 10: closing a case cancels what is scheduled in its name and undoes what it did.
    pub(super) fn close_case(
        &mut self,
        case: &CaseId,
        outcome: Outcome,
        reason: &LiftReason,
    ) -> Result<(), Rejected> {
        self.emit(Event::CaseClosed { case: case.clone(), outcome })?;
        let of_case: Vec<_> =
            self.account.measures.iter().filter(|m| &m.proposal.case == case).map(|m| m.id.clone()).collect();
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
        match &found.item(&item).ok_or_else(|| Rejected::not_found("item", &item))?.state {
            ItemState::Due { .. } => self.emit(Event::CureSubmitted { case, item, remedy }),
            ItemState::Submitted { at, .. } => Err(wrong_state(
                format!("a remedy for {item} was handed in at {at} and awaits a decision"),
                "wait for the decision",
            )),
            ItemState::Met { .. } => Err(wrong_state(format!("{item} is met"), "nothing: it is done")),
        }
    }

    fn submitted(&self, case: &CaseId, item: &ItemId) -> Result<(), Rejected> {
        let found = self.account.case(case)?;
        if found.is_closed() {
            return Err(wrong_state(format!("{case} is closed"), "nothing: it is over"));
        }
        match &found.item(item).ok_or_else(|| Rejected::not_found("item", item))?.state {
            ItemState::Submitted { .. } => Ok(()),
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
        if self.account.case(case)?.is_cured() {
            return self.close_case(case, Outcome::Cured, &LiftReason::Cured);
        }
        self.end_cured(case)
    }

    /// Law 10: a measure ends whose notices ask for nothing more, also where later notices keep the case open: what
    /// those ask for has a cure period of its own.
    fn end_cured(&mut self, case: &CaseId) -> Result<(), Rejected> {
        let ended: Vec<MeasureId> = self
            .account
            .measures
            .iter()
            .filter(|m| &m.proposal.case == case && m.emergency.is_none() && m.took_effect.is_some())
            .filter(|m| {
                let clock = self.account.clocks(case, &m.proposal.power).cure;
                clock.is_none_or(|(_, ends)| ends > self.context.now)
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
        self.submitted(case, &item)?;
        self.emit(Event::CureRejected { case: case.clone(), item, why })?;
        self.schedule_again(|m| &m.proposal.case == case)
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
            _ if found.took_effect.is_some() => self.emit(Event::MeasureLifting { measure, reason }),
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
