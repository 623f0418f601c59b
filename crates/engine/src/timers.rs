//! Time: deadlines that came due are fired in order, each at its own moment where the clock is simulated. While a real
//! clock is in doubt none is.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tenure_domain::account::System;
use tenure_domain::account::command::Command;
use tenure_domain::book;
use tenure_domain::name::AccountId;
use tenure_store::TimerRow;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::clock::{ClockKind, Doubt};
use crate::engine::keep_trusted;
use crate::inner::Inner;
use crate::submission::{Act, Caller, Outcome, Submission};
use crate::{EngineError, webhooks};

/// How many deadlines are read at once.
const PAGE: u32 = 256;

/// How often a real clock is looked at, at least. Operating time.
const LOOK: Duration = Duration::from_millis(500);

/// How often it is kept that a real clock is trusted. Operating time; well within [`crate::clock::GAP`].
const KEEP: Duration = Duration::from_mins(1);

/// Whose deadline, and which.
pub(crate) type Key = (String, String);

/// Fires what is due while this process leads.
pub(crate) async fn run(inner: Arc<Inner>, over: CancellationToken) {
    let mut failing = Backoff::default();
    let mut watch = Watch::default();
    loop {
        let poked = inner.pokes.timers.notified();
        if inner.clock.kind() == ClockKind::Real
            && watch.trusts(&inner).await
            && let Err(error) = fire_due(&inner, inner.clock.now(), &mut failing, &over).await
        {
            tracing::error!(%error, source = ?error.source(), "deadlines cannot be fired; they will be tried again");
        }
        tokio::select! {
            () = poked => {}
            () = tokio::time::sleep(LOOK) => {}
            () = over.cancelled() => return,
        }
    }
}

/// What was told of the clock.
#[derive(Default)]
struct Watch {
    doubt: Option<Doubt>,
    recorded: bool,
    kept: Option<Instant>,
}

impl Watch {
    /// Whether the clock is trusted. A doubt is told once and put on the record; trust is kept for the next start.
    async fn trusts(&mut self, inner: &Arc<Inner>) -> bool {
        let look = inner.clock.look();
        if look.doubt != self.doubt {
            match &look.doubt {
                Some(doubt) => tracing::error!(
                    jump = ?doubt.jump, machine = %doubt.machine, expected = %doubt.expected,
                    "the machine's clock is in doubt: nothing is fired until somebody confirms it \
                     (GET /v1/clock, then POST /v1/clock/confirmation)"
                ),
                None => {
                    tracing::warn!(now = %look.now, "the machine's clock is confirmed: deadlines are fired again");
                }
            }
            self.doubt.clone_from(&look.doubt);
            self.recorded = false;
            self.kept = None;
        }
        let result = match &look.doubt {
            Some(doubt) if !self.recorded => record(inner, doubt).await.map(|()| self.recorded = true),
            None if self.kept.is_none_or(|kept| kept.elapsed() >= KEEP) => {
                keep_trusted(inner, look.now).await.map(|()| self.kept = Some(Instant::now()))
            }
            Some(_) | None => Ok(()),
        };
        if let Err(error) = result {
            tracing::warn!(%error, source = ?error.source(), "the state of the clock could not be kept; it will be tried again");
        }
        look.doubt.is_none()
    }
}

async fn record(inner: &Arc<Inner>, doubt: &Doubt) -> Result<(), EngineError> {
    let Doubt { jump, machine, expected } = doubt.clone();
    let act = Act::Book(book::Entry::Clock, book::Event::ClockDoubted { jump, machine, expected });
    inner.submit(Submission::new(Caller::System(System::Timer), act)).await.map(drop)
}

/// Fires everything due up to a moment, the first due first; how many had an effect. One that fails stays due and
/// holds up no other account's. What is due of several accounts at one moment is handed over together, in its order, so
/// that it shares commits.
pub(crate) async fn fire_due(
    inner: &Arc<Inner>,
    until: Timestamp,
    failing: &mut Backoff<Key>,
    over: &CancellationToken,
) -> Result<usize, EngineError> {
    let mut fired = 0;
    let mut page = inner.store.due(until.as_microsecond(), PAGE).await?;
    while let Some(last) = page.last().cloned() {
        for together in page.chunk_by(|one, next| one.due == next.due && one.stream != next.stream) {
            if over.is_cancelled() || inner.clock.look().doubt.is_some() {
                return Ok(fired);
            }
            let due: Vec<(Key, &TimerRow)> = together
                .iter()
                .map(|timer| ((timer.stream.clone(), timer.key.clone()), timer))
                .filter(|(key, _)| !failing.waits(key))
                .collect();
            let outcomes = join_all(due.iter().map(|(_, timer)| fire(inner, timer))).await;
            let mut stopped = None;
            for ((key, timer), outcome) in due.into_iter().zip(outcomes) {
                match outcome {
                    Ok(true) => {
                        fired += 1;
                        inner.metrics.fired.inc();
                        failing.succeeded(&key);
                    }
                    // Somebody else's command took it off meanwhile; where it is still there, its row is not the state's.
                    Ok(false) => {
                        if failing.failed(key) > 1 {
                            tracing::warn!(
                                stream = timer.stream,
                                key = timer.key,
                                "a deadline that is due has no effect"
                            );
                        }
                    }
                    Err(
                        error @ (EngineError::Store(_) | EngineError::Stopping | EngineError::NotLeading),
                    ) => stopped = Some(error),
                    Err(error) => {
                        let times = failing.failed(key);
                        tracing::error!(stream = timer.stream, key = timer.key, times, %error, "a deadline could not be fired");
                    }
                }
            }
            if let Some(error) = stopped {
                return Err(error);
            }
        }
        page = inner.store.due_after(&last, until.as_microsecond(), PAGE).await?;
    }
    failing.end_pass();
    Ok(fired)
}

/// The next deadline after one moment and up to another.
pub(crate) async fn next(
    inner: &Inner,
    after: Timestamp,
    until: Timestamp,
) -> Result<Option<Timestamp>, EngineError> {
    let due = inner.store.next_due(after.as_microsecond(), until.as_microsecond()).await?;
    let due = due
        .map(|at| Timestamp::from_microsecond(at).map_err(|e| EngineError::defect("timers", &e)))
        .transpose()?;
    let sent = webhooks::next(inner, after, until).await?;
    Ok(due.into_iter().chain(sent).min())
}

/// Fires one; whether it had an effect.
async fn fire(inner: &Arc<Inner>, timer: &TimerRow) -> Result<bool, EngineError> {
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("timers", e);
    let account: AccountId = timer
        .stream
        .strip_prefix("account/")
        .ok_or_else(|| defect(&timer.stream))?
        .parse()
        .map_err(|e| defect(&e))?;
    let key = timer.key.parse().map_err(|e| defect(&e))?;
    let act = Act::Account(account, Command::Fire(key));
    let outcome = inner.submit(Submission::new(Caller::System(System::Timer), act)).await?;
    Ok(matches!(outcome, Outcome::Done(done, _) if !done.events.is_empty()))
}
