//! The sequencer: gives events their place in the log, and signs the log's head. When it does so is decided here; how,
//! in [`integrate`](crate::integrate).

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tenure_ledger::checkpoint::Checkpoint;
use tenure_ledger::tree::{TileId, TileSet};
use tenure_store::Store;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::inner::Inner;
use crate::integrate::{Integration, head as published_head};
use crate::{EngineError, metrics};

/// How many events are signed for at once, and how often.
///
/// An event that comes alone is signed for at once. Under load the next signature waits for the window, or until a batch
/// is full, so that a busy server pays for at most twenty signatures, and their syncs to the disk, in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batching {
    /// The most events under one new signature.
    pub most: u32,
    /// The least time between two signatures, unless a batch is full before. Operating time.
    pub window: Duration,
}

impl Default for Batching {
    fn default() -> Self {
        Self { most: 1_024, window: Duration::from_millis(50) }
    }
}

/// When so many events wait, nothing new is restricted any more, where the settings name no other number.
pub const MOST_BEHIND: u64 = 10_000;

/// How long the sequencer waits for a poke. Operating time.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether the log is so far behind that nothing new may be restricted.
pub(crate) fn is_behind(inner: &Inner) -> bool {
    inner.behind.load(Ordering::Relaxed) >= inner.most_behind
}

/// Integrates what is committed while this process leads.
pub(crate) async fn run(inner: Arc<Inner>, over: CancellationToken) {
    loop {
        let poked = inner.pokes.sequencer.notified();
        let began = Instant::now();
        let integrated = integrate(&inner).await;
        count(&inner).await;
        tell(&inner, &integrated);
        match integrated {
            Ok(0) => {
                tokio::select! {
                    () = poked => {}
                    () = tokio::time::sleep(PAUSE) => {}
                    () = over.cancelled() => return,
                }
            }
            Ok(_) => {
                tokio::select! {
                    () = tokio::time::sleep_until(began + inner.batching.window) => {}
                    () = full(&inner) => {}
                    () = inner.pokes.hurry.notified() => {}
                    () = over.cancelled() => return,
                }
            }
            // Not at each poke: what cannot be integrated now is read and hashed in vain.
            Err(_) => {
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = over.cancelled() => return,
                }
            }
        }
        if over.is_cancelled() {
            return;
        }
    }
}

/// Puts the true number of what waits where commits add to it. What is committed meanwhile may be counted twice until the
/// next look, and is never missed.
async fn count(inner: &Inner) {
    let known = inner.behind.load(Ordering::Relaxed);
    if let Ok((_, waiting)) = inner.store.backlog().await {
        inner.behind.fetch_add(waiting.wrapping_sub(known), Ordering::Relaxed);
    }
}

/// Waits until a batch is full.
async fn full(inner: &Inner) {
    let is_full = || inner.behind.load(Ordering::Relaxed) >= u64::from(inner.batching.most);
    loop {
        if is_full() {
            count(inner).await;
            if is_full() {
                return;
            }
        }
        inner.pokes.sequencer.notified().await;
    }
}

/// Logs what keeps the log from being extended, and keeps it for whoever asks; a refusal is logged once, since it stays
/// until somebody does something.
fn tell(inner: &Inner, integrated: &Result<u64, EngineError>) {
    let refusal = match integrated {
        Err(EngineError::Log(refusal)) => Some(refusal.clone()),
        Err(error) => {
            tracing::error!(%error, source = ?error.source(), "the log was not extended; it will be tried again");
            return;
        }
        Ok(_) => None,
    };
    inner.log_refusal.send_if_modified(|before| {
        let changed = *before != refusal;
        if let Some(refusal) = refusal.as_ref().filter(|_| changed) {
            tracing::error!(%refusal, "the log is not extended");
        }
        *before = refusal;
        changed
    });
}

/// The tiles of this list, from the store.
pub(crate) async fn read_tiles(store: &Store, ids: &[TileId]) -> Result<TileSet, EngineError> {
    let mut set = TileSet::new();
    for id in ids {
        let Some(row) = store.tile(id.level(), id.index()).await? else {
            return Err(EngineError::defect("ledger", &format!("{id} is not in the store")));
        };
        let stored =
            TileId::new(row.level, row.index, row.width).map_err(|e| EngineError::defect("ledger", &e))?;
        set.insert(stored, &row.bytes).map_err(|e| EngineError::defect("ledger", &e))?;
    }
    Ok(set)
}

/// The last signed head.
pub(crate) async fn head(inner: &Inner) -> Result<Option<(Checkpoint, String)>, EngineError> {
    Ok(published_head(&inner.store, &inner.chain).await?.map(|head| (head.checkpoint, head.note)))
}

/// Integrates everything that is committed.
pub(crate) async fn integrate_all(inner: &Inner) -> Result<(), EngineError> {
    while integrate(inner).await? > 0 {}
    Ok(())
}

/// Integrates one batch; how many events were published.
pub(crate) async fn integrate(inner: &Inner) -> Result<u64, EngineError> {
    let integration = Integration {
        store: &inner.store,
        key: &inner.key,
        chain: &inner.chain,
        anchor: inner.anchor.as_ref(),
        successor: None,
        epoch: Some(inner.lead.epoch()?),
    };
    let (size, published) = integration.step(inner.batching.most).await?;
    inner.published.send_replace(size);
    if published > 0 {
        inner.metrics.batches.inc();
    }
    metrics::note(&inner.metrics.extended_at, std::time::Instant::now());
    Ok(published)
}
