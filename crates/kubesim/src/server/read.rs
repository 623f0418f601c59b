//! GET, list and watch.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Response;
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::answer::{Form, answer, json_answer};
use super::handler::Call;
use super::shared::Shared;
use crate::kinds::Kind;
use crate::log::Scope;
use crate::object::{name, namespace};
use crate::requests::Target;
use crate::selectors::Selection;
use crate::status::{ApiError, Outcome};

/// How long a watch lasts that names no time of its own.
const DEFAULT_WATCH: Duration = Duration::from_mins(30);
/// How often an idle watch gets a bookmark, if it takes any.
const BOOKMARK_EVERY: Duration = Duration::from_secs(10);

/// GET of one object.
pub fn get(shared: &Shared, call: &Call, target: &Target) -> Outcome<Response<Body>> {
    shared.reads.fetch_add(1, Ordering::Relaxed);
    let world = shared.world();
    let object = world.get(&target.key()).ok_or_else(|| ApiError::not_found(target.kind, &target.name))?;
    Ok(json_answer(200, &call.form.object(target.kind, object)))
}

/// What a list, watch or delete collection covers.
pub fn scope(call: &Call, kind: &'static Kind, namespace: Option<String>) -> Outcome<Scope> {
    let selection =
        Selection::parse(call.params.text("labelSelector"), call.params.text("fieldSelector"), kind.fields)?;
    Ok(Scope { resource: kind.resource, namespace, selection })
}

/// GET of a collection. Pages go by key; every page names the version of the first, from which a watch may start.
pub fn list(
    shared: &Shared,
    call: &Call,
    kind: &'static Kind,
    namespace: Option<String>,
) -> Outcome<Response<Body>> {
    shared.reads.fetch_add(1, Ordering::Relaxed);
    let scope = scope(call, kind, namespace)?;
    let limit = usize::try_from(call.params.number("limit")?.unwrap_or(0)).unwrap_or(0);
    let after = read_token(call.params.text("continue"))?;
    let world = shared.world();
    let version = after.as_ref().map_or(world.version(), |t| t.version);
    if version < world.log.oldest() {
        let why = "The provided continue parameter is too old to display a consistent list result.";
        return Err(ApiError::new(410, "Expired", why));
    }
    let all = world.list(scope.resource, scope.namespace.as_deref());
    drop(world);
    let place = |o: &Value| (self::namespace(o).to_owned(), name(o).to_owned());
    let rest: Vec<&Value> = all
        .iter()
        .map(AsRef::as_ref)
        .filter(|o| scope.selection.matches(o) && after.as_ref().is_none_or(|t| place(o) > t.after))
        .collect();
    let mut metadata = json!({"resourceVersion": version.to_string()});
    let page = match rest.get(limit.wrapping_sub(1)) {
        Some(last) if limit > 0 && rest.len() > limit => {
            crate::object::set(&mut metadata, &["continue"], json!(write_token(version, &place(last))));
            if scope.selection.is_everything() {
                crate::object::set(&mut metadata, &["remainingItemCount"], json!(rest.len() - limit));
            }
            rest.get(..limit).unwrap_or_default()
        }
        _ => rest.as_slice(),
    };
    Ok(json_answer(200, &call.form.list(kind, page, &metadata)))
}

struct Token {
    version: u64,
    after: (String, String),
}

/// Version, namespace and name; none of them contains a bar.
fn write_token(version: u64, (namespace, name): &(String, String)) -> String {
    format!("{version}|{namespace}|{name}")
}

fn read_token(token: &str) -> Outcome<Option<Token>> {
    if token.is_empty() {
        return Ok(None);
    }
    let parts: Vec<&str> = token.split('|').collect();
    let [version, namespace, name] = parts.as_slice() else {
        return Err(ApiError::bad_request("continue key is not valid"));
    };
    let version = version.parse().map_err(|_| ApiError::bad_request("continue key is not valid"))?;
    Ok(Some(Token { version, after: ((*namespace).to_owned(), (*name).to_owned()) }))
}

struct Watch {
    shared: Arc<Shared>,
    kind: &'static Kind,
    scope: Scope,
    form: Form,
    changed: Receiver<u64>,
    cursor: u64,
    bookmarks: bool,
    next_bookmark: Instant,
    deadline: Instant,
    waiting: VecDeque<Bytes>,
    ended: bool,
}

/// GET of a collection with `watch=true`: one JSON event a line.
pub fn watch(
    shared: &Arc<Shared>,
    call: &Call,
    kind: &'static Kind,
    namespace: Option<String>,
) -> Outcome<Response<Body>> {
    let scope = scope(call, kind, namespace)?;
    let lasting =
        call.params.number("timeoutSeconds")?.and_then(|s| u64::try_from(s).ok()).filter(|s| *s > 0);
    let lasting = lasting.map_or(DEFAULT_WATCH, Duration::from_secs).min(DEFAULT_WATCH);
    let asked = call.params.text("resourceVersion");
    let start = match asked {
        "" | "0" => None,
        text => Some(text.parse::<u64>().map_err(|_| {
            ApiError::bad_request(format!("Invalid value: {text:?}: resourceVersion must be a number"))
        })?),
    };
    let mut watch = Watch {
        shared: Arc::clone(shared),
        kind,
        scope,
        form: call.form,
        changed: shared.changed.subscribe(),
        cursor: 0,
        bookmarks: call.params.flag("allowWatchBookmarks"),
        next_bookmark: Instant::now() + BOOKMARK_EVERY,
        deadline: Instant::now() + lasting,
        waiting: VecDeque::new(),
        ended: false,
    };
    let initial = call.params.flag("sendInitialEvents");
    match start {
        Some(version) if !initial => watch.cursor = version,
        _ => watch.begin_with_all(initial),
    }
    let stream = futures_util::stream::unfold(watch, |mut watch| async move {
        let chunk = watch.next().await?;
        Some((Ok::<Bytes, Infallible>(chunk), watch))
    });
    Ok(answer(200, "application/json", Body::from_stream(stream)))
}

impl Watch {
    /// Everything there is, as additions; with a bookmark behind it where the client asked for that.
    fn begin_with_all(&mut self, marked: bool) {
        let shared = Arc::clone(&self.shared);
        let world = shared.world();
        self.cursor = world.version();
        for object in world.list(self.scope.resource, self.scope.namespace.as_deref()) {
            if self.scope.selection.matches(&object) {
                self.send("ADDED", &object);
            }
        }
        if marked {
            let end = json!({"k8s.io/initial-events-end": "true"});
            self.bookmark(Some(&end));
        }
    }

    fn send(&mut self, verb: &str, object: &Value) {
        let object = self.form.object(self.kind, object);
        self.push(&json!({"type": verb, "object": object}));
    }

    fn push(&mut self, event: &Value) {
        let mut line = event.to_string();
        line.push('\n');
        self.waiting.push_back(Bytes::from(line));
    }

    fn bookmark(&mut self, annotations: Option<&Value>) {
        let mut metadata = json!({"resourceVersion": self.cursor.to_string(), "creationTimestamp": null});
        if let Some(annotations) = annotations {
            crate::object::set(&mut metadata, &["annotations"], annotations.clone());
        }
        let object =
            json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata});
        self.push(&json!({"type": "BOOKMARK", "object": object}));
        self.next_bookmark = Instant::now() + BOOKMARK_EVERY;
    }

    /// Reads what the log has since the last look.
    fn look(&mut self) {
        self.changed.mark_unchanged();
        let shared = Arc::clone(&self.shared);
        let world = shared.world();
        let Some(seen) = world.log.since(self.cursor, &self.scope) else {
            let error = ApiError::expired(self.cursor, world.log.oldest());
            self.push(&json!({"type": "ERROR", "object": error.body()}));
            self.ended = true;
            return;
        };
        self.cursor = self.cursor.max(world.version());
        drop(world);
        for event in seen {
            self.send(event.verb, &event.object);
        }
    }

    async fn next(&mut self) -> Option<Bytes> {
        let mut held = self.shared.held.subscribe();
        loop {
            if let Some(chunk) = self.waiting.pop_front() {
                return Some(chunk);
            }
            if self.ended {
                return None;
            }
            if *held.borrow_and_update() {
                let shared = Arc::clone(&self.shared);
                tokio::select! {
                    () = shared.stop.cancelled() => self.ended = true,
                    told = held.changed() => self.ended |= told.is_err(),
                }
                continue;
            }
            self.look();
            if !self.waiting.is_empty() || self.ended {
                continue;
            }
            tokio::select! {
                () = self.shared.stop.cancelled() => self.ended = true,
                told = self.changed.changed() => self.ended |= told.is_err(),
                told = held.changed() => self.ended |= told.is_err(),
                () = tokio::time::sleep_until(self.deadline) => {
                    self.ended = true;
                    if self.bookmarks {
                        self.bookmark(None);
                    }
                }
                () = tokio::time::sleep_until(self.next_bookmark), if self.bookmarks => self.bookmark(None),
            }
        }
    }
}
