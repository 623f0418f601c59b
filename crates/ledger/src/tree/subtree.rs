//! Complete subtrees: every root and proof is made of their hashes, and each lies within one tile.

use super::tile::{TILE_HEIGHT, TILE_WIDTH, TileId};
use super::{TileSet, TreeError, complete_root, node_hash};
use crate::Hash;

/// The complete subtree over the leaves `index << height .. (index + 1) << height`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subtree {
    height: u32,
    index: u64,
}

/// A run of leaves whose root is one element of a proof, as complete subtrees from left to right.
pub(super) type Run = Vec<Subtree>;

impl Subtree {
    fn level(self) -> u8 {
        // A height is below 64, so its level is below 8.
        u8::try_from(self.height / TILE_HEIGHT).unwrap_or(u8::MAX)
    }

    /// The place in its tile's level of the first of the hashes that it is computed from, and their number.
    fn hashes(self) -> (u64, u64) {
        let height_in_tile = self.height % TILE_HEIGHT;
        (self.index << height_in_tile, 1 << height_in_tile)
    }

    /// The tile that holds it, as it is in a tree of `size` leaves.
    fn tile(self, size: u64) -> Option<TileId> {
        TileId::in_tree(self.level(), self.hashes().0 / u64::from(TILE_WIDTH), size)
    }

    fn hash(self, tiles: &TileSet) -> Result<Hash, TreeError> {
        let (first, count) = self.hashes();
        Ok(complete_root(tiles.hashes(self.level(), first, count)?))
    }
}

/// The complete subtrees over the leaves `first .. end`, which must be a run that RFC 6962 splits a tree into.
pub(super) fn run(first: u64, end: u64) -> Run {
    let mut subtrees = Run::new();
    let mut first = first;
    while first < end {
        let height = (end - first).ilog2();
        subtrees.push(Subtree { height, index: first >> height });
        first += 1 << height;
    }
    subtrees
}

/// The root over a run that is not empty.
pub(super) fn run_hash(run: &Run, tiles: &TileSet) -> Result<Option<Hash>, TreeError> {
    let mut root = None;
    for subtree in run.iter().rev() {
        let left = subtree.hash(tiles)?;
        root = Some(root.map_or(left, |right| node_hash(&left, &right)));
    }
    Ok(root)
}

/// The tiles that hold these runs in a tree of `size` leaves, each once, by level and index.
pub(super) fn tiles_of(runs: &[Run], size: u64) -> Vec<TileId> {
    let mut tiles: Vec<TileId> = runs.iter().flatten().filter_map(|subtree| subtree.tile(size)).collect();
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}
