//! Several processes on one database: each has an engine and connections of its own.

use std::collections::BTreeSet;
use std::time::Instant;

use futures_util::future::join_all;
use tenure_access::{Principal, Role};
use tenure_domain::account::command::Command;
use tenure_domain::book;
use tenure_engine::clock::ClockKind;
use tenure_engine::health::Health;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Caller, Submission};
use tenure_engine::verify::verify;
use tenure_engine::{Engine, EngineError};

use crate::office::{Office, hours, lease, person, slug, start, verifier};

/// One more process on the office's database.
async fn another(office: &Office, seed: u64, clock: ClockKind) -> Engine {
    let settings = office.settings(clock, start(), seed);
    Engine::start(office.database.open().await, settings).await.unwrap()
}

async fn leads(engine: &Engine) -> i64 {
    let mut leading = engine.leading();
    let epoch = *leading.wait_for(Option::is_some).await.unwrap();
    epoch.unwrap()
}

#[tokio::test]
async fn one_leads_and_all_serve() {
    let office = Office::open().await;
    let other = another(&office, 50, ClockKind::Simulated).await;
    assert_eq!((office.engine.epoch(), other.epoch()), (Some(1), None));
    let unwell: Vec<_> = other.conditions().await.into_iter().filter(|c| c.health != Health::Ok).collect();
    assert!(unwell.is_empty(), "one that follows is ready: {unwell:?}");

    // A command at the one that follows is done, and what comes of it is done by the one that leads.
    other.submit(office.report("parley", "incitement", "a")).await.unwrap();
    let case = office.open_case("parley").await;
    office.issue_notice(&case).await;
    office.engine.settle().await.unwrap();
    let account = other.account(&slug("parley")).await.unwrap();
    assert_eq!(account.notices[0].attempts.len(), 2, "the leader delivered it");
    let mut commits = other.commits();
    while other.checkpoint().await.unwrap().is_none() {
        commits.changed().await.unwrap();
    }
    let refused = other.advance_to(start() + hours(1));
    assert!(tokio::time::timeout(lease(), refused).await.is_err(), "only the leader moves legal time");
    assert_eq!(other.epoch(), None, "the leader was alive all the time");
}

#[tokio::test]
async fn what_one_publishes_another_decides_by_at_once() {
    let office = Office::empty().await;
    let other = another(&office, 50, ClockKind::Simulated).await;
    let terms = office.publish_terms().await;
    let plan = tenure_domain::workload::Plan { cpu_millis: 100, memory_mib: 64, storage_mib: 16, pods: 1 };
    let open = Act::Account(slug("parley"), Command::Open { terms, plan });
    other.submit(Submission::new(person("pia", Role::Platform), open)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_at_several_processes_are_neither_lost_nor_doubled() {
    let office = Office::open().await;
    let other = another(&office, 50, ClockKind::Simulated).await;
    let reports: Vec<Submission> =
        (0..60).map(|n| office.report("parley", "incitement", &n.to_string())).collect();
    let done = join_all(reports.into_iter().enumerate().map(|(n, report)| {
        let engine = if n % 2 == 0 { office.engine.clone() } else { other.clone() };
        tokio::spawn(async move { engine.submit(report).await })
    }))
    .await;
    assert!(done.into_iter().all(|d| d.unwrap().is_ok()));
    office.engine.settle().await.unwrap();
    let numbers: Vec<u32> =
        other.reports(&slug("parley"), 0, 100).await.unwrap().iter().map(|r| r.number).collect();
    assert_eq!(numbers, (1..=60).collect::<Vec<_>>());
    assert_eq!(verify(&office.store, &verifier()).await.unwrap().faults, Vec::<String>::new());
}

#[tokio::test]
async fn when_the_leader_stops_in_order_another_leads_at_once() {
    let office = Office::open().await;
    let other = another(&office, 50, ClockKind::Simulated).await;
    let since = Instant::now();
    office.engine.stop().await;
    assert_eq!(leads(&other).await, 2);
    assert!(since.elapsed() < lease(), "{:?}", since.elapsed());
    other.advance_to(start() + hours(1)).await.unwrap();
}

#[tokio::test]
async fn when_the_leader_dies_another_leads_and_does_what_was_left_once() {
    let office = Office::open().await;
    for name in ["quince", "rowan", "sorrel", "tansy"] {
        office.open_account(name).await;
        let case = office.open_case(name).await;
        office.issue_notice(&case).await;
    }
    office.engine.settle().await.unwrap();
    office.engine.stop().await;

    // By the machine's clock all of them are long due. One begins to fire them and dies, another goes on.
    let dies = another(&office, 50, ClockKind::Real).await;
    let follows = another(&office, 51, ClockKind::Real).await;
    // So long after the record the clock is in doubt, in both. It is confirmed where the first leads.
    crate::clock::confirm_once_doubted(&dies).await;
    let mut commits = dies.commits();
    while dies.account(&slug("quince")).await.unwrap().notices[0].served_at().is_none() {
        commits.changed().await.unwrap();
    }
    drop(dies);
    assert_eq!(leads(&follows).await, 3);
    let mut commits = follows.commits();
    for name in ["quince", "rowan", "sorrel", "tansy"] {
        while follows.account(&slug(name)).await.unwrap().notices[0].served_at().is_none() {
            commits.changed().await.unwrap();
        }
        let events = follows.stream(&format!("account/{name}"), 1, 1_000).await.unwrap();
        assert_eq!(events.iter().filter(|e| e.event_type == "notice.served").count(), 1, "{name}");
    }
    follows.stop().await;
    let store = office.database.open().await;
    assert_eq!(verify(&store, &verifier()).await.unwrap().faults, Vec::<String>::new());
}

/// As after a pause: the leader does not know yet that another one took over.
#[tokio::test]
async fn a_leader_that_was_taken_over_from_writes_nothing_more() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    office.issue_notice(&case).await;
    office.engine.settle().await.unwrap();
    let before = office.engine.backlog().await.unwrap();
    office.sql("UPDATE lease SET epoch = epoch + 1, beat = 0, holder = 'another'").await;

    let error = office.engine.advance_to(start() + hours(80)).await.unwrap_err();
    assert!(matches!(error, EngineError::Store(_) | EngineError::NotLeading), "{error:?}");
    assert_eq!(office.engine.backlog().await.unwrap(), before, "no deadline was fired");
    // It goes on serving, and leads again when the other one stays silent.
    office.place_hold("parley").await.unwrap();
    let mut leading = office.engine.leading();
    leading.wait_for(|epoch| *epoch == Some(3)).await.unwrap();
    office.engine.advance_to(start() + hours(80)).await.unwrap();
    assert_eq!(office.times_of("parley", "notice.served").await, [start() + hours(72)]);
}

/// A role that one process takes away gives nothing at another from then on, even to who was let in just before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_is_taken_away_elsewhere_gives_nothing_any_more() {
    let office = Office::open().await;
    let other = another(&office, 50, ClockKind::Simulated).await;
    let lena: tenure_domain::name::PersonId = "lena".parse().unwrap();
    let roles = |names: &[&str]| {
        let roles: BTreeSet<String> = names.iter().map(ToString::to_string).collect();
        let event = book::Event::PersonSet { person: lena.clone(), roles };
        Submission::new(Engine::bootstrap(), Act::Book(book::Entry::Person(lena.clone()), event))
    };
    let mut late = 0;
    for _ in 0..20 {
        office.engine.submit(roles(&["legal"])).await.unwrap();
        let actor = "person/lena".parse().unwrap();
        let mut commits = other.commits();
        while other.shelf().principal_of(&actor).is_none_or(|p| !is_legal(&p)) {
            commits.changed().await.unwrap();
        }
        let mut hold = office.hold("parley", "A court may ask for it.");
        hold.caller = Caller::Principal(other.shelf().principal_of(&actor).unwrap());
        let (taken, held) = tokio::join!(office.engine.submit(roles(&[])), other.submit(hold));
        taken.unwrap();
        match held {
            Ok(_) => {}
            Err(EngineError::Denied(_)) => late += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    let events = office.engine.events(0, 10_000).await.unwrap();
    let mut allowed = false;
    let mut held = 0;
    for event in &events {
        if event.stream == "person/lena" {
            allowed = !event.body["roles"].as_array().unwrap().is_empty();
        } else if event.actor == "person/lena" {
            assert!(allowed, "{} after her role was taken away", event.event_type);
            held += 1;
        }
    }
    assert_eq!(held + late, 20);
}

fn is_legal(principal: &Principal) -> bool {
    matches!(principal, Principal::Person { roles, .. } if roles.contains(&Role::Legal))
}

#[tokio::test]
async fn a_leader_fences_what_follows_from_a_rule_too() {
    let office = Office::open().await;
    office.publish_rule(crate::office::RULE).await;
    office.engine.settle().await.unwrap();
    office.sql("UPDATE lease SET epoch = epoch + 1, beat = 0, holder = 'another'").await;
    let mut kept = Kept::default();
    let why = office.engine.words(&mut kept, "It matched.").unwrap();
    let command = Command::RecordMatch {
        rule: "reports-outpace-cleanup".parse().unwrap(),
        ground: "process_failure".parse().unwrap(),
        opens: true,
        facts: std::collections::BTreeMap::new(),
        why,
    };
    let caller = Caller::Rule("reports-outpace-cleanup".parse().unwrap());
    let submission = Submission::new(caller, Act::Account(slug("parley"), command)).keeping(kept);
    assert!(office.engine.submit(submission).await.is_err());
    assert!(office.account("parley").await.cases.is_empty());
}
