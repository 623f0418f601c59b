//! Taking a document apart, field by field.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::node::{Entry, Node, Value};
use super::{Faults, join};

/// A value with its path.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    pub(super) node: &'a Node,
    pub(super) path: String,
}

impl<'a> Item<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Self { node, path: String::new() }
    }

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

    /// A mapping whatever its fields are; for one that was read with [`fields`](Self::fields) before.
    pub fn mapping(&self) -> Option<Fields<'a>> {
        let Value::Map(entries) = &self.node.value else { return None };
        Some(Fields { entries, line: self.node.line, column: self.node.column, path: self.path.clone() })
    }

    /// Whether a list is written.
    pub fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
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

/// The fields of a mapping.
#[derive(Debug)]
pub struct Fields<'a> {
    entries: &'a [Entry],
    line: u32,
    column: u32,
    pub(super) path: String,
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
    pub(super) fn place_of(&self, field: &str) -> (u32, u32) {
        let entry = self.entries.iter().find(|entry| entry.key == field);
        entry.map_or((self.line, self.column), |entry| (entry.line, entry.column))
    }
}

/// A text for a message, at most 80 characters of it.
fn shown(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
