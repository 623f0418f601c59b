//! JSON from strangers: every bound is kept while it is read, before anything looks at the whole.

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_path_to_error::{Segment, Track};

use crate::{Fault, Refused};

/// How deep values may be nested.
const DEPTH_MAX: usize = 32;

/// How many values there may be in all.
const VALUES_MAX: usize = 10_000;

/// Reads one JSON value. Texts with NUL, repeated keys, and what is too deep or too much are faults.
pub fn read(bytes: &[u8]) -> Result<Value, Refused> {
    let values = Cell::new(0);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let mut track = Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    let read = Bounded { depth: 0, values: &values }.deserialize(tracked);
    let value = read.map_err(|error| {
        let pointer: String = track.path().iter().map(step).collect();
        // Where it stands in the text helps with what is no JSON; elsewhere the pointer says it.
        let told = error.to_string();
        if error.is_data() {
            let at = format!(" at line {} column {}", error.line(), error.column());
            Refused::at(pointer, told.strip_suffix(&at).unwrap_or(&told))
        } else {
            Refused::Malformed(Fault::new(pointer, told))
        }
    })?;
    reader.end().map_err(|error| Refused::Malformed(Fault::new("", error.to_string())))?;
    Ok(value)
}

fn step(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    }
}

/// A value at a depth, of so many so far.
#[derive(Clone, Copy)]
struct Bounded<'a> {
    depth: usize,
    values: &'a Cell<usize>,
}

impl Bounded<'_> {
    fn within(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    fn text<E: Error>(text: &str) -> Result<String, E> {
        if text.contains('\0') {
            return Err(E::custom("a text with NUL: leave it out"));
        }
        Ok(text.to_owned())
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.values.set(self.values.get() + 1);
        if self.values.get() > VALUES_MAX {
            return Err(D::Error::custom(format_args!("more than {VALUES_MAX} values")));
        }
        if self.depth > DEPTH_MAX {
            return Err(D::Error::custom(format_args!("nested more than {DEPTH_MAX} levels deep")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is none"))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Self::text(value).map(Value::String)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(self.within())? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let key = Self::text(&key)?;
            let value = map.next_value_seed(self.within())?;
            if fields.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
            }
            fields.insert(key, value);
        }
        Ok(Value::Object(fields))
    }
}
