//! Appending leaves.

use super::tile::TILE_HEIGHT;
use super::{TILE_WIDTH, TileId, TileSet, TreeError, complete_root};
use crate::Hash;

/// Appends leaves to the tree of `old_size` leaves and returns the tiles to store, complete and incomplete ones, by
/// level and index.
///
/// `tail` holds the tiles of [`tiles_for_root`](super::tiles_for_root)`(old_size)`. The work is in proportion to the
/// new leaves and the tree's right edge. A complete tile never changes again; an incomplete one is replaced by a wider
/// one at the same place, and C2SP asks to keep serving those that a published checkpoint needs until the complete
/// one is there. Adding the returned tiles to `tail` gives what the next append and the new root need.
pub fn append(
    tail: &TileSet,
    old_size: u64,
    new_leaf_hashes: &[Hash],
) -> Result<Vec<(TileId, Vec<u8>)>, TreeError> {
    let added = u64::try_from(new_leaf_hashes.len()).map_err(|_| TreeError::Full)?;
    old_size.checked_add(added).ok_or(TreeError::Full)?;
    let width = u64::from(TILE_WIDTH);
    let mut written = Vec::new();
    let mut new_hashes = new_leaf_hashes.to_vec();
    let mut before = old_size;
    let mut level = 0;
    while !new_hashes.is_empty() {
        let kept = before % width;
        let mut hashes = tail.hashes(level, before - kept, kept)?.to_vec();
        hashes.append(&mut new_hashes);
        for (index, tile) in (before / width..).zip(hashes.chunks(usize::from(TILE_WIDTH))) {
            let id = TileId::of_hashes(level, index, tile.len());
            written.push((id, tile.iter().flat_map(|hash| *hash.as_bytes()).collect()));
            if id.is_complete() {
                new_hashes.push(complete_root(tile));
            }
        }
        before >>= TILE_HEIGHT;
        level += 1;
    }
    Ok(written)
}
