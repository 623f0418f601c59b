//! What earlier versions of Tenure wrote. Everything under `tests/corpus` is frozen: files are added, and none is changed.

mod courts;
mod moves;
mod plans;
mod story;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, PgPool, Row as _, SqliteConnection, SqlitePool, TypeInfo as _, ValueRef as _};
use tenure_domain::{account, book, report};
use tenure_engine::anchor::{Anchor as _, FileAnchor};
use tenure_engine::clock::ClockKind;
use tenure_engine::entropy::Entropy;
use tenure_engine::verify::{fold, verify};
use tenure_engine::{Engine, Settings};
use tenure_ledger::leaf::{Leaf, LeafFields};
use tenure_test_database::Database;

use crate::office::{Office, log_key, start, verifier};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// The files of a folder of the corpus that end in this, by name.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(corpus().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.to_str().unwrap().ends_with(ending));
    files.sort();
    assert!(!files.is_empty(), "the corpus holds {folder}/…{ending}");
    files
}

/// The leaves of a file by stream, each in order.
fn streams(file: &Path) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut streams: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let leaf = Leaf::parse(line.as_bytes()).unwrap();
        streams.entry(leaf.fields().stream.clone()).or_default().push(line.as_bytes().to_vec());
    }
    streams
}

fn folded(stream: &str, leaves: &[Vec<u8>]) -> Value {
    let leaves: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
    fold(stream, &leaves).unwrap_or_else(|error| panic!("{stream}: {error}"))
}

/// What `then` said and `now` does not say. A later version may say more.
fn lost(then: &Value, now: &Value, at: &str) -> Vec<String> {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => then
            .iter()
            .flat_map(|(name, value)| {
                lost(value, now.get(name).unwrap_or(&Value::Null), &format!("{at}/{name}"))
            })
            .collect(),
        (Value::Array(then), Value::Array(now)) if then.len() == now.len() => then
            .iter()
            .zip(now)
            .enumerate()
            .flat_map(|(n, (t, v))| lost(t, v, &format!("{at}/{n}")))
            .collect(),
        _ if then == now => Vec::new(),
        _ => vec![format!("{at}: {then} has become {now}")],
    }
}

#[test]
fn every_event_that_was_ever_written_folds_to_what_it_said() {
    for version in ["v1"] {
        for file in files(version, ".jsonl") {
            let expected: BTreeMap<String, Value> =
                serde_json::from_slice(&std::fs::read(file.with_extension("states.json")).unwrap()).unwrap();
            let streams = streams(&file);
            assert!(streams.keys().eq(expected.keys()), "{}", file.display());
            for (stream, leaves) in &streams {
                let changed = lost(&expected[stream], &folded(stream, leaves), stream);
                assert!(changed.is_empty(), "{changed:#?}");
            }
        }
    }
}

/// The types that an enum of events has, as its reader lists them.
fn types<E: DeserializeOwned>() -> BTreeSet<String> {
    let error =
        serde_json::from_value::<E>(json!({"type": "no.such", "body": {}})).err().unwrap().to_string();
    let types: BTreeSet<String> =
        error.split('`').skip(1).step_by(2).filter(|t| *t != "no.such").map(str::to_owned).collect();
    assert!(error.starts_with("unknown variant") && !types.is_empty(), "{error}");
    types
}

#[test]
fn every_type_of_event_is_in_the_corpus() {
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for file in files("v1", ".jsonl") {
        for (stream, leaves) in streams(&file) {
            let kind = match stream.split_once('/').unwrap().0 {
                "account" => "account",
                "report" => "report",
                _ => "book",
            };
            let types = leaves.iter().map(|l| Leaf::parse(l).unwrap().into_fields().event_type);
            seen.entry(kind).or_default().extend(types);
        }
    }
    let known = BTreeMap::from([
        ("account", types::<account::Event>()),
        ("report", types::<report::Event>()),
        ("book", types::<book::Event>()),
    ]);
    for (kind, types) in &known {
        let missing: Vec<_> = types.difference(&seen[kind]).collect();
        assert!(
            missing.is_empty(),
            "no run of the corpus has {missing:?}: let it happen in a story and freeze that (CONTRIBUTING.md)"
        );
    }
    assert!(known["account"].len() > 35 && known["report"].len() > 1 && known["book"].len() > 7);
}

#[test]
fn the_corpus_is_never_rewritten() {
    let sums = std::fs::read_to_string(corpus().join("SHA256SUMS")).unwrap();
    let pinned: BTreeMap<&str, &str> =
        sums.lines().map(|line| line.split_once("  ").unwrap()).map(|(sum, name)| (name, sum)).collect();
    let mut found = BTreeSet::new();
    for folder in ["v1", "databases"] {
        for file in files(folder, "") {
            let name = format!("{folder}/{}", file.file_name().unwrap().to_str().unwrap());
            let sum = hex::encode(Sha256::digest(std::fs::read(&file).unwrap()));
            assert_eq!(
                pinned.get(name.as_str()),
                Some(&sum.as_str()),
                "{name} is frozen: put it back, and add a file instead"
            );
            found.insert(name);
        }
    }
    assert_eq!(found.len(), pinned.len(), "a file is gone");
}

/// An event as the first of the stream `account/parley`.
fn leaf(event_type: &str, schema: u32, body: &Value) -> Vec<u8> {
    let fields = LeafFields {
        nonce: [7; 16],
        stream: "account/parley".to_owned(),
        n: 1,
        at: "2021-01-04T17:00:00Z".to_owned(),
        actor: "person/pia".to_owned(),
        event_type: event_type.to_owned(),
        schema,
        body: body.as_object().unwrap().clone(),
    };
    Leaf::encode(&fields).unwrap()
}

#[test]
fn an_event_of_a_newer_tenure_is_told_as_that() {
    let terms = json!({"id": "cloud-agreement", "version": "2020-04", "hash": "0".repeat(64)});
    let plan = json!({"cpuMillis": 1, "memoryMib": 1, "storageMib": 1, "pods": 1});
    let opened = json!({"terms": terms, "plan": plan});
    assert!(fold("account/parley", &[&leaf("account.opened", 1, &opened)]).is_ok());
    let more = json!({"terms": terms, "plan": plan, "region": "eu"});
    let refused = json!({"command": "propose measure", "guards": ["not_invented_yet"]});
    for (event_type, schema, body, why) in [
        ("account.opened", 2, &opened, "it has schema 2"),
        ("account.opened", 1, &more, "/body/region"),
        ("account.merged", 1, &opened, "unknown variant `account.merged`"),
        ("command.refused", 1, &refused, "unknown variant `not_invented_yet`"),
    ] {
        let error = fold("account/parley", &[&leaf(event_type, schema, body)]).unwrap_err().to_string();
        assert!(error.contains("written by a newer Tenure") && error.contains(why), "{error}");
        assert!(error.contains("event 1 of account/parley"), "{error}");
    }
    let damaged = fold("account/parley", &[&leaf("account.opened", 1, &json!({"terms": terms}))]);
    let damaged = damaged.unwrap_err().to_string();
    assert!(damaged.contains("plan") && !damaged.contains("newer"), "{damaged}");
}

/// Fills an empty database with an earlier schema and its rows, as a program of then would have left it.
async fn fill(database: &Database, migrations: PathBuf, rows: &str) {
    let migrator = sqlx::migrate::Migrator::new(migrations).await.unwrap();
    // A migration can bring rows along; here they come from the program of then.
    let tables: BTreeSet<&str> =
        rows.lines().filter_map(|line| line.strip_prefix("INSERT INTO ")?.split(' ').next()).collect();
    let emptied: Vec<String> = tables.iter().map(|table| format!("DELETE FROM {table};\n")).collect();
    let rows = &format!("{}{rows}", emptied.concat());
    if database.url().starts_with("sqlite:") {
        let old = SqlitePool::connect_with(sqlite(database)).await.unwrap();
        migrator.run(&old).await.unwrap();
        old.close().await;
        database.sql(rows).await;
    } else {
        let old = PgPool::connect(database.url()).await.unwrap();
        migrator.run(&old).await.unwrap();
        old.close().await;
        database.sql(&rows.replace(", X'", ", '\\x")).await;
        for (table, key) in [("events", "position"), ("jobs", "id")] {
            let next = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', '{key}'), (SELECT MAX({key}) FROM {table}))"
            );
            database.sql(&next).await;
        }
    }
}

fn sqlite(database: &Database) -> SqliteConnectOptions {
    SqliteConnectOptions::from_str(database.url()).unwrap().create_if_missing(true)
}

/// The migrations up to one, in a folder of their own.
fn migrations_until(last: &str, database: &Database) -> PathBuf {
    let engine = if database.url().starts_with("sqlite:") { "sqlite" } else { "postgres" };
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/migrations").join(engine);
    let until = database.folder().join("migrations");
    std::fs::create_dir(&until).unwrap();
    for entry in std::fs::read_dir(all).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if name.split('_').next().unwrap() <= last {
            std::fs::copy(entry.path(), until.join(name)).unwrap();
        }
    }
    until
}

#[tokio::test]
async fn a_database_of_every_released_schema_is_migrated_with_all_that_it_holds() {
    for file in files("databases", ".sql") {
        let database = Database::fresh().await;
        let name = file.file_stem().unwrap().to_str().unwrap();
        let migrations = migrations_until(name.split('_').next().unwrap(), &database);
        fill(&database, migrations, &std::fs::read_to_string(&file).unwrap()).await;

        let mut before = None;
        for _ in 0..2 {
            let store = database.open().await;
            let found = verify(&store, &verifier()).await.unwrap();
            assert_eq!(found.faults, Vec::<String>::new(), "{name}");
            assert!(found.events > 100 && found.covered == found.events, "{found:?}");
            assert_eq!(*before.get_or_insert_with(|| found.clone()), found);
            store.close().await;
        }
        // And it goes on from there, anchored where it is.
        let anchor = FileAnchor::new(&database.folder().join("log.anchor"));
        let store = database.open().await;
        let (_, note) = store.head().await.unwrap().unwrap();
        anchor.advance(None, &note).await.unwrap();
        store.close().await;
        let settings = Settings {
            clock: ClockKind::Simulated,
            start: start(),
            entropy: Entropy::seeded(4_711),
            key: log_key(),
            anchor: std::sync::Arc::new(anchor),
            batching: tenure_engine::Batching::default(),
            mail: database.folder().join("mail"),
            fetch_private: true,
            fetch_hosts: std::collections::BTreeMap::new(),
            letters: tenure_letters::Letters::built_in().unwrap(),
            cluster: None,
            clusters: BTreeMap::new(),
            most_behind: tenure_engine::MOST_BEHIND,
            caps: tenure_engine::OperatorCaps::default(),
            lease: tenure_engine::LEASE,
        };
        let running = Engine::start(database.open().await, settings).await.unwrap();
        running.advance_to(running.now() + crate::office::hours(90)).await.unwrap();
        running.stop().await;
        let found = verify(&database.open().await, &verifier()).await.unwrap();
        assert_eq!(found.faults, Vec::<String>::new(), "{name}");
        assert!(found.events > before.unwrap().events, "what was due came due");
    }
}

/// What is to be frozen next: the story plays to its end, and what is stored is what its events say.
#[tokio::test]
async fn the_story_that_is_frozen_plays_and_verifies() {
    let office = story::play().await;
    let store = office.database.open().await;
    assert_eq!(verify(&store, &verifier()).await.unwrap().faults, Vec::<String>::new());
    let events = store.events(0, 100_000).await.unwrap();
    let happened: BTreeSet<String> =
        events.iter().map(|e| Leaf::parse(&e.leaf).unwrap().into_fields().event_type).collect();
    store.close().await;
    let missing: Vec<_> = types::<account::Event>().difference(&happened).cloned().collect();
    assert_eq!(missing, Vec::<String>::new(), "the story lacks these events of accounts");
}

/// Freezes a run of today's program under a new name:
/// `TENURE_FREEZE=0006_appeals cargo test -p tenure-engine --test engine -- --ignored freeze`.
#[tokio::test]
#[ignore = "adds to the corpus"]
async fn freeze() {
    let name = std::env::var("TENURE_FREEZE").unwrap();
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/migrations/sqlite");
    let newest =
        std::fs::read_dir(migrations).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).max();
    assert_eq!(name.get(..5), newest.unwrap().get(..5), "the name begins with the newest migration's number");
    let office = story::play().await;
    let store = office.database.open().await;
    assert_eq!(verify(&store, &verifier()).await.unwrap().faults, Vec::<String>::new());
    let lines: Vec<Vec<u8>> =
        store.events(0, 100_000).await.unwrap().into_iter().map(|event| event.leaf).collect();
    store.close().await;
    let folder = corpus();
    std::fs::create_dir_all(folder.join("v1")).unwrap();
    std::fs::create_dir_all(folder.join("databases")).unwrap();
    let events = folder.join("v1").join(format!("{name}.jsonl"));
    assert!(!events.exists(), "{name} is frozen: choose another name");
    let mut text = lines.join(&b'\n');
    text.push(b'\n');
    std::fs::write(&events, text).unwrap();
    let states: BTreeMap<String, Value> =
        streams(&events).iter().map(|(stream, leaves)| (stream.clone(), folded(stream, leaves))).collect();
    let mut text = serde_json::to_string_pretty(&states).unwrap();
    text.push('\n');
    std::fs::write(events.with_extension("states.json"), text).unwrap();
    std::fs::write(folder.join("databases").join(format!("{name}.sql")), dump(&office).await).unwrap();
    let mut sums = String::new();
    for part in ["databases", "v1"] {
        for file in files(part, "") {
            let sum = hex::encode(Sha256::digest(std::fs::read(&file).unwrap()));
            writeln!(sums, "{sum}  {part}/{}", file.file_name().unwrap().to_str().unwrap()).unwrap();
        }
    }
    std::fs::write(folder.join("SHA256SUMS"), sums).unwrap();
}

/// All rows as statements that SQLite reads; in another engine only bytes are written otherwise.
async fn dump(office: &Office) -> String {
    let mut database = SqliteConnection::connect_with(&sqlite(&office.database)).await.unwrap();
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                  AND name NOT LIKE '_sqlx_%' ORDER BY name";
    let mut text = String::new();
    for table in sqlx::query(tables).fetch_all(&mut database).await.unwrap() {
        let table: String = table.get(0);
        let before = text.len();
        let select = sqlx::AssertSqlSafe(format!("SELECT * FROM {table} ORDER BY 1, 2"));
        for row in sqlx::query(select).fetch_all(&mut database).await.unwrap() {
            let names: Vec<&str> = row.columns().iter().map(sqlx::Column::name).collect();
            let values: Vec<String> = (0..names.len()).map(|n| literal(&row, n)).collect();
            writeln!(text, "INSERT INTO {table} ({}) VALUES ({});", names.join(", "), values.join(", "))
                .unwrap();
        }
        assert!(text.len() > before, "{table} is empty: let something come into it in the story");
    }
    text
}

fn literal(row: &sqlx::sqlite::SqliteRow, n: usize) -> String {
    let raw = row.try_get_raw(n).unwrap();
    if raw.is_null() {
        return "NULL".to_owned();
    }
    match raw.type_info().name() {
        "INTEGER" => row.get::<i64, _>(n).to_string(),
        "BLOB" => format!("X'{}'", hex::encode(row.get::<Vec<u8>, _>(n))),
        _ => format!("'{}'", row.get::<String, _>(n).replace('\'', "''")),
    }
}
