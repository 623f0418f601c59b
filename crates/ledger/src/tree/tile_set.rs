//! The tiles that an operation works on.

use std::collections::BTreeMap;

use super::{TILE_WIDTH, TileId, TreeError};
use crate::Hash;

/// Tiles in memory, filled by the caller. At each place (level and index) it holds the widest tile that was added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TileSet {
    tiles: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl TileSet {
    /// A set without tiles.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tile: its hashes one after the other, 32 bytes each. A wider tile may stand in for a narrower one at
    /// the same place, since it begins with the same hashes.
    pub fn insert(&mut self, id: TileId, bytes: &[u8]) -> Result<(), TreeError> {
        let (hashes, rest) = bytes.as_chunks::<{ Hash::LENGTH }>();
        if !rest.is_empty() || hashes.len() != usize::from(id.width()) {
            let expected = usize::from(id.width()) * Hash::LENGTH;
            return Err(TreeError::TileLength { tile: id, expected, found: bytes.len() });
        }
        let present = self.tiles.entry((id.level(), id.index())).or_default();
        if present.iter().zip(hashes).any(|(present, added)| present.as_bytes() != added) {
            return Err(TreeError::TileConflict { tile: id });
        }
        present.extend(hashes.iter().skip(present.len()).copied().map(Hash::from_bytes));
        Ok(())
    }

    /// Whether the set can stand in for this tile: it has one at its place that is at least as wide.
    pub fn contains(&self, id: TileId) -> bool {
        self.tiles
            .get(&(id.level(), id.index()))
            .is_some_and(|hashes| hashes.len() >= usize::from(id.width()))
    }

    /// Drops every tile whose place is not among these, so that a set that is kept from one append to the next stays
    /// as small as the tree's right edge.
    pub fn retain(&mut self, keep: &[TileId]) {
        self.tiles.retain(|place, _| keep.iter().any(|id| (id.level(), id.index()) == *place));
    }

    /// The `count` hashes of a level from the `first` on; they must lie within one tile.
    pub(super) fn hashes(&self, level: u8, first: u64, count: u64) -> Result<&[Hash], TreeError> {
        if count == 0 {
            return Ok(&[]);
        }
        let width = u64::from(TILE_WIDTH);
        let (index, offset) = (first / width, first % width);
        let (from, to) = (usize::try_from(offset), usize::try_from(offset + count));
        let present = self.tiles.get(&(level, index));
        match (present, from, to) {
            (Some(hashes), Ok(from), Ok(to)) => hashes.get(from..to),
            _ => None,
        }
        .ok_or_else(|| {
            let least = usize::try_from(offset + count).unwrap_or(usize::from(TILE_WIDTH));
            TreeError::MissingTile { tile: TileId::of_hashes(level, index, least) }
        })
    }
}
