//! Measures beyond the presets that a cluster enforces: who may lift them, when they end by themselves, and who has to
//! say that they are true.

use jiff::SignedDuration;
use tenure_domain::account::Command;
use tenure_domain::account::blockers::Clears;
use tenure_domain::account::command::{ProposeMeasure, Starts};
use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::measure::{Basis, LiftReason, MeasureState};
use tenure_domain::account::standing::Standing;
use tenure_domain::account::watch::Lifts;
use tenure_domain::authority::Authority;
use tenure_domain::capability::{Capability, Preset};
use tenure_domain::name::{CaseId, MeasureId};
use tenure_domain::refusal::{Guard, Rejected};

use crate::world::{World, blob, issue, propose, types, words};

pub const POWERS: &str = include_str!("powers.yaml");

fn world() -> World {
    World::open(POWERS, "2021-01-04T17:00:00Z")
}

/// A case on the ground whose notices under a power have run, where the power promises no time.
fn noticed(world: &mut World, ground: &str, power: &str) -> CaseId {
    let case = world.open_case(ground);
    world.serve(&case, Starts::Both, power, &["a", "b"]);
    case
}

/// The newest measure takes effect.
fn take(world: &mut World) -> MeasureId {
    let n = u32::try_from(world.account().measures.len()).unwrap();
    world.approve("omar", n);
    world.until(world.now);
    world.m(n)
}

fn lift_as(authority: Authority, measure: &MeasureId) -> Command {
    Command::LiftUnder { measure: measure.clone(), authority, why: words() }
}

fn acknowledge(measure: &MeasureId, capability: Capability, withheld: bool) -> Command {
    Command::AcknowledgeEnforcement { measure: measure.clone(), capability, withheld }
}

fn ask(preset: Preset, scope: &str) -> Command {
    Command::AskMeasure { preset, scope: scope.parse().unwrap(), ends: None, why: words() }
}

fn set(measure: &MeasureId, ends: Option<jiff::Timestamp>, when: &[&str]) -> Command {
    let when = when.iter().map(|item| item.parse().unwrap()).collect();
    Command::SetConditions { measure: measure.clone(), lifts: Lifts { ends, when }, why: words() }
}

fn reason(world: &World, measure: u32) -> LiftReason {
    match &world.measure(measure).state {
        MeasureState::Lifting { reason, .. }
        | MeasureState::Lifted { reason, .. }
        | MeasureState::Withdrawn { reason, .. } => reason.clone(),
        other => panic!("it goes on: {other:?}"),
    }
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n * 24)
}

#[test]
fn payments_are_withheld_when_the_system_that_pays_says_so_and_given_back_when_it_says_so() {
    let mut world = world();
    let case = noticed(&mut world, "fraud", "2.4");
    world.ok("person/ines", propose(&case, "2.4", "account", false));
    let measure = take(&mut world);
    assert_eq!(world.account().withheld(&"account".parse().unwrap()), [Capability::Payments].into());
    // What the cluster sees says nothing about payments.
    world.confirm(1);
    world.confirm(1);
    assert_eq!(world.state_of(1), "applying");
    let waits: Vec<_> = world.account().next_steps().iter().map(|s| s.what.name()).collect();
    assert!(waits.contains(&"confirm"), "{waits:?}");
    assert_eq!(
        world.refused("person/pay", acknowledge(&measure, Capability::Payments, false)),
        [Guard::InState]
    );
    let wrong = world.run(&"person/pay".parse().unwrap(), acknowledge(&measure, Capability::Compute, true));
    assert!(matches!(wrong, Err(Rejected::Invalid { .. })), "{wrong:?}");
    let told = world.ok("person/pay", acknowledge(&measure, Capability::Payments, true));
    assert_eq!(types(&told), ["enforcer.acknowledged", "measure.in_force"]);
    assert!(world.ok("person/pay", acknowledge(&measure, Capability::Payments, true)).is_empty());
    assert_eq!(world.account().standing(), Standing::Limited);

    world.cure(&case, "a");
    world.cure(&case, "b");
    world.restored(1);
    assert_eq!(world.state_of(1), "lifting", "it is not given back before that is said");
    let told = world.ok("person/pay", acknowledge(&measure, Capability::Payments, false));
    assert_eq!(types(&told), ["enforcer.acknowledged", "measure.lifted"]);
}

#[test]
fn law_13_an_enforcers_word_alone_brings_nothing_into_force() {
    let mut world = world();
    let case = noticed(&mut world, "leak", "2.5");
    world.ok("person/ines", propose(&case, "2.5", "account", true));
    let measure = take(&mut world);
    assert_eq!(
        world.permit(&measure).unwrap().withholds(),
        &[Capability::Ingress, Capability::StorageWrite].into()
    );
    world.ok("person/store", acknowledge(&measure, Capability::StorageWrite, true));
    assert_eq!(world.state_of(1), "applying");
    world.confirm(1);
    assert_eq!(world.state_of(1), "in_force");
    // An order suspends it: restored is what both have given back.
    let (kind, scope) = (OrderKind::Stay, "account".parse().unwrap());
    world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    world.restored(1);
    assert!(world.measure(1).awaits_restoration());
    world.ok("person/store", acknowledge(&measure, Capability::StorageWrite, false));
    assert!(!world.measure(1).awaits_restoration());
}

#[test]
fn what_nobody_enforces_is_refused_when_it_is_proposed() {
    let mut world = world();
    for (ground, power, scope) in [
        ("speed", "2.2", "account"),
        ("leak", "2.6", "account"),
        ("abuse", "2.7", "hostname/web/feed/www.parley.example"),
    ] {
        let case = noticed(&mut world, ground, power);
        let guards = world.refused("person/ines", propose(&case, power, scope, true));
        assert!(guards.contains(&Guard::Supported), "{power}: {guards:?}");
    }
    // A warning withholds nothing, and so can stand on a hostname; on one of a workload that there is.
    let case = world.c(3);
    world.serve(&case, Starts::Both, "2.1", &["c"]);
    let unknown = propose(&case, "2.1", "hostname/web/other/www.parley.example", true);
    assert!(matches!(world.run(&"person/ines".parse().unwrap(), unknown), Err(Rejected::NotFound { .. })));
    world.ok("person/ines", propose(&case, "2.1", "hostname/web/feed/www.parley.example", true));
    take(&mut world);
    world.confirm(1);
    assert_eq!((world.state_of(1), world.account().standing()), ("in_force", Standing::Clear));
}

#[test]
fn law_04_the_ladder_is_made_of_all_powers_of_the_ground() {
    let mut world = world();
    let case = world.open_case("abuse");
    for power in ["2.1", "2.3", "2.7", "2.8"] {
        world.serve(&case, Starts::Both, power, &[&format!("a{}", &power[2..])]);
    }
    let suspend = || propose(&case, "2.8", "account", false);
    assert_eq!(world.refused("person/ines", suspend()), [Guard::LeastFirst, Guard::Approved]);
    // A warning of the whole account is not the least: one for a single hostname is.
    let warn = propose(&case, "2.1", "account", false);
    assert_eq!(world.refused("person/ines", warn), [Guard::LeastFirst, Guard::Approved]);
    world.ok("person/ines", propose(&case, "2.1", "hostname/web/feed/www.parley.example", false));
    take(&mut world);
    // The warning was tried; freezing and isolating were not.
    assert_eq!(world.refused("person/ines", suspend()), [Guard::LeastFirst, Guard::Approved]);
    world.ok("person/ines", propose(&case, "2.3", "workload/web/feed", false));
    take(&mut world);
    assert_eq!(world.refused("person/ines", suspend()), [Guard::LeastFirst, Guard::Approved]);
    world.ok("person/ines", propose(&case, "2.7", "workload/web/feed", false));
    take(&mut world);
    world.ok("person/ines", suspend());
    let why = propose(&case, "2.8", "environment/web", true);
    world.ok("person/ines", why);
}

#[test]
fn law_01_an_account_withholds_from_itself_and_gives_back_to_itself() {
    let mut world = world();
    assert_eq!(world.refused("person/ines", ask(Preset::Suspend, "account")), [Guard::AnotherPerson]);
    let asked = world.ok("member/parley/ada", ask(Preset::Suspend, "environment/web"));
    assert_eq!(
        types(&asked),
        ["measure.proposed", "measure.approved", "measure.scheduled", "measure.applying"]
    );
    let measure = world.m(1);
    assert_eq!(world.measure(1).proposal.basis, Basis::AccountHolder);
    assert!(world.permit(&measure).is_ok());
    world.confirm(1);
    assert_eq!(world.refused("member/parley/ada", ask(Preset::Suspend, "environment/web")), [Guard::InState]);
    // An order protects the account from others, and nobody undoes its own wish for it.
    let (kind, scope) = (OrderKind::Stay, "account".parse().unwrap());
    world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    assert_eq!(world.state_of(1), "in_force");
    assert!(world.permit(&measure).is_ok());
    for (who, authority) in [("person/ines", Authority::Abuse), ("person/lena", Authority::Legal)] {
        assert_eq!(world.refused(who, lift_as(authority, &measure)), [Guard::Authority]);
    }
    world.ok("member/parley/ada", lift_as(Authority::AccountHolder, &measure));
    world.restored(1);
    assert_eq!(world.state_of(1), "lifted");

    let terminate = world.run(&"member/parley/ada".parse().unwrap(), ask(Preset::Terminate, "account"));
    assert!(matches!(terminate, Err(Rejected::Invalid { .. })));
    let hold = Command::PlaceHold { scope: "account".parse().unwrap(), running_state: true, why: words() };
    world.ok("person/lena", hold);
    assert_eq!(world.refused("member/parley/ada", ask(Preset::Suspend, "account")), [Guard::NoHold]);
}

#[test]
fn law_09_no_lower_authority_undoes_what_a_higher_one_set() {
    let mut world = world();
    let case = noticed(&mut world, "sanction", "2.9");
    world.ok("person/ines", propose(&case, "2.9", "account", false));
    let measure = take(&mut world);
    world.ok("member/parley/ada", ask(Preset::Freeze, "account"));
    assert_eq!(world.measure(1).proposal.authority, Authority::Legal);

    let asked = lift_as(Authority::AccountHolder, &measure);
    assert_eq!(world.refused("member/parley/ada", asked), [Guard::Authority]);
    for by_less in [
        Command::LiftMeasure { measure: measure.clone(), why: words() },
        lift_as(Authority::Abuse, &measure),
        set(&measure, Some(world.now + days(1)), &[]),
        Command::WithdrawCase { case: case.clone(), why: words(), clears: None },
    ] {
        assert_eq!(world.refused("person/ines", by_less), [Guard::Authority]);
    }
    // Both withhold the same, and each says who and what ends it.
    let blockers: Vec<_> =
        world.account().blockers(Capability::Deploy).iter().map(|m| m.proposal.authority).collect();
    assert_eq!(blockers, [Authority::Legal, Authority::AccountHolder]);
    let clears = world.account().cleared_by(world.measure(1));
    assert_eq!(clears, [Clears::Cure(case), Clears::Appeal, Clears::Lift(Authority::Legal)]);
    assert_eq!(world.account().cleared_by(world.measure(2)), [Clears::Lift(Authority::AccountHolder)]);
    // Lifting one leaves the other.
    world.ok("person/lena", lift_as(Authority::Legal, &measure));
    assert!(world.account().withheld(&"account".parse().unwrap()).contains(&Capability::Deploy));
    assert_eq!((world.state_of(1), world.state_of(2)), ("lifting", "applying"));
}

#[test]
fn an_order_is_the_basis_of_what_it_commands_and_of_nothing_else() {
    let mut world = world();
    let order = |kind, scope: &str| Command::RecordOrder {
        kind,
        scope: scope.parse().unwrap(),
        authority: words(),
        document: blob(),
    };
    world.ok("person/lena", order(OrderKind::Preserve, "environment/web"));
    let apply = |world: &World, preset, scope: &str| Command::ApplyOrder {
        order: world.o(1),
        preset,
        scope: scope.parse().unwrap(),
        why: words(),
    };
    let (more, wider) =
        (apply(&world, Preset::Suspend, "environment/web"), apply(&world, Preset::Freeze, "account"));
    assert_eq!(world.refused("person/lena", more), [Guard::PowerPermits]);
    assert_eq!(world.refused("person/lena", wider), [Guard::PowerPermits]);
    world.ok("person/lena", apply(&world, Preset::Freeze, "workload/web/feed"));
    let measure = world.m(1);
    assert!(world.permit(&measure).is_ok());
    assert_eq!(world.refused("person/lena", lift_as(Authority::Legal, &measure)), [Guard::NoOrder]);
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    assert_eq!(reason(&world, 1), LiftReason::Vacated { order: world.o(1) });
}

#[test]
fn conditions_that_are_met_lift_a_measure_by_themselves() {
    let mut world = world();
    let case = noticed(&mut world, "abuse", "2.8");
    world.ok("person/ines", propose(&case, "2.8", "account", true));
    let measure = take(&mut world);
    world.confirm(1);
    let unknown = world.run(&"person/ines".parse().unwrap(), set(&measure, None, &["nothing"]));
    assert!(matches!(unknown, Err(Rejected::NotFound { .. })));
    world.ok("person/ines", set(&measure, None, &["a"]));
    // What was set is never made harder.
    assert_eq!(world.refused("person/ines", set(&measure, None, &["a", "b"])), [Guard::InState]);
    assert_eq!(world.refused("person/ines", set(&measure, Some(world.now + days(9)), &[])), [Guard::InState]);
    world.cure(&case, "a");
    assert_eq!(reason(&world, 1), LiftReason::ConditionsMet);
    assert!(!world.account().case(&case).unwrap().is_closed(), "the rest of the case goes on");
}

#[test]
fn a_measure_with_an_end_lifts_at_it_once_and_not_before() {
    let mut world = world();
    let case = noticed(&mut world, "abuse", "2.8");
    let ends = world.now + days(7);
    let Command::ProposeMeasure(proposal) = propose(&case, "2.8", "account", true) else { unreachable!() };
    let until = |proposal: &ProposeMeasure, ends| Command::ProposeUntil {
        proposal: proposal.clone(),
        lifts: Lifts { ends: Some(ends), ..Lifts::default() },
    };
    for moment in [world.now, world.now - days(1), world.now + days(400)] {
        let guards = world.refused("person/ines", until(&proposal, moment));
        assert!(guards.contains(&Guard::Moment), "{guards:?}");
    }
    world.ok("person/ines", until(&proposal, ends));
    take(&mut world);
    world.confirm(1);
    world.until(ends - SignedDuration::from_micros(1));
    assert_eq!(world.state_of(1), "in_force");
    world.until(ends);
    assert_eq!(reason(&world, 1), LiftReason::Expired);
    let fired = Command::Fire(tenure_domain::account::timer::TimerKey::Expiry(world.m(1)));
    assert!(world.ok("system/timer", fired).is_empty());
}

#[test]
fn a_measure_in_force_is_looked_at_again_every_fourteen_days() {
    let mut world = world();
    let case = noticed(&mut world, "abuse", "2.3");
    world.ok("person/ines", propose(&case, "2.3", "account", true));
    let measure = take(&mut world);
    let review = |lift| Command::ReviewMeasure { measure: measure.clone(), lift, why: words() };
    assert_eq!(world.refused("person/omar", review(false)), [Guard::InState], "it is not in force yet");
    world.confirm(1);
    let due = world.now + days(14);
    let said = |world: &World, name: &str| {
        world.account().next_steps().iter().find(|s| s.what.name() == name).map(|s| s.due.unwrap())
    };
    assert_eq!(said(&world, "review"), Some(due));
    world.until(due - SignedDuration::from_micros(1));
    assert_eq!(said(&world, "review_overdue"), None);
    world.until(due);
    assert_eq!(said(&world, "review_overdue"), Some(due));
    world.until(due + days(40));
    assert_eq!(
        world.events.iter().filter(|r| types(&[(*r).clone()]) == ["measure.review_overdue"]).count(),
        1
    );
    world.ok("person/omar", review(false));
    assert_eq!(said(&world, "review"), Some(world.now + days(14)));
    world.ok("person/omar", review(true));
    assert_eq!(world.state_of(1), "lifting");
}

/// A suspension without an end, in force.
fn suspended() -> (World, CaseId, MeasureId) {
    let mut world = world();
    let case = noticed(&mut world, "abuse", "2.8");
    world.ok("person/ines", propose(&case, "2.8", "account", true));
    let measure = take(&mut world);
    world.confirm(1);
    (world, case, measure)
}

#[test]
fn a_suspension_past_its_bound_is_raised_and_lifts_by_itself() {
    let (mut world, _, _) = suspended();
    let bound = world.measure(1).watch.bound.clone().unwrap().at;
    assert_eq!(bound, world.now + days(30));
    world.until(bound - SignedDuration::from_micros(1));
    assert!(world.measure(1).watch.constructive.is_none());
    world.until(bound);
    let raised = world.account().next_steps();
    let raised = raised.iter().find(|s| s.what.name() == "resolve_constructive_termination").unwrap();
    assert_eq!(raised.due, Some(bound + days(14)));
    world.until(bound + days(14) - SignedDuration::from_micros(1));
    assert_eq!(world.state_of(1), "in_force");
    world.until(bound + days(14));
    assert_eq!(reason(&world, 1), LiftReason::ConstructiveTermination);
}

#[test]
fn a_suspension_past_its_bound_stands_on_with_conditions() {
    let (mut world, case, measure) = suspended();
    world.pass_hours(31 * 24);
    world.ok("person/ines", set(&measure, None, &["a"]));
    world.pass_hours(90 * 24);
    assert_eq!(world.state_of(1), "in_force");
    world.cure(&case, "a");
    assert_eq!(reason(&world, 1), LiftReason::ConditionsMet);
}

#[test]
fn a_suspension_past_its_bound_stands_on_while_a_termination_is_noticed_and_no_longer() {
    let (mut world, case, _) = suspended();
    world.pass_hours(31 * 24);
    world.serve(&case, Starts::Both, "3.1", &["c"]);
    let ends = world.account().notices.last().unwrap().notice_ends().unwrap();
    world.until(ends);
    assert_eq!(world.state_of(1), "in_force");
    // Nobody proposes the termination: a notice alone is no reason to stand for ever.
    world.until(ends + days(29));
    assert_eq!(reason(&world, 1), LiftReason::ConstructiveTermination);
}

#[test]
fn an_order_that_suspends_the_effect_does_not_start_the_bound_anew() {
    let (mut world, _, _) = suspended();
    let bound = world.measure(1).watch.bound.clone();
    let (kind, scope) = (OrderKind::Stay, "account".parse().unwrap());
    world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    world.restored(1);
    world.pass_hours(20 * 24);
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    world.until(world.now);
    assert_eq!(world.state_of(1), "applying");
    assert_eq!(world.measure(1).watch.bound, bound);
}

#[test]
fn terms_that_list_capabilities_where_they_have_no_meaning_are_refused() {
    let with = |power: &str| {
        let listed = "{id: \"2.5\", permits: [ingress, storage.write], scopes: [account, environment]";
        assert!(POWERS.contains(listed));
        tenure_domain::terms::Terms::parse(&POWERS.replace(listed, power))
    };
    for power in [
        "{id: \"2.5\", permits: [], scopes: [account]",
        "{id: \"2.5\", permits: [ingress, ingress], scopes: [account]",
        "{id: \"2.5\", permits: [breathe], scopes: [account]",
        "{id: \"2.5\", permits: [payments], scopes: [workload]",
        "{id: \"2.5\", permits: [deploy], scopes: [hostname]",
        "{id: \"2.5\", permits: [compute], scopes: [account]",
        "{id: \"2.5\", permits: [ingress], authority: order, scopes: [account]",
    ] {
        assert!(with(power).is_err(), "{power}");
    }
    let bounded = "{id: \"2.5\", permits: [compute], podGrace: PT1S, constructiveTerminationAfter: P9D, scopes: [account]";
    let (terms, _) = with(bounded).unwrap();
    assert_eq!(terms.power(&"2.5".parse().unwrap()).unwrap().rung(), Preset::Suspend);
}

#[test]
fn a_notice_that_is_not_served_is_a_termination_under_way() {
    let (mut world, case, _) = suspended();
    world.pass_hours(31 * 24);
    world.ok("person/ines", issue(&case, Starts::Both, "3.1", &["c"]));
    world.pass_hours(60 * 24);
    assert_eq!(world.state_of(1), "in_force");
}
