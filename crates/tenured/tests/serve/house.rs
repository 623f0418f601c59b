//! The real binary with a configuration of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take, on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A folder with a configuration.
pub struct House {
    pub folder: TempDir,
}

impl House {
    /// With these lines of YAML beside what is needed.
    pub fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let house = Self { folder };
        let text = format!(
            "data: {}\nlisten: 127.0.0.1:0\nledger: {{origin: tenure.example/log}}\nmetrics: {{listen: 127.0.0.1:0}}\n{more}\n",
            house.data().display()
        );
        std::fs::write(house.config(), text).unwrap();
        house
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("tenured.yaml")
    }

    pub fn command(&self, verb: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenured"));
        command.args(verb).arg("--config").arg(self.config());
        // What tells the tests where things are is none of the server's settings.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TENURE_")) {
            command.env_remove(name);
        }
        // What the machine's owner or the test run has set is not this house's.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TENURE_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// From now on everything is kept here.
    pub fn keep_data_in(&mut self, data: &Path) {
        let text = std::fs::read_to_string(self.config()).unwrap();
        let (_, rest) = text.split_once('\n').unwrap();
        std::fs::write(self.config(), format!("data: {}\n{rest}", data.display())).unwrap();
    }

    /// Takes the log's key of another folder, as all servers on one database have the same.
    pub fn share_key_of(&self, other: &Self) {
        tenured::dev::make_private(&self.data()).unwrap();
        std::fs::copy(other.data().join(tenured::dev::KEY), self.data().join(tenured::dev::KEY)).unwrap();
    }

    /// `tenured verify` on this database instead of the configured one.
    pub fn verify_at(&self, database: &str) -> Output {
        self.command(&["verify"]).env("TENURE_DATABASE_URL", database).output().unwrap()
    }

    pub fn run(&self, verb: &[&str]) -> Output {
        self.command(verb).output().unwrap()
    }

    /// The first administrator's token.
    pub fn bootstrap(&self) -> String {
        let output = self.run(&["bootstrap", "--person", "mara"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub fn serve(&self) -> Server {
        Server::start(self.command(&["serve"]))
    }
}

/// A server that runs.
pub struct Server {
    pub api: String,
    pub metrics: String,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (told, from) = (Arc::clone(&lines), child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines() {
                told.lock().unwrap().push(line.unwrap());
            }
        });
        let mut server = Self { api: String::new(), metrics: String::new(), child, lines };
        let serving = server.wait_for(|line| line["message"] == "serving");
        server.api = format!("http://{}", serving["api"].as_str().unwrap());
        server.metrics = format!("http://{}/metrics", serving["metrics"].as_str().unwrap());
        server
    }

    /// The lines of its log so far; each is a JSON object.
    pub fn log(&self) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect()
    }

    /// Waits until the log has a line like this.
    pub fn wait_for(&self, like: impl Fn(&Value) -> bool) -> Value {
        let since = Instant::now();
        loop {
            if let Some(line) = self.log().into_iter().find(|line| like(line)) {
                return line;
            }
            assert!(since.elapsed() < PATIENCE, "{:#?}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Its exit code, once it has ended.
    pub fn ended(&mut self) -> Option<i32> {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end: {:#?}", self.log());
    }

    pub fn address(&self) -> &str {
        self.api.trim_start_matches("http://")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that failed leaves no process behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub fn make_readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
}
