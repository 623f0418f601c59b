//! The located tree of a document.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::{DefaultMessageFormatter, DuplicateKeyPolicy, MergeKeyPolicy, MessageFormatter, Spanned};

use super::{BYTES_MAX, DEPTH_MAX, DocumentError, DocumentErrors, Item, NODES_MAX};

/// A value of a document, and where it stands.
#[derive(Debug)]
pub struct Node {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool,
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) node: Node,
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
        Item::root(self)
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
