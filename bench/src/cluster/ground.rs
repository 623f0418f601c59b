//! The cluster that is measured on, a provider on it, and what the run leaves there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, Preconditions};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tempfile::TempDir;
use tenure_access::{Principal, Role};
use tenure_cluster::Cluster;
use tenure_domain::account::Command;
use tenure_domain::name::AccountId;
use tenure_domain::workload::{Plan, Workload};
use tenure_engine::submission::{Act, Caller, Submission};
use tenure_store::Store;

use super::bare::{Kubectl, Template, each};
use super::wire::Wire;
use crate::house::{House, PLAN, log_key, person};

/// What an environment gets of its account's plan.
pub const SHARE: Plan = Plan { cpu_millis: 4_000, memory_mib: 4_096, storage_mib: 1_024, pods: 40 };

/// A cluster with a provider on it.
pub struct Ground {
    config: Config,
    /// The provider's requests to the cluster.
    pub wire: Wire,
    pub house: House,
    /// For requests that the provider knows nothing of.
    pub client: Client,
    /// Where there is one on this machine.
    pub kubectl: Option<Kubectl>,
    /// The objects of an account with one service.
    pub template: Template,
    /// What the names of this run begin with.
    run: String,
    made: Mutex<BTreeSet<String>>,
    simulation: Option<tenure_kubesim::Simulation>,
    _folder: TempDir,
}

impl Ground {
    /// Opens a provider on the cluster of a kubeconfig, else on a simulated one.
    pub async fn open(kubeconfig: Option<&Path>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (simulation, path) = if let Some(path) = kubeconfig {
            (None, path.to_owned())
        } else {
            let simulation = tenure_kubesim::start(tenure_kubesim::Options::default()).await?;
            let path = folder.path().join("kubeconfig");
            std::fs::write(&path, simulation.kubeconfig())?;
            (Some(simulation), path)
        };
        let config = read(&path).await?;
        let wire = Wire::default();
        let cluster = Cluster::from_client(wire.client(config.clone())?);
        cluster.probe().await.context("the cluster does not answer")?;
        let store = Store::open_file(&folder.path().join("tenure.db")).await?;
        let house = House::open(store, folder.path(), log_key()?, Some(cluster)).await?;
        let mut plain = config.clone();
        plain.default_retry = false;
        Ok(Self {
            client: Client::try_from(plain)?,
            wire,
            house,
            kubectl: Kubectl::find(&path).await,
            template: template().await?,
            run: format!("bench{}", std::process::id()),
            made: Mutex::default(),
            simulation,
            config,
            _folder: folder,
        })
    }

    /// A configuration of the same cluster, for a client of its own.
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// Whether nothing really runs there.
    pub fn is_simulated(&self) -> bool {
        self.simulation.is_some()
    }

    /// The names of accounts of this run.
    pub fn accounts(&self, of: &str, from: usize, to: usize) -> Vec<String> {
        let names: Vec<String> = (from..to).map(|n| format!("{}-{of}{n:05}", self.run)).collect();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.extend(names.iter().map(|name| namespace(name)));
        names
    }

    /// Stops the provider and deletes every namespace that this run made.
    pub async fn close(self) -> anyhow::Result<()> {
        self.house.engine.stop().await;
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        let api: Api<Namespace> = Api::all(self.client.clone());
        each(made, |name| {
            let api = api.clone();
            async move {
                let Some(uid) = api.get_metadata_opt(&name).await?.and_then(|found| found.metadata.uid)
                else {
                    return Ok(());
                };
                let preconditions = Some(Preconditions { uid: Some(uid), resource_version: None });
                let params = DeleteParams { preconditions, ..DeleteParams::default() };
                api.delete(&name, &params).await.map(drop).or_else(|error| match error {
                    kube::Error::Api(status) if matches!(status.code, 404 | 409) => Ok(()),
                    other => Err(other.into()),
                })
            }
        })
        .await?;
        if let Some(simulation) = self.simulation {
            simulation.stop().await;
        }
        Ok(())
    }
}

async fn read(path: &PathBuf) -> anyhow::Result<Config> {
    let read = Kubeconfig::read_from(path)?;
    Ok(Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?)
}

/// The namespace of an account's one environment.
pub fn namespace(account: &str) -> String {
    format!("{account}--web")
}

/// The member of an account who owns it.
pub fn owner(id: &AccountId) -> Caller {
    Caller::Principal(Principal::Member {
        account: id.to_string(),
        name: "ada".to_owned(),
        roles: [Role::Owner].into(),
    })
}

/// A service without pods: what it takes to bring it about is the control plane's part alone.
pub fn service(replicas: u16) -> anyhow::Result<Workload> {
    // It ends when it is told to, so that nobody waits for a grace period.
    let until_told = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done";
    Ok(serde_json::from_value(serde_json::json!({
        "image": "docker.io/library/busybox:1.35", "command": ["/bin/sh", "-c", until_told],
        "replicas": replicas, "port": 8080, "cpuMillis": 20, "memoryMib": 16
    }))?)
}

/// Opens an account with one environment and one service in it.
pub async fn provision(house: &House, account: &str, replicas: u16) -> anyhow::Result<()> {
    let id: AccountId = account.parse()?;
    let platform = || person("pia", Role::Platform);
    let open = Command::Open { terms: house.terms.clone(), plan: PLAN };
    house.submit(Submission::new(platform(), Act::Account(id.clone(), open))).await?;
    let create = Command::CreateEnvironment { environment: "web".parse()?, plan: SHARE };
    house.submit(Submission::new(platform(), Act::Account(id.clone(), create))).await?;
    let put = Command::PutWorkload {
        environment: "web".parse()?,
        workload: "site".parse()?,
        spec: service(replicas)?,
    };
    house.submit(Submission::new(owner(&id), Act::Account(id.clone(), put))).await?;
    Ok(())
}

/// What the provider sends for an account with one service, as a simulated cluster is sent it.
async fn template() -> anyhow::Result<Template> {
    let folder = tempfile::tempdir()?;
    let simulation = tenure_kubesim::start(tenure_kubesim::Options::default()).await?;
    let path = folder.path().join("kubeconfig");
    std::fs::write(&path, simulation.kubeconfig())?;
    let wire = Wire::default();
    let cluster = Cluster::from_client(wire.client(read(&path).await?)?);
    let store = Store::open_file(&folder.path().join("tenure.db")).await?;
    let house = House::open(store, folder.path(), log_key()?, Some(cluster)).await?;
    wire.write_down();
    provision(&house, "sample", 0).await?;
    house.engine.settle().await?;
    house.engine.stop().await;
    simulation.stop().await;
    Template::new("sample", wire.written())
}
