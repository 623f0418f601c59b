//! What can be asked for.

use std::fmt;

macro_rules! actions {
    ($($name:ident = $text:literal / $words:literal on $on:ident;)*) => {
        /// What can be asked for. The name is the Cedar action's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $(#[doc = $words] $name,)* }

        impl Action {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// The Cedar action's name.
            pub fn as_str(self) -> &'static str { match self { $(Self::$name => $text),* } }
            /// Whether it is asked about the provider as a whole; else about an account.
            pub fn is_providers(self) -> bool { match self { $(Self::$name => actions!(@ $on)),* } }
        }

        impl fmt::Display for Action {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$name => $words),* })
            }
        }
    };
    (@ provider) => { true };
    (@ account) => { false };
}

actions! {
    ListAccounts = "listAccounts" / "list accounts" on provider;
    OpenAccount = "openAccount" / "open an account" on provider;
    ReadRecord = "readRecord" / "read the record" on provider;
    ReadBook = "readBook" / "read the provider's book" on provider;
    ReadClusters = "readClusters" / "read what the clusters can do" on provider;
    PublishTerms = "publishTerms" / "publish terms" on provider;
    PublishRule = "publishRule" / "publish a rule" on provider;
    UndoRule = "undoRule" / "undo what a rule began" on provider;
    SetPerson = "setPerson" / "set a person's roles" on provider;
    SetMember = "setMember" / "set a member's roles" on provider;
    IssueToken = "issueToken" / "issue a token" on provider;
    SetClock = "setClock" / "move the simulated clock" on provider;
    ReadClock = "readClock" / "read the legal clock" on provider;
    ConfirmClock = "confirmClock" / "confirm the machine's clock" on provider;
    SetWebhook = "setWebhook" / "set a webhook endpoint" on provider;
    TryWebhook = "tryWebhook" / "have a webhook endpoint sent a message" on provider;
    UploadEvidence = "uploadEvidence" / "upload evidence" on provider;
    ReadAccount = "readAccount" / "read the account" on account;
    CreateEnvironment = "createEnvironment" / "create an environment" on account;
    ChangeEnvironment = "changeEnvironment" / "change an environment's share" on account;
    ImportEnvironment = "importEnvironment" / "import a namespace as an environment" on account;
    MoveEnvironment = "moveEnvironment" / "move an environment to another cluster" on account;
    SetPlan = "setPlan" / "set the account's plan" on account;
    RequestQuota = "requestQuota" / "ask for a larger plan" on account;
    DecideQuotaRequest = "decideQuotaRequest" / "decide on a request for a larger plan" on account;
    IssueViewerKubeconfig = "issueViewerKubeconfig" / "get a viewer's credentials" on account;
    IssueEditorKubeconfig = "issueEditorKubeconfig" / "get an editor's credentials" on account;
    IssueAdminKubeconfig = "issueAdminKubeconfig" / "get an admin's credentials" on account;
    ClaimHostname = "claimHostname" / "claim, prove and release hostnames" on account;
    DeleteEnvironment = "deleteEnvironment" / "have an environment deleted" on account;
    PutWorkload = "putWorkload" / "declare a workload" on account;
    RemoveWorkload = "removeWorkload" / "remove a workload" on account;
    ScaleWorkload = "scaleWorkload" / "scale a workload" on account;
    RestartWorkload = "restartWorkload" / "restart a workload" on account;
    ReadLogs = "readLogs" / "read what a workload wrote" on account;
    SetSecret = "setSecret" / "set a secret" on account;
    RemoveSecret = "removeSecret" / "remove a secret" on account;
    RequestSnapshot = "requestSnapshot" / "ask for a snapshot of a volume" on account;
    ReleaseSnapshot = "releaseSnapshot" / "release a snapshot" on account;
    FileReport = "fileReport" / "file a report" on account;
    ReadReport = "readReport" / "read reports" on account;
    ReadEvidence = "readEvidence" / "read evidence" on account;
    RemediateReport = "remediateReport" / "answer a report" on account;
    NotifyTerms = "notifyTerms" / "tell the account of new terms" on account;
    AcceptTerms = "acceptTerms" / "accept new terms" on account;
    RecordInvoice = "recordInvoice" / "record an invoice" on account;
    OpenCase = "openCase" / "open a case" on account;
    WithdrawCase = "withdrawCase" / "withdraw a case" on account;
    IssueNotice = "issueNotice" / "issue a notice" on account;
    AcknowledgeNotice = "acknowledgeNotice" / "acknowledge a notice" on account;
    ExtendNotice = "extendNotice" / "make a notice's periods longer" on account;
    ProveDelivery = "proveDelivery" / "show that a letter was delivered" on account;
    PauseCase = "pauseCase" / "stop or resume the clocks of a case" on account;
    ClearSignal = "clearSignal" / "say that a signal is false" on account;
    SubmitCure = "submitCure" / "submit a cure" on account;
    DecideCure = "decideCure" / "decide on a cure" on account;
    ProposeMeasure = "proposeMeasure" / "propose a measure" on account;
    ApplyEmergency = "applyEmergency" / "apply an emergency measure" on account;
    AmendMeasure = "amendMeasure" / "amend a measure" on account;
    ApproveMeasure = "approveMeasure" / "approve a measure" on account;
    RatifyMeasure = "ratifyMeasure" / "ratify a measure" on account;
    ReviewEmergency = "reviewEmergency" / "review an emergency measure" on account;
    ChargeFee = "chargeFee" / "charge a fee" on account;
    LiftMeasure = "liftMeasure" / "lift a measure" on account;
    LiftLegalMeasure = "liftLegalMeasure" / "lift a measure in the name of the law" on account;
    AskMeasure = "askMeasure" / "ask that something be withheld from the own account" on account;
    LiftOwnMeasure = "liftOwnMeasure" / "lift what the account asked for itself" on account;
    Rehearse = "rehearse" / "rehearse a stop or a deletion" on account;
    SetConditions = "setConditions" / "set when a measure lifts by itself" on account;
    ReviewMeasure = "reviewMeasure" / "review a measure in force" on account;
    AcknowledgeEnforcement = "acknowledgeEnforcement" / "say what another system withholds" on account;
    ApplyOrder = "applyOrder" / "withhold what an order commands" on account;
    ProposeDeletion = "proposeDeletion" / "propose a deletion" on account;
    ConsentToDeletion = "consentToDeletion" / "consent to a deletion" on account;
    DenyDeletion = "denyDeletion" / "deny a deletion" on account;
    RecordOrder = "recordOrder" / "record an order" on account;
    VacateOrder = "vacateOrder" / "vacate an order" on account;
    DecideConflict = "decideConflict" / "decide which of two orders is followed" on account;
    PlaceHold = "placeHold" / "place a hold" on account;
    ReleaseHold = "releaseHold" / "release a hold" on account;
    FileAppeal = "fileAppeal" / "file an appeal" on account;
    AssignAppeal = "assignAppeal" / "assign an appeal" on account;
    DecideAppeal = "decideAppeal" / "decide an appeal" on account;
}
