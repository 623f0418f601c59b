//! A fresh database for each test: a file, or where `TENURE_TEST_POSTGRES` names a server that may be asked for new
//! databases, one on it. So one suite runs on both engines: `tests/run` runs it twice.
#![expect(clippy::unwrap_used, reason = "only tests use it")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tenure_store::Store;

/// A database of a test's own. The file goes with it; one on a server goes with the server.
#[derive(Debug, Clone)]
pub struct Database {
    folder: Arc<TempDir>,
    url: String,
}

static MADE: AtomicU32 = AtomicU32::new(0);

/// The server on which databases are made; none where files are used.
pub fn server() -> Option<String> {
    std::env::var("TENURE_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

impl Database {
    /// An empty one.
    pub async fn fresh() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match server() {
            None => format!("sqlite:{}", folder.path().join("tenure.db").display()),
            Some(server) => {
                let name = format!("t_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
                // The process before may have had the same number.
                administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
                administer(&format!("CREATE DATABASE {name}")).await;
                let (base, _) = server.rsplit_once('/').unwrap();
                format!("{base}/{name}")
            }
        };
        let database = Self { folder: Arc::new(folder), url };
        if !database.is_file() {
            // What tests say in SQLite's words.
            database
                .sql(
                    "CREATE FUNCTION zeroblob(length BIGINT) RETURNS BYTEA LANGUAGE SQL IMMUTABLE
                     AS $$ SELECT decode(repeat('00', length::INT), 'hex') $$",
                )
                .await;
        }
        database
    }

    /// A copy of it as it stands. Nobody may have it open.
    pub async fn copy(&self) -> Self {
        if self.is_file() {
            let copy = Self::fresh().await;
            let file = |of: &Self| of.folder().join("tenure.db");
            std::fs::copy(file(self), file(&copy)).unwrap();
            return copy;
        }
        let (base, name) = self.url.rsplit_once('/').unwrap();
        let copy = format!("{name}_{}", MADE.fetch_add(1, Ordering::Relaxed));
        administer(&format!("CREATE DATABASE {copy} TEMPLATE {name}")).await;
        Self { folder: Arc::clone(&self.folder), url: format!("{base}/{copy}") }
    }

    fn is_file(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// Its URL, for [`Store::open`] and for `tenured`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A folder that goes with it; the database itself is here where it is a file.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Opens it, as one more process would.
    pub async fn open(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// Carries out SQL from outside, as another program with access to the database can.
    pub async fn sql(&self, statement: &str) {
        if self.is_file() {
            let statement = sqlx::AssertSqlSafe(statement.to_owned());
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        } else {
            let statement = statement
                .replace("x'00'", "'\\x00'::bytea")
                .replace("CAST(leaf AS TEXT)", "convert_from(leaf, 'UTF8')")
                .replace("AS BLOB)", "AS TEXT)::bytea");
            on_server(&self.url, &statement).await;
        }
    }

    /// Makes a kind of write fail, such as `INSERT ON tiles`, as a disk does that is full; for some rows only, where a
    /// condition is given.
    pub async fn breaks(&self, write: &str, when: Option<&str>) {
        let when = when.map(|when| format!("WHEN ({when})")).unwrap_or_default();
        let statement = if self.is_file() {
            format!(
                "CREATE TRIGGER broken BEFORE {write} {when} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )
        } else {
            format!(
                "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql
                 AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
                 CREATE TRIGGER broken BEFORE {write} FOR EACH ROW {when} EXECUTE FUNCTION broken()"
            )
        };
        self.sql(&statement).await;
    }

    /// What [`breaks`](Self::breaks) made fail succeeds again.
    pub async fn mended(&self) {
        self.sql(if self.is_file() { "DROP TRIGGER broken" } else { "DROP FUNCTION broken CASCADE" }).await;
    }
}

async fn administer(statement: &str) {
    on_server(&server().unwrap(), statement).await;
}

async fn on_server(url: &str, statement: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
