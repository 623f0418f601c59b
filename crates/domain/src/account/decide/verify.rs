//! What verifiers found about items.

use super::{Draft, wrong_state};
use crate::account::actor::System;
use crate::account::case::{Item, ItemState, Outcome};
use crate::account::cure::{Found, Verifier};
use crate::account::event::Event;
use crate::account::measure::LiftReason;
use crate::name::{CaseId, ItemId};
use crate::refusal::Rejected;
use crate::text::Words;

impl Draft<'_> {
    /// An item whose verifier found it done is met by itself. What still answers is a rejection with the time that it
    /// took given back.
    pub(super) fn record_check(
        &mut self,
        case: &CaseId,
        item: ItemId,
        found: Found,
        why: Option<Words>,
    ) -> Result<(), Rejected> {
        self.part(System::Verifier)?;
        let in_case = self.account.case(case)?;
        let asked = in_case.item(&item).ok_or_else(|| Rejected::not_found("item", &item))?;
        // What was decided meanwhile stands.
        if in_case.is_closed() || asked.is_met() || self.account.lifecycle.is_closed() {
            return Ok(());
        }
        let fits = matches!(
            (&asked.verifier, &found),
            (Verifier::Fact { .. }, Found::Crossed { .. })
                | (Verifier::Gone { .. }, Found::Gone { .. } | Found::There { .. })
        );
        if !fits {
            return Err(wrong_state(
                format!("{item} is verified by {}", asked.verifier.as_str()),
                "the verifier that the notice names says what it found",
            ));
        }
        match found {
            Found::There { .. } => {
                let ItemState::Submitted { waits, .. } = &asked.state else { return Ok(()) };
                let clocks = self.given_back(case, waits)?;
                self.emit(Event::CureChecked { case: case.clone(), item: item.clone(), found })?;
                let Some(why) = why else { return Ok(()) };
                self.emit(Event::CureRejected { case: case.clone(), item, why, clocks })?;
                self.reschedule(case)
            }
            Found::Crossed { .. } | Found::Gone { .. } => {
                self.emit(Event::CureChecked { case: case.clone(), item, found })?;
                self.item_met(case)
            }
        }
    }

    /// Law 10: with its last item met a case is cured, and everything it did is undone.
    pub(super) fn item_met(&mut self, case: &CaseId) -> Result<(), Rejected> {
        if self.account.case(case)?.is_cured() {
            return self.close_case(case, Outcome::Cured, &LiftReason::Cured);
        }
        self.end_by_conditions(Some(case))?;
        self.settle_dispute(case)?;
        self.end_cured(case)
    }

    pub(super) fn check_due(&mut self, case: CaseId) -> Result<(), Rejected> {
        self.emit(Event::CaseChecked { case })
    }
}

impl Item {
    /// Whether its verifier is asked from time to time, without anybody saying anything: facts until they meet it, a
    /// place as long as nothing is found out about what the account said of it.
    pub fn is_watched(&self) -> bool {
        match self.verifier {
            Verifier::Review => false,
            Verifier::Fact { .. } => !self.is_met(),
            Verifier::Gone { .. } => self.awaits_look(),
        }
    }

    /// Whether the account says that the place is gone, and nobody has found out.
    pub fn awaits_look(&self) -> bool {
        matches!((&self.verifier, &self.state), (Verifier::Gone { .. }, ItemState::Submitted { .. }))
    }
}
