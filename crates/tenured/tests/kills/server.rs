//! The real binary, killed and started again, on a simulated cluster that lives on.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tenure_client::Client;
use tenure_kubesim::Simulation;

/// How long a start may take, on a busy machine.
const START: Duration = Duration::from_mins(1);

/// A server process that can be killed.
pub struct Server {
    pub url: String,
    port: u16,
    data: PathBuf,
    kubeconfig: Option<PathBuf>,
    child: Mutex<Option<Child>>,
}

impl Server {
    /// Starts the binary on a cluster.
    pub async fn start(folder: &Path, cluster: &Simulation) -> anyhow::Result<Self> {
        let kubeconfig = folder.join("kubeconfig");
        std::fs::write(&kubeconfig, cluster.kubeconfig())?;
        Self::begin(folder, Some(kubeconfig)).await
    }

    /// Starts the binary with a simulated cluster of its own, which dies with it.
    pub async fn start_alone(folder: &Path) -> anyhow::Result<Self> {
        Self::begin(folder, None).await
    }

    async fn begin(folder: &Path, kubeconfig: Option<PathBuf>) -> anyhow::Result<Self> {
        let port = tenure_test_link::port_to_come_back_to();
        let server = Self {
            url: format!("http://127.0.0.1:{port}"),
            port,
            data: folder.join("data"),
            kubeconfig,
            child: Mutex::new(None),
        };
        server.spawn()?;
        server.wait().await?;
        Ok(server)
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn spawn(&self) -> anyhow::Result<()> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenured"));
        command.args(["dev", "--listen", &format!("127.0.0.1:{}", self.port), "--data"]).arg(&self.data);
        if let Some(kubeconfig) = &self.kubeconfig {
            command.args(["--cluster", "kubeconfig"]).env("KUBECONFIG", kubeconfig);
        }
        let child = command
            .stdout(Stdio::null())
            .stderr(if std::env::var_os("TENURE_LOG").is_some() { Stdio::inherit() } else { Stdio::null() })
            .spawn()
            .context("the server's binary")?;
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        Ok(())
    }

    /// Waits until it answers.
    pub async fn wait(&self) -> anyhow::Result<()> {
        let client = Client::new(&self.url, "none")?;
        let since = Instant::now();
        while client.text("/healthz").await.is_err() {
            ensure!(since.elapsed() < START, "the server did not start");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Kill -9, and the next start at once.
    pub fn kill_and_start(&self) -> anyhow::Result<()> {
        self.kill()?;
        self.spawn()
    }

    /// Kill -9.
    pub fn kill(&self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// The first administrator's token.
    pub fn administrator(&self) -> anyhow::Result<String> {
        let text = std::fs::read_to_string(self.data.join("tokens.json"))?;
        let tokens: std::collections::BTreeMap<String, String> = serde_json::from_str(&text)?;
        tokens.get(tenured::dev::ADMINISTRATOR).cloned().context("the administrator's token")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that failed leaves no process behind.
        drop(self.kill());
    }
}
