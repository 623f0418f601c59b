//! Environments on several clusters: only on one that there is, and each judged by what its own can do.

use std::sync::Arc;

use tenure_domain::account::Command;
use tenure_domain::account::event::Event;
use tenure_domain::account::provision::Provision;
use tenure_domain::capability::Preset;
use tenure_domain::cluster::{Found, LoadBalancers, NetworkPolicies, Probed};
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::name::ClusterId;
use tenure_domain::plan::{Exposure, Plan, Share};
use tenure_domain::refusal::{Guard, Rejected, Unmet};

use crate::measures::POWERS;
use crate::world::{World, words};

const ADA: &str = "member/parley/ada";

fn west() -> ClusterId {
    "west".parse().unwrap()
}

fn create(name: &str, cluster: ClusterId) -> Command {
    let plan = Plan { cpu_millis: 10, memory_mib: 10, storage_mib: 10, pods: 1 };
    let (kind, share) = (EnvironmentKind::Managed, Share { plan, exposure: Exposure::default() });
    Command::Provision(Provision::CreateEnvironment {
        environment: name.parse().unwrap(),
        cluster,
        kind,
        share,
    })
}

fn world() -> World {
    let mut world = World::open(POWERS, "2021-01-04T17:00:00Z");
    world.book.set_named([ClusterId::main(), west()].into());
    world
}

fn refused(world: &World, command: Command) -> Vec<Unmet> {
    match world.clone().run(&ADA.parse().unwrap(), command) {
        Err(Rejected::Refused(refusal)) => refusal.guards,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_environment_is_put_on_a_cluster_that_there_is_or_refused() {
    let mut world = world();
    world.ok(ADA, create("far", west()));
    assert_eq!(world.account().environments[&"far".parse().unwrap()].cluster, west());
    let unmet = refused(&world, create("farther", "east".parse().unwrap()));
    assert_eq!((unmet.len(), unmet[0].guard), (1, Guard::Supported));
    assert!(unmet[0].detail.contains("east") && unmet[0].satisfied_by.contains("main, west"), "{unmet:?}");

    // Where nothing is provisioned there is no choice.
    world.book.set_named([].into());
    world.ok(ADA, create("near", ClusterId::main()));
    assert_eq!(refused(&world, create("farther", west()))[0].guard, Guard::Supported);
}

#[test]
fn what_was_recorded_before_there_were_several_lives_on_main_and_is_written_as_it_was() {
    let mut world = world();
    let made = world.ok(ADA, create("near", ClusterId::main()));
    let written = serde_json::to_value(&made[0].event).unwrap();
    assert!(!written.to_string().contains("cluster"), "{written}: of `main` nothing is said");
    let read: Event = serde_json::from_value(written).unwrap();
    assert!(matches!(read, Event::EnvironmentCreated { cluster, .. } if cluster.is_main()));
    let state = serde_json::to_string(&world.account().environments[&"near".parse().unwrap()]).unwrap();
    assert!(!state.contains("cluster"), "{state}");
}

#[test]
fn law_01_what_one_cluster_cannot_withhold_is_refused_there_and_nowhere_else() {
    let mut world = world();
    world.ok(ADA, create("near", ClusterId::main()));
    world.ok(ADA, create("far", west()));
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
    world.book.set_cluster(west(), Arc::new(Probed { found, since: world.now }));
    let isolate = |scope: &str| Command::AskMeasure {
        preset: Preset::Isolate,
        scope: scope.parse().unwrap(),
        ends: None,
        why: words(),
    };
    for scope in ["environment/far", "account"] {
        let unmet = refused(&world, isolate(scope));
        assert_eq!((unmet.len(), unmet[0].guard), (1, Guard::Supported), "{unmet:?}");
        let said = &unmet[0].detail;
        assert!(said.contains("environment far") && said.contains("cluster west"), "{said}");
    }
    world.ok(ADA, isolate("environment/near"));
}
