//! Moves to another cluster: what may move, who decides, what a measure and a preservation mean meanwhile, and that nothing is
//! removed anywhere but under a permit that only the end of a move gives.

use std::sync::Arc;

use tenure_domain::account::event::Event;
use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::moving::MoveState;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::{Command, Context};
use tenure_domain::capability::Preset;
use tenure_domain::cluster::{Found, LoadBalancers, NetworkPolicies, Probed};
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::name::{ClusterId, EnvironmentId};
use tenure_domain::permit::RemovalPermit;
use tenure_domain::plan::{Exposure, Plan, Share};
use tenure_domain::refusal::{Guard, Rejected, Unmet};
use tenure_domain::workload::{Kind, Volume, Workload};

use crate::measures::POWERS;
use crate::world::{HOUSE, World, blob, emergency, types, words, workload};

const ADA: &str = "member/parley/ada";
const PIA: &str = "person/pia";
const CLUSTER: &str = "system/cluster";
const ERASER: &str = "system/eraser";

fn id(name: &str) -> EnvironmentId {
    name.parse().unwrap()
}

fn west() -> ClusterId {
    "west".parse().unwrap()
}

fn to(cluster: &str) -> Command {
    let (environment, cluster) = (id("web"), cluster.parse().unwrap());
    Command::Provision(Provision::MoveEnvironment { environment, cluster, why: words() })
}

fn cancel() -> Command {
    Command::Provision(Provision::CancelMove { environment: id("web") })
}

fn confirm() -> Command {
    Command::Provision(Provision::ConfirmMoved { environment: id("web"), receipt: blob() })
}

fn end() -> Command {
    Command::Provision(Provision::EndMove { environment: id("web"), certificate: blob() })
}

fn put(name: &str, spec: Workload) -> Command {
    Command::PutWorkload { environment: id("web"), workload: name.parse().unwrap(), spec }
}

fn ask(preset: Preset, scope: &str) -> Command {
    Command::AskMeasure { preset, scope: scope.parse().unwrap(), ends: None, why: words() }
}

fn delete() -> Command {
    let (environment, including) = (id("web"), vec![]);
    Command::AskEnvironmentDeletion { environment, confirm: "web".to_owned(), why: words(), including }
}

fn world() -> World {
    let mut world = World::open(POWERS, "2021-01-04T17:00:00Z");
    world.book.set_named([ClusterId::main(), west()].into());
    world
}

/// What bad input is tried in.
pub fn stations() -> Vec<(&'static str, World)> {
    let mut making = world();
    making.ok(PIA, to("west"));
    let mut moved = making.clone();
    moved.ok(CLUSTER, confirm());
    vec![("two clusters", world()), ("being moved", making), ("moved", moved)]
}

/// What bad input tries of it.
pub fn commands() -> Vec<Command> {
    vec![to("west"), to("main"), to("nowhere"), cancel(), confirm(), end()]
}

fn unmet(world: &World, actor: &str, command: Command) -> Vec<Unmet> {
    match world.clone().run(&actor.parse().unwrap(), command) {
        Err(Rejected::Refused(refusal)) => refusal.guards,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn one(world: &World, actor: &str, command: Command, guard: Guard, said: &str) {
    let unmet = unmet(world, actor, command);
    assert_eq!((unmet.len(), unmet[0].guard), (1, guard), "{unmet:?}");
    assert!(unmet[0].detail.contains(said), "{unmet:?}");
    assert!(!unmet[0].satisfied_by.is_empty());
}

fn removal(world: &World) -> Result<RemovalPermit, Rejected> {
    let actor = ERASER.parse().unwrap();
    world.account().removal_permit(&id("web"), &Context { now: world.now, actor: &actor, book: &world.book })
}

#[test]
fn an_environment_is_made_elsewhere_lives_there_once_seen_and_then_leaves() {
    let mut world = world();
    let begun = world.ok(PIA, to("west"));
    assert_eq!(types(&begun), ["environment.move_begun"]);
    assert!(world.account().environments[&id("web")].cluster.is_main(), "it goes on where it is");
    assert_eq!(world.account().moves[&id("web")].other, west());

    world.ok(CLUSTER, confirm());
    let web = &world.account().environments[&id("web")];
    assert_eq!((&web.cluster, &web.made_on), (&west(), &Some(ClusterId::main())));
    assert!(web.workloads.contains_key(&"feed".parse().unwrap()), "with everything declared");
    let moving = &world.account().moves[&id("web")];
    assert!(moving.other.is_main() && matches!(moving.state, MoveState::Moved { .. }));
    one(&world, PIA, to("main"), Guard::InState, "still being removed");
    one(&world, PIA, cancel(), Guard::InState, "has moved");

    let ended = world.ok(ERASER, end());
    let Event::EnvironmentMoveEnded { cluster, .. } = &ended[0].event else { panic!("{ended:?}") };
    assert!(cluster.is_main(), "from where it is gone");
    assert!(world.account().moves.is_empty());

    // And back; where it was made first is not forgotten.
    world.ok(PIA, to("main"));
    world.ok(CLUSTER, confirm());
    let web = &world.account().environments[&id("web")];
    assert_eq!((web.cluster.is_main(), &web.made_on), (true, &Some(ClusterId::main())));
}

#[test]
fn a_move_that_is_cancelled_leaves_everything_where_it_was() {
    let mut world = world();
    one(&world, PIA, cancel(), Guard::InState, "not being moved");
    world.ok(PIA, to("west"));
    world.ok(PIA, cancel());
    assert!(world.account().environments[&id("web")].cluster.is_main());
    one(&world, CLUSTER, confirm(), Guard::InState, "cancelled");
    one(&world, PIA, cancel(), Guard::InState, "was cancelled");
    one(&world, PIA, to("west"), Guard::InState, "still being removed");
    world.ok(ERASER, end());
    world.ok(PIA, to("west"));
}

#[test]
fn only_a_person_of_the_provider_moves_and_only_to_another_cluster_that_there_is() {
    let world = world();
    for command in [to("west"), cancel()] {
        assert!(!unmet(&world, ADA, command).is_empty());
    }
    for who in [PIA, ADA] {
        assert!(!unmet(&world, who, confirm()).is_empty() && !unmet(&world, who, end()).is_empty());
    }
    one(&world, PIA, to("main"), Guard::InState, "lives on main");
    one(&world, PIA, to("east"), Guard::Supported, "no cluster east");
    let mut moving = world.clone();
    moving.ok(PIA, to("west"));
    one(&moving, PIA, to("west"), Guard::InState, "is being moved to west");
}

#[test]
fn law_07_what_cannot_be_made_again_is_not_moved() {
    let spec = workload("registry.example/app:1");
    let data = Workload {
        volumes: [("data".parse().unwrap(), Volume { path: "/data".into(), size_mib: 8, from: None })].into(),
        ..spec.clone()
    };
    let job = Workload { kind: Kind::Job, replicas: 1, port: 0, ..spec };
    for (added, said) in [(data, "volumes"), (job, "twice")] {
        let mut world = world();
        let declared = put("more", added);
        world.ok(PIA, to("west"));
        let refused = unmet(&world, ADA, declared.clone());
        assert!(
            refused.iter().any(|unmet| unmet.guard == Guard::InState && unmet.detail.contains(said)),
            "{refused:?}"
        );
        world.ok(PIA, cancel());
        world.ok(ERASER, end());
        world.ok(ADA, declared);
        one(&world, PIA, to("west"), Guard::InState, said);
    }
    let mut world = world();
    let plan = Plan { cpu_millis: 10, memory_mib: 10, storage_mib: 10, pods: 1 };
    let share = Share { plan, exposure: Exposure::default() };
    let (environment, kind, cluster) = (id("shed"), EnvironmentKind::Open, ClusterId::main());
    let open = Provision::CreateEnvironment { environment: environment.clone(), cluster, kind, share };
    world.ok(ADA, Command::Provision(open));
    let away = Provision::MoveEnvironment { environment, cluster: west(), why: words() };
    one(&world, PIA, Command::Provision(away), Guard::InState, "is open");
}

#[test]
fn law_07_nothing_is_removed_but_by_the_end_of_a_move_and_no_data_ever() {
    let mut world = world();
    assert!(removal(&world).is_err(), "nothing has moved");
    world.ok(PIA, to("west"));
    assert!(removal(&world).is_err(), "what is being made is not removed, nor what it is made from");
    one(&world, ERASER, end(), Guard::InState, "is being made");
    world.ok(CLUSTER, confirm());
    let permit = removal(&world).unwrap();
    assert!(permit.cluster().is_main(), "only where it does not live");
    assert!(permit.erase().covers(&id("web")) && !permit.erase().covers(&id("batch")));
    assert!(permit.erase().spares_data());
    world.ok(ERASER, end());
    assert!(removal(&world).is_err(), "once");
}

#[test]
fn law_08_what_is_preserved_is_neither_moved_nor_removed() {
    let hold = || Command::PlaceHold {
        scope: "environment/web".parse().unwrap(),
        running_state: true,
        why: words(),
    };
    let order = || Command::RecordOrder {
        kind: OrderKind::Preserve,
        scope: "account".parse().unwrap(),
        authority: words(),
        document: blob(),
    };
    for (preserve, guard) in [(hold(), Guard::NoHold), (order(), Guard::NoOrder)] {
        let mut first = world();
        first.ok("person/lena", preserve.clone());
        let refused = unmet(&first, PIA, to("west"));
        assert_eq!(refused.iter().map(|unmet| unmet.guard).collect::<Vec<_>>(), [guard], "{refused:?}");
        // One that comes in later keeps what is left.
        for (who, last) in [(CLUSTER, confirm()), (PIA, cancel())] {
            let mut world = world();
            world.ok(PIA, to("west"));
            world.ok(who, last);
            removal(&world).unwrap();
            world.ok("person/lena", preserve.clone());
            match removal(&world) {
                Err(Rejected::Refused(refusal)) => assert_eq!(refusal.guards[0].guard, guard),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn law_01_nobody_escapes_a_measure_by_a_move() {
    let found = Found {
        version: "v1.33.2".into(),
        supported: true,
        simulation: false,
        holds_jobs: true,
        cron_jobs: "batch/v1".into(),
        asks_nodes: true,
        webhooks: true,
        freeze: true,
        network_policies: NetworkPolicies::Ignored,
        load_balancers: LoadBalancers::Provided,
        ingress_classes: None,
        gateways: false,
    };
    let mut world = world();
    world.book.set_cluster(west(), Arc::new(Probed { found, since: world.now }));
    // What is withheld here and could not be there keeps it here.
    let mut isolated = world.clone();
    isolated.ok(ADA, ask(Preset::Isolate, "environment/web"));
    one(&isolated, PIA, to("west"), Guard::Supported, "the cluster west cannot");
    // What stops everything can be withheld there too, and stays what it is.
    let mut stopped = world.clone();
    stopped.ok(ADA, ask(Preset::Suspend, "environment/web"));
    stopped.ok(PIA, to("west"));
    assert_eq!(stopped.account().effective_measures().count(), 1);
    // While it moves, what could be withheld on one of the two only is refused.
    world.ok(PIA, to("west"));
    one(&world, ADA, ask(Preset::Isolate, "environment/web"), Guard::Supported, "west");
    // Under a measure in the name of harm to others nothing there may be deleted, and so it does not leave.
    let mut harmful = World::open(HOUSE, "2021-01-04T17:00:00Z");
    harmful.book.set_named([ClusterId::main(), west()].into());
    let case = harmful.open_case("threat");
    harmful.ok("person/ines", emergency(&case, "1.4", "workload/web/feed"));
    let refused = unmet(&harmful, PIA, to("west"));
    assert!(refused.iter().any(|unmet| unmet.guard == Guard::NotWithheld), "{refused:?}");
}

#[test]
fn what_is_to_be_deleted_is_not_moved_and_what_moves_is_not_deleted() {
    let mut first = world();
    first.ok(ADA, delete());
    one(&first, PIA, to("west"), Guard::InState, "asked to have web deleted");
    let mut world = world();
    world.ok(PIA, to("west"));
    one(&world, ADA, delete(), Guard::InState, "is being moved");
    world.ok(CLUSTER, confirm());
    one(&world, ADA, delete(), Guard::InState, "still being removed");
}

#[test]
fn what_was_recorded_before_there_were_moves_reads_as_it_was_written() {
    let world = world();
    let state = serde_json::to_value(world.account()).unwrap();
    assert!(state.get("moves").is_none() && !state.to_string().contains("madeOn"), "{state}");
}
