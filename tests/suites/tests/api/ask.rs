//! Asking the server: over reqwest where a client would, over bare TCP where no client would.

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tenure_wire::Problem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    /// What was asked, for messages.
    pub asked: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{}: {e}: {}", self.asked, self.text()))
    }

    /// A member of the answer's JSON, as text.
    pub fn field(&self, name: &str) -> String {
        self.json()[name]
            .as_str()
            .unwrap_or_else(|| panic!("{}: no {name} in {}", self.asked, self.text()))
            .to_owned()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        self
    }

    /// The problem, which every error of the server is.
    #[track_caller]
    pub fn problem(&self) -> Problem {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}: {}",
            self.asked,
            self.text()
        );
        let problem: Problem = serde_json::from_value(self.json()).unwrap();
        assert_eq!(problem.status, self.status, "{}", self.asked);
        assert_eq!(problem.request_id.as_deref(), Some(self.header("x-request-id")), "{}", self.asked);
        assert!(
            problem.kind.starts_with(tenure_wire::problem::BASE) && !problem.title.is_empty(),
            "{problem:?}"
        );
        assert!(
            problem.detail.is_some() || !problem.faults.is_empty(),
            "{}: {problem:?} tells nothing",
            self.asked
        );
        problem
    }

    /// The problem's kind: the last part of its type.
    #[track_caller]
    pub fn kind(&self) -> String {
        self.problem().kind.trim_start_matches(tenure_wire::problem::BASE).to_owned()
    }

    /// Where the problem's first fault is.
    #[track_caller]
    pub fn at(&self) -> String {
        let problem = self.problem();
        problem
            .faults
            .first()
            .unwrap_or_else(|| panic!("{}: no fault in {}", self.asked, self.text()))
            .at
            .clone()
    }

    /// The body without the request's id: two such answers tell a caller the same.
    pub fn told(&self) -> (u16, Value) {
        let mut told = self.json();
        if let Some(fields) = told.as_object_mut() {
            fields.remove("requestId");
        }
        (self.status, told)
    }
}

/// Somebody who asks, with or without a token.
#[derive(Debug, Clone)]
pub struct Caller {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

impl Caller {
    pub fn new(url: &str, token: Option<&str>) -> Self {
        Self { http: reqwest::Client::new(), url: url.to_owned(), token: token.map(str::to_owned) }
    }

    pub fn with(&self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self.clone() }
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url)).body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap_or_else(|e| panic!("{method} {path}: {e}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap().to_vec();
        Answer { asked: format!("{method} {path}"), status, headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Vec::new()).await
    }

    pub async fn json(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
        self.send(method, path, &all, body).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.json("POST", path, &[], body).await
    }

    pub async fn yaml(&self, path: &str, text: impl Into<Vec<u8>>) -> Answer {
        self.send("POST", path, &[("content-type", "application/yaml")], text.into()).await
    }

    /// A path as it is, which a client would first tidy up.
    pub async fn raw(&self, method: &str, path: &str) -> Answer {
        let token = self.token.as_deref().unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: tenure\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
        );
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let short: String = path.chars().take(80).collect();
        read(format!("{method} {short}"), &answer)
    }
}

/// Reads an answer whose body ends with the connection.
fn read(asked: String, bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| panic!("{asked}: no answer"));
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let status = head[9..12].parse().unwrap();
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
    Answer { asked, status, headers, body: bytes[end + 4..].to_vec() }
}
