//! What a request does to the world. Pure: the HTTP layer reads requests and writes answers, nothing else.

mod create;
mod delete;
mod scale;
mod update;

pub use create::{create, from_template, is_ready, owner_reference};
pub use delete::{DeleteOptions, Deleted, Propagation, delete, finish_if_done};
pub use scale::{read_scale, write_scale};
pub use update::{Patch, commit, patch, replace};

use jiff::Timestamp;

use crate::kinds::Kind;

/// Who writes, where and when.
#[derive(Debug, Clone)]
pub struct Writer {
    /// The field manager.
    pub manager: String,
    /// `status`, `finalize`, `scale`, or empty for the object itself.
    pub subresource: String,
    /// Now.
    pub now: Timestamp,
}

impl Writer {
    /// A controller of the simulation.
    pub fn controller(name: &str, now: Timestamp) -> Self {
        Self { manager: name.to_owned(), subresource: String::new(), now }
    }
}

/// Which object a request names.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its kind.
    pub kind: &'static Kind,
    /// Empty for cluster-wide kinds.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Target {
    /// Where the object is.
    pub fn key(&self) -> crate::world::Key {
        crate::world::Key::new(self.kind.resource, &self.namespace, &self.name)
    }
}
