//! What a write holds back, so that a group of submissions costs a few statements and not a few for each: rows go to the
//! database many to a statement, when the transaction ends or when something has to see them there.
//!
//! Whoever holds a write is the only writer until it ends, on both engines, so what was read in it stays true, and what
//! is held back can be counted and compared here.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::intake::{Brought, ReportKey};
use crate::parity::ParityRow;
use crate::rows::{Answer, NewEvent, ReportRow};
use crate::statement::{Open, Statement, many};
use crate::write::signed;
use crate::{ANSWER_KEPT_MICROS, StoreError};

/// The most rows in one statement. SQLite looks for each parameter among all of them, so that more rows cost more each.
const ROWS: usize = 32;

/// A state that is held back.
#[derive(Debug)]
pub(crate) struct State {
    pub kind: String,
    pub version: u64,
    pub json: String,
}

/// Bytes that are held back.
#[derive(Debug)]
struct Bytes {
    media_type: String,
    content: Vec<u8>,
    at: i64,
}

/// Rows that are held back. Later ones replace earlier ones of the same key, except where the first one stays.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    pub aggregates: BTreeMap<String, State>,
    pub events: Vec<(String, NewEvent)>,
    /// The number of the last event of each stream that has any here.
    pub lasts: BTreeMap<String, u64>,
    pub timers: BTreeMap<String, Vec<(String, i64)>>,
    pub counters: BTreeMap<String, i64>,
    pub report_keys: BTreeMap<String, ReportKey>,
    /// What each reporter brought in, with the day.
    pub brought: BTreeMap<String, (i64, Brought)>,
    /// The first answer to a key stays.
    pub answers: BTreeMap<(String, String), (Answer, i64)>,
    /// The last of equal ones counts.
    jobs: Vec<(String, String)>,
    blobs: BTreeMap<String, Bytes>,
    blob_refs: BTreeSet<(String, String)>,
    words: BTreeMap<String, ([u8; 16], String)>,
    reports: BTreeMap<(String, u32), ReportRow>,
    pub parity: BTreeMap<String, ParityRow>,
}

impl Staged {
    pub fn job(&mut self, kind: &str, subject: &str) {
        self.jobs.push((kind.to_owned(), subject.to_owned()));
    }

    pub fn blob(&mut self, id: &str, media_type: &str, bytes: &[u8], at: i64) {
        self.blobs.entry(id.to_owned()).or_insert_with(|| Bytes {
            media_type: media_type.to_owned(),
            content: bytes.to_owned(),
            at,
        });
    }

    pub fn has_blob(&self, id: &str) -> bool {
        self.blobs.contains_key(id)
    }

    pub fn blob_ref(&mut self, account: &str, blob: &str) {
        self.blob_refs.insert((account.to_owned(), blob.to_owned()));
    }

    pub fn words(&mut self, id: &str, salt: [u8; 16], text: &str) {
        self.words.entry(id.to_owned()).or_insert_with(|| (salt, text.to_owned()));
    }

    pub fn report(&mut self, report: &ReportRow) {
        self.reports.insert((report.account.clone(), report.number), report.clone());
    }

    pub fn answer(&mut self, principal: &str, key: &str, answer: &Answer, at: i64) {
        let key = (principal.to_owned(), key.to_owned());
        self.answers.entry(key).or_insert_with(|| (answer.clone(), at));
    }

    /// Takes over what was held back after these.
    pub fn extend(&mut self, later: Self) {
        let Self {
            aggregates,
            events,
            lasts,
            timers,
            counters,
            report_keys,
            brought,
            answers,
            jobs,
            blobs,
            blob_refs,
            words,
            reports,
            parity,
        } = later;
        self.aggregates.extend(aggregates);
        self.events.extend(events);
        self.lasts.extend(lasts);
        self.timers.extend(timers);
        self.counters.extend(counters);
        self.report_keys.extend(report_keys);
        self.brought.extend(brought);
        self.jobs.extend(jobs);
        self.blob_refs.extend(blob_refs);
        self.reports.extend(reports);
        self.parity.extend(parity);
        for (key, answer) in answers {
            self.answers.entry(key).or_insert(answer);
        }
        for (id, bytes) in blobs {
            self.blobs.entry(id).or_insert(bytes);
        }
        for (id, words) in words {
            self.words.entry(id).or_insert(words);
        }
    }

    /// Writes all of it. After an error nobody knows what was written.
    pub async fn write(self, open: &mut Open) -> Result<(), StoreError> {
        self.write_states(open).await?;
        self.write_timers(open).await?;
        self.write_jobs(open).await?;
        self.write_kept(open).await?;
        self.write_intake(open).await?;
        self.write_parity(open).await?;
        self.write_answers(open).await
    }

    async fn write_states(&self, open: &mut Open) -> Result<(), StoreError> {
        let states: Vec<_> = self.aggregates.iter().collect();
        for rows in chunks(&states) {
            let statement = many(
                "INSERT INTO aggregates (stream, kind, version, state) VALUES ",
                (4, rows.len()),
                " ON CONFLICT (stream) DO UPDATE SET version = excluded.version, state = excluded.state
                  WHERE aggregates.version < excluded.version",
            );
            let written = rows
                .iter()
                .fold(statement, |s, (stream, state)| {
                    s.bind(*stream).bind(&state.kind).bind(signed(state.version)).bind(&state.json)
                })
                .run(&mut *open)
                .await?;
            if written != rows.len() as u64 {
                return Err(StoreError::Damaged { what: "version" });
            }
        }
        for rows in chunks(&self.events) {
            let statement =
                many("INSERT INTO events (stream, n, at, type, leaf) VALUES ", (5, rows.len()), "");
            rows.iter()
                .fold(statement, |s, (stream, event)| {
                    s.bind(stream)
                        .bind(signed(event.n))
                        .bind(event.at)
                        .bind(&event.event_type)
                        .bind(&event.leaf)
                })
                .run(&mut *open)
                .await?;
        }
        Ok(())
    }

    /// Touches only the rows that differ.
    async fn write_timers(&self, open: &mut Open) -> Result<(), StoreError> {
        let streams: Vec<&String> = self.timers.keys().collect();
        let mut have: BTreeMap<(String, String), i64> = BTreeMap::new();
        for rows in chunks(&streams) {
            let statement =
                many("SELECT stream, key, due FROM timers WHERE stream IN (VALUES ", (1, rows.len()), ")");
            let found = rows.iter().fold(statement, |s, stream| s.bind(*stream)).all(&mut *open).await?;
            for row in found {
                have.insert((row.get("stream")?, row.get("key")?), row.get("due")?);
            }
        }
        let mut set = Vec::new();
        for (stream, timers) in &self.timers {
            for (key, due) in timers {
                if have.remove(&(stream.clone(), key.clone())) != Some(*due) {
                    set.push((stream, key, *due));
                }
            }
        }
        let gone: Vec<_> = have.into_keys().collect();
        for rows in chunks(&gone) {
            pairs("DELETE FROM timers WHERE (stream, key) IN (VALUES ", rows, ")").run(&mut *open).await?;
        }
        for rows in chunks(&set) {
            let statement = many(
                "INSERT INTO timers (stream, key, due) VALUES ",
                (3, rows.len()),
                " ON CONFLICT (stream, key) DO UPDATE SET due = excluded.due",
            );
            rows.iter()
                .fold(statement, |s, (stream, key, due)| s.bind(*stream).bind(*key).bind(*due))
                .run(&mut *open)
                .await?;
        }
        Ok(())
    }

    /// Asked for again, a job becomes a new row, so that whoever is at work on the old one and finishes it does not take
    /// off what was asked for meanwhile.
    async fn write_jobs(&self, open: &mut Open) -> Result<(), StoreError> {
        let mut seen = HashSet::new();
        let mut jobs: Vec<_> = self.jobs.iter().rev().filter(|job| seen.insert(*job)).cloned().collect();
        jobs.reverse();
        for rows in chunks(&jobs) {
            pairs("DELETE FROM jobs WHERE (kind, subject) IN (VALUES ", rows, ")").run(&mut *open).await?;
            pairs("INSERT INTO jobs (kind, subject) VALUES ", rows, "").run(&mut *open).await?;
        }
        Ok(())
    }

    async fn write_kept(&self, open: &mut Open) -> Result<(), StoreError> {
        let words: Vec<_> = self.words.iter().collect();
        for rows in chunks(&words) {
            let statement = many(
                "INSERT INTO words (id, salt, text) VALUES ",
                (3, rows.len()),
                " ON CONFLICT DO NOTHING",
            );
            rows.iter()
                .fold(statement, |s, (id, (salt, text))| s.bind(*id).bind(salt.as_slice()).bind(text))
                .run(&mut *open)
                .await?;
        }
        let blobs: Vec<_> = self.blobs.iter().collect();
        for rows in chunks(&blobs) {
            let statement = many(
                "INSERT INTO blobs (id, media_type, bytes, kept_at) VALUES ",
                (4, rows.len()),
                " ON CONFLICT DO NOTHING",
            );
            rows.iter()
                .fold(statement, |s, (id, kept)| {
                    s.bind(*id).bind(&kept.media_type).bind(&kept.content).bind(kept.at)
                })
                .run(&mut *open)
                .await?;
        }
        let refs: Vec<_> = self.blob_refs.iter().cloned().collect();
        for rows in chunks(&refs) {
            pairs("INSERT INTO blob_refs (account, blob) VALUES ", rows, " ON CONFLICT DO NOTHING")
                .run(&mut *open)
                .await?;
        }
        let counters: Vec<_> = self.counters.iter().collect();
        for rows in chunks(&counters) {
            let statement = many(
                "INSERT INTO counters (name, value) VALUES ",
                (2, rows.len()),
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            );
            rows.iter()
                .fold(statement, |s, (name, value)| s.bind(*name).bind(**value))
                .run(&mut *open)
                .await?;
        }
        Ok(())
    }

    async fn write_intake(&self, open: &mut Open) -> Result<(), StoreError> {
        let keys: Vec<_> = self.report_keys.values().collect();
        for rows in chunks(&keys) {
            let statement = many(
                "INSERT INTO report_keys (key, account, number) VALUES ",
                (3, rows.len()),
                " ON CONFLICT (key) DO UPDATE SET account = excluded.account, number = excluded.number",
            );
            rows.iter()
                .fold(statement, |s, key| s.bind(&key.key).bind(&key.account).bind(i64::from(key.number)))
                .run(&mut *open)
                .await?;
        }
        let brought: Vec<_> = self.brought.iter().collect();
        for rows in chunks(&brought) {
            let statement = many(
                "INSERT INTO brought (reporter, day, reports, bytes) VALUES ",
                (4, rows.len()),
                " ON CONFLICT (reporter) DO UPDATE SET day = excluded.day, reports = excluded.reports, bytes = excluded.bytes",
            );
            rows.iter()
                .fold(statement, |s, (reporter, (day, brought))| {
                    s.bind(*reporter).bind(*day).bind(brought.reports).bind(brought.bytes)
                })
                .run(&mut *open)
                .await?;
        }
        let reports: Vec<_> = self.reports.values().collect();
        for rows in chunks(&reports) {
            let statement = many(
                "INSERT INTO reports (account, number, ground, filed_at, remediated_at) VALUES ",
                (5, rows.len()),
                " ON CONFLICT (account, number) DO UPDATE SET remediated_at = excluded.remediated_at",
            );
            rows.iter()
                .fold(statement, |s, report| {
                    s.bind(&report.account)
                        .bind(i64::from(report.number))
                        .bind(&report.ground)
                        .bind(report.filed_at)
                        .bind(report.remediated_at)
                })
                .run(&mut *open)
                .await?;
        }
        Ok(())
    }

    async fn write_parity(&self, open: &mut Open) -> Result<(), StoreError> {
        let cases: Vec<_> = self.parity.values().collect();
        for rows in chunks(&cases) {
            let statement = many(
                "INSERT INTO parity_cases (case_id, account, ground, opened_at, opened_by, is_open, deviated, data) VALUES ",
                (8, rows.len()),
                " ON CONFLICT (case_id) DO UPDATE SET is_open = excluded.is_open, data = excluded.data,
                     deviated = CASE WHEN excluded.deviated > parity_cases.deviated THEN excluded.deviated ELSE parity_cases.deviated END",
            );
            rows.iter()
                .fold(statement, |s, row| {
                    s.bind(&row.case)
                        .bind(&row.account)
                        .bind(&row.ground)
                        .bind(row.opened_at)
                        .bind(&row.opened_by)
                        .bind(i64::from(row.open))
                        .bind(i64::from(row.deviated))
                        .bind(&row.data)
                })
                .run(&mut *open)
                .await?;
        }
        Ok(())
    }

    async fn write_answers(&self, open: &mut Open) -> Result<(), StoreError> {
        let answers: Vec<_> = self.answers.iter().collect();
        let Some(latest) = self.answers.values().map(|(_, at)| *at).max() else { return Ok(()) };
        crate::statement::sql("DELETE FROM idempotency WHERE kept_at < $1")
            .bind(latest.saturating_sub(ANSWER_KEPT_MICROS))
            .run(&mut *open)
            .await?;
        for rows in chunks(&answers) {
            let statement = many(
                "INSERT INTO idempotency (principal, key, request, status, headers, body, kept_at) VALUES ",
                (7, rows.len()),
                " ON CONFLICT DO NOTHING",
            );
            rows.iter()
                .fold(statement, |s, ((principal, key), (answer, at))| {
                    s.bind(principal)
                        .bind(key)
                        .bind(&answer.request)
                        .bind(i64::from(answer.status))
                        .bind(&answer.headers)
                        .bind(&answer.body)
                        .bind(*at)
                })
                .run(&mut *open)
                .await?;
        }
        Ok(())
    }
}

fn pairs<'a>(before: &str, rows: &'a [(String, String)], after: &str) -> Statement<'a> {
    rows.iter().fold(many(before, (2, rows.len()), after), |s, (a, b)| s.bind(a).bind(b))
}

/// Parts whose lengths are powers of two, so that there are few different statements and each is prepared once.
pub(crate) fn chunks<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let length = 1_usize << rest.len().min(ROWS).checked_ilog2()?;
        let (part, more) = rest.split_at(length);
        rest = more;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_rows_goes_in_few_statements_of_few_kinds() {
        for (rows, expected) in
            [(0, vec![]), (1, vec![1]), (7, vec![4, 2, 1]), (32, vec![32]), (77, vec![32, 32, 8, 4, 1])]
        {
            let rows: Vec<usize> = (0..rows).collect();
            let lengths: Vec<usize> = chunks(&rows).map(<[usize]>::len).collect();
            assert_eq!(lengths, expected);
            assert!(chunks(&rows).flatten().eq(&rows), "each once, in order");
        }
    }
}
