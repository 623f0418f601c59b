//! Ways around the laws that a hostile provider or a hostile tenant would try.

use jiff::SignedDuration;
use tenure_domain::account::Command;
use tenure_domain::account::command::Starts;
use tenure_domain::account::legal::{AppealOutcome, OrderKind};
use tenure_domain::account::measure::{LiftReason, MeasureState};
use tenure_domain::account::timer::TimerKey;
use tenure_domain::name::ItemId;
use tenure_domain::refusal::Guard;
use tenure_domain::scope::Scope;
use tenure_domain::terms::Channel;

use crate::world::{EXAMPLE, HOUSE, World, blob, emergency, issue, open_case, propose, put, types, words};

/// An account with a freeze of `environment/web` under power 1.1 in force, in case 1 with the item `a`.
fn frozen() -> World {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.1", &["a"]);
    world.pass_hours(24);
    world.ok("person/ines", propose(&case, "1.1", "environment/web", true));
    world.approve("omar", 1);
    world.until(world.now);
    world.confirm(1);
    world
}

fn suspended() -> World {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.3", &["a"]);
    world.pass_hours(72);
    world.ok("person/ines", propose(&case, "1.3", "environment/web", true));
    world.approve("omar", 1);
    world.approve("noa", 1);
    world
}

#[test]
fn an_old_notice_does_not_serve_for_later_facts() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.1", &["a"]);
    world.pass_hours(48);
    world.serve(&case, Starts::Cure, "1.1", &["b"]);
    world.cure(&case, "a");
    let freeze = propose(&case, "1.1", "environment/web", true);
    assert_eq!(world.refused("person/ines", freeze.clone()), [Guard::CureRun, Guard::Approved]);
    world.pass_hours(24);
    world.ok("person/ines", freeze);
}

#[test]
fn new_demands_do_not_keep_up_a_measure_whose_cause_is_cured() {
    let mut world = frozen();
    let case = world.c(1);
    world.serve(&case, Starts::Cure, "1.1", &["b"]);
    world.cure(&case, "a");
    assert!(matches!(world.measure(1).state, MeasureState::Lifting { reason: LiftReason::Cured, .. }));
    assert!(!world.account().case(&case).unwrap().is_closed(), "what the later notice asks for is still due");
}

#[test]
fn a_rejected_remedy_brings_a_blocked_measure_back_before_its_guards() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.1", &["a", "b"]);
    let answer = |item: &str| -> (ItemId, Command) {
        let item: ItemId = item.parse().unwrap();
        (item.clone(), Command::SubmitCure { case: world.c(1), item, remedy: words() })
    };
    let ((a, submit_a), (b, submit_b)) = (answer("a"), answer("b"));
    world.ok("member/parley/ada", submit_a);
    world.ok("person/ines", Command::RejectCure { case: case.clone(), item: a.clone(), why: words() });
    world.pass_hours(24);
    world.ok("person/ines", propose(&case, "1.1", "environment/web", true));
    world.approve("omar", 1);
    // Too late to stop the clock, so that nobody is held up for ever by handing in again and again.
    world.ok("member/parley/ada", submit_b);
    world.until(world.now);
    assert_eq!(world.state_of(1), "applying");
    world.ok("person/ines", Command::RejectCure { case, item: b, why: words() });
    assert_eq!(world.state_of(1), "applying");
}

#[test]
fn an_emergency_is_not_made_to_last_by_one_person() {
    let mut world = World::open(EXAMPLE, "2021-01-10T03:00:00Z");
    let case = world.open_case("imminent_violence");
    let isolate = emergency(&case, "6.1-emergency", "workload/web/feed");
    world.ok("person/ines", isolate.clone());
    assert_eq!(world.refused("person/ines", isolate.clone()), [Guard::Ratified], "not while it stands");
    world.pass_hours(24);
    assert_eq!(world.state_of(1), "lifting");
    // Since what lifted also waits for its review.
    let both = [Guard::Ratified, Guard::Reviewed];
    assert_eq!(world.refused("person/ines", isolate.clone()), both, "not after it lifted");
    // Nor in a new case, nor by taking it back oneself just before it would lift.
    world.ok("person/ines", Command::WithdrawCase { case, why: words(), clears: None });
    let case = world.open_case("imminent_violence");
    let again = emergency(&case, "6.1-emergency", "workload/web/feed");
    assert_eq!(world.refused("person/ines", again.clone()), both);
    world.ok("person/mira", again.clone());
    world.ok("person/omar", Command::RatifyMeasure { measure: world.m(2), command_hash: world.hash(2) });
    world.pass_hours(30 * 24);
    assert_eq!(world.refused("person/ines", again.clone()), [Guard::Reviewed]);
    world.ok("person/noa", crate::consent::review(&world, 1));
    world.ok("person/ines", again);
}

#[test]
fn a_reviewer_of_an_appeal_does_not_consent_to_the_measure_later() {
    let mut world = World::open(EXAMPLE, "2021-01-10T03:00:00Z");
    let case = world.open_case("imminent_violence");
    world.ok("person/ines", emergency(&case, "6.1-emergency", "workload/web/feed"));
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(1), grounds: words() });
    let outcome = AppealOutcome::Upheld;
    world.ok(
        "person/omar",
        Command::DecideAppeal { appeal: world.a(1), outcome, why: words(), reports: None },
    );
    let ratify = Command::RatifyMeasure { measure: world.m(1), command_hash: world.hash(1) };
    assert_eq!(world.refused("person/omar", ratify.clone()), [Guard::AnotherPerson]);
    world.ok("person/noa", ratify);
}

#[test]
fn whoever_approved_does_not_review_even_where_an_amendment_voided_the_approval() {
    let mut world = frozen();
    let case = world.c(1);
    world.ok("person/ines", propose(&case, "1.1", "environment/batch", true));
    world.approve("omar", 2);
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(2), grounds: words() });
    let effective = world.now + SignedDuration::from_hours(1);
    world.ok("person/ines", Command::AmendMeasure { measure: world.m(2), effective });
    assert!(world.measure(2).approvals.is_empty());
    let review = |outcome| Command::DecideAppeal { appeal: world.a(1), outcome, why: words(), reports: None };
    let upheld = review(AppealOutcome::Upheld);
    assert_eq!(world.refused("person/omar", upheld.clone()), [Guard::AnotherPerson]);
    world.ok("person/noa", upheld);
}

#[test]
fn a_lesser_measure_that_never_took_effect_was_not_tried() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.1", &["a"]);
    world.serve(&case, Starts::Both, "1.2", &[]);
    world.pass_hours(72);
    let mut far = propose(&case, "1.1", "workload/web/feed", false);
    if let Command::ProposeMeasure(proposal) = &mut far {
        proposal.effective = Some(world.now + SignedDuration::from_hours(24 * 300));
    }
    world.ok("person/ines", far);
    world.approve("omar", 1);
    assert_eq!(world.state_of(1), "scheduled");
    let isolate = propose(&case, "1.2", "workload/web/feed", false);
    assert_eq!(world.refused("person/ines", isolate.clone()), [Guard::LeastFirst, Guard::Approved]);
    // Nor was it tried where it was tried on something else.
    world.ok("person/ines", propose(&case, "1.1", "workload/web/media", false));
    world.approve("omar", 2);
    world.until(world.now);
    assert_eq!(world.refused("person/ines", isolate), [Guard::LeastFirst, Guard::Approved]);
    world.ok("person/ines", propose(&case, "1.2", "workload/web/media", false));
}

#[test]
fn a_measure_that_took_effect_is_over_only_when_the_cluster_was_observed_without_it() {
    let mut world = frozen();
    let kind = OrderKind::Stay;
    world.ok(
        "person/lena",
        Command::RecordOrder { kind, scope: Scope::Account, authority: words(), document: blob() },
    );
    // Vacated before anything was observed to be restored, and taken back before it is applied again.
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    assert_eq!(world.state_of(1), "scheduled");
    world.ok("person/ines", Command::WithdrawCase { case: world.c(1), why: words(), clears: None });
    assert_eq!(world.state_of(1), "lifting");
    assert!(world.measure(1).awaits_restoration());
    world.restored(1);
    assert_eq!(world.state_of(1), "lifted");
}

#[test]
fn a_hold_on_what_runs_takes_back_a_stop_under_way_and_leaves_one_that_is_done() {
    let mut world = suspended();
    world.until(world.now);
    assert_eq!(world.state_of(1), "applying");
    let hold =
        Command::PlaceHold { scope: "workload/web/feed".parse().unwrap(), running_state: true, why: words() };
    assert_eq!(types(&world.ok("person/lena", hold.clone())), ["hold.placed", "measure.blocked"]);
    assert!(world.permit(&world.m(1)).is_err());
    world.ok("person/lena", Command::ReleaseHold { hold: world.h(1), why: words() });
    world.until(world.now);
    assert_eq!(world.state_of(1), "applying");
    world.confirm(1);
    // Nothing runs any more that a hold could preserve: status and cluster stay together.
    assert_eq!(types(&world.ok("person/lena", hold)), ["hold.placed"]);
    assert!(world.permit(&world.m(1)).is_ok());
}

#[test]
fn a_measure_blocked_before_a_stay_comes_back_before_its_guards_after_it() {
    let mut world = suspended();
    let hold = Command::PlaceHold { scope: Scope::Account, running_state: true, why: words() };
    world.ok("person/lena", hold);
    world.until(world.now);
    assert_eq!(world.state_of(1), "approved");
    let kind = OrderKind::Stay;
    world.ok(
        "person/lena",
        Command::RecordOrder { kind, scope: Scope::Account, authority: words(), document: blob() },
    );
    world.ok("person/lena", Command::ReleaseHold { hold: world.h(1), why: words() });
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    world.until(world.now);
    assert_eq!(world.state_of(1), "applying");
}

#[test]
fn a_measure_scheduled_far_ahead_can_still_be_appealed_when_it_bites() {
    let mut world = frozen();
    let case = world.c(1);
    let mut far = propose(&case, "1.1", "environment/batch", true);
    if let Command::ProposeMeasure(proposal) = &mut far {
        proposal.effective = Some(world.now + SignedDuration::from_hours(24 * 250));
    }
    world.ok("person/ines", far);
    world.approve("omar", 2);
    world.pass_hours(24 * 251);
    assert_eq!(world.state_of(2), "applying");
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(2), grounds: words() });
    let late = Command::FileAppeal { measure: world.m(1), grounds: words() };
    assert_eq!(world.refused("member/parley/ada", late), [Guard::Moment]);
}

#[test]
fn a_calendar_that_ends_blocks_no_service_and_starts_no_clock() {
    let mut world = World::open(HOUSE, "2021-12-29T20:00:00Z");
    let case = world.open_case("abuse");
    world.ok("person/ines", issue(&case, Starts::Both, "1.2", &["a"]));
    world.now += SignedDuration::from_hours(24 * 3);
    assert_eq!(
        world.refused("person/ines", issue(&case, Starts::Both, "1.2", &["b"])),
        [Guard::CalendarKnown]
    );
    let attempt = Command::RecordAttempt { notice: world.n(1), channel: Channel::Email, proof: "250".into() };
    world.ok("system/delivery", attempt);
    world.ok("member/parley/ada", Command::AcknowledgeNotice { notice: world.n(1) });
    assert!(world.account().notice(&world.n(1)).unwrap().cure_ends().is_none());
    world.pass_hours(24 * 60);
    let refused = world.refused("person/ines", propose(&case, "1.2", "workload/web/feed", true));
    assert_eq!(refused, [Guard::CalendarKnown, Guard::Approved]);
}

#[test]
fn nobody_does_what_is_anothers_to_do() {
    let mut world = frozen();
    let case = world.c(1);
    let item: ItemId = "a".parse().unwrap();
    let submit = Command::SubmitCure { case: case.clone(), item: item.clone(), remedy: words() };
    assert_eq!(world.refused("person/ines", submit.clone()), [Guard::AnotherPerson]);
    world.ok("member/parley/ada", submit);
    let attempt =
        Command::RecordAttempt { notice: world.n(1), channel: Channel::Email, proof: String::new() };
    for (actor, command) in [
        ("member/parley/ada", Command::AcceptCure { case: case.clone(), item: item.clone() }),
        ("rule/flood", Command::RejectCure { case: case.clone(), item, why: words() }),
        ("member/parley/ada", Command::WithdrawCase { case: case.clone(), why: words(), clears: None }),
        ("member/parley/ada", Command::LiftMeasure { measure: world.m(1), why: words() }),
        ("system/cluster", Command::LiftMeasure { measure: world.m(1), why: words() }),
        ("member/parley/ada", open_case("debt")),
        ("member/parley/ada", issue(&case, Starts::Cure, "1.1", &["b"])),
        ("rule/flood", propose(&case, "1.1", "environment/batch", true)),
        ("rule/flood", emergency(&case, "1.4", "workload/web/feed")),
        (
            "member/parley/ada",
            Command::PlaceHold { scope: Scope::Account, running_state: true, why: words() },
        ),
        ("person/ines", attempt),
        ("person/ines", Command::ConfirmInForce { measure: world.m(1), receipt: blob() }),
        ("person/ines", Command::ConfirmRestored { measure: world.m(1), receipt: blob() }),
        ("person/ines", Command::Fire(TimerKey::Apply(world.m(1)))),
        (
            "person/ines",
            Command::DecideAppeal {
                appeal: world.a(1),
                outcome: AppealOutcome::Upheld,
                why: words(),
                reports: None,
            },
        ),
    ] {
        let name = command.name();
        if name == "decide appeal" {
            world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(1), grounds: words() });
        }
        assert_eq!(world.refused(actor, command), [Guard::AnotherPerson], "{name} by {actor}");
    }
}

#[test]
fn an_order_for_a_scope_that_is_not_there_is_no_order() {
    let mut world = frozen();
    let scope: Scope = "environment/wbe".parse().unwrap();
    let order = Command::RecordOrder { kind: OrderKind::Stay, scope, authority: words(), document: blob() };
    let answer = world.run(&"person/lena".parse().unwrap(), order);
    assert!(
        matches!(answer, Err(tenure_domain::refusal::Rejected::NotFound { what: "environment", .. })),
        "{answer:?}"
    );
}

#[test]
fn an_order_reaches_a_measure_whose_workload_was_removed() {
    let mut world = World::open(EXAMPLE, "2021-01-10T03:00:00Z");
    let case = world.open_case("incitement");
    world.serve(&case, Starts::Both, "svc-1.4", &["a"]);
    world.pass_hours(24 * 5);
    world.ok("person/ines", propose(&case, "svc-1.4", "workload/web/feed", false));
    world.approve("omar", 1);
    world.until(world.now);
    let workload = "feed".parse().unwrap();
    world.ok("member/parley/ada", Command::RemoveWorkload { environment: "web".parse().unwrap(), workload });
    let scope: Scope = "workload/web/feed".parse().unwrap();
    let order = Command::RecordOrder {
        kind: OrderKind::Stay,
        scope: scope.clone(),
        authority: words(),
        document: blob(),
    };
    world.ok("person/lena", order);
    assert_eq!(world.state_of(1), "stayed");
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    world.until(world.now);
    // Put back under its name it finds the measure waiting.
    world.ok("member/parley/ada", put("feed", "registry.example/app:2"));
    assert!(!world.account().withheld(&scope).is_empty());
    world.ok(
        "person/lena",
        Command::RecordOrder { kind: OrderKind::Preserve, scope, authority: words(), document: blob() },
    );
    let remove =
        Command::RemoveWorkload { environment: "web".parse().unwrap(), workload: "feed".parse().unwrap() };
    assert_eq!(world.refused("member/parley/ada", remove), [Guard::NoOrder]);
}
