//! Laws 7 and 8 where the account itself asks that an environment be deleted: it can be taken back for a day, and
//! nothing that stands on the environment is evaded by it.

use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::{Actor, Command, Context};
use tenure_domain::capability::Preset;
use tenure_domain::refusal::{Guard, Rejected};

use crate::world::{HOUSE, World, blob, put, types, words};

const ADA: &str = "member/parley/ada";

fn ask(confirm: &str) -> Command {
    Command::AskEnvironmentDeletion {
        environment: "web".parse().unwrap(),
        confirm: confirm.to_owned(),
        why: words(),
        including: Vec::new(),
    }
}

fn end() -> Command {
    Command::EndEnvironmentDeletion { environment: "web".parse().unwrap() }
}

fn gone() -> Command {
    Command::ConfirmEnvironmentDeleted { environment: "web".parse().unwrap(), certificate: blob() }
}

fn open() -> World {
    World::open(HOUSE, "2021-03-09T20:00:00Z")
}

/// The guards that keep a permit from being made.
fn unmet(world: &World) -> Vec<Guard> {
    let actor: Actor = "system/eraser".parse().unwrap();
    let context = Context { now: world.now, actor: &actor, book: &world.book };
    match world.account().environment_deletion_permit(&"web".parse().unwrap(), &context) {
        Ok(_) => Vec::new(),
        Err(Rejected::Refused(refusal)) => refusal.guards.iter().map(|unmet| unmet.guard).collect(),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn law_07_an_account_deletes_its_environment_after_a_day_in_which_it_can_take_that_back() {
    let mut world = open();
    let actor: Actor = ADA.parse().unwrap();
    for blank in ["", "batch", "WEB"] {
        let invalid = world.run(&actor, ask(blank)).unwrap_err();
        assert!(
            matches!(&invalid, Rejected::Invalid { pointer, .. } if pointer == "/confirm"),
            "{invalid:?}"
        );
    }
    assert_eq!(world.refused("person/ines", ask("web")), [Guard::AnotherPerson]);
    assert_eq!(unmet(&world), [Guard::InState]);
    world.ok(ADA, ask("web"));
    assert_eq!(world.refused(ADA, ask("web")), [Guard::InState]);
    world.pass_hours(23);
    assert_eq!(unmet(&world), [Guard::Due]);
    assert_eq!(world.refused("system/eraser", gone()), [Guard::InState]);
    world.ok(ADA, put("feed", "registry.example/app:2"));
    world.ok(ADA, end());
    world.pass_hours(48);
    assert_eq!(world.account().environments.len(), 2, "it was taken back");

    world.ok(ADA, ask("web"));
    world.pass_hours(24);
    assert!(world.account().is_being_deleted(&"web".parse().unwrap()));
    assert_eq!(unmet(&world), []);
    assert_eq!(world.refused(ADA, put("feed", "registry.example/app:3")), [Guard::InState]);
    assert_eq!(types(&world.ok("system/eraser", gone())), ["environment.deleted"]);
    assert_eq!(world.account().environments.len(), 1);
    assert_eq!(world.account().deleted[0].environment.as_str(), "web");
    assert!(world.account().lifecycle.is_active());
}

#[test]
fn law_08_what_stands_on_an_environment_keeps_its_account_from_deleting_it() {
    let hold = |world: &mut World| {
        let scope = "workload/web/feed".parse().unwrap();
        world.ok("person/lena", Command::PlaceHold { scope, running_state: false, why: words() });
        Guard::NoHold
    };
    let preserve = |world: &mut World| {
        let (kind, scope) = (OrderKind::Preserve, "account".parse().unwrap());
        world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
        Guard::NoOrder
    };
    let stay = |world: &mut World| {
        let (kind, scope) = (OrderKind::Stay, "environment/web".parse().unwrap());
        world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
        Guard::NoOrder
    };
    let measure = |world: &mut World| {
        let scope = "environment/web".parse().unwrap();
        world.ok(ADA, Command::AskMeasure { preset: Preset::Freeze, scope, ends: None, why: words() });
        Guard::NotWithheld
    };
    let all: [&dyn Fn(&mut World) -> Guard; 4] = [&hold, &preserve, &stay, &measure];
    for stands in all {
        // Before it is asked.
        let mut world = open();
        let guard = stands(&mut world);
        assert_eq!(world.refused(ADA, ask("web")), [guard]);

        // While it can be taken back: it ends by itself when its time comes, and nothing was deleted.
        let mut world = open();
        world.ok(ADA, ask("web"));
        let guard = stands(&mut world);
        world.pass_hours(25);
        assert!(world.account().erasures.is_empty(), "{guard:?}");
        assert!(
            world.events.iter().any(|e| types(std::slice::from_ref(e)) == ["environment.deletion_ended"])
        );
        assert_eq!(world.account().environments.len(), 2);

        // Once it was begun there is no permit to go on.
        let mut world = open();
        world.ok(ADA, ask("web"));
        world.pass_hours(25);
        let guard = stands(&mut world);
        assert_eq!(unmet(&world), [guard]);
        world.ok("system/eraser", end());
        assert_eq!(world.refused("system/eraser", gone()), [Guard::InState]);
    }
    // What concerns another environment stands in no way.
    let mut world = open();
    let scope = "environment/batch".parse().unwrap();
    world.ok("person/lena", Command::PlaceHold { scope, running_state: true, why: words() });
    world.ok(ADA, ask("web"));
    world.pass_hours(25);
    assert_eq!(unmet(&world), []);
}
