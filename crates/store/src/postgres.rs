//! PostgreSQL: any number of processes, of which one writes at a time.

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, Postgres};
use sqlx::{Connection as _, Transaction};

use crate::{StoreError, migrate};

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// What every session asks of the server. A process that was stopped in the middle of a transaction, or cut from the
/// server, holds the others up no longer than its transaction may lie idle; what was answered is on the disk.
const SESSION: [(&str, &str); 6] = [
    ("idle_in_transaction_session_timeout", "3s"),
    ("lock_timeout", "15s"),
    ("statement_timeout", "60s"),
    ("tcp_user_timeout", "5s"),
    ("synchronous_commit", "on"),
    ("client_min_messages", "warning"),
];

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// The name of the lock under which one process writes at a time, as long as its transaction runs.
const WRITER: i32 = 0x7465_6e75;

/// The connection that writes, and those that read.
pub(crate) async fn connect(url: &str) -> Result<(PgPool, PgPool), StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|source| StoreError::Url { url: masked(url), source })?
        .application_name("tenured")
        .options(SESSION);
    let pool = |connections| {
        PgPoolOptions::new().max_connections(connections).acquire_timeout(CONNECT).after_release(
            // A transaction that was dropped in the middle ends before its connection is used again.
            |connection, _| Box::pin(async move { Ok(connection.ping().await.is_ok()) }),
        )
    };
    let writer = pool(1).connect_with(options.clone()).await?;
    migrate(&MIGRATIONS, &writer).await?;
    let readers = pool(8).connect_with(options.options([("default_transaction_read_only", "on")])).await?;
    Ok((writer, readers))
}

/// One connection that only reads.
pub(crate) async fn look_at(url: &str) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|source| StoreError::Url { url: masked(url), source })?
        .options([("default_transaction_read_only", "on")]);
    Ok(PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT).connect_with(options).await?)
}

/// Begins a transaction once no other process's runs. So events get their positions in the order of their commits,
/// and a decision is made on what all others have committed.
pub(crate) async fn begin(writer: &PgPool) -> Result<Transaction<'static, Postgres>, StoreError> {
    let mut transaction = writer.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1, hashtext(current_schema()))")
        .bind(WRITER)
        .execute(&mut *transaction)
        .await?;
    Ok(transaction)
}

/// A database's URL without what can be secret in it: the password and the parameters.
pub fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    // A password that nobody escaped can hold any of these marks: the last `@` ends it, wherever it stands.
    let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
    let host = host.split(['?', '#']).next().unwrap_or_default();
    match user.split([':', '?', '#']).next().unwrap_or_default() {
        "" => format!("{scheme}://{host}"),
        user => format!("{scheme}://{user}@{host}"),
    }
}
