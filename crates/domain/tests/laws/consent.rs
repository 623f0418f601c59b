//! Law 6 and 5: consent expires, is denied, needs the roles that the terms name; an emergency is reviewed afterwards.

use jiff::SignedDuration;
use tenure_domain::account::Command;
use tenure_domain::account::command::Starts;
use tenure_domain::account::event::Event;
use tenure_domain::account::measure::{Finding, LiftReason, MeasureState};
use tenure_domain::account::outlook::What;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::refusal::Guard;

use crate::world::{EXAMPLE, HOUSE, World, emergency, propose, types, words};

pub const COUNTED: &str = include_str!("counted.yaml");

pub fn review(world: &World, measure: u32) -> Command {
    Command::ReviewEmergency { measure: world.m(measure), finding: Finding::Right, account: words() }
}

pub fn roles(world: &mut World, person: &str, roles: &[&str]) {
    let held = roles.iter().map(|r| (*r).to_owned()).collect();
    world.book.set_roles(person.parse().unwrap(), held);
}

/// A suspension is proposed that needs two approvals.
fn proposed() -> World {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.3", &["stop"]);
    world.pass_hours(10 * 24);
    world.ok("person/ines", propose(&case, "1.3", "environment/web", true));
    world
}

fn deny(world: &World) -> Command {
    Command::DenyMeasure { measure: world.m(1), command_hash: world.hash(1), why: words() }
}

#[test]
fn law_06_an_approval_waits_a_day_for_the_others_and_no_longer() {
    let mut world = proposed();
    world.approve("omar", 1);
    let ends = world.now + SignedDuration::from_hours(24);
    assert!(
        world.account().timers().iter().any(|t| t.due == ends && t.key == TimerKey::Approval(world.m(1)))
    );
    world.until(ends - SignedDuration::from_micros(1));
    assert_eq!(world.measure(1).approvals.len(), 1);
    world.until(ends);
    assert!(world.measure(1).approvals.is_empty());
    assert_eq!(world.state_of(1), "proposed", "it can be approved anew");
    // Whoever approved still has a part in it, and may approve again.
    world.approve("noa", 1);
    assert_eq!(world.state_of(1), "proposed");
    world.approve("omar", 1);
    assert_eq!(world.state_of(1), "scheduled");
    // What was fully approved in time does not expire.
    assert!(!world.account().timers().iter().any(|t| matches!(t.key, TimerKey::Approval(_))));
}

#[test]
fn law_06_an_approval_that_is_too_old_does_not_count_though_its_timer_is_late() {
    let mut world = proposed();
    world.approve("omar", 1);
    world.now += SignedDuration::from_hours(24);
    let given = Command::ApproveMeasure { measure: world.m(1), command_hash: world.hash(1) };
    assert_eq!(types(&world.ok("person/noa", given)), ["approval.expired", "approval.given"]);
    assert_eq!(world.state_of(1), "proposed");
}

#[test]
fn law_06_one_denial_ends_it_and_it_can_be_proposed_anew() {
    let mut world = proposed();
    world.approve("omar", 1);
    assert_eq!(world.refused("person/ines", deny(&world)), [Guard::AnotherPerson], "never the proposer");
    let other = Command::DenyMeasure { measure: world.m(1), command_hash: "0".repeat(64), why: words() };
    assert_eq!(world.refused("person/noa", other), [Guard::SameCommand]);
    let denied = deny(&world);
    assert_eq!(types(&world.ok("person/noa", denied.clone())), ["approval.denied", "measure.withdrawn"]);
    let MeasureState::Withdrawn { reason: LiftReason::Denied { by, .. }, .. } = &world.measure(1).state
    else {
        panic!("{:?}", world.measure(1).state)
    };
    assert_eq!(by.as_str(), "noa");
    assert_eq!(world.refused("person/omar", denied), [Guard::InState], "once is enough");
    world.ok("person/ines", propose(&world.c(1), "1.3", "environment/web", true));
    world.approve("omar", 2);
    world.approve("noa", 2);
    assert_eq!(world.state_of(2), "scheduled");
}

#[test]
fn law_06_the_roles_that_a_power_names_are_all_among_those_who_consent() {
    let mut world = World::open(COUNTED, "2021-03-01T20:00:00Z");
    for (person, held) in [("omar", "approver"), ("noa", "approver"), ("lena", "legal"), ("ines", "analyst")]
    {
        roles(&mut world, person, &[held]);
    }
    // Two strikes come first.
    for _ in 0..2 {
        let case = world.open_case("abuse");
        world.serve(&case, Starts::Both, "2.1", &["stop"]);
        world.pass_hours(30);
        if world.account().cases.len() == 1 {
            world.cure(&case, "stop");
        }
    }
    let case = world.c(2);
    world.serve(&case, Starts::Both, "2.2", &["more"]);
    world.pass_hours(30);
    world.ok("person/ines", propose(&case, "2.2", "environment/web", true));
    let approve = Command::ApproveMeasure { measure: world.m(1), command_hash: world.hash(1) };
    assert_eq!(world.refused("person/stranger", approve.clone()), [Guard::RoleConsents], "not in the book");
    world.approve("omar", 1);
    world.approve("noa", 1);
    assert_eq!(world.state_of(1), "proposed", "two approvers and nobody of legal");
    world.approve("lena", 1);
    assert_eq!(world.state_of(1), "scheduled");
    let of_lena = world.events.iter().find_map(|r| match &r.event {
        Event::ApprovalGiven { by, roles, .. } if by.as_str() == "lena" => Some(roles.clone()),
        _ => None,
    });
    assert_eq!(
        of_lena.unwrap().into_iter().collect::<Vec<_>>(),
        ["legal"],
        "the roles held are on the record"
    );
    // They are what counts, whatever becomes of the people.
    roles(&mut world, "lena", &[]);
    assert_eq!(world.account().measure(&world.m(1)).unwrap().approvals.len(), 3);
}

#[test]
fn law_06_where_a_power_names_no_role_legal_does_not_consent() {
    let mut world = proposed();
    roles(&mut world, "lena", &["legal"]);
    roles(&mut world, "omar", &["approver", "legal"]);
    let approve = Command::ApproveMeasure { measure: world.m(1), command_hash: world.hash(1) };
    assert_eq!(world.refused("person/lena", approve), [Guard::RoleConsents]);
    assert_eq!(world.refused("person/lena", deny(&world)), [Guard::RoleConsents]);
    world.approve("omar", 1);
}

#[test]
fn law_05_an_emergency_is_reviewed_whether_it_was_ratified_lifted_or_lapsed() {
    for end in ["ratified", "lifted", "lapsed"] {
        let mut world = World::open(EXAMPLE, "2021-01-10T03:00:00Z");
        let case = world.open_case("imminent_violence");
        world.ok("person/ines", emergency(&case, "6.1-emergency", "workload/web/feed"));
        assert_eq!(
            world.refused("person/noa", review(&world, 1)),
            [Guard::InState],
            "while it is provisional"
        );
        match end {
            "ratified" => {
                let (measure, command_hash) = (world.m(1), world.hash(1));
                world.ok("person/omar", Command::RatifyMeasure { measure, command_hash });
            }
            "lifted" => {
                world.ok("person/omar", Command::LiftMeasure { measure: world.m(1), why: words() });
            }
            _ => world.pass_hours(24),
        }
        let due = world.now + SignedDuration::from_hours(7 * 24);
        let step = |world: &World| {
            let steps = world.account().next_steps();
            steps.into_iter().find(|s| matches!(s.what, What::ReviewEmergency(_))).and_then(|s| s.due)
        };
        assert_eq!(step(&world), Some(due), "{end}");
        // Until then, and after, whoever applied it applies no other; somebody else does.
        let other = emergency(&case, "6.1-emergency", "workload/web/media");
        assert_eq!(world.refused("person/ines", other.clone()), [Guard::Reviewed], "{end}");
        world.until(due);
        assert!(world.measure(1).emergency_review().unwrap().overdue.is_some(), "{end}: raised");
        assert_eq!(step(&world), Some(due), "{end}: still to be done");
        assert_eq!(world.refused("person/ines", other.clone()), [Guard::Reviewed], "{end}");
        assert_eq!(world.refused("person/ines", review(&world, 1)), [Guard::AnotherPerson], "{end}");
        world.ok("person/noa", review(&world, 1));
        assert_eq!(step(&world), None, "{end}");
        assert_eq!(world.refused("person/ruth", review(&world, 1)), [Guard::InState], "{end}: once");
        world.ok("person/ines", other);
    }
}

#[test]
fn law_11_what_terms_say_of_consent_and_strikes_is_read_strictly() {
    let parse = |from: &str, to: &str| {
        let text = COUNTED.replace(from, to);
        assert_ne!(text, COUNTED, "{from:?} is in the terms");
        tenure_domain::terms::Terms::parse(&text).map(drop).map_err(|e| e.to_string())
    };
    for (from, to, says) in [
        ("[approver, legal]", "[administrator]", "administrator"),
        ("[approver, legal]", "[]", "at least one"),
        ("approvals: 2", "approvals: 1", "cannot all be among 1 approvals"),
        ("atLeast: 2, ", "", "atLeast"),
        ("atLeast: 2", "atLeast: 0", "from 1 to 16"),
        (", byCure: kept", "", "byCure"),
        ("byCure: kept", "byCure: sometimes", "sometimes"),
        ("strikes: {atLeast: 2, byCure: kept}", "strikes:", "empty"),
        ("approverRoles: [approver, legal]", "approverRoles:", "empty"),
    ] {
        let error = parse(from, to).unwrap_err();
        assert!(error.contains(says), "{to:?}: {error}");
    }
    let emergency = "emergency: {ratifyWithin: PT24H, noticeWithin: PT1H}, approverRoles: [legal]";
    let error = parse("notice: PT0S, cure: P1D, approvals: 1, strikes", &format!("{emergency}, strikes"))
        .unwrap_err();
    assert!(error.contains("nobody consents"), "{error}");
}
