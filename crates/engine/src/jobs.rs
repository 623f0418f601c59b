//! What has to be done because of what was committed: delivering notices and reminders, evaluating rules.

use std::error::Error as _;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tenure_domain::account::command::Command;
use tenure_domain::account::notice::{Attempt, Notice, Reminder};
use tenure_domain::account::{Recorded, System};
use tenure_domain::name::{AccountId, NoticeId, TermsNoticeId, WebhookId};
use tenure_domain::terms::{Channel, Terms};
use tenure_notify::{Letter, Page, inbox_proof};
use tenure_store::Job;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff::{self, Backoff};
use crate::inner::Inner;
use crate::metrics::number;
use crate::stream::Decoded;
use crate::submission::{Act, Caller, Submission};
use crate::{EngineError, check, closing, evaluate, letters, reasons, stream, undo, webhooks};

/// Deliver a notice.
pub(crate) const DELIVER: &str = "deliver";
/// Deliver the notice of a new version of the terms.
pub(crate) const DELIVER_TERMS: &str = "deliver_terms";
/// Deliver a reminder.
pub(crate) const REMIND: &str = "remind";
/// Look whether something still answers at the place that an item is about.
pub(crate) const LOOK: &str = "look";
/// Tell an account that it has ended, or remind it of the time to fetch its data.
pub(crate) const RETRIEVE: &str = "retrieve";
/// Delete what an account has, where its deletion is permitted.
pub(crate) const DELETE: &str = "delete";
/// Issue the notice that an event calls for.
pub(crate) const CALLED: &str = "called_notice";
/// Evaluate the rules for an account.
pub(crate) const EVALUATE: &str = "evaluate";

/// Evaluate the rules for every account, because one was published.
pub(crate) const EVALUATE_ALL: &str = "evaluate_all";

/// Tell an endpoint that begins to enforce something what stands.
pub(crate) const TELL_ALL: &str = "tell_all";

/// How the keys of deadlines begin at which a delivery is tried again.
const RETRY: &str = "retry:";

/// Undo what a rule began.
pub(crate) const UNDO: &str = "undo";

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

/// The event of an account that calls for a notice.
pub(crate) fn called_subject(account: &AccountId, n: u64) -> String {
    format!("{account}#{n}")
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
            // The deemed rule counts from the attempt: none is made at a moment that is in doubt. Nor is anything deleted.
            let timed = [DELIVER, DELIVER_TERMS, DELETE].contains(&job.kind.as_str());
            if timed && inner.clock.look().doubt.is_some() {
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
        DELIVER_TERMS => deliver_terms(inner, job).await,
        REMIND => remind(inner, job).await,
        LOOK => check::place(inner, job).await,
        RETRIEVE => closing::tell(inner, &job.subject).await,
        DELETE => closing::delete(inner, &parse::<AccountId>(job)?).await,
        CALLED => issue_called(inner, job).await,
        EVALUATE => evaluate::account(inner, &parse::<AccountId>(job)?).await,
        UNDO => undo::carry_out(inner, job).await,
        EVALUATE_ALL => evaluate_all(inner).await,
        TELL_ALL => webhooks::tell_all(inner, &parse::<WebhookId>(job)?).await,
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
    // It is put on the list again when the gag ends.
    if notice.delayed.is_some() {
        return Ok(());
    }
    let shelf = inner.shelf();
    let terms = account.terms_of(account.case(&notice.case)?, &shelf.terms)?;
    let letter = Letter {
        id: id.to_string(),
        blob: notice.letter.to_string(),
        text: inner.blob_text(notice.letter.as_str()).await?,
        page: page(inner, notice).await?,
    };
    on_channels(
        inner,
        id.account(),
        terms,
        &notice.attempts,
        &letter,
        |channel, proof| Command::RecordAttempt { notice: id.clone(), channel, proof },
        |channel, why| {
            inner.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
            Some(Command::RecordFailure { notice: id.clone(), channel, why })
        },
    )
    .await
}

/// The same for the letter about new terms: the channels are those of the terms that bind, and a channel that fails is
/// tried again with the job.
async fn deliver_terms(inner: &Arc<Inner>, job: &Job) -> Result<(), EngineError> {
    let id: TermsNoticeId = parse(job)?;
    let account = inner.account(id.account()).await?;
    let notice = account.terms_notice(&id)?;
    let shelf = inner.shelf();
    let terms = account.accepted(&shelf.terms)?;
    let letter = Letter {
        id: id.to_string(),
        blob: notice.letter.to_string(),
        text: inner.blob_text(notice.letter.as_str()).await?,
        page: None,
    };
    on_channels(
        inner,
        id.account(),
        terms,
        &notice.attempts,
        &letter,
        |channel, proof| Command::RecordTermsAttempt { notice: id.clone(), channel, proof },
        |_, _| None,
    )
    .await
}

/// What a channel took is recorded by `taken`; what one refused by `refused`, or where that gives nothing the job fails
/// once the other channels were tried.
async fn on_channels(
    inner: &Arc<Inner>,
    account: &AccountId,
    terms: &Terms,
    attempts: &[Attempt],
    letter: &Letter,
    taken: impl Fn(Channel, String) -> Command,
    refused: impl Fn(Channel, String) -> Option<Command>,
) -> Result<(), EngineError> {
    let mut failed = None;
    for channel in terms.service.channels.iter().filter(|c| !attempts.iter().any(|a| a.channel == **c)) {
        let outcome = match channel {
            Channel::Inbox => Ok(inbox_proof(letter)),
            Channel::Email => inner.mail.deliver(letter).await,
        };
        let command = match outcome {
            Ok(proof) => Some(taken(*channel, proof)),
            Err(error) => {
                tracing::warn!(notice = letter.id, %channel, %error, source = ?error.source(), "a channel refused a letter");
                let command = refused(*channel, error.answer());
                if command.is_none() {
                    failed = Some(EngineError::defect("mail", &error));
                }
                command
            }
        };
        if let Some(command) = command {
            let act = Act::Account(account.clone(), command);
            inner.submit(Submission::new(Caller::System(System::Delivery), act)).await?;
        }
    }
    failed.map_or(Ok(()), Err)
}

/// A notice's letter as a page; none where it was issued before statements were kept.
async fn page(inner: &Inner, notice: &Notice) -> Result<Option<Page>, EngineError> {
    let Some(blob) = &notice.statement else { return Ok(None) };
    let statement = reasons::read_statement(inner, blob.as_str()).await?;
    let defect = |e| EngineError::defect(&notice.id.to_string(), &e);
    let (letters, locale) = (&inner.letters, inner.letters.locale());
    Ok(Some(Page {
        subject: letters.subject(&statement, locale).map_err(defect)?,
        html: letters.html(&statement, locale).map_err(defect)?,
        issued_at: notice.issued_at.as_second(),
    }))
}

/// Issues the notice that an event calls for. The row stands on the list from the event's own transaction until this
/// succeeded, and the domain issues it once, so that it is neither lost nor doubled.
async fn issue_called(inner: &Arc<Inner>, job: &Job) -> Result<(), EngineError> {
    let defect = || EngineError::defect("jobs", &job.subject);
    let (account, n) = job.subject.split_once('#').ok_or_else(defect)?;
    let id: AccountId = account.parse().map_err(|_| defect())?;
    let n: u64 = n.parse().map_err(|_| defect())?;
    let rows = inner.store.stream(&stream::account(&id), n, 1).await?;
    let row = rows.first().filter(|row| row.n == n).ok_or_else(defect)?;
    let Decoded { at, actor, event, .. } = stream::decode(&row.leaf)?;
    let account = inner.account(&id).await?;
    let recorded = Recorded { at, actor, event };
    let Some(kind) = account.called_for(&recorded) else { return Ok(()) };
    if account.notices.iter().any(|notice| notice.called_by == Some(n)) {
        return Ok(());
    }
    let reasons = reasons::called(inner, &account, &kind, &recorded.event).await?;
    let act = Act::Account(id, Command::IssueCalled { event: n, kind, reasons });
    inner.submit(Submission::new(Caller::System(System::Clerk), act)).await.map(drop)
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

async fn remind(inner: &Arc<Inner>, job: &Job) -> Result<(), EngineError> {
    let defect = || EngineError::defect("jobs", &job.subject);
    let (notice, which) = job.subject.split_once('/').ok_or_else(defect)?;
    let id: NoticeId = notice.parse().map_err(|_| defect())?;
    let account = inner.account(id.account()).await?;
    let shelf = inner.shelf();
    let terms = account.terms_of(account.case(&account.notice(&id)?.case)?, &shelf.terms)?;
    if !terms.service.channels.contains(&Channel::Email) {
        // The inbox shows the reminder from the record itself.
        return Ok(());
    }
    let text = letters::reminder(&inner.letters, &account, account.notice(&id)?, terms)?;
    let letter = Letter {
        id: format!("{id}-reminder-{which}"),
        blob: crate::kept::blob_id(text.as_bytes()).to_string(),
        text,
        page: None,
    };
    inner.mail.deliver(&letter).await.map_err(|e| EngineError::defect("mail", &e))?;
    Ok(())
}
