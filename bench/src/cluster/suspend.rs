//! Suspending many accounts at once, suspending one after the other, and putting back what was there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::ResourceQuota;
use kube::Client;
use kube::api::{Api, WatchEvent, WatchParams};
use tenure_domain::account::Command;
use tenure_domain::account::measure::MeasureState;
use tenure_domain::authority::Authority;
use tenure_domain::capability::Preset;
use tenure_domain::name::AccountId;
use tenure_domain::scope::Scope;
use tenure_engine::kept::Kept;
use tenure_engine::submission::{Act, Submission};
use tokio::task::JoinHandle;

use super::ground::{Ground, namespace, owner};
use super::provision::provisioned;
use super::snapshot::{self, Snapshot};
use crate::Effort;
use crate::house::{House, IN_FLIGHT};
use crate::summary::{Figure, Samples, Unit};

/// How often is looked whether it is so.
const LOOK: Duration = Duration::from_millis(20);

/// How long is waited for all of it.
const PATIENCE: Duration = Duration::from_mins(10);

/// Within how many milliseconds a gate is to be effective, 99 of 100 times.
const GATE: f64 = 1_000.0;

/// Within how many milliseconds 1,000 accounts are to be suspended.
const MASS: f64 = 60_000.0;

/// Measures suspensions one by one, and of all accounts at once; then that all of it comes back.
pub async fn measure(ground: &Ground, effort: Effort) -> anyhow::Result<Vec<Figure>> {
    let (many, singles) = effort.of((1_000, 100), (6, 2));
    let accounts = ground.accounts("s", 0, many);
    provisioned(ground, &accounts).await?;
    ground.house.engine.settle().await?;
    let gates = Gates::watch(ground.client.clone()).await?;
    let before = snapshot::of(ground, &accounts).await?;

    // One after the other: what stands in the way of a gate is the server alone.
    let mut alone = Samples::default();
    for account in &accounts[..singles] {
        let asked = suspend(&ground.house, account).await?;
        until(async || Ok(gates.closed(account).is_some())).await?;
        alone.push_millis(gates.closed(account).context("it was closed")?.saturating_duration_since(asked));
        until(async || in_force(&ground.house, account).await).await?;
    }
    lift(ground, &accounts[..singles]).await?;
    ground.house.engine.settle().await?;
    gates.forget();

    let since = Instant::now();
    let asked: BTreeMap<&String, Instant> = futures_util::stream::iter(&accounts)
        .map(|account| async move { anyhow::Ok((account, suspend(&ground.house, account).await?)) })
        .buffer_unordered(IN_FLIGHT)
        .try_collect()
        .await?;
    for account in &accounts {
        until(async || in_force(&ground.house, account).await).await?;
    }
    let (mut all, mut together) = (Samples::default(), Samples::default());
    all.push_millis(since.elapsed());
    let mut last = Samples::default();
    for (account, asked) in asked {
        let closed = gates.closed(account).context("a measure in force has a gate")?;
        together.push_millis(closed.saturating_duration_since(asked));
        last.push_millis(closed.saturating_duration_since(since));
    }

    let mut lifting = Samples::default();
    lifting.push_millis(lift(ground, &accounts).await?);
    ground.house.engine.settle().await?;
    let after = snapshot::of(ground, &accounts).await?;
    let mut fidelity = Samples::default();
    fidelity.push(equal(&before, &after));
    let per_account = before.len() / accounts.len();
    Ok(vec![
        Figure::new(
            format!("gate effective after the measure is committed, {singles} accounts one by one: 99 of 100 within"),
            Unit::Millis,
            &only(alone.quantile(0.99)),
        )
        .at_most(GATE),
        Figure::new("the same: median", Unit::Millis, &alone),
        Figure::new(
            format!("suspension of {many} accounts, from the first request to the last receipt"),
            Unit::Millis,
            &all,
        )
        .at_most(MASS),
        Figure::new("the same: from the first request to the last gate", Unit::Millis, &only(last.quantile(1.0))),
        Figure::new("the same: from each commit to its gate, in the queue of all", Unit::Millis, &together),
        Figure::new(format!("their restoration, to the last receipt ({per_account} objects each)"), Unit::Millis, &lifting),
        Figure::new(
            format!("of their {} objects, equal after it (UID, labels, annotations, spec)", before.len()),
            Unit::Percent,
            &fidelity,
        )
        .at_least(100.0),
    ])
}

fn only(value: f64) -> Samples {
    let mut one = Samples::default();
    one.push(value);
    one
}

#[expect(clippy::cast_precision_loss, reason = "a count of objects")]
fn equal(before: &Snapshot, after: &Snapshot) -> f64 {
    let same = before.iter().filter(|(key, object)| after.get(*key) == Some(object)).count();
    same as f64 * 100.0 / before.len() as f64
}

pub async fn until(mut so: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let since = Instant::now();
    while !so().await? {
        ensure!(since.elapsed() < PATIENCE, "not after {} s", PATIENCE.as_secs());
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Suspends an account, as its holder wishes; when that was committed, from which moment on there is a permit.
pub async fn suspend(house: &House, account: &str) -> anyhow::Result<Instant> {
    let id: AccountId = account.parse()?;
    let mut kept = Kept::default();
    let why = house.engine.words(&mut kept, "We are moving house.")?;
    let ask = Command::AskMeasure { preset: Preset::Suspend, scope: Scope::Account, ends: None, why };
    house.submit(Submission::new(owner(&id), Act::Account(id, ask)).keeping(kept)).await?;
    Ok(Instant::now())
}

/// Whether the last measure is in force, with its receipt.
pub async fn in_force(house: &House, account: &str) -> anyhow::Result<bool> {
    let account = house.engine.account(&account.parse()?).await?;
    let last = account.measures.iter().next_back();
    Ok(last.is_some_and(|measure| matches!(measure.state, MeasureState::InForce { .. })))
}

/// Lifts what is in force in these accounts, and waits for the receipts of their restoration.
pub async fn lift(ground: &Ground, accounts: &[String]) -> anyhow::Result<Duration> {
    let house = &ground.house;
    let since = Instant::now();
    futures_util::stream::iter(accounts.iter().map(anyhow::Ok))
        .try_for_each_concurrent(IN_FLIGHT, |account| async move {
            let id: AccountId = account.parse()?;
            let state = house.engine.account(&id).await?;
            let measure = state.measures.iter().next_back().context("a measure")?.id.clone();
            let mut kept = Kept::default();
            let why = house.engine.words(&mut kept, "We are there.")?;
            let lift = Command::LiftUnder { measure, authority: Authority::AccountHolder, why };
            house.submit(Submission::new(owner(&id), Act::Account(id, lift)).keeping(kept)).await.map(drop)
        })
        .await?;
    for account in accounts {
        let id = account.parse()?;
        until(async || {
            let state = house.engine.account(&id).await?;
            Ok(state.measures.iter().all(|m| !m.awaits_restoration() && !m.is_effective()))
        })
        .await?;
    }
    Ok(since.elapsed())
}

/// When each gate was seen to be in effect, by a watch of its own: admission goes by the status of the quota.
struct Gates {
    seen: Arc<Mutex<BTreeMap<String, Instant>>>,
    watching: JoinHandle<()>,
}

impl Gates {
    async fn watch(client: Client) -> anyhow::Result<Self> {
        let api: Api<ResourceQuota> = Api::all(client);
        let only = "metadata.name=tenure-gate";
        let list = api.list_metadata(&kube::api::ListParams::default().fields(only)).await?;
        let mut version = list.metadata.resource_version.context("a list has a version")?;
        let seen: Arc<Mutex<BTreeMap<String, Instant>>> = Arc::default();
        let into = Arc::clone(&seen);
        let watching = tokio::spawn(async move {
            loop {
                let params = WatchParams::default().fields(only);
                let Ok(events) = api.watch(&params, &version).await else { continue };
                let mut events = std::pin::pin!(events);
                while let Some(Ok(event)) = events.next().await {
                    let (WatchEvent::Added(quota) | WatchEvent::Modified(quota)) = event else { continue };
                    let hard = quota.status.and_then(|status| status.hard).unwrap_or_default();
                    version = quota.metadata.resource_version.unwrap_or(version);
                    let Some(of) = quota.metadata.namespace else { continue };
                    if hard.get("pods").is_some_and(|pods| pods.0 == "0") {
                        let mut seen = into.lock().unwrap_or_else(PoisonError::into_inner);
                        seen.entry(of).or_insert_with(Instant::now);
                    }
                }
            }
        });
        Ok(Self { seen, watching })
    }

    fn closed(&self, account: &str) -> Option<Instant> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&namespace(account)).copied()
    }

    fn forget(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Drop for Gates {
    fn drop(&mut self) {
        self.watching.abort();
    }
}
