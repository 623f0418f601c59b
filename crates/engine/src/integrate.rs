//! How events come into the log, so that a crash at any point loses nothing, doubles nothing, and signs nothing twice.
//!
//! | step | what | after a crash just behind it, the next one finds |
//! |---|---|---|
//! | 1 | compare the anchor, the head and the database; refuse what does not continue the log | nothing new |
//! | 2 | give a batch of events their indices, and write the tiles: one transaction | events with an index that no head covers; it goes on at step 3 with exactly these |
//! | 3 | read leaves and tiles back from the store, hash the leaves again, compute tiles and root from that alone, prove that the new tree extends the last head | the same |
//! | 4 | sign | the same: nobody has seen the signature, and Ed25519 gives the same one again |
//! | 5 | put the signed head into the anchor, durably | an anchor that is ahead of the head; the database has all it covers with the same root, so that very note is published |
//! | 6 | put it into the database, where the head is still the one that was extended: it is published | all done |
//!
//! The anchor comes before the publication: whatever anybody can have seen is in the anchor, so an older copy of the
//! database is behind the anchor and is recognized. The indices come before the signature: whatever was signed is in
//! the database, so an anchor that is ahead of an honest database is always one step, and never a loss. Indices are
//! unique in the database, and the head is replaced only by whoever extended it: of two sequencers on one database one
//! fails; of two on copies of one, the second finds an anchor that its database does not continue.
//!
//! A server that takes over, with an anchor of its own that was not there for the last heads, finds a head that
//! extends its anchor's, signed with the same key: it moves its anchor forward. An anchor never moves back.

use tenure_ledger::chain::KeyChain;
use tenure_ledger::checkpoint::Checkpoint;
use tenure_ledger::leaf::Leaf;
use tenure_ledger::tree::{self, TileId};
use tenure_ledger::{Hash, note};
use tenure_store::{EventRow, Store, TileRow, Write};

use crate::EngineError;
use crate::anchor::Anchor;
use crate::continuity::{Continuity, LogRefusal, judge, read_anchor};
use crate::inner::LogKey;
use crate::sequencer::read_tiles;

fn defect(e: &dyn std::fmt::Display) -> EngineError {
    EngineError::defect("ledger", e)
}

/// What it takes to extend a log.
#[derive(Clone, Copy)]
pub(crate) struct Integration<'a> {
    pub store: &'a Store,
    pub key: &'a LogKey,
    pub chain: &'a KeyChain,
    pub anchor: &'a dyn Anchor,
    /// The key that takes over: it signs too.
    pub successor: Option<&'a LogKey>,
    /// The epoch in which this process leads; none where no server runs beside.
    pub epoch: Option<i64>,
}

/// What was published last.
pub(crate) struct Head {
    pub checkpoint: Checkpoint,
    pub note: String,
}

/// What step 1 finds.
pub(crate) struct Found {
    anchored: Option<String>,
    head: Option<Head>,
    indexed: u64,
    continuity: Continuity,
}

/// The last published head; none before the first.
pub(crate) async fn head(store: &Store, chain: &KeyChain) -> Result<Option<Head>, EngineError> {
    let Some((size, note)) = store.head().await? else { return Ok(None) };
    let checkpoint =
        Checkpoint::open(&note, chain).map_err(|error| LogRefusal::OtherKey { detail: error.to_string() })?;
    if checkpoint.size != size {
        return Err(defect(&"the stored head and its note differ"));
    }
    Ok(Some(Head { checkpoint, note }))
}

impl Integration<'_> {
    async fn write(&self) -> Result<Write, EngineError> {
        let mut write = self.store.write().await?;
        if let Some(epoch) = self.epoch {
            write.fence(epoch).await?;
        }
        Ok(write)
    }

    /// Step 1: changes nothing.
    pub async fn found(&self) -> Result<Found, EngineError> {
        if let Some(size) = self.chain.replaced_at(&self.key.verifier) {
            return Err(LogRefusal::Superseded { size }.into());
        }
        let anchored = self.anchor.read().await?;
        // A head that no key of ours signed is told first: the anchor is then another log's, and not damaged.
        let head = head(self.store, self.chain).await?;
        let anchor = anchored.as_deref().map(|note| read_anchor(note, self.chain)).transpose()?;
        let indexed = self.store.indexed().await?;
        let signed = head.as_ref().map(|head| &head.checkpoint);
        let continuity = judge(self.store, anchor.as_ref(), signed, indexed).await?;
        Ok(Found { anchored, head, indexed, continuity })
    }

    /// Does the steps for at most `most` events; the size of the log after, and how many were published.
    pub async fn step(&self, most: u32) -> Result<(u64, u64), EngineError> {
        let Found { mut anchored, head, indexed, continuity } = self.found().await?;
        let published = head.as_ref().map_or(0, |head| head.checkpoint.size);
        match (continuity, &head) {
            (Continuity::Unpublished(checkpoint), _) => {
                if self.read_back(head.as_ref(), checkpoint.size, &[]).await? != checkpoint.root {
                    return Err(LogRefusal::Forked { signed: checkpoint.size }.into());
                }
                self.publish(published, checkpoint.size, &anchored.unwrap_or_default()).await?;
                return Ok((checkpoint.size, checkpoint.size - published));
            }
            (Continuity::AnchorBehind, Some(head)) => {
                self.anchor.advance(anchored.as_deref(), &head.note).await?;
                anchored = Some(head.note.clone());
            }
            (Continuity::Level | Continuity::AnchorBehind, _) => {}
        }
        let (size, checked) =
            if indexed > published { (indexed, Vec::new()) } else { self.index(head.as_ref(), most).await? };
        if size == published {
            return Ok((size, 0));
        }
        let root = self.read_back(head.as_ref(), size, &checked).await?;
        let note = self.sign(size, root)?;
        self.anchor.advance(anchored.as_deref(), &note).await?;
        self.publish(published, size, &note).await?;
        Ok((size, size - published))
    }

    /// Step 2: the size with the batch, and the batch.
    async fn index(&self, head: Option<&Head>, most: u32) -> Result<(u64, Vec<Checked>), EngineError> {
        let size = head.map_or(0, |head| head.checkpoint.size);
        let events = self.store.unsequenced(most).await?;
        let Some(newest) = events.last() else { return Ok((size, Vec::new())) };
        let hashes = hashes(&events)?;
        let tail = read_tiles(self.store, &tree::tiles_for_root(size)).await?;
        // Nothing is built on tiles that are not those of the signed head.
        if head.is_some_and(|head| tree::root(size, &tail) != Ok(head.checkpoint.root)) {
            return Err(defect(&"the tiles do not give the root that was signed"));
        }
        let tiles = tree::append(&tail, size, &hashes).map_err(|e| defect(&e))?;
        let mut write = self.write().await?;
        write.sequence(newest.position, size, events.len() as u64).await?;
        for (id, bytes) in tiles {
            let row = TileRow { level: id.level(), index: id.index(), width: id.width(), bytes };
            write.put_tile(&row).await?;
        }
        write.commit().await?;
        let size = size + events.len() as u64;
        let checked = events.into_iter().zip(hashes);
        Ok((size, checked.map(|(EventRow { stream, n, .. }, hash)| Checked { stream, n, hash }).collect()))
    }

    /// Step 3: the root of the tree of `size` leaves, from what is in the store. A leaf that was checked already is only
    /// hashed again: of the same hash, it is the same.
    async fn read_back(
        &self,
        head: Option<&Head>,
        size: u64,
        checked: &[Checked],
    ) -> Result<Hash, EngineError> {
        let published = head.map_or(0, |head| head.checkpoint.size);
        let leaves = self.store.sequenced(published, size).await?;
        if leaves.len() as u64 != size - published
            || (published..).zip(&leaves).any(|(index, leaf)| leaf.leaf_index != Some(index))
        {
            return Err(defect(&format!("not every index from {published} to {size} has its event")));
        }
        let tail = read_tiles(self.store, &tree::tiles_for_root(published)).await?;
        let again: Vec<Hash> = leaves.iter().map(|event| tree::leaf_hash(&event.leaf)).collect();
        let same = |((event, hash), checked): ((&EventRow, &Hash), &Checked)| {
            (&event.stream, event.n, hash) == (&checked.stream, checked.n, &checked.hash)
        };
        let hashes = if checked.len() == leaves.len() && leaves.iter().zip(&again).zip(checked).all(same) {
            again
        } else {
            hashes(&leaves)?
        };
        let Extension { root, tiles } = extend(head.map(|head| &head.checkpoint), tail, &hashes)?;
        for (id, bytes) in &tiles {
            let stored = self.store.tile(id.level(), id.index()).await?;
            if !stored.is_some_and(|row| row.bytes.starts_with(bytes)) {
                return Err(defect(&format!("{id} was not read back as it was written")));
            }
        }
        Ok(root)
    }

    /// Step 4.
    fn sign(&self, size: u64, root: Hash) -> Result<String, EngineError> {
        let checkpoint = Checkpoint { origin: self.key.origin.clone(), size, root };
        let note = checkpoint.sign(&self.key.signing).map_err(|e| defect(&e))?;
        match self.successor {
            Some(to) => note::sign_too(&note, &to.origin, &to.signing).map_err(|e| defect(&e)),
            None => Ok(note),
        }
    }

    /// Step 6.
    async fn publish(&self, before: u64, size: u64, note: &str) -> Result<(), EngineError> {
        let mut write = self.write().await?;
        write.put_head(before, size, note).await?;
        Ok(write.commit().await?)
    }
}

/// An event whose leaf was found to be its own.
struct Checked {
    stream: String,
    n: u64,
    hash: Hash,
}

/// The hashes of these events' leaves, each of which has to be the leaf of its own event.
fn hashes(events: &[EventRow]) -> Result<Vec<Hash>, EngineError> {
    let hash = |event: &EventRow| {
        let leaf = Leaf::parse(&event.leaf).map_err(|e| defect(&e))?;
        if leaf.fields().stream != event.stream || leaf.fields().n != event.n {
            return Err(defect(&format!("the leaf of {}/{} says otherwise", event.stream, event.n)));
        }
        Ok(leaf.hash())
    };
    events.iter().map(hash).collect()
}

/// What a batch makes of the log.
struct Extension {
    root: Hash,
    tiles: Vec<(TileId, Vec<u8>)>,
}

/// Appends a batch to the log of the last signed head, and proves that the new log extends exactly that one. `tail`
/// holds the tiles of [`tree::tiles_for_root`] of the old size: they have the old tree's right edge, and with what the
/// batch writes that is all a proof from the old size needs.
fn extend(
    last: Option<&Checkpoint>,
    mut tail: tree::TileSet,
    hashes: &[Hash],
) -> Result<Extension, EngineError> {
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
    Ok(Extension { root, tiles })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tenure_ledger::tree::TileSet;

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
            self.head = Some(Checkpoint { origin: "log.example".into(), size: old + count, root: done.root });
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
