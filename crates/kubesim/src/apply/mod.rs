//! Server-side apply: who manages which field, and what an apply changes.

mod fields;
mod managers;
mod merge;
mod schema;

pub use managers::track_update;
pub use merge::{Applier, apply};
