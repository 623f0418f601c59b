//! The record as it happens: server-sent events (WHATWG HTML, section 9.2), taken up again by themselves.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{Stream, stream};
use tenure_wire::Problem;
use tenure_wire::view::EventView;

use crate::{Client, ClientError};

/// How long nothing may come, not even a heartbeat, before the connection is given up.
const SILENCE: Duration = Duration::from_secs(45);

/// How long to wait before coming back, unless the server says otherwise.
const COME_BACK: Duration = Duration::from_secs(2);

/// The longest event, in bytes; the largest leaf of the log is far smaller.
const LARGEST: usize = 1024 * 1024;

/// The record as it happens.
#[derive(Debug)]
pub struct Events {
    client: Client,
    path: String,
    last: Option<String>,
    come_back: Duration,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    response: reqwest::Response,
    bytes: Vec<u8>,
    told: VecDeque<Told>,
}

/// An event as it came.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    id: Option<String>,
    data: String,
    retry: Option<u64>,
}

impl Client {
    /// The events of the whole record, or of one stream such as `account/parley`, after a cursor or from the
    /// beginning; then those that happen. Cut off, it comes back and goes on after the last event. It ends with an error
    /// when the server no longer lets the token read, or while it cannot be reached for longer than the client's patience.
    pub fn follow(
        &self,
        stream: Option<&str>,
        after: Option<i64>,
    ) -> impl Stream<Item = Result<EventView, ClientError>> + use<> {
        let filter =
            stream.map(|stream| format!("?stream={}", stream.replace('/', "%2F"))).unwrap_or_default();
        let events = Events {
            client: self.clone(),
            path: format!("/v1/events{filter}"),
            last: after.map(|after| after.to_string()),
            come_back: COME_BACK,
            open: None,
        };
        stream::try_unfold(events, |mut events| async move { Ok(Some((events.next().await?, events))) })
    }
}

impl Events {
    async fn next(&mut self) -> Result<EventView, ClientError> {
        let mut away = Duration::ZERO;
        loop {
            let told = match self.told().await {
                Ok(told) => told,
                Err(error) if error.is_passing() && away < self.client.patience => None,
                Err(error) => return Err(error),
            };
            let Some(told) = told else {
                self.open = None;
                tokio::time::sleep(self.come_back).await;
                away += self.come_back;
                continue;
            };
            if let Some(millis) = told.retry {
                self.come_back = Duration::from_millis(millis).min(SILENCE);
            }
            if told.data.is_empty() {
                continue;
            }
            let event = self.client.read(&self.path, told.data.as_bytes())?;
            self.last = told.id.or(self.last.take());
            return Ok(event);
        }
    }

    /// What came next; none where the server ended the stream.
    async fn told(&mut self) -> Result<Option<Told>, ClientError> {
        let open = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(Self::connect(&self.client, &self.path, self.last.as_deref()).await?),
        };
        loop {
            if let Some(told) = open.told.pop_front() {
                return Ok(Some(told));
            }
            // Silence and a cut are the same: the place to go on from is known.
            let Ok(Ok(Some(chunk))) = tokio::time::timeout(SILENCE, open.response.chunk()).await else {
                return Ok(None);
            };
            open.bytes.extend_from_slice(&chunk);
            open.told.extend(take(&mut open.bytes));
            if open.bytes.len() > LARGEST {
                let detail = format!("an event of more than {LARGEST} bytes");
                return Err(ClientError::Answer { url: self.path.clone(), detail });
            }
        }
    }

    async fn connect(client: &Client, path: &str, last: Option<&str>) -> Result<Open, ClientError> {
        let url = format!("{}{path}", client.base);
        let mut request = client.streaming.get(&url).bearer_auth(&client.token);
        request = request.header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let unreachable = |source| ClientError::Unreachable { url: url.clone(), source };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        if status.is_success() {
            return Ok(Open { response, bytes: Vec::new(), told: VecDeque::new() });
        }
        let body = response.bytes().await.map_err(unreachable)?;
        Err(match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => ClientError::Problem(Box::new(problem)),
            Err(e) => ClientError::Answer { url, detail: format!("status {status}: {e}") },
        })
    }
}

/// Takes the events that have come in full out of the bytes.
fn take(bytes: &mut Vec<u8>) -> Vec<Told> {
    let mut all = Vec::new();
    while let Some(end) = bytes.windows(2).position(|pair| pair == b"\n\n") {
        let block: Vec<u8> = bytes.drain(..end + 2).collect();
        let mut told = Told::default();
        for line in String::from_utf8_lossy(&block).lines() {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => told.id = Some(value.to_owned()),
                "data" if told.data.is_empty() => value.clone_into(&mut told.data),
                "data" => told.data = format!("{}\n{value}", told.data),
                "retry" => told.retry = value.parse().ok(),
                _ => {}
            }
        }
        all.push(told);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_counts_when_it_has_come_in_full() {
        let mut bytes = b": well\nretry: 2000\n\nid: 7\nevent: x\ndata: {\ndata: }\n\nid: 8\nda".to_vec();
        let all = take(&mut bytes);
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].retry, all[0].data.as_str()), (Some(2_000), ""));
        assert_eq!((all[1].id.as_deref(), all[1].data.as_str()), (Some("7"), "{\n}"));
        assert_eq!(bytes, b"id: 8\nda");
        bytes.extend_from_slice(b"ta: 1\n\n");
        assert_eq!(take(&mut bytes), [Told { id: Some("8".to_owned()), data: "1".to_owned(), retry: None }]);
    }
}
