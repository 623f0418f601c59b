//! The append-only Merkle tree of RFC 6962 (section 2.1) and RFC 9162 (section 2.1), stored as C2SP tlog-tiles.
//!
//! The tree is never held as a whole. A caller asks which tiles an operation needs (`tiles_for_…`), reads those from
//! wherever they are stored into a [`TileSet`], and calls the operation:
//!
//! | to | read | then call |
//! |---|---|---|
//! | compute a root | [`tiles_for_root`] | [`root`] |
//! | append leaves | [`tiles_for_root`] of the old size | [`append`], and store the tiles it returns |
//! | prove that a leaf is included | [`tiles_for_inclusion`] | [`inclusion_proof`] |
//! | prove that a tree extends an older one | [`tiles_for_consistency`] | [`consistency_proof`] |
//!
//! Each needs at most two tiles for every eight levels of the tree, whatever its size. Proofs are checked by
//! [`verify_inclusion`] and [`verify_consistency`], which need no tiles.

mod append;
mod proof;
mod subtree;
mod tile;
mod tile_set;
mod verify;

pub use append::append;
pub use proof::{
    consistency_proof, inclusion_proof, root, tiles_for_consistency, tiles_for_inclusion, tiles_for_root,
};
pub use tile::{TILE_WIDTH, TileId, TileIdError};
pub(crate) use tile::{read_index_and_width, write_index_and_width};
pub use tile_set::TileSet;
pub use verify::{ProofError, verify_consistency, verify_inclusion};

use sha2::{Digest, Sha256};

use crate::Hash;

/// Why a root, a proof or an append cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A tile that the operation needs is not in the set, or is there with fewer hashes.
    #[error("{tile} is needed: read the tiles that `tiles_for_…` lists before the call")]
    MissingTile {
        /// The least tile that would do.
        tile: TileId,
    },
    /// A tile's bytes are not as many as its width says.
    #[error("{tile} must have {expected} bytes, it has {found}: the stored tile is damaged")]
    TileLength {
        /// The tile.
        tile: TileId,
        /// How many bytes it must have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// Two tiles at the same place disagree on a hash that both have.
    #[error("{tile} contradicts another tile at its place: one of them is damaged or from another tree")]
    TileConflict {
        /// The tile that was to be added.
        tile: TileId,
    },
    /// There is no such leaf in a tree of that size.
    #[error("a tree of {size} leaves has no leaf {index}")]
    IndexBeyondTree {
        /// The leaf's index, from 0.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// The older tree is larger than the newer one.
    #[error("a tree of {newer} leaves cannot extend one of {older}")]
    SizesReversed {
        /// The older tree's size.
        older: u64,
        /// The newer tree's size.
        newer: u64,
    },
    /// The tree would have more leaves than a 64-bit number can count.
    #[error("the tree is full")]
    Full,
}

/// The hash of a leaf: SHA-256 of the byte 0x00 and the leaf's bytes.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash::from_bytes(Sha256::new().chain_update([0]).chain_update(leaf).finalize().into())
}

/// The hash of a node: SHA-256 of the byte 0x01 and the hashes of its two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let hash = Sha256::new().chain_update([1]).chain_update(left.as_bytes()).chain_update(right.as_bytes());
    Hash::from_bytes(hash.finalize().into())
}

/// The root over hashes that are the leaves of a complete tree: their number is a power of two.
fn complete_root(hashes: &[Hash]) -> Hash {
    let mut hashes = hashes.to_vec();
    while hashes.len() > 1 {
        hashes = hashes.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    hashes.first().copied().unwrap_or_else(empty_root)
}

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash::from_bytes(Sha256::digest([]).into())
}
