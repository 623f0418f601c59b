//! Deadlines that came due. Firing one twice, late or after a crash changes nothing that should happen once.

use super::Draft;
use crate::account::actor::System;
use crate::account::event::Event;
use crate::account::measure::LiftReason;
use crate::account::notice::ServedBy;
use crate::account::timer::TimerKey;
use crate::refusal::Rejected;

impl Draft<'_> {
    pub(super) fn fire(&mut self, key: TimerKey) -> Result<(), Rejected> {
        self.part(System::Timer)?;
        let due = self.account.timers().into_iter().find(|t| t.key == key);
        if due.is_none_or(|t| t.due > self.context.now) {
            return Ok(());
        }
        match key {
            TimerKey::Deemed(notice) => self.serve(&notice, ServedBy::Deemed),
            TimerKey::DeemedTerms(notice) => self.serve_terms(&notice, ServedBy::Deemed),
            TimerKey::Bind(notice) => self.bind_terms(notice),
            TimerKey::Retry(notice) => self.retry(notice),
            TimerKey::Undeliverable(notice) => self.undeliverable(notice),
            TimerKey::Check(case) => self.check_due(case),
            TimerKey::Remind(notice, reminder) => self.emit(Event::NoticeReminded { notice, reminder }),
            TimerKey::Lapse(case) => self.lapse(case),
            TimerKey::Apply(measure) => self.take_effect(&measure),
            TimerKey::Ratification(measure) => self.end_measure(&measure, LiftReason::NotRatified),
            TimerKey::Approval(measure) => self.expire_approvals(&measure),
            TimerKey::ReviewEmergency(measure) => self.emit(Event::EmergencyReviewOverdue { measure }),
            TimerKey::Appeal(appeal) => self.emit(Event::AppealOverdue { appeal }),
            TimerKey::Order(order) => self.emit(Event::OrderMissed { order }),
            TimerKey::Recheck(order) => self.emit(Event::GagRecheckMissed { order }),
            TimerKey::GagEnd(order) => self.emit(Event::GagEnded { order }),
            TimerKey::Expiry(measure) => self.end_measure(&measure, LiftReason::Expired),
            TimerKey::ReviewMeasure(measure) => self.emit(Event::MeasureReviewOverdue { measure }),
            TimerKey::Constructive(measure) => self.raise_constructive(measure),
            TimerKey::ConstructiveEnd(measure) => self.end_constructive(measure),
            TimerKey::RetrievalReminder(measure, number) => self.remind_retrieval(measure, number),
            TimerKey::DeletionLapse(_) => self.lapse_deletion(),
            TimerKey::LapseHostname(hostname) => self.emit(Event::HostnameLapsed { hostname }),
            TimerKey::EnvironmentDeletion(environment) => self.begin_environment_deletion(environment),
        }
    }
}
