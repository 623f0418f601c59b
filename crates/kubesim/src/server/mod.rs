//! HTTP in front of the world: connections, the controllers' loop and the state file's.

mod answer;
mod handler;
mod path;
mod query;
mod read;
mod shared;
mod write;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::persist::{PersistError, load, save, snapshot};
use crate::world::{Timing, World};
use crate::{Options, clock, controllers};
use shared::Shared;

/// The most connections at a time.
const MAX_CONNECTIONS: usize = 512;
/// How long a client may take to send a request's head.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a simulation does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error(
        "the simulated cluster cannot listen on {address}: {source}; choose another address or stop what uses it"
    )]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The address is not loopback.
    #[error("the simulated cluster authenticates nobody and listens on loopback only, not on {address}")]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The saved state cannot be used.
    #[error(transparent)]
    State(#[from] PersistError),
}

/// A running simulation. Dropping it stops it without the last save; [`Simulation::stop`] saves first.
#[derive(Debug)]
pub struct Simulation {
    shared: Arc<Shared>,
    address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts a simulation on the current tokio runtime.
pub async fn start(options: Options) -> Result<Simulation, StartError> {
    let address = options.listen;
    if !address.ip().is_loopback() {
        return Err(StartError::NotLoopback { address });
    }
    let timing =
        Timing { quota_delay: options.quota_delay, pod_start: options.pod_start, pod_stop: options.pod_stop };
    let saved = match &options.state {
        Some(path) => load(path, timing)?,
        None => None,
    };
    let now = clock::now();
    let mut world = saved.unwrap_or_else(|| World::new(seed(now), timing));
    controllers::bootstrap(&mut world, now);
    world.settle(now);
    let listener =
        TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })?;
    let address = listener.local_addr().map_err(|source| StartError::Listen { address, source })?;
    let shared = Arc::new(Shared::new(world, options.state.is_some()));
    let mut tasks =
        vec![tokio::spawn(accept(listener, Arc::clone(&shared))), tokio::spawn(control(Arc::clone(&shared)))];
    if let Some(path) = options.state {
        tasks.push(tokio::spawn(keep(path, Arc::clone(&shared))));
    }
    Ok(Simulation { shared, address, tasks })
}

/// Uids of two simulations should differ; the time at which they began is different enough.
fn seed(now: jiff::Timestamp) -> u64 {
    u64::try_from(now.as_nanosecond().rem_euclid(i128::from(u64::MAX))).unwrap_or(1)
}

impl Simulation {
    /// The base URL, such as `http://127.0.0.1:41234`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A kubeconfig (YAML) that leads here; its context is `kubesim-simulation`.
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: kubesim-simulation\n\
             clusters:\n- name: kubesim-simulation\n  cluster:\n    server: {}\n\
             users:\n- name: kubesim-simulated-user\n  user: {{}}\n\
             contexts:\n- name: kubesim-simulation\n  context:\n    cluster: kubesim-simulation\n    user: kubesim-simulated-user\n",
            self.url()
        )
    }

    /// How many writing requests were asked for that could persist something, and how many with a dry run, whatever
    /// became of them. A test can see that a rehearsal asked for nothing else.
    pub fn asked(&self) -> (u64, u64) {
        let count = |of: &std::sync::atomic::AtomicU64| of.load(std::sync::atomic::Ordering::Relaxed);
        (count(&self.shared.asked.0), count(&self.shared.asked.1))
    }

    /// How often an object, or a page of a collection, was read; watches and what the server says of itself do not count. A
    /// test can see that a client knew already.
    pub fn reads(&self) -> u64 {
        self.shared.reads.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Tells watches nothing, until called with `false`; they stay open. A test can act behind the back of a client.
    pub fn hold_watches(&self, yes: bool) {
        self.shared.held.send_replace(yes);
    }

    /// Forgets what changed so far: a watch that was not told of all of it gets 410 and has to list anew.
    pub fn forget_changes(&self) {
        self.shared.forget_changes();
    }

    /// How many writing requests have changed something so far (dry runs, refusals and applies that change nothing do
    /// not count, nor does what controllers write). A test can kill a client after the k-th.
    pub fn writes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.shared.writes.subscribe()
    }

    /// Lets `more` writing requests change something, as [`Self::writes`] counts them; whatever writes after them waits,
    /// its connection open. `None` lets all go on. A test can kill a client after each of its writes and miss none.
    pub fn allow_writes(&self, more: Option<u64>) {
        self.shared.allow(more);
    }

    /// The next `n` requests of whatever kind get this HTTP status and do nothing.
    pub fn fail_next(&self, n: u32, status: u16) {
        self.shared.fail_next(n, status);
    }

    /// Ends all connections and closes new ones at once, until called with `false`.
    pub fn refuse_connections(&self, yes: bool) {
        self.shared.refuse(yes);
    }

    /// Stops, and writes the state file if there is one.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        for task in self.tasks.drain(..) {
            if let Err(error) = task.await {
                tracing::warn!(%error, "kubesim: a task ended badly");
            }
        }
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let router = Router::new().fallback(handler::handle).with_state(Arc::clone(&shared));
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let stream = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "kubesim: accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        if shared.refusing() {
            continue;
        }
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
        let (router, shared) = (router.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            serve(stream, router, &shared).await;
            drop(slot);
        });
    }
}

async fn serve(stream: TcpStream, router: Router, shared: &Shared) {
    let token = shared.connection_token();
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "kubesim: no TCP_NODELAY");
    }
    let service = TowerToHyperService::new(router);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = token.cancelled() => {}
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%error, "kubesim: a connection ended");
        },
    }
}

/// Runs the controllers after every change, and when they asked for it.
async fn control(shared: Arc<Shared>) {
    let mut changed = shared.changed.subscribe();
    loop {
        let next = shared.settle();
        let wait = next.map(|at| {
            let left = at.duration_since(clock::now());
            Duration::try_from(left).unwrap_or_default() + Duration::from_millis(1)
        });
        let timer = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = timer => {}
            told = changed.changed() => if told.is_err() { return },
        }
    }
}

/// Writes the state file after changes, and once more at the end.
async fn keep(path: PathBuf, shared: Arc<Shared>) {
    let mut changed = shared.changed.subscribe();
    changed.mark_changed();
    loop {
        let stopping = tokio::select! {
            () = shared.stop.cancelled() => true,
            told = changed.changed() => told.is_err(),
        };
        changed.mark_unchanged();
        // What changes while one state is written gathers for the next.
        let (taken, version) = {
            let world = shared.world();
            (snapshot(&world), world.version())
        };
        let target = path.clone();
        match tokio::task::spawn_blocking(move || save(&target, &taken)).await {
            Ok(Ok(())) => {}
            // Whoever waits is answered all the same: a simulation that cannot be saved still simulates.
            Ok(Err(error)) => tracing::error!(%error, "kubesim: the state is not saved"),
            Err(error) => tracing::error!(%error, "kubesim: saving ended badly"),
        }
        shared.saved.send_replace(Some(version));
        if stopping {
            return;
        }
    }
}
