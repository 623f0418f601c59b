use tenure_domain::book::Jump;
use tenure_domain::statement::{Fact, Reasons};
use tenure_domain::terms::Terms;
use tenure_domain::text::Words;
use tenure_domain::workload::{Plan, Workload};

use super::*;
use crate::clock::Doubt;

const TERMS: &str = include_str!("../../../../deploy/terms/cloud-agreement-2020-04.yaml");

/// An account with a provisional measure that applies since noon, and is to be ratified within 24 hours.
fn isolated(book: &mut Book, noon: Timestamp) -> Account {
    let (terms, reference) = Terms::parse(TERMS).unwrap();
    book.insert(reference.clone(), Arc::new(terms));
    let id: AccountId = "parley".parse().unwrap();
    let plan = Plan { cpu_millis: 1_000, memory_mib: 512, storage_mib: 128, pods: 10 };
    let words = || Words::try_from(format!("sha256s:{}", "0".repeat(64))).unwrap();
    let spec = Workload {
        image: "registry.example/site:1".into(),
        command: Vec::new(),
        replicas: 1,
        port: 80,
        cpu_millis: 10,
        memory_mib: 10,
        ..Workload::default()
    };
    let web = || "web".parse::<EnvironmentId>().unwrap();
    let commands = [
        ("person/pia", Command::Open { terms: reference, plan }),
        ("person/pia", Command::CreateEnvironment { environment: web(), plan }),
        (
            "member/parley/ada",
            Command::PutWorkload { environment: web(), workload: "site".parse().unwrap(), spec },
        ),
        (
            "person/ines",
            Command::OpenCase {
                ground: "imminent_violence".parse().unwrap(),
                why: words(),
                reports: Vec::new(),
            },
        ),
        (
            "person/ines",
            Command::ApplyEmergency {
                case: "parley.c1".parse().unwrap(),
                power: "6.1-emergency".parse().unwrap(),
                scope: "workload/web/site".parse().unwrap(),
                why: words(),
                why_not_less: None,
                reasons: Reasons::new("It names the hour", vec![Fact::finding("f-1", noon, "/posts/1")]),
            },
        ),
    ];
    let mut state = None;
    for (actor, command) in commands {
        let actor = actor.parse().unwrap();
        let context = Context { now: noon, actor: &actor, book };
        for recorded in Account::decide(&id, state.as_ref(), command, &context).unwrap() {
            state = Some(Account::apply(&id, state, &recorded).unwrap());
        }
    }
    state.unwrap()
}

#[test]
fn law_05_a_provisional_measure_does_not_outlast_its_day_because_the_clock_is_in_doubt() {
    let noon: Timestamp = "2021-01-09T12:00:00Z".parse().unwrap();
    let hours = jiff::SignedDuration::from_hours;
    let mut book = Book::default();
    let account = isolated(&mut book, noon);
    let mints = |now: Timestamp, machine: Timestamp, in_doubt: bool| {
        let doubt = Doubt { jump: Jump::Forwards, machine, expected: now };
        let look = Look { now, machine, doubt: in_doubt.then_some(doubt) };
        permits(&account, &look, &book).len()
    };
    assert_eq!(mints(noon + hours(23), noon + hours(23), false), 1);
    assert_eq!(mints(noon + hours(24), noon + hours(24), false), 0);
    // Either clock can be the right one: it has to hold by both.
    assert_eq!(mints(noon + hours(1), noon + hours(23), true), 1);
    assert_eq!(mints(noon + hours(1), noon + hours(24), true), 0);
    assert_eq!(mints(noon + hours(24), noon + hours(1), true), 0);
    // A machine's clock that is trusted and behind the record decides nothing.
    assert_eq!(mints(noon + hours(1), noon + hours(30), false), 1);
    let permit = permits(&account, &Look { now: noon, machine: noon + hours(2), doubt: None }, &book);
    assert_eq!(permit[0].minted_at(), noon);
}
