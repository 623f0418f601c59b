//! The serve loop: HTTP/1.1 with bounded headers, header time, stalled answers and connections, which axum's own loop does
//! not bound.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::Limits;
use crate::bounds::Peer;

/// How much more of a header than is allowed is read, so that it can be answered with a problem, in bytes.
const HEADER_HEARD_OUT: usize = 16 * 1024;

/// Cancelled when the server stops; answers that go on by themselves end then.
#[derive(Debug, Clone)]
pub struct Stopping(pub CancellationToken);

/// Serves until `stopping`, then takes what had reached the listener by then, closes it, and lets requests under way
/// finish.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stopping: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let seats = Arc::new(Semaphore::new(limits.connections));
    let take = |stream: TcpStream, peer: SocketAddr, seat: Option<OwnedSemaphorePermit>| {
        let until = Stopping(stopping.clone());
        let service = router.clone().map_request(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(Peer(peer));
            request.extensions_mut().insert(until.clone());
            request
        });
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.write_time));
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_time)
            .max_buf_size(limits.header_bytes.saturating_add(HEADER_HEARD_OUT))
            .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(service));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(seat);
        });
    };
    loop {
        let next = async {
            // The semaphore is never closed.
            let seat = Arc::clone(&seats).acquire_owned().await.ok();
            (seat, listener.accept().await)
        };
        tokio::select! {
            (seat, accepted) = next => match accepted {
                Ok((stream, peer)) => take(stream, peer, seat),
                Err(error) => {
                    // A client that went away, or no file descriptor left: the next accept may succeed.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            },
            () = stopping.cancelled() => break,
        }
    }
    // What the kernel holds for us would be reset with the listener, though its clients think they are connected.
    while let Ok(Ok((stream, peer))) =
        tokio::time::timeout(std::time::Duration::ZERO, listener.accept()).await
    {
        take(stream, peer, None);
    }
    drop(listener);
    if tokio::time::timeout(limits.grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way when their time was up; they were cut off");
    }
}
