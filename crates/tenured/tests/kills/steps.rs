//! Kills at the story's steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tenure_client::Client;
use tenure_kubesim::Simulation;
use tenured::maintain;
use tenured::story::{Chapter, Names, Pages, Story, Tell};

use crate::server::Server;

struct Silent;

impl Tell for Silent {
    fn line(&mut self, _: &str) -> anyhow::Result<()> {
        Ok(())
    }
}

fn names() -> Names {
    Names { social: "parley".into(), peer: "agora".into() }
}

async fn world() -> anyhow::Result<(tempfile::TempDir, Simulation, Arc<Server>, Client, Pages)> {
    tenured::install_crypto();
    let folder = tempfile::tempdir()?;
    let cluster = tenure_kubesim::start(tenure_kubesim::Options::default()).await?;
    let server = Arc::new(Server::start(folder.path(), &cluster).await?);
    let administrator = Client::new(&server.url, &server.administrator()?)?.patient(Duration::from_mins(1));
    let pages = Pages::from_kubeconfig_text(&cluster.kubeconfig()).await?;
    Ok((folder, cluster, server, administrator, pages))
}

async fn verified(server: &Server) -> anyhow::Result<()> {
    server.kill()?;
    let findings = maintain::check(server.data()).await?;
    ensure!(findings.faults.is_empty(), "{:?}", findings.faults);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_between_any_two_chapters_changes_nothing_of_the_story() -> anyhow::Result<()> {
    let (_folder, cluster, server, administrator, pages) = world().await?;
    let mut silent = Silent;
    let mut story = Story::new(administrator, names(), pages, &mut silent);
    for chapter in Chapter::ALL {
        story.play(*chapter).await?;
        server.kill_and_start()?;
        server.wait().await?;
    }
    verified(&server).await?;
    cluster.stop().await;
    Ok(())
}

/// Kills the server after every write to the cluster that it completes, while it is armed.
fn kill_after_every_write(
    server: Arc<Server>,
    cluster: &Simulation,
    armed: Arc<AtomicBool>,
    kills: Arc<AtomicU32>,
) -> tokio::task::JoinHandle<anyhow::Result<()>> {
    let mut writes = cluster.writes();
    tokio::spawn(async move {
        while writes.changed().await.is_ok() {
            writes.borrow_and_update();
            if armed.load(Ordering::SeqCst) {
                server.kill_and_start()?;
                kills.fetch_add(1, Ordering::SeqCst);
                server.wait().await?;
            }
        }
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_after_each_write_to_the_cluster_leaves_nothing_half_done() -> anyhow::Result<()> {
    let (_folder, cluster, server, administrator, pages) = world().await?;
    let armed = Arc::new(AtomicBool::new(false));
    let kills = Arc::new(AtomicU32::new(0));
    let killer =
        kill_after_every_write(Arc::clone(&server), &cluster, Arc::clone(&armed), Arc::clone(&kills));
    let mut silent = Silent;
    let mut story = Story::new(administrator, names(), pages, &mut silent);
    for chapter in Chapter::ALL {
        // Each of these stops or restores something; a chapter asserts by itself what must be true at its end.
        let dangerous = matches!(
            chapter,
            Chapter::ItemIsolation
                | Chapter::Emergency
                | Chapter::Unratified
                | Chapter::Suspension
                | Chapter::Order
                | Chapter::Vacatur
                | Chapter::Cure
        );
        armed.store(dangerous, Ordering::SeqCst);
        let before = kills.load(Ordering::SeqCst);
        story.play(*chapter).await?;
        let died = kills.load(Ordering::SeqCst) - before;
        ensure!(!dangerous || died > 0, "the server was not killed in {chapter:?}");
    }
    armed.store(false, Ordering::SeqCst);
    killer.abort();
    let total = kills.load(Ordering::SeqCst);
    ensure!(total >= 20, "only {total} kills");
    server.wait().await.context("the server after the last kill")?;
    verified(&server).await?;
    cluster.stop().await;
    Ok(())
}
