//! A backup holds what was committed when it began, and gives it back on either engine, whole or not at all.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tenure_store::{BackupError, FileFault, Location, Store, TileRow, backup, contents, restore};
use tenure_test_database::Database;

use crate::{Shop, append};

fn at(database: &Database) -> Location {
    Location::Url(database.url().to_owned())
}

/// A store with something of every kind in it.
async fn furnished() -> Shop {
    let shop = Shop::open().await;
    for n in 1..=300 {
        append(&shop.store, &format!("account/a{n}"), 1, 1).await;
    }
    let mut write = shop.write().await;
    write.put_blob("sha256:1", "application/octet-stream", &[0, 255, 10], 7).await.unwrap();
    write.put_blob("sha256:2", "text/plain", b"", 7).await.unwrap();
    write.put_words("sha256s:1", [9; 16], "Straße, 日本").await.unwrap();
    write.count("reports/a1", 4).await.unwrap();
    write.enqueue("deliver", "a1.n1").await.unwrap();
    write.set_timers("account/a1", &[("serve/a1.n1".into(), i64::MAX)]).await.unwrap();
    write.put_memory("a1", "web", "{}").await.unwrap();
    write.put_installation("legal_clock", "2021-01-04T17:00:00Z").await.unwrap();
    write.put_key_transition(3, "{}").await.unwrap();
    write.put_tile(&TileRow { level: 0, index: 0, width: 1, bytes: vec![5; 32] }).await.unwrap();
    write.sequence(1, 0, 1).await.unwrap();
    write.put_head(0, 1, "note").await.unwrap();
    write.commit().await.unwrap();
    shop
}

/// Where a file restores to that has no database yet.
fn nowhere(folder: &Path) -> Location {
    Location::File(folder.join("restored.db"))
}

async fn same(a: &Store, b: &Store) {
    assert_eq!(a.events(0, 1_000).await.unwrap(), b.events(0, 1_000).await.unwrap());
    assert_eq!(a.every_aggregate("", 1_000).await.unwrap(), b.every_aggregate("", 1_000).await.unwrap());
    assert_eq!(a.every_blob("", 10).await.unwrap(), b.every_blob("", 10).await.unwrap());
    assert_eq!(a.every_words("", 10).await.unwrap(), b.every_words("", 10).await.unwrap());
    assert_eq!(a.due(i64::MAX, 10).await.unwrap(), b.due(i64::MAX, 10).await.unwrap());
    assert_eq!(a.head().await.unwrap(), b.head().await.unwrap());
    assert_eq!(a.tile(0, 0).await.unwrap(), b.tile(0, 0).await.unwrap());
    assert_eq!(a.key_transitions().await.unwrap(), b.key_transitions().await.unwrap());
    assert_eq!(a.installation("legal_clock").await.unwrap(), b.installation("legal_clock").await.unwrap());
}

#[tokio::test]
async fn a_backup_gives_everything_back_to_either_engine() {
    let shop = furnished().await;
    let file = shop.database.folder().join("one.backup");
    let written = backup(&at(&shop.database), &file, "0.0.1").await.unwrap();
    assert_eq!(contents(&file).unwrap(), written);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!file.with_file_name("one.backup.part").exists());
    let rows = |table: &str| written.tables.iter().find(|(name, _)| name == table).map(|(_, rows)| *rows);
    assert_eq!((rows("events"), rows("blobs"), rows("lease")), (Some(300), Some(2), None));

    // Into a file, whichever engine it came from.
    let into = nowhere(shop.database.folder());
    assert_eq!(restore(&file, &into).await.unwrap(), written);
    let restored = Store::open_file(&shop.database.folder().join("restored.db")).await.unwrap();
    same(&shop.store, &restored).await;
    append(&restored, "account/new", 1, 1).await;
    assert_eq!(restored.events(300, 10).await.unwrap()[0].position, 301, "positions go on");
    restored.close().await;

    // And, where there is a server, from the file to the server.
    if tenure_test_database::server().is_some() {
        let again = shop.database.folder().join("two.backup");
        let file_location = Location::File(shop.database.folder().join("restored.db"));
        backup(&file_location, &again, "0.0.1").await.unwrap();
        let server = Database::fresh().await;
        restore(&again, &at(&server)).await.unwrap();
        let restored = server.open().await;
        assert_eq!(restored.events(0, 1_000).await.unwrap().len(), 301);
        append(&restored, "account/newer", 1, 1).await;
        let last = restored.events(301, 10).await.unwrap();
        assert_eq!(last.len(), 1, "the server's numbers go on too");
    }
}

#[tokio::test]
async fn a_backup_holds_what_was_committed_when_it_began() {
    let shop = furnished().await;
    let writing = async {
        for n in 1..=200 {
            append(&shop.store, "account/busy", n, n).await;
        }
    };
    let file = shop.database.folder().join("busy.backup");
    let from = at(&shop.database);
    let (taken, ()) = tokio::join!(backup(&from, &file, "0.0.1"), writing);
    taken.unwrap();
    restore(&file, &nowhere(shop.database.folder())).await.unwrap();
    let restored = Store::open_file(&shop.database.folder().join("restored.db")).await.unwrap();
    // Whatever moment it was: the state and the events are of the same.
    let events = restored.stream("account/busy", 1, 1_000).await.unwrap();
    let version = restored.aggregate("account/busy").await.unwrap().map_or(0, |a| a.version);
    assert_eq!(events.len() as u64, version);
    assert_eq!(shop.store.stream("account/busy", 1, 1_000).await.unwrap().len(), 200, "nobody had to wait");
}

#[tokio::test]
async fn an_altered_or_shortened_backup_is_refused_before_anything_is_written() {
    let shop = Shop::open().await;
    append(&shop.store, "account/a", 1, 3).await;
    let file = shop.database.folder().join("whole.backup");
    backup(&at(&shop.database), &file, "0.0.1").await.unwrap();
    let whole = fs::read(&file).unwrap();
    let other = shop.database.folder().join("other.backup");
    let into = nowhere(shop.database.folder());
    let mut tried = 0;
    for at in (0..whole.len()).step_by(7) {
        let mut altered = whole.clone();
        altered[at] ^= 0x20;
        fs::write(&other, &altered).unwrap();
        let refused = restore(&other, &into).await;
        assert!(matches!(refused, Err(BackupError::File(_))), "byte {at}: {refused:?}");
        fs::write(&other, &whole[..at]).unwrap();
        let refused = restore(&other, &into).await;
        assert!(
            matches!(
                refused,
                Err(BackupError::File(
                    FileFault::CutOff { .. } | FileFault::Foreign { .. } | FileFault::Damaged { .. }
                ))
            ),
            "cut at {at}: {refused:?}"
        );
        tried += 1;
    }
    assert!(tried > 100);
    let mut longer = whole.clone();
    longer.push(0);
    fs::write(&other, &longer).unwrap();
    assert!(restore(&other, &into).await.is_err());
    assert!(!shop.database.folder().join("restored.db").exists());
    assert!(!shop.database.folder().join("restored.db.restoring").exists());
}

#[tokio::test]
async fn nothing_is_written_over() {
    let shop = furnished().await;
    let file = shop.database.folder().join("one.backup");
    backup(&at(&shop.database), &file, "0.0.1").await.unwrap();
    let before = fs::read(&file).unwrap();
    let again = backup(&at(&shop.database), &file, "0.0.1").await;
    assert!(matches!(again, Err(BackupError::Exists { .. })), "{again:?}");
    assert_eq!(fs::read(&file).unwrap(), before);
    let over = restore(&file, &at(&shop.database)).await;
    assert!(matches!(over, Err(BackupError::NotEmpty { .. })), "{over:?}");
    assert_eq!(shop.store.events(0, 1_000).await.unwrap().len(), 300);
}

#[tokio::test]
async fn a_backup_of_a_later_schema_is_refused_with_the_build_that_reads_it() {
    let shop = Shop::open().await;
    append(&shop.store, "account/a", 1, 1).await;
    let known = contents_of(&shop, "now.backup").await;
    shop.database
        .sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'of the future', TRUE, x'00', 0)",
        )
        .await;
    let refused = backup(&at(&shop.database), &shop.database.folder().join("later.backup"), "9.0.0").await;
    let Err(BackupError::Newer { found: 9999, known: schema, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(schema, known.schema);
    assert!(!shop.database.folder().join("later.backup").exists());
}

async fn contents_of(shop: &Shop, name: &str) -> tenure_store::Contents {
    backup(&at(&shop.database), &shop.database.folder().join(name), "0.0.1").await.unwrap()
}

#[tokio::test]
async fn a_backup_of_an_earlier_schema_is_restored_and_brought_up_to_date() {
    // The database as the first build left it.
    let folder = tempfile::tempdir().unwrap();
    let old = Location::File(folder.path().join("old.db"));
    {
        use sqlx::{ConnectOptions as _, Connection as _};
        let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(folder.path().join("old.db"))
            .create_if_missing(true)
            .connect()
            .await
            .unwrap();
        let migrations = sqlx::migrate!("migrations/sqlite");
        migrations.run_to(1, &mut connection).await.unwrap();
        sqlx::raw_sql("INSERT INTO counters (name, value) VALUES ('reports/a', 41)")
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }
    let file = folder.path().join("old.backup");
    assert_eq!(backup(&old, &file, "0.0.1").await.unwrap().schema, 1);
    let target = Database::fresh().await;
    let into = if tenure_test_database::server().is_some() { at(&target) } else { nowhere(folder.path()) };
    restore(&file, &into).await.unwrap();
    let store = match &into {
        Location::File(path) => Store::open_file(path).await.unwrap(),
        Location::Url(url) => Store::open(url).await.unwrap(),
    };
    let mut write = store.write().await.unwrap();
    assert_eq!(write.count("reports/a", 1).await.unwrap(), 42);
    write.put_key_transition(1, "{}").await.unwrap();
    write.commit().await.unwrap();
}
