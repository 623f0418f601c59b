//! The text form of a key that signs notes, as `golang.org/x/mod/sumdb/note` writes it and other C2SP tools read it:
//! `PRIVATE+KEY+<name>+<id>+<base64>`, where the base64 is of the byte 0x01 and the 32 bytes of the Ed25519 seed.
//!
//! Whoever has this text can sign as the log. It belongs in a file that only its owner can read, and in no message.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;

use crate::note::{NoteError, VerifierKey};

/// What every text form of a signing key begins with.
pub const PREFIX: &str = "PRIVATE+KEY+";

/// The type byte of an Ed25519 key.
const ED25519: u8 = 1;

/// The text form of a signing key, which is shown nowhere by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// The secret itself, to be written to its file.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// Why a text is no signing key. It repeats nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The text breaks the format's rules.
    #[error("not an Ed25519 signing key `PRIVATE+KEY+<name>+<id>+<base64>`: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The name breaks the format's rules.
    #[error(transparent)]
    Name(#[from] NoteError),
}

/// The text form of the key of this name.
pub fn encode(name: &str, key: &SigningKey) -> Result<SecretText, SecretError> {
    let verifier = VerifierKey::new(name, key.verifying_key())?;
    let mut bytes = vec![ED25519];
    bytes.extend_from_slice(key.as_bytes());
    Ok(SecretText(format!("{PREFIX}{name}+{}+{}", hex::encode(verifier.id()), STANDARD.encode(bytes))))
}

/// Reads what [`encode`] writes, with or without a newline at the end: the key and its name.
pub fn decode(text: &str) -> Result<(String, SigningKey), SecretError> {
    let malformed = |reason| SecretError::Malformed { reason };
    let text = text.strip_suffix('\n').unwrap_or(text);
    let rest = text.strip_prefix(PREFIX).ok_or(malformed("it does not begin with PRIVATE+KEY+"))?;
    let mut parts = rest.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(malformed("it does not have a name, an id and a key"));
    };
    let wrong_key = malformed("the key is not base64 of the byte 1 and 32 more");
    let bytes = STANDARD.decode(key).map_err(|_| wrong_key.clone())?;
    let Some((&ED25519, seed)) = bytes.split_first() else { return Err(wrong_key) };
    let seed: &[u8; 32] = seed.try_into().map_err(|_| wrong_key)?;
    let key = SigningKey::from_bytes(seed);
    let verifier = VerifierKey::new(name, key.verifying_key())?;
    if hex::encode(verifier.id()) == id {
        Ok((name.to_owned(), key))
    } else {
        Err(malformed("the id does not belong to the name and key: a part of it was altered"))
    }
}
