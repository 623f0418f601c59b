//! Fees: what a breach is charged with, for whoever bills to read.

use super::{Draft, wrong_state};
use crate::account::case::CaseState;
use crate::account::event::Event;
use crate::account::strike::Amount;
use crate::name::{CaseId, FeeId, MeasureId};
use crate::refusal::Rejected;
use crate::text::Words;

impl Draft<'_> {
    /// Nothing is charged before the process has run: the case has lapsed, or a measure of it took effect.
    pub(super) fn charge_fee(
        &mut self,
        case: CaseId,
        measure: Option<MeasureId>,
        amount: Amount,
        why: Words,
    ) -> Result<(), Rejected> {
        self.person()?;
        if let Some((field, right)) = amount.fault() {
            return Err(Rejected::Invalid { pointer: field.into(), detail: right.into() });
        }
        let found = self.account.case(&case)?;
        if found.is_closed() {
            return Err(wrong_state(format!("{case} is closed"), "nothing is charged in it"));
        }
        if let Some(id) = &measure
            && self.account.measure(id)?.proposal.case.as_ref() != Some(&case)
        {
            return Err(Rejected::Invalid {
                pointer: "/measure".into(),
                detail: format!("{id} belongs to another case"),
            });
        }
        let took_effect = self
            .account
            .measures
            .iter()
            .filter(|m| {
                m.proposal.case.as_ref() == Some(&case) && measure.as_ref().is_none_or(|id| id == &m.id)
            })
            .any(|m| m.took_effect.is_some() && m.proposal.basis.is_power());
        let lapsed = measure.is_none() && matches!(found.state, CaseState::Lapsed { .. });
        if !took_effect && !lapsed {
            return Err(wrong_state(
                format!("{case} has not lapsed, and no measure of it took effect"),
                "wait until the account's time to put things right has run",
            ));
        }
        let fee = self.account.next(self.account.fees.len(), FeeId::new);
        self.emit(Event::FeeCharged { fee, case, measure, amount, why })
    }
}
