//! The Tenure server.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use secrecy::ExposeSecret as _;
use tenure_domain::name::PersonId;
use tenure_engine::clock::ClockKind;
use tenured::check::Trial;
use tenured::config::{Config, Flags, Loaded};
use tenured::dev::{self, ClusterChoice};
use tenured::maintain::Place;
use tenured::serve::Ended;
use tenured::{bootstrap, check, config, keys, logging, maintain, serve, story, terms};

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
    /// Make, show and replace the key that signs the log.
    #[command(subcommand)]
    Key(KeyVerb),
    /// Decide about the log where it is not extended by itself.
    #[command(subcommand)]
    Log(LogVerb),
    /// Write a backup into one file, while the server runs. The log's key and anchor are not in it.
    Backup {
        #[command(flatten)]
        which: Which,
        /// The new file.
        #[arg(long)]
        out: PathBuf,
    },
    /// Restore a backup into an empty database, of either engine, and verify it.
    Restore {
        /// The backup's file.
        file: PathBuf,
        #[command(flatten)]
        which: Which,
    },
    /// Explain a document of terms in plain words: on each ground what may happen and how soon, and what of it touches a
    /// law of the house or a regulation. Ends with 1 where the document is refused, 2 where it cannot be read, and 3 where
    /// there are warnings and --strict is given.
    CheckTerms(CheckTerms),
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

    fn place(&self) -> anyhow::Result<Place> {
        Ok(self.load()?.map_or_else(|| Place::of_dev(&self.data), |config| Place::configured(&config)))
    }
}

#[derive(clap::Args)]
struct CheckTerms {
    /// The document.
    file: PathBuf,
    /// The example moment from which all is reckoned, such as `2021-01-08T17:00:00-08:00`; without it, 90 days before the
    /// end of the document's calendar.
    #[arg(long, value_name = "MOMENT")]
    from: Option<jiff::Timestamp>,
    /// End with 3 where there are warnings.
    #[arg(long)]
    strict: bool,
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

#[derive(Subcommand)]
enum KeyVerb {
    /// Make a new key in a file that only its owner can read, and print how others verify with it.
    Generate {
        /// The file; one that is there is never replaced.
        #[arg(long, default_value = "log.key")]
        out: PathBuf,
        /// The log's name: a host and a path, such as `tenure.example/log`.
        #[arg(long, default_value = dev::ORIGIN)]
        name: String,
    },
    /// Print how others verify with a key; never the key itself.
    Show {
        /// The key's file.
        #[arg(long, default_value = ".tenure/log.key")]
        key: PathBuf,
    },
    /// Replace the key by a new one. The server does not run meanwhile.
    Rotate(Which),
    /// Print how the log's keys followed each other: whoever holds one of them verifies all others by it.
    Chain(Which),
}

#[derive(Subcommand)]
enum LogVerb {
    /// Continue the log from what the database holds, although that is not provably what was signed last. The decision
    /// and its reason go on the record. The server does not run meanwhile.
    Adopt {
        #[command(flatten)]
        which: Which,
        /// Why.
        #[arg(long)]
        reason: String,
    },
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
        Verb::Key(verb) => key(verb).await,
        Verb::Log(LogVerb::Adopt { which, reason }) => adopt(&which, &reason).await,
        Verb::Backup { which, out } => backup(&which, &out).await,
        Verb::Restore { file, which } => restore(&which, &file).await,
        Verb::CheckTerms(options) => check_terms(&options),
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

fn check_terms(options: &CheckTerms) -> anyhow::Result<ExitCode> {
    let checked = terms::check(&options.file, options.from);
    say(checked.text.trim_end())?;
    Ok(ExitCode::from(checked.verdict.code(options.strict)))
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
    let place = which.place()?;
    maintain::migrate(&place).await?;
    say(&format!("{} is up to date", place.shown()))?;
    Ok(ExitCode::SUCCESS)
}

async fn verify(which: &Which) -> anyhow::Result<ExitCode> {
    let found = maintain::check_at(&which.place()?).await?;
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

async fn key(verb: KeyVerb) -> anyhow::Result<ExitCode> {
    match verb {
        KeyVerb::Generate { out, name } => say(&keys::generate(&out, &name)?.verifier.to_string())?,
        KeyVerb::Show { key } => say(&keys::read(&key, dev::ORIGIN)?.verifier.to_string())?,
        KeyVerb::Rotate(which) => {
            let place = which.place()?;
            let rotated = maintain::rotate(&place).await?;
            say(&rotated.verifier)?;
            tell(&format!(
                "It signs alone from size {} on. Give every other server {}, and make a backup now. The old key is in {}: \
                 it restores backups made before; destroy it when you keep none of them.",
                rotated.size,
                place.key().display(),
                rotated.kept.display()
            ));
        }
        KeyVerb::Chain(which) => {
            let transitions = maintain::transitions(&which.place()?).await?;
            say(&serde_json::to_string_pretty(&transitions)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn adopt(which: &Which, reason: &str) -> anyhow::Result<ExitCode> {
    match maintain::adopt_log(&which.place()?, reason).await? {
        None => say("nothing stands in the way of the log: nothing was changed")?,
        Some(adopted) => say(&format!(
            "the log continues from size {} ({}); the reason is on the record",
            adopted.size,
            adopted.refusal.name()
        ))?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn backup(which: &Which, out: &Path) -> anyhow::Result<ExitCode> {
    let contents = maintain::backup(&which.place()?, out).await?;
    say(&format!("{}: {} rows of {} tables", out.display(), contents.rows(), contents.tables.len()))?;
    tell(
        "Not in it, on purpose: the log's key and its anchor. Keep a copy of the key where only you can reach it, and \
         never with the backups. The anchor is not backed up at all: an older one would let a restored backup pass for \
         the present.",
    );
    Ok(ExitCode::SUCCESS)
}

async fn restore(which: &Which, file: &Path) -> anyhow::Result<ExitCode> {
    let restored = maintain::restore(&which.place()?, file).await?;
    let rows = restored.contents.rows();
    say(&format!("{rows} rows of {} tables are restored", restored.contents.tables.len()))?;
    let Some((findings, refusal)) = restored.examined else {
        tell(
            "The log's key is not in the data folder, so nothing was verified: put it there and run `tenured verify`.",
        );
        return Ok(ExitCode::SUCCESS);
    };
    if findings.faults.is_empty() {
        say(&format!(
            "{} events refolded, {} covered by the signed log: everything agrees",
            findings.events, findings.covered
        ))?;
    }
    for fault in &findings.faults {
        say(&format!("fault: {fault}"))?;
    }
    if let Some(refusal) = refusal {
        tell(&format!("As it is, {refusal}."));
    }
    Ok(if findings.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tells a person something beside the data that goes to standard output.
fn tell(text: &str) {
    // Nobody is left to be told where even this cannot be written.
    drop(writeln!(std::io::stderr(), "{text}"));
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
