//! The model checker on a domain that lacks a guard: it finds a shortest history that breaks the law, in words.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking, and so do their helpers")]
#![expect(clippy::print_stdout, reason = "what was found is told")]

extern crate tenure_domain_seeded as tenure_domain;

#[allow(dead_code, reason = "shared with the law tests")]
#[path = "../../../crates/domain/tests/laws/chronicle.rs"]
mod chronicle;
#[path = "../../../crates/domain/tests/model/commands.rs"]
mod commands;
#[allow(dead_code, reason = "shared with the model checker")]
#[path = "../../../crates/domain/tests/model/explore.rs"]
mod explore;
#[path = "../../../crates/domain/tests/model/oracle.rs"]
mod oracle;
#[allow(dead_code, reason = "shared with the model checker")]
#[path = "../../../crates/domain/tests/model/stations.rs"]
mod stations;
#[allow(dead_code, reason = "shared with the law tests")]
#[path = "../../../crates/domain/tests/laws/world.rs"]
mod world;

#[test]
fn model_check_finds_a_guard_that_is_removed() {
    let found = explore::explore(stations::Station::CureRun, 4).unwrap_err();
    println!("{found}");
    assert_eq!((found.law, found.how.as_str()), (3, "parley.m1 takes effect before its notice has run"));
    let last: Vec<&str> =
        found.history.iter().rev().take(3).rev().map(|s| s.split("   ").nth(1).unwrap()).collect();
    assert_eq!(
        last,
        [
            "person/ines: propose in parley.c1 from account on now",
            "person/omar: approve parley.m1",
            "system/timer: apply:parley.m1 fires"
        ]
    );
}
