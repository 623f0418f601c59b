//! How many submissions are committed in a second: by the store in groups, through the engine with many callers at once,
//! and by bare statements on the same engine and file.
//!
//! The bare groups insert what the engine inserts for each submission, row by row with prepared statements, in
//! transactions of as many submissions as the writer takes: the same tables under other names, the same indices, the same
//! bytes. They check nothing, read nothing and integrate no log.
//!
//! The store's groups are what the writer hands to the store for the same submissions: versions compared, each
//! submission behind a mark of its own that it can be taken back to. What the engine does beside that (who may, what the
//! law says, commitments, canonical leaves, the signed log) is in the engine's own figures.

use std::path::Path;
use std::time::Instant;

use sqlx::{AssertSqlSafe, Connection as _};
use tenure_store::{NewEvent, ReportRow, Store};

use crate::Effort;
use crate::house::{House, account, log_key};
use crate::summary::{Figure, Samples, Unit};

/// As many as the writer takes into one transaction.
const GROUP: usize = 128;

/// Of how many events of an account the engine keeps one's state, at the ages that accounts reach here.
const STATE_EVERY: usize = 16;

/// What the store's groups are to reach of the bare groups.
const TARGET: f64 = 0.8;

/// Which submissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An event of an account, a person's words, now and then the state.
    Hold,
    /// A report's event and state, two people's words, evidence, its place in lists, a number, a job.
    Report,
}

/// The bytes of one submission's rows, as the engine wrote them.
#[derive(Debug, Clone)]
struct Sizes {
    state: String,
    leaf: Vec<u8>,
}

/// Measures on a file.
pub async fn on_sqlite(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let (store, bare) = sqlite_file(&folder.path().join("engine.db")).await?;
    let (mut figures, sizes) = measure(effort, "SQLite", store, folder.path(), bare).await?;
    let (store, bare) = sqlite_file(&folder.path().join("store.db")).await?;
    figures.extend(groups(effort, "SQLite", &store, bare, &sizes).await?);
    store.close().await;
    Ok(figures)
}

async fn sqlite_file(path: &Path) -> anyhow::Result<(Store, sqlite::Bare)> {
    let store = Store::open_file(path).await?;
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("cache_size", "-32768")
        .busy_timeout(std::time::Duration::from_secs(10));
    Ok((store, sqlite::Bare(sqlx::SqliteConnection::connect_with(&options).await?)))
}

/// Measures on a server, in a database of its own.
pub async fn on_postgres(effort: Effort, server: &str) -> anyhow::Result<Vec<Figure>> {
    let (base, _) = server.rsplit_once('/').ok_or_else(|| anyhow::anyhow!("{server} names no database"))?;
    let mut administration = sqlx::PgConnection::connect(server).await?;
    let names = ["engine", "store"].map(|part| format!("bench_{part}_{}", std::process::id()));
    for name in &names {
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut administration).await?;
    }
    let [engine, stores] = names.each_ref().map(|name| format!("{base}/{name}"));
    let measured = async {
        let folder = tempfile::tempdir()?;
        let bare = postgres::Bare(sqlx::PgConnection::connect(&engine).await?);
        let store = Store::open(&engine).await?;
        let (mut figures, sizes) = measure(effort, "PostgreSQL", store, folder.path(), bare).await?;
        let store = Store::open(&stores).await?;
        let bare = postgres::Bare(sqlx::PgConnection::connect(&stores).await?);
        figures.extend(groups(effort, "PostgreSQL", &store, bare, &sizes).await?);
        anyhow::Ok(figures)
    }
    .await;
    for name in &names {
        sqlx::query(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
            .execute(&mut administration)
            .await?;
    }
    measured
}

/// Bare statements on one connection.
trait Bare {
    /// Makes the tables; whether rows are of the engine's kinds is seen by their columns.
    async fn prepare(&mut self) -> anyhow::Result<()>;
    /// Writes the rows of submissions in one transaction.
    async fn group(&mut self, kind: Kind, accounts: &[(usize, usize)], sizes: &Sizes) -> anyhow::Result<()>;
    /// Writes one row in one transaction.
    async fn single(&mut self, n: usize, leaf: &[u8]) -> anyhow::Result<()>;
}

async fn measure(
    effort: Effort,
    name: &str,
    store: Store,
    folder: &Path,
    mut bare: impl Bare,
) -> anyhow::Result<(Vec<Figure>, Vec<(Kind, Sizes)>)> {
    let house = House::open(store, folder, log_key()?, None).await?;
    let accounts = effort.of(256, 8);
    let each = effort.of(8, 2);
    house.open_accounts(0, accounts).await?;
    bare.prepare().await?;
    let (mut figures, mut found) = (Vec::new(), Vec::new());
    let mut singles = Samples::default();
    let mut numbered = 0;
    for kind in [Kind::Hold, Kind::Report] {
        let (mut engine, mut settled, mut groups) =
            (Samples::default(), Samples::default(), Samples::default());
        for _ in 0..effort.of(9, 2) {
            let mut submissions = Vec::new();
            let mut rows = Vec::new();
            for n in 0..accounts * each {
                let id = account(n % accounts)?;
                submissions.push(match kind {
                    Kind::Hold => house.hold(id)?,
                    Kind::Report => house.report(id, numbered + n)?,
                });
                rows.push((n % accounts, numbered + n));
            }
            numbered += rows.len();
            let count = f64::from(u32::try_from(rows.len())?);
            let since = Instant::now();
            house.submit_all(submissions).await?;
            engine.push(count / since.elapsed().as_secs_f64());
            house.engine.settle().await?;
            settled.push(count / since.elapsed().as_secs_f64());

            let sizes = sizes(&house, kind).await?;
            let since = Instant::now();
            for group in rows.chunks(GROUP) {
                bare.group(kind, group, &sizes).await?;
            }
            groups.push(count / since.elapsed().as_secs_f64());

            let alone = effort.of(200, 5);
            let since = Instant::now();
            for n in 0..alone {
                bare.single(numbered * 1_000 + n, &sizes.leaf).await?;
            }
            singles.push(f64::from(u32::try_from(alone)?) / since.elapsed().as_secs_f64());
        }
        found.push((kind, sizes(&house, kind).await?));
        let what = kind.what();
        figures.push(
            Figure::new(format!("{name}: {what} decided and committed"), Unit::PerSecond, &engine)
                .beside("bare groups of the same rows", &groups),
        );
        figures.push(
            Figure::new(format!("{name}: {what} decided and committed"), Unit::PerSecond, &engine)
                .beside("bare single-row transactions", &singles),
        );
        figures.push(
            Figure::new(format!("{name}: {what} committed and in the signed log"), Unit::PerSecond, &settled)
                .beside("bare groups of the same rows", &groups),
        );
    }
    house.engine.stop().await;
    Ok((figures, found))
}

impl Kind {
    fn what(self) -> &'static str {
        match self {
            Self::Hold => "holds",
            Self::Report => "reports with evidence",
        }
    }
}

/// The store's groups beside bare ones, of the rows whose sizes are given.
async fn groups(
    effort: Effort,
    name: &str,
    store: &Store,
    mut bare: impl Bare,
    sizes: &[(Kind, Sizes)],
) -> anyhow::Result<Vec<Figure>> {
    bare.prepare().await?;
    let (accounts, each) = (effort.of(256, 8), effort.of(8, 2));
    let mut versions = vec![0_u64; accounts];
    let mut numbered = 0;
    let mut figures = Vec::new();
    for (kind, sizes) in sizes {
        let (mut stored, mut groups) = (Samples::default(), Samples::default());
        for _ in 0..effort.of(9, 2) {
            let rows: Vec<_> = (0..accounts * each).map(|n| (n % accounts, numbered + n)).collect();
            numbered += rows.len();
            let count = f64::from(u32::try_from(rows.len())?);
            let since = Instant::now();
            for group in rows.chunks(GROUP) {
                store_group(store, *kind, group, &mut versions, sizes).await?;
            }
            stored.push(count / since.elapsed().as_secs_f64());
            let since = Instant::now();
            for group in rows.chunks(GROUP) {
                bare.group(*kind, group, sizes).await?;
            }
            groups.push(count / since.elapsed().as_secs_f64());
        }
        figures.push(
            Figure::new(format!("{name}: {} committed in groups", kind.what()), Unit::PerSecond, &stored)
                .beside("bare groups of the same rows", &groups)
                .target(TARGET),
        );
    }
    Ok(figures)
}

/// One group through the store, as the writer hands it in.
async fn store_group(
    store: &Store,
    kind: Kind,
    group: &[(usize, usize)],
    versions: &mut [u64],
    sizes: &Sizes,
) -> anyhow::Result<()> {
    let named = |account: usize, n: usize| match kind {
        Kind::Hold => format!("account/account-{account:06}"),
        Kind::Report => format!("report/account-{account:06}.r{n}"),
    };
    let mut write = store.write().await?;
    let streams: Vec<String> = group.iter().map(|(account, n)| named(*account, *n)).collect();
    write.expect(&streams).await?;
    for ((account, n), stream) in group.iter().zip(&streams) {
        write.mark().await?;
        let at = i64::try_from(*n)?;
        let before = match kind {
            Kind::Hold => versions.get_mut(*account).map_or(0, |v| std::mem::replace(v, *v + 1)),
            Kind::Report => 0,
        };
        let (event_type, leaf) = ("hold.placed".to_owned(), sizes.leaf.clone());
        let event = NewEvent { n: before + 1, at, event_type, leaf };
        if before % STATE_EVERY as u64 == 0 {
            write.append("account", stream, before, &[event], &sizes.state).await?;
        } else {
            write.append_events(stream, before, &[event]).await?;
        }
        let words = if kind == Kind::Hold { 1 } else { 2 };
        for word in 0..words {
            let id = format!("sha256s:{n:060}{word:04}");
            write.put_words(&id, [7; 16], "A court may ask for what is there.").await?;
        }
        if kind == Kind::Report {
            let (blob, account) = (format!("sha256:{n:064}"), format!("account-{account:06}"));
            write.put_blob(&blob, "text/plain", b"what 1-1000 showed", at).await?;
            write.put_blob_ref(&account, &blob).await?;
            write.count(&format!("reports/{account}"), 1).await?;
            let (number, ground) = (u32::try_from(*n)?, "incitement".to_owned());
            let filed_at = at;
            write
                .put_report(&ReportRow {
                    account: account.clone(),
                    number,
                    ground,
                    filed_at,
                    remediated_at: None,
                })
                .await?;
            write.enqueue("evaluate", &account).await?;
        }
        write.keep().await?;
    }
    Ok(write.commit().await?)
}

/// What the engine wrote last.
async fn sizes(house: &House, kind: Kind) -> anyhow::Result<Sizes> {
    let position = house.store.last_position().await?;
    let events = house.store.events(position - 1, 1).await?;
    let last = events.first().ok_or_else(|| anyhow::anyhow!("no event"))?;
    let stream = match kind {
        Kind::Hold => format!("account/{}", account(0)?),
        Kind::Report => format!("report/{}.r1", account(0)?),
    };
    let state = house.store.aggregate(&stream).await?.map(|row| row.state).unwrap_or_default();
    Ok(Sizes { state, leaf: last.leaf.clone() })
}

/// The two engines take the same statements; their types differ.
macro_rules! bare {
    ($module:ident, $connection:ty, $id:literal, $bytes:literal) => {
        mod $module {
            use super::{AssertSqlSafe, Kind, STATE_EVERY, Sizes};
            use sqlx::{Connection as _, Executor as _};

            pub struct Bare(pub $connection);

            impl super::Bare for Bare {
                async fn prepare(&mut self) -> anyhow::Result<()> {
                    let tables = include_str!("commits.sql").replace("POSITION", $id).replace("BYTES", $bytes);
                    self.0.execute(sqlx::raw_sql(AssertSqlSafe(tables))).await?;
                    Ok(())
                }

                async fn group(
                    &mut self,
                    kind: Kind,
                    accounts: &[(usize, usize)],
                    sizes: &Sizes,
                ) -> anyhow::Result<()> {
                    let mut open = self.0.begin().await?;
                    for (account, n) in accounts {
                        let number = i64::try_from(*n)?;
                        let account = format!("account-{account:06}");
                        let stream = match kind {
                            Kind::Hold => format!("account/{account}"),
                            Kind::Report => format!("report/{account}.r{n}"),
                        };
                        if kind == Kind::Report || n % STATE_EVERY == 0 {
                            sqlx::query("INSERT INTO bare_aggregates (stream, kind, version, state) VALUES ($1, $2, $3, $4)
                                 ON CONFLICT (stream) DO UPDATE SET version = excluded.version, state = excluded.state")
                                .bind(&stream).bind("account").bind(number).bind(&sizes.state)
                                .execute(&mut *open).await?;
                        }
                        sqlx::query("INSERT INTO bare_events (stream, n, at, type, leaf) VALUES ($1, $2, $3, $4, $5)")
                            .bind(&stream).bind(number).bind(number).bind("hold.placed").bind(&sizes.leaf)
                            .execute(&mut *open).await?;
                        let words = if kind == Kind::Hold { 1 } else { 2 };
                        for word in 0..words {
                            sqlx::query("INSERT INTO bare_words (id, salt, text) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                                .bind(format!("sha256s:{n:060}{word:04}")).bind(&[7_u8; 16][..])
                                .bind("A court may ask for what is there.")
                                .execute(&mut *open).await?;
                        }
                        if kind == Kind::Report {
                            let blob = format!("sha256:{n:064}");
                            sqlx::query("INSERT INTO bare_blobs (id, media_type, bytes, kept_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
                                .bind(&blob).bind("text/plain").bind(&b"what 1-1000 showed"[..]).bind(number)
                                .execute(&mut *open).await?;
                            sqlx::query("INSERT INTO bare_blob_refs (account, blob) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                                .bind(&account).bind(&blob)
                                .execute(&mut *open).await?;
                            sqlx::query("INSERT INTO bare_counters (name, value) VALUES ($1, $2)
                                 ON CONFLICT (name) DO UPDATE SET value = excluded.value")
                                .bind(format!("reports/{account}")).bind(number)
                                .execute(&mut *open).await?;
                            sqlx::query("INSERT INTO bare_reports (account, number, ground, filed_at, remediated_at) VALUES ($1, $2, $3, $4, NULL)
                                 ON CONFLICT (account, number) DO NOTHING")
                                .bind(&account).bind(number).bind("incitement").bind(number)
                                .execute(&mut *open).await?;
                            sqlx::query("INSERT INTO bare_jobs (kind, subject) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                                .bind("evaluate").bind(&account)
                                .execute(&mut *open).await?;
                        }
                    }
                    Ok(open.commit().await?)
                }

                async fn single(&mut self, n: usize, leaf: &[u8]) -> anyhow::Result<()> {
                    let mut open = self.0.begin().await?;
                    sqlx::query("INSERT INTO bare_events (stream, n, at, type, leaf) VALUES ($1, $2, $3, $4, $5)")
                        .bind("account/single").bind(i64::try_from(n)?).bind(1_i64).bind("hold.placed").bind(leaf)
                        .execute(&mut *open).await?;
                    Ok(open.commit().await?)
                }
            }
        }
    };
}

bare!(sqlite, sqlx::SqliteConnection, "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "BLOB");
bare!(postgres, sqlx::PgConnection, "BIGINT NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY", "BYTEA");
