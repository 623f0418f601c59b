//! Reports that say the same, and reporters who bring in too much.

use tenure_access::Role;
use tenure_domain::name::ReportId;
use tenure_domain::report::{Command, Report};
use tenure_engine::intake::{BYTES_PER_DAY, REPORTS_PER_DAY};
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Caller, Submission};
use tenure_engine::verify::verify;
use tenure_engine::{EngineError, Joined};
use tenure_store::Brought;

use crate::office::{Office, at, done, hours, member, person, slug, start, verifier};

/// A report about a place, by a reporter, with a reference of theirs.
fn about(office: &Office, reporter: &str, place: &str, reference: Option<&str>) -> Submission {
    let mut submission = office.report("parley", "incitement", "post");
    let Act::FileReport(_, allegation) = &mut submission.act else { panic!("a report") };
    allegation.locator = office.engine.words(&mut submission.kept, place).unwrap();
    allegation.reference = reference.map(|text| office.engine.words(&mut submission.kept, text).unwrap());
    submission.caller = person(reporter, Role::Reporter);
    submission
}

async fn file(office: &Office, submission: Submission) -> String {
    done(office.engine.submit(submission).await.unwrap()).stream
}

async fn report(office: &Office, id: &str) -> Report {
    office.engine.report(&id.parse().unwrap()).await.unwrap().unwrap()
}

async fn joined(office: &Office, id: &str) -> Vec<Joined> {
    office.engine.joined(&id.parse::<ReportId>().unwrap(), 0, 100).await.unwrap()
}

async fn answer(office: &Office, id: &str) {
    let mut kept = Kept::default();
    let answer = office.engine.words(&mut kept, "Taken down.").unwrap();
    let act = Act::Report(id.parse().unwrap(), Command::Remediate { answer });
    office.submit_keeping(member("parley", Role::Owner), act, kept).await.unwrap();
}

async fn agrees(office: &Office) {
    office.engine.settle().await.unwrap();
    assert_eq!(verify(&office.store, &verifier()).await.unwrap().faults, Vec::<String>::new());
}

#[tokio::test]
async fn ninety_eight_mails_about_one_post_are_one_report_and_nothing_of_them_is_lost() {
    let office = Office::open().await;
    // Two reports would open a case.
    office.publish_rule("kind: Rule\nid: hasty\nground: process_failure\nmode: notify\nwhen: >\n  reports(\"incitement\", \"P28D\").filed >= 2\ncaps: {perDay: 2, shareOfAccounts: 1}\n").await;
    let spellings = [
        "https://parley.example/post/1",
        "HTTPS://PARLEY.example:443/post/1#top",
        " hxxps://parley[.]example/post/1 ",
    ];
    let mut at_once = tokio::task::JoinSet::new();
    for n in 0..98 {
        let mut submission = about(&office, &format!("rex-{n}"), spellings[n % 3], None);
        let Act::FileReport(_, allegation) = &mut submission.act else { panic!("a report") };
        let seen = submission.kept.blob("text/plain", format!("capture {n}").into_bytes());
        allegation.evidence.insert(seen, "text/plain".into());
        let engine = office.engine.clone();
        at_once.spawn(async move { done(engine.submit(submission).await.unwrap()) });
    }
    let all = at_once.join_all().await;
    assert!(all.iter().all(|done| done.stream == "report/parley.r1"));
    assert_eq!(all.iter().filter(|done| done.joined()).count(), 97);
    assert_eq!(report(&office, "parley.r1").await.joined, 97);
    let rows = office.engine.reports(&slug("parley"), 0, 10).await.unwrap();
    assert_eq!(rows.len(), 1, "lists and rules see one");
    let joined = joined(&office, "parley.r1").await;
    assert_eq!(joined.len(), 97);
    let who: std::collections::BTreeSet<&str> = joined.iter().map(|j| j.by.as_str()).collect();
    assert_eq!(who.len(), 97, "who said it stays told");
    for one in &joined {
        let said = office.engine.read_words(one.allegation.locator.as_str()).await.unwrap().unwrap();
        assert!(spellings.contains(&said.as_str()), "{said:?}");
        for evidence in one.allegation.evidence.keys() {
            assert!(office.engine.is_named_by(&slug("parley"), evidence.as_str()).await.unwrap());
        }
    }
    agrees(&office).await;
    assert!(office.times_of("parley", "case.opened").await.is_empty(), "one report is not two");
    file(&office, about(&office, "rex", "https://parley.example/post/2", None)).await;
    agrees(&office).await;
    assert_eq!(office.times_of("parley", "case.opened").await.len(), 1);
}

#[tokio::test]
async fn another_place_ground_or_account_is_another_report() {
    let office = Office::open().await;
    office.open_account("agora").await;
    for (account, ground, what, stream) in [
        ("parley", "incitement", "1", "report/parley.r1"),
        ("parley", "phishing", "1", "report/parley.r2"),
        ("parley", "incitement", "2", "report/parley.r3"),
        ("agora", "incitement", "1", "report/agora.r1"),
        ("parley", "incitement", "1", "report/parley.r1"),
        ("parley", "incitement", "3", "report/parley.r4"),
    ] {
        assert_eq!(file(&office, office.report(account, ground, what)).await, stream);
    }
    agrees(&office).await;
}

#[tokio::test]
async fn what_comes_back_after_the_answer_or_after_thirty_days_is_a_new_report() {
    let office = Office::open().await;
    let post = || about(&office, "rex", "https://parley.example/post/1", None);
    assert_eq!(file(&office, post()).await, "report/parley.r1");
    answer(&office, "parley.r1").await;
    assert_eq!(file(&office, post()).await, "report/parley.r2");
    office.engine.advance_to(start() + hours(30 * 24)).await.unwrap();
    assert_eq!(file(&office, post()).await, "report/parley.r2");
    office.engine.advance_to(start() + hours(30 * 24) + hours(1)).await.unwrap();
    assert_eq!(file(&office, post()).await, "report/parley.r3");
    agrees(&office).await;
    // An answer to the older one takes nothing from the newer.
    answer(&office, "parley.r2").await;
    assert_eq!(file(&office, post()).await, "report/parley.r3");
    agrees(&office).await;
    let office = office.restart().await;
    let again = about(&office, "rex", "https://parley.example/post/1", None);
    assert_eq!(file(&office, again).await, "report/parley.r3", "a restart forgets nothing");
    agrees(&office).await;
}

#[tokio::test]
async fn the_same_reporters_reference_is_the_same_report() {
    let office = Office::open().await;
    let first = "https://parley.example/post/1";
    assert_eq!(file(&office, about(&office, "rex", first, Some("T-7"))).await, "report/parley.r1");
    let second = "https://parley.example/post/2";
    assert_eq!(file(&office, about(&office, "rex", second, Some(" T-7 "))).await, "report/parley.r1");
    // What was joined by its reference does not stand in the way of others who report that place.
    assert_eq!(file(&office, about(&office, "una", second, Some("T-7"))).await, "report/parley.r2");
    assert_eq!(file(&office, about(&office, "una", first, Some("T-8"))).await, "report/parley.r1");
    let third = "https://parley.example/post/3";
    assert_eq!(file(&office, about(&office, "una", third, Some("T-8"))).await, "report/parley.r1");
    agrees(&office).await;
}

#[tokio::test]
async fn erased_words_are_no_fault_of_what_reports_are_found_by() {
    let office = Office::open().await;
    file(&office, office.report("parley", "incitement", "1")).await;
    file(&office, office.report("parley", "incitement", "2")).await;
    office.sql("DELETE FROM words").await;
    agrees(&office).await;
}

#[tokio::test]
async fn what_came_in_before_there_were_keys_is_no_fault() {
    let office = Office::open().await;
    file(&office, office.report("parley", "incitement", "1")).await;
    office.sql("DELETE FROM report_keys; DELETE FROM installation WHERE key = 'report-keys'").await;
    agrees(&office).await;
    let office = office.restart().await;
    agrees(&office).await;
    assert_eq!(file(&office, office.report("parley", "incitement", "1")).await, "report/parley.r2");
    assert_eq!(file(&office, office.report("parley", "incitement", "1")).await, "report/parley.r2");
    agrees(&office).await;
}

/// Lets a reporter have brought in so much today.
async fn brought(office: &Office, reporter: &str, reports: i64, bytes: i64) {
    let day = office.engine.now().as_second().div_euclid(86_400);
    let mut write = office.store.write().await.unwrap();
    write.bring(&format!("person/{reporter}"), day, Brought { reports, bytes }).await.unwrap();
    write.commit().await.unwrap();
}

#[track_caller]
fn too_much<T: std::fmt::Debug>(result: Result<T, EngineError>) -> (&'static str, String, u64) {
    match result {
        Err(EngineError::TooMuch { what, until, seconds, .. }) => (what, until.to_string(), seconds),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_reporter_brings_in_so_many_reports_a_day_and_goes_on_the_next() {
    let office = Office::open().await;
    brought(&office, "rex", REPORTS_PER_DAY - 2, 0).await;
    let post = |n: usize| about(&office, "rex", &format!("https://parley.example/post/{n}"), None);
    file(&office, post(1)).await;
    // One that is joined is brought in as well.
    file(&office, post(1)).await;
    let next = ("reports", "2021-01-05T00:00:00Z".to_owned(), 7 * 3_600);
    for n in [1, 2, 3] {
        assert_eq!(too_much(office.engine.submit(post(n)).await), next);
    }
    assert_eq!(report(&office, "parley.r1").await.joined, 1, "what was refused left nothing");
    // Others go on, and the reporter's evidence is still taken.
    file(&office, about(&office, "una", "https://parley.example/post/2", None)).await;
    office.engine.advance_to(at("2021-01-04T23:59:59Z")).await.unwrap();
    assert_eq!(too_much(office.engine.submit(post(3)).await).2, 1);
    office.engine.advance_to(at("2021-01-05T00:00:00Z")).await.unwrap();
    assert_eq!(file(&office, post(3)).await, "report/parley.r3", "a refusal used no number");
    agrees(&office).await;
}

#[tokio::test]
async fn one_uploader_brings_in_so_many_bytes_a_day() {
    let office = Office::open().await;
    brought(&office, "rex", 0, BYTES_PER_DAY - 10).await;
    let upload = |who: &str, bytes: &[u8]| {
        let mut kept = Kept::default();
        kept.blob("text/plain", bytes.to_vec());
        let caller: Caller = person(who, Role::Reporter);
        office.submit_keeping(caller, Act::Keep, kept)
    };
    assert_eq!(too_much(upload("rex", b"eleven byte").await).0, "bytes of evidence");
    upload("rex", b"ten bytes.").await.unwrap();
    assert_eq!(too_much(upload("rex", b"1").await).0, "bytes of evidence");
    // The evidence that comes with a report counts the same.
    assert_eq!(
        too_much(office.engine.submit(office.report("parley", "spam", "1")).await).0,
        "bytes of evidence"
    );
    assert!(
        office.engine.blob(tenure_engine::kept::blob_id(b"eleven byte").as_str()).await.unwrap().is_none()
    );
    upload("una", b"eleven byte").await.unwrap();
    office.engine.advance_to(start() + hours(7)).await.unwrap();
    upload("rex", b"1").await.unwrap();
}
