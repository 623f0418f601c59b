//! The sequencer: gives events their place in the log, and signs the log's head.
//!
//! Committed events are integrated in batches. Each leaf is read back from the store and hashed as read; the new head
//! is proved to extend the last signed one before it is signed; tiles, indices and head change in one transaction.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tenure_ledger::checkpoint::Checkpoint;
use tenure_ledger::leaf::Leaf;
use tenure_ledger::tree::{self, TileId, TileSet};
use tenure_store::{Store, TileRow};

use crate::EngineError;
use crate::inner::Inner;

/// The most events integrated under one signature.
const BATCH: u32 = 1_024;

/// When so many events wait, nothing new is restricted any more.
pub const MOST_BEHIND: u64 = 10_000;

/// How long the sequencer waits for a poke. Operating time.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether the log is so far behind that nothing new may be restricted.
pub(crate) fn is_behind(inner: &Inner) -> bool {
    inner.behind.load(Ordering::Relaxed) >= MOST_BEHIND
}

/// Integrates what is committed until the engine stops, and what is left then.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        let poked = inner.pokes.sequencer.notified();
        match integrate(&inner).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::error!(%error, "the log was not extended; it will be tried again"),
        }
        if let Ok((_, waiting)) = inner.store.backlog().await {
            inner.behind.store(waiting, Ordering::Relaxed);
        }
        tokio::select! {
            () = poked => {}
            () = tokio::time::sleep(PAUSE) => {}
            () = inner.stopping.cancelled() => return,
        }
    }
}

/// The tiles of this list, from the store.
pub(crate) async fn read_tiles(store: &Store, ids: &[TileId]) -> Result<TileSet, EngineError> {
    let mut set = TileSet::new();
    for id in ids {
        let Some(row) = store.tile(id.level(), id.index()).await? else {
            return Err(EngineError::defect("ledger", &format!("{id} is not in the store")));
        };
        let stored = TileId::new(row.level, row.index, row.width).map_err(|e| EngineError::defect("ledger", &e))?;
        set.insert(stored, &row.bytes).map_err(|e| EngineError::defect("ledger", &e))?;
    }
    Ok(set)
}

/// The last signed head.
pub(crate) async fn head(inner: &Inner) -> Result<Option<(Checkpoint, String)>, EngineError> {
    let Some((size, note)) = inner.store.head().await? else { return Ok(None) };
    let checkpoint = Checkpoint::open(&note, &inner.key.verifier).map_err(|e| EngineError::defect("ledger", &e))?;
    if checkpoint.size != size {
        return Err(EngineError::defect("ledger", &"the stored head and its note differ"));
    }
    Ok(Some((checkpoint, note)))
}

/// Integrates one batch; how many events it had.
pub(crate) async fn integrate(inner: &Inner) -> Result<usize, EngineError> {
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("ledger", e);
    let events = inner.store.unsequenced(BATCH).await?;
    if events.is_empty() {
        return Ok(0);
    }
    let last = head(inner).await?.map(|(checkpoint, _)| checkpoint);
    let old_size = last.as_ref().map_or(0, |c| c.size);
    let mut hashes = Vec::with_capacity(events.len());
    for event in &events {
        let leaf = Leaf::parse(&event.leaf).map_err(|e| defect(&e))?;
        if leaf.fields().stream != event.stream || leaf.fields().n != event.n {
            return Err(defect(&format!("the leaf of {}/{} says otherwise", event.stream, event.n)));
        }
        hashes.push(leaf.hash());
    }
    let mut tiles = read_tiles(&inner.store, &tree::tiles_for_root(old_size)).await?;
    let written = tree::append(&tiles, old_size, &hashes).map_err(|e| defect(&e))?;
    for (id, bytes) in &written {
        tiles.insert(*id, bytes).map_err(|e| defect(&e))?;
    }
    let size = old_size + hashes.len() as u64;
    let root = tree::root(size, &tiles).map_err(|e| defect(&e))?;
    if let Some(last) = &last {
        let proof = tree::consistency_proof(last.size, size, &tiles).map_err(|e| defect(&e))?;
        tree::verify_consistency(last.size, last.root, size, root, &proof).map_err(|e| defect(&e))?;
    }
    let checkpoint = Checkpoint { origin: inner.key.origin.clone(), size, root };
    let note = checkpoint.sign(&inner.key.signing).map_err(|e| defect(&e))?;
    let mut write = inner.store.write().await?;
    for (index, event) in (old_size..).zip(&events) {
        write.sequence(event.position, index).await?;
    }
    for (id, bytes) in written {
        let row = TileRow { level: id.level(), index: id.index(), width: id.width(), bytes };
        write.put_tile(&row).await?;
    }
    write.put_head(old_size, size, &note).await?;
    write.commit().await?;
    inner.published.send_replace(size);
    Ok(events.len())
}
