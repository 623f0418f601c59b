use tenure_domain::account::Command;
use tenure_domain::refusal::{Guard, Rejected};
use tenure_engine::EngineError;
use tenure_engine::kept::Kept;
use tenure_engine::submission::Act;

use crate::office::{Office, hours, ines, person, slug, start};
use tenure_access::Role;

/// A suspension that is approved and scheduled, at the moment it would take effect.
async fn scheduled() -> Office {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    let notice = office.issue_notice(&case).await;
    office.engine.settle().await.unwrap();
    office.acknowledge(&notice).await;
    office.engine.advance_to(start() + hours(31 * 24)).await.unwrap();
    office.engine.submit(office.proposal(&case)).await.unwrap();
    office
}

async fn approve(office: &Office, approver: &str) -> Result<(), EngineError> {
    let account = office.account("parley").await;
    let measure = &account.measures[0];
    let command =
        Command::ApproveMeasure { measure: measure.id.clone(), command_hash: measure.command_hash.clone() };
    let act = Act::Account(slug("parley"), command);
    office.submit(person(approver, Role::Approver), act).await.map(|_| ())
}

#[tokio::test]
async fn law_14_a_stuck_log_stops_what_restricts_and_never_what_lifts_or_reads() {
    let office = scheduled().await;
    approve(&office, "amara").await.unwrap();
    // The second approval schedules it for now; from here on the log is stuck.
    let office = office.stuck_at(0).restart().await;
    let refused = approve(&office, "bruno").await.unwrap_err();
    let EngineError::Rejected(Rejected::Refused(refusal)) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.guards[0].guard, Guard::RecordKept);
    assert!(office.place_hold("parley").await.is_ok());

    let office = office.stuck_at(tenure_engine::MOST_BEHIND).restart().await;
    approve(&office, "bruno").await.unwrap();
    assert_eq!(office.account("parley").await.measures[0].state_name(), "scheduled");
    let office = office.stuck_at(0).restart().await;
    office.engine.advance_to(start() + hours(32 * 24)).await.unwrap();
    assert_eq!(office.account("parley").await.measures[0].state_name(), "scheduled", "late is allowed");
    let mut kept = Kept::default();
    let why = office.engine.words(&mut kept, "It is no longer needed.").unwrap();
    let measure = office.account("parley").await.measures[0].id.clone();
    let lift = Act::Account(slug("parley"), Command::LiftMeasure { measure, why });
    office.submit_keeping(ines(), lift, kept).await.unwrap();
    assert_eq!(office.account("parley").await.measures[0].state_name(), "withdrawn");
}

#[tokio::test]
async fn what_waited_for_the_log_takes_effect_when_it_moves_again() {
    let office = scheduled().await;
    approve(&office, "amara").await.unwrap();
    approve(&office, "bruno").await.unwrap();
    let office = office.stuck_at(0).restart().await;
    office.engine.advance_to(start() + hours(32 * 24)).await.unwrap();
    let office = office.stuck_at(tenure_engine::MOST_BEHIND).restart().await;
    office.engine.advance_to(start() + hours(32 * 24)).await.unwrap();
    assert_eq!(office.account("parley").await.measures[0].state_name(), "applying");
}
