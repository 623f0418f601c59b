//! Law 8: orders with deadlines, removals, gags, and orders that contradict each other.

use jiff::SignedDuration;
use tenure_domain::account::Command;
use tenure_domain::account::command::{RecordRemoval, Starts};
use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::outlook::What;
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::terms::Channel;

use crate::world::{HOUSE, World, blob, issue, propose, types, words};

pub fn gag(world: &World, scope: &str, days: i64) -> Command {
    let until = world.now + SignedDuration::from_hours(days * 24);
    let scope = scope.parse().unwrap();
    Command::RecordGag { scope, case: None, authority: words(), document: blob(), until }
}

fn remove(scope: &str) -> Command {
    Command::RecordRemoval(RecordRemoval {
        scope: scope.parse().unwrap(),
        locator: words(),
        authority: words(),
        document: blob(),
        deadline: None,
        why_not_less: None,
        letter: blob(),
    })
}

fn stay(scope: &str) -> Command {
    let (kind, scope) = (OrderKind::Stay, scope.parse().unwrap());
    Command::RecordOrder { kind, scope, authority: words(), document: blob() }
}

fn reinstate(world: &World, minutes: i64) -> Command {
    Command::RecordTimedOrder {
        kind: OrderKind::Reinstate,
        scope: "account".parse().unwrap(),
        authority: words(),
        document: blob(),
        deadline: world.now + SignedDuration::from_mins(minutes),
    }
}

fn world() -> World {
    World::open(HOUSE, "2021-03-01T20:00:00Z")
}

/// A freeze of `web` is in force.
fn frozen() -> World {
    let mut world = world();
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.1", &["stop"]);
    world.pass_hours(30);
    world.ok("person/ines", propose(&case, "1.1", "environment/web", true));
    world.approve("omar", 1);
    world.until(world.now);
    world.confirm(1);
    world
}

#[test]
fn law_08_a_reinstatement_is_counted_from_what_was_observed() {
    for (waits, margin) in [(20_i64, 600_i64), (45, -900)] {
        let mut world = frozen();
        let order = reinstate(&world, 30);
        // The clocks of the measure's case stand still with it.
        let stayed = ["order.recorded", "measure.stayed", "case.paused"];
        assert_eq!(types(&world.ok("person/lena", order)), stayed);
        let deadline = world.now + SignedDuration::from_mins(30);
        let follow = |world: &World| {
            let steps = world.account().next_steps();
            steps.into_iter().find(|s| s.what == What::Follow(world.o(1))).and_then(|s| s.due)
        };
        assert_eq!(follow(&world), Some(deadline));
        world.until(world.now + SignedDuration::from_mins(waits));
        assert_eq!(world.account().orders[0].missed.is_some(), waits > 30, "raised when it is missed");
        world.restored(1);
        assert_eq!(world.account().orders[0].complied.as_ref().unwrap().margin_seconds, margin);
        assert_eq!(follow(&world), None);
    }
}

#[test]
fn law_08_a_stay_that_leaves_nothing_to_restore_is_followed_at_once() {
    let mut world = world();
    assert_eq!(
        types(&{
            let o = reinstate(&world, 30);
            world.ok("person/lena", o)
        }),
        ["order.recorded", "order.complied"]
    );
    let preserve = Command::RecordTimedOrder {
        kind: OrderKind::Preserve,
        scope: "account".parse().unwrap(),
        authority: words(),
        document: blob(),
        deadline: world.now,
    };
    assert!(matches!(world.run(&"person/lena".parse().unwrap(), preserve), Err(Rejected::Invalid { .. })));
}

#[test]
fn law_01_a_removal_rests_on_its_order_and_ends_with_it() {
    let mut world = world();
    let done = world.ok("person/lena", remove("workload/web/feed"));
    let expected = ["order.recorded", "case.opened", "measure.proposed", "measure.applying", "notice.issued"];
    assert_eq!(types(&done), expected);
    assert!(world.permit(&world.m(1)).is_ok(), "no power, no notice before, no approval");
    let due = world.account().orders[0].deadline.unwrap();
    assert_eq!(due, world.now + SignedDuration::from_hours(1));
    world.pass_hours(0);
    world.until(world.now + SignedDuration::from_mins(50));
    world.confirm(1);
    assert_eq!(world.account().orders[0].complied.as_ref().unwrap().margin_seconds, 600);
    // Nobody here undoes it, and the account can still challenge it.
    let lift = Command::LiftMeasure { measure: world.m(1), why: words() };
    assert_eq!(world.refused("person/omar", lift), [Guard::NoOrder]);
    assert_eq!(
        world.refused("person/ines", Command::WithdrawCase { case: world.c(1), why: words(), clears: None }),
        [Guard::NoOrder]
    );
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(1), grounds: words() });
    let overturn = Command::DecideAppeal {
        appeal: world.a(1),
        outcome: tenure_domain::account::legal::AppealOutcome::Overturned,
        why: words(),
        reports: None,
    };
    assert_eq!(world.refused("person/ruth", overturn), [Guard::NoOrder]);
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    assert_eq!(world.state_of(1), "lifting");
    assert!(world.account().cases[0].is_closed() && world.permit(&world.m(1)).is_err());
}

#[test]
fn law_05_a_removal_takes_the_smallest_scope() {
    let mut world = world();
    assert_eq!(world.refused("person/lena", remove("environment/web")), [Guard::LeastFirst]);
    assert!(matches!(
        world.run(&"person/lena".parse().unwrap(), remove("account")),
        Err(Rejected::Invalid { .. })
    ));
    let Command::RecordRemoval(mut asked) = remove("environment/web") else { panic!() };
    asked.why_not_less = Some(words());
    world.ok("person/lena", Command::RecordRemoval(asked));
}

#[test]
fn law_08_orders_that_contradict_each_other_wait_for_a_person() {
    // The stay came first: the removal waits, and takes effect when it is to be followed.
    let mut world = world();
    world.ok("person/lena", stay("account"));
    world.ok("person/lena", remove("workload/web/feed"));
    assert_eq!(world.state_of(1), "stayed");
    assert_eq!(world.account().open_conflicts().count(), 1);
    assert!(world.account().next_steps().iter().any(|s| matches!(s.what, What::DecideConflict(..))));
    world.pass_hours(2);
    assert!(world.account().orders[1].missed.is_some(), "its hour is counted all the same");
    let decide = |world: &World, order, over| Command::DecideConflict {
        order: world.o(order),
        over: world.o(over),
        why: words(),
    };
    let removal = decide(&world, 2, 1);
    world.ok("person/lena", removal.clone());
    assert_eq!(world.state_of(1), "applying");
    assert!(world.permit(&world.m(1)).is_ok());
    assert_eq!(world.refused("person/lena", removal), [Guard::InState], "once");
    // The stay holds for everything else.
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    assert_eq!(world.state_of(1), "applying");

    // The removal came first: it stays as it is until the stay is to be followed.
    let mut world = self::world();
    world.ok("person/lena", remove("workload/web/feed"));
    world.confirm(1);
    assert_eq!(
        types(&world.ok("person/lena", stay("environment/web"))),
        ["order.recorded", "order.conflicted"]
    );
    assert_eq!(world.state_of(1), "in_force");
    assert!(world.permit(&world.m(1)).is_ok());
    let stays = decide(&world, 2, 1);
    assert_eq!(types(&world.ok("person/lena", stays)), ["order.preferred", "measure.stayed"]);
    assert!(world.permit(&world.m(1)).is_err());
    world.restored(1);
    // When the stay is gone, the removal is followed again.
    world.ok("person/lena", Command::VacateOrder { order: world.o(2), why: words() });
    world.until(world.now);
    assert_eq!(world.state_of(1), "applying");
}

#[test]
fn law_08_service_is_not_back_while_a_removal_stands_that_nobody_decided_on() {
    let mut world = frozen();
    world.ok("person/lena", remove("workload/web/feed"));
    world.confirm(2);
    let order = reinstate(&world, 30);
    world.ok("person/lena", order);
    assert_eq!((world.state_of(1), world.state_of(2)), ("stayed", "in_force"));
    world.restored(1);
    assert!(
        world.account().orders[1].complied.is_none(),
        "the removal is in effect where service is to be back"
    );
    world.pass_hours(1);
    assert!(world.account().orders[1].missed.is_some());
    // A person decides that service is to be back: it is once the removal is undone too.
    let (order, over) = (world.o(2), world.o(1));
    world.ok("person/lena", Command::DecideConflict { order, over, why: words() });
    assert!(world.account().orders[1].complied.is_none());
    world.restored(2);
    assert_eq!(world.account().orders[1].complied.as_ref().unwrap().margin_seconds, -1_800);
}

#[test]
fn law_02_under_a_gag_no_notice_is_delivered_and_no_clock_starts() {
    let mut world = world();
    let case = world.open_case("abuse");
    world.ok("person/lena", gag(&world, "account", 30));
    let issued = world.ok("person/ines", issue(&case, Starts::Both, "1.1", &["stop"]));
    assert_eq!(types(&issued), ["notice.issued", "notice.delayed"]);
    let attempt = Command::RecordAttempt { notice: world.n(1), channel: Channel::Inbox, proof: "250".into() };
    assert_eq!(world.refused("system/delivery", attempt.clone()), [Guard::NoOrder]);
    let acknowledge = Command::AcknowledgeNotice { notice: world.n(1) };
    let unseen = world.run(&"member/parley/ada".parse().unwrap(), acknowledge.clone());
    assert!(matches!(unseen, Err(Rejected::NotFound { .. })), "{unseen:?}");
    world.pass_hours(29 * 24);
    assert!(world.account().notices[0].deemed.is_none());
    let refused = world.refused("person/ines", propose(&case, "1.1", "environment/web", true));
    assert!(refused.contains(&Guard::CureRun));
    assert!(world.account().orders[0].gag.as_ref().unwrap().missed.is_some(), "nobody looked at it again");
    // Its written end comes: what waited goes out at once, and only now can a clock start.
    world.pass_hours(24);
    assert_eq!(types(&world.events[world.events.len() - 2..]), ["gag.ended", "notice.released"]);
    world.ok("system/delivery", attempt);
    world.ok("member/parley/ada", acknowledge);
    let served = world.account().notices[0].served_at().unwrap();
    assert_eq!(served, world.now);
    assert!(world.account().notices[0].cure_ends().unwrap() > served);
}

#[test]
fn a_gag_is_looked_at_again_and_lasts_longer_only_by_a_document() {
    let mut world = world();
    world.ok("person/lena", gag(&world, "workload/web/feed", 30));
    let end = world.now + SignedDuration::from_hours(30 * 24);
    let recheck = |world: &World| {
        let steps = world.account().next_steps();
        steps.into_iter().find(|s| matches!(s.what, What::Recheck(_))).and_then(|s| s.due)
    };
    assert_eq!(recheck(&world), Some(world.now + SignedDuration::from_hours(14 * 24)));
    world.pass_hours(13 * 24);
    let renew = |until, document| Command::RenewGag {
        order: "parley.o1".parse().unwrap(),
        until,
        document,
        why: words(),
    };
    world.ok("person/lena", renew(None, None));
    assert_eq!(recheck(&world), Some(world.now + SignedDuration::from_hours(14 * 24)));
    let later = end + SignedDuration::from_hours(24);
    let unfounded = world.run(&"person/lena".parse().unwrap(), renew(Some(later), None));
    assert!(matches!(unfounded, Err(Rejected::Invalid { .. })), "{unfounded:?}");
    world.ok("person/lena", renew(Some(later), Some(blob())));
    world.until(end);
    assert!(world.account().orders[0].stands());
    world.until(later);
    assert!(!world.account().orders[0].stands());
    assert_eq!(world.refused("person/lena", renew(None, None)), [Guard::InState]);
}

#[test]
fn what_a_gag_does_not_cover_goes_out_and_of_two_gags_both_must_end() {
    let mut world = world();
    world.ok("person/lena", gag(&world, "workload/web/feed", 10));
    world.ok("person/lena", gag(&world, "environment/web", 20));
    world.ok("person/lena", remove("workload/web/feed"));
    assert!(world.account().notices[0].delayed.is_some());
    // The standing is never kept from the account, law 15.
    assert_eq!(world.account().effective_measures().count(), 1);
    world.ok("person/lena", remove("workload/web/media"));
    assert!(world.account().notices[1].delayed.is_some());
    world.pass_hours(10 * 24);
    assert_eq!(world.account().notices[0].delayed, Some(world.o(2)), "the other one still covers it");
    world.ok("person/lena", Command::VacateOrder { order: world.o(2), why: words() });
    assert!(world.account().notices.iter().all(|n| n.delayed.is_none()));
    let case = world.open_case("abuse");
    world.ok("person/lena", gag(&world, "workload/web/feed", 10));
    let issued = world.ok("person/ines", issue(&case, Starts::Both, "1.1", &["stop"]));
    assert_eq!(types(&issued), ["notice.issued"], "a notice about no measure, under a gag on one workload");
}
