//! Law 7: no measure deletes persistent data, and a hold protects what else a stop would lose.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tenure_domain::account::command::Starts;
use tenure_domain::account::event::Event;
use tenure_domain::account::watch::Lifts;
use tenure_domain::account::{Command, Recorded};
use tenure_domain::name::{EnvironmentId, WorkloadId};
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::scope::Scope;
use tenure_domain::workload::{Volume, Workload};

use crate::chronicle::{Chronicle, touches};
use crate::history::{History, Kind, Step, check, check_steps, play};
use crate::world::{HOUSE, World, blob, propose, types, words, workload};

type Declared = BTreeMap<(EnvironmentId, WorkloadId), Workload>;

/// Steps that mostly change workloads and place and release holds.
fn changes() -> impl Strategy<Value = Vec<Step>> {
    use Kind as K;
    let kind = prop_oneof![
        8 => Just(K::Put),
        2 => Just(K::Remove),
        2 => Just(K::Hold),
        1 => Just(K::Release),
        4 => Just(K::Next),
        1 => Just(K::FireDue),
    ];
    let step = (kind, any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>())
        .prop_map(|(kind, a, b, c, who)| Step { kind, a, b, c, who });
    prop::collection::vec(step, 10..70)
}

/// Judges each event by what was declared, and by what the record said, before it.
fn judge(
    history: &History,
    judge: impl Fn(&Declared, &Chronicle, &Recorded) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let (mut declared, mut seen) = (Declared::new(), Chronicle::default());
    for recorded in &history.world.events {
        judge(&declared, &seen, recorded)?;
        seen.read(recorded);
        match &recorded.event {
            Event::WorkloadPut { environment, workload, spec } => {
                declared.insert((environment.clone(), workload.clone()), spec.clone());
            }
            Event::WorkloadRemoved { environment, workload } => {
                declared.remove(&(environment.clone(), workload.clone()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The pods of the first declaration that go on under the second: all, or none where what they run changes.
fn pods_kept(before: &Workload, after: &Workload) -> u16 {
    let runs = |w: &Workload| {
        (w.image.clone(), w.command.clone(), w.port, w.cpu_millis, w.memory_mib, w.volume.clone())
    };
    if runs(before) == runs(after) { before.replicas.min(after.replicas) } else { 0 }
}

#[test]
fn law_07_under_a_hold_on_what_runs_no_declaration_ends_a_pod() {
    check_steps(150, changes(), |history| {
        judge(history, |declared, seen, recorded| {
            let (id, after) = match &recorded.event {
                Event::WorkloadPut { environment, workload, spec } => {
                    ((environment.clone(), workload.clone()), Some(spec))
                }
                Event::WorkloadRemoved { environment, workload } => {
                    ((environment.clone(), workload.clone()), None)
                }
                _ => return Ok(()),
            };
            let Some(before) = declared.get(&id) else { return Ok(()) };
            let scope = Scope::Workload(id.0.clone(), id.1.clone());
            let is_held = seen.holds.values().any(|(of, running)| *running && touches(of, &scope));
            let kept = after.map_or(0, |after| pods_kept(before, after));
            prop_assert!(
                !is_held || kept == before.replicas,
                "{} of {} pods of {} end under a hold",
                before.replicas - kept,
                before.replicas,
                scope
            );
            Ok(())
        })
    });
}

#[test]
fn law_07_no_event_drops_moves_or_resizes_a_volume() {
    let property = |history: &History| {
        judge(history, |declared, _, recorded| {
            let json = serde_json::to_value(&recorded.event).unwrap();
            let Event::WorkloadPut { environment, workload, spec } = &recorded.event else {
                prop_assert!(!json["body"].to_string().contains("volume"), "{} is about a volume", json);
                return Ok(());
            };
            if let Some(before) = declared.get(&(environment.clone(), workload.clone()))
                && before.volume.is_some()
            {
                prop_assert_eq!(&before.volume, &spec.volume, "the volume of {} changes", workload);
            }
            Ok(())
        })
    };
    check(100, property);
    check_steps(100, changes(), property);
}

#[test]
fn law_07_the_histories_try_to_lose_what_is_protected() {
    let mut runner = TestRunner::deterministic();
    let (mut held, mut dropped, mut grown) = (0, 0, 0);
    for _ in 0..100 {
        let history = play(&changes().new_tree(&mut runner).unwrap().current());
        for moment in history.moments.iter().filter(|m| matches!(m.command, Command::PutWorkload { .. })) {
            match &moment.outcome {
                Err(Rejected::Refused(refusal)) => {
                    held += usize::from(refusal.guards.iter().any(|g| g.guard == Guard::NoHold));
                }
                Err(Rejected::Invalid { pointer, .. }) => dropped += usize::from(pointer == "/volume"),
                Ok(events) => {
                    let holds = &moment.before.as_ref().unwrap().holds;
                    let is_held = holds.iter().any(|h| h.released.is_none() && h.running_state);
                    grown += usize::from(is_held && !events.is_empty());
                }
                Err(_) => {}
            }
        }
    }
    assert!(held > 100 && dropped > 100 && grown > 20, "held {held}, dropped {dropped}, grown {grown}");
}

fn web() -> EnvironmentId {
    "web".parse().unwrap()
}

fn feed() -> WorkloadId {
    "feed".parse().unwrap()
}

fn put(spec: Workload) -> Command {
    Command::PutWorkload { environment: web(), workload: feed(), spec }
}

const IMAGE: &str = "registry.example/app:1";

#[test]
fn law_07_a_hold_on_what_runs_stops_every_way_to_end_it() {
    for scope in ["workload/web/feed", "environment/web", "account"] {
        let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
        let case = world.open_case("abuse");
        world.serve(&case, Starts::Both, "1.3", &["a"]);
        world.pass_hours(72);
        let scope: Scope = scope.parse().unwrap();
        world.ok("person/lena", Command::PlaceHold { scope, running_state: true, why: words() });

        let as_declared = workload(IMAGE);
        let volume = Some(Volume { path: "/data".to_owned(), size_mib: 16, from: None });
        for ends_pods in [
            workload("registry.example/app:2"),
            Workload { replicas: 0, ..as_declared.clone() },
            Workload { replicas: 1, ..as_declared.clone() },
            Workload { replicas: 3, memory_mib: 65, ..as_declared.clone() },
            Workload { cpu_millis: 101, ..as_declared.clone() },
            Workload { port: 8081, ..as_declared.clone() },
            Workload { command: vec!["sleep".to_owned()], ..as_declared.clone() },
            Workload { volume, ..as_declared.clone() },
        ] {
            assert_eq!(world.refused("member/parley/ada", put(ends_pods)), [Guard::NoHold]);
        }
        let remove = Command::RemoveWorkload { environment: web(), workload: feed() };
        assert_eq!(world.refused("member/parley/ada", remove.clone()), [Guard::NoHold]);
        let suspend = world.refused("person/ines", propose(&case, "1.3", "workload/web/feed", true));
        assert_eq!(suspend, [Guard::NoHold, Guard::Approved]);
        assert_eq!(world.account().environments[&web()].workloads[&feed()], as_declared);

        // What ends nothing goes on, and so does everything once the hold is released.
        assert!(world.ok("member/parley/ada", put(as_declared.clone())).is_empty());
        let more = Workload { replicas: 3, ..as_declared };
        assert_eq!(types(&world.ok("member/parley/ada", put(more))), ["workload.put"]);
        world.ok("person/lena", Command::ReleaseHold { hold: world.h(1), why: words() });
        world.ok("member/parley/ada", put(workload("registry.example/app:2")));
        world.ok("member/parley/ada", remove);
    }
}

#[test]
fn law_07_a_hold_elsewhere_or_on_data_alone_lets_a_new_version_run() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    for (scope, running_state) in
        [("workload/web/media", true), ("environment/batch", true), ("account", false)]
    {
        let scope = scope.parse().unwrap();
        world.ok("person/lena", Command::PlaceHold { scope, running_state, why: words() });
    }
    world.ok("member/parley/ada", put(workload("registry.example/app:2")));
    // A hold does not hinder what is new, or what does not run.
    let hold =
        Command::PlaceHold { scope: "environment/web".parse().unwrap(), running_state: true, why: words() };
    world.ok("member/parley/ada", put(Workload { replicas: 0, ..workload(IMAGE) }));
    world.ok("person/lena", hold);
    world.ok("member/parley/ada", put(workload("registry.example/app:3")));
    world.ok("member/parley/ada", crate::world::put("new", IMAGE));
}

#[test]
fn law_07_a_suspension_keeps_the_volume_and_no_change_of_the_workload_loses_it() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let with = |path: &str, size_mib| Workload {
        volume: Some(Volume { path: path.to_owned(), size_mib, from: None }),
        ..workload(IMAGE)
    };
    let kept = with("/data", 16);
    world.ok("member/parley/ada", put(kept.clone()));
    for loses in [workload(IMAGE), with("/data", 15), with("/data", 17), with("/other", 16)] {
        let answer = world.run(&"member/parley/ada".parse().unwrap(), put(loses));
        assert!(
            matches!(&answer, Err(Rejected::Invalid { pointer, .. }) if pointer == "/volume"),
            "{answer:?}"
        );
    }

    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.3", &["a"]);
    world.pass_hours(72);
    world.ok("person/ines", propose(&case, "1.3", "environment/web", true));
    world.approve("omar", 1);
    world.approve("noa", 1);
    world.until(world.now);
    world.ok("system/cluster", Command::ConfirmInForce { measure: world.m(1), receipt: blob() });
    // Without a condition for its end it would not stand for a year: it would be a termination in all but name.
    let lifts = Lifts { ends: None, when: ["a".parse().unwrap()].into() };
    world.ok("person/ines", Command::SetConditions { measure: world.m(1), lifts, why: words() });
    // A year later it is still declared as it was, and neither the account nor anyone else can take it away.
    world.pass_hours(24 * 365);
    assert_eq!(world.state_of(1), "in_force");
    assert_eq!(world.account().environments[&web()].workloads[&feed()], kept);
    let remove = Command::RemoveWorkload { environment: web(), workload: feed() };
    assert_eq!(world.refused("member/parley/ada", remove), [Guard::NotWithheld]);
    world.cure(&case, "a");
    world.restored(1);
    assert_eq!(world.account().environments[&web()].workloads[&feed()], kept);
}
