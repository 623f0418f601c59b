//! `tenured migrate` and `tenured verify`.

use std::path::Path;

use anyhow::{Context as _, bail};
use tenure_engine::verify::{Findings, verify};
use tenure_store::Store;

use crate::{dev, keys};

/// Brings the database of a data folder up to date, making it where there is none.
pub async fn migrate(data: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(data).with_context(|| format!("the folder {} could not be made", data.display()))?;
    let store = Store::open_file(&data.join(dev::DATABASE)).await?;
    store.close().await;
    Ok(())
}

/// Refolds all events of a data folder and compares.
pub async fn check(data: &Path) -> anyhow::Result<Findings> {
    let database = data.join(dev::DATABASE);
    if !database.exists() {
        bail!("{} holds no {}: name the folder that the server was started with (--data)", data.display(), dev::DATABASE);
    }
    let key = keys::read(&data.join(dev::KEY), dev::ORIGIN)?;
    let store = Store::open_file(&database).await?;
    let findings = verify(&store, &key.verifier).await;
    store.close().await;
    Ok(findings?)
}
