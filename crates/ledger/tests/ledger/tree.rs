//! The Merkle tree against RFC 6962's own definitions, written down naively here, and against published vectors.

use proptest::prelude::*;
use tenure_ledger::Hash;
use tenure_ledger::tree::{
    ProofError, TileId, TileSet, TreeError, append, consistency_proof, empty_root, inclusion_proof,
    leaf_hash, root, tiles_for_consistency, tiles_for_inclusion, tiles_for_root, verify_consistency,
    verify_inclusion,
};

use crate::log::Log;
use crate::rfc6962::{leaf_hashes, naive_consistency, naive_inclusion, naive_root};

/// The inputs and roots of the Certificate Transparency project's tests of RFC 6962.
const INPUTS: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hash(text: &str) -> Hash {
    text.parse().unwrap()
}

fn certificate_transparency_leaves() -> Vec<Hash> {
    INPUTS.iter().map(|input| leaf_hash(&hex::decode(input).unwrap())).collect()
}

#[test]
fn the_roots_are_those_of_certificate_transparency() {
    assert_eq!(empty_root(), hash(ROOTS[0]));
    let leaves = certificate_transparency_leaves();
    for (size, expected) in ROOTS.iter().enumerate() {
        let log = Log::of(&leaves[..size]);
        assert_eq!(log.root(log.size), hash(expected));
    }
}

#[test]
fn the_proofs_are_those_of_certificate_transparency() {
    let log = Log::of(&certificate_transparency_leaves());
    let inclusions: [(u64, u64, &[&str]); 4] = [
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (index, size, expected) in inclusions {
        let expected: Vec<Hash> = expected.iter().map(|text| hash(text)).collect();
        assert_eq!(log.inclusion(index, size), expected);
    }
    let consistencies: [(u64, u64, &[&str]); 3] = [
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (older, newer, expected) in consistencies {
        let expected: Vec<Hash> = expected.iter().map(|text| hash(text)).collect();
        assert_eq!(log.consistency(older, newer), expected);
    }
}

#[test]
fn every_proof_of_every_small_tree_is_the_naive_one_and_verifies() {
    let leaves = leaf_hashes(40);
    let log = Log::of(&leaves);
    for size in 0..=40_u64 {
        let tree = &leaves[..usize::try_from(size).unwrap()];
        let root = naive_root(tree);
        assert_eq!(log.root(size), root);
        for index in 0..size {
            let at = usize::try_from(index).unwrap();
            let proof = log.inclusion(index, size);
            assert_eq!(proof, naive_inclusion(at, tree));
            assert_eq!(verify_inclusion(leaves[at], index, size, &proof, root), Ok(()));
        }
        for older in 0..=size {
            let at = usize::try_from(older).unwrap();
            let proof = log.consistency(older, size);
            assert_eq!(proof, naive_consistency(at, tree), "{older} in {size}");
            assert_eq!(verify_consistency(older, naive_root(&leaves[..at]), size, root, &proof), Ok(()));
        }
    }
}

#[test]
fn a_tree_of_70_000_leaves_has_the_tiles_that_the_specification_lists() {
    let leaves = leaf_hashes(70_000);
    let log = Log::of(&leaves);
    assert_eq!(log.root(70_000), naive_root(&leaves));
    let at_level = |level| log.tiles.keys().filter(|tile| tile.level() == level).copied().collect::<Vec<_>>();
    assert_eq!(at_level(0).len(), 274);
    assert_eq!(at_level(0)[273].path(), "tile/0/273.p/112");
    assert_eq!(at_level(1).iter().map(TileId::path).collect::<Vec<_>>(), ["tile/1/000", "tile/1/001.p/17"]);
    assert_eq!(at_level(2).iter().map(TileId::path).collect::<Vec<_>>(), ["tile/2/000.p/1"]);
    assert!(log.tiles.keys().all(|tile| tile.exists_in(70_000)));
    let edge: Vec<String> = tiles_for_root(70_000).iter().map(TileId::path).collect();
    assert_eq!(edge, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    for index in [0, 1, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999] {
        let proof = log.inclusion(index, 70_000);
        let leaf = leaves[usize::try_from(index).unwrap()];
        assert_eq!(verify_inclusion(leaf, index, 70_000, &proof, log.root(70_000)), Ok(()));
    }
}

#[test]
fn a_tree_of_256_leaves_has_one_hash_at_the_next_level() {
    let log = Log::of(&leaf_hashes(256));
    assert_eq!(log.tiles.keys().map(TileId::path).collect::<Vec<_>>(), ["tile/0/000", "tile/1/000.p/1"]);
}

#[test]
fn an_operation_needs_few_tiles_however_large_the_tree_is() {
    for size in [1, 256, 70_000, 1 << 40, u64::MAX - 1, u64::MAX] {
        assert!(tiles_for_root(size).len() <= 8);
        for index in [0, size / 2, size - 1] {
            assert!(tiles_for_inclusion(index, size).unwrap().len() <= 16);
            assert!(tiles_for_consistency(index, size).unwrap().len() <= 16);
            let tiles = tiles_for_inclusion(index, size).unwrap();
            assert!(tiles.iter().all(|tile| tile.exists_in(size)));
        }
    }
}

#[test]
fn a_tile_that_is_missing_damaged_or_of_another_tree_is_named() {
    let leaves = leaf_hashes(300);
    let log = Log::of(&leaves);
    let missing = TileId::new(0, 1, 44).unwrap();
    assert_eq!(root(300, &TileSet::new()), Err(TreeError::MissingTile { tile: missing }));
    assert_eq!(append(&TileSet::new(), 300, &leaves[..1]), Err(TreeError::MissingTile { tile: missing }));
    let mut tiles = TileSet::new();
    let bytes = &log.tiles[&missing];
    assert!(matches!(tiles.insert(missing, &bytes[1..]), Err(TreeError::TileLength { found: 1407, .. })));
    assert!(matches!(tiles.insert(missing, &bytes[32..]), Err(TreeError::TileLength { .. })));
    assert!(!tiles.contains(missing));
    tiles.insert(missing, bytes).unwrap();
    assert!(tiles.contains(missing));
    let mut other = bytes.clone();
    other[0] ^= 1;
    assert_eq!(tiles.insert(missing, &other), Err(TreeError::TileConflict { tile: missing }));
    assert_eq!(tiles_for_inclusion(300, 300), Err(TreeError::IndexBeyondTree { index: 300, size: 300 }));
    assert_eq!(tiles_for_consistency(301, 300), Err(TreeError::SizesReversed { older: 301, newer: 300 }));
    assert_eq!(append(&TileSet::new(), u64::MAX, &leaves[..1]), Err(TreeError::Full));
}

#[test]
fn a_set_that_is_kept_from_append_to_append_stays_as_small_as_the_edge() {
    let leaves = leaf_hashes(2_000);
    let (mut set, mut size) = (TileSet::new(), 0);
    for batch in leaves.chunks(300) {
        for (tile, bytes) in append(&set, size, batch).unwrap() {
            set.insert(tile, &bytes).unwrap();
        }
        size += batch.len() as u64;
        let edge = tiles_for_root(size);
        set.retain(&edge);
        assert!(edge.iter().all(|tile| set.contains(*tile)));
    }
    assert_eq!(root(size, &set).unwrap(), naive_root(&leaves));
    assert!(!set.contains(TileId::new(0, 0, 256).unwrap()));
}

#[test]
fn proofs_of_impossible_trees_are_refused() {
    let leaves = leaf_hashes(3);
    let root = naive_root(&leaves);
    assert!(matches!(verify_inclusion(leaves[0], 3, 3, &[], root), Err(ProofError::IndexBeyondTree { .. })));
    assert!(matches!(
        verify_inclusion(leaves[0], 0, 0, &[], empty_root()),
        Err(ProofError::IndexBeyondTree { .. })
    ));
    assert!(matches!(verify_consistency(3, root, 2, root, &[]), Err(ProofError::SizesReversed { .. })));
    assert!(matches!(verify_consistency(3, root, 4, root, &[]), Err(ProofError::Length { found: 0 })));
    assert!(matches!(verify_consistency(3, root, 3, leaves[0], &[]), Err(ProofError::Root { .. })));
    assert!(matches!(verify_consistency(0, root, 3, root, &[]), Err(ProofError::Root { .. })));
    assert_eq!(verify_consistency(0, empty_root(), 3, root, &[]), Ok(()));
    assert!(matches!(verify_consistency(0, empty_root(), 3, root, &[root]), Err(ProofError::Length { .. })));
}

fn flip(proof: &mut [Hash], bit: prop::sample::Index) {
    let bit = bit.index(proof.len() * 256);
    let mut bytes = *proof[bit / 256].as_bytes();
    bytes[bit % 256 / 8] ^= 1 << (bit % 8);
    proof[bit / 256] = Hash::from_bytes(bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tiles_are_the_same_from_one_append_and_from_many(batches in prop::collection::vec(0_usize..700, 1..8)) {
        let leaves = leaf_hashes(batches.iter().sum());
        let mut log = Log::default();
        let mut rest = &leaves[..];
        for batch in batches {
            let (now, later) = rest.split_at(batch);
            log.append(now);
            rest = later;
        }
        let at_once = Log::of(&leaves);
        // What one append writes is what the many have written last at each place.
        for (tile, bytes) in &at_once.tiles {
            prop_assert_eq!(log.tiles.get(tile), Some(bytes));
        }
        prop_assert_eq!(log.root(log.size), naive_root(&leaves));
    }

    #[test]
    fn an_append_writes_in_proportion_to_the_new_leaves(old in 0_usize..5_000, new in 0_usize..600) {
        let leaves = leaf_hashes(old + new);
        let log = Log::of(&leaves[..old]);
        let tail = log.tiles_of(&tiles_for_root(old as u64));
        let written = append(&tail, old as u64, &leaves[old..]).unwrap();
        prop_assert!(written.len() <= new / 256 + 2 + 3);
        prop_assert_eq!(written.is_empty(), new == 0);
        prop_assert!(written.iter().all(|(tile, _)| tile.exists_in((old + new) as u64)));
    }

    #[test]
    fn proofs_of_random_trees_are_the_naive_ones(
        size in 1_usize..2_000,
        index in any::<prop::sample::Index>(),
        older in any::<prop::sample::Index>(),
        bit in any::<prop::sample::Index>(),
        extra in 1_usize..600,
    ) {
        // The log has grown since: its tiles are wider than those of the tree that is asked about.
        let leaves = leaf_hashes(size + extra);
        let log = Log::of(&leaves);
        let tree = &leaves[..size];
        let (root, n) = (naive_root(tree), size as u64);

        let at = index.index(size);
        let mut proof = log.inclusion(at as u64, n);
        prop_assert_eq!(&proof, &naive_inclusion(at, tree));
        prop_assert_eq!(verify_inclusion(tree[at], at as u64, n, &proof, root), Ok(()));
        prop_assert!(verify_inclusion(tree[at], at as u64, n, &proof, leaves[size]).is_err());
        prop_assert!(verify_inclusion(leaves[size], at as u64, n, &proof, root).is_err());
        let mut longer = proof.clone();
        longer.push(root);
        prop_assert!(verify_inclusion(tree[at], at as u64, n, &longer, root).is_err());
        if !proof.is_empty() {
            prop_assert!(verify_inclusion(tree[at], at as u64, n, &proof[1..], root).is_err());
            flip(&mut proof, bit);
            let altered = verify_inclusion(tree[at], at as u64, n, &proof, root);
            prop_assert!(matches!(altered, Err(ProofError::Root { .. })), "{:?}", altered);
        }

        let m = older.index(size) + 1;
        let mut proof = log.consistency(m as u64, n);
        let older_root = naive_root(&leaves[..m]);
        prop_assert_eq!(&proof, &naive_consistency(m, tree));
        prop_assert_eq!(verify_consistency(m as u64, older_root, n, root, &proof), Ok(()));
        prop_assert!(verify_consistency(m as u64, leaves[size], n, root, &proof).is_err());
        prop_assert!(verify_consistency(m as u64, older_root, n, leaves[size], &proof).is_err());
        if !proof.is_empty() {
            prop_assert!(verify_consistency(m as u64, older_root, n, root, &proof[1..]).is_err());
            flip(&mut proof, bit);
            let altered = verify_consistency(m as u64, older_root, n, root, &proof);
            prop_assert!(matches!(altered, Err(ProofError::Root { .. })), "{:?}", altered);
        }
    }

    #[test]
    fn any_proof_is_checked_without_a_panic(
        a in any::<u64>(),
        b in any::<u64>(),
        proof in prop::collection::vec(any::<[u8; 32]>().prop_map(Hash::from_bytes), 0..70),
    ) {
        let root = empty_root();
        prop_assert!(verify_inclusion(root, a, b, &proof, root).is_err());
        prop_assert!(verify_consistency(a.max(1), root, b, root, &proof).is_err() || a.max(1) == b);
    }
}

#[test]
fn a_proof_without_its_tiles_is_an_error() {
    assert!(matches!(inclusion_proof(0, 2, &TileSet::new()), Err(TreeError::MissingTile { .. })));
    assert!(matches!(consistency_proof(1, 2, &TileSet::new()), Err(TreeError::MissingTile { .. })));
}
