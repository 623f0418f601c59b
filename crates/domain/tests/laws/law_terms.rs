//! Law 1, where terms change: publishing binds nobody; an account is told, and its open cases stay under the old terms.

use tenure_domain::account::Command;
use tenure_domain::account::change::{TermsNoticeState, WhatTerms};
use tenure_domain::account::command::Starts;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::name::{CaseId, TermsNoticeId};
use tenure_domain::refusal::Guard;
use tenure_domain::terms::{Channel, TermsRef};

use crate::world::{HOUSE, World, at, blob, propose, types, words};

/// The house's terms, which say how they change.
fn old() -> String {
    format!("{HOUSE}\nchanges: {{notice: P30D}}\n")
}

/// A later version with harsher figures.
fn new() -> String {
    let text =
        old().replace("version: \"1\"", "version: \"2\"").replace("notice: P30D}\n", "notice: PT0S}\n");
    text.replace("notice: P3D, cure: P2D, approvals: 2", "notice: PT0S, cure: PT0S, approvals: 1")
}

fn world() -> (World, TermsRef) {
    let mut world = World::open(&old(), "2021-01-04T20:00:00Z");
    let reference = world.publish(&new());
    (world, reference)
}

fn notify(terms: &TermsRef) -> Command {
    Command::NotifyTerms { terms: terms.clone(), why: words(), letter: blob() }
}

fn t(world: &World, n: u32) -> TermsNoticeId {
    TermsNoticeId::new(world.id.clone(), n)
}

fn serve(world: &mut World, n: u32) {
    let notice = t(world, n);
    world.ok("member/parley/ada", Command::AcknowledgeTerms { notice });
}

fn version(world: &World) -> &str {
    &world.account().terms.version
}

#[test]
fn law_01_publishing_a_version_binds_nobody() {
    let (mut world, _) = world();
    world.pass_hours(24 * 365);
    assert_eq!(version(&world), "1");
    assert!(world.account().next_terms().is_empty());
}

#[test]
fn law_01_a_version_binds_when_the_period_of_the_old_one_has_run_since_service_and_not_before() {
    let (mut world, two) = world();
    world.ok("person/lena", notify(&two));
    // Telling nobody starts nothing.
    world.pass_hours(24 * 90);
    assert_eq!(version(&world), "1");
    serve(&mut world, 1);
    let binds = world.account().terms_notices[0].binds().unwrap();
    // Served on 4 April at 13:00 PDT: 30 days end at the same local time.
    assert_eq!(binds, at("2021-05-04T20:00:00Z"));
    let early = Command::Fire(TimerKey::Bind(t(&world, 1)));
    assert!(world.ok("system/timer", early).is_empty());
    world.until(binds - jiff::SignedDuration::from_micros(1));
    assert_eq!(version(&world), "1");
    world.until(binds);
    assert_eq!(version(&world), "2");
    assert!(matches!(world.account().terms_notices[0].state, TermsNoticeState::Bound { at } if at == binds));
    // Once is enough.
    let again = Command::Fire(TimerKey::Bind(t(&world, 1)));
    assert!(world.ok("system/timer", again).is_empty());
}

#[test]
fn law_02_the_deemed_rule_serves_the_notice_of_terms_and_reading_in_between_restarts_nothing() {
    let (mut world, two) = world();
    world.ok("person/lena", notify(&two));
    let attempt = |world: &World, channel| Command::RecordTermsAttempt {
        notice: t(world, 1),
        channel,
        proof: "p".repeat(2_000),
    };
    let first = attempt(&world, Channel::Email);
    world.ok("system/delivery", first.clone());
    assert!(world.ok("system/delivery", first).is_empty());
    world.pass_hours(71);
    let second = attempt(&world, Channel::Inbox);
    world.ok("system/delivery", second);
    assert!(matches!(world.account().terms_notices[0].state, TermsNoticeState::Issued));
    world.pass_hours(1);
    assert!(matches!(world.account().terms_notices[0].state, TermsNoticeState::Served { .. }));
    let binds = world.account().terms_notices[0].binds();
    serve(&mut world, 1);
    assert_eq!(world.account().terms_notices[0].binds(), binds);
    assert_eq!(
        world.refused("person/lena", attempt(&world, Channel::Email)),
        [Guard::AnotherPerson],
        "only the delivery says what it did"
    );
}

#[test]
fn an_account_may_accept_earlier_and_only_exactly_what_it_was_told_of() {
    let (mut world, two) = world();
    world.ok("person/lena", notify(&two));
    let accept =
        |world: &World, hash: &str| Command::AcceptTerms { notice: t(world, 1), hash: hash.to_owned() };
    let (wrong, right) = (accept(&world, &"0".repeat(64)), accept(&world, &two.hash));
    assert_eq!(world.refused("member/parley/ada", wrong), [Guard::SameCommand]);
    assert_eq!(world.refused("person/lena", right.clone()), [Guard::AnotherPerson]);
    world.ok("member/parley/ada", right.clone());
    assert_eq!(version(&world), "2");
    assert_eq!(world.refused("member/parley/ada", right), [Guard::InState]);
    assert_eq!(world.refused("person/lena", notify(&two)), [Guard::InState]);
    world.pass_hours(24 * 60);
    assert_eq!(version(&world), "2");
}

#[test]
fn who_may_tell_an_account_of_terms_and_of_which() {
    let (mut world, two) = world();
    let unknown = TermsRef { version: "9".into(), ..two.clone() };
    assert_eq!(world.refused("person/lena", notify(&unknown)), [Guard::Known]);
    assert_eq!(world.refused("rule/storm", notify(&two)), [Guard::AnotherPerson]);
    let present = world.account().terms.clone();
    assert_eq!(world.refused("person/lena", notify(&present)), [Guard::InState]);
    world.ok("person/lena", notify(&two));
    assert_eq!(world.refused("person/lena", notify(&two)), [Guard::InState]);
}

#[test]
fn another_agreement_and_terms_that_do_not_say_how_they_change_bind_by_acceptance_only() {
    for (first, second) in [(old(), new().replace("id: house", "id: palace")), (HOUSE.to_owned(), new())] {
        let mut world = World::open(&first, "2021-01-04T20:00:00Z");
        let two = world.publish(&second);
        world.ok("person/lena", notify(&two));
        serve(&mut world, 1);
        world.pass_hours(24 * 365);
        assert_eq!(version(&world), "1");
        let steps = world.account().next_terms();
        assert_eq!(steps.iter().map(|s| s.what).collect::<Vec<_>>(), [WhatTerms::Accept]);
        let hash = two.hash.clone();
        world.ok("member/parley/ada", Command::AcceptTerms { notice: t(&world, 1), hash });
        assert_eq!(version(&world), "2");
    }
}

#[test]
fn a_later_version_that_binds_first_is_not_undone_by_an_earlier_notice() {
    let (mut world, two) = world();
    let three = world.publish(&new().replace("version: \"2\"", "version: \"3\""));
    world.ok("person/lena", notify(&two));
    world.ok("person/lena", notify(&three));
    serve(&mut world, 1);
    world.ok("member/parley/ada", Command::AcceptTerms { notice: t(&world, 2), hash: three.hash });
    assert_eq!(version(&world), "3");
    world.pass_hours(24 * 60);
    assert_eq!(version(&world), "3");
    assert!(matches!(world.account().terms_notices[0].state, TermsNoticeState::Overtaken { .. }));
}

/// A case that is open when harsher terms begin to bind runs to its end under the milder ones: guards, periods, consents.
#[test]
fn the_old_terms_govern_the_cases_that_are_open_when_new_ones_bind() {
    let (mut world, two) = world();
    let open: CaseId = world.open_case("abuse");
    world.ok("person/lena", notify(&two));
    world.ok("member/parley/ada", Command::AcceptTerms { notice: t(&world, 1), hash: two.hash.clone() });
    assert_eq!(world.account().case(&open).unwrap().terms.as_ref().unwrap().version, "1");

    world.serve(&open, Starts::Both, "1.3", &["stop"]);
    // Under version 2 nothing would have to run. Under version 1 three days do, and two people consent.
    let early = world.refused("person/ines", propose(&open, "1.3", "environment/web", true));
    assert_eq!(early, [Guard::CureRun, Guard::NoticeRun, Guard::Approved]);
    world.pass_hours(24 * 3);
    world.ok("person/ines", propose(&open, "1.3", "environment/web", true));
    assert_eq!(world.measure(1).proposal.terms.version, "1");
    world.approve("omar", 1);
    assert_eq!(world.state_of(1), "proposed", "version 2 would be content with one consent");
    world.approve("lena", 1);
    world.fire_apply(1);
    assert_eq!(world.state_of(1), "applying");
    assert!(world.permit(&world.m(1)).is_ok(), "its permit rests on the terms of its case");

    // A case opened from now on is under the new ones.
    let next = world.open_case("debt");
    assert!(world.account().case(&next).unwrap().terms.is_none());
    world.serve(&next, Starts::Both, "1.3", &["pay"]);
    world.ok("person/ines", propose(&next, "1.3", "environment/batch", true));
    assert_eq!(world.measure(2).proposal.terms.version, "2");
    world.approve("omar", 2);
    assert_eq!(world.state_of(2), "scheduled");
}

#[test]
fn a_measure_in_force_stays_on_its_permit_when_other_terms_bind() {
    let (mut world, two) = world();
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.1", &["stop"]);
    world.pass_hours(48);
    world.ok("person/ines", propose(&case, "1.1", "workload/web/feed", true));
    world.approve("omar", 1);
    world.fire_apply(1);
    world.confirm(1);
    world.ok("person/lena", notify(&two));
    let accepted =
        world.ok("member/parley/ada", Command::AcceptTerms { notice: t(&world, 1), hash: two.hash });
    assert_eq!(types(&accepted), ["terms.accepted"]);
    assert!(world.permit(&world.m(1)).is_ok());
}
