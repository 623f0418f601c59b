//! Throttling: what stays is what the power says, it stands on the ladder, and it goes when it is lifted.

use proptest::prelude::*;
use tenure_domain::account::Command;
use tenure_domain::account::command::Starts;
use tenure_domain::account::provision::Provision;
use tenure_domain::account::standing::Standing;
use tenure_domain::environment::EnvironmentKind;
use tenure_domain::name::{CaseId, ClusterId, MeasureId};
use tenure_domain::plan::{Exposure, Share};
use tenure_domain::refusal::Guard;
use tenure_domain::terms::Terms;
use tenure_domain::throttle::Throttle;
use tenure_domain::workload::Plan;

use crate::measures::POWERS;
use crate::world::{World, propose, words};

fn world() -> (World, CaseId) {
    let mut world = World::open(POWERS, "2021-01-04T17:00:00Z");
    let case = world.open_case("load");
    for (power, item) in [("2.21", "a"), ("2.22", "b"), ("2.23", "c")] {
        world.serve(&case, Starts::Both, power, &[item]);
    }
    (world, case)
}

fn take(world: &mut World, command: Command) -> MeasureId {
    world.ok("person/ines", command);
    let n = u32::try_from(world.account().measures.len()).unwrap();
    world.approve("omar", n);
    world.until(world.now);
    assert_eq!(world.state_of(n), "applying");
    world.m(n)
}

proptest! {
    #[test]
    fn law_01_a_throttle_withholds_no_more_than_it_says(percent in 0u8..=120, cpu in 1u32..=10_000_000) {
        let read = Throttle::try_from(percent);
        prop_assert_eq!(read.is_ok(), (1..=99).contains(&percent));
        if let Ok(throttle) = read {
            let stays = throttle.of(cpu);
            prop_assert!(u64::from(stays) * 100 >= u64::from(cpu) * u64::from(percent), "{} of {}", stays, cpu);
            prop_assert!(u64::from(stays - 1) * 100 < u64::from(cpu) * u64::from(percent), "and no less");
            prop_assert!(stays <= cpu && stays > 0);
        }
    }
}

#[test]
fn law_09_a_throttle_limits_the_account_and_withholds_nothing_else() {
    let (mut world, case) = world();
    let measure = take(&mut world, propose(&case, "2.21", "workload/web/feed", true));
    let permit = world.permit(&measure).unwrap();
    assert_eq!(permit.throttle().map(Throttle::percent), Some(50));
    assert!(permit.withholds().is_empty());
    world.confirm(1);
    assert_eq!((world.state_of(1), world.account().standing()), ("in_force", Standing::Limited));
    world.ok("member/parley/ada", crate::world::put("feed", "registry.example/app:2"));
    let lift = Command::LiftMeasure { measure: measure.clone(), why: words() };
    world.ok("person/ines", lift);
    assert!(world.permit(&measure).is_err(), "nothing is left of it");
    world.restored(1);
    assert_eq!((world.state_of(1), world.account().standing()), ("lifted", Standing::Clear));
}

#[test]
fn law_04_throttling_comes_before_a_stop_and_the_milder_one_first() {
    let (mut world, case) = world();
    let stop = propose(&case, "2.23", "environment/web", false);
    assert_eq!(world.refused("person/ines", stop), [Guard::LeastFirst, Guard::Approved]);
    let harsh = propose(&case, "2.22", "workload/web/feed", false);
    assert_eq!(world.refused("person/ines", harsh), [Guard::LeastFirst, Guard::Approved]);
    take(&mut world, propose(&case, "2.21", "workload/web/feed", false));
    let harsh = take(&mut world, propose(&case, "2.22", "workload/web/feed", false));
    // Together with a stop each stays what it is.
    let stop = take(&mut world, propose(&case, "2.23", "environment/web", true));
    assert_eq!(world.permit(&harsh).unwrap().throttle().map(Throttle::percent), Some(10));
    assert_eq!(world.permit(&stop).unwrap().throttle(), None);
    world.ok("person/ines", Command::LiftMeasure { measure: stop, why: words() });
    assert!(world.permit(&harsh).is_ok(), "the end of one is not the end of another");
}

#[test]
fn law_01_where_nothing_throttles_it_is_refused_when_it_is_proposed() {
    let (mut world, case) = world();
    let plan = Plan { cpu_millis: 1_000, memory_mib: 1_000, storage_mib: 1_000, pods: 10 };
    let share = Share { plan, exposure: Exposure::default() };
    let (environment, kind) = ("pen".parse().unwrap(), EnvironmentKind::Open);
    world.ok(
        "member/parley/ada",
        Command::Provision(Provision::CreateEnvironment {
            environment,
            kind,
            share,
            cluster: ClusterId::main(),
        }),
    );
    for scope in ["environment/pen", "account"] {
        let guards = world.refused("person/ines", propose(&case, "2.21", scope, true));
        assert!(guards.contains(&Guard::Supported), "{scope}: {guards:?}");
    }
    take(&mut world, propose(&case, "2.21", "environment/web", true));
}

#[test]
fn terms_say_how_much_a_throttle_leaves_and_only_they() {
    let power = |fields: &str| POWERS.replace("{percent: 50}", fields);
    for wrong in [
        "{percent: 0}",
        "{percent: 100}",
        "{percent: -1}",
        "{percent: many}",
        "{}",
        "50",
        "{percent: 5, cpu: 5}",
    ] {
        let errors = format!("{:?}", Terms::parse(&power(wrong)).unwrap_err());
        assert!(errors.contains("throttle"), "{wrong}: {errors}");
    }
    let misplaced = POWERS.replace(
        "permits: freeze, scopes: [account, environment, workload]",
        "permits: freeze, throttle: {percent: 5}, scopes: [account, environment, workload]",
    );
    let errors = format!("{:?}", Terms::parse(&misplaced).unwrap_err());
    assert!(errors.contains("only a power that permits throttle"), "{errors}");
}
