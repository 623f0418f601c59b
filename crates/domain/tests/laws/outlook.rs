//! What happens next, and why not yet: what the account is told is what the law then does.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tenure_domain::account::command::Starts;
use tenure_domain::account::event::Event;
use tenure_domain::account::measure::MeasureState;
use tenure_domain::account::outlook::{Next, Turn, What, WhyNotYet};
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{Account, Actor, Command, Context};
use tenure_domain::refusal::{Guard, Rejected};

use crate::history::{History, check};
use crate::world::{EXAMPLE, HOUSE, World, at, issue, propose};

fn why(world: &World) -> Vec<WhyNotYet> {
    let actor: Actor = "system/cluster".parse().unwrap();
    let context = Context { now: world.now, actor: &actor, book: &world.book };
    world.account().why_not_yet_of_all(&context).unwrap()
}

/// The same world with an account as it stood.
fn back(history: &History, account: &Account, now: Timestamp) -> World {
    let world = &history.world;
    World {
        id: world.id.clone(),
        terms: Arc::clone(&world.terms),
        book: world.book.clone(),
        now,
        state: Some(account.clone()),
        events: Vec::new(),
    }
}

/// The states of a history, each with its moment.
fn states(history: &History) -> impl Iterator<Item = World> {
    history.moments.iter().filter_map(|m| Some(back(history, m.before.as_ref()?, m.now)))
}

fn names(step: &Next, measure: &tenure_domain::name::MeasureId) -> bool {
    match &step.what {
        What::Due(TimerKey::Apply(id) | TimerKey::Ratification(id) | TimerKey::Expiry(id))
        | What::Confirm(id, _)
        | What::Approve(id)
        | What::Amend(id)
        | What::Ratify(id)
        | What::Enforce(id)
        | What::Restore(id) => id == measure,
        _ => false,
    }
}

#[test]
fn whatever_has_not_taken_effect_is_told_why_or_what_comes_next() {
    check(150, |history| {
        for world in states(history) {
            let (account, told) = (world.account(), why(&world));
            let steps = account.next_steps();
            for measure in account.measures.iter().filter(|m| !m.is_over()) {
                if matches!(measure.state, MeasureState::InForce { .. }) {
                    continue;
                }
                let because = told.iter().any(|w| w.measure.as_ref() == Some(&measure.id));
                let next = steps.iter().any(|s| names(s, &measure.id));
                prop_assert!(because || next, "{} is {:?}", measure.id, measure.state);
            }
            for case in account.cases.iter().filter(|c| !c.is_closed()) {
                let moves = steps.iter().any(|s| s.case.as_ref() == Some(&case.id));
                let stands = account.measures.iter().any(|m| {
                    m.proposal.case.as_ref() == Some(&case.id)
                        && matches!(m.state, MeasureState::InForce { .. })
                });
                prop_assert!(moves || stands, "nothing follows in {:?}", case);
            }
            for timer in account.timers() {
                prop_assert!(steps.iter().any(|s| s.what == What::Due(timer.key.clone())));
            }
        }
        Ok(())
    });
}

#[test]
fn law_03_before_the_moment_that_is_told_it_is_refused_for_that_reason_and_at_it_no_longer() {
    check(60, |history| {
        for world in states(history) {
            for told in why(&world) {
                for unmet in &told.guards {
                    prop_assert_eq!(unmet.law, unmet.guard.law());
                    prop_assert!(!unmet.detail.is_empty() && !unmet.satisfied_by.is_empty());
                    if let Some(moment) = unmet.not_before {
                        prop_assert!(moment > world.now, "{unmet:?} at {}", world.now);
                        holds_until(&world, &told, unmet.guard, moment)?;
                    }
                }
            }
        }
        Ok(())
    });
}

/// Whether the guard is what stands in the way up to a moment, and not from then on. Where it is counted as if a notice
/// were served now, one is.
fn holds_until(
    world: &World,
    told: &WhyNotYet,
    guard: Guard,
    moment: Timestamp,
) -> Result<(), TestCaseError> {
    let mut world = World {
        id: world.id.clone(),
        terms: Arc::clone(&world.terms),
        book: world.book.clone(),
        now: world.now,
        state: world.state.clone(),
        events: Vec::new(),
    };
    let unmet = told.guards.iter().find(|g| g.guard == guard).unwrap();
    if unmet.satisfied_by.starts_with("serve") {
        let case = &told.case;
        let have = world.account().case(case).unwrap().items.len();
        let command = issue(case, Starts::Both, told.power.as_str(), &[&format!("late{have}")]);
        if world.run(&"person/ines".parse().unwrap(), command).is_err() {
            // Nothing can be served any more, in a case that is closed.
            prop_assert!(world.account().case(case).unwrap().is_closed());
            return Ok(());
        }
        let last = world.account().notices.last().unwrap();
        let (notice, delayed) = (last.id.clone(), last.delayed.is_some());
        if delayed {
            // Under a gag nothing is served; the account is not told of that, here neither.
            return Ok(());
        }
        world.ok("member/parley/ada", Command::AcknowledgeNotice { notice });
    }
    world.now = moment - SignedDuration::from_micros(1);
    let before = refused_for(&mut world, told);
    prop_assert!(before.contains(&guard), "{guard:?} a moment before {moment}: {before:?}");
    world.now = moment;
    let then = refused_for(&mut world, told);
    prop_assert!(!then.contains(&guard), "{guard:?} at {moment}: {then:?}");
    Ok(())
}

/// What the law says: the permit of a measure, or where there is none the proposal of one.
fn refused_for(world: &mut World, told: &WhyNotYet) -> Vec<Guard> {
    let refused = if let Some(measure) = &told.measure {
        let fired = world.clone_state().run_fire(measure);
        let permit = world.permit(measure).map(drop);
        assert!(fired.is_empty() || permit_would_hold(&permit), "{fired:?} {permit:?}");
        permit
    } else {
        let command = propose(&told.case, told.power.as_str(), "account", true);
        let before = world.state.clone();
        let result = world.run(&"person/ines".parse().unwrap(), command).map(drop);
        world.state = before;
        result
    };
    match refused {
        Ok(()) => Vec::new(),
        Err(Rejected::Refused(refusal)) => refusal.guards.iter().map(|g| g.guard).collect(),
        Err(other) => panic!("{other:?}"),
    }
}

/// Whether nothing but the state that it is in keeps a measure from its permit.
fn permit_would_hold(permit: &Result<(), Rejected>) -> bool {
    match permit {
        Ok(()) => true,
        Err(Rejected::Refused(refusal)) => refusal.guards.iter().all(|g| g.guard == Guard::InState),
        Err(_) => false,
    }
}

impl World {
    fn clone_state(&self) -> Self {
        Self {
            id: self.id.clone(),
            terms: Arc::clone(&self.terms),
            book: self.book.clone(),
            now: self.now,
            state: self.state.clone(),
            events: Vec::new(),
        }
    }

    /// Whether firing the measure's moment brings it to effect.
    fn run_fire(mut self, measure: &tenure_domain::name::MeasureId) -> Vec<Event> {
        let events =
            self.run(&"system/timer".parse().unwrap(), Command::Fire(TimerKey::Apply(measure.clone())));
        let events = events.unwrap().into_iter().map(|r| r.event);
        events.filter(|e| matches!(e, Event::MeasureApplying { .. })).collect()
    }
}

fn turns(world: &World) -> Vec<(&'static str, Turn, Option<Timestamp>)> {
    let steps = world.account().next_steps();
    steps.iter().map(|s| (s.what.name(), s.what.turn(), s.due)).collect()
}

#[test]
fn a_case_tells_from_its_first_day_to_its_last_whose_turn_it_is() {
    use Turn::{Account as Theirs, Authority, Provider, Tenure};
    let mut world = World::open(EXAMPLE, "2021-01-04T17:00:00Z");
    let case = world.open_case("process_failure");
    assert_eq!(turns(&world), [("issue_notice", Provider, None)]);
    let told = why(&world);
    // Both powers that the ground has are named: to suspend, and to terminate.
    for (told, power) in told.iter().zip(["7.2(b)(i)", "6.1"]) {
        let guards: Vec<Guard> = told.guards.iter().map(|g| g.guard).collect();
        assert_eq!((told.power.as_str(), guards), (power, vec![Guard::CureRun, Guard::NoticeRun]));
    }
    assert_eq!(told.len(), 2);

    world.ok("person/ines", issue(&case, Starts::Both, "6.1", &["staff"]));
    let on_its_way = [("deliver", Tenure, None), ("acknowledge", Theirs, None), ("hand_in", Theirs, None)];
    assert_eq!(turns(&world), on_its_way);
    world.ok("member/parley/ada", Command::AcknowledgeNotice { notice: world.n(1) });
    let ends = at("2021-02-03T17:00:00Z");
    let (half, last) = (at("2021-01-19T17:00:00Z"), at("2021-02-02T17:00:00Z"));
    assert_eq!(
        turns(&world),
        [
            ("remind", Tenure, Some(half)),
            ("remind", Tenure, Some(last)),
            ("lapse", Tenure, Some(ends)),
            ("hand_in", Theirs, Some(ends)),
        ]
    );
    let told = why(&world);
    assert_eq!(told[0].guards[0].not_before, Some(ends));

    world.until(ends);
    assert_eq!(turns(&world), [("hand_in", Theirs, None), ("propose", Provider, None)]);
    assert_eq!(why(&world), [], "nothing stands in the way but that nobody has proposed it");
    world.ok("person/ines", propose(&case, "6.1", "account", true));
    assert_eq!(turns(&world), [("hand_in", Theirs, None), ("approve", Provider, None)]);
    assert_eq!(why(&world)[0].guards[0].guard, Guard::Approved);
    world.approve("omar", 1);
    world.approve("noa", 1);
    assert_eq!(turns(&world)[0], ("apply", Tenure, Some(ends)));
    world.until(ends);
    // A suspension without an end has a bound, and what is in force is looked at again.
    let bound = ("raise_constructive_termination", Tenure, Some(at("2021-03-05T17:00:00Z")));
    assert_eq!(turns(&world), [bound, ("hand_in", Theirs, None), ("enforce", Tenure, None)]);
    world.confirm(1);
    let again = at("2021-02-17T17:00:00Z");
    let reviews = [("raise_review", Tenure, Some(again)), ("review", Provider, Some(again))];
    assert_eq!(turns(&world), [reviews[0], reviews[1], bound, ("hand_in", Theirs, None)]);

    world
        .ok("member/parley/ada", Command::FileAppeal { measure: world.m(1), grounds: crate::world::words() });
    // The terms promise a decision within seven days.
    let decide_by = Some(world.now + SignedDuration::from_hours(7 * 24));
    assert!(turns(&world).contains(&("decide_appeal", Provider, decide_by)));
    assert!(turns(&world).contains(&("appeal_overdue", Tenure, decide_by)));
    let stay = Command::RecordOrder {
        kind: tenure_domain::account::legal::OrderKind::Stay,
        scope: "account".parse().unwrap(),
        authority: crate::world::words(),
        document: crate::world::blob(),
    };
    world.ok("person/lena", stay);
    let now = turns(&world);
    assert!(now.contains(&("restore", Tenure, None)) && now.contains(&("vacate_order", Authority, None)));
    assert_eq!(why(&world)[0].guards[0].guard, Guard::NoOrder);
}

#[test]
fn a_moment_that_was_proposed_is_told_and_kept() {
    let mut world = World::open(HOUSE, "2021-03-01T20:00:00Z");
    let case = world.open_case("debt");
    world.serve(&case, Starts::Cure, "1.1", &["pay"]);
    world.until(at("2021-03-02T20:00:00Z"));
    let effective = at("2021-03-05T20:00:00Z");
    let Command::ProposeMeasure(mut asked) = propose(&case, "1.1", "environment/web", true) else { panic!() };
    asked.effective = Some(effective);
    world.ok("person/ines", Command::ProposeMeasure(asked));
    let due = |world: &World| {
        let told = why(world);
        told.iter().flat_map(|w| &w.guards).find(|g| g.guard == Guard::Due).and_then(|g| g.not_before)
    };
    assert_eq!(due(&world), Some(effective));
    world.approve("omar", 1);
    assert_eq!(due(&world), Some(effective));
    world.now = effective - SignedDuration::from_micros(1);
    assert!(world.fire_apply(1).is_empty());
    world.now = effective;
    assert_eq!(due(&world), None);
    assert_eq!(world.fire_apply(1).len(), 1);
    assert_eq!(world.state_of(1), "applying");
}

/// The guard says what to do, and nothing is guessed.
#[test]
fn a_calendar_that_ends_says_so_and_what_to_do() {
    let mut world = World::open(HOUSE, "2021-12-30T20:00:00Z");
    let case = world.open_case("abuse");
    let told = why(&world);
    let of = |told: &[WhyNotYet], power: &str| -> Vec<Guard> {
        let of = told.iter().filter(|w| w.power.as_str() == power);
        of.flat_map(|w| &w.guards).map(|g| g.guard).collect()
    };
    // One business day is still known, two are not; calendar days ask for no holidays.
    assert_eq!(of(&told, "1.1"), [Guard::CureRun]);
    assert_eq!(of(&told, "1.2"), [Guard::CalendarKnown, Guard::NoticeRun]);
    assert_eq!(of(&told, "1.3"), [Guard::CureRun, Guard::NoticeRun]);
    let unmet = told.iter().flat_map(|w| &w.guards).find(|g| g.guard == Guard::CalendarKnown).unwrap();
    assert!(unmet.detail.contains("2021-12-31"), "{}", unmet.detail);
    assert!(unmet.satisfied_by.contains("publish terms"), "{}", unmet.satisfied_by);
    assert_eq!(unmet.not_before, None, "no moment is told that nobody knows");
    assert!(
        world
            .refused("person/ines", propose(&case, "1.2", "environment/web", true))
            .contains(&Guard::CalendarKnown)
    );
    let refused = world.refused("person/ines", issue(&case, Starts::Cure, "1.2", &["stop"]));
    assert_eq!(refused, [Guard::CalendarKnown]);
}
