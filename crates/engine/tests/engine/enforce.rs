//! Rules in mode `enforce`: they tell of a violation in the case that they opened, and do no more.

use tenure_domain::account::cure::Verifier;
use tenure_domain::account::notice::NoticeKind;
use tenure_domain::statement::{Automated, Source};

use crate::office::{Office, hours, start};

/// Tells an account with two unanswered reports of spam; at most two accounts a day.
const STRICT: &str = "kind: Rule\nid: strict\nground: process_failure\nmode: enforce\nwhen: >\n  reports(\"spam\", \"P28D\").filed >= 2\ncaps: {perDay: 2, shareOfAccounts: 1}\n";

#[tokio::test]
async fn a_rule_that_enforces_tells_of_the_violation_and_the_facts_end_it() {
    let office = Office::open().await;
    office.publish_rule(STRICT).await;
    office.file_reports("parley", "incitement", 1).await;
    office.file_reports("parley", "spam", 2).await;

    let account = office.account("parley").await;
    let [case] = &account.cases[..] else { panic!("{:?}", account.cases) };
    let [notice] = &account.notices[..] else { panic!("{:?}", account.notices) };
    assert_eq!(notice.case, case.id);
    let NoticeKind::Violation { power } = &notice.kind else { panic!("{:?}", notice.kind) };
    assert_eq!(power.as_str(), "6.1", "the mildest power on the ground that leaves time to put things right");
    let asked = Verifier::Fact { bound: "!(reports(\"spam\", \"P28D\").filed >= 2)".to_owned() };
    assert_eq!(case.items[0].verifier, asked);
    assert!(account.measures.is_empty(), "a rule alone never restricts");

    let statement = office.engine.statement(notice).await.unwrap().unwrap();
    assert_eq!(statement.automation.decision, Automated::Fully);
    assert!(statement.why.contains("filed = 2"), "{}", statement.why);
    let mut facts: Vec<(&str, Source)> = statement.facts.iter().map(|f| (f.id.as_str(), f.source)).collect();
    facts.sort_unstable_by_key(|fact| fact.0);
    assert_eq!(
        facts,
        [("parley.r2", Source::Report), ("parley.r3", Source::Report), ("rule/strict", Source::Rule)],
        "the report of incitement is nothing that the rule counts"
    );

    office.engine.advance_to(start() + hours(24)).await.unwrap();
    office.file_reports("parley", "spam", 1).await;
    assert_eq!(office.account("parley").await.notices.len(), 1, "it is said once");

    office.engine.advance_to(start() + hours(29 * 24 + 1)).await.unwrap();
    office.file_reports("parley", "incitement", 1).await;
    let account = office.account("parley").await;
    assert!(
        account.cases[0].is_closed(),
        "the reports are out of the window: the facts say so by themselves"
    );
}

#[tokio::test]
async fn a_notice_that_a_crash_kept_back_is_issued_by_whoever_leads_next() {
    let office = Office::open().await;
    office.publish_rule(STRICT).await;
    office.database.breaks("INSERT ON events", Some("NEW.type = 'notice.issued'")).await;
    let mut tries = office.engine.commits();
    for what in ["1", "2"] {
        office.engine.submit(office.report("parley", "spam", what)).await.unwrap();
    }
    while office.account("parley").await.cases.is_empty() {
        tries.changed().await.unwrap();
    }
    let office = office.crash().await;
    assert!(office.account("parley").await.notices.is_empty());
    office.database.mended().await;
    office.engine.settle().await.unwrap();
    let account = office.account("parley").await;
    assert_eq!((account.cases.len(), account.notices.len()), (1, 1));
}

#[tokio::test]
async fn a_case_about_which_a_person_has_spoken_is_that_persons() {
    let office = Office::open().await;
    office.publish_rule(&STRICT.replace("enforce", "notify")).await;
    office.file_reports("parley", "spam", 2).await;
    let case = office.account("parley").await.cases[0].id.clone();
    office.issue_notice(&case).await;
    office.publish_rule(STRICT).await;
    office.file_reports("parley", "spam", 1).await;
    assert_eq!(office.account("parley").await.notices.len(), 1);
}

#[tokio::test]
async fn beyond_its_cap_a_rule_that_enforces_tells_nobody() {
    let names = ["parley", "quince", "rowan"];
    let office = Office::open().await;
    for name in &names[1..] {
        office.open_account(name).await;
    }
    office.publish_rule(STRICT).await;
    let mut told = Vec::new();
    for name in names {
        office.file_reports(name, "spam", 2).await;
        told.push(office.account(name).await.notices.len());
    }
    assert_eq!(told, [1, 1, 0]);
}
