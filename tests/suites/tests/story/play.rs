//! The story on the simulated cluster.

use std::path::Path;

use anyhow::{Context as _, ensure};
use tenure_client::Client;
use tenure_engine::clock::ClockKind;
use tenured::dev::{self, ClusterChoice, Options};
use tenured::maintain;
use tenured::story::{Chapter, Names, Pages, Story, Tell};

/// Keeps what is told.
#[derive(Default)]
pub struct Heard(pub Vec<String>);

impl Tell for Heard {
    fn line(&mut self, line: &str) -> anyhow::Result<()> {
        self.0.push(line.to_owned());
        Ok(())
    }
}

pub fn options(data: &Path, cluster: ClusterChoice) -> anyhow::Result<Options> {
    Ok(Options {
        data: data.to_owned(),
        listen: "127.0.0.1:0".parse()?,
        clock: ClockKind::Simulated,
        cluster,
    })
}

#[tokio::test]
async fn the_story_of_january_2021_is_lawful_from_beginning_to_end() -> anyhow::Result<()> {
    tenured::install_crypto();
    let folder = tempfile::tempdir()?;
    let options = options(folder.path(), ClusterChoice::Simulated)?;
    let running = dev::start(&options).await?;
    let kubeconfig = running.simulation.clone().context("the simulation's address")?;
    let administrator = Client::new(&running.url, running.token(dev::ADMINISTRATOR)?)?;
    let names = Names { social: "parley".into(), peer: "agora".into() };
    let mut heard = Heard::default();
    let mut story =
        Story::new(administrator, names, Pages::from_kubeconfig_text(&kubeconfig).await?, &mut heard);
    for chapter in Chapter::ALL {
        story.play(*chapter).await?;
    }
    running.stop().await;
    let findings = maintain::check(folder.path()).await?;
    ensure!(findings.faults.is_empty(), "{:?}", findings.faults);
    ensure!(findings.covered == findings.events, "the log covers every event: {findings:?}");
    let told = heard.0.join("\n");
    for said in [
        "REFUSED",
        "earliest: Mon 2021-02-08 19:00",
        "ratifies parley.m2",
        "lifts by itself",
        "applies again on a fresh permit",
        "everything runs as before",
    ] {
        ensure!(told.contains(said), "nobody said {said:?} in:\n{told}");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_started_again_continues_where_it_was() -> anyhow::Result<()> {
    tenured::install_crypto();
    let folder = tempfile::tempdir()?;
    let options = options(folder.path(), ClusterChoice::Simulated)?;
    let mut running = dev::start(&options).await?;
    let names = Names { social: "parley".into(), peer: "agora".into() };
    let mut heard = Heard::default();
    let kubeconfig = running.simulation.clone().context("the simulation's address")?;
    let administrator = Client::new(&running.url, running.token(dev::ADMINISTRATOR)?)?;
    let mut story =
        Story::new(administrator, names, Pages::from_kubeconfig_text(&kubeconfig).await?, &mut heard);
    story.play(Chapter::Provision).await?;
    let tokens = story.tokens().clone();
    running.remember(&tokens)?;
    let before = Client::new(&running.url, &tokens["person/theo"])?.account("parley").await?;
    running.stop().await;
    let running = dev::start(&options).await?;
    let theo = Client::new(&running.url, running.token("person/theo")?)?;
    ensure!(theo.account("parley").await? == before, "the account is as it was");
    let kubeconfig = running.simulation.clone().context("the simulation's address")?;
    let (status, _) = Pages::from_kubeconfig_text(&kubeconfig).await?.fetch("parley", "web", "site").await?;
    ensure!(status == 200, "the page answers {status}");
    let clock = Client::new(&running.url, running.token(dev::ADMINISTRATOR)?)?.clock().await?;
    ensure!(clock.now.to_string() == "2020-11-02T17:00:00Z", "legal time stands at {}", clock.now);
    running.stop().await;
    Ok(())
}
