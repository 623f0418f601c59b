//! Plans that environments divide, requests for more, and credentials for open environments.

use std::collections::BTreeSet;

use tenure_domain::account::event::Event;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::{Account, Command, Recorded};
use tenure_domain::capability::Preset;
use tenure_domain::environment::{EnvironmentKind, TenantRole};
use tenure_domain::name::{ClusterId, QuotaRequestId};
use tenure_domain::plan::{Allowances, Exposure, Plan, PodSecurity, Share};
use tenure_domain::refusal::{Guard, Rejected};

use crate::world::{HOUSE, World, put, words};

const ADA: &str = "member/parley/ada";
const PIA: &str = "person/pia";

fn share(cpu_millis: u32, exposure: Exposure) -> Share {
    Share { plan: Plan { cpu_millis, memory_mib: 1, storage_mib: 1, pods: 1 }, exposure }
}

fn whole(cpu_millis: u32) -> Share {
    let plan = Plan { cpu_millis, memory_mib: 100_000, storage_mib: 100_000, pods: 100 };
    Share { plan, exposure: Exposure { load_balancers: 2, hostnames: 3 } }
}

pub fn allowances() -> Allowances {
    Allowances {
        pod_security: PodSecurity::Restricted,
        storage_classes: BTreeSet::new(),
        ingress_classes: BTreeSet::new(),
        priority_classes: BTreeSet::new(),
        runtime_classes: BTreeSet::new(),
        registries: ["registry.example".to_owned()].into(),
        pull_policy: None,
        node_pool: None,
        snapshots: None,
        snapshot_class: None,
        egress: vec!["0.0.0.0/0".parse().unwrap()],
    }
}

fn set_plan(share: Share) -> Command {
    Command::Provision(Provision::SetPlan { share, allowances: Box::new(allowances()) })
}

fn create(name: &str, kind: EnvironmentKind, share: Share) -> Command {
    let (environment, cluster) = (name.parse().unwrap(), ClusterId::main());
    Command::Provision(Provision::CreateEnvironment { environment, cluster, kind, share })
}

fn change(name: &str, share: Share) -> Command {
    Command::Provision(Provision::ChangeEnvironment { environment: name.parse().unwrap(), share })
}

fn request(share: Share) -> Command {
    Command::Provision(Provision::RequestQuota { share, why: words() })
}

fn grant(world: &World, n: u32) -> Command {
    Command::Provision(Provision::GrantQuota { request: QuotaRequestId::new(world.id.clone(), n) })
}

fn deny(world: &World, n: u32) -> Command {
    let request = QuotaRequestId::new(world.id.clone(), n);
    Command::Provision(Provision::DenyQuota { request, why: words() })
}

fn access(name: &str, role: TenantRole, seconds: u32) -> Command {
    Command::Provision(Provision::GrantAccess { environment: name.parse().unwrap(), role, seconds })
}

fn open_environment() -> Command {
    create("pen", EnvironmentKind::Open, share(1_000, Exposure::default()))
}

/// The world with the open environment `pen`.
pub fn world() -> World {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    world.ok(ADA, open_environment());
    world
}

/// Bad input is tried here too.
pub fn stations() -> Vec<(&'static str, World)> {
    let mut asked = world();
    asked.ok(ADA, request(whole(200_000)));
    vec![("an open environment", world()), ("asked for a larger plan", asked)]
}

/// What bad input tries of it.
pub fn commands(world: &World) -> Vec<Command> {
    let none = Exposure::default();
    vec![
        create("more", EnvironmentKind::Open, share(1, none)),
        create("web", EnvironmentKind::Managed, share(1, none)),
        change("batch", share(1, none)),
        change("batch", share(90_000, none)),
        set_plan(whole(100_000)),
        set_plan(share(1, none)),
        request(whole(300_000)),
        grant(world, 1),
        deny(world, 1),
        access("pen", TenantRole::Editor, 3_600),
        access("web", TenantRole::Viewer, 3_600),
    ]
}

/// The words of a refusal.
#[track_caller]
fn told(world: &mut World, actor: &str, command: Command) -> Vec<String> {
    match world.run(&actor.parse().unwrap(), command) {
        Err(Rejected::Refused(refusal)) => refusal.guards.into_iter().map(|g| g.detail).collect(),
        other => panic!("it should be refused: {other:#?}"),
    }
}

#[test]
fn environments_never_have_more_together_than_the_plan_and_a_refusal_says_what_is_left() {
    let mut world = world();
    // 40,000 of 100,000 each for `web` and `batch`, 1,000 for `pen`.
    let asked = create("more", EnvironmentKind::Managed, share(19_001, Exposure::default()));
    assert_eq!(told(&mut world, ADA, asked), ["cpuMillis: 19001 asked, 19000 left of the plan of parley"]);
    assert_eq!(world.refused(ADA, change("pen", share(20_001, Exposure::default()))), [Guard::WithinPlan]);
    world.ok(ADA, change("pen", share(20_000, Exposure::default())));

    // Nobody said that this account may have load balancers: none are left for its environments.
    let exposed = Exposure { load_balancers: 1, hostnames: 1 };
    let asked = change("pen", share(1, exposed));
    assert_eq!(told(&mut world, ADA, asked), ["loadBalancers: 1 asked, 0 left of the plan of parley"]);
    world.ok(PIA, set_plan(whole(100_000)));
    world.ok(ADA, change("pen", share(1, exposed)));
    let asked = create("more", EnvironmentKind::Open, share(1, Exposure { load_balancers: 2, hostnames: 3 }));
    assert_eq!(
        told(&mut world, ADA, asked),
        [
            "loadBalancers: 2 asked, 1 left of the plan of parley",
            "hostnames: 3 asked, 2 left of the plan of parley"
        ]
    );
}

#[test]
fn a_share_is_not_taken_from_under_what_runs_nor_a_plan_from_under_its_shares() {
    let mut world = world();
    // `feed` and `media`: 2 pods of 100 each.
    let asked = change("web", share(399, Exposure::default()));
    let said = told(&mut world, ADA, asked);
    assert!(said.contains(&"cpuMillis: what runs in web needs 400, 399 asked".to_owned()), "{said:?}");
    assert_eq!(
        told(&mut world, PIA, set_plan(whole(80_999))),
        ["cpuMillis: the environments have 81000, 80999 asked"]
    );
    world.ok(PIA, set_plan(whole(81_000)));
    assert!(world.ok(PIA, set_plan(whole(81_000))).is_empty(), "it says so already");
    assert!(matches!(world.run(&ADA.parse().unwrap(), set_plan(whole(90_000))), Err(Rejected::Refused(_))));
}

#[test]
fn an_open_environment_takes_no_workloads_and_a_plan_only_images_of_its_registries() {
    let mut world = world();
    let Command::PutWorkload { workload, spec, .. } = put("feed", "registry.example/app:1") else { panic!() };
    let there = Command::PutWorkload { environment: "pen".parse().unwrap(), workload, spec };
    let said = told(&mut world, ADA, there);
    assert_eq!(said, ["pen is open: what runs in it is declared in the cluster"]);

    world.ok(ADA, put("feed", "elsewhere.example/app:1"));
    world.ok(PIA, set_plan(whole(100_000)));
    let said = told(&mut world, ADA, put("feed", "elsewhere.example/app:2"));
    assert!(said[0].ends_with("comes from none of the registries of the plan: registry.example"), "{said:?}");
    world.ok(ADA, put("feed", "registry.example/app:2"));
}

#[test]
fn a_member_asks_for_more_and_a_person_of_the_provider_decides() {
    let mut world = world();
    assert_eq!(world.refused(PIA, request(whole(200_000))), [Guard::AnotherPerson]);
    assert_eq!(world.refused(ADA, request(share(1, Exposure::default()))), [Guard::InState]);
    world.ok(ADA, request(whole(200_000)));
    assert_eq!(world.refused(ADA, request(whole(300_000))), [Guard::InState], "one is open");
    assert_eq!(world.refused(ADA, grant(&world.clone(), 1)), [Guard::AnotherPerson]);

    world.ok(PIA, deny(&world.clone(), 1));
    let first = &world.account().quota_requests[0];
    assert!(first.decided.as_ref().is_some_and(|d| d.denied.is_some() && d.by.as_str() == "pia"));
    assert_eq!(world.account().plan.cpu_millis, 100_000);

    world.ok(ADA, request(whole(200_000)));
    let granted = world.ok(PIA, grant(&world.clone(), 2));
    assert_eq!(crate::world::types(&granted), ["quota.decided", "plan.set"]);
    assert_eq!(world.account().allowed(), whole(200_000));
    assert_eq!(world.refused(PIA, deny(&world.clone(), 2)), [Guard::InState]);
    world.ok(ADA, create("more", EnvironmentKind::Open, share(100_000, Exposure::default())));
}

#[test]
fn credentials_are_for_open_environments_for_a_while_and_on_the_record() {
    let mut world = world();
    assert_eq!(world.refused(ADA, access("web", TenantRole::Viewer, 3_600)), [Guard::InState]);
    assert_eq!(world.refused(PIA, access("pen", TenantRole::Viewer, 3_600)), [Guard::AnotherPerson]);
    for seconds in [0, 599, 86_401] {
        let answer = world.run(&ADA.parse().unwrap(), access("pen", TenantRole::Viewer, seconds));
        assert!(matches!(answer, Err(Rejected::Invalid { .. })), "{seconds}");
    }
    let granted = world.ok(ADA, access("pen", TenantRole::Admin, 600));
    let [Recorded { actor, event: Event::AccessGranted { role, seconds, until, .. }, at }] =
        granted.as_slice()
    else {
        panic!("{granted:?}");
    };
    assert_eq!((actor.to_string().as_str(), *role, *seconds), (ADA, TenantRole::Admin, 600));
    assert_eq!(until.duration_since(*at).as_secs(), 600);
}

#[test]
fn whoever_changes_nothing_gets_credentials_under_a_freeze_and_nobody_under_a_suspension() {
    for (preset, viewer) in [(Preset::Freeze, true), (Preset::Suspend, false)] {
        let mut world = world();
        let scope = "environment/pen".parse().unwrap();
        world.ok(ADA, Command::AskMeasure { preset, scope, ends: None, why: words() });
        world.until(world.now);
        for role in TenantRole::ALL {
            let answer = world.run(&ADA.parse().unwrap(), access("pen", role, 600));
            assert_eq!(answer.is_ok(), viewer && !role.changes(), "{role} under {preset}: {answer:?}");
        }
        assert_eq!(world.refused(ADA, change("pen", share(2, Exposure::default()))), [Guard::NotWithheld]);
    }
}

/// What runs in an open environment is declared in the cluster, and so only deploying can be withheld from one of it.
#[test]
fn a_workload_of_an_open_environment_can_be_frozen_by_its_name_and_nothing_else_withheld_from_it() {
    let mut world = world();
    let ask = |preset, scope: &str| Command::AskMeasure {
        preset,
        scope: scope.parse().unwrap(),
        ends: None,
        why: words(),
    };
    for preset in [Preset::Suspend, Preset::Isolate] {
        let answer = world.run(&ADA.parse().unwrap(), ask(preset, "workload/pen/feed"));
        assert!(matches!(answer, Err(Rejected::NotFound { .. })), "{preset}: {answer:?}");
    }
    world.ok(ADA, ask(Preset::Freeze, "workload/pen/feed"));
    for scope in ["workload/web/unheard-of", "workload/nowhere/feed", "hostname/pen/feed/a.example"] {
        let answer = world.run(&ADA.parse().unwrap(), ask(Preset::Freeze, scope));
        assert!(matches!(answer, Err(Rejected::NotFound { .. })), "{scope}: {answer:?}");
    }
    // Its neighbours in the environment are not frozen with it.
    world.until(world.now);
    world.ok(ADA, access("pen", TenantRole::Editor, 600));
}

#[test]
fn an_account_of_an_earlier_version_reads_and_writes_as_before() {
    let world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let json = serde_json::to_value(world.account()).unwrap();
    for new in ["exposure", "allowances", "quotaRequests"] {
        assert!(json.get(new).is_none(), "{new} is written where nobody said so");
    }
    assert!(json["environments"]["web"].get("kind").is_none());
    let created = serde_json::to_value(&world.events[1].event).unwrap();
    assert_eq!(created["body"].as_object().unwrap().len(), 2, "{created}");
    let again: Account = serde_json::from_value(json).unwrap();
    assert_eq!(&again, world.account());
}
