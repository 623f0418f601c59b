//! Laws 2 and 3: no clock before service, nothing before its period has run.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use tenure_domain::account::case::CaseState;
use tenure_domain::account::command::{Command, Starts};
use tenure_domain::account::event::Event;
use tenure_domain::account::legal::OrderKind;
use tenure_domain::account::notice::ServedBy;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{Actor, System};
use tenure_domain::name::PowerId;

use crate::calendar::{ends, has_run};
use crate::chronicle::ItemSeen;
use crate::history::{check, check_events};
use crate::world::{HOUSE, World, blob, emergency, types, words};

/// Notice and cure as `house.yaml` writes them.
fn promised(power: &PowerId) -> Option<(&'static str, &'static str)> {
    Some(match power.as_str() {
        "1.1" => ("PT0S", "1bd"),
        "1.2" => ("P1D", "2bd"),
        "1.3" => ("P3D", "P2D"),
        "1.5" => ("P30D", "P30D"),
        _ => return None,
    })
}

#[test]
fn law_02_a_notice_is_served_by_a_member_by_proof_of_delivery_or_by_the_deemed_rule_alone() {
    check_events(150, |history, seen, recorded| {
        if let Event::NoticeServed { notice, by, notice_ends, cure_ends } = &recorded.event {
            let found = &seen.notices[notice];
            prop_assert!(found.served_at.is_none(), "{} is served twice", notice);
            match by {
                ServedBy::Acknowledged { member } | ServedBy::Read { member } => {
                    prop_assert_eq!(member, &recorded.actor);
                    prop_assert!(matches!(member, Actor::Member(of, _) if of == &history.world.id));
                }
                ServedBy::Delivered { .. } => {
                    prop_assert!(recorded.actor.person().is_some() && found.first_attempt.is_some());
                }
                ServedBy::Deemed => {
                    prop_assert_eq!(&recorded.actor, &Actor::System(System::Timer));
                    let attempt = found.first_attempt;
                    prop_assert!(
                        attempt.is_some(),
                        "{} counts as served and nobody tried to serve it",
                        notice
                    );
                    prop_assert!(recorded.at >= attempt.unwrap() + SignedDuration::from_hours(72));
                }
            }
            let started = |power: Option<&PowerId>, cure: bool| -> Option<Timestamp> {
                let (notice, cure_period) = promised(power?)?;
                Some(ends(recorded.at, if cure { cure_period } else { notice }))
            };
            prop_assert_eq!(notice_ends.as_ref().map(|d| d.at), started(found.kind.starts_notice(), false));
            prop_assert_eq!(cure_ends.as_ref().map(|d| d.at), started(found.kind.starts_cure(), true));
        }
        if let Event::NoticeReminded { notice, .. } = &recorded.event {
            prop_assert!(
                seen.notices[notice].served_at.is_some(),
                "{} is reminded of and not served",
                notice
            );
        }
        if let Event::NoticeReminded { notice, .. } = &recorded.event {
            let case = &seen.cases[&seen.notices[notice].case];
            prop_assert!(
                case.still_since.is_none(),
                "{} is reminded of while its clocks stand still",
                notice
            );
        }
        if let Event::CaseLapsed { case } = &recorded.event {
            prop_assert!(
                seen.cases[case].still_since.is_none(),
                "{} lapses while its clocks stand still",
                case
            );
            let mut served = seen.served(case, |k| k.starts_cure().is_some());
            let lapsed = served.any(|(id, at)| {
                let power = seen.notices[id].kind.starts_cure().unwrap();
                has_run(at, promised(power).unwrap().1, recorded.at)
            });
            prop_assert!(lapsed, "{} lapsed before a cure period had run", case);
        }
        Ok(())
    });
}

#[test]
fn law_02_a_notice_that_is_not_served_has_no_deadline_but_the_deemed_one() {
    check(150, |history| {
        let account = history.world.account();
        for timer in account.timers() {
            match &timer.key {
                TimerKey::Deemed(notice) => {
                    let notice = account.notice(notice).unwrap();
                    prop_assert!(notice.served_at().is_none() && !notice.attempts.is_empty());
                    prop_assert!(timer.due >= notice.attempts[0].at + SignedDuration::from_hours(72));
                }
                TimerKey::Remind(notice, _) => {
                    prop_assert!(account.notice(notice).unwrap().served_at().is_some());
                }
                TimerKey::Lapse(case) => {
                    prop_assert!(account.notices_of(case).any(|n| n.cure_ends().is_some()));
                }
                TimerKey::Retry(notice) => {
                    let notice = account.notice(notice).unwrap();
                    prop_assert!(notice.served_at().is_none() && !notice.failed.is_empty());
                }
                TimerKey::Undeliverable(notice) => {
                    let notice = account.notice(notice).unwrap();
                    prop_assert!(notice.served_at().is_none());
                    let tried =
                        notice.failed.iter().map(|f| f.at).chain(notice.attempts.iter().map(|a| a.at));
                    prop_assert_eq!(timer.due, tried.min().unwrap() + SignedDuration::from_hours(72));
                }
                TimerKey::RetrievalReminder(..) => {
                    prop_assert!(account.lifecycle.closing().is_some_and(|c| c.retrieve.is_some()));
                }
                // A gag's end delays service; none of the others is about a notice.
                TimerKey::Apply(_)
                | TimerKey::Ratification(_)
                | TimerKey::DeemedTerms(_)
                | TimerKey::Bind(_)
                | TimerKey::Check(_)
                | TimerKey::Approval(_)
                | TimerKey::ReviewEmergency(_)
                | TimerKey::Appeal(_)
                | TimerKey::Order(_)
                | TimerKey::Recheck(_)
                | TimerKey::GagEnd(_)
                | TimerKey::Expiry(_)
                | TimerKey::ReviewMeasure(_)
                | TimerKey::Constructive(_)
                | TimerKey::ConstructiveEnd(_)
                | TimerKey::DeletionLapse(_)
                | TimerKey::EnvironmentDeletion(_)
                | TimerKey::LapseHostname(_) => {}
            }
        }
        Ok(())
    });
}

#[test]
fn law_03_nothing_takes_effect_before_its_periods_have_run() {
    check_events(150, |_, seen, recorded| {
        let Event::MeasureApplying { measure } = &recorded.event else { return Ok(()) };
        let measure_seen = &seen.measures[measure];
        if measure_seen.ratify_by.is_some() {
            return Ok(());
        }
        let (case, power) =
            (measure_seen.proposal.case.as_ref().unwrap(), measure_seen.proposal.power.as_ref().unwrap());
        let (notice, cure) = promised(power).unwrap();
        let mut cures = seen.served(case, |k| k.starts_cure() == Some(power));
        let grounded = cures.any(|(id, at)| {
            let asked = seen.asked(id);
            let ends = ends(at, cure);
            let open = asked.iter().any(|i| *i != ItemSeen::Met);
            let undecided = asked.iter().any(|i| matches!(i, ItemSeen::Submitted(when) if *when < ends));
            ends <= recorded.at && open && !undecided
        });
        prop_assert!(grounded, "{} takes effect and no cure period for what is left to do has run", measure);
        // Time for which the clocks stood still is not counted: a day is never less than 24 hours that ran.
        prop_assert!(
            seen.cases[case].still_since.is_none(),
            "{} takes effect while the clocks stand still",
            measure
        );
        let ran_for = |at: Timestamp, period: &str| {
            let days: String = period.chars().filter(char::is_ascii_digit).collect();
            let days: i64 = if period == "PT0S" { 0 } else { days.parse().unwrap() };
            seen.cases[case].ran(at, recorded.at) >= SignedDuration::from_hours(24 * days)
        };
        let mut cures = seen.served(case, |k| k.starts_cure() == Some(power));
        prop_assert!(
            cures.any(|(_, at)| ran_for(at, cure)),
            "{} takes effect and its cure period has not run",
            measure
        );
        let mut intents = seen.served(case, |k| k.starts_notice() == Some(power));
        prop_assert!(
            notice == "PT0S" || intents.any(|(_, at)| ran_for(at, notice)),
            "{} takes effect and its notice period has not run",
            measure
        );
        if notice != "PT0S" {
            let mut intents = seen.served(case, |k| k.starts_notice() == Some(power));
            prop_assert!(
                intents.any(|(_, at)| has_run(at, notice, recorded.at)),
                "{} takes effect without its notice",
                measure
            );
        }
        prop_assert!(
            recorded.at >= measure_seen.proposal.effective,
            "{} takes effect before the moment approved",
            measure
        );
        Ok(())
    });
}

#[test]
fn law_02_a_measure_that_applies_again_lapses_no_case_whose_clocks_stand_still() {
    let mut world = World::open(HOUSE, "2021-03-09T20:00:00Z");
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.1", &["stop"]);
    let mut apply = emergency(&case, "1.4", "workload/web/feed");
    if let Command::ApplyEmergency { why_not_less, .. } = &mut apply {
        *why_not_less = Some(words());
    }
    world.ok("person/ruth", apply);
    world.ok("person/ines", Command::PauseCase { case: case.clone(), why: words() });
    let command_hash = world.hash(1);
    world.ok("person/omar", Command::RatifyMeasure { measure: world.m(1), command_hash });
    world.confirm(1);
    let stay = Command::RecordOrder {
        kind: OrderKind::Stay,
        scope: "workload/web/feed".parse().unwrap(),
        authority: words(),
        document: blob(),
    };
    world.ok("person/lena", stay);
    // The time to put things right would have run out by now.
    world.pass_hours(10 * 24);
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    let applied = types(&world.fire_apply(1));
    assert_eq!(
        applied,
        ["measure.applying"],
        "a person stopped the clocks of the case, and they stand still"
    );
    assert!(matches!(world.account().case(&case).unwrap().state, CaseState::Notified { .. }));
}
