//! A log kept in memory as a store would keep it.

use std::collections::BTreeMap;

use tenure_ledger::Hash;
use tenure_ledger::tree::{
    TileId, TileSet, append, consistency_proof, inclusion_proof, root, tiles_for_consistency,
    tiles_for_inclusion, tiles_for_root,
};

/// All tiles ever written, by their path: a file server's view.
#[derive(Default)]
pub struct Log {
    pub size: u64,
    pub tiles: BTreeMap<TileId, Vec<u8>>,
}

impl Log {
    pub fn of(leaf_hashes: &[Hash]) -> Self {
        let mut log = Self::default();
        log.append(leaf_hashes);
        log
    }

    pub fn append(&mut self, leaf_hashes: &[Hash]) {
        let tail = self.tiles_of(&tiles_for_root(self.size));
        self.tiles.extend(append(&tail, self.size, leaf_hashes).unwrap());
        self.size += leaf_hashes.len() as u64;
    }

    /// Reads exactly these tiles; a wider one stands in for one that was never written.
    pub fn tiles_of(&self, ids: &[TileId]) -> TileSet {
        let mut set = TileSet::new();
        for id in ids {
            let mut wider =
                (id.width()..=256).map(|width| TileId::new(id.level(), id.index(), width).unwrap());
            let (tile, bytes) = wider.find_map(|id| self.tiles.get_key_value(&id)).unwrap();
            set.insert(*tile, bytes).unwrap();
        }
        set
    }

    pub fn root(&self, size: u64) -> Hash {
        root(size, &self.tiles_of(&tiles_for_root(size))).unwrap()
    }

    pub fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        let tiles = self.tiles_of(&tiles_for_inclusion(index, size).unwrap());
        inclusion_proof(index, size, &tiles).unwrap()
    }

    pub fn consistency(&self, older: u64, newer: u64) -> Vec<Hash> {
        let tiles = self.tiles_of(&tiles_for_consistency(older, newer).unwrap());
        consistency_proof(older, newer, &tiles).unwrap()
    }
}
