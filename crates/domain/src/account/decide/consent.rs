//! Consent to a measure, its denial, and the review that follows an emergency.

use jiff::Timestamp;

use super::consequences::days_from;
use super::measures::same_command;
use super::{Draft, all_met, wrong_state};
use crate::account::event::Event;
use crate::account::guards::{approval_guard, role_guard};
use crate::account::measure::{Approval, Finding, LiftReason, Measure, MeasureState};
use crate::name::{MeasureId, PersonId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::text::Words;

/// For how many days an approval counts while the others are awaited.
const APPROVAL_DAYS: i64 = 1;

/// When an approval ceases to count, unless the last one has come by then.
pub(in crate::account) fn approval_ends(approval: &Approval) -> Timestamp {
    days_from(approval.at, APPROVAL_DAYS)
}

impl Draft<'_> {
    /// Law 6: the n-th of n other people, each for the command as it stands and none for longer than a day.
    pub(super) fn approve(&mut self, id: &MeasureId, command_hash: &str) -> Result<(), Rejected> {
        let by = self.person()?;
        self.expire_approvals(id)?;
        let measure = self.proposed(id, "approved")?;
        let mut guards = self.consent_guards(measure, &by, command_hash);
        if measure.approvals.iter().any(|a| a.by == by) {
            guards.push(Unmet::new(
                Guard::AnotherPerson,
                format!("{by} approved {id} already"),
                "somebody else approves it too",
            ));
        }
        guards.extend(self.account.legal_guards(&measure.proposal));
        all_met(guards)?;
        let effective = measure.proposal.effective;
        let roles = self.context.book.roles_of(&by).cloned().unwrap_or_default();
        let (measure, command_hash) = (id.clone(), command_hash.to_owned());
        self.emit(Event::ApprovalGiven { measure, by, command_hash, roles })?;
        if approval_guard(self.account.measure(id)?).is_none() {
            self.emit(Event::MeasureApproved { measure: id.clone() })?;
            self.emit(Event::MeasureScheduled { measure: id.clone(), at: effective.max(self.context.now) })?;
        }
        Ok(())
    }

    /// One denial ends it: the measure is withdrawn with the reason, and can be proposed anew.
    pub(super) fn deny(&mut self, id: &MeasureId, command_hash: &str, why: Words) -> Result<(), Rejected> {
        let by = self.person()?;
        let measure = self.proposed(id, "denied")?;
        all_met(self.consent_guards(measure, &by, command_hash))?;
        let roles = self.context.book.roles_of(&by).cloned().unwrap_or_default();
        self.emit(Event::ApprovalDenied {
            measure: id.clone(),
            by: by.clone(),
            command_hash: command_hash.to_owned(),
            roles,
            why: why.clone(),
        })?;
        self.end_measure(id, LiftReason::Denied { by, why })
    }

    fn proposed(&self, id: &MeasureId, what: &str) -> Result<&Measure, Rejected> {
        let measure = self.account.measure(id)?;
        if matches!(measure.state, MeasureState::Proposed) {
            return Ok(measure);
        }
        Err(wrong_state(
            format!("{id} is {}", measure.state_name()),
            format!("only a proposed measure is {what}"),
        ))
    }

    fn consent_guards(&self, measure: &Measure, by: &PersonId, command_hash: &str) -> Vec<Unmet> {
        let mut guards = Vec::new();
        if measure.proposed_by.person() == Some(by) {
            guards.push(Unmet::new(
                Guard::AnotherPerson,
                format!("{by} proposed {}", measure.id),
                "somebody else approves or denies it; whoever proposed it can lift it",
            ));
        }
        guards.extend(role_guard(measure, by, self.context.book.roles_of(by)));
        guards.extend(self.account.reviewer_guard(measure, by));
        guards.extend(same_command(&measure.id, &measure.command_hash, command_hash));
        guards
    }

    /// Takes back the approvals that have waited for the others for too long.
    pub(super) fn expire_approvals(&mut self, id: &MeasureId) -> Result<(), Rejected> {
        let measure = self.account.measure(id)?;
        if !measure.awaits_approval() {
            return Ok(());
        }
        let now = self.context.now;
        let expired: Vec<PersonId> =
            measure.approvals.iter().filter(|a| approval_ends(a) <= now).map(|a| a.by.clone()).collect();
        for by in expired {
            self.emit(Event::ApprovalExpired { measure: id.clone(), by })?;
        }
        Ok(())
    }

    /// Law 5: what happened in an emergency, and whether it was right, is said by someone who took no part in it.
    pub(super) fn review_emergency(
        &mut self,
        id: &MeasureId,
        finding: Finding,
        account: Words,
    ) -> Result<(), Rejected> {
        let by = self.person()?;
        let measure = self.account.measure(id)?;
        let Some(review) = measure.review() else {
            let detail =
                if measure.emergency.is_some() { "is provisional still" } else { "is no emergency measure" };
            return Err(wrong_state(
                format!("{id} {detail}"),
                "an emergency measure is reviewed when it was ratified, lifted or has lapsed",
            ));
        };
        if review.done.is_some() {
            return Err(wrong_state(format!("{id} is reviewed"), "nothing: it is done"));
        }
        if measure.involves(&by) {
            return Err(Unmet::new(
                Guard::AnotherPerson,
                format!("{by} took part in {id}"),
                "somebody who took no part in the measure reviews it",
            )
            .into());
        }
        let applied_by = review.applied_by.clone();
        self.emit(Event::EmergencyReviewed { measure: id.clone(), applied_by, by, finding, account })
    }
}
