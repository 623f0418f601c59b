//! What a command brings along and refers to: words and bytes. They are stored in the command's own transaction.

use sha2::{Digest, Sha256};
use tenure_domain::text::{Blob, Words};
use tenure_ledger::leaf::commitment;

use crate::EngineError;
use crate::entropy::Entropy;

/// Words and bytes to be kept with a command.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    pub(crate) words: Vec<(Words, [u8; 16], String)>,
    pub(crate) blobs: Vec<(Blob, String, Vec<u8>)>,
}

/// The id of these bytes.
pub fn blob_id(bytes: &[u8]) -> Blob {
    Blob::of_digest(Sha256::digest(bytes).into())
}

impl Kept {
    /// Words with a fresh salt; the command holds the commitment.
    pub fn words(&mut self, entropy: &Entropy, text: &str) -> Result<Words, EngineError> {
        let salt = entropy.draw_16()?;
        let words = Words::of_digest(*commitment(salt, text.as_bytes()).hash().as_bytes());
        self.words.push((words.clone(), salt, text.to_owned()));
        Ok(words)
    }

    /// Bytes with their media type; the command holds their hash.
    pub fn blob(&mut self, media_type: &str, bytes: Vec<u8>) -> Blob {
        let id = blob_id(&bytes);
        self.blobs.push((id.clone(), media_type.to_owned(), bytes));
        id
    }

    /// The ids of the bytes that are brought along.
    pub(crate) fn blob_ids(&self) -> Vec<String> {
        self.blobs.iter().map(|(id, _, _)| id.to_string()).collect()
    }

    /// The text behind a commitment, where it is brought along.
    pub(crate) fn text(&self, words: &Words) -> Option<&str> {
        self.words.iter().find(|(id, _, _)| id == words).map(|(_, _, text)| text.as_str())
    }

    /// How many bytes are brought along, without words.
    pub(crate) fn size(&self) -> i64 {
        let bytes: usize = self.blobs.iter().map(|(_, _, bytes)| bytes.len()).sum();
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }
}
