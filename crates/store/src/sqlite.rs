//! SQLite: one file, one connection that writes, eight that read.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::{StoreError, is_sound, migrate};

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The newest schema that this build knows; both engines have the same.
pub(crate) fn newest_schema() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// How long a statement waits for another process that holds the database.
const BUSY: Duration = Duration::from_secs(10);

/// How soon opening is tried again while another process opens a new database.
const AGAIN: Duration = Duration::from_millis(20);

/// How much of the file the writer keeps in memory at most, in SQLite's words: 32 MiB. A group touches pages all over the
/// file; what does not fit is written and read again within its transaction.
const WRITER_CACHE: &str = "-32768";

/// The one connection that writes, because SQLite has one writer and waiting for it here is fairer than in its busy
/// loop, and those that read.
pub(crate) async fn connect(options: SqliteConnectOptions) -> Result<(SqlitePool, SqlitePool), StoreError> {
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY);
    let writer = open_writer(&options.clone().pragma("cache_size", WRITER_CACHE)).await?;
    let readers = SqlitePoolOptions::new().max_connections(8).connect_with(options.read_only(true)).await?;
    Ok((writer, readers))
}

/// What a URL says.
pub(crate) fn options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    SqliteConnectOptions::from_str(url).map_err(|source| StoreError::Url { url: url.to_owned(), source })
}

/// One connection that only reads a database that is there.
pub(crate) async fn look_at(options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    let options = options.create_if_missing(false).read_only(true);
    Ok(SqlitePoolOptions::new().max_connections(1).connect_with(options).await?)
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
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .after_release(|connection, _| Box::pin(async move { Ok(is_sound(connection).await) }));
    let writer = pool.connect_with(options.clone()).await?;
    migrate(&MIGRATIONS, &writer).await?;
    Ok(writer)
}

/// A lock beside the database file that ends with its process, however it ends. Who has it knows that whoever led
/// before is gone.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    path: PathBuf,
    held: Arc<std::sync::Mutex<Option<File>>>,
}

impl Beside {
    pub fn new(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-leader");
        Self { path: path.into(), held: Arc::default() }
    }

    /// Takes the lock where nobody has it; whether it is ours now.
    pub fn take(&self) -> Result<bool, StoreError> {
        let mut held = self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if held.is_some() {
            return Ok(true);
        }
        let fault = |source| StoreError::Lock { path: self.path.clone(), source };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.path)
            .map_err(fault)?;
        match file.try_lock() {
            Ok(()) => *held = Some(file),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        Ok(true)
    }

    /// Gives the lock back.
    pub fn release(&self) {
        self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    }
}
