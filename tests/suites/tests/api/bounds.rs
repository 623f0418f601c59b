//! Bounds of time, size and number that fire: through the real routes, the real engine and the real serve loop.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use tenure_api::{App, Limits, Rate};
use tenure_domain::account::Actor;
use tenure_domain::book::{Entry, Event};
use tenure_engine::clock::ClockKind;
use tenure_engine::entropy::Entropy;
use tenure_engine::submission::{Act, Submission};
use tenure_engine::{Engine, LogKey, Settings};
use tenured::dev;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::ask::{Answer, Caller};

/// Far more than any of it takes, far less than the bounds that are usual.
const PATIENCE: Duration = Duration::from_secs(15);

/// A server within limits of a test's choosing, without a cluster.
pub struct Porch {
    pub folder: TempDir,
    pub address: SocketAddr,
    pub token: String,
    engine: Engine,
    stopping: CancellationToken,
    server: JoinHandle<()>,
}

impl Porch {
    pub async fn open(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = dev::open(folder.path()).await.unwrap();
        let settings = Settings {
            clock: ClockKind::Simulated,
            start: "2021-01-09T19:00:00Z".parse().unwrap(),
            entropy: Entropy::Machine,
            key: LogKey::new("tenure.test/log", &[7; 32]).unwrap(),
            anchor: std::sync::Arc::new(tenure_engine::anchor::FileAnchor::new(
                &folder.path().join("log.anchor"),
            )),
            batching: tenure_engine::Batching::default(),
            mail: folder.path().join("mail"),
            fetch_private: true,
            fetch_hosts: std::collections::BTreeMap::new(),
            letters: tenure_letters::Letters::built_in().unwrap(),
            cluster: None,
            clusters: std::collections::BTreeMap::new(),
            most_behind: tenure_engine::MOST_BEHIND,
            caps: tenure_engine::OperatorCaps::default(),
            lease: tenure_engine::LEASE,
        };
        let engine = Engine::start(store, settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        let router = tenure_api::router(App::new(engine.clone(), "none".to_owned(), limits));
        let server = tokio::spawn(tenure_api::serve(listener, router, limits, stopping.clone()));
        let mut porch = Self { folder, address, token: String::new(), engine, stopping, server };
        porch.token = porch.hire("mara", &["administrator", "auditor", "analyst"]).await;
        porch
    }

    /// A person with roles; a token that speaks for them.
    pub async fn hire(&self, person: &str, roles: &[&str]) -> String {
        let roles = roles.iter().map(ToString::to_string).collect();
        let event = Event::PersonSet { person: person.parse().unwrap(), roles };
        let act = Act::Book(Entry::Person(person.parse().unwrap()), event);
        self.engine.submit(Submission::new(Engine::bootstrap(), act)).await.unwrap();
        let subject: Actor = format!("person/{person}").parse().unwrap();
        self.engine.issue_token(Engine::bootstrap(), subject).await.unwrap()
    }

    pub fn caller(&self, token: &str) -> Caller {
        Caller::new(&self.url(), Some(token))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A connection on which a request begins: its header is sent.
    async fn begin(&self, line: &str, headers: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let token = &self.token;
        let header = format!(
            "{line} HTTP/1.1\r\nhost: tenure\r\nauthorization: Bearer {token}\r\nx-request-id: r-7\r\n{headers}\r\n"
        );
        stream.write_all(header.as_bytes()).await.unwrap();
        stream
    }

    pub async fn close(self) {
        self.stopping.cancel();
        tokio::time::timeout(PATIENCE, self.server).await.expect("the server stops").unwrap();
        self.engine.stop().await;
    }
}

/// The first answer on a connection, up to the end of its body or the connection's.
async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = async {
        let mut piece = [0; 4096];
        while let Ok(n @ 1..) = stream.read(&mut piece).await {
            bytes.extend_from_slice(&piece[..n]);
            if bytes.ends_with(b"}") {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer or the connection's end");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is(answer: &str, status: u16, kind: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.contains(&format!("{}{kind}\"", tenure_wire::problem::BASE)), "{answer}");
    assert!(answer.contains("x-request-id: r-7") && answer.contains("\"requestId\":\"r-7\""), "{answer}");
}

#[tokio::test]
async fn a_body_that_trickles_is_answered_in_its_time() {
    let time = Duration::from_millis(400);
    let porch = Porch::open(Limits { body_time: time, ..Limits::default() }).await;
    for path in ["/v1/cases", "/v1/rules", "/v1/evidence"] {
        let media_type = if path == "/v1/rules" { "application/yaml" } else { "application/json" };
        let since = Instant::now();
        let mut stream = porch
            .begin(&format!("POST {path}"), &format!("content-type: {media_type}\r\ncontent-length: 100\r\n"))
            .await;
        stream.write_all(b"{").await.unwrap();
        let answer = answer(&mut stream).await;
        is(&answer, 408, "too-slow");
        assert!(since.elapsed() >= time, "{path}: not before its time");
    }
    porch.close().await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let limits = Limits { write_time: Duration::from_millis(400), connections: 2, ..Limits::default() };
    let porch = Porch::open(limits).await;
    let text = [("content-type", "application/octet-stream"), ("connection", "close")];
    let kept = porch
        .caller(&porch.token)
        .send("POST", "/v1/evidence", &text, vec![7; 10 * 1024 * 1024])
        .await
        .is(201);
    let mut idle = Vec::new();
    for _ in 0..2 {
        idle.push(
            porch.begin(&format!("GET /v1/evidence/{}", kept.field("id")), "connection: close\r\n").await,
        );
    }
    // Its turn comes when one of the two is cut: there are two seats only.
    let mut third = porch.begin("GET /v1/nothing", "connection: close\r\n").await;
    is(&answer(&mut third).await, 404, "not-found");
    let mut whole = 0;
    for mut stream in idle {
        let mut taken = Vec::new();
        let closed = async { drop(stream.read_to_end(&mut taken).await) };
        tokio::time::timeout(PATIENCE, closed).await.expect("it is closed");
        whole += usize::from(taken.len() >= 10 * 1024 * 1024);
    }
    assert!(whole < 2, "nobody was cut off");
    porch.close().await;
}

#[tokio::test]
async fn a_request_that_waits_for_a_locked_store_is_answered_in_its_time() {
    let porch = Porch::open(Limits { request_time: Duration::from_millis(400), ..Limits::default() }).await;
    let administrator = porch.caller(&porch.token);
    let set = async |person: &str| {
        let path = format!("/v1/people/{person}");
        administrator.json("PUT", &path, &[("idempotency-key", person)], &json!({"roles": ["support"]})).await
    };
    // A time as short as this is missed now and then where the machine is busy.
    let in_time = async |person: &str| {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = set(person).await;
            if answer.status == 200 {
                break answer;
            }
            assert!(Instant::now() < deadline, "the store is free: {}", answer.text());
        }
    };
    in_time("zoe").await;
    // Another process in the same database, in the middle of a write.
    let other = dev::open(porch.folder.path()).await.unwrap();
    let lock = other.write().await.unwrap();
    let since = Instant::now();
    let late = set("kim").await.is(503);
    assert_eq!((late.kind().as_str(), late.header("retry-after")), ("timeout", "1"));
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
    let deadline = Instant::now() + PATIENCE;
    while administrator.get("/v1/people/zoe").await.status != 200 {
        assert!(Instant::now() < deadline, "reading waits for nobody who writes");
    }
    drop(lock);
    other.close().await;
    // Sent again under its key it is done once, whatever became of the first.
    in_time("kim").await;
    assert_eq!(in_time("kim").await.json()["version"], 1);
    porch.close().await;
}

#[tokio::test]
async fn more_requests_than_are_carried_out_at_once_are_told_to_come_back() {
    let porch =
        Porch::open(Limits { requests: 1, body_time: Duration::from_secs(8), ..Limits::default() }).await;
    let mut slow =
        porch.begin("POST /v1/cases", "content-type: application/json\r\ncontent-length: 9\r\n").await;
    slow.write_all(b"{").await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    let busy = loop {
        let answer = porch.caller(&porch.token).get("/v1/terms").await;
        if answer.status == 503 {
            break answer;
        }
        assert!(Instant::now() < deadline, "the slow one takes the only seat");
    };
    assert_eq!((busy.kind().as_str(), busy.header("retry-after")), ("busy", "1"));
    is(&answer(&mut slow).await, 408, "too-slow");
    porch.caller(&porch.token).get("/v1/terms").await.is(200);
    porch.close().await;
}

/// Asks until it is too often, which is after so many at once, and one more for each second that they took.
async fn until_limited(caller: &Caller, status: u16, burst: u64) -> Answer {
    let since = Instant::now();
    let mut answered = 0;
    loop {
        let answer = caller.get("/v1/terms").await;
        if answer.status == 429 {
            assert!(answered >= burst, "after {answered} already");
            return answer;
        }
        answer.is(status);
        answered += 1;
        assert!(answered <= burst + since.elapsed().as_secs(), "{answered} in {:?}", since.elapsed());
    }
}

#[tokio::test]
async fn whoever_asks_too_often_waits_and_nobody_else_does() {
    let porch =
        Porch::open(Limits { asks: Rate::new(1, 3), failed_tokens: Rate::new(1, 2), ..Limits::default() })
            .await;
    let theo = porch.hire("theo", &["auditor"]).await;
    let (mara, theo) = (porch.caller(&porch.token), porch.caller(&theo));
    let limited = until_limited(&mara, 200, 3).await;
    assert_eq!((limited.kind().as_str(), limited.header("retry-after")), ("rate-limited", "1"));
    theo.get("/v1/terms").await.is(200);
    let stranger = porch.caller("tenure_0000");
    assert_eq!(until_limited(&stranger, 401, 2).await.kind(), "rate-limited");
    theo.get("/v1/terms").await.is(200);
    stranger.get("/healthz").await.is(200);
    porch.close().await;
}

#[tokio::test]
async fn a_header_that_is_too_large_is_a_problem_with_the_requests_id() {
    let porch = Porch::open(Limits::default()).await;
    let large = format!("x-large: {}\r\nconnection: close\r\n", "x".repeat(40 * 1024));
    let mut stream = porch.begin("GET /v1/terms", &large).await;
    is(&answer(&mut stream).await, 431, "headers-too-large");
    porch.close().await;
}
