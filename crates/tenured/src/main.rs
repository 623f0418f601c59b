//! The Tenure server.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use secrecy::ExposeSecret as _;
use tenure_domain::name::PersonId;
use tenure_engine::clock::ClockKind;
use tenured::check::Trial;
use tenured::config::{Config, Flags, Loaded};
use tenured::dev::{self, ClusterChoice};
use tenured::serve::Ended;
use tenured::{bootstrap, check, config, logging, maintain, serve, story};

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
    /// Run the server: its configuration is one file, overridden by the environment, overridden by flags.
    Serve(Configured),
    /// Make the first administrator of an empty installation and print the first token, this once.
    Bootstrap {
        /// The person's name, such as `mara`.
        #[arg(long)]
        person: PersonId,
        /// The role with which it begins.
        #[arg(long, default_value = bootstrap::ROLE, value_parser = [bootstrap::ROLE])]
        role: String,
        #[command(flatten)]
        configured: Configured,
    },
    /// Look at the configuration of `serve`.
    Config {
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Bring the database up to date.
    Migrate(Which),
    /// Refold all events, compare with what is stored, and check the signed log.
    Verify(Which),
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
}

/// Of which installation: that of a configuration, or that of `tenured dev`.
#[derive(clap::Args)]
struct Which {
    /// The configuration file of `serve`; the environment counts too.
    #[arg(long, env = "TENURE_CONFIG", value_name = "FILE", conflicts_with = "data")]
    config: Option<PathBuf>,
    /// The data folder of `dev`.
    #[arg(long, default_value = ".tenure")]
    data: PathBuf,
}

impl Which {
    fn load(&self) -> anyhow::Result<Option<Config>> {
        let load = |file: &PathBuf| config::load(Some(file), std::env::vars_os(), &Flags::default());
        Ok(self.config.as_ref().map(load).transpose()?.map(|loaded| loaded.config))
    }
}

#[derive(Subcommand)]
enum ConfigVerb {
    /// Print what counts and where it is written, and try it without starting.
    Check(Configured),
    /// Print the JSON Schema of the file.
    Schema,
    /// Print a file with every setting and what it is for.
    Example,
}

#[derive(clap::Args)]
struct Configured {
    /// The configuration file.
    #[arg(long, env = "TENURE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

impl Configured {
    fn load(&self) -> anyhow::Result<Loaded> {
        Ok(config::load(self.config.as_deref(), std::env::vars_os(), &self.flags)?)
    }
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
    let command = Cli::parse().command;
    if !matches!(command, Verb::Serve(_)) {
        logging::for_people();
    }
    let result = match command {
        Verb::Dev(options) => run_dev(options).await,
        Verb::Serve(configured) => run_server(&configured).await,
        Verb::Bootstrap { person, role: _, configured } => begin(&person, &configured).await,
        Verb::Config { verb } => show_config(verb).await,
        Verb::Migrate(which) => migrate(&which).await,
        Verb::Verify(which) => verify(&which).await,
        Verb::Openapi => openapi(),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to be told where even this cannot be written.
            for line in format!("{error:#}").lines() {
                drop(writeln!(std::io::stderr(), "tenured: {line}"));
            }
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

async fn run_server(configured: &Configured) -> anyhow::Result<ExitCode> {
    let config = configured.load()?.config;
    let spans = logging::for_server(&config.log_filter, config.log_format, config.otlp.as_deref())?;
    let ended = serve::serve(&config).await;
    if let Some(spans) = spans
        && !matches!(ended, Ok(Ended::CutShort))
    {
        tokio::task::spawn_blocking(|| spans.end()).await?;
    }
    Ok(match ended? {
        Ended::InOrder => ExitCode::SUCCESS,
        Ended::CutShort => ExitCode::FAILURE,
    })
}

async fn begin(person: &PersonId, configured: &Configured) -> anyhow::Result<ExitCode> {
    let token = bootstrap::bootstrap(&configured.load()?.config, person).await?;
    say(token.expose_secret())?;
    drop(writeln!(
        std::io::stderr(),
        "This is the token of {person}, the first administrator. It is shown this once: keep it safe."
    ));
    Ok(ExitCode::SUCCESS)
}

async fn show_config(verb: ConfigVerb) -> anyhow::Result<ExitCode> {
    match verb {
        ConfigVerb::Schema => say(&serde_json::to_string_pretty(&config::schema())?)?,
        ConfigVerb::Example => say(config::example().trim_end())?,
        ConfigVerb::Check(configured) => {
            let loaded = configured.load()?;
            for line in loaded.lines() {
                say(&line)?;
            }
            let trials = check::check(&loaded.config).await;
            let mut code = ExitCode::SUCCESS;
            for Trial { what, found } in trials {
                match found {
                    Ok(found) => say(&format!("ok     {what}: {found}"))?,
                    Err(fault) => {
                        code = ExitCode::FAILURE;
                        say(&format!("fault  {what}: {fault}"))?;
                    }
                }
            }
            return Ok(code);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn migrate(which: &Which) -> anyhow::Result<ExitCode> {
    let shown = if let Some(config) = which.load()? {
        maintain::migrate_configured(&config).await?;
        config.database.shown()
    } else {
        maintain::migrate(&which.data).await?;
        which.data.join(dev::DATABASE).display().to_string()
    };
    say(&format!("{shown} is up to date"))?;
    Ok(ExitCode::SUCCESS)
}

async fn verify(which: &Which) -> anyhow::Result<ExitCode> {
    let found = match which.load()? {
        Some(config) => maintain::check_configured(&config).await?,
        None => maintain::check(&which.data).await?,
    };
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
