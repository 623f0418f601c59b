//! Appeals: filing, assigning, deciding.

use jiff::Timestamp;

use super::measures::command_hash;
use super::standing::on_order;
use super::{Draft, all_met, wrong_state};
use crate::account::case::{CaseState, Outcome};
use crate::account::clock::PauseCause;
use crate::account::event::Event;
use crate::account::legal::{Appeal, AppealOutcome};
use crate::account::measure::{Basis, LiftReason, Measure, MeasureState, Proposal, StayedFrom};
use crate::balancers::Balancers;
use crate::capability::{Capability, Preset, rung, unsupported};
use crate::name::{AppealId, CaseId, MeasureId, PersonId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::text::Words;

impl Draft<'_> {
    /// Law 15: the account challenges whatever others withhold from it, also where nobody here could undo it.
    pub(super) fn file_appeal(&mut self, id: &MeasureId, grounds: Words) -> Result<(), Rejected> {
        self.of_account()?;
        let measure = self.account.measure(id)?;
        if measure.proposal.basis == Basis::AccountHolder {
            return Err(wrong_state(
                format!("{id} is what the account asked for itself"),
                "lift it: an owner of the account does",
            ));
        }
        if measure.awaits_approval() || matches!(measure.state, MeasureState::Withdrawn { .. }) {
            let stands =
                if measure.awaits_approval() { "waiting for approval" } else { measure.state_name() };
            return Err(wrong_state(
                format!("{id} is {stands}"),
                "a measure that is decided can be appealed",
            ));
        }
        if let Some(open) = self.account.appeals.iter().find(|a| &a.measure == id && a.decided.is_none()) {
            return Err(wrong_state(
                format!("{} against {id} is open", open.id),
                format!("go on with {}", open.id),
            ));
        }
        let terms = self.account.terms_for(&measure.proposal, self.context.book)?;
        if let Some(since) = self.window_opened(measure)
            && let Ok(ends) = terms.calendar.deadline(since, &terms.floors.appeal_window)
            && self.context.now > ends.at
        {
            return Err(Unmet::new(
                Guard::Moment,
                format!("the time for appeals against {id} ended on {}", terms.calendar.local(ends.at)),
                "nothing: the window that the terms give has closed",
            )
            .into());
        }
        // Days that the calendar does not know give no deadline: an appeal is not refused because of them.
        let decide_by =
            terms.calendar.deadline(self.context.now, &terms.floors.appeal_decision).ok().map(|d| d.at);
        let appeal = self.account.next(self.account.appeals.len(), AppealId::new);
        let case = measure.proposal.case.clone();
        self.emit(Event::AppealFiled { appeal: appeal.clone(), measure: id.clone(), grounds, decide_by })?;
        case.map_or(Ok(()), |case| self.pause_by_appeal(&appeal, &case))
    }

    /// When the time for appeals began: with the effect, or with the service of the notice that tells of it, whichever
    /// is later. None where it has not begun: a measure scheduled far ahead is not out of reach before it bites, and law
    /// 2 starts no clock before service.
    fn window_opened(&self, measure: &Measure) -> Option<Timestamp> {
        let effect = measure.took_effect?;
        let mut since = effect;
        for notice in self
            .account
            .notices
            .iter()
            .filter(|n| n.kind.tells_of_effect() && n.kind.measure() == Some(&measure.id))
        {
            since = since.max(notice.served_at()?);
        }
        Some(since)
    }

    /// Law 6: whoever is to decide took no part in the measure, and neither did whoever chooses.
    pub(super) fn assign_appeal(&mut self, id: &AppealId, reviewer: PersonId) -> Result<(), Rejected> {
        let by = self.person()?;
        let appeal = self.undecided(id)?;
        let measure = self.account.measure(&appeal.measure)?;
        if self.context.book.roles_of(&reviewer).is_some_and(|roles| !roles.contains("approver")) {
            return Err(Unmet::new(
                Guard::RoleConsents,
                format!("{reviewer} has not the role approver, whose holders decide appeals"),
                "assign somebody who has",
            )
            .into());
        }
        let guards =
            [independent(measure, &reviewer, "decides"), independent(measure, &by, "assigns the appeal")];
        all_met(guards.into_iter().flatten().collect())?;
        if appeal.reviewer.as_ref() == Some(&reviewer) {
            return Ok(());
        }
        self.emit(Event::AppealAssigned { appeal: id.clone(), reviewer, by })
    }

    fn undecided(&self, id: &AppealId) -> Result<&Appeal, Rejected> {
        let appeal = self.account.appeal(id)?;
        if appeal.decided.is_some() {
            return Err(wrong_state(format!("{id} is decided"), "nothing: it is over"));
        }
        Ok(appeal)
    }

    /// Whoever may decide this appeal, and its measure: nobody who took part, and where it is assigned that person only.
    fn judge(&self, id: &AppealId) -> Result<(PersonId, &Measure), Rejected> {
        let Some(by) = self.context.actor.person().cloned() else {
            return Err(Unmet::new(
                Guard::AnotherPerson,
                format!("{} is not a person of the provider", self.context.actor),
                "a person decides appeals",
            )
            .into());
        };
        let appeal = self.undecided(id)?;
        let measure = self.account.measure(&appeal.measure)?;
        let mut guards: Vec<Unmet> = independent(measure, &by, "decides").into_iter().collect();
        if let Some(reviewer) = appeal.reviewer.as_ref().filter(|r| *r != &by) {
            guards.push(Unmet::new(
                Guard::AnotherPerson,
                format!("{id} is assigned to {reviewer}"),
                format!("{reviewer} decides it, or it is assigned to somebody else"),
            ));
        }
        all_met(guards)?;
        Ok((by, measure))
    }

    /// Law 10: an overturned measure takes its case with it, and what else the case left behind.
    pub(super) fn decide_appeal(
        &mut self,
        id: &AppealId,
        outcome: AppealOutcome,
        why: Words,
        reports: Option<u32>,
    ) -> Result<(), Rejected> {
        let (by, measure) = self.judge(id)?;
        match outcome {
            AppealOutcome::Upheld => {}
            AppealOutcome::Overturned => all_met(on_order(&self.account, measure).into_iter().collect())?,
            AppealOutcome::Modified => {
                return Err(Rejected::Invalid {
                    pointer: "/instead".into(),
                    detail: "say what takes its place: a lesser preset, a smaller scope, or both".into(),
                });
            }
        }
        let case: Option<CaseId> = measure.proposal.case.clone();
        self.emit(Event::AppealDecided { appeal: id.clone(), outcome, by, why: why.clone() })?;
        if let Some(case) = case.filter(|_| outcome == AppealOutcome::Overturned) {
            self.overturn(id, &case, why, reports)?;
        }
        self.go_on(id)
    }

    /// Clocks that the appeal stopped go on, and what came due while the decision was overdue is judged again.
    fn go_on(&mut self, id: &AppealId) -> Result<(), Rejected> {
        self.resume_all(&PauseCause::Appeal { appeal: id.clone() })?;
        let measure = self.account.appeal(id)?.measure.clone();
        let case = self.account.measure(&measure)?.proposal.case.clone();
        case.map_or(Ok(()), |case| self.reschedule(&case))
    }

    fn overturn(
        &mut self,
        id: &AppealId,
        case: &CaseId,
        why: Words,
        reports: Option<u32>,
    ) -> Result<(), Rejected> {
        if self.account.overturned_in(case) == 1 {
            self.clear_seen(case, why, reports)?;
        }
        match self.account.case(case)?.state {
            CaseState::Closed { outcome: Outcome::Overturned, .. } => Ok(()),
            // What was cured or withdrawn before was wrong all the same: it leaves nothing behind.
            CaseState::Closed { .. } => self.undo(case, Outcome::Overturned),
            CaseState::Open | CaseState::Notified { .. } | CaseState::Lapsed { .. } => {
                let reason = LiftReason::Overturned { appeal: id.clone() };
                self.close_case(case, Outcome::Overturned, &reason)
            }
        }
    }

    /// A lesser measure under the same power takes the place of the one challenged, in one decision. What was lawful for
    /// more is lawful for less, and the reviewer's decision is the consent.
    pub(super) fn modify_on_appeal(
        &mut self,
        id: &AppealId,
        preset: Option<Preset>,
        scope: Option<Scope>,
        why: Words,
    ) -> Result<(), Rejected> {
        let (by, measure) = self.judge(id)?;
        let old = measure.clone();
        if old.is_over() || matches!(old.state, MeasureState::Lifting { .. }) {
            return Err(wrong_state(
                format!("{} is {}", old.id, old.state_name()),
                "uphold it, or overturn it: there is nothing left to replace",
            ));
        }
        // Law 6: the reviewer's consent to less is none to what nobody consented to.
        if old.awaits_approval() {
            return Err(wrong_state(
                format!("{} waits for approval", old.id),
                "wait for it, uphold the measure, or overturn it",
            ));
        }
        // A list of capabilities is its power's own: what takes its place is the same list, or a preset.
        let preset = preset.filter(|p| (*p, old.proposal.preset) != (Preset::Listed, Preset::Listed));
        if preset == Some(Preset::Listed) {
            return Err(Rejected::Invalid {
                pointer: "/instead".into(),
                detail: format!("{} withholds no list of its power's own: name a preset", old.id),
            });
        }
        let withholds = preset.map_or_else(|| old.proposal.withholds.clone(), Preset::withholds);
        let preset = preset.unwrap_or(old.proposal.preset);
        let is_closed = withholds.contains(&Capability::Ingress);
        let load_balancers = if is_closed { old.proposal.load_balancers } else { Balancers::Kept };
        let scope = scope.unwrap_or_else(|| old.proposal.scope.clone());
        self.check_scope(&scope)?;
        let proposal = Proposal {
            preset,
            withholds,
            throttle: old.proposal.throttle.filter(|_| preset == Preset::Throttle),
            load_balancers,
            scope,
            effective: old.proposal.effective.max(self.context.now),
            why: why.clone(),
            why_not_less: None,
            lifts: old.lifts().clone(),
            ..old.proposal.clone()
        };
        if !is_less(&proposal, &old.proposal) {
            return Err(Rejected::Invalid {
                pointer: "/instead".into(),
                detail: format!(
                    "{} of {} is not less than {} of {}",
                    preset, proposal.scope, old.proposal.preset, old.proposal.scope
                ),
            });
        }
        let terms = self.account.terms_for(&proposal, self.context.book)?;
        let mut guards: Vec<Unmet> = on_order(&self.account, &old).into_iter().collect();
        guards.extend(self.account.power_guards(&proposal, terms));
        if let Some(why) = unsupported(preset, proposal.throttle, &proposal.withholds, proposal.scope.kind())
        {
            guards.push(Unmet::new(Guard::Supported, why, "name another preset, or a larger scope"));
        }
        guards.extend(self.account.ability_guard(&proposal, self.context.book));
        all_met(guards)?;
        let outcome = AppealOutcome::Modified;
        self.emit(Event::AppealDecided { appeal: id.clone(), outcome, by, why })?;
        self.end_measure(&old.id, LiftReason::Modified { appeal: id.clone() })?;
        self.put_in_place(&old, proposal)?;
        self.go_on(id)
    }

    /// A lesser measure goes on where the one before was in effect. What that stopped is given back first, so that a hold on
    /// what runs stands before it like before any stop.
    fn go_on_as(&mut self, measure: MeasureId) -> Result<(), Rejected> {
        let held = self.account.hold_guards(&self.account.measure(&measure)?.proposal);
        if held.is_empty() {
            return self.emit(Event::MeasureApplying { measure });
        }
        self.emit(Event::MeasureApproved { measure: measure.clone() })?;
        self.block(measure, &held)
    }

    /// Brings a lesser measure to where the one that it replaces stood.
    fn put_in_place(&mut self, old: &Measure, proposal: Proposal) -> Result<(), Rejected> {
        let measure = self.account.next(self.account.measures.len(), MeasureId::new);
        let provisional = old.emergency.as_ref().filter(|e| e.ratified.is_none());
        self.emit(Event::MeasureProposed {
            measure: measure.clone(),
            command_hash: command_hash(&measure, &proposal),
            proposal,
            approvals_needed: 0,
            pod_grace_seconds: old.pod_grace_seconds,
            ratify_by: provisional.map(|e| e.ratify_by),
            notice_by: provisional.map(|e| e.notice_by),
            approver_roles: std::collections::BTreeSet::new(),
            replaces: Some(old.id.clone()),
        })?;
        // How long a suspension can last is counted from when it first took effect, under whatever name.
        if let Some(bound) = old.watch.bound.clone() {
            self.emit(Event::MeasureBounded { measure: measure.clone(), bound, appeal: None })?;
        }
        let now = self.context.now;
        let (at, stayed) = match &old.state {
            MeasureState::Applying { .. } | MeasureState::InForce { .. } => {
                return self.go_on_as(measure);
            }
            MeasureState::Scheduled { at } => (Some((*at).max(now)), None),
            MeasureState::Stayed { from: StayedFrom::Scheduled { at }, order, .. } => {
                (Some((*at).max(now)), Some(order.clone()))
            }
            MeasureState::Stayed { order, .. } => (None, Some(order.clone())),
            MeasureState::Approved { .. }
            | MeasureState::Proposed
            | MeasureState::Lifting { .. }
            | MeasureState::Lifted { .. }
            | MeasureState::Withdrawn { .. } => (Some(now), None),
        };
        self.emit(Event::MeasureApproved { measure: measure.clone() })?;
        if let Some(at) = at {
            self.emit(Event::MeasureScheduled { measure: measure.clone(), at })?;
        }
        match stayed {
            Some(order) => self.emit(Event::MeasureStayed { measure, order }),
            None => Ok(()),
        }
    }
}

/// Whether a measure takes less than another: no more in kind and scope, and less in one of them.
fn is_less(new: &Proposal, old: &Proposal) -> bool {
    let place = |p: &Proposal| rung(p.preset, &p.withholds);
    place(new) <= place(old)
        && new.withholds.is_subset(&old.withholds)
        && old.scope.covers(&new.scope)
        && (place(new) < place(old) || new.withholds != old.withholds || new.scope != old.scope)
}

fn independent(measure: &Measure, person: &PersonId, does: &str) -> Option<Unmet> {
    measure.involves(person).then(|| {
        Unmet::new(
            Guard::AnotherPerson,
            format!("{person} took part in {}", measure.id),
            format!("somebody who took no part in the measure {does}"),
        )
    })
}
