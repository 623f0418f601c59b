//! What goes over the connection to a cluster: counted, and written down where that is asked for.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use anyhow::Context as _;
use futures_util::FutureExt as _;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tower::{BoxError, Layer, Service};

/// One write as it was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub method: Method,
    /// Path and query.
    pub path: String,
    pub content_type: String,
    pub body: String,
}

/// What was sent since the beginning.
#[derive(Debug, Clone, Copy)]
pub struct Count {
    pub reads: u64,
    pub writes: u64,
}

/// Counts requests. A dry run is a read: it changes nothing. A watch is one when it begins.
#[derive(Debug, Clone, Default)]
pub struct Wire(Arc<State>);

#[derive(Debug, Default)]
struct State {
    reads: AtomicU64,
    writes: AtomicU64,
    written: Mutex<Option<Vec<Sent>>>,
}

impl Wire {
    /// A client whose requests are counted.
    pub fn client(&self, mut config: Config) -> anyhow::Result<Client> {
        config.default_retry = false;
        Ok(ClientBuilder::try_from(config)?.with_layer(self).build())
    }

    /// What was sent until now.
    pub fn count(&self) -> Count {
        Count { reads: self.0.reads.load(Ordering::Relaxed), writes: self.0.writes.load(Ordering::Relaxed) }
    }

    /// Writes down every write from now on.
    pub fn write_down(&self) {
        *self.0.written.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    }

    /// What was written down.
    pub fn written(&self) -> Vec<Sent> {
        self.0.written.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    fn note(&self, request: Request<Body>) -> Result<Request<Body>, BoxError> {
        let query = request.uri().query().unwrap_or_default();
        if request.method() == Method::GET || query.contains("dryRun") {
            self.0.reads.fetch_add(1, Ordering::Relaxed);
            return Ok(request);
        }
        self.0.writes.fetch_add(1, Ordering::Relaxed);
        let mut written = self.0.written.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(written) = written.as_mut() else { return Ok(request) };
        let (parts, body) = request.into_parts();
        // What kube sends is there as a whole: nothing is waited for.
        let body = body.collect().now_or_never().context("a body that is not there yet")??.to_bytes();
        let content_type = parts.headers.get("content-type").and_then(|value| value.to_str().ok());
        written.push(Sent {
            method: parts.method.clone(),
            path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            content_type: content_type.unwrap_or("application/json").to_owned(),
            body: String::from_utf8(body.to_vec())?,
        });
        Ok(Request::from_parts(parts, Body::from(body.to_vec())))
    }
}

impl<S> Layer<S> for Wire {
    type Service = Counted<S>;
    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, wire: Wire(Arc::clone(&self.0)) }
    }
}

/// A connection with a count.
pub struct Counted<S> {
    inner: S,
    wire: Wire,
}

impl<S> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.wire.note(request) {
            Ok(request) => {
                let answer = self.inner.call(request);
                Box::pin(async move { answer.await.map_err(Into::into) })
            }
            Err(error) => Box::pin(async move { Err(error) }),
        }
    }
}
