//! The cluster's API server is gone in the middle of a suspension, and in the middle of a restoration: nothing is told
//! that was not seen, and what was begun is finished when the server is back.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams};
use kube::config::Kubeconfig;
use tenure_client::Client;
use tenure_test_link::{Cut, Link};
use tenured::dev::{self, ClusterChoice};
use tenured::maintain;
use tenured::story::{Chapter, Names, Pages, Story};

use crate::objects::{declared, pods};
use crate::play::{Heard, options};
use crate::real::{kubeconfig, names};

/// A link to the API server of a kubeconfig, and a kubeconfig whose requests go over it.
async fn over_a_link(text: &str, folder: &Path) -> anyhow::Result<(Arc<Link>, ClusterChoice)> {
    let mut config = Kubeconfig::from_yaml(text)?;
    let cluster = config.clusters.first_mut().and_then(|c| c.cluster.as_mut()).context("a cluster")?;
    let server: http::Uri = cluster.server.clone().context("its server")?.parse()?;
    let authority = server.authority().context("the server's address")?.to_string();
    let address = tokio::net::lookup_host(&authority).await?.next().context("an address")?;
    let link = Arc::new(Link::to(address).await);
    let scheme = server.scheme_str().context("a scheme")?;
    cluster.server = Some(format!("{scheme}://{}", link.address()));
    let path = folder.join("kubeconfig");
    std::fs::write(&path, serde_json::to_string(&config)?)?;
    Ok((link, ClusterChoice::Kubeconfig { path: Some(path), context: None }))
}

/// Cuts the link once the suspension is under way, in the one direction or the other, and mends it after a while.
/// Meanwhile nobody is told that it is done.
async fn interrupt(
    link: Arc<Link>,
    administrator: Client,
    measure: String,
    under_way: &'static str,
    while_gone: Duration,
) -> anyhow::Result<()> {
    while administrator.measure(&measure).await?.state != under_way {
        tokio::task::yield_now().await;
    }
    let account = measure.split('.').next().context("the account's name")?.to_owned();
    let stream = format!("account/{account}");
    let so_far = told(&administrator, &stream).await?;
    link.cut(Cut::Refusing);
    let since = tokio::time::Instant::now();
    let mut unconfirmed = false;
    // On a busy machine it can take longer until that is noticed.
    let longest = while_gone + Duration::from_mins(1);
    let noticed = |unconfirmed: bool| under_way != "applying" || unconfirmed;
    while since.elapsed() < while_gone || (!noticed(unconfirmed) && since.elapsed() < longest) {
        let seen = administrator.measure(&measure).await?;
        ensure!(seen.state == under_way, "{measure} is {} while nothing can be seen", seen.state);
        let standing = administrator.standing(&account).await?;
        unconfirmed |= standing
            .measures
            .iter()
            .any(|m| m.id == measure && m.pending.as_ref().is_some_and(|p| p.contains("unconfirmed")));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let after = told(&administrator, &stream).await?;
    ensure!(after == so_far, "it was told that it is done: {after:?}");
    ensure!(noticed(unconfirmed), "nobody was told that nothing can be seen");
    link.mend();
    Ok(())
}

/// How often the record says that a measure is in force or restored.
async fn told(administrator: &Client, stream: &str) -> anyhow::Result<usize> {
    let done = ["measure.in_force", "measure.restored"];
    let (mut times, mut from) = (0, None);
    loop {
        let page = administrator.stream(stream, from.as_deref()).await?;
        times += page.items.iter().filter(|e| done.contains(&e.event_type.as_str())).count();
        from = page.next_page_token;
        if from.is_none() {
            return Ok(times);
        }
    }
}

async fn play(text: &str, names: &Names, while_gone: Duration) -> anyhow::Result<()> {
    tenured::install_crypto();
    let folder = tempfile::tempdir()?;
    let (link, choice) = over_a_link(text, folder.path()).await?;
    let running = dev::start(&options(&folder.path().join("data"), choice)?).await?;
    let pages = Pages::from_kubeconfig_text(text).await?;
    let client = pages.client();
    let administrator = Client::new(&running.url, running.token(dev::ADMINISTRATOR)?)?;
    let namespace = format!("{}--web", names.social);
    let mut heard = Heard::default();
    let mut story = Story::new(administrator.clone(), names.clone(), pages, &mut heard);
    let mut before = std::collections::BTreeMap::new();
    for chapter in Chapter::ALL {
        let under_way = match chapter {
            Chapter::Suspension => Some("applying"),
            Chapter::Order => Some("stayed"),
            _ => None,
        };
        let interruption = match under_way {
            Some(state) => {
                // The auditor sees the record too.
                let auditor = administrator.speaking_with(&story.tokens()["person/theo"]);
                let suspension = story.id("suspension")?;
                Some(tokio::spawn(interrupt(Arc::clone(&link), auditor, suspension, state, while_gone)))
            }
            None => None,
        };
        story.play(*chapter).await?;
        if let Some(interruption) = interruption {
            interruption.await??;
        }
        match chapter {
            Chapter::Provision => before = declared(&client, &namespace).await?,
            Chapter::Suspension => ensure!(pods(&client, &namespace).await?.is_empty(), "no pod exists"),
            Chapter::Order => {
                let after = declared(&client, &namespace).await?;
                ensure!(after == before, "the objects differ:\n{before:#?}\n{after:#?}");
                break;
            }
            _ => {}
        }
    }
    running.stop().await;
    let findings = maintain::check(&folder.path().join("data")).await?;
    ensure!(findings.faults.is_empty(), "{:?}", findings.faults);
    let namespaces: Api<Namespace> = Api::all(client);
    for name in [&names.social, &names.peer] {
        namespaces.delete(&format!("{name}--web"), &DeleteParams::default()).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_is_gone_in_the_middle_is_waited_for() -> anyhow::Result<()> {
    // Slow enough for the link to be cut while pods stop and start, on a busy machine too.
    let slow = Duration::from_secs(1);
    let slow = tenure_kubesim::Options {
        quota_delay: slow,
        pod_start: slow,
        pod_stop: slow,
        ..tenure_kubesim::Options::default()
    };
    let cluster = tenure_kubesim::start(slow).await?;
    let names = Names { social: "parley".into(), peer: "agora".into() };
    play(&cluster.kubeconfig(), &names, Duration::from_secs(5)).await?;
    cluster.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn real_an_api_server_that_is_gone_for_a_minute_is_waited_for() -> anyhow::Result<()> {
    let text = std::fs::read_to_string(kubeconfig())?;
    let mut names = names();
    names.social.push_str("-o");
    names.peer.push_str("-o");
    play(&text, &names, Duration::from_mins(1)).await
}
