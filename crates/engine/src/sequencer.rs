//! The sequencer: gives events their place in the log, and signs the log's head.
//!
//! Committed events are integrated in batches. Each leaf is read back from the store and hashed as read; the new head
//! is proved to extend the last signed one before it is signed; tiles, indices and head change in one transaction.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tenure_ledger::Hash;
use tenure_ledger::checkpoint::Checkpoint;
use tenure_ledger::leaf::Leaf;
use tenure_ledger::tree::{self, TileId, TileSet};
use tenure_store::{Store, TileRow};
use tokio_util::sync::CancellationToken;

use crate::inner::Inner;
use crate::{EngineError, metrics};

/// The most events integrated under one signature.
const BATCH: u32 = 1_024;

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
        let integrated = integrate(&inner).await;
        if let Ok((_, waiting)) = inner.store.backlog().await {
            inner.behind.store(waiting, Ordering::Relaxed);
        }
        match integrated {
            Ok(0) => {
                tokio::select! {
                    () = poked => {}
                    () = tokio::time::sleep(PAUSE) => {}
                    () = over.cancelled() => return,
                }
            }
            Ok(_) => {}
            // Not at each poke: what cannot be integrated now is read and hashed in vain.
            Err(error) => {
                tracing::error!(%error, source = ?error.source(), "the log was not extended; it will be tried again");
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
    let Some((size, note)) = inner.store.head().await? else { return Ok(None) };
    let checkpoint =
        Checkpoint::open(&note, &inner.key.verifier).map_err(|e| EngineError::defect("ledger", &e))?;
    if checkpoint.size != size {
        return Err(EngineError::defect("ledger", &"the stored head and its note differ"));
    }
    Ok(Some((checkpoint, note)))
}

/// Integrates everything that is committed.
pub(crate) async fn integrate_all(inner: &Inner) -> Result<(), EngineError> {
    while integrate(inner).await? > 0 {}
    Ok(())
}

/// What a batch makes of the log.
struct Extension {
    size: u64,
    root: Hash,
    tiles: Vec<(TileId, Vec<u8>)>,
}

/// Appends a batch to the log of the last signed head, and proves that the new log extends exactly that one. `tail`
/// holds the tiles of [`tree::tiles_for_root`] of the old size: they have the old tree's right edge, and with what the
/// batch writes that is all a proof from the old size needs.
fn extend(last: Option<&Checkpoint>, mut tail: TileSet, hashes: &[Hash]) -> Result<Extension, EngineError> {
    let defect = |e: &dyn std::fmt::Display| EngineError::defect("ledger", e);
    let old_size = last.map_or(0, |c| c.size);
    let tiles = tree::append(&tail, old_size, hashes).map_err(|e| defect(&e))?;
    for (id, bytes) in &tiles {
        tail.insert(*id, bytes).map_err(|e| defect(&e))?;
    }
    let size = old_size + hashes.len() as u64;
    let root = tree::root(size, &tail).map_err(|e| defect(&e))?;
    if let Some(last) = last {
        let proof = tree::consistency_proof(last.size, size, &tail).map_err(|e| defect(&e))?;
        tree::verify_consistency(last.size, last.root, size, root, &proof).map_err(|e| defect(&e))?;
    }
    Ok(Extension { size, root, tiles })
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
    let tail = read_tiles(&inner.store, &tree::tiles_for_root(old_size)).await?;
    let Extension { size, root, tiles } = extend(last.as_ref(), tail, &hashes)?;
    let checkpoint = Checkpoint { origin: inner.key.origin.clone(), size, root };
    let note = checkpoint.sign(&inner.key.signing).map_err(|e| defect(&e))?;
    let mut write = inner.write_as_leader().await?;
    for (index, event) in (old_size..).zip(&events) {
        write.sequence(event.position, index).await?;
    }
    for (id, bytes) in tiles {
        let row = TileRow { level: id.level(), index: id.index(), width: id.width(), bytes };
        write.put_tile(&row).await?;
    }
    write.put_head(old_size, size, &note).await?;
    write.commit().await?;
    inner.published.send_replace(size);
    inner.metrics.batches.inc();
    metrics::note(&inner.metrics.extended_at, std::time::Instant::now());
    Ok(events.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A log that is kept as the store keeps it: the widest version of each tile.
    #[derive(Default)]
    struct Log {
        head: Option<Checkpoint>,
        tiles: BTreeMap<(u8, u64), (TileId, Vec<u8>)>,
    }

    impl Log {
        fn read(&self, ids: &[TileId]) -> TileSet {
            let mut set = TileSet::new();
            for id in ids {
                let (stored, bytes) = &self.tiles[&(id.level(), id.index())];
                set.insert(*stored, bytes).unwrap();
            }
            set
        }

        fn size(&self) -> u64 {
            self.head.as_ref().map_or(0, |c| c.size)
        }

        fn add(&mut self, count: u64) -> Result<(), EngineError> {
            let old = self.size();
            let hashes: Vec<Hash> = (old..old + count).map(|i| tree::leaf_hash(&i.to_be_bytes())).collect();
            let done = extend(self.head.as_ref(), self.read(&tree::tiles_for_root(old)), &hashes)?;
            for (id, bytes) in done.tiles {
                self.tiles.insert((id.level(), id.index()), (id, bytes));
            }
            self.head = Some(Checkpoint { origin: "log.example".into(), size: done.size, root: done.root });
            Ok(())
        }
    }

    #[test]
    fn the_log_is_extended_from_every_size_by_batches_of_every_kind() {
        let mut log = Log::default();
        for _ in 0..520 {
            log.add(1).unwrap();
        }
        for size in [1, 2, 3, 255, 256, 257, 300, 511, 512, 513] {
            for batch in [1, 2, 255, 256, 257, 700] {
                let mut log = Log::default();
                log.add(size).unwrap();
                log.add(batch).unwrap_or_else(|e| panic!("{size} + {batch}: {e}"));
            }
        }
    }

    #[test]
    fn the_log_is_extended_across_the_second_level_of_tiles() {
        let mut log = Log::default();
        log.add(65_500).unwrap();
        for batch in [35, 1, 1, 1, 300] {
            log.add(batch).unwrap();
        }
        assert_eq!(log.size(), 65_838);
    }

    #[test]
    fn a_log_whose_tiles_are_not_those_that_were_signed_is_not_extended() {
        for size in [1, 2, 77, 256, 300, 512] {
            let mut log = Log::default();
            log.add(size).unwrap();
            for id in tree::tiles_for_root(size) {
                let (_, bytes) = log.tiles.get_mut(&(id.level(), id.index())).unwrap();
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
            }
            assert!(log.add(3).is_err(), "{size}");
        }
    }
}
