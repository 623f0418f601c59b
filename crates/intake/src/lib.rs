//! Reports that come in a published format, read into one shape: [`xarf`] for XARF v4 (JSON), [`arf`] for ARF mail
//! (RFC 5965). [`ground`] says what they allege where the terms do not, and [`locator`] when two places are the same.
//!
//! Pure: bytes in, a report or every fault out. Nothing that a report names is fetched. All of it is bounded, and no
//! input makes it panic.

pub mod arf;
pub mod ground;
mod json;
pub mod locator;
mod mime;
pub mod xarf;

use jiff::Timestamp;
use tenure_domain::name::Format;

/// The largest report that is read, in bytes.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;

/// The most faults that are told at once.
pub const FAULTS_MAX: usize = 50;

/// The longest locator, in characters.
pub const LOCATOR_MAX: usize = 8_000;

/// A report as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// In which format and type it came.
    pub format: Format,
    /// Where the thing is; not empty, at most [`LOCATOR_MAX`] characters.
    pub locator: String,
    /// What is alleged, in the reporter's words and from the report's fields; not empty.
    pub statement: String,
    /// When the thing was seen, as the reporter says.
    pub observed_at: Option<Timestamp>,
    /// How the reporter can be reached.
    pub contact: Option<String>,
    /// The reporter's own reference.
    pub reference: Option<String>,
    /// The evidence within the report, decoded.
    pub evidence: Vec<Piece>,
}

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its media type, without parameters.
    pub media_type: String,
    /// Its bytes; not empty.
    pub bytes: Vec<u8>,
}

/// Something wrong at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The place: a JSON pointer (RFC 6901), or the name of a header, a field or a part of a mail.
    pub at: String,
    /// What is wrong there and what would be right.
    pub detail: String,
}

impl Fault {
    pub(crate) fn new(at: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { at: at.into(), detail: detail.into() }
    }
}

/// Why a report was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be read at all: no JSON, no mail.
    #[error("it cannot be read")]
    Malformed(Fault),
    /// It can be read, and says something else than its format asks for. At least one fault, at most [`FAULTS_MAX`].
    #[error("it does not keep to its format")]
    Invalid(Vec<Fault>),
}

impl Refused {
    pub(crate) fn at(at: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault::new(at, detail)])
    }
}

/// Whether a text is a media type without parameters ([RFC 6838], section 4.2), in lower case.
///
/// [RFC 6838]: https://www.rfc-editor.org/rfc/rfc6838
pub fn is_media_type(text: &str) -> bool {
    let name = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$&^_.+-".contains(&b))
    };
    text.len() <= 127 && text.split_once('/').is_some_and(|(a, b)| name(a) && name(b))
}

/// The first `most` characters of a text, without NUL, which texts are kept without.
pub(crate) fn clipped(text: &str, most: usize) -> String {
    text.trim().chars().filter(|c| *c != '\0').take(most).collect()
}
