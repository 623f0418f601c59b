//! A method for each operation of the API's document.

use tenure_wire::cluster::ClusterView;
use tenure_wire::erasing::{DeleteEnvironment, DeletionPreflightView, ProposeDeletion, RehearsalView};
use tenure_wire::hostname::{ClaimHostname, HostnameView};
use tenure_wire::import::{ImportEnvironment, ImportPreflightView};
use tenure_wire::legal::{AssignAppeal, ChargeFee, DecideConflict, Deny, RenewGag, ReviewEmergency};
use tenure_wire::moving::MoveEnvironment;
use tenure_wire::parity::{ParityReportView, ParityView, UndoRule};
use tenure_wire::plan::{
    ChangeEnvironment, DecideQuotaRequest, IssueKubeconfig, KubeconfigView, PlanView, QuotaRequestView,
    RequestQuota, SetPlan, UsageView,
};
use tenure_wire::request::{
    AcceptTerms, AcknowledgeEnforcement, Amend, ApplyOrder, AskMeasure, ClearSignal, ConfirmClock, Consent,
    CreateEnvironment, DecideAppeal, DecideCure, DenyDeletion, ExtendNotice, FileAppeal, FileReport,
    IssueNotice, IssueToken, MoveClock, NotifyTerms, OpenAccount, OpenCase, PlaceHold, ProposeMeasure,
    ProveDelivery, Reason, RecordInvoice, RecordOrder, Remediate, ReviewMeasure, RollBack, Scale,
    SetConditions, SetRoles, SetSecret, SubmitCure, WithdrawCase, Workload,
};
use tenure_wire::view::{
    AccountView, ActivityView, CaseView, ClockState, ClockView, ConsistencyView, EnvironmentView, EventView,
    HealthView, InvoiceView, JoinedView, LegalView, MeasureView, NoticeView, Page, PersonView, PreviewView,
    ReceiptView, ReportView, StandingView, TermsNoticeView, TokenView, WorkloadView, Written,
};

use tenure_wire::snapshot::RequestSnapshot;
use tenure_wire::statement::StatementView;
use tenure_wire::webhook::{DeliveryView, MakeSecret, SetWebhook, WebhookSecretView, WebhookView};

use crate::{Client, ClientError, pages};

/// The operations that this client has a method for, by their ids in the document.
pub const OPERATIONS: &[&[&str]] = &[
    GETS,
    POSTS,
    pages::LISTS,
    &[
        "publishTerms",
        "publishRule",
        "uploadEvidence",
        "getLetter",
        "fileXarfReport",
        "fileArfReport",
        "setPerson",
        "setMember",
        "setPlan",
        "changeEnvironment",
        "putWorkload",
        "removeWorkload",
        "restartWorkload",
        "getLogs",
        "setSecret",
        "removeSecret",
        "releaseSnapshot",
        "proveHostname",
        "releaseHostname",
        "revokeToken",
        "putWebhook",
        "removeWebhook",
        "pingWebhook",
        "redeliverMessage",
        "getEvidence",
        "getHealth",
        "getTile",
        "getConsistency",
        "keepEnvironment",
        "cancelMove",
        "acknowledgeNotice",
        "acknowledgeTerms",
        "listEvents",
        "getReceipt",
        "getCheckpoint",
        "getLogKey",
    ],
];

macro_rules! posts {
    ($($(#[$doc:meta])* $operation:literal $name:ident($($arg:ident),*) $path:literal $body:ty => $answer:ty;)*) => {
        const POSTS: &[&str] = &[$($operation),*];

        impl Client {$(
            $(#[$doc])*
            pub async fn $name(&self, key: &str, $($arg: &str,)* body: &$body) -> Result<$answer, ClientError> {
                self.post(&format!($path, $($arg = $arg),*), key, body).await
            }
        )*}
    };
}

macro_rules! gets {
    ($($(#[$doc:meta])* $operation:literal $name:ident($($arg:ident),*) $path:literal => $answer:ty;)*) => {
        const GETS: &[&str] = &[$($operation),*];

        impl Client {$(
            $(#[$doc])*
            pub async fn $name(&self, $($arg: &str,)*) -> Result<$answer, ClientError> {
                self.get(&format!($path, $($arg = $arg),*)).await
            }
        )*}
    };
}

posts! {
    /// Opens an account.
    "openAccount" open_account() "/v1/accounts" OpenAccount => Written;
    /// Tells an account of new terms.
    "notifyTerms" notify_terms(account) "/v1/accounts/{account}/terms-notices" NotifyTerms => Written;
    /// Accepts new terms.
    "acceptTerms" accept_terms(account, notice) "/v1/accounts/{account}/terms-notices/{notice}/acceptance" AcceptTerms => Written;
    /// Says where an invoice stands.
    "recordInvoice" record_invoice(account) "/v1/accounts/{account}/invoices" RecordInvoice => Written;
    /// Creates an environment.
    "createEnvironment" create_environment(account) "/v1/accounts/{account}/environments" CreateEnvironment => Written;
    /// Takes a namespace that is there as an open environment.
    "importEnvironment" import_environment(account) "/v1/accounts/{account}/imports" ImportEnvironment => Written;
    /// Claims a hostname.
    "claimHostname" claim_hostname(account) "/v1/accounts/{account}/hostnames" ClaimHostname => Written;
    /// Asks for a larger plan.
    "requestQuota" request_quota(account) "/v1/accounts/{account}/quota-requests" RequestQuota => Written;
    /// Decides on a request for a larger plan.
    "decideQuotaRequest" decide_quota_request(account, request) "/v1/accounts/{account}/quota-requests/{request}/decision" DecideQuotaRequest => Written;
    /// Gets credentials for an open environment.
    "issueKubeconfig" issue_kubeconfig(account, environment) "/v1/accounts/{account}/environments/{environment}/kubeconfigs" IssueKubeconfig => KubeconfigView;
    /// Has so many pods of a workload.
    "scaleWorkload" scale_workload(account, environment, workload) "/v1/accounts/{account}/environments/{environment}/workloads/{workload}/scale" Scale => Written;
    /// Puts an earlier declaration of a workload back.
    "rollBackWorkload" roll_back_workload(account, environment, workload) "/v1/accounts/{account}/environments/{environment}/workloads/{workload}/rollback" RollBack => Written;
    /// Asks for a snapshot of a volume.
    "requestSnapshot" request_snapshot(account, environment, workload, volume) "/v1/accounts/{account}/environments/{environment}/workloads/{workload}/volumes/{volume}/snapshots" RequestSnapshot => Written;
    /// Issues a token.
    "issueToken" issue_token() "/v1/tokens" IssueToken => TokenView;
    /// Brings a report in.
    "fileReport" file_report() "/v1/reports" FileReport => Written;
    /// Answers a report.
    "remediateReport" remediate(report) "/v1/reports/{report}/remediation" Remediate => Written;
    /// Opens a case.
    "openCase" open_case() "/v1/cases" OpenCase => Written;
    /// Takes a case back.
    "withdrawCase" withdraw_case(case) "/v1/cases/{case}/withdrawal" WithdrawCase => Written;
    /// Says that a signal is false.
    "clearSignal" clear_signal(account) "/v1/accounts/{account}/clearances" ClearSignal => Written;
    /// Stops the clocks of a case.
    "pauseCase" pause_case(case) "/v1/cases/{case}/pause" Reason => Written;
    /// Lets the clocks of a case go on.
    "resumeCase" resume_case(case) "/v1/cases/{case}/resumption" Reason => Written;
    /// Makes the periods of a notice longer.
    "extendNotice" extend_notice(account, notice) "/v1/accounts/{account}/notices/{notice}/extension" ExtendNotice => Written;
    /// Shows that a channel delivered the letter of a notice.
    "proveDelivery" prove_delivery(account, notice) "/v1/accounts/{account}/notices/{notice}/delivery" ProveDelivery => Written;
    /// Issues a notice.
    "issueNotice" issue_notice(case) "/v1/cases/{case}/notices" IssueNotice => Written;
    /// Hands a cure in.
    "submitCure" submit_cure(case) "/v1/cases/{case}/cures" SubmitCure => Written;
    /// Decides on a cure.
    "decideCure" decide_cure(case, item) "/v1/cases/{case}/cures/{item}/decision" DecideCure => Written;
    /// Proposes a measure, or applies one in an emergency.
    "proposeMeasure" propose_measure(case) "/v1/cases/{case}/measures" ProposeMeasure => Written;
    /// Undoes what a rule began.
    "undoRule" undo_rule(rule) "/v1/rules/{rule}/undo" UndoRule => Written;
    /// Names another moment of effect.
    "amendMeasure" amend_measure(measure) "/v1/measures/{measure}/amendment" Amend => Written;
    /// Approves a measure.
    "approveMeasure" approve(measure) "/v1/measures/{measure}/approvals" Consent => Written;
    /// Denies consent to a measure.
    "denyMeasure" deny(measure) "/v1/measures/{measure}/denial" Deny => Written;
    /// Reviews an emergency measure.
    "reviewEmergency" review_emergency(measure) "/v1/measures/{measure}/emergency-review" ReviewEmergency => Written;
    /// Charges a fee.
    "chargeFee" charge_fee(case) "/v1/cases/{case}/fees" ChargeFee => Written;
    /// Ratifies an emergency measure.
    "ratifyMeasure" ratify(measure) "/v1/measures/{measure}/ratification" Consent => Written;
    /// Ends a measure.
    "liftMeasure" lift(measure) "/v1/measures/{measure}/lift" Reason => Written;
    /// Asks that something be withheld from the own account.
    "askMeasure" ask_measure(account) "/v1/accounts/{account}/measures" AskMeasure => Written;
    /// Withholds what an order commands.
    "applyOrder" apply_order(order) "/v1/orders/{order}/measures" ApplyOrder => Written;
    /// Says when a measure lifts by itself.
    "setConditions" set_conditions(measure) "/v1/measures/{measure}/conditions" SetConditions => Written;
    /// Records that somebody looked at a measure again.
    "reviewMeasure" review_measure(measure) "/v1/measures/{measure}/reviews" ReviewMeasure => Written;
    /// Makes a signing secret of a webhook endpoint.
    "makeWebhookSecret" make_webhook_secret(webhook) "/v1/webhooks/{webhook}/secrets" MakeSecret => WebhookSecretView;
    /// Says what another system does about a measure.
    "acknowledgeEnforcement" acknowledge_enforcement(measure) "/v1/measures/{measure}/acknowledgements" AcknowledgeEnforcement => Written;
    /// Proposes to delete what an account has.
    "proposeDeletion" propose_deletion(account) "/v1/accounts/{account}/deletion" ProposeDeletion => Written;
    /// Has an environment live on another cluster.
    "moveEnvironment" move_environment(account, environment) "/v1/accounts/{account}/environments/{environment}/move" MoveEnvironment => Written;
    /// Asks that an environment be deleted.
    "deleteEnvironment" delete_environment(account, environment) "/v1/accounts/{account}/environments/{environment}/deletion" DeleteEnvironment => Written;
    /// Consents to a deletion.
    "consentToDeletion" consent_to_deletion(account) "/v1/accounts/{account}/deletion/consents" Consent => Written;
    /// Denies a deletion.
    "denyDeletion" deny_deletion(account) "/v1/accounts/{account}/deletion/denial" DenyDeletion => Written;
    /// Challenges a measure.
    "fileAppeal" file_appeal(measure) "/v1/measures/{measure}/appeals" FileAppeal => Written;
    /// Assigns an appeal.
    "assignAppeal" assign_appeal(appeal) "/v1/appeals/{appeal}/assignment" AssignAppeal => Written;
    /// Decides an appeal.
    "decideAppeal" decide_appeal(appeal) "/v1/appeals/{appeal}/decision" DecideAppeal => Written;
    /// Records an order.
    "recordOrder" record_order() "/v1/orders" RecordOrder => Written;
    /// Says that a gag is still needed.
    "renewGag" renew_gag(order) "/v1/orders/{order}/renewal" RenewGag => Written;
    /// Decides which of two orders is followed.
    "decideConflict" decide_conflict(order) "/v1/orders/{order}/precedence" DecideConflict => Written;
    /// Records that an order no longer stands.
    "vacateOrder" vacate_order(order) "/v1/orders/{order}/vacatur" Reason => Written;
    /// Places a hold.
    "placeHold" place_hold() "/v1/holds" PlaceHold => Written;
    /// Releases a hold.
    "releaseHold" release_hold(hold) "/v1/holds/{hold}/release" Reason => Written;
    /// Confirms that the machine's clock is right.
    "confirmClock" confirm_clock() "/v1/clock/confirmation" ConfirmClock => Written;
    /// Moves the simulated clock.
    "setClock" move_clock() "/dev/clock" MoveClock => ClockView;
}

gets! {
    /// What a cluster was found to be able to do.
    "getCluster" cluster(cluster) "/v1/clusters/{cluster}" => ClusterView;
    /// An account.
    "getAccount" account(account) "/v1/accounts/{account}" => AccountView;
    /// What an account's plan allows.
    "getPlan" plan(account) "/v1/accounts/{account}/plan" => PlanView;
    /// What an import of a namespace would find and do.
    "getImportPreflight" import_preflight(account, namespace) "/v1/accounts/{account}/imports/preflight?namespace={namespace}" => ImportPreflightView;
    /// The hostnames that an account has claimed.
    "listHostnames" hostnames(account) "/v1/accounts/{account}/hostnames?pageSize=200" => Page<HostnameView>;
    /// A hostname that an account has claimed.
    "getHostname" hostname(account, hostname) "/v1/accounts/{account}/hostnames/{hostname}" => HostnameView;
    /// What an account's environments use.
    "listUsage" usage(account) "/v1/accounts/{account}/usage?pageSize=200" => Page<UsageView>;
    /// An account's requests for a larger plan.
    "listQuotaRequests" quota_requests(account) "/v1/accounts/{account}/quota-requests?pageSize=200" => Page<QuotaRequestView>;
    /// A request for a larger plan.
    "getQuotaRequest" quota_request(account, request) "/v1/accounts/{account}/quota-requests/{request}" => QuotaRequestView;
    /// What an account was told of new terms.
    "listTermsNotices" terms_notices(account) "/v1/accounts/{account}/terms-notices?pageSize=200" => Page<TermsNoticeView>;
    /// The notice of new terms.
    "getTermsNotice" terms_notice(account, notice) "/v1/accounts/{account}/terms-notices/{notice}" => TermsNoticeView;
    /// An account's invoices.
    "listInvoices" invoices(account) "/v1/accounts/{account}/invoices?pageSize=200" => Page<InvoiceView>;
    /// An invoice.
    "getInvoice" invoice(account, invoice) "/v1/accounts/{account}/invoices/{invoice}" => InvoiceView;
    /// Where an account stands.
    "getStanding" standing(account) "/v1/accounts/{account}/standing" => StandingView;
    /// What the cluster tells of a workload now.
    "getActivity" activity(account, environment, workload) "/v1/accounts/{account}/environments/{environment}/workloads/{workload}/activity" => ActivityView;
    /// A workload.
    "getWorkload" workload(account, environment, workload) "/v1/accounts/{account}/environments/{environment}/workloads/{workload}" => WorkloadView;
    /// A report.
    "getReport" report(report) "/v1/reports/{report}" => ReportView;
    /// What says the same as a report and was joined to it.
    "listJoined" joined(report) "/v1/reports/{report}/joined?pageSize=200" => Page<JoinedView>;
    /// A notice's statement of reasons.
    "getStatement" statement(account, notice) "/v1/accounts/{account}/notices/{notice}/statement" => StatementView;
    /// What the EU's transparency database is told of a notice.
    "getTransparency" transparency(account, notice) "/v1/accounts/{account}/notices/{notice}/transparency" => serde_json::Value;
    /// A case.
    "getCase" case(case) "/v1/cases/{case}" => CaseView;
    /// The cases against an account.
    "listCases" cases(account) "/v1/cases?account={account}" => Page<CaseView>;
    /// A notice.
    "getNotice" notice(account, notice) "/v1/accounts/{account}/notices/{notice}" => NoticeView;
    /// An account's inbox.
    "listNotices" notices(account) "/v1/accounts/{account}/notices?pageSize=200" => Page<NoticeView>;
    /// A measure.
    "getMeasure" measure(measure) "/v1/measures/{measure}" => MeasureView;
    /// What a measure would do now.
    "previewMeasure" preview(measure) "/v1/measures/{measure}/preview" => PreviewView;
    /// What a measure would do in the cluster now, and its end.
    "rehearseMeasure" rehearsal(measure) "/v1/measures/{measure}/rehearsal" => RehearsalView;
    /// What a deletion would meet in the cluster now.
    "getDeletionPreflight" deletion_preflight(account) "/v1/accounts/{account}/deletion/preflight" => DeletionPreflightView;
    /// What a measure would do that nobody has proposed.
    "rehearseScope" rehearse(account, scope, withholds) "/v1/accounts/{account}/rehearsal?scope={scope}&withholds={withholds}" => RehearsalView;
    /// What a measure was compared with.
    "getParity" parity(measure) "/v1/measures/{measure}/parity" => ParityView;
    /// What was done in the cases of a month.
    "getParityReport" parity_report(month) "/v1/parity?month={month}" => ParityReportView;
    /// An order.
    "getOrder" order(order) "/v1/orders/{order}" => LegalView;
    /// An environment.
    "getEnvironment" environment(account, environment) "/v1/accounts/{account}/environments/{environment}" => EnvironmentView;
    /// A member of an account.
    "getMember" member(account, member) "/v1/accounts/{account}/members/{member}" => PersonView;
    /// A webhook endpoint.
    "getWebhook" webhook(webhook) "/v1/webhooks/{webhook}" => WebhookView;
    /// What became of a message to a webhook endpoint.
    "getDelivery" delivery(webhook, message) "/v1/webhooks/{webhook}/deliveries/{message}" => DeliveryView;
    /// A person of the provider.
    "getPerson" person(person) "/v1/people/{person}" => PersonView;
    /// An appeal.
    "getAppeal" appeal(appeal) "/v1/appeals/{appeal}" => LegalView;
    /// A hold.
    "getHold" hold(hold) "/v1/holds/{hold}" => LegalView;
    /// Whether the server can do its work.
    "getReadiness" readiness() "/readyz" => HealthView;
    /// The legal clock and the machine's, and whether the machine's is believed.
    "readClock" clock_state() "/v1/clock" => ClockState;
    /// The legal clock, where it is simulated.
    "getClock" clock() "/dev/clock" => ClockView;
}

impl Client {
    /// Publishes terms (YAML).
    pub async fn publish_terms(&self, key: &str, yaml: &str) -> Result<Written, ClientError> {
        self.upload("/v1/terms", key, "application/yaml", yaml.as_bytes()).await
    }

    /// Publishes a rule (YAML).
    pub async fn publish_rule(&self, key: &str, yaml: &str) -> Result<Written, ClientError> {
        self.upload("/v1/rules", key, "application/yaml", yaml.as_bytes()).await
    }

    /// Uploads evidence.
    pub async fn upload_evidence(
        &self,
        key: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Written, ClientError> {
        self.upload("/v1/evidence", key, media_type, bytes).await
    }

    /// Brings a report in as XARF v4.
    pub async fn file_xarf(&self, key: &str, account: &str, report: &[u8]) -> Result<Written, ClientError> {
        self.upload(&format!("/v1/reports/xarf?account={account}"), key, "application/json", report).await
    }

    /// Brings a report in as ARF mail (RFC 5965).
    pub async fn file_arf(&self, key: &str, account: &str, mail: &[u8]) -> Result<Written, ClientError> {
        self.upload(&format!("/v1/reports/arf?account={account}"), key, "message/rfc822", mail).await
    }

    /// Sets the roles of a person of the provider.
    pub async fn set_person(&self, person: &str, roles: &[&str]) -> Result<Written, ClientError> {
        let body = SetRoles { roles: roles.iter().map(ToString::to_string).collect() };
        self.put(&format!("/v1/people/{person}"), &body, &[]).await
    }

    /// Sets the roles of a member of an account.
    pub async fn set_member(
        &self,
        account: &str,
        member: &str,
        roles: &[&str],
    ) -> Result<Written, ClientError> {
        let body = SetRoles { roles: roles.iter().map(ToString::to_string).collect() };
        self.put(&format!("/v1/accounts/{account}/members/{member}"), &body, &[]).await
    }

    /// Sets what an account's plan allows, if the account is still at this version.
    pub async fn set_plan(
        &self,
        account: &str,
        version: u64,
        body: &SetPlan,
    ) -> Result<Written, ClientError> {
        let seen = [("if-match", format!("\"{version}\""))];
        self.put(&format!("/v1/accounts/{account}/plan"), body, &seen).await
    }

    /// Gives an environment another share of the plan, if the account is still at this version.
    pub async fn change_environment(
        &self,
        account: &str,
        environment: &str,
        version: u64,
        body: &ChangeEnvironment,
    ) -> Result<Written, ClientError> {
        let seen = [("if-match", format!("\"{version}\""))];
        self.put(&format!("/v1/accounts/{account}/environments/{environment}"), body, &seen).await
    }

    /// Declares a workload that must not exist yet.
    pub async fn create_workload(
        &self,
        account: &str,
        environment: &str,
        workload: &str,
        key: &str,
        spec: &Workload,
    ) -> Result<Written, ClientError> {
        let path = format!("/v1/accounts/{account}/environments/{environment}/workloads/{workload}");
        let headers = [("if-none-match", "*".to_owned()), ("idempotency-key", key.to_owned())];
        self.put(&path, spec, &headers).await
    }

    /// Changes a workload, if the account is still at this version.
    pub async fn replace_workload(
        &self,
        account: &str,
        environment: &str,
        workload: &str,
        version: u64,
        spec: &Workload,
    ) -> Result<Written, ClientError> {
        let path = format!("/v1/accounts/{account}/environments/{environment}/workloads/{workload}");
        self.put(&path, spec, &[("if-match", format!("\"{version}\""))]).await
    }

    /// Removes a workload, if the account is still at this version.
    pub async fn remove_workload(
        &self,
        key: &str,
        account: &str,
        environment: &str,
        workload: &str,
        version: u64,
    ) -> Result<Written, ClientError> {
        let path = format!("/v1/accounts/{account}/environments/{environment}/workloads/{workload}");
        self.only_at(&format!("\"{version}\"")).delete(&path, key).await
    }

    /// Registers a webhook endpoint that must not exist yet.
    pub async fn create_webhook(
        &self,
        key: &str,
        webhook: &str,
        set: &SetWebhook,
    ) -> Result<Written, ClientError> {
        let headers = [("if-none-match", "*".to_owned()), ("idempotency-key", key.to_owned())];
        self.put(&format!("/v1/webhooks/{webhook}"), set, &headers).await
    }

    /// Changes a webhook endpoint, if it is still at this version.
    pub async fn change_webhook(
        &self,
        webhook: &str,
        version: u64,
        set: &SetWebhook,
    ) -> Result<Written, ClientError> {
        let headers = [("if-match", format!("\"{version}\""))];
        self.put(&format!("/v1/webhooks/{webhook}"), set, &headers).await
    }

    /// Removes a webhook endpoint, if it is still at this version.
    pub async fn remove_webhook(
        &self,
        key: &str,
        webhook: &str,
        version: u64,
    ) -> Result<Written, ClientError> {
        self.only_at(&format!("\"{version}\"")).delete(&format!("/v1/webhooks/{webhook}"), key).await
    }

    /// Has a message sent that says nothing, to try a webhook endpoint.
    pub async fn ping_webhook(&self, key: &str, webhook: &str) -> Result<Written, ClientError> {
        self.post_nothing(&format!("/v1/webhooks/{webhook}/ping"), key).await
    }

    /// Has a message sent once more.
    pub async fn redeliver(&self, key: &str, webhook: &str, message: &str) -> Result<Written, ClientError> {
        self.post_nothing(&format!("/v1/webhooks/{webhook}/deliveries/{message}/redelivery"), key).await
    }

    /// Has it looked at now whether a hostname answers as its challenge asks.
    pub async fn prove_hostname(
        &self,
        key: &str,
        account: &str,
        hostname: &str,
    ) -> Result<Written, ClientError> {
        self.post_nothing(&format!("/v1/accounts/{account}/hostnames/{hostname}/proof"), key).await
    }

    /// Gives a hostname up.
    pub async fn release_hostname(
        &self,
        key: &str,
        account: &str,
        hostname: &str,
    ) -> Result<Written, ClientError> {
        self.delete(&format!("/v1/accounts/{account}/hostnames/{hostname}"), key).await
    }

    /// Starts the pods of a workload anew.
    pub async fn restart_workload(
        &self,
        key: &str,
        account: &str,
        environment: &str,
        workload: &str,
    ) -> Result<Written, ClientError> {
        let path = format!("/v1/accounts/{account}/environments/{environment}/workloads/{workload}/restart");
        self.post_nothing(&path, key).await
    }

    /// The last lines that a workload's container wrote.
    pub async fn logs(
        &self,
        account: &str,
        environment: &str,
        workload: &str,
        lines: u32,
    ) -> Result<String, ClientError> {
        let path = format!("/v1/accounts/{account}/environments/{environment}/workloads/{workload}/logs");
        self.text(&format!("{path}?lines={lines}")).await
    }

    /// Sets all values of a secret, in place of those it had.
    pub async fn set_secret(
        &self,
        account: &str,
        environment: &str,
        secret: &str,
        key: &str,
        values: &SetSecret,
    ) -> Result<Written, ClientError> {
        let path = format!("/v1/accounts/{account}/environments/{environment}/secrets/{secret}");
        self.put(&path, values, &[("idempotency-key", key.to_owned())]).await
    }

    /// Removes a secret that no workload reads.
    pub async fn remove_secret(
        &self,
        key: &str,
        account: &str,
        environment: &str,
        secret: &str,
    ) -> Result<Written, ClientError> {
        self.delete(&format!("/v1/accounts/{account}/environments/{environment}/secrets/{secret}"), key).await
    }

    /// Releases a snapshot.
    pub async fn release_snapshot(
        &self,
        key: &str,
        account: &str,
        environment: &str,
        snapshot: &str,
    ) -> Result<Written, ClientError> {
        self.delete(&format!("/v1/accounts/{account}/environments/{environment}/snapshots/{snapshot}"), key)
            .await
    }

    /// Revokes a token.
    pub async fn revoke_token(&self, key: &str, token: &str) -> Result<Written, ClientError> {
        self.delete(&format!("/v1/tokens/{token}"), key).await
    }

    /// The bytes of evidence, a letter or a receipt.
    pub async fn evidence(&self, id: &str) -> Result<Vec<u8>, ClientError> {
        self.bytes(&format!("/v1/evidence/{id}")).await
    }

    /// Whether the server answers: `ok`.
    pub async fn health(&self) -> Result<String, ClientError> {
        self.text("/healthz").await
    }

    /// A tile of the log, by its path after `/ledger/tile/` (C2SP tlog-tiles).
    pub async fn tile(&self, path: &str) -> Result<Vec<u8>, ClientError> {
        self.bytes(&format!("/ledger/tile/{path}")).await
    }

    /// The proof that the present log extends the one of size `older`.
    pub async fn consistency(&self, older: u64) -> Result<ConsistencyView, ClientError> {
        self.get(&format!("/ledger/consistency?older={older}")).await
    }

    /// Confirms having a notice.
    pub async fn acknowledge(&self, key: &str, account: &str, notice: &str) -> Result<Written, ClientError> {
        self.post_nothing(&format!("/v1/accounts/{account}/notices/{notice}/acknowledgement"), key).await
    }

    /// Takes back that an environment be deleted.
    pub async fn keep_environment(
        &self,
        key: &str,
        account: &str,
        environment: &str,
    ) -> Result<Written, ClientError> {
        let path = format!("/v1/accounts/{account}/environments/{environment}/deletion/withdrawal");
        self.post_nothing(&path, key).await
    }

    /// Has an environment stay that was to be moved.
    pub async fn cancel_move(
        &self,
        key: &str,
        account: &str,
        environment: &str,
    ) -> Result<Written, ClientError> {
        self.delete(&format!("/v1/accounts/{account}/environments/{environment}/move"), key).await
    }

    /// Confirms having the notice of new terms.
    pub async fn acknowledge_terms(
        &self,
        key: &str,
        account: &str,
        notice: &str,
    ) -> Result<Written, ClientError> {
        self.post_nothing(&format!("/v1/accounts/{account}/terms-notices/{notice}/acknowledgement"), key)
            .await
    }

    /// The events of a stream from its beginning, one page.
    pub async fn stream(
        &self,
        stream: &str,
        page_token: Option<&str>,
    ) -> Result<Page<EventView>, ClientError> {
        let token = page_token.map(|t| format!("&pageToken={t}")).unwrap_or_default();
        self.get(&format!("/v1/events?stream={}&pageSize=200{token}", stream.replace('/', "%2F"))).await
    }

    /// The proof that an event is in the log.
    pub async fn receipt(&self, stream: &str, n: u64) -> Result<ReceiptView, ClientError> {
        self.get(&format!("/v1/events/{}/{n}/receipt", stream.replace('/', "%2F"))).await
    }

    /// The log's last signed checkpoint.
    pub async fn checkpoint(&self) -> Result<String, ClientError> {
        self.text("/ledger/checkpoint").await
    }

    /// The key with which the log is verified.
    pub async fn log_key(&self) -> Result<String, ClientError> {
        self.text("/ledger/key").await
    }
}
