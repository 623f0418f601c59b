//! What an account costs to which nothing happens: the writes of one more look, and the memory of the process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tenure_cluster::{Cluster, Keep, KeepError, Memory};
use tenure_store::Store;
use tenured::dev::{self, ClusterChoice, Options};
use tenured::keys;

use super::ground::{Ground, namespace, provision};
use super::wire::Wire;
use crate::Effort;
use crate::house::{House, IN_FLIGHT};
use crate::scale::{child, memory as memory_of};
use crate::summary::{Figure, Samples, Unit};

/// How much memory an idle account may take, in bytes.
const MEMORY: f64 = 102_400.0;

/// Keeps nothing.
struct Nowhere;

#[async_trait]
impl Keep for Nowhere {
    async fn keep(&self, _: &Memory) -> Result<(), KeepError> {
        Ok(())
    }
}

/// How long is waited until a watch has told of everything.
const TOLD: Duration = Duration::from_mins(1);

/// Counts what one more pass over unchanged environments sends: one that reads, and one beside a watch.
pub async fn unchanged(ground: &Ground, accounts: &[String]) -> anyhow::Result<Vec<Figure>> {
    ground.house.engine.settle().await?;
    let wire = Wire::default();
    let cluster = Cluster::from_client(wire.client(ground.config())?);
    let (mut writes, reads) = looks(ground, accounts, &wire, &cluster).await?;
    let told = cluster.clone();
    let watch = tokio::spawn(async move {
        let mut changes = std::pin::pin!(told.watch());
        while changes.next().await.is_some() {}
    });
    let (since, watched) = (Instant::now(), cluster.by_watch());
    let told = loop {
        let (written, told) = looks(ground, accounts, &wire, &watched).await?;
        // Until everything is told there are the reads of the watch itself, and of looks that do not believe it yet.
        if told.quantile(1.0) < 1.0 || since.elapsed() > TOLD {
            writes.push(written.quantile(1.0));
            break told;
        }
    };
    watch.abort();
    Ok(vec![
        Figure::new("writes sent by a look at an unchanged account, on the wire: most", Unit::Count, &{
            let mut most = Samples::default();
            most.push(writes.quantile(1.0));
            most
        })
        .at_most(0.0),
        Figure::new("reads sent by one that reads everything, every ten minutes", Unit::Count, &reads),
        Figure::new("reads sent by one for something that stirred, beside a watch", Unit::Count, &told),
    ])
}

/// The writes and reads of a look at each of these accounts.
async fn looks(
    ground: &Ground,
    accounts: &[String],
    wire: &Wire,
    cluster: &Cluster,
) -> anyhow::Result<(Samples, Samples)> {
    let engine = &ground.house.engine;
    let (mut writes, mut reads) = (Samples::default(), Samples::default());
    for account in accounts {
        let environment = "web".parse()?;
        let (id, now) = (account.parse()?, engine.now());
        let row = ground.house.store.environment(account, "web").await?.context("it was looked at")?;
        let memory: Memory = serde_json::from_str(&row.0)?;
        let declared = engine.account(&id).await?;
        let declared = declared.environments.get(&environment).context("it has the environment")?;
        let environment = tenure_cluster::Environment {
            account: id,
            id: environment,
            plan: declared.plan,
            workloads: declared.workloads.clone(),
            restarts: declared.restarts.clone(),
            files: BTreeMap::new(),
            secrets: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            envelope: tenure_cluster::Envelope::new(declared.kind, declared.exposure, None),
        };
        ensure!(environment.namespace() == namespace(account), "its namespace is as expected");
        let before = wire.count();
        let seen = cluster.reconcile(&environment, &[], memory, &Nowhere, now).await?;
        let after = wire.count();
        ensure!(seen.retry.is_none() && seen.repairs.is_empty(), "it was quiet: {:?}", seen.repairs);
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        let counts = ((after.writes - before.writes) as f64, (after.reads - before.reads) as f64);
        writes.push(counts.0);
        reads.push(counts.1);
    }
    Ok((writes, reads))
}

/// Serves a simulated cluster until it is killed, and tells its kubeconfig's path.
pub async fn simulate(file: PathBuf) -> anyhow::Result<()> {
    let simulation = tenure_kubesim::start(tenure_kubesim::Options::default()).await?;
    std::fs::write(&file, simulation.kubeconfig())?;
    say("ready").await
}

/// Serves a data folder on the cluster of a kubeconfig until it is killed.
pub async fn control(data: PathBuf, kubeconfig: PathBuf) -> anyhow::Result<()> {
    let options = Options {
        data,
        listen: "127.0.0.1:0".parse()?,
        clock: tenure_engine::clock::ClockKind::Simulated,
        cluster: ClusterChoice::Kubeconfig { path: Some(kubeconfig), context: None },
    };
    let running = dev::start(&options).await?;
    say(&format!("{} {}", running.url, running.token(dev::ADMINISTRATOR)?)).await
}

async fn say(line: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// What the process takes for each account that has an environment with a service and to which nothing happens. The
/// simulated cluster is a process of its own.
pub async fn memory(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let many = effort.of(10_000, 20);
    let folder = tempfile::tempdir()?;
    let (data, kubeconfig) = (folder.path().join("data"), folder.path().join("kubeconfig"));
    dev::make_private(&data)?;
    let (_simulation, _) = child(&["simulate".as_ref(), kubeconfig.as_os_str()]).await?;
    let empty = served(&data, &kubeconfig).await?;
    furnish(&data, &kubeconfig, many).await?;
    let full = served(&data, &kubeconfig).await?;
    let mut each = Samples::default();
    #[expect(clippy::cast_precision_loss, reason = "a count of accounts")]
    each.push((full - empty) * 1_048_576.0 / many as f64);
    let mut all = Samples::default();
    all.push(full);
    Ok(vec![
        Figure::new(
            format!("{many} idle accounts with a service each, all looked at: memory"),
            Unit::Mebibytes,
            &all,
        ),
        Figure::new("memory for each of them", Unit::Bytes, &each).at_most(MEMORY),
    ])
}

async fn furnish(data: &Path, kubeconfig: &Path, many: usize) -> anyhow::Result<()> {
    let store = Store::open_file(&data.join(dev::DATABASE)).await?;
    let key = keys::open(&store, &data.join(dev::KEY), dev::ORIGIN).await?;
    let cluster = Cluster::from_kubeconfig(Some(kubeconfig), None).await?;
    let house = House::open(store, data, key, Some(cluster)).await?;
    let names: Vec<String> = (0..many).map(|n| format!("idle-{n:06}")).collect();
    futures_util::stream::iter(names.iter().map(|name| provision(&house, name, 0)))
        .buffer_unordered(IN_FLIGHT)
        .try_collect::<()>()
        .await?;
    let since = Instant::now();
    for name in &names {
        let id = name.parse()?;
        while house.engine.observed(&id, &"web".parse()?).await?.workloads.is_empty() {
            ensure!(since.elapsed() < Duration::from_mins(20), "{name} is not provisioned");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    house.engine.settle().await?;
    house.engine.stop().await;
    Ok(())
}

/// The memory of a process that serves this folder and has looked at everything (`VmRSS`, MiB).
async fn served(data: &Path, kubeconfig: &Path) -> anyhow::Result<f64> {
    let (mut process, line) = child(&["control".as_ref(), data.as_os_str(), kubeconfig.as_os_str()]).await?;
    let (url, token) = line.split_once(' ').with_context(|| format!("it said {line:?}"))?;
    let client = tenure_client::Client::new(url, token)?.patient(Duration::from_mins(10));
    // Moving the clock by nothing is answered when all is quiet.
    let nothing = serde_json::json!({"advance": "PT0S"});
    let _: serde_json::Value = client.post("/dev/clock", "quiet", &nothing).await?;
    let memory = memory_of(&process)?;
    process.kill().await?;
    Ok(memory)
}
