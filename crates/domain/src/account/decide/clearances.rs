//! Signals that persons find to be false.

use super::clocks::calendar_unknown;
use super::consequences::days_from;
use super::standing::authority_guard;
use super::{Draft, all_met, wrong_state};
use crate::account::actor::Actor;
use crate::account::case::{Case, Outcome};
use crate::account::clearance::Signal;
use crate::account::command::Clears;
use crate::account::event::Event;
use crate::account::measure::LiftReason;
use crate::authority::Authority;
use crate::calendar::{Deadline, tzdb_version};
use crate::name::{CaseId, Ground, RuleId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::text::Words;

/// The longest time for which a signal counts as false, in days: further would outlive what the person looked at.
const LONGEST_DAYS: u64 = 366;

impl Draft<'_> {
    pub(super) fn withdraw_case(
        &mut self,
        id: &CaseId,
        why: Words,
        clears: Option<Clears>,
    ) -> Result<(), Rejected> {
        self.person()?;
        let case = self.account.case(id)?;
        if case.is_closed() {
            return Err(wrong_state(format!("{id} is closed"), "nothing: it is over"));
        }
        self.free_to_withdraw(id)?;
        if let Some(clears) = clears {
            let (ground, signal) = (case.ground.clone(), case.signal.clone());
            self.clear(ground, Some(id.clone()), signal, why.clone(), clears)?;
        }
        self.close_because(id, Outcome::Withdrawn, &LiftReason::Withdrawn, Some(why))
    }

    /// Law 8: nobody here takes back what carries out an order. Law 9: taking a case back lifts what stands in it, and so
    /// is done under an authority too.
    pub(super) fn free_to_withdraw(&self, id: &CaseId) -> Result<(), Rejected> {
        if let Some(order) = &self.account.case(id)?.order {
            return Err(Unmet::new(
                Guard::NoOrder,
                format!("{id} carries out {}", self.account.in_words(order)),
                "whoever gave the order vacates it; the case ends then by itself",
            )
            .into());
        }
        let standing = self.account.measures.iter().filter(|m| m.proposal.case.as_ref() == Some(id));
        all_met(
            standing
                .filter(|m| !m.is_ending())
                .filter_map(|m| authority_guard(&self.account, m, Authority::Abuse))
                .collect(),
        )
    }

    pub(super) fn clear_signal(
        &mut self,
        ground: Ground,
        rule: Option<RuleId>,
        why: Words,
        clears: Clears,
    ) -> Result<(), Rejected> {
        self.person()?;
        let stands_in_the_way = |c: &&Case| !c.is_closed() && c.ground == ground && c.order.is_none();
        if let Some(open) = self.account.cases.iter().find(stands_in_the_way) {
            return Err(wrong_state(
                format!("{} is open on {ground}", open.id),
                format!("withdraw {} as a false positive", open.id),
            ));
        }
        let signal = rule.map(|rule| Signal { rule, facts: std::collections::BTreeMap::new() });
        self.clear(ground, None, signal, why, clears)
    }

    /// Law 10: what a rule saw when it opened a case is false where the whole case was decided to be wrong. It stays so
    /// for as long as the longest window of a rule, so that the same reports are never counted again.
    pub(super) fn clear_seen(
        &mut self,
        id: &CaseId,
        why: Words,
        reports: Option<u32>,
    ) -> Result<(), Rejected> {
        let case = self.account.case(id)?;
        let (Actor::Rule(_), Some(reports)) = (&case.opened_by, reports) else { return Ok(()) };
        let (ground, signal) = (case.ground.clone(), case.signal.clone());
        // Exact time: a decision for the account waits for no calendar.
        let until = Deadline {
            at: days_from(self.context.now, LONGEST_DAYS.cast_signed()),
            tzdb: tzdb_version().to_owned(),
        };
        self.emit(Event::SignalCleared { ground, case: Some(id.clone()), signal, reports, why, until })
    }

    fn clear(
        &mut self,
        ground: Ground,
        case: Option<CaseId>,
        signal: Option<Signal>,
        why: Words,
        clears: Clears,
    ) -> Result<(), Rejected> {
        let seconds = clears.within.shortest_seconds();
        if clears.within.is_zero() || seconds > LONGEST_DAYS * 86_400 {
            return Err(Rejected::Invalid {
                pointer: "/falseFor".into(),
                detail: format!("longer than zero and at most {LONGEST_DAYS} days"),
            });
        }
        let terms = self.account.accepted(self.context.book)?;
        let until =
            terms.calendar.deadline(self.context.now, &clears.within).map_err(|e| calendar_unknown(&e))?;
        self.emit(Event::SignalCleared { ground, case, signal, reports: clears.reports, why, until })
    }
}
