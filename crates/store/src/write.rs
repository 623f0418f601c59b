//! The one write path: a transaction that begins immediate and ends in `commit`, or changes nothing.

use std::collections::HashMap;
use std::sync::Arc;

use crate::read::{AGGREGATE, ANSWER};
use crate::rows::{Aggregate, Answer, NewEvent, ReportRow};
use crate::staged::{Staged, State, chunks};
use crate::statement::{Open, Pool, Statement, behind, many, sql};
use crate::{Store, StoreError, postgres};

/// How long an answer is kept for the repetition of its request, in microseconds of legal time: seven days.
pub const ANSWER_KEPT_MICROS: i64 = 7 * 24 * 3_600 * 1_000_000;

/// A write transaction. Dropped without [`commit`](Self::commit), it changes nothing.
///
/// What many submissions of a group write is held back and written together (`staged.rs`); whatever looks at the
/// database itself has it written first.
#[derive(Debug)]
pub struct Write {
    open: Open,
    /// Held back, and kept.
    kept: Staged,
    /// Held back since the mark.
    marked: Staged,
    mark: Mark,
    /// What was read in this transaction, and stays true in it.
    read: Read,
    /// The epoch on which all of it depends.
    fenced: Option<i64>,
}

/// The point to which `undo` goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    None,
    /// Nothing was written to the database since then: what is to be taken back is held back.
    Here,
    /// The database has a savepoint of it.
    Saved,
}

/// What the rows say without what is held back.
#[derive(Debug, Default)]
struct Read {
    streams: HashMap<String, Stands>,
}

/// How far a stream is.
#[derive(Debug, Clone, Copy)]
struct Stands {
    /// The version of its kept state; none where it has no state.
    kept: Option<u64>,
    /// The number of its last event.
    last: u64,
}

impl Store {
    /// Begins a write; waits while another is under way.
    pub async fn write(&self) -> Result<Write, StoreError> {
        let open = match &self.writer {
            Pool::Sqlite(writer) => Open::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pool::Postgres(writer) => Open::Postgres(postgres::begin(writer).await?),
        };
        Ok(Write {
            open,
            kept: Staged::default(),
            marked: Staged::default(),
            mark: Mark::None,
            read: Read::default(),
            fenced: None,
        })
    }
}

#[expect(
    clippy::unused_async,
    reason = "what is held back by one is written at once by another; callers need not know"
)]
impl Write {
    /// Makes it durable.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.open().await?;
        self.open.commit().await
    }

    /// Marks the point to which [`undo`](Self::undo) goes back. Marks do not nest: each ends in `undo` or
    /// [`keep`](Self::keep).
    pub async fn mark(&mut self) -> Result<(), StoreError> {
        self.mark = Mark::Here;
        Ok(())
    }

    /// Takes back everything since the mark, and forgets the mark.
    pub async fn undo(&mut self) -> Result<(), StoreError> {
        self.marked = Staged::default();
        if std::mem::replace(&mut self.mark, Mark::None) == Mark::Saved {
            self.execute("ROLLBACK TO SAVEPOINT mark").await?;
            self.execute("RELEASE SAVEPOINT mark").await?;
            self.read = Read::default();
            self.fenced = None;
        }
        Ok(())
    }

    /// Forgets the mark; what was written since then stays.
    pub async fn keep(&mut self) -> Result<(), StoreError> {
        self.kept.extend(std::mem::take(&mut self.marked));
        if std::mem::replace(&mut self.mark, Mark::None) == Mark::Saved {
            self.execute("RELEASE SAVEPOINT mark").await?;
        }
        Ok(())
    }

    async fn execute(&mut self, statement: &'static str) -> Result<(), StoreError> {
        sql(statement).run(&mut self.open).await?;
        Ok(())
    }

    /// The transaction with everything written that was held back.
    pub(crate) async fn open(&mut self) -> Result<&mut Open, StoreError> {
        match self.write_held().await {
            Ok(()) => Ok(&mut self.open),
            // It is about all that was held back, and nobody knows whose it is.
            Err(error) if error.spares_the_rest() => Err(StoreError::Group(Arc::new(error))),
            Err(error) => Err(error),
        }
    }

    async fn write_held(&mut self) -> Result<(), StoreError> {
        std::mem::take(&mut self.kept).write(&mut self.open).await?;
        if self.mark == Mark::Here {
            self.execute("SAVEPOINT mark").await?;
            self.mark = Mark::Saved;
        }
        if self.mark == Mark::Saved {
            std::mem::take(&mut self.marked).write(&mut self.open).await?;
        }
        // What was held back is in the rows now.
        self.read = Read::default();
        Ok(())
    }

    /// The transaction without what is held back: for rows that are known not to be.
    pub(crate) fn look(&mut self) -> &mut Open {
        &mut self.open
    }

    /// Where to hold back.
    pub(crate) fn staged(&mut self) -> &mut Staged {
        if self.mark == Mark::None { &mut self.kept } else { &mut self.marked }
    }

    /// What is held back, the latest first.
    pub(crate) fn held<'a, T>(&'a self, find: impl Fn(&'a Staged) -> Option<T>) -> Option<T> {
        find(&self.marked).or_else(|| find(&self.kept))
    }

    /// Makes everything that is written depend on the epoch: it is a [`StoreError::Fenced`] when another leads by now.
    /// Also shows others that the leader is alive.
    pub async fn fence(&mut self, epoch: i64) -> Result<(), StoreError> {
        if self.fenced == Some(epoch) {
            return Ok(());
        }
        let done = sql("UPDATE lease SET beat = beat + 1 WHERE id = 1 AND epoch = $1 AND holder <> ''")
            .bind(epoch)
            .run(&mut self.open)
            .await?;
        if done != 1 {
            return Err(StoreError::Fenced { epoch });
        }
        self.fenced = Some(epoch);
        Ok(())
    }

    /// Reads how far streams are that will be asked for, in few statements.
    pub async fn expect(&mut self, streams: &[String]) -> Result<(), StoreError> {
        for part in chunks(streams) {
            let statement = many(
                "SELECT asked.column1 AS stream, version,
                     (SELECT MAX(n) FROM events WHERE events.stream = asked.column1) AS last
                 FROM (VALUES ",
                (1, part.len()),
                ") AS asked LEFT JOIN aggregates ON aggregates.stream = asked.column1",
            );
            let rows = part.iter().fold(statement, Statement::bind).all(&mut self.open).await?;
            for row in rows {
                // What cannot be a number of events is as good as no state: nothing is appended to it.
                let number = |value: Option<i64>| value.and_then(|n| u64::try_from(n).ok());
                let stands =
                    Stands { kept: number(row.get("version")?), last: number(row.get("last")?).unwrap_or(0) };
                self.read.streams.insert(row.get("stream")?, stands);
            }
        }
        Ok(())
    }

    /// How far a stream is, with what is held back.
    async fn stands(&mut self, stream: &str) -> Result<Stands, StoreError> {
        if !self.read.streams.contains_key(stream) {
            self.expect(&[stream.to_owned()]).await?;
        }
        let Some(Stands { kept, last }) = self.read.streams.get(stream).copied() else {
            return Err(StoreError::Damaged { what: "stream" });
        };
        let held = self.held(|staged| staged.aggregates.get(stream)).map(|state| state.version);
        let last_held = self.held(|staged| staged.lasts.get(stream)).copied();
        Ok(Stands { kept: held.or(kept), last: last_held.unwrap_or(last) })
    }

    /// The version of a stream as it stands in this transaction, and that of its kept state; none where it has no
    /// state, or one that is not of its events.
    pub async fn version(&mut self, stream: &str) -> Result<Option<(u64, u64)>, StoreError> {
        let Stands { kept, last } = self.stands(stream).await?;
        Ok(kept.filter(|kept| *kept <= last).map(|kept| (last, kept)))
    }

    /// The aggregate as it stands in this transaction.
    pub async fn aggregate(&mut self, stream: &str) -> Result<Option<Aggregate>, StoreError> {
        let Stands { last, .. } = self.stands(stream).await?;
        if let Some(held) = self.held(|staged| staged.aggregates.get(stream)) {
            let (stream, state) = (stream.to_owned(), held.json.clone());
            return Ok(Some(Aggregate { stream, version: held.version, state, last }));
        }
        let row = behind(AGGREGATE, "WHERE stream = $1").bind(stream).maybe(&mut self.open).await?;
        row.map(|row| Ok(Aggregate { last, ..crate::read::aggregate(&row)? })).transpose()
    }

    /// The leaves of a stream's events after the one with number `after`, in order.
    pub async fn leaves_after(&mut self, stream: &str, after: u64) -> Result<Vec<Vec<u8>>, StoreError> {
        let rows = sql("SELECT leaf FROM events WHERE stream = $1 AND n > $2 ORDER BY n")
            .bind(stream)
            .bind(signed(after))
            .all(&mut self.open)
            .await?;
        let mut leaves = rows.iter().map(|row| row.get("leaf")).collect::<Result<Vec<_>, _>>()?;
        let held = self.kept.events.iter().chain(&self.marked.events);
        leaves.extend(held.filter(|(of, e)| of == stream && e.n > after).map(|(_, e)| e.leaf.clone()));
        Ok(leaves)
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
        let Stands { kept, last } = self.stands(stream).await?;
        if last != before || kept.map_or(before != 0, |kept| kept > last) {
            return Err(StoreError::Conflict { stream: stream.to_owned(), expected: before });
        }
        let version = before + events.len() as u64;
        let state = State { kind: kind.to_owned(), version, json: state.to_owned() };
        self.staged().aggregates.insert(stream.to_owned(), state);
        self.hold_back(stream, version, events);
        Ok(())
    }

    /// Appends events to a stream that is at version `before` and has a state, which stays as it was kept.
    pub async fn append_events(
        &mut self,
        stream: &str,
        before: u64,
        events: &[NewEvent],
    ) -> Result<(), StoreError> {
        if self.version(stream).await?.map(|(last, _)| last) != Some(before) {
            return Err(StoreError::Conflict { stream: stream.to_owned(), expected: before });
        }
        self.hold_back(stream, before + events.len() as u64, events);
        Ok(())
    }

    fn hold_back(&mut self, stream: &str, last: u64, events: &[NewEvent]) {
        let staged = self.staged();
        staged.lasts.insert(stream.to_owned(), last);
        staged.events.extend(events.iter().map(|event| (stream.to_owned(), event.clone())));
    }

    /// The position of the last event, those of this transaction included; 0 before the first.
    pub async fn last_position(&mut self) -> Result<i64, StoreError> {
        sql(crate::read::LAST_POSITION).one(self.open().await?).await?.get("position")
    }

    /// Makes these the stream's timers.
    pub async fn set_timers(&mut self, stream: &str, timers: &[(String, i64)]) -> Result<(), StoreError> {
        self.staged().timers.insert(stream.to_owned(), timers.to_vec());
        Ok(())
    }

    /// Puts something to be done on the list; once, however often it is asked for.
    pub async fn enqueue(&mut self, kind: &str, subject: &str) -> Result<(), StoreError> {
        self.staged().job(kind, subject);
        Ok(())
    }

    /// Takes something that is done off the list.
    pub async fn finish(&mut self, job: i64) -> Result<(), StoreError> {
        sql("DELETE FROM jobs WHERE id = $1").bind(job).run(self.open().await?).await?;
        Ok(())
    }

    /// Counts a try that failed.
    pub async fn tried(&mut self, job: i64) -> Result<(), StoreError> {
        sql("UPDATE jobs SET attempts = attempts + 1 WHERE id = $1")
            .bind(job)
            .run(self.open().await?)
            .await?;
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
        self.staged().blob(id, media_type, bytes, at);
        Ok(())
    }

    /// Notes that an account's own record names these bytes.
    pub async fn put_blob_ref(&mut self, account: &str, blob: &str) -> Result<(), StoreError> {
        self.staged().blob_ref(account, blob);
        Ok(())
    }

    /// Whether bytes of this id are kept.
    pub async fn has_blob(&mut self, id: &str) -> Result<bool, StoreError> {
        if self.held(|staged| staged.has_blob(id).then_some(())).is_some() {
            return Ok(true);
        }
        let row = sql("SELECT 1 FROM blobs WHERE id = $1").bind(id).maybe(&mut self.open).await?;
        Ok(row.is_some())
    }

    /// Keeps words under their commitment.
    pub async fn put_words(&mut self, id: &str, salt: [u8; 16], text: &str) -> Result<(), StoreError> {
        self.staged().words(id, salt, text);
        Ok(())
    }

    /// Erases words for good. What commits to them stays.
    pub async fn erase_words(&mut self, id: &str) -> Result<(), StoreError> {
        sql("DELETE FROM words WHERE id = $1").bind(id).run(self.open().await?).await?;
        Ok(())
    }

    /// Adds to a shared number and returns what it is then; it starts at 0.
    pub async fn count(&mut self, name: &str, by: i64) -> Result<i64, StoreError> {
        let value = match self.held(|staged| staged.counters.get(name)) {
            Some(value) => *value,
            None => self.counted(name).await?,
        };
        let value = value.saturating_add(by);
        self.staged().counters.insert(name.to_owned(), value);
        Ok(value)
    }

    async fn counted(&mut self, name: &str) -> Result<i64, StoreError> {
        let row = sql("SELECT value FROM counters WHERE name = $1").bind(name).maybe(&mut self.open).await?;
        row.map_or(Ok(0), |row| row.get("value"))
    }

    /// Keeps a report's row for lists and rules.
    pub async fn put_report(&mut self, report: &ReportRow) -> Result<(), StoreError> {
        self.staged().report(report);
        Ok(())
    }

    /// The answer that was given to this key, if one was.
    pub async fn answer(&mut self, principal: &str, key: &str) -> Result<Option<Answer>, StoreError> {
        let asked = (principal.to_owned(), key.to_owned());
        if let Some((held, _)) = self.held(|staged| staged.answers.get(&asked)) {
            return Ok(Some(held.clone()));
        }
        let row = sql(ANSWER).bind(principal).bind(key).maybe(&mut self.open).await?;
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
        self.staged().answer(principal, key, answer, at);
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
        .run(self.open().await?)
        .await?;
        Ok(())
    }

    /// Forgets what the cluster half knows about an environment of which nothing is left, on every cluster: what is known on
    /// another one than it was made on first has the name `environment@cluster`.
    pub async fn forget_memory(&mut self, account: &str, environment: &str) -> Result<(), StoreError> {
        sql("DELETE FROM environments WHERE account = $1 AND (environment = $2 OR environment LIKE $3)")
            .bind(account)
            .bind(environment)
            .bind(&*format!("{environment}@%"))
            .run(self.open().await?)
            .await?;
        Ok(())
    }

    /// Forgets what is known under exactly this name.
    pub async fn forget_memory_at(&mut self, account: &str, name: &str) -> Result<(), StoreError> {
        sql("DELETE FROM environments WHERE account = $1 AND environment = $2")
            .bind(account)
            .bind(name)
            .run(self.open().await?)
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
            .run(self.open().await?)
            .await?;
        Ok(())
    }

    /// Keeps a fact about the installation.
    pub async fn put_installation(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        sql("INSERT INTO installation (key, value) VALUES ($1, $2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .bind(key)
        .bind(value)
        .run(self.open().await?)
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
