//! What is done about a measure that stands: lifting, conditions, reviews, other systems' word, and the suspension that
//! has become a termination in all but name.

use super::measures::ends_guard;
use super::{Draft, all_met, wrong_state};
use crate::account::Account;
use crate::account::actor::{Actor, System};
use crate::account::event::Event;
use crate::account::measure::{Basis, LiftReason, Measure, MeasureState, StayedFrom};
use crate::account::told::enforcer_guard;
use crate::account::watch::{CONSTRUCTIVE_GRACE, Lifts};
use crate::authority::Authority;
use crate::calendar::{Deadline, tzdb_version};
use crate::capability::{Capability, Enforcer, Preset};
use crate::name::{CaseId, MeasureId, OrderId, PersonId, PowerId, WebhookId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::text::Words;
use crate::webhook::ENFORCER;

/// Law 9: what one authority set, no lower one undoes.
pub(super) fn authority_guard(account: &Account, measure: &Measure, authority: Authority) -> Option<Unmet> {
    if let Some(unmet) = on_order(account, measure) {
        return Some(unmet);
    }
    let set = measure.proposal.authority;
    let free = match &measure.proposal.basis {
        Basis::Power => authority >= set,
        Basis::AccountHolder | Basis::Order { .. } => authority == set,
    };
    (!free).then(|| {
        Unmet::new(
            Guard::Authority,
            format!(
                "{} stands in the name of {set}, and this is done in the name of {authority}",
                measure.id
            ),
            set.lifted_by(),
        )
    })
}

/// Law 8: nobody here undoes what an order commands.
pub(super) fn on_order(account: &Account, measure: &Measure) -> Option<Unmet> {
    let order = measure.proposal.basis.order()?;
    Some(Unmet::new(
        Guard::NoOrder,
        format!("{} rests on {}", measure.id, account.in_words(order)),
        "whoever gave the order vacates it; it ends then by itself",
    ))
}

impl Draft<'_> {
    pub(super) fn lift(&mut self, id: &MeasureId, authority: Authority, why: Words) -> Result<(), Rejected> {
        match self.context.actor {
            Actor::Member(..) if authority == Authority::AccountHolder => {
                self.of_account()?;
            }
            _ => {
                self.person()?;
            }
        }
        let measure = self.account.measure(id)?;
        if measure.is_ending() {
            return Err(wrong_state(format!("{id} is {}", measure.state_name()), "nothing: it ends already"));
        }
        all_met(authority_guard(&self.account, measure, authority).into_iter().collect())?;
        self.end_measure(id, LiftReason::Decision { by: self.context.actor.clone(), why })
    }

    /// Conditions and an end are only ever made gentler: what was approved is never made to last longer.
    pub(super) fn set_conditions(
        &mut self,
        id: &MeasureId,
        lifts: Lifts,
        why: Words,
    ) -> Result<(), Rejected> {
        self.person()?;
        let measure = self.account.measure(id)?;
        if measure.is_ending() {
            return Err(wrong_state(format!("{id} is {}", measure.state_name()), "nothing: it ends already"));
        }
        if lifts.is_empty() {
            return Err(Rejected::Invalid {
                pointer: "/when".into(),
                detail: "name the items whose fulfilment lifts it, or the moment at which it ends".into(),
            });
        }
        self.check_items(measure.proposal.case.as_ref(), &lifts)?;
        let mut guards: Vec<Unmet> =
            authority_guard(&self.account, measure, Authority::Abuse).into_iter().collect();
        let terms = self.account.terms_for(&measure.proposal, self.context.book)?;
        guards.extend(ends_guard(&lifts, self.context.now, terms));
        let before = measure.lifts();
        let later = before.ends.is_some_and(|ends| lifts.ends.is_none_or(|new| new > ends));
        let harder =
            !before.when.is_empty() && (lifts.when.is_empty() || !lifts.when.is_subset(&before.when));
        if later || harder {
            guards.push(Unmet::new(
                Guard::InState,
                format!("{id} would last longer than it does now"),
                "keep its end or an earlier one, and its conditions or fewer of them",
            ));
        }
        all_met(guards)?;
        self.emit(Event::MeasureConditionsSet { measure: id.clone(), lifts, why })?;
        self.end_by_conditions(None)
    }

    /// The items of conditions are asked of the account in the case itself, so that a notice has told it.
    pub(super) fn check_items(&self, case: Option<&CaseId>, lifts: &Lifts) -> Result<(), Rejected> {
        for item in &lifts.when {
            let known =
                case.and_then(|id| self.account.case(id).ok()).is_some_and(|c| c.item(item).is_some());
            if !known {
                return Err(Rejected::not_found("item", item));
            }
        }
        Ok(())
    }

    /// Lifts what has all its conditions met, in one case or in all.
    pub(super) fn end_by_conditions(&mut self, case: Option<&CaseId>) -> Result<(), Rejected> {
        let met: Vec<MeasureId> = self
            .account
            .measures
            .iter()
            .filter(|m| case.is_none() || m.proposal.case.as_ref() == case)
            .filter(|m| !m.is_ending() && self.account.conditions_met(m))
            .map(|m| m.id.clone())
            .collect();
        for measure in met {
            self.end_measure(&measure, LiftReason::ConditionsMet)?;
        }
        Ok(())
    }

    pub(super) fn review(&mut self, id: &MeasureId, lift: bool, why: Words) -> Result<(), Rejected> {
        let by = self.person()?;
        let measure = self.account.measure(id)?;
        if measure.review_due().is_none() {
            return Err(wrong_state(
                format!("{id} is {}", measure.state_name()),
                "what the provider has in force is reviewed",
            ));
        }
        if lift {
            all_met(authority_guard(&self.account, measure, Authority::Abuse).into_iter().collect())?;
        }
        self.emit(Event::MeasureReviewed { measure: id.clone(), by, lift, why: why.clone() })?;
        if lift {
            let by = self.context.actor.clone();
            self.end_measure(id, LiftReason::Decision { by, why })?;
        }
        Ok(())
    }

    /// Law 13: what other systems enforce is in force when they say so, and given back when they say so.
    pub(super) fn acknowledge_enforcement(
        &mut self,
        id: &MeasureId,
        capability: Capability,
        withheld: bool,
    ) -> Result<(), Rejected> {
        let by = self.person()?;
        if capability.enforcer() == Enforcer::Declared {
            all_met(enforcer_guard(&by, capability, self.context).into_iter().collect())?;
        }
        self.say(id, capability, withheld, by, None)?;
        self.settle(id)
    }

    /// The same in the answer to a message, for everything that the endpoint enforces of the measure.
    pub(super) fn acknowledge_by_webhook(
        &mut self,
        id: &MeasureId,
        webhook: &WebhookId,
        withheld: bool,
    ) -> Result<(), Rejected> {
        self.part(System::Delivery)?;
        let book = self.context.book;
        let endpoint = book.webhook(webhook).ok_or_else(|| Rejected::not_found("webhook", webhook))?;
        let holds = |by: &&PersonId| book.roles_of(by).is_some_and(|roles| roles.contains(ENFORCER));
        let Some(by) = endpoint.principal.as_ref().filter(holds) else {
            return Err(Unmet::new(
                Guard::Enforces,
                format!("nobody with the role {ENFORCER} speaks for {webhook}"),
                "give the role to its principal, or name another",
            )
            .into());
        };
        let declared: Vec<Capability> = self.account.measure(id)?.declared().collect();
        for capability in declared.into_iter().filter(|c| endpoint.enforces.contains(c)) {
            self.say(id, capability, withheld, by.clone(), Some(webhook.clone()))?;
        }
        self.settle(id)
    }

    fn say(
        &mut self,
        id: &MeasureId,
        capability: Capability,
        withheld: bool,
        by: PersonId,
        via: Option<WebhookId>,
    ) -> Result<(), Rejected> {
        let measure = self.account.measure(id)?;
        if capability.enforcer() != Enforcer::Declared || !measure.proposal.withholds.contains(&capability) {
            return Err(Rejected::Invalid {
                pointer: "/capability".into(),
                detail: format!("{id} withholds no {capability} that another system enforces"),
            });
        }
        if withheld != measure.is_effective() {
            let wanted = if measure.is_effective() { "withheld" } else { "given back" };
            return Err(wrong_state(
                format!("{id} is {}", measure.state_name()),
                format!("{capability} is to be {wanted}: say so once it is"),
            ));
        }
        if measure.watch.acknowledged.contains_key(&capability) == withheld {
            return Ok(());
        }
        let measure = id.clone();
        self.emit(Event::EnforcerAcknowledged { measure, capability, by, withheld, via })
    }

    /// Once the cluster's part is observed and every other enforcer has spoken, the measure is what it was to become.
    fn settle(&mut self, id: &MeasureId) -> Result<(), Rejected> {
        let found = self.account.measure(id)?;
        let Some(receipt) = found.watch.observed.clone().filter(|_| found.unacknowledged().is_empty()) else {
            return Ok(());
        };
        let measure = id.clone();
        match found.state {
            MeasureState::Applying { .. } => self.emit(Event::MeasureInForce { measure, receipt }),
            MeasureState::Lifting { .. } => self.emit(Event::MeasureLifted { measure, receipt }),
            MeasureState::Stayed { from: StayedFrom::Effective { restored: None }, .. } => {
                self.emit(Event::MeasureRestored { measure, receipt })
            }
            _ => Ok(()),
        }
    }

    /// Keeps the receipt of the cluster's part, and goes on where nobody else is waited for.
    pub(super) fn observe(&mut self, id: &MeasureId, receipt: crate::text::Blob) -> Result<(), Rejected> {
        if self.account.measure(id)?.watch.observed.is_none() {
            self.emit(Event::MeasureObserved { measure: id.clone(), receipt })?;
        }
        self.settle(id)
    }

    /// When a suspension that took effect has lasted as long as the terms let it, from when it first did. Days that the calendar does not know
    /// are counted as short as they can be: the bound protects the account.
    pub(super) fn bound(&mut self, id: &MeasureId) -> Result<(), Rejected> {
        let measure = self.account.measure(id)?;
        let terms = self.account.terms_for(&measure.proposal, self.context.book)?;
        let power = measure.proposal.power.as_ref().and_then(|power| terms.power(power));
        let Some(period) = power.and_then(|p| p.constructive_termination_after) else { return Ok(()) };
        if measure.watch.bound.is_some() {
            return Ok(());
        }
        let from = measure.took_effect.unwrap_or(self.context.now);
        let bound = terms.calendar.deadline(from, &period).or_else(|error| {
            let seconds = i64::try_from(period.shortest_seconds()).unwrap_or(i64::MAX);
            let at = from.checked_add(jiff::SignedDuration::from_secs(seconds));
            at.map(|at| Deadline { at, tzdb: tzdb_version().to_owned() }).map_err(|_| error)
        });
        match bound {
            Ok(bound) => self.emit(Event::MeasureBounded { measure: id.clone(), bound, appeal: None }),
            Err(error) => {
                Err(Unmet::new(Guard::CalendarKnown, error.to_string(), "publish terms with a bound in days")
                    .into())
            }
        }
    }

    /// The bound has passed: from now on this is raised, and ends by itself unless something is done about it.
    pub(super) fn raise_constructive(&mut self, id: MeasureId) -> Result<(), Rejected> {
        let lifts_at = self.context.now.checked_add(CONSTRUCTIVE_GRACE).unwrap_or(self.context.now);
        self.emit(Event::MeasureConstructiveTermination { measure: id, lifts_at })
    }

    /// Nothing was done: it lifts. Where a termination with its own notice is under way, it is looked at again later.
    pub(super) fn end_constructive(&mut self, id: MeasureId) -> Result<(), Rejected> {
        if self.becomes_termination(&id)? {
            return self.raise_constructive(id);
        }
        self.end_measure(&id, LiftReason::ConstructiveTermination)
    }

    /// Whether the measure's case is on its way to a termination: one is proposed, or a notice of the intent to terminate
    /// is on its way or its period ended no longer ago than a proposal may take.
    fn becomes_termination(&self, id: &MeasureId) -> Result<bool, Rejected> {
        let Some(case) = self.account.measure(id)?.proposal.case.as_ref() else { return Ok(false) };
        let terms = self.account.terms_of(self.account.case(case)?, self.context.book)?;
        let proposed = self
            .account
            .measures
            .iter()
            .any(|m| m.proposal.case.as_ref() == Some(case) && m.terminates() && !m.is_ending());
        let terminates = |power: &PowerId| terms.power(power).is_some_and(|p| p.permits == Preset::Terminate);
        let noticed = self.account.notices_of(case).any(|notice| {
            let runs = match (notice.served_at(), notice.notice_ends()) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(_), Some(ends)) => {
                    ends.checked_add(CONSTRUCTIVE_GRACE).is_ok_and(|until| self.context.now < until)
                }
            };
            notice.kind.starts_notice().is_some_and(terminates) && runs
        });
        Ok(proposed || noticed)
    }

    /// What rests on an order ends with it.
    pub(super) fn end_of_order(&mut self, order: &OrderId) -> Result<(), Rejected> {
        let resting = Basis::Order { order: order.clone() };
        let ended: Vec<MeasureId> = self
            .account
            .measures
            .iter()
            .filter(|m| m.proposal.basis == resting && !m.is_ending())
            .map(|m| m.id.clone())
            .collect();
        for measure in ended {
            self.end_measure(&measure, LiftReason::Vacated { order: order.clone() })?;
        }
        Ok(())
    }
}
