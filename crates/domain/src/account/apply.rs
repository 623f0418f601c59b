//! Folding events into state.

use jiff::Timestamp;

use super::case::{Case, CaseState, Item, ItemState};
use super::event::{Event, Recorded};
use super::legal::{Appeal, AppealDecision, Ended, Hold, Order};
use super::measure::{Approval, Emergency, Measure, MeasureState, StayedFrom};
use super::notice::{Attempt, Notice, NoticeState};
use super::parity::Compared;
use super::{Account, Environment, RefusalCount};
use crate::name::{AccountId, CaseId, MeasureId, NoticeId};

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
                    terms: terms.clone(),
                    plan: *plan,
                    environments: std::collections::BTreeMap::new(),
                    cases: Vec::new(),
                    notices: Vec::new(),
                    measures: Vec::new(),
                    orders: Vec::new(),
                    holds: Vec::new(),
                    appeals: Vec::new(),
                    refusals: std::collections::BTreeMap::new(),
                    matched: std::collections::BTreeMap::new(),
                }),
                _ => Err(FoldError::NotOpened),
            };
        };
        account.fold(recorded)?;
        Ok(account)
    }

    fn unknown(&self, what: &impl ToString) -> FoldError {
        FoldError::Unknown { what: what.to_string(), version: self.version }
    }

    fn case_mut(&mut self, id: &CaseId) -> Result<&mut Case, FoldError> {
        let unknown = self.unknown(id);
        self.cases.get_mut((id.number() - 1) as usize).ok_or(unknown)
    }

    fn notice_mut(&mut self, id: &NoticeId) -> Result<&mut Notice, FoldError> {
        let unknown = self.unknown(id);
        self.notices.get_mut((id.number() - 1) as usize).ok_or(unknown)
    }

    fn measure_mut(&mut self, id: &MeasureId) -> Result<&mut Measure, FoldError> {
        let unknown = self.unknown(id);
        self.measures.get_mut((id.number() - 1) as usize).ok_or(unknown)
    }

    fn in_order(&self, number: u32, made: usize, what: &impl ToString) -> Result<(), FoldError> {
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
            Event::EnvironmentCreated { environment, plan } => {
                self.environments.insert(
                    environment.clone(),
                    Environment { plan: *plan, workloads: std::collections::BTreeMap::new() },
                );
            }
            Event::WorkloadPut { environment, workload, spec } => {
                let unknown = self.unknown(environment);
                let env = self.environments.get_mut(environment).ok_or(unknown)?;
                env.workloads.insert(workload.clone(), spec.clone());
            }
            Event::WorkloadRemoved { environment, workload } => {
                let unknown = self.unknown(environment);
                self.environments.get_mut(environment).ok_or(unknown)?.workloads.remove(workload);
            }
            Event::CaseOpened { case, ground, why, reports } => {
                self.in_order(case.number(), self.cases.len(), case)?;
                self.cases.push(Case {
                    id: case.clone(),
                    ground: ground.clone(),
                    opened_at: at,
                    opened_by: actor.clone(),
                    why: why.clone(),
                    reports: reports.clone(),
                    state: CaseState::Open,
                    items: Vec::new(),
                });
            }
            Event::RuleMatched { rule, .. } => {
                self.matched.insert(rule.clone(), at);
            }
            Event::CaseLapsed { case } => self.case_mut(case)?.state = CaseState::Lapsed { at },
            Event::CaseClosed { case, outcome } => {
                self.case_mut(case)?.state = CaseState::Closed { at, outcome: *outcome };
            }
            Event::NoticeIssued { notice, case, kind, letter, why, items, statement, called_by, .. } => {
                self.in_order(notice.number(), self.notices.len(), notice)?;
                let in_case = self.case_mut(case)?;
                for asked in items {
                    in_case.items.push(Item {
                        id: asked.id.clone(),
                        ask: asked.ask.clone(),
                        report: asked.report.clone(),
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
                    deemed: None,
                    state: NoticeState::Issued,
                    reminded: Vec::new(),
                });
            }
            Event::NoticeAttempted { notice, channel, proof, deemed } => {
                let notice = self.notice_mut(notice)?;
                notice.attempts.push(Attempt { channel: *channel, at, proof: proof.clone() });
                if notice.deemed.is_none() {
                    notice.deemed.clone_from(deemed);
                }
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
            Event::CureSubmitted { case, item, remedy } => {
                self.item(
                    case,
                    item,
                    ItemState::Submitted { at, by: actor.clone(), remedy: remedy.clone() },
                )?;
            }
            Event::CureAccepted { case, item } => {
                self.item(case, item, ItemState::Met { at, by: actor.clone() })?;
            }
            Event::CureRejected { case, item, why } => {
                self.item(case, item, ItemState::Due { rejected: Some(why.clone()) })?;
            }
            Event::MeasureProposed {
                measure,
                proposal,
                command_hash,
                approvals_needed,
                pod_grace_seconds,
                ratify_by,
                notice_by,
            } => {
                self.in_order(measure.number(), self.measures.len(), measure)?;
                self.case_mut(&proposal.case)?;
                self.measures.push(Measure {
                    id: measure.clone(),
                    proposal: proposal.clone(),
                    command_hash: command_hash.clone(),
                    proposed_by: actor.clone(),
                    proposed_at: at,
                    approvals: Vec::new(),
                    took_part: actor.person().cloned().into_iter().collect(),
                    approvals_needed: *approvals_needed,
                    parity: None,
                    emergency: ratify_by.zip(*notice_by).map(|(ratify_by, notice_by)| Emergency {
                        ratify_by,
                        notice_by,
                        ratified: None,
                    }),
                    state: MeasureState::Proposed,
                    took_effect: None,
                    pod_grace_seconds: *pod_grace_seconds,
                });
            }
            Event::MeasureAmended { measure, effective, command_hash } => {
                let measure = self.measure_mut(measure)?;
                measure.proposal.effective = *effective;
                measure.command_hash.clone_from(command_hash);
                measure.approvals.clear();
                measure.state = MeasureState::Proposed;
            }
            Event::ApprovalGiven { measure, by, command_hash } => {
                let approval = Approval { by: by.clone(), at, command_hash: command_hash.clone() };
                let measure = self.measure_mut(measure)?;
                measure.took_part.insert(by.clone());
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
                let approval = Approval { by: by.clone(), at, command_hash: command_hash.clone() };
                let measure = self.measure_mut(measure)?;
                measure.took_part.insert(by.clone());
                if let Some(emergency) = &mut measure.emergency {
                    emergency.ratified = Some(approval);
                }
            }
            Event::MeasureApplying { measure } => {
                let measure = self.measure_mut(measure)?;
                measure.took_effect.get_or_insert(at);
                measure.state = MeasureState::Applying { since: at };
            }
            Event::MeasureInForce { measure, receipt } => {
                self.measure_mut(measure)?.state =
                    MeasureState::InForce { since: at, receipt: receipt.clone() };
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
                self.measure_mut(measure)?.state =
                    MeasureState::Lifting { since: at, reason: reason.clone() };
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
            Event::OrderRecorded { order, kind, scope, authority, document } => {
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
                });
            }
            Event::OrderVacated { order, why } => {
                let unknown = self.unknown(order);
                let found = self.orders.get_mut((order.number() - 1) as usize).ok_or(unknown)?;
                found.vacated = Some(Ended { at, by: actor.clone(), why: why.clone() });
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
            Event::AppealFiled { appeal, measure, grounds } => {
                self.in_order(appeal.number(), self.appeals.len(), appeal)?;
                self.appeals.push(Appeal {
                    id: appeal.clone(),
                    measure: measure.clone(),
                    filed_at: at,
                    filed_by: actor.clone(),
                    grounds: grounds.clone(),
                    decided: None,
                });
            }
            Event::AppealDecided { appeal, outcome, by, why } => {
                let unknown = self.unknown(appeal);
                let found = self.appeals.get_mut((appeal.number() - 1) as usize).ok_or(unknown)?;
                found.decided =
                    Some(AppealDecision { outcome: *outcome, by: by.clone(), at, why: why.clone() });
            }
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

    /// How many refusals of this actor are on the record in the hour of `now`.
    pub(super) fn refusals_this_hour(&self, actor: &super::Actor, now: Timestamp) -> u32 {
        let hour = now.as_second().div_euclid(3600);
        self.refusals.get(actor).filter(|c| c.hour == hour).map_or(0, |c| c.count)
    }
}
