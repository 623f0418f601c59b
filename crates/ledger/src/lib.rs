//! The log: leaf format, Merkle tree, tiles, signed checkpoints and proofs, without I/O.
//!
//! Every event becomes a [`leaf`], whose exact bytes are stored and hashed. Leaves are integrated into the
//! append-only Merkle [`tree`] of RFC 6962, stored as C2SP tlog-tiles; the leaves' bytes are grouped into
//! [`entries`]. A [`checkpoint`] states the tree's size and root and is signed as a C2SP signed [`note`]. A
//! [`bundle::Receipt`] proves with no network and no database that a leaf is in the log. A log's keys follow each
//! other in a [`chain`]; [`secret`] is a signing key's text form.
//!
//! Nothing here reads a clock, draws randomness or does I/O: nonces, salts, times and keys come in as arguments.

mod hash;
mod text;

pub mod bundle;
pub mod chain;
pub mod checkpoint;
pub mod entries;
pub mod leaf;
pub mod note;
pub mod secret;
pub mod tree;

pub use hash::{Hash, HashError};
