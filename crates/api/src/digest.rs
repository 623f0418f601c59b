//! `Content-Digest` (RFC 9530): what a body hashes to, said by whoever sends it.

use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha512};

use crate::problem::Failure;

/// The header.
pub const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// What the header says of these bytes.
pub fn of(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

/// The digests that a request announces, of the algorithms in use (RFC 9530, section 5).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Announced {
    sha256: Option<Vec<u8>>,
    sha512: Option<Vec<u8>>,
}

/// Reads the header. Other algorithms than SHA-256 and SHA-512 are passed over, as the RFC asks.
pub fn announced(headers: &HeaderMap) -> Result<Announced, Failure> {
    let wrong = || Failure::parameter("Content-Digest", "send it such as sha-256=:BASE64: (RFC 9530)");
    let mut announced = Announced::default();
    for value in headers.get_all(CONTENT_DIGEST) {
        for member in value.to_str().map_err(|_| wrong())?.split(',') {
            let (name, digest) = member.trim().split_once('=').ok_or_else(wrong)?;
            let kept = match name {
                "sha-256" => &mut announced.sha256,
                "sha-512" => &mut announced.sha512,
                _ => continue,
            };
            let bytes = digest.strip_prefix(':').and_then(|d| d.strip_suffix(':')).ok_or_else(wrong)?;
            *kept = Some(STANDARD.decode(bytes).map_err(|_| wrong())?);
        }
    }
    Ok(announced)
}

impl Announced {
    /// Whether the bytes are those that were announced.
    pub fn check(&self, bytes: &[u8]) -> Result<(), Failure> {
        let same =
            |announced: &Option<Vec<u8>>, digest: &[u8]| announced.as_ref().is_none_or(|a| a == digest);
        if same(&self.sha256, &Sha256::digest(bytes))
            && (self.sha512.is_none() || same(&self.sha512, &Sha512::digest(bytes)))
        {
            return Ok(());
        }
        Err(Failure::parameter(
            "Content-Digest",
            format!(
                "the bytes that came have {}: they were changed on the way, or the digest is of others",
                of(bytes)
            ),
        ))
    }
}
