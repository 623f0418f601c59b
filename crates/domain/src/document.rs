//! Reading the documents that people write (terms, rules) so that every mistake is named by line and field.
//!
//! A document is YAML, read into a located tree; readers then take its fields one by one and collect what is wrong.
//! Strict: unknown, missing, repeated, blank and null fields are faults, and so are anchors, aliases, tags, merge keys
//! and a second document. What a text may cost is bounded before it is read: [`BYTES_MAX`], [`DEPTH_MAX`], [`NODES_MAX`].

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{DefaultMessageFormatter, DuplicateKeyPolicy, MergeKeyPolicy, MessageFormatter, Spanned};
use sha2::{Digest, Sha256};

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

/// A value of a document, and where it stands.
#[derive(Debug)]
pub struct Node {
    line: u32,
    column: u32,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Null,
    Bool,
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
struct Entry {
    key: String,
    line: u32,
    column: u32,
    node: Node,
}

impl Node {
    /// Reads one document.
    pub fn read(text: &str) -> Result<Self, DocumentErrors> {
        let whole = |message: &str| {
            DocumentErrors::one(DocumentError {
                line: 0,
                column: 0,
                field: String::new(),
                message: message.to_owned(),
            })
        };
        if text.len() > BYTES_MAX {
            return Err(whole("the document is larger than 256 KiB"));
        }
        if text.trim().is_empty() {
            return Err(whole("the document is empty"));
        }
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_depth: DEPTH_MAX,
                flow_nesting_limit: DEPTH_MAX,
                max_nodes: NODES_MAX,
                max_events: 3 * NODES_MAX,
                max_anchors: 0,
                max_aliases: 0,
                max_documents: 1,
                max_merge_keys: 0,
                max_total_scalar_bytes: BYTES_MAX,
            },
            // Repeated keys come through, so that they are reported with their path like every other fault.
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            merge_keys: MergeKeyPolicy::Error,
            // `off` is a word here, not `false`.
            strict_booleans: true,
            reject_unsupported_tags: true,
            reject_tagged_field_names: true,
            with_snippet: false,
        };
        match serde_saphyr::from_str_with_options::<Spanned<Value>>(text, options) {
            Ok(spanned) => Ok(Self::from_spanned(spanned)),
            Err(error) => {
                let error = error.without_snippet();
                let (line, column) =
                    error.location().map_or((0, 0), |at| (small(at.line()), small(at.column())));
                let message = match error {
                    serde_saphyr::Error::Budget { .. } => format!(
                        "write one document of at most {DEPTH_MAX} levels and {NODES_MAX} values, without anchors and aliases"
                    ),
                    error => DefaultMessageFormatter.format_message(error).into_owned(),
                };
                Err(DocumentErrors::one(DocumentError { line, column, field: String::new(), message }))
            }
        }
    }

    /// The whole document as an item.
    pub fn root(&self) -> Item<'_> {
        Item { node: self, path: String::new() }
    }

    fn from_spanned(spanned: Spanned<Value>) -> Self {
        let at = spanned.referenced;
        Self { line: small(at.line()), column: small(at.column()), value: spanned.value }
    }
}

/// A line or column; a document is far too small to reach the bound.
fn small(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

/// The SHA-256 of a document's exact bytes, in lower-case hexadecimal.
pub fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a list or a mapping")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Bool)
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }
    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }
    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Integer(i128::try_from(value).unwrap_or(i128::MAX)))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(spanned) = seq.next_element::<Spanned<Value>>()? {
            list.push(Node::from_spanned(spanned));
        }
        Ok(Value::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let node = Node::from_spanned(map.next_value()?);
            let at = key.referenced;
            entries.push(Entry { key: key.value, line: small(at.line()), column: small(at.column()), node });
        }
        Ok(Value::Map(entries))
    }
}

/// A value with its path.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    node: &'a Node,
    path: String,
}

impl<'a> Item<'a> {
    /// The line on which it stands, from 1.
    pub fn line(&self) -> u32 {
        self.node.line
    }

    /// Its path, such as `powers[2].notice`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it is, in words.
    fn kind(&self) -> &'static str {
        match &self.node.value {
            Value::Null => "null",
            Value::Bool => "a yes/no value",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// A mapping with no fields but these; others and repeated ones are faults.
    pub fn fields(&self, known: &[&str], faults: &mut Faults) -> Option<Fields<'a>> {
        let Value::Map(entries) = &self.node.value else {
            faults.at(self, format!("write a mapping of fields, this is {}", self.kind()));
            return None;
        };
        let mut seen = BTreeSet::new();
        for entry in entries {
            let path = join(&self.path, &shown(&entry.key));
            let mut fault = |message| faults.push(entry.line, entry.column, path.clone(), message);
            if !known.contains(&entry.key.as_str()) {
                fault(format!("unknown field; the fields here are {}", known.join(", ")));
            } else if !seen.insert(entry.key.as_str()) {
                fault("this field is written twice".to_owned());
            }
        }
        Some(Fields { entries, line: self.node.line, column: self.node.column, path: self.path.clone() })
    }

    /// A list of at most `max` items.
    pub fn list(&self, max: usize, faults: &mut Faults) -> Option<Vec<Item<'a>>> {
        let Value::List(nodes) = &self.node.value else {
            faults.at(self, format!("write a list in brackets, this is {}", self.kind()));
            return None;
        };
        if nodes.len() > max {
            faults.at(self, format!("at most {max} items"));
            return None;
        }
        let item = |(i, node)| Item { node, path: format!("{}[{i}]", self.path) };
        Some(nodes.iter().enumerate().map(item).collect())
    }

    /// A text that is not blank.
    pub fn text(&self, faults: &mut Faults) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) if text.trim().is_empty() => {
                faults.at(self, "this field is blank");
                None
            }
            Value::Text(text) => Some(text),
            Value::Integer(_) | Value::Float(_) | Value::Bool => {
                faults.at(self, format!("write a text, this is {}: put it in quotes", self.kind()));
                None
            }
            Value::Null | Value::List(_) | Value::Map(_) => {
                faults.at(self, format!("write a text, this is {}", self.kind()));
                None
            }
        }
    }

    /// A text of the form of `T`.
    pub fn parsed<T: FromStr>(&self, faults: &mut Faults) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        let text = self.text(faults)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                faults.at(self, error.to_string());
                None
            }
        }
    }

    /// One word of `words`.
    pub fn word<T: Copy>(&self, words: &[(&str, T)], faults: &mut Faults) -> Option<T> {
        let text = self.text(faults)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            faults.at(self, format!("{:?} is none of {}", shown(text), known.join(", ")));
        }
        found
    }

    /// A whole number from `min` to `max`.
    pub fn integer<T>(&self, min: T, max: T, faults: &mut Faults) -> Option<T>
    where
        T: TryFrom<i128> + Into<i128> + Copy + fmt::Display,
    {
        let found = match self.node.value {
            Value::Integer(n) if (min.into()..=max.into()).contains(&n) => T::try_from(n).ok(),
            _ => None,
        };
        if found.is_none() {
            faults.at(self, format!("write a whole number from {min} to {max}"));
        }
        found
    }

    /// A number in decimal digits, as its shortest text: `0.01`, `1`.
    pub fn decimal(&self, faults: &mut Faults) -> Option<String> {
        match self.node.value {
            Value::Integer(n) => Some(n.to_string()),
            Value::Float(n) if n.is_finite() => Some(n.to_string()),
            _ => {
                faults.at(self, format!("write a number, this is {}", self.kind()));
                None
            }
        }
    }

    /// A list of different items, at least one, each read by `read`.
    pub fn set<T: Ord>(
        &self,
        max: usize,
        faults: &mut Faults,
        read: impl Fn(&Item<'a>, &mut Faults) -> Option<T>,
    ) -> Option<BTreeSet<T>> {
        let items = self.list(max, faults)?;
        if items.is_empty() {
            faults.at(self, "write at least one");
            return None;
        }
        distinct(&items, faults, read)
    }

    /// A list of different items, possibly none, each read by `read`.
    pub fn set_or_none<T: Ord>(
        &self,
        max: usize,
        faults: &mut Faults,
        read: impl Fn(&Item<'a>, &mut Faults) -> Option<T>,
    ) -> Option<BTreeSet<T>> {
        let items = self.list(max, faults)?;
        distinct(&items, faults, read)
    }
}

fn distinct<'a, T: Ord>(
    items: &[Item<'a>],
    faults: &mut Faults,
    read: impl Fn(&Item<'a>, &mut Faults) -> Option<T>,
) -> Option<BTreeSet<T>> {
    let mut set = BTreeSet::new();
    let mut whole = true;
    for item in items {
        let Some(value) = read(item, faults) else {
            whole = false;
            continue;
        };
        if !set.insert(value) {
            faults.at(item, "this is in the list twice");
            whole = false;
        }
    }
    whole.then_some(set)
}

/// A text for a message, at most 80 characters of it.
fn shown(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The fields of a mapping.
#[derive(Debug)]
pub struct Fields<'a> {
    entries: &'a [Entry],
    line: u32,
    column: u32,
    path: String,
}

impl<'a> Fields<'a> {
    /// Whether the field is written.
    pub fn has(&self, field: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == field)
    }

    /// The field, if it is written. Null is a fault.
    pub fn optional(&self, field: &str, faults: &mut Faults) -> Option<Item<'a>> {
        let entry = self.entries.iter().find(|entry| entry.key == field)?;
        if matches!(entry.node.value, Value::Null) {
            faults.push(entry.line, entry.column, join(&self.path, field), "this field is empty".to_owned());
            return None;
        }
        Some(Item { node: &entry.node, path: join(&self.path, field) })
    }

    /// The field; that it is missing or null is a fault.
    pub fn required(&self, field: &str, faults: &mut Faults) -> Option<Item<'a>> {
        if !self.has(field) {
            faults.about(self, field, "this field is missing");
        }
        self.optional(field, faults)
    }

    /// Refuses a field that has no meaning here.
    pub fn forbid(&self, field: &str, why: &str, faults: &mut Faults) {
        if self.has(field) {
            faults.about(self, field, why);
        }
    }

    /// Where the field stands, or the mapping that lacks it.
    fn place_of(&self, field: &str) -> (u32, u32) {
        let entry = self.entries.iter().find(|entry| entry.key == field);
        entry.map_or((self.line, self.column), |entry| (entry.line, entry.column))
    }
}
