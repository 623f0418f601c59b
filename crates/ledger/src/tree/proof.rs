//! Roots and proofs out of stored tiles.

use super::subtree::{Run, run, run_hash, tiles_of};
use super::{TileId, TileSet, TreeError, empty_root};
use crate::Hash;

/// The tiles that [`root`] reads for a tree of `size` leaves, which are also those that
/// [`append`](super::append()) needs: the incomplete tiles at the tree's right edge.
pub fn tiles_for_root(size: u64) -> Vec<TileId> {
    tiles_of(&[run(0, size)], size)
}

/// The tiles that [`inclusion_proof`] reads.
pub fn tiles_for_inclusion(index: u64, size: u64) -> Result<Vec<TileId>, TreeError> {
    Ok(tiles_of(&inclusion_runs(index, size)?, size))
}

/// The tiles that [`consistency_proof`] reads.
pub fn tiles_for_consistency(older: u64, newer: u64) -> Result<Vec<TileId>, TreeError> {
    Ok(tiles_of(&consistency_runs(older, newer)?, newer))
}

/// The root of a tree of `size` leaves (RFC 6962, section 2.1).
pub fn root(size: u64, tiles: &TileSet) -> Result<Hash, TreeError> {
    Ok(run_hash(&run(0, size), tiles)?.unwrap_or_else(empty_root))
}

/// The proof that the leaf at `index` (from 0) is in the tree of `size` leaves (RFC 6962, section 2.1.1), from the
/// leaf's sibling up to the root's child.
pub fn inclusion_proof(index: u64, size: u64, tiles: &TileSet) -> Result<Vec<Hash>, TreeError> {
    hashes(&inclusion_runs(index, size)?, tiles)
}

/// The proof that the tree of `newer` leaves extends that of `older` (RFC 6962, section 2.1.2). It is empty when the
/// sizes are equal or the older tree is empty.
pub fn consistency_proof(older: u64, newer: u64, tiles: &TileSet) -> Result<Vec<Hash>, TreeError> {
    hashes(&consistency_runs(older, newer)?, tiles)
}

fn hashes(runs: &[Run], tiles: &TileSet) -> Result<Vec<Hash>, TreeError> {
    runs.iter().filter_map(|run| run_hash(run, tiles).transpose()).collect()
}

/// Where RFC 6962 splits a tree of `leaves` > 1: the greatest power of two below it.
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

fn inclusion_runs(index: u64, size: u64) -> Result<Vec<Run>, TreeError> {
    if index >= size {
        return Err(TreeError::IndexBeyondTree { index, size });
    }
    let (mut first, mut end) = (0, size);
    let mut runs = Vec::new();
    while end - first > 1 {
        let middle = first + split(end - first);
        if index < middle {
            runs.push(run(middle, end));
            end = middle;
        } else {
            runs.push(run(first, middle));
            first = middle;
        }
    }
    runs.reverse();
    Ok(runs)
}

fn consistency_runs(older: u64, newer: u64) -> Result<Vec<Run>, TreeError> {
    if older > newer {
        return Err(TreeError::SizesReversed { older, newer });
    }
    if older == 0 {
        return Ok(Vec::new());
    }
    let (mut first, mut end) = (0, newer);
    let mut runs = Vec::new();
    while older < end {
        let middle = first + split(end - first);
        if older <= middle {
            runs.push(run(middle, end));
            end = middle;
        } else {
            runs.push(run(first, middle));
            first = middle;
        }
    }
    // The verifier knows the older root already when all of the older tree is one subtree.
    if first > 0 {
        runs.push(run(first, end));
    }
    runs.reverse();
    Ok(runs)
}
