//! Imports as the engine carries them out: whose a namespace is says the record, and what cannot be taken is let go of.

use std::collections::BTreeMap;
use std::time::Duration;

use tenure_access::Role;
use tenure_cluster::Cluster;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::{Command, System};
use tenure_domain::import::Survey;
use tenure_domain::name::EnvironmentId;
use tenure_domain::plan::{Exposure, Plan, Share};
use tenure_domain::refusal::{Guard, Rejected};
use tenure_engine::clock::ClockKind;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Caller, Done};
use tenure_engine::{Engine, EngineError, Settings};

use crate::office::{Office, done, person, slug, start};

const UID: &str = "6f2c1f0e";

fn shop() -> EnvironmentId {
    "shop".parse().unwrap()
}

/// Somebody decides, with a look before eyes at which nothing stood in the way.
fn import() -> (Command, Kept) {
    let mut kept = Kept::default();
    let document = kept.blob("application/json", b"{}".to_vec());
    let plan = Plan { cpu_millis: 10, memory_mib: 16, storage_mib: 1, pods: 1 };
    let survey =
        Survey { uid: Some(UID.parse().unwrap()), obstacles: vec![], concerns: BTreeMap::new(), document };
    let command = Provision::ImportEnvironment {
        environment: shop(),
        namespace: "shop".parse().unwrap(),
        uid: UID.parse().unwrap(),
        share: Share { plan, exposure: Exposure::default() },
        accepted: vec![],
        survey: Box::new(survey),
    };
    (Command::Provision(command), kept)
}

async fn imports(office: &Office, account: &str) -> Result<Done, EngineError> {
    let (command, kept) = import();
    office.submit_keeping(person("pia", Role::Platform), Act::Account(slug(account), command), kept).await
}

#[tokio::test]
async fn law_07_a_namespace_is_one_accounts_on_the_record_until_it_is_let_go_of() {
    let office = Office::open().await;
    office.open_account("agora").await;
    imports(&office, "parley").await.unwrap();
    let office = office.restart().await;
    match imports(&office, "agora").await {
        Err(EngineError::Rejected(Rejected::Refused(refusal))) => {
            let guards: Vec<Guard> = refusal.guards.iter().map(|unmet| unmet.guard).collect();
            assert_eq!(guards, [Guard::NameFree], "{refusal:?}");
            assert!(!refusal.guards[0].detail.contains("parley"), "whose it is is nobody's business");
        }
        other => panic!("{other:?}"),
    }
    let end = Provision::EndImport { environment: shop(), why: "there is none".to_owned() };
    let act = Act::Account(slug("parley"), Command::Provision(end));
    office.submit(Caller::System(System::Cluster), act).await.unwrap();
    imports(&office, "agora").await.unwrap();
    assert!(office.account("agora").await.environments.contains_key(&shop()));
    office.engine.stop().await;
}

#[tokio::test]
async fn a_namespace_that_is_gone_when_it_is_to_be_taken_is_let_go_of_and_hinders_nothing() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let office = Office::open().await;
    office.engine.stop().await;
    let store = office.database.open().await;
    let simulation = tenure_kubesim::start(tenure_kubesim::Options::default()).await.unwrap();
    let cluster = Cluster::from_kubeconfig_text(&simulation.kubeconfig()).await.unwrap();
    let settings = Settings { cluster: Some(cluster), ..office.settings(ClockKind::Simulated, start(), 7) };
    let engine = Engine::start(store.clone(), settings).await.unwrap();

    let (command, kept) = import();
    let act = Act::Account(slug("parley"), command);
    let submission = tenure_engine::submission::Submission::new(person("pia", Role::Platform), act);
    let made = done(engine.submit(submission.keeping(kept)).await.unwrap());
    assert_eq!(made.events, ["environment.imported"]);
    let gone = async {
        while engine.account(&slug("parley")).await.unwrap().environments.contains_key(&shop()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), gone).await.unwrap();
    let told = store.stream("account/parley", 1, 500).await.unwrap();
    let last = String::from_utf8(told.last().unwrap().leaf.clone()).unwrap();
    assert!(last.contains("environment.import_ended") && last.contains("there is none"), "{last}");

    // The account's other environments are looked after as before.
    engine.settle().await.unwrap();
    engine.stop().await;
}
