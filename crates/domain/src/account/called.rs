//! Which event calls for which notice: what happens to an account is told to it by a notice of its own, with its own
//! statement, letter and proofs of delivery.
//!
//! What rests on an order, or on the account's own wish, calls for none: the order's reasons are those of whoever gave it
//! (its removal brings a letter of its own), and nobody tells an account what it asked for. Nor does anything that decides
//! nothing against the account: new terms have notices of their own kind, the time to fetch data has its own.

use super::Account;
use super::event::{Event, Recorded};
use super::measure::{LiftReason, Measure, MeasureState};
use super::notice::NoticeKind;
use crate::capability::Preset;
use crate::name::{CaseId, MeasureId};
use crate::refusal::Rejected;
use crate::text::Words;

impl Account {
    /// The notice that an event calls for; none where it calls for none. `self` is the account with the event folded
    /// in, and may be older or newer than that otherwise.
    pub fn called_for(&self, recorded: &Recorded) -> Option<NoticeKind> {
        match &recorded.event {
            Event::MeasureApplying { measure } => {
                let found = self.decided(measure)?;
                let measure = measure.clone();
                // An emergency measure comes with its notice; brought back after a stay, or put in the place of another
                // by an appeal, it is told like any other.
                let first = found.took_effect == Some(recorded.at) && found.replaces.is_none();
                if found.emergency.is_some() && first {
                    return None;
                }
                Some(if found.proposal.preset == Preset::Terminate {
                    NoticeKind::Termination { measure }
                } else {
                    NoticeKind::Suspension { measure }
                })
            }
            Event::MeasureLifted { measure, .. } | Event::MeasureWithdrawn { measure, .. } => {
                self.decided(measure).map(|_| NoticeKind::Lift { measure: measure.clone() })
            }
            Event::AppealDecided { appeal, .. } => {
                self.decided(&self.appeal(appeal).ok()?.measure)?;
                Some(NoticeKind::AppealOutcome { appeal: appeal.clone() })
            }
            Event::NoticeExtended { notice, .. } => Some(NoticeKind::Extension { notice: notice.clone() }),
            _ => None,
        }
    }

    /// The measure, where the provider decided on it under a power.
    fn decided(&self, id: &MeasureId) -> Option<&Measure> {
        self.measure(id).ok().filter(|m| m.proposal.basis.is_power() && m.proposal.case.is_some())
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
            return Ok((case_of(measure)?, why.clone()));
        }
        match kind {
            NoticeKind::AppealOutcome { appeal } => {
                let appeal = self.appeal(appeal)?;
                let case = case_of(self.measure(&appeal.measure)?)?;
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

fn case_of(measure: &Measure) -> Result<CaseId, Rejected> {
    measure.proposal.case.clone().ok_or_else(|| Rejected::not_found("case of", &measure.id))
}

fn reason_words(reason: &LiftReason) -> Option<&Words> {
    match reason {
        LiftReason::Decision { why, .. } | LiftReason::Denied { why, .. } => Some(why),
        _ => None,
    }
}
