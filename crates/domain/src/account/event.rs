//! What happened to an account. An event's body is what the ledger's leaf holds.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::case::Outcome;
use super::clearance::Signal;
use super::clock::{Moved, PauseCause, Wait};
use super::cure::{Found, Verifier};
use super::erasure::Included;
use super::invoice::InvoiceFacts;
use super::legal::{AppealOutcome, Gag, OrderKind};
use super::measure::{Finding, LiftReason, Proposal};
use super::notice::{NoticeKind, Reminder, ServedBy};
use super::strike::Amount;
use super::watch::Lifts;
use crate::calendar::Deadline;
use crate::capability::Capability;
use crate::environment::{EnvironmentKind, TenantRole};
use crate::import::Concern;
use crate::name::{
    AppealId, CaseId, ChallengeToken, ClusterId, EnvironmentId, FeeId, Ground, HoldId, Hostname, InvoiceId,
    ItemId, MeasureId, Namespace, NoticeId, OrderId, PersonId, QuotaRequestId, ReportId, RuleId, SecretId,
    SnapshotId, TermsNoticeId, Uid, VolumeId, WebhookId, WorkloadId,
};
use crate::period::Period;
use crate::plan::{Allowances, Exposure, Plan};
use crate::refusal::Guard;
use crate::scope::Scope;
use crate::terms::{ApproverRole, Channel, TermsRef};
use crate::text::{Blob, Words};
use crate::workload::Workload;

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
    /// The invoice whose payment it asks for, where it asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceId>,
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
    #[serde(rename = "terms.notified")]
    TermsNotified { notice: TermsNoticeId, terms: TermsRef, why: Words, letter: Blob },
    #[serde(rename = "terms.attempted")]
    TermsAttempted {
        notice: TermsNoticeId,
        channel: Channel,
        proof: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deemed: Option<Deadline>,
    },
    #[serde(rename = "terms.served")]
    TermsServed {
        notice: TermsNoticeId,
        by: ServedBy,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        binds: Option<Deadline>,
    },
    #[serde(rename = "terms.accepted")]
    TermsAccepted { notice: TermsNoticeId },
    #[serde(rename = "terms.bound")]
    TermsBound { notice: TermsNoticeId },
    #[serde(rename = "invoice.recorded")]
    InvoiceRecorded { invoice: InvoiceId, facts: InvoiceFacts, overdue_from: Timestamp },
    #[serde(rename = "environment.created")]
    EnvironmentCreated {
        environment: EnvironmentId,
        plan: Plan,
        #[serde(default, skip_serializing_if = "EnvironmentKind::is_managed")]
        kind: EnvironmentKind,
        #[serde(default, skip_serializing_if = "Exposure::is_none")]
        exposure: Exposure,
        #[serde(default = "ClusterId::main", skip_serializing_if = "ClusterId::is_main")]
        cluster: ClusterId,
    },
    #[serde(rename = "environment.changed")]
    EnvironmentChanged {
        environment: EnvironmentId,
        plan: Plan,
        #[serde(default, skip_serializing_if = "Exposure::is_none")]
        exposure: Exposure,
    },
    /// A namespace that was there is to become an open environment; nothing was touched yet.
    #[serde(rename = "environment.imported")]
    EnvironmentImported {
        environment: EnvironmentId,
        namespace: Namespace,
        uid: Uid,
        plan: Plan,
        #[serde(default, skip_serializing_if = "Exposure::is_none")]
        exposure: Exposure,
        /// What was found there and accepted.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        accepted: BTreeSet<Concern>,
        /// All that was seen there.
        preflight: Blob,
    },
    /// It was seen to be taken, with everything that runs in it.
    #[serde(rename = "environment.adopted")]
    EnvironmentAdopted { environment: EnvironmentId, receipt: Blob },
    /// It could not be taken, and nothing in it was touched.
    #[serde(rename = "environment.import_ended")]
    EnvironmentImportEnded { environment: EnvironmentId, why: String },
    /// It is to live on another cluster, and is made there; it goes on where it is.
    #[serde(rename = "environment.move_begun")]
    EnvironmentMoveBegun { environment: EnvironmentId, cluster: ClusterId, by: PersonId, why: Words },
    /// It was seen on the other cluster as it was on its own, and lives there.
    #[serde(rename = "environment.moved")]
    EnvironmentMoved { environment: EnvironmentId, cluster: ClusterId, receipt: Blob },
    /// It stays; what was made of it elsewhere is removed.
    #[serde(rename = "environment.move_cancelled")]
    EnvironmentMoveCancelled { environment: EnvironmentId },
    /// Nothing of it is left on this cluster, which it does not live on.
    #[serde(rename = "environment.move_ended")]
    EnvironmentMoveEnded { environment: EnvironmentId, cluster: ClusterId, certificate: Blob },
    #[serde(rename = "plan.set")]
    PlanSet {
        plan: Plan,
        exposure: Exposure,
        /// None where they stay as they are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        allowances: Option<Box<Allowances>>,
        /// The request that was granted, where one was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<QuotaRequestId>,
    },
    #[serde(rename = "quota.requested")]
    QuotaRequested { request: QuotaRequestId, plan: Plan, exposure: Exposure, why: Words },
    #[serde(rename = "quota.decided")]
    QuotaDecided {
        request: QuotaRequestId,
        by: PersonId,
        /// Why not; none where it was granted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        denied: Option<Words>,
    },
    #[serde(rename = "access.granted")]
    AccessGranted { environment: EnvironmentId, role: TenantRole, seconds: u32, until: Timestamp },
    #[serde(rename = "hostname.claimed")]
    HostnameClaimed { hostname: Hostname, token: ChallengeToken, lapses: Timestamp },
    #[serde(rename = "hostname.proved")]
    HostnameProved { hostname: Hostname, evidence: Blob },
    /// No proof came in time.
    #[serde(rename = "hostname.lapsed")]
    HostnameLapsed { hostname: Hostname },
    #[serde(rename = "hostname.released")]
    HostnameReleased { hostname: Hostname },
    #[serde(rename = "environment.deletion_asked")]
    EnvironmentDeletionAsked {
        environment: EnvironmentId,
        due: Timestamp,
        why: Words,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        including: Vec<Included>,
    },
    #[serde(rename = "environment.deletion_begun")]
    EnvironmentDeletionBegun { environment: EnvironmentId },
    #[serde(rename = "environment.deletion_ended")]
    EnvironmentDeletionEnded { environment: EnvironmentId, refused: bool },
    #[serde(rename = "environment.deleted")]
    EnvironmentDeleted { environment: EnvironmentId, certificate: Blob },
    #[serde(rename = "workload.put")]
    WorkloadPut { environment: EnvironmentId, workload: WorkloadId, spec: Workload },
    #[serde(rename = "workload.scaled")]
    WorkloadScaled { environment: EnvironmentId, workload: WorkloadId, replicas: u16 },
    #[serde(rename = "workload.restarted")]
    WorkloadRestarted { environment: EnvironmentId, workload: WorkloadId },
    #[serde(rename = "secret.set")]
    SecretSet { environment: EnvironmentId, secret: SecretId, keys: BTreeSet<String>, values: Words },
    #[serde(rename = "secret.removed")]
    SecretRemoved { environment: EnvironmentId, secret: SecretId },
    #[serde(rename = "snapshot.requested")]
    SnapshotRequested {
        snapshot: SnapshotId,
        environment: EnvironmentId,
        workload: WorkloadId,
        volume: VolumeId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pod: Option<u16>,
        size_mib: u32,
        /// None for the cluster's default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<String>,
    },
    #[serde(rename = "snapshot.released")]
    SnapshotReleased { snapshot: SnapshotId },
    /// Somebody deleted it in the cluster, and nothing brings it back.
    #[serde(rename = "snapshot.lost")]
    SnapshotLost { snapshot: SnapshotId },
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order: Option<OrderId>,
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
    #[serde(rename = "case.undone")]
    CaseUndone { case: CaseId, rule: RuleId, by: PersonId, why: Words },
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        statement: Option<Blob>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        called_by: Option<u64>,
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        evidence: BTreeSet<Blob>,
    },
    #[serde(rename = "notice.attempted")]
    NoticeAttempted { notice: NoticeId, channel: Channel, proof: String, deemed: Option<Deadline> },
    #[serde(rename = "notice.attempt_failed")]
    NoticeAttemptFailed { notice: NoticeId, channel: Channel, why: String, again: Timestamp },
    /// The channel refused the letter again and again, and another took it: somebody looks.
    #[serde(rename = "notice.refused")]
    NoticeRefused { notice: NoticeId, channel: Channel },
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
    #[serde(rename = "notice.delayed")]
    NoticeDelayed { notice: NoticeId, order: OrderId },
    #[serde(rename = "notice.released")]
    NoticeReleased { notice: NoticeId },
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
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        approver_roles: BTreeSet<ApproverRole>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<MeasureId>,
    },
    #[serde(rename = "parity.compared")]
    ParityCompared { measure: MeasureId, comparator: String, document: Blob },
    #[serde(rename = "measure.amended")]
    MeasureAmended { measure: MeasureId, effective: Timestamp, command_hash: String },
    #[serde(rename = "approval.given")]
    ApprovalGiven {
        measure: MeasureId,
        by: PersonId,
        command_hash: String,
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        roles: BTreeSet<String>,
    },
    #[serde(rename = "approval.denied")]
    ApprovalDenied {
        measure: MeasureId,
        by: PersonId,
        command_hash: String,
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        roles: BTreeSet<String>,
        why: Words,
    },
    #[serde(rename = "approval.expired")]
    ApprovalExpired { measure: MeasureId, by: PersonId },
    #[serde(rename = "measure.approved")]
    MeasureApproved { measure: MeasureId },
    #[serde(rename = "measure.scheduled")]
    MeasureScheduled { measure: MeasureId, at: Timestamp },
    #[serde(rename = "measure.blocked")]
    MeasureBlocked { measure: MeasureId, guards: Vec<Guard>, detail: String },
    #[serde(rename = "measure.ratified")]
    MeasureRatified { measure: MeasureId, by: PersonId, command_hash: String },
    #[serde(rename = "emergency.review_due")]
    EmergencyReviewDue { measure: MeasureId, applied_by: PersonId, due: Timestamp },
    #[serde(rename = "emergency.review_overdue")]
    EmergencyReviewOverdue { measure: MeasureId },
    #[serde(rename = "emergency.reviewed")]
    EmergencyReviewed {
        measure: MeasureId,
        applied_by: PersonId,
        by: PersonId,
        finding: Finding,
        account: Words,
    },
    #[serde(rename = "measure.applying")]
    MeasureApplying { measure: MeasureId },
    #[serde(rename = "measure.bounded")]
    MeasureBounded {
        measure: MeasureId,
        bound: Deadline,
        /// Until when this appeal against it is to be decided, where it was filed without a deadline; none for until when
        /// the measure can last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        appeal: Option<AppealId>,
    },
    #[serde(rename = "measure.observed")]
    MeasureObserved { measure: MeasureId, receipt: Blob },
    #[serde(rename = "enforcer.acknowledged")]
    EnforcerAcknowledged {
        measure: MeasureId,
        capability: Capability,
        by: PersonId,
        withheld: bool,
        /// The endpoint that said so in its answer to a message, in the name of `by`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        via: Option<WebhookId>,
    },
    #[serde(rename = "measure.in_force")]
    MeasureInForce { measure: MeasureId, receipt: Blob },
    #[serde(rename = "measure.stayed")]
    MeasureStayed { measure: MeasureId, order: OrderId },
    #[serde(rename = "measure.restored")]
    MeasureRestored { measure: MeasureId, receipt: Blob },
    #[serde(rename = "measure.resumed")]
    MeasureResumed { measure: MeasureId, order: OrderId },
    #[serde(rename = "measure.conditions_set")]
    MeasureConditionsSet { measure: MeasureId, lifts: Lifts, why: Words },
    #[serde(rename = "measure.review_overdue")]
    MeasureReviewOverdue { measure: MeasureId },
    #[serde(rename = "measure.reviewed")]
    MeasureReviewed { measure: MeasureId, by: PersonId, lift: bool, why: Words },
    #[serde(rename = "measure.constructive_termination")]
    MeasureConstructiveTermination { measure: MeasureId, lifts_at: Timestamp },
    #[serde(rename = "measure.lifting")]
    MeasureLifting { measure: MeasureId, reason: LiftReason },
    #[serde(rename = "measure.lifted")]
    MeasureLifted { measure: MeasureId, receipt: Blob },
    #[serde(rename = "measure.withdrawn")]
    MeasureWithdrawn { measure: MeasureId, reason: LiftReason },
    #[serde(rename = "order.recorded")]
    OrderRecorded {
        order: OrderId,
        kind: OrderKind,
        scope: Scope,
        authority: Words,
        document: Blob,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        locator: Option<Words>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gag: Option<Gag>,
    },
    #[serde(rename = "order.complied")]
    OrderComplied { order: OrderId, margin_seconds: i64 },
    #[serde(rename = "order.missed")]
    OrderMissed { order: OrderId },
    #[serde(rename = "order.conflicted")]
    OrdersConflicted { order: OrderId, with: OrderId, scope: Scope },
    #[serde(rename = "order.preferred")]
    ConflictDecided { order: OrderId, over: OrderId, by: PersonId, why: Words },
    #[serde(rename = "gag.renewed")]
    GagRenewed {
        order: OrderId,
        until: Timestamp,
        recheck_by: Timestamp,
        why: Words,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        document: Option<Blob>,
    },
    #[serde(rename = "gag.recheck_missed")]
    GagRecheckMissed { order: OrderId },
    #[serde(rename = "gag.ended")]
    GagEnded { order: OrderId },
    #[serde(rename = "order.vacated")]
    OrderVacated { order: OrderId, why: Words },
    #[serde(rename = "hold.placed")]
    HoldPlaced { hold: HoldId, scope: Scope, running_state: bool, why: Words },
    #[serde(rename = "hold.released")]
    HoldReleased { hold: HoldId, why: Words },
    #[serde(rename = "appeal.filed")]
    AppealFiled {
        appeal: AppealId,
        measure: MeasureId,
        grounds: Words,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decide_by: Option<Timestamp>,
    },
    #[serde(rename = "appeal.assigned")]
    AppealAssigned { appeal: AppealId, reviewer: PersonId, by: PersonId },
    #[serde(rename = "appeal.overdue")]
    AppealOverdue { appeal: AppealId },
    #[serde(rename = "appeal.decided")]
    AppealDecided { appeal: AppealId, outcome: AppealOutcome, by: PersonId, why: Words },
    #[serde(rename = "strike.added")]
    StrikeAdded { case: CaseId, ground: Ground },
    #[serde(rename = "strike.removed")]
    StrikeRemoved { case: CaseId, because: Outcome },
    #[serde(rename = "fee.charged")]
    FeeCharged {
        fee: FeeId,
        case: CaseId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        measure: Option<MeasureId>,
        amount: Amount,
        why: Words,
    },
    #[serde(rename = "fee.reversed")]
    FeeReversed { fee: FeeId, because: Outcome },
    #[serde(rename = "rule.overturned")]
    RuleOverturned { rule: RuleId, case: CaseId },
    #[serde(rename = "account.closing")]
    AccountClosing { measure: MeasureId, retrieval: Option<Period>, floor: Option<Period>, quorum: u8 },
    #[serde(rename = "account.reopened")]
    AccountReopened { measure: MeasureId },
    #[serde(rename = "retrieval.started")]
    RetrievalStarted { notice: NoticeId, ends: Deadline },
    #[serde(rename = "retrieval.reminder_due")]
    RetrievalReminderDue { measure: MeasureId, number: u8 },
    #[serde(rename = "deletion.proposed")]
    DeletionProposed {
        measure: MeasureId,
        command_hash: String,
        why: Words,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        including: Vec<Included>,
    },
    #[serde(rename = "deletion.consented")]
    DeletionConsented { by: PersonId, command_hash: String },
    #[serde(rename = "deletion.approved")]
    DeletionApproved { command_hash: String },
    #[serde(rename = "deletion.begun")]
    DeletionBegun { command_hash: String },
    #[serde(rename = "deletion.ended")]
    DeletionEnded {
        command_hash: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        denied: Option<Words>,
    },
    #[serde(rename = "account.closed")]
    AccountClosed { measure: MeasureId, certificate: Blob },
    #[serde(rename = "drift.repaired")]
    DriftRepaired { environment: EnvironmentId, objects: Vec<String> },
    #[serde(rename = "command.refused")]
    CommandRefused { command: String, guards: Vec<Guard> },
}

impl Event {
    /// All kept bytes that it names.
    pub fn blobs(&self) -> impl Iterator<Item = &Blob> {
        let (statement, evidence) = match self {
            Self::NoticeIssued { statement, evidence, .. } => (statement.as_ref(), Some(evidence)),
            _ => (None, None),
        };
        let files = match self {
            Self::WorkloadPut { spec, .. } => Some(spec.kept_files()),
            _ => None,
        };
        let named = self.blob().into_iter().chain(statement).chain(evidence.into_iter().flatten());
        named.chain(files.into_iter().flatten())
    }

    /// The kept bytes that it is about, where it is about any.
    pub fn blob(&self) -> Option<&Blob> {
        match self {
            Self::NoticeIssued { letter, .. } | Self::TermsNotified { letter, .. } => Some(letter),
            Self::EnvironmentImported { preflight, .. } => Some(preflight),
            Self::AccountClosed { certificate, .. }
            | Self::EnvironmentDeleted { certificate, .. }
            | Self::EnvironmentMoveEnded { certificate, .. } => Some(certificate),
            Self::EnvironmentAdopted { receipt, .. }
            | Self::EnvironmentMoved { receipt, .. }
            | Self::MeasureInForce { receipt, .. }
            | Self::MeasureObserved { receipt, .. }
            | Self::MeasureRestored { receipt, .. }
            | Self::MeasureLifted { receipt, .. } => Some(receipt),
            Self::OrderRecorded { document, .. } => Some(document),
            Self::CureChecked { found, .. } => found.evidence(),
            Self::GagRenewed { document, .. } => document.as_ref(),
            _ => None,
        }
    }
}
