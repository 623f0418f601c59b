//! `tenured check-terms`: a document of terms in plain words, for whoever has to answer for it.

mod page;
#[cfg(test)]
mod tests;
mod words;

use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;
use tenure_domain::document::{BYTES_MAX, DocumentErrors};
use tenure_domain::terms::Terms;
use tenure_domain::terms::explain::Grade;

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// How it ended.
    pub verdict: Verdict,
    /// What to show.
    pub text: String,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It reads, and nothing calls for a look.
    Fine,
    /// It reads, and something calls for a look.
    Warnings,
    /// Tenure would not take it.
    Refused,
    /// There is nothing to check: the file cannot be read.
    Unreadable,
}

impl Verdict {
    /// The code with which the program ends.
    pub fn code(self, strict: bool) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Warnings => {
                if strict {
                    3
                } else {
                    0
                }
            }
            Self::Refused => 1,
            Self::Unreadable => 2,
        }
    }
}

/// Checks a file. `from` is the example moment; without it the document gives one.
pub fn check(file: &Path, from: Option<Timestamp>) -> Checked {
    let shown = file.display().to_string();
    let unreadable = |why: String| Checked {
        verdict: Verdict::Unreadable,
        text: format!("{shown} cannot be read: {why}"),
    };
    match std::fs::metadata(file) {
        Ok(meta) if meta.len() > BYTES_MAX as u64 => {
            return unreadable(format!("it has {} bytes, and {BYTES_MAX} are the most", meta.len()));
        }
        Ok(meta) if !meta.is_file() => return unreadable("it is no file".to_owned()),
        Ok(_) => {}
        Err(error) => return unreadable(error.to_string()),
    }
    match std::fs::read(file).map(String::from_utf8) {
        Ok(Ok(text)) => check_text(&shown, &text, from),
        Ok(Err(error)) => {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = std::str::from_utf8(before).map_or(0, |text| text.matches('\n').count());
            unreadable(format!("line {} is not UTF-8", line + 1))
        }
        Err(error) => unreadable(error.to_string()),
    }
}

/// Checks a text that is called `name`.
pub fn check_text(name: &str, text: &str, from: Option<Timestamp>) -> Checked {
    match Terms::parse(text) {
        Err(errors) => Checked { verdict: Verdict::Refused, text: refused(name, text, &errors) },
        Ok((terms, reference)) => {
            let explanation = terms.explain(from.unwrap_or_else(|| terms.example_moment()));
            let warned = explanation.findings.iter().any(|f| f.grade == Grade::Warning);
            Checked {
                verdict: if warned { Verdict::Warnings } else { Verdict::Fine },
                text: page::page(&terms, &reference, &explanation),
            }
        }
    }
}

/// Every fault with its line, its field, what would be right, and the line as it stands.
fn refused(name: &str, text: &str, errors: &DocumentErrors) -> String {
    let n = errors.as_slice().len();
    let mut out = format!("{name} is REFUSED: {}\n", words::counted(n, "fault"));
    for fault in errors {
        let place = match (fault.line, fault.field.as_str()) {
            (0, "") => "the document".to_owned(),
            (0, field) => field.to_owned(),
            (line, "") => format!("line {line}"),
            (line, field) => format!("line {line}, {field}"),
        };
        let _ = writeln!(out, "\n  {place}");
        page::wrapped(&mut out, 6, &fault.message);
        let stands = fault.line.checked_sub(1).and_then(|n| text.lines().nth(n as usize));
        if let Some(line) = stands {
            let line: String =
                line.trim().chars().filter(|c| !c.is_control()).take(page::WIDTH - 14).collect();
            let _ = writeln!(out, "      {:>4} | {line}", fault.line);
        }
    }
    out.push_str("\nNothing of it counts until all of this is mended: terms are never read in part.\n");
    out
}
