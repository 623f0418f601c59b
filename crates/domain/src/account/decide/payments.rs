//! Non-payment: what the billing system says, and what it clears.
//!
//! A payment in part is put on the record and changes nothing else: no item is met, no stage is skipped, no period begins
//! anew. When nothing is due any more all that rests on it ends in the same decision.

use jiff::Timestamp;

use super::{Draft, all_met};
use crate::account::case::{Case, ItemState, Outcome};
use crate::account::clock::PauseCause;
use crate::account::event::Event;
use crate::account::invoice::{Invoice, InvoiceFacts, NON_PAYMENT};
use crate::account::measure::LiftReason;
use crate::money::MINOR_MAX;
use crate::name::{CaseId, InvoiceId, ItemId};
use crate::refusal::{Guard, Rejected, Unmet};

/// The most invoices of one account that are kept.
const MOST_INVOICES: usize = 5_000;

fn invalid(field: &str, detail: impl Into<String>) -> Rejected {
    Rejected::Invalid { pointer: format!("/{field}"), detail: detail.into() }
}

impl Draft<'_> {
    pub(super) fn record_invoice(&mut self, id: InvoiceId, facts: InvoiceFacts) -> Result<(), Rejected> {
        self.person()?;
        self.check_facts(&facts)?;
        let terms = self.account.accepted(self.context.book)?;
        let overdue_from = terms.calendar.end_of(facts.due).map_err(|e| invalid("due", e.to_string()))?;
        if let Some(before) = self.account.invoices.get(&id) {
            if before.facts == facts {
                return Ok(());
            }
            all_met(follows(&id, &before.facts, &facts))?;
        } else if self.account.invoices.len() >= MOST_INVOICES {
            return Err(Unmet::new(
                Guard::WithinPlan,
                format!("{MOST_INVOICES} invoices are on the record"),
                "record what is owed of older ones in one",
            )
            .into());
        }
        let was_due = self.account.due_of(None, self.context.now) > 0;
        self.emit(Event::InvoiceRecorded { invoice: id, facts, overdue_from })?;
        // Nothing is due *any more*: what the billing system never told of is not paid by what it tells of.
        let all_paid = was_due && self.account.due_of(None, self.context.now) == 0;
        self.settle_invoices(all_paid)
    }

    fn check_facts(&self, facts: &InvoiceFacts) -> Result<(), Rejected> {
        if facts.amount == 0 || facts.amount > MINOR_MAX {
            return Err(invalid("amount", format!("write whole minor units, from 1 to {MINOR_MAX}")));
        }
        for (field, units) in [("paid", facts.paid), ("credited", facts.credited)] {
            if units > MINOR_MAX {
                return Err(invalid(field, format!("at most {MINOR_MAX} minor units")));
            }
        }
        if facts.disputed > facts.outstanding() {
            return Err(invalid("disputed", "no more than is outstanding can be disputed"));
        }
        if facts.as_of > self.context.now {
            return Err(invalid("asOf", "this moment is still to come"));
        }
        Ok(())
    }

    /// Brings the cases of non-payment to where the invoices say they are: disputes begin and end, items are met, cases
    /// are cured.
    fn settle_invoices(&mut self, all_paid: bool) -> Result<(), Rejected> {
        let cases: Vec<CaseId> = self
            .account
            .cases
            .iter()
            .filter(|c| !c.is_closed() && c.ground.as_str() == NON_PAYMENT)
            .map(|c| c.id.clone())
            .collect();
        for case in cases {
            self.settle_dispute(&case)?;
            self.settle_items(&case, all_paid)?;
        }
        Ok(())
    }

    fn settle_items(&mut self, id: &CaseId, all_paid: bool) -> Result<(), Rejected> {
        let case = self.account.case(id)?;
        let now = self.context.now;
        let met: Vec<ItemId> = case
            .items
            .iter()
            .filter(|i| !matches!(i.state, ItemState::Met { .. }))
            .filter(|i| match &i.invoice {
                Some(invoice) => self.account.due_of(Some(invoice), now) == 0,
                None => all_paid,
            })
            .map(|i| i.id.clone())
            .collect();
        let nothing_asked = case.items.is_empty() && all_paid;
        if met.is_empty() && !nothing_asked {
            return Ok(());
        }
        for item in met {
            self.emit(Event::CureAccepted { case: id.clone(), item })?;
        }
        if nothing_asked {
            return self.close_case(id, Outcome::Cured, &LiftReason::Cured);
        }
        self.item_met(id)
    }

    /// Law 4: a dispute stops the clocks of the case that rests on it like any other cause, and they go on by themselves
    /// when it is decided.
    pub(super) fn settle_dispute(&mut self, id: &CaseId) -> Result<(), Rejected> {
        let case = self.account.case(id)?;
        if case.is_closed() || case.ground.as_str() != NON_PAYMENT {
            return Ok(());
        }
        let disputed = self.account.rests_on_dispute(case, self.context.now);
        match (case.is_paused_by(&PauseCause::Dispute), disputed) {
            (false, true) => {
                self.emit(Event::CasePaused { case: id.clone(), cause: PauseCause::Dispute, why: None })
            }
            (true, false) => self.resume(id, PauseCause::Dispute, None),
            (false, false) | (true, true) => Ok(()),
        }
    }

    /// What a notice asks to be paid has to be owed.
    pub(super) fn payable(&self, invoice: Option<&InvoiceId>, case: &Case) -> Result<(), Rejected> {
        let Some(id) = invoice else { return Ok(()) };
        let Some(found) = self.account.invoices.get(id) else {
            return Err(Rejected::not_found("invoice", id));
        };
        if case.ground.as_str() != NON_PAYMENT {
            return Err(Unmet::new(
                Guard::PaymentDue,
                format!("{} was opened on {}, which no payment clears", case.id, case.ground),
                format!("name invoices in a case on {NON_PAYMENT}"),
            )
            .into());
        }
        if found.is_disputed() {
            return Err(Unmet::new(
                Guard::Undisputed,
                format!("the account disputes {} of invoice {id}", found.facts.disputed),
                "decide the dispute in the billing system, and record the invoice again",
            )
            .into());
        }
        if found.due(self.context.now) > 0 {
            return Ok(());
        }
        let unmet = Unmet::new(
            Guard::PaymentDue,
            format!("nothing of invoice {id} is due"),
            "ask for what is due, or wait until it is",
        );
        Err(if found.facts.outstanding() > 0 { unmet.not_before(found.overdue_from) } else { unmet }.into())
    }
}

/// What a later word about an invoice cannot take back.
fn follows(id: &InvoiceId, before: &InvoiceFacts, after: &InvoiceFacts) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    if after.as_of <= before.as_of {
        unmet.push(Unmet::new(
            Guard::InState,
            format!("what is on the record about invoice {id} was said for {}", before.as_of),
            "send what the billing system says for a later moment",
        ));
    }
    if (after.amount, after.currency) != (before.amount, before.currency) {
        unmet.push(Unmet::new(
            Guard::InState,
            format!("invoice {id} is over {} {}", before.amount, before.currency),
            "credit what is taken back, and bill the rest with another invoice",
        ));
    }
    if after.due < before.due {
        unmet.push(Unmet::new(
            Guard::InState,
            format!("invoice {id} is due on {}", before.due),
            "leave the day as it is: an account relies on it; a later one is fine",
        ));
    }
    unmet
}

impl crate::account::Account {
    /// What is due of an invoice, or of all of them, in minor units of whatever currency.
    pub(in crate::account) fn due_of(&self, invoice: Option<&InvoiceId>, now: Timestamp) -> u64 {
        match invoice {
            Some(id) => self.invoices.get(id).map_or(0, |i| i.due(now)),
            None => self.invoices.values().fold(0, |sum, i| sum.saturating_add(i.due(now))),
        }
    }

    /// Whether something that the case asks for is disputed: one of its invoices, or any where an item names none. Before
    /// it asks for anything, whether all that is due is disputed.
    fn rests_on_dispute(&self, case: &Case, now: Timestamp) -> bool {
        if case.items.is_empty() {
            let mut due = self.invoices.values().filter(|i| i.due(now) > 0).peekable();
            return due.peek().is_some() && due.all(Invoice::is_disputed);
        }
        let open: Vec<_> = case.items.iter().filter(|i| !matches!(i.state, ItemState::Met { .. })).collect();
        if open.iter().any(|i| i.invoice.is_none()) {
            return self.invoices.values().any(|i| i.due(now) > 0 && i.is_disputed());
        }
        let disputed = |id: &InvoiceId| self.invoices.get(id).is_some_and(Invoice::is_disputed);
        open.iter().filter_map(|i| i.invoice.as_ref()).any(disputed)
    }

    /// Law 4: no stage is gone through while what the case asks for is disputed.
    pub(in crate::account) fn dispute_guard(&self, case: &CaseId) -> Option<Unmet> {
        let since = self.case(case).ok().filter(|c| !c.is_closed())?.disputed_since()?;
        Some(Unmet::new(
            Guard::Undisputed,
            format!("the account disputes since {since} what {case} asks it to pay"),
            "decide the dispute in the billing system, and record the invoice again",
        ))
    }
}
