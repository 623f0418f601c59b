//! Parity: whether like cases are treated alike.
//!
//! A [`Comparator`] says which cases count as near. It is fixed, and hashed, before any case is looked at. [`compare`]
//! then says where a proposal sits among them, and which accounts gave the same signals and have no case. Cases of
//! others come in as [`NearCase`]s; nothing here reads anything.

mod comparator;
mod compare;
mod row;
mod summary;

#[cfg(test)]
mod tests;

pub use comparator::{Comparator, DEVIATES_BEYOND, NEAREST_MAX, TOO_FEW, WINDOW_DAYS};
pub use compare::{Answer, Comparable, Parity, Position, Signalled, Subject, compare};
pub use row::{NearCase, case_row, subject};
pub use summary::{GroundSummary, Spread, summary};
