//! A small simulated Kubernetes API server, for development without a cluster and for fast tests.
//!
//! It speaks the Kubernetes API over plain HTTP on loopback, well enough for kube-rs and kubectl: discovery, watch,
//! server-side apply, quotas, namespaces that end, Deployments whose pods become ready. Nothing runs. It says that it is a simulation
//! wherever it shows: in its version, its `Server` header, its node, its pages and its kubeconfig.
//!
//! [`start`] gives a [`Simulation`]; everything it does is one pure `World` behind a lock:
//!
//! - `kinds`: the one table of kinds,
//! - `access`: who a caller is, and what roles give,
//! - `requests`: what each write does, with `admission`, `defaults`, `validate`, `apply` and `patch`,
//! - `controllers`: what follows from it,
//! - `server`: HTTP, and nothing else.
//!
//! Known limits: whoever shows no token may do everything, and an apply that creates asks for `patch` alone; bodies are JSON, so `kubectl apply -f`, `create -f`, `run`, `patch`, `scale` and
//! `delete` work and `kubectl create KIND`, which sends protobuf, does not; unknown fields are kept and not reported; the merge rules of lists
//! come from one table over field names; an apply on `scale` is a merge patch; a strategic merge patch knows keyed
//! lists, `$patch: delete` and `$patch: replace` only; DaemonSet, CronJob, HorizontalPodAutoscaler and PodDisruptionBudget
//! are stored and do nothing; a StatefulSet's pods of an older version are all replaced at once, and a pod of a Job ends
//! only when someone writes its status; quota scopes other than priority classes are ignored; ReplicaSets adopt no pods.

mod access;
mod admission;
mod apply;
mod clock;
mod controllers;
mod defaults;
mod discovery;
mod kinds;
mod log;
mod object;
mod patch;
mod persist;
mod proxy;
mod quantity;
mod requests;
mod selectors;
mod server;
mod status;
mod table;
mod validate;
mod world;

pub use persist::PersistError;
pub use server::{Simulation, StartError, start};

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// How a simulation is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen. Loopback only: it authenticates nobody. Default 127.0.0.1 and any free port.
    pub listen: SocketAddr,
    /// The file in which objects persist between runs; `None` keeps them in memory only.
    /// A write is answered when it is there, so that a kill loses nothing that was answered.
    pub state: Option<PathBuf>,
    /// How long the simulated quota controller takes to fill a new `ResourceQuota`'s `status.hard`. Default 300 ms.
    pub quota_delay: Duration,
    /// How long a new pod takes to be Running and Ready. Default 20 ms.
    pub pod_start: Duration,
    /// How long a deleted pod takes to be gone, at most its grace period. Default 20 ms.
    pub pod_stop: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            state: None,
            quota_delay: Duration::from_millis(300),
            pod_start: Duration::from_millis(20),
            pod_stop: Duration::from_millis(20),
        }
    }
}
