//! The record as it happens.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::json;
use tenure_api::Limits;
use tenure_client::Client;
use tenure_wire::view::EventView;

use crate::bounds::Porch;
use crate::house::{House, report, report_about};

const PATIENCE: Duration = Duration::from_mins(1);

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it comes in time")
}

fn client(house: &House, holder: &str) -> Client {
    Client::new(house.url(), house.token(holder)).unwrap()
}

/// A stream as it comes, without anything that comes back by itself.
pub async fn open(url: &str, token: &str, path: &str, last: Option<&str>) -> reqwest::Response {
    let mut request = reqwest::Client::new().get(format!("{url}{path}")).bearer_auth(token);
    request = request.header("accept", "text/event-stream");
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    request.send().await.unwrap()
}

/// What comes until the text named, or the stream's end.
pub async fn until(response: &mut reqwest::Response, text: &str) -> String {
    let mut told = String::new();
    while let Ok(Some(chunk)) = in_time(response.chunk()).await {
        told.push_str(&String::from_utf8_lossy(&chunk));
        if told.contains(text) {
            break;
        }
    }
    told
}

#[tokio::test]
async fn what_happens_comes_at_once_and_readers_see_what_the_list_shows() {
    let house = House::furnished().await;
    let all = house.caller("auditor").get("/v1/events?pageSize=200").await.is(200).json();
    let all: Vec<EventView> = serde_json::from_value(all["items"].clone()).unwrap();
    let auditor = client(&house, "auditor");
    let mut events = Box::pin(auditor.follow(None, None));
    let past: Vec<EventView> = in_time(events.by_ref().take(all.len()).try_collect()).await.unwrap();
    let told =
        |events: &[EventView]| events.iter().map(|e| (e.position, e.event_type.clone())).collect::<Vec<_>>();
    assert_eq!(told(&past), told(&all));
    let since = Instant::now();
    house.caller("analyst").post("/v1/reports", &report(&house.evidence)).await.is(201);
    let event = in_time(events.next()).await.unwrap().unwrap();
    assert_eq!((event.stream.as_str(), event.event_type.as_str()), ("report/parley.r3", "report.filed"));
    assert!(since.elapsed() < Duration::from_secs(5));
    house.close().await;
}

#[tokio::test]
async fn cut_off_again_and_again_a_reader_misses_nothing_and_hears_nothing_twice() {
    let house = House::furnished().await;
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (reporter, evidence) = (house.caller("reporter"), house.evidence.clone());
            tokio::spawn(async move {
                for post in 0..15 {
                    let body = report_about(format!("post/{writer}-{post}"), &evidence);
                    reporter.post("/v1/reports", &body).await.is(201);
                }
            })
        })
        .collect();
    let auditor = client(&house, "auditor");
    let (mut heard, mut last, mut filed) = (Vec::new(), None, 0);
    while filed < 62 {
        // A connection for seven events, then another.
        let events: Vec<EventView> = in_time(auditor.follow(None, last).take(7).try_collect()).await.unwrap();
        last = events.last().map(|e| e.position);
        filed += events.iter().filter(|e| e.event_type == "report.filed").count();
        heard.extend(events.into_iter().map(|e| e.position));
        if filed + 7 > 62 {
            break;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    house.settle().await;
    let all: Vec<EventView> = auditor.items("/v1/events").try_collect().await.unwrap();
    let rest = all.len() - heard.len();
    let events: Vec<EventView> = in_time(auditor.follow(None, last).take(rest).try_collect()).await.unwrap();
    heard.extend(events.into_iter().map(|e| e.position));
    assert_eq!(heard, all.iter().map(|e| e.position).collect::<Vec<_>>());
    house.close().await;
}

#[tokio::test]
async fn a_member_follows_its_own_account_and_nothing_else() {
    let house = House::furnished().await;
    let (url, token) = (house.url(), house.token("parley/viewer"));
    for path in ["/v1/events", "/v1/events?stream=account/agora", "/v1/events?stream=person/analyst"] {
        assert_eq!(open(url, token, path, None).await.status().as_u16(), 404, "{path}");
    }
    let viewer = client(&house, "parley/viewer");
    let mut events = Box::pin(viewer.follow(Some("account/parley"), Some(2)));
    let third = in_time(events.next()).await.unwrap().unwrap();
    assert_eq!((third.stream.as_str(), third.n), ("account/parley", 3));
    let account = house.caller("parley/viewer").get("/v1/accounts/parley").await.json();
    let version = account["version"].as_u64().unwrap();
    let rest: Vec<EventView> =
        in_time(events.by_ref().take(usize::try_from(version).unwrap() - 3).try_collect()).await.unwrap();
    assert!(rest.iter().all(|e| e.stream == "account/parley"));
    let plan = json!({"account": "agora", "scope": "account", "runningState": false, "why": "A hearing"});
    house.caller("legal").post("/v1/holds", &plan).await.is(201);
    let plan = json!({"account": "parley", "scope": "account", "runningState": false, "why": "A hearing"});
    house.caller("legal").post("/v1/holds", &plan).await.is(201);
    let next = in_time(events.next()).await.unwrap().unwrap();
    assert_eq!(
        (next.stream.as_str(), next.n),
        ("account/parley", version + 1),
        "the other's is not heard of"
    );
    house.close().await;
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked_and_says_so_to_whoever_comes_back() {
    let house = House::furnished().await;
    let admin = house.caller("administrator");
    let issued = admin.post("/v1/tokens", &json!({"subject": "person/auditor"})).await.is(201).json();
    let (id, token) = (issued["id"].as_str().unwrap(), issued["token"].as_str().unwrap());
    let mut stream = open(house.url(), token, "/v1/events", None).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let told = until(&mut stream, "token.issued").await;
    assert!(told.starts_with(": the events as they happen\nretry: 2000\n"), "{told}");
    let follower = Client::new(house.url(), token).unwrap().patient(PATIENCE);
    let mut events = Box::pin(follower.follow(None, Some(1)));
    in_time(events.next()).await.unwrap().unwrap();
    admin.send("DELETE", &format!("/v1/tokens/{id}"), &[], Vec::new()).await.is(200);
    until(&mut stream, "no such text").await;
    let error = in_time(async {
        loop {
            if let Err(error) = events.next().await.unwrap() {
                break error;
            }
        }
    })
    .await;
    assert_eq!(error.kind(), Some("unauthenticated"), "{error}");
    house.close().await;
}

#[tokio::test]
async fn a_stop_ends_streams_at_once_and_a_client_goes_on_after_the_start() {
    let house = House::furnished().await;
    let mut stream = open(house.url(), house.token("auditor"), "/v1/events", None).await;
    until(&mut stream, "id: 5").await;
    let since = Instant::now();
    let (_, ended) = tokio::join!(house.close(), async {
        while let Ok(Some(_)) = stream.chunk().await {}
        since.elapsed()
    });
    assert!(ended < Duration::from_secs(4), "ended by itself and was not cut off: {ended:?}");
}

#[tokio::test]
async fn streams_are_alive_in_silence_bounded_and_particular_about_cursors() {
    let limits = Limits { heartbeat: Duration::from_millis(50), streams: 2, ..Limits::default() };
    let porch = Porch::open(limits).await;
    let (url, token) = (porch.url(), porch.token.clone());
    let path = "/v1/events?stream=person/nobody";
    let mut first = open(&url, &token, path, None).await;
    let told = until(&mut first, "\n\n:\n\n").await;
    assert!(told.ends_with(":\n\n") && !told.contains("data:"), "{told:?}");
    let second = open(&url, &token, path, None).await;
    let third = open(&url, &token, path, None).await;
    assert_eq!((second.status().as_u16(), third.status().as_u16()), (200, 429));
    drop(second);
    let deadline = Instant::now() + PATIENCE;
    while open(&url, &token, path, None).await.status() != 200 {
        assert!(Instant::now() < deadline, "a closed stream gives its seat back");
    }
    for unfit in ["-1", "x", "", "99999999999999999999"] {
        let answer = open(&url, &token, "/v1/events", Some(unfit)).await;
        assert_eq!(answer.status().as_u16(), 400, "{unfit:?}");
    }
    drop(first);
    porch.close().await;
}
