//! What the account does with a workload that runs, and with its secrets.

use tenure_domain::account::Command;
use tenure_domain::name::{EnvironmentId, SecretId, WorkloadId};
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::text::Words;
use tenure_domain::workload::{Autoscale, Content, Kind, Overlap, Schedule, SecretKey, Workload};

use crate::world::{HOUSE, World, types, words, workload};

const ADA: &str = "member/parley/ada";
const IMAGE: &str = "registry.example/app:1";

fn web() -> EnvironmentId {
    "web".parse().unwrap()
}

fn feed() -> WorkloadId {
    "feed".parse().unwrap()
}

fn put(spec: Workload) -> Command {
    Command::PutWorkload { environment: web(), workload: feed(), spec }
}

fn scale(replicas: u16) -> Command {
    Command::ScaleWorkload { environment: web(), workload: feed(), replicas }
}

fn restart() -> Command {
    Command::RestartWorkload { environment: web(), workload: feed() }
}

fn db() -> SecretId {
    "db".parse().unwrap()
}

/// The values of a secret, told apart by a number.
fn set(keys: &[&str], number: u8) -> Command {
    let values = Words::of_digest([number; 32]);
    let keys = keys.iter().map(ToString::to_string).collect();
    Command::SetSecret { environment: web(), secret: db(), keys, values }
}

fn remove() -> Command {
    Command::RemoveSecret { environment: web(), secret: db() }
}

fn reading(key: &str) -> Workload {
    let key = SecretKey { name: db(), key: key.to_owned() };
    Workload { env: [("PASSWORD".to_owned(), Content::Secret(key))].into(), ..workload(IMAGE) }
}

#[test]
fn law_07_a_hold_on_what_runs_keeps_its_pods() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    world.ok(ADA, set(&["password"], 1));
    world.ok(ADA, put(reading("password")));
    let scope = "workload/web/feed".parse().unwrap();
    world.ok("person/lena", Command::PlaceHold { scope, running_state: true, why: words() });
    for ends_pods in [scale(1), scale(0), restart(), set(&["password"], 2)] {
        assert_eq!(world.refused(ADA, ends_pods), [Guard::NoHold]);
    }
    assert_eq!(types(&world.ok(ADA, scale(3))), ["workload.scaled"]);
    world.ok("person/lena", Command::ReleaseHold { hold: world.h(1), why: words() });
    assert_eq!(types(&world.ok(ADA, restart())), ["workload.restarted"]);
    assert_eq!(types(&world.ok(ADA, scale(1))), ["workload.scaled"]);
    assert_eq!(world.account().environments[&web()].workloads[&feed()].replicas, 1);
    assert_eq!(world.account().environments[&web()].restarts[&feed()], world.now);
}

#[test]
fn what_is_frozen_is_neither_scaled_nor_started_anew_nor_given_other_secrets() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let ask = Command::AskMeasure {
        preset: tenure_domain::capability::Preset::Freeze,
        scope: "environment/web".parse().unwrap(),
        ends: None,
        why: words(),
    };
    world.ok(ADA, ask);
    for changes in [scale(3), restart(), set(&["password"], 1)] {
        assert_eq!(world.refused(ADA, changes), [Guard::NotWithheld]);
    }
}

#[test]
fn more_pods_than_the_plan_has_are_refused_and_what_follows_the_load_is_not_scaled_by_hand() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    assert!(world.refused(ADA, scale(100)).contains(&Guard::WithinPlan));
    let answer = world.run(&ADA.parse().unwrap(), scale(101));
    assert!(
        matches!(&answer, Err(Rejected::Invalid { pointer, .. }) if pointer == "/replicas"),
        "{answer:?}"
    );
    assert!(world.ok(ADA, scale(2)).is_empty(), "it has as many");
    let autoscale = Some(Autoscale { least: 1, most: 3, cpu_percent: 50 });
    world.ok(ADA, put(Workload { autoscale, ..workload(IMAGE) }));
    assert_eq!(world.refused(ADA, scale(3)), [Guard::InState]);
    let schedule = Some(Schedule { cron: "0 3 * * *".to_owned(), overlap: Overlap::Skip, late_seconds: 60 });
    let nightly = Workload { kind: Kind::CronJob, port: 0, replicas: 1, schedule, ..workload(IMAGE) };
    let workload: WorkloadId = "nightly".parse().unwrap();
    world.ok(ADA, Command::PutWorkload { environment: web(), workload: workload.clone(), spec: nightly });
    let again = Command::RestartWorkload { environment: web(), workload };
    assert_eq!(world.refused(ADA, again), [Guard::InState]);
}

#[test]
fn a_secret_is_there_before_it_is_read_and_as_long_as_it_is() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    assert_eq!(world.refused(ADA, put(reading("password"))), [Guard::Known]);
    world.ok(ADA, set(&["user"], 1));
    assert_eq!(world.refused(ADA, put(reading("password"))), [Guard::Known]);
    world.ok(ADA, set(&["user", "password"], 2));
    world.ok(ADA, put(reading("password")));
    assert_eq!(world.refused(ADA, set(&["user"], 3)), [Guard::InState]);
    assert_eq!(world.refused(ADA, remove()), [Guard::InState]);
    assert!(world.ok(ADA, set(&["user", "password"], 2)).is_empty(), "the same again is nothing");
    world.ok(ADA, put(workload(IMAGE)));
    assert_eq!(types(&world.ok(ADA, remove())), ["secret.removed"]);
    assert!(matches!(world.run(&ADA.parse().unwrap(), remove()), Err(Rejected::NotFound { .. })));
}
