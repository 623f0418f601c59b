//! Measures whose basis is no power: what the account asks for itself, and what an order commands.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::measures::{command_hash, ends_guard};
use super::{Draft, all_met, wrong_state};
use crate::account::event::Event;
use crate::account::guards::DEFAULT_POD_GRACE_SECONDS;
use crate::account::measure::{Basis, Proposal};
use crate::account::watch::Lifts;
use crate::authority::Authority;
use crate::balancers::Balancers;
use crate::capability::{Capability, Preset, unsupported};
use crate::name::{MeasureId, OrderId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::text::Words;

/// What an account may ask for itself.
const ASKED: [Preset; 4] = [Preset::Freeze, Preset::WithholdPayments, Preset::Isolate, Preset::Suspend];

impl Draft<'_> {
    /// Law 1: the account holder's own wish is a basis of its own. It takes effect at once, is not stayed by orders,
    /// which protect the account from others, and only the account lifts it.
    pub(super) fn ask(
        &mut self,
        preset: Preset,
        scope: Scope,
        ends: Option<Timestamp>,
        why: Words,
    ) -> Result<(), Rejected> {
        self.of_account()?;
        self.check_withheld(&scope, &preset.withholds())?;
        if !ASKED.contains(&preset) {
            let words: Vec<&str> = ASKED.iter().map(|p| p.as_str()).collect();
            return Err(Rejected::Invalid {
                pointer: "/preset".into(),
                detail: format!("an account can ask for {}", words.join(", ")),
            });
        }
        let standing = self.account.measures.iter().find(|m| {
            !m.is_ending()
                && m.proposal.basis == Basis::AccountHolder
                && m.proposal.preset == preset
                && m.proposal.scope == scope
        });
        if let Some(standing) = standing {
            return Err(wrong_state(
                format!("{} does that already", standing.id),
                format!("lift {} first, or leave it", standing.id),
            ));
        }
        let mut proposal = self.bare(preset, scope, why)?;
        proposal.basis = Basis::AccountHolder;
        proposal.authority = Authority::AccountHolder;
        proposal.lifts = Lifts { ends, when: BTreeSet::new() };
        let terms = self.account.accepted(self.context.book)?;
        let mut guards: Vec<Unmet> = support_guard(&proposal).into_iter().collect();
        guards.extend(self.account.ability_guard(&proposal, self.context.book));
        guards.extend(ends_guard(&proposal.lifts, self.context.now, terms));
        guards.extend(self.account.hold_guards(&proposal));
        all_met(guards)?;
        self.at_once(proposal)
    }

    /// Law 1: an order that stands is the basis of what it commands, within its scope. It ends with the order.
    pub(super) fn apply_order(
        &mut self,
        id: &OrderId,
        preset: Preset,
        scope: Scope,
        why: Words,
    ) -> Result<(), Rejected> {
        self.person()?;
        self.check_scope(&scope)?;
        let order = self.account.order(id)?;
        if !order.stands() {
            return Err(wrong_state(format!("{id} no longer stands"), "nothing: it is over"));
        }
        let mut guards = Vec::new();
        if !order.kind.commands(preset) {
            guards.push(Unmet::new(
                Guard::PowerPermits,
                format!("an order to {} is no basis for {preset}", order.kind.as_str()),
                "use a power of the accepted terms, with its notice",
            ));
        }
        if !order.scope.covers(&scope) {
            guards.push(Unmet::new(
                Guard::PowerPermits,
                format!("{id} is about {}, and {scope} is not within that", order.scope),
                "name a scope within the order's",
            ));
        }
        let mut proposal = self.bare(preset, scope, why)?;
        proposal.basis = Basis::Order { order: id.clone() };
        proposal.authority = Authority::Order;
        guards.extend(support_guard(&proposal));
        guards.extend(self.account.ability_guard(&proposal, self.context.book));
        guards.extend(self.account.legal_guards(&proposal));
        all_met(guards)?;
        self.at_once(proposal)
    }

    fn bare(&self, preset: Preset, scope: Scope, why: Words) -> Result<Proposal, Rejected> {
        let withholds = preset.withholds();
        if withholds.contains(&Capability::Payments) && scope != Scope::Account {
            return Err(Rejected::Invalid {
                pointer: "/scope".into(),
                detail: "payments concern the whole account: write \"account\"".into(),
            });
        }
        Ok(Proposal {
            case: None,
            terms: self.account.terms.clone(),
            power: None,
            basis: Basis::Power,
            authority: Authority::Operator,
            preset,
            withholds,
            throttle: None,
            load_balancers: Balancers::Kept,
            scope,
            effective: self.context.now,
            why,
            why_not_less: None,
            lifts: Lifts::default(),
        })
    }

    /// Every stage is on the record, all at this moment.
    fn at_once(&mut self, proposal: Proposal) -> Result<(), Rejected> {
        let measure = self.account.next(self.account.measures.len(), MeasureId::new);
        let command_hash = command_hash(&measure, &proposal);
        self.emit(Event::MeasureProposed {
            measure: measure.clone(),
            proposal,
            command_hash,
            approvals_needed: 0,
            pod_grace_seconds: DEFAULT_POD_GRACE_SECONDS,
            ratify_by: None,
            notice_by: None,
            approver_roles: BTreeSet::new(),
            replaces: None,
        })?;
        self.emit(Event::MeasureApproved { measure: measure.clone() })?;
        self.emit(Event::MeasureScheduled { measure: measure.clone(), at: self.context.now })?;
        self.take_effect(&measure)
    }
}

fn support_guard(proposal: &Proposal) -> Option<Unmet> {
    let why = unsupported(proposal.preset, proposal.throttle, &proposal.withholds, proposal.scope.kind())?;
    Some(Unmet::new(Guard::Supported, why, "name a larger scope, or something that somebody enforces"))
}
