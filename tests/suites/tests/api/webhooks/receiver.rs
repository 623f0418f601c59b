//! Another system's end of a webhook: a small HTTP server that keeps what it gets, and answers as it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How it answers.
#[derive(Debug, Clone)]
pub enum Answers {
    /// It withholds, or gives back, and says so.
    Acknowledges,
    /// With this status and body.
    With(u16, &'static str),
    /// It leads elsewhere.
    Leads(String),
    /// It takes the request and says nothing.
    Hangs,
    /// It acknowledges after so long.
    Late(Duration),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Got {
    pub headers: HeaderMap,
    pub body: String,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }

    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// How many of its signatures are by this secret, as the scheme is written down: HMAC (RFC 2104) with SHA-256 of
    /// `id.timestamp.body`, computed here by hand.
    pub fn signed_by(&self, secret: &str) -> usize {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let content = format!("{}.{}.{}", self.id(), self.header("webhook-timestamp"), self.body);
        let pad = |byte: u8| {
            let mut block = [byte; 64];
            block.iter_mut().zip(&key).for_each(|(b, k)| *b ^= k);
            block
        };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(content).finalize();
        let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
        let signature = format!("v1,{}", STANDARD.encode(outer));
        self.header("webhook-signature").split(' ').filter(|given| *given == signature).count()
    }

    pub fn signatures(&self) -> usize {
        self.header("webhook-signature").split(' ').count()
    }
}

struct Inside {
    answers: Answers,
    got: Vec<Got>,
}

/// The system.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    inside: Arc<Mutex<Inside>>,
}

impl Receiver {
    pub async fn open(answers: Answers) -> Self {
        let inside = Arc::new(Mutex::new(Inside { answers, got: Vec::new() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/tenure?key=unseen", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(Arc::clone(&inside));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inside }
    }

    pub fn answers(&self, answers: Answers) {
        self.inside.lock().unwrap().answers = answers;
    }

    /// Everything that came since it was last asked.
    pub fn got(&self) -> Vec<Got> {
        std::mem::take(&mut self.inside.lock().unwrap().got)
    }

    /// How many requests came since then.
    pub fn count(&self) -> usize {
        self.inside.lock().unwrap().got.len()
    }
}

async fn take(State(inside): State<Arc<Mutex<Inside>>>, headers: HeaderMap, body: Bytes) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let answers = {
        let mut inside = inside.lock().unwrap();
        inside.got.push(Got { headers, body });
        inside.answers.clone()
    };
    let acknowledged = || axum::Json(json!({"acknowledged": true})).into_response();
    match answers {
        Answers::Acknowledges => acknowledged(),
        Answers::With(status, body) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Answers::Leads(to) => (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response(),
        Answers::Hangs => std::future::pending().await,
        Answers::Late(by) => {
            tokio::time::sleep(by).await;
            acknowledged()
        }
    }
}
