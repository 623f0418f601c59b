//! Checking proofs, as RFC 9162 describes it.

use super::{empty_root, node_hash};
use crate::Hash;

/// Why a proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
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
    /// The proof has too many or too few hashes for these sizes.
    #[error("the proof has {found} hashes, which is not the number that trees of these sizes need")]
    Length {
        /// How many it has.
        found: usize,
    },
    /// The proof leads to another root.
    #[error("the proof leads to the root {found}, not to {expected}")]
    Root {
        /// The root it must lead to.
        expected: Hash,
        /// The root it leads to.
        found: Hash,
    },
}

/// Checks that the leaf with this hash is at `index` (from 0) in the tree with this size and root (RFC 9162, section
/// 2.1.3.2).
pub fn verify_inclusion(
    leaf_hash: Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexBeyondTree { index, size });
    }
    let mut walk = Walk { node: index, last: size - 1 };
    let mut found = leaf_hash;
    for sibling in proof {
        found = match walk.up(proof.len())? {
            Side::Left => node_hash(sibling, &found),
            Side::Right => node_hash(&found, sibling),
        };
    }
    walk.finish(proof.len())?;
    same_root(root, found)
}

/// Checks that the tree with the newer size and root extends the one with the older (RFC 9162, section 2.1.4.2).
/// Trees of equal size must have equal roots, and every tree extends the empty one; both take an empty proof.
pub fn verify_consistency(
    older: u64,
    older_root: Hash,
    newer: u64,
    newer_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if older > newer {
        return Err(ProofError::SizesReversed { older, newer });
    }
    if older == 0 || older == newer {
        if !proof.is_empty() {
            return Err(ProofError::Length { found: proof.len() });
        }
        let expected = if older == 0 { empty_root() } else { newer_root };
        return same_root(expected, older_root);
    }
    // When all of the older tree is one complete subtree, its root is the first hash, and the proof leaves it out.
    let (start, rest) = match proof.split_first() {
        _ if older.is_power_of_two() => (older_root, proof),
        Some((first, rest)) => (*first, rest),
        None => return Err(ProofError::Length { found: 0 }),
    };
    let mut walk = Walk { node: older - 1, last: newer - 1 };
    walk.skip_right_children();
    let (mut found_older, mut found_newer) = (start, start);
    for sibling in rest {
        match walk.up(proof.len())? {
            Side::Left => {
                found_older = node_hash(sibling, &found_older);
                found_newer = node_hash(sibling, &found_newer);
            }
            Side::Right => found_newer = node_hash(&found_newer, sibling),
        }
    }
    walk.finish(proof.len())?;
    same_root(older_root, found_older)?;
    same_root(newer_root, found_newer)
}

fn same_root(expected: Hash, found: Hash) -> Result<(), ProofError> {
    if expected == found { Ok(()) } else { Err(ProofError::Root { expected, found }) }
}

enum Side {
    Left,
    Right,
}

/// The way from a node up to the root: the node's number in its level and that of the level's last node.
struct Walk {
    node: u64,
    last: u64,
}

impl Walk {
    /// Goes to the parent and tells on which side the sibling was. A last node without a sibling is its own parent,
    /// so the walk passes such levels over.
    fn up(&mut self, proof_length: usize) -> Result<Side, ProofError> {
        if self.last == 0 {
            return Err(ProofError::Length { found: proof_length });
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            while self.node & 1 == 0 && self.node != 0 {
                self.shift();
            }
            Side::Left
        } else {
            Side::Right
        };
        self.shift();
        Ok(side)
    }

    fn skip_right_children(&mut self) {
        while self.node & 1 == 1 {
            self.shift();
        }
    }

    fn finish(&self, proof_length: usize) -> Result<(), ProofError> {
        if self.last == 0 { Ok(()) } else { Err(ProofError::Length { found: proof_length }) }
    }

    fn shift(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }
}
