//! Several clusters behind one engine: an environment lives on one of them, and one that fails harms only its own.

use std::collections::BTreeMap;
use std::time::Duration;

use tenure_access::Role;
use tenure_cluster::Cluster;
use tenure_domain::account::Command;
use tenure_domain::account::measure::MeasureState;
use tenure_domain::account::provision::Provision;
use tenure_domain::capability::Preset;
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::name::{ClusterId, EnvironmentId};
use tenure_domain::plan::{Exposure, Plan, Share};
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::scope::Scope;
use tenure_engine::clock::ClockKind;
use tenure_engine::health::Health;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Done, Submission};
use tenure_engine::{Engine, EngineError, Settings};
use tenure_kubesim::Simulation;

use crate::office::{Office, done, hours, member, person, slug, start};

/// The installation's two clusters.
pub struct Clusters {
    pub main: Simulation,
    pub west: Simulation,
}

pub fn west() -> ClusterId {
    "west".parse().unwrap()
}

pub fn env(name: &str) -> EnvironmentId {
    name.parse().unwrap()
}

pub async fn of(simulation: &Simulation) -> Cluster {
    Cluster::from_kubeconfig_text(&simulation.kubeconfig()).await.unwrap()
}

impl Clusters {
    pub async fn begin() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let simulation = || tenure_kubesim::start(tenure_kubesim::Options::default());
        Self { main: simulation().await.unwrap(), west: simulation().await.unwrap() }
    }

    /// An engine on the office's database that has both, or `main` alone.
    pub async fn engine(&self, office: &Office, has_west: bool, seed: u64) -> Engine {
        let mut clusters = BTreeMap::new();
        if has_west {
            clusters.insert(west(), of(&self.west).await);
        }
        let cluster = Some(of(&self.main).await);
        let settings = Settings { cluster, clusters, ..office.settings(ClockKind::Simulated, start(), seed) };
        Engine::start(office.database.open().await, settings).await.unwrap()
    }

    /// How many environments each has.
    pub async fn environments(&self) -> (u64, u64) {
        let (main, west) = (of(&self.main).await.capacity().await, of(&self.west).await.capacity().await);
        (main.unwrap().environments, west.unwrap().environments)
    }

    /// Waits until each has so many.
    pub async fn have(&self, environments: (u64, u64)) {
        let made = async {
            while self.environments().await != environments {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), made).await.unwrap();
    }
}

pub async fn create(
    engine: &Engine,
    account: &str,
    name: &str,
    cluster: ClusterId,
) -> Result<Done, EngineError> {
    let plan = Plan { cpu_millis: 500, memory_mib: 256, storage_mib: 16, pods: 3 };
    let (kind, share) = (EnvironmentKind::Managed, Share { plan, exposure: Exposure::default() });
    let create = Provision::CreateEnvironment { environment: env(name), cluster, kind, share };
    let act = Act::Account(slug(account), Command::Provision(create));
    Ok(done(engine.submit(Submission::new(person("pia", Role::Platform), act)).await?))
}

/// The account stops one of its environments, or all, by its own wish.
pub async fn stops(engine: &Engine, scope: Scope) {
    let mut kept = Kept::default();
    let why = engine.words(&mut kept, "We are on holiday.").unwrap();
    let ask = Command::AskMeasure { preset: Preset::Suspend, scope, ends: None, why };
    let act = Act::Account(slug("parley"), ask);
    let submission = Submission::new(member("parley", Role::Owner), act).keeping(kept);
    engine.submit(submission).await.unwrap();
}

/// Waits until what the account's measures are is so.
pub async fn until(engine: &Engine, what: &str, is_so: impl Fn(&tenure_domain::account::Account) -> bool) {
    let waited = async {
        while !is_so(&engine.account(&slug("parley")).await.unwrap()) {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_mins(1), waited).await.is_ok(), "{what}");
}

pub async fn begun() -> (Office, Clusters, Engine) {
    let office = Office::open().await;
    office.engine.stop().await;
    let clusters = Clusters::begin().await;
    let engine = clusters.engine(&office, true, 7).await;
    (office, clusters, engine)
}

#[tokio::test]
async fn an_environment_lives_on_the_cluster_that_it_was_put_on_and_on_no_other() {
    let (office, clusters, engine) = begun().await;
    create(&engine, "parley", "web", ClusterId::main()).await.unwrap();
    create(&engine, "parley", "far", west()).await.unwrap();
    create(&engine, "parley", "farther", west()).await.unwrap();
    engine.settle().await.unwrap();
    assert_eq!(clusters.environments().await, (1, 2));

    // What each has, and what is promised of it.
    let capacity = engine.capacity(&west()).await.unwrap();
    assert_eq!((capacity.nodes, capacity.ready, capacity.complete), (1, 1, true));
    assert_eq!(capacity.allocatable.cpu_millis, 64_000);
    assert_eq!(capacity.allocatable.memory_mib, 256 * 1_024);
    assert_eq!((capacity.promised.cpu_millis, capacity.promised.memory_mib), (1_000, 512));
    assert_eq!(capacity.promised.pods, 6);

    // What each can do is on the record of its own.
    let names: Vec<String> = engine.clusters().iter().map(|cluster| cluster.id.to_string()).collect();
    assert_eq!(names, ["main", "west"]);
    let probed = async {
        while engine.clusters().iter().any(|c| c.probed.is_none() || c.answers != Some(true)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), probed).await.unwrap();
    engine.stop().await;

    // Whoever takes over knows it from the record.
    let engine = clusters.engine(&office, true, 8).await;
    let account = engine.account(&slug("parley")).await.unwrap();
    assert_eq!(account.environments[&env("far")].cluster, west());
    assert!(account.environments[&env("web")].cluster.is_main());
    engine.settle().await.unwrap();
    assert_eq!(clusters.environments().await, (1, 2));
    engine.stop().await;
}

#[tokio::test]
async fn an_environment_is_refused_on_a_cluster_that_the_settings_do_not_name() {
    let (_office, clusters, engine) = begun().await;
    match create(&engine, "parley", "web", "east".parse().unwrap()).await {
        Err(EngineError::Rejected(Rejected::Refused(refusal))) => {
            let unmet = &refusal.guards[0];
            assert_eq!((refusal.guards.len(), unmet.guard), (1, Guard::Supported));
            assert!(unmet.detail.contains("east") && unmet.satisfied_by.contains("main, west"), "{unmet:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(clusters.environments().await, (0, 0));
    engine.stop().await;
}

#[tokio::test]
async fn law_13_a_cluster_that_does_not_answer_harms_its_own_environments_alone() {
    let (_office, clusters, engine) = begun().await;
    create(&engine, "parley", "web", ClusterId::main()).await.unwrap();
    create(&engine, "parley", "far", west()).await.unwrap();
    engine.settle().await.unwrap();
    clusters.west.refuse_connections(true);

    // A stop on the other cluster is carried out and proved.
    stops(&engine, Scope::Environment(env("web"))).await;
    let is_in_force = |state: &MeasureState| matches!(state, MeasureState::InForce { .. });
    until(&engine, "the stop of web is proved", |a| is_in_force(&a.measures[0].state)).await;

    // New environments are made there, of this account too.
    create(&engine, "parley", "more", ClusterId::main()).await.unwrap();
    let made = async {
        while of(&clusters.main).await.capacity().await.unwrap().environments != 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), made).await.unwrap();

    // The one that does not answer is told, with the others as they are.
    let told = async {
        while engine.out_of_reach(&west()).is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), told).await.unwrap();
    assert!(engine.out_of_reach(&west()).unwrap().contains("does not answer"));
    assert_eq!(engine.out_of_reach(&ClusterId::main()), None);
    let conditions = engine.conditions().await;
    let health = |name: &str| conditions.iter().find(|c| c.name == name).map(|c| c.health);
    assert_eq!((health("cluster"), health("cluster/west")), (Some(Health::Ok), Some(Health::Degraded)));
    assert_eq!(engine.capacity(&west()).await, None, "nothing is said of what nobody saw");

    // What is about an environment there is not believed to be in force before that was seen.
    stops(&engine, Scope::Account).await;
    create(&engine, "parley", "still", ClusterId::main()).await.unwrap_err();
    let unconfirmed = async {
        loop {
            let observed = engine.observed(&slug("parley"), &env("far")).await.unwrap();
            if observed.pending.values().any(|why| why.contains("unconfirmed")) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), unconfirmed).await.unwrap();
    let account = engine.account(&slug("parley")).await.unwrap();
    assert!(!is_in_force(&account.measures[1].state), "{:?}", account.measures[1].state);

    clusters.west.refuse_connections(false);
    until(&engine, "the stop of everything is proved", |a| is_in_force(&a.measures[1].state)).await;
    engine.settle().await.unwrap();
    assert_eq!(engine.out_of_reach(&west()), None);
    engine.stop().await;
}

#[tokio::test]
async fn law_07_nothing_is_deleted_on_a_cluster_that_the_settings_name_no_more() {
    let (office, clusters, engine) = begun().await;
    create(&engine, "parley", "web", ClusterId::main()).await.unwrap();
    create(&engine, "parley", "far", west()).await.unwrap();
    engine.settle().await.unwrap();
    let mut kept = Kept::default();
    let why = engine.words(&mut kept, "We moved.").unwrap();
    let ask = Command::AskEnvironmentDeletion {
        environment: env("far"),
        confirm: "far".to_owned(),
        why,
        including: vec![],
    };
    let act = Act::Account(slug("parley"), ask);
    let submission = Submission::new(member("parley", Role::Owner), act).keeping(kept);
    engine.submit(submission).await.unwrap();
    engine.stop().await;

    // Days later it is due: a server without any cluster begins it, and cannot say that anything is gone.
    let (_, writes) = clusters.west.asked();
    let store = office.database.open().await;
    let engine = Engine::start(store, office.settings(ClockKind::Simulated, start(), 8)).await.unwrap();
    tokio::select! {
        _ = engine.advance_to(start().checked_add(hours(72)).unwrap()) => {}
        () = until(&engine, "the deletion is begun", |a| a.erasures[&env("far")].begun.is_some()) => {}
    }
    engine.stop().await;

    // Nor can one that does not name the cluster any more.
    let engine = clusters.engine(&office, false, 9).await;
    let why = engine.out_of_reach(&west()).unwrap();
    assert!(why.contains("name no cluster west") && why.contains("deleted"), "{why}");
    // A pass that went by it all: what was declared after it is made.
    create(&engine, "parley", "more", ClusterId::main()).await.unwrap();
    clusters.have((2, 1)).await;
    let account = engine.account(&slug("parley")).await.unwrap();
    assert!(account.environments.contains_key(&env("far")), "it is not told to be gone");
    assert_eq!(clusters.west.asked().1, writes, "nothing was written there");
    engine.stop().await;

    // Named again, it is carried out.
    let engine = clusters.engine(&office, true, 10).await;
    until(&engine, "it is deleted", |a| !a.environments.contains_key(&env("far"))).await;
    assert_eq!(clusters.environments().await, (2, 0));
    engine.stop().await;
}
