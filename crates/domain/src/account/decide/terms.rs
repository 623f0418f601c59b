//! New versions of the terms: telling the account, serving that, accepting, binding.

use super::notices::PROOF_MAX;
use super::{Draft, wrong_state};
use crate::account::actor::System;
use crate::account::change::TermsNoticeState;
use crate::account::event::Event;
use crate::account::notice::ServedBy;
use crate::name::TermsNoticeId;
use crate::refusal::{Guard, Rejected, Unmet};
use crate::terms::{Channel, TermsRef};
use crate::text::{Blob, Words};

impl Draft<'_> {
    /// Law 1: publishing binds nobody. Each account is told for itself.
    pub(super) fn notify_terms(&mut self, terms: TermsRef, why: Words, letter: Blob) -> Result<(), Rejected> {
        self.person()?;
        if self.context.book.get(&terms).is_none() {
            return Err(Unmet::new(
                Guard::Known,
                format!("{terms} is not published"),
                "publish these terms first",
            )
            .into());
        }
        if terms == self.account.terms {
            return Err(wrong_state(format!("{terms} governs the account"), "nothing: it binds already"));
        }
        if let Some(pending) = self.account.terms_notices.iter().find(|n| n.terms == terms && n.is_pending())
        {
            return Err(wrong_state(
                format!("{} told the account of {terms}", pending.id),
                format!("go on with {}", pending.id),
            ));
        }
        let notice = self.account.next(self.account.terms_notices.len(), TermsNoticeId::new);
        self.emit(Event::TermsNotified { notice, terms, why, letter })
    }

    pub(super) fn record_terms_attempt(
        &mut self,
        id: TermsNoticeId,
        channel: Channel,
        mut proof: String,
    ) -> Result<(), Rejected> {
        self.part(System::Delivery)?;
        let terms = self.account.accepted(self.context.book)?;
        let notice = self.account.terms_notice(&id)?;
        if notice.attempts.iter().any(|a| a.channel == channel) {
            return Ok(());
        }
        if !terms.service.channels.contains(&channel) {
            return Err(Unmet::new(
                Guard::PowerPermits,
                format!("{} do not name {channel} as a channel of service", self.account.terms),
                "deliver on a channel that the terms name",
            )
            .into());
        }
        while proof.len() > PROOF_MAX {
            proof.pop();
        }
        let deemed = match (&terms.service.deemed_after, &notice.deemed) {
            (Some(after), None) => terms.calendar.deadline(self.context.now, after).ok(),
            (None, _) | (_, Some(_)) => None,
        };
        self.emit(Event::TermsAttempted { notice: id, channel, proof, deemed })
    }

    pub(super) fn acknowledge_terms(&mut self, id: &TermsNoticeId) -> Result<(), Rejected> {
        let member = self.of_account()?.clone();
        self.serve_terms(id, ServedBy::Acknowledged { member })
    }

    /// Starts the period of the accepted terms. Where they promise none, where their calendar does not know its end, or
    /// where it is another agreement, the version binds by acceptance only.
    pub(super) fn serve_terms(&mut self, id: &TermsNoticeId, by: ServedBy) -> Result<(), Rejected> {
        let accepted = self.account.accepted(self.context.book)?;
        let notice = self.account.terms_notice(id)?;
        if !matches!(notice.state, TermsNoticeState::Issued) {
            return Ok(());
        }
        let binds = accepted
            .changes
            .filter(|_| notice.terms.id == self.account.terms.id)
            .and_then(|changes| accepted.calendar.deadline(self.context.now, &changes.notice).ok());
        self.emit(Event::TermsServed { notice: id.clone(), by, binds })
    }

    /// A member may accept before the period ends, and only what the account was told of.
    pub(super) fn accept_terms(&mut self, id: &TermsNoticeId, hash: &str) -> Result<(), Rejected> {
        self.of_account()?;
        let notice = self.account.terms_notice(id)?;
        if !notice.is_pending() {
            return Err(wrong_state(
                format!("{id} is {}", notice.state_name()),
                "nothing: what binds now is in the account",
            ));
        }
        if notice.terms.hash != hash {
            return Err(Unmet::new(
                Guard::SameCommand,
                format!(
                    "{id} is about {} with the hash {}; the consent is for {hash}",
                    notice.terms, notice.terms.hash
                ),
                "read the terms again, and consent to exactly that text",
            )
            .into());
        }
        self.emit(Event::TermsAccepted { notice: id.clone() })
    }

    /// The period of a notice has run.
    pub(super) fn bind_terms(&mut self, id: TermsNoticeId) -> Result<(), Rejected> {
        self.emit(Event::TermsBound { notice: id })
    }
}
