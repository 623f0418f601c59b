//! The end of an account: the time to fetch its data, the reminders, and the deletion by quorum.

use sha2::{Digest, Sha256};

use super::{Draft, all_met, not_by, wrong_state};
use crate::account::Command;
use crate::account::actor::{Actor, System};
use crate::account::closing::{Deletion, Lifecycle, QUORUM_LEAST};
use crate::account::deletion::quorum_guard;
use crate::account::erasure::Included;
use crate::account::event::Event;
use crate::account::notice::NoticeKind;
use crate::name::{MeasureId, NoticeId};
use crate::period::Period;
use crate::refusal::{Guard, Rejected, Unmet};
use crate::terms::Process;
use crate::text::{Blob, Words};

impl Draft<'_> {
    /// What is over changes no more: reading, receiving, appealing and what follows from these goes on.
    pub(super) fn still_open(&self, command: &Command) -> Result<(), Rejected> {
        use Command as C;
        let goes_on = matches!(
            command,
            C::RecordAttempt { .. }
                | C::RecordFailure { .. }
                | C::IssueCalled { .. }
                | C::ReadNotice { .. }
                | C::RecordTermsAttempt { .. }
                | C::RecordCheck { .. }
                | C::AcknowledgeNotice { .. }
                | C::FileAppeal { .. }
                | C::AssignAppeal { .. }
                | C::DecideAppeal { .. }
                | C::ReviewEmergency { .. }
                | C::AcknowledgeEnforcement { .. }
                | C::AcknowledgeByWebhook { .. }
                | C::ReviewMeasure { .. }
                | C::ConfirmInForce { .. }
                | C::ConfirmRestored { .. }
                | C::RecordRepairs { .. }
                | C::RecordOrder { .. }
                | C::RecordTimedOrder { .. }
                | C::RecordGag { .. }
                | C::RenewGag { .. }
                | C::DecideConflict { .. }
                | C::VacateOrder { .. }
                | C::PlaceHold { .. }
                | C::ReleaseHold { .. }
                | C::CatchUp
                | C::Fire(_)
        );
        match &self.account.lifecycle {
            Lifecycle::Closed { at, .. } if !goes_on => Err(wrong_state(
                format!("{} is closed since {at}", self.account.id),
                "nothing: it is over; what it was can be read",
            )),
            _ => Ok(()),
        }
    }

    /// A termination took effect: the account is closing, and what was promised for that is put on the record.
    pub(super) fn begin_closing(&mut self, id: &MeasureId) -> Result<(), Rejected> {
        let measure = self.account.measure(id)?;
        if !measure.terminates() || !self.account.lifecycle.is_active() {
            return Ok(());
        }
        let terms = self.account.terms_for(&measure.proposal, self.context.book)?;
        let power = measure.proposal.power.as_ref().and_then(|power| terms.power(power));
        let approvals = match power.map(|p| &p.process) {
            Some(Process::Noticed { approvals, .. }) => *approvals,
            Some(Process::Emergency { .. }) | None => 0,
        };
        let retrieval = power.and_then(|p| p.retrieval);
        let excepted = power.is_some_and(|p| terms.floors.retrieval_except.contains(&p.id));
        let floor = if excepted { retrieval } else { Some(terms.floors.retrieval) };
        let quorum = approvals.max(QUORUM_LEAST);
        self.emit(Event::AccountClosing { measure: id.clone(), retrieval, floor, quorum })
    }

    /// Law 10: an account whose termination ends goes on, or closes by another that stands.
    pub(super) fn reopen(&mut self, id: &MeasureId) -> Result<(), Rejected> {
        if self.account.lifecycle.closing().is_none_or(|c| &c.measure != id) {
            return Ok(());
        }
        self.emit(Event::AccountReopened { measure: id.clone() })?;
        let other =
            self.account.effective_measures().find(|m| m.terminates() && &m.id != id).map(|m| m.id.clone());
        other.map_or(Ok(()), |other| self.begin_closing(&other))
    }

    /// Issues the notice with this number where it is due and not issued yet.
    pub(super) fn issue_retrieval_notice(
        &mut self,
        measure: MeasureId,
        number: u8,
        why: Words,
        letter: Blob,
    ) -> Result<(), Rejected> {
        self.part(System::Delivery)?;
        let Some(case) = self.account.measure(&measure)?.proposal.case.clone() else { return Ok(()) };
        let Some(closing) = self.account.lifecycle.closing().filter(|c| c.measure == measure) else {
            return Ok(());
        };
        if closing.notice(number).is_some() || usize::from(number) > closing.reminders.len() {
            return Ok(());
        }
        self.issue_about(case, NoticeKind::Retrieval { measure, number }, why, letter)
    }

    /// The time to fetch the data runs from the service of the notice, for as long as the power promises and never less
    /// than the floor. Where the calendar knows no end there is none, and nothing will be deleted.
    pub(super) fn start_retrieval(&mut self, id: &NoticeId) -> Result<(), Rejected> {
        let NoticeKind::Retrieval { number: 0, .. } = self.account.notice(id)?.kind else { return Ok(()) };
        let Some(closing) = self.account.lifecycle.closing().filter(|c| c.notice.as_ref() == Some(id)) else {
            return Ok(());
        };
        let terms =
            self.account.terms_for(&self.account.measure(&closing.measure)?.proposal, self.context.book)?;
        let end = |period: Option<Period>| terms.calendar.deadline(self.context.now, &period?).ok();
        let (Some(promised), Some(floor)) = (end(closing.retrieval), end(closing.floor)) else {
            return Ok(());
        };
        let ends = if floor.at > promised.at { floor } else { promised };
        self.emit(Event::RetrievalStarted { notice: id.clone(), ends })
    }

    pub(super) fn remind_retrieval(&mut self, measure: MeasureId, number: u8) -> Result<(), Rejected> {
        self.emit(Event::RetrievalReminderDue { measure, number })
    }

    pub(super) fn propose_deletion(&mut self, why: Words, including: Vec<Included>) -> Result<(), Rejected> {
        let by = self.person()?;
        self.check_included(&including, None)?;
        let mut guards = self.account.why_not_deleted(self.context)?;
        let Some(closing) = self.account.lifecycle.closing() else { return all_met(guards) };
        if let Some(deletion) = &closing.deletion {
            return Err(wrong_state(
                format!("{} proposed it at {}", deletion.proposed_by, deletion.proposed_at),
                "consent to that, or deny it",
            ));
        }
        if !guards.is_empty() {
            guards.extend(quorum_guard(closing, 0));
        }
        all_met(guards)?;
        let measure = closing.measure.clone();
        let mut command = serde_json::json!({
            "account": self.account.id, "delete": measure, "proposedBy": by, "proposedAt": self.context.now, "why": why,
        });
        if !including.is_empty() {
            command["including"] = serde_json::json!(including);
        }
        // Canonicalization fails on non-finite numbers only, and this holds none.
        let bytes = serde_json_canonicalizer::to_vec(&command).unwrap_or_default();
        let command_hash = hex::encode(Sha256::digest(&bytes));
        self.emit(Event::DeletionProposed { measure, command_hash, why, including })
    }

    pub(super) fn asked_deletion(&self, hash: &str) -> Result<&Deletion, Rejected> {
        let Some(deletion) = self.account.lifecycle.closing().and_then(|c| c.deletion.as_ref()) else {
            return Err(wrong_state(
                format!("no deletion of {} is proposed", self.account.id),
                "somebody proposes one first",
            ));
        };
        if deletion.command_hash == hash {
            return Ok(deletion);
        }
        Err(Unmet::new(
            Guard::SameCommand,
            format!("the deletion stands at {}; this is for {hash}", deletion.command_hash),
            "read the account's standing again, and answer to its present commandHash",
        )
        .into())
    }

    /// Law 7: everything is judged again with each consent, and once more for the permit.
    pub(super) fn consent_to_deletion(&mut self, command_hash: &str) -> Result<(), Rejected> {
        let by = self.person()?;
        let deletion = self.asked_deletion(command_hash)?;
        if deletion.approved {
            return Err(wrong_state("the deletion has its quorum", "nothing: it is decided"));
        }
        let mut guards = self.account.why_not_deleted(self.context)?;
        let twice = deletion.consents.iter().any(|a| a.by == by);
        if deletion.proposed_by.person() == Some(&by) || twice {
            let did = if twice { "consented already" } else { "proposed it" };
            guards.push(Unmet::new(Guard::AnotherPerson, format!("{by} {did}"), "somebody else consents"));
        }
        all_met(guards)?;
        let command_hash = command_hash.to_owned();
        self.emit(Event::DeletionConsented { by, command_hash: command_hash.clone() })?;
        let enough = self
            .account
            .lifecycle
            .closing()
            .is_some_and(|c| quorum_guard(c, c.valid_consents().len()).is_none());
        if enough { self.emit(Event::DeletionApproved { command_hash }) } else { Ok(()) }
    }

    /// One person's no ends it, also after the quorum and before it is carried out.
    pub(super) fn deny_deletion(&mut self, command_hash: &str, why: Words) -> Result<(), Rejected> {
        match self.context.actor {
            Actor::Person(_) | Actor::System(System::Eraser) => {}
            other => return Err(not_by(other, "a person of the provider does this")),
        }
        self.asked_deletion(command_hash)?;
        self.emit(Event::DeletionEnded { command_hash: command_hash.to_owned(), denied: Some(why) })
    }

    pub(super) fn lapse_deletion(&mut self) -> Result<(), Rejected> {
        let hash =
            self.account.lifecycle.closing().and_then(|c| Some(c.deletion.as_ref()?.command_hash.clone()));
        match hash {
            Some(command_hash) => self.emit(Event::DeletionEnded { command_hash, denied: None }),
            None => Ok(()),
        }
    }

    /// Law 13: closed is what was observed. An environment of which nothing was confirmed may still be there.
    pub(super) fn confirm_deletion(&mut self, certificate: Blob) -> Result<(), Rejected> {
        self.part(System::Eraser)?;
        let measure = self.account.deletion_permit(self.context)?.measure().clone();
        if let Some(left) = self.account.environments.keys().next() {
            return Err(wrong_state(
                format!("nothing confirms that the environment {left} is deleted"),
                "it is observed to be gone",
            ));
        }
        self.emit(Event::AccountClosed { measure, certificate })
    }
}
