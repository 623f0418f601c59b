//! How fast an account is read through the API: the real routes, the real serve loop, a real token, beside a bare handler
//! that makes the same query on the same pool and answers the same bytes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tenure_api::{App, Limits, Rate};
use tenure_domain::account::Actor;
use tenure_domain::book;
use tenure_engine::Engine;
use tenure_engine::submission::{Act, Submission};
use tenure_store::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::Effort;
use crate::house::{House, account};
use crate::summary::{Figure, Samples, Unit};

/// What the API is to reach of the bare handler.
const TARGET: f64 = 0.5;

/// How many connections are kept alive.
const CONNECTIONS: usize = 16;

/// How many accounts there are to read.
const ACCOUNTS: usize = 100;

#[derive(Clone)]
struct Bare {
    store: Store,
    answer: Value,
}

/// The query, and the answer turned into JSON.
async fn bare(State(bare): State<Bare>, Path(id): Path<String>) -> impl IntoResponse {
    match bare.store.last_of(&format!("account/{id}")).await {
        Ok(Some(version)) => ([(header::ETAG, format!("\"{version}\""))], Json(bare.answer)).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What a round of requests took.
struct Round {
    per_second: f64,
    times: Samples,
}

/// Measures reading an account and its standing.
pub async fn measure(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let house = House::in_folder(folder.path()).await?;
    let accounts = effort.of(ACCOUNTS, 4);
    house.open_accounts(0, accounts).await?;
    for _ in 0..3 {
        let round = (0..accounts).map(|n| house.hold(account(n)?)).collect::<anyhow::Result<_>>()?;
        house.submit_all(round).await?;
    }
    let token = auditor(&house).await?;
    house.engine.settle().await?;

    // One client asks here as often as many would.
    let limits = Limits { asks: Rate::new(u32::MAX, u32::MAX), ..Limits::default() };
    let stopping = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let api = listener.local_addr()?;
    let router = tenure_api::router(App::new(house.engine.clone(), "none".to_owned(), limits));
    let served = tokio::spawn(tenure_api::serve(listener, router, limits, stopping.clone()));

    let mut figures = Vec::new();
    for rest in ["", "/standing"] {
        let first = fetch(api, &path(0, rest)?, &token).await?;
        let state = Bare { store: house.store.clone(), answer: serde_json::from_slice(&first)? };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let beside = listener.local_addr()?;
        let router =
            Router::new().route(&format!("/v1/accounts/{{account}}{rest}"), get(bare)).with_state(state);
        let until = stopping.child_token();
        let end = until.clone();
        let peer = tokio::spawn(async move {
            axum::serve(listener, router).with_graceful_shutdown(end.cancelled_owned()).await
        });
        let same: Value = serde_json::from_slice(&fetch(beside, &path(0, rest)?, &token).await?)?;
        ensure!(same == serde_json::from_slice::<Value>(&first)?, "the bare handler answers something else");

        let requests = effort.of(400, 5);
        let paths: Vec<String> = (0..accounts).map(|n| path(n, rest)).collect::<anyhow::Result<_>>()?;
        let mut rates = (Samples::default(), Samples::default());
        let mut medians = (Samples::default(), Samples::default());
        let mut slow = (Samples::default(), Samples::default());
        for _ in 0..effort.of(9, 2) {
            let subject = round(api, paths.clone(), token.clone(), requests).await?;
            let peer = round(beside, paths.clone(), token.clone(), requests).await?;
            rates.0.push(subject.per_second);
            rates.1.push(peer.per_second);
            medians.0.push(subject.times.median());
            medians.1.push(peer.times.median());
            slow.0.push(subject.times.quantile(0.99));
            slow.1.push(peer.times.quantile(0.99));
        }
        until.cancel();
        peer.await??;
        let what = format!("GET /v1/accounts/{{account}}{rest}, {CONNECTIONS} connections");
        figures.push(
            Figure::new(what.clone(), Unit::PerSecond, &rates.0)
                .beside("bare handler, same query", &rates.1)
                .target(TARGET),
        );
        figures.push(
            Figure::new(format!("{what}: median time"), Unit::Millis, &medians.0)
                .beside("bare handler, same query", &medians.1),
        );
        figures.push(
            Figure::new(format!("{what}: 99 of 100 within"), Unit::Millis, &slow.0)
                .beside("bare handler, same query", &slow.1),
        );
    }
    stopping.cancel();
    served.await?;
    house.engine.stop().await;
    Ok(figures)
}

/// The token of somebody who may read everything.
async fn auditor(house: &House) -> anyhow::Result<String> {
    let event = book::Event::PersonSet { person: "theo".parse()?, roles: ["auditor".to_owned()].into() };
    let entry = book::Entry::Person("theo".parse()?);
    house.submit(Submission::new(Engine::bootstrap(), Act::Book(entry, event))).await?;
    let subject: Actor = "person/theo".parse()?;
    Ok(house.engine.issue_token(Engine::bootstrap(), subject).await?)
}

fn path(n: usize, rest: &str) -> anyhow::Result<String> {
    Ok(format!("/v1/accounts/{}{rest}", account(n)?))
}

/// One connection that is kept alive.
async fn connect(to: SocketAddr) -> anyhow::Result<hyper::client::conn::http1::SendRequest<Empty<Bytes>>> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn ask(
    on: &mut hyper::client::conn::http1::SendRequest<Empty<Bytes>>,
    path: &str,
    token: &str,
) -> anyhow::Result<Bytes> {
    let request = hyper::Request::get(path)
        .header("host", "bench")
        .header("authorization", format!("Bearer {token}"))
        .body(Empty::new())?;
    on.ready().await?;
    let answer = on.send_request(request).await?;
    ensure!(answer.status() == 200, "{path} was answered {}", answer.status());
    Ok(answer.into_body().collect().await?.to_bytes())
}

async fn fetch(to: SocketAddr, path: &str, token: &str) -> anyhow::Result<Bytes> {
    ask(&mut connect(to).await?, path, token).await
}

/// Sends requests on all connections from a thread of its own, so many on each.
async fn round(to: SocketAddr, paths: Vec<String>, token: String, requests: usize) -> anyhow::Result<Round> {
    let (done, answer) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let result = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("the client's runtime")
            .and_then(|runtime| runtime.block_on(clients(to, paths, token, requests)));
        drop(done.send(result));
    });
    answer.await.map_err(|_| anyhow!("the client ended early"))?
}

async fn clients(
    to: SocketAddr,
    paths: Vec<String>,
    token: String,
    requests: usize,
) -> anyhow::Result<Round> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(connect(to).await?);
    }
    let since = Instant::now();
    let clients = connections.into_iter().enumerate().map(|(nth, mut connection)| {
        let (paths, token) = (&paths, &token);
        async move {
            let mut times: Vec<Duration> = Vec::with_capacity(requests);
            for n in 0..requests {
                let asked = Instant::now();
                ask(&mut connection, &paths[(nth * 7 + n) % paths.len()], token).await?;
                times.push(asked.elapsed());
            }
            anyhow::Ok(times)
        }
    });
    let all = futures_util::future::try_join_all(clients).await?;
    let took = since.elapsed().as_secs_f64();
    let mut times = Samples::default();
    let mut count: u32 = 0;
    for time in all.into_iter().flatten() {
        times.push_millis(time);
        count += 1;
    }
    Ok(Round { per_second: f64::from(count) / took, times })
}
