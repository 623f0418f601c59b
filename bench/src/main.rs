//! Numbers: what Tenure does, beside what limits it, measured in the same run on the same machine.
//!
//! `cargo run -p bench --release` prints all of them; `-- NAME…` only those named. Subject and peer take turns, so that
//! both see the same machine. Nothing here asserts a time.

mod cases;
mod cluster;
mod commits;
mod decisions;
mod due;
mod events;
mod house;
mod latency;
mod machine;
mod reads;
mod scale;
mod summary;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::summary::Figure;

/// Measures Tenure.
#[derive(Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// What to measure; everything where nothing is named.
    #[arg(value_enum)]
    what: Vec<What>,
    /// A PostgreSQL server on which a database may be made, such as `postgres://tenure@127.0.0.1:15432/postgres`.
    #[arg(long)]
    postgres: Option<String>,
    /// A kubeconfig of a cluster on which namespaces may be made; else `TENURE_TEST_KUBECONFIG` names one.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// Small rounds: shows that everything can be measured, not what it costs.
    #[arg(long)]
    quick: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve a prepared data folder, as `tenured dev` does: the process whose memory is measured.
    #[command(hide = true)]
    Serve {
        /// The data folder.
        data: PathBuf,
    },
    /// Serve a simulated cluster and write how to reach it into this file.
    #[command(hide = true)]
    Simulate {
        /// The file.
        file: PathBuf,
    },
    /// Serve a data folder on another process's cluster.
    #[command(hide = true)]
    Control {
        /// The data folder.
        data: PathBuf,
        /// How to reach the cluster.
        kubeconfig: PathBuf,
    },
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// How long a permit takes.
    Permit,
    /// How many decisions are made, and what a case costs in bytes.
    Cases,
    /// How long it takes to fire everything that is due.
    Due,
    /// How fast a record is folded.
    Refold,
    /// How many submissions are committed.
    Commits,
    /// How fast an account is read through the API.
    Reads,
    /// How long provisioning and suspending take.
    Latency,
    /// What many accounts cost at the start and in memory.
    Scale,
    /// What is done on a real API server, beside a bare client and kubectl; on a simulated one where none is named.
    Cluster,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Only to see that it works.
    pub quick: bool,
}

impl Effort {
    /// One number for a real run, another one to see that it works.
    pub fn of<T>(self, real: T, quick: T) -> T {
        if self.quick { quick } else { real }
    }
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    tenured::install_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.verb {
        Some(Verb::Serve { data }) => runtime.block_on(scale::serve(data)),
        Some(Verb::Simulate { file }) => runtime.block_on(cluster::simulate(file)),
        Some(Verb::Control { data, kubeconfig }) => runtime.block_on(cluster::control(data, kubeconfig)),
        None => runtime.block_on(measure(cli)),
    }
}

async fn measure(cli: Cli) -> anyhow::Result<()> {
    let effort = Effort { quick: cli.quick };
    let wanted = |what| cli.what.is_empty() || cli.what.contains(&what);
    let mut out = std::io::stdout();
    let machine = machine::describe(cli.postgres.as_deref()).await?;
    if !cli.json {
        writeln!(out, "{machine}\n\n{}", summary::HEADINGS)?;
    }
    let mut all = Vec::new();
    let mut add = |figures: Vec<Figure>| -> anyhow::Result<()> {
        if !cli.json {
            for figure in &figures {
                writeln!(out, "{figure}")?;
            }
            out.flush()?;
        }
        all.extend(figures);
        Ok(())
    };
    if wanted(What::Permit) {
        add(decisions::measure(effort)?)?;
    }
    if wanted(What::Cases) {
        add(cases::measure(effort)?)?;
    }
    if wanted(What::Due) {
        add(due::measure(effort).await?)?;
    }
    if wanted(What::Refold) {
        add(events::measure(effort).await?)?;
    }
    if wanted(What::Commits) {
        add(commits::on_sqlite(effort).await?)?;
        if let Some(server) = &cli.postgres {
            add(commits::on_postgres(effort, server).await?)?;
        }
    }
    if wanted(What::Reads) {
        add(reads::measure(effort).await?)?;
    }
    if wanted(What::Latency) {
        add(latency::measure(effort).await?)?;
    }
    if wanted(What::Scale) {
        add(scale::measure(effort).await?)?;
    }
    let kubeconfig =
        cli.kubeconfig.clone().or_else(|| std::env::var_os("TENURE_TEST_KUBECONFIG").map(Into::into));
    if cli.what.contains(&What::Cluster) || (cli.what.is_empty() && cli.kubeconfig.is_some()) {
        add(cluster::measure(effort, kubeconfig.as_deref()).await?)?;
    }
    if cli.json {
        let document = serde_json::json!({ "machine": machine.to_string(), "figures": all });
        writeln!(out, "{}", serde_json::to_string_pretty(&document)?)?;
    } else {
        if wanted(What::Commits) && cli.postgres.is_none() {
            writeln!(out, "\nPostgreSQL was not measured: name a server with --postgres URL.")?;
        }
        if wanted(What::Cluster) && kubeconfig.is_none() {
            writeln!(out, "\nNo real cluster was measured: name one with --kubeconfig FILE.")?;
        }
    }
    Ok(())
}
