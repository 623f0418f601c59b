//! The file in which objects persist between runs: one JSON document, replaced atomically.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kinds::by_resource;
use crate::world::{Key, Timing, World};

/// The format's version; a file of another one is refused, not guessed at.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct File {
    kubesim: u32,
    seed: u64,
    ids: u64,
    version: u64,
    objects: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    resource: String,
    object: Arc<Value>,
}

/// Why a saved state cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum PersistError {
    /// The file cannot be read or written.
    #[error("the simulated cluster's state {path}: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not one this build writes.
    #[error(
        "the simulated cluster's state {path} cannot be read ({why}); move it away to begin with an empty cluster"
    )]
    Format {
        /// Which file.
        path: String,
        /// What is wrong.
        why: String,
    },
}

fn io(path: &Path, source: std::io::Error) -> PersistError {
    PersistError::Io { path: path.display().to_string(), source }
}

/// Reads a saved world; `None` where there is no file yet.
pub fn load(path: &Path, timing: Timing) -> Result<Option<World>, PersistError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io(path, e)),
    };
    let format = |why: String| PersistError::Format { path: path.display().to_string(), why };
    let file: File = serde_json::from_slice(&bytes).map_err(|e| format(e.to_string()))?;
    if file.kubesim != FORMAT {
        return Err(format(format!("format {} instead of {FORMAT}", file.kubesim)));
    }
    let mut objects = Vec::with_capacity(file.objects.len());
    for entry in file.objects {
        let kind =
            by_resource(&entry.resource).ok_or_else(|| format(format!("unknown kind {}", entry.resource)))?;
        objects.push((Key::of(kind.resource, &entry.object), Arc::unwrap_or_clone(entry.object)));
    }
    Ok(Some(World::restored(file.seed, file.ids, file.version, objects, timing)))
}

/// A world's objects, ready to be written without holding the world.
#[derive(Debug)]
pub struct Snapshot(File);

/// Takes a snapshot; cheap, as objects are shared.
pub fn snapshot(world: &World) -> Snapshot {
    let (seed, ids) = world.id_state();
    let objects =
        world.all().map(|(k, o)| Entry { resource: k.resource.to_owned(), object: Arc::clone(o) }).collect();
    Snapshot(File { kubesim: FORMAT, seed, ids, version: world.version(), objects })
}

/// Writes a snapshot beside the file and renames it into place.
pub fn save(path: &Path, snapshot: &Snapshot) -> Result<(), PersistError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    let write = || {
        let mut file = std::io::BufWriter::new(std::fs::File::create(beside)?);
        serde_json::to_writer(&mut file, &snapshot.0)?;
        file.flush()?;
        file.get_ref().sync_all()?;
        std::fs::rename(beside, path)
    };
    write().map_err(|e| io(path, e))
}
