//! SHA-256 hashes and their two text forms.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A SHA-256 hash, 32 bytes.
///
/// `Display` and `FromStr` use 64 lowercase hexadecimal digits. In JSON (serde) it is standard padded base64
/// (RFC 4648, section 4), the same text as the root line of a checkpoint, so that the two can be compared by eye.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

/// Why a text is not a [`struct@Hash`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Not 64 lowercase hexadecimal digits.
    #[error("a hash is written as 64 lowercase hexadecimal digits")]
    Hex,
    /// Not 44 characters of standard padded base64.
    #[error("a hash is written as 44 characters of standard padded base64")]
    Base64,
}

impl Hash {
    /// How many bytes a hash has.
    pub const LENGTH: usize = 32;

    /// The hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Standard padded base64, as in the root line of a checkpoint.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads what [`Hash::to_base64`] writes; any other spelling of the same bytes is refused.
    pub fn from_base64(text: &str) -> Result<Self, HashError> {
        if text.len() != 44 {
            return Err(HashError::Base64);
        }
        let bytes = STANDARD.decode(text).map_err(|_| HashError::Base64)?;
        bytes.try_into().map(Self).map_err(|_| HashError::Base64)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        crate::text::lower_hex(text).map(Self).ok_or(HashError::Hex)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64())
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_base64(&text).map_err(de::Error::custom)
    }
}
