//! What happened to an account. An event's body is what the ledger's leaf holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::case::Outcome;
use super::clearance::Signal;
use super::clock::{Moved, PauseCause, Wait};
use super::cure::{Found, Verifier};
use super::legal::{AppealOutcome, OrderKind};
use super::measure::{LiftReason, Proposal};
use super::notice::{NoticeKind, Reminder, ServedBy};
use crate::calendar::Deadline;
use crate::name::{
    AppealId, CaseId, EnvironmentId, Ground, HoldId, ItemId, MeasureId, NoticeId, OrderId, PersonId,
    ReportId, RuleId, WorkloadId,
};
use crate::period::Period;
use crate::refusal::Guard;
use crate::scope::Scope;
use crate::terms::{Channel, TermsRef};
use crate::text::{Blob, Words};
use crate::workload::{Plan, Workload};

/// An event with its moment and actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The legal moment, UTC.
    pub at: Timestamp,
    /// Who acted.
    pub actor: Actor,
    /// What happened.
    pub event: Event,
}

/// An item as a notice names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// Its name within the case.
    pub id: ItemId,
    /// What is asked, in words.
    pub ask: Words,
    /// The report it answers, where it answers one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportId>,
    /// How it is found to be done.
    #[serde(default, skip_serializing_if = "Verifier::is_review")]
    pub verifier: Verifier,
}

/// What happened. The tag is the event's type in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body", rename_all_fields = "camelCase")]
#[expect(
    missing_docs,
    reason = "each field is the vocabulary's word for what the command of the same name sets"
)]
pub enum Event {
    #[serde(rename = "account.opened")]
    AccountOpened { terms: TermsRef, plan: Plan },
    #[serde(rename = "environment.created")]
    EnvironmentCreated { environment: EnvironmentId, plan: Plan },
    #[serde(rename = "workload.put")]
    WorkloadPut { environment: EnvironmentId, workload: WorkloadId, spec: Workload },
    #[serde(rename = "workload.removed")]
    WorkloadRemoved { environment: EnvironmentId, workload: WorkloadId },
    #[serde(rename = "case.opened")]
    CaseOpened {
        case: CaseId,
        ground: Ground,
        why: Words,
        reports: Vec<ReportId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<Signal>,
    },
    #[serde(rename = "rule.matched")]
    RuleMatched { rule: RuleId, ground: Ground, facts: BTreeMap<String, String> },
    #[serde(rename = "case.lapsed")]
    CaseLapsed { case: CaseId },
    #[serde(rename = "case.closed")]
    CaseClosed {
        case: CaseId,
        outcome: Outcome,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Words>,
    },
    #[serde(rename = "case.paused")]
    CasePaused {
        case: CaseId,
        cause: PauseCause,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Words>,
    },
    #[serde(rename = "case.resumed")]
    CaseResumed {
        case: CaseId,
        cause: PauseCause,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Words>,
        /// Where the clocks went on: none while something else stops them.
        clocks: Vec<Moved>,
    },
    #[serde(rename = "case.checked")]
    CaseChecked { case: CaseId },
    #[serde(rename = "signal.cleared")]
    SignalCleared {
        ground: Ground,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<CaseId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<Signal>,
        reports: u32,
        why: Words,
        until: Deadline,
    },
    #[serde(rename = "notice.issued")]
    NoticeIssued {
        notice: NoticeId,
        case: CaseId,
        kind: NoticeKind,
        letter: Blob,
        why: Words,
        items: Vec<Asked>,
    },
    #[serde(rename = "notice.attempted")]
    NoticeAttempted { notice: NoticeId, channel: Channel, proof: String, deemed: Option<Deadline> },
    #[serde(rename = "notice.attempt_failed")]
    NoticeAttemptFailed { notice: NoticeId, channel: Channel, why: String, again: Timestamp },
    #[serde(rename = "notice.retried")]
    NoticeRetried { notice: NoticeId },
    #[serde(rename = "notice.undeliverable")]
    NoticeUndeliverable { notice: NoticeId },
    #[serde(rename = "notice.extended")]
    NoticeExtended { notice: NoticeId, by: Period, why: Words, clocks: Moved },
    #[serde(rename = "notice.served")]
    NoticeServed {
        notice: NoticeId,
        by: ServedBy,
        notice_ends: Option<Deadline>,
        cure_ends: Option<Deadline>,
    },
    #[serde(rename = "notice.reminded")]
    NoticeReminded { notice: NoticeId, reminder: Reminder },
    #[serde(rename = "cure.submitted")]
    CureSubmitted {
        case: CaseId,
        item: ItemId,
        remedy: Words,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        waits: Vec<Wait>,
    },
    #[serde(rename = "cure.checked")]
    CureChecked { case: CaseId, item: ItemId, found: Found },
    #[serde(rename = "cure.accepted")]
    CureAccepted { case: CaseId, item: ItemId },
    #[serde(rename = "cure.rejected")]
    CureRejected {
        case: CaseId,
        item: ItemId,
        why: Words,
        /// The cure periods that got back the time for which the remedy waited.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        clocks: Vec<Moved>,
    },
    #[serde(rename = "measure.proposed")]
    MeasureProposed {
        measure: MeasureId,
        proposal: Proposal,
        command_hash: String,
        approvals_needed: u8,
        pod_grace_seconds: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ratify_by: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice_by: Option<Timestamp>,
    },
    #[serde(rename = "measure.amended")]
    MeasureAmended { measure: MeasureId, effective: Timestamp, command_hash: String },
    #[serde(rename = "approval.given")]
    ApprovalGiven { measure: MeasureId, by: PersonId, command_hash: String },
    #[serde(rename = "measure.approved")]
    MeasureApproved { measure: MeasureId },
    #[serde(rename = "measure.scheduled")]
    MeasureScheduled { measure: MeasureId, at: Timestamp },
    #[serde(rename = "measure.blocked")]
    MeasureBlocked { measure: MeasureId, guards: Vec<Guard>, detail: String },
    #[serde(rename = "measure.ratified")]
    MeasureRatified { measure: MeasureId, by: PersonId, command_hash: String },
    #[serde(rename = "measure.applying")]
    MeasureApplying { measure: MeasureId },
    #[serde(rename = "measure.in_force")]
    MeasureInForce { measure: MeasureId, receipt: Blob },
    #[serde(rename = "measure.stayed")]
    MeasureStayed { measure: MeasureId, order: OrderId },
    #[serde(rename = "measure.restored")]
    MeasureRestored { measure: MeasureId, receipt: Blob },
    #[serde(rename = "measure.resumed")]
    MeasureResumed { measure: MeasureId, order: OrderId },
    #[serde(rename = "measure.lifting")]
    MeasureLifting { measure: MeasureId, reason: LiftReason },
    #[serde(rename = "measure.lifted")]
    MeasureLifted { measure: MeasureId, receipt: Blob },
    #[serde(rename = "measure.withdrawn")]
    MeasureWithdrawn { measure: MeasureId, reason: LiftReason },
    #[serde(rename = "order.recorded")]
    OrderRecorded { order: OrderId, kind: OrderKind, scope: Scope, authority: Words, document: Blob },
    #[serde(rename = "order.vacated")]
    OrderVacated { order: OrderId, why: Words },
    #[serde(rename = "hold.placed")]
    HoldPlaced { hold: HoldId, scope: Scope, running_state: bool, why: Words },
    #[serde(rename = "hold.released")]
    HoldReleased { hold: HoldId, why: Words },
    #[serde(rename = "appeal.filed")]
    AppealFiled { appeal: AppealId, measure: MeasureId, grounds: Words },
    #[serde(rename = "appeal.decided")]
    AppealDecided { appeal: AppealId, outcome: AppealOutcome, by: PersonId, why: Words },
    #[serde(rename = "drift.repaired")]
    DriftRepaired { environment: EnvironmentId, objects: Vec<String> },
    #[serde(rename = "command.refused")]
    CommandRefused { command: String, guards: Vec<Guard> },
}

impl Event {
    /// The kept bytes that it names, where it names any.
    pub fn blob(&self) -> Option<&Blob> {
        match self {
            Self::NoticeIssued { letter, .. } => Some(letter),
            Self::MeasureInForce { receipt, .. }
            | Self::MeasureRestored { receipt, .. }
            | Self::MeasureLifted { receipt, .. } => Some(receipt),
            Self::OrderRecorded { document, .. } => Some(document),
            Self::CureChecked { found, .. } => found.evidence(),
            _ => None,
        }
    }
}
