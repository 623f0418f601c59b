//! What an engine says of itself.

use std::collections::BTreeMap;
use std::time::Duration;

use tenure_engine::health::Health::{self, Degraded, Failed, Ok};

use crate::office::Office;

async fn health(office: &Office) -> BTreeMap<String, Health> {
    office.engine.conditions().await.into_iter().map(|c| (c.name.to_string(), c.health)).collect()
}

#[tokio::test]
async fn an_engine_at_work_is_well_in_every_respect() {
    let office = Office::open().await;
    let all = health(&office).await;
    let expected =
        ["store", "migrations", "clock", "log", "writer", "leader", "jobs"].map(|name| (name.to_owned(), Ok));
    assert_eq!(all, BTreeMap::from(expected), "without a cluster nothing is said of one");
}

#[tokio::test]
async fn a_database_that_fails_or_lacks_a_migration_makes_it_unready() {
    let office = Office::open().await;
    office.sql("UPDATE _sqlx_migrations SET version = version + 1000").await;
    assert_eq!(health(&office).await["migrations"], Degraded, "a newer program was here");
    office.sql("DELETE FROM _sqlx_migrations WHERE version > 1001").await;
    office.sql("UPDATE _sqlx_migrations SET version = version - 1000").await;
    assert_eq!(health(&office).await["migrations"], Failed, "somebody put an older database in its place");
    office.sql("ALTER TABLE events RENAME TO lost").await;
    assert_eq!(health(&office).await["store"], Failed);
}

#[tokio::test]
async fn a_log_that_is_behind_and_letters_that_do_not_go_out_degrade_it() {
    let office = Office::open().await.stuck_at(0).restart().await;
    assert_eq!(health(&office).await["log"], Degraded);
    // A file where the mail drop's folder should be.
    let office = Office::open().await;
    std::fs::write(&office.mail, "in the way").unwrap();
    let case = office.open_case("parley").await;
    office.issue_notice(&case).await;
    let degraded = async {
        while health(&office).await["jobs"] != Degraded {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), degraded).await.unwrap();
}

#[tokio::test]
async fn an_engine_that_has_stopped_takes_no_work() {
    let office = Office::open().await;
    office.engine.stop().await;
    assert_eq!(health(&office).await["writer"], Failed);
}
