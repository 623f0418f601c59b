//! Notices: issuing, attempting, serving.

use super::{Draft, wrong_state};
use crate::account::actor::System;
use crate::account::command::Starts;
use crate::account::event::{Asked, Event};
use crate::account::notice::{NoticeKind, NoticeState, ServedBy};
use crate::name::{CaseId, NoticeId, PowerId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::terms::{Channel, Process};
use crate::text::{Blob, Words};

/// The most items of one case.
const MOST_ITEMS: usize = 200;

/// The longest proof of a delivery, in bytes.
pub(super) const PROOF_MAX: usize = 512;

impl Draft<'_> {
    pub(super) fn issue_notice(
        &mut self,
        case: CaseId,
        starts: Starts,
        power: PowerId,
        why: Words,
        letter: Blob,
        items: Vec<Asked>,
    ) -> Result<(), Rejected> {
        self.person_or_rule()?;
        let found = self.account.case(&case)?;
        let terms = self.account.terms_of(found, self.context.book)?;
        if found.is_closed() {
            return Err(wrong_state(format!("{case} is closed"), "open a new case"));
        }
        if let Some(disputed) = self.account.dispute_guard(&case) {
            return Err(disputed.into());
        }
        let Some(granted) = terms.power(&power).filter(|p| p.grounds.contains(&found.ground)) else {
            let have: Vec<&str> = terms
                .powers
                .iter()
                .filter(|p| p.grounds.contains(&found.ground))
                .map(|p| p.id.as_str())
                .collect();
            return Err(Unmet::new(
                Guard::PowerInAcceptedTerms,
                format!(
                    "the terms {} grant no power {power} on the ground {}",
                    self.account.governing(found),
                    found.ground
                ),
                format!("use one of: {}", have.join(", ")),
            )
            .into());
        };
        let Process::Noticed { notice: notice_period, cure: cure_period, .. } = &granted.process else {
            return Err(Unmet::new(
                Guard::PowerPermits,
                format!("power {power} is an emergency power: it has no notice to serve before"),
                "apply the emergency measure; its notice is issued with it",
            )
            .into());
        };
        for (starts_it, period) in
            [(starts != Starts::Notice, cure_period), (starts != Starts::Cure, notice_period)]
        {
            if starts_it && let Err(error) = terms.calendar.deadline(self.context.now, period) {
                return Err(calendar_unknown(&error));
            }
        }
        if items.is_empty() && starts != Starts::Notice && found.items.is_empty() {
            return Err(Rejected::Invalid {
                pointer: "/items".into(),
                detail: "a violation notice says what has to be done: name at least one item".into(),
            });
        }
        if found.items.len() + items.len() > MOST_ITEMS {
            return Err(Rejected::Invalid {
                pointer: "/items".into(),
                detail: format!("at most {MOST_ITEMS} items in one case"),
            });
        }
        for (n, asked) in items.iter().enumerate() {
            if found.item(&asked.id).is_some() || items[..n].iter().any(|i| i.id == asked.id) {
                return Err(Rejected::Invalid {
                    pointer: format!("/items/{n}/id"),
                    detail: format!("{:?} names another item of {case}", asked.id.as_str()),
                });
            }
            self.payable(asked.invoice.as_ref(), found)?;
        }
        let kind = match starts {
            Starts::Cure => NoticeKind::Violation { power },
            Starts::Notice => NoticeKind::Intent { power },
            Starts::Both => NoticeKind::ViolationAndIntent { power },
        };
        let notice = self.account.next(self.account.notices.len(), NoticeId::new);
        let of = case.clone();
        self.emit(Event::NoticeIssued { notice, case, kind, letter, why, items })?;
        self.settle_dispute(&of)
    }

    /// A notice about a measure, issued by what happens to it and starting no clock.
    pub(super) fn issue_about(
        &mut self,
        case: CaseId,
        kind: NoticeKind,
        why: Words,
        letter: Blob,
    ) -> Result<(), Rejected> {
        let notice = self.account.next(self.account.notices.len(), NoticeId::new);
        self.emit(Event::NoticeIssued { notice, case, kind, letter, why, items: Vec::new() })
    }

    pub(super) fn record_attempt(
        &mut self,
        id: NoticeId,
        channel: Channel,
        mut proof: String,
    ) -> Result<(), Rejected> {
        self.part(System::Delivery)?;
        let notice = self.account.notice(&id)?;
        let case = self.account.case(&notice.case)?;
        let terms = self.account.terms_of(case, self.context.book)?;
        if !terms.service.channels.contains(&channel) {
            return Err(Unmet::new(
                Guard::PowerPermits,
                format!("{} do not name {channel} as a channel of service", self.account.governing(case)),
                "deliver on a channel that the terms name",
            )
            .into());
        }
        if notice.attempts.iter().any(|a| a.channel == channel) {
            return Ok(());
        }
        while proof.len() > PROOF_MAX {
            proof.pop();
        }
        // Days that the calendar does not know give no deadline: the notice then never counts as served by itself.
        let deemed = match (&terms.service.deemed_after, &notice.deemed) {
            (Some(after), None) => terms.calendar.deadline(self.context.now, after).ok(),
            (None, _) | (_, Some(_)) => None,
        };
        self.emit(Event::NoticeAttempted { notice: id, channel, proof, deemed })
    }

    pub(super) fn acknowledge(&mut self, id: &NoticeId) -> Result<(), Rejected> {
        let member = self.of_account()?.clone();
        self.serve(id, ServedBy::Acknowledged { member })
    }

    /// Starts the clocks of a notice; does nothing where they have started. Service is a fact and never refused: a
    /// clock whose end the calendar does not know is not started, so that no measure can rest on it.
    pub(super) fn serve(&mut self, id: &NoticeId, by: ServedBy) -> Result<(), Rejected> {
        let notice = self.account.notice(id)?;
        let terms = self.account.terms_of(self.account.case(&notice.case)?, self.context.book)?.clone();
        if !matches!(notice.state, NoticeState::Issued) {
            return Ok(());
        }
        let period = |power: Option<&PowerId>, cure: bool| {
            let process = power.and_then(|p| terms.power(p)).map(|p| &p.process);
            match process {
                Some(Process::Noticed { cure: period, .. }) if cure => Some(*period),
                Some(Process::Noticed { notice: period, .. }) => Some(*period),
                Some(Process::Emergency { .. }) | None => None,
            }
        };
        let deadline = |period: Option<crate::period::Period>| {
            period.and_then(|p| terms.calendar.deadline(self.context.now, &p).ok())
        };
        let notice_ends = deadline(period(notice.kind.starts_notice(), false));
        let cure_ends = deadline(period(notice.kind.starts_cure(), true));
        self.emit(Event::NoticeServed { notice: id.clone(), by, notice_ends, cure_ends })
    }
}

fn calendar_unknown(error: &crate::calendar::CalendarError) -> Rejected {
    Unmet::new(
        Guard::CalendarKnown,
        error.to_string(),
        "publish terms whose calendar knows these days, and have the account accept them",
    )
    .into()
}
