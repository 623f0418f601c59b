//! Which event calls for which notice: what happens to an account is told to it by a notice of its own, with its own
//! statement, letter and proofs of delivery.

use super::Account;
use super::event::{Event, Recorded};
use super::measure::{LiftReason, MeasureState};
use super::notice::NoticeKind;
use crate::capability::Preset;
use crate::name::CaseId;
use crate::refusal::Rejected;
use crate::text::Words;

impl Account {
    /// The notice that an event calls for; none where it calls for none. `self` is the account with the event folded
    /// in, and may be older or newer than that otherwise.
    pub fn called_for(&self, recorded: &Recorded) -> Option<NoticeKind> {
        match &recorded.event {
            Event::MeasureApplying { measure } => {
                let found = self.measure(measure).ok()?;
                let measure = measure.clone();
                // An emergency measure comes with its notice; brought back after a stay, it is told like any other.
                if found.emergency.is_some() && found.took_effect == Some(recorded.at) {
                    return None;
                }
                Some(if found.proposal.preset == Preset::Terminate {
                    NoticeKind::Termination { measure }
                } else {
                    NoticeKind::Suspension { measure }
                })
            }
            Event::MeasureLifted { measure, .. } | Event::MeasureWithdrawn { measure, .. } => {
                Some(NoticeKind::Lift { measure: measure.clone() })
            }
            Event::AppealDecided { appeal, .. } => Some(NoticeKind::AppealOutcome { appeal: appeal.clone() }),
            _ => None,
        }
    }

    /// The case of a notice that something calls for, and the words why, where somebody said some.
    pub fn called_in(&self, kind: &NoticeKind) -> Result<(CaseId, Words), Rejected> {
        if let Some(id) = kind.measure() {
            let measure = self.measure(id)?;
            let said = match &measure.state {
                MeasureState::Lifting { reason, .. }
                | MeasureState::Lifted { reason, .. }
                | MeasureState::Withdrawn { reason, .. } => reason_words(reason),
                _ => None,
            };
            let lifts = matches!(kind, NoticeKind::Lift { .. });
            let why = said.filter(|_| lifts).unwrap_or(&measure.proposal.why);
            return Ok((measure.proposal.case.clone(), why.clone()));
        }
        match kind {
            NoticeKind::AppealOutcome { appeal } => {
                let appeal = self.appeal(appeal)?;
                let case = self.measure(&appeal.measure)?.proposal.case.clone();
                let why = appeal.decided.as_ref().map_or(&appeal.grounds, |d| &d.why);
                Ok((case, why.clone()))
            }
            NoticeKind::Extension { notice } => {
                let notice = self.notice(notice)?;
                Ok((notice.case.clone(), notice.why.clone()))
            }
            other => Err(Rejected::not_found("event that calls for the", other.title())),
        }
    }

    /// Whether the words of [`called_in`](Self::called_in) were said about just this: those of a proposal say nothing
    /// about its end.
    pub fn is_explained(&self, kind: &NoticeKind) -> bool {
        let NoticeKind::Lift { measure } = kind else {
            return !matches!(kind, NoticeKind::Extension { .. });
        };
        self.measure(measure).is_ok_and(|m| match &m.state {
            MeasureState::Lifting { reason, .. }
            | MeasureState::Lifted { reason, .. }
            | MeasureState::Withdrawn { reason, .. } => reason_words(reason).is_some(),
            _ => false,
        })
    }
}

fn reason_words(reason: &LiftReason) -> Option<&Words> {
    match reason {
        LiftReason::Decision { why, .. } => Some(why),
        _ => None,
    }
}
