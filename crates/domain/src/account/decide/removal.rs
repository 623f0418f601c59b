//! Orders to remove content, and orders that contradict each other.

use jiff::SignedDuration;

use super::legal::Says;
use super::measures::command_hash;
use super::{Draft, wrong_state};
use crate::account::case::Outcome;
use crate::account::command::RecordRemoval;
use crate::account::event::Event;
use crate::account::guards::DEFAULT_POD_GRACE_SECONDS;
use crate::account::legal::{Order, OrderKind};
use crate::account::measure::{Basis, LiftReason, MeasureState, Proposal};
use crate::account::notice::NoticeKind;
use crate::account::watch::Lifts;
use crate::authority::Authority;
use crate::balancers::Balancers;
use crate::capability::{Preset, unsupported};
use crate::name::{CaseId, Ground, MeasureId, OrderId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::text::Words;

/// Within how many minutes content is removed where the order names no other moment.
const REMOVE_MINUTES: i64 = 60;

/// The ground of a case that carries out an order.
const GROUND: &str = "legal_order";

impl Draft<'_> {
    /// Law 1: an order is a basis of its own. The measure takes effect at once, without a power, a notice before or an
    /// approval; a case holds what follows from it, and the account is told after.
    pub(super) fn record_removal(&mut self, asked: RecordRemoval) -> Result<(), Rejected> {
        let RecordRemoval { scope, locator, authority, document, deadline, why_not_less, letter } = asked;
        match &scope {
            Scope::Workload(..) | Scope::Hostname(..) => {}
            Scope::Environment(_) if why_not_less.is_some() => {}
            Scope::Environment(_) => {
                return Err(Unmet::new(
                    Guard::LeastFirst,
                    format!("a single workload is less than {scope}"),
                    "name the workload, or say in `whyNotLess` why it would not do",
                )
                .into());
            }
            Scope::Account => {
                return Err(Rejected::Invalid {
                    pointer: "/scope".into(),
                    detail: "a removal takes the smallest scope: name the workload or environment that has the content".into(),
                });
            }
        }
        let preset = Preset::Isolate;
        if let Some(why) = unsupported(preset, None, &preset.withholds(), scope.kind()) {
            return Err(Unmet::new(Guard::Supported, why, "name the workload that it leads to").into());
        }
        let soon = self.context.now.checked_add(SignedDuration::from_mins(REMOVE_MINUTES));
        let deadline = Some(deadline.or(soon.ok()).unwrap_or(self.context.now));
        let says = Says { deadline, locator: Some(locator.clone()), gag: None };
        let order = self.enter_order(OrderKind::Remove, &scope, authority.clone(), document, says)?;
        let ground: Ground = GROUND
            .parse()
            .map_err(|e| Rejected::Invalid { pointer: "/scope".into(), detail: format!("{e}") })?;
        let case = self.account.next(self.account.cases.len(), CaseId::new);
        self.emit(Event::CaseOpened {
            case: case.clone(),
            ground,
            why: authority.clone(),
            reports: Vec::new(),
            signal: None,
            order: Some(order.clone()),
        })?;
        let proposal = Proposal {
            case: Some(case.clone()),
            terms: self.account.terms.clone(),
            power: None,
            basis: Basis::Order { order },
            authority: Authority::Order,
            preset,
            withholds: preset.withholds(),
            throttle: None,
            load_balancers: Balancers::Kept,
            scope,
            effective: self.context.now,
            why: locator,
            why_not_less,
            lifts: Lifts::default(),
        };
        let measure = self.account.next(self.account.measures.len(), MeasureId::new);
        let stayed = self.account.stayed_by(&proposal, false).map(|o| o.id.clone());
        let command_hash = command_hash(&measure, &proposal);
        self.emit(Event::MeasureProposed {
            measure: measure.clone(),
            proposal,
            command_hash,
            approvals_needed: 0,
            pod_grace_seconds: DEFAULT_POD_GRACE_SECONDS,
            ratify_by: None,
            notice_by: None,
            approver_roles: std::collections::BTreeSet::new(),
            replaces: None,
        })?;
        if let Some(order) = stayed {
            self.emit(Event::MeasureApproved { measure: measure.clone() })?;
            self.emit(Event::MeasureStayed { measure: measure.clone(), order })?;
        } else {
            self.emit(Event::MeasureApplying { measure: measure.clone() })?;
        }
        self.issue_about(case, NoticeKind::Removal { measure }, authority, letter)
    }

    /// A removal ends with its order.
    pub(super) fn end_removal(&mut self, id: &OrderId) -> Result<(), Rejected> {
        let of_order = |c: &&crate::account::case::Case| c.order.as_ref() == Some(id) && !c.is_closed();
        let Some(case) = self.account.cases.iter().find(of_order).map(|c| c.id.clone()) else {
            return Ok(());
        };
        self.close_case(&case, Outcome::Vacated, &LiftReason::Vacated { order: id.clone() })
    }

    /// The orders that stand and cannot be followed together with a new one.
    pub(super) fn find_conflicts(&mut self, id: &OrderId) -> Result<(), Rejected> {
        let order = self.account.order(id)?;
        let (kind, scope) = (order.kind, order.scope.clone());
        let against: Vec<(OrderId, Scope)> = self
            .account
            .orders
            .iter()
            .filter(|o| &o.id != id && o.stands() && o.kind.contradicts(kind) && o.scope.touches(&scope))
            .map(|o| (o.id.clone(), if o.scope.covers(&scope) { scope.clone() } else { o.scope.clone() }))
            .collect();
        for (with, scope) in against {
            self.emit(Event::OrdersConflicted { order: id.clone(), with, scope })?;
        }
        Ok(())
    }

    /// A person says which of two orders is followed, and it is done at once.
    pub(super) fn decide_conflict(
        &mut self,
        prevails: &OrderId,
        over: &OrderId,
        why: Words,
    ) -> Result<(), Rejected> {
        let by = self.person()?;
        let (winner, loser) = (self.account.order(prevails)?.clone(), self.account.order(over)?);
        if !self.account.open_conflicts().any(|c| c.is_between(prevails, over)) {
            let stand = winner.stands() && loser.stands();
            let detail = format!("no conflict of {prevails} and {over} is to be decided");
            let then = if stand {
                "nothing: both can be followed, or it is decided"
            } else {
                "nothing: one of them no longer stands"
            };
            return Err(wrong_state(detail, then));
        }
        self.emit(Event::ConflictDecided { order: prevails.clone(), over: over.clone(), by, why })?;
        if winner.kind == OrderKind::Remove {
            self.follow_removal(&winner, over)
        } else {
            self.stay_for(prevails)
        }
    }

    /// A removal that waited takes effect now, unless another order stays it.
    fn follow_removal(&mut self, removal: &Order, waited_for: &OrderId) -> Result<(), Rejected> {
        let waiting = self.account.measures.iter().find(|m| {
            m.proposal.basis.order() == Some(&removal.id) && matches!(m.state, MeasureState::Stayed { .. })
        });
        let Some(measure) = waiting else { return Ok(()) };
        let (id, proposal) = (measure.id.clone(), measure.proposal.clone());
        if let Some(order) = self.account.stayed_by(&proposal, false).map(|o| o.id.clone()) {
            return self.emit(Event::MeasureStayed { measure: id, order });
        }
        self.emit(Event::MeasureResumed { measure: id.clone(), order: waited_for.clone() })?;
        self.emit(Event::MeasureScheduled { measure: id.clone(), at: self.context.now })?;
        self.take_effect(&id)
    }
}
