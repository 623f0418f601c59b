//! Clients that are slow, oversized or too many.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use tenure_api::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything may take, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server that does nothing but keep to its limits.
struct Porch {
    address: std::net::SocketAddr,
    stopping: CancellationToken,
    server: JoinHandle<()>,
}

impl Porch {
    async fn open(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stopping = CancellationToken::new();
        let router = Router::new().route("/", get(|| async { "well" }));
        let server = tokio::spawn(tenure_api::serve(listener, router, limits, stopping.clone()));
        Self { address, stopping, server }
    }

    async fn close(self) {
        self.stopping.cancel();
        self.server.await.unwrap();
    }
}

/// Everything until the server closes; what was sent last may have made it reset the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_header_that_comes_a_byte_at_a_time_is_cut_off() {
    let porch = Porch::open(Limits { header_time: Duration::from_millis(400), ..Limits::default() }).await;
    let since = Instant::now();
    let mut stream = TcpStream::connect(porch.address).await.unwrap();
    let dripped = async {
        for byte in b"GET / HTTP/1.1\r\nhost: tenure\r\nx-slow: ".iter().chain(std::iter::repeat(&b'x')) {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, dripped).await.expect("the server closes the connection");
    assert!(since.elapsed() >= Duration::from_millis(400), "not before its time");
    porch.close().await;
}

#[tokio::test]
async fn a_connection_on_which_nothing_comes_is_closed_before_and_after_a_request() {
    let porch = Porch::open(Limits { header_time: Duration::from_secs(1), ..Limits::default() }).await;
    let mut silent = TcpStream::connect(porch.address).await.unwrap();
    let mut used = TcpStream::connect(porch.address).await.unwrap();
    used.write_all(b"GET / HTTP/1.1\r\nhost: tenure\r\n\r\n").await.unwrap();
    let closed = async { (rest(&mut silent).await, rest(&mut used).await) };
    let (_, answer) = tokio::time::timeout(PATIENCE, closed).await.expect("both are closed");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("well"), "{answer}");
    porch.close().await;
}

#[tokio::test]
async fn a_header_that_is_too_large_is_refused() {
    let porch = Porch::open(Limits::default()).await;
    for (size, status) in [(20 * 1024, "200"), (100 * 1024, "431")] {
        let mut stream = TcpStream::connect(porch.address).await.unwrap();
        let request = format!(
            "GET / HTTP/1.1\r\nhost: tenure\r\nconnection: close\r\nx-large: {}\r\n\r\n",
            "x".repeat(size)
        );
        drop(stream.write_all(request.as_bytes()).await);
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{size}: {answer}");
    }
    porch.close().await;
}

#[tokio::test]
async fn bytes_that_are_no_http_are_refused() {
    let porch = Porch::open(Limits::default()).await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(porch.address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    porch.close().await;
}

#[tokio::test]
async fn more_connections_than_there_are_seats_wait_their_turn() {
    let limits = Limits { connections: 2, header_time: Duration::from_millis(300), ..Limits::default() };
    let porch = Porch::open(limits).await;
    let since = Instant::now();
    let idle =
        [TcpStream::connect(porch.address).await.unwrap(), TcpStream::connect(porch.address).await.unwrap()];
    let mut third = TcpStream::connect(porch.address).await.unwrap();
    third.write_all(b"GET / HTTP/1.1\r\nhost: tenure\r\nconnection: close\r\n\r\n").await.unwrap();
    let answer = tokio::time::timeout(PATIENCE, rest(&mut third)).await.expect("its turn comes");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(since.elapsed() >= Duration::from_millis(200), "not while both seats were taken");
    drop(idle);
    porch.close().await;
}
