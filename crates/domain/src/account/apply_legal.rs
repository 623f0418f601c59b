//! Folding what courts, reviewers and appeals bring about.

use super::Account;
use super::apply::FoldError;
use super::conflict::{Conflict, Precedence};
use super::event::{Event, Recorded};
use super::legal::{Appeal, Compliance, Gag, Order};
use super::measure::{EmergencyReview, Reviewed};
use super::strike::{Fee, Strike, Undone};
use crate::name::{AppealId, MeasureId, OrderId};

impl Account {
    pub(super) fn order_mut(&mut self, id: &OrderId) -> Result<&mut Order, FoldError> {
        let unknown = self.unknown(id);
        self.orders.get_mut((id.number() - 1) as usize).ok_or(unknown)
    }

    pub(super) fn appeal_mut(&mut self, id: &AppealId) -> Result<&mut Appeal, FoldError> {
        let unknown = self.unknown(id);
        self.appeals.get_mut((id.number() - 1) as usize).ok_or(unknown)
    }

    fn gag_mut(&mut self, id: &OrderId) -> Result<&mut Gag, FoldError> {
        let unknown = self.unknown(&format!("the gag {id}"));
        self.order_mut(id)?.gag.as_mut().ok_or(unknown)
    }

    fn review_mut(&mut self, id: &MeasureId) -> Result<&mut EmergencyReview, FoldError> {
        let unknown = self.unknown(&format!("the review of {id}"));
        self.measure_mut(id)?.emergency.as_mut().and_then(|e| e.review.as_mut()).ok_or(unknown)
    }

    /// Folds one of the events that the general folding leaves to this one; others change nothing here.
    pub(super) fn fold_legal(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        let Recorded { at, actor, event } = recorded;
        let at = *at;
        match event {
            Event::NoticeDelayed { notice, order } => self.notice_mut(notice)?.delayed = Some(order.clone()),
            Event::NoticeReleased { notice } => {
                let notice = self.notice_mut(notice)?;
                notice.delayed = None;
                // It is tried anew: what a channel answered before the gag says nothing of how long it has been tried.
                notice.failed.clear();
                notice.retry_at = None;
                notice.refused = None;
            }
            Event::ApprovalDenied { measure, by, .. } => {
                self.measure_mut(measure)?.took_part.insert(by.clone());
            }
            Event::ApprovalExpired { measure, by } => {
                self.measure_mut(measure)?.approvals.retain(|a| &a.by != by);
            }
            Event::EmergencyReviewDue { measure, applied_by, due } => {
                let review =
                    EmergencyReview { applied_by: applied_by.clone(), due: *due, overdue: None, done: None };
                if let Some(emergency) = &mut self.measure_mut(measure)?.emergency {
                    emergency.review = Some(review);
                }
            }
            Event::EmergencyReviewOverdue { measure } => self.review_mut(measure)?.overdue = Some(at),
            Event::EmergencyReviewed { measure, by, finding, account, .. } => {
                let done = Reviewed { by: by.clone(), at, finding: *finding, account: account.clone() };
                self.review_mut(measure)?.done = Some(done);
            }
            Event::OrderComplied { order, margin_seconds } => {
                let complied = Compliance { at, margin_seconds: *margin_seconds };
                self.order_mut(order)?.complied = Some(complied);
            }
            Event::OrderMissed { order } => self.order_mut(order)?.missed = Some(at),
            Event::OrdersConflicted { order, with, scope } => self.conflicts.push(Conflict {
                between: (order.clone(), with.clone()),
                scope: scope.clone(),
                since: at,
                decided: None,
            }),
            Event::ConflictDecided { order, over, by, why } => {
                let unknown = self.unknown(&format!("a conflict of {order} and {over}"));
                let found = self.conflicts.iter_mut().find(|c| c.is_between(order, over)).ok_or(unknown)?;
                let (prevails, by, why) = (order.clone(), by.clone(), why.clone());
                found.decided = Some(Precedence { prevails, by, at, why });
            }
            Event::GagRenewed { order, until, recheck_by, .. } => {
                let gag = self.gag_mut(order)?;
                (gag.until, gag.recheck_by, gag.missed) = (*until, *recheck_by, None);
            }
            Event::GagRecheckMissed { order } => self.gag_mut(order)?.missed = Some(at),
            Event::GagEnded { order } => self.gag_mut(order)?.ended = Some(at),
            Event::AppealAssigned { appeal, reviewer, .. } => {
                self.appeal_mut(appeal)?.reviewer = Some(reviewer.clone());
            }
            Event::AppealOverdue { appeal } => self.appeal_mut(appeal)?.overdue = Some(at),
            Event::StrikeAdded { case, ground } => {
                let (case, ground) = (case.clone(), ground.clone());
                self.strikes.push(Strike { case, ground, at, removed: None });
            }
            Event::StrikeRemoved { case, because } => {
                let unknown = self.unknown(&format!("a strike of {case}"));
                let found = self.strikes.iter_mut().find(|s| &s.case == case).ok_or(unknown)?;
                found.removed = Some(Undone { at, because: *because });
            }
            Event::FeeCharged { fee, case, measure, amount, why } => {
                self.in_order(fee.number(), self.fees.len(), fee)?;
                self.fees.push(Fee {
                    id: fee.clone(),
                    case: case.clone(),
                    measure: measure.clone(),
                    amount: amount.clone(),
                    why: why.clone(),
                    at,
                    by: actor.clone(),
                    reversed: None,
                });
            }
            Event::FeeReversed { fee, because } => {
                let unknown = self.unknown(fee);
                let found = self.fees.get_mut((fee.number() - 1) as usize).ok_or(unknown)?;
                found.reversed = Some(Undone { at, because: *because });
            }
            _ => {}
        }
        Ok(())
    }
}
