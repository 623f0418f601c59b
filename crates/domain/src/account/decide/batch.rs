//! What the engine adds to a command: the comparison with other cases, and the undoing of what a rule began.

use super::{Draft, not_by, wrong_state};
use crate::account::actor::{Actor, System};
use crate::account::case::Outcome;
use crate::account::command::Command;
use crate::account::event::Event;
use crate::account::measure::LiftReason;
use crate::account::parity::Comparison;
use crate::account::watch::Lifts;
use crate::name::{CaseId, PersonId, RuleId};
use crate::refusal::{Refusal, Rejected};
use crate::text::Words;

impl Draft<'_> {
    /// A proposal with its comparison. A deviation without a reason is named beside every other unmet guard. What is
    /// applied in an emergency is compared too, and does not wait for a reason: it is provisional, and whoever ratifies
    /// it reads the comparison.
    pub(super) fn compared(&mut self, decision: Command, comparison: Comparison) -> Result<(), Rejected> {
        let before = self.account.measures.len();
        let (decided, unmet) = match decision {
            Command::ProposeMeasure(proposal) => {
                (self.propose(proposal, Lifts::default()), comparison.unmet())
            }
            Command::ProposeUntil { proposal, lifts } => (self.propose(proposal, lifts), comparison.unmet()),
            Command::ApplyEmergency { case, power, scope, why, why_not_less, reasons } => {
                (self.apply_emergency(case, &power, scope, why, why_not_less, reasons), Vec::new())
            }
            other => {
                let detail = format!("{} is compared with nothing", other.name());
                return Err(wrong_state(detail, "only what is proposed is compared"));
            }
        };
        match decided {
            Ok(()) if unmet.is_empty() => {}
            Ok(()) => return Err(Rejected::Refused(Refusal { guards: unmet })),
            Err(Rejected::Refused(mut refusal)) => {
                refusal.guards.extend(unmet);
                return Err(Rejected::Refused(refusal));
            }
            Err(other) => return Err(other),
        }
        let Some(measure) = self.account.measures.get(before).map(|m| m.id.clone()) else { return Ok(()) };
        let Comparison { comparator, document, .. } = comparison;
        self.emit(Event::ParityCompared { measure, comparator, document })
    }

    /// Law 12: one command undoes what a rule began. Each case is withdrawn on its own account's record with the reason;
    /// one that is over stays as it is, so that the same command can be given again after a crash.
    pub(super) fn undo_case(
        &mut self,
        id: &CaseId,
        rule: RuleId,
        by: PersonId,
        why: Words,
        reports: Option<u32>,
    ) -> Result<(), Rejected> {
        self.part(System::Batch)?;
        let case = self.account.case(id)?;
        if case.opened_by != Actor::Rule(rule.clone()) {
            return Err(not_by(
                &case.opened_by.clone(),
                &format!("only what rule/{rule} opened is undone with it"),
            ));
        }
        if case.is_closed() {
            return Ok(());
        }
        self.free_to_withdraw(id)?;
        self.emit(Event::CaseUndone { case: id.clone(), rule, by, why: why.clone() })?;
        self.clear_seen(id, why.clone(), reports)?;
        self.close_because(id, Outcome::Withdrawn, &LiftReason::Withdrawn, Some(why))
    }
}
