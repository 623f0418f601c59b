//! The Tenure server.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use tenure_engine::clock::ClockKind;
use tenured::dev::{self, ClusterChoice};
use tenured::{maintain, story};

/// Tenancy with due process: provisions accounts and workloads on Kubernetes, and restricts them only under a power
/// that their terms grant, after the notice those terms promise, on the record.
#[derive(Parser)]
#[command(name = "tenured", version)]
struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run the whole server on this machine: SQLite, a simulated cluster, a simulated clock.
    Dev(Dev),
    /// Bring the database of a data folder up to date.
    Migrate {
        /// The data folder.
        #[arg(long, default_value = ".tenure")]
        data: PathBuf,
    },
    /// Refold all events of a data folder, compare with what is stored, and check the signed log.
    Verify {
        /// The data folder.
        #[arg(long, default_value = ".tenure")]
        data: PathBuf,
    },
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
}

#[derive(clap::Args)]
struct Dev {
    /// Play the story of January 2021 through the API, then stay up.
    #[arg(long)]
    demo: bool,
    /// Where everything is kept; started again with the same folder, the server continues where it was.
    #[arg(long, default_value = ".tenure")]
    data: PathBuf,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:7070")]
    listen: SocketAddr,
    /// Which clock decides deadlines.
    #[arg(long, value_enum, default_value_t = Clock::Simulated)]
    clock: Clock,
    /// Which cluster carries workloads out: `simulated`, `kubeconfig` or `kubeconfig:CONTEXT`.
    #[arg(long, default_value = "simulated")]
    cluster: ClusterChoice,
}

#[derive(Clone, Copy, ValueEnum)]
enum Clock {
    /// The machine's.
    Real,
    /// One that stands still until `POST /dev/clock` moves it.
    Simulated,
}

#[tokio::main]
async fn main() -> ExitCode {
    tenured::install_crypto();
    let filter = tracing_subscriber::EnvFilter::try_from_env("TENURE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,kube_client=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let result = match Cli::parse().command {
        Verb::Dev(options) => run_dev(options).await,
        Verb::Migrate { data } => migrate(data).await,
        Verb::Verify { data } => verify(data).await,
        Verb::Openapi => openapi(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to be told where even this cannot be written.
            drop(writeln!(std::io::stderr(), "tenured: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        // Whoever read along, such as `head`, has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output"),
    }
}

async fn migrate(data: PathBuf) -> anyhow::Result<ExitCode> {
    maintain::migrate(&data).await?;
    say(&format!("{} is up to date", data.join(dev::DATABASE).display()))?;
    Ok(ExitCode::SUCCESS)
}

async fn verify(data: PathBuf) -> anyhow::Result<ExitCode> {
    let found = maintain::check(&data).await?;
    say(&format!(
        "{} streams, {} events refolded; the signed log covers {}",
        found.streams, found.events, found.covered
    ))?;
    if found.faults.is_empty() {
        say("everything agrees")?;
        return Ok(ExitCode::SUCCESS);
    }
    for fault in &found.faults {
        say(&format!("fault: {fault}"))?;
    }
    Ok(ExitCode::FAILURE)
}

fn openapi() -> anyhow::Result<ExitCode> {
    say(&serde_json::to_string_pretty(&tenure_api::openapi())?)?;
    Ok(ExitCode::SUCCESS)
}

async fn run_dev(asked: Dev) -> anyhow::Result<ExitCode> {
    if asked.demo && matches!(asked.clock, Clock::Real) {
        anyhow::bail!("the story takes four months of legal time: leave --clock simulated");
    }
    let options = dev::Options {
        data: asked.data,
        listen: asked.listen,
        clock: match asked.clock {
            Clock::Real => ClockKind::Real,
            Clock::Simulated => ClockKind::Simulated,
        },
        cluster: asked.cluster,
    };
    let mut running = dev::start(&options).await?;
    let interrupted = async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result,
            _ = terminate.recv() => Ok(()),
        }
    };
    tokio::pin!(interrupted);
    say(&format!("Tenure on {}, with {}", running.url, running.cluster))?;
    if asked.demo {
        let played = async {
            let mut out = story::Printed;
            story::demo(&mut running, &options, &mut out).await
        };
        tokio::select! {
            result = played => result?,
            result = &mut interrupted => {
                result?;
                running.stop().await;
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    say("")?;
    say(&format!("Up at {} until Ctrl-C; data in {}", running.url, options.data.display()))?;
    for (subject, token) in &running.tokens {
        say(&format!("  {subject:<24} {token}"))?;
    }
    // The auditor sees the most; before the story there is only the administrator.
    let example = running.tokens.get("person/theo").or_else(|| running.tokens.values().next());
    if let Some(token) = example {
        say(&format!("Try: curl -H 'Authorization: Bearer {token}' {}/v1/accounts", running.url))?;
    }
    interrupted.await?;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}
