//! What keeps one environment as it should be, as the engine does: a pass on each change, and again while something
//! is pending.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use tenure_cluster::{Cluster, Enforcement, Environment, Keep as _, Observation, Repair, Restoration};
use tenure_cluster::{RestoreReport, StopReport};
use tenure_domain::name::MeasureId;
use tenure_domain::permit::Permit;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::world::{DEADLINE, Driver, Kept};

#[derive(Default)]
struct State {
    permits: Mutex<Arc<Vec<Permit>>>,
    last: Mutex<Option<Observation>>,
    errors: Mutex<Vec<String>>,
    repairs: Mutex<Vec<(Instant, Repair)>>,
    restored: Mutex<Option<RestoreReport>>,
    poke: Notify,
}

/// Runs until it is dropped.
pub struct Keeper {
    state: Arc<State>,
    tasks: JoinSet<()>,
}

impl Keeper {
    pub fn start(driver: &Driver<'_>) -> Self {
        let state = Arc::new(State::default());
        let mut tasks = JoinSet::new();
        let cluster = driver.cluster.clone();
        let (watched, namespace) = (Arc::clone(&state), driver.namespace());
        let changes = cluster.watch();
        tasks.spawn(async move {
            let mut changes = std::pin::pin!(changes);
            while let Some(name) = changes.next().await {
                if name == namespace {
                    watched.poke.notify_one();
                }
            }
        });
        let (environment, now) = (driver.environment(), driver.tenant.now);
        tasks.spawn(keep(Arc::clone(&state), cluster, environment, Arc::clone(&driver.kept), now));
        let keeper = Self { state, tasks };
        keeper.follow(driver);
        keeper
    }

    /// Ends it; a pass can be ended at any point.
    pub async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }

    /// Goes by the permits that there are now.
    pub fn follow(&self, driver: &Driver<'_>) {
        *self.state.permits.lock().unwrap() = Arc::new(driver.tenant.permits());
        self.state.poke.notify_one();
    }

    pub fn repairs(&self) -> Vec<(Instant, Repair)> {
        self.state.repairs.lock().unwrap().clone()
    }

    /// Waits until so many repairs of some kind were told.
    pub async fn repaired(&self, count: usize, of_that_kind: impl Fn(&Repair) -> bool) {
        let started = Instant::now();
        while self.repairs().iter().filter(|(_, repair)| of_that_kind(repair)).count() < count {
            assert!(started.elapsed() < DEADLINE, "not {count}: {:?} {:?}", self.repairs(), self.errors());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn errors(&self) -> Vec<String> {
        self.state.errors.lock().unwrap().clone()
    }

    /// Waits for something to be seen.
    pub async fn until<T>(&self, what: &str, seen: impl Fn(&Observation) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            let last = self.state.last.lock().unwrap().clone();
            if let Some(found) = last.as_ref().and_then(&seen) {
                return found;
            }
            assert!(started.elapsed() < DEADLINE, "{what} did not come about: {last:#?} {:?}", self.errors());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn confirmed(&self, measure: &MeasureId) -> StopReport {
        self.until("the stop", |seen| match seen.measures.get(measure) {
            Some(Enforcement::Confirmed(report)) => Some((**report).clone()),
            _ => None,
        })
        .await
    }

    /// Waits until the measure is pending for this reason; whether nothing can be seen of it.
    pub async fn pending(&self, measure: &MeasureId, because: &str) -> bool {
        self.until(because, |seen| match seen.measures.get(measure) {
            Some(Enforcement::Pending { why, unconfirmed }) if why.contains(because) => Some(*unconfirmed),
            _ => None,
        })
        .await
    }

    pub async fn restored(&self) -> RestoreReport {
        let started = Instant::now();
        loop {
            if let Some(report) = self.state.restored.lock().unwrap().take() {
                return report;
            }
            let last = || self.state.last.lock().unwrap().clone().map(|seen| seen.restoration);
            assert!(started.elapsed() < DEADLINE, "not restored: {:#?} {:?}", last(), self.errors());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn keep(
    state: Arc<State>,
    cluster: Cluster,
    environment: Environment,
    kept: Arc<Kept>,
    now: jiff::Timestamp,
) {
    loop {
        let permits = Arc::clone(&state.permits.lock().unwrap());
        let result = cluster.reconcile(&environment, &permits, kept.memory(), &*kept, now).await;
        let pause = match result {
            Ok(seen) => {
                kept.keep(&seen.memory).await.unwrap();
                let at = Instant::now();
                state.repairs.lock().unwrap().extend(seen.repairs.iter().map(|repair| (at, repair.clone())));
                if let Restoration::Restored(report) = &seen.restoration {
                    *state.restored.lock().unwrap() = Some(*report.clone());
                }
                let is_pending = seen.measures.values().any(|m| matches!(m, Enforcement::Pending { .. }))
                    || matches!(seen.restoration, Restoration::Pending { .. });
                *state.last.lock().unwrap() = Some(seen);
                if is_pending { Duration::from_millis(200) } else { Duration::from_mins(1) }
            }
            Err(error) => {
                *state.last.lock().unwrap() = None;
                state.errors.lock().unwrap().push(error.to_string());
                Duration::from_millis(500)
            }
        };
        let _ = tokio::time::timeout(pause, state.poke.notified()).await;
    }
}
