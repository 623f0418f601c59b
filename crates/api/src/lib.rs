//! REST and OpenAPI over the engine. No rule of law lives here: a handler reads the request, hands a submission to the
//! engine, and shows what came of it.

mod around;
mod call;
mod document;
mod limits;
mod page;
mod problem;
mod routes;
mod server;
mod submit;
mod views;

use tenure_engine::Engine;

pub use document::openapi;
pub use limits::Limits;
pub use routes::router;
pub use server::serve;

/// What handlers share.
#[derive(Clone)]
pub struct App {
    /// The engine.
    pub engine: Engine,
    /// What carries out workloads, in words: shown where a simulation must be told from a cluster.
    pub cluster: String,
}
