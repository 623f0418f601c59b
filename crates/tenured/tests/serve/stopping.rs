//! Told to stop under load: nothing acknowledged is lost, nobody is cut off.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, PATIENCE, Server, said};

async fn put(http: &Client, url: &str, token: &str, person: &str) -> reqwest::Response {
    let body = json!({"roles": ["reporter"]});
    http.put(format!("{url}/v1/people/{person}")).bearer_auth(token).json(&body).send().await.unwrap()
}

/// Until the listener is gone.
fn wait_until_refused(server: &Server) {
    let since = Instant::now();
    while TcpStream::connect(server.address()).is_ok() {
        assert!(since.elapsed() < PATIENCE, "it goes on listening");
        std::thread::sleep(Duration::from_millis(10));
    }
}

const EVIDENCE: &[u8] = b"a capture that takes its time";

/// An upload of evidence whose body is not all sent yet.
fn begin_upload(server: &Server, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let (first, _) = EVIDENCE.split_at(9);
    write!(
        stream,
        "POST /v1/evidence HTTP/1.1\r\nHost: tenure\r\nAuthorization: Bearer {token}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
        EVIDENCE.len()
    )
    .unwrap();
    stream.write_all(first).unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_told_to_stop_under_load_says_so_first_and_loses_nothing() {
    let house = House::new("cluster: {kind: none}\nstop: {drain: PT5S, grace: PT1M}");
    let token = house.bootstrap();
    let mut server = house.serve();
    let http = Client::new();
    put(&http, &server.api, &token, "hotline").await;
    let issued = http
        .post(format!("{}/v1/tokens", server.api))
        .bearer_auth(&token)
        .json(&json!({"subject": "person/hotline"}))
        .send()
        .await
        .unwrap();
    let reporter = issued.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();

    let through = Arc::new(AtomicUsize::new(0));
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let (url, token, through) = (server.api.clone(), token.clone(), Arc::clone(&through));
            tokio::spawn(async move {
                let http = Client::new();
                let mut acknowledged = Vec::new();
                loop {
                    let person = format!("p{sender}-{}", acknowledged.len());
                    // No request that was sent goes without its answer.
                    let answer = put(&http, &url, &token, &person).await;
                    assert!(answer.status().is_success(), "{person}: {}", answer.status());
                    acknowledged.push(person);
                    through.fetch_add(1, Ordering::SeqCst);
                    if answer.headers().get("connection").is_some_and(|c| c == "close") {
                        return acknowledged;
                    }
                }
            })
        })
        .collect();
    while through.load(Ordering::SeqCst) < 20 {
        tokio::task::yield_now().await;
    }
    let ready = http.get(format!("{}/readyz", server.api)).send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::OK);

    let mut upload = begin_upload(&server, &reporter);
    server.signal("-TERM");
    let since = Instant::now();
    let draining = loop {
        let answer = http.get(format!("{}/readyz", server.api)).send().await.unwrap();
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            break answer.json::<Value>().await.unwrap();
        }
        assert!(since.elapsed() < PATIENCE);
    };
    assert_eq!(
        draining["conditions"][0],
        json!({"name": "accepting", "state": "failed", "detail": "the server is stopping"})
    );
    let alive = http.get(format!("{}/healthz", server.api)).send().await.unwrap();
    assert_eq!(alive.status(), StatusCode::OK, "it is well, only not to be asked");

    let mut acknowledged = Vec::new();
    for sender in senders {
        acknowledged.extend(sender.await.unwrap());
    }
    wait_until_refused(&server);
    upload.write_all(EVIDENCE.split_at(9).1).unwrap();
    let mut answer = String::new();
    upload.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(server.ended(), Some(0), "{:#?}", server.log());
    server.wait_for(|line| line["message"] == "stopped");

    let findings = house.run(&["verify"]);
    assert!(findings.status.success(), "{}", said(&findings));
    let store = tenure_store::Store::open_file(&house.data().join("tenure.db")).await.unwrap();
    for person in &acknowledged {
        let kept = store.aggregate(&format!("person/{person}")).await.unwrap();
        assert!(kept.is_some(), "{person} was acknowledged and is gone");
    }
    let (events, waiting) = store.backlog().await.unwrap();
    let made = u64::try_from(acknowledged.len()).unwrap() + 4;
    assert_eq!((events, waiting), (made, 0), "the log covers everything");
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let id = serde_json::from_str::<Value>(body).unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(store.blob(&id).await.unwrap().unwrap().bytes, EVIDENCE);
    store.close().await;
}

#[test]
fn a_second_signal_cuts_the_stop_short() {
    let house = House::new("cluster: {kind: none}\nstop: {drain: PT5M}");
    let mut server = house.serve();
    server.signal("-INT");
    server.wait_for(|line| line["message"] == "stopping");
    server.signal("-TERM");
    assert_eq!(server.ended(), Some(1));
}

#[test]
fn a_request_that_takes_longer_than_the_grace_holds_no_stop_up() {
    let house = House::new("cluster: {kind: none}\nstop: {drain: PT0S, grace: PT1S}");
    let token = house.bootstrap();
    let mut server = house.serve();
    let _upload = begin_upload(&server, &token);
    server.signal("-TERM");
    assert_eq!(server.ended(), Some(0));
}
