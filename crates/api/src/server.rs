//! The serve loop: HTTP/1.1 with bounded headers and header time, which axum's own loop does not bound.

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::limits;

/// How long requests under way may take when the server stops.
const GRACE: std::time::Duration = std::time::Duration::from_secs(5);

/// Why the server ended.
#[derive(Debug)]
pub struct ServeError(pub std::io::Error);

impl std::fmt::Display for ServeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the listener failed: {}", self.0)
    }
}

impl std::error::Error for ServeError {}

/// Serves until `stopping`, then lets requests under way finish.
pub async fn serve(listener: TcpListener, router: Router, stopping: CancellationToken) -> Result<(), ServeError> {
    let graceful = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // A client that went away, or no file descriptor left: the next accept may succeed.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    continue;
                }
            },
            () = stopping.cancelled() => break,
        };
        let service = router.clone().map_request(|request: hyper::Request<hyper::body::Incoming>| request.map(axum::body::Body::new));
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::HEADER_TIME)
            .max_buf_size(limits::HEADER_BYTES)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(tokio::time::timeout(GRACE, graceful.shutdown()).await);
    Ok(())
}

