//! When the account is reminded of a period that runs.

use jiff::SignedDuration;
use tenure_domain::account::command::Starts;
use tenure_domain::account::notice::Reminder;

use crate::world::{HOUSE, World, type_of};

/// After how many hours reminders of the first notice went out.
fn reminded(mut world: World) -> Vec<(Reminder, i64)> {
    let served = world.account().notices[0].served_at().unwrap();
    world.pass_hours(60 * 24);
    let sent: Vec<i64> = world
        .events
        .iter()
        .filter(|r| type_of(&r.event) == "notice.reminded")
        .map(|r| r.at.duration_since(served).as_hours())
        .collect();
    world.account().notices[0].reminded.iter().copied().zip(sent).collect()
}

/// A notice is served under the power 1.2 with these periods.
fn served(periods: &str, starts: Starts) -> World {
    let terms = HOUSE.replace("notice: P1D, cure: 2bd", periods);
    assert_ne!(terms, HOUSE);
    let mut world = World::open(&terms, "2021-03-01T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, starts, "1.2", &["stop"]);
    world
}

#[test]
fn a_notice_of_intent_alone_is_recalled_before_its_period_ends() {
    let world = served("notice: PT240H, cure: PT72H", Starts::Notice);
    assert_eq!(reminded(world), [(Reminder::Half, 120), (Reminder::LastDay, 216)]);
    // What has to be put right is what a notice of both is recalled for.
    let world = served("notice: PT240H, cure: PT72H", Starts::Both);
    assert_eq!(reminded(world), [(Reminder::Half, 36), (Reminder::LastDay, 48)]);
}

#[test]
fn a_short_period_is_recalled_a_day_before_its_end_where_there_is_such_a_moment() {
    for (cure, expected) in [
        ("PT36H", &[(Reminder::LastDay, 12), (Reminder::Half, 18)][..]),
        // Half of it is that moment.
        ("PT48H", &[(Reminder::Half, 24)]),
        // A day before the end is the service itself, or before it.
        ("PT24H", &[(Reminder::Half, 12)]),
        ("PT8H", &[(Reminder::Half, 4)]),
        ("PT0S", &[]),
    ] {
        let world = served(&format!("notice: PT0S, cure: {cure}"), Starts::Cure);
        assert_eq!(reminded(world), expected, "{cure}");
    }
}

#[test]
fn an_intent_that_stands_still_is_recalled_by_the_time_that_ran() {
    let mut world = served("notice: PT240H, cure: PT72H", Starts::Notice);
    world.pass_hours(10);
    let case = world.c(1);
    let why = crate::world::words;
    world.ok("person/omar", tenure_domain::account::Command::PauseCase { case: case.clone(), why: why() });
    world.until(world.now + SignedDuration::from_hours(300));
    world.ok("person/omar", tenure_domain::account::Command::ResumeCase { case, why: why() });
    assert_eq!(reminded(world), [(Reminder::Half, 420), (Reminder::LastDay, 516)]);
}
