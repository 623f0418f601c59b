//! The story of January 2021, played through the public HTTP API by named people in their roles.
//!
//! Facts from public reports; the names are ours. A chapter can be played only after those before it. Every write has
//! an idempotency key, so a chapter that was cut off by a crash goes on where it was.

mod cast;
mod chapters;
mod pages;
mod reports;
mod when;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use tenure_client::Client;

pub use cast::PEOPLE;
pub use chapters::Chapter;
pub use pages::Pages;

use crate::dev::{self, ClusterChoice, Options, Running};

/// The terms of the provider in the story.
pub const TERMS: &str = include_str!("../../../../deploy/terms/cloud-agreement-2020-04.yaml");
/// The rule that opens the case.
pub const RULE: &str = include_str!("../../../../deploy/rules/reports-outpace-cleanup.yaml");

/// Who hears the story.
pub trait Tell {
    /// One thing that happened.
    fn line(&mut self, line: &str) -> anyhow::Result<()>;
}

/// Prints the story.
pub struct Printed;

impl Tell for Printed {
    fn line(&mut self, line: &str) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        match writeln!(out, "{line}").and_then(|()| out.flush()) {
            // Whoever read along, such as `head`, has seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("standard output"),
        }
    }
}

/// The names of the two accounts.
#[derive(Debug, Clone)]
pub struct Names {
    /// The social network.
    pub social: String,
    /// The comparable customer.
    pub peer: String,
}

/// The story as far as it is played.
pub struct Story<'a> {
    tell: &'a mut (dyn Tell + Send),
    names: Names,
    pages: Pages,
    administrator: Client,
    clients: BTreeMap<String, Client>,
    tokens: BTreeMap<String, String>,
    keys: u32,
    ids: BTreeMap<&'static str, String>,
    volume: Option<String>,
    reports: reports::Reports,
}

impl<'a> Story<'a> {
    /// A story that is to be played on the server behind `administrator`, on the cluster behind `pages`.
    pub fn new(administrator: Client, names: Names, pages: Pages, tell: &'a mut (dyn Tell + Send)) -> Self {
        Self {
            tell,
            names,
            pages,
            administrator,
            clients: BTreeMap::new(),
            tokens: BTreeMap::new(),
            keys: 0,
            ids: BTreeMap::new(),
            volume: None,
            reports: reports::Reports::default(),
        }
    }

    /// The tokens that were issued, by subject.
    pub fn tokens(&self) -> &BTreeMap<String, String> {
        &self.tokens
    }

    /// Plays one chapter.
    pub async fn play(&mut self, chapter: Chapter) -> anyhow::Result<()> {
        chapters::play(self, chapter).await.with_context(|| format!("chapter {chapter:?}"))
    }

    fn say(&mut self, when: &str, line: &str) -> anyhow::Result<()> {
        self.tell.line(&format!("{when}  {line}"))
    }

    fn key(&mut self) -> String {
        self.keys += 1;
        format!("story-{}", self.keys)
    }

    fn client(&self, subject: &str) -> anyhow::Result<Client> {
        self.clients.get(subject).cloned().with_context(|| format!("{subject} is not in the cast"))
    }

    /// The id of something that happened, such as the `suspension`.
    pub fn id(&self, what: &'static str) -> anyhow::Result<String> {
        self.ids.get(what).cloned().with_context(|| format!("{what} has not happened yet"))
    }
}

/// How long the story's people try again while the server cannot be reached.
const PATIENCE: Duration = Duration::from_secs(5);

/// Plays the whole story on a server that runs, and says where it was played before.
pub async fn demo(
    running: &mut Running,
    options: &Options,
    tell: &mut (dyn Tell + Send),
) -> anyhow::Result<()> {
    let administrator = Client::new(&running.url, running.token(dev::ADMINISTRATOR)?)?.patient(PATIENCE);
    let names = Names { social: "parley".to_owned(), peer: "agora".to_owned() };
    if administrator.account(&names.social).await.is_ok() {
        tell.line("The story was played here before; the server goes on where it was. For a new one use another --data.")?;
        return Ok(());
    }
    let pages = match (&running.simulation, &options.cluster) {
        (Some(kubeconfig), _) => Pages::from_kubeconfig_text(kubeconfig).await?,
        (None, ClusterChoice::Kubeconfig { path, context }) => {
            Pages::from_kubeconfig(path.as_deref(), context.as_deref()).await?
        }
        (None, ClusterChoice::Simulated) => anyhow::bail!("the simulated cluster has no address"),
    };
    if running.simulation.is_some() {
        tell.line("The cluster is a simulation: its pods run nothing, its pages say so. Legal time is simulated too.")?;
    }
    let mut story = Story::new(administrator, names, pages, tell);
    for chapter in Chapter::ALL {
        story.play(*chapter).await?;
    }
    let tokens = story.tokens().clone();
    running.remember(&tokens)
}
