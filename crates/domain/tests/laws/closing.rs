//! Law 7 at the end of an account: notice, termination, the time to fetch the data, three served reminders, and a
//! deletion by quorum that anything missing stops.

use jiff::SignedDuration;
use tenure_domain::account::closing::Lifecycle;
use tenure_domain::account::command::Starts;
use tenure_domain::account::legal::{AppealOutcome, OrderKind};
use tenure_domain::account::{Actor, Command, Context};
use tenure_domain::capability::Capability;
use tenure_domain::name::CaseId;
use tenure_domain::permit::DeletionPermit;
use tenure_domain::refusal::{Guard, Rejected};

use crate::measures::POWERS;
use crate::world::{World, blob, propose, types, words};

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n * 24)
}

/// An account whose termination under a power is in force, and nothing else has happened.
pub fn terminated(power: &str, ground: &str) -> (World, CaseId) {
    terminated_under(POWERS, power, ground)
}

fn terminated_under(terms: &str, power: &str, ground: &str) -> (World, CaseId) {
    let mut world = World::open(terms, "2021-01-04T17:00:00Z");
    let case = world.open_case(ground);
    world.serve(&case, Starts::Both, power, &["a"]);
    let ends = world.account().notices[0].notice_ends().unwrap();
    world.until(ends);
    world.ok("person/ines", propose(&case, power, "account", true));
    world.approve("omar", 1);
    if world.state_of(1) == "proposed" {
        world.approve("noa", 1);
    }
    world.until(world.now);
    for capability in [Capability::StorageWrite, Capability::Payments] {
        let measure = world.m(1);
        let command = Command::AcknowledgeEnforcement { measure, capability, withheld: true };
        world.ok("person/pay", command);
    }
    world.confirm(1);
    assert_eq!(world.state_of(1), "in_force");
    (world, case)
}

fn issue(world: &mut World, number: u8) {
    let command = Command::IssueRetrievalNotice { measure: world.m(1), number, why: words(), letter: blob() };
    world.ok("system/delivery", command);
}

fn acknowledge_newest(world: &mut World) {
    let notice = world.account().notices.last().unwrap().id.clone();
    world.ok("member/parley/ada", Command::AcknowledgeNotice { notice });
}

/// The notice and its reminders are issued when they are due and served at once.
fn retrieved(world: &mut World) {
    issue(world, 0);
    acknowledge_newest(world);
    for number in 1..=3 {
        let due =
            world.account().timers().into_iter().find(|t| t.key.to_string().starts_with("remind_retrieval_"));
        world.until(due.unwrap().due);
        issue(world, number);
        acknowledge_newest(world);
    }
}

fn propose_deletion() -> Command {
    Command::ProposeDeletion { why: words() }
}

fn hash(world: &World) -> String {
    world.account().lifecycle.closing().unwrap().deletion.as_ref().unwrap().command_hash.clone()
}

fn consent(world: &World) -> Command {
    Command::ConsentToDeletion { command_hash: hash(world) }
}

fn gone(environment: &str) -> Command {
    Command::ConfirmEnvironmentDeleted { environment: environment.parse().unwrap(), certificate: blob() }
}

fn permit(world: &World) -> Result<DeletionPermit, Vec<Guard>> {
    let actor: Actor = "system/eraser".parse().unwrap();
    let context = Context { now: world.now, actor: &actor, book: &world.book };
    world.account().deletion_permit(&context).map_err(|rejected| match rejected {
        Rejected::Refused(refusal) => refusal.guards.iter().map(|g| g.guard).collect(),
        other => panic!("{other:?}"),
    })
}

/// Everything that has to come before a deletion has come.
pub fn ready() -> World {
    let (mut world, _) = terminated("3.1", "abuse");
    retrieved(&mut world);
    let ends = world.account().lifecycle.closing().unwrap().retrieve.as_ref().unwrap().ends.at;
    world.until(ends);
    world
}

#[test]
fn a_termination_goes_its_whole_way() {
    let (mut world, _) = terminated("3.1", "abuse");
    assert_eq!(world.account().lifecycle.name(), "closing");
    let withheld = world.account().withheld(&"account".parse().unwrap());
    assert!(!withheld.contains(&Capability::StorageRead), "the data can be fetched");
    assert!(withheld.contains(&Capability::Compute));
    // The time to fetch the data runs from service, not from the effect.
    world.pass_hours(10 * 24);
    issue(&mut world, 0);
    world.pass_hours(5 * 24);
    assert!(world.account().lifecycle.closing().unwrap().retrieve.is_none());
    acknowledge_newest(&mut world);
    let served = world.now;
    let ends = world.account().lifecycle.closing().unwrap().retrieve.clone().unwrap().ends.at;
    assert!(ends >= served + days(45), "{ends}");
    issue(&mut world, 0);
    assert_eq!(world.account().notices.len(), 2, "it is issued once");
    for number in 1..=3_u8 {
        issue(&mut world, number);
        assert_eq!(world.account().notices.len(), 1 + usize::from(number), "not before it is due");
        let quarter = (ends - served).total(jiff::Unit::Second).unwrap() / 4.0;
        world.until(served + SignedDuration::from_secs_f64(quarter * f64::from(number) + 1.0));
        issue(&mut world, number);
        acknowledge_newest(&mut world);
    }
    world.until(ends - SignedDuration::from_micros(1));
    assert_eq!(world.refused("person/ines", propose_deletion()), [Guard::RetrievalRun, Guard::Approved]);
    world.until(ends);
    // Nothing that lapses deletes by itself.
    world.pass_hours(100 * 24);
    assert_eq!(world.account().lifecycle.name(), "closing");
    assert_eq!(permit(&world).unwrap_err(), [Guard::Approved]);
    world.ok("person/ines", propose_deletion());
    assert_eq!(world.refused("person/ines", consent(&world)), [Guard::AnotherPerson]);
    world.ok("person/omar", consent(&world));
    assert_eq!(world.refused("person/omar", consent(&world)), [Guard::AnotherPerson]);
    assert_eq!(permit(&world).unwrap_err(), [Guard::Approved]);
    let said = world.ok("person/noa", consent(&world));
    assert_eq!(types(&said), ["deletion.consented", "deletion.approved"]);
    let granted = permit(&world).unwrap();
    assert_eq!(granted.consents().len(), 2);
    assert_eq!(
        world.refused("person/ines", Command::ConfirmDeletion { certificate: blob() }),
        [Guard::AnotherPerson]
    );
    // Closed is what was observed: it is begun on the record, and every environment is seen to be gone first.
    let begin = Command::BeginDeletion { command_hash: hash(&world) };
    assert_eq!(world.refused("system/eraser", gone("web")), [Guard::InState]);
    world.ok("system/eraser", begin.clone());
    assert!(world.ok("system/eraser", begin).is_empty(), "it is begun once");
    let put = crate::world::put("feed", "registry.example/app:2");
    assert_eq!(world.refused("member/parley/ada", put), [Guard::InState]);
    for environment in ["web", "batch"] {
        let closed = Command::ConfirmDeletion { certificate: blob() };
        assert_eq!(world.refused("system/eraser", closed), [Guard::InState]);
        world.ok("system/eraser", gone(environment));
    }
    assert_eq!(world.account().deleted.len(), 2);
    world.ok("system/eraser", Command::ConfirmDeletion { certificate: blob() });
    assert!(matches!(world.account().lifecycle, Lifecycle::Closed { .. }));
    // It is over; what was can be read, and nothing is begun anew.
    assert_eq!(world.refused("person/ines", crate::world::open_case("abuse")), [Guard::InState]);
    assert!(permit(&world).is_err());
}

#[test]
fn law_07_each_thing_that_is_missing_stops_the_deletion() {
    let mut world = ready();
    let hold = Command::PlaceHold {
        scope: "workload/web/feed".parse().unwrap(),
        running_state: false,
        why: words(),
    };
    world.ok("person/lena", hold);
    assert_eq!(world.refused("person/ines", propose_deletion()), [Guard::NoHold, Guard::Approved]);
    world.ok("person/lena", Command::ReleaseHold { hold: world.h(1), why: words() });

    let (kind, scope) = (OrderKind::Preserve, "environment/web".parse().unwrap());
    world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    assert_eq!(world.refused("person/ines", propose_deletion()), [Guard::NoOrder, Guard::Approved]);
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });

    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(1), grounds: words() });
    assert_eq!(world.refused("person/ines", propose_deletion()), [Guard::NoOpenAppeal, Guard::Approved]);
    let decide = Command::DecideAppeal {
        appeal: world.a(1),
        outcome: AppealOutcome::Upheld,
        why: words(),
        reports: None,
    };
    world.ok("person/ruth", decide);

    // Approved is not deleted: what comes in between stops it too.
    world.ok("person/ines", propose_deletion());
    world.ok("person/omar", consent(&world));
    let hold = Command::PlaceHold { scope: "account".parse().unwrap(), running_state: false, why: words() };
    world.ok("person/lena", hold);
    assert_eq!(world.refused("person/noa", consent(&world)), [Guard::NoHold]);
    world.ok("person/lena", Command::ReleaseHold { hold: world.h(2), why: words() });
    world.ok("person/noa", consent(&world));
    let (kind, scope) = (OrderKind::Preserve, "account".parse().unwrap());
    world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    assert!(permit(&world).unwrap_err().contains(&Guard::NoOrder));
    let refused = world.refused("system/eraser", Command::ConfirmDeletion { certificate: blob() });
    assert!(refused.contains(&Guard::NoOrder), "{refused:?}");
    let begin = Command::BeginDeletion { command_hash: hash(&world) };
    assert_eq!(world.refused("system/eraser", begin), [Guard::NoOrder]);
}

#[test]
fn law_10_a_termination_that_is_stayed_begins_anew_with_the_whole_time_to_fetch_the_data() {
    let mut world = ready();
    world.ok("person/ines", propose_deletion());
    world.ok("person/omar", consent(&world));
    let (kind, scope) = (OrderKind::Stay, "account".parse().unwrap());
    world.ok("person/lena", Command::RecordOrder { kind, scope, authority: words(), document: blob() });
    assert!(world.account().lifecycle.is_active(), "nothing of it runs on meanwhile");
    world.ok("person/lena", Command::VacateOrder { order: world.o(1), why: words() });
    world.pass_hours(0);
    let closing = world.account().lifecycle.closing().unwrap();
    assert_eq!((closing.since, &closing.retrieve, &closing.deletion), (world.now, &None, &None));
    assert!(closing.reminders.is_empty());
    assert!(world.refused("person/ines", propose_deletion()).contains(&Guard::RetrievalRun));
}

#[test]
fn law_07_a_dispute_about_the_bill_behind_a_termination_stops_the_deletion() {
    let mut world = ready();
    let case = world.account().measure(&world.m(1)).unwrap().proposal.case.clone().unwrap();
    world.ok("person/ines", Command::PauseCase { case: case.clone(), why: words() });
    assert_eq!(world.refused("person/ines", propose_deletion()), [Guard::ClocksRun, Guard::Approved]);
    world.ok("person/ines", Command::ResumeCase { case, why: words() });
    world.ok("person/ines", propose_deletion());
}

#[test]
fn law_07_a_reminder_that_is_not_served_postpones_the_deletion() {
    let (mut world, _) = terminated("3.1", "abuse");
    issue(&mut world, 0);
    acknowledge_newest(&mut world);
    let ends = world.account().lifecycle.closing().unwrap().retrieve.as_ref().unwrap().ends.at;
    world.until(ends + days(30));
    let guards = world.refused("person/ines", propose_deletion());
    assert_eq!(guards.iter().filter(|g| **g == Guard::RemindersServed).count(), 3);
    for number in 1..=3 {
        issue(&mut world, number);
    }
    let guards = world.refused("person/ines", propose_deletion());
    assert_eq!(guards.iter().filter(|g| **g == Guard::RemindersServed).count(), 3, "issued is not served");
    for number in 3..=5 {
        let notice = world.n(number);
        world.ok("member/parley/ada", Command::AcknowledgeNotice { notice });
    }
    world.ok("person/ines", propose_deletion());
}

#[test]
fn a_power_that_the_terms_except_from_the_floor_promises_its_own_time_to_fetch_the_data() {
    let terms = POWERS
        .replace("retrieval: P45D", "retrieval: P3D")
        .replace("floors: {retrieval: P30D,", "floors: {retrieval: P30D, retrievalExcept: [\"3.1\"],");
    let (mut world, _) = terminated_under(&terms, "3.1", "abuse");
    issue(&mut world, 0);
    let told = world.now;
    acknowledge_newest(&mut world);
    let ends = world.account().lifecycle.closing().unwrap().retrieve.as_ref().unwrap().ends.at;
    assert_eq!(ends, told + days(3));
}

#[test]
fn law_11_a_date_that_is_not_there_deletes_nothing() {
    // The calendar does not know the days of the retrieval period: it never ends.
    let (mut world, _) = terminated("3.2", "bookless");
    world.until("2021-06-01T00:00:00Z".parse().unwrap());
    issue(&mut world, 0);
    acknowledge_newest(&mut world);
    assert!(world.account().lifecycle.closing().unwrap().retrieve.is_none());
    world.pass_hours(24 * 3650);
    let guards = world.refused("person/ines", propose_deletion());
    assert!(guards.contains(&Guard::RetrievalRun), "{guards:?}");

    // States whose dates are blank or cannot be right, however they came about.
    let world = ready();
    for blank in ["/lifecycle/retrieve", "/lifecycle/retrieval", "/lifecycle/floor", "/lifecycle/notice"] {
        let mut json = serde_json::to_value(world.account()).unwrap();
        *json.pointer_mut(blank).unwrap() = serde_json::Value::Null;
        assert_blocked(&world, json, blank);
    }
    for wrong in ["1970-01-01T00:00:00Z", "2021-02-10T00:00:00Z"] {
        let mut json = serde_json::to_value(world.account()).unwrap();
        json["lifecycle"]["retrieve"]["ends"]["at"] = wrong.into();
        assert_blocked(&world, json, wrong);
    }
}

fn assert_blocked(world: &World, json: serde_json::Value, what: &str) {
    let account: tenure_domain::account::Account = serde_json::from_value(json).unwrap();
    let actor: Actor = "system/eraser".parse().unwrap();
    let context = Context { now: world.now + days(10_000), actor: &actor, book: &world.book };
    let dates = |g: &tenure_domain::refusal::Unmet| g.guard == Guard::RetrievalRun;
    let blocked = account.why_not_deleted(&context).unwrap().iter().any(dates);
    // The notice by itself is no date: what it began is.
    assert_eq!(blocked, what != "/lifecycle/notice", "{what}");
}

#[test]
fn a_deletion_without_its_quorum_lapses_and_one_no_ends_it() {
    let mut world = ready();
    world.ok("person/ines", propose_deletion());
    world.ok("person/omar", consent(&world));
    let stale = hash(&world);
    world.pass_hours(24);
    assert!(world.account().lifecycle.closing().unwrap().deletion.is_none());
    let late = Command::ConsentToDeletion { command_hash: stale.clone() };
    assert_eq!(world.refused("person/noa", late), [Guard::InState]);
    world.ok("person/ines", propose_deletion());
    let late = Command::ConsentToDeletion { command_hash: stale };
    assert_eq!(world.refused("person/noa", late), [Guard::SameCommand], "consents do not pass over");
    let deny = Command::DenyDeletion { command_hash: hash(&world), why: words() };
    world.ok("person/ruth", deny);
    assert!(permit(&world).is_err());
}

#[test]
fn law_10_an_overturned_termination_opens_the_account_again() {
    let (mut world, case) = terminated("3.1", "abuse");
    world.ok("member/parley/ada", Command::FileAppeal { measure: world.m(1), grounds: words() });
    let decide = Command::DecideAppeal {
        appeal: world.a(1),
        outcome: AppealOutcome::Overturned,
        why: words(),
        reports: None,
    };
    let said = world.ok("person/ruth", decide);
    assert!(types(&said).contains(&"account.reopened".to_owned()), "{:?}", types(&said));
    assert!(world.account().lifecycle.is_active());
    assert!(world.account().case(&case).unwrap().is_closed());
    world.pass_hours(24 * 3650);
    assert_eq!(world.refused("person/ines", propose_deletion()), [Guard::InState]);
}
