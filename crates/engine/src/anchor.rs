//! The anchor: where the last signed head is kept outside the database, so that a database which lost or changed what
//! was signed is noticed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tenure_ledger::note;

/// Something that remembers the last signed head. The file beside the key is one; a witness (C2SP tlog-witness) can
/// be another, and has the same two operations.
#[async_trait]
pub trait Anchor: std::fmt::Debug + Send + Sync {
    /// The signed note of the last head that was kept; none where none ever was.
    async fn read(&self) -> Result<Option<String>, AnchorError>;

    /// Puts `to` in the place of `from`, durably, before it returns. Refused where it no longer holds `from`: then
    /// another writer is at work.
    async fn advance(&self, from: Option<&str>, to: &str) -> Result<(), AnchorError>;
}

/// Why the anchor does not answer, or does not take a head.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// The file cannot be read or written.
    #[error("the log's anchor {} cannot be {what}: nothing is signed until it can", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `read`, `written`.
        what: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// It holds another head than was read a moment ago.
    #[error("the log's anchor moved between reading and writing: another server signs with this key")]
    Moved,
}

/// An anchor in a file that only its owner can read: exactly the signed note, so that anybody's tools can check it.
///
/// A write goes to a file beside it, is synced, takes the old one's place in one step, and the folder is synced: a
/// crash leaves the old head or the new one. Writers of the same file wait for each other at a lock on the folder.
#[derive(Debug, Clone)]
pub struct FileAnchor {
    path: PathBuf,
}

impl FileAnchor {
    /// The anchor at this path; the file is made when the first head is kept.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a head, or none, in the place of whatever it holds: only for a person's explicit decision.
    pub async fn replace(&self, to: Option<&str>) -> Result<(), AnchorError> {
        let to = to.map(str::to_owned);
        self.blocking("written", move |path| {
            let folder = lock(&path)?;
            match to {
                Some(to) => write(&path, &folder, &to),
                None => match fs::remove_file(&path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                    _ => folder.sync_all(),
                },
            }
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(PathBuf) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, AnchorError> {
        let path = self.path.clone();
        let done = tokio::task::spawn_blocking(move || work(path)).await;
        done.unwrap_or_else(|error| Err(std::io::Error::other(error))).map_err(|source| AnchorError::Io {
            path: self.path.clone(),
            what,
            source,
        })
    }
}

#[async_trait]
impl Anchor for FileAnchor {
    async fn read(&self) -> Result<Option<String>, AnchorError> {
        self.blocking("read", |path| read(&path)).await
    }

    async fn advance(&self, from: Option<&str>, to: &str) -> Result<(), AnchorError> {
        let (from, to) = (from.map(str::to_owned), to.to_owned());
        let same = self
            .blocking("written", move |path| {
                let folder = lock(&path)?;
                let same = read(&path)? == from;
                if same {
                    write(&path, &folder, &to)?;
                }
                Ok(same)
            })
            .await?;
        if same { Ok(()) } else { Err(AnchorError::Moved) }
    }
}

/// What the file holds. Bytes that are no text are read as such that no note can have, so that whoever judges finds it
/// damaged.
fn read(path: &Path) -> std::io::Result<Option<String>> {
    let file = match fs::File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut bytes = Vec::new();
    file.take(note::MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The folder, locked until it is dropped.
fn lock(path: &Path) -> std::io::Result<fs::File> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = fs::File::open(folder)?;
    folder.lock()?;
    Ok(folder)
}

fn write(path: &Path, folder: &fs::File, note: &str) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(note.as_bytes())?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    folder.sync_all()
}
