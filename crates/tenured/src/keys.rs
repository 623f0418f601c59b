//! The file of the key that signs the log: made, read, upgraded and replaced. Only its owner can read it.

use std::ffi::OsString;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tenure_engine::anchor::{Anchor as _, FileAnchor};
use tenure_engine::entropy::Entropy;
use tenure_engine::{LogKey, keys};
use tenure_store::Store;

/// The most bytes a key's file may have.
const MOST_BYTES: u64 = 4_096;

/// The anchor's file is called like the key's, with this in place of its ending.
const ANCHOR: &str = "anchor";

/// The log's anchor: the file beside the key.
pub fn anchor(key: &Path) -> FileAnchor {
    FileAnchor::new(&key.with_extension(ANCHOR))
}

/// Where a key waits that is about to take over.
fn next(key: &Path) -> PathBuf {
    ending(key, ".next")
}

/// The path with something more at its end.
fn ending(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    PathBuf::from(name)
}

/// Makes a new key in a new file. A file that is there is never replaced.
pub fn generate(path: &Path, origin: &str) -> anyhow::Result<LogKey> {
    let key = LogKey::new(origin, &Entropy::Machine.draw()?).with_context(|| {
        format!("{origin:?} cannot name a log: use a host and a path, such as tenure.example/log")
    })?;
    let folder = folder(path);
    let mode = fs::metadata(folder)
        .with_context(|| format!("the folder {}", folder.display()))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        bail!(
            "others can look into the folder {0}: run `chmod 700 {0}`, or name a file in another folder",
            folder.display()
        );
    }
    create(path, &key)?;
    Ok(key)
}

fn create(path: &Path, key: &LogKey) -> anyhow::Result<()> {
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(|| {
            format!("{} cannot be made; a key that is there is never replaced", path.display())
        })?;
    file.write_all(format!("{}\n", key.secret()?.reveal()).as_bytes())?;
    file.sync_all()?;
    sync_folder(path)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn sync_folder(path: &Path) -> anyhow::Result<()> {
    Ok(fs::File::open(folder(path))?.sync_all()?)
}

/// A key as its file has it.
struct Read {
    key: LogKey,
    /// Whether the file is of the first kind, which held the bare secret and knew of no anchor.
    bare: bool,
}

/// Reads a key for whoever only needs to know it.
pub fn read(path: &Path, origin: &str) -> anyhow::Result<LogKey> {
    Ok(read_file(path, origin)?.key)
}

/// Reads a key's file, once what it is and who can read it is in order. What is looked at is what is read.
fn read_file(path: &Path, origin: &str) -> anyhow::Result<Read> {
    let what = || format!("the log's key {}", path.display());
    let file = fs::File::open(path).with_context(what)?;
    let about = file.metadata().with_context(what)?;
    if !about.is_file() {
        bail!("{} is no file", what());
    }
    if about.mode() & 0o077 != 0 {
        bail!("{} can be read by others: run `chmod 600 {}`", what(), path.display());
    }
    let me = fs::metadata("/proc/self").map(|process| process.uid());
    if let Ok(me) = me
        && about.uid() != me
        && about.uid() != 0
    {
        bail!("{} belongs to somebody else: run `chown {me} {}`", what(), path.display());
    }
    let around = fs::metadata(folder(path)).with_context(what)?.mode();
    // In a folder with the sticky bit only owners replace files.
    if around & 0o022 != 0 && around & 0o1000 == 0 {
        bail!(
            "{}: others can replace files in its folder: run `chmod go-w {}`",
            what(),
            folder(path).display()
        );
    }
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text).with_context(what)?;
    let mut secret = [0; 32];
    if hex::decode_to_slice(text.trim(), &mut secret).is_ok() {
        return Ok(Read { key: LogKey::new(origin, &secret)?, bare: true });
    }
    let key = LogKey::parse(&text).with_context(what)?;
    Ok(Read { key, bare: false })
}

/// The key with which a server starts, made where there is none.
///
/// A file of the first kind is written anew in the present one; since that kind knew of no anchor, the head that the
/// database holds becomes the anchor first. A rotation that was cut off is finished.
pub async fn open(store: &Store, path: &Path, origin: &str) -> anyhow::Result<LogKey> {
    if !path.exists() {
        return generate(path, origin);
    }
    let Read { key, bare } = read_file(path, origin)?;
    if bare {
        let anchor = anchor(path);
        if let (None, Some((_, head))) = (anchor.read().await?, store.head().await?) {
            anchor.advance(None, &head).await?;
        }
        let part = ending(path, ".part");
        if part.exists() {
            fs::remove_file(&part)?;
        }
        create(&part, &key)?;
        fs::rename(&part, path)?;
        sync_folder(path)?;
    }
    if next(path).exists() {
        return Ok(rotate(store, path, origin).await?.0);
    }
    Ok(key)
}

/// Replaces the key by a new one, or finishes what an earlier call began: the new key, and the size from which on it
/// signs alone. The old one is kept beside it under the name that is returned. No server runs beside.
///
/// A new key waits in a file of its own; the record takes the change; then the file takes the old one's place. Cut off
/// anywhere, the next call or start goes on from what it finds.
pub async fn rotate(store: &Store, path: &Path, origin: &str) -> anyhow::Result<(LogKey, u64, PathBuf)> {
    let old = read(path, origin)?;
    let waiting = next(path);
    let new = if waiting.exists() {
        // Not finished writing: it never signed.
        match read(&waiting, origin) {
            Ok(new) => new,
            Err(_) if fs::metadata(&waiting)?.len() == 0 => {
                fs::remove_file(&waiting)?;
                generate(&waiting, &old.origin)?
            }
            Err(error) => return Err(error),
        }
    } else {
        generate(&waiting, &old.origin)?
    };
    let size = if new.verifier == old.verifier {
        // It died between the two names: the new key's file has both.
        bail!("{} and {} hold the same key: remove the second", path.display(), waiting.display());
    } else {
        keys::rotate(store, &old, &new, &anchor(path), &Entropy::Machine).await?
    };
    let kept = ending(path, &format!(".until-{size}"));
    if !kept.exists() {
        fs::hard_link(path, &kept).with_context(|| format!("{} cannot be kept", kept.display()))?;
    }
    fs::rename(&waiting, path)?;
    sync_folder(path)?;
    Ok((new, size, kept))
}
