//! What a gag keeps from the account is named by no event that it sees and by nothing that refuses it.

use tenure_domain::account::command::{RecordRemoval, Starts};
use tenure_domain::account::event::Event;
use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::{Command, Context};
use tenure_domain::authority::Authority;
use tenure_domain::refusal::Rejected;

use crate::orders::gag;
use crate::world::{HOUSE, World, blob, issue, propose, type_of, words};

fn world() -> World {
    World::open(HOUSE, "2021-03-01T20:00:00Z")
}

fn removal() -> Command {
    Command::RecordRemoval(RecordRemoval {
        scope: "workload/web/feed".parse().unwrap(),
        locator: words(),
        authority: words(),
        document: blob(),
        deadline: None,
        why_not_less: None,
        letter: blob(),
    })
}

fn stay() -> Command {
    let (kind, scope) = (OrderKind::Stay, "account".parse().unwrap());
    Command::RecordOrder { kind, scope, authority: words(), document: blob() }
}

/// The types of the events since the world had so many that the account is not to see.
fn hidden(world: &World, since: usize) -> Vec<String> {
    let events = world.events[since..].iter().filter(|e| world.account().hides(&e.event));
    events.map(|e| type_of(&e.event)).collect()
}

/// Everything that is told of why nothing more takes effect.
fn why_not_yet(world: &World) -> String {
    let actor = "system/cluster".parse().unwrap();
    let context = Context { now: world.now, actor: &actor, book: &world.book };
    let all = world.account().why_not_yet_of_all(&context).unwrap();
    let one = world.account().why_not_yet(&world.m(1), &context).unwrap();
    format!("{all:?} {one:?}")
}

/// A freeze of `web` is in force, and a gag covers the account.
fn gagged() -> World {
    let mut world = world();
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.1", &["stop"]);
    world.pass_hours(30);
    world.ok("person/ines", propose(&case, "1.1", "environment/web", true));
    world.approve("omar", 1);
    world.until(world.now);
    world.confirm(1);
    world.ok("person/lena", gag(&world, "account", 30));
    world
}

#[test]
fn every_event_that_names_what_is_hidden_is_hidden_and_every_other_one_is_shown() {
    let mut world = gagged();
    let before = world.events.len();
    world.ok("person/lena", removal());
    world.ok("person/lena", stay());
    world.confirm(2);
    let seen: Vec<String> = world.events[before..]
        .iter()
        .filter(|e| !world.account().hides(&e.event))
        .map(|e| type_of(&e.event))
        .collect();
    assert_eq!(
        hidden(&world, before),
        [
            "order.recorded",
            "case.opened",
            "measure.proposed",
            "notice.issued",
            "notice.delayed",
            "order.recorded",
            "order.conflicted",
            "measure.stayed",
            "case.paused",
            "order.complied",
        ]
    );
    assert_eq!(seen, ["measure.applying", "measure.in_force"], "its standing is told always, law 15");
    let mut told = world.events[before..].iter().filter(|e| !world.account().hides(&e.event));
    assert!(told.all(|e| !format!("{e:?}").contains("parley.o")));
    // The stay is vacated and what it did is undone: that tells of it too.
    let before = world.events.len();
    world.ok("person/lena", Command::VacateOrder { order: world.o(3), why: words() });
    assert_eq!(hidden(&world, before), ["order.vacated", "measure.resumed", "case.resumed"]);
    let before = world.events.len();
    world.ok("person/lena", Command::VacateOrder { order: world.o(2), why: words() });
    assert!(hidden(&world, before).contains(&"measure.lifting".to_owned()), "{:?}", hidden(&world, before));
    // When the gag has ended all of it is told.
    world.pass_hours(30 * 24);
    assert_eq!(hidden(&world, 0), Vec::<String>::new());
}

#[test]
fn what_refuses_and_why_not_yet_say_that_an_order_stands_and_not_which() {
    let mut world = gagged();
    world.ok("person/lena", removal());
    world.ok("person/lena", stay());
    let told = why_not_yet(&world);
    assert!(told.contains("an order stands") && told.contains("stand still since"), "{told}");
    assert!(!told.contains("parley.o"), "{told}");
    let lift = Command::LiftUnder { measure: world.m(2), authority: Authority::AccountHolder, why: words() };
    let refused = world.run(&"member/parley/ada".parse().unwrap(), lift);
    assert!(matches!(refused, Err(Rejected::Refused(_))), "{refused:?}");
    assert!(!format!("{refused:?}").contains("parley.o"), "{refused:?}");
    // Without the gag both are named.
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    assert!(why_not_yet(&world).contains("order parley.o3 (stay) stands for account"));
    assert!(why_not_yet(&world).contains("parley.o3 has to be vacated"));
}

#[test]
fn an_item_of_a_delayed_notice_is_no_item_for_the_account() {
    let mut world = gagged();
    let before = world.events.len();
    world.ok("person/ines", issue(&world.c(1), Starts::Cure, "1.1", &["more"]));
    let (case, item) = (world.c(1), "more".parse().unwrap());
    assert!(world.account().hides_item(&case, &item));
    assert!(!world.account().hides_item(&case, &"stop".parse().unwrap()), "it was asked for before");
    assert_eq!(hidden(&world, before), ["notice.issued", "notice.delayed"]);
    let shown = |world: &World| {
        let steps = world.account().next_steps();
        let steps = steps.iter().filter(|step| !world.account().hides_step(&step.what));
        steps.filter(|step| format!("{step:?}").contains("more")).count()
    };
    assert_eq!(shown(&world), 0);
    let hand_in = |item: &str| Command::SubmitCure {
        case: "parley.c1".parse().unwrap(),
        item: item.parse().unwrap(),
        remedy: words(),
    };
    let ada = "member/parley/ada".parse().unwrap();
    let there = world.run(&ada, hand_in("more"));
    let Err(Rejected::NotFound { what, .. }) = there else { panic!("{there:?}") };
    let Err(Rejected::NotFound { what: missing, .. }) = world.run(&ada, hand_in("none")) else { panic!() };
    assert_eq!(what, missing);
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    assert_eq!(shown(&world), 1);
    world.ok("member/parley/ada", hand_in("more"));
}

#[test]
fn a_gag_that_names_a_case_covers_the_order_that_the_case_carries_out() {
    let mut world = world();
    world.ok("person/lena", removal());
    let until = world.now + jiff::SignedDuration::from_hours(240);
    let (scope, case) = ("workload/web/media".parse().unwrap(), Some(world.c(1)));
    world.ok("person/lena", Command::RecordGag { scope, case, authority: words(), document: blob(), until });
    assert!(world.account().hides_order(&world.o(1)), "its notice is delayed, so it is not told either");
    assert!(world.account().notices[0].delayed.is_some());
    // Of two gags on the same, the end of one tells nothing of it while the other stands.
    world.ok("person/lena", gag(&world, "account", 20));
    world.ok("person/lena", Command::VacateOrder { order: world.o(2), why: words() });
    assert!(world.account().hides_order(&world.o(2)));
}

#[test]
fn what_was_refused_is_hidden_while_a_gag_stands_whatever_it_was_about() {
    let world = gagged();
    let refused = |command: &str| Event::CommandRefused { command: command.into(), guards: Vec::new() };
    for command in ["renew gag", "vacate order", "propose measure", "issue notice"] {
        assert!(world.account().hides(&refused(command)), "{command}");
        assert!(!self::world().account().hides(&refused(command)), "{command}");
    }
}

#[test]
fn a_name_is_hidden_within_words_and_a_longer_name_is_not_taken_for_it() {
    let world = gagged();
    let blocked = |detail: &str| Event::MeasureBlocked {
        measure: world.m(1),
        guards: Vec::new(),
        detail: detail.into(),
    };
    assert!(world.account().hides(&blocked("order parley.o1 (gag) stands for account")));
    assert!(world.account().hides(&blocked("it waits for parley.o1.")));
    assert!(!world.account().hides(&blocked("order parley.o12 stands")));
}
