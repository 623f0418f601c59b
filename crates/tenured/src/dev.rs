//! `tenured dev`: the whole server on one machine, for trying and developing.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use tenure_api::{App, Limits};
use tenure_cluster::Cluster;
use tenure_domain::account::Actor;
use tenure_domain::book;
use tenure_engine::clock::ClockKind;
use tenure_engine::entropy::Entropy;
use tenure_engine::submission::{Act, Submission};
use tenure_engine::{Batching, Engine, Settings};
use tenure_kubesim::Simulation;
use tenure_letters::Letters;
use tenure_store::Store;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::keys;

/// The database's file in the data folder.
pub const DATABASE: &str = "tenure.db";
/// The log key's file in the data folder.
pub const KEY: &str = "log.key";
/// The log's name.
pub const ORIGIN: &str = "tenure.dev/log";
/// The file of the tokens that `dev` issued, in the data folder.
const TOKENS: &str = "tokens.json";
/// Where the simulated clock begins: before the first report of the story.
const START: &str = "2020-11-02T17:00:00Z";

/// Which cluster carries workloads out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterChoice {
    /// The simulation in this process.
    Simulated,
    /// A kubeconfig, by path (none for the usual places) and context (none for the current one).
    Kubeconfig {
        /// The file.
        path: Option<PathBuf>,
        /// The context.
        context: Option<String>,
    },
}

impl std::str::FromStr for ClusterChoice {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "simulated" => Ok(Self::Simulated),
            None if text == "kubeconfig" => Ok(Self::Kubeconfig { path: None, context: None }),
            Some(("kubeconfig", context)) if !context.is_empty() => {
                Ok(Self::Kubeconfig { path: None, context: Some(context.to_owned()) })
            }
            _ => Err(format!(
                "{text:?} is no cluster: use \"simulated\", \"kubeconfig\" or \"kubeconfig:CONTEXT\""
            )),
        }
    }
}

/// What `dev` is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything is kept.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Which clock decides deadlines.
    pub clock: ClockKind,
    /// Which cluster.
    pub cluster: ClusterChoice,
}

/// A server that is running.
pub struct Running {
    /// Where it answers.
    pub url: String,
    /// Tokens by subject, such as `person/mara`.
    pub tokens: BTreeMap<String, String>,
    /// How to reach the cluster, as a kubeconfig; none where the caller chose one.
    pub simulation: Option<String>,
    /// The cluster, in words.
    pub cluster: String,
    data: PathBuf,
    engine: Engine,
    stopping: CancellationToken,
    server: JoinHandle<()>,
    sim: Option<Simulation>,
}

/// The administrator with which an empty server begins.
pub const ADMINISTRATOR: &str = "person/mara";

/// Starts the server, or continues where it was.
pub async fn start(options: &Options) -> anyhow::Result<Running> {
    let data = &options.data;
    make_private(data)?;
    let listener = TcpListener::bind(options.listen).await.with_context(|| {
        format!(
            "{} cannot be listened on: stop what uses it, or choose another with --listen",
            options.listen
        )
    })?;
    let url = format!("http://{}", listener.local_addr()?);
    let store = open(data).await?;
    let key = keys::open(&store, &data.join(KEY), ORIGIN).await?;
    let (sim, cluster) = match &options.cluster {
        ClusterChoice::Simulated => {
            let settings = tenure_kubesim::Options {
                state: Some(data.join("kubesim.json")),
                ..tenure_kubesim::Options::default()
            };
            let sim = tenure_kubesim::start(settings).await.context("the simulated cluster did not start")?;
            let cluster = Cluster::from_kubeconfig_text(&sim.kubeconfig()).await?;
            (Some(sim), cluster)
        }
        ClusterChoice::Kubeconfig { path, context } => {
            (None, Cluster::from_kubeconfig(path.as_deref(), context.as_deref()).await?)
        }
    };
    let abilities = cluster.probe().await.context("the cluster does not answer")?;
    if !abilities.is_supported && !abilities.is_simulation {
        tracing::warn!(
            version = abilities.version,
            "this Kubernetes is not among those supported, 1.33 to 1.37"
        );
    }
    let kind = if abilities.is_simulation { "a SIMULATED cluster" } else { "a Kubernetes cluster" };
    let described = format!("{kind}, {}", abilities.version);
    let start: Timestamp = START.parse().context("the start of the simulated clock")?;
    let settings = Settings {
        clock: options.clock,
        start: if options.clock == ClockKind::Simulated { start } else { Timestamp::UNIX_EPOCH },
        entropy: Entropy::Machine,
        key,
        anchor: Arc::new(keys::anchor(&data.join(KEY))),
        batching: Batching::default(),
        mail: data.join("mail"),
        // What is tried on one machine answers there.
        fetch_private: true,
        fetch_hosts: std::collections::BTreeMap::new(),
        letters: Letters::built_in()?,
        cluster: Some(cluster),
        clusters: BTreeMap::new(),
        most_behind: tenure_engine::MOST_BEHIND,
        caps: tenure_engine::OperatorCaps::default(),
        lease: tenure_engine::LEASE,
    };
    let engine = Engine::start(store, settings).await?;
    let tokens = bootstrap(&engine, data).await?;
    let stopping = CancellationToken::new();
    let app = App::new(engine.clone(), described.clone(), Limits::default());
    let router = tenure_api::router(app);
    let until = stopping.clone();
    let server = tokio::spawn(async move {
        tenure_api::serve(listener, router, Limits::default(), until).await;
    });
    let simulation = sim.as_ref().map(Simulation::kubeconfig);
    Ok(Running {
        url,
        tokens,
        simulation,
        cluster: described,
        data: data.clone(),
        engine,
        stopping,
        server,
        sim,
    })
}

/// Opens the database of a data folder.
pub async fn open(data: &Path) -> anyhow::Result<Store> {
    let path = data.join(DATABASE);
    Store::open_file(&path).await.with_context(|| format!("{} cannot be opened", path.display()))
}

/// Makes the data folder, readable by its owner only: it holds letters, evidence, tokens and the log's key. An empty
/// one is made so; one that holds something and that others can read is refused.
pub fn make_private(data: &Path) -> anyhow::Result<()> {
    let what = || format!("the folder {} could not be made", data.display());
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data).with_context(what)?;
    let others_can_read = fs::metadata(data).with_context(what)?.permissions().mode() & 0o077 != 0;
    if !others_can_read {
        return Ok(());
    }
    if fs::read_dir(data).with_context(what)?.next().is_some() {
        bail!(
            "the folder {0} can be read by others: run `chmod 700 {0}`, or name another with --data",
            data.display()
        );
    }
    fs::set_permissions(data, fs::Permissions::from_mode(0o700)).with_context(what)
}

impl Running {
    /// The token of a subject.
    pub fn token(&self, subject: &str) -> anyhow::Result<&str> {
        self.tokens
            .get(subject)
            .map(String::as_str)
            .with_context(|| format!("no token was issued for {subject}"))
    }

    /// Keeps tokens that were issued since, so that a later start can print them.
    pub fn remember(&mut self, tokens: &BTreeMap<String, String>) -> anyhow::Result<()> {
        self.tokens.extend(tokens.iter().map(|(k, v)| (k.clone(), v.clone())));
        write_tokens(&self.data, &self.tokens)
    }

    /// Stops in order: no new requests, those under way finish, the record is complete.
    pub async fn stop(self) {
        self.stopping.cancel();
        drop(self.server.await);
        self.engine.stop().await;
        if let Some(sim) = self.sim {
            sim.stop().await;
        }
    }
}

fn write_tokens(data: &Path, tokens: &BTreeMap<String, String>) -> anyhow::Result<()> {
    let part = data.join(".tokens.part");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(serde_json::to_string_pretty(tokens)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(part, data.join(TOKENS))?;
    Ok(())
}

/// Gives an empty server its first administrator; a server that was started before has one.
async fn bootstrap(engine: &Engine, data: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let path = data.join(TOKENS);
    let mut tokens: BTreeMap<String, String> = match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => bail!("{}: {error}", path.display()),
    };
    if tokens.get(ADMINISTRATOR).is_some_and(|token| engine.authenticate(token).is_some()) {
        return Ok(tokens);
    }
    let person = "mara".parse()?;
    let event = book::Event::PersonSet { person, roles: ["administrator".to_owned()].into() };
    let entry = book::Entry::Person("mara".parse()?);
    engine.submit(Submission::new(Engine::bootstrap(), Act::Book(entry, event))).await?;
    let subject: Actor = ADMINISTRATOR.parse()?;
    let token = engine.issue_token(Engine::bootstrap(), subject).await?;
    tokens.insert(ADMINISTRATOR.to_owned(), token);
    write_tokens(data, &tokens)?;
    Ok(tokens)
}
