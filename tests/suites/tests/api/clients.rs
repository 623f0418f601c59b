//! The typed client.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use tenure_client::{Client, OPERATIONS};
use tenure_wire::request::{OpenCase, Reason, WithdrawCase};
use tenure_wire::view::{EventView, ReportView};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::house::{House, report, report_about};
use crate::operations;

#[test]
fn there_is_a_method_for_each_operation() {
    let have: BTreeSet<String> =
        OPERATIONS.iter().flat_map(|part| part.iter()).map(ToString::to_string).collect();
    let documented: BTreeSet<String> = operations::all().into_iter().map(|o| o.id).collect();
    let lacking: Vec<&String> = documented.difference(&have).collect();
    assert!(lacking.is_empty(), "no method for {lacking:?}");
    let surplus: Vec<&String> = have.difference(&documented).filter(|id| !id.ends_with("Clock")).collect();
    assert!(surplus.is_empty(), "no such operation: {surplus:?}");
}

/// Passes connections on to the server, and cuts the first ones off before the answer comes back.
async fn cutting(url: &str, cuts: usize) -> String {
    let server = url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut seen = 0;
        while let Ok((mut client, _)) = listener.accept().await {
            let mut upstream = tokio::net::TcpStream::connect(&server).await.unwrap();
            seen += 1;
            if seen > cuts {
                tokio::spawn(
                    async move { drop(tokio::io::copy_bidirectional(&mut client, &mut upstream).await) },
                );
                continue;
            }
            let mut request = vec![0; 64 * 1024];
            let n = client.read(&mut request).await.unwrap();
            upstream.write_all(&request[..n]).await.unwrap();
            // The server has done it when its answer is here; the client does not hear of it.
            upstream.read_exact(&mut [0; 12]).await.unwrap();
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_sent_again_and_done_once() {
    let house = House::furnished().await;
    let url = cutting(house.url(), 3).await;
    let analyst = Client::new(&url, house.token("analyst")).unwrap();
    let body = serde_json::from_value(report(&house.evidence)).unwrap();
    let lost = analyst.file_report("filed", &body).await.unwrap_err();
    assert!(lost.is_passing() && lost.problem().is_none(), "{lost}");
    let written = analyst.patient(Duration::from_secs(20)).file_report("filed", &body).await.unwrap();
    assert_eq!(written.id, "parley.r3");
    let reports: Vec<ReportView> = Client::new(house.url(), house.token("analyst"))
        .unwrap()
        .all_reports("parley")
        .try_collect()
        .await
        .unwrap();
    assert_eq!(reports.len(), 3, "once");
    house.close().await;
}

#[tokio::test]
async fn lists_are_read_to_their_end_and_refusals_are_told_in_full() {
    let house = House::furnished().await;
    let auditor = Client::new(house.url(), house.token("auditor")).unwrap();
    for post in 0..120 {
        let report = report_about(format!("post/{post}"), &house.evidence);
        house.caller("reporter").post("/v1/reports", &report).await.is(201);
    }
    let all: Vec<EventView> = auditor.items("/v1/events").try_collect().await.unwrap();
    assert!(all.len() > 200 - 50 && all.windows(2).all(|pair| pair[0].position < pair[1].position));
    let reports: Vec<ReportView> = auditor.all_reports("parley").try_collect().await.unwrap();
    assert_eq!(reports.len(), 122);
    let analyst = Client::new(house.url(), house.token("analyst")).unwrap();
    let refused =
        analyst.lift("lift", "parley.m9", &Reason { why: "It is over".to_owned() }).await.unwrap_err();
    assert_eq!((refused.kind(), refused.is_passing()), (Some("not-found"), false));
    assert!(refused.to_string().contains(refused.request_id().unwrap()), "{refused}");
    let body = serde_json::json!({"account": "parley", "ground": "weather", "why": "It rains"});
    let body: OpenCase = serde_json::from_value(body).unwrap();
    let refused = analyst.open_case("weather", &body).await.unwrap_err();
    assert!(refused.kind() == Some("refused") && !refused.guards().is_empty(), "{refused}");
    // A change on what was read, and one on what is past.
    let owner = Client::new(house.url(), house.token("parley/owner")).unwrap();
    let read = owner.tagged::<serde_json::Value>("/v1/cases/parley.c1").await.unwrap();
    let key = "withdraw";
    let back = WithdrawCase { why: "It was satire".into(), false_for: None };
    analyst.only_at(&read.tag).withdraw_case(key, "parley.c1", &back).await.unwrap();
    let stale = analyst.only_at(&read.tag).withdraw_case("other", "parley.c2", &back).await.unwrap_err();
    assert_eq!(stale.kind(), Some("stale"));
    house.close().await;
}
