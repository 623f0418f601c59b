use tenure_access::Role;
use tenure_domain::account::command::{Clears, Command, RecordRemoval};
use tenure_domain::name::CaseId;
use tenure_domain::workload::Plan;
use tenure_engine::kept::Kept;
use tenure_engine::submission::Act;

use crate::office::{Office, RULE, TERMS, hours, ines, person, slug, start};

/// Opens a case on an account with a single report of spam; at most two accounts a day.
const HASTY: &str = "kind: Rule\nid: hasty\nground: process_failure\nmode: notify\nwhen: >\n  reports(\"spam\", \"P28D\").filed >= 1\ncaps: {perDay: 2, shareOfAccounts: 1}\n";

/// Takes a case back; with a period, as a false positive.
async fn withdraw(office: &Office, case: CaseId, false_for: Option<&str>) {
    let mut kept = Kept::default();
    let why = office.engine.words(&mut kept, "It was satire.").unwrap();
    let reports = office.engine.last_report(case.account()).await.unwrap();
    let clears = false_for.map(|within| Clears { within: within.parse().unwrap(), reports });
    let act = Act::Account(case.account().clone(), Command::WithdrawCase { case, why, clears });
    office.submit_keeping(ines(), act, kept).await.unwrap();
}

#[tokio::test]
async fn what_a_person_cleared_opens_nothing_again_but_what_comes_later_does() {
    let office = Office::open().await;
    office.publish_rule(&HASTY.replace(">= 1", ">= 2")).await;
    office.file_reports("parley", "spam", 3).await;
    let case = office.account("parley").await.cases[0].id.clone();
    withdraw(&office, case, Some("P7D")).await;
    office.engine.advance_to(start() + hours(25)).await.unwrap();
    office.file_reports("parley", "spam", 1).await;
    assert_eq!(office.account("parley").await.cases.len(), 1, "one report is new, and two are asked for");
    office.file_reports("parley", "spam", 1).await;
    assert_eq!(office.account("parley").await.cases.len(), 2, "two are new");
}

#[tokio::test]
async fn the_case_of_a_removal_keeps_no_rule_from_opening_another() {
    let terms =
        TERMS.replace("grounds: [incitement, phishing]", "grounds: [incitement, phishing, legal_order]");
    assert_ne!(terms, TERMS);
    let office = Office::open_at(start(), &terms).await;
    let plan = Plan { cpu_millis: 1_000, memory_mib: 1_000, storage_mib: 1_000, pods: 10 };
    let create = Command::CreateEnvironment { environment: "web".parse().unwrap(), plan };
    office.submit(person("pia", Role::Platform), Act::Account(slug("parley"), create)).await.unwrap();
    let mut kept = Kept::default();
    let mut words = |text: &str| office.engine.words(&mut kept, text).unwrap();
    let (authority, locator, less) = (words("A regulator."), words("/posts/7"), words("It is everywhere."));
    let document = kept.blob("text/plain", b"A removal order.".to_vec());
    let letter = kept.blob("text/plain", b"Letter of a removal.".to_vec());
    let removal = RecordRemoval {
        scope: "environment/web".parse().unwrap(),
        locator,
        authority,
        document,
        deadline: None,
        why_not_less: Some(less),
        letter,
    };
    let act = Act::Account(slug("parley"), Command::RecordRemoval(removal));
    office.submit_keeping(person("lena", Role::Legal), act, kept).await.unwrap();
    assert_eq!(office.account("parley").await.cases[0].ground.as_str(), "legal_order");
    office.publish_rule(&HASTY.replace("ground: process_failure", "ground: legal_order")).await;
    office.file_reports("parley", "spam", 1).await;
    let cases = office.account("parley").await.cases;
    assert_eq!(cases.len(), 2);
    assert_eq!(cases[1].opened_by.to_string(), "rule/hasty");
}

async fn cases(office: &Office, names: &[&str]) -> Vec<usize> {
    let mut counts = Vec::new();
    for name in names {
        counts.push(office.times_of(name, "case.opened").await.len());
    }
    counts
}

#[tokio::test]
async fn a_rule_opens_a_case_once_when_reports_outpace_the_clean_up() {
    let office = Office::open().await;
    office.publish_rule(RULE).await;
    office.file_reports("parley", "incitement", 5).await;
    office.engine.advance_to(start() + hours(10 * 24)).await.unwrap();
    office.file_reports("parley", "incitement", 44).await;
    assert_eq!(office.account("parley").await.cases.len(), 0, "49 reports are not 50");
    assert!(office.times_of("parley", "rule.matched").await.is_empty());

    office.file_reports("parley", "incitement", 1).await;
    let account = office.account("parley").await;
    assert_eq!(account.cases.len(), 1);
    assert_eq!(account.cases[0].ground.as_str(), "process_failure");
    assert_eq!(account.cases[0].opened_by.to_string(), "rule/reports-outpace-cleanup");
    let why = office.engine.read_words(account.cases[0].why.as_str()).await.unwrap().unwrap();
    assert!(why.contains("= 50"), "{why}");
    assert!(account.measures.is_empty(), "a rule alone never suspends");

    office.file_reports("parley", "incitement", 3).await;
    office.engine.advance_to(start() + hours(11 * 24)).await.unwrap();
    office.file_reports("parley", "incitement", 3).await;
    assert_eq!(office.account("parley").await.cases.len(), 1);
    // That it still matches stands on the record once a day.
    assert_eq!(office.times_of("parley", "rule.matched").await.len(), 2);
}

#[tokio::test]
async fn a_rule_in_shadow_records_and_opens_nothing() {
    let office = Office::open().await;
    let shadow = HASTY.replace("notify", "shadow");
    office.publish_rule(&shadow).await;
    office.file_reports("parley", "spam", 2).await;
    assert_eq!(office.times_of("parley", "rule.matched").await.len(), 1);
    assert_eq!(office.account("parley").await.cases.len(), 0);
}

#[tokio::test]
async fn a_rule_that_is_published_looks_at_the_reports_that_are_there() {
    let office = Office::open().await;
    office.file_reports("parley", "spam", 1).await;
    office.publish_rule(HASTY).await;
    office.engine.settle().await.unwrap();
    assert_eq!(office.account("parley").await.cases.len(), 1);
}

#[tokio::test]
async fn the_cap_stops_a_runaway_and_lasts_over_a_restart() {
    let names = ["parley", "quince", "rowan", "sorrel", "tansy"];
    let office = Office::open().await;
    for name in &names[1..] {
        office.open_account(name).await;
    }
    office.publish_rule(HASTY).await;
    for name in &names[..3] {
        office.file_reports(name, "spam", 1).await;
    }
    let office = office.restart().await;
    for name in &names[3..] {
        office.file_reports(name, "spam", 1).await;
    }
    assert_eq!(cases(&office, &names).await, [1, 1, 0, 0, 0]);
    for name in names {
        assert_eq!(
            office.times_of(name, "rule.matched").await.len(),
            1,
            "{name}: what was not opened is recorded"
        );
    }

    office.engine.advance_to(start() + hours(24)).await.unwrap();
    for name in names {
        office.file_reports(name, "spam", 1).await;
    }
    assert_eq!(cases(&office, &names).await, [1, 1, 1, 1, 0]);
}

#[tokio::test]
async fn what_could_not_be_written_uses_nothing_of_the_cap() {
    let office = Office::open().await;
    office.open_account("quince").await;
    office.publish_rule(HASTY).await;
    office.database.breaks("INSERT ON events", Some("NEW.type = 'case.opened'")).await;
    let mut tries = office.engine.commits();
    office.engine.submit(office.report("parley", "spam", "1")).await.unwrap();
    while office.store.jobs(10).await.unwrap().first().is_none_or(|job| job.attempts < 2) {
        tokio::select! {
            changed = tries.changed() => changed.unwrap(),
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(cases(&office, &["parley"]).await, [0]);
    office.database.mended().await;
    office.engine.settle().await.unwrap();
    office.file_reports("quince", "spam", 1).await;
    assert_eq!(cases(&office, &["parley", "quince"]).await, [1, 1]);
}

#[tokio::test]
async fn a_case_that_is_withdrawn_may_be_opened_again_by_what_happens_next() {
    let office = Office::open().await;
    office.publish_rule(HASTY).await;
    office.file_reports("parley", "spam", 1).await;
    let case = office.account("parley").await.cases[0].id.clone();
    withdraw(&office, case, None).await;
    office.engine.settle().await.unwrap();
    assert_eq!(office.account("parley").await.cases.len(), 1, "withdrawing is no new fact");
    office.engine.advance_to(start() + hours(24)).await.unwrap();
    office.file_reports("parley", "spam", 1).await;
    assert_eq!(office.account("parley").await.cases.len(), 2);
}

#[tokio::test]
async fn a_person_cannot_act_in_a_rules_name() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    let before = office.account("parley").await;
    let command = Command::RecordMatch {
        rule: "hasty".parse().unwrap(),
        ground: "process_failure".parse().unwrap(),
        opens: true,
        facts: std::collections::BTreeMap::new(),
        why: before.case(&case).unwrap().why.clone(),
    };
    office
        .submit(person("otto", Role::Administrator), Act::Account(slug("parley"), command))
        .await
        .unwrap_err();
    assert_eq!(office.account("parley").await, before);
}
