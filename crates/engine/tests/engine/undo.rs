//! Undoing what a rule began: after a crash in the middle, by whom, and what of it is left alone. And what comes too late.

use jiff::Timestamp;
use tenure_access::Role;
use tenure_domain::account::Command;
use tenure_domain::account::case::{CaseState, Outcome};
use tenure_domain::book::{Entry, Event};
use tenure_engine::EngineError;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Done, Submission};

use crate::office::{Office, done, hours, ines, member, person, slug, start};

const HASTY: &str = "kind: Rule\nid: hasty\nground: process_failure\nmode: notify\nwhen: >\n  reports(\"spam\", \"P28D\").filed >= 1\ncaps: {perDay: 10, shareOfAccounts: 1}\n";

const NAMES: [&str; 4] = ["parley", "quince", "rowan", "sorrel"];

async fn runaway() -> Office {
    let office = Office::open().await;
    for name in &NAMES[1..] {
        office.open_account(name).await;
    }
    office.publish_rule(HASTY).await;
    for name in NAMES {
        office.file_reports(name, "spam", 1).await;
        assert_eq!(office.account(name).await.cases.len(), 1);
    }
    office
}

async fn undo(office: &Office, from: Timestamp, until: Option<Timestamp>) -> Result<Done, EngineError> {
    let mut kept = Kept::default();
    let why = office.engine.words(&mut kept, "One report is no pattern.").unwrap();
    let rule: tenure_domain::name::RuleId = "hasty".parse().unwrap();
    let act = Act::Book(Entry::Undoing(rule.clone()), Event::RuleUndone { rule, from, until, why });
    Ok(done(office.engine.submit(Submission::new(ines(), act).keeping(kept)).await?))
}

async fn withdrawn(office: &Office, name: &str) -> bool {
    let account = office.account(name).await;
    matches!(account.cases[0].state, CaseState::Closed { outcome: Outcome::Withdrawn, .. })
}

#[tokio::test]
async fn what_is_undone_halfway_when_the_process_dies_is_finished_by_the_next() {
    let office = runaway().await;
    let rowan = "NEW.type = 'case.undone' AND NEW.stream = 'account/rowan'";
    office.database.breaks("INSERT ON events", Some(rowan)).await;
    let mut commits = office.engine.commits();
    undo(&office, start(), None).await.unwrap();
    while office.store.jobs(10).await.unwrap().first().is_none_or(|job| job.attempts < 1) {
        tokio::select! {
            changed = commits.changed() => changed.unwrap(),
            () = tokio::task::yield_now() => {}
        }
    }
    assert!(!withdrawn(&office, "rowan").await);
    let office = office.crash().await;
    office.database.mended().await;
    office.engine.settle().await.unwrap();
    for name in NAMES {
        assert!(withdrawn(&office, name).await, "{name}");
        for once in ["case.undone", "case.closed"] {
            assert_eq!(office.times_of(name, once).await.len(), 1, "{name}: {once}");
        }
    }
    undo(&office, start(), None).await.unwrap();
    office.engine.settle().await.unwrap();
    assert_eq!(office.times_of("parley", "case.undone").await.len(), 1, "given again it changes nothing");
}

#[tokio::test]
async fn only_what_was_opened_in_the_span_is_undone_and_nobodys_but_the_rules() {
    let office = runaway().await;
    office.open_account("tansy").await;
    let own = office.open_case("tansy").await;
    undo(&office, start() + hours(1), None).await.unwrap();
    undo(&office, start() - hours(5), Some(start())).await.unwrap();
    office.engine.settle().await.unwrap();
    assert!(!withdrawn(&office, "parley").await, "it was opened before the one and after the other");
    undo(&office, start(), None).await.unwrap();
    office.engine.settle().await.unwrap();
    assert!(withdrawn(&office, "parley").await);
    assert!(!office.account("tansy").await.case(&own).unwrap().is_closed(), "a person opened it");
}

#[tokio::test]
async fn what_is_undone_is_not_opened_again_on_the_same_reports() {
    let office = runaway().await;
    undo(&office, start(), None).await.unwrap();
    office.engine.settle().await.unwrap();
    office.publish_rule(&HASTY.replace(">= 1", ">= 2")).await;
    office.engine.settle().await.unwrap();
    office.engine.advance_to(start() + hours(25)).await.unwrap();
    office.file_reports("parley", "spam", 1).await;
    assert_eq!(office.account("parley").await.cases.len(), 1, "one report is new, and two are asked for");
    office.file_reports("parley", "spam", 1).await;
    assert_eq!(office.account("parley").await.cases.len(), 2, "two are new");
}

#[tokio::test]
async fn nobody_but_an_analyst_undoes_and_nobody_gives_the_command_itself() {
    let office = runaway().await;
    let rule: tenure_domain::name::RuleId = "hasty".parse().unwrap();
    let why = office.account("parley").await.cases[0].why.clone();
    for caller in
        [person("lena", Role::Legal), person("amara", Role::Approver), member("parley", Role::Owner)]
    {
        let event = Event::RuleUndone { rule: rule.clone(), from: start(), until: None, why: why.clone() };
        office.submit(caller, Act::Book(Entry::Undoing(rule.clone()), event)).await.unwrap_err();
    }
    let case = office.account("parley").await.cases[0].id.clone();
    let command = Command::UndoCase { case, rule, by: "ines".parse().unwrap(), why, reports: None };
    office.submit(ines(), Act::Account(slug("parley"), command)).await.unwrap_err();
    assert!(!withdrawn(&office, "parley").await);
}

#[tokio::test]
async fn a_command_on_a_version_that_has_passed_is_refused_and_where_it_may_restrict_recorded() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    let version = office.account("parley").await.version;
    office.place_hold("parley").await.unwrap();
    let refusals = async || office.times_of("parley", "command.refused").await.len();

    let mut kept = Kept::default();
    let why = office.engine.words(&mut kept, "It was read again.").unwrap();
    let withdraw = Command::WithdrawCase { case: case.clone(), why, clears: None };
    let mut stale = Submission::new(ines(), Act::Account(slug("parley"), withdraw)).keeping(kept);
    stale.if_version = Some(version);
    let answer = office.engine.submit(stale).await.unwrap_err();
    assert!(
        matches!(answer, EngineError::Stale { expected, actual } if expected + 1 == actual),
        "{answer:?}"
    );
    assert_eq!(refusals().await, 0, "withdrawing restricts nobody");

    let mut stale = office.proposal(&case);
    stale.if_version = Some(version);
    let answer = office.engine.submit(stale).await.unwrap_err();
    assert!(matches!(answer, EngineError::Stale { expected, .. } if expected == version), "{answer:?}");
    let account = office.account("parley").await;
    assert!(account.measures.is_empty() && !account.case(&case).unwrap().is_closed());
    assert_eq!(refusals().await, 1);
}
