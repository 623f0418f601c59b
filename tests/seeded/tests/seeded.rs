//! The model checker on a domain that lacks a guard and a consequence: it finds a shortest history that breaks the law, in
//! words.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking, and so do their helpers")]
#![expect(clippy::print_stdout, reason = "what was found is told")]

extern crate tenure_domain_seeded as tenure_domain;

#[allow(dead_code, reason = "shared with the law tests")]
#[path = "../../../crates/domain/tests/laws/chronicle.rs"]
mod chronicle;
#[path = "../../../crates/domain/tests/model/commands.rs"]
mod commands;
#[path = "../../../crates/domain/tests/model/commands_further.rs"]
mod commands_further;
#[path = "../../../crates/domain/tests/model/commands_legal.rs"]
mod commands_legal;
#[allow(dead_code, reason = "shared with the model checker")]
#[path = "../../../crates/domain/tests/model/explore.rs"]
mod explore;
#[allow(dead_code, reason = "shared with the model checker")]
#[path = "../../../crates/domain/tests/model/further.rs"]
mod further;
#[path = "../../../crates/domain/tests/model/oracle.rs"]
mod oracle;
#[path = "../../../crates/domain/tests/model/oracle_further.rs"]
mod oracle_further;
#[path = "../../../crates/domain/tests/model/said.rs"]
mod said;
#[allow(dead_code, reason = "shared with the model checker")]
#[path = "../../../crates/domain/tests/model/stations.rs"]
mod stations;
#[allow(dead_code, reason = "shared with the model checker")]
#[path = "../../../crates/domain/tests/model/table.rs"]
mod table;
#[allow(dead_code, reason = "shared with the law tests")]
#[path = "../../../crates/domain/tests/laws/world.rs"]
mod world;

use stations::{Station, Tried};

#[test]
fn model_check_finds_a_guard_that_is_removed() {
    let found = explore::explore(Station::CureRun, Tried::Course, 4).unwrap_err();
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

#[test]
fn model_check_finds_what_rests_on_a_strike_that_an_overturned_appeal_removed() {
    let found = explore::explore(Station::Struck, Tried::Appeals, 2).unwrap_err();
    println!("{found}");
    assert_eq!((found.law, found.how.as_str()), (10, "parley.m2 is in_force and 1 strikes stand"));
    let last = found.history.last().unwrap();
    assert_eq!(last.split("   ").nth(1).unwrap(), "person/noa: decide parley.a1: Overturned");
}
