//! Who says that another system withholds something, and what other systems are told: also while a gag stands.

use std::sync::Arc;

use tenure_domain::account::command::Starts;
use tenure_domain::account::told::Message;
use tenure_domain::account::{Account, Actor, Command, Context};
use tenure_domain::book::{Event as Entered, State};
use tenure_domain::capability::Capability;
use tenure_domain::name::{MeasureId, WebhookId};
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::webhook::{Endpoint, MessageKind};

use crate::measures::POWERS;
use crate::orders::gag;
use crate::world::{World, at, issue, propose, types, words};

const SAYS: [MessageKind; 4] = MessageKind::ALL;

fn endpoint(enforces: &[Capability], principal: Option<&str>) -> Endpoint {
    Endpoint {
        url: "https://pay.example/tenure".into(),
        events: SAYS.into(),
        enforces: enforces.iter().copied().collect(),
        principal: principal.map(|p| p.parse().unwrap()),
        enabled: true,
        keys: Vec::new(),
    }
}

fn pay() -> WebhookId {
    "pay".parse().unwrap()
}

/// An endpoint for payments, for which somebody speaks.
pub fn pays_for(person: &str) -> Endpoint {
    endpoint(&[Capability::Payments], Some(person))
}

/// Puts an endpoint into the book; who speaks for it holds the role.
pub fn register(world: &mut World, name: &str, endpoint: Endpoint) {
    if let Some(person) = &endpoint.principal {
        world.book.set_roles(person.clone(), ["enforcer".to_owned()].into());
    }
    world.book.set_webhook(name.parse().unwrap(), Some(Arc::new(endpoint)));
}

/// A world in which `pay` enforces payments, with `penny` speaking for it; `disk` enforces writing, `dora` for it.
fn world() -> World {
    let mut world = World::open(POWERS, "2021-01-04T17:00:00Z");
    world.book.set_roles("eve".parse().unwrap(), ["enforcer".to_owned()].into());
    register(&mut world, "pay", pays_for("penny"));
    register(&mut world, "disk", endpoint(&[Capability::StorageWrite], Some("dora")));
    world
}

fn says(measure: &MeasureId, capability: Capability, withheld: bool) -> Command {
    Command::AcknowledgeEnforcement { measure: measure.clone(), capability, withheld }
}

fn answers(measure: &MeasureId, withheld: bool) -> Command {
    Command::AcknowledgeByWebhook { measure: measure.clone(), webhook: pay(), withheld }
}

fn proposed(world: &mut World) -> MeasureId {
    let case = world.open_case("fraud");
    world.serve(&case, Starts::Both, "2.4", &["a"]);
    world.ok("person/ines", propose(&case, "2.4", "account", false));
    world.m(1)
}

/// Payments are withheld from the account; nobody has said so yet.
fn withheld(world: &mut World) -> MeasureId {
    let measure = proposed(world);
    world.approve("omar", 1);
    world.until(world.now);
    measure
}

/// What an endpoint is told of everything since the world was as it is given.
fn told(before: &World, world: &World, endpoint: &Endpoint) -> Vec<Message> {
    let since = before.events.len();
    Account::messages(before.state.as_ref(), world.account(), &world.events[since..], endpoint)
}

fn kinds(messages: &[Message]) -> Vec<MessageKind> {
    messages.iter().map(|message| message.kind).collect()
}

fn set(world: &World, actor: &str, name: &str, endpoint: Endpoint) -> Result<usize, Rejected> {
    let actor: Actor = actor.parse().unwrap();
    let context = Context { now: world.now, actor: &actor, book: &world.book };
    let event = Entered::WebhookSet { webhook: name.parse().unwrap(), endpoint };
    State::decide(None, event, &context).map(|events| events.len())
}

#[test]
fn law_13_only_whoever_speaks_for_its_endpoint_says_that_a_capability_is_withheld() {
    let mut world = world();
    let measure = withheld(&mut world);
    // Another enforcer, also one who speaks for another endpoint, says nothing about payments.
    for other in ["person/eve", "person/dora"] {
        assert_eq!(world.refused(other, says(&measure, Capability::Payments, true)), [Guard::Enforces]);
    }
    let events = world.ok("person/penny", says(&measure, Capability::Payments, true));
    assert_eq!(types(&events), ["enforcer.acknowledged"]);

    // Without an endpoint for it, whoever holds the role says so, as before there were endpoints; but not who speaks for
    // an endpoint that enforces something else.
    world.book.set_webhook(pay(), None);
    world.ok("person/ines", Command::LiftMeasure { measure: measure.clone(), why: words() });
    assert_eq!(world.refused("person/dora", says(&measure, Capability::Payments, false)), [Guard::Enforces]);
    world.ok("person/eve", says(&measure, Capability::Payments, false));
    world.restored(1);
    assert_eq!(world.state_of(1), "lifted");
}

#[test]
fn an_answer_to_a_message_acknowledges_in_the_name_of_who_speaks_for_the_endpoint() {
    let mut world = world();
    let measure = withheld(&mut world);
    world.confirm(1);
    let by_person = world.run(&"person/penny".parse().unwrap(), answers(&measure, true));
    assert!(matches!(by_person, Err(Rejected::Refused(_))), "{by_person:?}");
    assert_eq!(world.refused("system/delivery", answers(&measure, false)), [Guard::InState]);
    let events = world.ok("system/delivery", answers(&measure, true));
    assert_eq!(types(&events), ["enforcer.acknowledged", "measure.in_force"]);
    let kept = &world.measure(1).watch.acknowledged[&Capability::Payments];
    assert_eq!(kept.by.as_str(), "penny");
    let body = serde_json::to_value(&events[0].event).unwrap();
    assert_eq!((&body["body"]["via"], &body["body"]["by"]), (&"pay".into(), &"penny".into()));
    assert!(world.ok("system/delivery", answers(&measure, true)).is_empty(), "heard twice is done once");

    // Who lost the role speaks for nothing any more.
    world.ok("person/ines", Command::LiftMeasure { measure: measure.clone(), why: words() });
    world.restored(1);
    world.book.set_roles("penny".parse().unwrap(), [].into());
    assert_eq!(world.refused("system/delivery", answers(&measure, false)), [Guard::Enforces]);
    world.book.set_roles("penny".parse().unwrap(), ["enforcer".to_owned()].into());
    world.ok("system/delivery", answers(&measure, false));
    assert_eq!(world.state_of(1), "lifted");
}

#[test]
fn what_an_earlier_version_recorded_of_an_acknowledgement_is_read() {
    let old = r#"{"type":"enforcer.acknowledged","body":{"measure":"parley.m1","capability":"payments","by":"pay","withheld":true}}"#;
    let event: tenure_domain::account::Event = serde_json::from_str(old).unwrap();
    assert_eq!(serde_json::to_string(&event).unwrap(), old, "and written as it was");
}

#[test]
fn a_system_is_told_of_what_it_enforces_when_it_takes_effect_and_when_it_is_given_back() {
    let mut world = world();
    proposed(&mut world);
    let (pays, stores, reads) = (
        endpoint(&[Capability::Payments], Some("penny")),
        endpoint(&[Capability::StorageWrite], Some("dora")),
        endpoint(&[], None),
    );
    let before = world.clone();
    world.approve("omar", 1);
    world.until(world.now);
    let messages = told(&before, &world, &pays);
    assert_eq!(kinds(&messages), [MessageKind::MeasureApplied, MessageKind::StandingChanged]);
    assert_eq!(messages[0].acknowledge, [Capability::Payments].into());
    assert_eq!(kinds(&told(&before, &world, &stores)), [MessageKind::StandingChanged]);
    // Who enforces nothing is told, and asked for nothing.
    let messages = told(&before, &world, &reads);
    assert_eq!(kinds(&messages), [MessageKind::MeasureApplied, MessageKind::StandingChanged]);
    assert!(messages[0].acknowledge.is_empty());
    // Only what it subscribed to.
    let few = Endpoint { events: [MessageKind::NoticeIssued].into(), ..reads };
    assert!(told(&before, &world, &few).is_empty());

    let before = world.clone();
    world.ok("person/ines", Command::LiftMeasure { measure: world.m(1), why: words() });
    assert_eq!(
        kinds(&told(&before, &world, &pays)),
        [MessageKind::MeasureLifted, MessageKind::StandingChanged]
    );
}

#[test]
fn what_stood_before_an_endpoint_was_there_it_is_told_when_it_begins() {
    let mut world = world();
    let measure = withheld(&mut world);
    let (pays, stores) =
        (endpoint(&[Capability::Payments], None), endpoint(&[Capability::StorageWrite], None));
    let messages = world.account().standing_messages(&pays);
    assert_eq!(kinds(&messages), [MessageKind::MeasureApplied]);
    assert_eq!(messages[0].measure.as_ref(), Some(&measure));
    assert!(world.account().standing_messages(&stores).is_empty());
    world.ok("person/penny", says(&measure, Capability::Payments, true));
    assert!(world.account().standing_messages(&pays).is_empty(), "it has said so");
}

#[test]
fn under_a_gag_only_who_enforces_is_told_and_the_others_when_it_has_ended() {
    let mut world = world();
    proposed(&mut world);
    world.ok("person/lena", gag(&world, "account", 30));
    let (pays, reads) = (endpoint(&[Capability::Payments], None), endpoint(&[], None));
    let stores = endpoint(&[Capability::StorageWrite], None);
    let before = world.clone();
    world.approve("omar", 1);
    world.until(world.now);
    // It is withheld all the same, so who withholds it is told; nobody else learns that anything happened.
    let messages = told(&before, &world, &pays);
    assert_eq!(kinds(&messages), [MessageKind::MeasureApplied, MessageKind::StandingChanged]);
    for other in [&reads, &stores] {
        assert!(told(&before, &world, other).is_empty());
    }
    let measure = world.m(1);
    world.confirm(1);
    world.ok("system/delivery", answers(&measure, true));
    assert_eq!(world.state_of(1), "in_force");
    let leak = world.open_case("leak");
    world.ok("person/ines", issue(&leak, Starts::Both, "2.5", &["b"]));
    assert!(world.account().notices.last().unwrap().delayed.is_some());
    assert!(told(&before, &world, &reads).is_empty(), "nor when it is in force, nor of the notice");

    // The gag ends: the others are told of what is then the case, notices that waited too.
    let before = world.clone();
    world.until(world.now + jiff::SignedDuration::from_hours(31 * 24));
    let messages = kinds(&told(&before, &world, &reads));
    assert_eq!(messages[..2], [MessageKind::MeasureApplied, MessageKind::StandingChanged]);
    assert!(messages.contains(&MessageKind::NoticeIssued), "{messages:?}");
    let messages = kinds(&told(&before, &world, &pays));
    assert!(!messages.contains(&MessageKind::MeasureApplied), "it was told: {messages:?}");
}

#[test]
fn a_gag_that_begins_later_tells_nobody_that_anything_was_given_back() {
    let mut world = world();
    let measure = withheld(&mut world);
    let reads = endpoint(&[], None);
    let before = world.clone();
    world.ok("person/lena", gag(&world, "account", 30));
    assert!(told(&before, &world, &reads).is_empty());
    let before = world.clone();
    world.ok("person/ines", Command::LiftMeasure { measure, why: words() });
    assert!(told(&before, &world, &reads).is_empty());
    let before = world.clone();
    world.until(world.now + jiff::SignedDuration::from_hours(31 * 24));
    assert_eq!(kinds(&told(&before, &world, &reads))[0], MessageKind::MeasureLifted);
}

#[test]
fn an_endpoint_is_registered_with_what_it_needs_and_takes_nothing_from_another() {
    let world = world();
    let good = || endpoint(&[], None);
    assert_eq!(set(&world, "person/ada", "crm", good()).unwrap(), 1);
    let invalid = |endpoint: Endpoint| match set(&world, "person/ada", "crm", endpoint) {
        Err(Rejected::Invalid { pointer, .. }) => pointer,
        other => panic!("{other:?}"),
    };
    assert_eq!(invalid(Endpoint { url: String::new(), ..good() }), "/url");
    assert_eq!(invalid(Endpoint { url: format!("https://a/{}", "x".repeat(2_048)), ..good() }), "/url");
    assert_eq!(invalid(Endpoint { url: "https://a/ b".into(), ..good() }), "/url");
    assert_eq!(invalid(Endpoint { events: [].into(), ..good() }), "/events");
    assert_eq!(invalid(Endpoint { events: [MessageKind::Ping].into(), ..good() }), "/events");
    assert_eq!(invalid(endpoint(&[Capability::Compute], Some("eve"))), "/enforces");
    assert_eq!(invalid(endpoint(&[Capability::StorageRead], Some("eve"))), "/enforces");
    assert_eq!(invalid(endpoint(&[Capability::Payments], None)), "/principal");
    let deaf = Endpoint {
        events: [MessageKind::MeasureApplied].into(),
        ..endpoint(&[Capability::Payments], Some("eve"))
    };
    assert_eq!(invalid(deaf), "/events");

    let refused = |actor: &str, endpoint: Endpoint| match set(&world, actor, "crm", endpoint) {
        Err(Rejected::Refused(refusal)) => refusal.guards.iter().map(|g| g.guard).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("person/ada", endpoint(&[Capability::Payments], Some("eve"))), [Guard::NameFree]);
    assert_eq!(refused("person/ada", endpoint(&[], Some("nobody"))), [Guard::Known]);
    assert_eq!(refused("member/parley/ada", good()), [Guard::AnotherPerson]);
    assert_eq!(refused("system/delivery", good()), [Guard::AnotherPerson]);
}

#[test]
fn keys_overlap_for_as_long_as_was_said_and_no_longer() {
    let moment = |hour: u32| at(&format!("2021-01-04T{hour:02}:00:00Z"));
    let names =
        |endpoint: &Endpoint, hour| endpoint.keys_at(moment(hour)).map(|k| k.id.clone()).collect::<Vec<_>>();
    let first = endpoint(&[], None).with_key("a".into(), moment(1), moment(1));
    assert_eq!(names(&first, 23), ["a"]);
    let second = first.with_key("b".into(), moment(2), moment(6));
    assert_eq!((names(&second, 5), names(&second, 6)), (vec!["b".to_owned(), "a".into()], vec!["b".into()]));
    // A later overlap makes an earlier one no longer.
    let third = second.with_key("c".into(), moment(3), moment(9));
    assert_eq!(names(&third, 5), ["c", "b", "a"]);
    assert_eq!(names(&third, 6), ["c", "b"]);
    // A secret that is known to others signs no more from this very moment.
    let fourth = third.with_key("d".into(), moment(4), moment(4));
    assert_eq!(names(&fourth, 4), ["d"]);
    assert_eq!(fourth.keys.len(), 1);
}
