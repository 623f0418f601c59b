//! What the server is started with: one file, overridden by the environment, overridden by flags.
//!
//! Every value has a source, and every fault names it: the file with line and field, the variable, or the flag.

mod clusters;
mod load;
mod schema;
mod settings;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use tenure_api::Limits;
use tenure_cluster::{Gateway, Said, SuspendedPage};
use tenure_domain::name::ClusterId;
use tenure_engine::OperatorCaps;
use tenure_freeze::Reached;
use tenure_letters::{Letters, LettersError};
use tenure_store::masked;

pub use clusters::NamedCluster;
pub use load::{Faults, Flags, Loaded, Source, load};
pub use schema::{example, schema};
pub use settings::{Kind, SETTINGS, Setting};

/// The database's file in the data folder, where no other database is named.
pub const DATABASE: &str = "tenure.db";

/// Which cluster carries workloads out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterConfig {
    /// The one of a kubeconfig, by path (none for the usual places) and context (none for the current one).
    Kubeconfig {
        /// The file.
        path: Option<PathBuf>,
        /// The context.
        context: Option<String>,
    },
    /// The one that this process runs in.
    InCluster,
    /// None: nothing is provisioned.
    None,
}

/// How tenants reach the cluster; what is not said is as the server itself reaches it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReachConfig {
    /// The URL of its API.
    pub server: Option<String>,
    /// The file of the certificates by which it is known.
    pub certificate_authority: Option<PathBuf>,
    /// The namespaces of its ingress controllers.
    pub ingress_namespaces: BTreeSet<String>,
    /// What its API does not tell.
    pub said: Said,
    /// What is written on an ingress for which a certificate is asked.
    pub tls_annotations: BTreeMap<String, String>,
    /// What visitors come to of hostnames from which they are kept.
    pub suspended_page: Option<SuspendedPage>,
    /// The gateway that visitors come to.
    pub gateway: Option<Gateway>,
}

/// Where the freeze webhook is served, and where the cluster reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreezeConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the cluster's API server reaches that.
    pub reached: Reached,
}

/// Where the database is.
#[derive(Debug, Clone)]
pub enum DatabaseConfig {
    /// A SQLite file.
    File(PathBuf),
    /// A URL, which can hold a password.
    Url(SecretString),
}

/// How letters are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LettersConfig {
    /// The folder with the provider's own.
    pub folder: Option<PathBuf>,
    /// The language in which they go out.
    pub locale: String,
    /// Who answers questions.
    pub contact: Option<String>,
}

impl LettersConfig {
    /// Reads the folder; every letter renders with it.
    pub fn open(&self) -> Result<Letters, LettersError> {
        let letters = Letters::load(self.folder.as_deref(), &self.locale)?;
        Ok(letters.answered_by(self.contact.iter().cloned().collect()))
    }
}

/// How lines are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A JSON object a line.
    Json,
    /// For people.
    Text,
}

/// What the server is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// Where the API is served.
    pub listen: SocketAddr,
    /// The database.
    pub database: DatabaseConfig,
    /// How letters are written.
    pub letters: LettersConfig,
    /// The log's name.
    pub origin: String,
    /// How many events may wait for the log before nothing new is restricted.
    pub most_behind: u64,
    /// How much one person may begin.
    pub caps: OperatorCaps,
    /// How long a leader that is silent is waited for. Operating time.
    pub silence: std::time::Duration,
    /// The cluster.
    pub cluster: ClusterConfig,
    /// How tenants reach it.
    pub reach: ReachConfig,
    /// The other clusters, by name.
    pub clusters: BTreeMap<ClusterId, NamedCluster>,
    /// The freeze webhook, where there is one.
    pub freeze: Option<FreezeConfig>,
    /// Whether places are looked for at addresses that are not of the public internet.
    pub fetch_private: bool,
    /// Names that are asked for at other addresses than the domain name system says.
    pub fetch_hosts: BTreeMap<String, std::net::SocketAddr>,
    /// Whether a cluster that says it is a simulation will do.
    pub simulation_allowed: bool,
    /// The bounds of requests and connections.
    pub limits: Limits,
    /// How long the server goes on serving after it was told to stop. Operating time.
    pub drain: std::time::Duration,
    /// What is logged.
    pub log_filter: String,
    /// How.
    pub log_format: LogFormat,
    /// Where metrics are served.
    pub metrics: Option<SocketAddr>,
    /// Where spans are sent.
    pub otlp: Option<String>,
}

impl Config {
    /// The file of the log's key.
    pub fn key_file(&self) -> PathBuf {
        self.data.join(crate::dev::KEY)
    }

    /// The folder of the mail drop.
    pub fn mail_folder(&self) -> PathBuf {
        self.data.join("mail")
    }
}

impl DatabaseConfig {
    /// The SQLite file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Url(url) => url.expose_secret().strip_prefix("sqlite:").map(|rest| {
                Path::new(rest.strip_prefix("//").unwrap_or(rest).split('?').next().unwrap_or_default())
            }),
        }
    }

    /// How it is shown: without a password.
    pub fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(url) => masked(url.expose_secret()),
        }
    }
}

#[cfg(test)]
mod tests;
