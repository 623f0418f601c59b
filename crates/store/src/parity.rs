//! Rows of cases by which like ones are found, and what a rule began.

use crate::statement::{Row, sql};
use crate::{Store, StoreError, Write};

/// A case, as others are compared with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParityRow {
    /// Its id.
    pub case: String,
    /// Whose it is.
    pub account: String,
    /// On which ground.
    pub ground: String,
    /// When it was opened, in microseconds UTC.
    pub opened_at: i64,
    /// Who or what opened it.
    pub opened_by: String,
    /// Whether it is open.
    pub open: bool,
    /// Whether a measure in it deviated from what others met with. Once it did, it stays so.
    pub deviated: bool,
    /// What it is compared by, as JSON.
    pub data: String,
}

fn parity(row: &Row) -> Result<ParityRow, StoreError> {
    Ok(ParityRow {
        case: row.get("case_id")?,
        account: row.get("account")?,
        ground: row.get("ground")?,
        opened_at: row.get("opened_at")?,
        opened_by: row.get("opened_by")?,
        open: row.get::<i64>("is_open")? != 0,
        deviated: row.get::<i64>("deviated")? != 0,
        data: row.get("data")?,
    })
}

#[expect(
    clippy::unused_async,
    reason = "what is held back by one is written at once by another; callers need not know"
)]
impl Write {
    /// Keeps a case's row.
    pub async fn put_parity(&mut self, row: &ParityRow) -> Result<(), StoreError> {
        // Of two rows that are held back the later one says what the earlier one said of a deviation.
        let deviated = self.held(|staged| staged.parity.get(&row.case).map(|held| held.deviated));
        let row = ParityRow { deviated: row.deviated || deviated.unwrap_or_default(), ..row.clone() };
        self.staged().parity.insert(row.case.clone(), row);
        Ok(())
    }

    /// Cases of others on a ground that were opened since a moment, the latest first.
    pub async fn parity_near(
        &mut self,
        account: &str,
        ground: &str,
        since: i64,
        most: u32,
    ) -> Result<Vec<ParityRow>, StoreError> {
        let rows = sql("SELECT * FROM parity_cases
             WHERE ground = $1 AND opened_at >= $2 AND account <> $3 ORDER BY opened_at DESC, case_id LIMIT $4")
        .bind(ground)
        .bind(since)
        .bind(account)
        .bind(i64::from(most))
        .all(self.open().await?)
        .await?;
        rows.iter().map(parity).collect()
    }

    /// How many reports on a ground came in about an account since a moment.
    pub async fn signals(&mut self, account: &str, ground: &str, since: i64) -> Result<i64, StoreError> {
        sql("SELECT COUNT(*) AS signals FROM reports WHERE account = $1 AND ground = $2 AND filed_at >= $3")
            .bind(account)
            .bind(ground)
            .bind(since)
            .one(self.open().await?)
            .await?
            .get("signals")
    }

    /// Accounts about which at least so many reports on a ground came in since a moment, and which have no case on it
    /// that was opened since then; those with the most reports first.
    pub async fn same_signals(
        &mut self,
        ground: &str,
        since: i64,
        least: i64,
        most: u32,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = sql("SELECT account, COUNT(*) AS signals FROM reports
             WHERE ground = $1 AND filed_at >= $2
                 AND NOT EXISTS (SELECT 1 FROM parity_cases
                     WHERE parity_cases.account = reports.account AND parity_cases.ground = $1
                         AND parity_cases.opened_at >= $2)
             GROUP BY account HAVING COUNT(*) >= $3 ORDER BY signals DESC, account LIMIT $4")
        .bind(ground)
        .bind(since)
        .bind(least)
        .bind(i64::from(most))
        .all(self.open().await?)
        .await?;
        rows.iter().map(|row| Ok((row.get("account")?, row.get("signals")?))).collect()
    }
}

impl Store {
    /// Open cases that somebody or something opened, in the order of their ids, after the one named.
    pub async fn opened_by(
        &self,
        opener: &str,
        after: &str,
        most: u32,
    ) -> Result<Vec<ParityRow>, StoreError> {
        let rows = sql("SELECT * FROM parity_cases
             WHERE opened_by = $1 AND is_open = 1 AND case_id > $2 ORDER BY case_id LIMIT $3")
        .bind(opener)
        .bind(after)
        .bind(i64::from(most))
        .all(&self.readers)
        .await?;
        rows.iter().map(parity).collect()
    }

    /// Cases that were opened in a span of time, the later end left out, after the one named.
    pub async fn parity_between(
        &self,
        span: (i64, i64),
        after: (i64, &str),
        most: u32,
    ) -> Result<Vec<ParityRow>, StoreError> {
        let rows = sql("SELECT * FROM parity_cases
             WHERE opened_at >= $1 AND opened_at < $2 AND (opened_at > $3 OR (opened_at = $3 AND case_id > $4))
             ORDER BY opened_at, case_id LIMIT $5")
        .bind(span.0)
        .bind(span.1)
        .bind(after.0)
        .bind(after.1)
        .bind(i64::from(most))
        .all(&self.readers)
        .await?;
        rows.iter().map(parity).collect()
    }
}
