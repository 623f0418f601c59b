//! Rules: CEL conditions over typed facts, their modes and caps, and parity. Pure: no clock, randomness, I/O or async.
//!
//! A [`Rule`] is a YAML document. Its [`Condition`] is checked in full when it is read, so that what is left to go
//! wrong at evaluation is the facts; then the verdict is [`Verdict::CannotDecide`], on which nobody acts. Evaluation
//! takes the moment, the calendar and the reports as arguments: a replay over history runs the very code that live
//! evaluation runs.

mod caps;
mod condition;
mod facts;
pub mod parity;
mod rule;
mod verdict;

pub use caps::{Caps, Share, ShareError};
pub use condition::{Condition, ConditionError, DEPTH_MAX, FACTS_MAX, NODES_MAX, TEXT_MAX};
pub use facts::{Facts, REPORTS_MAX, ReportFact, Window, WindowError};
pub use rule::{Mode, Rule, RuleRef};
pub use verdict::{FactUsed, Verdict};
