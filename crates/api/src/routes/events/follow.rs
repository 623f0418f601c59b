//! The record as server-sent events (WHATWG HTML, section 9.2).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use tenure_engine::Engine;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{as_seen, may_read, view};
use crate::App;
use crate::bounds::{Bounds, StreamSeat};
use crate::call::{Call, bearer};
use crate::limits::Limits;
use crate::problem::Failure;
use crate::server::Stopping;

/// How many events are read at once; no more than these wait for a slow reader.
const AT_ONCE: u32 = 100;

/// How often to look without being told of a commit: another replica's commits are not told, and nor is a token's end.
const LOOK: Duration = Duration::from_secs(2);

/// After how long a client that was cut off is to come back.
const COME_BACK: Duration = Duration::from_secs(2);

/// Whether a request asks for the events as they happen.
pub fn is_asked_for(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|part| part.split(';').next().is_some_and(|media_type| media_type.trim() == "text/event-stream"))
}

/// The cursor of the last event that the client has.
pub fn last_event(headers: &HeaderMap) -> Result<Option<i64>, Failure> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let id = value.to_str().ok().filter(|id| id.bytes().all(|b| b.is_ascii_digit()) && id.len() <= 16);
    let id = id.and_then(|id| id.parse().ok());
    id.map(Some)
        .ok_or_else(|| Failure::parameter("Last-Event-ID", "send the id of an event as it was received"))
}

/// What a stream needs of its request.
pub struct Following {
    bounds: Arc<Bounds>,
    stopping: CancellationToken,
    draining: CancellationToken,
    token: String,
}

impl FromRequestParts<App> for Following {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let bounds = parts.extensions.get::<Arc<Bounds>>().cloned();
        let stopping = parts.extensions.get::<Stopping>().map(|stopping| stopping.0.clone());
        Ok(Self {
            bounds: bounds.unwrap_or_else(|| Arc::new(Bounds::new(Limits::default()))),
            stopping: stopping.unwrap_or_default(),
            draining: app.draining.clone(),
            token: bearer(&parts.headers).unwrap_or_default().to_owned(),
        })
    }
}

impl Following {
    /// A seat for another stream than the record's, and what ends it before its own end.
    pub fn seat(self, call: &Call) -> Result<(StreamSeat, [CancellationToken; 2]), Failure> {
        Ok((self.bounds.stream(&call.principal)?, [self.stopping, self.draining]))
    }

    /// The events after a cursor, without an end of its own.
    pub fn answer(self, call: &Call, stream: Option<String>, after: i64) -> Result<Response, Failure> {
        let heartbeat = self.bounds.limits.heartbeat;
        let follower = Follower {
            seat: self.bounds.stream(&call.principal)?,
            commits: call.engine.commits(),
            engine: call.engine.clone(),
            stopping: self.stopping,
            draining: self.draining,
            token: self.token,
            stream,
            after,
            read: VecDeque::new(),
        };
        let opening = Event::default().comment("the events as they happen").retry(COME_BACK);
        let events = stream::unfold((follower, Some(opening)), |(mut follower, opening)| async move {
            let event = match opening {
                Some(opening) => opening,
                None => follower.next().await?,
            };
            Some((Ok::<_, Infallible>(event), (follower, None)))
        });
        Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(heartbeat)).into_response())
    }
}

/// Reads on each time it is asked, so a slow reader makes it slow and nothing piles up.
struct Follower {
    #[expect(dead_code, reason = "held for as long as the stream is open")]
    seat: StreamSeat,
    commits: watch::Receiver<u64>,
    engine: Engine,
    stopping: CancellationToken,
    draining: CancellationToken,
    token: String,
    stream: Option<String>,
    after: i64,
    read: VecDeque<Event>,
}

impl Follower {
    /// The next event; none where the stream ends: at the server's stop, and when the token no longer speaks for
    /// anyone who may read this. A client that comes back learns which.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if self.stopping.is_cancelled() || self.draining.is_cancelled() || !self.may_go_on() {
                return None;
            }
            if let Some(event) = self.read.pop_front() {
                return Some(event);
            }
            self.commits.mark_unchanged();
            if let Err(error) = self.read_on().await {
                tracing::warn!(%error, "an event stream could not go on");
                return None;
            }
            if !self.read.is_empty() {
                continue;
            }
            tokio::select! {
                () = self.stopping.cancelled() => return None,
                () = self.draining.cancelled() => return None,
                changed = self.commits.changed() => changed.ok()?,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    fn may_go_on(&self) -> bool {
        self.engine
            .authenticate(&self.token)
            .is_some_and(|principal| may_read(&self.engine, &principal, self.stream.as_deref()).is_ok())
    }

    async fn read_on(&mut self) -> Result<(), tenure_engine::EngineError> {
        let events = match &self.stream {
            Some(stream) => {
                let from = u64::try_from(self.after).unwrap_or(0).saturating_add(1);
                self.engine.stream(stream, from, AT_ONCE).await?
            }
            None => self.engine.events(self.after, AT_ONCE).await?,
        };
        let events = match self.engine.authenticate(&self.token) {
            Some(principal) => as_seen(&self.engine, &principal, events).await?,
            None => Vec::new(),
        };
        for event in events {
            let event = view(event);
            let cursor = if self.stream.is_some() {
                i64::try_from(event.n).unwrap_or(i64::MAX)
            } else {
                event.position
            };
            let data = serde_json::to_string(&event).unwrap_or_default();
            let told = Event::default().id(cursor.to_string()).event(&event.event_type).data(data);
            self.read.push_back(told);
            self.after = cursor;
        }
        Ok(())
    }
}
