//! A clock in doubt over the wire, on an engine whose machine's clock the test sets; and what comes next, as its people
//! and members read it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tenure_api::{App, Limits};
use tenure_client::wire::request::ConfirmClock;
use tenure_client::{Client, ClientError};
use tenure_domain::account::Actor;
use tenure_domain::book::{Entry, Event};
use tenure_engine::clock::{ClockKind, Reading, TimeSource};
use tenure_engine::entropy::Entropy;
use tenure_engine::submission::{Act, Submission};
use tenure_engine::{Engine, LogKey, Settings};
use tenure_store::Store;
use tenure_wire::view::{ClockState, HealthView};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::house::House;

/// The clocks of a machine that only the test moves.
#[derive(Debug)]
struct Hands(Mutex<Reading>);

impl TimeSource for Hands {
    fn read(&self) -> Reading {
        *self.0.lock().unwrap()
    }
}

fn refused(result: Result<impl std::fmt::Debug, ClientError>) -> (u16, Vec<String>) {
    let error = result.unwrap_err();
    let problem = error.problem().unwrap_or_else(|| panic!("{error}"));
    (problem.status, problem.guards.iter().map(|g| g.guard.clone()).collect())
}

#[tokio::test]
async fn a_clock_in_doubt_is_told_and_confirmed_over_the_wire() {
    let folder = tempfile::tempdir().unwrap();
    let wall: Timestamp = "2021-03-01T12:00:00Z".parse().unwrap();
    let hands = Arc::new(Hands(Mutex::new(Reading { wall, monotonic: Duration::from_secs(9) })));
    let settings = Settings {
        clock: ClockKind::Real,
        start: Timestamp::UNIX_EPOCH,
        entropy: Entropy::seeded(3),
        key: LogKey::new("log.provider.example", &[7; 32]).unwrap(),
        anchor: Arc::new(tenure_engine::anchor::FileAnchor::new(&folder.path().join("log.anchor"))),
        batching: tenure_engine::Batching::default(),
        mail: folder.path().join("mail"),
        fetch_private: true,
        fetch_hosts: std::collections::BTreeMap::new(),
        letters: tenure_letters::Letters::built_in().unwrap(),
        cluster: None,
        clusters: std::collections::BTreeMap::new(),
        most_behind: tenure_engine::MOST_BEHIND,
        caps: tenure_engine::OperatorCaps::default(),
        lease: tenure_engine::LEASE,
    };
    let store = Store::open_file(&folder.path().join("tenure.db")).await.unwrap();
    let engine = Engine::start_by(store, settings, hands.clone()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stopping = CancellationToken::new();
    let app = App::new(engine.clone(), "none".to_owned(), Limits::default());
    let served = tokio::spawn(tenure_api::serve(
        listener,
        tenure_api::router(app),
        Limits::default(),
        stopping.clone(),
    ));
    let mut clients = Vec::new();
    for (name, role) in [("otto", "administrator"), ("sam", "support")] {
        let person = name.parse().unwrap();
        let event = Event::PersonSet { person, roles: [role.to_owned()].into() };
        let entry = Entry::Person(name.parse().unwrap());
        engine.submit(Submission::new(Engine::bootstrap(), Act::Book(entry, event))).await.unwrap();
        let subject: Actor = format!("person/{name}").parse().unwrap();
        let token = engine.issue_token(Engine::bootstrap(), subject).await.unwrap();
        clients.push(Client::new(&url, &token).unwrap());
    }
    let [otto, sam] = &clients[..] else { panic!() };

    let state = sam.clock_state().await.unwrap();
    assert_eq!(state, ClockState { kind: "real".into(), now: wall, machine: wall, doubt: None });
    let confirm = |moment: Timestamp| ConfirmClock { moment, why: "Compared with the wall.".into() };
    assert_eq!(
        refused(otto.confirm_clock("early", &confirm(wall)).await),
        (409, vec!["in_state".to_owned()])
    );

    hands.0.lock().unwrap().wall += SignedDuration::from_hours(50);
    let state = sam.clock_state().await.unwrap();
    assert_eq!((state.now, state.machine), (wall, wall + SignedDuration::from_hours(50)));
    let doubt = state.doubt.unwrap();
    assert_eq!((doubt.jump.as_str(), doubt.expected), ("forwards", wall));
    let health: HealthView = sam.get("/readyz").await.unwrap();
    let clock = health.conditions.iter().find(|c| c.name == "clock").unwrap();
    assert_eq!((health.status.as_str(), clock.state.as_str()), ("degraded", "degraded"));
    assert!(clock.detail.contains("/v1/clock/confirmation"), "{}", clock.detail);

    // What is confirmed has to be on the record as doubted.
    let recorded = async {
        let mut commits = engine.commits();
        while engine.stream("clock/legal", 1, 1).await.unwrap().is_empty() {
            drop(tokio::time::timeout(Duration::from_millis(50), commits.changed()).await);
        }
    };
    tokio::time::timeout(Duration::from_mins(1), recorded).await.unwrap();
    assert_eq!(refused(sam.confirm_clock("support", &confirm(state.machine)).await).0, 403);
    assert_eq!(refused(otto.confirm_clock("wrong", &confirm(wall)).await), (409, vec!["moment".to_owned()]));
    let done = otto.confirm_clock("right", &confirm(state.machine)).await.unwrap();
    assert_eq!(
        (done.stream.as_str(), done.events[0].event_type.as_str()),
        ("clock/legal", "clock.confirmed")
    );
    let again = otto.confirm_clock("right", &confirm(state.machine)).await.unwrap();
    assert_eq!(again, done, "sent again, it is answered again");
    let now = sam.clock_state().await.unwrap();
    assert_eq!((now.now, now.doubt), (state.machine, None));
    let health: HealthView = sam.get("/readyz").await.unwrap();
    assert!(health.conditions.iter().any(|c| c.name == "clock" && c.state == "ok"), "{health:?}");
    stopping.cancel();
    served.await.unwrap();
    engine.stop().await;
}

#[tokio::test]
async fn what_comes_next_and_why_not_yet_are_told_to_the_account_and_to_the_provider() {
    let house = House::furnished().await;
    let case = house.caller("analyst").get("/v1/cases/parley.c1").await.is(200).json();
    let member = house.caller("parley/viewer").get("/v1/cases/parley.c1").await.is(200).json();
    assert_eq!((&case["next"], &case["whyNotYet"]), (&member["next"], &member["whyNotYet"]));
    // The letter is out: it counts as served after 72 hours, or when a member confirms having it.
    let steps: Vec<_> = case["next"].as_array().unwrap().iter().map(|n| (&n["kind"], &n["turn"])).collect();
    let expected = [
        (json!("deemed"), json!("tenure")),
        (json!("acknowledge"), json!("account")),
        (json!("hand_in"), json!("account")),
    ];
    let expected: Vec<_> = expected.iter().map(|(kind, turn)| (kind, turn)).collect();
    assert_eq!(steps, expected, "{case}");
    let deemed = &case["next"][0];
    assert_eq!((&deemed["case"], &deemed["subject"]), (&json!("parley.c1"), &json!("parley.n1")));
    assert!(deemed["local"].as_str().unwrap().ends_with("PST"), "{deemed}");
    let why = &case["whyNotYet"][0];
    assert_eq!((&why["power"], &why["measure"]), (&json!("svc-1.4"), &json!(null)));
    assert_eq!((&why["guards"][0]["guard"], &why["guards"][0]["law"]), (&json!("cure_run"), &json!(3)));
    assert!(why["guards"][0]["notBefore"].is_string() && why["guards"][0]["satisfiedBy"].is_string());

    let standing = house.caller("parley/viewer").get("/v1/accounts/parley/standing").await.is(200).json();
    let next = standing["next"].as_array().unwrap();
    assert!(case["next"].as_array().unwrap().iter().all(|step| next.contains(step)), "{standing}");
    let turns = |kind: &str| next.iter().find(|n| n["kind"] == kind).map(|n| n["turn"].clone());
    assert_eq!(turns("ratify"), Some(json!("provider")));
    assert_eq!(turns("decide_appeal"), Some(json!("provider")));
    assert_eq!(turns("lift_unratified"), Some(json!("tenure")));
    assert!(standing["whyNotYet"].as_array().unwrap().contains(why));
    house.caller("agora/owner").get("/v1/cases/parley.c1").await.is(404);
    house.caller("agora/owner").get("/v1/accounts/parley/standing").await.is(404);
    house.close().await;
}
