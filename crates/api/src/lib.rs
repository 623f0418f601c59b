//! REST and OpenAPI over the engine. No rule of law lives here: a handler reads the request, hands a submission to the
//! engine, and shows what came of it.

mod around;
mod bounds;
mod call;
mod digest;
mod document;
mod limits;
mod page;
mod problem;
mod routes;
mod server;
mod submit;
mod telemetry;
mod views;

use tenure_engine::Engine;
use tokio_util::sync::CancellationToken;

pub use document::openapi;
pub use limits::{Limits, Rate};
pub use routes::router;
pub use server::serve;
pub use telemetry::{Telemetry, metrics};

/// What handlers share.
#[derive(Clone)]
pub struct App {
    /// The engine.
    pub engine: Engine,
    /// What carries out workloads, in words: shown where a simulation must be told from a cluster.
    pub cluster: String,
    /// The bounds of requests.
    pub limits: Limits,
    /// What is counted of requests.
    pub telemetry: Telemetry,
    /// Cancelled when the server is about to stop: it still serves, says that it is not ready, and closes each
    /// connection after its answer.
    pub draining: CancellationToken,
}

impl App {
    /// What handlers share, with nothing counted yet.
    pub fn new(engine: Engine, cluster: String, limits: Limits) -> Self {
        let (telemetry, draining) = (Telemetry::default(), CancellationToken::new());
        Self { engine, cluster, limits, telemetry, draining }
    }
}
