//! The story on a real cluster, with real pods: what is told is looked at from outside.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams};
use tenure_client::Client;
use tenured::dev::{self, ClusterChoice};
use tenured::maintain;
use tenured::story::{Chapter, Names, Pages, Story};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::objects::{declared, pods};
use crate::play::{Heard, options};

pub fn kubeconfig() -> PathBuf {
    std::env::var_os("TENURE_TEST_KUBECONFIG")
        .expect("TENURE_TEST_KUBECONFIG names a kubeconfig; tests/run sets it")
        .into()
}

/// The page at a pod's own address: none where nothing listens.
async fn page_at(ip: &str) -> Option<String> {
    let connect = TcpStream::connect((ip, 8080));
    let mut stream = tokio::time::timeout(Duration::from_secs(2), connect).await.ok()?.ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    answer.lines().next().is_some_and(|status| status.contains(" 200 ")).then_some(answer)
}

/// Names that no other run uses, so that runs do not meet.
pub fn names() -> Names {
    let mark = std::process::id() % 100_000;
    Names { social: format!("parley-{mark}"), peer: format!("agora-{mark}") }
}

#[tokio::test]
#[ignore = "needs a real Kubernetes: tests/run sets one up"]
async fn real_the_story_stops_and_restores_real_pods() -> anyhow::Result<()> {
    tenured::install_crypto();
    let folder = tempfile::tempdir()?;
    let choice = ClusterChoice::Kubeconfig { path: Some(kubeconfig()), context: None };
    let running = dev::start(&options(folder.path(), choice)?).await?;
    let pages = Pages::from_kubeconfig(Some(&kubeconfig()), None).await?;
    let client = pages.client();
    let administrator = Client::new(&running.url, running.token(dev::ADMINISTRATOR)?)?;
    let names = names();
    let social = format!("{}--web", names.social);
    let peer = format!("{}--web", names.peer);
    let mut heard = Heard::default();
    let mut story = Story::new(administrator, names.clone(), pages, &mut heard);
    let mut before = std::collections::BTreeMap::new();
    let mut site = None;
    let mut unharmed = Vec::new();
    for chapter in Chapter::ALL {
        story.play(*chapter).await?;
        match chapter {
            Chapter::Provision => {
                before = declared(&client, &social).await?;
                unharmed = pods(&client, &peer).await?;
                let found = pods(&client, &social).await?;
                let (_, ip) =
                    found.into_iter().find(|(name, _)| name.starts_with("site")).context("the site's pod")?;
                let ip = ip.context("a running pod has an address")?;
                let page = page_at(&ip).await.context("the site's pod answers at its own address")?;
                ensure!(page.contains("Welcome to Parley"), "{page}");
                site = Some(ip);
            }
            Chapter::Suspension | Chapter::Vacatur => {
                ensure!(pods(&client, &social).await?.is_empty(), "no pod exists");
                let ip = site.as_deref().context("the site's address")?;
                ensure!(page_at(ip).await.is_none(), "nothing listens at {ip}");
            }
            Chapter::Order => {
                let after = declared(&client, &social).await?;
                ensure!(after == before, "the objects differ:\n{before:#?}\n{after:#?}");
                let found = pods(&client, &social).await?;
                let (_, ip) =
                    found.into_iter().find(|(name, _)| name.starts_with("site")).context("the site's pod")?;
                let ip = ip.context("a running pod has an address")?;
                let page = page_at(&ip).await.context("the restored pod answers")?;
                ensure!(page.contains("Welcome to Parley"), "the volume's content is as it was: {page}");
                site = Some(ip);
            }
            Chapter::Cure => {
                let after = declared(&client, &social).await?;
                ensure!(after == before, "the objects differ:\n{before:#?}\n{after:#?}");
            }
            _ => {}
        }
    }
    ensure!(pods(&client, &peer).await? == unharmed, "the comparable customer's pods are the same ones");
    running.stop().await;
    let findings = maintain::check(folder.path()).await?;
    ensure!(findings.faults.is_empty(), "{:?}", findings.faults);
    let namespaces: Api<Namespace> = Api::all(client);
    for namespace in [&social, &peer] {
        namespaces.delete(namespace, &DeleteParams::default()).await?;
    }
    Ok(())
}
