//! What can be asked of an account.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::event::Asked;
use super::legal::{AppealOutcome, OrderKind};
use super::notice::NoticeKind;
use super::parity::Comparison;
use super::timer::TimerKey;
use crate::name::{
    AppealId, CaseId, EnvironmentId, Ground, HoldId, ItemId, MeasureId, NoticeId, OrderId, PersonId, PowerId,
    ReportId, RuleId, WorkloadId,
};
use crate::scope::Scope;
use crate::statement::Reasons;
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
    /// Take back a case that a rule opened, with all others that it opened.
    UndoCase { case: CaseId, rule: RuleId, by: PersonId, why: Words },
    /// Issue a notice in a case.
    IssueNotice {
        case: CaseId,
        starts: Starts,
        power: PowerId,
        why: Words,
        items: Vec<Asked>,
        reasons: Reasons,
    },
    /// Issue the notice that an event of the account calls for, once.
    IssueCalled { event: u64, kind: NoticeKind, reasons: Reasons },
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
        reasons: Reasons,
    },
    /// A proposal or an emergency measure with what its comparison with other cases said.
    Compared { decision: Box<Command>, comparison: Comparison },
    /// Name another moment of effect; voids the approvals.
    AmendMeasure { measure: MeasureId, effective: Timestamp },
    /// Consent to exactly this.
    ApproveMeasure { measure: MeasureId, command_hash: String },
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
    /// An order no longer stands.
    VacateOrder { order: OrderId, why: Words },
    /// Preserve.
    PlaceHold { scope: Scope, running_state: bool, why: Words },
    /// End a preservation.
    ReleaseHold { hold: HoldId, why: Words },
    /// Challenge a measure.
    FileAppeal { measure: MeasureId, grounds: Words },
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
            Self::UndoCase { .. } => "undo case",
            Self::IssueNotice { .. } => "issue notice",
            Self::IssueCalled { .. } => "issue called notice",
            Self::RecordAttempt { .. } => "record attempt",
            Self::AcknowledgeNotice { .. } => "acknowledge notice",
            Self::SubmitCure { .. } => "submit cure",
            Self::AcceptCure { .. } => "accept cure",
            Self::RejectCure { .. } => "reject cure",
            Self::ProposeMeasure(_) => "propose measure",
            Self::ApplyEmergency { .. } => "apply emergency measure",
            Self::Compared { decision, .. } => decision.name(),
            Self::AmendMeasure { .. } => "amend measure",
            Self::ApproveMeasure { .. } => "approve measure",
            Self::RatifyMeasure { .. } => "ratify measure",
            Self::LiftMeasure { .. } => "lift measure",
            Self::ConfirmInForce { .. } => "confirm in force",
            Self::ConfirmRestored { .. } => "confirm restored",
            Self::RecordRepairs { .. } => "record repairs",
            Self::RecordOrder { .. } => "record order",
            Self::VacateOrder { .. } => "vacate order",
            Self::PlaceHold { .. } => "place hold",
            Self::ReleaseHold { .. } => "release hold",
            Self::FileAppeal { .. } => "file appeal",
            Self::DecideAppeal { .. } => "decide appeal",
            Self::Fire(_) => "fire timer",
        }
    }

    /// The words by which something is denied to the account or proposed against it, where it brings such words: they
    /// have to give a reason ([`lint::words`](crate::statement::lint::words)).
    pub fn gives_reasons(&self) -> Option<&Words> {
        match self {
            Self::RejectCure { why, .. }
            | Self::DecideAppeal { why, .. }
            | Self::ProposeMeasure(ProposeMeasure { why, .. }) => Some(why),
            _ => None,
        }
    }

    /// The reasons of the notice that it issues, where it issues one.
    pub fn reasons(&self) -> Option<&Reasons> {
        match self {
            Self::IssueNotice { reasons, .. }
            | Self::IssueCalled { reasons, .. }
            | Self::ApplyEmergency { reasons, .. } => Some(reasons),
            _ => None,
        }
    }

    /// The same, to put the letter in.
    pub fn reasons_mut(&mut self) -> Option<&mut Reasons> {
        match self {
            Self::IssueNotice { reasons, .. }
            | Self::IssueCalled { reasons, .. }
            | Self::ApplyEmergency { reasons, .. } => Some(reasons),
            _ => None,
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
                | Self::Compared { .. }
                | Self::AmendMeasure { .. }
                | Self::ApproveMeasure { .. }
                | Self::RatifyMeasure { .. }
                | Self::VacateOrder { .. }
                | Self::ReleaseHold { .. }
        )
    }
}
