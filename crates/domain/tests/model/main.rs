//! Every short history of a small world, run through the real `decide`, `apply` and `permit`, and judged against laws 1
//! to 12 by what the events alone say.
//!
//! [`commands`], [`commands_further`] and [`commands_legal`] are the tables of what is tried in every state, and [`table`]
//! has a line for each command of the domain: one that is never carried out fails the test. [`stations`] says from where, and how deep.
//! [`oracle`] and [`oracle_further`] hold the laws; [`explore`] walks breadth first, so that the first counter-example is a shortest one.
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
mod commands_further;
mod commands_legal;
mod explore;
mod further;
mod oracle;
mod oracle_further;
mod said;
mod stations;
mod table;

#[test]
fn model_check() {
    explore::check_all(stations::DEPTHS);
}
