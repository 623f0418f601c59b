//! Who may do what: the golden matrix of roles and actions, over the wire.

use std::collections::{BTreeMap, BTreeSet};

use tenure_access::{Action, Role};

use crate::house::House;
use crate::operations::{self, existing};

const MATRIX: &str = include_str!("../../../../crates/access/policies/matrix.txt");

/// What an operation asks of the policies.
#[derive(Clone, Copy)]
enum Asks {
    /// Nothing: anyone may.
    Nothing,
    /// One action.
    One(&'static str),
    /// One of people, another of members of the account.
    Two(&'static str, &'static str),
}

/// The operations that ask for an action of another name than their own.
const BOUND: [(&str, Asks); 87] = {
    use Asks::{Nothing, One, Two};
    [
        ("getHealth", Nothing),
        ("getReadiness", Nothing),
        ("getCheckpoint", Nothing),
        ("getConsistency", Nothing),
        ("getLogKey", Nothing),
        ("getTile", Nothing),
        ("listAccounts", Two("listAccounts", "readAccount")),
        ("getAccount", One("readAccount")),
        ("getStanding", One("readAccount")),
        ("getPlan", One("readAccount")),
        ("listUsage", One("readAccount")),
        ("listQuotaRequests", One("readAccount")),
        ("listHostnames", One("readAccount")),
        ("getHostname", One("readAccount")),
        ("proveHostname", One("claimHostname")),
        ("releaseHostname", One("claimHostname")),
        ("getQuotaRequest", One("readAccount")),
        ("issueKubeconfig", One("issueViewerKubeconfig")),
        ("listEnvironments", One("readAccount")),
        ("getEnvironment", One("readAccount")),
        ("listWorkloads", One("readAccount")),
        ("getWorkload", One("readAccount")),
        ("listSecrets", One("readAccount")),
        ("listSnapshots", One("readAccount")),
        ("listRevisions", One("readAccount")),
        ("getActivity", One("readAccount")),
        ("getLogs", One("readLogs")),
        ("rollBackWorkload", One("putWorkload")),
        ("getMember", One("readAccount")),
        ("listNotices", One("readAccount")),
        ("getNotice", One("readAccount")),
        ("listTermsNotices", One("readAccount")),
        ("getTermsNotice", One("readAccount")),
        ("acknowledgeTerms", One("acknowledgeNotice")),
        ("listInvoices", One("readAccount")),
        ("getInvoice", One("readAccount")),
        ("getStatement", One("readAccount")),
        ("getLetter", One("readAccount")),
        ("getTransparency", One("readAccount")),
        ("listCases", One("readAccount")),
        ("getCase", One("readAccount")),
        ("getTimeline", One("readAccount")),
        ("getMeasure", One("readAccount")),
        ("previewMeasure", One("readAccount")),
        ("rehearseMeasure", One("rehearse")),
        ("rehearseScope", One("rehearse")),
        ("getDeletionPreflight", One("rehearse")),
        ("getImportPreflight", One("importEnvironment")),
        ("keepEnvironment", One("deleteEnvironment")),
        ("cancelMove", One("moveEnvironment")),
        ("getParity", One("readBook")),
        ("getParityReport", One("readBook")),
        ("getAppeal", One("readAccount")),
        ("getOrder", One("readAccount")),
        ("getHold", One("readAccount")),
        ("listReports", One("readReport")),
        ("getReport", One("readReport")),
        ("listJoined", One("readReport")),
        ("fileXarfReport", One("fileReport")),
        ("fileArfReport", One("fileReport")),
        ("getEvidence", One("readEvidence")),
        ("listEvents", Two("readRecord", "readAccount")),
        ("getReceipt", Two("readRecord", "readAccount")),
        ("listPeople", One("readBook")),
        ("getPerson", One("readBook")),
        ("listClusters", One("readClusters")),
        ("getCluster", One("readClusters")),
        ("listTerms", One("readBook")),
        ("listRules", One("readBook")),
        ("listWebhooks", One("readBook")),
        ("getWebhook", One("readBook")),
        ("listDeliveries", One("readBook")),
        ("getDelivery", One("readBook")),
        ("putWebhook", One("setWebhook")),
        ("removeWebhook", One("setWebhook")),
        ("makeWebhookSecret", One("setWebhook")),
        ("pingWebhook", One("tryWebhook")),
        ("redeliverMessage", One("tryWebhook")),
        ("revokeToken", One("issueToken")),
        ("listUndeliverable", One("listAccounts")),
        ("resumeCase", One("pauseCase")),
        ("decideAppeal", One("decideAppeal")),
        ("liftMeasure", Two("liftMeasure", "liftOwnMeasure")),
        ("decideCure", One("decideCure")),
        ("denyMeasure", One("approveMeasure")),
        ("renewGag", One("recordOrder")),
        ("remediateReport", One("remediateReport")),
    ]
};

fn asks(operation: &str) -> Asks {
    if let Some((_, asks)) = BOUND.iter().find(|(id, _)| *id == operation) {
        return *asks;
    }
    let action = Action::ALL.iter().find(|a| a.as_str() == operation);
    let action = action.unwrap_or_else(|| panic!("{operation} is bound to no action: bind it in this table"));
    Asks::One(action.as_str())
}

/// The roles that each action is allowed to.
fn golden() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    MATRIX
        .lines()
        .map(|line| line.split_whitespace())
        .map(|mut words| (words.next().unwrap(), words.collect()))
        .collect()
}

/// The first person's role that may do an operation, or else a member's.
pub fn someone_who_may(operation: &str) -> String {
    let holder = |role: &&str| {
        let member = role.parse::<Role>().unwrap().is_members();
        if member { format!("parley/{role}") } else { (*role).to_owned() }
    };
    match asks(operation) {
        Asks::Nothing => "parley/viewer".to_owned(),
        Asks::One(action) | Asks::Two(action, _) => golden()[action].iter().map(holder).next().unwrap(),
    }
}

#[tokio::test]
async fn every_operation_is_open_to_the_roles_of_the_matrix_and_to_nobody_else() {
    let house = House::furnished().await;
    let golden = golden();
    let mut used = BTreeSet::new();
    for operation in operations::all() {
        let asks = asks(&operation.id);
        assert_eq!(operation.is_public(), matches!(asks, Asks::Nothing), "{}", operation.id);
        let path = operation.at(|p| existing(&house, p));
        for role in Role::ALL {
            let holder = if role.is_members() { format!("parley/{role}") } else { role.to_string() };
            let may = match asks {
                Asks::Nothing => true,
                Asks::One(action) => golden[action].contains(role.as_str()),
                Asks::Two(people, members) => {
                    used.extend([people, members]);
                    golden[if role.is_members() { members } else { people }].contains(role.as_str())
                }
            };
            if let Asks::One(action) = asks {
                used.insert(action);
            }
            let body = operation.body(&house, "parley");
            let answer = operation.send(&house.caller(&holder), &path, body).await;
            let asked = format!("{} as {holder}: {}", operation.id, answer.text());
            assert!(answer.status < 500 && answer.status != 401, "{asked}");
            if may {
                assert_ne!(answer.status, 403, "{asked}");
            } else {
                assert_eq!((answer.status, answer.kind().as_str()), (403, "forbidden"), "{asked}");
            }
        }
    }
    // Applying an emergency is asked for within a proposal, the law's name within a lift, the other roles in a cluster with
    // the viewer's; the clock is no part of the document.
    let elsewhere = BTreeSet::from([
        "applyEmergency",
        "liftLegalMeasure",
        "setClock",
        "issueEditorKubeconfig",
        "issueAdminKubeconfig",
    ]);
    let all: BTreeSet<&str> = Action::ALL.iter().map(|a| a.as_str()).collect();
    assert_eq!(
        all.difference(&used).copied().collect::<BTreeSet<_>>(),
        elsewhere,
        "actions that no operation asks for"
    );
    house.close().await;
}

#[tokio::test]
async fn the_clock_and_emergencies_are_for_their_roles_too() {
    let house = House::furnished().await;
    let golden = golden();
    let emergency = serde_json::json!({"power": "6.1-emergency", "scope": "workload/web/site", "why": "It names the hour", "emergency": true, "facts": [operations::fact(&house)]});
    let nothing = serde_json::json!({"advance": "PT0S"});
    for role in Role::ALL.iter().filter(|r| !r.is_members()) {
        let caller = house.caller(role.as_str());
        let applied = caller.post("/v1/cases/parley.c2/measures", &emergency).await;
        assert_eq!(
            applied.status != 403,
            golden["applyEmergency"].contains(role.as_str()),
            "{role}: {}",
            applied.text()
        );
        let moved = caller.post("/dev/clock", &nothing).await;
        assert_eq!(
            moved.status != 403,
            golden["setClock"].contains(role.as_str()),
            "{role}: {}",
            moved.text()
        );
    }
    house.close().await;
}
