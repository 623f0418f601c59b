//! The store on a real database, of either engine: what was committed is there, what was not left no trace.
//! Tests in the modules `sqlite` and `postgres` are about one engine.
// Marks helpers as test code too, so that they may unwrap as tests do.
#![cfg(test)]

mod audit;
mod backups;
mod counting;
mod crashes;
mod head;
mod held;
mod keeping;
mod lease;
mod opening;
mod postgres;
mod sqlite;
mod streams;
mod writers;

use tenure_store::{NewEvent, Store, Write};
use tenure_test_database::Database;

/// A store on a database of its own.
struct Shop {
    store: Store,
    database: Database,
}

impl Shop {
    async fn open() -> Self {
        let database = Database::fresh().await;
        Self { store: database.open().await, database }
    }

    /// Other connections to the same database, as another process would have them.
    async fn again(&self) -> Store {
        self.database.open().await
    }

    async fn write(&self) -> Write {
        self.store.write().await.unwrap()
    }
}

/// An event with a leaf that tells which one it is; the store never reads leaves.
fn event(stream: &str, n: u64) -> NewEvent {
    let at = i64::try_from(n).unwrap() * 1_000_000;
    NewEvent { n, at, event_type: "test.happened".into(), leaf: format!("{stream}#{n}").into_bytes() }
}

/// Appends the events `from..=to` of a stream, in a transaction of their own.
async fn append(store: &Store, stream: &str, from: u64, to: u64) {
    let mut write = store.write().await.unwrap();
    let events: Vec<_> = (from..=to).map(|n| event(stream, n)).collect();
    write.append("account", stream, from - 1, &events, &format!("{{\"version\":{to}}}")).await.unwrap();
    write.commit().await.unwrap();
}
