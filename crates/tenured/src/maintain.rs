//! `tenured migrate` and `tenured verify`.

use std::path::Path;

use anyhow::bail;
use tenure_engine::verify::{Findings, verify};

use crate::{dev, keys};

/// Brings the database of a data folder up to date, making it where there is none.
pub async fn migrate(data: &Path) -> anyhow::Result<()> {
    dev::make_private(data)?;
    let store = dev::open(data).await?;
    store.close().await;
    Ok(())
}

/// Refolds all events of a data folder and compares.
pub async fn check(data: &Path) -> anyhow::Result<Findings> {
    let database = data.join(dev::DATABASE);
    if !database.exists() {
        bail!(
            "{} holds no {}: name the folder that the server was started with (--data)",
            data.display(),
            dev::DATABASE
        );
    }
    let key = keys::read(&data.join(dev::KEY), dev::ORIGIN)?;
    let store = dev::open(data).await?;
    let findings = verify(&store, &key.verifier).await;
    store.close().await;
    Ok(findings?)
}
