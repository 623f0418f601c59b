//! Load: people who do things as fast as they are answered, and remember what was acknowledged.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::house::PATIENCE;

const TERMS: &str = include_str!("../../../../../deploy/terms/cloud-agreement-2020-04.yaml");

/// How many people act at once.
pub const PEOPLE: usize = 6;

/// The tokens of those who act, and what they act on.
#[derive(Debug, Clone)]
pub struct Cast {
    pub administrator: String,
    platform: String,
    legal: String,
    reporters: Vec<String>,
    evidence: String,
}

/// A client that waits for no answer longer than a minute.
pub fn http() -> Client {
    Client::builder().timeout(PATIENCE).build().unwrap()
}

async fn json_of(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

impl Cast {
    /// Publishes terms, opens an account and gives everybody a role and a token.
    pub async fn gather(api: &str, administrator: &str) -> Self {
        let http = http();
        let terms = http.post(format!("{api}/v1/terms")).bearer_auth(administrator);
        json_of(terms.header("content-type", "application/yaml").body(TERMS)).await;
        let mut tokens = Vec::new();
        let reporters = (0..PEOPLE).map(|n| (format!("hotline{n}"), "reporter"));
        let others = [("pavel".to_owned(), "platform"), ("lena".to_owned(), "legal")];
        for (name, role) in others.into_iter().chain(reporters) {
            let set = http.put(format!("{api}/v1/people/{name}")).bearer_auth(administrator);
            json_of(set.json(&json!({"roles": [role]}))).await;
            let issue = http.post(format!("{api}/v1/tokens")).bearer_auth(administrator);
            let issued = json_of(issue.json(&json!({"subject": format!("person/{name}")}))).await;
            tokens.push(issued["token"].as_str().unwrap().to_owned());
        }
        let reporters = tokens.split_off(2);
        let (legal, platform) = (tokens.pop().unwrap(), tokens.pop().unwrap());
        let upload = http.post(format!("{api}/v1/evidence")).bearer_auth(&reporters[0]);
        let kept = json_of(upload.header("content-type", "text/plain").body("a capture")).await;
        let evidence = kept["id"].as_str().unwrap().to_owned();
        let cast = Self { administrator: administrator.to_owned(), platform, legal, reporters, evidence };
        let open = http.post(format!("{api}/v1/accounts")).bearer_auth(&cast.platform);
        json_of(open.json(&account("parley"))).await;
        cast
    }

    /// The `n`th thing that somebody does, under a key of its own.
    fn act(&self, http: &Client, api: &str, who: usize, name: &str, n: u64) -> reqwest::RequestBuilder {
        let request = match n % 3 {
            0 => http.post(format!("{api}/v1/accounts")).bearer_auth(&self.platform).json(&account(name)),
            1 => http.post(format!("{api}/v1/holds")).bearer_auth(&self.legal).json(&json!({
                "account": "parley", "scope": "account", "runningState": false, "why": name,
            })),
            _ => http.post(format!("{api}/v1/reports")).bearer_auth(&self.reporters[who]).json(&json!({
                "account": "parley", "ground": "incitement", "evidence": [self.evidence],
                "locator": format!("https://parley.example/{name}"), "statement": "A post",
            })),
        };
        request.header("idempotency-key", name)
    }
}

fn account(name: &str) -> Value {
    json!({
        "account": name,
        "terms": {"id": "cloud-agreement", "version": "2020-04"},
        "plan": {"cpuMillis": 100, "memoryMib": 64, "storageMib": 16, "pods": 2},
    })
}

/// What was acknowledged: the streams' versions that answers named.
pub type Acknowledged = BTreeSet<(String, u64, u64)>;

/// People at work.
pub struct Work {
    stop: Arc<AtomicBool>,
    through: Arc<AtomicU64>,
    people: Vec<tokio::task::JoinHandle<Acknowledged>>,
}

impl Work {
    /// Everybody goes on, one thing after the other, at the servers in turn. What is not answered is asked for again
    /// under the same key, at the next server, until it is.
    pub fn begin(cast: &Cast, servers: &[String], round: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let through = Arc::new(AtomicU64::new(0));
        let people = (0..PEOPLE)
            .map(|who| {
                let (cast, servers) = (cast.clone(), servers.to_vec());
                let (stop, through) = (Arc::clone(&stop), Arc::clone(&through));
                tokio::spawn(async move {
                    let http = http();
                    let mut acknowledged = Acknowledged::new();
                    let mut at = who;
                    for n in 0.. {
                        let name = format!("r{round}-{who}-{n}");
                        let since = Instant::now();
                        loop {
                            if stop.load(Ordering::SeqCst) {
                                return acknowledged;
                            }
                            let api = &servers[at % servers.len()];
                            if let Some(done) = ask(cast.act(&http, api, who, &name, n)).await {
                                acknowledged.insert(done);
                                through.fetch_add(1, Ordering::SeqCst);
                                break;
                            }
                            assert!(since.elapsed() < PATIENCE, "{name} is not answered");
                            at += 1;
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    }
                    acknowledged
                })
            })
            .collect();
        Self { stop, through, people }
    }

    /// How much was acknowledged so far.
    pub fn through(&self) -> u64 {
        self.through.load(Ordering::SeqCst)
    }

    /// Waits until so much more was acknowledged.
    pub async fn goes_on(&self, more: u64) {
        let (from, since) = (self.through(), Instant::now());
        while self.through() < from + more {
            assert!(since.elapsed() < PATIENCE, "nothing is acknowledged any more");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Everybody stops; what was acknowledged.
    pub async fn end(self) -> Acknowledged {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Acknowledged::new();
        for person in self.people {
            for done in person.await.unwrap() {
                assert!(all.insert(done.clone()), "{done:?} was given to two");
            }
        }
        all
    }
}

/// What was done: the stream, its version after, and how many events; none where it was not answered, or the server
/// could not.
async fn ask(request: reqwest::RequestBuilder) -> Option<(String, u64, u64)> {
    let answer = request.send().await.ok()?;
    let status = answer.status();
    let text = answer.text().await.ok()?;
    if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    assert!(status.is_success(), "{status}: {text}");
    let done: Value = serde_json::from_str(&text).unwrap();
    let events = done["events"].as_array().unwrap().len();
    Some((done["stream"].as_str().unwrap().to_owned(), done["version"].as_u64().unwrap(), events as u64))
}

/// Everything acknowledged is on the record.
pub async fn all_there(api: &str, cast: &Cast, acknowledged: &Acknowledged) {
    let http = http();
    let auditor = {
        let set = http.put(format!("{api}/v1/people/theo")).bearer_auth(&cast.administrator);
        json_of(set.json(&json!({"roles": ["auditor"]}))).await;
        let issue = http.post(format!("{api}/v1/tokens")).bearer_auth(&cast.administrator);
        json_of(issue.json(&json!({"subject": "person/theo"}))).await["token"].as_str().unwrap().to_owned()
    };
    let mut there = BTreeSet::new();
    let mut token = String::new();
    loop {
        let page = http.get(format!("{api}/v1/events?pageSize=200{token}")).bearer_auth(&auditor);
        let page = json_of(page).await;
        for event in page["items"].as_array().unwrap() {
            let name = (event["stream"].as_str().unwrap().to_owned(), event["n"].as_u64().unwrap());
            assert!(there.insert(name), "{event} twice");
        }
        match page["nextPageToken"].as_str() {
            Some(next) => token = format!("&pageToken={next}"),
            None => break,
        }
    }
    for (stream, version, events) in acknowledged {
        for n in version - events + 1..=*version {
            assert!(there.contains(&(stream.clone(), n)), "{stream} {n} was acknowledged and is gone");
        }
    }
}
