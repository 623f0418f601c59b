use std::collections::BTreeSet;

use tenure_domain::account::Command;
use tenure_domain::account::notice::{NoticeKind, NoticeState, ServedBy};
use tenure_engine::kept::Kept;
use tenure_engine::submission::Act;

use crate::office::{Office, hours, ines, start};

/// How often each channel took a notice, as the record says.
async fn attempts(office: &Office, n: usize) -> Vec<String> {
    let account = office.account("parley").await;
    let mut channels: Vec<String> =
        account.notices[n].attempts.iter().map(|a| a.channel.to_string()).collect();
    channels.sort();
    channels
}

#[tokio::test]
async fn a_notice_is_delivered_once_on_every_channel_of_the_terms() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    office.issue_notice(&case).await;
    office.engine.settle().await.unwrap();

    assert_eq!(attempts(&office, 0).await, ["email", "inbox"]);
    // A mail with the letter as it was issued, and the same as a page.
    assert_eq!(office.letters(), ["parley.n1.eml"]);
    let mail = std::fs::read_to_string(office.mail.join("parley.n1.eml")).unwrap();
    assert!(mail.contains("Letter 1: put it right.") && mail.contains("multipart/alternative"), "{mail}");
    assert!(mail.contains("Subject: Notice of violation and of intent: parley.n1"), "{mail}");

    let office = office.restart().await;
    office.engine.settle().await.unwrap();
    assert_eq!(attempts(&office, 0).await, ["email", "inbox"]);
}

/// The runtime has one thread, so that the engine gets exactly as far as the yields let it before it dies.
#[tokio::test]
async fn a_notice_is_delivered_once_wherever_the_engine_dies() {
    let mut office = Office::open().await;
    let case = office.open_case("parley").await;
    office.engine.settle().await.unwrap();
    let rounds = 12;
    for steps in 0..rounds {
        office.issue_notice(&case).await;
        for _ in 0..steps * steps {
            tokio::task::yield_now().await;
        }
        office = office.crash().await;
    }
    office.engine.settle().await.unwrap();
    for n in 0..rounds {
        assert_eq!(attempts(&office, n).await, ["email", "inbox"], "notice {}", n + 1);
    }
    assert_eq!(office.times_of("parley", "notice.attempted").await.len(), 2 * rounds);
    assert_eq!(office.letters().len(), rounds);
}

#[tokio::test]
async fn a_channel_that_fails_holds_up_no_other_and_is_tried_again() {
    let office = Office::open().await;
    let good = office.mail.clone();
    let blocked = office.database.folder().join("not-a-folder");
    std::fs::write(&blocked, "").unwrap();
    let office = office.mail_into(blocked).restart().await;

    let mut commits = office.engine.commits();
    let case = office.open_case("parley").await;
    office.issue_notice(&case).await;
    while attempts(&office, 0).await.is_empty() {
        commits.changed().await.unwrap();
    }
    assert_eq!(attempts(&office, 0).await, ["inbox"]);

    let office = office.mail_into(good).crash().await;
    office.engine.settle().await.unwrap();
    assert_eq!(attempts(&office, 0).await, ["email", "inbox"]);
    assert_eq!(office.letters(), ["parley.n1.eml"]);
}

#[tokio::test]
async fn a_letter_that_the_inbox_takes_and_mail_refuses_is_raised_until_mail_takes_it() {
    let office = Office::open().await;
    let good = office.mail.clone();
    let blocked = office.database.folder().join("not-a-folder");
    std::fs::write(&blocked, "").unwrap();
    let office = office.mail_into(blocked).restart().await;
    let raised = async |office: &Office| {
        let rows = office.engine.undeliverable(None, 10).await.unwrap();
        rows.into_iter().map(|row| row.number).collect::<Vec<_>>()
    };
    let case = office.open_case("parley").await;
    office.issue_notice(&case).await;
    office.engine.advance_to(start() + jiff::SignedDuration::from_mins(14)).await.unwrap();
    assert_eq!(office.times_of("parley", "notice.attempt_failed").await.len(), 2);
    assert_eq!(raised(&office).await, [0; 0], "what fails twice may be a pause of the mail's own");
    office.engine.advance_to(start() + hours(1)).await.unwrap();
    assert_eq!(raised(&office).await, [1]);
    assert_eq!(
        office.times_of("parley", "notice.refused").await.len(),
        1,
        "raised once, however often it fails"
    );
    let office = office.mail_into(good).restart().await;
    office.engine.advance_to(start() + hours(2)).await.unwrap();
    assert_eq!(attempts(&office, 0).await, ["email", "inbox"]);
    assert_eq!(raised(&office).await, [0; 0]);
    office.engine.stop().await;
    let store = office.database.open().await;
    let found = tenure_engine::verify::verify(&store, &crate::office::verifier()).await.unwrap();
    assert_eq!(found.faults, Vec::<String>::new());
}

#[tokio::test]
async fn service_is_deemed_72_hours_after_the_first_attempt_and_not_a_moment_before() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    office.issue_notice(&case).await;
    let due = start() + hours(72);

    let before = due - jiff::SignedDuration::from_micros(1);
    assert_eq!(office.engine.advance_to(before).await.unwrap(), before);
    assert_eq!(office.account("parley").await.notices[0].served_at(), None);

    office.engine.advance_to(due).await.unwrap();
    let notice = office.account("parley").await.notices.remove(0);
    assert_eq!(notice.served_at(), Some(due));
    assert!(matches!(notice.state, NoticeState::Served { by: ServedBy::Deemed, .. }), "{:?}", notice.state);
}

#[tokio::test]
async fn an_acknowledgement_serves_before_the_deemed_rule_does() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    let notice = office.issue_notice(&case).await;
    let when = start() + hours(5);
    office.engine.advance_to(when).await.unwrap();
    office.acknowledge(&notice).await;
    office.acknowledge(&notice).await;
    office.engine.advance_to(start() + hours(100)).await.unwrap();

    assert_eq!(office.times_of("parley", "notice.served").await, [when]);
    let stands = office.account("parley").await.notices.remove(0);
    assert!(matches!(stands.state, NoticeState::Served { by: ServedBy::Acknowledged { .. }, .. }));
}

#[tokio::test]
async fn reminders_go_out_once_each_though_the_engine_dies_in_between() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    let notice = office.issue_notice(&case).await;
    office.acknowledge(&notice).await;
    let (half, last) = (start() + hours(15 * 24), start() + hours(29 * 24));

    office.engine.advance_to(half - hours(1)).await.unwrap();
    let office = office.crash().await;
    assert!(office.times_of("parley", "notice.reminded").await.is_empty());
    office.engine.advance_to(half).await.unwrap();
    let mut office = office.crash().await;
    office.engine.advance_to(last - hours(1)).await.unwrap();
    assert_eq!(office.times_of("parley", "notice.reminded").await, [half]);

    // The engine dies while the last one goes out.
    for _ in 0..3 {
        let engine = office.engine.clone();
        tokio::select! {
            biased;
            moved = engine.advance_to(last) => { moved.unwrap(); }
            () = async { for _ in 0..10 { tokio::task::yield_now().await; } } => {}
        }
        drop(engine);
        office = office.crash().await;
    }
    office.engine.advance_to(start() + hours(31 * 24)).await.unwrap();
    assert_eq!(office.times_of("parley", "notice.reminded").await, [half, last]);
    let letters = ["parley.n1-reminder-half.txt", "parley.n1-reminder-last_day.txt", "parley.n1.eml"];
    assert_eq!(office.letters(), letters);
}

/// What happens to an account calls for a notice, whose job is committed with it.
#[tokio::test]
async fn what_happens_is_told_once_each_wherever_the_engine_dies() {
    let mut office = Office::open().await;
    let rounds: usize = 6;
    for steps in 0..rounds {
        let case = office.open_case("parley").await;
        let notice = office.issue_notice(&case).await;
        office.acknowledge(&notice).await;
        office.engine.advance_to(office.engine.now() + hours(31 * 24)).await.unwrap();
        office.engine.submit(office.proposal(&case)).await.unwrap();
        let mut kept = Kept::default();
        let why = office.engine.words(&mut kept, "It was read again.").unwrap();
        let withdraw = Command::WithdrawCase { case: case.clone(), why, clears: None };
        let withdraw = Act::Account(case.account().clone(), withdraw);
        office.submit_keeping(ines(), withdraw, kept).await.unwrap();
        for _ in 0..steps * steps {
            tokio::task::yield_now().await;
        }
        office = office.crash().await;
    }
    office.engine.settle().await.unwrap();
    let account = office.account("parley").await;
    let called: Vec<_> = account.notices.iter().filter(|n| n.called_by.is_some()).collect();
    let told: BTreeSet<_> = called.iter().filter_map(|n| n.kind.measure().cloned()).collect();
    assert_eq!((called.len(), told.len(), account.measures.len()), (rounds, rounds, rounds));
    for notice in called {
        assert!(matches!(notice.kind, NoticeKind::Lift { .. }), "{notice:?}");
        assert_eq!(notice.issued_by.to_string(), "system/clerk");
        assert_eq!(notice.attempts.len(), 2, "each has its own proofs: {notice:?}");
        let statement = office.engine.statement(notice).await.unwrap().unwrap();
        assert_eq!(statement.blob(), *notice.statement.as_ref().unwrap());
        let letter = office.engine.blob(notice.letter.as_str()).await.unwrap().unwrap();
        let letter = String::from_utf8(letter.bytes).unwrap();
        assert!(
            letter.contains("The case was taken back.") && letter.contains(notice.id.to_string().as_str()),
            "{letter}"
        );
    }
    assert!(
        office
            .letters()
            .iter()
            .filter(|name| std::path::Path::new(name).extension().is_some_and(|e| e == "eml"))
            .count()
            == 2 * rounds
    );
}
