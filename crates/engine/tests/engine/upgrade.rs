//! What an earlier version left in the database has every promise of this one, from when a process of this version begins
//! to lead.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use tenure_access::Role;
use tenure_domain::account::System;
use tenure_domain::account::command::Command;
use tenure_domain::account::notice::NoticeKind;
use tenure_engine::Engine;
use tenure_engine::clock::ClockKind;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Caller, Submission};
use tenure_engine::verify::{fold, verify};
use tenure_ledger::leaf::Leaf;
use tenure_test_database::Database;

use crate::office::{Office, hours, member, person, slug, start, verifier};

/// The types of events that the earlier version did not have and that happen here.
const UNKNOWN: [&str; 6] = [
    "measure.bounded",
    "measure.observed",
    "measure.review_overdue",
    "measure.constructive_termination",
    "parity.compared",
    "appeal.overdue",
];

/// The deadlines that it did not have.
const NO_TIMERS: &str =
    "DELETE FROM timers WHERE key LIKE 'review:%' OR key LIKE 'approval:%' OR key LIKE 'appeal:%'
    OR key LIKE 'constructive%';
DELETE FROM installation WHERE key = 'timers';
";

async fn act(office: &Office, caller: Caller, account: &str, command: Command, kept: Kept) {
    let act = Act::Account(slug(account), command);
    office.submit_keeping(caller, act, kept).await.unwrap();
}

async fn propose(office: &Office, account: &str, approvers: &[&str]) {
    let case = format!("{account}.c1").parse().unwrap();
    office.engine.submit(office.proposal(&case)).await.unwrap();
    approve(office, account, approvers).await;
}

async fn approve(office: &Office, account: &str, approvers: &[&str]) {
    for approver in approvers {
        let measure = &office.account(account).await.measures[0];
        let (measure, command_hash) = (measure.id.clone(), measure.command_hash.clone());
        let command = Command::ApproveMeasure { measure, command_hash };
        act(office, person(approver, Role::Approver), account, command, Kept::default()).await;
    }
}

async fn advance(office: &Office, time: i64) -> Timestamp {
    office.engine.advance_to(office.engine.now() + hours(time)).await.unwrap()
}

/// An office with a suspension in force for 40 days and an appeal against it that nobody decided, and with a proposal that
/// one of two people approved just now. Stopped in order.
async fn with_a_past() -> Office {
    let office = Office::open().await;
    office.open_account("quince").await;
    for account in ["parley", "quince"] {
        let case = office.open_case(account).await;
        let notice = office.issue_notice(&case).await;
        office.engine.settle().await.unwrap();
        office.acknowledge(&notice).await;
    }
    advance(&office, 31 * 24).await;
    propose(&office, "parley", &["amara", "bruno"]).await;
    advance(&office, 0).await;
    let mut kept = Kept::default();
    let receipt = kept.blob("text/plain", b"a receipt: nothing runs".to_vec());
    let measure = office.account("parley").await.measures[0].id.clone();
    let confirm = Command::ConfirmInForce { measure: measure.clone(), receipt };
    act(&office, Caller::System(System::Cluster), "parley", confirm, kept).await;
    let mut kept = Kept::default();
    let grounds = office.engine.words(&mut kept, "It was satire.").unwrap();
    let appeal = Command::FileAppeal { measure, grounds };
    act(&office, member("parley", Role::Owner), "parley", appeal, kept).await;
    advance(&office, 40 * 24).await;
    propose(&office, "quince", &["amara"]).await;
    advance(&office, 0).await;
    office.engine.stop().await;
    office
}

/// Makes what is stored what the earlier version would have written: the events that it had, as it wrote them, with the
/// states and deadlines that follow from those. The log is signed for anew.
async fn as_the_earlier_version_left_it(office: &Office) {
    let store = office.database.open().await;
    let events = store.events(0, 100_000).await.unwrap();
    store.close().await;
    let mut rows = NO_TIMERS.to_owned();
    for table in ["events", "tiles", "head", "parity_cases"] {
        writeln!(rows, "DELETE FROM {table};").unwrap();
    }
    rows.push_str("DELETE FROM installation WHERE key = 'parity_rows';\n");
    let mut streams: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for event in events {
        let mut fields = Leaf::parse(&event.leaf).unwrap().into_fields();
        if UNKNOWN.contains(&fields.event_type.as_str()) {
            continue;
        }
        for field in ["decideBy", "calledBy"] {
            fields.body.remove(field);
        }
        // It kept no statements.
        for named in ["statement", "evidence"].iter().filter_map(|field| fields.body.remove(*field)) {
            for blob in named.as_array().unwrap_or(&vec![named.clone()]) {
                writeln!(rows, "DELETE FROM blob_refs WHERE blob = '{}';", blob.as_str().unwrap()).unwrap();
            }
        }
        let leaves = streams.entry(fields.stream.clone()).or_default();
        fields.n = leaves.len() as u64 + 1;
        let leaf = Leaf::encode(&fields).unwrap();
        let at: Timestamp = fields.at.parse().unwrap();
        writeln!(
            rows,
            "INSERT INTO events (position, stream, n, at, type, leaf) VALUES ({}, '{}', {}, {}, '{}', {});",
            event.position,
            fields.stream,
            fields.n,
            at.as_microsecond(),
            fields.event_type,
            bytes(&office.database, &leaf),
        )
        .unwrap();
        leaves.push(leaf);
    }
    for (stream, leaves) in streams.iter().filter(|(stream, _)| stream.starts_with("account/")) {
        let state = fold(stream, &leaves.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        assert!(!state.to_string().contains("decideBy") && !state.to_string().contains("bound"), "{state}");
        let state = state.to_string().replace('\'', "''");
        let version = leaves.len();
        writeln!(
            rows,
            "UPDATE aggregates SET version = {version}, state = '{state}' WHERE stream = '{stream}';"
        )
        .unwrap();
    }
    office.database.sql(&rows).await;
    std::fs::remove_file(office.mail.with_file_name("log.anchor")).unwrap();
}

/// Bytes as the database reads them.
fn bytes(database: &Database, bytes: &[u8]) -> String {
    let hex = hex::encode(bytes);
    if database.url().starts_with("sqlite:") { format!("X'{hex}'") } else { format!("'\\x{hex}'") }
}

/// The stored deadlines of an account whose keys begin so.
async fn stored(office: &Office, account: &str, kinds: &[&str]) -> Vec<(String, Timestamp)> {
    let rows = office.store.timers_of(&format!("account/{account}")).await.unwrap();
    rows.into_iter()
        .filter(|(key, _)| kinds.iter().any(|kind| key.starts_with(kind)))
        .map(|(key, due)| (key, Timestamp::from_microsecond(due).unwrap()))
        .collect()
}

async fn leads(engine: &Engine) {
    engine.leading().wait_for(Option::is_some).await.unwrap();
}

async fn sound(office: &Office) {
    office.engine.settle().await.unwrap();
    let found = verify(&office.store, &verifier()).await.unwrap();
    assert_eq!(found.faults, Vec::<String>::new());
    assert_eq!(found.covered, found.events);
}

/// Every deadline that this version adds to what the office has.
const ADDED: [&str; 4] = ["review:", "approval:", "appeal:", "constructive"];

/// What of them is stored once a process of this version leads.
async fn all_there(office: &Office) {
    let parley = office.account("parley").await;
    let effect = parley.measures[0].took_effect.unwrap();
    let fourteen = effect + hours(14 * 24);
    assert_eq!(
        stored(office, "parley", &ADDED).await,
        [
            ("appeal:parley.a1".to_owned(), effect + hours(7 * 24)),
            ("constructive:parley.m1".to_owned(), effect + hours(30 * 24)),
            ("review:parley.m1".to_owned(), fourteen),
        ]
    );
    let quince = office.account("quince").await;
    let lapses = quince.measures[0].approvals[0].at + hours(24);
    assert_eq!(stored(office, "quince", &ADDED).await, [("approval:quince.m1".to_owned(), lapses)]);
}

#[tokio::test]
async fn a_measure_in_force_and_an_approval_of_an_earlier_version_are_watched_as_those_of_this_one() {
    let office = with_a_past().await;
    as_the_earlier_version_left_it(&office).await;
    let store = office.database.open().await;
    let before = verify(&store, &verifier()).await.unwrap();
    assert_eq!(before.faults, Vec::<String>::new(), "nobody of this version has led yet");
    assert_eq!(store.timers_of("account/quince").await.unwrap(), [], "what is to be made up is not there");
    store.close().await;

    let office = office.crash().await;
    all_there(&office).await;
    sound(&office).await;
    let began = office.engine.now();
    assert_eq!(office.times_of("parley", "measure.bounded").await, [began, began]);

    // What came due while nobody watched comes now; nothing lifts or lapses sooner than it would for anybody else.
    advance(&office, 0).await;
    for event in ["measure.review_overdue", "appeal.overdue", "measure.constructive_termination"] {
        assert_eq!(office.times_of("parley", event).await, [began], "{event}");
    }
    advance(&office, 24).await;
    let approved = office.times_of("quince", "approval.given").await[0];
    assert_eq!(office.times_of("quince", "approval.expired").await, [approved + hours(24)]);
    assert_eq!(office.account("parley").await.measures[0].state_name(), "in_force");
    // What was proposed then takes effect as what is proposed now, and is told by a notice of its own.
    approve(&office, "quince", &["amara", "bruno"]).await;
    advance(&office, 13 * 24).await;
    let quince = office.account("quince").await;
    assert_eq!(quince.measures[0].state_name(), "applying");
    assert!(quince.notices.iter().any(|n| matches!(n.kind, NoticeKind::Suspension { .. })));
    assert_eq!(office.times_of("parley", "measure.lifting").await, [began + hours(14 * 24)]);
    sound(&office).await;

    // Done once: the next start makes up nothing more.
    let count = office.events("parley").await.len();
    let office = office.restart().await;
    leads(&office.engine).await;
    office.engine.settle().await.unwrap();
    assert_eq!(office.events("parley").await.len(), count);
    sound(&office).await;
}

#[tokio::test]
async fn a_crash_on_the_way_costs_only_that_it_begins_again() {
    let office = with_a_past().await;
    as_the_earlier_version_left_it(&office).await;
    // The last that it writes is that it is done.
    office.database.breaks("INSERT ON installation", Some("NEW.key = 'timers'")).await;
    let settings = office.settings(ClockKind::Simulated, start(), 60);
    assert!(Engine::start(office.database.open().await, settings).await.is_err(), "nothing fires before");
    office.database.mended().await;
    let office = office.crash().await;
    leads(&office.engine).await;
    all_there(&office).await;
    let began = office.engine.now();
    assert_eq!(office.times_of("parley", "measure.bounded").await, [began, began]);
    sound(&office).await;
}

#[tokio::test]
async fn whoever_takes_over_makes_it_up_before_anything_is_fired() {
    let office = with_a_past().await.crash().await;
    let settings = office.settings(ClockKind::Simulated, start(), 61);
    let other = Engine::start(office.database.open().await, settings).await.unwrap();
    let kinds = ["review:", "approval:"];
    let before = stored(&office, "quince", &kinds).await;
    assert_eq!(before.len(), 1);
    // As though the one that leads were of the earlier version.
    office.database.sql(NO_TIMERS).await;
    let store = office.database.open().await;
    office.engine.stop().await;
    leads(&other).await;
    let rows = store.timers_of("account/quince").await.unwrap();
    assert_eq!(rows, [("approval:quince.m1".to_owned(), before[0].1.as_microsecond())]);
    other.advance_to(other.now() + hours(24)).await.unwrap();
    let account = other.account(&slug("quince")).await.unwrap();
    assert!(account.measures[0].approvals.is_empty(), "it expired in time");
    other.stop().await;
    assert_eq!(verify(&store, &verifier()).await.unwrap().faults, Vec::<String>::new());
}

/// Whenever deadlines are written, another process takes over and dies.
async fn is_taken_over_whenever_it_writes(database: &Database) {
    let taken = "UPDATE lease SET epoch = epoch + 1, beat = 0, holder = 'another'";
    let statement = if database.url().starts_with("sqlite:") {
        format!("CREATE TRIGGER taken AFTER INSERT ON timers BEGIN {taken}; END")
    } else {
        format!(
            "CREATE FUNCTION taken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {taken}; RETURN NULL; END $$;
             CREATE TRIGGER taken AFTER INSERT ON timers FOR EACH STATEMENT EXECUTE FUNCTION taken()"
        )
    };
    database.sql(&statement).await;
}

#[tokio::test]
async fn where_another_leads_meanwhile_it_is_not_done_until_somebody_did_all_of_it_in_one_epoch() {
    let office = with_a_past().await;
    as_the_earlier_version_left_it(&office).await;
    is_taken_over_whenever_it_writes(&office.database).await;
    let office = office.crash().await;
    leads(&office.engine).await;
    // Once for what the first account lacks, once for the rows of the second.
    assert!(office.engine.epoch() >= Some(6), "{:?}", office.engine.epoch());
    all_there(&office).await;
    assert_eq!(office.times_of("parley", "measure.bounded").await.len(), 2);
    assert_eq!(office.store.installation("timers").await.unwrap().as_deref(), Some("1"));
}

#[tokio::test]
async fn a_damaged_account_keeps_no_other_from_being_watched_and_is_not_forgotten() {
    let office = with_a_past().await;
    office.database.sql(NO_TIMERS).await;
    let damage =
        "UPDATE aggregates SET state = replace(state, '\"openedAt\"', '\"opened\"') WHERE stream = 'account/";
    office.database.sql(&format!("{damage}parley'")).await;
    let office = office.crash().await;
    leads(&office.engine).await;
    assert_eq!(stored(&office, "quince", &ADDED).await.len(), 1);
    office.engine.stop().await;
    let mended = "UPDATE aggregates SET state = replace(state, '\"opened\"', '\"openedAt\"')";
    office.database.sql(&format!("{mended} WHERE stream = 'account/parley'")).await;
    office.database.sql("DELETE FROM timers WHERE stream = 'account/parley'").await;
    let office = office.crash().await;
    leads(&office.engine).await;
    assert!(!office.store.timers_of("account/parley").await.unwrap().is_empty());
    sound(&office).await;
}

#[tokio::test]
async fn no_person_asks_for_it() {
    let office = Office::open().await;
    let act = Act::Account(slug("parley"), Command::CatchUp);
    let refused = office.engine.submit(Submission::new(person("otto", Role::Administrator), act)).await;
    assert!(refused.is_err());
}
