//! The store: state, events, timers, jobs, blobs and words, changed in one transaction on the one write path.
//!
//! [`Store`] opens and migrates the database; [`write::Write`] is a transaction; the `read` functions on [`Store`] are
//! queries. What a row means is the engine's affair: here ids are text and states are JSON.

mod audit;
mod error;
mod head;
mod read;
mod rows;
mod write;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

pub use audit::WordsRow;
pub use error::StoreError;
pub use rows::{Aggregate, Answer, BlobRow, EventRow, Job, NewEvent, ReportRow, TileRow, TimerRow};
pub use write::Write;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a statement waits for another process that holds the database.
const BUSY: Duration = Duration::from_secs(10);

/// How soon opening is tried again while another process opens a new database.
const AGAIN: Duration = Duration::from_millis(20);

/// A database that is open.
#[derive(Debug, Clone)]
pub struct Store {
    /// One connection: SQLite has one writer, and waiting here is fairer than in its busy loop.
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Store {
    /// Opens the database at this URL (`sqlite:PATH`), making it where it does not exist, and migrates it.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let fault = |source| StoreError::Url { url: url.to_owned(), source };
        // sqlx takes a URL of any other scheme for the path of a file.
        if !url.starts_with("sqlite:") {
            return Err(fault(sqlx::Error::Configuration("the scheme is not sqlite".into())));
        }
        let options = SqliteConnectOptions::from_str(url).map_err(fault)?;
        Self::connect(options).await
    }

    /// Opens the database file at this path, whatever characters it has.
    pub async fn open_file(path: &Path) -> Result<Self, StoreError> {
        Self::connect(SqliteConnectOptions::new().filename(path)).await
    }

    async fn connect(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let writer = open_writer(&options).await?;
        let readers =
            SqlitePoolOptions::new().max_connections(8).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers })
    }

    /// Ends all connections, after the statements under way.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// The one connection that writes, with the schema up to date.
///
/// Neither the change to WAL nor sqlx's migrations wait for another process that does the same at this moment: it is
/// tried again, and what the other did is found done.
async fn open_writer(options: &SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    let last = tokio::time::Instant::now() + BUSY;
    loop {
        let error = match try_writer(options).await {
            Ok(writer) => return Ok(writer),
            Err(error) => error,
        };
        if !error.is_of_the_moment() || tokio::time::Instant::now() >= last {
            return Err(error);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn try_writer(options: &SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let mut result = MIGRATIONS.run(&writer).await;
    for _ in MIGRATIONS.iter().filter(|m| m.migration_type.is_up_migration()) {
        if result.is_err() {
            result = MIGRATIONS.run(&writer).await;
        }
    }
    result?;
    Ok(writer)
}
