//! Queries. Each sees one committed state.

use crate::rows::{Aggregate, Answer, BlobRow, EventHeader, EventRow, Job, ReportRow, TimerRow};
use crate::statement::{Row, behind, sql};
use crate::write::{signed, unsigned};
use crate::{Store, StoreError};

/// What asks for an aggregate; the condition comes behind.
pub(crate) const AGGREGATE: &str = "SELECT kind, stream, version, state,
         (SELECT MAX(n) FROM events WHERE events.stream = aggregates.stream) AS last FROM aggregates ";

pub(crate) fn aggregate(row: &Row) -> Result<Aggregate, StoreError> {
    let stream: String = row.get("stream")?;
    let version = unsigned(row.get("version")?)?;
    let last = unsigned(row.get::<Option<i64>>("last")?.unwrap_or(0))?;
    Ok(Aggregate { stream, version, state: row.get("state")?, last })
}

pub(crate) fn event(row: &Row) -> Result<EventRow, StoreError> {
    Ok(EventRow {
        position: row.get("position")?,
        stream: row.get("stream")?,
        n: unsigned(row.get("n")?)?,
        leaf: row.get("leaf")?,
        leaf_index: row.get::<Option<i64>>("leaf_index")?.map(unsigned).transpose()?,
    })
}

pub(crate) fn report(row: &Row) -> Result<ReportRow, StoreError> {
    Ok(ReportRow {
        account: row.get("account")?,
        number: u32::try_from(row.get::<i64>("number")?)
            .map_err(|_| StoreError::Damaged { what: "number" })?,
        ground: row.get("ground")?,
        filed_at: row.get("filed_at")?,
        remediated_at: row.get("remediated_at")?,
    })
}

/// What asks for the position of the last event.
pub(crate) const LAST_POSITION: &str = "SELECT COALESCE(MAX(position), 0) AS position FROM events";

/// What asks for the answer given to a principal's key.
pub(crate) const ANSWER: &str =
    "SELECT request, status, headers, body FROM idempotency WHERE principal = $1 AND key = $2";

pub(crate) fn answer(row: &Row) -> Result<Answer, StoreError> {
    Ok(Answer {
        request: row.get("request")?,
        status: u16::try_from(row.get::<i64>("status")?)
            .map_err(|_| StoreError::Damaged { what: "status" })?,
        headers: row.get("headers")?,
        body: row.get("body")?,
    })
}

impl Store {
    /// The answer that was given to a principal's key, if one was.
    pub async fn answer(&self, principal: &str, key: &str) -> Result<Option<Answer>, StoreError> {
        let row = sql(ANSWER).bind(principal).bind(key).maybe(&self.readers).await?;
        row.map(|row| answer(&row)).transpose()
    }

    /// One aggregate.
    pub async fn aggregate(&self, stream: &str) -> Result<Option<Aggregate>, StoreError> {
        let row = behind(AGGREGATE, "WHERE stream = $1").bind(stream).maybe(&self.readers).await?;
        row.map(|row| aggregate(&row)).transpose()
    }

    /// The number of a stream's last event; none where it has none.
    pub async fn last_of(&self, stream: &str) -> Result<Option<u64>, StoreError> {
        let row = sql("SELECT MAX(n) AS last FROM events WHERE stream = $1")
            .bind(stream)
            .one(&self.readers)
            .await?;
        row.get::<Option<i64>>("last")?.map(unsigned).transpose()
    }

    /// Aggregates of a kind in the order of their streams, after the one named.
    pub async fn aggregates(
        &self,
        kind: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Aggregate>, StoreError> {
        let rows = behind(AGGREGATE, "WHERE kind = $1 AND stream > $2 ORDER BY stream LIMIT $3")
            .bind(kind)
            .bind(after)
            .bind(i64::from(limit))
            .all(&self.readers)
            .await?;
        rows.iter().map(aggregate).collect()
    }

    /// The streams of a kind in order, after the one named.
    pub async fn streams(&self, kind: &str, after: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let rows =
            sql("SELECT stream FROM aggregates WHERE kind = $1 AND stream > $2 ORDER BY stream LIMIT $3")
                .bind(kind)
                .bind(after)
                .bind(i64::from(limit))
                .all(&self.readers)
                .await?;
        rows.iter().map(|row| row.get("stream")).collect()
    }

    /// Whether an account's own record names these bytes.
    pub async fn names_blob(&self, account: &str, blob: &str) -> Result<bool, StoreError> {
        let row = sql("SELECT 1 FROM blob_refs WHERE account = $1 AND blob = $2")
            .bind(account)
            .bind(blob)
            .maybe(&self.readers)
            .await?;
        Ok(row.is_some())
    }

    /// How many aggregates of a kind there are.
    pub async fn count_aggregates(&self, kind: &str) -> Result<u64, StoreError> {
        let row = sql("SELECT COUNT(*) AS aggregates FROM aggregates WHERE kind = $1")
            .bind(kind)
            .one(&self.readers)
            .await?;
        unsigned(row.get("aggregates")?)
    }

    /// Events of a stream from number `from`, in order.
    pub async fn stream(&self, stream: &str, from: u64, limit: u32) -> Result<Vec<EventRow>, StoreError> {
        let rows = sql(
            "SELECT position, stream, n, leaf, leaf_index FROM events WHERE stream = $1 AND n >= $2 ORDER BY n LIMIT $3",
        )
        .bind(stream)
        .bind(signed(from))
        .bind(i64::from(limit))
        .all(&self.readers)
        .await?;
        rows.iter().map(event).collect()
    }

    /// All events after a position, in the order of commits.
    pub async fn events(&self, after: i64, limit: u32) -> Result<Vec<EventRow>, StoreError> {
        let rows = sql(
            "SELECT position, stream, n, leaf, leaf_index FROM events WHERE position > $1 ORDER BY position LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .all(&self.readers)
        .await?;
        rows.iter().map(event).collect()
    }

    /// What all events after a position are about, in the order of commits.
    pub async fn headers_after(&self, after: i64, limit: u32) -> Result<Vec<EventHeader>, StoreError> {
        let rows = sql(
            "SELECT position, stream, at, type FROM events WHERE position > $1 ORDER BY position LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .all(&self.readers)
        .await?;
        rows.iter()
            .map(|r| {
                Ok(EventHeader {
                    position: r.get("position")?,
                    stream: r.get("stream")?,
                    at: r.get("at")?,
                    event_type: r.get("type")?,
                })
            })
            .collect()
    }

    /// The position of the last event; 0 before the first.
    pub async fn last_position(&self) -> Result<i64, StoreError> {
        sql(LAST_POSITION).one(&self.readers).await?.get("position")
    }

    /// The deadlines up to a moment (microseconds UTC), the first due first.
    pub async fn due(&self, until: i64, limit: u32) -> Result<Vec<TimerRow>, StoreError> {
        let first = TimerRow { stream: String::new(), key: String::new(), due: i64::MIN };
        self.due_after(&first, until, limit).await
    }

    /// The deadlines after the one named, in the order of [`due`](Self::due).
    pub async fn due_after(
        &self,
        after: &TimerRow,
        until: i64,
        limit: u32,
    ) -> Result<Vec<TimerRow>, StoreError> {
        let rows =
            sql("SELECT stream, key, due FROM timers WHERE (due, stream, key) > ($1, $2, $3) AND due <= $4
             ORDER BY due, stream, key LIMIT $5")
            .bind(after.due)
            .bind(&after.stream)
            .bind(&after.key)
            .bind(until)
            .bind(i64::from(limit))
            .all(&self.readers)
            .await?;
        rows.iter()
            .map(|r| Ok(TimerRow { stream: r.get("stream")?, key: r.get("key")?, due: r.get("due")? }))
            .collect()
    }

    /// The first moment after `after` and up to `until` at which something is due (microseconds UTC).
    pub async fn next_due(&self, after: i64, until: i64) -> Result<Option<i64>, StoreError> {
        let row = sql("SELECT MIN(due) AS due FROM timers WHERE due > $1 AND due <= $2")
            .bind(after)
            .bind(until)
            .one(&self.readers)
            .await?;
        row.get("due")
    }

    /// A stream's deadlines by key: key and due moment (microseconds UTC).
    pub async fn timers_of(&self, stream: &str) -> Result<Vec<(String, i64)>, StoreError> {
        let rows = sql("SELECT key, due FROM timers WHERE stream = $1 ORDER BY key")
            .bind(stream)
            .all(&self.readers)
            .await?;
        rows.iter().map(|r| Ok((r.get("key")?, r.get("due")?))).collect()
    }

    /// What has to be done, the oldest first.
    pub async fn jobs(&self, limit: u32) -> Result<Vec<Job>, StoreError> {
        self.jobs_after(0, limit).await
    }

    /// What has to be done after the row named, the oldest first.
    pub async fn jobs_after(&self, after: i64, limit: u32) -> Result<Vec<Job>, StoreError> {
        let rows = sql("SELECT id, kind, subject, attempts FROM jobs WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(i64::from(limit))
            .all(&self.readers)
            .await?;
        rows.iter()
            .map(|r| {
                Ok(Job {
                    id: r.get("id")?,
                    kind: r.get("kind")?,
                    subject: r.get("subject")?,
                    attempts: u32::try_from(r.get::<i64>("attempts")?).unwrap_or(u32::MAX),
                })
            })
            .collect()
    }

    /// The media type of kept bytes.
    pub async fn media_type(&self, id: &str) -> Result<Option<String>, StoreError> {
        let row = sql("SELECT media_type FROM blobs WHERE id = $1").bind(id).maybe(&self.readers).await?;
        row.map(|r| r.get("media_type")).transpose()
    }

    /// Bytes by their id.
    pub async fn blob(&self, id: &str) -> Result<Option<BlobRow>, StoreError> {
        let row =
            sql("SELECT media_type, bytes FROM blobs WHERE id = $1").bind(id).maybe(&self.readers).await?;
        row.map(|r| Ok(BlobRow { media_type: r.get("media_type")?, bytes: r.get("bytes")? })).transpose()
    }

    /// Words by their commitment; none where they were erased.
    pub async fn words(&self, id: &str) -> Result<Option<String>, StoreError> {
        let row = sql("SELECT text FROM words WHERE id = $1").bind(id).maybe(&self.readers).await?;
        row.map(|r| r.get("text")).transpose()
    }

    /// An account's reports filed from `since` on, the oldest first.
    pub async fn reports(&self, account: &str, since: i64, limit: u32) -> Result<Vec<ReportRow>, StoreError> {
        let rows = sql("SELECT account, number, ground, filed_at, remediated_at FROM reports
             WHERE account = $1 AND filed_at >= $2 ORDER BY filed_at, number LIMIT $3")
        .bind(account)
        .bind(since)
        .bind(i64::from(limit))
        .all(&self.readers)
        .await?;
        rows.iter().map(report).collect()
    }

    /// An account's reports by number, after the one named.
    pub async fn reports_after(
        &self,
        account: &str,
        after: u32,
        limit: u32,
    ) -> Result<Vec<ReportRow>, StoreError> {
        let rows = sql("SELECT account, number, ground, filed_at, remediated_at FROM reports
             WHERE account = $1 AND number > $2 ORDER BY number LIMIT $3")
        .bind(account)
        .bind(i64::from(after))
        .bind(i64::from(limit))
        .all(&self.readers)
        .await?;
        rows.iter().map(report).collect()
    }

    /// What the cluster half knows about an environment, and what it last observed, both as JSON.
    pub async fn environment(
        &self,
        account: &str,
        environment: &str,
    ) -> Result<Option<(String, String)>, StoreError> {
        let row = sql("SELECT memory, observed FROM environments WHERE account = $1 AND environment = $2")
            .bind(account)
            .bind(environment)
            .maybe(&self.readers)
            .await?;
        row.map(|r| Ok((r.get("memory")?, r.get("observed")?))).transpose()
    }

    /// A shared number; 0 where nothing was added to it.
    pub async fn counter(&self, name: &str) -> Result<i64, StoreError> {
        let row = sql("SELECT value FROM counters WHERE name = $1").bind(name).maybe(&self.readers).await?;
        row.map_or(Ok(0), |row| row.get("value"))
    }

    /// A fact about the installation.
    pub async fn installation(&self, key: &str) -> Result<Option<String>, StoreError> {
        let row = sql("SELECT value FROM installation WHERE key = $1").bind(key).maybe(&self.readers).await?;
        row.map(|r| r.get("value")).transpose()
    }

    /// How many events the database holds, and how many of them the log does not cover yet. The cost grows with the
    /// latter alone: indices are given without gaps, so the highest tells how many events have one.
    pub async fn backlog(&self) -> Result<(u64, u64), StoreError> {
        let row = sql(
            "SELECT (SELECT COALESCE(MAX(size), 0) FROM head) AS covered,
                    (SELECT COALESCE(MAX(leaf_index) + 1, 0) FROM events WHERE leaf_index IS NOT NULL) AS indexed,
                    (SELECT COUNT(*) FROM events WHERE leaf_index IS NULL) AS waiting",
        )
        .one(&self.readers)
        .await?;
        let all = unsigned(row.get("indexed")?)? + unsigned(row.get("waiting")?)?;
        Ok((all, all.saturating_sub(unsigned(row.get("covered")?)?)))
    }

    /// How many events the log does not cover yet, counted up to `most`.
    pub async fn unsequenced_count(&self, most: u32) -> Result<u64, StoreError> {
        let row = sql("SELECT COUNT(*) AS waiting FROM (
                 SELECT position FROM events WHERE leaf_index IS NULL
                 UNION ALL
                 SELECT position FROM events WHERE leaf_index >= (SELECT COALESCE(MAX(size), 0) FROM head)
                 LIMIT $1) AS first")
        .bind(i64::from(most))
        .one(&self.readers)
        .await?;
        unsigned(row.get("waiting")?)
    }

    /// The legal moment of the last event (microseconds UTC); none before the first.
    pub async fn latest_at(&self) -> Result<Option<i64>, StoreError> {
        let row = sql("SELECT at FROM events ORDER BY position DESC LIMIT 1").maybe(&self.readers).await?;
        row.map(|r| r.get("at")).transpose()
    }
}
