//! Nights and days on which a deadline is easily a day or an hour wrong, through the whole engine: what comes due fires
//! exactly then, and not a microsecond before.

use jiff::{SignedDuration, Timestamp};
use tenure_domain::account::Command;
use tenure_domain::account::command::{ProposeMeasure, Starts};
use tenure_domain::account::event::Asked;
use tenure_domain::account::outlook::What;
use tenure_domain::account::timer::TimerKey;
use tenure_domain::account::{Actor, Context};
use tenure_domain::name::{CaseId, NoticeId};
use tenure_domain::refusal::{Guard, Refusal, Rejected};
use tenure_domain::scope::Scope;
use tenure_engine::EngineError;
use tenure_engine::kept::Kept;
use tenure_engine::submission::Act;

use crate::office::{Office, at, ines, slug};

/// Terms with one power whose cure is this long; no notice period, and a calendar of three years.
fn terms(zone: &str, cure: &str) -> String {
    format!(
        "kind: Terms
id: house
version: \"1\"
calendar: {{timeZone: {zone}, businessDays: [mon, tue, wed, thu, fri], holidays: [\"2023-12-25\", \"2024-01-01\", \"2024-02-29\"], coversUntil: \"2024-12-31\"}}
service: {{channels: [inbox], deemedAfter: never}}
powers:
  - {{id: \"1\", permits: suspend, scopes: [account], grounds: [debt], notice: PT0S, cure: {cure}, approvals: 1, podGrace: PT60S, constructiveTerminationAfter: P30D}}
floors: {{retrieval: P30D, appealWindow: P6M, appealDecision: P7D, evidenceRetention: P180D}}
"
    )
}

async fn open_case(office: &Office) -> CaseId {
    let mut kept = Kept::default();
    let why = office.engine.words(&mut kept, "Nothing is paid.").unwrap();
    let command = Command::OpenCase { ground: "debt".parse().unwrap(), why, reports: Vec::new() };
    let done = office.submit_keeping(ines(), Act::Account(slug("parley"), command), kept).await.unwrap();
    done.account().unwrap().cases.last().unwrap().id.clone()
}

async fn issue(office: &Office, case: &CaseId) -> Result<NoticeId, EngineError> {
    let mut kept = Kept::default();
    let ask = office.engine.words(&mut kept, "Pay.").unwrap();
    let command = Command::IssueNotice {
        case: case.clone(),
        starts: Starts::Cure,
        power: "1".parse().unwrap(),
        why: office.engine.words(&mut kept, "Nothing is paid.").unwrap(),
        items: vec![Asked {
            id: "pay".parse().unwrap(),
            ask,
            report: None,
            invoice: None,
            verifier: tenure_domain::account::cure::Verifier::Review,
        }],
        reasons: crate::office::reasons(kept.blob("text/plain", b"Pay.".to_vec())),
    };
    let done = office.submit_keeping(ines(), Act::Account(slug("parley"), command), kept).await?;
    Ok(done.account().unwrap().notices.last().unwrap().id.clone())
}

async fn propose(office: &Office, case: &CaseId) -> Result<(), Refusal> {
    let mut kept = Kept::default();
    let proposal = ProposeMeasure {
        case: case.clone(),
        power: "1".parse().unwrap(),
        scope: Scope::Account,
        effective: None,
        why: office.engine.words(&mut kept, "Nothing is paid.").unwrap(),
        why_not_less: None,
    };
    let act = Act::Account(slug("parley"), Command::ProposeMeasure(proposal));
    match office.submit_keeping(ines(), act, kept).await {
        Ok(_) => Ok(()),
        Err(EngineError::Rejected(Rejected::Refused(refusal))) => Err(refusal),
        Err(other) => panic!("{other:?}"),
    }
}

/// A notice that is served at a moment in a zone has a cure period that ends at another, where the case lapses.
async fn ends(zone: &str, cure: &str, served: &str, ends: &str) {
    let (served, ends) = (at(served), at(ends));
    let office = Office::open_at(served - SignedDuration::from_hours(1), &terms(zone, cure)).await;
    let case = open_case(&office).await;
    let notice = issue(&office, &case).await.unwrap();
    office.engine.advance_to(served).await.unwrap();
    office.acknowledge(&notice).await;
    let account = office.account("parley").await;
    assert_eq!(account.notices[0].cure_ends(), Some(ends), "{cure} from {served}");
    let steps = account.next_steps();
    let lapse = steps.iter().find(|s| matches!(s.what, What::Due(TimerKey::Lapse(_)))).unwrap();
    assert_eq!(lapse.due, Some(ends), "it is told beforehand");

    office.engine.advance_to(ends - SignedDuration::from_micros(1)).await.unwrap();
    assert!(office.times_of("parley", "case.lapsed").await.is_empty(), "a microsecond too early");
    let refusal = propose(&office, &case).await.unwrap_err();
    let cure_run = refusal.guards.iter().find(|g| g.guard == Guard::CureRun).unwrap();
    assert_eq!(cure_run.not_before, Some(ends));
    office.engine.advance_to(ends).await.unwrap();
    assert_eq!(office.times_of("parley", "case.lapsed").await, [ends]);
    propose(&office, &case).await.unwrap();
    office.engine.stop().await;
}

const LOS_ANGELES: &str = "America/Los_Angeles";
const BERLIN: &str = "Europe/Berlin";

#[tokio::test]
async fn in_a_spring_night_a_period_that_ends_in_the_hour_that_is_skipped_ends_after_it() {
    // 02:30 on 10 March 2024 is skipped in Los Angeles, on 31 March in Berlin.
    ends(LOS_ANGELES, "P30D", "2024-02-09T10:30:00Z", "2024-03-10T10:30:00Z").await;
    ends(BERLIN, "P1M", "2024-02-29T01:30:00Z", "2024-03-29T01:30:00Z").await;
    ends(BERLIN, "P1D", "2024-03-30T01:30:00Z", "2024-03-31T01:30:00Z").await;
    // The day has 23 hours; the period has 24 all the same.
    ends(BERLIN, "P1D", "2024-03-30T19:00:00Z", "2024-03-31T19:00:00Z").await;
}

#[tokio::test]
async fn in_an_autumn_night_a_period_that_ends_in_the_hour_that_comes_twice_ends_in_the_second() {
    // 01:30 on 3 November 2024 comes twice in Los Angeles, 02:30 on 27 October in Berlin.
    ends(LOS_ANGELES, "P30D", "2024-10-04T08:30:00Z", "2024-11-03T09:30:00Z").await;
    ends(BERLIN, "P1M", "2024-09-27T00:30:00Z", "2024-10-27T01:30:00Z").await;
    ends(BERLIN, "1bd", "2024-10-25T00:30:00Z", "2024-10-28T01:30:00Z").await;
}

#[tokio::test]
async fn a_leap_day_is_a_day_like_any_other() {
    ends(BERLIN, "P1D", "2024-02-28T11:00:00Z", "2024-02-29T11:00:00Z").await;
    ends(BERLIN, "P2D", "2024-02-28T11:00:00Z", "2024-03-01T11:00:00Z").await;
    ends(BERLIN, "P12M", "2024-02-29T11:00:00Z", "2025-02-28T11:00:00Z").await;
}

#[tokio::test]
async fn a_month_without_the_day_ends_on_its_last() {
    ends(BERLIN, "P1M", "2024-01-31T11:00:00Z", "2024-02-29T11:00:00Z").await;
    ends(BERLIN, "P1M", "2023-01-31T11:00:00Z", "2023-02-28T11:00:00Z").await;
    ends(BERLIN, "P1M", "2024-04-30T11:00:00Z", "2024-05-30T11:00:00Z").await;
    ends(BERLIN, "P3M", "2024-08-31T11:00:00Z", "2024-11-30T12:00:00Z").await;
}

#[tokio::test]
async fn a_year_ends_by_the_clock_of_the_terms_and_not_by_that_of_greenwich() {
    // In Los Angeles it is still Thursday, 28 December; in Greenwich it is Friday.
    ends(LOS_ANGELES, "2bd", "2023-12-29T01:00:00Z", "2024-01-03T01:00:00Z").await;
    ends(LOS_ANGELES, "P1M", "2024-01-01T07:59:59.999999Z", "2024-02-01T07:59:59.999999Z").await;
    ends(BERLIN, "P1D", "2023-12-31T22:59:59.999999Z", "2024-01-01T22:59:59.999999Z").await;
}

#[tokio::test]
async fn a_holiday_at_the_deadline_moves_it_on_and_one_on_the_way_too() {
    // Monday, 1 January and Thursday, 29 February 2024 are holidays.
    ends(BERLIN, "1bd", "2023-12-29T11:00:00Z", "2024-01-02T11:00:00Z").await;
    ends(BERLIN, "2bd", "2024-02-27T11:00:00Z", "2024-03-01T11:00:00Z").await;
    ends(BERLIN, "2bd", "2024-02-28T11:00:00Z", "2024-03-04T11:00:00Z").await;
    // Calendar days take no notice of it.
    ends(BERLIN, "P1D", "2024-02-28T11:00:00Z", "2024-02-29T11:00:00Z").await;
}

fn guards(refusal: &Refusal) -> Vec<Guard> {
    refusal.guards.iter().map(|g| g.guard).collect()
}

/// The deadline would be on 2 January 2025, and nobody knows whether that is a holiday.
#[tokio::test]
async fn where_the_calendar_ends_no_notice_goes_out_and_the_refusal_says_what_to_do() {
    let office = Office::open_at(at("2024-12-30T11:00:00Z"), &terms(BERLIN, "2bd")).await;
    let case = open_case(&office).await;
    let late = at("2024-12-31T11:00:00Z");
    office.engine.advance_to(late).await.unwrap();
    let Err(EngineError::Rejected(Rejected::Refused(refusal))) = issue(&office, &case).await else {
        panic!()
    };
    assert_eq!(guards(&refusal), [Guard::CalendarKnown]);
    let unmet = &refusal.guards[0];
    assert!(unmet.detail.contains("2024-12-31"), "{}", unmet.detail);
    assert!(unmet.satisfied_by.contains("publish terms"), "{}", unmet.satisfied_by);
    office.engine.stop().await;
}

/// Service is a fact. The clock that it would start has no end that is known, so none runs, and nothing can rest on it.
#[tokio::test]
async fn a_notice_that_is_served_where_the_calendar_ends_starts_no_clock_and_nothing_ever_fires() {
    let office = Office::open_at(at("2024-12-27T11:00:00Z"), &terms(BERLIN, "2bd")).await;
    let case = open_case(&office).await;
    let notice = issue(&office, &case).await.unwrap();
    office.engine.advance_to(at("2024-12-31T11:00:00Z")).await.unwrap();
    office.acknowledge(&notice).await;
    let account = office.account("parley").await;
    assert!(account.notices[0].served_at().is_some());
    assert_eq!((account.notices[0].cure_ends(), account.timers()), (None, Vec::new()));
    let year: Timestamp = at("2025-12-31T11:00:00Z");
    office.engine.advance_to(year).await.unwrap();
    assert!(office.times_of("parley", "case.lapsed").await.is_empty());
    let refusal = propose(&office, &case).await.unwrap_err();
    assert!(guards(&refusal).contains(&Guard::CalendarKnown), "{refusal:?}");
    let actor: Actor = "system/cluster".parse().unwrap();
    let shelf = office.engine.shelf();
    let context = Context { now: year, actor: &actor, book: &shelf.terms };
    let told = office.account("parley").await.why_not_yet_of_all(&context).unwrap();
    assert_eq!(told[0].guards[0].guard, Guard::CalendarKnown);
    assert_eq!(told[0].guards[0].not_before, None, "no moment is told that nobody knows");
    office.engine.stop().await;
}
