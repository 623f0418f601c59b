//! The definitions of RFC 6962, section 2.1, written down naively.

use tenure_ledger::Hash;
use tenure_ledger::tree::{empty_root, leaf_hash, node_hash};

pub fn leaf_hashes(count: usize) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

/// The largest power of two smaller than n.
fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// MTH of RFC 6962, section 2.1, over the hashes of the leaves.
pub fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

/// PATH of RFC 6962, section 2.1.1.
pub fn naive_inclusion(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) = if index < k {
        (naive_inclusion(index, left), naive_root(right))
    } else {
        (naive_inclusion(index - k, right), naive_root(left))
    };
    path.push(sibling);
    path
}

/// PROOF of RFC 6962, section 2.1.2; empty for the empty older tree.
pub fn naive_consistency(older: usize, leaves: &[Hash]) -> Vec<Hash> {
    if older == 0 { Vec::new() } else { subproof(older, leaves, true) }
}

fn subproof(m: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if known { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if m <= k {
        (subproof(m, left, known), naive_root(right))
    } else {
        (subproof(m - k, right, false), naive_root(left))
    };
    proof.push(sibling);
    proof
}
