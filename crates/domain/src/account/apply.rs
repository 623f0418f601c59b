//! Folding events into state.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::case::{Case, CaseState, Item, ItemState};
use super::clearance::Cleared;
use super::clock::{ClockKind, Moved, Pause, Paused};
use super::cure::Found;
use super::event::{Event, Recorded};
use super::invoice::Invoice;
use super::legal::{Appeal, AppealDecision, Ended, Hold, Order};
use super::measure::{Approval, Emergency, Measure, MeasureState, StayedFrom};
use super::notice::{Attempt, Failure, Notice, NoticeState, Refused};
use super::parity::Compared;
use super::{Account, RefusalCount};
use crate::name::{AccountId, CaseId, MeasureId, NoticeId, PersonId};

mod declared;
mod kept;
mod snapshots;

/// Why an event does not fold: the record is damaged or not this account's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The first event does not open the account.
    #[error("the first event of an account opens it; this one is something else")]
    NotOpened,
    /// The event names something that earlier events did not make.
    #[error("event {version} names {what}, which no earlier event made")]
    Unknown {
        /// What is missing.
        what: String,
        /// The number of the event, from 1.
        version: u64,
    },
    /// An event numbers a new thing out of order.
    #[error("event {version} numbers {what} out of order")]
    Order {
        /// What is out of order.
        what: String,
        /// The number of the event, from 1.
        version: u64,
    },
}

impl Account {
    /// The state after one more event. `state` is none before the first.
    pub fn apply(id: &AccountId, state: Option<Self>, recorded: &Recorded) -> Result<Self, FoldError> {
        let Some(mut account) = state else {
            return match &recorded.event {
                Event::AccountOpened { terms, plan } => Ok(Self {
                    id: id.clone(),
                    version: 1,
                    opened_at: recorded.at,
                    lifecycle: super::closing::Lifecycle::Active,
                    terms: terms.clone(),
                    plan: *plan,
                    exposure: None,
                    allowances: None,
                    quota_requests: Vec::new(),
                    environments: std::collections::BTreeMap::new(),
                    cases: Vec::new(),
                    notices: Vec::new(),
                    measures: Vec::new(),
                    orders: Vec::new(),
                    holds: Vec::new(),
                    appeals: Vec::new(),
                    conflicts: Vec::new(),
                    strikes: Vec::new(),
                    fees: Vec::new(),
                    refusals: std::collections::BTreeMap::new(),
                    terms_notices: Vec::new(),
                    invoices: std::collections::BTreeMap::new(),
                    matched: std::collections::BTreeMap::new(),
                    cleared: Vec::new(),
                    erasures: std::collections::BTreeMap::new(),
                    deleted: Vec::new(),
                    snapshots: super::snapshot::KeptSnapshots::default(),
                    hostnames: std::collections::BTreeMap::new(),
                    moves: std::collections::BTreeMap::new(),
                }),
                _ => Err(FoldError::NotOpened),
            };
        };
        account.fold(recorded)?;
        Ok(account)
    }

    pub(super) fn unknown(&self, what: &impl ToString) -> FoldError {
        FoldError::Unknown { what: what.to_string(), version: self.version }
    }

    pub(super) fn case_mut(&mut self, id: &CaseId) -> Result<&mut Case, FoldError> {
        let unknown = self.unknown(id);
        self.cases.get_mut((id.number() - 1) as usize).ok_or(unknown)
    }

    pub(super) fn notice_mut(&mut self, id: &NoticeId) -> Result<&mut Notice, FoldError> {
        let unknown = self.unknown(id);
        self.notices.get_mut((id.number() - 1) as usize).ok_or(unknown)
    }

    pub(super) fn measure_mut(&mut self, id: &MeasureId) -> Result<&mut Measure, FoldError> {
        let unknown = self.unknown(id);
        self.measures.get_mut((id.number() - 1) as usize).ok_or(unknown)
    }

    pub(super) fn in_order(&self, number: u32, made: usize, what: &impl ToString) -> Result<(), FoldError> {
        if number as usize == made + 1 {
            Ok(())
        } else {
            Err(FoldError::Order { what: what.to_string(), version: self.version })
        }
    }

    fn item(&mut self, case: &CaseId, item: &crate::name::ItemId, state: ItemState) -> Result<(), FoldError> {
        let unknown = self.unknown(item);
        let found = self.case_mut(case)?.items.iter_mut().find(|i| &i.id == item).ok_or(unknown)?;
        found.state = state;
        Ok(())
    }

    /// Folds one event of an account that is open already.
    pub(super) fn fold(&mut self, recorded: &Recorded) -> Result<(), FoldError> {
        self.version += 1;
        let Recorded { at, actor, event } = recorded;
        let at: Timestamp = *at;
        match event {
            Event::AccountOpened { .. } => {
                return Err(FoldError::Order { what: "a second opening".into(), version: self.version });
            }
            Event::EnvironmentCreated { .. }
            | Event::EnvironmentChanged { .. }
            | Event::EnvironmentImported { .. }
            | Event::EnvironmentAdopted { .. }
            | Event::EnvironmentImportEnded { .. }
            | Event::PlanSet { .. }
            | Event::QuotaRequested { .. }
            | Event::QuotaDecided { .. }
            | Event::AccessGranted { .. } => self.fold_provision(recorded)?,
            Event::EnvironmentMoveBegun { .. }
            | Event::EnvironmentMoved { .. }
            | Event::EnvironmentMoveCancelled { .. }
            | Event::EnvironmentMoveEnded { .. } => self.fold_move(recorded)?,
            Event::HostnameClaimed { .. }
            | Event::HostnameProved { .. }
            | Event::HostnameLapsed { .. }
            | Event::HostnameReleased { .. } => self.fold_hostname(recorded)?,
            Event::WorkloadPut { environment, workload, spec } => {
                let unknown = self.unknown(environment);
                let env = self.environments.get_mut(environment).ok_or(unknown)?;
                env.workloads.insert(workload.clone(), spec.clone());
            }
            Event::WorkloadRemoved { environment, workload } => {
                let unknown = self.unknown(environment);
                self.environments.get_mut(environment).ok_or(unknown)?.remove(workload);
            }
            Event::WorkloadScaled { .. }
            | Event::WorkloadRestarted { .. }
            | Event::SecretSet { .. }
            | Event::SecretRemoved { .. } => self.fold_declared(at, event)?,
            Event::SnapshotRequested { .. } | Event::SnapshotReleased { .. } | Event::SnapshotLost { .. } => {
                self.fold_snapshots(recorded)?;
            }
            Event::CaseOpened { case, ground, why, reports, signal, order } => {
                self.in_order(case.number(), self.cases.len(), case)?;
                self.cases.push(Case {
                    id: case.clone(),
                    ground: ground.clone(),
                    opened_at: at,
                    opened_by: actor.clone(),
                    why: why.clone(),
                    reports: reports.clone(),
                    state: CaseState::Open,
                    terms: None,
                    items: Vec::new(),
                    paused: None,
                    signal: signal.clone(),
                    checked_at: None,
                    withdrawn_why: None,
                    order: order.clone(),
                });
            }
            Event::TermsNotified { .. }
            | Event::TermsAttempted { .. }
            | Event::TermsServed { .. }
            | Event::TermsAccepted { .. }
            | Event::TermsBound { .. } => self.fold_terms(recorded)?,
            Event::InvoiceRecorded { invoice, facts, overdue_from } => {
                self.invoices.insert(
                    invoice.clone(),
                    Invoice {
                        facts: facts.clone(),
                        overdue_from: *overdue_from,
                        recorded_at: at,
                        recorded_by: actor.clone(),
                    },
                );
            }
            Event::RuleMatched { rule, .. } => {
                self.matched.insert(rule.clone(), at);
            }
            Event::CaseLapsed { case } => self.case_mut(case)?.state = CaseState::Lapsed { at },
            Event::CaseClosed { case, outcome, why } => {
                let case = self.case_mut(case)?;
                case.state = CaseState::Closed { at, outcome: *outcome };
                case.withdrawn_why.clone_from(why);
            }
            Event::CasePaused { case, cause, why } => {
                let pause = Pause { cause: cause.clone(), since: at, by: actor.clone(), why: why.clone() };
                let paused = &mut self.case_mut(case)?.paused;
                paused.get_or_insert_with(|| Paused { since: at, pauses: Vec::new() }).pauses.push(pause);
            }
            Event::CaseResumed { case, cause, clocks, .. } => self.resume(case, cause, clocks, at)?,
            Event::CaseChecked { case } => self.case_mut(case)?.checked_at = Some(at),
            Event::SignalCleared { ground, case, signal, reports, why, until } => {
                self.cleared.push(Cleared {
                    ground: ground.clone(),
                    case: case.clone(),
                    signal: signal.clone(),
                    reports: *reports,
                    why: why.clone(),
                    at,
                    by: actor.clone(),
                    until: until.clone(),
                });
            }
            Event::NoticeIssued { notice, case, kind, letter, why, items, statement, called_by, .. } => {
                self.in_order(notice.number(), self.notices.len(), notice)?;
                let in_case = self.case_mut(case)?;
                for asked in items {
                    in_case.items.push(Item {
                        id: asked.id.clone(),
                        ask: asked.ask.clone(),
                        report: asked.report.clone(),
                        invoice: asked.invoice.clone(),
                        verifier: asked.verifier.clone(),
                        state: ItemState::Due { rejected: None },
                    });
                }
                self.notices.push(Notice {
                    id: notice.clone(),
                    case: case.clone(),
                    kind: kind.clone(),
                    letter: letter.clone(),
                    statement: statement.clone(),
                    called_by: *called_by,
                    items: items.iter().map(|i| i.id.clone()).collect(),
                    why: why.clone(),
                    issued_at: at,
                    issued_by: actor.clone(),
                    attempts: Vec::new(),
                    failed: Vec::new(),
                    retry_at: None,
                    refused: None,
                    deemed: None,
                    state: NoticeState::Issued,
                    reminded: Vec::new(),
                    stood_still: 0,
                    delayed: None,
                });
                self.note_retrieval(kind, notice);
            }
            Event::NoticeAttempted { notice, channel, proof, deemed } => {
                let notice = self.notice_mut(notice)?;
                notice.attempts.push(Attempt { channel: *channel, at, proof: proof.clone() });
                notice.refused = notice.refused.filter(|refused| refused.channel != *channel);
                if notice.deemed.is_none() {
                    notice.deemed.clone_from(deemed);
                }
            }
            Event::NoticeAttemptFailed { notice, channel, why, again } => {
                let notice = self.notice_mut(notice)?;
                notice.failed.push(Failure { channel: *channel, at, why: why.clone() });
                notice.retry_at = Some(notice.retry_at.map_or(*again, |earlier| earlier.min(*again)));
            }
            Event::NoticeRefused { notice, channel } => {
                self.notice_mut(notice)?.refused = Some(Refused { channel: *channel, since: at });
            }
            Event::NoticeRetried { notice } => self.notice_mut(notice)?.retry_at = None,
            Event::NoticeUndeliverable { notice } => {
                self.notice_mut(notice)?.state = NoticeState::Undeliverable { since: at };
            }
            Event::NoticeExtended { clocks, .. } => {
                let before = self.notice_mut(&clocks.notice)?.cure_ends();
                self.moved(clocks)?;
                self.lengthen_waits(&clocks.notice, before)?;
            }
            Event::NoticeServed { notice, by, notice_ends, cure_ends } => {
                let notice = self.notice_mut(notice)?;
                notice.state = NoticeState::Served {
                    at,
                    by: by.clone(),
                    notice_ends: notice_ends.clone(),
                    cure_ends: cure_ends.clone(),
                };
                let case = notice.case.clone();
                if cure_ends.is_some() {
                    let case = self.case_mut(&case)?;
                    if case.state == CaseState::Open {
                        case.state = CaseState::Notified { since: at };
                    }
                }
            }
            Event::NoticeReminded { notice, reminder } => self.notice_mut(notice)?.reminded.push(*reminder),
            Event::CureSubmitted { case, item, remedy, waits } => {
                let (by, remedy, waits) = (actor.clone(), remedy.clone(), waits.clone());
                self.item(case, item, ItemState::Submitted { at, by, remedy, waits })?;
            }
            Event::CureAccepted { case, item } => {
                self.item(case, item, ItemState::Met { at, by: actor.clone(), found: None })?;
            }
            Event::CureChecked { case, item, found } => {
                if !matches!(found, Found::There { .. }) {
                    let found = Some(found.clone());
                    self.item(case, item, ItemState::Met { at, by: actor.clone(), found })?;
                }
            }
            Event::CureRejected { case, item, why, clocks } => {
                self.item(case, item, ItemState::Due { rejected: Some(why.clone()) })?;
                for clock in clocks {
                    self.moved(clock)?;
                }
            }
            Event::MeasureProposed {
                measure,
                proposal,
                command_hash,
                approvals_needed,
                pod_grace_seconds,
                ratify_by,
                notice_by,
                approver_roles,
                replaces,
            } => {
                self.in_order(measure.number(), self.measures.len(), measure)?;
                if let Some(case) = &proposal.case {
                    self.case_mut(case)?;
                }
                // Law 6: whoever had a part in what it replaces has one in it.
                let mut took_part: BTreeSet<PersonId> = actor.person().cloned().into_iter().collect();
                if let Some(old) = replaces {
                    let old = self.measure_mut(old)?;
                    let reviewed = old.emergency_review().and_then(|r| r.done.as_ref()).map(|d| &d.by);
                    took_part.extend(old.took_part.iter().chain(reviewed).cloned());
                }
                self.measures.push(Measure {
                    id: measure.clone(),
                    proposal: proposal.clone(),
                    command_hash: command_hash.clone(),
                    proposed_by: actor.clone(),
                    proposed_at: at,
                    approvals: Vec::new(),
                    took_part,
                    approvals_needed: *approvals_needed,
                    approver_roles: approver_roles.clone(),
                    parity: None,
                    emergency: ratify_by.zip(*notice_by).map(|(ratify_by, notice_by)| Emergency {
                        ratify_by,
                        notice_by,
                        ratified: None,
                        review: None,
                    }),
                    state: MeasureState::Proposed,
                    took_effect: None,
                    pod_grace_seconds: *pod_grace_seconds,
                    replaces: replaces.clone(),
                    watch: super::watch::Watch::default(),
                });
            }
            Event::MeasureAmended { measure, effective, command_hash } => {
                let measure = self.measure_mut(measure)?;
                measure.proposal.effective = *effective;
                measure.command_hash.clone_from(command_hash);
                measure.approvals.clear();
                measure.state = MeasureState::Proposed;
            }
            Event::ApprovalGiven { measure, by, command_hash, roles } => {
                let (by, command_hash, roles) = (by.clone(), command_hash.clone(), roles.clone());
                let approval = Approval { by: by.clone(), at, command_hash, roles };
                let measure = self.measure_mut(measure)?;
                measure.took_part.insert(by);
                measure.approvals.push(approval);
            }
            Event::MeasureApproved { measure } => {
                self.measure_mut(measure)?.state = MeasureState::Approved { blocked: None };
            }
            Event::MeasureScheduled { measure, at: moment } => {
                self.measure_mut(measure)?.state = MeasureState::Scheduled { at: *moment };
            }
            Event::MeasureBlocked { measure, detail, .. } => {
                self.measure_mut(measure)?.state = MeasureState::Approved { blocked: Some(detail.clone()) };
            }
            Event::MeasureRatified { measure, by, command_hash } => {
                let (roles, command_hash) = (std::collections::BTreeSet::new(), command_hash.clone());
                let approval = Approval { by: by.clone(), at, command_hash, roles };
                let measure = self.measure_mut(measure)?;
                measure.took_part.insert(by.clone());
                if let Some(emergency) = &mut measure.emergency {
                    emergency.ratified = Some(approval);
                }
            }
            Event::MeasureApplying { measure } => {
                let measure = self.measure_mut(measure)?;
                measure.took_effect.get_or_insert(at);
                measure.watch.observed = None;
                measure.state = MeasureState::Applying { since: at };
            }
            Event::MeasureInForce { measure, receipt } => {
                let measure = self.measure_mut(measure)?;
                measure.state = MeasureState::InForce { since: at, receipt: receipt.clone() };
                measure.watch.observed = None;
                // The next look at it is counted from now.
                measure.watch.review_overdue = None;
            }
            Event::MeasureStayed { measure, order } => {
                let measure = self.measure_mut(measure)?;
                let from = match &measure.state {
                    MeasureState::Proposed => StayedFrom::Proposed,
                    MeasureState::Scheduled { at } => StayedFrom::Scheduled { at: *at },
                    MeasureState::Applying { .. } | MeasureState::InForce { .. } => {
                        StayedFrom::Effective { restored: None }
                    }
                    MeasureState::Stayed { from, .. } => from.clone(),
                    MeasureState::Approved { .. }
                    | MeasureState::Lifting { .. }
                    | MeasureState::Lifted { .. }
                    | MeasureState::Withdrawn { .. } => StayedFrom::Approved,
                };
                measure.state = MeasureState::Stayed { since: at, order: order.clone(), from };
                measure.watch.observed = None;
            }
            Event::MeasureRestored { measure, receipt } => {
                if let MeasureState::Stayed { from: StayedFrom::Effective { restored }, .. } =
                    &mut self.measure_mut(measure)?.state
                {
                    *restored = Some(receipt.clone());
                }
            }
            Event::MeasureResumed { measure, .. } => {
                let measure = self.measure_mut(measure)?;
                if let MeasureState::Stayed { from, .. } = &measure.state {
                    measure.state = match from {
                        StayedFrom::Proposed => MeasureState::Proposed,
                        StayedFrom::Approved | StayedFrom::Effective { .. } => {
                            MeasureState::Approved { blocked: None }
                        }
                        StayedFrom::Scheduled { at } => MeasureState::Scheduled { at: *at },
                    };
                }
            }
            Event::MeasureLifting { measure, reason } => {
                let measure = self.measure_mut(measure)?;
                measure.state = MeasureState::Lifting { since: at, reason: reason.clone() };
                measure.watch.observed = None;
            }
            Event::MeasureLifted { measure, receipt } => {
                let measure = self.measure_mut(measure)?;
                if let MeasureState::Lifting { reason, .. } = &measure.state {
                    measure.state =
                        MeasureState::Lifted { at, reason: reason.clone(), receipt: receipt.clone() };
                }
            }
            Event::MeasureWithdrawn { measure, reason } => {
                self.measure_mut(measure)?.state = MeasureState::Withdrawn { at, reason: reason.clone() };
            }
            Event::OrderRecorded { order, kind, scope, authority, document, deadline, locator, gag } => {
                self.in_order(order.number(), self.orders.len(), order)?;
                self.orders.push(Order {
                    id: order.clone(),
                    kind: *kind,
                    scope: scope.clone(),
                    authority: authority.clone(),
                    document: document.clone(),
                    recorded_at: at,
                    recorded_by: actor.clone(),
                    vacated: None,
                    deadline: *deadline,
                    complied: None,
                    missed: None,
                    locator: locator.clone(),
                    gag: gag.clone(),
                });
            }
            Event::OrderVacated { order, why } => {
                self.order_mut(order)?.vacated = Some(Ended { at, by: actor.clone(), why: why.clone() });
            }
            Event::HoldPlaced { hold, scope, running_state, why } => {
                self.in_order(hold.number(), self.holds.len(), hold)?;
                self.holds.push(Hold {
                    id: hold.clone(),
                    scope: scope.clone(),
                    running_state: *running_state,
                    why: why.clone(),
                    placed_at: at,
                    placed_by: actor.clone(),
                    released: None,
                });
            }
            Event::HoldReleased { hold, why } => {
                let unknown = self.unknown(hold);
                let found = self.holds.get_mut((hold.number() - 1) as usize).ok_or(unknown)?;
                found.released = Some(Ended { at, by: actor.clone(), why: why.clone() });
            }
            Event::AppealFiled { appeal, measure, grounds, decide_by } => {
                self.in_order(appeal.number(), self.appeals.len(), appeal)?;
                self.appeals.push(Appeal {
                    id: appeal.clone(),
                    measure: measure.clone(),
                    filed_at: at,
                    filed_by: actor.clone(),
                    grounds: grounds.clone(),
                    decided: None,
                    decide_by: *decide_by,
                    overdue: None,
                    reviewer: None,
                });
            }
            Event::AppealDecided { appeal, outcome, by, why } => {
                self.appeal_mut(appeal)?.decided =
                    Some(AppealDecision { outcome: *outcome, by: by.clone(), at, why: why.clone() });
            }
            Event::NoticeDelayed { .. }
            | Event::NoticeReleased { .. }
            | Event::ApprovalDenied { .. }
            | Event::ApprovalExpired { .. }
            | Event::EmergencyReviewDue { .. }
            | Event::EmergencyReviewOverdue { .. }
            | Event::EmergencyReviewed { .. }
            | Event::OrderComplied { .. }
            | Event::OrderMissed { .. }
            | Event::OrdersConflicted { .. }
            | Event::ConflictDecided { .. }
            | Event::GagRenewed { .. }
            | Event::GagRecheckMissed { .. }
            | Event::GagEnded { .. }
            | Event::AppealAssigned { .. }
            | Event::AppealOverdue { .. }
            | Event::StrikeAdded { .. }
            | Event::StrikeRemoved { .. }
            | Event::FeeCharged { .. }
            | Event::FeeReversed { .. }
            | Event::RuleOverturned { .. } => self.fold_legal(recorded)?,
            Event::MeasureBounded { .. }
            | Event::MeasureObserved { .. }
            | Event::EnforcerAcknowledged { .. }
            | Event::MeasureConditionsSet { .. }
            | Event::MeasureReviewOverdue { .. }
            | Event::MeasureReviewed { .. }
            | Event::MeasureConstructiveTermination { .. } => self.fold_watch(recorded)?,
            Event::DeletionBegun { .. }
            | Event::EnvironmentDeletionAsked { .. }
            | Event::EnvironmentDeletionBegun { .. }
            | Event::EnvironmentDeletionEnded { .. }
            | Event::EnvironmentDeleted { .. } => self.fold_erasure(recorded)?,
            Event::AccountClosing { .. }
            | Event::AccountReopened { .. }
            | Event::RetrievalStarted { .. }
            | Event::RetrievalReminderDue { .. }
            | Event::DeletionProposed { .. }
            | Event::DeletionConsented { .. }
            | Event::DeletionApproved { .. }
            | Event::DeletionEnded { .. }
            | Event::AccountClosed { .. } => self.fold_closing(recorded)?,
            Event::ParityCompared { measure, comparator, document } => {
                let compared = Compared { comparator: comparator.clone(), document: document.clone() };
                self.measure_mut(measure)?.parity = Some(compared);
            }
            Event::CaseUndone { case, .. } => {
                self.case_mut(case)?;
            }
            Event::DriftRepaired { .. } => {}
            Event::CommandRefused { .. } => {
                let hour = at.as_second().div_euclid(3600);
                self.refusals.retain(|_, c| c.hour == hour);
                let count = self.refusals.entry(actor.clone()).or_insert(RefusalCount { hour, count: 0 });
                count.count += 1;
            }
        }
        Ok(())
    }

    /// Puts the clocks of a notice where they were moved to.
    fn moved(&mut self, moved: &Moved) -> Result<(), FoldError> {
        let notice = self.notice_mut(&moved.notice)?;
        if let NoticeState::Served { notice_ends, cure_ends, .. } = &mut notice.state {
            for (clock, ends, to) in [
                (ClockKind::Notice, notice_ends, &moved.notice_ends),
                (ClockKind::Cure, cure_ends, &moved.cure_ends),
            ] {
                if to.is_some() || moved.unknown.contains(&clock) {
                    ends.clone_from(to);
                }
            }
        }
        if moved.deemed.is_some() || moved.unknown.contains(&ClockKind::Deemed) {
            notice.deemed.clone_from(&moved.deemed);
        }
        Ok(())
    }

    /// What was left when a remedy was handed in that still waits is longer by what the period was extended by.
    fn lengthen_waits(&mut self, id: &NoticeId, before: Option<Timestamp>) -> Result<(), FoldError> {
        let notice = self.notice_mut(id)?;
        let (Some(before), Some(after)) = (before, notice.cure_ends()) else { return Ok(()) };
        let case = notice.case.clone();
        for item in &mut self.case_mut(&case)?.items {
            if let ItemState::Submitted { waits, .. } = &mut item.state {
                for wait in waits.iter_mut().filter(|wait| &wait.notice == id) {
                    wait.ends = wait.ends.checked_add(after.duration_since(before)).unwrap_or(wait.ends);
                }
            }
        }
        Ok(())
    }

    /// Ends one reason for a pause; with the last, the clocks go on where they were moved to.
    fn resume(
        &mut self,
        case: &CaseId,
        cause: &super::clock::PauseCause,
        clocks: &[Moved],
        at: Timestamp,
    ) -> Result<(), FoldError> {
        let found = self.case_mut(case)?;
        let Some(paused) = &mut found.paused else { return Ok(()) };
        paused.pauses.retain(|pause| &pause.cause != cause);
        if !paused.pauses.is_empty() {
            return Ok(());
        }
        let since = paused.since;
        found.paused = None;
        for moved in clocks {
            let notice = self.notice_mut(&moved.notice)?;
            if let Some(served) = notice.served_at() {
                notice.stood_still += at.as_microsecond() - since.max(served).as_microsecond();
            }
            self.moved(moved)?;
        }
        Ok(())
    }

    /// How many refusals of this actor are on the record in the hour of `now`.
    pub(super) fn refusals_this_hour(&self, actor: &super::Actor, now: Timestamp) -> u32 {
        let hour = now.as_second().div_euclid(3600);
        self.refusals.get(actor).filter(|c| c.hour == hour).map_or(0, |c| c.count)
    }
}
