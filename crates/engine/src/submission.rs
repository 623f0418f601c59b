//! What is submitted to the engine, and what comes back.

use std::sync::Arc;

use tenure_access::{Action, Principal};
use tenure_domain::account::provision::Provision;
use tenure_domain::account::snapshot::Snapshots;
use tenure_domain::account::{self, Account, Actor, System};
use tenure_domain::authority::Authority;
use tenure_domain::environment::TenantRole;
use tenure_domain::name::{AccountId, ReportId, RuleId};
use tenure_domain::report::Allegation;
use tenure_domain::{book, report};
use tenure_store::{Answer, WebhookSecret};

use crate::kept::Kept;
use crate::parity::Answers;
use crate::stream;

/// Who submits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A person or a member, whom the policies judge.
    Principal(Principal),
    /// A rule.
    Rule(RuleId),
    /// A part of Tenure itself.
    System(System),
}

impl Caller {
    /// The name under which it acts.
    pub fn actor(&self) -> Option<Actor> {
        match self {
            Self::Principal(principal) => principal.to_string().parse().ok(),
            Self::Rule(rule) => Some(Actor::Rule(rule.clone())),
            Self::System(part) => Some(Actor::System(*part)),
        }
    }
}

/// What is submitted.
#[expect(clippy::large_enum_variant, reason = "nearly every act is a command to an account")]
#[derive(Debug, Clone)]
pub enum Act {
    /// A command to an account.
    Account(AccountId, account::Command),
    /// A report about an account. In the transaction it gets its number, or is joined to the report that says the same.
    FileReport(AccountId, Allegation),
    /// A command to a report.
    Report(ReportId, report::Command),
    /// A new state of an entry of the provider's book.
    Book(book::Entry, book::Event),
    /// Evidence or another document, by itself.
    Keep,
}

impl Act {
    /// What the policies are asked; none for what only parts of Tenure do.
    pub fn action(&self) -> Option<Action> {
        use account::Command as C;
        Some(match self {
            Self::Account(_, command) => match command {
                C::Open { .. } => Action::OpenAccount,
                C::CreateEnvironment { .. } => Action::CreateEnvironment,
                C::Provision(command) => match command {
                    Provision::CreateEnvironment { .. } => Action::CreateEnvironment,
                    Provision::ChangeEnvironment { .. } => Action::ChangeEnvironment,
                    Provision::ImportEnvironment { .. } => Action::ImportEnvironment,
                    Provision::ConfirmAdopted { .. }
                    | Provision::EndImport { .. }
                    | Provision::ConfirmMoved { .. }
                    | Provision::EndMove { .. } => return None,
                    Provision::MoveEnvironment { .. } | Provision::CancelMove { .. } => {
                        Action::MoveEnvironment
                    }
                    Provision::SetPlan { .. } => Action::SetPlan,
                    Provision::RequestQuota { .. } => Action::RequestQuota,
                    Provision::GrantQuota { .. } | Provision::DenyQuota { .. } => Action::DecideQuotaRequest,
                    Provision::ClaimHostname { .. }
                    | Provision::ProveHostname { .. }
                    | Provision::ReleaseHostname { .. } => Action::ClaimHostname,
                    Provision::GrantAccess { role: TenantRole::Viewer, .. } => Action::IssueViewerKubeconfig,
                    Provision::GrantAccess { role: TenantRole::Editor, .. } => Action::IssueEditorKubeconfig,
                    Provision::GrantAccess { role: TenantRole::Admin, .. } => Action::IssueAdminKubeconfig,
                },
                C::PutWorkload { .. } => Action::PutWorkload,
                C::RemoveWorkload { .. } => Action::RemoveWorkload,
                C::ScaleWorkload { .. } => Action::ScaleWorkload,
                C::RestartWorkload { .. } => Action::RestartWorkload,
                C::SetSecret { .. } => Action::SetSecret,
                C::RemoveSecret { .. } => Action::RemoveSecret,
                C::Snapshots(command) => match command {
                    Snapshots::Request { .. } => Action::RequestSnapshot,
                    Snapshots::Release { .. } => Action::ReleaseSnapshot,
                    Snapshots::RecordLost { .. } => return None,
                },
                C::NotifyTerms { .. } => Action::NotifyTerms,
                C::AcceptTerms { .. } => Action::AcceptTerms,
                C::RecordInvoice { .. } => Action::RecordInvoice,
                C::OpenCase { .. } => Action::OpenCase,
                C::WithdrawCase { .. } => Action::WithdrawCase,
                C::IssueNotice { .. } => Action::IssueNotice,
                C::AcknowledgeNotice { .. } | C::AcknowledgeTerms { .. } => Action::AcknowledgeNotice,
                C::ReadNotice { .. } => Action::ReadAccount,
                C::ExtendNotice { .. } => Action::ExtendNotice,
                C::ProveDelivery { .. } => Action::ProveDelivery,
                C::PauseCase { .. } | C::ResumeCase { .. } => Action::PauseCase,
                C::ClearSignal { .. } => Action::ClearSignal,
                C::SubmitCure { .. } => Action::SubmitCure,
                C::AcceptCure { .. } | C::RejectCure { .. } => Action::DecideCure,
                C::ProposeMeasure(_) | C::ProposeUntil { .. } => Action::ProposeMeasure,
                C::LiftUnder { authority: Authority::AccountHolder, .. } => Action::LiftOwnMeasure,
                C::LiftUnder { authority: Authority::Legal | Authority::Order, .. } => {
                    Action::LiftLegalMeasure
                }
                C::AskMeasure { .. } => Action::AskMeasure,
                C::ApplyOrder { .. } => Action::ApplyOrder,
                C::SetConditions { .. } => Action::SetConditions,
                C::ReviewMeasure { .. } => Action::ReviewMeasure,
                C::AcknowledgeEnforcement { .. } => Action::AcknowledgeEnforcement,
                C::ProposeDeletion { .. } | C::ProposeDeletionOf { .. } => Action::ProposeDeletion,
                C::AskEnvironmentDeletion { .. } | C::EndEnvironmentDeletion { .. } => {
                    Action::DeleteEnvironment
                }
                C::ConsentToDeletion { .. } => Action::ConsentToDeletion,
                C::DenyDeletion { .. } => Action::DenyDeletion,
                C::ApplyEmergency { .. } => Action::ApplyEmergency,
                C::AmendMeasure { .. } => Action::AmendMeasure,
                C::ApproveMeasure { .. } | C::DenyMeasure { .. } => Action::ApproveMeasure,
                C::ReviewEmergency { .. } => Action::ReviewEmergency,
                C::ChargeFee { .. } => Action::ChargeFee,
                C::RatifyMeasure { .. } => Action::RatifyMeasure,
                C::LiftMeasure { .. } | C::LiftUnder { .. } => Action::LiftMeasure,
                C::RecordOrder { .. }
                | C::RecordTimedOrder { .. }
                | C::RecordRemoval(_)
                | C::RecordGag { .. }
                | C::RenewGag { .. } => Action::RecordOrder,
                C::DecideConflict { .. } => Action::DecideConflict,
                C::VacateOrder { .. } => Action::VacateOrder,
                C::PlaceHold { .. } => Action::PlaceHold,
                C::ReleaseHold { .. } => Action::ReleaseHold,
                C::FileAppeal { .. } => Action::FileAppeal,
                C::AssignAppeal { .. } => Action::AssignAppeal,
                C::DecideAppeal { .. } | C::ModifyOnAppeal { .. } => Action::DecideAppeal,
                C::Compared { .. }
                | C::UndoCase { .. }
                | C::RecordAttempt { .. }
                | C::RecordTermsAttempt { .. }
                | C::RecordFailure { .. }
                | C::RecordCheck { .. }
                | C::IssueCalled { .. }
                | C::RecordMatch { .. }
                | C::ConfirmInForce { .. }
                | C::ConfirmRestored { .. }
                | C::RecordRepairs { .. }
                | C::AcknowledgeByWebhook { .. }
                | C::IssueRetrievalNotice { .. }
                | C::BeginDeletion { .. }
                | C::ConfirmEnvironmentDeleted { .. }
                | C::ConfirmDeletion { .. }
                | C::CatchUp
                | C::Fire(_) => return None,
            },
            Self::FileReport(..) | Self::Report(_, report::Command::File(_) | report::Command::Join(_)) => {
                Action::FileReport
            }
            Self::Report(_, report::Command::Remediate { .. }) => Action::RemediateReport,
            Self::Book(_, event) => match event {
                book::Event::TermsPublished { .. } => Action::PublishTerms,
                book::Event::RulePublished { .. } => Action::PublishRule,
                book::Event::RuleUndone { .. } => Action::UndoRule,
                book::Event::PersonSet { .. } => Action::SetPerson,
                book::Event::MemberSet { .. } => Action::SetMember,
                book::Event::TokenIssued { .. } | book::Event::TokenRevoked { .. } => Action::IssueToken,
                book::Event::ClockConfirmed { .. } => Action::ConfirmClock,
                book::Event::WebhookSet { .. }
                | book::Event::WebhookSecretMade { .. }
                | book::Event::WebhookRemoved { .. } => Action::SetWebhook,
                book::Event::WebhookPinged { .. } | book::Event::WebhookRedelivered { .. } => {
                    Action::TryWebhook
                }
                book::Event::ClusterProbed { .. }
                | book::Event::ClockDoubted { .. }
                | book::Event::WebhookDisabled { .. }
                | book::Event::WebhookGaveUp { .. }
                | book::Event::LogKeyRotated { .. }
                | book::Event::LogAdopted { .. } => return None,
            },
            Self::Keep => Action::UploadEvidence,
        })
    }

    /// The account and the command's name, where its refusal stands on the record.
    pub(crate) fn recorded_when_refused(&self) -> Option<(AccountId, &'static str)> {
        match self {
            Self::Account(id, command) if command.records_refusal() => Some((id.clone(), command.name())),
            Self::Account(..) | Self::FileReport(..) | Self::Report(..) | Self::Book(..) | Self::Keep => None,
        }
    }

    /// The stream on which it is decided, where that is known before its turn.
    pub(crate) fn stream(&self) -> Option<String> {
        match self {
            Self::Account(id, _) | Self::FileReport(id, _) => Some(stream::account(id)),
            Self::Report(id, _) => Some(stream::report(id)),
            Self::Book(entry, _) => Some(entry.to_string()),
            Self::Keep => None,
        }
    }

    /// The account it is about, where it is about one.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Account(id, command) if !matches!(command, account::Command::Open { .. }) => Some(id),
            Self::FileReport(id, _) => Some(id),
            Self::Report(id, _) => Some(id.account()),
            Self::Account(..) | Self::Book(..) | Self::Keep => None,
        }
    }
}

/// A request that is to be carried out once, however often it is sent.
pub struct Once {
    /// The caller's key.
    pub key: String,
    /// SHA-256 of the request, in hexadecimal digits.
    pub request: String,
    /// Makes the answer, which is kept in the same transaction.
    pub respond: Box<dyn FnOnce(&Done) -> Answer + Send + Sync>,
}

/// A submission.
pub struct Submission {
    /// Who.
    pub caller: Caller,
    /// What.
    pub act: Act,
    /// What it brings along.
    pub kept: Kept,
    /// How it is done only once.
    pub once: Option<Once>,
    /// The version that the caller thinks the aggregate is at.
    pub if_version: Option<u64>,
    /// Shared numbers that it raises by one and that must stay within a limit: name and limit.
    pub caps: Vec<(String, i64)>,
    /// The secret of the key that it makes, where it makes one.
    pub secret: Option<WebhookSecret>,
    /// What a proposal says of the accounts that it is compared with.
    pub parity: Answers,
}

impl Submission {
    /// A plain submission.
    pub fn new(caller: Caller, act: Act) -> Self {
        Self {
            caller,
            act,
            kept: Kept::default(),
            once: None,
            if_version: None,
            caps: Vec::new(),
            secret: None,
            parity: Answers::default(),
        }
    }

    /// With what it brings along.
    #[must_use]
    pub fn keeping(mut self, kept: Kept) -> Self {
        self.kept = kept;
        self
    }
}

/// What was done.
#[derive(Debug, Clone)]
pub struct Done {
    /// The stream that was changed.
    pub stream: String,
    /// The version before.
    pub before: u64,
    /// The types of the events, in order; the first has number `before + 1`.
    pub events: Vec<String>,
    /// The state after.
    pub after: After,
}

/// The state after a submission.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one per submission, and none of them is kept")]
pub enum After {
    /// An account's.
    Account(Arc<Account>),
    /// A report's.
    Report(Arc<report::Report>),
    /// An entry's.
    Book(book::State),
    /// Nothing but bytes were kept.
    Kept,
}

impl Done {
    /// Whether it was a report that says what another says already, and was joined to it.
    pub fn joined(&self) -> bool {
        self.events.iter().any(|event| event == report::JOINED)
    }

    /// The account after, where the submission was to one.
    pub fn account(&self) -> Option<&Arc<Account>> {
        match &self.after {
            After::Account(account) => Some(account),
            After::Report(_) | After::Book(_) | After::Kept => None,
        }
    }
}

/// How a submission ended.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one per submission, and nearly all of them the large one")]
pub enum Outcome {
    /// It was carried out now; with the answer that was kept, where one was to be.
    Done(Done, Option<Answer>),
    /// It had been carried out before; the answer that was given then.
    Repeated(Answer),
}
