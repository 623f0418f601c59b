//! A backup, taken while others write: one snapshot of all tables, in one file.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, raw_sql};

use crate::backup_file::{Cell, FileFault, Writer};
use crate::{StoreError, postgres, sqlite};

/// Tables that are not of the record: the schema's own books, and who leads, which is about processes that run.
pub(crate) const LEFT_OUT: [&str; 3] = ["_sqlx_migrations", "sqlite_sequence", "lease"];

/// Which database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// The file of an SQLite database.
    File(PathBuf),
    /// A URL: `sqlite:PATH` or `postgres://…`.
    Url(String),
}

/// A location that was understood.
pub(crate) enum Target {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

impl Location {
    pub(crate) fn target(&self) -> Result<Target, StoreError> {
        let url = match self {
            Self::File(path) => return Ok(Target::Sqlite(SqliteConnectOptions::new().filename(path))),
            Self::Url(url) => url,
        };
        let fault = |source| StoreError::Url { url: postgres::masked(url), source };
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return Ok(Target::Postgres(PgConnectOptions::from_str(url).map_err(fault)?));
        }
        if url.starts_with("sqlite:") {
            return Ok(Target::Sqlite(SqliteConnectOptions::from_str(url).map_err(fault)?));
        }
        Err(fault(sqlx::Error::Configuration("the scheme is neither sqlite nor postgres".into())))
    }
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The version of its schema.
    pub schema: i64,
    /// The build that wrote it.
    pub build: String,
    /// How many rows each table has.
    pub tables: Vec<(String, u64)>,
}

impl Contents {
    /// How many rows it has in all.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file is not right.
    #[error(transparent)]
    File(#[from] FileFault),
    /// A file is in the way.
    #[error("{} is there already, and is not written over: name another", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The target holds something.
    #[error("{target} is not empty: a backup is restored into an empty database only")]
    NotEmpty {
        /// The database.
        target: String,
    },
    /// The backup is of a later build.
    #[error(
        "the backup has schema {found}, and this build knows schemas up to {known}: restore it with the build {build} or a later one"
    )]
    Newer {
        /// The backup's schema.
        found: i64,
        /// The newest schema that is known here.
        known: i64,
        /// The build that wrote it.
        build: String,
    },
    /// The target has another schema already.
    #[error(
        "the backup has schema {found}, and {target} has been brought to {present}: name a database without any tables"
    )]
    OtherSchema {
        /// The backup's schema.
        found: i64,
        /// The target's schema.
        present: i64,
        /// The database.
        target: String,
    },
    /// A table or column of the backup is unknown, or of another kind.
    #[error("{table} of the backup does not fit the schema: {detail}")]
    Misfit {
        /// The table.
        table: String,
        /// What does not fit.
        detail: String,
    },
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Text,
    Bytes,
}

/// A table as it is in a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<(String, Kind)>,
    /// The columns of its primary key: the order in which its rows are written.
    pub key: Vec<String>,
}

/// One connection, of either engine.
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// What a query says about every column: table, column, type, place in the primary key (0: none).
const SQLITE_COLUMNS: &str =
    "SELECT m.name AS table_name, c.name AS column_name, LOWER(c.type) AS kind, c.pk AS key_place
    FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.cid";
const POSTGRES_COLUMNS: &str = "SELECT c.table_name::text AS table_name, c.column_name::text AS column_name,
        c.data_type::text AS kind, COALESCE(k.ordinal_position, 0)::bigint AS key_place
    FROM information_schema.columns c
    JOIN information_schema.tables b ON b.table_schema = c.table_schema AND b.table_name = c.table_name
    LEFT JOIN information_schema.table_constraints p ON p.table_schema = c.table_schema
        AND p.table_name = c.table_name AND p.constraint_type = 'PRIMARY KEY'
    LEFT JOIN information_schema.key_column_usage k ON k.constraint_schema = p.constraint_schema
        AND k.constraint_name = p.constraint_name AND k.column_name = c.column_name
    WHERE c.table_schema = current_schema() AND b.table_type = 'BASE TABLE'
    ORDER BY c.table_name COLLATE \"C\", c.ordinal_position";

impl Connection {
    pub async fn run(&mut self, statement: &str) -> Result<(), StoreError> {
        let statement = AssertSqlSafe(statement.to_owned());
        match self {
            Self::Sqlite(connection) => {
                raw_sql(statement).execute(connection).await?;
            }
            Self::Postgres(connection) => {
                raw_sql(statement).execute(connection).await?;
            }
        }
        Ok(())
    }

    /// The number that a query gives; none where it gives no row or a NULL.
    pub async fn number(&mut self, query: &str) -> Result<Option<i64>, StoreError> {
        let query = AssertSqlSafe(query.to_owned());
        Ok(match self {
            Self::Sqlite(connection) => sqlx::query_scalar(query).fetch_optional(connection).await?.flatten(),
            Self::Postgres(connection) => {
                sqlx::query_scalar(query).fetch_optional(connection).await?.flatten()
            }
        })
    }

    /// The schema's version; none where there is no schema.
    pub async fn schema(&mut self) -> Result<Option<i64>, StoreError> {
        let there = match self {
            Self::Sqlite(_) => "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'",
            Self::Postgres(_) => "SELECT COUNT(to_regclass('_sqlx_migrations'))",
        };
        if self.number(there).await? == Some(0) {
            return Ok(None);
        }
        self.number("SELECT MAX(version) FROM _sqlx_migrations WHERE success").await
    }

    /// The tables that belong into a backup.
    pub async fn tables(&mut self) -> Result<Vec<Table>, BackupError> {
        let mut found: Vec<(String, String, String, i64)> = Vec::new();
        match self {
            Self::Sqlite(connection) => {
                for row in sqlx::query(SQLITE_COLUMNS).fetch_all(connection).await? {
                    found.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
                }
            }
            Self::Postgres(connection) => {
                for row in sqlx::query(POSTGRES_COLUMNS).fetch_all(connection).await? {
                    found.push((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?));
                }
            }
        }
        let mut tables: Vec<(Table, Vec<(i64, String)>)> = Vec::new();
        for (table, column, kind, place) in found {
            if LEFT_OUT.contains(&table.as_str()) {
                continue;
            }
            let kind = match kind.as_str() {
                "bigint" | "integer" => Kind::Integer,
                "text" => Kind::Text,
                "blob" | "bytea" => Kind::Bytes,
                other => {
                    let detail = format!("{column} is of the kind {other}");
                    return Err(BackupError::Misfit { table, detail });
                }
            };
            if tables.last().is_none_or(|(last, _)| last.name != table) {
                tables.push((Table { name: table, columns: Vec::new(), key: Vec::new() }, Vec::new()));
            }
            if let Some((last, key)) = tables.last_mut() {
                if place > 0 {
                    key.push((place, column.clone()));
                }
                last.columns.push((column, kind));
            }
        }
        Ok(tables
            .into_iter()
            .map(|(mut table, mut key)| {
                key.sort();
                table.key = key.into_iter().map(|(_, column)| column).collect();
                table
            })
            .collect())
    }
}

/// Writes a backup of a database into a new file that only its owner can read. Others may write meanwhile: it holds what
/// was committed when it began, and nothing later.
///
/// The key and the anchor are no part of the database, and so not of its backup.
pub async fn backup(from: &Location, to: &Path, build: &str) -> Result<Contents, BackupError> {
    if to.exists() {
        return Err(BackupError::Exists { path: to.to_owned() });
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let fault = |source| FileFault::Io { path: part.clone(), what: "written", source };
    let file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).map_err(fault)?;
    let written = write(from, Writer::new(&part, file)?, build).await;
    let finished = written.and_then(|contents| {
        // Not `rename`, which would take the place of a file that came meanwhile.
        fs::hard_link(&part, to).map_err(|source| match source.kind() {
            std::io::ErrorKind::AlreadyExists => BackupError::Exists { path: to.to_owned() },
            _ => FileFault::Io { path: to.to_owned(), what: "written", source }.into(),
        })?;
        Ok(contents)
    });
    fs::remove_file(&part).map_err(fault)?;
    if finished.is_ok() {
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(fault)?;
    }
    finished
}

async fn write(from: &Location, mut file: Writer, build: &str) -> Result<Contents, BackupError> {
    let mut connection = snapshot(from).await?;
    let known = sqlite::newest_schema();
    let schema = connection.schema().await?.unwrap_or(0);
    if schema == 0 || schema > known {
        let build = "that the database is served with".to_owned();
        return Err(BackupError::Newer { found: schema, known, build });
    }
    file.record(b'H', &[Cell::Integer(schema), Cell::Text(build.to_owned())])?;
    let mut contents = Contents { schema, build: build.to_owned(), tables: Vec::new() };
    for table in connection.tables().await? {
        let mut head = vec![Cell::Text(table.name.clone())];
        head.extend(table.columns.iter().map(|(column, _)| Cell::Text(column.clone())));
        file.record(b'T', &head)?;
        let rows = connection.copy_out(&table, &mut file).await?;
        file.record(b'E', &[Cell::Integer(i64::try_from(rows).unwrap_or(i64::MAX))])?;
        contents.tables.push((table.name, rows));
    }
    file.finish()?;
    Ok(contents)
}

/// A connection that sees the database as it is now, for as long as it lasts. It never writes.
async fn snapshot(from: &Location) -> Result<Connection, BackupError> {
    let mut connection = match from.target()? {
        Target::Sqlite(options) => Connection::Sqlite(options.read_only(true).connect().await?),
        Target::Postgres(options) => Connection::Postgres(options.connect().await?),
    };
    match &connection {
        Connection::Sqlite(_) => connection.run("BEGIN").await?,
        Connection::Postgres(_) => {
            connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            // However long the file takes.
            connection
                .run("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
                .await?;
        }
    }
    Ok(connection)
}

/// A name as SQL takes it. Names come from the schema.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The cells of a row, by the kinds of the columns.
macro_rules! cells {
    ($row:expr, $table:expr) => {
        $table
            .columns
            .iter()
            .enumerate()
            .map(|(at, (_, kind))| {
                Ok(match kind {
                    Kind::Integer => $row.try_get::<Option<i64>, _>(at)?.map_or(Cell::None, Cell::Integer),
                    Kind::Text => $row.try_get::<Option<String>, _>(at)?.map_or(Cell::None, Cell::Text),
                    Kind::Bytes => $row.try_get::<Option<Vec<u8>>, _>(at)?.map_or(Cell::None, Cell::Bytes),
                })
            })
            .collect::<Result<Vec<Cell>, sqlx::Error>>()
    };
}

impl Connection {
    /// Writes all rows of a table in the order of its key, one at a time; how many.
    async fn copy_out(&mut self, table: &Table, file: &mut Writer) -> Result<u64, BackupError> {
        let columns: Vec<String> = table.columns.iter().map(|(column, _)| quoted(column)).collect();
        let key: Vec<String> = table.key.iter().map(|column| quoted(column)).collect();
        let order = if key.is_empty() { String::new() } else { format!(" ORDER BY {}", key.join(", ")) };
        let query =
            AssertSqlSafe(format!("SELECT {} FROM {}{order}", columns.join(", "), quoted(&table.name)));
        let mut count = 0;
        match self {
            Self::Sqlite(connection) => {
                let mut rows = sqlx::query(query).fetch(connection);
                while let Some(row) = rows.try_next().await? {
                    file.record(b'R', &cells!(row, table)?)?;
                    count += 1;
                }
            }
            Self::Postgres(connection) => {
                let mut rows = sqlx::query(query).fetch(connection);
                while let Some(row) = rows.try_next().await? {
                    file.record(b'R', &cells!(row, table)?)?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }
}
