//! Signed notes, as C2SP signed-note has them (<https://c2sp.org/signed-note>), with Ed25519 keys.
//!
//! A note is a text that ends in a newline, an empty line, and one or more signature lines `— <key name> <base64>`.
//! The base64 is of the key's 4-byte id and the signature of the text. Lines of unknown keys, such as a witness's
//! cosignatures, are ignored.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::text::lower_hex;

/// The most bytes a note may have, signatures included.
pub const MAX_BYTES: usize = 256 * 1024;
/// The most signature lines a note may have.
pub const MAX_SIGNATURES: usize = 100;
/// The most bytes a key's name may have.
pub const MAX_NAME: usize = 255;

/// The type byte of an Ed25519 key that signs the note's text.
const ED25519: u8 = 1;

/// A public key by which a note is verified. Its text form is `<name>+<id>+<base64>`: the id as 8 lowercase
/// hexadecimal digits, then base64 of the byte 0x01 and the 32 bytes of the Ed25519 key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

/// Why a note or a verifier key is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// A key's name breaks the format's rules.
    #[error("a key's name is 1 to 255 bytes without white space, plus signs and control characters")]
    Name,
    /// The text of a verifier key breaks the format's rules.
    #[error("not an Ed25519 verifier key `<name>+<id>+<base64>`: {reason}")]
    Key {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text to sign breaks the format's rules.
    #[error("a note's text ends in a newline, has no other control characters, and fits {MAX_BYTES} bytes")]
    Text,
    /// The note breaks the format's rules.
    #[error("not a signed note: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No line is signed by the given key.
    #[error("the note has no signature by the key {key}")]
    NotSigned {
        /// The key's name and id.
        key: String,
    },
    /// The given key is named, but the signature is not its.
    #[error("the note's signature by the key {key} does not verify: the note is altered or forged")]
    BadSignature {
        /// The key's name and id.
        key: String,
    },
}

impl VerifierKey {
    /// The verifier key of this name for a public key. Keys of small order are refused: their signatures prove
    /// nothing.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Name);
        }
        if key.is_weak() {
            return Err(NoteError::Key { reason: "the public key is of small order" });
        }
        Ok(Self { name: name.to_owned(), key })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id: the first 4 bytes of SHA-256 of the name, a newline, the byte 0x01 and the public key.
    pub fn id(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// The name and the id, to name the key in messages.
    fn label(&self) -> String {
        format!("{}+{}", self.name, hex::encode(self.id()))
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}", self.label(), STANDARD.encode(key))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let reason = |reason| NoteError::Key { reason };
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(reason("it does not have three parts"));
        };
        let id = lower_hex::<4>(id).ok_or(reason("the id is not 8 lowercase hexadecimal digits"))?;
        if key.len() != 44 {
            return Err(reason("the key is not base64 of 33 bytes"));
        }
        let key = STANDARD.decode(key).map_err(|_| reason("the key is not base64 of 33 bytes"))?;
        let Some((&ED25519, key)) = key.split_first() else {
            return Err(reason("the key's type is not 1, Ed25519"));
        };
        let key =
            VerifyingKey::try_from(key).map_err(|_| reason("the public key is not a point of the curve"))?;
        let verifier = Self::new(name, key)?;
        if verifier.id() == id {
            Ok(verifier)
        } else {
            Err(reason("the id does not belong to the name and key"))
        }
    }
}

/// Signs a text, which must end in a newline, as the key of this name, and returns the whole note.
pub fn sign(text: &str, name: &str, key: &SigningKey) -> Result<String, NoteError> {
    let verifier = VerifierKey::new(name, key.verifying_key())?;
    let mut signature = verifier.id().to_vec();
    signature.extend_from_slice(&key.sign(text.as_bytes()).to_bytes());
    let note = format!("{text}\n— {name} {}\n", STANDARD.encode(signature));
    let fits = text.ends_with('\n') && !has_control_characters(text) && note.len() <= MAX_BYTES;
    if fits { Ok(note) } else { Err(NoteError::Text) }
}

/// Adds the signature of the key of this name to a note, and returns the whole.
pub fn sign_too(note: &str, name: &str, key: &SigningKey) -> Result<String, NoteError> {
    let alone = sign(text(note)?, name, key)?;
    let added = alone.strip_prefix(text(note)?).and_then(|rest| rest.strip_prefix('\n')).unwrap_or_default();
    let both = format!("{note}{added}");
    if both.len() <= MAX_BYTES { Ok(both) } else { Err(NoteError::Text) }
}

/// The text of a note, with the final newline, and nothing said about who signed it.
pub fn text(note: &str) -> Result<&str, NoteError> {
    parts(note).map(|(text, _)| text)
}

/// Verifies a note by this key and returns its text, with the final newline. Every line that names the key must
/// verify, and at least one must be there.
pub fn open<'a>(note: &'a str, key: &VerifierKey) -> Result<&'a str, NoteError> {
    let malformed = |reason| NoteError::Malformed { reason };
    let (text, lines) = parts(note)?;
    let id = key.id();
    let mut verified = false;
    for (number, line) in lines.split('\n').enumerate() {
        if number == MAX_SIGNATURES {
            return Err(malformed("it has more than 100 signatures"));
        }
        let (name, bytes) = signature_line(line)?;
        let Some((line_id, signature)) = bytes.split_first_chunk::<4>() else {
            return Err(malformed("a signature is too short"));
        };
        if name != key.name || *line_id != id {
            continue;
        }
        let signed = Signature::from_slice(signature)
            .is_ok_and(|signature| key.key.verify_strict(text.as_bytes(), &signature).is_ok());
        if !signed {
            return Err(NoteError::BadSignature { key: key.label() });
        }
        verified = true;
    }
    if verified { Ok(text) } else { Err(NoteError::NotSigned { key: key.label() }) }
}

/// The text with its final newline, and the signature lines without theirs.
fn parts(note: &str) -> Result<(&str, &str), NoteError> {
    let malformed = |reason| NoteError::Malformed { reason };
    if note.len() > MAX_BYTES {
        return Err(malformed("it is longer than 262,144 bytes"));
    }
    if has_control_characters(note) {
        return Err(malformed("it has control characters"));
    }
    let blank = note.rfind("\n\n").ok_or(malformed("no empty line divides the text from the signatures"))?;
    let (text, signatures) = (&note[..=blank], &note[blank + 2..]);
    let lines = signatures.strip_suffix('\n').ok_or(malformed("it does not end in a signature line"))?;
    Ok((text, lines))
}

/// The name, and the id and signature, of a signature line without its newline.
fn signature_line(line: &str) -> Result<(&str, Vec<u8>), NoteError> {
    let malformed = |reason| NoteError::Malformed { reason };
    let (name, signature) = line
        .strip_prefix("— ")
        .and_then(|rest| rest.split_once(' '))
        .ok_or(malformed("a signature line is not `— <key name> <base64>`"))?;
    if !is_name(name) {
        return Err(malformed("a signature line's key name is not valid"));
    }
    let bytes = STANDARD.decode(signature).map_err(|_| malformed("a signature is not standard base64"))?;
    if bytes.len() <= 4 { Err(malformed("a signature is too short")) } else { Ok((name, bytes)) }
}

fn is_name(name: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    (1..=MAX_NAME).contains(&name.len()) && !name.contains(forbidden)
}

fn has_control_characters(text: &str) -> bool {
    text.bytes().any(|b| b < 0x20 && b != b'\n')
}
