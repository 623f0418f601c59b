//! Snapshots of volumes: asked for, made volumes from, given up, and lost.

use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::snapshot::{SNAPSHOTS, Snapshots};
use tenure_domain::account::{Account, Command};
use tenure_domain::capability::Preset;
use tenure_domain::name::{EnvironmentId, SnapshotId, WorkloadId};
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::workload::{Kind, Volume, Workload};

use crate::world::{HOUSE, World, blob, types, words, workload};

const ADA: &str = "member/parley/ada";
const IMAGE: &str = "registry.example/app:1";

fn web() -> EnvironmentId {
    "web".parse().unwrap()
}

fn id(number: u32) -> SnapshotId {
    SnapshotId::new("parley".parse().unwrap(), number)
}

fn put(name: &str, spec: Workload) -> Command {
    Command::PutWorkload { environment: web(), workload: name.parse().unwrap(), spec }
}

/// A worker with one volume, made from a snapshot or empty.
fn keeping(size_mib: u32, from: Option<SnapshotId>) -> Workload {
    let volume = Volume { path: "/data".to_owned(), size_mib, from };
    Workload { volumes: [("data".parse().unwrap(), volume)].into(), ..workload(IMAGE) }
}

fn ask(pod: Option<u16>, unable: Option<&str>) -> Command {
    Command::Snapshots(Snapshots::Request {
        environment: web(),
        workload: "store".parse().unwrap(),
        volume: "data".parse().unwrap(),
        pod,
        unable: unable.map(str::to_owned),
    })
}

pub fn request() -> Command {
    ask(None, None)
}

pub fn release(number: u32) -> Command {
    Command::Snapshots(Snapshots::Release { environment: web(), snapshot: id(number) })
}

pub fn lost(number: u32) -> Command {
    Command::Snapshots(Snapshots::RecordLost { snapshot: id(number) })
}

/// An account with a volume and a snapshot of it.
pub fn with_one() -> World {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    world.ok(ADA, put("store", keeping(16, None)));
    assert_eq!(types(&world.ok(ADA, request())), ["snapshot.requested"]);
    world
}

fn kept(account: &Account) -> Vec<u32> {
    account.snapshots_of(&web()).map(|(id, _)| id.number()).collect()
}

#[test]
fn a_snapshot_outlives_its_workload_and_a_new_volume_is_made_from_it() {
    let mut world = with_one();
    world.ok(ADA, Command::RemoveWorkload { environment: web(), workload: "store".parse().unwrap() });
    assert_eq!(kept(world.account()), [1]);
    // No smaller than what it was taken of, and of none that is not there.
    assert_eq!(world.refused(ADA, put("again", keeping(15, Some(id(1))))), [Guard::InState]);
    assert_eq!(world.refused(ADA, put("again", keeping(16, Some(id(2))))), [Guard::Known]);
    let elsewhere = SnapshotId::new("agora".parse().unwrap(), 1);
    assert_eq!(world.refused(ADA, put("again", keeping(16, Some(elsewhere)))), [Guard::Known]);
    world.ok(ADA, put("again", keeping(16, Some(id(1)))));
    // It is kept while a volume is declared to be made from it.
    assert_eq!(world.refused(ADA, release(1)), [Guard::InState]);
    world.ok(ADA, put("again", keeping(16, None)));
    assert_eq!(types(&world.ok(ADA, release(1))), ["snapshot.released"]);
    assert!(matches!(world.run(&ADA.parse().unwrap(), release(1)), Err(Rejected::NotFound { .. })));
    // Its number is not given again: what is made anew under it would pass for it.
    world.ok(ADA, put("store", keeping(16, None)));
    world.ok(ADA, request());
    assert_eq!(kept(world.account()), [2]);
}

#[test]
fn a_volume_that_is_there_is_never_made_from_a_snapshot() {
    let mut world = with_one();
    let answer = world.run(&ADA.parse().unwrap(), put("store", keeping(16, Some(id(1)))));
    let at = "/volumes/data/from";
    assert!(matches!(&answer, Err(Rejected::Invalid { pointer, .. }) if pointer == at), "{answer:?}");
    let volume = Some(Volume { path: "/data".to_owned(), size_mib: 16, from: Some(id(1)) });
    let answer = world.run(&ADA.parse().unwrap(), put("other", Workload { volume, ..workload(IMAGE) }));
    assert!(
        matches!(&answer, Err(Rejected::Invalid { pointer, .. }) if pointer == "/volume/from"),
        "{answer:?}"
    );
}

#[test]
fn each_pod_of_a_stateful_service_has_snapshots_of_its_own() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    world.ok(ADA, put("store", Workload { kind: Kind::StatefulService, ..keeping(16, None) }));
    for wrong in [None, Some(2)] {
        let answer = world.run(&ADA.parse().unwrap(), ask(wrong, None));
        assert!(matches!(&answer, Err(Rejected::Invalid { pointer, .. }) if pointer == "/pod"), "{answer:?}");
    }
    world.ok(ADA, ask(Some(1), None));
    assert_eq!(world.account().snapshots.kept[&id(1)].pod, Some(1));
    world.ok(ADA, put("plain", keeping(16, None)));
    let of_all = Command::Snapshots(Snapshots::Request {
        environment: web(),
        workload: "plain".parse().unwrap(),
        volume: "data".parse().unwrap(),
        pod: Some(0),
        unable: None,
    });
    let answer = world.run(&ADA.parse().unwrap(), of_all);
    assert!(matches!(&answer, Err(Rejected::Invalid { pointer, .. }) if pointer == "/pod"), "{answer:?}");
}

#[test]
fn an_account_has_as_many_as_its_plan_allows_and_none_where_the_cluster_takes_none() {
    let mut world = with_one();
    let unable = "this cluster takes no snapshots";
    assert_eq!(world.refused(ADA, ask(None, Some(unable))), [Guard::Supported]);
    for _ in 1..SNAPSHOTS {
        world.ok(ADA, request());
    }
    assert_eq!(world.refused(ADA, request()), [Guard::WithinPlan]);
    let mut allowances = crate::provision::allowances();
    allowances.snapshots = Some(SNAPSHOTS + 1);
    allowances.snapshot_class = Some("fast".to_owned());
    let share = world.account().divided(None);
    world
        .ok("person/pia", Command::Provision(Provision::SetPlan { share, allowances: Box::new(allowances) }));
    world.ok(ADA, request());
    let last = id(u32::from(SNAPSHOTS) + 1);
    assert_eq!(world.account().snapshots.kept[&last].class.as_deref(), Some("fast"));
    assert_eq!(world.refused(ADA, request()), [Guard::WithinPlan]);
    world.ok(ADA, release(1));
    world.ok(ADA, request());
}

#[test]
fn what_is_frozen_gets_no_snapshots_and_gives_none_up() {
    let mut world = with_one();
    let scope = "environment/web".parse().unwrap();
    world.ok(ADA, Command::AskMeasure { preset: Preset::Freeze, scope, ends: None, why: words() });
    assert_eq!(world.refused(ADA, request()), [Guard::NotWithheld]);
    assert_eq!(world.refused(ADA, release(1)), [Guard::NotWithheld]);
    assert_eq!(kept(world.account()), [1]);
}

#[test]
fn law_08_what_a_hold_or_an_order_preserves_is_not_released() {
    for scope in ["workload/web/store", "environment/web", "account"] {
        for running_state in [true, false] {
            let mut world = with_one();
            let scope = scope.parse().unwrap();
            world.ok("person/lena", Command::PlaceHold { scope, running_state, why: words() });
            assert_eq!(world.refused(ADA, release(1)), [Guard::NoHold]);
            world.ok("person/lena", Command::ReleaseHold { hold: world.h(1), why: words() });
            world.ok(ADA, release(1));
        }
        let mut world = with_one();
        world.ok(
            "person/lena",
            Command::RecordOrder {
                kind: OrderKind::Preserve,
                scope: scope.parse().unwrap(),
                authority: words(),
                document: blob(),
            },
        );
        assert_eq!(world.refused(ADA, release(1)), [Guard::NoOrder]);
    }
    let mut world = with_one();
    let elsewhere = "workload/web/feed".parse().unwrap();
    world.ok("person/lena", Command::PlaceHold { scope: elsewhere, running_state: true, why: words() });
    world.ok(ADA, release(1));
}

#[test]
fn law_08_a_hold_on_a_workload_that_was_removed_keeps_its_snapshots() {
    let mut world = with_one();
    let store: WorkloadId = "store".parse().unwrap();
    world.ok(ADA, Command::RemoveWorkload { environment: web(), workload: store });
    let scope = "environment/web".parse().unwrap();
    world.ok("person/lena", Command::PlaceHold { scope, running_state: false, why: words() });
    assert_eq!(world.refused(ADA, release(1)), [Guard::NoHold]);
}

#[test]
fn what_the_cluster_lost_stays_lost_and_nothing_is_made_from_it() {
    let mut world = with_one();
    assert_eq!(types(&world.ok("system/cluster", lost(1))), ["snapshot.lost"]);
    assert!(world.ok("system/cluster", lost(1)).is_empty());
    assert_eq!(world.refused(ADA, put("again", keeping(16, Some(id(1))))), [Guard::InState]);
    // It counts until somebody gives it up.
    assert_eq!(kept(world.account()), [1]);
    world.ok(ADA, release(1));
}
