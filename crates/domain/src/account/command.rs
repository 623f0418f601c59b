//! What can be asked of an account.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::event::Asked;
use super::legal::{AppealOutcome, OrderKind};
use super::measure::Finding;
use super::strike::Amount;
use super::timer::TimerKey;
use crate::capability::Preset;
use crate::name::{
    AppealId, CaseId, EnvironmentId, Ground, HoldId, ItemId, MeasureId, NoticeId, OrderId, PersonId, PowerId,
    ReportId, RuleId, WorkloadId,
};
use crate::scope::Scope;
use crate::terms::{Channel, TermsRef};
use crate::text::{Blob, Words};
use crate::workload::{Plan, Workload};

/// Which clocks a notice of a process is to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starts {
    /// The cure period.
    Cure,
    /// The notice period.
    Notice,
    /// Both.
    Both,
}

/// What is asked of an account. Words and bytes are already kept; a command holds their references.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the vocabulary's word; the variants say what they do")]
pub enum Command {
    /// Begin the account, pinned to this version of the terms.
    Open { terms: TermsRef, plan: Plan },
    /// Add an environment with its share of the plan.
    CreateEnvironment { environment: EnvironmentId, plan: Plan },
    /// Declare a workload, new or changed.
    PutWorkload { environment: EnvironmentId, workload: WorkloadId, spec: Workload },
    /// Remove a workload; its volume stays.
    RemoveWorkload { environment: EnvironmentId, workload: WorkloadId },
    /// Begin a process on a ground.
    OpenCase { ground: Ground, why: Words, reports: Vec<ReportId> },
    /// A rule matched: put it on the record, at most once a day, and open a case where the rule's mode says so and
    /// none is open on the ground.
    RecordMatch { rule: RuleId, ground: Ground, opens: bool, facts: BTreeMap<String, String>, why: Words },
    /// Take a case back.
    WithdrawCase { case: CaseId },
    /// Issue a notice in a case.
    IssueNotice { case: CaseId, starts: Starts, power: PowerId, why: Words, letter: Blob, items: Vec<Asked> },
    /// A channel took the letter.
    RecordAttempt { notice: NoticeId, channel: Channel, proof: String },
    /// A member of the account confirms having it.
    AcknowledgeNotice { notice: NoticeId },
    /// The account says what it did about an item.
    SubmitCure { case: CaseId, item: ItemId, remedy: Words },
    /// A remedy is accepted.
    AcceptCure { case: CaseId, item: ItemId },
    /// A remedy is rejected.
    RejectCure { case: CaseId, item: ItemId, why: Words },
    /// Propose a measure.
    ProposeMeasure(ProposeMeasure),
    /// Apply a measure provisionally, at once.
    ApplyEmergency {
        case: CaseId,
        power: PowerId,
        scope: Scope,
        why: Words,
        why_not_less: Option<Words>,
        letter: Blob,
    },
    /// Name another moment of effect; voids the approvals.
    AmendMeasure { measure: MeasureId, effective: Timestamp },
    /// Consent to exactly this.
    ApproveMeasure { measure: MeasureId, command_hash: String },
    /// Deny consent to exactly this: the measure is withdrawn and can be proposed anew.
    DenyMeasure { measure: MeasureId, command_hash: String, why: Words },
    /// Say of an emergency measure that is provisional no more what happened, and whether it was right.
    ReviewEmergency { measure: MeasureId, finding: Finding, account: Words },
    /// Make a provisional measure last.
    RatifyMeasure { measure: MeasureId, command_hash: String },
    /// End a measure.
    LiftMeasure { measure: MeasureId, why: Words },
    /// The cluster was observed to follow a measure.
    ConfirmInForce { measure: MeasureId, receipt: Blob },
    /// The cluster was observed to be restored.
    ConfirmRestored { measure: MeasureId, receipt: Blob },
    /// Drift was put right.
    RecordRepairs { environment: EnvironmentId, objects: Vec<String> },
    /// Record an order.
    RecordOrder { kind: OrderKind, scope: Scope, authority: Words, document: Blob },
    /// Record an order to stay or to reinstate, with the moment by which service has to be back.
    RecordTimedOrder { kind: OrderKind, scope: Scope, authority: Words, document: Blob, deadline: Timestamp },
    /// Record an order to remove content, and follow it at once.
    RecordRemoval(RecordRemoval),
    /// Record an order not to tell the account yet.
    RecordGag { scope: Scope, case: Option<CaseId>, authority: Words, document: Blob, until: Timestamp },
    /// Say that a gag is still needed; with a document, until a later moment.
    RenewGag { order: OrderId, until: Option<Timestamp>, document: Option<Blob>, why: Words },
    /// Decide which of two orders that contradict each other is followed.
    DecideConflict { order: OrderId, over: OrderId, why: Words },
    /// An order no longer stands.
    VacateOrder { order: OrderId, why: Words },
    /// Preserve.
    PlaceHold { scope: Scope, running_state: bool, why: Words },
    /// End a preservation.
    ReleaseHold { hold: HoldId, why: Words },
    /// Challenge a measure.
    FileAppeal { measure: MeasureId, grounds: Words },
    /// Say who decides a challenge.
    AssignAppeal { appeal: AppealId, reviewer: PersonId },
    /// Decide a challenge by putting a lesser measure in the place of the one challenged.
    ModifyOnAppeal { appeal: AppealId, preset: Option<Preset>, scope: Option<Scope>, why: Words },
    /// Charge for a breach.
    ChargeFee { case: CaseId, measure: Option<MeasureId>, amount: Amount, why: Words },
    /// Decide a challenge.
    DecideAppeal { appeal: AppealId, outcome: AppealOutcome, why: Words },
    /// A deadline came due.
    Fire(TimerKey),
}

/// A proposal as it comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposeMeasure {
    /// In which case.
    pub case: CaseId,
    /// Under which power.
    pub power: PowerId,
    /// From what.
    pub scope: Scope,
    /// From when; none for as soon as it is lawful and approved.
    pub effective: Option<Timestamp>,
    /// Why.
    pub why: Words,
    /// Why nothing less would do.
    pub why_not_less: Option<Words>,
}

/// An order to remove content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRemoval {
    /// Where it is: a workload, or an environment with the reason why not a workload.
    pub scope: Scope,
    /// Where exactly in there, in words.
    pub locator: Words,
    /// Who gave the order and under which reference.
    pub authority: Words,
    /// The document.
    pub document: Blob,
    /// By when; none for an hour from now.
    pub deadline: Option<Timestamp>,
    /// Why nothing smaller would do.
    pub why_not_less: Option<Words>,
    /// The letter that tells the account of it.
    pub letter: Blob,
}

impl Command {
    /// Its name in the record.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "open account",
            Self::CreateEnvironment { .. } => "create environment",
            Self::PutWorkload { .. } => "put workload",
            Self::RemoveWorkload { .. } => "remove workload",
            Self::OpenCase { .. } => "open case",
            Self::RecordMatch { .. } => "record match",
            Self::WithdrawCase { .. } => "withdraw case",
            Self::IssueNotice { .. } => "issue notice",
            Self::RecordAttempt { .. } => "record attempt",
            Self::AcknowledgeNotice { .. } => "acknowledge notice",
            Self::SubmitCure { .. } => "submit cure",
            Self::AcceptCure { .. } => "accept cure",
            Self::RejectCure { .. } => "reject cure",
            Self::ProposeMeasure(_) => "propose measure",
            Self::ApplyEmergency { .. } => "apply emergency measure",
            Self::AmendMeasure { .. } => "amend measure",
            Self::ApproveMeasure { .. } => "approve measure",
            Self::DenyMeasure { .. } => "deny measure",
            Self::ReviewEmergency { .. } => "review emergency measure",
            Self::RatifyMeasure { .. } => "ratify measure",
            Self::LiftMeasure { .. } => "lift measure",
            Self::ConfirmInForce { .. } => "confirm in force",
            Self::ConfirmRestored { .. } => "confirm restored",
            Self::RecordRepairs { .. } => "record repairs",
            Self::RecordOrder { .. } | Self::RecordTimedOrder { .. } => "record order",
            Self::RecordRemoval(_) => "record removal order",
            Self::RecordGag { .. } => "record gag order",
            Self::RenewGag { .. } => "renew gag",
            Self::DecideConflict { .. } => "decide conflict of orders",
            Self::VacateOrder { .. } => "vacate order",
            Self::PlaceHold { .. } => "place hold",
            Self::ReleaseHold { .. } => "release hold",
            Self::FileAppeal { .. } => "file appeal",
            Self::AssignAppeal { .. } => "assign appeal",
            Self::ModifyOnAppeal { .. } => "modify on appeal",
            Self::ChargeFee { .. } => "charge fee",
            Self::DecideAppeal { .. } => "decide appeal",
            Self::Fire(_) => "fire timer",
        }
    }

    /// Whether it starts a period of the account, or happens because one has run. It waits while the legal clock is in
    /// doubt: a period that began at a doubtful moment could end early.
    pub fn is_timed(&self) -> bool {
        matches!(self, Self::RecordAttempt { .. } | Self::AcknowledgeNotice { .. } | Self::Fire(_))
    }

    /// Whether it may restrict an account, so that its refusals stand on the record.
    pub fn is_privileged(&self) -> bool {
        matches!(
            self,
            Self::ProposeMeasure(_)
                | Self::ApplyEmergency { .. }
                | Self::AmendMeasure { .. }
                | Self::ApproveMeasure { .. }
                | Self::RatifyMeasure { .. }
                | Self::RecordRemoval(_)
                | Self::RecordGag { .. }
                | Self::RenewGag { .. }
                | Self::DecideConflict { .. }
                | Self::ChargeFee { .. }
                | Self::VacateOrder { .. }
                | Self::ReleaseHold { .. }
        )
    }
}
