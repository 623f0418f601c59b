//! Law 1, of notices: what is announced or done rests on facts, on a clause of the accepted terms, and on reasons that
//! are this case's own; and every act that the account has to know of has a notice of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use tenure_domain::account::command::Starts;
use tenure_domain::account::event::Event;
use tenure_domain::account::legal::AppealOutcome;
use tenure_domain::account::notice::NoticeKind;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{Account, Actor, Command, Context, Recorded};
use tenure_domain::capability::{Capability, Preset};
use tenure_domain::refusal::{Guard, Rejected};
use tenure_domain::scope::Scope;
use tenure_domain::statement::{Automated, Data, Fact, Lasts, Reasons, Source, Statement, Stationery, Tried};
use tenure_domain::terms::Channel;

use crate::world::{HOUSE, World, emergency, fact, issue, propose, reasons, types, words};

const SCHEMA: &str = include_str!("transparency.schema.json");

/// The house's terms with the words of one clause.
fn printed() -> String {
    let text = "text: \"We may cut what breaks the law off the network.\", permits: isolate, scopes: [workload, environment], grounds: [abuse], notice";
    let printed =
        HOUSE.replace("permits: isolate, scopes: [workload, environment], grounds: [abuse], notice", text);
    assert_ne!(printed, HOUSE);
    printed
}

fn open() -> World {
    World::open(&printed(), "2021-03-09T20:00:00Z")
}

/// What a command gives, with the statements of its notices.
fn say(world: &World, actor: &str, command: Command) -> Result<(Vec<Recorded>, Vec<Statement>), Rejected> {
    let actor: Actor = actor.parse().unwrap();
    let context = Context { now: world.now, actor: &actor, book: &world.book };
    Account::decide_and_say(&world.id, world.state.as_ref(), command, &context)
}

fn stated(world: &World, actor: &str, command: Command) -> Statement {
    let (_, mut said) = say(world, actor, command).unwrap();
    assert_eq!(said.len(), 1);
    said.remove(0)
}

fn with(reasons: Reasons, command: Command) -> Command {
    let mut command = command;
    *command.reasons_mut().unwrap() = reasons;
    command
}

fn details(rejected: Rejected) -> Vec<(Guard, String)> {
    match rejected {
        Rejected::Refused(refusal) => refusal.guards.into_iter().map(|g| (g.guard, g.detail)).collect(),
        other => panic!("{other:?}"),
    }
}

/// Brings the case's measure under power 1.2 to its effect.
fn in_effect(world: &mut World) {
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.2", &["post"]);
    world.pass_hours(7 * 24);
    world.ok("person/ines", propose(&case, "1.2", "workload/web/feed", true));
    world.approve("omar", 1);
    world.fire_apply(1);
    assert_eq!(world.state_of(1), "applying");
}

/// Issues the notice that the last event of the account called for, as the engine does.
fn clerk(world: &mut World, reasons: Reasons) -> Statement {
    let (event, kind) = called(world).pop().unwrap();
    let command = Command::IssueCalled { event, kind, reasons };
    let statement = stated(world, "system/clerk", command.clone());
    world.ok("system/clerk", command);
    statement
}

/// The events that call for a notice, and for which.
fn called(world: &World) -> Vec<(u64, NoticeKind)> {
    let all = (1..).zip(&world.events);
    all.filter_map(|(n, recorded)| Some((n, world.account().called_for(recorded)?))).collect()
}

#[test]
fn law_01_a_notice_names_everything_that_its_statement_lacks_at_once() {
    let mut world = open();
    let case = world.open_case("abuse");
    let none = |id: &str| Fact { id: id.to_owned(), at: None, locator: "  ".to_owned(), ..fact() };
    let later = Fact {
        id: "parley.r2".to_owned(),
        at: Some(world.now + jiff::SignedDuration::from_hours(1)),
        ..fact()
    };
    let bad = Reasons {
        why: "You have VIOLATED our terms-of-service!".to_owned(),
        facts: vec![none(""), fact(), none("parley.r9"), later, fact()],
        ..Reasons::default()
    };
    let command = with(bad.clone(), issue(&case, Starts::Both, "9.9", &["post"]));
    let found = details(say(&world, "person/ines", command).unwrap_err());
    let told: Vec<&str> = found.iter().map(|(_, detail)| detail.as_str()).collect();
    for expected in [
        "grant no power 9.9 on the ground abuse",
        "fact 1 lacks id, date, locator",
        "parley.r9 lacks date, locator",
        "parley.r2 is dated",
        "parley.r1 is named twice",
        "the reasons are the template \"You have violated our terms of service\"",
    ] {
        assert!(told.iter().any(|t| t.contains(expected)), "{expected} in {told:#?}");
    }
    assert_eq!(found.len(), 6, "{told:#?}");
    assert!(found.iter().all(|(guard, _)| guard.law().is_some()));
    // The same of an emergency measure, whose notice comes with it.
    let threat = world.open_case("threat");
    let command = with(bad, emergency(&threat, "1.4", "workload/web/feed"));
    let found = details(say(&world, "person/ines", command).unwrap_err());
    assert!(found.iter().filter(|(g, _)| *g == Guard::FactsComplete).count() >= 4, "{found:#?}");
    assert!(found.iter().any(|(g, _)| *g == Guard::ReasonsGiven), "{found:#?}");
}

#[test]
fn law_01_no_notice_accuses_without_a_fact() {
    let mut world = open();
    let case = world.open_case("abuse");
    for starts in [Starts::Cure, Starts::Notice, Starts::Both] {
        world.ok(
            "person/ines",
            issue(&case, Starts::Cure, "1.2", &[&format!("i{}", world.account().version)]),
        );
        let bare = Reasons { facts: Vec::new(), ..reasons() };
        let refused = world.refused("person/ines", with(bare, issue(&case, starts, "1.2", &[])));
        assert_eq!(refused, [Guard::FactsComplete]);
    }
}

#[test]
fn law_01_templates_of_the_house_and_quotations_of_the_clause_are_no_reasons() {
    let mut world = open();
    let templates = ["Your {thing} was reported to us.".to_owned()];
    world.book.set_stationery(Arc::new(Stationery::new(vec!["abuse@house.example".to_owned()], &templates)));
    let case = world.open_case("abuse");
    for why in
        ["your WEB SITE was reported; to us", "We may cut what breaks the law off the network", "see ToS", ""]
    {
        let said = Reasons { why: why.to_owned(), ..reasons() };
        let refused = world.refused("person/ines", with(said, issue(&case, Starts::Both, "1.2", &["post"])));
        assert_eq!(refused, [Guard::ReasonsGiven], "{why}");
    }
    let statement = stated(&world, "person/ines", issue(&case, Starts::Both, "1.2", &["post"]));
    assert_eq!(statement.contacts, ["abuse@house.example"]);
}

#[test]
fn a_statement_quotes_the_accepted_clause_and_is_named_by_its_notice() {
    let mut world = open();
    let case = world.open_case("abuse");
    let mut said = reasons();
    said.asks.insert("post".parse().unwrap(), "Take the post down".to_owned());
    let command = with(said, issue(&case, Starts::Both, "1.2", &["post"]));
    let statement = stated(&world, "person/ines", command.clone());
    assert_eq!(statement.clause.text.as_deref(), Some("We may cut what breaks the law off the network."));
    assert_eq!(statement.clause.terms, world.account().terms);
    assert!(matches!(statement.lasts, Lasts::NotBefore { notice: Some(_), cure: Some(_) }));
    assert_eq!(statement.cure.items[0].ask.as_deref(), Some("Take the post down"));
    assert_eq!(statement.data, Data::Untouched);
    assert_eq!(statement.automation.decision, Automated::Not);
    world.ok("person/ines", command);
    let notice = &world.account().notices[0];
    assert_eq!(notice.statement.as_ref(), Some(&statement.blob()));
    let read: Statement = serde_json::from_slice(&statement.bytes()).unwrap();
    assert_eq!(read, statement);

    // A clause that is quoted otherwise than the accepted terms print it is found, whoever compiled it.
    let actor: Actor = "person/ines".parse().unwrap();
    let context = Context { now: world.now, actor: &actor, book: &world.book };
    assert!(statement.findings(&context).unwrap().is_empty());
    let mut other = statement.clone();
    other.clause.text = Some("We may do as we please.".to_owned());
    let mut elsewhere = statement;
    elsewhere.clause.id = "9.9".parse().unwrap();
    for changed in [other, elsewhere] {
        let found = changed.findings(&context).unwrap();
        assert_eq!(found.iter().map(|u| u.guard).collect::<Vec<_>>(), [Guard::PowerInAcceptedTerms]);
    }
}

#[test]
fn what_rules_found_is_a_fact_and_told_as_automated() {
    let mut world = open();
    let rule: Command =
        Command::OpenCase { ground: "abuse".parse().unwrap(), why: words(), reports: Vec::new() };
    world.ok("rule/many-reports", rule);
    let case = world.c(1);
    let bare = Reasons { facts: Vec::new(), ..reasons() };
    let statement =
        stated(&world, "rule/many-reports", with(bare, issue(&case, Starts::Cure, "1.2", &["post"])));
    assert_eq!(statement.facts.iter().map(|f| f.source).collect::<Vec<_>>(), [Source::Rule]);
    assert!(statement.automation.detection);
    assert_eq!(statement.automation.decision, Automated::Fully);
    assert_eq!(statement.automation.rule.unwrap().as_str(), "many-reports");
}

#[test]
fn a_measure_in_effect_a_lift_and_an_appeal_call_for_one_notice_each() {
    let mut world = open();
    in_effect(&mut world);
    let applied = clerk(&mut world, reasons());
    assert_eq!(applied.kind, NoticeKind::Suspension { measure: world.m(1) });
    assert!(matches!(applied.lasts, Lasts::UntilCleared { since } if since == world.now));
    let sources: BTreeSet<Source> = applied.facts.iter().map(|f| f.source).collect();
    assert_eq!(sources, BTreeSet::from([Source::Report, Source::Notice]), "the served notice is a fact too");
    assert!(matches!(applied.tried.as_slice(), [Tried::Notice { .. }]));
    world.confirm(1);
    assert_eq!(called(&world).len(), 1, "that it was observed in force says nothing new");

    let appeal = Command::FileAppeal { measure: world.m(1), grounds: words() };
    world.ok("member/parley/ada", appeal);
    let appeal = world.a(1);
    world.ok(
        "person/ruth",
        Command::DecideAppeal {
            appeal: appeal.clone(),
            outcome: AppealOutcome::Upheld,
            why: words(),
            reports: None,
        },
    );
    let decided = clerk(
        &mut world,
        Reasons { why: "The posts are what was reported".to_owned(), ..Reasons::default() },
    );
    assert_eq!(decided.kind, NoticeKind::AppealOutcome { appeal: appeal.clone() });
    assert_eq!(decided.lasts, Lasts::Appealed { appeal, outcome: "upheld".to_owned(), stands: true });

    world.ok("person/ines", Command::LiftMeasure { measure: world.m(1), why: words() });
    assert_eq!(called(&world).len(), 2, "what is being undone is not over");
    world.restored(1);
    let lifted = clerk(&mut world, Reasons::default());
    assert_eq!(lifted.lasts, Lasts::Over { because: "decision".to_owned(), took_effect: true });
    assert!(lifted.facts.is_empty() && lifted.cure.items.is_empty());
    assert_eq!(lifted.transparency(), None);

    // Each is issued once, however often the clerk comes, and by nobody else.
    let before = world.account().version;
    for (event, kind) in called(&world) {
        let again = Command::IssueCalled { event, kind, reasons: reasons() };
        assert!(world.ok("system/clerk", again.clone()).is_empty());
        for other in ["person/ines", "system/delivery", "rule/many-reports"] {
            assert_eq!(world.refused(other, again.clone()), [Guard::AnotherPerson]);
        }
    }
    let early = Command::IssueCalled { event: before + 9, kind: lifted.kind, reasons: reasons() };
    assert_eq!(world.refused("system/clerk", early), [Guard::InState]);
    assert_eq!(world.account().version, before);
    assert_eq!(world.account().notices.iter().filter(|n| n.called_by.is_some()).count(), 3);
}

/// A channel that refuses the letter about the end of a measure is tried again, though the case is over.
#[test]
fn what_tells_of_the_end_of_a_case_is_delivered_after_it() {
    let mut world = open();
    in_effect(&mut world);
    world.confirm(1);
    clerk(&mut world, reasons());
    let why = words();
    world.ok("person/ines", Command::WithdrawCase { case: world.c(1), why, clears: None });
    world.restored(1);
    clerk(&mut world, Reasons::default());
    assert!(world.account().case(&world.c(1)).unwrap().is_closed());
    let lift = world.account().notices.last().unwrap().id.clone();
    let refused = Command::RecordFailure { notice: lift.clone(), channel: Channel::Email, why: "554".into() };
    assert_eq!(types(&world.ok("system/delivery", refused)), ["notice.attempt_failed"]);
    let again = world.account().timers().into_iter().find(|t| t.key == TimerKey::Retry(lift.clone()));
    assert!(again.is_some(), "it is tried again");
    // The letter that only said what was to follow has nobody waiting for it any more.
    let (notice, channel) = (world.n(1), Channel::Email);
    assert!(world.account().notice(&notice).unwrap().served_at().is_some());
    let moot = Command::RecordFailure { notice, channel, why: "554".into() };
    assert!(world.ok("system/delivery", moot).is_empty());
}

#[test]
fn a_proposal_whose_reasons_only_repeat_its_clause_is_found_out_where_they_are_said() {
    let mut world = open();
    let case = world.open_case("abuse");
    let power = world.terms.power(&"1.2".parse().unwrap()).unwrap();
    let text = power.text.clone().expect("the clause is written out");
    let proposal = propose(&case, "1.2", "workload/web/feed", true);
    let said =
        |why: &str| world.account().repeats_clause(&proposal, why, &world.book).map(|unmet| unmet.guard);
    assert_eq!(said(&text), Some(Guard::ReasonsGiven));
    assert_eq!(said("Three posts call for violence, and stay up for two days"), None);
}

#[test]
fn an_emergency_is_told_by_its_own_notice_and_its_end_by_another() {
    let mut world = open();
    let case = world.open_case("threat");
    let statement = stated(&world, "person/ines", emergency(&case, "1.4", "workload/web/feed"));
    assert!(matches!(statement.lasts, Lasts::Provisional { .. }));
    world.ok("person/ines", emergency(&case, "1.4", "workload/web/feed"));
    assert_eq!(called(&world), []);
    world.pass_hours(24);
    world.restored(1);
    let lifted = clerk(&mut world, Reasons::default());
    assert_eq!(lifted.lasts, Lasts::Over { because: "notRatified".to_owned(), took_effect: true });
    assert_eq!(lifted.automation.decision, Automated::Fully);
}

#[test]
fn a_measure_that_is_withdrawn_before_it_took_effect_is_told_too() {
    let mut world = open();
    let case = world.open_case("abuse");
    world.serve(&case, Starts::Both, "1.2", &["post"]);
    world.pass_hours(7 * 24);
    world.ok("person/ines", propose(&case, "1.2", "workload/web/feed", true));
    world.ok("person/ines", Command::WithdrawCase { case, why: words(), clears: None });
    let told = clerk(&mut world, Reasons::default());
    assert_eq!(told.lasts, Lasts::Over { because: "withdrawn".to_owned(), took_effect: false });
}

#[test]
fn a_notice_of_an_earlier_version_still_folds() {
    let mut world = open();
    let case = world.open_case("abuse");
    world.ok("person/ines", issue(&case, Starts::Both, "1.2", &["post"]));
    let recorded = world.events.last().unwrap();
    let mut old = serde_json::to_value(recorded).unwrap();
    assert!(old["event"]["body"]["statement"].take().is_string());
    old["event"]["body"].as_object_mut().unwrap().remove("statement");
    let old: Recorded = serde_json::from_value(old).unwrap();
    assert!(matches!(&old.event, Event::NoticeIssued { statement: None, called_by: None, .. }), "{old:?}");
    let mut state = serde_json::to_value(world.account()).unwrap();
    state["notices"][0].as_object_mut().unwrap().remove("statement");
    let state: Account = serde_json::from_value(state).unwrap();
    assert_eq!(state.notices[0].statement, None);
    assert_eq!(serde_json::to_value(&state).unwrap()["notices"][0].get("calledBy"), None);
}

/// The statement of a suspension, to be changed.
fn suspension() -> Statement {
    let mut world = open();
    in_effect(&mut world);
    clerk(&mut world, reasons())
}

fn valid(value: &Value) {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{value:#}");
}

#[test]
fn the_schema_of_the_transparency_database_refuses_what_the_database_refuses() {
    let good = serde_json::to_value(suspension().transparency().unwrap()).unwrap();
    valid(&good);
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (field, value) in [
        ("category", json!("STATEMENT_CATEGORY_WHATEVER")),
        ("automated_decision", json!("Yes")),
        ("automated_detection", json!(true)),
        ("application_date", json!("2021-03-09-12")),
        ("puid", json!("parley.n1")),
        ("content_type", json!([])),
        ("decision_visibility", json!("DECISION_VISIBILITY_CONTENT_DISABLED")),
        ("uuid", json!("1")),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        assert!(!validator.is_valid(&bad), "{field}");
    }
    for field in ["puid", "category", "incompatible_content_ground", "content_type_other", "content_date"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(field);
        assert!(!validator.is_valid(&bad), "{field}");
    }
}

#[test]
fn the_transparency_database_is_told_no_personal_data() {
    let mut statement = suspension();
    statement.why = "Ada Lovelace posted it".to_owned();
    statement.facts[0].locator = "https://parley.example/~ada".to_owned();
    statement.facts[0].what = Some("Ada calls for violence".to_owned());
    statement.contacts = vec!["ada@house.example".to_owned()];
    let told = serde_json::to_string(&statement.transparency().unwrap()).unwrap().to_lowercase();
    for personal in ["ada", "parley", "lovelace", "https://"] {
        assert!(!told.contains(personal), "{personal} in {told}");
    }
    assert!(told.contains("clause 1.2") && told.contains("2020-01-06"), "{told}");
}

proptest! {
    #[test]
    fn whatever_restricts_is_told_in_the_databases_words(
        preset in proptest::sample::select(Preset::LADDER.to_vec()),
        extra in proptest::sample::subsequence(Capability::ALL.to_vec(), 0..=7),
        scope in proptest::sample::select(vec!["account", "environment/web", "workload/web/feed"]),
        ground in proptest::sample::select(vec!["incitement", "phishing", "csam", "non_payment", "legal_order", "copyright", "imminent_violence", "xyz"]),
        source in proptest::sample::select(vec![Source::Report, Source::Finding]),
        seconds in -2_000_000_000_i64..4_000_000_000,
        text in "\\PC{0,3000}",
    ) {
        let mut statement = suspension();
        statement.measure.preset = preset;
        statement.measure.withholds = preset.withholds().into_iter().chain(extra).collect();
        statement.measure.scope = Some(scope.parse::<Scope>().unwrap());
        statement.ground = ground.parse().unwrap();
        statement.facts.truncate(1);
        statement.facts[0].source = source;
        statement.facts[0].at = Some(jiff::Timestamp::from_second(seconds.min(2_000_000_000)).unwrap());
        statement.clause.text = (!text.is_empty()).then_some(text);
        let withholds = !statement.measure.withholds.is_empty();
        match statement.transparency() {
            Some(told) => valid(&serde_json::to_value(told).unwrap()),
            None => prop_assert!(!withholds && preset == Preset::Warn),
        }
    }
}
