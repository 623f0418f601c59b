//! Cases' rows: written with the case, made up for those from before, and checked against the accounts.

use tenure_engine::verify::verify;

use crate::office::{Office, verifier};

async fn faults(office: &Office) -> Vec<String> {
    office.engine.settle().await.unwrap();
    verify(&office.store, &verifier()).await.unwrap().faults
}

#[tokio::test]
async fn rows_of_cases_from_before_are_made_up_at_the_start_and_damaged_ones_are_told() {
    let office = Office::open().await;
    office.open_case("parley").await;
    assert_eq!(faults(&office).await, Vec::<String>::new());
    office.sql("DELETE FROM parity_cases").await;
    assert_eq!(faults(&office).await, ["parley.c1: the row by which like cases find it is not the case's"]);
    office.sql("DELETE FROM installation WHERE key = 'parity_rows'").await;
    let office = office.restart().await;
    assert_eq!(faults(&office).await, Vec::<String>::new());
    office.sql("UPDATE parity_cases SET is_open = 0").await;
    assert_eq!(faults(&office).await.len(), 1);
    office.sql("UPDATE parity_cases SET is_open = 1, case_id = 'parley.c2'").await;
    assert_eq!(faults(&office).await.len(), 2, "one is missing, and one is of nothing");
}

#[tokio::test]
async fn a_proposal_that_is_refused_keeps_no_comparison_and_one_that_is_made_keeps_it() {
    let office = Office::open().await;
    let case = office.open_case("parley").await;
    office.engine.submit(office.proposal(&case)).await.unwrap_err();
    assert!(office.times_of("parley", "parity.compared").await.is_empty());
    let notice = office.issue_notice(&case).await;
    office.engine.settle().await.unwrap();
    office.acknowledge(&notice).await;
    office.engine.advance_to(crate::office::start() + crate::office::hours(31 * 24)).await.unwrap();
    office.engine.submit(office.proposal(&case)).await.unwrap();
    let measure = office.account("parley").await.measures[0].clone();
    let kept = office.engine.parity_of(&measure.id).await.unwrap().unwrap();
    assert_eq!(kept["comparatorHash"], measure.parity.clone().unwrap().comparator);
    assert_eq!(kept["subject"]["noticeSeconds"], 31 * 24 * 3600);
    assert_eq!(kept["said"], "0 similarly situated cases with a measure: too few to say");
    assert_eq!(faults(&office).await, Vec::<String>::new());
    let document = measure.parity.unwrap().document;
    assert!(!office.engine.is_named_by(&crate::office::slug("parley"), document.as_str()).await.unwrap());
}
