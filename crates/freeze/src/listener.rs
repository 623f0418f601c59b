//! The listener: TLS by whichever certificate serves now, HTTP/1.1 within bounds, answers.

use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde_json::Value;
use tenure_cluster::Freezes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::configuration::PATH;
use crate::metrics::Metrics;
use crate::review;

/// The largest question, in bytes: an object as it is and as it would be, of which the API server takes 3 MiB at most.
const QUESTION: usize = 7 * 1024 * 1024;
/// How long a question may take to arrive, and a connection to be made.
const TIME: Duration = Duration::from_secs(3);
/// How long a connection may wait for a question: API servers keep theirs open.
const IDLE: Duration = Duration::from_mins(2);
/// How many connections are served at once.
const CONNECTIONS: usize = 128;
/// How long questions under way may take at the end.
const GRACE: Duration = Duration::from_secs(3);

/// The certificate that serves, for whoever connects from now on.
#[derive(Debug)]
pub(crate) struct Serving(RwLock<Arc<CertifiedKey>>);

impl Serving {
    pub fn new(key: Arc<CertifiedKey>) -> Self {
        Self(RwLock::new(key))
    }

    pub fn change(&self, key: Arc<CertifiedKey>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = key;
    }
}

impl ResolvesServerCert for Serving {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// What answers go by, and what counts them.
#[derive(Debug, Clone)]
pub(crate) struct Answering {
    pub freezes: Freezes,
    pub metrics: Metrics,
}

impl Answering {
    fn count(&self, answer: &Value, since: Instant) {
        self.metrics.reviews.inc();
        self.metrics.seconds.observe(since.elapsed().as_secs_f64());
        if answer.pointer("/response/allowed") != Some(&Value::Bool(true)) {
            self.metrics.refused.inc();
        }
    }
}

/// TLS by the certificate that serves.
pub(crate) fn acceptor(
    serving: Arc<Serving>,
    provider: Arc<CryptoProvider>,
) -> Result<TlsAcceptor, rustls::Error> {
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_cert_resolver(serving))))
}

/// Serves until `stopping`; questions under way are answered.
pub(crate) async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    answering: Answering,
    stopping: CancellationToken,
) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let next = async {
            // The semaphore is never closed.
            let seat = Arc::clone(&seats).acquire_owned().await.ok();
            (seat, listener.accept().await)
        };
        let (seat, accepted) = tokio::select! {
            next = next => next,
            () = stopping.cancelled() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection to the freeze webhook could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let (acceptor, answering, watcher) = (acceptor.clone(), answering.clone(), graceful.watcher());
        tokio::spawn(async move {
            connection(stream, &acceptor, &answering, watcher).await;
            drop(seat);
        });
    }
    drop(listener);
    drop(tokio::time::timeout(GRACE, graceful.shutdown()).await);
}

async fn connection(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    answering: &Answering,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let Ok(Ok(stream)) = tokio::time::timeout(TIME, acceptor.accept(stream)).await else {
        tracing::debug!("a connection to the freeze webhook did not come about");
        return;
    };
    let service = service_fn(|request| async { Ok::<_, Infallible>(respond(answering, request).await) });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection to the freeze webhook ended early");
    }
}

async fn respond(answering: &Answering, request: Request<Incoming>) -> Response<Full<Bytes>> {
    if request.method() != Method::POST || request.uri().path() != PATH {
        return plain(StatusCode::NOT_FOUND);
    }
    let since = Instant::now();
    if usize::try_from(request.body().size_hint().lower()).is_ok_and(|announced| announced > QUESTION) {
        return plain(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match tokio::time::timeout(TIME, Limited::new(request.into_body(), QUESTION).collect()).await {
        Err(_) => plain(StatusCode::REQUEST_TIMEOUT),
        Ok(Err(_)) => plain(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Ok(question)) => match review::answer(&answering.freezes, &question.to_bytes()).await {
            Some(answer) => {
                answering.count(&answer, since);
                let mut response = Response::new(Full::from(answer.to_string()));
                let json = http::HeaderValue::from_static("application/json");
                response.headers_mut().insert(http::header::CONTENT_TYPE, json);
                response
            }
            None => plain(StatusCode::BAD_REQUEST),
        },
    }
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
