//! Salted commitments to payloads that are kept, and can be erased, outside the log.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use crate::Hash;

const DOMAIN: &[u8] = b"tenure commitment v1\n";
const PREFIX: &str = "sha256s:";

/// A salted commitment to a payload.
///
/// It is SHA-256 of, one after the other: the 21 ASCII bytes `tenure commitment v1` and a newline; the 16 bytes of
/// the salt; the payload's length in bytes as a big-endian 64-bit number; the payload. Its text form, in leaves and
/// in JSON, is `sha256s:` and 64 lowercase hexadecimal digits.
///
/// The salt is 128 random bits, used for one payload only, and kept with the payload: once both are erased, nobody
/// can tell what the commitment stood for, or confirm a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment(Hash);

/// Why a text is not a [`Commitment`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a commitment is written as `sha256s:` and 64 lowercase hexadecimal digits")]
pub struct CommitmentError;

/// Commits to a payload under a salt. See [`Commitment`] for the exact bytes that are hashed.
pub fn commitment(salt: [u8; 16], payload: &[u8]) -> Commitment {
    let hash = Sha256::new()
        .chain_update(DOMAIN)
        .chain_update(salt)
        .chain_update((payload.len() as u64).to_be_bytes())
        .chain_update(payload)
        .finalize();
    Commitment(Hash::from_bytes(hash.into()))
}

impl Commitment {
    /// Whether this commits to that payload under that salt.
    pub fn opens(&self, salt: [u8; 16], payload: &[u8]) -> bool {
        *self == commitment(salt, payload)
    }

    /// The hash alone.
    pub fn hash(&self) -> Hash {
        self.0
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

impl FromStr for Commitment {
    type Err = CommitmentError;

    fn from_str(text: &str) -> Result<Self, CommitmentError> {
        let digits = text.strip_prefix(PREFIX).ok_or(CommitmentError)?;
        digits.parse().map(Self).map_err(|_| CommitmentError)
    }
}

impl Serialize for Commitment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Commitment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
