//! The keys of a log over time.
//!
//! A log's key can be replaced. The change is an event in the log: a leaf of the stream `log/key` and the type
//! `log.key_rotated`, whose body names the key that goes (`from`) and the one that comes (`to`) in the text form of
//! verifier keys. The checkpoint that first covers it is signed by both keys; every later one by the new key. A
//! *transition* is the receipt of that leaf at that checkpoint. Whoever holds any one key of the log follows the
//! transitions to all others: each is vouched for by the signature of its neighbour.

use serde_json::Value;

use crate::bundle::{Receipt, ReceiptError};
use crate::checkpoint::Checkpoint;
use crate::note::VerifierKey;

/// The stream of the events about the log's key.
pub const STREAM: &str = "log/key";
/// The type of the event that replaces the key.
pub const ROTATED: &str = "log.key_rotated";
/// The most transitions that are followed.
pub const MAX_TRANSITIONS: usize = 1_000;

/// Which key signs a log at which size.
pub trait KeysBySize {
    /// The key that signs the checkpoint of this size.
    fn key_at(&self, size: u64) -> &VerifierKey;
}

/// A log that has one key.
impl KeysBySize for VerifierKey {
    fn key_at(&self, _: u64) -> &VerifierKey {
        self
    }
}

/// The keys of one log in their order, each vouched for by its neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChain {
    /// The keys that were replaced, each with the size of the last checkpoint that it signed.
    replaced: Vec<(VerifierKey, u64)>,
    /// The key that signs now.
    present: VerifierKey,
}

/// Why a list of transitions does not lead from one key to another. Transitions are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// There are too many.
    #[error("there are {count} transitions; at most {MAX_TRANSITIONS} are followed")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// The proof or the old key's signature does not hold.
    #[error("transition {number}: {source}")]
    Receipt {
        /// Which.
        number: usize,
        /// What does not hold.
        source: ReceiptError,
    },
    /// The leaf is not the event that replaces a key.
    #[error(
        "transition {number}: its leaf is not an event `{ROTATED}` of the stream `{STREAM}` that names two keys"
    )]
    NotARotation {
        /// Which.
        number: usize,
    },
    /// It replaces another key than the one that signs at this point.
    #[error(
        "transition {number} replaces the key {found}, but {expected} signs at this point: one is missing, or they are out of order"
    )]
    OtherKey {
        /// Which.
        number: usize,
        /// The key that signs at this point.
        expected: String,
        /// The key that the transition replaces.
        found: String,
    },
    /// The new key did not sign, so that nobody shows to have it.
    #[error("transition {number}: the checkpoint is not signed by the new key {key}")]
    NotSignedByNew {
        /// Which.
        number: usize,
        /// The new key.
        key: String,
    },
    /// It lies before the one before it.
    #[error("transition {number} lies at size {size}, within the reign of an earlier key")]
    OutOfOrder {
        /// Which.
        number: usize,
        /// Its size.
        size: u64,
    },
    /// The new key signed before, or is the key of another log.
    #[error("transition {number}: {key} cannot take over: it signed before, or it is the key of another log")]
    NotNew {
        /// Which.
        number: usize,
        /// The new key.
        key: String,
    },
    /// The key that is held is none of the chain.
    #[error("{key} is none of this log's keys")]
    Unknown {
        /// The key.
        key: String,
    },
}

/// The keys that a rotation's leaf names.
fn named(receipt: &Receipt) -> Option<(VerifierKey, VerifierKey)> {
    let fields = crate::leaf::Leaf::parse(&receipt.leaf).ok()?.into_fields();
    let key = |name: &str| fields.body.get(name).and_then(Value::as_str)?.parse().ok();
    (fields.stream == STREAM && fields.event_type == ROTATED).then_some(())?;
    Some((key("from")?, key("to")?))
}

impl KeyChain {
    /// Follows transitions from the first key on, which the caller trusts.
    pub fn follow(first: VerifierKey, transitions: &[Receipt]) -> Result<Self, ChainError> {
        if transitions.len() > MAX_TRANSITIONS {
            return Err(ChainError::TooMany { count: transitions.len() });
        }
        let mut chain = Self { replaced: Vec::with_capacity(transitions.len()), present: first };
        for (number, receipt) in (1..).zip(transitions) {
            chain.take(number, receipt)?;
        }
        Ok(chain)
    }

    /// The chain that these transitions make, of which the caller trusts any one key: the neighbours' signatures
    /// vouch for those before it as well as for those after it.
    pub fn through(trusted: &VerifierKey, transitions: &[Receipt]) -> Result<Self, ChainError> {
        let Some(first) = transitions.first() else { return Ok(Self::from(trusted.clone())) };
        let (first, _) = named(first).ok_or(ChainError::NotARotation { number: 1 })?;
        let chain = Self::follow(first, transitions)?;
        if chain.keys().any(|key| key == trusted) {
            Ok(chain)
        } else {
            Err(ChainError::Unknown { key: trusted.to_string() })
        }
    }

    fn take(&mut self, number: usize, receipt: &Receipt) -> Result<(), ChainError> {
        let (from, to) = named(receipt).ok_or(ChainError::NotARotation { number })?;
        if from != self.present {
            let (expected, found) = (self.present.to_string(), from.to_string());
            return Err(ChainError::OtherKey { number, expected, found });
        }
        receipt.verify(&from).map_err(|source| ChainError::Receipt { number, source })?;
        let since = self.replaced.last().map_or(0, |(_, size)| *size);
        // The event itself has to lie in the reign of the key that it ends.
        if receipt.index < since {
            return Err(ChainError::OutOfOrder { number, size: receipt.size });
        }
        if to.name() != from.name() || self.keys().any(|key| *key == to) {
            return Err(ChainError::NotNew { number, key: to.to_string() });
        }
        if Checkpoint::open(&receipt.checkpoint, &to).is_err() {
            return Err(ChainError::NotSignedByNew { number, key: to.to_string() });
        }
        self.replaced.push((std::mem::replace(&mut self.present, to), receipt.size));
        Ok(())
    }

    /// The key that signs now.
    pub fn present(&self) -> &VerifierKey {
        &self.present
    }

    /// The size of the checkpoint from which on this key no longer signs; none for the present key and for strangers.
    pub fn replaced_at(&self, key: &VerifierKey) -> Option<u64> {
        self.replaced.iter().find(|(replaced, _)| replaced == key).map(|(_, size)| *size)
    }

    /// All keys in their order.
    pub fn keys(&self) -> impl Iterator<Item = &VerifierKey> {
        self.replaced.iter().map(|(key, _)| key).chain([&self.present])
    }
}

impl From<VerifierKey> for KeyChain {
    fn from(present: VerifierKey) -> Self {
        Self { replaced: Vec::new(), present }
    }
}

impl KeysBySize for KeyChain {
    fn key_at(&self, size: u64) -> &VerifierKey {
        self.replaced.iter().find(|(_, last)| size <= *last).map_or(&self.present, |(key, _)| key)
    }
}
