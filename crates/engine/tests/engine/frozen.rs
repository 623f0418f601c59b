//! What the freeze webhook of a process says that does not lead, and so passes over no environment.

use serde_json::{Value, json};
use tenure_access::Role;
use tenure_cluster::{Change, Cluster, Freezes, Verdict};
use tenure_domain::account::Command;
use tenure_domain::account::provision::Provision;
use tenure_domain::authority::Authority;
use tenure_domain::capability::Preset;
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::name::{ClusterId, MeasureId};
use tenure_domain::plan::{Exposure, Plan, Share};
use tenure_engine::clock::ClockKind;
use tenure_engine::kept::Kept;
use tenure_engine::submission::Act;
use tenure_engine::{Engine, Settings};

use crate::office::{Office, member, person, slug, start};

/// An account with an open environment, whose owner asks that nothing of one workload be deployed.
async fn freeze(office: &Office, scope: &str) -> MeasureId {
    let mut kept = Kept::default();
    let why = office.engine.words(&mut kept, "A key was stolen").unwrap();
    let ask = Command::AskMeasure { preset: Preset::Freeze, scope: scope.parse().unwrap(), ends: None, why };
    office
        .submit_keeping(member("parley", Role::Owner), Act::Account(slug("parley"), ask), kept)
        .await
        .unwrap();
    office.account("parley").await.measures.last().unwrap().id.clone()
}

/// The account takes it back.
async fn lift(office: &Office, measure: &MeasureId) {
    let mut kept = Kept::default();
    let why = office.engine.words(&mut kept, "It is over").unwrap();
    let authority = Authority::AccountHolder;
    let act = Act::Account(slug("parley"), Command::LiftUnder { measure: measure.clone(), authority, why });
    office.submit_keeping(member("parley", Role::Owner), act, kept).await.unwrap();
}

/// What somebody is told who wants to change an object.
async fn change(freezes: &Freezes, namespace: &str, name: &str) -> Verdict {
    let object = json!({"metadata": {"name": name}});
    let (object, before, user, groups) = (&object, &Value::Null, "eve", &[][..]);
    let change =
        Change { namespace, name, object, before, user, groups, deletes: false, of_namespace: false };
    freezes.judge_asking(&change).await
}

#[tokio::test]
async fn one_that_does_not_lead_refuses_what_is_frozen_and_nothing_else() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let office = Office::open().await;
    let plan = Plan { cpu_millis: 1_000, memory_mib: 512, storage_mib: 128, pods: 10 };
    let create = Provision::CreateEnvironment {
        environment: "pen".parse().unwrap(),
        cluster: ClusterId::main(),
        kind: EnvironmentKind::Open,
        share: Share { plan, exposure: Exposure::default() },
    };
    let create = Act::Account(slug("parley"), Command::Provision(create));
    office.submit(person("pia", Role::Platform), create).await.unwrap();

    let simulation = tenure_kubesim::start(tenure_kubesim::Options::default()).await.unwrap();
    let freezes = Freezes::new([1; 32]);
    let cluster = Cluster::from_kubeconfig_text(&simulation.kubeconfig()).await.unwrap();
    let cluster = Some(cluster.freezing(freezes.clone()));
    let settings = Settings { cluster, ..office.settings(ClockKind::Simulated, start(), 50) };
    let other = Engine::start(office.database.open().await, settings).await.unwrap();
    assert_eq!(other.epoch(), None, "another one leads");

    let measure = freeze(&office, "workload/pen/feed").await;
    let Verdict::Refused(why) = change(&freezes, "parley--pen", "feed").await else {
        panic!("it was let through")
    };
    assert!(why.contains(&format!("parley/pen/feed by {measure}")), "{why}");
    assert_eq!(change(&freezes, "parley--pen", "page").await, Verdict::Allowed);
    let whole = freeze(&office, "environment/pen").await;
    let Verdict::Refused(why) = change(&freezes, "parley--pen", "page").await else {
        panic!("it was let through")
    };
    assert!(why.contains(&whole.to_string()), "{why}");

    // What the record says nothing of cannot be known.
    for namespace in ["agora--pen", "parley--web", "kube-system"] {
        let Verdict::Refused(why) = change(&freezes, namespace, "page").await else { panic!("{namespace}") };
        assert!(why.contains("it is not known here yet"), "{namespace}: {why}");
    }

    // What the account takes back is free at once, before anybody has passed over it.
    for (measure, name) in [(&whole, "page"), (&measure, "feed")] {
        lift(&office, measure).await;
        assert_eq!(change(&freezes, "parley--pen", name).await, Verdict::Allowed);
    }
    other.stop().await;
}
