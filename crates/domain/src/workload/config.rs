//! What a container is given to read: environment variables and files, plain or secret.

use serde::{Deserialize, Serialize};

use crate::name::SecretId;
use crate::text::Blob;

/// One value of a secret. The value itself is never part of a declaration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretKey {
    /// Which secret of the environment.
    pub name: SecretId,
    /// Which of its values.
    pub key: String,
}

/// What an environment variable holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// This text.
    Value(String),
    /// A value of a secret.
    Secret(SecretKey),
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum File {
    /// Text, kept outside the declaration.
    Kept {
        /// The bytes.
        bytes: Blob,
        /// How many there are.
        size: u32,
    },
    /// A value of a secret.
    Secret(SecretKey),
}

/// The most values of one secret.
pub const SECRET_VALUES: usize = 100;

/// Whether a text is a key of a secret: 1 to 128 of letters, digits, `-`, `_` and `.`, not `.` or `..`.
pub fn is_secret_key(key: &str) -> bool {
    (1..=128).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && !key.starts_with("..")
        && key != "."
}
