//! Every command has a line here, without a wildcard: a command without one does not compile, and one that is never
//! carried out in any state, and is not excused with a reason, fails the test.

use std::collections::BTreeSet;

use tenure_domain::account::Command;

macro_rules! rows {
    ($($pattern:pat => $name:literal;)*) => {
        /// The names of all commands.
        pub const NAMES: &[&str] = &[$($name),*];

        /// The name of a command here: one for each variant.
        pub fn name(command: &Command) -> &'static str {
            match command { $($pattern => $name,)* }
        }
    };
}

rows! {
    Command::Open { .. } => "open";
    Command::CatchUp => "catch up";
    Command::NotifyTerms { .. } => "notify terms";
    Command::RecordTermsAttempt { .. } => "record terms attempt";
    Command::AcknowledgeTerms { .. } => "acknowledge terms";
    Command::AcceptTerms { .. } => "accept terms";
    Command::RecordInvoice { .. } => "record invoice";
    Command::CreateEnvironment { .. } => "create environment";
    Command::Provision(_) => "provision";
    Command::PutWorkload { .. } => "put workload";
    Command::ScaleWorkload { .. } => "scale workload";
    Command::RestartWorkload { .. } => "restart workload";
    Command::SetSecret { .. } => "set secret";
    Command::RemoveSecret { .. } => "remove secret";
    Command::Snapshots(_) => "snapshots";
    Command::RemoveWorkload { .. } => "remove workload";
    Command::OpenCase { .. } => "open case";
    Command::RecordMatch { .. } => "record match";
    Command::WithdrawCase { .. } => "withdraw case";
    Command::UndoCase { .. } => "undo case";
    Command::ClearSignal { .. } => "clear signal";
    Command::PauseCase { .. } => "pause case";
    Command::ResumeCase { .. } => "resume case";
    Command::ExtendNotice { .. } => "extend notice";
    Command::ProveDelivery { .. } => "prove delivery";
    Command::IssueNotice { .. } => "issue notice";
    Command::IssueCalled { .. } => "issue called notice";
    Command::RecordAttempt { .. } => "record attempt";
    Command::RecordFailure { .. } => "record failure";
    Command::ReadNotice { .. } => "read notice";
    Command::AcknowledgeNotice { .. } => "acknowledge notice";
    Command::SubmitCure { .. } => "submit cure";
    Command::AcceptCure { .. } => "accept cure";
    Command::RecordCheck { .. } => "record check";
    Command::RejectCure { .. } => "reject cure";
    Command::ProposeMeasure(_) => "propose measure";
    Command::ProposeUntil { .. } => "propose until";
    Command::ApplyEmergency { .. } => "apply emergency";
    Command::Compared { .. } => "compared";
    Command::AmendMeasure { .. } => "amend measure";
    Command::ApproveMeasure { .. } => "approve measure";
    Command::DenyMeasure { .. } => "deny measure";
    Command::ReviewEmergency { .. } => "review emergency";
    Command::RatifyMeasure { .. } => "ratify measure";
    Command::LiftMeasure { .. } => "lift measure";
    Command::AskMeasure { .. } => "ask measure";
    Command::ApplyOrder { .. } => "apply order";
    Command::LiftUnder { .. } => "lift under";
    Command::SetConditions { .. } => "set conditions";
    Command::ReviewMeasure { .. } => "review measure";
    Command::AcknowledgeEnforcement { .. } => "acknowledge enforcement";
    Command::AcknowledgeByWebhook { .. } => "acknowledge by webhook";
    Command::IssueRetrievalNotice { .. } => "issue retrieval notice";
    Command::ProposeDeletion { .. } => "propose deletion";
    Command::ConsentToDeletion { .. } => "consent to deletion";
    Command::DenyDeletion { .. } => "deny deletion";
    Command::ConfirmDeletion { .. } => "confirm deletion";
    Command::ProposeDeletionOf { .. } => "propose deletion of";
    Command::BeginDeletion { .. } => "begin deletion";
    Command::ConfirmEnvironmentDeleted { .. } => "confirm environment deleted";
    Command::AskEnvironmentDeletion { .. } => "ask deletion of environment";
    Command::EndEnvironmentDeletion { .. } => "end deletion of environment";
    Command::ConfirmInForce { .. } => "confirm in force";
    Command::ConfirmRestored { .. } => "confirm restored";
    Command::RecordRepairs { .. } => "record repairs";
    Command::RecordOrder { .. } => "record order";
    Command::RecordTimedOrder { .. } => "record timed order";
    Command::RecordRemoval(_) => "record removal";
    Command::RecordGag { .. } => "record gag";
    Command::RenewGag { .. } => "renew gag";
    Command::DecideConflict { .. } => "decide conflict";
    Command::VacateOrder { .. } => "vacate order";
    Command::PlaceHold { .. } => "place hold";
    Command::ReleaseHold { .. } => "release hold";
    Command::FileAppeal { .. } => "file appeal";
    Command::AssignAppeal { .. } => "assign appeal";
    Command::ModifyOnAppeal { .. } => "modify on appeal";
    Command::ChargeFee { .. } => "charge fee";
    Command::DecideAppeal { .. } => "decide appeal";
    Command::Fire(_) => "fire";
}

/// What no history carries out, and why not.
const EXCUSED: &[(&str, &str)] = &[
    ("open", "every history begins with an account that is opened, and it is opened once"),
    ("provision", "plans and credentials touch no measure: their histories are in `laws/provision.rs`"),
    ("snapshots", "they touch no measure and no clock: their histories are in `laws/snapshots.rs`"),
    ("catch up", "only states of an earlier version have something to make up"),
];

/// Fails when a command was never carried out and is not excused, or is excused and was.
pub fn check(carried_out: &BTreeSet<&'static str>) {
    let all: BTreeSet<&str> = NAMES.iter().copied().collect();
    assert_eq!(all.len(), NAMES.len(), "two commands have one name");
    let excused: BTreeSet<&str> = EXCUSED.iter().map(|(name, _)| *name).collect();
    assert!(excused.is_subset(&all), "a command is excused that does not exist: {excused:?}");
    let missing: Vec<_> = all.difference(carried_out).filter(|name| !excused.contains(*name)).collect();
    assert!(
        missing.is_empty(),
        "no history carries out {missing:?}: make them in `commands`, or excuse them"
    );
    let needless: Vec<_> = excused.intersection(carried_out).collect();
    assert!(needless.is_empty(), "{needless:?} are carried out and need no excuse");
}
