use tenure_access::Role;
use tenure_domain::account::command::Command;
use tenure_engine::submission::Act;
use tenure_engine::verify::{Findings, verify};
use tenure_test_database::Database;

use crate::office::{Office, RULE, hours, member, slug, start, verifier};

/// Two accounts with reports, cases, notices, refusals and measures behind them; stopped in order.
async fn busy() -> Office {
    let office = Office::open().await;
    office.open_account("quince").await;
    office.publish_rule(RULE).await;
    office.file_reports("parley", "incitement", 52).await;
    let mut kept = tenure_engine::kept::Kept::default();
    let answer = office.engine.words(&mut kept, "Taken down.").unwrap();
    let act = Act::Report("parley.r1".parse().unwrap(), tenure_domain::report::Command::Remediate { answer });
    office.submit_keeping(member("parley", Role::Owner), act, kept).await.unwrap();
    let case = office.open_case("quince").await;
    let notice = office.issue_notice(&case).await;
    office.engine.submit(office.proposal(&case)).await.unwrap_err();
    office.engine.advance_to(start() + hours(3)).await.unwrap();
    office.acknowledge(&notice).await;
    let office = office.crash().await;
    office.engine.advance_to(start() + hours(40 * 24)).await.unwrap();
    office.engine.submit(office.proposal(&case)).await.unwrap();
    let measure = office.account("quince").await.measures[0].id.clone();
    let why = office.account("quince").await.measures[0].proposal.why.clone();
    let lift = Act::Account(slug("quince"), Command::LiftMeasure { measure, why });
    office.submit(crate::office::ines(), lift).await.unwrap();
    office.engine.settle().await.unwrap();
    // The state is kept with all of this in it, and events come after it.
    for _ in 0..18 {
        office.place_hold("quince").await.unwrap();
    }
    // One deadline still runs.
    let open = office.open_case("parley").await;
    office.issue_notice(&open).await;
    office.engine.settle().await.unwrap();
    office.engine.stop().await;
    office
}

async fn findings_in(database: &Database) -> Findings {
    let store = database.open().await;
    let findings = verify(&store, &verifier()).await.unwrap();
    store.close().await;
    findings
}

/// What is done to the database from outside, and what is found.
const TAMPERED: &[(&str, &str, &str)] = &[
    (
        "a changed state",
        "UPDATE aggregates SET state = replace(state, 'lapsed', 'open') WHERE stream = 'account/quince'",
        "account/quince: the stored state is not the fold of its events",
    ),
    (
        "a state set back",
        "UPDATE aggregates SET version = version - 1 WHERE stream = 'account/quince'",
        "account/quince: ",
    ),
    (
        "a state that is said to be of events to come",
        "UPDATE aggregates SET version = version + 100 WHERE stream = 'account/quince'",
        "account/quince: 34 events, and the state is at version 133",
    ),
    (
        "a state that nobody finds any more",
        "UPDATE aggregates SET kind = 'gone' WHERE stream = 'account/quince'",
        "account/quince: listed as \"gone\"",
    ),
    (
        "a state without events",
        "INSERT INTO aggregates (stream, kind, version, state) VALUES ('person/eve', 'person', 1, '{}')",
        "person/eve: a state without any event",
    ),
    (
        "a state of an unheard-of kind",
        "INSERT INTO aggregates (stream, kind, version, state) VALUES ('back/door', 'back', 1, '{}')",
        "back/door: a state without any event",
    ),
    ("a state that is gone", "DELETE FROM aggregates WHERE stream = 'account/quince'", "account/quince: its events lead to"),
    (
        "a changed byte of a leaf",
        "UPDATE events SET leaf = CAST(replace(CAST(leaf AS TEXT), '\"actor\":\"person/ines\"', '\"actor\":\"person/inas\"') AS BLOB)
         WHERE stream = 'account/quince' AND type = 'case.opened'",
        "the log: ",
    ),
    ("an event taken out", "DELETE FROM events WHERE stream = 'account/quince' AND n = 3", "account/quince: event 3 is missing"),
    (
        "the last event taken out, with its state",
        "DELETE FROM events WHERE position = (SELECT MAX(position) FROM events)",
        "the log: the head says",
    ),
    (
        "two leaves that changed places",
        "UPDATE events SET leaf_index = -1 WHERE leaf_index = 5; UPDATE events SET leaf_index = 5 WHERE leaf_index = 6;
         UPDATE events SET leaf_index = 6 WHERE leaf_index = -1",
        "the log: ",
    ),
    ("a deadline put off", "UPDATE timers SET due = due + 1", "account/parley: the stored timers are not those of its state"),
    ("a deadline that is gone", "DELETE FROM timers", "account/parley: the stored timers"),
    (
        "a deadline of nobody",
        "INSERT INTO timers (stream, key, due) VALUES ('account/ghost', 'lapse:ghost.c1', 1)",
        "account/ghost: a timer lapse:ghost.c1 without an account",
    ),
    (
        "a changed tile",
        "UPDATE tiles SET bytes = zeroblob(length(bytes)) WHERE level = 0",
        "is not what the leaves give",
    ),
    ("a tile that is gone", "DELETE FROM tiles WHERE level = 0", "is not what the leaves give"),
    ("a head of another hand", "UPDATE head SET note = replace(note, 'log.provider', 'log.pretender')", "the log's head: "),
    ("a head that is gone", "DELETE FROM head", "there is no signed head"),
    ("a report's row changed", "UPDATE reports SET remediated_at = 5 WHERE number = 2", "report/parley.r2: the row for lists"),
    (
        "a report's row without a report",
        "INSERT INTO reports (account, number, ground, filed_at) VALUES ('parley', 99, 'spam', 1)",
        "report/parley.r99: a row for lists without any event",
    ),
    (
        "a report that is found by what it does not say",
        "UPDATE report_keys SET number = 3 WHERE number = 2",
        "report/parley.r3: it is found by what it does not say",
    ),
    ("a report that is not found", "DELETE FROM report_keys WHERE number = 2", "report/parley.r2: it is not found by what it says"),
    ("changed evidence", "UPDATE blobs SET bytes = x'00' WHERE id = (SELECT MIN(id) FROM blobs)", "the kept bytes are not"),
    ("changed words", "UPDATE words SET text = text || '!' WHERE id = (SELECT MIN(id) FROM words)", "the kept words are not"),
];

#[tokio::test]
async fn a_busy_history_verifies_and_every_tampering_is_found() {
    let office = busy().await;
    let findings = findings_in(&office.database).await;
    assert_eq!(findings.faults, Vec::<String>::new());
    assert_eq!(findings.covered, findings.events);
    assert!(findings.events > 70 && findings.streams > 55, "{findings:?}");

    for (what, statement, fault) in TAMPERED {
        let copy = office.database.copy().await;
        copy.sql(statement).await;
        let found = findings_in(&copy).await.faults;
        assert!(found.iter().any(|f| f.contains(fault)), "{what}: {found:?}");
    }
}

#[tokio::test]
async fn erased_words_are_no_fault() {
    let office = busy().await;
    office.sql("DELETE FROM words").await;
    assert_eq!(findings_in(&office.database).await.faults, Vec::<String>::new());
}

#[tokio::test]
async fn another_key_does_not_verify_the_log() {
    let office = Office::open().await;
    office.engine.settle().await.unwrap();
    office.engine.stop().await;
    let store = office.database.open().await;
    let other = tenure_engine::LogKey::new("log.provider.example", &[8; 32]).unwrap().verifier;
    let findings = verify(&store, &other).await.unwrap();
    assert!(findings.faults.iter().any(|f| f.starts_with("the log's head: ")), "{:?}", findings.faults);
}
