//! The parts of a mail, one level deep: nothing in a part is taken apart, so that no nesting can be too deep.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Message, MessageParser, MimeHeaders as _};

/// The largest header of a mail or a part, in bytes.
const HEADER_MAX: usize = 256 * 1024;

/// The most parts of a mail.
const PARTS_MAX: usize = 16;

/// A mail or a part of one: its header and its body, as they stand.
#[derive(Debug)]
pub struct Entity<'a> {
    header: Message<'a>,
    body: &'a [u8],
}

/// Why a body has no parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// No boundary.
    #[error("it names no boundary between its parts")]
    NoBoundary,
    /// No line with the boundary that ends the last part.
    #[error("its last boundary is missing: the mail was cut off")]
    NoEnd,
    /// More parts than [`PARTS_MAX`].
    #[error("it has more than {PARTS_MAX} parts")]
    TooMany,
}

impl<'a> Entity<'a> {
    /// Reads the header; none where there is none within [`HEADER_MAX`].
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let end = header_end(bytes).filter(|end| *end <= HEADER_MAX)?;
        let (header, body) = bytes.split_at(end);
        Some(Self { header: MessageParser::default().parse_headers(header)?, body })
    }

    /// The header.
    pub fn header(&self) -> &Message<'a> {
        &self.header
    }

    /// The media type without parameters, in lower case; `text/plain` where none is named (RFC 2045, section 5.2).
    pub fn media_type(&self) -> String {
        self.header.content_type().map_or_else(
            || "text/plain".to_owned(),
            |t| format!("{}/{}", t.ctype(), t.subtype().unwrap_or_default()).to_ascii_lowercase(),
        )
    }

    /// A parameter of the content type.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.header.content_type()?.attribute(name)
    }

    /// The body without its transfer encoding; none where it is not in that encoding.
    pub fn decoded(&self) -> Option<Vec<u8>> {
        let encoding = self.header.content_transfer_encoding().unwrap_or("7bit").trim().to_ascii_lowercase();
        match encoding.as_str() {
            "7bit" | "8bit" | "binary" => Some(self.body.to_vec()),
            "base64" => base64_decode(self.body),
            "quoted-printable" => quoted_printable_decode(self.body),
            _ => None,
        }
    }

    /// The bodies between the boundaries of a multipart (RFC 2046, section 5.1.1).
    pub fn parts(&self) -> Result<Vec<&'a [u8]>, Broken> {
        let boundary = self.parameter("boundary").filter(|b| !b.is_empty()).ok_or(Broken::NoBoundary)?;
        let mut parts = Vec::new();
        let mut begun: Option<usize> = None;
        let mut at = 0;
        for line in self.body.split_inclusive(|b| *b == b'\n') {
            let start = at;
            at += line.len();
            let Some(last) = delimiter(line, boundary.as_bytes()) else { continue };
            if let Some(from) = begun {
                // The line break before a boundary belongs to the boundary.
                let part = self.body.get(from..start).unwrap_or_default();
                let part = part.strip_suffix(b"\n").unwrap_or(part);
                parts.push(part.strip_suffix(b"\r").unwrap_or(part));
            }
            if last {
                return Ok(parts);
            }
            if parts.len() == PARTS_MAX {
                return Err(Broken::TooMany);
            }
            begun = Some(at);
        }
        Err(Broken::NoEnd)
    }
}

/// Whether a line is a boundary, and the last one.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    let (rest, last) = rest.strip_prefix(b"--").map_or((rest, false), |rest| (rest, true));
    rest.iter().all(u8::is_ascii_whitespace).then_some(last)
}

/// Where the empty line after the header ends; the end of the bytes where there is none.
fn header_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        at += line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return Some(at);
        }
    }
    (!bytes.is_empty()).then_some(bytes.len())
}

/// The fields of a header-like text: names in lower case, values unfolded (RFC 5322, section 2.2.3).
pub fn fields(text: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    fields
}
