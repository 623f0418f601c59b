//! Entry bundles: the leaves' bytes in groups of 256, as C2SP tlog-tiles has them (<https://c2sp.org/tlog-tiles>).
//!
//! The bundle with index `n` has the leaves whose hashes are in the tile of level 0 with that index. Each leaf is
//! preceded by its length in bytes as a big-endian 16-bit number.

use std::fmt;
use std::str::FromStr;

use crate::tree::{TILE_WIDTH, TileId, TileIdError, read_index_and_width, write_index_and_width};

/// A bundle's place and width. Its text form is its path, `tile/entries/<N>[.p/<W>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntriesId {
    index: u64,
    width: u16,
}

/// Why leaves cannot be bundled, or bytes are not a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntriesError {
    /// More than 256 leaves.
    #[error("a bundle has at most {TILE_WIDTH} leaves")]
    TooMany,
    /// A leaf longer than 65,535 bytes.
    #[error("leaf {position} of the bundle has {length} bytes, 65,535 are allowed")]
    TooLong {
        /// Its place in the bundle, from 0.
        position: usize,
        /// Its length in bytes.
        length: usize,
    },
    /// The bytes end within a leaf.
    #[error("the bundle ends within leaf {position}")]
    Truncated {
        /// The leaf's place in the bundle, from 0.
        position: usize,
    },
}

impl EntriesId {
    /// The bundle at this index with this many leaves, 1 to 256.
    pub fn new(index: u64, width: u16) -> Result<Self, TileIdError> {
        TileId::new(0, index, width)?;
        Ok(Self { index, width })
    }

    /// The tile that has the hashes of these leaves.
    pub fn tile(&self) -> TileId {
        TileId::of_hashes(0, self.index, usize::from(self.width))
    }

    /// The place, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many leaves it has.
    pub fn width(&self) -> u16 {
        self.width
    }
}

impl fmt::Display for EntriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tile/entries/")?;
        write_index_and_width(f, self.index, self.width)
    }
}

impl FromStr for EntriesId {
    type Err = TileIdError;

    fn from_str(path: &str) -> Result<Self, TileIdError> {
        let (index, width) = path
            .strip_prefix("tile/entries/")
            .and_then(read_index_and_width)
            .ok_or_else(|| TileIdError::Path { path: path.chars().take(100).collect() })?;
        Self::new(index, width)
    }
}

/// The bytes of a bundle of these leaves, at most 256.
pub fn encode(leaves: &[&[u8]]) -> Result<Vec<u8>, EntriesError> {
    if leaves.len() > usize::from(TILE_WIDTH) {
        return Err(EntriesError::TooMany);
    }
    let mut bytes = Vec::with_capacity(leaves.iter().map(|leaf| leaf.len() + 2).sum());
    for (position, leaf) in leaves.iter().enumerate() {
        let length =
            u16::try_from(leaf.len()).map_err(|_| EntriesError::TooLong { position, length: leaf.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(leaf);
    }
    Ok(bytes)
}

/// The leaves in a bundle's bytes.
pub fn decode(bytes: &[u8]) -> Result<Vec<&[u8]>, EntriesError> {
    let mut leaves = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let position = leaves.len();
        if position == usize::from(TILE_WIDTH) {
            return Err(EntriesError::TooMany);
        }
        let (length, after) = rest.split_first_chunk::<2>().ok_or(EntriesError::Truncated { position })?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (leaf, after) = after.split_at_checked(length).ok_or(EntriesError::Truncated { position })?;
        leaves.push(leaf);
        rest = after;
    }
    Ok(leaves)
}
