//! Time: deadlines that came due are fired in order, each at its own moment where the clock is simulated.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tenure_domain::account::command::Command;
use tenure_domain::account::System;
use tenure_domain::name::AccountId;
use tenure_store::TimerRow;

use crate::EngineError;
use crate::clock::ClockKind;
use crate::inner::Inner;
use crate::submission::{Act, Caller, Submission};

/// How many deadlines are read at once.
const PAGE: u32 = 256;

/// How often a real clock is looked at, at least. Operating time.
const LOOK: Duration = Duration::from_millis(500);

/// Fires what is due until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        let poked = inner.pokes.timers.notified();
        if inner.clock.kind() == ClockKind::Real
            && let Err(error) = fire_due(&inner, inner.clock.now()).await
        {
            tracing::error!(%error, "a deadline could not be fired; it will be tried again");
        }
        tokio::select! {
            () = poked => {}
            () = tokio::time::sleep(LOOK) => {}
            () = inner.stopping.cancelled() => return,
        }
    }
}

/// Fires everything due up to a moment; how many were fired.
pub(crate) async fn fire_due(inner: &Arc<Inner>, until: Timestamp) -> Result<usize, EngineError> {
    let mut fired = 0;
    loop {
        let due = inner.store.due(until.as_microsecond(), PAGE).await?;
        if due.is_empty() {
            return Ok(fired);
        }
        for timer in &due {
            fire(inner, timer).await?;
            fired += 1;
        }
    }
}

/// The next deadline up to a moment.
pub(crate) async fn next(inner: &Inner, until: Timestamp) -> Result<Option<Timestamp>, EngineError> {
    let due = inner.store.due(until.as_microsecond(), 1).await?;
    due.first()
        .map(|t| Timestamp::from_microsecond(t.due).map_err(|e| EngineError::defect("timers", &e)))
        .transpose()
}

async fn fire(inner: &Arc<Inner>, timer: &TimerRow) -> Result<(), EngineError> {
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("timers", e);
    let account: AccountId = timer
        .stream
        .strip_prefix("account/")
        .ok_or_else(|| defect(&timer.stream))?
        .parse()
        .map_err(|e| defect(&e))?;
    let key = timer.key.parse().map_err(|e| defect(&e))?;
    let act = Act::Account(account, Command::Fire(key));
    inner.submit(Submission::new(Caller::System(System::Timer), act)).await?;
    Ok(())
}
