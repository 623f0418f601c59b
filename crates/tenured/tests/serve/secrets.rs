//! No secret and no word that people wrote ever reaches the log, whatever its level.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};

use tenure_client::Client;
use tenure_engine::clock::ClockKind;
use tenure_wire::request::IssueToken;
use tenured::dev::{self, ClusterChoice, Options};
use tenured::story::{Chapter, Names, Pages, Story, Tell};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Unheard;

impl Tell for Unheard {
    fn line(&mut self, _: &str) -> anyhow::Result<()> {
        Ok(())
    }
}

/// Everything of ours, and of HTTP and SQL what an operator would see of a server that is looked into.
const ALL: &str = "info,tenured=trace,tenure_api=trace,tenure_engine=trace,tenure_store=trace,tenure_cluster=trace,tenure_notify=trace,tenure_access=trace,tenure_domain=trace,tenure_rules=trace,tenure_ledger=trace,tenure_client=trace,sqlx=debug,tower_http=trace";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_story_and_its_failed_logins_leave_no_secret_in_the_log() -> anyhow::Result<()> {
    tenured::install_crypto();
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(ALL)
        .with_writer(move || writer.clone())
        .init();
    let folder = tempfile::tempdir()?;
    let options = Options {
        data: folder.path().to_owned(),
        listen: "127.0.0.1:0".parse()?,
        clock: ClockKind::Simulated,
        cluster: ClusterChoice::Simulated,
    };
    let running = dev::start(&options).await?;
    let administrator = Client::new(&running.url, running.token(dev::ADMINISTRATOR)?)?;
    let names = Names { social: "parley".into(), peer: "agora".into() };
    let pages = Pages::from_kubeconfig_text(running.simulation.as_deref().unwrap()).await?;
    let mut unheard = Unheard;
    let mut story = Story::new(administrator.clone(), names, pages, &mut unheard);
    for chapter in Chapter::ALL {
        story.play(*chapter).await?;
    }
    let mut tokens: BTreeSet<String> = story.tokens().values().cloned().collect();
    tokens.insert(running.token(dev::ADMINISTRATOR)?.to_owned());
    let revoked =
        administrator.issue_token("again", &IssueToken { subject: dev::ADMINISTRATOR.parse()? }).await?;
    let http = reqwest::Client::new();
    http.delete(format!("{}/v1/tokens/{}", running.url, revoked.id))
        .bearer_auth(&revoked.token)
        .header("idempotency-key", "idempotency-of-a-revocation")
        .send()
        .await?;
    for token in [revoked.token.as_str(), "tenure_guessed-by-someone", "password-in-the-wrong-place"] {
        let answer = http.get(format!("{}/v1/accounts", running.url)).bearer_auth(token).send().await?;
        anyhow::ensure!(answer.status().as_u16() == 401);
        // A token where no token belongs.
        http.get(format!("{}/v1/accounts?token={token}", running.url)).send().await?;
        http.post(format!("{}/v1/reports", running.url)).basic_auth("mara", Some(token)).send().await?;
        let client = Client::new(&running.url, token)?;
        anyhow::ensure!(client.account("parley").await.is_err());
        tracing::trace!(?client, "a client that is looked into");
        tokens.insert(token.to_owned());
    }
    running.stop().await;

    let mut secrets = tokens;
    let key = std::fs::read_to_string(folder.path().join(dev::KEY))?;
    let secret = tenure_engine::LogKey::parse(&key)?.signing.to_bytes();
    // Its last part is base64, in which there may be a '+' too.
    secrets.insert(key.trim().splitn(5, '+').last().unwrap_or_default().to_owned());
    secrets.insert(hex::encode(secret));
    secrets.insert(format!("{secret:?}").trim_matches(['[', ']']).to_owned());
    secrets.insert("idempotency-of-a-revocation".to_owned());
    let mut keep = |text: &str| {
        // Of a long text any line would give it away; of a short one, such as "yes", nothing can be said.
        secrets.extend(text.lines().map(str::trim).filter(|line| line.len() >= 12).map(str::to_owned));
    };
    let database = dev::open(folder.path()).await?;
    let all_words = database.every_words("", 10_000).await?;
    for words in &all_words {
        keep(&words.text);
    }
    let blobs = database.every_blob("", 1_000).await?;
    let evidence: Vec<_> = blobs.iter().filter(|(_, blob)| blob.media_type == "text/plain").collect();
    for (_, blob) in &evidence {
        keep(&String::from_utf8_lossy(&blob.bytes));
    }
    database.close().await;
    anyhow::ensure!(all_words.len() > 100 && !evidence.is_empty(), "{} {}", all_words.len(), evidence.len());

    let log = String::from_utf8(log.0.lock().unwrap().clone())?;
    anyhow::ensure!(log.lines().count() > 500, "only {} lines", log.lines().count());
    anyhow::ensure!(log.contains("\"route\":\"/v1/reports\""), "the requests are in the log");
    let found: Vec<_> = secrets.iter().filter(|s| log.contains(*s)).collect();
    anyhow::ensure!(found.is_empty(), "in the log: {found:#?}");
    // Keys of requests: those of the story are all of one form.
    let keyed =
        log.match_indices("story-").find(|(at, _)| log[at + 6..].starts_with(|c: char| c.is_ascii_digit()));
    anyhow::ensure!(keyed.is_none(), "an idempotency key is in the log");
    Ok(())
}
