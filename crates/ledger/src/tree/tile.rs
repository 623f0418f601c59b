//! Tiles and their paths, as C2SP tlog-tiles has them (<https://c2sp.org/tlog-tiles>).

use std::fmt;
use std::str::FromStr;

use crate::text::decimal;

/// How many levels of the tree a tile spans.
pub(super) const TILE_HEIGHT: u32 = 8;
/// How many hashes a complete tile has.
pub const TILE_WIDTH: u16 = 1 << TILE_HEIGHT;
/// The greatest level that a path may name.
const MAX_LEVEL: u8 = 63;

/// A tile: a run of consecutive hashes at one height of the tree.
///
/// The tile at level `l` and index `n` has the hashes of the complete subtrees of 256^l leaves numbered `n * 256` to
/// `n * 256 + width - 1`. Its text form is its path, `tile/<L>/<N>[.p/<W>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    level: u8,
    index: u64,
    width: u16,
}

/// Why something is not a tile, or not a bundle of entries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileIdError {
    /// The level is above 63.
    #[error("a tile's level is 0 to 63")]
    Level,
    /// The width is 0 or above 256.
    #[error("a tile's width is 1 to 256 hashes")]
    Width,
    /// The text is not a path of a tile.
    #[error("`{path}` is not a path such as tile/0/x001/x234/067 or tile/1/000.p/17 of C2SP tlog-tiles")]
    Path {
        /// The text, cut after 100 characters.
        path: String,
    },
}

impl TileId {
    /// The tile with this level (0 to 63), index and width (1 to 256; below 256 the tile is incomplete).
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, TileIdError> {
        if level > MAX_LEVEL {
            return Err(TileIdError::Level);
        }
        if !(1..=TILE_WIDTH).contains(&width) {
            return Err(TileIdError::Width);
        }
        Ok(Self { level, index, width })
    }

    /// The tile at this place as it is in a tree of `size` leaves, or nothing if it is empty there.
    pub fn in_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0);
        let beyond = hashes.checked_sub(index.checked_mul(u64::from(TILE_WIDTH))?)?;
        let width = u16::try_from(beyond).unwrap_or(TILE_WIDTH).min(TILE_WIDTH);
        Self::new(level, index, width).ok()
    }

    /// Whether a tree of `size` leaves has all of this tile's hashes.
    pub fn exists_in(&self, size: u64) -> bool {
        Self::in_tree(self.level, self.index, size).is_some_and(|tile| tile.width >= self.width)
    }

    /// The level: 0 has the hashes of leaves, each higher one those of complete tiles of the level below.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The place within the level, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes the tile has.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether it has all 256 hashes, so that it never changes again.
    pub fn is_complete(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The path below the log's prefix: `tile/<L>/<N>[.p/<W>]`.
    pub fn path(&self) -> String {
        self.to_string()
    }

    /// The tile of `count` hashes, at most 256 of them.
    pub(crate) fn of_hashes(level: u8, index: u64, count: usize) -> Self {
        let width = u16::try_from(count).unwrap_or(TILE_WIDTH).clamp(1, TILE_WIDTH);
        Self { level, index, width }
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        write_index_and_width(f, self.index, self.width)
    }
}

impl FromStr for TileId {
    type Err = TileIdError;

    fn from_str(path: &str) -> Result<Self, TileIdError> {
        let read = || {
            let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
            let (index, width) = read_index_and_width(rest)?;
            Self::new(decimal(level)?.try_into().ok()?, index, width).ok()
        };
        read().ok_or_else(|| TileIdError::Path { path: path.chars().take(100).collect() })
    }
}

/// Writes `<N>[.p/<W>]`: the index in groups of three digits, all but the last after an `x`.
pub(crate) fn write_index_and_width(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    f.write_str(&groups.join("/"))?;
    if width < TILE_WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
}

/// Reads what [`write_index_and_width`] writes, and no other spelling.
pub(crate) fn read_index_and_width(text: &str) -> Option<(u64, u16)> {
    let (groups, width) = match text.split_once(".p/") {
        Some((groups, width)) => {
            let width = decimal(width)?.try_into().ok()?;
            ((1..TILE_WIDTH).contains(&width)).then_some((groups, width))?
        }
        None => (text, TILE_WIDTH),
    };
    // An additional leading group of zeros would be another spelling.
    if groups.starts_with("x000") {
        return None;
    }
    let groups: Vec<&str> = groups.split('/').collect();
    let (last, leading) = groups.split_last()?;
    let mut index = 0;
    for group in leading {
        index = add_group(index, group.strip_prefix('x')?)?;
    }
    Some((add_group(index, last)?, width))
}

/// The index with one more group of three digits behind it.
fn add_group(index: u64, digits: &str) -> Option<u64> {
    if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    index.checked_mul(1000)?.checked_add(digits.parse().ok()?)
}
