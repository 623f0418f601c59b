//! The listener as an API server meets it.

use std::time::Duration;

use kube::Config;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::*;

fn moment() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

struct House {
    address: SocketAddr,
    first: Issued,
    serving: Arc<Serving>,
    metrics: Metrics,
    stopping: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), CertificateError>>,
}

/// A webhook whose cluster does not answer: what is frozen is frozen all the same.
async fn house() -> House {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = Client::try_from(Config::new("http://127.0.0.1:1".parse().unwrap())).unwrap();
    let (freezes, reached) = (Freezes::new([3; 32]), Reached::url("https://freeze.example").unwrap());
    let webhook =
        Webhook::new(listener, reached, freezes, nobody, Arc::new(moment), Periods::default()).unwrap();
    let (address, stopping) = (webhook.address().unwrap(), CancellationToken::new());
    let metrics = Metrics::default();
    let webhook = webhook.counting(metrics.clone());
    let (first, serving) = (webhook.rotation.serving().clone(), Arc::clone(&webhook.serving));
    let task = tokio::spawn(webhook.run(stopping.clone()));
    House { address, first, serving, metrics, stopping, task }
}

/// Who trusts these authorities asks; the whole answer.
async fn ask(address: SocketAddr, authorities: &str, question: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    // The certificate is of the test's moment, and nobody's clock is: TLS is asked as of then.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(AtMoment))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("freeze.example").unwrap();
    let stream = TcpStream::connect(address).await?;
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.write_all(question.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[derive(Debug)]
struct AtMoment;

impl rustls::time_provider::TimeProvider for AtMoment {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let seconds = u64::try_from(moment().as_second()).unwrap();
        Some(rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

fn post(body: &str) -> String {
    format!(
        "POST /freeze HTTP/1.1\r\nhost: freeze.example\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn question() -> String {
    let user = json!({"username": "eve", "groups": ["system:authenticated"]});
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"uid": "u-1", "namespace": "shop--web", "name": "feed", "userInfo": user}})
    .to_string()
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn it_answers_over_tls_that_only_its_authority_vouches_for() {
    let house = house().await;
    let answer = ask(house.address, &house.first.authority, &post(&question())).await.unwrap();
    let answer = body(&answer);
    assert_eq!((&answer["response"]["uid"], &answer["response"]["allowed"]), (&json!("u-1"), &json!(false)));
    let other = issue("freeze.example", moment(), Duration::from_mins(1), &ring()).unwrap();
    ask(house.address, &other.authority, &post(&question())).await.unwrap_err();
    house.stopping.cancel();
    house.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_asked_and_what_is_refused_is_counted_and_what_is_no_question_is_not() {
    let house = house().await;
    let node = question().replace("system:authenticated", "system:nodes");
    for asked in [question(), node, question(), "{".to_owned()] {
        ask(house.address, &house.first.authority, &post(&asked)).await.unwrap();
    }
    assert_eq!((house.metrics.reviews.get(), house.metrics.refused.get()), (3, 2));
    house.stopping.cancel();
    house.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_no_question_is_answered_within_bounds() {
    let house = house().await;
    let too_much =
        "POST /freeze HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 99000000\r\n\r\n";
    for (request, status) in [
        (post("{"), "400"),
        (post(&question()).replace("/freeze", "/other"), "404"),
        ("GET /freeze HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_owned(), "404"),
        (too_much.to_owned(), "413"),
    ] {
        let answer = ask(house.address, &house.first.authority, &request).await.unwrap();
        assert_eq!(answer.split(' ').nth(1), Some(status), "{answer}");
    }
    house.stopping.cancel();
    house.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_trusts_both_authorities_notices_no_change_of_the_certificate() {
    let house = house().await;
    let next = issue("freeze.example", moment(), Duration::from_mins(1), &ring()).unwrap();
    let both = format!("{}{}", house.first.authority, next.authority);
    ask(house.address, &both, &post(&question())).await.unwrap();
    ask(house.address, &next.authority, &post(&question())).await.unwrap_err();
    house.serving.change(Arc::clone(&next.key));
    ask(house.address, &both, &post(&question())).await.unwrap();
    ask(house.address, &next.authority, &post(&question())).await.unwrap();
    house.stopping.cancel();
    house.task.await.unwrap().unwrap();
}

fn ring() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}
