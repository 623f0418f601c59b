//! `tenured serve`: the server, from its configuration to its orderly end.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tenure_api::{App, Limits};
use tenure_cluster::Cluster;
use tenure_engine::Engine;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{ClusterConfig, Config};
use crate::{dev, freeze, installation};

/// How many connections the metrics' listener serves at once: a few scrapers.
const SCRAPERS: usize = 16;

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// In order: everything acknowledged is stored, and the log covers it.
    InOrder,
    /// Cut short by a second signal. What was acknowledged is stored; the next start finishes the rest.
    CutShort,
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves until a signal comes, and ends in order.
pub async fn serve(config: &Config) -> anyhow::Result<Ended> {
    let mut signals = Signals::new().context("signals")?;
    let running = Running::start(config).await?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        api = %running.api,
        metrics = running.metrics.map(tracing::field::display),
        "serving"
    );
    signals.next().await;
    tracing::info!(drain = config.drain.as_secs(), grace = config.limits.grace.as_secs(), "stopping");
    tokio::select! {
        () = running.stop(config) => {
            tracing::info!("stopped");
            Ok(Ended::InOrder)
        }
        () = signals.next() => {
            tracing::warn!("a second signal: stopped at once; the next start finishes what was under way");
            Ok(Ended::CutShort)
        }
    }
}

struct Running {
    api: SocketAddr,
    metrics: Option<SocketAddr>,
    app: App,
    /// Ends the API's listener.
    closing: CancellationToken,
    /// Ends the listeners of metrics and of the freeze webhook, last of all.
    ending: CancellationToken,
    server: JoinHandle<()>,
    scraped: Option<JoinHandle<()>>,
    frozen: Option<JoinHandle<()>>,
}

impl Running {
    async fn start(config: &Config) -> anyhow::Result<Self> {
        dev::make_private(&config.data)?;
        let listener = listen(config.listen, "listen").await?;
        let scraped = match config.metrics {
            Some(address) => Some(listen(address, "metrics.listen").await?),
            None => None,
        };
        let store = installation::open(config).await?;
        let key = installation::key(config, &store).await?;
        let cluster = installation::cluster(config).await?;
        let others = installation::clusters(config).await?;
        let mut described = match &cluster {
            Some(cluster) => known(cluster, &config.cluster, config).await?,
            None => "no cluster".to_owned(),
        };
        for (name, other) in &others {
            let how = config.clusters.get(name).map_or(&ClusterConfig::None, |of| &of.cluster);
            let other = known(other, how, config).await.with_context(|| format!("the cluster {name}"))?;
            described = format!("{described}; {name}: {other}");
        }
        let (closing, ending) = (CancellationToken::new(), CancellationToken::new());
        let reviews = tenure_freeze::Metrics::default();
        let (cluster, frozen) = freeze::start(config, cluster, reviews.clone(), ending.clone()).await?;
        let settings = installation::settings(config, key, cluster, others)?;
        let engine = Engine::start(store, settings).await?;
        let app = App::new(engine, described, config.limits);
        let (api, metrics) =
            (listener.local_addr()?, scraped.as_ref().map(TcpListener::local_addr).transpose()?);
        let server =
            tenure_api::serve(listener, tenure_api::router(app.clone()), config.limits, closing.clone());
        let server = tokio::spawn(server);
        let scraped = scraped.map(|listener| {
            let shown = tenure_api::metrics(&app, |registry| reviews.register(registry));
            let limits = Limits { connections: SCRAPERS, grace: std::time::Duration::ZERO, ..config.limits };
            tokio::spawn(tenure_api::serve(listener, shown, limits, ending.clone()))
        });
        Ok(Self { api, metrics, app, closing, ending, server, scraped, frozen })
    }

    /// Says that it is not ready, serves on until those who balance the load have seen it, closes the listener, lets
    /// requests under way finish, and stops the engine.
    async fn stop(self, config: &Config) {
        self.app.draining.cancel();
        tokio::time::sleep(config.drain).await;
        self.closing.cancel();
        drop(self.server.await);
        self.app.engine.stop().await;
        self.ending.cancel();
        if let Some(scraped) = self.scraped {
            drop(scraped.await);
        }
        if let Some(frozen) = self.frozen {
            drop(frozen.await);
        }
    }
}

pub(crate) async fn listen(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("{address} cannot be listened on: stop what uses it, or write another {setting}")
    })
}

/// What a cluster is that is reached like this. One that does not answer is waited for; a simulation and an old version are told.
async fn known(cluster: &Cluster, how: &ClusterConfig, config: &Config) -> anyhow::Result<String> {
    let abilities = match cluster.probe().await {
        Ok(abilities) => abilities,
        Err(error) => {
            tracing::warn!(%error, "the cluster does not answer; it is asked again");
            return Ok("a cluster that did not answer yet".to_owned());
        }
    };
    if abilities.is_simulation && !config.simulation_allowed {
        bail!(
            "the cluster says it is a simulation ({}): name a real one, or write cluster.simulation: allowed",
            abilities.version
        );
    }
    if !abilities.is_supported && !abilities.is_simulation {
        tracing::warn!(
            version = abilities.version,
            "this Kubernetes is not among those supported, 1.33 to 1.37"
        );
    }
    let context = match how {
        ClusterConfig::Kubeconfig { context: Some(context), .. } => format!(" ({context})"),
        _ => String::new(),
    };
    Ok(format!("Kubernetes {}{context}", abilities.version))
}
