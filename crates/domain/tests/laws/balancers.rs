//! Load balancers: kept unless a power says that their addresses are given up, which is more than to keep them.

use serde_json::json;
use tenure_domain::account::Command;
use tenure_domain::account::command::Starts;
use tenure_domain::balancers::Balancers;
use tenure_domain::name::{CaseId, MeasureId};
use tenure_domain::refusal::Guard;
use tenure_domain::terms::Terms;

use crate::measures::POWERS;
use crate::world::{World, propose, words};

fn world() -> (World, CaseId) {
    let mut world = World::open(POWERS, "2021-01-04T17:00:00Z");
    let case = world.open_case("rent");
    for (power, item) in [("2.24", "a"), ("2.25", "b")] {
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

#[test]
fn law_01_only_what_a_power_gives_up_is_given_up_and_only_while_it_is_in_effect() {
    let (mut world, case) = world();
    let kept = take(&mut world, propose(&case, "2.24", "environment/web", false));
    assert_eq!(world.permit(&kept).unwrap().load_balancers(), Balancers::Kept);
    let told = serde_json::to_value(&world.account().measure(&kept).unwrap().proposal).unwrap();
    assert_eq!(told.get("loadBalancers"), None, "what was always so is said as always");
    let released = take(&mut world, propose(&case, "2.25", "environment/web", false));
    assert_eq!(world.permit(&released).unwrap().load_balancers(), Balancers::Released);
    assert_eq!(world.permit(&kept).unwrap().load_balancers(), Balancers::Kept, "each is what it is");
    let told = serde_json::to_value(&world.account().measure(&released).unwrap().proposal).unwrap();
    assert_eq!(told["loadBalancers"], json!("released"));
    world.ok("person/ines", Command::LiftMeasure { measure: released.clone(), why: words() });
    assert!(world.permit(&released).is_err(), "nothing is left of it");
    assert!(world.permit(&kept).is_ok(), "the end of one is not the end of another");
}

#[test]
fn law_04_keeping_load_balancers_comes_before_giving_them_up() {
    let (mut world, case) = world();
    let harsh = propose(&case, "2.25", "environment/web", false);
    assert_eq!(world.refused("person/ines", harsh), [Guard::LeastFirst, Guard::Approved]);
    take(&mut world, propose(&case, "2.24", "environment/web", false));
    take(&mut world, propose(&case, "2.25", "environment/web", false));
}

#[test]
fn law_04_giving_load_balancers_up_need_not_come_before_keeping_them() {
    let (mut world, case) = world();
    take(&mut world, propose(&case, "2.24", "environment/web", false));
}

#[test]
fn terms_say_that_load_balancers_are_given_up_only_where_visitors_are_kept_out() {
    let said = "permits: suspend, loadBalancers: released";
    assert!(POWERS.contains(said));
    for right in ["permits: suspend, loadBalancers: kept", "permits: suspend"] {
        assert!(Terms::parse(&POWERS.replace(said, right)).is_ok(), "{right}");
    }
    for wrong in ["given-away", "true", "{released: all}", "[released]"] {
        let text = POWERS.replace(said, &format!("permits: suspend, loadBalancers: {wrong}"));
        let errors = Terms::parse(&text).unwrap_err().to_string();
        assert!(errors.contains("loadBalancers") && errors.contains("line"), "{wrong}: {errors}");
    }
    let freeze = "permits: freeze, scopes: [account, environment, workload]";
    for (power, is_right) in [
        (freeze, false),
        ("permits: [storage.read], scopes: [account]", false),
        ("permits: [ingress, storage.write], scopes: [account, environment]", true),
    ] {
        assert!(POWERS.contains(power));
        let text = POWERS.replace(power, &format!("loadBalancers: released, {power}"));
        match Terms::parse(&text) {
            Ok(_) => assert!(is_right, "{power}"),
            Err(errors) => {
                let errors = errors.to_string();
                assert!(!is_right, "{errors}");
                assert!(errors.contains("only a power that withholds ingress"), "{errors}");
            }
        }
    }
}
