//! Kills under load: what was acknowledged is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tenure_client::Client;
use tenure_domain::environment::EnvironmentKind;
use tenure_wire::request::{
    CreateEnvironment, FileReport, IssueToken, OpenAccount, Plan, TermsVersion, Workload,
};
use tenured::{maintain, story};

use crate::server::Server;

/// How often the server is killed.
const KILLS: u32 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_with_its_own_simulated_cluster_finds_everything_again() -> anyhow::Result<()> {
    tenured::install_crypto();
    let folder = tempfile::tempdir()?;
    let server = Server::start_alone(folder.path()).await?;
    let mara = Client::new(&server.url, &server.administrator()?)?.patient(Duration::from_mins(1));
    mara.publish_terms("terms", story::TERMS).await?;
    mara.set_person("pavel", &["platform"]).await?;
    let token = mara.issue_token("pavel", &IssueToken { subject: "person/pavel".parse()? }).await?;
    let pavel = mara.speaking_with(&token.token);
    let plan = Plan { cpu_millis: 1_000, memory_mib: 512, storage_mib: 16, pods: 10 };
    let terms = TermsVersion { id: "cloud-agreement".parse()?, version: "2020-04".into() };
    pavel
        .open_account("open", &OpenAccount { account: "parley".parse()?, terms, plan: plan.clone() })
        .await?;
    let environment = CreateEnvironment {
        environment: "web".parse()?,
        plan,
        kind: EnvironmentKind::Managed,
        load_balancers: 0,
        hostnames: 0,
        cluster: None,
    };
    pavel.create_environment("web", "parley", &environment).await?;
    for n in 0..KILLS {
        let spec = Workload {
            image: "docker.io/library/busybox:1.35".into(),
            command: Vec::new(),
            replicas: 1,
            port: 8080,
            cpu_millis: 10,
            memory_mib: 16,
            ..Workload::default()
        };
        pavel.create_workload("parley", "web", &format!("w{n}"), &format!("put-{n}"), &spec).await?;
        server.kill_and_start()?;
        server.wait().await?;
    }
    for n in 0..KILLS {
        let since = std::time::Instant::now();
        while pavel.workload("parley", "web", &format!("w{n}")).await?.ready != 1 {
            ensure!(since.elapsed() < Duration::from_mins(1), "w{n} does not become ready");
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_under_load_loses_no_report_that_was_acknowledged() -> anyhow::Result<()> {
    tenured::install_crypto();
    let folder = tempfile::tempdir()?;
    let cluster = tenure_kubesim::start(tenure_kubesim::Options::default()).await?;
    let server = Server::start(folder.path(), &cluster).await?;
    let mara = Client::new(&server.url, &server.administrator()?)?.patient(Duration::from_mins(1));
    mara.publish_terms("terms", story::TERMS).await?;
    let mut speak = std::collections::BTreeMap::new();
    for (name, role) in [("pavel", "platform"), ("hotline", "reporter"), ("ines", "analyst")] {
        mara.set_person(name, &[role]).await?;
        let token =
            mara.issue_token(name, &IssueToken { subject: format!("person/{name}").parse()? }).await?;
        speak.insert(name, mara.speaking_with(&token.token));
    }
    let plan = Plan { cpu_millis: 100, memory_mib: 64, storage_mib: 16, pods: 2 };
    let terms = TermsVersion { id: "cloud-agreement".parse()?, version: "2020-04".into() };
    speak["pavel"].open_account("open", &OpenAccount { account: "parley".parse()?, terms, plan }).await?;
    let evidence = speak["hotline"].upload_evidence("evidence", "text/plain", b"a capture").await?;
    let report = FileReport {
        account: "parley".parse()?,
        ground: "incitement".parse()?,
        locator: "https://parley.example/post/1".into(),
        statement: "A post".into(),
        evidence: vec![evidence.id.try_into()?],
        observed_at: None,
        contact: None,
        language: None,
        reference: None,
    };
    let mut acknowledged = Vec::new();
    for round in 0..KILLS {
        let through = Arc::new(AtomicU32::new(0));
        let senders: Vec<_> = (0..4)
            .map(|sender| {
                let (client, report) = (speak["hotline"].clone().patient(Duration::ZERO), report.clone());
                let through = Arc::clone(&through);
                tokio::spawn(async move {
                    let mut ids = Vec::new();
                    // Until the server is gone.
                    loop {
                        let key = format!("{round}-{sender}-{}", ids.len());
                        let locator = format!("https://parley.example/post/{key}");
                        let report = FileReport { locator, ..report.clone() };
                        let Ok(written) = client.file_report(&key, &report).await else { return ids };
                        ids.push(written.id);
                        through.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        // Some get through, more in each round: the kill comes at no particular moment of those after them.
        while through.load(Ordering::SeqCst) < 3 + 5 * round {
            tokio::task::yield_now().await;
        }
        server.kill()?;
        for sender in senders {
            acknowledged.extend(sender.await?);
        }
        server.kill_and_start()?;
        server.wait().await?;
    }
    ensure!(acknowledged.len() > usize::try_from(KILLS)?, "only {} were acknowledged", acknowledged.len());
    let mut unique = acknowledged.clone();
    unique.sort();
    unique.dedup();
    ensure!(unique.len() == acknowledged.len(), "a number was given twice");
    for id in &acknowledged {
        speak["ines"].report(id).await.with_context(|| format!("{id} was acknowledged and is gone"))?;
    }
    server.kill()?;
    let findings = maintain::check(server.data()).await?;
    ensure!(findings.faults.is_empty(), "{:?}", findings.faults);
    cluster.stop().await;
    Ok(())
}
