//! Checkpoints, as C2SP tlog-checkpoint has them (<https://c2sp.org/tlog-checkpoint>).
//!
//! A checkpoint says what the log is at one size. Its text is three lines, each ended by a newline: the log's origin,
//! the number of leaves in decimal, and the root in standard padded base64. Extension lines, which the specification
//! discourages, are refused. It is signed as a [`note`] by a key whose name is the origin.

use ed25519_dalek::SigningKey;

use crate::chain::KeysBySize;
use crate::note::{self, NoteError};
use crate::text::decimal;
use crate::{Hash, tree};

/// The log at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, which is also its key's: a URL without scheme, such as `log.example.com/tenure`.
    pub origin: String,
    /// How many leaves the tree has.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
}

/// Why a checkpoint is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it is not accepted.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text breaks the format's rules.
    #[error("not a checkpoint: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The key belongs to another log.
    #[error("the checkpoint is of the log `{origin}`, the key is of `{key}`")]
    OtherLog {
        /// The checkpoint's origin.
        origin: String,
        /// The key's name.
        key: String,
    },
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Reads a text that [`Checkpoint::text`] can write.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let malformed = |reason| CheckpointError::Malformed { reason };
        let lines: Vec<&str> = text.splitn(5, '\n').collect();
        let [origin, size, root, ""] = lines[..] else {
            return Err(malformed("it is not three lines: origin, size and root"));
        };
        if origin.is_empty() {
            return Err(malformed("the origin is empty"));
        }
        let size =
            decimal(size).ok_or(malformed("the size is not a decimal number without leading zeros"))?;
        let root = Hash::from_base64(root).map_err(|_| malformed("the root is not base64 of 32 bytes"))?;
        if size == 0 && root != tree::empty_root() {
            return Err(malformed("the root is not that of a tree without leaves"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Signs it by the log's key, under the origin as the key's name, and returns the note.
    pub fn sign(&self, key: &SigningKey) -> Result<String, CheckpointError> {
        Ok(note::sign(&self.text(), &self.origin, key)?)
    }

    /// Verifies a note by the log's key, that of the size which the note states where there are several, and reads the
    /// checkpoint in it. The key's name must be the origin.
    pub fn open(signed: &str, keys: &impl KeysBySize) -> Result<Self, CheckpointError> {
        // Only chooses the key: what it says counts when that key is found to have signed it.
        let stated = note::text(signed).ok().and_then(|text| Self::parse(text).ok()).map_or(0, |c| c.size);
        let key = keys.key_at(stated);
        let checkpoint = Self::parse(note::open(signed, key)?)?;
        if checkpoint.origin == key.name() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::OtherLog { origin: checkpoint.origin, key: key.name().to_owned() })
        }
    }
}
