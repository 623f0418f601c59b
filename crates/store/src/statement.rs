//! One set of SQL for both engines: a statement with its values, carried out on either, and the rows that come back.

use std::borrow::Cow;

use sqlx::postgres::{PgArguments, PgPool, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Decode, Transaction, Type};

use crate::StoreError;

/// A value of a statement. Both engines know these, and nothing else is stored.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    Integer(i64),
    MaybeInteger(Option<i64>),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(value: Option<i64>) -> Self {
        Self::MaybeInteger(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

/// A statement with its values.
#[derive(Debug)]
pub(crate) struct Statement<'a> {
    text: Cow<'static, str>,
    values: Vec<Value<'a>>,
}

/// A statement that both engines understand; its parameters are `$1`, `$2`, ….
pub(crate) fn sql<'a>(text: &'static str) -> Statement<'a> {
    Statement { text: Cow::Borrowed(text), values: Vec::new() }
}

/// A statement that was put together of fixed parts.
pub(crate) fn text<'a>(text: String) -> Statement<'a> {
    Statement { text: Cow::Owned(text), values: Vec::new() }
}

/// A statement in two parts, the second behind the first.
pub(crate) fn behind<'a>(text: &'static str, more: &'static str) -> Statement<'a> {
    Statement { text: Cow::Owned(format!("{text}{more}")), values: Vec::new() }
}

/// A statement with a list of rows between two texts, such as `($1, $2), ($3, $4)`: so many columns, so many rows.
pub(crate) fn many<'a>(before: &str, (columns, rows): (usize, usize), after: &str) -> Statement<'a> {
    let mut text = before.to_owned();
    for row in 0..rows {
        for column in 0..columns {
            text.push_str(match (row, column) {
                (0, 0) => "(",
                (_, 0) => "), (",
                _ => ", ",
            });
            text.push('$');
            text.push_str(&(row * columns + column + 1).to_string());
        }
    }
    text.push(')');
    text.push_str(after);
    Statement { text: Cow::Owned(text), values: Vec::with_capacity(columns * rows) }
}

impl<'a> Statement<'a> {
    /// With the next parameter's value.
    pub fn bind(mut self, value: impl Into<Value<'a>>) -> Self {
        self.values.push(value.into());
        self
    }

    fn sqlite(&self) -> Query<'_, Sqlite, SqliteArguments> {
        self.values.iter().fold(sqlx::query(AssertSqlSafe(self.text.clone())), |query, value| match value {
            Value::Integer(value) => query.bind(*value),
            Value::MaybeInteger(value) => query.bind(*value),
            Value::Text(value) => query.bind(*value),
            Value::Bytes(value) => query.bind(*value),
        })
    }

    fn postgres(&self) -> Query<'_, Postgres, PgArguments> {
        self.values.iter().fold(sqlx::query(AssertSqlSafe(self.text.clone())), |query, value| match value {
            Value::Integer(value) => query.bind(*value),
            Value::MaybeInteger(value) => query.bind(*value),
            Value::Text(value) => query.bind(*value),
            Value::Bytes(value) => query.bind(*value),
        })
    }

    /// All rows it gives.
    pub async fn all(self, on: impl On) -> Result<Vec<Row>, StoreError> {
        on.all(self).await
    }

    /// The first row it gives, where it gives one.
    pub async fn maybe(self, on: impl On) -> Result<Option<Row>, StoreError> {
        Ok(on.all(self).await?.into_iter().next())
    }

    /// The one row it gives.
    pub async fn one(self, on: impl On) -> Result<Row, StoreError> {
        self.maybe(on).await?.ok_or(StoreError::Database(sqlx::Error::RowNotFound))
    }

    /// How many rows it changed.
    pub async fn run(self, on: impl On) -> Result<u64, StoreError> {
        on.run(self).await
    }
}

/// What a statement is carried out on.
pub(crate) trait On {
    async fn all(self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError>;
    async fn run(self, statement: Statement<'_>) -> Result<u64, StoreError>;
}

/// Connections to one database.
#[derive(Debug, Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Pool {
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl On for &Pool {
    async fn all(self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Pool::Sqlite(pool) => {
                statement.sqlite().fetch_all(pool).await?.into_iter().map(Row::Sqlite).collect()
            }
            Pool::Postgres(pool) => {
                statement.postgres().fetch_all(pool).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    async fn run(self, statement: Statement<'_>) -> Result<u64, StoreError> {
        Ok(match self {
            Pool::Sqlite(pool) => statement.sqlite().execute(pool).await?.rows_affected(),
            Pool::Postgres(pool) => statement.postgres().execute(pool).await?.rows_affected(),
        })
    }
}

/// A transaction under way.
#[derive(Debug)]
pub(crate) enum Open {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Open {
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await?,
            Self::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}

impl On for &mut Open {
    async fn all(self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Open::Sqlite(open) => {
                statement.sqlite().fetch_all(&mut **open).await?.into_iter().map(Row::Sqlite).collect()
            }
            Open::Postgres(open) => {
                statement.postgres().fetch_all(&mut **open).await?.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    async fn run(self, statement: Statement<'_>) -> Result<u64, StoreError> {
        Ok(match self {
            Open::Sqlite(open) => statement.sqlite().execute(&mut **open).await?.rows_affected(),
            Open::Postgres(open) => statement.postgres().execute(&mut **open).await?.rows_affected(),
        })
    }
}

/// A row, of either engine.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// The value of a column.
    pub fn get<T: Column>(&self, column: &'static str) -> Result<T, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => sqlx::Row::try_get(row, column)?,
            Self::Postgres(row) => sqlx::Row::try_get(row, column)?,
        })
    }
}

/// What both engines read from a column alike.
pub(crate) trait Column:
    for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}

impl<T> Column for T where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>
{
}
