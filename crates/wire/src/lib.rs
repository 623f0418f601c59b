//! Request and response types of the HTTP API, shared by the server and the client.
//!
//! JSON with camelCase fields; times are RFC 3339 in UTC; requests refuse unknown fields.

pub mod cluster;
pub mod erasing;
pub mod hostname;
pub mod import;
pub mod legal;
pub mod moving;
pub mod parity;
pub mod plan;
pub mod problem;
pub mod request;
pub mod schema;
pub mod snapshot;
pub mod statement;
pub mod view;
pub mod webhook;
pub mod workload;

pub use problem::Problem;
