use std::collections::BTreeSet;

use futures_util::future::join_all;
use tenure_engine::EngineError;
use tenure_engine::submission::{After, Outcome};

use crate::office::{Office, done, slug};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_are_all_there_in_few_transactions() {
    let office = Office::open().await;
    office.engine.settle().await.unwrap();
    let version = office.account("parley").await.version;
    let transactions = *office.engine.commits().borrow();

    let holds = (0..200).map(|n| office.engine.submit(office.hold("parley", &format!("{n}"))));
    let mut versions = BTreeSet::new();
    for outcome in join_all(holds).await {
        let done = done(outcome.unwrap());
        versions.insert(done.before + 1);
    }

    assert_eq!(
        versions,
        (version + 1..=version + 200).collect(),
        "each got a version of its own, without gaps"
    );
    let account = office.account("parley").await;
    assert_eq!((account.version, account.holds.len()), (version + 200, 200));
    let events = office.engine.stream("account/parley", version + 1, 1_000).await.unwrap();
    assert!(events.iter().map(|e| e.n).eq(version + 1..=version + 200));
    let transactions = *office.engine.commits().borrow() - transactions;
    assert!(transactions <= 40, "{transactions} transactions for 200 submissions");
}

#[tokio::test]
async fn reports_that_come_at_once_are_numbered_without_gaps() {
    let office = Office::open().await;
    let reports = (0..60).map(|n| office.engine.submit(office.report("parley", "spam", &n.to_string())));
    let mut numbers = BTreeSet::new();
    for outcome in join_all(reports).await {
        let After::Report(report) = done(outcome.unwrap()).after else { panic!("a report") };
        numbers.insert(report.id.number());
    }
    assert_eq!(numbers, (1..=60).collect());
    let rows = office.engine.reports(&slug("parley"), 0, 100).await.unwrap();
    assert!(rows.iter().map(|r| r.number).eq(1..=60));
}

#[tokio::test]
async fn a_report_that_is_refused_uses_up_no_number() {
    let office = Office::open().await;
    office.file_reports("parley", "spam", 1).await;
    let mut bare = office.report("parley", "spam", "x");
    bare.kept = tenure_engine::kept::Kept::default();
    let error = office.engine.submit(bare).await.unwrap_err();
    assert!(matches!(error, EngineError::Rejected(_)), "evidence that nobody kept: {error:?}");
    office.file_reports("parley", "spam", 1).await;
    let rows = office.engine.reports(&slug("parley"), 0, 100).await.unwrap();
    assert!(rows.iter().map(|r| r.number).eq(1..=2));
}

#[tokio::test]
async fn whoever_decided_on_an_older_version_is_told_the_present_one() {
    let office = Office::open().await;
    let version = office.account("parley").await.version;
    let mut first = office.hold("parley", "first");
    first.if_version = Some(version);
    let mut second = office.hold("parley", "second");
    second.if_version = Some(version);
    let outcomes = join_all([office.engine.submit(first), office.engine.submit(second)]).await;
    assert!(matches!(outcomes[0], Ok(Outcome::Done(..))));
    assert!(
        matches!(outcomes[1], Err(EngineError::Stale { expected, actual }) if (expected, actual) == (version, version + 1)),
        "{:?}",
        outcomes[1]
    );
    assert_eq!(office.account("parley").await.holds.len(), 1);
}

#[tokio::test]
async fn a_submission_whose_caller_has_gone_is_carried_out_all_the_same() {
    let office = Office::open().await;
    let mut commits = office.engine.commits();
    let engine = office.engine.clone();
    let submission = office.hold("parley", "in a hurry");
    tokio::select! {
        biased;
        _ = engine.submit(submission) => panic!("it takes at least a turn"),
        () = std::future::ready(()) => {}
    }
    while office.account("parley").await.holds.is_empty() {
        commits.changed().await.unwrap();
    }
}
