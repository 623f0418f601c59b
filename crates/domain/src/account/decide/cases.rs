//! Cases and their cure.

use std::collections::BTreeMap;

use super::{Draft, wrong_state};
use crate::account::actor::Actor;
use crate::account::case::{CaseState, ItemState, Outcome};
use crate::account::event::Event;
use crate::account::measure::{LiftReason, MeasureState};
use crate::name::{CaseId, Ground, ItemId, ReportId, RuleId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::text::Words;

/// The most reports that one case rests on by name; the rest are found by ground and account.
const MOST_REPORTS: usize = 1_000;

/// How long a rule's match that changes nothing is not put on the record again.
const MATCH_AGAIN_SECONDS: i64 = 24 * 3600;

impl Draft<'_> {
    pub(super) fn open_case(&mut self, ground: Ground, why: Words, reports: Vec<ReportId>) -> Result<(), Rejected> {
        let terms = self.account.accepted(self.context.book)?;
        if !terms.powers.iter().any(|p| p.grounds.contains(&ground)) {
            return Err(Unmet::new(
                Guard::PowerInAcceptedTerms,
                format!("{} grant no power on the ground {ground}", self.account.terms),
                "open the case on a ground that the accepted terms name",
            )
            .into());
        }
        if let Some(open) = self.account.cases.iter().find(|c| !c.is_closed() && c.ground == ground) {
            return Err(Unmet::new(
                Guard::CaseOpen,
                format!("{} is open on {ground}", open.id),
                format!("go on with {}", open.id),
            )
            .into());
        }
        if reports.len() > MOST_REPORTS {
            return Err(Rejected::Invalid { pointer: "/reports".into(), detail: format!("at most {MOST_REPORTS} reports") });
        }
        if let Some(foreign) = reports.iter().find(|r| r.account() != &self.account.id) {
            return Err(Rejected::not_found("report", foreign));
        }
        let case = self.account.next(self.account.cases.len(), CaseId::new);
        self.emit(Event::CaseOpened { case, ground, why, reports })
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
        if self.account.case(id)?.is_closed() {
            return Err(wrong_state(format!("{id} is closed"), "nothing: it is over"));
        }
        self.close_case(id.clone(), Outcome::Withdrawn, &LiftReason::Withdrawn)
    }

    /// Law 10: closing a case cancels what is scheduled in its name and undoes what it did.
    pub(super) fn close_case(&mut self, case: CaseId, outcome: Outcome, reason: &LiftReason) -> Result<(), Rejected> {
        self.emit(Event::CaseClosed { case: case.clone(), outcome })?;
        let of_case: Vec<_> =
            self.account.measures.iter().filter(|m| m.proposal.case == case).map(|m| m.id.clone()).collect();
        for id in of_case {
            self.end_measure(&id, reason.clone())?;
        }
        Ok(())
    }

    pub(super) fn submit_cure(&mut self, case: CaseId, item: ItemId, remedy: Words) -> Result<(), Rejected> {
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
            ItemState::Due { .. } | ItemState::Met { .. } => {
                Err(wrong_state(format!("no remedy for {item} awaits a decision"), "the account hands one in first"))
            }
        }
    }

    pub(super) fn accept_cure(&mut self, case: CaseId, item: ItemId) -> Result<(), Rejected> {
        self.submitted(&case, &item)?;
        self.emit(Event::CureAccepted { case: case.clone(), item })?;
        if self.account.case(&case)?.is_cured() {
            self.close_case(case, Outcome::Cured, &LiftReason::Cured)?;
        }
        Ok(())
    }

    pub(super) fn reject_cure(&mut self, case: CaseId, item: ItemId, why: Words) -> Result<(), Rejected> {
        self.submitted(&case, &item)?;
        self.emit(Event::CureRejected { case, item, why })
    }

    pub(super) fn lapse(&mut self, case: CaseId) -> Result<(), Rejected> {
        if matches!(self.account.case(&case)?.state, CaseState::Notified { .. }) {
            self.emit(Event::CaseLapsed { case })?;
        }
        Ok(())
    }

    /// Lifts a measure that has taken effect, withdraws one that has not, and leaves one that is over.
    pub(super) fn end_measure(&mut self, id: &crate::name::MeasureId, reason: LiftReason) -> Result<(), Rejected> {
        use crate::account::measure::StayedFrom;
        let measure = id.clone();
        match &self.account.measure(id)?.state {
            MeasureState::Applying { .. }
            | MeasureState::InForce { .. }
            | MeasureState::Stayed { from: StayedFrom::Effective { .. }, .. } => {
                self.emit(Event::MeasureLifting { measure, reason })
            }
            MeasureState::Proposed
            | MeasureState::Approved { .. }
            | MeasureState::Scheduled { .. }
            | MeasureState::Stayed { .. } => self.emit(Event::MeasureWithdrawn { measure, reason }),
            MeasureState::Lifting { .. } | MeasureState::Lifted { .. } | MeasureState::Withdrawn { .. } => Ok(()),
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
}
