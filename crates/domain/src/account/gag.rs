//! What a gag keeps from the account for a time: notices, and the orders that it covers. Its standing is never kept
//! from it, law 15.

use super::Account;
use super::clock::PauseCause;
use super::event::Event;
use super::legal::{Order, OrderKind};
use super::notice::{Notice, NoticeKind};
use crate::name::OrderId;
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

    /// Whether the account is not to see an order yet: a gag that stands, and what a gag covers.
    pub fn hides_order(&self, id: &OrderId) -> bool {
        let Ok(order) = self.order(id) else { return false };
        if order.kind == OrderKind::Gag { order.stands() } else { self.is_gagged(&order.scope) }
    }

    /// Whether the account is not to see an event yet, because it tells of a notice or an order that a gag covers, or may.
    pub fn hides(&self, event: &Event) -> bool {
        match event {
            Event::NoticeIssued { notice, .. }
            | Event::NoticeDelayed { notice, .. }
            | Event::NoticeAttemptFailed { notice, .. }
            | Event::NoticeRetried { notice }
            | Event::NoticeUndeliverable { notice } => self.notice(notice).is_ok_and(|n| n.delayed.is_some()),
            Event::CasePaused { cause: PauseCause::Order { order }, .. }
            | Event::CaseResumed { cause: PauseCause::Order { order }, .. } => self.hides_order(order),
            Event::OrderRecorded { order, .. }
            | Event::OrderVacated { order, .. }
            | Event::OrderComplied { order, .. }
            | Event::OrderMissed { order }
            | Event::GagRenewed { order, .. }
            | Event::GagRecheckMissed { order }
            | Event::GagEnded { order } => self.hides_order(order),
            Event::OrdersConflicted { order, with, .. }
            | Event::ConflictDecided { order, over: with, .. } => {
                self.hides_order(order) || self.hides_order(with)
            }
            // A refusal does not say what it was about, which can be what a gag covers.
            Event::CommandRefused { .. } => self.gags().next().is_some(),
            _ => false,
        }
    }
}
