//! What a configuration leads to: the data folder, the database, the log's key, the cluster.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret as _;
use tenure_cluster::Cluster;
use tenure_engine::LogKey;
use tenure_store::Store;

use crate::config::{ClusterConfig, Config, DatabaseConfig};
use crate::{dev, keys};

/// The file in the data folder that whoever works with it holds locked.
const LOCK: &str = "lock";

/// Holds a data folder for one process, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "the lock ends with the file")] File);

/// Takes a data folder, making it where there is none; refuses where another process holds it.
pub fn hold(data: &Path) -> anyhow::Result<Held> {
    dev::make_private(data)?;
    let path = data.join(LOCK);
    let what = || format!("{} cannot be locked", path.display());
    let file =
        fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path).with_context(what)?;
    match file.try_lock() {
        Ok(()) => Ok(Held(file)),
        Err(TryLockError::WouldBlock) => {
            bail!("a server runs on the folder {}: stop it first, or name another folder", data.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(what),
    }
}

/// Whether another process holds a data folder. Makes nothing.
pub fn is_held(data: &Path) -> bool {
    let file = fs::OpenOptions::new().write(true).open(data.join(LOCK));
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

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
    keys::log_key(&path, &config.origin)
}

/// The cluster, where there is one. It need not answer.
pub async fn cluster(config: &Config) -> anyhow::Result<Option<Cluster>> {
    Ok(match &config.cluster {
        ClusterConfig::Kubeconfig { path, context } => {
            Some(Cluster::from_kubeconfig(path.as_deref(), context.as_deref()).await?)
        }
        ClusterConfig::InCluster => Some(Cluster::in_cluster()?),
        ClusterConfig::None => None,
    })
}
