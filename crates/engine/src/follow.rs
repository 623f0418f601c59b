//! What other processes on the same database committed is taken over: the provider's book, the latest legal moment,
//! which accounts to look at.
//!
//! The writer does so before it decides anything, while no other process can commit; so a decision is never made on an
//! old book. Between writes it is done a few times a second.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tenure_domain::book;
use tenure_domain::name::AccountId;
use tenure_store::StoreError;
use tokio::sync::MutexGuard;

use crate::EngineError;
use crate::clock::{Doubt, NotConfirmed};
use crate::inner::{Inner, moves_cluster};
use crate::shelf::{self, Shelf};

/// How often is looked whether others committed something. Operating time.
const LOOK: Duration = Duration::from_millis(250);

/// How many events are read at once.
const PAGE: u32 = 1_000;

/// Follows until the engine stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut failing = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = inner.stopping.cancelled() => return,
        }
        match look(&inner).await {
            Ok(()) => failing = false,
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, source = ?std::error::Error::source(&error), "what others commit cannot be followed");
                }
            }
        }
    }
}

async fn look(inner: &Inner) -> Result<(), StoreError> {
    drop(catch_up(inner).await?);
    if inner.lead.epoch().is_err() {
        if let Some((size, _)) = inner.store.head().await? {
            inner.published.send_if_modified(|known| std::mem::replace(known, size) != size);
        }
        let (_, waiting) = inner.store.backlog().await?;
        inner.behind.store(waiting, std::sync::atomic::Ordering::Relaxed);
    }
    Ok(())
}

/// Takes over what was committed since the position kept behind the guard, which moves on. Whoever holds the guard can
/// commit and move it past its own events.
pub(crate) async fn catch_up(inner: &Inner) -> Result<MutexGuard<'_, i64>, StoreError> {
    let mut seen = inner.seen.lock().await;
    let mut changed: Option<Shelf> = None;
    let mut any = false;
    loop {
        let page = inner.store.headers_after(*seen, PAGE).await?;
        let Some(last) = page.last() else { break };
        any = true;
        for event in &page {
            if let Ok(at) = Timestamp::from_microsecond(event.at) {
                inner.clock.at_least(at);
            }
            let (kind, id) = event.stream.split_once('/').unwrap_or_default();
            if kind == "clock" {
                take_over_clock(inner, &event.stream).await?;
            } else if shelf::KINDS.contains(&kind) {
                let shelf = changed.get_or_insert_with(|| Shelf::clone(&inner.shelf()));
                take_over(inner, shelf, &event.stream).await?;
            } else if kind == "account"
                && inner.has_cluster
                && moves_cluster(&event.event_type)
                && let Ok(id) = id.parse::<AccountId>()
            {
                inner.pokes.accounts.poke(&id);
            }
        }
        *seen = last.position;
    }
    if let Some(changed) = changed {
        *inner.shelf.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(changed);
    }
    if any {
        inner.committed();
    }
    Ok(seen)
}

/// Another process doubts the clock, or a person confirmed it there.
async fn take_over_clock(inner: &Inner, stream: &str) -> Result<(), StoreError> {
    let Some(aggregate) = inner.store.aggregate(stream).await? else { return Ok(()) };
    match serde_json::from_str::<book::State>(&aggregate.state).map(|state| state.latest.event) {
        Ok(book::Event::ClockDoubted { jump, machine, expected }) => {
            inner.clock.doubt(Doubt { jump, machine, expected });
        }
        Ok(book::Event::ClockConfirmed { moment, .. }) => match inner.clock.confirm(moment) {
            Ok(()) | Err(NotConfirmed::Trusted) => {}
            Err(error) => {
                tracing::error!(%error, "the clock of another machine was confirmed: this one stays in doubt");
            }
        },
        Ok(_) => {}
        Err(error) => {
            tracing::error!(stream, %error, "what another process wrote of the clock cannot be read");
        }
    }
    Ok(())
}

/// An entry of the book that does not read is told, and keeps nothing else from being followed.
async fn take_over(inner: &Inner, shelf: &mut Shelf, stream: &str) -> Result<(), StoreError> {
    let Some(aggregate) = inner.store.aggregate(stream).await? else { return Ok(()) };
    let taken = match serde_json::from_str::<book::State>(&aggregate.state) {
        Ok(state) => shelf.put(&inner.store, &state.latest).await,
        Err(error) => Err(EngineError::defect(stream, &error)),
    };
    match taken {
        Err(EngineError::Store(error)) => Err(error),
        Err(error) => {
            tracing::error!(stream, %error, "an entry of the book, written by another process, cannot be read");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
