//! The store: state, events, timers, jobs, blobs and words, changed in one transaction on the one write path.
//!
//! [`Store`] opens and migrates the database; [`write::Write`] is a transaction; the `read` functions on [`Store`] are
//! queries. What a row means is the engine's affair: here ids are text and states are JSON. The same statements serve
//! SQLite and PostgreSQL (`statement.rs`).

mod audit;
mod backup;
mod backup_file;
mod error;
mod head;
mod intake;
mod lease;
mod load;
mod parity;
mod postgres;
mod read;
mod restore;
mod rows;
mod sqlite;
mod staged;
mod statement;
mod undeliverable;
mod webhooks;
mod write;

use std::path::Path;

use sqlx::migrate::{Migrate, Migrator};
use sqlx::sqlite::SqliteConnectOptions;

use sqlite::Beside;
use statement::Pool;

pub use audit::WordsRow;
pub use backup::{BackupError, Contents, Location, backup};
pub use backup_file::FileFault;
pub use error::StoreError;
pub use intake::{Brought, ReportKey};
pub use lease::Lease;
pub use load::{Connections, Load, Schema};
pub use parity::ParityRow;
pub use postgres::masked;
pub use restore::{contents, restore};
pub use rows::{
    Aggregate, Answer, BlobRow, EventHeader, EventRow, Job, NewEvent, ReportRow, TileRow, TimerRow,
};
pub use undeliverable::UndeliverableRow;
pub use webhooks::{Attempted, MessageCounts, MessageRow, MessageState, NewMessage, WebhookSecret};
use write::ANSWER_KEPT_MICROS;
pub use write::Write;

/// A database that is open.
#[derive(Debug, Clone)]
pub struct Store {
    /// One connection: writes wait for each other here, in their order.
    writer: Pool,
    readers: Pool,
    /// Where the database is a file: the lock beside it.
    beside: Option<Beside>,
}

/// Which engine keeps the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// A file on this machine.
    Sqlite,
    /// A server, which several processes may share.
    Postgres,
}

impl Store {
    /// Opens the database at this URL (`sqlite:PATH`, made where it does not exist, or `postgres://…`), and migrates
    /// it.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let (writer, readers) = postgres::connect(url).await?;
            return Ok(Self {
                writer: Pool::Postgres(writer),
                readers: Pool::Postgres(readers),
                beside: None,
            });
        }
        let fault = |source| StoreError::Url { url: postgres::masked(url), source };
        // sqlx takes a URL of any other scheme for the path of a file.
        if !url.starts_with("sqlite:") {
            return Err(fault(sqlx::Error::Configuration(
                "the scheme is neither sqlite nor postgres".into(),
            )));
        }
        Self::open_sqlite(sqlite::options(url)?).await
    }

    /// Opens the database file at this path, whatever characters it has.
    pub async fn open_file(path: &Path) -> Result<Self, StoreError> {
        Self::open_sqlite(SqliteConnectOptions::new().filename(path)).await
    }

    async fn open_sqlite(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let beside = Beside::new(options.get_filename());
        let (writer, readers) = sqlite::connect(options).await?;
        Ok(Self { writer: Pool::Sqlite(writer), readers: Pool::Sqlite(readers), beside: Some(beside) })
    }

    /// Which engine keeps the database.
    pub fn engine(&self) -> EngineKind {
        match self.writer {
            Pool::Sqlite(_) => EngineKind::Sqlite,
            Pool::Postgres(_) => EngineKind::Postgres,
        }
    }

    /// Ends all connections, after the statements under way.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Whether a connection that was given back can be used again: it answers, and a transaction that was dropped in the
/// middle has ended.
///
/// A commit for which the disk has no room is rolled back by SQLite itself; sqlx does not learn of it, and would refuse
/// every transaction from then on.
async fn is_sound<C: sqlx::Connection>(connection: &mut C) -> bool {
    connection.ping().await.is_ok() && !connection.is_in_transaction()
}

/// Brings the schema up to date.
///
/// Another process may do the same at this moment: what it did is found done.
async fn migrate<DB>(migrations: &Migrator, writer: &sqlx::Pool<DB>) -> Result<(), StoreError>
where
    DB: sqlx::Database<Connection: Migrate>,
{
    let mut result = migrations.run(writer).await;
    for _ in migrations.iter().filter(|m| m.migration_type.is_up_migration()) {
        if result.is_err() {
            result = migrations.run(writer).await;
        }
    }
    Ok(result?)
}
