//! Law 8: whatever deletes, ends or lets expire asks one question first.

use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::{Command, Kept};
use tenure_domain::refusal::Guard;
use tenure_domain::scope::Scope;

use crate::world::{HOUSE, World, blob, put, words};

fn world() -> World {
    World::open(HOUSE, "2021-03-09T20:00:00Z")
}

fn hold(scope: &str, running_state: bool) -> Command {
    Command::PlaceHold { scope: scope.parse().unwrap(), running_state, why: words() }
}

fn guards(world: &World, kept: Kept<'_>) -> Vec<Guard> {
    world.account().preserved(kept).iter().map(|u| u.guard).collect()
}

fn remove(workload: &str) -> Command {
    let (environment, workload) = ("web".parse().unwrap(), workload.parse().unwrap());
    Command::RemoveWorkload { environment, workload }
}

#[test]
fn law_08_holds_and_orders_preserve_what_they_reach_and_each_has_to_end() {
    let mut world = world();
    let feed: Scope = "workload/web/feed".parse().unwrap();
    let batch: Scope = "environment/batch".parse().unwrap();
    assert!(guards(&world, Kept::Records).is_empty());
    world.ok("person/lena", hold("workload/web/feed", false));
    world.ok("person/lena", hold("environment/web", true));
    let (kind, scope) = (OrderKind::Preserve, "account".parse().unwrap());
    world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    assert_eq!(guards(&world, Kept::Data(&feed)), [Guard::NoHold, Guard::NoHold, Guard::NoOrder]);
    assert_eq!(guards(&world, Kept::Running(&feed)), [Guard::NoHold], "the hold on what runs alone");
    assert_eq!(guards(&world, Kept::Data(&batch)), [Guard::NoOrder]);
    assert_eq!(guards(&world, Kept::Records), [Guard::NoHold, Guard::NoHold, Guard::NoOrder]);
    assert_eq!(world.refused("member/parley/ada", remove("feed")).len(), 3);
    for n in 1..=2 {
        world.ok("person/lena", Command::ReleaseHold { hold: world.h(n), why: words() });
    }
    assert_eq!(world.refused("member/parley/ada", remove("feed")), [Guard::NoOrder]);
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    assert!(guards(&world, Kept::Records).is_empty());
    world.ok("member/parley/ada", remove("feed"));
}

#[test]
fn law_08_what_runs_is_preserved_against_a_change_that_would_end_it() {
    let mut world = world();
    world.ok("person/lena", hold("workload/web/feed", true));
    assert_eq!(world.refused("member/parley/ada", put("feed", "registry.example/app:2")), [Guard::NoHold]);
    world.ok("member/parley/ada", put("media", "registry.example/app:2"));
}

#[test]
fn an_order_that_a_gag_covers_is_not_told_by_what_it_refuses() {
    let mut world = world();
    let (kind, scope) = (OrderKind::Preserve, "workload/web/feed".parse().unwrap());
    world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    world.ok("person/lena", crate::orders::gag(&world, "workload/web/feed", 30));
    let refused = world.run(&"member/parley/ada".parse().unwrap(), remove("feed"));
    assert!(refused.is_err() && !format!("{refused:?}").contains("parley.o"), "{refused:?}");
    assert!(world.account().hides_order(&world.o(1)) && world.account().hides_order(&world.o(2)));
}
