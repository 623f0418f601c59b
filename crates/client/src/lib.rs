//! Typed HTTP client of Tenure's API.
//!
//! Every write carries an idempotency key, so that one that was cut off can be sent again safely; with
//! [`Client::patient`] the client does so by itself.

mod error;
mod events;
mod operations;
mod pages;

use std::time::{Duration, Instant};

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tenure_wire::Problem;
use tenure_wire::view::Written;

pub use error::ClientError;
pub use events::Events;
pub use operations::OPERATIONS;
pub use tenure_wire as wire;

/// A client that speaks with one token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    /// Without a bound of time: for answers that go on.
    streaming: reqwest::Client,
    base: String,
    token: String,
    patience: Duration,
    only_at: Option<String>,
}

/// Without the token.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

/// Something with the tag that it was at: for [`Client::only_at`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged<T> {
    /// The thing.
    pub value: T,
    /// Its `ETag`.
    pub tag: String,
}

/// What the server answered.
struct Answer {
    body: Vec<u8>,
    tag: Option<String>,
}

/// The first pause before a request is sent again, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long a request may take.
const REQUEST_TIME: Duration = Duration::from_mins(3);

/// The simulated clock, and how long moving it may take: the server waits until all that follows has happened, ten minutes
/// at most.
const CLOCK: &str = "/dev/clock";
const CLOCK_TIME: Duration = Duration::from_mins(11);

/// How long a connection for a stream may take to be made.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// A body on its way out, kept so that it can be sent again.
#[derive(Clone)]
enum Payload {
    None,
    Bytes(String, Vec<u8>),
}

impl Client {
    /// A client of the server at `base`, such as `http://127.0.0.1:7070`.
    pub fn new(base: &str, token: &str) -> Result<Self, ClientError> {
        let unusable = |source| ClientError::Unreachable { url: base.to_owned(), source };
        let http = reqwest::Client::builder().timeout(REQUEST_TIME).build().map_err(unusable)?;
        let streaming = reqwest::Client::builder().connect_timeout(CONNECT_TIME).build().map_err(unusable)?;
        Ok(Self {
            http,
            streaming,
            base: base.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
            patience: Duration::ZERO,
            only_at: None,
        })
    }

    /// The same client speaking with another token.
    #[must_use]
    pub fn speaking_with(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The same client, whose writes are done only if what they change is still at this tag.
    #[must_use]
    pub fn only_at(&self, tag: &str) -> Self {
        Self { only_at: Some(tag.to_owned()), ..self.clone() }
    }

    /// The same client, trying again for so long while the server cannot be reached or says to come back. Writes go
    /// under the same idempotency key each time.
    #[must_use]
    pub fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        payload: Payload,
        headers: &[(&str, String)],
    ) -> Result<Answer, ClientError> {
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let (error, wait) = match self.once(&method, path, payload.clone(), headers).await {
                Ok(answer) => return Ok(answer),
                Err((error, wait)) => (error, wait),
            };
            let wait = wait.unwrap_or(pause);
            if !error.is_passing() || began.elapsed() + wait > self.patience {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One try; with its error, how long the server says to wait.
    async fn once(
        &self,
        method: &Method,
        path: &str,
        payload: Payload,
        headers: &[(&str, String)],
    ) -> Result<Answer, (ClientError, Option<Duration>)> {
        let url = format!("{}{path}", self.base);
        let mut request = self.http.request(method.clone(), &url).bearer_auth(&self.token);
        if path == CLOCK {
            request = request.timeout(CLOCK_TIME);
        }
        if *method != Method::GET
            && let Some(tag) = &self.only_at
        {
            request = request.header("if-match", tag);
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if let Payload::Bytes(media_type, bytes) = payload {
            request = request.header("content-type", media_type).body(bytes);
        }
        let unreachable = |source| (ClientError::Unreachable { url: url.clone(), source }, None);
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let header =
            |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let (tag, wait) = (header("etag"), header("retry-after"));
        let body = response.bytes().await.map_err(unreachable)?.to_vec();
        if status.is_success() {
            return Ok(Answer { body, tag });
        }
        let error = match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => ClientError::Problem(Box::new(problem)),
            Err(e) => ClientError::Answer { url: url.clone(), detail: format!("status {status}: {e}") },
        };
        Err((error, wait.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs)))
    }

    /// Reads what is at a path, with the tag that it is at.
    pub async fn tagged<T: DeserializeOwned>(&self, path: &str) -> Result<Tagged<T>, ClientError> {
        let answer = self.send(Method::GET, path, Payload::None, &[]).await?;
        Ok(Tagged { value: self.read(path, &answer.body)?, tag: answer.tag.unwrap_or_default() })
    }

    /// Reads what is at a path.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let answer = self.send(Method::GET, path, Payload::None, &[]).await?;
        self.read(path, &answer.body)
    }

    fn read<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, ClientError> {
        serde_json::from_slice(body)
            .map_err(|e| ClientError::Answer { url: format!("{}{path}", self.base), detail: e.to_string() })
    }

    /// Reads bytes at a path.
    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>, ClientError> {
        Ok(self.send(Method::GET, path, Payload::None, &[]).await?.body)
    }

    /// Reads text at a path.
    pub async fn text(&self, path: &str) -> Result<String, ClientError> {
        let body = self.bytes(path).await?;
        String::from_utf8(body)
            .map_err(|e| ClientError::Answer { url: format!("{}{path}", self.base), detail: e.to_string() })
    }

    /// Writes JSON under an idempotency key.
    pub async fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: &B,
    ) -> Result<T, ClientError> {
        let headers = [("idempotency-key", key.to_owned())];
        let answer = self.send(Method::POST, path, self.json(path, body)?, &headers).await?;
        self.read(path, &answer.body)
    }

    /// Writes without a body under an idempotency key.
    pub async fn post_nothing<T: DeserializeOwned>(&self, path: &str, key: &str) -> Result<T, ClientError> {
        let headers = [("idempotency-key", key.to_owned())];
        let answer = self.send(Method::POST, path, Payload::None, &headers).await?;
        self.read(path, &answer.body)
    }

    fn json<B: Serialize>(&self, path: &str, body: &B) -> Result<Payload, ClientError> {
        let bytes = serde_json::to_vec(body).map_err(|e| ClientError::Answer {
            url: format!("{}{path}", self.base),
            detail: e.to_string(),
        })?;
        Ok(Payload::Bytes("application/json".to_owned(), bytes))
    }

    /// Writes bytes of a media type under an idempotency key.
    pub async fn upload(
        &self,
        path: &str,
        key: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Result<Written, ClientError> {
        let payload = Payload::Bytes(media_type.to_owned(), bytes.to_vec());
        let answer = self.send(Method::POST, path, payload, &[("idempotency-key", key.to_owned())]).await?;
        self.read(path, &answer.body)
    }

    /// Replaces what is at a path.
    pub async fn put<B: Serialize>(
        &self,
        path: &str,
        body: &B,
        headers: &[(&str, String)],
    ) -> Result<Written, ClientError> {
        let answer = self.send(Method::PUT, path, self.json(path, body)?, headers).await?;
        self.read(path, &answer.body)
    }

    /// Removes what is at a path, under an idempotency key.
    pub async fn delete(&self, path: &str, key: &str) -> Result<Written, ClientError> {
        let headers = [("idempotency-key", key.to_owned())];
        let answer = self.send(Method::DELETE, path, Payload::None, &headers).await?;
        self.read(path, &answer.body)
    }
}
