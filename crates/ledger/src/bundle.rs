//! What an auditor takes away: proofs that verify with the log's public key alone.
//!
//! Both types have a JSON form with camelCase names, in which unknown and missing fields are errors: bytes and hashes
//! are standard padded base64, sizes and indexes are numbers, checkpoints are the text of their signed notes.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::chain::KeysBySize;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::leaf::{Leaf, LeafError};
use crate::tree::{self, ProofError};
use crate::{Hash, text};

/// The most bytes the JSON of a receipt or of a consistency statement may have.
pub const MAX_JSON: usize = 1024 * 1024;

/// The proof that a leaf is in the log.
///
/// ```json
/// {"leaf": "<base64>", "index": 2, "size": 3, "proof": ["<base64>"], "checkpoint": "<signed note>"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receipt {
    /// The leaf's exact bytes.
    #[serde(with = "text::base64_bytes")]
    pub leaf: Vec<u8>,
    /// The leaf's place in the tree, from 0.
    pub index: u64,
    /// The size of the tree that the proof is for; the checkpoint's.
    pub size: u64,
    /// The hashes of the inclusion proof, from the leaf's sibling up.
    pub proof: Vec<Hash>,
    /// The signed checkpoint of that tree.
    pub checkpoint: String,
}

/// A leaf whose receipt was verified. Only [`Receipt::verify`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedLeaf {
    leaf: Leaf,
    index: u64,
    checkpoint: Checkpoint,
}

/// The proof that the log at one checkpoint extends the log at an earlier one: nothing was changed or taken out.
///
/// ```json
/// {"older": "<signed note>", "newer": "<signed note>", "proof": ["<base64>"]}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsistencyStatement {
    /// The signed checkpoint of the smaller tree.
    pub older: String,
    /// The signed checkpoint of the larger tree.
    pub newer: String,
    /// The hashes of the consistency proof.
    pub proof: Vec<Hash>,
}

/// Two checkpoints of which the newer was verified to extend the older. Only [`ConsistencyStatement::verify`] makes
/// one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedExtension {
    older: Checkpoint,
    newer: Checkpoint,
}

/// Why a receipt or a consistency statement does not prove what it claims.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The JSON cannot be read.
    #[error("the JSON cannot be read: {reason}")]
    Json {
        /// What the parser found.
        reason: String,
    },
    /// The JSON is too long.
    #[error("the JSON has {length} bytes, {MAX_JSON} are allowed")]
    TooLong {
        /// The length in bytes.
        length: usize,
    },
    /// A checkpoint is not accepted.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The receipt and its checkpoint state different sizes.
    #[error("the receipt is for a tree of {receipt} leaves, its checkpoint for one of {checkpoint}")]
    Size {
        /// The receipt's size.
        receipt: u64,
        /// The checkpoint's size.
        checkpoint: u64,
    },
    /// The proof does not hold.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The leaf is in the log but does not follow the leaf format.
    #[error(transparent)]
    Leaf(#[from] LeafError),
}

impl Receipt {
    /// Reads the JSON form.
    pub fn from_json(json: &[u8]) -> Result<Self, ReceiptError> {
        from_json(json)
    }

    /// Verifies that the log whose key this is, or whose keys, has signed a tree that includes the leaf, and reads the leaf.
    pub fn verify(&self, keys: &impl KeysBySize) -> Result<VerifiedLeaf, ReceiptError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, keys)?;
        if self.size != checkpoint.size {
            return Err(ReceiptError::Size { receipt: self.size, checkpoint: checkpoint.size });
        }
        let leaf_hash = tree::leaf_hash(&self.leaf);
        tree::verify_inclusion(leaf_hash, self.index, checkpoint.size, &self.proof, checkpoint.root)?;
        let leaf = Leaf::parse(&self.leaf)?;
        Ok(VerifiedLeaf { leaf, index: self.index, checkpoint })
    }

    /// The proof as C2SP tlog-proof text (<https://c2sp.org/tlog-proof>), for other people's tools; they take the
    /// leaf's bytes from elsewhere.
    pub fn to_tlog_proof(&self) -> String {
        let mut proof = format!("c2sp.org/tlog-proof@v1\nindex {}\n", self.index);
        for hash in &self.proof {
            // Writing to a string cannot fail.
            let _ = writeln!(proof, "{}", hash.to_base64());
        }
        proof + "\n" + &self.checkpoint
    }
}

impl VerifiedLeaf {
    /// The leaf.
    pub fn leaf(&self) -> &Leaf {
        &self.leaf
    }

    /// Its place in the tree, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The checkpoint that covers it.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl ConsistencyStatement {
    /// Reads the JSON form.
    pub fn from_json(json: &[u8]) -> Result<Self, ReceiptError> {
        from_json(json)
    }

    /// Verifies that the log whose key this is, or whose keys, has signed both trees and that the newer extends the older.
    pub fn verify(&self, keys: &impl KeysBySize) -> Result<VerifiedExtension, ReceiptError> {
        let older = Checkpoint::open(&self.older, keys)?;
        let newer = Checkpoint::open(&self.newer, keys)?;
        tree::verify_consistency(older.size, older.root, newer.size, newer.root, &self.proof)?;
        Ok(VerifiedExtension { older, newer })
    }
}

impl VerifiedExtension {
    /// The earlier checkpoint.
    pub fn older(&self) -> &Checkpoint {
        &self.older
    }

    /// The later checkpoint.
    pub fn newer(&self) -> &Checkpoint {
        &self.newer
    }
}

fn from_json<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, ReceiptError> {
    if json.len() > MAX_JSON {
        return Err(ReceiptError::TooLong { length: json.len() });
    }
    serde_json::from_slice(json).map_err(|error| ReceiptError::Json { reason: error.to_string() })
}
