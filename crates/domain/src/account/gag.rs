//! What a gag keeps from the account for a time: notices, and the orders that it covers. Its standing is never kept
//! from it, law 15.

use serde_json::Value;

use super::Account;
use super::event::Event;
use super::legal::{Order, OrderKind};
use super::measure::Proposal;
use super::notice::{Notice, NoticeKind};
use super::outlook::What;
use crate::name::{CaseId, ItemId, NoticeId, OrderId};
use crate::scope::Scope;

impl Account {
    fn gags(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(|o| o.kind == OrderKind::Gag && o.stands())
    }

    /// Whether a gag covers this part of the account.
    pub(super) fn is_gagged(&self, scope: &Scope) -> bool {
        self.gags().any(|gag| gag.scope.covers(scope))
    }

    /// The gag that covers a notice: one over the scope of the measure that it tells of; one that names its case; or,
    /// for a notice that tells of no measure, one over the whole account.
    pub(super) fn gag_on(&self, notice: &Notice) -> Option<&OrderId> {
        let measure = match &notice.kind {
            NoticeKind::AppealOutcome { appeal } => self.appeal(appeal).ok().map(|a| &a.measure),
            kind => kind.measure(),
        };
        let measure = measure.and_then(|id| self.measure(id).ok());
        let about = measure.map_or(&Scope::Account, |m| &m.proposal.scope);
        let names = |gag: &Order| gag.gag.as_ref().is_some_and(|g| g.case.as_ref() == Some(&notice.case));
        self.gags().find(|gag| gag.scope.covers(about) || names(gag)).map(|gag| &gag.id)
    }

    /// Whether the account is not to see an order yet: a gag that stands, and what a gag covers, be it by its scope or by
    /// naming the case that carries the order out.
    pub fn hides_order(&self, id: &OrderId) -> bool {
        let Ok(order) = self.order(id) else { return false };
        let carries_out = |case: &CaseId| self.case(case).is_ok_and(|c| c.order.as_ref() == Some(id));
        let names = |gag: &Order| gag.gag.as_ref().and_then(|g| g.case.as_ref()).is_some_and(carries_out);
        let gag_itself = order.kind == OrderKind::Gag && order.stands();
        gag_itself || self.is_gagged(&order.scope) || self.gags().any(names)
    }

    /// Whether the account is not to see an item of a case yet: every notice that asks for it is delayed.
    pub fn hides_item(&self, case: &CaseId, item: &ItemId) -> bool {
        let mut asking = self.notices_of(case).filter(|n| n.items.contains(item)).peekable();
        asking.peek().is_some() && asking.all(|n| n.delayed.is_some())
    }

    /// Whether the account is not to see a step yet: it is about an order, a notice or an item that is kept from it.
    pub fn hides_step(&self, step: &What) -> bool {
        let delayed = |id: &NoticeId| self.notice(id).is_ok_and(|n| n.delayed.is_some());
        let item = match step {
            What::HandIn(case, item) | What::DecideCure(case, item) => self.hides_item(case, item),
            _ => false,
        };
        item || step.notice().is_some_and(delayed) || step.orders().iter().any(|id| self.hides_order(id))
    }

    /// An order in the words of a refusal. The account learns of one that a gag covers when the gag ends, and not by
    /// what it refuses.
    pub(super) fn in_words(&self, id: &OrderId) -> String {
        if self.hides_order(id) { "an order".to_owned() } else { format!("order {id}") }
    }

    /// That an order stands, in the words of a refusal.
    pub(super) fn stands_in_words(&self, order: &Order) -> String {
        if self.hides_order(&order.id) {
            "an order stands".to_owned()
        } else {
            format!("order {} ({}) stands for {}", order.id, order.kind.as_str(), order.scope)
        }
    }

    /// The ids of what is kept from the account.
    fn kept_from_it(&self) -> Vec<String> {
        let orders = self.orders.iter().map(|o| &o.id).filter(|id| self.hides_order(id));
        let notices = self.notices.iter().filter(|n| n.delayed.is_some());
        orders.map(ToString::to_string).chain(notices.map(|n| n.id.to_string())).collect()
    }

    /// Whether anything at all is kept from the account.
    pub fn is_kept_from_something(&self) -> bool {
        self.gags().next().is_some()
    }

    /// Whether the account is not to see an event yet, because it tells of a notice, an item or an order that a gag
    /// covers. Whatever names one of them anywhere is kept, so that no event can be forgotten here.
    pub fn hides(&self, event: &Event) -> bool {
        if !self.is_kept_from_something() {
            return false;
        }
        let by_name = match event {
            Event::CureSubmitted { case, item, .. }
            | Event::CureChecked { case, item, .. }
            | Event::CureAccepted { case, item }
            | Event::CureRejected { case, item, .. } => self.hides_item(case, item),
            Event::MeasureProposed { proposal: Proposal { case: Some(case), lifts, .. }, .. } => {
                lifts.when.iter().any(|item| self.hides_item(case, item))
            }
            Event::MeasureConditionsSet { measure, lifts, .. } => {
                let case = self.measure(measure).ok().and_then(|m| m.proposal.case.as_ref());
                case.is_some_and(|case| lifts.when.iter().any(|item| self.hides_item(case, item)))
            }
            // A refusal does not say what it was about, which can be what a gag covers.
            Event::CommandRefused { .. } => true,
            _ => false,
        };
        // What cannot be looked through is not shown.
        by_name || serde_json::to_value(event).map_or(true, |told| mentions(&told, &self.kept_from_it()))
    }
}

/// Whether one of these ids is anywhere in a value, also within words.
fn mentions(told: &Value, ids: &[String]) -> bool {
    match told {
        Value::String(text) => text
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'))
            .any(|word| ids.iter().any(|id| id == word.trim_end_matches('.'))),
        Value::Array(values) => values.iter().any(|value| mentions(value, ids)),
        Value::Object(fields) => fields.values().any(|value| mentions(value, ids)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
