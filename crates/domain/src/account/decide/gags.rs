//! Gags: what a court or authority forbids telling the account yet.

use jiff::Timestamp;

use super::consequences::days_from;
use super::legal::Says;
use super::{Draft, wrong_state};
use crate::account::event::Event;
use crate::account::legal::{Gag, OrderKind};
use crate::name::{CaseId, NoticeId, OrderId};
use crate::refusal::{Guard, Rejected, Unmet};
use crate::scope::Scope;
use crate::text::{Blob, Words};

/// Every so many days somebody with the legal role looks whether a gag is still needed.
const RECHECK_DAYS: i64 = 14;

/// The furthest written end, in days.
const FURTHEST_DAYS: i64 = 366;

impl Draft<'_> {
    /// Law 2: what a gag delays is not delivered, so that no clock starts. What is on its way already is not called back.
    pub(super) fn record_gag(
        &mut self,
        scope: &Scope,
        case: Option<CaseId>,
        authority: Words,
        document: Blob,
        until: Timestamp,
    ) -> Result<(), Rejected> {
        if let Some(case) = &case {
            self.account.case(case)?;
        }
        self.written_end(until)?;
        let recheck_by = self.recheck_before(until);
        let gag = Some(Gag { case, until, recheck_by, missed: None, ended: None });
        let says = Says { gag, ..Says::default() };
        self.enter_order(OrderKind::Gag, scope, authority, document, says)?;
        let notices: Vec<NoticeId> = self.account.notices.iter().map(|n| n.id.clone()).collect();
        notices.iter().try_for_each(|notice| self.delay(notice))
    }

    /// A re-check: the gag is still needed. A later written end needs the document that says so.
    pub(super) fn renew_gag(
        &mut self,
        id: &OrderId,
        until: Option<Timestamp>,
        document: Option<Blob>,
        why: Words,
    ) -> Result<(), Rejected> {
        self.person()?;
        let order = self.account.order(id)?;
        let Some(gag) = order.gag.as_ref() else {
            return Err(wrong_state(format!("{id} is no gag"), "only gags are renewed"));
        };
        if !order.stands() {
            return Err(wrong_state(format!("{id} has ended"), "record another order"));
        }
        let until = until.unwrap_or(gag.until);
        if until > gag.until && document.is_none() {
            return Err(Rejected::Invalid {
                pointer: "/document".into(),
                detail: format!("{id} ends on {}: name the document that says otherwise", gag.until),
            });
        }
        self.written_end(until)?;
        let recheck_by = self.recheck_before(until);
        self.emit(Event::GagRenewed { order: id.clone(), until, recheck_by, why, document })
    }

    fn recheck_before(&self, until: Timestamp) -> Timestamp {
        days_from(self.context.now, RECHECK_DAYS).min(until)
    }

    fn written_end(&self, until: Timestamp) -> Result<(), Rejected> {
        let now = self.context.now;
        if until > now && until <= days_from(now, FURTHEST_DAYS) {
            return Ok(());
        }
        Err(Unmet::new(
            Guard::Moment,
            format!("{until} has passed, or is more than {FURTHEST_DAYS} days ahead"),
            "name the moment at which the order says that it ends, or a nearer one and renew it",
        )
        .into())
    }
}
