//! What the cluster was found unable to withhold is not proposed; what is in effect stays.

use std::sync::Arc;

use tenure_domain::account::Command;
use tenure_domain::account::command::Starts;
use tenure_domain::account::provision::Provision;
use tenure_domain::book::{Event as Entered, State};
use tenure_domain::capability::{Capability, Preset};
use tenure_domain::cluster::{Found, LoadBalancers, NetworkPolicies, Probed, offers};
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::name::{CaseId, ClusterId};
use tenure_domain::plan::{Exposure, Share};
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::workload::Plan;

use crate::measures::POWERS;
use crate::world::{World, at, emergency, propose, words};

/// A cluster with every ability.
fn able() -> Found {
    Found {
        version: "v1.33.2".into(),
        supported: true,
        simulation: false,
        holds_jobs: true,
        cron_jobs: "batch/v1".into(),
        asks_nodes: true,
        webhooks: true,
        freeze: true,
        network_policies: NetworkPolicies::Enforced,
        load_balancers: LoadBalancers::Provided,
        ingress_classes: None,
        gateways: false,
    }
}

/// One whose network plugin follows no policies.
fn deaf() -> Found {
    Found { network_policies: NetworkPolicies::Ignored, ..able() }
}

fn finds(world: &mut World, found: Found) {
    let probed = Probed { found, since: world.now };
    world.book.set_cluster(ClusterId::main(), Arc::new(probed));
}

/// A world with an open environment `pen` beside the managed ones.
fn world() -> World {
    let mut world = World::open(POWERS, "2021-01-04T17:00:00Z");
    let plan = Plan { cpu_millis: 1_000, memory_mib: 1_000, storage_mib: 1_000, pods: 10 };
    let share = Share { plan, exposure: Exposure::default() };
    let environment = "pen".parse().unwrap();
    let (cluster, kind) = (ClusterId::main(), EnvironmentKind::Open);
    let pen = Provision::CreateEnvironment { environment, cluster, kind, share };
    world.ok("member/parley/ada", Command::Provision(pen));
    world
}

fn noticed(world: &mut World, ground: &str, power: &str) -> CaseId {
    let case = world.open_case(ground);
    world.serve(&case, Starts::Both, power, &["a"]);
    case
}

/// Whether the guard is among those that refuse a proposal, and what is said.
fn lacks(world: &mut World, power: &str, case: &CaseId, scope: &str) -> Option<String> {
    match world.clone().run(&"person/ines".parse().unwrap(), propose(case, power, scope, true)) {
        Ok(_) => None,
        Err(Rejected::Refused(refusal)) => {
            let unmet = refusal.guards.into_iter().find(|unmet| unmet.guard == Guard::Supported)?;
            Some(unmet.detail)
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn law_01_what_the_cluster_cannot_withhold_is_refused_when_it_is_proposed() {
    let mut world = world();
    let abuse = noticed(&mut world, "abuse", "2.7");
    let leak = noticed(&mut world, "leak", "2.5");
    let cases = [
        // Nothing but network policies closes the way out.
        ("2.7", &abuse, "environment/web", Some("egress")),
        ("2.7", &abuse, "workload/web/feed", Some("egress")),
        ("2.7", &abuse, "environment/pen", Some("ingress")),
        // A service of ours that selects nothing closes the way in; in an open environment there is none.
        ("2.5", &leak, "environment/web", None),
        ("2.5", &leak, "environment/pen", Some("ingress")),
        ("2.5", &leak, "account", Some("ingress")),
        // Where nothing runs, nothing is left to close.
        ("2.8", &abuse, "environment/pen", None),
        ("2.8", &abuse, "account", None),
        ("2.3", &abuse, "environment/pen", None),
    ];
    for (power, case, scope, missing) in cases {
        assert_eq!(
            lacks(&mut world, power, case, scope),
            None,
            "{power} on {scope}, before anybody asked the cluster"
        );
        finds(&mut world, able());
        assert_eq!(
            lacks(&mut world, power, case, scope),
            None,
            "{power} on {scope}, where everything is enforced"
        );
        finds(&mut world, Found { network_policies: NetworkPolicies::Unknown, ..able() });
        assert_eq!(lacks(&mut world, power, case, scope), None, "{power} on {scope}, where nobody knows");
        finds(&mut world, deaf());
        let said = lacks(&mut world, power, case, scope);
        assert_eq!(said.is_some(), missing.is_some(), "{power} on {scope}: {said:?}");
        if let (Some(said), Some(missing)) = (said, missing) {
            assert!(said.contains(missing) && said.contains("enforces no network policies"), "{said}");
        }
        world.book = World::open(POWERS, "2021-01-04T17:00:00Z").book;
    }
}

#[test]
fn law_01_one_workload_of_an_open_environment_is_frozen_by_the_webhook_or_not_at_all() {
    let mut world = world();
    let case = noticed(&mut world, "abuse", "2.3");
    let scope = "workload/pen/shop";
    finds(&mut world, able());
    assert_eq!(lacks(&mut world, "2.3", &case, scope), None);
    for found in [Found { freeze: false, ..able() }, Found { webhooks: false, ..able() }] {
        finds(&mut world, found);
        assert!(lacks(&mut world, "2.3", &case, scope).unwrap().contains("freeze webhook"));
        assert_eq!(
            lacks(&mut world, "2.3", &case, "environment/pen"),
            None,
            "its own identities are read-only"
        );
        assert_eq!(lacks(&mut world, "2.3", &case, "workload/web/feed"), None, "the engine refuses it");
    }
}

#[test]
fn law_01_no_way_around_the_cluster_leads_over_an_emergency_a_wish_or_an_order() {
    let mut world = World::open(crate::world::HOUSE, "2021-01-04T17:00:00Z");
    finds(&mut world, deaf());
    let case = world.open_case("threat");
    assert_eq!(
        world.refused("person/ines", emergency(&case, "1.4", "workload/web/feed")),
        [Guard::Supported]
    );
    let scope = || "environment/web".parse().unwrap();
    let ask = Command::AskMeasure { preset: Preset::Isolate, scope: scope(), ends: None, why: words() };
    assert_eq!(world.refused("member/parley/ada", ask), [Guard::Supported]);
    let ask = Command::AskMeasure { preset: Preset::Suspend, scope: scope(), ends: None, why: words() };
    world.ok("member/parley/ada", ask);
    assert!(world.account().withheld(&scope()).contains(&Capability::Egress), "nothing runs there");
}

#[test]
fn law_04_a_rung_that_the_cluster_cannot_carry_has_not_to_be_tried() {
    let mut world = World::open(POWERS, "2021-01-04T17:00:00Z");
    let case = noticed(&mut world, "abuse", "2.8");
    // The rung below stands for as long as somebody can carry it out.
    let suspend = || propose(&case, "2.8", "environment/web", false);
    finds(&mut world, able());
    let refused = |world: &World| match world.clone().run(&"person/ines".parse().unwrap(), suspend()) {
        Err(Rejected::Refused(refusal)) => {
            refusal.guards.into_iter().find(|unmet| unmet.guard == Guard::LeastFirst).unwrap().detail
        }
        other => panic!("{other:?}"),
    };
    assert!(refused(&world).contains("isolate"), "{}", refused(&world));
    finds(&mut world, deaf());
    assert!(refused(&world).contains("freeze"), "{}", refused(&world));
}

#[test]
fn law_13_what_is_in_effect_is_not_given_back_because_the_cluster_turns_out_to_be_unable() {
    let mut world = World::open(crate::world::HOUSE, "2021-01-04T17:00:00Z");
    let case = world.open_case("threat");
    world.ok("person/ines", emergency(&case, "1.4", "workload/web/feed"));
    finds(&mut world, deaf());
    assert!(world.permit(&world.m(1)).is_ok());
    world.confirm(1);
    assert!(world.permit(&world.m(1)).is_ok());
}

#[test]
fn law_01_what_was_proposed_before_does_not_take_effect_on_a_cluster_that_cannot() {
    let mut world = World::open(POWERS, "2021-01-04T17:00:00Z");
    let case = noticed(&mut world, "abuse", "2.7");
    world.ok("person/ines", propose(&case, "2.7", "environment/web", true));
    finds(&mut world, deaf());
    world.approve("omar", 1);
    world.until(world.now);
    assert_eq!(world.state_of(1), "approved", "it was taken off the schedule");
    finds(&mut world, able());
    world.pass_hours(24 * 3);
    assert_ne!(world.state_of(1), "applying", "nothing takes effect that nobody put back");
}

#[test]
fn what_is_offered_is_what_is_not_refused() {
    assert!(offers(None).iter().all(|offer| offer.lacks.is_none()));
    assert!(offers(Some(&able())).iter().all(|offer| offer.lacks.is_none()));
    let missing = |found: &Found| -> Vec<(Capability, EnvironmentKind)> {
        let lacking = offers(Some(found)).into_iter().filter(|offer| offer.lacks.is_some());
        let mut all: Vec<_> = lacking.map(|offer| (offer.capability, offer.environment)).collect();
        all.dedup();
        all
    };
    let (managed, open) = (EnvironmentKind::Managed, EnvironmentKind::Open);
    assert_eq!(
        missing(&deaf()),
        [(Capability::Egress, managed), (Capability::Ingress, open), (Capability::Egress, open)]
    );
    assert_eq!(missing(&Found { freeze: false, ..able() }), [(Capability::Deploy, open)]);
}

#[test]
fn only_the_reconciler_says_what_a_cluster_can_do_and_says_it_once() {
    let world = World::open(POWERS, "2021-01-04T17:00:00Z");
    let decide = |state: Option<&State>, actor: &str, found: Found| {
        let actor = actor.parse().unwrap();
        let context = tenure_domain::account::Context {
            now: at("2021-01-04T17:00:00Z"),
            actor: &actor,
            book: &world.book,
        };
        State::decide(state, Entered::ClusterProbed { cluster: ClusterId::main(), found }, &context)
    };
    for actor in ["person/ines", "member/parley/ada", "system/timer", "rule/spam"] {
        assert!(matches!(decide(None, actor, able()), Err(Rejected::Refused(_))), "{actor}");
    }
    let recorded = decide(None, "system/cluster", able()).unwrap();
    let state = State::apply(None, &recorded[0]);
    assert!(decide(Some(&state), "system/cluster", able()).unwrap().is_empty());
    assert_eq!(decide(Some(&state), "system/cluster", deaf()).unwrap().len(), 1);
}
