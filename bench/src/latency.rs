//! How long it takes from a request until it is so: a workload that is ready, a suspension that was observed. Beside it
//! the bare requests to the same simulated cluster that bring about the same.

use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Pod, ResourceQuota};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use serde_json::json;
use tenure_access::Role;
use tenure_cluster::Cluster;
use tenure_domain::account::Command;
use tenure_domain::account::measure::MeasureState;
use tenure_domain::name::AccountId;
use tenure_domain::scope::Scope;
use tenure_domain::statement::{Fact, Reasons};
use tenure_domain::workload::Plan;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Submission};
use tenure_store::Store;

use crate::Effort;
use crate::house::{House, account, log_key, person};
use crate::summary::{Figure, Samples, Unit};

/// How often is looked whether it is so.
const LOOK: Duration = Duration::from_millis(1);

/// How long is waited for it.
const PATIENCE: Duration = Duration::from_secs(30);

const SHARE: Plan = Plan { cpu_millis: 1_000, memory_mib: 1_024, storage_mib: 1_024, pods: 10 };

/// Measures on a simulated cluster.
pub async fn measure(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let simulation = tenure_kubesim::start(tenure_kubesim::Options::default()).await?;
    let cluster = Cluster::from_kubeconfig_text(&simulation.kubeconfig()).await?;
    cluster.probe().await?;
    let folder = tempfile::tempdir()?;
    let store = Store::open_file(&folder.path().join("tenure.db")).await?;
    let house = House::open(store, folder.path(), log_key()?, Some(cluster)).await?;
    let bare = Bare::new(&simulation.kubeconfig()).await?;
    let accounts = effort.of(30, 2);
    house.open_accounts(0, accounts).await?;
    house.engine.settle().await?;

    let (mut provision, mut bare_start) = (Samples::default(), Samples::default());
    let (mut suspend, mut bare_stop) = (Samples::default(), Samples::default());
    for n in 0..accounts {
        provision.push_millis(provisioned(&house, &account(n)?).await?);
        house.engine.settle().await?;
        bare_start.push_millis(bare.start(n).await?);
    }
    for n in 0..accounts {
        suspend.push_millis(isolated(&house, &account(n)?).await?);
        house.engine.settle().await?;
        bare_stop.push_millis(bare.stop(n).await?);
    }
    house.engine.stop().await;
    simulation.stop().await;
    Ok(vec![
        Figure::new("environment and workload, from the request to ready", Unit::Millis, &provision)
            .beside("bare requests: namespace, Deployment, pod ready", &bare_start),
        Figure::new("isolation of an environment, from its effect to the receipt", Unit::Millis, &suspend)
            .beside("bare requests: quota, its status, pods deleted and gone", &bare_stop),
    ])
}

/// Waits until it is so; how long it took.
async fn until(
    what: &str,
    since: Instant,
    mut so: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Duration> {
    while !so().await? {
        ensure!(since.elapsed() < PATIENCE, "{what}: not after {} s", PATIENCE.as_secs());
        tokio::time::sleep(LOOK).await;
    }
    Ok(since.elapsed())
}

async fn provisioned(house: &House, id: &AccountId) -> anyhow::Result<Duration> {
    let platform = || person("pia", Role::Platform);
    let environment = "web".parse()?;
    let since = Instant::now();
    let create = Command::CreateEnvironment { environment, plan: SHARE };
    house.submit(Submission::new(platform(), Act::Account(id.clone(), create))).await?;
    let put = Command::PutWorkload {
        environment: "web".parse()?,
        workload: "site".parse()?,
        spec: crate::decisions::site()?,
    };
    let owner = tenure_access::Principal::Member {
        account: id.to_string(),
        name: "ada".to_owned(),
        roles: [Role::Owner].into(),
    };
    let owner = tenure_engine::submission::Caller::Principal(owner);
    house.submit(Submission::new(owner, Act::Account(id.clone(), put))).await?;
    until("a workload is ready", since, async || {
        let seen = house.engine.observed(id, &"web".parse()?).await?;
        Ok(seen.workloads.values().any(|w| w.wanted > 0 && w.ready == w.wanted))
    })
    .await
}

/// An emergency: it takes effect when it is submitted.
async fn isolated(house: &House, id: &AccountId) -> anyhow::Result<Duration> {
    let ines = || person("ines", Role::Analyst);
    let mut kept = Kept::default();
    let why = house.engine.words(&mut kept, "It names the hour.")?;
    let open =
        Command::OpenCase { ground: "imminent_violence".parse()?, why: why.clone(), reports: Vec::new() };
    house.submit(Submission::new(ines(), Act::Account(id.clone(), open)).keeping(kept)).await?;
    house.engine.settle().await?;
    let mut kept = Kept::default();
    let seen = Fact::finding("f-1", house.engine.now(), format!("https://{id}.example/posts/1"));
    let emergency = Command::ApplyEmergency {
        case: format!("{id}.c1").parse()?,
        power: "6.1-emergency".parse()?,
        scope: Scope::Environment("web".parse()?),
        why,
        why_not_less: Some(house.engine.words(&mut kept, "Nothing less reaches it.")?),
        reasons: Reasons::new("It names the hour.", vec![seen]),
    };
    let submission = Submission::new(ines(), Act::Account(id.clone(), emergency)).keeping(kept);
    let since = Instant::now();
    house.submit(submission).await?;
    until("a measure is in force", since, async || {
        let account = house.engine.account(id).await?;
        Ok(account.measures.iter().any(|m| matches!(m.state, MeasureState::InForce { .. })))
    })
    .await
}

/// The same by hand.
struct Bare {
    client: kube::Client,
}

impl Bare {
    async fn new(kubeconfig: &str) -> anyhow::Result<Self> {
        let config = kube::config::Kubeconfig::from_yaml(kubeconfig)?;
        let config =
            kube::Config::from_custom_kubeconfig(config, &kube::config::KubeConfigOptions::default()).await?;
        Ok(Self { client: kube::Client::try_from(config)? })
    }

    async fn start(&self, n: usize) -> anyhow::Result<Duration> {
        let name = format!("bare-{n}");
        let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": name}}))?;
        let deployment: Deployment = serde_json::from_value(json!({
            "metadata": {"name": "site"},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": {"app": "site"}},
                "template": {
                    "metadata": {"labels": {"app": "site"}},
                    "spec": {"containers": [{"name": "site", "image": "docker.io/library/busybox:1.35"}]},
                },
            },
        }))?;
        let since = Instant::now();
        Api::all(self.client.clone()).create(&PostParams::default(), &namespace).await?;
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), &name);
        deployments.create(&PostParams::default(), &deployment).await?;
        until("a Deployment is ready", since, async || {
            let seen = deployments.get("site").await?;
            Ok(seen.status.and_then(|s| s.ready_replicas).unwrap_or(0) == 1)
        })
        .await
    }

    async fn stop(&self, n: usize) -> anyhow::Result<Duration> {
        let name = format!("bare-{n}");
        let quota: ResourceQuota =
            serde_json::from_value(json!({"metadata": {"name": "gate"}, "spec": {"hard": {"pods": "0"}}}))?;
        let quotas: Api<ResourceQuota> = Api::namespaced(self.client.clone(), &name);
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &name);
        let since = Instant::now();
        let mut quota = quotas.create(&PostParams::default(), &quota).await?;
        quota.status = Some(serde_json::from_value(json!({"hard": {"pods": "0"}}))?);
        quotas.replace_status("gate", &PostParams::default(), &quota).await?;
        for pod in pods.list(&ListParams::default()).await? {
            let pod = pod.metadata.name.context("a pod has a name")?;
            pods.delete(&pod, &DeleteParams::default()).await.map_err(|e| anyhow!(e))?;
        }
        until("the pods are gone", since, async || {
            Ok(pods.list(&ListParams::default()).await?.items.is_empty())
        })
        .await
    }
}
