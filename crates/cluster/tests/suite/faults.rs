//! A connection that breaks: after so many requests every further one fails, before it is sent or after the cluster
//! has carried it out; and a cluster that lacks an API.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};

use http::{Method, Request};
use tower::{BoxError, Layer, Service};

/// When the connection breaks.
#[derive(Clone)]
pub struct Faults(Arc<State>);

struct State {
    left: AtomicI64,
    writes_only: bool,
    answer_is_lost: bool,
}

impl Faults {
    /// Breaks before the request after `requests` others is sent.
    pub fn after_requests(requests: i64) -> Self {
        Self(Arc::new(State { left: requests.into(), writes_only: false, answer_is_lost: false }))
    }

    /// Breaks at the first write: it is carried out and its answer is lost.
    pub fn at_first_write() -> Self {
        Self(Arc::new(State { left: 0.into(), writes_only: true, answer_is_lost: true }))
    }
}

pub struct FaultyLayer(pub Faults);

impl<S> Layer<S> for FaultyLayer {
    type Service = Faulty<S>;
    fn layer(&self, inner: S) -> Faulty<S> {
        Faulty { inner, faults: self.0.clone() }
    }
}

pub struct Faulty<S> {
    inner: S,
    faults: Faults,
}

impl<S, B> Service<Request<B>> for Faulty<S>
where
    S: Service<Request<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let state = &self.faults.0;
        let is_dry_run = request.uri().query().is_some_and(|query| query.contains("dryRun"));
        let is_write = request.method() != Method::GET && !is_dry_run;
        let counts = !state.writes_only || is_write;
        let broken_before = state.left.load(Ordering::SeqCst) < 0;
        let breaks = broken_before || counts && state.left.fetch_sub(1, Ordering::SeqCst) <= 0;
        let is_lost = breaks && !broken_before && state.answer_is_lost;
        if breaks && !is_lost {
            return Box::pin(async { Err("the connection is broken".into()) });
        }
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await.map_err(Into::into)?;
            if is_lost { Err("the answer was lost".into()) } else { Ok(answer) }
        })
    }
}

/// The beginning of paths that are not there.
#[derive(Clone)]
pub struct Hidden(pub &'static str);

pub struct HidingLayer(pub Hidden);

impl<S> Layer<S> for HidingLayer {
    type Service = Hiding<S>;
    fn layer(&self, inner: S) -> Hiding<S> {
        Hiding { inner, hidden: self.0.clone() }
    }
}

/// Asks for a path that no server has, in place of what is hidden.
pub struct Hiding<S> {
    inner: S,
    hidden: Hidden,
}

impl<S, B> Service<Request<B>> for Hiding<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if request.uri().path().starts_with(self.hidden.0) {
            let nowhere = request.uri().to_string().replacen(self.hidden.0, "/apis/hidden.example", 1);
            *request.uri_mut() = nowhere.parse().unwrap();
        }
        self.inner.call(request)
    }
}
