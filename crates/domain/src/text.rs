//! References to bytes that are kept outside the record.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! reference {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $error:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The reference of a SHA-256.
            pub fn of_digest(digest: [u8; 32]) -> Self {
                Self(format!(concat!($prefix, "{}"), hex::encode(digest)))
            }

            /// The reference as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = ReferenceError;
            fn try_from(text: String) -> Result<Self, ReferenceError> {
                let hex = text.strip_prefix($prefix);
                let ok = hex.is_some_and(|h| h.len() == 64 && h.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
                if ok { Ok(Self(text)) } else { Err(ReferenceError($error)) }
            }
        }

        impl From<$name> for String {
            fn from(reference: $name) -> String {
                reference.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Why a text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReferenceError(&'static str);

reference!(
    /// A salted commitment to words that a person wrote: `sha256s:` and 64 hexadecimal digits. The words are kept
    /// apart, so that erasing them breaks no proof.
    Words, "sha256s:", "a commitment reads \"sha256s:\" and 64 hexadecimal digits"
);
reference!(
    /// Immutable bytes by their SHA-256: `sha256:` and 64 hexadecimal digits. Evidence, letters, receipts, documents.
    Blob, "sha256:", "bytes are named by \"sha256:\" and 64 hexadecimal digits"
);
