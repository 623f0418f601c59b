//! The permanent format of a leaf.
//!
//! A leaf is one event of the record. Its bytes are stored and hashed as they are and never encoded again. The
//! format is frozen: a change of it would need a new value of `v`, and version 1 must stay readable for ever.
//!
//! # The bytes
//!
//! A leaf is a JSON object in the canonical form of RFC 8785 (JCS): UTF-8, no white space, the names of every object
//! sorted by their UTF-16 code units, strings with the shortest escapes, nothing after the closing brace. It has
//! exactly these nine fields:
//!
//! | field | value |
//! |---|---|
//! | `v` | the version of this format: the number 1 |
//! | `nonce` | 128 random bits as 32 lowercase hexadecimal digits |
//! | `stream` | the stream the event belongs to: a *word* such as `account/parley` |
//! | `n` | the event's number in its stream: a number from 0 to 2^53 - 1 |
//! | `at` | when it was decided, in legal time: a *moment* |
//! | `actor` | who decided: a *word* such as `person/ines` |
//! | `type` | what happened: a *word* such as `measure.proposed` |
//! | `schema` | the version of the body's schema for that type: a number from 1 to 2^32 - 1 |
//! | `body` | an object, with the instants of all deadlines computed from the event |
//!
//! * A *word* is 1 to 200 bytes, each a visible ASCII character (0x21 to 0x7E) other than `"` and `\`.
//! * A *moment* is `YYYY-MM-DDThh:mm:ss[.f]Z` (RFC 3339): year 0001 to 9999, a day that exists, seconds to 59, UTC
//!   written as `Z`. `f` is 1 to 6 digits whose last is not zero; a whole second has no `.f` at all. So every
//!   microsecond has one spelling.
//! * A number, anywhere, is an integer from -(2^53 - 1) to 2^53 - 1, written in plain digits. Everything else, `1.5`,
//!   `1e3`, `-0` or 9007199254740992, is refused: it has no value that all readers of JSON agree on. Write such
//!   a value as a string.
//! * Strings are any Unicode text without lone surrogates. They are not normalized.
//! * No name in `body`, at any level, begins with `$`: such names are reserved. Some JSON libraries give them a meaning
//!   of their own, so that readers could disagree on what a leaf says.
//! * No array or object lies deeper than 32 levels; the leaf itself is level 1 and `body` level 2.
//! * The whole is at most 65,535 bytes, so that it fits an entry of a C2SP entry bundle.
//!
//! [`Leaf::parse`] accepts exactly the bytes that [`Leaf::encode`] can write: unknown, missing and repeated fields
//! and any other spelling of the same values are errors.
//!
//! # The hash
//!
//! The leaf's hash in the tree is SHA-256 of the byte 0x00 and the leaf's bytes ([`crate::tree::leaf_hash`]). These are
//! a leaf, which is one line without a newline, and its hash:
//!
//! ```
//! let leaf = concat!(
//!     r#"{"actor":"a","at":"0001-01-01T00:00:00.000001Z","body":{},"n":0,"#,
//!     r#""nonce":"ffffffffffffffffffffffffffffffff","schema":4294967295,"stream":"x","type":"t","v":1}"#,
//! );
//! let leaf = tenure_ledger::leaf::Leaf::parse(leaf.as_bytes())?;
//! let hash = "35bf9979b10e21c98b52a420bcff6e5b996b2f2f584d6cc089a9e3a53d69625d";
//! assert_eq!(leaf.hash().to_string(), hash);
//! # Ok::<(), tenure_ledger::leaf::LeafError>(())
//! ```
//!
//! # What others can learn
//!
//! Hashes are public, leaves are not. The nonce keeps anyone who knows a hash from confirming a guess of the leaf, so
//! it must be random, used once, and as confidential as the leaf. No personal data stands in a leaf, because nothing
//! can ever be taken out of it: it holds a [`Commitment`] to a payload that is kept elsewhere and can be erased.

mod canonical;
mod commitment;
mod moment;

pub use commitment::{Commitment, CommitmentError, commitment};

use serde_json::{Map, Value};

use crate::{Hash, text, tree};

/// The version of the leaf format, the field `v`.
pub const VERSION: u64 = 1;
/// The most bytes a leaf may have.
pub const MAX_BYTES: usize = 65_535;
/// The deepest level at which an array or object may lie; the leaf itself is level 1.
pub const MAX_DEPTH: usize = 32;
/// The greatest number that may stand in a leaf, 2^53 - 1; its negative is the least.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;
/// The most bytes of `stream`, `actor` and `type`.
pub const MAX_WORD: usize = 200;

/// The values of a leaf, before it is encoded or after it was parsed. See the [module](self) for each one's rules.
#[derive(Debug, Clone, PartialEq)]
pub struct LeafFields {
    /// 128 random bits, used once.
    pub nonce: [u8; 16],
    /// The stream the event belongs to.
    pub stream: String,
    /// The event's number in its stream.
    pub n: u64,
    /// When it was decided: RFC 3339 in UTC, to the microsecond at most.
    pub at: String,
    /// Who decided.
    pub actor: String,
    /// What happened; the field `type`.
    pub event_type: String,
    /// The version of the body's schema.
    pub schema: u32,
    /// What the event says.
    pub body: Map<String, Value>,
}

/// A leaf that follows the format: its bytes and what they say.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    bytes: Vec<u8>,
    fields: LeafFields,
}

/// Why values or bytes are not a leaf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// More bytes than a leaf may have.
    #[error(
        "the leaf has {length} bytes, {MAX_BYTES} are allowed: put the payload elsewhere and commit to it"
    )]
    TooLong {
        /// The length in bytes.
        length: usize,
    },
    /// An array or object lies too deep.
    #[error("{pointer} lies deeper than {MAX_DEPTH} levels")]
    TooDeep {
        /// Where: a JSON pointer (RFC 6901) from the leaf.
        pointer: String,
    },
    /// A number that is not an integer within the safe range.
    #[error("{pointer} is {number}: only integers within ±(2^53 - 1) are allowed, write it as a string")]
    Number {
        /// Where: a JSON pointer (RFC 6901) from the leaf.
        pointer: String,
        /// The number as it was read.
        number: String,
    },
    /// A name in the body that the format reserves.
    #[error("{pointer} has a name that begins with `$`: such names are reserved, choose another")]
    Reserved {
        /// Where: a JSON pointer (RFC 6901) from the leaf.
        pointer: String,
    },
    /// A field is missing.
    #[error("the field `{field}` is missing")]
    Missing {
        /// Its name.
        field: &'static str,
    },
    /// A field that the format does not have.
    #[error("the field `{field}` is unknown")]
    Unknown {
        /// Its name.
        field: String,
    },
    /// A field whose value breaks its rule.
    #[error("the field `{field}` must be {rule}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// The bytes are not one JSON object.
    #[error("the leaf is not a JSON object: {reason}")]
    NotAnObject {
        /// What the parser found.
        reason: String,
    },
    /// The bytes say something that the format would spell otherwise: another order, white space, a repeated name.
    #[error("the leaf is not canonical JSON (RFC 8785) from byte {offset} on")]
    NotCanonical {
        /// The first byte that differs from the canonical spelling.
        offset: usize,
    },
}

const WORD_RULE: &str = "1 to 200 visible ASCII characters without quotes and backslashes";
const NONCE_RULE: &str = "32 lowercase hexadecimal digits";
const N_RULE: &str = "an integer from 0 to 2^53 - 1";
const SCHEMA_RULE: &str = "an integer from 1 to 2^32 - 1";
const MOMENT_RULE: &str = "an RFC 3339 time in UTC such as 2021-01-10T03:00:00Z, with at most 6 decimals and no \
                           trailing zeros in them";

impl Leaf {
    /// The canonical bytes of a leaf with these values.
    pub fn encode(fields: &LeafFields) -> Result<Vec<u8>, LeafError> {
        check(fields)?;
        let bytes = canonical::bytes(fields)?;
        check_length(&bytes)?;
        Ok(bytes)
    }

    /// Reads a leaf. Succeeds for exactly those bytes that [`Leaf::encode`] can write.
    pub fn parse(bytes: &[u8]) -> Result<Self, LeafError> {
        check_length(bytes)?;
        let object: Map<String, Value> = serde_json::from_slice(bytes)
            .map_err(|error| LeafError::NotAnObject { reason: error.to_string() })?;
        let fields = read(object)?;
        let canonical = Self::encode(&fields)?;
        if canonical != bytes {
            let offset = canonical.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            return Err(LeafError::NotCanonical { offset });
        }
        Ok(Self { bytes: canonical, fields })
    }

    /// The exact bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the bytes say.
    pub fn fields(&self) -> &LeafFields {
        &self.fields
    }

    /// The values alone.
    pub fn into_fields(self) -> LeafFields {
        self.fields
    }

    /// The leaf's hash in the tree.
    pub fn hash(&self) -> Hash {
        tree::leaf_hash(&self.bytes)
    }
}

fn check_length(bytes: &[u8]) -> Result<(), LeafError> {
    if bytes.len() > MAX_BYTES { Err(LeafError::TooLong { length: bytes.len() }) } else { Ok(()) }
}

fn check(fields: &LeafFields) -> Result<(), LeafError> {
    for (field, word) in [("stream", &fields.stream), ("actor", &fields.actor), ("type", &fields.event_type)]
    {
        require(is_word(word), field, WORD_RULE)?;
    }
    require(fields.n <= MAX_INTEGER, "n", N_RULE)?;
    require(fields.schema >= 1, "schema", SCHEMA_RULE)?;
    require(moment::is_moment(&fields.at), "at", MOMENT_RULE)?;
    canonical::check_body(&fields.body)
}

fn require(holds: bool, field: &'static str, rule: &'static str) -> Result<(), LeafError> {
    if holds { Ok(()) } else { Err(LeafError::Field { field, rule }) }
}

fn is_word(text: &str) -> bool {
    (1..=MAX_WORD).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

fn read(mut object: Map<String, Value>) -> Result<LeafFields, LeafError> {
    let mut take = |field: &'static str| object.remove(field).ok_or(LeafError::Missing { field });
    // The version comes first: another version may have other fields.
    require(take("v")?.as_u64() == Some(VERSION), "v", "the number 1")?;
    let nonce = string(take("nonce")?, "nonce", NONCE_RULE)?;
    let fields = LeafFields {
        nonce: text::lower_hex(&nonce).ok_or(LeafError::Field { field: "nonce", rule: NONCE_RULE })?,
        stream: string(take("stream")?, "stream", WORD_RULE)?,
        n: take("n")?.as_u64().ok_or(LeafError::Field { field: "n", rule: N_RULE })?,
        at: string(take("at")?, "at", MOMENT_RULE)?,
        actor: string(take("actor")?, "actor", WORD_RULE)?,
        event_type: string(take("type")?, "type", WORD_RULE)?,
        schema: take("schema")?
            .as_u64()
            .and_then(|schema| u32::try_from(schema).ok())
            .ok_or(LeafError::Field { field: "schema", rule: SCHEMA_RULE })?,
        body: match take("body")? {
            Value::Object(body) => body,
            _ => return Err(LeafError::Field { field: "body", rule: "an object" }),
        },
    };
    match object.into_iter().next() {
        Some((field, _)) => Err(LeafError::Unknown { field }),
        None => Ok(fields),
    }
}

fn string(value: Value, field: &'static str, rule: &'static str) -> Result<String, LeafError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(LeafError::Field { field, rule }),
    }
}
