//! The condition of a rule: a typed and bounded part of [CEL].
//!
//! What a condition may contain:
//!
//! | form | type |
//! |---|---|
//! | `reports("GROUND", "WINDOW").filed` | int: the reports filed in the window |
//! | `reports("GROUND", "WINDOW").trend` | double: reports per week, newer half of the window less the older half |
//! | `reports("GROUND", "WINDOW").remediatedWithin("PERIOD")` | double from 0.0 to 1.0: the share remedied in time |
//! | `true`, `false`, `50`, `0.5` | bool, int, double |
//! | `+ - * /` and `-x`, and `%` for int | int or double, both sides alike |
//! | `< <= > >= == !=` | bool; both sides alike; bool only with `==` and `!=` |
//! | `&&`, `\|\|`, `!`, `a ? b : c` | as in CEL |
//!
//! Texts are literals, so ground, window and period are checked when the rule is read. Everything else of CEL (other
//! names, macros such as `exists`, lists, maps, texts as values, `in`) is refused.
//!
//! As in CEL, `&&` and `||` are decided by one side where the other has no value: `false && missing` is `false`.
//!
//! [CEL]: https://github.com/google/cel-spec/blob/master/doc/langdef.md

mod check;
mod evaluate;
mod guard;

use cel::parser::Parser;
use tenure_domain::name::Ground;
use tenure_domain::period::Period;

use crate::facts::{Facts, Window};
use crate::verdict::Verdict;

/// The longest text of a condition, in bytes.
pub const TEXT_MAX: usize = 2_048;
/// The most nodes of a condition's syntax tree.
pub const NODES_MAX: usize = 256;
/// The deepest nesting of a condition.
pub const DEPTH_MAX: usize = 32;
/// The most different facts that a condition reads; each costs a pass over the reports.
pub const FACTS_MAX: usize = 16;
/// What the parser counts as depth: every level of nesting is several of its rules.
const PARSER_DEPTH: u16 = 128;
/// Address space only; what is not touched costs nothing.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// A condition that was read and checked: it is of type bool, and every name in it is declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: String,
    root: Expr,
}

/// Why a text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", near.as_ref().map(|near| format!(", at {near:?}")).unwrap_or_default())]
pub struct ConditionError {
    /// What is wrong and what would be right.
    pub message: String,
    /// The condition's text from where it is wrong, if that is known.
    pub near: Option<String>,
}

impl ConditionError {
    fn whole(message: impl Into<String>) -> Self {
        Self { message: message.into(), near: None }
    }

    /// At a byte offset of an ASCII text.
    fn at(text: &str, offset: usize, message: impl Into<String>) -> Self {
        let near = text.get(offset..).filter(|rest| !rest.is_empty());
        Self { message: message.into(), near: near.map(|rest| rest.chars().take(40).collect()) }
    }
}

impl Condition {
    /// Reads and checks a condition. Time and memory are bounded by [`TEXT_MAX`], [`NODES_MAX`] and [`DEPTH_MAX`].
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        guard::check(text)?;
        let root = on_a_deep_stack(text, || {
            let parser = Parser::new().max_recursion_depth(PARSER_DEPTH).error_recovery_limit(1);
            let (expression, places) = parser.parse_with_source_info(text).map_err(|errors| {
                let first = errors.errors.first();
                first.map_or_else(
                    || ConditionError::whole("this is not CEL"),
                    |error| syntax_error(text, error),
                )
            })?;
            check::root(text, &expression, &places)
        })?;
        Ok(Self { text: text.to_owned(), root })
    }

    /// The text as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the condition holds of these facts.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Verdict {
        evaluate::verdict(&self.root, facts)
    }
}

/// Runs the parser on a stack of its own. It takes up to 200 KiB for each level of nesting where it is compiled without
/// optimization, which is more than a server's thread has for [`DEPTH_MAX`] levels. A panic in it ends only that stack.
fn on_a_deep_stack(
    text: &str,
    parse: impl FnOnce() -> Result<Expr, ConditionError> + Send,
) -> Result<Expr, ConditionError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("condition".to_owned()).stack_size(STACK_BYTES);
        let running = thread.spawn_scoped(scope, parse).map_err(|error| {
            ConditionError::whole(format!("the condition could not be read now, try again: {error}"))
        })?;
        running.join().unwrap_or_else(|_| Err(ConditionError::at(text, 0, "this is not CEL")))
    })
}

fn syntax_error(text: &str, error: &cel::ParseError) -> ConditionError {
    let (line, column) =
        (usize::try_from(error.pos.0).unwrap_or(0), usize::try_from(error.pos.1).unwrap_or(0));
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    // The parser goes on to list all of CEL, of which a condition may contain only a part.
    let message = match error.msg.split_once(" expecting ") {
        Some((found, _)) if found.contains("<EOF>") => "the condition ends where more is expected",
        Some((found, _)) => found,
        None => &error.msg,
    };
    ConditionError::at(text, before + column.saturating_sub(1), message)
}

/// A checked expression.
#[derive(Debug, Clone, PartialEq)]
enum Expr {
    Bool(bool),
    Int(i64),
    Double(f64),
    Fact(Fact),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Compare(Compare, Box<Expr>, Box<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// A fact about the reports on a ground within a window.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fact {
    ground: Ground,
    window: Window,
    of: Of,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Filed,
    Trend,
    RemediatedWithin(Period),
}

#[cfg(test)]
mod tests;
