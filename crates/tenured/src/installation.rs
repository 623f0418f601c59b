//! What a configuration leads to: the data folder, the database, the log's key, the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use tenure_cluster::{Cluster, Reach};
use tenure_domain::name::ClusterId;
use tenure_engine::clock::ClockKind;
use tenure_engine::entropy::Entropy;
use tenure_engine::{Batching, LogKey, Settings};
use tenure_store::Store;

use crate::config::{ClusterConfig, Config, DatabaseConfig, ReachConfig};
use crate::keys;

/// Opens the database and brings it up to date.
pub async fn open(config: &Config) -> anyhow::Result<Store> {
    let opened = match &config.database {
        DatabaseConfig::File(path) => Store::open_file(path).await,
        DatabaseConfig::Url(url) => Store::open(url.expose_secret()).await,
    };
    opened.with_context(|| format!("the database {} cannot be opened", config.database.shown()))
}

/// The log's key. It is made where the log is not begun; a log that is begun is never continued under another one.
pub async fn key(config: &Config, store: &Store) -> anyhow::Result<LogKey> {
    let path = config.key_file();
    if !path.exists() && store.head().await?.is_some() {
        bail!(
            "the log's key {} is not there, and the log in the database is signed with it: put it back",
            path.display()
        );
    }
    keys::open(store, &path, &config.origin).await
}

/// The cluster, where there is one. It need not answer.
pub async fn cluster(config: &Config) -> anyhow::Result<Option<Cluster>> {
    let cluster = match &config.cluster {
        ClusterConfig::Kubeconfig { path, context } => {
            Cluster::from_kubeconfig(path.as_deref(), context.as_deref()).await?
        }
        ClusterConfig::InCluster => Cluster::in_cluster()?,
        ClusterConfig::None => return Ok(None),
    };
    Ok(Some(reached(cluster, &config.reach)?))
}

/// The clusters beside that one, by name. None need answer.
pub async fn clusters(config: &Config) -> anyhow::Result<BTreeMap<ClusterId, Cluster>> {
    let mut all = BTreeMap::new();
    for (name, of) in &config.clusters {
        let ClusterConfig::Kubeconfig { path, context } = &of.cluster else { continue };
        let cluster = Cluster::from_kubeconfig(path.as_deref(), context.as_deref()).await;
        let cluster = cluster.with_context(|| format!("the cluster {name}"))?;
        all.insert(name.clone(), reached(cluster, &of.reach)?);
    }
    Ok(all)
}

/// A cluster with what the provider says of it.
fn reached(cluster: Cluster, said: &ReachConfig) -> anyhow::Result<Cluster> {
    let certificate_authority = match &said.certificate_authority {
        Some(path) => {
            let read = std::fs::read_to_string(path);
            Some(read.with_context(|| format!("the certificates in {} cannot be read", path.display()))?)
        }
        None => None,
    };
    let cluster = cluster.saying(said.said);
    let (server, ingress_namespaces) = (said.server.clone(), said.ingress_namespaces.clone());
    let tls_annotations = said.tls_annotations.clone();
    let (suspended_page, gateway) = (said.suspended_page.clone(), said.gateway.clone());
    let reach = Reach {
        server,
        certificate_authority,
        ingress_namespaces,
        tls_annotations,
        suspended_page,
        gateway,
        ..Reach::default()
    };
    Ok(cluster.reached(reach))
}

/// What the engine of a configuration is opened with; none for the cluster `main`, and nothing is provisioned.
pub fn settings(
    config: &Config,
    key: LogKey,
    cluster: Option<Cluster>,
    clusters: BTreeMap<ClusterId, Cluster>,
) -> anyhow::Result<Settings> {
    Ok(Settings {
        clock: ClockKind::Real,
        start: Timestamp::UNIX_EPOCH,
        entropy: Entropy::Machine,
        key,
        anchor: Arc::new(keys::anchor(&config.key_file())),
        batching: Batching::default(),
        mail: config.mail_folder(),
        fetch_private: config.fetch_private,
        fetch_hosts: config.fetch_hosts.clone(),
        letters: config.letters.open().context("the letters cannot be written as the settings say")?,
        cluster,
        clusters,
        most_behind: config.most_behind,
        caps: config.caps,
        lease: config.silence,
    })
}
