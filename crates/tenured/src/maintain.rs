//! `tenured migrate` and `tenured verify`.

use std::path::Path;

use anyhow::bail;
use tenure_engine::LogKey;
use tenure_engine::verify::{Findings, verify};
use tenure_store::Store;

use crate::config::Config;
use crate::{dev, installation, keys};

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
    look(dev::open(data).await?, &key).await
}

/// Brings the database of a configuration up to date, making it where there is none.
pub async fn migrate_configured(config: &Config) -> anyhow::Result<()> {
    dev::make_private(&config.data)?;
    installation::open(config).await?.close().await;
    Ok(())
}

/// Refolds all events of a configuration's database and compares.
pub async fn check_configured(config: &Config) -> anyhow::Result<Findings> {
    if let Some(path) = config.database.file()
        && !path.exists()
    {
        bail!("{} is not there: name the configuration that the server was started with", path.display());
    }
    let key = keys::read(&config.key_file(), &config.origin)?;
    look(installation::open(config).await?, &key).await
}

async fn look(store: Store, key: &LogKey) -> anyhow::Result<Findings> {
    let findings = verify(&store, &key.verifier).await;
    store.close().await;
    Ok(findings?)
}
