//! A backup is read back: into an empty database, of either engine, all of it or nothing.

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::backup::{BackupError, Connection, Contents, Kind, Location, Table, Target, quoted};
use crate::backup_file::{Cell, FileFault, Reader};
use crate::{StoreError, postgres, sqlite};

/// Reads a backup to its end and tells what it holds, once its hash and its form are found right.
pub fn contents(path: &Path) -> Result<Contents, BackupError> {
    let mut file = Reader::open(path)?;
    let Some((b'H', cells)) = file.record()? else { return Err(file.damaged("it has no head").into()) };
    let [Cell::Integer(schema), Cell::Text(build)] = cells.as_slice() else {
        return Err(file.damaged("its head is not one").into());
    };
    let mut contents = Contents { schema: *schema, build: build.clone(), tables: Vec::new() };
    // Of the table that is being read: its name, how many columns it has, and how many rows came.
    let mut table: Option<(String, usize, u64)> = None;
    while let Some((kind, cells)) = file.record()? {
        table = match (kind, table.take()) {
            (b'T', None) => Some((table_name(&file, &cells)?, cells.len() - 1, 0)),
            (b'R', Some((name, columns, rows))) if cells.len() == columns => Some((name, columns, rows + 1)),
            (b'E', Some((name, _, rows))) if cells == [Cell::Integer(i64::try_from(rows).unwrap_or(-1))] => {
                contents.tables.push((name, rows));
                None
            }
            _ => return Err(file.damaged("its rows are not those that it says it has").into()),
        };
    }
    match table {
        None => Ok(contents),
        Some(_) => Err(file.damaged("a table has no end").into()),
    }
}

fn table_name(file: &Reader, cells: &[Cell]) -> Result<String, FileFault> {
    match cells.first() {
        Some(Cell::Text(name)) => Ok(name.clone()),
        _ => Err(file.damaged("a table has no name")),
    }
}

/// Restores a backup into an empty database, and brings its schema up to date.
///
/// The whole file is checked first. A database file appears when it is complete; on a server all rows come in one
/// transaction.
pub async fn restore(from: &Path, into: &Location) -> Result<Contents, BackupError> {
    let contents = contents(from)?;
    let known = sqlite::newest_schema();
    if contents.schema > known || contents.schema < 1 {
        let Contents { schema: found, build, .. } = contents;
        return Err(BackupError::Newer { found, known, build });
    }
    match into.target()? {
        Target::Sqlite(options) => into_file(from, &options, contents.schema).await?,
        Target::Postgres(options) => {
            let target = into.to_string();
            let mut connection = Connection::Postgres(options.connect().await.map_err(StoreError::from)?);
            let present = connection.schema().await?;
            if present.is_some() && holds_something(&mut connection).await? {
                return Err(BackupError::NotEmpty { target });
            }
            if let Some(present) = present.filter(|present| *present != contents.schema) {
                return Err(BackupError::OtherSchema { found: contents.schema, present, target });
            }
            load(from, connection, &postgres::MIGRATIONS, contents.schema).await?;
        }
    }
    Ok(contents)
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url(url) => f.write_str(&postgres::masked(url)),
        }
    }
}

/// Whether there is anything that a restoration would mix with.
async fn holds_something(connection: &mut Connection) -> Result<bool, BackupError> {
    for table in connection.tables().await? {
        let rows = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {} LIMIT 1) AS first", quoted(&table.name));
        if connection.number(&rows).await? != Some(0) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Loads into a file of another name, which becomes the database when it is complete and on the disk.
async fn into_file(from: &Path, options: &SqliteConnectOptions, schema: i64) -> Result<(), BackupError> {
    let path = options.get_filename().to_owned();
    if path.exists() {
        return Err(BackupError::NotEmpty { target: path.display().to_string() });
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".restoring");
    let part = PathBuf::from(name);
    let fault = |source| FileFault::Io { path: part.clone(), what: "written", source };
    if part.exists() {
        fs::remove_file(&part).map_err(fault)?;
    }
    let fresh = SqliteConnectOptions::new().filename(&part).create_if_missing(true).foreign_keys(true);
    let connection = Connection::Sqlite(fresh.connect().await.map_err(StoreError::from)?);
    let loaded = load(from, connection, &sqlite::MIGRATIONS, schema).await;
    if loaded.is_err() {
        fs::remove_file(&part).map_err(fault)?;
        return loaded;
    }
    fs::File::open(&part).and_then(|file| file.sync_all()).map_err(fault)?;
    fs::rename(&part, &path).map_err(fault)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(fault)?;
    Ok(())
}

/// Makes the backup's schema, loads all rows in one transaction, and brings the schema up to date.
async fn load(
    from: &Path,
    mut connection: Connection,
    migrations: &Migrator,
    schema: i64,
) -> Result<(), BackupError> {
    connection.migrate(migrations, Some(schema)).await?;
    connection.run("BEGIN").await?;
    if matches!(connection, Connection::Postgres(_)) {
        connection.run("SET LOCAL statement_timeout = 0").await?;
    }
    let tables = connection.tables().await?;
    let mut file = Reader::open(from)?;
    let mut table: Option<(Table, String)> = None;
    while let Some((kind, cells)) = file.record()? {
        match kind {
            b'T' => {
                let (begun, _) = table.insert(inserting(&file, &tables, &cells)?);
                // What a migration put there is in the backup too, as it became.
                connection.run(&format!("DELETE FROM {}", quoted(&begun.name))).await?;
            }
            b'R' => {
                if let Some((table, insert)) = &table {
                    connection.insert(insert, table, cells).await?;
                }
            }
            b'E' => {
                if let Some((table, _)) = table.take() {
                    connection.continue_numbers(&table).await?;
                }
            }
            _ => {}
        }
    }
    connection.run("COMMIT").await?;
    connection.migrate(migrations, None).await?;
    match connection {
        Connection::Sqlite(connection) => connection.close().await?,
        Connection::Postgres(connection) => connection.close().await?,
    }
    Ok(())
}

/// The table with the columns in the order in which the backup has them, and the statement that inserts one row.
fn inserting(file: &Reader, tables: &[Table], cells: &[Cell]) -> Result<(Table, String), BackupError> {
    let name = table_name(file, cells)?;
    let misfit = |detail: String| BackupError::Misfit { table: name.clone(), detail };
    let known = tables.iter().find(|table| table.name == name);
    let known = known.ok_or_else(|| misfit("there is no such table".into()))?;
    let mut columns = Vec::new();
    for cell in cells.iter().skip(1) {
        let Cell::Text(column) = cell else { return Err(file.damaged("a column has no name").into()) };
        let found = known.columns.iter().find(|(known, _)| known == column);
        columns.push(found.cloned().ok_or_else(|| misfit(format!("it has no column {column}")))?);
    }
    let names: Vec<String> = columns.iter().map(|(column, _)| quoted(column)).collect();
    let places: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let insert =
        format!("INSERT INTO {} ({}) VALUES ({})", quoted(&name), names.join(", "), places.join(", "));
    Ok((Table { columns, ..known.clone() }, insert))
}

/// The query with the cells bound, each of which has to be of its column's kind.
macro_rules! bound {
    ($insert:expr, $table:expr, $cells:expr) => {{
        let mut query = sqlx::query(AssertSqlSafe($insert.to_owned()));
        for ((column, kind), cell) in $table.columns.iter().zip($cells) {
            query = match (kind, cell) {
                (Kind::Integer, Cell::Integer(value)) => query.bind(value),
                (Kind::Text, Cell::Text(value)) => query.bind(value),
                (Kind::Bytes, Cell::Bytes(value)) => query.bind(value),
                (Kind::Integer, Cell::None) => query.bind(None::<i64>),
                (Kind::Text, Cell::None) => query.bind(None::<String>),
                (Kind::Bytes, Cell::None) => query.bind(None::<Vec<u8>>),
                _ => {
                    let detail = format!("{column} is of another kind");
                    return Err(BackupError::Misfit { table: $table.name.clone(), detail });
                }
            };
        }
        query
    }};
}

impl Connection {
    async fn migrate(&mut self, migrations: &Migrator, to: Option<i64>) -> Result<(), StoreError> {
        match (self, to) {
            (Self::Sqlite(connection), Some(to)) => migrations.run_to(to, connection).await?,
            (Self::Sqlite(connection), None) => migrations.run(connection).await?,
            (Self::Postgres(connection), Some(to)) => migrations.run_to(to, connection).await?,
            (Self::Postgres(connection), None) => migrations.run(connection).await?,
        }
        Ok(())
    }

    async fn insert(&mut self, insert: &str, table: &Table, cells: Vec<Cell>) -> Result<(), BackupError> {
        match self {
            Self::Sqlite(connection) => {
                bound!(insert, table, cells).execute(connection).await?;
            }
            Self::Postgres(connection) => {
                bound!(insert, table, cells).execute(connection).await?;
            }
        }
        Ok(())
    }

    /// Lets numbers that the server gives go on behind the highest there is. SQLite sees that by itself.
    async fn continue_numbers(&mut self, table: &Table) -> Result<(), BackupError> {
        let Self::Postgres(connection) = self else { return Ok(()) };
        let columns: Vec<String> = sqlx::query_scalar(
            "SELECT column_name::text FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = $1 AND is_identity = 'YES'",
        )
        .bind(&table.name)
        .fetch_all(&mut *connection)
        .await?;
        for column in columns {
            let statement = format!(
                "SELECT setval(pg_get_serial_sequence($1, $2), MAX({0})) FROM {1} HAVING MAX({0}) IS NOT NULL",
                quoted(&column),
                quoted(&table.name)
            );
            sqlx::query(AssertSqlSafe(statement))
                .bind(&table.name)
                .bind(&column)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}
