//! Environments that move from one cluster to another: made there, seen to be there, and removed from where they were.

use std::time::Duration;

use serde_json::{Value, json};
use tenure_access::Role;
use tenure_domain::account::measure::MeasureState;
use tenure_domain::account::moving::MoveState;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::{Account, Command};
use tenure_domain::authority::Authority;
use tenure_domain::name::ClusterId;
use tenure_domain::scope::Scope;
use tenure_domain::workload::{Volume, Workload};
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Submission};
use tenure_engine::{Engine, EngineError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::clusters::{Clusters, begun, create, env, stops, until, west};
use crate::office::{member, person, slug};

fn service() -> Workload {
    Workload {
        image: "registry.example/site:1".to_owned(),
        replicas: 2,
        port: 8080,
        cpu_millis: 50,
        memory_mib: 32,
        ..Workload::default()
    }
}

async fn put(engine: &Engine, workload: &str, spec: Workload) -> Result<(), EngineError> {
    let (environment, workload) = (env("web"), workload.parse().unwrap());
    let act = Act::Account(slug("parley"), Command::PutWorkload { environment, workload, spec });
    engine.submit(Submission::new(member("parley", Role::Owner), act)).await.map(drop)
}

async fn moves(engine: &Engine, cluster: ClusterId) {
    let mut kept = Kept::default();
    let why = engine.words(&mut kept, "The nodes here are replaced.").unwrap();
    let command = Provision::MoveEnvironment { environment: env("web"), cluster, why };
    platform(engine, command, kept).await;
}

async fn cancels(engine: &Engine) {
    platform(engine, Provision::CancelMove { environment: env("web") }, Kept::default()).await;
}

async fn platform(engine: &Engine, command: Provision, kept: Kept) {
    let act = Act::Account(slug("parley"), Command::Provision(command));
    engine.submit(Submission::new(person("pia", Role::Platform), act).keeping(kept)).await.unwrap();
}

/// Waits until the move tells that it waits for this.
async fn waits_for(engine: &Engine, what: &str) {
    let mut told = None;
    let waited = async {
        loop {
            let account = engine.account(&slug("parley")).await.unwrap();
            told = engine.move_waits_for(&account, &env("web")).await.unwrap();
            if told.as_ref().is_some_and(|told| told.contains(what)) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(1), waited).await;
    assert!(waited.is_ok(), "it does not tell that it waits for {what:?}, but for {told:?}");
}

fn lives_on(account: &Account, cluster: &ClusterId) -> bool {
    &account.environments[&env("web")].cluster == cluster
}

/// Whether it lives on `west`, and nothing of it is anywhere else.
fn is_moved(account: &Account) -> bool {
    lives_on(account, &west()) && account.moves.is_empty()
}

/// Waits until so many pods of it are ready where it lives, and each cluster has so many environments.
async fn runs(engine: &Engine, clusters: &Clusters, pods: u32, environments: (u64, u64)) {
    let mut seen = 0;
    let waited = async {
        loop {
            let observed = engine.observed(&slug("parley"), &env("web")).await.unwrap();
            seen = observed.workloads.values().map(|status| status.ready).sum();
            if seen == pods {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(1), waited).await;
    assert!(waited.is_ok(), "{seen} of {pods} pods are ready");
    clusters.have(environments).await;
}

/// The pods of the environment's namespace on a cluster.
async fn pods(cluster: &tenure_kubesim::Simulation) -> usize {
    let (_, body) = ask(&cluster.url(), "GET", "/api/v1/namespaces/parley--web/pods", "").await;
    body["items"].as_array().map_or(0, Vec::len)
}

/// Asks a cluster as somebody whom Tenure knows nothing of.
async fn ask(url: &str, method: &str, path: &str, body: &str) -> (u16, Value) {
    let server = url.strip_prefix("http://").unwrap();
    let mut connection = tokio::net::TcpStream::connect(server).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nhost: {server}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or_default())
}

async fn types(engine: &Engine) -> Vec<String> {
    let events = engine.stream("account/parley", 1, 10_000).await.unwrap();
    events.into_iter().map(|event| event.event_type).filter(|t| t.starts_with("environment.")).collect()
}

#[tokio::test]
async fn a_service_goes_on_where_it_is_until_it_was_seen_on_the_other_cluster_and_then_leaves() {
    let (office, clusters, engine) = begun().await;
    create(&engine, "parley", "web", ClusterId::main()).await.unwrap();
    put(&engine, "site", service()).await.unwrap();
    engine.settle().await.unwrap();
    runs(&engine, &clusters, 2, (1, 0)).await;

    moves(&engine, west()).await;
    until(&engine, "it is moved", is_moved).await;
    engine.settle().await.unwrap();
    runs(&engine, &clusters, 2, (0, 1)).await;
    assert_eq!(pods(&clusters.west).await, 2);
    let happened = types(&engine).await;
    assert_eq!(
        happened,
        ["environment.created", "environment.move_begun", "environment.moved", "environment.move_ended"]
    );
    // What is declared from now on comes about there; nothing comes back.
    put(&engine, "site", Workload { replicas: 1, ..service() }).await.unwrap();
    runs(&engine, &clusters, 1, (0, 1)).await;
    engine.stop().await;

    // Whoever takes over knows where it lives, and can move it back.
    let engine = clusters.engine(&office, true, 8).await;
    engine.settle().await.unwrap();
    runs(&engine, &clusters, 1, (0, 1)).await;
    moves(&engine, ClusterId::main()).await;
    until(&engine, "it is back", |a| lives_on(a, &ClusterId::main()) && a.moves.is_empty()).await;
    engine.settle().await.unwrap();
    runs(&engine, &clusters, 1, (1, 0)).await;
    engine.stop().await;
}

#[tokio::test]
async fn law_13_what_is_stopped_moves_stopped_and_comes_back_where_it_lives_then() {
    let (_office, clusters, engine) = begun().await;
    create(&engine, "parley", "web", ClusterId::main()).await.unwrap();
    put(&engine, "site", service()).await.unwrap();
    engine.settle().await.unwrap();
    stops(&engine, Scope::Environment(env("web"))).await;
    let is_in_force = |a: &Account| matches!(a.measures[0].state, MeasureState::InForce { .. });
    until(&engine, "the stop is proved", is_in_force).await;

    moves(&engine, west()).await;
    until(&engine, "it is moved", is_moved).await;
    engine.settle().await.unwrap();
    assert_eq!((pods(&clusters.west).await, clusters.environments().await), (0, (0, 1)));
    let account = engine.account(&slug("parley")).await.unwrap();
    assert!(is_in_force(&account), "{:?}", account.measures[0].state);

    let mut kept = Kept::default();
    let why = engine.words(&mut kept, "We are back.").unwrap();
    let measure = account.measures[0].id.clone();
    let lift = Command::LiftUnder { measure, authority: Authority::AccountHolder, why };
    let submission = Submission::new(member("parley", Role::Owner), Act::Account(slug("parley"), lift));
    engine.submit(submission.keeping(kept)).await.unwrap();
    until(&engine, "it is lifted", |a| matches!(a.measures[0].state, MeasureState::Lifted { .. })).await;
    put(&engine, "more", Workload { replicas: 1, ..service() }).await.unwrap();
    runs(&engine, &clusters, 3, (0, 1)).await;
    assert_eq!(pods(&clusters.west).await, 3);
    engine.stop().await;
}

#[tokio::test]
async fn law_13_a_stop_that_comes_in_while_it_moves_is_proved_on_both_clusters() {
    let (_office, clusters, engine) = begun().await;
    create(&engine, "parley", "web", ClusterId::main()).await.unwrap();
    put(&engine, "site", service()).await.unwrap();
    engine.settle().await.unwrap();
    // It is made there as far as the first objects, and then the cluster answers no more.
    let mut writes = clusters.west.writes();
    clusters.west.allow_writes(Some(3));
    moves(&engine, west()).await;
    let made = async {
        while *writes.borrow_and_update() < 3 {
            writes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_mins(1), made).await.unwrap();
    clusters.west.refuse_connections(true);
    clusters.west.allow_writes(None);

    stops(&engine, Scope::Environment(env("web"))).await;
    waits_for(&engine, "west").await;
    let stopped = async {
        while pods(&clusters.main).await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), stopped).await.unwrap();
    let account = engine.account(&slug("parley")).await.unwrap();
    assert!(
        matches!(account.measures[0].state, MeasureState::Applying { .. }),
        "nobody saw what runs on west: {:?}",
        account.measures[0].state
    );
    clusters.west.refuse_connections(false);
    until(&engine, "the stop is proved", |a| matches!(a.measures[0].state, MeasureState::InForce { .. }))
        .await;
    until(&engine, "it is moved", is_moved).await;
    engine.settle().await.unwrap();
    assert_eq!((pods(&clusters.west).await, clusters.environments().await), (0, (0, 1)));
    engine.stop().await;
}

#[tokio::test]
async fn a_move_that_is_cancelled_takes_back_what_was_made_and_leaves_the_rest_alone() {
    let (_office, clusters, engine) = begun().await;
    create(&engine, "parley", "web", ClusterId::main()).await.unwrap();
    put(&engine, "site", service()).await.unwrap();
    engine.settle().await.unwrap();
    let (before, _) = clusters.main.asked();

    // The other cluster does not answer: something may have been made there, until somebody saw that it was not.
    clusters.west.refuse_connections(true);
    moves(&engine, west()).await;
    waits_for(&engine, "west").await;
    cancels(&engine).await;
    waits_for(&engine, "does not answer").await;
    clusters.west.refuse_connections(false);
    until(&engine, "the move has ended", |a| a.moves.is_empty()).await;

    // It gets as far as the first objects.
    let mut writes = clusters.west.writes();
    let made = *writes.borrow_and_update();
    clusters.west.allow_writes(Some(4));
    moves(&engine, west()).await;
    let begun = async {
        while *writes.borrow_and_update() < made + 4 {
            writes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_mins(1), begun).await.unwrap();
    cancels(&engine).await;
    clusters.west.allow_writes(None);
    until(&engine, "the move has ended", |a| a.moves.is_empty()).await;
    engine.settle().await.unwrap();
    runs(&engine, &clusters, 2, (1, 0)).await;
    assert_eq!(clusters.main.asked().0, before, "nothing was touched where it lives");
    let account = engine.account(&slug("parley")).await.unwrap();
    assert!(lives_on(&account, &ClusterId::main()));
    engine.stop().await;
}

#[tokio::test]
async fn law_07_what_is_declared_nowhere_keeps_an_environment_where_it_is() {
    let (_office, clusters, engine) = begun().await;
    create(&engine, "parley", "web", ClusterId::main()).await.unwrap();
    put(&engine, "site", service()).await.unwrap();
    engine.settle().await.unwrap();
    let at = "/api/v1/namespaces/parley--web/configmaps";
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}}).to_string();
    assert_eq!(ask(&clusters.main.url(), "POST", at, &theirs).await.0, 201);
    moves(&engine, west()).await;
    waits_for(&engine, "theirs").await;
    assert_eq!(clusters.environments().await, (1, 1), "it is there, and has not moved");
    assert_eq!(ask(&clusters.main.url(), "DELETE", &format!("{at}/theirs"), "").await.0, 200);
    until(&engine, "it is moved", is_moved).await;

    // Neither are volumes that workloads left which are declared no more.
    let volume = Volume { path: "/data".to_owned(), size_mib: 8, from: None };
    let keeping = Workload { replicas: 1, volumes: [("data".parse().unwrap(), volume)].into(), ..service() };
    put(&engine, "db", keeping).await.unwrap();
    engine.settle().await.unwrap();
    let remove = Command::RemoveWorkload { environment: env("web"), workload: "db".parse().unwrap() };
    let act = Act::Account(slug("parley"), remove);
    engine.submit(Submission::new(member("parley", Role::Owner), act)).await.unwrap();
    engine.settle().await.unwrap();
    moves(&engine, ClusterId::main()).await;
    waits_for(&engine, "keeps data").await;
    cancels(&engine).await;
    until(&engine, "the move has ended", |a| a.moves.is_empty()).await;
    engine.settle().await.unwrap();
    runs(&engine, &clusters, 2, (0, 1)).await;
    engine.stop().await;
}

#[tokio::test]
async fn law_08_a_hold_keeps_what_a_move_left_until_it_is_released() {
    let (office, clusters, engine) = begun().await;
    create(&engine, "parley", "web", ClusterId::main()).await.unwrap();
    put(&engine, "site", service()).await.unwrap();
    engine.settle().await.unwrap();
    // What it left is not removed before the hold comes in: there is no second write there.
    clusters.main.allow_writes(Some(1));
    moves(&engine, west()).await;
    let has_moved = |a: &Account| a.moves.values().any(|m| matches!(m.state, MoveState::Moved { .. }));
    until(&engine, "it lives there", has_moved).await;
    engine.submit(office.hold("parley", "A court may ask for it.")).await.unwrap();
    clusters.main.allow_writes(None);
    waits_for(&engine, "preserves").await;
    assert_eq!(clusters.environments().await, (1, 1));
    let mut kept = Kept::default();
    let why = engine.words(&mut kept, "It was copied.").unwrap();
    let hold = engine.account(&slug("parley")).await.unwrap().holds[0].id.clone();
    let act = Act::Account(slug("parley"), Command::ReleaseHold { hold, why });
    engine.submit(Submission::new(person("lena", Role::Legal), act).keeping(kept)).await.unwrap();
    until(&engine, "it is moved", is_moved).await;
    assert_eq!(clusters.environments().await, (0, 1));
    engine.stop().await;
}

/// The engine is ended after each write to a cluster, and another one goes on.
#[tokio::test]
async fn a_move_that_is_killed_after_each_of_its_writes_comes_to_the_same_end() {
    let (office, clusters, mut engine) = begun().await;
    create(&engine, "parley", "web", ClusterId::main()).await.unwrap();
    put(&engine, "site", service()).await.unwrap();
    engine.settle().await.unwrap();
    moves(&engine, west()).await;
    let mut kills = 0;
    for seed in 100.. {
        let (mut main, mut far) = (clusters.main.writes(), clusters.west.writes());
        let counts = |main: &mut tokio::sync::watch::Receiver<u64>,
                      far: &mut tokio::sync::watch::Receiver<u64>| {
            *main.borrow_and_update() + *far.borrow_and_update()
        };
        let before = counts(&mut main, &mut far);
        clusters.main.allow_writes(Some(1));
        clusters.west.allow_writes(Some(1));
        let step = async {
            while counts(&mut main, &mut far) == before {
                let account = engine.account(&slug("parley")).await.unwrap();
                if is_moved(&account) {
                    return true;
                }
                tokio::task::yield_now().await;
            }
            false
        };
        let is_done = tokio::time::timeout(Duration::from_mins(1), step).await.unwrap();
        if is_done {
            break;
        }
        engine.stop().await;
        kills += 1;
        assert!(kills < 200, "it does not come to its end");
        engine = clusters.engine(&office, true, seed).await;
    }
    clusters.main.allow_writes(None);
    clusters.west.allow_writes(None);
    engine.settle().await.unwrap();
    assert!(kills > 10, "{kills} writes are not all of a move");
    runs(&engine, &clusters, 2, (0, 1)).await;
    let happened = types(&engine).await;
    assert_eq!(
        happened,
        ["environment.created", "environment.move_begun", "environment.moved", "environment.move_ended"],
        "each once"
    );
    engine.stop().await;
}
