//! Rows for reports that come in: what was already said by which report, and how much each reporter brought.

use crate::statement::{Row, sql};
use crate::{Store, StoreError, Write};

/// By which report something was already said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReportKey {
    /// The commitment to what tells reports apart.
    pub key: String,
    /// About which account the report is.
    pub account: String,
    /// Its number within the account.
    pub number: u32,
}

/// How much a reporter brought in on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brought {
    /// Reports, joined ones too.
    pub reports: i64,
    /// Bytes of evidence.
    pub bytes: i64,
}

fn report_key(row: &Row) -> Result<ReportKey, StoreError> {
    let number = row.get::<i64>("number")?;
    Ok(ReportKey {
        key: row.get("key")?,
        account: row.get("account")?,
        number: u32::try_from(number).map_err(|_| StoreError::Damaged { what: "number" })?,
    })
}

#[expect(
    clippy::unused_async,
    reason = "what is held back by one is written at once by another; callers need not know"
)]
impl Write {
    /// The number of the account's report by which this was already said.
    pub async fn report_key(&mut self, key: &str) -> Result<Option<ReportKey>, StoreError> {
        if let Some(held) = self.held(|staged| staged.report_keys.get(key)) {
            return Ok(Some(held.clone()));
        }
        let row = sql("SELECT key, account, number FROM report_keys WHERE key = $1")
            .bind(key)
            .maybe(self.look())
            .await?;
        row.map(|row| report_key(&row)).transpose()
    }

    /// From now this was said by that report.
    pub async fn put_report_key(&mut self, key: &ReportKey) -> Result<(), StoreError> {
        self.staged().report_keys.insert(key.key.clone(), key.clone());
        Ok(())
    }

    /// Nothing is said by that report any more.
    pub async fn forget_report_keys(&mut self, account: &str, number: u32) -> Result<(), StoreError> {
        sql("DELETE FROM report_keys WHERE account = $1 AND number = $2")
            .bind(account)
            .bind(i64::from(number))
            .run(self.open().await?)
            .await?;
        Ok(())
    }

    /// Adds to what a reporter brought in on a day, and returns what it is then. Earlier days are forgotten.
    pub async fn bring(&mut self, reporter: &str, day: i64, more: Brought) -> Result<Brought, StoreError> {
        let before = if let Some(held) = self.held(|staged| staged.brought.get(reporter)) {
            Some(*held)
        } else {
            let row = sql("SELECT day, reports, bytes FROM brought WHERE reporter = $1")
                .bind(reporter)
                .maybe(self.look())
                .await?;
            row.map(|row| {
                let brought = Brought { reports: row.get("reports")?, bytes: row.get("bytes")? };
                Ok::<_, StoreError>((row.get("day")?, brought))
            })
            .transpose()?
        };
        let today = before.filter(|(of, _)| *of == day).map(|(_, brought)| brought);
        let Brought { reports, bytes } = today.unwrap_or(Brought { reports: 0, bytes: 0 });
        let now = Brought {
            reports: reports.saturating_add(more.reports),
            bytes: bytes.saturating_add(more.bytes),
        };
        self.staged().brought.insert(reporter.to_owned(), (day, now));
        Ok(now)
    }

    /// Keeps a fact about the installation unless there is one, and returns what there is then.
    pub async fn first_installation(&mut self, key: &str, value: &str) -> Result<String, StoreError> {
        sql("INSERT INTO installation (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
            .bind(key)
            .bind(value)
            .run(self.open().await?)
            .await?;
        let row =
            sql("SELECT value FROM installation WHERE key = $1").bind(key).one(self.open().await?).await?;
        row.get("value")
    }
}

impl Store {
    /// The number of the last report about an account; 0 before the first.
    pub async fn last_report(&self, account: &str) -> Result<u32, StoreError> {
        let row = sql("SELECT COALESCE(MAX(number), 0) AS last FROM reports WHERE account = $1")
            .bind(account)
            .one(&self.readers)
            .await?;
        u32::try_from(row.get::<i64>("last")?).map_err(|_| StoreError::Damaged { what: "number" })
    }

    /// What was said by which report, in the order of keys, after the one named.
    pub async fn every_report_key(&self, after: &str, limit: u32) -> Result<Vec<ReportKey>, StoreError> {
        let rows = sql("SELECT key, account, number FROM report_keys WHERE key > $1 ORDER BY key LIMIT $2")
            .bind(after)
            .bind(i64::from(limit))
            .all(&self.readers)
            .await?;
        rows.iter().map(report_key).collect()
    }
}
