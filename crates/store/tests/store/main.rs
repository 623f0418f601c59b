//! The store on a real SQLite file: what was committed is there, what was not left no trace.
// Marks helpers as test code too, so that they may unwrap as tests do.
#![cfg(test)]

mod audit;
mod counting;
mod crashes;
mod head;
mod keeping;
mod opening;
mod streams;
mod writers;

use tempfile::TempDir;
use tenure_store::{NewEvent, Store, Write};

/// A store in a folder of its own.
struct Shop {
    store: Store,
    folder: TempDir,
}

impl Shop {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_file(&folder.path().join("tenure.db")).await.unwrap();
        Self { store, folder }
    }

    /// Another connection to the same file, as another process would have it.
    async fn again(&self) -> Store {
        Store::open_file(&self.folder.path().join("tenure.db")).await.unwrap()
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
