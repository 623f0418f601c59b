//! Paths of tiles and of entry bundles, and the bundles' bytes.

use proptest::prelude::*;
use tenure_ledger::entries::{self, EntriesError, EntriesId};
use tenure_ledger::tree::TileId;

#[test]
fn paths_are_those_of_tlog_tiles_and_have_one_spelling() {
    for (level, index, width, path) in [
        (0, 0, 256, "tile/0/000"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (3, 999, 7, "tile/3/999.p/7"),
        (1, 1000, 256, "tile/1/x001/000"),
        (63, 1_000_000, 255, "tile/63/x001/x000/000.p/255"),
        (7, u64::MAX, 1, "tile/7/x018/x446/x744/x073/x709/x551/615.p/1"),
    ] {
        let tile = TileId::new(level, index, width).unwrap();
        assert_eq!(tile.path(), path);
        assert_eq!(path.parse(), Ok(tile));
    }
    for path in [
        "",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x001/x000",
        "tile/0/001/000",
        "tile/0/x001//000",
        "tile/0//000",
        "tile/0/000/",
        "/tile/0/000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/0/+00",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1.p/1",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/entries/000",
        "tile/0/../000",
    ] {
        assert!(path.parse::<TileId>().is_err(), "{path}");
    }
    assert!(
        TileId::new(64, 0, 1).is_err() && TileId::new(0, 0, 0).is_err() && TileId::new(0, 0, 257).is_err()
    );
}

#[test]
fn a_tile_exists_only_as_wide_as_the_tree() {
    let tile = |path: &str| path.parse::<TileId>().unwrap();
    assert!(tile("tile/0/000.p/5").exists_in(5));
    assert!(!tile("tile/0/000.p/6").exists_in(5));
    assert!(tile("tile/0/000.p/6").exists_in(256));
    assert!(!tile("tile/1/000.p/1").exists_in(255));
    assert!(tile("tile/1/000.p/1").exists_in(256));
    assert!(!tile("tile/63/000").exists_in(u64::MAX));
    assert!(!tile("tile/7/x018/x446/x744/x073/x709/x551/615.p/1").exists_in(u64::MAX));
    assert_eq!(TileId::in_tree(0, 1, 256), None);
}

#[test]
fn an_entry_bundle_lies_beside_its_tile() {
    for (index, width, path) in [
        (0, 256, "tile/entries/000"),
        (1_000_000, 12, "tile/entries/x001/x000/000.p/12"),
        (5, 1, "tile/entries/005.p/1"),
    ] {
        let id = EntriesId::new(index, width).unwrap();
        assert_eq!(id.to_string(), path);
        assert_eq!(path.parse(), Ok(id));
        assert_eq!(id.tile(), TileId::new(0, index, width).unwrap());
    }
    for path in ["tile/0/000", "tile/entries/", "tile/entries/0", "tile/entries/000.p/256", "entries/000"] {
        assert!(path.parse::<EntriesId>().is_err(), "{path}");
    }
    assert!(EntriesId::new(0, 0).is_err() && EntriesId::new(0, 257).is_err());
}

#[test]
fn an_entry_bundle_has_each_leaf_after_its_length() {
    let bytes = entries::encode(&[b"", b"abc", &[7; 258]]).unwrap();
    assert_eq!(bytes[..9], [0, 0, 0, 3, b'a', b'b', b'c', 1, 2]);
    assert_eq!(entries::decode(&bytes).unwrap(), [&b""[..], b"abc", &[7; 258]]);
    assert_eq!(entries::decode(&bytes[..8]), Err(EntriesError::Truncated { position: 2 }));
    assert_eq!(entries::decode(&bytes[..bytes.len() - 1]), Err(EntriesError::Truncated { position: 2 }));
    assert_eq!(
        entries::encode(&[&vec![0; 65_536]]),
        Err(EntriesError::TooLong { position: 0, length: 65_536 })
    );
    assert_eq!(entries::encode(&[&b""[..]; 257]), Err(EntriesError::TooMany));
    assert_eq!(entries::decode(&[0; 514]), Err(EntriesError::TooMany));
}

proptest! {
    #[test]
    fn any_text_is_read_as_a_path_without_a_panic(text in "tile/.{0,40}|.{0,40}") {
        if let Ok(tile) = text.parse::<TileId>() {
            prop_assert_eq!(tile.path(), text);
        }
    }

    #[test]
    fn every_tile_reads_back_from_its_path(level in 0_u8..64, index in any::<u64>(), width in 1_u16..=256) {
        let tile = TileId::new(level, index, width).unwrap();
        prop_assert_eq!(tile.path().parse(), Ok(tile));
    }

    #[test]
    fn any_bytes_are_read_as_an_entry_bundle_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(leaves) = entries::decode(&bytes) {
            prop_assert_eq!(entries::encode(&leaves).unwrap(), bytes);
        }
    }
}
