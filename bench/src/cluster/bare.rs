//! The same objects without Tenure: by a bare client, and by kubectl.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{Method, Request};
use kube::Client;
use tokio::process::Command;

use super::wire::Sent;

/// What stands for an account in a template.
const NAMED: &str = "account-named-here";

/// The objects of one account, as Tenure sent them.
#[derive(Debug, Clone)]
pub struct Template(Vec<Sent>);

impl Template {
    /// Of what was sent for this account, each object once.
    pub fn new(account: &str, sent: Vec<Sent>) -> anyhow::Result<Self> {
        let mut objects: Vec<Sent> = Vec::new();
        // A question to the server is no object.
        for mut one in sent.into_iter().filter(|one| !one.path.contains("accessreviews")) {
            one.path = one.path.replace(account, NAMED);
            one.body = one.body.replace(account, NAMED);
            match objects.iter_mut().find(|known| known.path == one.path) {
                Some(known) => *known = one,
                None => objects.push(one),
            }
        }
        ensure!(objects.len() > 1, "an account is more than a namespace");
        ensure!(objects[0].method == Method::POST, "its namespace comes first");
        Ok(Self(objects))
    }

    /// How many objects an account has.
    pub fn objects(&self) -> usize {
        self.0.len()
    }

    /// The manifests of an account, one document each.
    fn manifests(&self, account: &str) -> String {
        let all: Vec<String> = self.0.iter().map(|one| one.body.replace(NAMED, account)).collect();
        all.join("\n---\n")
    }
}

/// Sends the objects of these accounts, so many accounts at once, each one's objects one after the other; how long it
/// took until the last was answered.
pub async fn send(
    client: &Client,
    template: &Template,
    accounts: &[String],
    at_once: usize,
) -> anyhow::Result<Duration> {
    let since = Instant::now();
    futures_util::stream::iter(accounts.iter().map(anyhow::Ok))
        .try_for_each_concurrent(at_once, |account| async move {
            for one in &template.0 {
                let request = Request::builder()
                    .method(one.method.clone())
                    .uri(one.path.replace(NAMED, account))
                    .header("content-type", &one.content_type)
                    .body(one.body.replace(NAMED, account).into_bytes())?;
                client.request_text(request).await.with_context(|| one.path.replace(NAMED, account))?;
            }
            Ok(())
        })
        .await?;
    Ok(since.elapsed())
}

/// A kubectl on this cluster.
#[derive(Debug, Clone)]
pub struct Kubectl {
    kubeconfig: PathBuf,
}

impl Kubectl {
    /// The one on the path, where there is one.
    pub async fn find(kubeconfig: &Path) -> Option<Self> {
        let answer = Command::new("kubectl").args(["version", "--client"]).output().await.ok()?;
        answer.status.success().then(|| Self { kubeconfig: kubeconfig.to_owned() })
    }

    /// Runs it to its end; how long it took.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<Duration> {
        let since = Instant::now();
        let answer = Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(arguments)
            .output()
            .await?;
        let said = String::from_utf8_lossy(&answer.stderr);
        ensure!(answer.status.success(), "kubectl {}: {said}", arguments.join(" "));
        Ok(since.elapsed())
    }

    /// Applies the manifests of these accounts, all in one file, which is kindest to it.
    pub async fn apply(&self, template: &Template, accounts: &[String]) -> anyhow::Result<Duration> {
        let mut file = tempfile::Builder::new().suffix(".yaml").tempfile()?;
        for account in accounts {
            writeln!(file, "---\n{}", template.manifests(account))?;
        }
        file.flush()?;
        self.run(&["apply", "-f", &file.path().to_string_lossy()]).await
    }
}

/// Tells each of these to do something, a few at once.
pub async fn each<T, F: Future<Output = anyhow::Result<()>>>(
    all: impl IntoIterator<Item = T>,
    doing: impl Fn(T) -> F,
) -> anyhow::Result<()> {
    let mut under_way = futures_util::stream::iter(all.into_iter().map(doing)).buffer_unordered(16);
    while let Some(done) = under_way.next().await {
        done?;
    }
    Ok(())
}
