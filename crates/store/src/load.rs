//! What a server tells about its database: how much waits in it, its schema, its connections.

use std::path::Path;

use crate::statement::{Pool, sql};
use crate::write::unsigned;
use crate::{Store, StoreError, postgres, sqlite};

/// How much waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Jobs on the list.
    pub jobs: u64,
    /// Deadlines that are due.
    pub due: u64,
    /// When the earliest of them was due, in microseconds UTC.
    pub earliest_due: Option<i64>,
}

/// The connections of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Which pool.
    pub pool: &'static str,
    /// How many are open.
    pub open: u32,
    /// How many of these are in use.
    pub in_use: u32,
}

/// The schema of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// The latest migration that the database has; 0 for none.
    pub applied: i64,
    /// The latest that this program knows.
    pub known: i64,
}

impl Store {
    /// How much waits at a moment, in microseconds UTC.
    pub async fn load(&self, now: i64) -> Result<Load, StoreError> {
        let row = sql("SELECT (SELECT COUNT(*) FROM jobs) AS jobs,
                    (SELECT COUNT(*) FROM timers WHERE due <= $1) AS due,
                    (SELECT MIN(due) FROM timers WHERE due <= $1) AS earliest")
        .bind(now)
        .one(&self.readers)
        .await?;
        Ok(Load {
            jobs: unsigned(row.get("jobs")?)?,
            due: unsigned(row.get("due")?)?,
            earliest_due: row.get("earliest")?,
        })
    }

    /// The schema as it is now: another program may have changed it since this one opened the database.
    pub async fn schema(&self) -> Result<Schema, StoreError> {
        schema(&self.readers).await
    }

    /// The schema of the database at a URL, which is neither made nor migrated.
    pub async fn look_at(url: &str) -> Result<Schema, StoreError> {
        let pool = if url.starts_with("sqlite:") {
            Pool::Sqlite(sqlite::look_at(sqlite::options(url)?).await?)
        } else {
            Pool::Postgres(postgres::look_at(url).await?)
        };
        looked(pool).await
    }

    /// The schema of a database file, which is neither made nor migrated.
    pub async fn look_at_file(path: &Path) -> Result<Schema, StoreError> {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        looked(Pool::Sqlite(sqlite::look_at(options).await?)).await
    }

    /// The connections of each pool.
    pub fn connections(&self) -> Vec<Connections> {
        [("writer", &self.writer), ("readers", &self.readers)]
            .map(|(name, pool)| connections(name, pool))
            .into()
    }
}

async fn looked(pool: Pool) -> Result<Schema, StoreError> {
    let schema = schema(&pool).await;
    pool.close().await;
    schema
}

async fn schema(pool: &Pool) -> Result<Schema, StoreError> {
    let (migrations, is_there) = match pool {
        Pool::Sqlite(_) => {
            (&sqlite::MIGRATIONS, "SELECT 1 AS there FROM sqlite_master WHERE name = '_sqlx_migrations'")
        }
        Pool::Postgres(_) => (
            &postgres::MIGRATIONS,
            "SELECT 1 AS there FROM pg_tables WHERE schemaname = current_schema() AND tablename = '_sqlx_migrations'",
        ),
    };
    let known = migrations.iter().map(|migration| migration.version).max().unwrap_or(0);
    let applied: Option<i64> = match sql(is_there).maybe(pool).await? {
        Some(_) => {
            let latest = sql("SELECT MAX(version) AS version FROM _sqlx_migrations WHERE success");
            latest.one(pool).await?.get("version")?
        }
        None => None,
    };
    Ok(Schema { applied: applied.unwrap_or(0), known })
}

fn connections(name: &'static str, pool: &Pool) -> Connections {
    let (open, idle) = match pool {
        Pool::Sqlite(pool) => (pool.size(), pool.num_idle()),
        Pool::Postgres(pool) => (pool.size(), pool.num_idle()),
    };
    let idle = u32::try_from(idle).unwrap_or(u32::MAX);
    Connections { pool: name, open, in_use: open.saturating_sub(idle) }
}
