use tenure_engine::EngineError;
use tenure_engine::submission::{Act, Caller, Once, Submission};
use tenure_store::Answer;

use crate::office::{Office, slug};

const WRITES: [&str; 7] = [
    "UPDATE ON aggregates",
    "INSERT ON events",
    "INSERT ON timers",
    "INSERT ON jobs",
    "INSERT ON words",
    "INSERT ON blobs",
    "INSERT ON idempotency",
];

/// A submission that writes into every table that submissions write into, but timers.
fn everything(office: &Office, case: &tenure_domain::name::CaseId) -> Submission {
    use tenure_domain::account::command::{Command, Starts};
    let mut kept = tenure_engine::kept::Kept::default();
    let letter = kept.blob("text/plain", b"put it right".to_vec());
    let why = office.engine.words(&mut kept, "why").unwrap();
    let ask = office.engine.words(&mut kept, "ask").unwrap();
    let items = vec![tenure_domain::account::event::Asked {
        id: "one".parse().unwrap(),
        ask,
        report: None,
        invoice: None,
        verifier: tenure_domain::account::cure::Verifier::Review,
    }];
    let power = "6.1".parse().unwrap();
    let command = Command::IssueNotice {
        case: case.clone(),
        starts: Starts::Both,
        power,
        why,
        items,
        reasons: crate::office::reasons(letter),
    };
    let mut submission =
        Submission::new(crate::office::ines(), Act::Account(slug("parley"), command)).keeping(kept);
    submission.once = Some(Once {
        key: "k".into(),
        request: "r".into(),
        respond: Box::new(|_| Answer {
            request: "r".into(),
            status: 201,
            headers: "{}".into(),
            body: "{}".into(),
        }),
    });
    submission
}

#[tokio::test]
async fn a_store_that_fails_at_any_step_leaves_nothing_and_says_so() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    // With its next event, the state of the account is kept anew.
    while office.account("parley").await.version < 16 {
        office.place_hold("parley").await.unwrap();
    }
    office.engine.settle().await.unwrap();
    let before = (office.account("parley").await, office.engine.backlog().await.unwrap());
    for table in WRITES.into_iter().filter(|write| *write != "INSERT ON timers") {
        office.database.breaks(table, None).await;
        let error = office.engine.submit(everything(&office, &case)).await.unwrap_err();
        assert!(matches!(error, EngineError::Store(_)), "{table}: {error:?}");
        let root = std::error::Error::source(&error).and_then(std::error::Error::source);
        assert!(root.is_some_and(|c| c.to_string().contains("the database failed")), "{table}: {root:?}");
        office.database.mended().await;
        let after = (office.account("parley").await, office.engine.backlog().await.unwrap());
        assert_eq!(after, before, "{table}");
        assert!(office.store.jobs(10).await.unwrap().is_empty(), "{table}");
    }
    office.engine.submit(everything(&office, &case)).await.unwrap();
    office.engine.settle().await.unwrap();
    assert_eq!(office.account("parley").await.notices[0].attempts.len(), 2);
}

#[tokio::test]
async fn a_store_that_is_gone_acknowledges_nothing() {
    let office = Office::open().await;
    office.store.close().await;
    let error = office.place_hold("parley").await.unwrap_err();
    assert!(matches!(error, EngineError::Store(_)), "{error:?}");
    assert!(matches!(office.engine.account(&slug("parley")).await, Err(EngineError::Store(_))));
    let office = office.crash().await;
    assert!(office.account("parley").await.holds.is_empty());
}

#[tokio::test]
async fn a_damaged_account_fails_alone() {
    for damage in [
        "UPDATE aggregates SET version = -1 WHERE stream = 'account/quince'",
        "UPDATE aggregates SET state = '{' WHERE stream = 'account/quince'",
        "UPDATE aggregates SET version = version + 100 WHERE stream = 'account/quince'",
        "UPDATE events SET leaf = x'00' WHERE stream = 'account/quince' AND n = 2",
    ] {
        let office = Office::open().await;
        office.open_account("quince").await;
        office.place_hold("quince").await.unwrap();
        office.engine.settle().await.unwrap();
        office.sql(damage).await;
        // Nobody knows any more how it stood.
        let office = office.crash().await;
        let before = office.engine.backlog().await.unwrap();
        let submissions =
            ["parley", "quince", "parley"].map(|name| office.engine.submit(office.hold(name, "why")));
        let outcomes = futures_util::future::join_all(submissions).await;
        assert!(outcomes[0].is_ok() && outcomes[2].is_ok(), "{damage}: {outcomes:?}");
        assert!(outcomes[1].is_err(), "{damage}");
        assert_eq!(office.account("parley").await.holds.len(), 2);
        assert_eq!(office.engine.backlog().await.unwrap().0, before.0 + 2, "{damage}");
    }
}

#[tokio::test]
async fn a_job_that_cannot_be_done_holds_up_no_other() {
    let office = Office::open().await;
    office.engine.settle().await.unwrap();
    office
        .sql("INSERT INTO jobs (kind, subject) VALUES ('deliver', 'not a notice'), ('unheard-of', '')")
        .await;
    let mut commits = office.engine.commits();
    let case = office.open_case("parley").await;
    office.issue_notice(&case).await;
    while office.account("parley").await.notices[0].attempts.len() < 2 {
        commits.changed().await.unwrap();
    }
    let left = office.store.jobs(10).await.unwrap();
    assert!(left.iter().any(|j| j.kind == "unheard-of"), "it stays on the list");
}

#[tokio::test]
async fn a_letter_that_nobody_kept_is_not_issued() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    let mut submission = everything(&office, &case);
    submission.kept = tenure_engine::kept::Kept::default();
    let error = office.engine.submit(submission).await.unwrap_err();
    assert!(matches!(error, EngineError::Rejected(_)), "{error:?}");
    assert!(office.account("parley").await.notices.is_empty());
}

#[tokio::test]
async fn a_caller_without_a_proper_name_does_nothing() {
    let office = Office::open().await;
    let mut hold = office.hold("parley", "why");
    hold.caller = Caller::Principal(tenure_access::Principal::Person {
        name: "Not A Name/".into(),
        roles: [tenure_access::Role::Legal].into(),
    });
    assert!(office.engine.submit(hold).await.is_err());
    assert!(office.account("parley").await.holds.is_empty());
}
