//! `tenured migrate`, `verify`, `key`, `log`, `backup` and `restore`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secrecy::ExposeSecret as _;
use tenure_engine::entropy::Entropy;
use tenure_engine::verify::{Findings, verify};
use tenure_engine::{Adopted, EngineError, LEASE, LogRefusal, adopt, check_log};
use tenure_ledger::bundle::Receipt;
use tenure_store::{Contents, Location, Store};

use crate::config::{Config, DatabaseConfig};
use crate::{dev, keys};

/// An installation: where its database and its log's key are.
#[derive(Debug, Clone)]
pub struct Place {
    data: PathBuf,
    database: DatabaseConfig,
    /// The log's name, where the key's file does not say it.
    origin: String,
}

impl Place {
    /// That of `tenured dev`, by its data folder.
    pub fn of_dev(data: &Path) -> Self {
        let database = DatabaseConfig::File(data.join(dev::DATABASE));
        Self { data: data.to_owned(), database, origin: dev::ORIGIN.to_owned() }
    }

    /// That of `tenured serve`, by its configuration.
    pub fn configured(config: &Config) -> Self {
        let Config { data, database, origin, .. } = config;
        Self { data: data.clone(), database: database.clone(), origin: origin.clone() }
    }

    /// The key's file.
    pub fn key(&self) -> PathBuf {
        self.data.join(dev::KEY)
    }

    /// How the database is shown: without a password.
    pub fn shown(&self) -> String {
        self.database.shown()
    }

    fn location(&self) -> Location {
        match &self.database {
            DatabaseConfig::File(path) => Location::File(path.clone()),
            DatabaseConfig::Url(url) => Location::Url(url.expose_secret().to_owned()),
        }
    }

    /// Opens the database, making it where there is none, and brings it up to date.
    async fn open_or_make(&self) -> anyhow::Result<Store> {
        let opened = match &self.database {
            DatabaseConfig::File(path) => Store::open_file(path).await,
            DatabaseConfig::Url(url) => Store::open(url.expose_secret()).await,
        };
        opened.with_context(|| format!("the database {} cannot be opened", self.database.shown()))
    }

    /// Opens the database, which has to be there.
    async fn open(&self) -> anyhow::Result<Store> {
        self.find()?;
        self.open_or_make().await
    }

    fn find(&self) -> anyhow::Result<()> {
        match self.database.file() {
            Some(path) if !path.exists() => bail!(
                "{} is not there: name the folder that the server was started with (--data), or its configuration (--config)",
                path.display()
            ),
            _ => Ok(()),
        }
    }

    /// Opens the database and takes the lease, so that no server signs meanwhile.
    async fn open_alone(&self) -> anyhow::Result<Alone> {
        let store = self.open().await?;
        let taken = async {
            let seen = store.lease().await?;
            if !store.claim()? && !seen.holder.is_empty() {
                // One that died without a word left the lease as it is.
                tokio::time::sleep(LEASE + LEASE / 2).await;
            }
            let mut write = store.write().await?;
            let epoch = write.lead(&seen, "keeper").await?;
            write.commit().await?;
            epoch.context("a server runs on this database: stop it first")
        };
        match taken.await {
            Ok(epoch) => Ok(Alone { store, epoch }),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }
}

/// A database on which no server leads.
struct Alone {
    store: Store,
    epoch: i64,
}

impl Alone {
    async fn close(self) -> anyhow::Result<()> {
        let mut write = self.store.write().await?;
        write.step_down(self.epoch).await?;
        write.commit().await?;
        self.store.let_go();
        self.store.close().await;
        Ok(())
    }
}

/// Brings the database up to date, making it where there is none.
pub async fn migrate(place: &Place) -> anyhow::Result<()> {
    dev::make_private(&place.data)?;
    place.open_or_make().await?.close().await;
    Ok(())
}

/// Refolds all events of a data folder of `dev`.
pub async fn check(data: &Path) -> anyhow::Result<Findings> {
    check_at(&Place::of_dev(data)).await
}

/// Refolds all events and compares; compares the log with its anchor too.
pub async fn check_at(place: &Place) -> anyhow::Result<Findings> {
    let store = place.open().await?;
    let examined = examine(&store, place).await;
    store.close().await;
    let (mut findings, refusal) = examined?;
    findings.faults.extend(refusal.map(|refusal| refusal.to_string()));
    Ok(findings)
}

/// What comparing everything with the record finds, and why the log would not be extended, where it would not.
async fn examine(store: &Store, place: &Place) -> anyhow::Result<(Findings, Option<LogRefusal>)> {
    let key = keys::read(&place.key(), &place.origin)?;
    let findings = verify(store, &key.verifier).await?;
    match check_log(store, &key, &keys::anchor(&place.key())).await {
        Ok(()) => Ok((findings, None)),
        Err(EngineError::Log(refusal)) => Ok((findings, Some(refusal))),
        Err(error) => Err(error.into()),
    }
}

/// What `tenured key rotate` did.
#[derive(Debug)]
pub struct Rotated {
    /// The new verifier key.
    pub verifier: String,
    /// The size of the checkpoint that both keys signed.
    pub size: u64,
    /// Where the old key is kept.
    pub kept: PathBuf,
}

/// Replaces the log's key.
pub async fn rotate(place: &Place) -> anyhow::Result<Rotated> {
    let alone = place.open_alone().await?;
    let rotated = keys::rotate(&alone.store, &place.key(), &place.origin).await;
    alone.close().await?;
    let (key, size, kept) = rotated?;
    Ok(Rotated { verifier: key.verifier.to_string(), size, kept })
}

/// The rotations of the log so far.
pub async fn transitions(place: &Place) -> anyhow::Result<Vec<Receipt>> {
    let store = place.open().await?;
    let transitions = tenure_engine::keys::transitions(&store).await;
    store.close().await;
    Ok(transitions?)
}

/// Continues the log from what the database holds; none where nothing stands in the way.
pub async fn adopt_log(place: &Place, why: &str) -> anyhow::Result<Option<Adopted>> {
    if why.trim().is_empty() {
        bail!("the reason stands on the record: give one with --reason");
    }
    let key = keys::read(&place.key(), &place.origin)?;
    let alone = place.open_alone().await?;
    let adopted = adopt(&alone.store, &key, &keys::anchor(&place.key()), why, &Entropy::Machine).await;
    alone.close().await?;
    adopted.context("the log was not adopted")
}

/// Writes a backup into a new file, while the server runs.
pub async fn backup(place: &Place, out: &Path) -> anyhow::Result<Contents> {
    place.find()?;
    Ok(tenure_store::backup(&place.location(), out, env!("CARGO_PKG_VERSION")).await?)
}

/// What `tenured restore` found.
#[derive(Debug)]
pub struct Restored {
    /// What the backup held.
    pub contents: Contents,
    /// What comparing everything with the record found, and why the log is not extended until somebody decides, where
    /// that is so; none where no key is there to check the log's signature with.
    pub examined: Option<(Findings, Option<LogRefusal>)>,
}

/// Restores a backup into an empty database, and verifies it where the data folder holds the log's key.
pub async fn restore(place: &Place, from: &Path) -> anyhow::Result<Restored> {
    dev::make_private(&place.data)?;
    let contents = tenure_store::restore(from, &place.location()).await?;
    if !place.key().exists() {
        return Ok(Restored { contents, examined: None });
    }
    let store = place.open().await?;
    let examined = examine(&store, place).await;
    store.close().await;
    Ok(Restored { contents, examined: Some(examined?) })
}
