//! Notices: issuing, attempting, serving.

use std::collections::BTreeSet;

use super::clocks::calendar_unknown;
use super::{Draft, all_met, not_by, wrong_state};
use crate::account::actor::{Actor, System};
use crate::account::command::Starts;
use crate::account::event::{Asked, Event};
use crate::account::notice::{NoticeKind, ServedBy};
use crate::name::{CaseId, NoticeId, PowerId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::statement::{self, Reasons, Source, Statement, Subject, lint};
use crate::terms::{Channel, Process};
use crate::text::{Blob, Words};

/// The most items of one case.
const MOST_ITEMS: usize = 200;

/// The longest proof of a delivery, in bytes.
pub(super) const PROOF_MAX: usize = 512;

impl Draft<'_> {
    pub(super) fn issue_notice(
        &mut self,
        case: &CaseId,
        starts: Starts,
        power: &PowerId,
        why: Words,
        items: Vec<Asked>,
        reasons: Reasons,
    ) -> Result<(), Rejected> {
        self.person_or_rule()?;
        let found = self.account.case(case)?;
        // Law 12: what follows from a violation is for people to decide, and so is another's case.
        if matches!(self.context.actor, Actor::Rule(_))
            && (starts != Starts::Cure || &found.opened_by != self.context.actor)
        {
            return Err(not_by(
                self.context.actor,
                "a rule tells of a violation in the case that it opened; a person says more",
            ));
        }
        let terms = self.account.terms_of(found, self.context.book)?;
        if found.is_closed() {
            return Err(wrong_state(format!("{case} is closed"), "open a new case"));
        }
        if let Some(disputed) = self.account.dispute_guard(case) {
            return Err(disputed.into());
        }
        if let Some(order) = &found.order {
            let detail = format!("{case} carries out {}", self.account.in_words(order));
            return Err(wrong_state(detail, "open a case of its own"));
        }
        let kind = match starts {
            Starts::Cure => NoticeKind::Violation { power: power.clone() },
            Starts::Notice => NoticeKind::Intent { power: power.clone() },
            Starts::Both => NoticeKind::ViolationAndIntent { power: power.clone() },
        };
        let Some(granted) = terms.power(power).filter(|p| p.grounds.contains(&found.ground)) else {
            let have: Vec<&str> = terms
                .powers
                .iter()
                .filter(|p| p.grounds.contains(&found.ground))
                .map(|p| p.id.as_str())
                .collect();
            let unmet = Unmet::new(
                Guard::PowerInAcceptedTerms,
                format!(
                    "the terms {} grant no power {power} on the ground {}",
                    self.account.governing(found),
                    found.ground
                ),
                format!("use one of: {}", have.join(", ")),
            );
            return self.refuse_with(unmet, &kind, case, &reasons);
        };
        let Process::Noticed { notice: notice_period, cure: cure_period, .. } = &granted.process else {
            let unmet = Unmet::new(
                Guard::PowerPermits,
                format!("power {power} is an emergency power: it has no notice to serve before"),
                "apply the emergency measure; its notice is issued with it",
            );
            return self.refuse_with(unmet, &kind, case, &reasons);
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
        self.issue(case.clone(), kind, why, items, reasons, None)?;
        self.settle_dispute(case)
    }

    /// Issues a notice with its statement of reasons, or refuses with everything that the statement lacks.
    pub(super) fn issue(
        &mut self,
        case: CaseId,
        kind: NoticeKind,
        why: Words,
        items: Vec<Asked>,
        reasons: Reasons,
        called_by: Option<u64>,
    ) -> Result<(), Rejected> {
        let notice = self.account.next(self.account.notices.len(), NoticeId::new);
        let subject = Subject { notice: notice.clone(), kind: &kind, case: &case, asked: &items };
        let statement = Statement::compile(&self.account, &subject, &reasons, self.context)?;
        all_met(statement.findings(self.context)?)?;
        let stated = statement.blob();
        let letter = reasons.letter.unwrap_or_else(|| stated.clone());
        let found = statement.facts.iter().filter(|f| f.source == Source::Finding);
        let evidence = found.flat_map(|f| f.evidence.iter().cloned()).collect();
        self.said.push(statement);
        self.emit(Event::NoticeIssued {
            notice,
            case,
            kind,
            letter,
            why,
            items,
            statement: Some(stated),
            called_by,
            evidence,
        })
    }

    /// A notice that brings its letter and no statement of reasons: nothing is decided by it against the account. The
    /// reasons of an order are those of whoever gave it, and those of a termination are in the notice of that.
    pub(super) fn issue_about(
        &mut self,
        case: CaseId,
        kind: NoticeKind,
        why: Words,
        letter: Blob,
    ) -> Result<(), Rejected> {
        let notice = self.account.next(self.account.notices.len(), NoticeId::new);
        self.emit(Event::NoticeIssued {
            notice,
            case,
            kind,
            letter,
            why,
            items: Vec::new(),
            statement: None,
            called_by: None,
            evidence: BTreeSet::new(),
        })
    }

    /// What facts and words lack for a notice of this kind in the case.
    pub(super) fn lacking(
        &self,
        kind: &NoticeKind,
        case: &CaseId,
        reasons: &Reasons,
    ) -> Result<Vec<Unmet>, Rejected> {
        let facts = statement::facts(&self.account, kind, self.account.case(case)?, reasons);
        let all = Reasons { facts, why: reasons.why.clone(), ..Reasons::default() };
        Ok(lint::reasons(kind, &all, self.context.book.stationery(), self.context.now))
    }

    fn refuse_with(
        &self,
        unmet: Unmet,
        kind: &NoticeKind,
        case: &CaseId,
        reasons: &Reasons,
    ) -> Result<(), Rejected> {
        let mut guards = vec![unmet];
        guards.extend(self.lacking(kind, case, reasons)?);
        all_met(guards)
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
        if let Some(order) = &notice.delayed {
            return Err(Unmet::new(
                Guard::NoOrder,
                format!("order {order} (gag) delays {id}"),
                "wait: it goes out by itself when the gag ends",
            )
            .into());
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
        self.seen(id)?;
        self.serve(id, ServedBy::Acknowledged { member })
    }

    /// Starts the clocks of a notice; does nothing where they have started. Service is a fact and never refused: a
    /// clock whose end the calendar does not know is not started, so that no measure can rest on it.
    pub(super) fn serve(&mut self, id: &NoticeId, by: ServedBy) -> Result<(), Rejected> {
        let notice = self.account.notice(id)?;
        let terms = self.account.terms_of(self.account.case(&notice.case)?, self.context.book)?.clone();
        if !notice.awaits_delivery() {
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
        self.emit(Event::NoticeServed { notice: id.clone(), by, notice_ends, cure_ends })?;
        self.start_retrieval(id)
    }
}
