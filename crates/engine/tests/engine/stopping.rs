use std::time::Duration;

use futures_util::future::join_all;
use tenure_engine::EngineError;
use tenure_engine::submission::Outcome;

use crate::office::{Office, verifier};

/// Far more than stopping takes, and less than any time-out in it.
const SOON: Duration = Duration::from_secs(4);

#[tokio::test]
async fn an_engine_stops_and_starts_again_and_again() {
    let mut office = Office::open().await;
    for n in 1..=3 {
        office.place_hold("parley").await.unwrap();
        tokio::time::timeout(SOON, office.engine.stop()).await.expect("it stops soon");
        tokio::time::timeout(SOON, office.engine.stop()).await.expect("stopping again does nothing");
        let error = office.place_hold("parley").await.unwrap_err();
        assert!(matches!(error, EngineError::Stopping), "{error:?}");
        office = office.crash().await;
        assert_eq!(office.account("parley").await.holds.len(), n);
    }
}

#[tokio::test]
async fn what_was_committed_is_in_the_log_when_the_engine_has_stopped() {
    let office = Office::open().await;
    join_all((0..40).map(|n| office.engine.submit(office.hold("parley", &n.to_string())))).await;
    office.engine.stop().await;
    let office = office.crash().await;
    let (events, waiting) = office.engine.backlog().await.unwrap();
    assert_eq!((events, waiting), (43, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_command_is_lost_however_the_engine_ends() {
    let mut office = Office::open().await;
    let mut acknowledged = 0;
    for in_order in [true, false, true, false] {
        let submissions: Vec<_> = (0..120)
            .map(|n| {
                let (engine, submission) = (office.engine.clone(), office.hold("parley", &n.to_string()));
                tokio::spawn(async move { engine.submit(submission).await })
            })
            .collect();
        let mut commits = office.engine.commits();
        commits.changed().await.unwrap();
        if in_order {
            tokio::time::timeout(SOON, office.engine.stop()).await.expect("it stops soon");
        }
        let mut answers = join_all(submissions).await;
        acknowledged += answers.iter().filter(|a| matches!(a, Ok(Ok(Outcome::Done(..))))).count();
        for answer in answers.drain(..) {
            let answer = answer.unwrap();
            assert!(matches!(answer, Ok(_) | Err(EngineError::Stopping)), "{answer:?}");
        }
        office = office.crash().await;
        assert_eq!(office.account("parley").await.holds.len(), acknowledged);
    }
    assert!(acknowledged >= 240, "{acknowledged}");
    office.engine.settle().await.unwrap();
    office.engine.stop().await;
    let store = office.database.open().await;
    let findings = tenure_engine::verify::verify(&store, &verifier()).await.unwrap();
    assert_eq!(findings.faults, Vec::<String>::new());
    assert_eq!(findings.covered, findings.events);
}

#[tokio::test]
async fn an_engine_that_waits_for_a_broken_channel_stops_soon() {
    let office = Office::open().await;
    let blocked = office.database.folder().join("not-a-folder");
    std::fs::write(&blocked, "").unwrap();
    let office = office.mail_into(blocked).restart().await;
    let case = office.open_case("parley").await;
    office.issue_notice(&case).await;
    tokio::time::timeout(SOON, office.engine.stop()).await.expect("it stops soon");
}
