//! What has to be done because of what was committed: delivering notices and reminders, evaluating rules.

use std::sync::Arc;
use std::time::Duration;

use tenure_domain::account::command::Command;
use tenure_domain::account::notice::Reminder;
use tenure_domain::account::System;
use tenure_domain::name::{AccountId, NoticeId};
use tenure_domain::terms::Channel;
use tenure_notify::{Letter, inbox_proof};
use tenure_store::Job;

use crate::inner::Inner;
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, evaluate, letters};

/// Deliver a notice.
pub(crate) const DELIVER: &str = "deliver";
/// Deliver a reminder.
pub(crate) const REMIND: &str = "remind";
/// Evaluate the rules for an account.
pub(crate) const EVALUATE: &str = "evaluate";

/// How many jobs are read at once.
const PAGE: u32 = 64;

/// How long a job that failed waits, at most, before the next try. Operating time.
const PAUSE: Duration = Duration::from_secs(30);

pub(crate) fn reminder_subject(notice: &NoticeId, reminder: Reminder) -> String {
    match reminder {
        Reminder::Half => format!("{notice}/half"),
        Reminder::LastDay => format!("{notice}/last_day"),
    }
}

/// Works the list off until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        let poked = inner.pokes.jobs.notified();
        let pause = match work_off(&inner).await {
            Ok(true) => continue,
            Ok(false) => PAUSE,
            Err(error) => {
                tracing::error!(%error, "a job failed; it will be tried again");
                Duration::from_millis(500)
            }
        };
        tokio::select! {
            () = poked => {}
            () = tokio::time::sleep(pause) => {}
            () = inner.stopping.cancelled() => return,
        }
    }
}

/// Does what is on the list; whether there was anything.
async fn work_off(inner: &Arc<Inner>) -> Result<bool, EngineError> {
    let jobs = inner.store.jobs(PAGE).await?;
    for job in &jobs {
        if inner.stopping.is_cancelled() {
            return Ok(false);
        }
        let result = match job.kind.as_str() {
            DELIVER => deliver(inner, job).await,
            REMIND => remind(inner, job).await,
            EVALUATE => evaluate::account(inner, &parse::<AccountId>(job)?).await,
            other => Err(EngineError::defect("jobs", &format!("{other:?} is no kind of job"))),
        };
        let mut write = inner.store.write().await?;
        match &result {
            Ok(()) => write.finish(job.id).await?,
            Err(_) => write.tried(job.id).await?,
        }
        write.commit().await?;
        result?;
    }
    Ok(!jobs.is_empty())
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(job: &Job) -> Result<T, EngineError> {
    job.subject.parse().map_err(|e| EngineError::defect(&job.kind, &e))
}

/// Puts a notice's letter on every channel that the terms name and records each attempt.
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
    for channel in channels {
        let proof = match channel {
            Channel::Inbox => inbox_proof(&letter),
            Channel::Email => send(inner, &letter).await?,
        };
        let command = Command::RecordAttempt { notice: id.clone(), channel: *channel, proof };
        let act = Act::Account(id.account().clone(), command);
        inner.submit(Submission::new(Caller::System(System::Delivery), act)).await?;
    }
    Ok(())
}

async fn send(inner: &Inner, letter: &Letter) -> Result<String, EngineError> {
    inner.mail.deliver(letter).await.map_err(|e| EngineError::defect("mail", &e))
}

async fn remind(inner: &Arc<Inner>, job: &Job) -> Result<(), EngineError> {
    let defect = || EngineError::defect("jobs", &job.subject);
    let (notice, which) = job.subject.split_once('/').ok_or_else(defect)?;
    let id: NoticeId = notice.parse().map_err(|_| defect())?;
    let account = inner.account(id.account()).await?;
    let shelf = inner.shelf();
    let text = letters::reminder(&account, account.notice(&id)?, account.accepted(&shelf.terms)?);
    let letter =
        Letter { id: format!("{id}-reminder-{which}"), blob: crate::kept::blob_id(text.as_bytes()).to_string(), text };
    send(inner, &letter).await?;
    Ok(())
}
