//! What has to be done because of what was committed: delivering notices and reminders, evaluating rules.

use std::error::Error as _;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tenure_domain::account::System;
use tenure_domain::account::command::Command;
use tenure_domain::account::notice::Reminder;
use tenure_domain::name::{AccountId, NoticeId};
use tenure_domain::terms::Channel;
use tenure_notify::{Letter, inbox_proof};
use tenure_store::Job;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff::{self, Backoff};
use crate::inner::Inner;
use crate::metrics::number;
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, check, evaluate, letters};

/// Deliver a notice.
pub(crate) const DELIVER: &str = "deliver";
/// Deliver a reminder.
pub(crate) const REMIND: &str = "remind";
/// Look whether something still answers at the place that an item is about.
pub(crate) const LOOK: &str = "look";
/// Evaluate the rules for an account.
pub(crate) const EVALUATE: &str = "evaluate";

/// Evaluate the rules for every account, because one was published.
pub(crate) const EVALUATE_ALL: &str = "evaluate_all";

/// How the keys of deadlines begin at which a delivery is tried again.
const RETRY: &str = "retry:";

/// How many jobs are read at once.
const PAGE: u32 = 64;

/// How many accounts are put on the list in one transaction.
const ACCOUNTS: u32 = 500;

/// How long the list is left alone without a poke. Operating time.
const PAUSE: Duration = Duration::from_secs(30);

pub(crate) fn reminder_subject(notice: &NoticeId, reminder: Reminder) -> String {
    match reminder {
        Reminder::Half => format!("{notice}/half"),
        Reminder::LastDay => format!("{notice}/last_day"),
    }
}

/// What a job is about, whichever row asks for it.
type Key = (String, String);

/// Works the list off while this process leads.
pub(crate) async fn run(inner: Arc<Inner>, over: CancellationToken) {
    let mut failing = Backoff::default();
    loop {
        let poked = inner.pokes.jobs.notified();
        let again = match work_off(&inner, &mut failing, &over).await {
            Ok(()) => failing.next().unwrap_or_else(|| Instant::now() + PAUSE),
            Err(error) => {
                tracing::error!(%error, source = ?error.source(), "the list of jobs cannot be worked off");
                Instant::now() + backoff::pause(1)
            }
        };
        tokio::select! {
            () = poked => {}
            () = tokio::time::sleep_until(again) => {}
            () = over.cancelled() => return,
        }
    }
}

/// Does what is on the list. What fails stays on it and holds nothing up.
async fn work_off(
    inner: &Arc<Inner>,
    failing: &mut Backoff<Key>,
    over: &CancellationToken,
) -> Result<(), EngineError> {
    let mut after = 0;
    loop {
        let page = inner.store.jobs_after(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        let mut done = Vec::with_capacity(page.len());
        for job in &page {
            if over.is_cancelled() {
                break;
            }
            let key = (job.kind.clone(), job.subject.clone());
            if failing.waits(&key) {
                continue;
            }
            // The deemed rule counts from the attempt: none is made at a moment that is in doubt.
            if job.kind == DELIVER && inner.clock.look().doubt.is_some() {
                continue;
            }
            let result = carry_out(inner, job).await;
            done.push((job.id, result.is_ok()));
            match result {
                Ok(()) => failing.succeeded(&key),
                Err(error) => {
                    let times = failing.failed(key);
                    tracing::error!(
                        kind = job.kind, subject = job.subject, times, %error, source = ?error.source(),
                        "a job failed; it will be tried again"
                    );
                }
            }
        }
        take_off(inner, &done).await?;
        if over.is_cancelled() {
            return Ok(());
        }
    }
    failing.end_pass();
    let refused = still_refused(inner).await?;
    inner.metrics.jobs_failing.set(number(failing.len() + refused));
    Ok(())
}

/// Takes off the list what was done, and counts the tries that failed, in one transaction: what is done again because
/// this was not committed does no harm.
async fn take_off(inner: &Inner, done: &[(i64, bool)]) -> Result<(), EngineError> {
    if done.is_empty() {
        return Ok(());
    }
    let mut write = inner.write_as_leader().await?;
    for (job, succeeded) in done {
        if *succeeded {
            write.finish(*job).await?;
        } else {
            write.tried(*job).await?;
        }
    }
    Ok(write.commit().await?)
}

async fn carry_out(inner: &Arc<Inner>, job: &Job) -> Result<(), EngineError> {
    match job.kind.as_str() {
        DELIVER => deliver(inner, job).await,
        REMIND => remind(inner, job).await,
        LOOK => check::place(inner, job).await,
        EVALUATE => evaluate::account(inner, &parse::<AccountId>(job)?).await,
        EVALUATE_ALL => evaluate_all(inner).await,
        other => Err(EngineError::defect("jobs", &format!("{other:?} is no kind of job"))),
    }
}

async fn evaluate_all(inner: &Inner) -> Result<(), EngineError> {
    let mut after = String::new();
    loop {
        let page = inner.store.streams("account", &after, ACCOUNTS).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(last);
        let mut write = inner.write_as_leader().await?;
        for slug in page.iter().filter_map(|stream| stream.strip_prefix("account/")) {
            write.enqueue(EVALUATE, slug).await?;
        }
        write.commit().await?;
    }
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(job: &Job) -> Result<T, EngineError> {
    job.subject.parse().map_err(|e| EngineError::defect(&job.kind, &e))
}

/// Puts the deliveries on the list that failed before this process led: what was in their way may be gone with the one
/// that led before.
pub(crate) async fn try_again(inner: &Inner) -> Result<(), EngineError> {
    let failed = inner.store.timers_named(RETRY).await?;
    if failed.is_empty() {
        return Ok(());
    }
    let mut write = inner.write_as_leader().await?;
    for notice in failed.iter().filter_map(|(_, key)| key.strip_prefix(RETRY)) {
        write.enqueue(DELIVER, notice).await?;
    }
    Ok(write.commit().await?)
}

/// Puts a notice's letter on every channel that the terms name and records each attempt. A channel that fails keeps
/// none of the others from taking it; its failure is on the record, where the next attempt has its moment.
async fn deliver(inner: &Arc<Inner>, job: &Job) -> Result<(), EngineError> {
    let id: NoticeId = parse(job)?;
    let account = inner.account(id.account()).await?;
    let notice = account.notice(&id)?;
    let shelf = inner.shelf();
    let channels = &account.accepted(&shelf.terms)?.service.channels;
    let letter = Letter {
        id: id.to_string(),
        blob: notice.letter.to_string(),
        text: inner.blob_text(notice.letter.as_str()).await?,
    };
    for channel in channels.iter().filter(|c| !notice.attempts.iter().any(|a| a.channel == **c)) {
        let proof = match channel {
            Channel::Inbox => inbox_proof(&letter),
            Channel::Email => match inner.mail.deliver(&letter).await {
                Ok(proof) => proof,
                Err(error) => {
                    tracing::warn!(notice = %id, %channel, %error, source = ?error.source(), "a channel refused a letter");
                    let why = error.answer();
                    inner.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
                    record(inner, &id, Command::RecordFailure { notice: id.clone(), channel: *channel, why })
                        .await?;
                    continue;
                }
            },
        };
        let command = Command::RecordAttempt { notice: id.clone(), channel: *channel, proof };
        record(inner, &id, command).await?;
    }
    Ok(())
}

/// How many notices wait to be tried again.
async fn still_refused(inner: &Inner) -> Result<usize, EngineError> {
    let lock = || inner.refused.lock().unwrap_or_else(PoisonError::into_inner);
    let refused: Vec<NoticeId> = lock().iter().cloned().collect();
    for id in refused {
        let account = inner.account(id.account()).await?;
        let waits = account.notice(&id).is_ok_and(|n| n.awaits_delivery() && n.retry_at.is_some());
        if !waits {
            lock().remove(&id);
        }
    }
    Ok(lock().len())
}

async fn record(inner: &Arc<Inner>, id: &NoticeId, command: Command) -> Result<(), EngineError> {
    let act = Act::Account(id.account().clone(), command);
    inner.submit(Submission::new(Caller::System(System::Delivery), act)).await?;
    Ok(())
}

async fn remind(inner: &Arc<Inner>, job: &Job) -> Result<(), EngineError> {
    let defect = || EngineError::defect("jobs", &job.subject);
    let (notice, which) = job.subject.split_once('/').ok_or_else(defect)?;
    let id: NoticeId = notice.parse().map_err(|_| defect())?;
    let account = inner.account(id.account()).await?;
    let shelf = inner.shelf();
    let terms = account.accepted(&shelf.terms)?;
    if !terms.service.channels.contains(&Channel::Email) {
        // The inbox shows the reminder from the record itself.
        return Ok(());
    }
    let text = letters::reminder(&account, account.notice(&id)?, terms);
    let letter = Letter {
        id: format!("{id}-reminder-{which}"),
        blob: crate::kept::blob_id(text.as_bytes()).to_string(),
        text,
    };
    inner.mail.deliver(&letter).await.map_err(|e| EngineError::defect("mail", &e))?;
    Ok(())
}
