//! Folding what is watched of standing measures, and the end of an account.

use std::collections::BTreeSet;

use super::super::Account;
use super::super::closing::{Closing, Deletion, Lifecycle, Reminder, Retrieve};
use super::super::event::{Event, Recorded};
use super::super::measure::Approval;
use super::super::notice::NoticeKind;
use super::super::watch::Acknowledgement;
use super::FoldError;
use crate::name::NoticeId;

impl Account {
    pub(super) fn fold_watch(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let at = recorded.at;
        match &recorded.event {
            Event::MeasureBounded { appeal: Some(appeal), bound, .. } => {
                self.appeal_mut(appeal)?.decide_by = Some(bound.at);
            }
            Event::MeasureBounded { measure, bound, appeal: None } => {
                self.measure_mut(measure)?.watch.bound = Some(bound.clone());
            }
            Event::MeasureObserved { measure, receipt } => {
                self.measure_mut(measure)?.watch.observed = Some(receipt.clone());
            }
            Event::EnforcerAcknowledged { measure, capability, by, withheld, .. } => {
                let acknowledged = &mut self.measure_mut(measure)?.watch.acknowledged;
                if *withheld {
                    acknowledged.insert(*capability, Acknowledgement { by: by.clone(), at });
                } else {
                    acknowledged.remove(capability);
                }
            }
            Event::MeasureConditionsSet { measure, lifts, .. } => {
                let watch = &mut self.measure_mut(measure)?.watch;
                watch.lifts = Some(lifts.clone());
                watch.constructive = None;
            }
            Event::MeasureReviewOverdue { measure } => {
                self.measure_mut(measure)?.watch.review_overdue = Some(at);
            }
            Event::MeasureReviewed { measure, by, .. } => {
                let measure = self.measure_mut(measure)?;
                measure.watch.reviewed = Some(at);
                measure.watch.review_overdue = None;
                // Whoever said that it stands has a part in it, and cannot decide an appeal of it.
                measure.took_part.insert(by.clone());
            }
            Event::MeasureConstructiveTermination { measure, lifts_at } => {
                self.measure_mut(measure)?.watch.constructive = Some(*lifts_at);
            }
            _ => {}
        }
        Ok(())
    }

    pub(in crate::account) fn closing(&mut self) -> Result<&mut Closing, FoldError> {
        let unknown = self.unknown(&"a termination in effect");
        self.lifecycle.closing_mut().ok_or(unknown)
    }

    pub(super) fn fold_closing(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let at = recorded.at;
        match &recorded.event {
            Event::AccountClosing { measure, retrieval, floor, quorum } => {
                self.measure_mut(measure)?;
                self.lifecycle = Lifecycle::Closing(Box::new(Closing {
                    measure: measure.clone(),
                    since: at,
                    retrieval: *retrieval,
                    floor: *floor,
                    quorum: *quorum,
                    notice: None,
                    retrieve: None,
                    reminders: Vec::new(),
                    deletion: None,
                }));
            }
            Event::AccountReopened { .. } => self.lifecycle = Lifecycle::Active,
            Event::RetrievalStarted { ends, .. } => {
                self.closing()?.retrieve = Some(Retrieve { from: at, ends: ends.clone() });
            }
            Event::RetrievalReminderDue { .. } => {
                self.closing()?.reminders.push(Reminder { due_at: at, notice: None });
            }
            Event::DeletionProposed { command_hash, why, including, .. } => {
                let deletion = Deletion {
                    proposed_by: recorded.actor.clone(),
                    proposed_at: at,
                    why: why.clone(),
                    command_hash: command_hash.clone(),
                    consents: Vec::new(),
                    approved: false,
                    including: including.clone(),
                    begun: None,
                };
                self.closing()?.deletion = Some(deletion);
            }
            Event::DeletionConsented { by, command_hash } => {
                let (by, command_hash) = (by.clone(), command_hash.clone());
                let consent = Approval { by, at, command_hash, roles: BTreeSet::new() };
                if let Some(deletion) = &mut self.closing()?.deletion {
                    deletion.consents.push(consent);
                }
            }
            Event::DeletionApproved { .. } => {
                if let Some(deletion) = &mut self.closing()?.deletion {
                    deletion.approved = true;
                }
            }
            Event::DeletionEnded { .. } => self.closing()?.deletion = None,
            Event::AccountClosed { measure, certificate } => {
                self.lifecycle =
                    Lifecycle::Closed { at, measure: measure.clone(), certificate: certificate.clone() };
            }
            _ => {}
        }
        Ok(())
    }

    /// A notice of the retrieval period is found again by its number.
    pub(super) fn note_retrieval(&mut self, kind: &NoticeKind, notice: &NoticeId) {
        let NoticeKind::Retrieval { number, .. } = kind else { return };
        let Some(closing) = self.lifecycle.closing_mut() else { return };
        match number.checked_sub(1).map(usize::from) {
            None => closing.notice = Some(notice.clone()),
            Some(reminder) => {
                if let Some(reminder) = closing.reminders.get_mut(reminder) {
                    reminder.notice = Some(notice.clone());
                }
            }
        }
    }
}
