use tenure_access::Role;
use tenure_domain::account::Command;
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::workload::Plan;
use tenure_engine::EngineError;
use tenure_engine::submission::Act;

use crate::office::{Office, hours, ines, person, slug, start};

#[tokio::test]
async fn a_refused_restriction_stands_on_the_record_and_says_what_would_satisfy_it() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    let error = office.engine.submit(office.proposal(&case)).await.unwrap_err();
    let EngineError::Rejected(Rejected::Refused(refusal)) = error else { panic!("{error:?}") };
    let guards: Vec<Guard> = refusal.guards.iter().map(|g| g.guard).collect();
    assert!(guards.contains(&Guard::CureRun) && guards.contains(&Guard::NoticeRun), "{guards:?}");

    let last = office.engine.stream("account/parley", 1, 100).await.unwrap().pop().unwrap();
    assert_eq!((last.event_type.as_str(), last.actor.as_str()), ("command.refused", "person/ines"));
    assert_eq!(last.body["command"], "propose measure");
    assert!(office.account("parley").await.measures.is_empty());
}

#[tokio::test]
async fn refusals_on_the_record_are_bounded_by_the_hour() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    for _ in 0..30 {
        office.engine.submit(office.proposal(&case)).await.unwrap_err();
    }
    assert_eq!(office.times_of("parley", "command.refused").await.len(), 20);
    office.engine.advance_to(start() + hours(1)).await.unwrap();
    office.engine.submit(office.proposal(&case)).await.unwrap_err();
    assert_eq!(office.times_of("parley", "command.refused").await.len(), 21);
}

/// What is no decision about the account.
#[tokio::test]
async fn a_refused_everyday_command_leaves_no_trace() {
    let office = Office::open().await;
    let plan = Plan { cpu_millis: 1_000, memory_mib: 512, storage_mib: 128, pods: 10 };
    let create = || {
        let command = Command::CreateEnvironment { environment: "web".parse().unwrap(), plan };
        Act::Account(slug("parley"), command)
    };
    office.submit(person("pia", Role::Platform), create()).await.unwrap();
    let before = office.account("parley").await.version;
    let error = office.submit(person("pia", Role::Platform), create()).await.unwrap_err();
    assert!(matches!(error, EngineError::Rejected(Rejected::Refused(_))), "{error:?}");
    assert_eq!(office.account("parley").await.version, before);
}

/// Opening a case left no trace where it was refused while only what may restrict was recorded; now every decision of
/// the provider about an account is.
#[tokio::test]
async fn a_refused_decision_stands_on_the_record_and_changes_nothing_else() {
    let office = Office::open().await;
    office.open_case("parley").await;
    let before = office.account("parley").await;
    let again = Command::OpenCase {
        ground: "process_failure".parse().unwrap(),
        why: office.account("parley").await.cases[0].why.clone(),
        reports: Vec::new(),
    };
    let act = Act::Account(slug("parley"), again);
    let error = office.submit(ines(), act).await.unwrap_err();
    assert!(matches!(error, EngineError::Rejected(Rejected::Refused(_))), "{error:?}");
    let last = office.engine.stream("account/parley", 1, 100).await.unwrap().pop().unwrap();
    assert_eq!((last.event_type.as_str(), last.actor.as_str()), ("command.refused", "person/ines"));
    assert_eq!(last.body["command"], "open case");
    let after = office.account("parley").await;
    assert_eq!((after.version, &after.cases), (before.version + 1, &before.cases));
}

#[tokio::test]
async fn what_a_refused_command_brought_along_is_not_kept() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    let before = office.store.every_words("", 1_000).await.unwrap().len();
    office.engine.submit(office.proposal(&case)).await.unwrap_err();
    assert_eq!(office.store.every_words("", 1_000).await.unwrap().len(), before);
}

/// Law 14: the record first. The same proposal is refused for the periods as long as the record keeps up.
#[tokio::test]
async fn a_record_that_does_not_keep_up_stops_restrictions_and_nothing_else() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    office.engine.settle().await.unwrap();
    office.database.breaks("INSERT ON tiles", None).await;
    // A backlog as it would build up over days; the rows need only be there.
    office
        .sql(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             INSERT INTO events (stream, n, at, type, leaf) SELECT 'person/backlog', i, 0, 'x', x'00' FROM n",
        )
        .await;
    let office = office.crash().await;
    let mut refused = Vec::new();
    // The sequencer counts the backlog when it starts; it may not have done so yet.
    while !refused.contains(&Guard::RecordKept) {
        tokio::task::yield_now().await;
        let error = office.engine.submit(office.proposal(&case)).await.unwrap_err();
        let EngineError::Rejected(Rejected::Refused(refusal)) = error else { panic!("{error:?}") };
        refused = refusal.guards.iter().map(|g| g.guard).collect();
    }
    office.place_hold("parley").await.unwrap();
    assert_eq!(office.account("parley").await.holds.len(), 1);
}
