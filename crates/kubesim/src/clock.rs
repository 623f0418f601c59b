//! The one place where the simulation reads the time of day.

use jiff::Timestamp;

/// Now. A cluster keeps its own time, as a real one does; legal time never comes from it.
#[expect(
    clippy::disallowed_methods,
    reason = "a simulated cluster stands for another machine, with a clock of its own"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}
