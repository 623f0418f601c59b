//! Label and field selectors, as query text and as `LabelSelector` objects.

use serde_json::Value;

use crate::object::{label, list, text};
use crate::status::{ApiError, Outcome};

/// Both selectors of a list, watch or delete collection.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    labels: Vec<LabelRule>,
    fields: Vec<FieldRule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum LabelRule {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldRule {
    pointer: String,
    value: String,
    equal: bool,
}

impl Selection {
    /// Parses `labelSelector` and `fieldSelector`. `fields` are the field paths the kind supports.
    pub fn parse(labels: &str, fields: &str, supported: &[&str]) -> Outcome<Self> {
        Ok(Self { labels: parse_labels(labels)?, fields: parse_fields(fields, supported)? })
    }

    /// Whether nothing is selected away.
    pub fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object is selected.
    pub fn matches(&self, object: &Value) -> bool {
        self.labels.iter().all(|r| r.matches(object)) && self.fields.iter().all(|r| r.matches(object))
    }
}

impl LabelRule {
    fn matches(&self, object: &Value) -> bool {
        match self {
            Self::In(key, values) => label(object, key).is_some_and(|v| values.iter().any(|w| w == v)),
            Self::NotIn(key, values) => label(object, key).is_none_or(|v| values.iter().all(|w| w != v)),
            Self::Exists(key) => label(object, key).is_some(),
            Self::Absent(key) => label(object, key).is_none(),
        }
    }
}

impl FieldRule {
    fn matches(&self, object: &Value) -> bool {
        let found = match object.pointer(&self.pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        (found == self.value) == self.equal
    }
}

/// Splits at commas outside parentheses.
fn terms(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut out) = (0_i32, 0, Vec::new());
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                out.push(text.get(start..i).unwrap_or_default());
                start = i + 1;
            }
            _ => {}
        }
    }
    out.push(text.get(start..).unwrap_or_default());
    out.into_iter().map(str::trim).filter(|t| !t.is_empty()).collect()
}

fn parse_labels(text: &str) -> Outcome<Vec<LabelRule>> {
    terms(text).into_iter().map(|term| label_rule(term).ok_or_else(|| unparsable(text, term))).collect()
}

fn unparsable(selector: &str, term: &str) -> ApiError {
    ApiError::bad_request(format!("unable to parse requirement: {term:?} in selector {selector:?}"))
}

fn label_rule(term: &str) -> Option<LabelRule> {
    if let Some(key) = term.strip_prefix('!') {
        return Some(LabelRule::Absent(word(key)?));
    }
    if let Some((head, values)) = term.split_once('(') {
        let values: Vec<String> = values.strip_suffix(')')?.split(',').map(|v| v.trim().to_owned()).collect();
        let mut head = head.split_whitespace();
        let (key, operator) = (word(head.next()?)?, head.next()?);
        return match operator {
            "in" => Some(LabelRule::In(key, values)),
            "notin" => Some(LabelRule::NotIn(key, values)),
            _ => None,
        };
    }
    if let Some((key, value)) = term.split_once("!=") {
        return Some(LabelRule::NotIn(word(key)?, vec![value.trim().to_owned()]));
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return Some(LabelRule::In(word(key)?, vec![value.trim().to_owned()]));
    }
    Some(LabelRule::Exists(word(term)?))
}

fn word(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    (!text.is_empty() && text.chars().all(plain)).then(|| text.to_owned())
}

fn parse_fields(text: &str, supported: &[&str]) -> Outcome<Vec<FieldRule>> {
    terms(text)
        .into_iter()
        .map(|term| {
            let (path, value, equal) = if let Some((p, v)) = term.split_once("!=") {
                (p, v, false)
            } else if let Some((p, v)) = term.split_once("==").or_else(|| term.split_once('=')) {
                (p, v, true)
            } else {
                return Err(ApiError::bad_request(format!(
                    "invalid selector: {text:?}; can't understand {term:?}"
                )));
            };
            if !["metadata.name", "metadata.namespace"].contains(&path) && !supported.contains(&path) {
                return Err(ApiError::bad_request(format!("field label not supported: {path}")));
            }
            let pointer = format!("/{}", path.replace('.', "/"));
            Ok(FieldRule { pointer, value: value.to_owned(), equal })
        })
        .collect()
}

/// Whether labels satisfy a `LabelSelector` object; an empty selector matches everything, an absent one nothing.
pub fn label_selector_matches(selector: Option<&Value>, object: &Value) -> bool {
    let Some(selector) = selector.filter(|s| s.is_object()) else { return false };
    let exact = selector.get("matchLabels").and_then(Value::as_object).is_none_or(|wanted| {
        wanted.iter().all(|(key, value)| label(object, key).is_some_and(|l| value.as_str() == Some(l)))
    });
    exact
        && list(selector, "/matchExpressions").iter().all(|e| {
            let key = text(e, "/key").to_owned();
            let values = list(e, "/values").iter().filter_map(Value::as_str).map(str::to_owned).collect();
            match text(e, "/operator") {
                "In" => LabelRule::In(key, values),
                "NotIn" => LabelRule::NotIn(key, values),
                "DoesNotExist" => LabelRule::Absent(key),
                _ => LabelRule::Exists(key),
            }
            .matches(object)
        })
}

/// Whether labels satisfy a plain map, as a Service selects; an empty map selects nothing.
pub fn map_selector_matches(selector: Option<&Value>, object: &Value) -> bool {
    selector.and_then(Value::as_object).is_some_and(|wanted| {
        !wanted.is_empty()
            && wanted.iter().all(|(key, value)| label(object, key).is_some_and(|l| value.as_str() == Some(l)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn label_selectors_read_every_form() {
        let object = json!({"metadata": {"name": "x", "labels": {"app": "web", "tier": "front"}}});
        let matches = |s: &str| Selection::parse(s, "", &[]).unwrap().matches(&object);
        for yes in
            ["app=web", "app==web", "app!=db", "app in (db, web)", "tier notin (back)", "app", "!gone", ""]
        {
            assert!(matches(yes), "{yes}");
        }
        for no in
            ["app=db", "app!=web", "app in (db)", "tier notin (front,x)", "gone", "!app", "app=web,gone"]
        {
            assert!(!matches(no), "{no}");
        }
        assert_eq!(Selection::parse("a b=", "", &[]).unwrap_err().code, 400);
    }

    #[test]
    fn an_unknown_field_is_a_bad_request() {
        assert_eq!(Selection::parse("", "spec.color=red", &[]).unwrap_err().code, 400);
        let object = json!({"metadata": {"name": "x"}, "status": {"phase": "Running"}});
        let fields = ["status.phase"];
        assert!(
            Selection::parse("", "metadata.name=x,status.phase!=Failed", &fields).unwrap().matches(&object)
        );
    }
}
