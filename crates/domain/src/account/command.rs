//! What can be asked of an account.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::cure::Found;
use super::erasure::Included;
use super::event::Asked;
use super::invoice::InvoiceFacts;
use super::legal::{AppealOutcome, OrderKind};
use super::measure::Finding;
use super::notice::NoticeKind;
use super::parity::Comparison;
use super::provision::Provision;
use super::snapshot::Snapshots;
use super::strike::Amount;
use super::timer::TimerKey;
use super::watch::Lifts;
use crate::authority::Authority;
use crate::capability::{Capability, Preset};
use crate::name::{
    AppealId, CaseId, EnvironmentId, Ground, HoldId, InvoiceId, ItemId, MeasureId, NoticeId, OrderId,
    PersonId, PowerId, ReportId, RuleId, SecretId, TermsNoticeId, WebhookId, WorkloadId,
};
use crate::period::Period;
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
    /// Tell the account of a new version of the terms.
    NotifyTerms { terms: TermsRef, why: Words, letter: Blob },
    /// A channel took the letter about new terms.
    RecordTermsAttempt { notice: TermsNoticeId, channel: Channel, proof: String },
    /// A member of the account confirms having the letter about new terms.
    AcknowledgeTerms { notice: TermsNoticeId },
    /// A member accepts exactly that text before its period has run.
    AcceptTerms { notice: TermsNoticeId, hash: String },
    /// The billing system says where an invoice stands.
    RecordInvoice { invoice: InvoiceId, facts: InvoiceFacts },
    /// Add an environment with its share of the plan.
    CreateEnvironment { environment: EnvironmentId, plan: Plan },
    /// Change what the account is provisioned with, or say who may enter.
    Provision(Provision),
    /// Declare a workload, new or changed.
    PutWorkload { environment: EnvironmentId, workload: WorkloadId, spec: Workload },
    /// Have so many pods of a workload, without declaring it anew.
    ScaleWorkload { environment: EnvironmentId, workload: WorkloadId, replicas: u16 },
    /// Start the pods of a workload anew, one after the other where it can be done so.
    RestartWorkload { environment: EnvironmentId, workload: WorkloadId },
    /// Set all values of a secret, new or in place of those it had. The words are the values as JSON.
    SetSecret { environment: EnvironmentId, secret: SecretId, keys: BTreeSet<String>, values: Words },
    /// Remove a secret that nothing reads.
    RemoveSecret { environment: EnvironmentId, secret: SecretId },
    /// Ask for a snapshot of a volume, or give one up.
    Snapshots(Snapshots),
    /// Remove a workload; its volume stays.
    RemoveWorkload { environment: EnvironmentId, workload: WorkloadId },
    /// Begin a process on a ground.
    OpenCase { ground: Ground, why: Words, reports: Vec<ReportId> },
    /// A rule matched: put it on the record, at most once a day, and open a case where the rule's mode says so and
    /// none is open on the ground.
    RecordMatch { rule: RuleId, ground: Ground, opens: bool, facts: BTreeMap<String, String>, why: Words },
    /// Take a case back; with `clears`, because its signal was false.
    WithdrawCase { case: CaseId, why: Words, clears: Option<Clears> },
    /// Take back a case that a rule opened, with all others that it opened. What the rule saw counts as false then, up
    /// to the report with this number, the last about the account.
    UndoCase { case: CaseId, rule: RuleId, by: PersonId, why: Words, reports: Option<u32> },
    /// Say that a signal on which no case is open is false.
    ClearSignal { ground: Ground, rule: Option<RuleId>, why: Words, clears: Clears },
    /// Stop the clocks of a case.
    PauseCase { case: CaseId, why: Words },
    /// Let the clocks of a case go on that a person stopped.
    ResumeCase { case: CaseId, why: Words },
    /// Make the running periods of a notice longer.
    ExtendNotice { notice: NoticeId, by: Period, why: Words },
    /// Show that a channel delivered the letter.
    ProveDelivery { notice: NoticeId, channel: Channel, evidence: Blob },
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
    /// A channel refused the letter.
    RecordFailure { notice: NoticeId, channel: Channel, why: String },
    /// A member of the account reads the letter.
    ReadNotice { notice: NoticeId },
    /// A member of the account confirms having it.
    AcknowledgeNotice { notice: NoticeId },
    /// The account says what it did about an item.
    SubmitCure { case: CaseId, item: ItemId, remedy: Words },
    /// A remedy is accepted.
    AcceptCure { case: CaseId, item: ItemId },
    /// What a verifier found about an item; with words for the account where it is not done.
    RecordCheck { case: CaseId, item: ItemId, found: Found, why: Option<Words> },
    /// A remedy is rejected.
    RejectCure { case: CaseId, item: ItemId, why: Words },
    /// Propose a measure.
    ProposeMeasure(ProposeMeasure),
    /// Propose a measure that lifts by itself.
    ProposeUntil { proposal: ProposeMeasure, lifts: Lifts },
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
    /// Deny consent to exactly this: the measure is withdrawn and can be proposed anew.
    DenyMeasure { measure: MeasureId, command_hash: String, why: Words },
    /// Say of an emergency measure that is provisional no more what happened, and whether it was right.
    ReviewEmergency { measure: MeasureId, finding: Finding, account: Words },
    /// Make a provisional measure last.
    RatifyMeasure { measure: MeasureId, command_hash: String },
    /// End a measure.
    LiftMeasure { measure: MeasureId, why: Words },
    /// The account asks that something be withheld from itself.
    AskMeasure { preset: Preset, scope: Scope, ends: Option<Timestamp>, why: Words },
    /// Withhold what an order commands.
    ApplyOrder { order: OrderId, preset: Preset, scope: Scope, why: Words },
    /// End a measure under this authority.
    LiftUnder { measure: MeasureId, authority: Authority, why: Words },
    /// Say when a measure lifts by itself.
    SetConditions { measure: MeasureId, lifts: Lifts, why: Words },
    /// Look at a measure again that has been in force for a while: it stands, or it is lifted.
    ReviewMeasure { measure: MeasureId, lift: bool, why: Words },
    /// Another system withholds what the measure withholds, or has given it back.
    AcknowledgeEnforcement { measure: MeasureId, capability: Capability, withheld: bool },
    /// An endpoint acknowledged in its answer to a message: all that it enforces of the measure is withheld, or given back.
    AcknowledgeByWebhook { measure: MeasureId, webhook: WebhookId, withheld: bool },
    /// Tell the account that it has ended and for how long its data can be fetched (0), or remind it (from 1).
    IssueRetrievalNotice { measure: MeasureId, number: u8, why: Words, letter: Blob },
    /// Propose to delete what the account has.
    ProposeDeletion { why: Words },
    /// Consent to exactly this deletion.
    ConsentToDeletion { command_hash: String },
    /// Refuse a deletion that is proposed, or take back one that is approved.
    DenyDeletion { command_hash: String, why: Words },
    /// Propose to delete what the account has, and with it what is in its environments and none of ours.
    ProposeDeletionOf { why: Words, including: Vec<Included> },
    /// Begin a deletion that has its quorum: from then on something may be gone.
    BeginDeletion { command_hash: String },
    /// Nothing is left of an environment, as the certificate says.
    ConfirmEnvironmentDeleted { environment: EnvironmentId, certificate: Blob },
    /// It was deleted, as the certificate says.
    ConfirmDeletion { certificate: Blob },
    /// The account asks that one of its environments be deleted, and names it again.
    AskEnvironmentDeletion {
        environment: EnvironmentId,
        confirm: String,
        why: Words,
        including: Vec<Included>,
    },
    /// The account takes that back; or it may not be carried out any more.
    EndEnvironmentDeletion { environment: EnvironmentId },
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
    /// Decide a challenge. What a rule saw counts as false where it succeeds, up to the report with this number, the last
    /// about the account.
    DecideAppeal { appeal: AppealId, outcome: AppealOutcome, why: Words, reports: Option<u32> },
    /// Make up what an earlier version left out of the account as it stands.
    CatchUp,
    /// A deadline came due.
    Fire(TimerKey),
}

/// For how long a signal counts as false, and what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clears {
    /// How long nothing is opened on it again; longer than zero.
    pub within: Period,
    /// The number of the last report about the account: those that come later are no part of the signal.
    pub reports: u32,
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
            Self::NotifyTerms { .. } => "notify terms",
            Self::RecordTermsAttempt { .. } => "record attempt of terms",
            Self::AcknowledgeTerms { .. } => "acknowledge terms",
            Self::AcceptTerms { .. } => "accept terms",
            Self::RecordInvoice { .. } => "record invoice",
            Self::CreateEnvironment { .. } => "create environment",
            Self::Provision(command) => command.name(),
            Self::PutWorkload { .. } => "put workload",
            Self::ScaleWorkload { .. } => "scale workload",
            Self::RestartWorkload { .. } => "restart workload",
            Self::SetSecret { .. } => "set secret",
            Self::RemoveSecret { .. } => "remove secret",
            Self::Snapshots(command) => command.name(),
            Self::RemoveWorkload { .. } => "remove workload",
            Self::OpenCase { .. } => "open case",
            Self::RecordMatch { .. } => "record match",
            Self::WithdrawCase { .. } => "withdraw case",
            Self::ClearSignal { .. } => "clear signal",
            Self::PauseCase { .. } => "pause case",
            Self::ResumeCase { .. } => "resume case",
            Self::ExtendNotice { .. } => "extend notice",
            Self::ProveDelivery { .. } => "prove delivery",
            Self::UndoCase { .. } => "undo case",
            Self::IssueNotice { .. } => "issue notice",
            Self::IssueCalled { .. } => "issue called notice",
            Self::RecordAttempt { .. } => "record attempt",
            Self::RecordFailure { .. } => "record failure",
            Self::ReadNotice { .. } => "read notice",
            Self::AcknowledgeNotice { .. } => "acknowledge notice",
            Self::SubmitCure { .. } => "submit cure",
            Self::AcceptCure { .. } => "accept cure",
            Self::RecordCheck { .. } => "record check",
            Self::RejectCure { .. } => "reject cure",
            Self::ProposeMeasure(_) | Self::ProposeUntil { .. } => "propose measure",
            Self::ApplyEmergency { .. } => "apply emergency measure",
            Self::Compared { decision, .. } => decision.name(),
            Self::AmendMeasure { .. } => "amend measure",
            Self::ApproveMeasure { .. } => "approve measure",
            Self::DenyMeasure { .. } => "deny measure",
            Self::ReviewEmergency { .. } => "review emergency measure",
            Self::RatifyMeasure { .. } => "ratify measure",
            Self::LiftMeasure { .. } | Self::LiftUnder { .. } => "lift measure",
            Self::AskMeasure { .. } => "ask for measure",
            Self::ApplyOrder { .. } => "apply order",
            Self::SetConditions { .. } => "set conditions",
            Self::ReviewMeasure { .. } => "review measure",
            Self::AcknowledgeEnforcement { .. } => "acknowledge enforcement",
            Self::AcknowledgeByWebhook { .. } => "acknowledge by webhook",
            Self::IssueRetrievalNotice { .. } => "issue retrieval notice",
            Self::ProposeDeletion { .. } | Self::ProposeDeletionOf { .. } => "propose deletion",
            Self::BeginDeletion { .. } => "begin deletion",
            Self::ConfirmEnvironmentDeleted { .. } => "confirm environment deleted",
            Self::AskEnvironmentDeletion { .. } => "ask for deletion of environment",
            Self::EndEnvironmentDeletion { .. } => "end deletion of environment",
            Self::ConsentToDeletion { .. } => "consent to deletion",
            Self::DenyDeletion { .. } => "deny deletion",
            Self::ConfirmDeletion { .. } => "confirm deletion",
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
            Self::CatchUp => "catch up",
            Self::Fire(_) => "fire timer",
        }
    }

    /// The words by which something is denied to the account or proposed against it, where it brings such words: they
    /// have to give a reason ([`lint::words`](crate::statement::lint::words)).
    pub fn gives_reasons(&self) -> Option<&Words> {
        match self {
            Self::RejectCure { why, .. }
            | Self::DecideAppeal { why, .. }
            | Self::ModifyOnAppeal { why, .. }
            | Self::ChargeFee { why, .. }
            | Self::ExtendNotice { why, .. }
            | Self::LiftMeasure { why, .. }
            | Self::Provision(Provision::DenyQuota { why, .. })
            | Self::LiftUnder { why, .. }
            | Self::DenyMeasure { why, .. }
            | Self::ProposeUntil { proposal: ProposeMeasure { why, .. }, .. }
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
        matches!(
            self,
            Self::RecordAttempt { .. }
                | Self::ReadNotice { .. }
                | Self::AcknowledgeNotice { .. }
                | Self::ProveDelivery { .. }
                | Self::RecordTermsAttempt { .. }
                | Self::AcknowledgeTerms { .. }
                | Self::PauseCase { .. }
                | Self::ResumeCase { .. }
                | Self::ExtendNotice { .. }
                | Self::Provision(Provision::ClaimHostname { .. })
                | Self::Fire(_)
        )
    }

    /// Whether it may restrict an account: such a command waits while the record does not keep up.
    pub fn is_privileged(&self) -> bool {
        matches!(
            self,
            Self::ProposeMeasure(_)
                | Self::ProposeUntil { .. }
                | Self::ApplyEmergency { .. }
                | Self::Compared { .. }
                | Self::AmendMeasure { .. }
                | Self::ApproveMeasure { .. }
                | Self::RatifyMeasure { .. }
                | Self::ResumeCase { .. }
                | Self::RecordRemoval(_)
                | Self::RecordGag { .. }
                | Self::RenewGag { .. }
                | Self::DecideConflict { .. }
                | Self::ChargeFee { .. }
                | Self::ApplyOrder { .. }
                | Self::ProposeDeletion { .. }
                | Self::ProposeDeletionOf { .. }
                | Self::ConsentToDeletion { .. }
                | Self::VacateOrder { .. }
                | Self::ReleaseHold { .. }
        )
    }
}
