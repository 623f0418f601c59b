//! Looks at what is in the cluster: what a watch told is looked at, and not read again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use tenure_access::Role;
use tenure_cluster::Cluster;
use tenure_domain::account::Command;
use tenure_domain::name::EnvironmentId;
use tenure_domain::workload::{Plan, Workload};
use tenure_engine::clock::ClockKind;
use tenure_engine::submission::{Act, Submission};
use tenure_engine::{Engine, Observed, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::office::{Office, done, member, person, slug, start};

const DEADLINE: Duration = Duration::from_mins(1);

fn web() -> EnvironmentId {
    "web".parse().unwrap()
}

async fn until(engine: &Engine, what: &str, holds: impl Fn(&Observed) -> bool) {
    let since = Instant::now();
    loop {
        let seen = engine.observed(&slug("parley"), &web()).await.unwrap();
        if holds(&seen) {
            return;
        }
        assert!(since.elapsed() < DEADLINE, "{what} is not observed: {seen:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Asks the cluster as somebody whom Tenure knows nothing of; the status of the answer.
async fn ask(url: &str, method: &str, path: &str, body: &str) -> u16 {
    let server = url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(server).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

fn pods(seen: &Observed) -> Option<u32> {
    seen.quota.as_ref()?.used.get("pods")?.parse().ok()
}

#[tokio::test]
async fn what_changes_in_the_cluster_is_observed_without_reading_and_drift_is_put_right() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let office = Office::open().await;
    office.engine.stop().await;
    let store = office.database.open().await;
    let simulation = tenure_kubesim::start(tenure_kubesim::Options::default()).await.unwrap();
    let cluster = Cluster::from_kubeconfig_text(&simulation.kubeconfig()).await.unwrap();
    let settings = Settings { cluster: Some(cluster), ..office.settings(ClockKind::Simulated, start(), 7) };
    let engine = Engine::start(store, settings).await.unwrap();
    let submit = async |caller, command| {
        let act = Act::Account(slug("parley"), command);
        done(engine.submit(Submission::new(caller, act)).await.unwrap());
    };
    let plan = Plan { cpu_millis: 4_000, memory_mib: 4_096, storage_mib: 1_024, pods: 40 };
    submit(person("pia", Role::Platform), Command::CreateEnvironment { environment: web(), plan }).await;
    let spec = Workload {
        image: "registry.example/site:1".into(),
        replicas: 1,
        port: 80,
        cpu_millis: 10,
        memory_mib: 10,
        ..Workload::default()
    };
    let site = || "site".parse().unwrap();
    let put = Command::PutWorkload { environment: web(), workload: site(), spec };
    submit(member("parley", Role::Owner), put).await;
    until(&engine, "the service", |seen| {
        seen.workloads.get(&site()).is_some_and(|site| site.ready == 1) && pods(seen) == Some(1)
    })
    .await;
    engine.settle().await.unwrap();

    // Somebody makes pods there. That more of the quota is used is observed each time, and once the watch has told of
    // everything, nothing is read for it.
    let url = simulation.url();
    let at = |of: &str| format!("/api/v1/namespaces/parley--web/{of}");
    let mut reads = BTreeMap::new();
    for made in 1..30 {
        let before = simulation.reads();
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("bare-{made}")}, "spec": {"containers": [{"name": "a", "image": "a",
            "resources": {"limits": {"cpu": "1m", "memory": "1Mi"}}}]}});
        assert_eq!(ask(&url, "POST", &at("pods"), &pod.to_string()).await, 201);
        until(&engine, "the pod", |seen| pods(seen) == Some(made + 1)).await;
        engine.settle().await.unwrap();
        reads.insert(made, simulation.reads() - before);
        if reads[&made] == 0 {
            break;
        }
    }
    assert!(reads.values().any(|reads| *reads == 0), "each time it was read: {reads:?}");

    assert_eq!(ask(&url, "DELETE", &at("services/site"), "").await, 200);
    let since = Instant::now();
    while ask(&url, "GET", &at("services/site"), "").await != 200 {
        assert!(since.elapsed() < DEADLINE, "nobody puts the service back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    engine.settle().await.unwrap();
    engine.stop().await;
}
