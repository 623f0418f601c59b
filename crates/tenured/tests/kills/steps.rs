//! Kills at the story's steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
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
    let administrator = Client::new(&server.url, &server.administrator()?)?.patient(Duration::from_mins(5));
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

/// Kills the server after every write to the cluster that it completes, while it is armed. Whoever writes next waits
/// until it was killed, so no write is missed.
async fn kill_after_every_write(
    server: &Server,
    cluster: &Simulation,
    armed: &AtomicBool,
    kills: &AtomicU32,
) -> anyhow::Result<()> {
    let mut writes = cluster.writes();
    while writes.changed().await.is_ok() {
        let armed = armed.load(Ordering::SeqCst);
        if armed {
            server.kill()?;
            kills.fetch_add(1, Ordering::SeqCst);
        }
        writes.borrow_and_update();
        cluster.allow_writes(armed.then_some(1));
        if armed {
            server.spawn()?;
        }
    }
    Ok(())
}

/// Tells the story, and has the server killed where something stops or is restored.
async fn tell(
    story: &mut Story<'_>,
    cluster: &Simulation,
    armed: &AtomicBool,
    kills: &AtomicU32,
) -> anyhow::Result<()> {
    for chapter in Chapter::ALL {
        // A chapter asserts by itself what must be true at its end.
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
        cluster.allow_writes(dangerous.then_some(1));
        let before = kills.load(Ordering::SeqCst);
        story.play(*chapter).await?;
        let died = kills.load(Ordering::SeqCst) - before;
        ensure!(!dangerous || died > 0, "the server was not killed in {chapter:?}");
    }
    armed.store(false, Ordering::SeqCst);
    cluster.allow_writes(None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_after_each_write_to_the_cluster_leaves_nothing_half_done() -> anyhow::Result<()> {
    let (_folder, cluster, server, administrator, pages) = world().await?;
    let (armed, kills) = (AtomicBool::new(false), AtomicU32::new(0));
    let mut silent = Silent;
    let mut story = Story::new(administrator, names(), pages, &mut silent);
    tokio::select! {
        told = tell(&mut story, &cluster, &armed, &kills) => told?,
        ended = kill_after_every_write(&server, &cluster, &armed, &kills) => {
            ended?;
            bail!("the cluster ended before the story");
        }
    }
    let total = kills.load(Ordering::SeqCst);
    ensure!(total >= 20, "only {total} kills");
    server.wait().await.context("the server after the last kill")?;
    verified(&server).await?;
    cluster.stop().await;
    Ok(())
}
