//! Reading the documents that people write (terms, rules) so that every mistake is named by line and field.
//!
//! A document is YAML, read into a located tree; readers then take its fields one by one and collect what is wrong.
//! Strict: unknown, missing, repeated, blank and null fields are faults, and so are anchors, aliases, tags, merge keys
//! and a second document. What a text may cost is bounded before it is read: [`BYTES_MAX`], [`DEPTH_MAX`], [`NODES_MAX`].

mod item;
mod node;

use std::fmt;

use sha2::{Digest, Sha256};

pub use item::{Fields, Item};
pub use node::Node;

/// The largest document, in bytes.
pub const BYTES_MAX: usize = 256 * 1024;
/// The deepest nesting of lists and mappings.
pub const DEPTH_MAX: usize = 16;
/// The most values in one document.
pub const NODES_MAX: usize = 20_000;
/// The most faults that one reading reports; the rest show once these are mended.
pub const FAULTS_MAX: usize = 50;

/// One thing wrong in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
    /// The line, from 1; 0 where the fault has no place, such as an oversized document.
    pub line: u32,
    /// The column in characters, from 1; 0 where the fault has no place.
    pub column: u32,
    /// The path of the field, such as `powers[2].notice`; empty for the whole document.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.field.as_str()) {
            (0, "") => f.write_str(&self.message),
            (0, field) => write!(f, "{field}: {}", self.message),
            (line, "") => write!(f, "line {line}: {}", self.message),
            (line, field) => write!(f, "line {line}, {field}: {}", self.message),
        }
    }
}

impl std::error::Error for DocumentError {}

/// Everything found wrong in a document, in the order of its lines. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentErrors(Vec<DocumentError>);

impl DocumentErrors {
    /// One fault.
    pub fn one(error: DocumentError) -> Self {
        Self(vec![error])
    }

    /// The faults, at least one.
    pub fn as_slice(&self) -> &[DocumentError] {
        &self.0
    }

    /// The faults, at least one.
    pub fn iter(&self) -> std::slice::Iter<'_, DocumentError> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a DocumentErrors {
    type Item = &'a DocumentError;
    type IntoIter = std::slice::Iter<'a, DocumentError>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl IntoIterator for DocumentErrors {
    type Item = DocumentError;
    type IntoIter = std::vec::IntoIter<DocumentError>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// One fault a line.
impl fmt::Display for DocumentErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for DocumentErrors {}

/// The faults found so far in one reading.
#[derive(Debug, Default)]
pub struct Faults(Vec<DocumentError>);

impl Faults {
    /// Whether nothing was found wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a fault at an item.
    pub fn at(&mut self, item: &Item<'_>, message: impl Into<String>) {
        self.push(item.node.line, item.node.column, item.path.clone(), message.into());
    }

    /// Adds a fault about a field of a mapping, whether it is there or not.
    pub fn about(&mut self, fields: &Fields<'_>, field: &str, message: impl Into<String>) {
        let (line, column) = fields.place_of(field);
        self.push(line, column, join(&fields.path, field), message.into());
    }

    fn push(&mut self, line: u32, column: u32, field: String, message: String) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(DocumentError { line, column, field, message });
        }
    }

    /// The value read, unless something was found wrong.
    pub fn into_result<T>(mut self, value: Option<T>) -> Result<T, DocumentErrors> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => {
                if self.0.is_empty() {
                    self.push(0, 0, String::new(), "the document cannot be read".to_owned());
                }
                self.0.sort_by_key(|fault| (fault.line, fault.column));
                Err(DocumentErrors(self.0))
            }
        }
    }
}

/// The SHA-256 of a document's exact bytes, in lower-case hexadecimal.
pub fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}
