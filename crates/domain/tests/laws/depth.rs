//! The histories are deep enough that the laws judged by them are not empty.

use std::collections::BTreeMap;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use tenure_domain::account::event::Event;
use tenure_domain::account::measure::LiftReason;
use tenure_domain::refusal::Guard;

use crate::history::{play, steps};

#[test]
fn histories_reach_every_part_of_the_law() {
    let mut runner = TestRunner::deterministic();
    let mut reached: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..150 {
        let history = play(&steps().new_tree(&mut runner).unwrap().current());
        let mut here: BTreeMap<&str, bool> = BTreeMap::new();
        for recorded in &history.world.events {
            let what = match &recorded.event {
                Event::NoticeServed { by: tenure_domain::account::notice::ServedBy::Deemed, .. } => "deemed",
                Event::NoticeReminded { .. } => "reminded",
                Event::CaseLapsed { .. } => "lapsed",
                Event::MeasureProposed { ratify_by: None, .. } => "proposed",
                Event::MeasureProposed { .. } => "emergency",
                Event::MeasureAmended { .. } => "amended",
                Event::MeasureApplying { .. } => "applying",
                Event::MeasureInForce { .. } => "in force",
                Event::MeasureStayed { .. } => "stayed",
                Event::MeasureRestored { .. } => "restored",
                Event::MeasureResumed { .. } => "resumed",
                Event::MeasureRatified { .. } => "ratified",
                Event::MeasureLifted { .. } => "lifted",
                Event::MeasureWithdrawn { .. } => "withdrawn",
                Event::MeasureLifting { reason: LiftReason::NotRatified, .. } => "not ratified",
                Event::MeasureLifting { reason: LiftReason::Cured, .. } => "cured",
                Event::MeasureLifting { reason: LiftReason::Overturned { .. }, .. } => "overturned",
                Event::MeasureBlocked { guards, .. } if guards.contains(&Guard::NoHold) => {
                    "blocked by a hold"
                }
                Event::CommandRefused { .. } => "refused on the record",
                _ => continue,
            };
            here.insert(what, true);
        }
        for what in here.into_keys() {
            *reached.entry(what).or_default() += 1;
        }
    }
    for (what, least) in [
        ("deemed", 20),
        ("reminded", 20),
        ("lapsed", 30),
        ("proposed", 30),
        ("emergency", 30),
        ("amended", 5),
        ("applying", 60),
        ("in force", 30),
        ("stayed", 20),
        ("restored", 3),
        ("resumed", 10),
        ("ratified", 10),
        ("lifted", 10),
        ("withdrawn", 5),
        ("not ratified", 10),
        ("cured", 5),
        ("overturned", 3),
        ("blocked by a hold", 3),
        ("refused on the record", 30),
    ] {
        let found = reached.get(what).copied().unwrap_or_default();
        assert!(found >= least, "{what}: only {found} of 150 histories; all: {reached:#?}");
    }
}
