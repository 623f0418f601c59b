use futures_util::future::join_all;
use tenure_domain::account::command::Command;
use tenure_engine::EngineError;
use tenure_engine::submission::{Act, Once, Outcome, Submission};
use tenure_store::Answer;

use crate::office::{Office, ines, slug};

/// A hold under an idempotency key; `request` stands for the hash of the request.
fn keyed(office: &Office, key: &str, request: &str) -> Submission {
    let mut submission = office.hold("parley", "once");
    let said = request.to_owned();
    submission.once = Some(Once {
        key: key.into(),
        request: request.into(),
        respond: Box::new(move |done| Answer {
            request: said,
            status: 201,
            headers: format!("{{\"etag\":\"{}\"}}", done.before + done.events.len() as u64),
            body: format!("{{\"holds\":{}}}", done.account().map_or(0, |a| a.holds.len())),
        }),
    });
    submission
}

#[tokio::test]
async fn a_request_that_is_sent_again_gets_the_same_answer_and_is_done_once() {
    let office = Office::open().await;
    let Outcome::Done(_, Some(first)) = office.engine.submit(keyed(&office, "k1", "a")).await.unwrap() else {
        panic!("done now")
    };
    office.place_hold("parley").await.unwrap();
    let office = office.crash().await;
    let Outcome::Repeated(again) = office.engine.submit(keyed(&office, "k1", "a")).await.unwrap() else {
        panic!("done before")
    };
    assert_eq!(again, first);
    assert_eq!(office.times_of("parley", "hold.placed").await.len(), 2);
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let office = Office::open().await;
    office.engine.submit(keyed(&office, "k1", "a")).await.unwrap();
    let error = office.engine.submit(keyed(&office, "k1", "b")).await.unwrap_err();
    assert!(matches!(error, EngineError::KeyReused), "{error:?}");
    assert!(matches!(office.engine.submit(keyed(&office, "k2", "b")).await.unwrap(), Outcome::Done(..)));
    assert_eq!(office.account("parley").await.holds.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_come_at_once_under_one_key_one_is_done() {
    let office = Office::open().await;
    let outcomes = join_all((0..20).map(|_| office.engine.submit(keyed(&office, "k1", "a")))).await;
    let (done, repeated): (Vec<_>, Vec<_>) =
        outcomes.into_iter().map(Result::unwrap).partition(|o| matches!(o, Outcome::Done(..)));
    assert_eq!((done.len(), repeated.len()), (1, 19));
    assert_eq!(office.account("parley").await.holds.len(), 1);
}

#[tokio::test]
async fn a_key_of_one_person_is_nothing_to_another() {
    let office = Office::open().await;
    office.engine.submit(keyed(&office, "k1", "a")).await.unwrap();
    let mut other = keyed(&office, "k1", "a");
    other.caller = ines();
    let why = office.engine.words(&mut other.kept, "It was read again.").unwrap();
    let withdraw = Command::WithdrawCase { case: "parley.c1".parse().unwrap(), why, clears: None };
    other.act = Act::Account(slug("parley"), withdraw);
    assert!(
        matches!(office.engine.submit(other).await, Err(EngineError::Rejected(_))),
        "not the other's answer"
    );
}

#[tokio::test]
async fn what_was_refused_may_be_sent_again_under_its_key() {
    let office = Office::open().await;
    let mut early = keyed(&office, "k1", "a");
    early.if_version = Some(99);
    assert!(matches!(office.engine.submit(early).await, Err(EngineError::Stale { .. })));
    assert!(matches!(office.engine.submit(keyed(&office, "k1", "a")).await.unwrap(), Outcome::Done(..)));
}
