//! Non-payment is a ground like any other: facts come in, and what they clear is cleared at once.

use proptest::prelude::*;
use tenure_domain::account::case::{CaseState, Outcome};
use tenure_domain::account::command::Starts;
use tenure_domain::account::cure::Verifier;
use tenure_domain::account::event::Asked;
use tenure_domain::account::event::Event;
use tenure_domain::account::invoice::InvoiceFacts;
use tenure_domain::account::outlook::What;
use tenure_domain::account::{Account, Command};
use tenure_domain::name::{CaseId, InvoiceId};
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::statement::Reasons;

use crate::world::{EXAMPLE, World, at, propose, reasons, types, words};

/// The account owes `inv-1` of 12,000 minor units since the end of 4 January in Los Angeles.
fn world() -> World {
    let mut world = World::open(EXAMPLE, "2021-01-05T20:00:00Z");
    say(&mut world, "inv-1", |_| {});
    world
}

fn facts(world: &World) -> InvoiceFacts {
    InvoiceFacts {
        amount: 12_000,
        currency: "USD".parse().unwrap(),
        due: "2021-01-04".parse().unwrap(),
        paid: 0,
        credited: 0,
        disputed: 0,
        as_of: world.now,
    }
}

fn record(world: &World, invoice: &str, change: impl Fn(&mut InvoiceFacts)) -> Command {
    let mut facts = facts(world);
    change(&mut facts);
    Command::RecordInvoice { invoice: invoice.parse().unwrap(), facts }
}

/// The billing system says where the invoice stands, a second after what it said before.
fn say(world: &mut World, invoice: &str, change: impl Fn(&mut InvoiceFacts)) -> Vec<String> {
    world.now += jiff::SignedDuration::from_secs(1);
    let command = record(world, invoice, change);
    types(&world.ok("person/billing", command))
}

fn asks(invoice: &str) -> Asked {
    let invoice: InvoiceId = invoice.parse().unwrap();
    Asked {
        id: "pay".parse().unwrap(),
        ask: words(),
        report: None,
        invoice: Some(invoice),
        verifier: Verifier::Review,
    }
}

fn notice(case: &CaseId, items: Vec<Asked>) -> Command {
    let power = "6.1".parse().unwrap();
    Command::IssueNotice {
        case: case.clone(),
        starts: Starts::Both,
        power,
        why: words(),
        items,
        // What is owed is on the record, and so is a fact of the notice without anybody bringing one along.
        reasons: Reasons { facts: Vec::new(), ..reasons() },
    }
}

/// A case whose notice for `inv-1` is served.
fn noticed() -> (World, CaseId) {
    let mut world = world();
    let case = world.open_case("non_payment");
    world.ok("person/ines", notice(&case, vec![asks("inv-1")]));
    world.ok("member/parley/ada", Command::AcknowledgeNotice { notice: world.n(1) });
    (world, case)
}

/// The same with a suspension that waits for its moment, or is in force.
fn suspended(in_force: bool) -> (World, CaseId) {
    let (mut world, case) = noticed();
    world.pass_hours(24 * 30);
    world.ok("person/ines", propose(&case, "6.1", "account", true));
    world.approve("omar", 1);
    world.approve("lena", 1);
    if in_force {
        world.fire_apply(1);
        world.confirm(1);
    }
    (world, case)
}

fn ends(world: &World) -> (jiff::Timestamp, jiff::Timestamp) {
    let notice = &world.account().notices[0];
    (notice.notice_ends().unwrap(), notice.cure_ends().unwrap())
}

#[test]
fn an_invoice_is_overdue_when_its_last_day_has_ended_where_the_terms_count() {
    let world = world();
    let invoice = world.account().invoices.values().next().unwrap();
    assert_eq!(invoice.overdue_from, at("2021-01-05T08:00:00Z"));
    assert_eq!(invoice.due(at("2021-01-05T07:59:59Z")), 0);
    assert_eq!(invoice.due(at("2021-01-05T08:00:00Z")), 12_000);
}

#[test]
fn non_payment_has_the_notices_periods_and_approvals_of_any_ground() {
    let (mut world, case) = noticed();
    let early = world.refused("person/ines", propose(&case, "6.1", "account", true));
    assert_eq!(early, [Guard::CureRun, Guard::NoticeRun, Guard::Approved]);
    world.pass_hours(24 * 30);
    world.ok("person/ines", propose(&case, "6.1", "account", true));
    world.approve("omar", 1);
    assert_eq!(world.state_of(1), "proposed");
}

#[test]
fn a_payment_in_part_neither_clears_nor_skips_nor_restarts() {
    let (mut world, case) = noticed();
    let before = ends(&world);
    let state = world.account().case(&case).unwrap().clone();
    for (day, paid) in [(3, 4_000), (7, 11_999)] {
        world.pass_hours(24 * day);
        assert_eq!(say(&mut world, "inv-1", |f| f.paid = paid), ["invoice.recorded"]);
        assert_eq!(world.account().case(&case).unwrap().items, state.items);
        assert_eq!(ends(&world), before);
    }
    assert!(matches!(world.account().case(&case).unwrap().state, CaseState::Notified { .. }));
    world.until(before.1);
    assert!(matches!(world.account().case(&case).unwrap().state, CaseState::Lapsed { .. }));
    // The part that is missing keeps the next stage open, and it is no later stage than before.
    world.ok("person/ines", propose(&case, "6.1", "account", true));
}

#[test]
fn when_nothing_is_due_any_more_all_of_it_ends_in_one_decision() {
    for in_force in [false, true] {
        for credit in [false, true] {
            let (mut world, case) = suspended(in_force);
            let ended =
                say(&mut world, "inv-1", |f| if credit { f.credited = 12_000 } else { f.paid = 12_000 });
            let last = if in_force { "measure.lifting" } else { "measure.withdrawn" };
            assert_eq!(ended, ["invoice.recorded", "cure.accepted", "case.closed", last]);
            let state = &world.account().case(&case).unwrap().state;
            assert!(matches!(state, CaseState::Closed { outcome: Outcome::Cured, .. }));
            assert!(world.permit(&world.m(1)).is_err());
        }
    }
}

#[test]
fn a_payment_and_a_credit_together_clear_what_neither_does_alone() {
    let (mut world, _) = suspended(true);
    assert_eq!(say(&mut world, "inv-1", |f| f.paid = 7_000), ["invoice.recorded"]);
    let ended = say(&mut world, "inv-1", |f| (f.paid, f.credited) = (7_000, 5_000));
    assert_eq!(ended.last().unwrap(), "measure.lifting");
}

#[test]
fn paying_one_of_two_invoices_clears_one_item_only() {
    let mut world = world();
    say(&mut world, "inv-2", |f| f.currency = "EUR".parse().unwrap());
    let case = world.open_case("non_payment");
    let second = Asked { id: "pay-2".parse().unwrap(), ..asks("inv-2") };
    world.ok("person/ines", notice(&case, vec![asks("inv-1"), second]));
    assert_eq!(say(&mut world, "inv-1", |f| f.paid = 12_000), ["invoice.recorded", "cure.accepted"]);
    assert!(!world.account().case(&case).unwrap().is_closed());
    let rest = say(&mut world, "inv-2", |f| (f.currency, f.paid) = ("EUR".parse().unwrap(), 12_000));
    assert_eq!(rest, ["invoice.recorded", "cure.accepted", "case.closed"]);
}

#[test]
fn an_item_that_names_no_invoice_is_met_when_nothing_at_all_is_due() {
    let mut world = world();
    say(&mut world, "inv-2", |_| {});
    let case = world.open_case("non_payment");
    let all = Asked { invoice: None, ..asks("inv-1") };
    world.ok("person/ines", notice(&case, vec![all]));
    assert_eq!(say(&mut world, "inv-1", |f| f.paid = 12_000), ["invoice.recorded"]);
    assert_eq!(say(&mut world, "inv-2", |f| f.paid = 12_000).last().unwrap(), "case.closed");
}

#[test]
fn a_case_that_asks_for_nothing_yet_ends_when_nothing_is_due() {
    let mut world = world();
    let case = world.open_case("non_payment");
    assert_eq!(say(&mut world, "inv-1", |f| f.paid = 12_000), ["invoice.recorded", "case.closed"]);
    assert!(world.account().case(&case).unwrap().is_closed());
}

#[test]
fn what_the_billing_system_never_told_of_is_not_paid_by_what_it_tells_of() {
    let mut world = World::open(EXAMPLE, "2021-01-05T20:00:00Z");
    let case = world.open_case("non_payment");
    let told = Command::IssueNotice {
        case: case.clone(),
        starts: Starts::Both,
        power: "6.1".parse().unwrap(),
        why: words(),
        items: vec![Asked { invoice: None, ..asks("inv-1") }],
        reasons: reasons(),
    };
    world.ok("person/ines", told);
    assert_eq!(say(&mut world, "inv-9", |f| f.paid = 12_000), ["invoice.recorded"]);
    assert!(!world.account().case(&case).unwrap().is_closed());
}

#[test]
fn payment_clears_nothing_of_another_ground() {
    let mut world = world();
    let case = world.open_case("incitement");
    assert_eq!(say(&mut world, "inv-1", |f| f.paid = 12_000), ["invoice.recorded"]);
    assert!(!world.account().case(&case).unwrap().is_closed());
}

/// Law 4: while it is disputed nothing goes on; afterwards exactly what was left is left.
#[test]
fn a_dispute_pauses_the_case_and_keeps_what_was_left_of_each_period() {
    let (mut world, case) = noticed();
    let (notice_ends, cure_ends) = ends(&world);
    world.pass_hours(24 * 5);
    assert_eq!(say(&mut world, "inv-1", |f| f.disputed = 3_000), ["invoice.recorded", "case.paused"]);
    let began = world.now;
    world.pass_hours(24 * 40);
    assert!(matches!(world.account().case(&case).unwrap().state, CaseState::Notified { .. }), "no stage");
    assert!(world.account().notices[0].reminded.is_empty(), "nothing is recalled that stands still");
    assert!(world.account().next_steps().iter().any(|s| s.what == What::DecideDispute(case.clone())));
    let refused = world.refused("person/ines", propose(&case, "6.1", "account", true));
    assert!(refused.contains(&Guard::Undisputed), "{refused:?}");
    assert_eq!(world.refused("person/ines", notice(&case, Vec::new())), [Guard::Undisputed]);

    assert_eq!(say(&mut world, "inv-1", |f| f.disputed = 0), ["invoice.recorded", "case.resumed"]);
    let pause = world.now.duration_since(began);
    assert_eq!(ends(&world), (notice_ends + pause, cure_ends + pause));
    world.until(cure_ends + pause - jiff::SignedDuration::from_micros(1));
    assert!(matches!(world.account().case(&case).unwrap().state, CaseState::Notified { .. }));
    world.until(cure_ends + pause);
    assert!(matches!(world.account().case(&case).unwrap().state, CaseState::Lapsed { .. }));
}

#[test]
fn a_dispute_takes_what_is_scheduled_off_and_what_is_in_force_stays() {
    let (mut world, _) = suspended(false);
    say(&mut world, "inv-1", |f| f.disputed = 12_000);
    // Nothing comes due while the clocks stand still: it keeps its moment, and has none.
    let applies = |world: &World| {
        let timers = world.account().timers();
        timers.iter().any(|t| matches!(t.key, tenure_domain::account::timer::TimerKey::Apply(_)))
    };
    assert!(!applies(&world));
    assert!(world.fire_apply(1).is_empty());
    assert_eq!(world.state_of(1), "scheduled");
    assert!(world.permit(&world.m(1)).is_err());
    let ended = say(&mut world, "inv-1", |_| {});
    assert_eq!(ended, ["invoice.recorded", "case.resumed"]);
    assert!(applies(&world));
    world.fire_apply(1);
    assert_eq!(world.state_of(1), "applying");

    let (mut world, _) = suspended(true);
    say(&mut world, "inv-1", |f| f.disputed = 12_000);
    assert_eq!(world.state_of(1), "in_force");
    assert!(world.permit(&world.m(1)).is_ok());
    // Decided for the account, the credit clears it.
    let ended = say(&mut world, "inv-1", |f| f.credited = 12_000);
    assert_eq!(
        ended,
        ["invoice.recorded", "case.resumed", "cure.accepted", "case.closed", "measure.lifting"]
    );
}

#[test]
fn a_case_opened_while_all_that_is_due_is_disputed_waits_and_one_that_has_more_goes_on_with_that() {
    let mut world = world();
    say(&mut world, "inv-1", |f| f.disputed = 12_000);
    let case = world.open_case("non_payment");
    assert!(world.account().case(&case).unwrap().disputed_since().is_some());
    assert_eq!(world.refused("person/ines", notice(&case, vec![asks("inv-1")])), [Guard::Undisputed]);
    assert_eq!(say(&mut world, "inv-2", |_| {}), ["invoice.recorded", "case.resumed"]);
    assert_eq!(world.refused("person/ines", notice(&case, vec![asks("inv-1")])), [Guard::Undisputed]);
    world.ok("person/ines", notice(&case, vec![asks("inv-2")]));
    assert!(world.account().case(&case).unwrap().disputed_since().is_none());
}

#[test]
fn nobody_consents_while_it_is_disputed() {
    let (mut world, case) = noticed();
    world.pass_hours(24 * 30);
    world.ok("person/ines", propose(&case, "6.1", "account", true));
    say(&mut world, "inv-1", |f| f.disputed = 1);
    let approve = Command::ApproveMeasure { measure: world.m(1), command_hash: world.hash(1) };
    assert_eq!(world.refused("person/omar", approve), [Guard::Undisputed]);
}

#[test]
fn a_notice_asks_only_for_what_is_due_and_not_disputed() {
    let mut world = world();
    let case = world.open_case("non_payment");
    say(&mut world, "later", |f| f.due = "2021-02-01".parse().unwrap());
    say(&mut world, "paid", |f| f.paid = 12_000);
    say(&mut world, "disputed", |f| f.disputed = 1);
    assert_eq!(world.refused("person/ines", notice(&case, vec![asks("later")])), [Guard::PaymentDue]);
    assert_eq!(world.refused("person/ines", notice(&case, vec![asks("paid")])), [Guard::PaymentDue]);
    assert_eq!(world.refused("person/ines", notice(&case, vec![asks("disputed")])), [Guard::Undisputed]);
    let unknown = world.run(&"person/ines".parse().unwrap(), notice(&case, vec![asks("no-such")]));
    assert!(matches!(unknown, Err(Rejected::NotFound { .. })), "{unknown:?}");
    // More time given is time in which nothing is due.
    world.ok("person/ines", notice(&case, vec![asks("inv-1")]));
    let given = say(&mut world, "inv-1", |f| f.due = "2021-03-01".parse().unwrap());
    assert_eq!(given, ["invoice.recorded", "cure.accepted", "case.closed"]);
}

#[test]
fn what_the_billing_system_said_later_counts_and_amounts_are_not_rewritten() {
    let mut world = world();
    let stale = record(&world, "inv-1", |f| f.paid = 1);
    let same = record(&world, "inv-1", |_| {});
    assert!(world.ok("person/billing", same).is_empty(), "said twice is said once");
    assert_eq!(world.refused("person/billing", stale), [Guard::InState]);
    world.pass_hours(1);
    let all = record(&world, "inv-1", |f| {
        f.amount = 13_000;
        f.due = "2021-01-03".parse().unwrap();
    });
    assert_eq!(world.refused("person/billing", all), [Guard::InState, Guard::InState]);
    let euro = record(&world, "inv-1", |f| f.currency = "EUR".parse().unwrap());
    assert_eq!(world.refused("person/billing", euro), [Guard::InState]);
    for (change, pointer) in [
        (Box::new(|f: &mut InvoiceFacts| f.amount = 0) as Box<dyn Fn(&mut InvoiceFacts)>, "/amount"),
        (Box::new(|f| f.amount = u64::MAX), "/amount"),
        (Box::new(|f| f.paid = u64::MAX), "/paid"),
        (Box::new(|f| f.disputed = 12_001), "/disputed"),
        (Box::new(|f| (f.paid, f.disputed) = (11_000, 1_001)), "/disputed"),
        (Box::new(|f| f.as_of += jiff::SignedDuration::from_secs(1)), "/asOf"),
        (Box::new(|f| f.due = jiff::civil::Date::MAX), "/due"),
    ] {
        let wrong = world.run(&"person/billing".parse().unwrap(), record(&world, "new", change));
        assert!(matches!(&wrong, Err(Rejected::Invalid { pointer: at, .. }) if at == pointer), "{wrong:?}");
    }
    let member = record(&world, "inv-1", |f| f.paid = 12_000);
    assert_eq!(world.refused("member/parley/ada", member), [Guard::AnotherPerson]);
}

#[test]
fn a_payment_that_bounces_opens_nothing_again_and_counts_for_the_next_case() {
    let (mut world, case) = noticed();
    say(&mut world, "inv-1", |f| f.paid = 12_000);
    assert!(world.account().case(&case).unwrap().is_closed());
    assert_eq!(say(&mut world, "inv-1", |f| f.paid = 0), ["invoice.recorded"]);
    let next = world.open_case("non_payment");
    world.ok("person/ines", notice(&next, vec![asks("inv-1")]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever the billing system says, in whatever order: the cure period lasts 30 days without the time of disputes, no
    /// stage is gone through while one runs, and the case ends with the fact after which nothing is due and not before.
    #[test]
    fn law_04_no_sequence_of_facts_skips_or_restarts_anything(
        facts in proptest::collection::vec((1_i64..200, 0_u64..=3, 0_u64..=3, any::<bool>()), 1..14)
    ) {
        let (mut world, case) = noticed();
        let (notice_ends, cure_ends) = ends(&world);
        let (mut paused, mut since) = (jiff::SignedDuration::ZERO, None);
        for (hours, paid, credited, disputes) in facts {
            let before = world.events.len();
            world.pass_hours(hours);
            if since.is_some() {
                let fired = types(&world.events[before..]);
                prop_assert!(fired.is_empty(), "{:?} while it is disputed", fired);
            }
            let (paid, credited) = (paid * 3_000, credited * 2_000);
            let rest = 12_000_u64.saturating_sub(paid + credited);
            let disputed = if disputes { rest.min(500) } else { 0 };
            say(&mut world, "inv-1", |f| (f.paid, f.credited, f.disputed) = (paid, credited, disputed));
            world.until(world.now);
            let kept: Account = serde_json::from_str(&serde_json::to_string(world.account()).unwrap()).unwrap();
            prop_assert_eq!(&kept, world.account());
            let state = world.account().case(&case).unwrap().state.clone();
            prop_assert_eq!(matches!(state, CaseState::Closed { .. }), rest == 0);
            if rest == 0 {
                break;
            }
            match (since, disputed > 0) {
                (None, true) => since = Some(world.now),
                (Some(began), false) => {
                    // What had ended before the dispute does not end again.
                    if began < cure_ends + paused {
                        paused += world.now.duration_since(began);
                    }
                    since = None;
                }
                _ => {}
            }
            if since.is_none() {
                prop_assert_eq!(ends(&world).1, cure_ends + paused);
                prop_assert!(ends(&world).0 >= notice_ends);
                let over = world.now >= cure_ends + paused;
                prop_assert_eq!(matches!(state, CaseState::Lapsed { .. }), over);
            }
        }
        let lapses = world.events.iter().filter(|r| matches!(r.event, Event::CaseLapsed { .. })).count();
        prop_assert!(lapses <= 1);
    }
}
