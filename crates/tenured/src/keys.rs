//! The key that signs the log, in a file that only its owner can read.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use tenure_engine::LogKey;
use tenure_engine::entropy::Entropy;

/// Reads the key, or makes one where there is none.
pub fn log_key(path: &Path, origin: &str) -> anyhow::Result<LogKey> {
    if !path.exists() {
        let secret = Entropy::Machine.draw()?;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("the log's key could not be written to {}", path.display()))?;
        file.write_all(hex::encode(secret).as_bytes())?;
        file.sync_all()?;
    }
    read(path, origin)
}

/// Reads the key.
pub fn read(path: &Path, origin: &str) -> anyhow::Result<LogKey> {
    let what = || format!("the log's key {}", path.display());
    let mode = fs::metadata(path).with_context(what)?.permissions().mode() & 0o077;
    if mode != 0 {
        bail!("{} can be read by others: run `chmod 600 {}`", what(), path.display());
    }
    let text = fs::read_to_string(path).with_context(what)?;
    let mut secret = [0; 32];
    hex::decode_to_slice(text.trim(), &mut secret)
        .with_context(|| format!("{} is not 64 hexadecimal digits", what()))?;
    Ok(LogKey::new(origin, &secret)?)
}
