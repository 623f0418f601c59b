//! Law 12: one person begins no more than the caps leave, over all accounts, in an hour and in a day. Legal time begins
//! at 17:00 UTC here.

use futures_util::future::join_all;
use jiff::Timestamp;
use tenure_access::Role;
use tenure_domain::account::Command;
use tenure_domain::refusal::{Guard, Refusal, Rejected, Unmet};
use tenure_domain::workload::Plan;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Caller, Once, Outcome, Submission};
use tenure_engine::{Cap, EngineError, OperatorCaps};
use tenure_store::Answer;

use crate::office::{Office, at, hours, ines, person, reasons, slug, start};

const FEW: Cap = Cap { per_hour: 2, per_day: 3 };

/// An office under these caps, with these accounts besides `parley`.
async fn office(caps: OperatorCaps, accounts: &[&str]) -> Office {
    let office = Office::open().await.capped(caps).restart().await;
    for name in accounts {
        office.open_account(name).await;
    }
    office
}

fn opening(office: &Office, who: Caller, account: &str, ground: &str) -> Submission {
    let mut kept = Kept::default();
    let why = office.engine.words(&mut kept, "Reports outpace what is taken down.").unwrap();
    let command = Command::OpenCase { ground: ground.parse().unwrap(), why, reports: Vec::new() };
    Submission::new(who, Act::Account(slug(account), command)).keeping(kept)
}

async fn open(office: &Office, who: Caller, account: &str) -> Result<Outcome, EngineError> {
    office.engine.submit(opening(office, who, account, "process_failure")).await
}

fn refusal(result: Result<Outcome, EngineError>) -> Refusal {
    match result {
        Err(EngineError::Rejected(Rejected::Refused(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

fn capped(refusal: &Refusal) -> Vec<&Unmet> {
    refusal.guards.iter().filter(|g| g.guard == Guard::WithinCap).collect()
}

/// What the caps say, where they are all that stands against it.
fn only_capped(result: Result<Outcome, EngineError>) -> Vec<(String, Option<Timestamp>)> {
    let refusal = refusal(result);
    assert_eq!(capped(&refusal).len(), refusal.guards.len(), "{refusal:?}");
    refusal.guards.into_iter().map(|g| (g.detail, g.not_before)).collect()
}

#[tokio::test]
async fn law_12_one_person_opens_so_many_cases_in_an_hour_and_in_a_day_over_all_accounts() {
    let caps = OperatorCaps { cases: FEW, ..OperatorCaps::default() };
    let office = office(caps, &["quince", "rowan", "sorrel", "tansy"]).await;
    open(&office, ines(), "parley").await.unwrap();
    open(&office, ines(), "quince").await.unwrap();
    let told = only_capped(open(&office, ines(), "rowan").await);
    let hour = "ines has opened 2 of at most 2 cases within this hour (UTC)".to_owned();
    assert_eq!(told, [(hour, Some(at("2021-01-04T18:00:00Z")))]);
    assert!(office.account("rowan").await.cases.is_empty());
    assert_eq!(office.times_of("rowan", "command.refused").await, [start()], "it stands on the record");

    // Somebody else goes on, also in the account that was refused.
    open(&office, person("noa", Role::Analyst), "rowan").await.unwrap();
    // It is counted in the store: a restart gives no room.
    let office = office.restart().await;
    only_capped(open(&office, ines(), "sorrel").await);

    office.engine.advance_to(start() + hours(1)).await.unwrap();
    open(&office, ines(), "sorrel").await.unwrap();
    let told = only_capped(open(&office, ines(), "tansy").await);
    let day = "ines has opened 3 of at most 3 cases within this day (UTC)".to_owned();
    assert_eq!(told, [(day, Some(at("2021-01-05T00:00:00Z")))]);
    office.engine.advance_to(at("2021-01-04T23:59:59Z")).await.unwrap();
    only_capped(open(&office, ines(), "tansy").await);
    office.engine.advance_to(at("2021-01-05T00:00:00Z")).await.unwrap();
    open(&office, ines(), "tansy").await.unwrap();
}

#[tokio::test]
async fn law_12_neither_refusals_nor_repeated_requests_count() {
    let caps = OperatorCaps { cases: FEW, ..OperatorCaps::default() };
    let office = office(caps, &["quince", "rowan"]).await;
    let keyed = || {
        let respond =
            |_: &_| Answer { request: "open".into(), status: 201, headers: "[]".into(), body: "{}".into() };
        Submission {
            once: Some(Once { key: "open-1".into(), request: "open".into(), respond: Box::new(respond) }),
            ..opening(&office, ines(), "parley", "process_failure")
        }
    };
    assert!(matches!(office.engine.submit(keyed()).await.unwrap(), Outcome::Done(..)));
    for _ in 0..3 {
        assert!(matches!(office.engine.submit(keyed()).await.unwrap(), Outcome::Repeated(_)));
        let again = refusal(open(&office, ines(), "parley").await);
        assert!(capped(&again).is_empty() && again.guards[0].guard == Guard::CaseOpen, "{again:?}");
    }
    open(&office, ines(), "quince").await.unwrap();
    // Past the cap a refusal still names what else is not met, and a repeated request still gets its answer.
    let again = refusal(open(&office, ines(), "parley").await);
    assert_eq!((capped(&again).len(), again.guards[0].guard), (1, Guard::CaseOpen));
    assert!(matches!(office.engine.submit(keyed()).await.unwrap(), Outcome::Repeated(_)));
    only_capped(open(&office, ines(), "rowan").await);
}

#[tokio::test]
async fn law_12_of_many_that_come_at_once_as_many_are_done_as_the_cap_leaves() {
    let names = ["aster", "basil", "cedar", "daisy", "elder", "fern", "gorse", "hazel"];
    let cases = Cap { per_hour: 3, per_day: 200 };
    let office = office(OperatorCaps { cases, ..OperatorCaps::default() }, &names).await;
    let results = join_all(names.iter().map(|name| open(&office, ines(), name))).await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 3);
    let mut opened = 0;
    for name in names {
        opened += office.account(name).await.cases.len();
    }
    assert_eq!(opened, 3);
}

#[tokio::test]
async fn law_12_one_person_proposes_so_many_measures_and_takes_back_without_a_cap() {
    let measures = Cap { per_hour: 1, per_day: 200 };
    let office = office(OperatorCaps { measures, ..OperatorCaps::default() }, &[]).await;
    let case = office.open_case("parley").await;
    let notice = office.issue_notice(&case).await;
    office.engine.settle().await.unwrap();
    office.acknowledge(&notice).await;
    let early = refusal(office.engine.submit(office.proposal(&case)).await);
    assert!(capped(&early).is_empty(), "{early:?}");
    office.engine.advance_to(start() + hours(31 * 24)).await.unwrap();
    office.engine.submit(office.proposal(&case)).await.unwrap();
    let told = refusal(office.engine.submit(office.proposal(&case)).await);
    let [unmet] = capped(&told)[..] else { panic!("{told:?}") };
    assert_eq!(unmet.detail, "ines has proposed 1 of at most 1 measures within this hour (UTC)");
    assert_eq!(unmet.not_before, Some(start() + hours(31 * 24 + 1)));
    assert!(unmet.satisfied_by.contains("caps.measuresPerHour"), "{unmet:?}");

    let mut kept = Kept::default();
    let why = office.engine.words(&mut kept, "It is no longer needed.").unwrap();
    let measure = office.account("parley").await.measures[0].id.clone();
    let lift = Act::Account(slug("parley"), Command::LiftMeasure { measure, why });
    office.submit_keeping(ines(), lift, kept).await.unwrap();
    only_capped(office.engine.submit(office.proposal(&case)).await);
    office.engine.advance_to(start() + hours(31 * 24 + 1)).await.unwrap();
    office.engine.submit(office.proposal(&case)).await.unwrap();
}

#[tokio::test]
async fn law_12_one_person_applies_so_many_emergency_measures() {
    let emergencies = Cap { per_hour: 200, per_day: 1 };
    let office = office(OperatorCaps { emergencies, ..OperatorCaps::default() }, &["quince"]).await;
    let plan = Plan { cpu_millis: 1_000, memory_mib: 512, storage_mib: 128, pods: 10 };
    for name in ["parley", "quince"] {
        let command = Command::CreateEnvironment { environment: "web".parse().unwrap(), plan };
        office.submit(person("pia", Role::Platform), Act::Account(slug(name), command)).await.unwrap();
        office.engine.submit(opening(&office, ines(), name, "imminent_violence")).await.unwrap();
    }
    let apply = async |who: Caller, name: &str| {
        let mut kept = Kept::default();
        let letter = kept.blob("text/plain", b"Letter of an emergency.".to_vec());
        let command = Command::ApplyEmergency {
            case: format!("{name}.c1").parse().unwrap(),
            power: "6.1-emergency".parse().unwrap(),
            scope: "environment/web".parse().unwrap(),
            why: office.engine.words(&mut kept, "It names the hour.").unwrap(),
            why_not_less: Some(office.engine.words(&mut kept, "It is everywhere.").unwrap()),
            reasons: reasons(letter),
        };
        office.engine.submit(Submission::new(who, Act::Account(slug(name), command)).keeping(kept)).await
    };
    apply(ines(), "parley").await.unwrap();
    let told = only_capped(apply(ines(), "quince").await);
    let day = "ines has applied 1 of at most 1 emergency measures within this day (UTC)".to_owned();
    assert_eq!(told, [(day, Some(at("2021-01-05T00:00:00Z")))]);
    assert!(office.account("quince").await.measures.is_empty());
    apply(person("noa", Role::Analyst), "quince").await.unwrap();
}
