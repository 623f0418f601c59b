//! What many accounts cost: how long a server takes to start on them, and its memory, before and after the first look at
//! all of them. The accounts have a member and a hold each and no environments; each environment costs a look besides.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tenure_store::Store;
use tenured::dev::{self, ClusterChoice, Options};
use tenured::keys;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::Effort;
use crate::house::{House, account};
use crate::summary::{Figure, Samples, Unit};

/// Where a served folder says that it is ready, and what it takes then.
const READY: &str = "ready";

/// Serves a data folder until it is killed, and tells when it answers and when all accounts were looked at.
pub async fn serve(data: PathBuf) -> anyhow::Result<()> {
    use std::io::Write as _;
    let options = Options {
        data,
        listen: "127.0.0.1:0".parse()?,
        clock: tenure_engine::clock::ClockKind::Simulated,
        cluster: ClusterChoice::Simulated,
    };
    let running = dev::start(&options).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{READY} {} {}", running.url, running.token(dev::ADMINISTRATOR)?)?;
    out.flush()?;
    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(())
}

/// Measures at each size; the smaller ones grow into the larger.
pub async fn measure(effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    dev::make_private(&data)?;
    let mut figures = Vec::new();
    let mut there = 0;
    let mut last: Option<(usize, f64)> = None;
    for accounts in effort.of(vec![1_000, 10_000, 100_000], vec![10, 40]) {
        furnish(&data, there, accounts).await?;
        there = accounts;
        let (mut start, mut before, mut after, mut look) =
            (Samples::default(), Samples::default(), Samples::default(), Samples::default());
        for _ in 0..effort.of(3, 1) {
            let seen = start_once(&data).await?;
            start.push_millis(seen.start);
            look.push_millis(seen.look);
            before.push(seen.memory_at_start);
            after.push(seen.memory_after_look);
        }
        figures.push(Figure::new(
            format!("{accounts} accounts: start until the API answers"),
            Unit::Millis,
            &start,
        ));
        figures.push(Figure::new(
            format!("{accounts} accounts: first look at all of them"),
            Unit::Millis,
            &look,
        ));
        figures.push(Figure::new(format!("{accounts} accounts: memory at start"), Unit::Mebibytes, &before));
        figures.push(Figure::new(
            format!("{accounts} accounts: memory after the first look"),
            Unit::Mebibytes,
            &after,
        ));
        if let Some((fewer, memory)) = last {
            let mut growth = Samples::default();
            #[expect(clippy::cast_precision_loss, reason = "a count of accounts")]
            growth.push((before.median() - memory) * 1_048_576.0 / (accounts - fewer) as f64);
            figures.push(Figure::new(
                format!("memory for each account from {fewer} to {accounts}"),
                Unit::Bytes,
                &growth,
            ));
        }
        last = Some((accounts, before.median()));
    }
    Ok(figures)
}

/// Makes the accounts `from..to` through the engine itself.
async fn furnish(data: &Path, from: usize, to: usize) -> anyhow::Result<()> {
    let store = Store::open_file(&data.join(dev::DATABASE)).await?;
    let key = keys::open(&store, &data.join(dev::KEY), dev::ORIGIN).await?;
    let house = House::open(store, data, key, None).await?;
    let mut next = from;
    while next < to {
        let end = to.min(next + 5_000);
        house.open_accounts(next, end).await?;
        let mut more = Vec::new();
        for n in next..end {
            more.push(House::owner(account(n)?)?);
            more.push(house.hold(account(n)?)?);
        }
        house.submit_all(more).await?;
        house.engine.settle().await?;
        next = end;
    }
    house.engine.stop().await;
    Ok(())
}

/// What one start cost.
#[expect(clippy::struct_field_names, reason = "a start has a start")]
struct Start {
    start: Duration,
    look: Duration,
    memory_at_start: f64,
    memory_after_look: f64,
}

async fn start_once(data: &Path) -> anyhow::Result<Start> {
    let since = Instant::now();
    let (mut child, line) = child(&["serve".as_ref(), data.as_os_str()]).await?;
    let mut words = line.split(' ');
    ensure!(words.next() == Some(READY), "it said {line:?}");
    let (url, token) = (words.next().context("its address")?, words.next().context("its token")?);
    let client = tenure_client::Client::new(url, token)?.patient(Duration::from_mins(5));
    client.text("/healthz").await?;
    let start = since.elapsed();
    let memory_at_start = memory(&child)?;
    // Moving the clock by nothing is answered when all is quiet.
    let nothing = serde_json::json!({"advance": "PT0S"});
    let _: serde_json::Value = client.post("/dev/clock", "quiet", &nothing).await?;
    let look = since.elapsed().saturating_sub(start);
    let memory_after_look = memory(&child)?;
    child.kill().await?;
    Ok(Start { start, look, memory_at_start, memory_after_look })
}

/// This program as a process of its own, once it has said its one line.
pub async fn child(arguments: &[&OsStr]) -> anyhow::Result<(Child, String)> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(arguments)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("a process of its own")?;
    let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    let line = lines.next_line().await?.context("it ended before it answered")?;
    Ok((child, line))
}

/// The memory that a process has in use, in MiB (`VmRSS`).
pub fn memory(child: &Child) -> anyhow::Result<f64> {
    let pid = child.id().context("it ended")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
        .context("its memory")?
        .parse()?;
    Ok(kib / 1_024.0)
}
