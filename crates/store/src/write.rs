//! The one write path: a transaction that begins immediate and ends in `commit`, or changes nothing.

use crate::rows::{Aggregate, Answer, NewEvent, ReportRow};
use crate::statement::{Open, Pool, sql};
use crate::{Store, StoreError, postgres};

/// How long an answer is kept for the repetition of its request, in microseconds of legal time: seven days.
pub const ANSWER_KEPT_MICROS: i64 = 7 * 24 * 3_600 * 1_000_000;

/// A write transaction. Dropped without [`commit`](Self::commit), it changes nothing.
#[derive(Debug)]
pub struct Write {
    pub(crate) open: Open,
}

impl Store {
    /// Begins a write; waits while another is under way.
    pub async fn write(&self) -> Result<Write, StoreError> {
        let open = match &self.writer {
            Pool::Sqlite(writer) => Open::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pool::Postgres(writer) => Open::Postgres(postgres::begin(writer).await?),
        };
        Ok(Write { open })
    }
}

impl Write {
    /// Makes it durable.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.open.commit().await
    }

    /// Marks the point to which [`undo`](Self::undo) goes back. Marks do not nest: each ends in `undo` or
    /// [`keep`](Self::keep).
    pub async fn mark(&mut self) -> Result<(), StoreError> {
        self.execute("SAVEPOINT mark").await
    }

    /// Takes back everything since the mark, and forgets the mark.
    pub async fn undo(&mut self) -> Result<(), StoreError> {
        self.execute("ROLLBACK TO SAVEPOINT mark").await?;
        self.keep().await
    }

    /// Forgets the mark; what was written since then stays.
    pub async fn keep(&mut self) -> Result<(), StoreError> {
        self.execute("RELEASE SAVEPOINT mark").await
    }

    async fn execute(&mut self, statement: &'static str) -> Result<(), StoreError> {
        sql(statement).run(&mut self.open).await?;
        Ok(())
    }

    /// The aggregate as it stands in this transaction.
    pub async fn aggregate(&mut self, stream: &str) -> Result<Option<Aggregate>, StoreError> {
        let row = sql("SELECT stream, version, state FROM aggregates WHERE stream = $1")
            .bind(stream)
            .maybe(&mut self.open)
            .await?;
        row.map(|row| crate::read::aggregate(&row)).transpose()
    }

    /// Appends events to a stream that is at version `before`, and keeps the state they lead to.
    pub async fn append(
        &mut self,
        kind: &str,
        stream: &str,
        before: u64,
        events: &[NewEvent],
        state: &str,
    ) -> Result<(), StoreError> {
        let conflict = || StoreError::Conflict { stream: stream.to_owned(), expected: before };
        let after = before + events.len() as u64;
        let done = if before == 0 {
            sql(
                "INSERT INTO aggregates (stream, kind, version, state) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            )
            .bind(stream)
            .bind(kind)
            .bind(signed(after))
            .bind(state)
            .run(&mut self.open)
            .await?
        } else {
            sql("UPDATE aggregates SET version = $1, state = $2 WHERE stream = $3 AND version = $4")
                .bind(signed(after))
                .bind(state)
                .bind(stream)
                .bind(signed(before))
                .run(&mut self.open)
                .await?
        };
        if done != 1 {
            return Err(conflict());
        }
        for event in events {
            sql("INSERT INTO events (stream, n, at, type, leaf) VALUES ($1, $2, $3, $4, $5)")
                .bind(stream)
                .bind(signed(event.n))
                .bind(event.at)
                .bind(&event.event_type)
                .bind(&event.leaf)
                .run(&mut self.open)
                .await?;
        }
        Ok(())
    }

    /// The position of the last event, those of this transaction included; 0 before the first.
    pub async fn last_position(&mut self) -> Result<i64, StoreError> {
        sql(crate::read::LAST_POSITION).one(&mut self.open).await?.get("position")
    }

    /// Makes these the stream's timers, touching only the rows that differ.
    pub async fn set_timers(&mut self, stream: &str, timers: &[(String, i64)]) -> Result<(), StoreError> {
        let rows =
            sql("SELECT key, due FROM timers WHERE stream = $1").bind(stream).all(&mut self.open).await?;
        let have: Vec<(String, i64)> =
            rows.iter().map(|r| Ok((r.get("key")?, r.get("due")?))).collect::<Result<_, StoreError>>()?;
        for (key, _) in have.iter().filter(|(key, _)| !timers.iter().any(|(k, _)| k == key)) {
            sql("DELETE FROM timers WHERE stream = $1 AND key = $2")
                .bind(stream)
                .bind(key)
                .run(&mut self.open)
                .await?;
        }
        for timer in timers.iter().filter(|timer| !have.contains(timer)) {
            sql("INSERT INTO timers (stream, key, due) VALUES ($1, $2, $3)
                 ON CONFLICT (stream, key) DO UPDATE SET due = excluded.due")
            .bind(stream)
            .bind(&timer.0)
            .bind(timer.1)
            .run(&mut self.open)
            .await?;
        }
        Ok(())
    }

    /// Puts something to be done on the list; once, however often it is asked for.
    ///
    /// Asked for again, it becomes a new row, so that whoever is at work on the old one and finishes it does not take
    /// off what was asked for meanwhile.
    pub async fn enqueue(&mut self, kind: &str, subject: &str) -> Result<(), StoreError> {
        sql("DELETE FROM jobs WHERE kind = $1 AND subject = $2")
            .bind(kind)
            .bind(subject)
            .run(&mut self.open)
            .await?;
        sql("INSERT INTO jobs (kind, subject) VALUES ($1, $2)")
            .bind(kind)
            .bind(subject)
            .run(&mut self.open)
            .await?;
        Ok(())
    }

    /// Takes something that is done off the list.
    pub async fn finish(&mut self, job: i64) -> Result<(), StoreError> {
        sql("DELETE FROM jobs WHERE id = $1").bind(job).run(&mut self.open).await?;
        Ok(())
    }

    /// Counts a try that failed.
    pub async fn tried(&mut self, job: i64) -> Result<(), StoreError> {
        sql("UPDATE jobs SET attempts = attempts + 1 WHERE id = $1").bind(job).run(&mut self.open).await?;
        Ok(())
    }

    /// Keeps bytes under their id; keeping them again changes nothing.
    pub async fn put_blob(
        &mut self,
        id: &str,
        media_type: &str,
        bytes: &[u8],
        at: i64,
    ) -> Result<(), StoreError> {
        sql(
            "INSERT INTO blobs (id, media_type, bytes, kept_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(media_type)
        .bind(bytes)
        .bind(at)
        .run(&mut self.open)
        .await?;
        Ok(())
    }

    /// Notes that an account's own record names these bytes.
    pub async fn put_blob_ref(&mut self, account: &str, blob: &str) -> Result<(), StoreError> {
        sql("INSERT INTO blob_refs (account, blob) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(account)
            .bind(blob)
            .run(&mut self.open)
            .await?;
        Ok(())
    }

    /// Whether bytes of this id are kept.
    pub async fn has_blob(&mut self, id: &str) -> Result<bool, StoreError> {
        let row = sql("SELECT 1 FROM blobs WHERE id = $1").bind(id).maybe(&mut self.open).await?;
        Ok(row.is_some())
    }

    /// Keeps words under their commitment.
    pub async fn put_words(&mut self, id: &str, salt: [u8; 16], text: &str) -> Result<(), StoreError> {
        sql("INSERT INTO words (id, salt, text) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(id)
            .bind(salt.as_slice())
            .bind(text)
            .run(&mut self.open)
            .await?;
        Ok(())
    }

    /// Adds to a shared number and returns what it is then; it starts at 0.
    pub async fn count(&mut self, name: &str, by: i64) -> Result<i64, StoreError> {
        let row = sql("INSERT INTO counters (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value")
        .bind(name)
        .bind(by)
        .one(&mut self.open)
        .await?;
        row.get("value")
    }

    /// Keeps a report's row for lists and rules.
    pub async fn put_report(&mut self, report: &ReportRow) -> Result<(), StoreError> {
        sql(
            "INSERT INTO reports (account, number, ground, filed_at, remediated_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account, number) DO UPDATE SET remediated_at = excluded.remediated_at",
        )
        .bind(&report.account)
        .bind(i64::from(report.number))
        .bind(&report.ground)
        .bind(report.filed_at)
        .bind(report.remediated_at)
        .run(&mut self.open)
        .await?;
        Ok(())
    }

    /// The answer that was given to this key, if one was.
    pub async fn answer(&mut self, principal: &str, key: &str) -> Result<Option<Answer>, StoreError> {
        let row =
            sql("SELECT request, status, headers, body FROM idempotency WHERE principal = $1 AND key = $2")
                .bind(principal)
                .bind(key)
                .maybe(&mut self.open)
                .await?;
        row.map(|row| crate::read::answer(&row)).transpose()
    }

    /// Keeps the answer given to a key, and forgets those kept longer than [`ANSWER_KEPT_MICROS`].
    pub async fn put_answer(
        &mut self,
        principal: &str,
        key: &str,
        answer: &Answer,
        at: i64,
    ) -> Result<(), StoreError> {
        sql("DELETE FROM idempotency WHERE kept_at < $1")
            .bind(at.saturating_sub(ANSWER_KEPT_MICROS))
            .run(&mut self.open)
            .await?;
        sql("INSERT INTO idempotency (principal, key, request, status, headers, body, kept_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING")
        .bind(principal)
        .bind(key)
        .bind(&answer.request)
        .bind(i64::from(answer.status))
        .bind(&answer.headers)
        .bind(&answer.body)
        .bind(at)
        .run(&mut self.open)
        .await?;
        Ok(())
    }

    /// Keeps what the cluster half knows about an environment.
    pub async fn put_memory(
        &mut self,
        account: &str,
        environment: &str,
        memory: &str,
    ) -> Result<(), StoreError> {
        sql("INSERT INTO environments (account, environment, memory, observed) VALUES ($1, $2, $3, '{}')
             ON CONFLICT (account, environment) DO UPDATE SET memory = excluded.memory")
        .bind(account)
        .bind(environment)
        .bind(memory)
        .run(&mut self.open)
        .await?;
        Ok(())
    }

    /// Keeps what was last observed of an environment.
    pub async fn put_observed(
        &mut self,
        account: &str,
        environment: &str,
        observed: &str,
    ) -> Result<(), StoreError> {
        sql("UPDATE environments SET observed = $3 WHERE account = $1 AND environment = $2")
            .bind(account)
            .bind(environment)
            .bind(observed)
            .run(&mut self.open)
            .await?;
        Ok(())
    }

    /// Keeps a fact about the installation.
    pub async fn put_installation(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        sql("INSERT INTO installation (key, value) VALUES ($1, $2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .bind(key)
        .bind(value)
        .run(&mut self.open)
        .await?;
        Ok(())
    }
}

/// SQL's integers are signed; the counts kept here stay far below the limit.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The count behind a signed integer.
pub(crate) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Damaged { what: "count" })
}
