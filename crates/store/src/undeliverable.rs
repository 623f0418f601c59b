//! Rows of notices that reach nobody.

use crate::statement::{Row, sql};
use crate::{Store, StoreError, Write};

/// A notice that reaches nobody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UndeliverableRow {
    /// Since when, in microseconds UTC.
    pub since: i64,
    /// Of which account.
    pub account: String,
    /// Its number within the account.
    pub number: u32,
}

fn read(row: &Row) -> Result<UndeliverableRow, StoreError> {
    let number = row.get::<i64>("number")?;
    Ok(UndeliverableRow {
        since: row.get("since")?,
        account: row.get("account")?,
        number: u32::try_from(number).map_err(|_| StoreError::Damaged { what: "number" })?,
    })
}

impl Write {
    /// From now this notice is on the list.
    pub async fn put_undeliverable(&mut self, row: &UndeliverableRow) -> Result<(), StoreError> {
        sql("INSERT INTO undeliverable (account, number, since) VALUES ($1, $2, $3)
             ON CONFLICT (account, number) DO UPDATE SET since = excluded.since")
        .bind(&row.account)
        .bind(i64::from(row.number))
        .bind(row.since)
        .run(self.open().await?)
        .await?;
        Ok(())
    }

    /// It is no longer on the list.
    pub async fn forget_undeliverable(&mut self, account: &str, number: u32) -> Result<(), StoreError> {
        sql("DELETE FROM undeliverable WHERE account = $1 AND number = $2")
            .bind(account)
            .bind(i64::from(number))
            .run(self.open().await?)
            .await?;
        Ok(())
    }
}

impl Store {
    /// The notices that reach nobody, the oldest first, after the one named.
    pub async fn undeliverable(
        &self,
        after: &UndeliverableRow,
        limit: u32,
    ) -> Result<Vec<UndeliverableRow>, StoreError> {
        let rows = sql("SELECT account, number, since FROM undeliverable
             WHERE (since, account, number) > ($1, $2, $3) ORDER BY since, account, number LIMIT $4")
        .bind(after.since)
        .bind(&after.account)
        .bind(i64::from(after.number))
        .bind(i64::from(limit))
        .all(&self.readers)
        .await?;
        rows.iter().map(read).collect()
    }

    /// The streams with a deadline whose key begins so, and the key.
    pub async fn timers_named(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        let like = format!("{prefix}%");
        let rows = sql("SELECT stream, key FROM timers WHERE key LIKE $1 ORDER BY stream, key")
            .bind(&like)
            .all(&self.readers)
            .await?;
        rows.iter().map(|r| Ok((r.get("stream")?, r.get("key")?))).collect()
    }
}
