//! The drill: the server works, a backup is taken, the machine is lost, the backup is restored elsewhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tenure_client::Client;
use tenure_ledger::bundle::Receipt;
use tenure_ledger::chain::KeyChain;
use tenure_ledger::note::VerifierKey;
use tenure_wire::request::{FileReport, IssueToken, OpenAccount, Plan, TermsVersion};
use tenured::{maintain, story};

use crate::server::Server;

/// Runs the binary, with each word of the line an argument and `@` for the folder.
fn tenured(folder: &Path, line: &str) -> anyhow::Result<Output> {
    let words = line.split(' ').map(|word| word.replace('@', &folder.display().to_string()));
    Command::new(env!("CARGO_BIN_EXE_tenured")).args(words).output().context("the binary")
}

fn succeeded(output: &Output) -> anyhow::Result<String> {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

/// The receipt of an account's first event, as an auditor takes it away.
async fn receipt(auditor: &Client) -> anyhow::Result<Receipt> {
    let since = std::time::Instant::now();
    loop {
        match auditor.text("/v1/events/account%2Fparley/1/receipt").await {
            Ok(text) => return Ok(Receipt::from_json(text.as_bytes())?),
            Err(error) => ensure!(since.elapsed() < Duration::from_mins(1), "no receipt: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_drill_a_backup_under_load_is_restored_elsewhere() -> anyhow::Result<()> {
    tenured::install_crypto();
    let folder = tempfile::tempdir()?;
    let server = Server::start_alone(folder.path()).await?;
    let mara = Client::new(&server.url, &server.administrator()?)?.patient(Duration::from_mins(1));
    mara.publish_terms("terms", story::TERMS).await?;
    let mut speak = BTreeMap::new();
    let mut tokens = BTreeMap::new();
    for (name, role) in
        [("pavel", "platform"), ("hotline", "reporter"), ("ines", "analyst"), ("theo", "auditor")]
    {
        mara.set_person(name, &[role]).await?;
        let token =
            mara.issue_token(name, &IssueToken { subject: format!("person/{name}").parse()? }).await?;
        speak.insert(name, mara.speaking_with(&token.token));
        tokens.insert(name, token.token);
    }
    let plan = Plan { cpu_millis: 100, memory_mib: 64, storage_mib: 16, pods: 2 };
    let terms = TermsVersion { id: "cloud-agreement".parse()?, version: "2020-04".into() };
    speak["pavel"].open_account("open", &OpenAccount { account: "parley".parse()?, terms, plan }).await?;
    let evidence = speak["hotline"].upload_evidence("evidence", "text/plain", b"a capture").await?;
    let report = FileReport {
        account: "parley".parse()?,
        ground: "incitement".parse()?,
        locator: "https://parley.example/post/1".into(),
        statement: "A post".into(),
        evidence: vec![evidence.id.try_into()?],
        observed_at: None,
        contact: None,
        language: None,
        reference: None,
    };
    let before = receipt(&speak["theo"]).await?;
    let key: VerifierKey = server_key(&server).await?;
    before.verify(&key)?;

    // Reports come in all the time; the backup is taken in their midst.
    let through = Arc::new(AtomicU32::new(0));
    let sender = {
        let (client, through) = (speak["hotline"].clone().patient(Duration::ZERO), Arc::clone(&through));
        tokio::spawn(async move {
            let mut ids = Vec::new();
            while let Ok(written) = client.file_report(&format!("r-{}", ids.len()), &report).await {
                ids.push(written.id);
                through.fetch_add(1, Ordering::SeqCst);
                // Not as fast as can be: nobody brings in more than a thousand in a day, however long the backup takes.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            ids
        })
    };
    let reach = async |count: u32| {
        while through.load(Ordering::SeqCst) < count {
            assert!(!sender.is_finished(), "a report was not taken");
            tokio::task::yield_now().await;
        }
    };
    reach(20).await;
    let acknowledged = through.load(Ordering::SeqCst);
    let taken = tenured(folder.path(), "backup --data @/data --out @/one.backup")?;
    ensure!(succeeded(&taken)?.contains("rows of"), "{taken:?}");
    ensure!(String::from_utf8_lossy(&taken.stderr).contains("the log's key and its anchor"), "{taken:?}");
    let after = through.load(Ordering::SeqCst);
    reach(after + 20).await;
    server.kill()?;
    let ids = sender.await?;

    // Elsewhere, with the key from where it is kept, and no anchor: the machine is gone.
    std::fs::create_dir(folder.path().join("new"))?;
    set_private(&folder.path().join("new"))?;
    std::fs::copy(folder.path().join("data/log.key"), folder.path().join("new/log.key"))?;
    let restored = tenured(folder.path(), "restore @/one.backup --data @/new")?;
    ensure!(succeeded(&restored)?.contains("everything agrees"), "{restored:?}");
    ensure!(String::from_utf8_lossy(&restored.stderr).contains("anchor"), "{restored:?}");
    let again = tenured(folder.path(), "restore @/one.backup --data @/new")?;
    ensure!(
        !again.status.success() && String::from_utf8_lossy(&again.stderr).contains("not empty"),
        "{again:?}"
    );
    let faults = maintain::check(&folder.path().join("new")).await?.faults;
    ensure!(faults.len() == 1 && faults[0].contains("anchor"), "{faults:?}");

    // The anchor of the machine that is gone knows that more was signed.
    std::fs::copy(folder.path().join("data/log.anchor"), folder.path().join("new/log.anchor"))?;
    let faults = maintain::check(&folder.path().join("new")).await?.faults;
    ensure!(faults.len() == 1 && faults[0].contains("restored backup"), "{faults:?}");

    std::fs::create_dir(folder.path().join("second"))?;
    std::fs::rename(folder.path().join("new"), folder.path().join("second/data"))?;
    std::fs::copy(folder.path().join("data/tokens.json"), folder.path().join("second/data/tokens.json"))?;
    let second = Server::start_alone(&folder.path().join("second")).await?;
    let ines = Client::new(&second.url, &tokens["ines"])?.patient(Duration::from_mins(1));
    for id in &ids[..usize::try_from(acknowledged)?] {
        ines.report(id)
            .await
            .with_context(|| format!("{id} was acknowledged before the backup and is gone"))?;
    }
    let since = std::time::Instant::now();
    while !ines.text("/readyz").await?.contains("restored backup") {
        ensure!(
            since.elapsed() < Duration::from_mins(1),
            "/readyz does not tell: {}",
            ines.text("/readyz").await?
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    second.kill()?;

    let adopted = Command::new(env!("CARGO_BIN_EXE_tenured"))
        .args(["log", "adopt", "--reason", "The first machine burnt.", "--data"])
        .arg(folder.path().join("second/data"))
        .output()?;
    ensure!(succeeded(&adopted)?.contains("the log continues"), "{adopted:?}");
    let rotated = tenured(folder.path(), "key rotate --data @/second/data")?;
    let new_key: VerifierKey = succeeded(&rotated)?.trim().parse()?;
    ensure!(new_key != key, "the key is the same");
    second.kill_and_start()?;
    second.wait().await?;
    let theo = Client::new(&second.url, &tokens["theo"])?.patient(Duration::from_mins(1));
    let chain =
        KeyChain::through(&key, &maintain::transitions(&maintain::Place::of_dev(second.data())).await?)?;
    ensure!(*chain.present() == new_key && server_key(&second).await? == new_key, "{chain:?}");
    receipt(&theo).await?.verify(&chain)?;
    // What was taken away before any of this still holds.
    before.verify(&key)?;
    before.verify(&chain)?;
    second.kill()?;
    let findings = maintain::check(second.data()).await?;
    ensure!(findings.faults.is_empty(), "{:?}", findings.faults);
    Ok(())
}

async fn server_key(server: &Server) -> anyhow::Result<VerifierKey> {
    Ok(Client::new(&server.url, "none")?.text("/ledger/key").await?.trim().parse()?)
}

fn set_private(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?)
}
