//! What is checked before the text reaches the CEL parser: its length, its alphabet and how deep it nests.

use super::{ConditionError, DEPTH_MAX, NODES_MAX, TEXT_MAX};

/// Every node of the syntax tree has at most a few tokens of its own.
const TOKENS_MAX: usize = 4 * NODES_MAX;

pub(super) fn check(text: &str) -> Result<(), ConditionError> {
    if text.len() > TEXT_MAX {
        return Err(ConditionError::whole(format!("the condition is longer than {TEXT_MAX} characters")));
    }
    if text.trim().is_empty() {
        return Err(ConditionError::whole("the condition is blank"));
    }
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut depth, mut unary) = (0, 0, 0_usize, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let wrong = |message: String| ConditionError::at(text, at, message);
        let run = |of: fn(&u8) -> bool| bytes.iter().skip(at).take_while(|b| of(b)).count();
        let is_space = byte.is_ascii_whitespace();
        let is_unary = matches!(byte, b'!' | b'-');
        let length = match byte {
            _ if is_space => 1,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' => run(|b| b.is_ascii_alphanumeric() || *b == b'_'),
            b'"' | b'\'' => string_length(&bytes[at..]).ok_or_else(|| {
                wrong("a text ends with the quote it began with, on one line, of printable ASCII without backslashes".to_owned())
            })?,
            b'/' if bytes.get(at + 1) == Some(&b'/') => return Err(wrong("write remarks outside the condition".to_owned())),
            b'(' | b')' | b',' | b'.' | b'?' | b':' | b'!' | b'<' | b'>' | b'=' | b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' => 1,
            b'[' | b']' | b'{' | b'}' => return Err(wrong("lists and maps are not part of conditions".to_owned())),
            _ => return Err(wrong("this character is not part of conditions".to_owned())),
        };
        match byte {
            b'(' | b'?' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        unary = if is_unary {
            unary + 1
        } else if is_space {
            unary
        } else {
            0
        };
        if depth > DEPTH_MAX || unary > DEPTH_MAX {
            return Err(wrong(format!("the condition nests deeper than {DEPTH_MAX}")));
        }
        tokens += usize::from(!is_space);
        if tokens > TOKENS_MAX {
            return Err(wrong(format!("the condition has more than {TOKENS_MAX} words and signs")));
        }
        at += length;
    }
    Ok(())
}

/// The length of a text literal with its quotes.
fn string_length(bytes: &[u8]) -> Option<usize> {
    let quote = bytes.first()?;
    let inside = bytes
        .iter()
        .skip(1)
        .take_while(|b| *b != quote && (b.is_ascii_graphic() || **b == b' ') && **b != b'\\')
        .count();
    (bytes.get(inside + 1) == Some(quote)).then_some(inside + 2)
}
