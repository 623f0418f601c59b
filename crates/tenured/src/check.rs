//! `tenured config check`: tries what can be tried without starting, and changes nothing.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use secrecy::ExposeSecret as _;
use tenure_cluster::Cluster;
use tenure_store::{Schema, Store};
use tokio::net::TcpListener;

use crate::config::{ClusterConfig, Config, DatabaseConfig};
use crate::{installation, keys};

/// What one trial found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// What was tried.
    pub what: &'static str,
    /// How it is, or what is wrong and what to do.
    pub found: Result<String, String>,
}

/// Tries everything, in the order in which a start would need it.
pub async fn check(config: &Config) -> Vec<Trial> {
    let mut trials = vec![Trial { what: "data folder", found: folder(&config.data) }];
    trials.push(Trial { what: "log's key", found: key(config) });
    trials.push(Trial { what: "letters", found: letters(config) });
    trials.push(Trial { what: "database", found: database(config).await });
    trials.push(Trial { what: "cluster", found: cluster(config).await });
    if !config.clusters.is_empty() {
        trials.push(Trial { what: "clusters", found: clusters(config).await });
    }
    trials.push(Trial { what: "listen", found: address(config.listen).await });
    if let Some(metrics) = config.metrics {
        trials.push(Trial { what: "metrics.listen", found: address(metrics).await });
    }
    trials
}

fn letters(config: &Config) -> Result<String, String> {
    let letters = config.letters.open().map_err(|e| e.to_string())?;
    Ok(match &config.letters.folder {
        Some(folder) => format!("every kind renders with {}, in {}", folder.display(), letters.locale()),
        None => format!("Tenure's own, in {}", letters.locale()),
    })
}

fn folder(data: &Path) -> Result<String, String> {
    let shown = data.display();
    let meta = match fs::metadata(data) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return match data.parent().filter(|p| p.as_os_str().is_empty() || p.is_dir()) {
                Some(_) => Ok(format!("{shown} is not there; it will be made")),
                None => Err(format!("{shown} is not there, nor the folder it would be in: make that first")),
            };
        }
        Err(error) => return Err(format!("{shown}: {error}")),
    };
    if !meta.is_dir() {
        return Err(format!("{shown} is no folder: name another"));
    }
    if meta.permissions().mode() & 0o077 != 0 {
        let is_empty = fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_none());
        if !is_empty {
            return Err(format!("{shown} can be read by others: run `chmod 700 {shown}`"));
        }
    }
    // Trying is the only way that respects all that the system can have against it.
    match tempfile_in(data) {
        Ok(()) => Ok(format!("{shown} is private and can be written")),
        Err(error) => Err(format!("{shown} cannot be written: {error}")),
    }
}

fn tempfile_in(data: &Path) -> std::io::Result<()> {
    let path = data.join(format!(".check-{}", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
    fs::remove_file(path)
}

fn key(config: &Config) -> Result<String, String> {
    let path = config.key_file();
    if !path.exists() {
        return Ok(format!("{} is not there; it will be made with an empty log", path.display()));
    }
    keys::read(&path, &config.origin)
        .map(|key| format!("{} is that of {}", path.display(), key.verifier))
        .map_err(|error| format!("{error:#}"))
}

async fn database(config: &Config) -> Result<String, String> {
    let shown = config.database.shown();
    if let Some(path) = config.database.file()
        && !path.exists()
    {
        return Ok(format!("{shown} is not there; it will be made"));
    }
    let looked = match &config.database {
        DatabaseConfig::File(path) => Store::look_at_file(path).await,
        DatabaseConfig::Url(url) => Store::look_at(url.expose_secret()).await,
    };
    match looked {
        Ok(Schema { applied, known }) if applied > known => {
            Err(format!("{shown} is at migration {applied}, this program knows {known}: use a newer one"))
        }
        Ok(Schema { applied, known }) if applied < known => {
            Ok(format!("{shown} answers; a start brings it from migration {applied} to {known}"))
        }
        Ok(Schema { applied, .. }) => Ok(format!("{shown} answers, at migration {applied}")),
        Err(error) => {
            let source = std::error::Error::source(&error).map(|s| format!(": {s}")).unwrap_or_default();
            Err(format!("{shown} gives no answer: {error}{source}"))
        }
    }
}

async fn cluster(config: &Config) -> Result<String, String> {
    if config.cluster == ClusterConfig::None {
        return Ok("none: nothing will be provisioned".to_owned());
    }
    let cluster: Option<Cluster> = installation::cluster(config).await.map_err(|e| format!("{e:#}"))?;
    let Some(cluster) = cluster else { return Ok("none".to_owned()) };
    answers(config, &cluster).await
}

/// Those beside the first one: what the first says that will not do, or what all say.
async fn clusters(config: &Config) -> Result<String, String> {
    let all = installation::clusters(config).await.map_err(|e| format!("{e:#}"))?;
    let mut told = Vec::new();
    for (name, cluster) in &all {
        let answer = answers(config, cluster).await.map_err(|why| format!("{name}: {why}"))?;
        told.push(format!("{name} {answer}"));
    }
    Ok(told.join("; "))
}

async fn answers(config: &Config, cluster: &Cluster) -> Result<String, String> {
    let abilities = cluster.probe().await.map_err(|e| format!("it gives no answer: {e}"))?;
    if abilities.is_simulation && !config.simulation_allowed {
        return Err(format!(
            "{} is a simulation: name a real cluster, or write cluster.simulation: allowed",
            abilities.version
        ));
    }
    Ok(format!("answers: Kubernetes {}", abilities.version))
}

async fn address(address: SocketAddr) -> Result<String, String> {
    match TcpListener::bind(address).await {
        Ok(_) => Ok(format!("{address} is free")),
        Err(error) => Err(format!("{address} cannot be listened on: {error}")),
    }
}
