//! The machine that the numbers are from.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::time::Instant;

use sqlx::{Connection as _, Row as _};

use crate::summary::Samples;

/// The machine, in words.
#[derive(Debug)]
pub struct Machine {
    lines: Vec<String>,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

/// What this machine is, and what is busy on it.
pub async fn describe(postgres: Option<&str>) -> anyhow::Result<Machine> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'))
            .map_or_else(|| "unknown".to_owned(), |value| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let mut lines = vec![
        format!("processor: {}, {cores} cores", field(&read("/proc/cpuinfo"), "model name")),
        format!("memory: {}", field(&read("/proc/meminfo"), "MemTotal")),
        format!("kernel: {}", read("/proc/sys/kernel/osrelease").trim()),
        format!("load before (1, 5, 15 min): {}", read("/proc/loadavg").trim()),
        format!("disk: a write of 4 KiB with fsync takes {:.2} ms (median)", fsync_millis()?),
        format!("SQLite {}", sqlite_version().await?),
    ];
    if let Some(server) = postgres {
        lines.push(postgres_version(server).await?);
    }
    lines.push(format!("build: {}", if cfg!(debug_assertions) { "debug" } else { "release" }));
    Ok(Machine { lines })
}

/// How long a write takes to be on the disk.
fn fsync_millis() -> anyhow::Result<f64> {
    let mut file = tempfile::tempfile()?;
    let mut times = Samples::default();
    for _ in 0..50 {
        let since = Instant::now();
        file.write_all(&[7; 4_096])?;
        file.sync_all()?;
        times.push_millis(since.elapsed());
    }
    Ok(times.median())
}

async fn sqlite_version() -> anyhow::Result<String> {
    let mut connection = sqlx::SqliteConnection::connect("sqlite::memory:").await?;
    Ok(sqlx::query("SELECT sqlite_version()").fetch_one(&mut connection).await?.try_get(0)?)
}

async fn postgres_version(server: &str) -> anyhow::Result<String> {
    let mut connection = sqlx::PgConnection::connect(server).await?;
    let mut show = async |what: &'static str| -> anyhow::Result<String> {
        Ok(sqlx::query(what).fetch_one(&mut connection).await?.try_get(0)?)
    };
    let (version, fsync) = (show("SHOW server_version").await?, show("SHOW fsync").await?);
    Ok(format!("PostgreSQL {version}, fsync {fsync}"))
}
