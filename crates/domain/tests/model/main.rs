//! Every short history of a small world, run through the real `decide`, `apply` and `permit`, and judged against laws 1
//! to 12 by what the events alone say.
//!
//! [`commands`] is the table of what is tried in every state: whoever adds a command to the domain adds a line there.
//! [`oracle`] holds the laws; [`explore`] walks breadth first, so that the first counter-example is a shortest one.
//! The same explorer is run on a build of the domain with one guard removed, in `tests/seeded`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking, and so do their helpers")]
#![expect(clippy::print_stdout, reason = "what was explored is told")]

#[allow(dead_code, reason = "the world of the law tests has more than is used here")]
#[path = "../laws/chronicle.rs"]
mod chronicle;
#[allow(dead_code, reason = "the world of the law tests has more than is used here")]
#[path = "../laws/world.rs"]
mod world;

mod commands;
mod explore;
mod oracle;
mod stations;

#[test]
fn model_check() {
    explore::check_all(stations::DEPTHS);
}
