//! What is counted of the engine's parts. The instruments live here and are touched where the thing happens; what only
//! a look can tell is read when somebody asks ([`Engine::observe`]).

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::{Engine, EngineError};

type Seconds = Gauge<f64, AtomicU64>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pool {
    pool: &'static str,
}

/// The instruments of one engine.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub group: Histogram,
    pub commit: Histogram,
    queue: Gauge,
    pub batches: Counter,
    pub ledger_size: Gauge,
    backlog: Gauge,
    checkpoint_age: Seconds,
    due: Gauge,
    late: Seconds,
    pub fired: Counter,
    jobs: Gauge,
    pub jobs_failing: Gauge,
    pub passes: Counter,
    pub pass_failures: Counter,
    pending: Gauge,
    failing: Gauge,
    leader: Gauge,
    epoch: Gauge,
    open: Family<Pool, Gauge>,
    in_use: Family<Pool, Gauge>,
    /// When the engine was started, in seconds since 1970.
    pub started: i64,
    /// When the writer began the group it is at; none while it waits.
    pub writing_since: Mutex<Option<Instant>>,
    /// When the log was last extended, or the engine started.
    pub extended_at: Mutex<Instant>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            group: Histogram::new(exponential_buckets(1.0, 2.0, 8)),
            commit: Histogram::new(exponential_buckets(0.000_5, 2.0, 16)),
            queue: Gauge::default(),
            batches: Counter::default(),
            ledger_size: Gauge::default(),
            backlog: Gauge::default(),
            checkpoint_age: Seconds::default(),
            due: Gauge::default(),
            late: Seconds::default(),
            fired: Counter::default(),
            jobs: Gauge::default(),
            jobs_failing: Gauge::default(),
            passes: Counter::default(),
            pass_failures: Counter::default(),
            pending: Gauge::default(),
            failing: Gauge::default(),
            leader: Gauge::default(),
            epoch: Gauge::default(),
            open: Family::default(),
            in_use: Family::default(),
            started: crate::clock::machine_now().as_second(),
            writing_since: Mutex::new(None),
            extended_at: Mutex::new(Instant::now()),
        }
    }
}

/// A number as a gauge takes it.
pub(crate) fn number(n: impl TryInto<i64>) -> i64 {
    n.try_into().unwrap_or(i64::MAX)
}

/// Puts a value where others look.
pub(crate) fn note<T>(at: &Mutex<T>, value: T) {
    *at.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

/// The value that was put there.
pub(crate) fn noted<T: Clone>(at: &Mutex<T>) -> T {
    at.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Metrics {
    /// How long the writer is at the present group.
    pub fn writing_for(&self) -> Option<Duration> {
        noted(&self.writing_since).map(|since| since.elapsed())
    }
}

impl Engine {
    /// Adds the engine's instruments to a registry.
    pub fn register(&self, registry: &mut Registry) {
        let m = &self.inner.metrics;
        let of = registry.sub_registry_with_prefix("tenure_writer");
        of.register("group_submissions", "Submissions in one transaction", m.group.clone());
        of.register_with_unit(
            "group",
            "How long a transaction took, from its begin to its commit",
            Unit::Seconds,
            m.commit.clone(),
        );
        of.register("queue", "Submissions that wait for the writer", m.queue.clone());
        let of = registry.sub_registry_with_prefix("tenure_ledger");
        of.register("backlog", "Events that the log does not cover yet", m.backlog.clone());
        of.register("batches", "Batches that were integrated under one signature each", m.batches.clone());
        of.register("size", "Events that the last signed checkpoint covers", m.ledger_size.clone());
        of.register_with_unit(
            "checkpoint_age",
            "Since this server extended the log, or was started",
            Unit::Seconds,
            m.checkpoint_age.clone(),
        );
        let of = registry.sub_registry_with_prefix("tenure_timers");
        of.register("due", "Deadlines that are due and have not fired", m.due.clone());
        of.register_with_unit("late", "How late the earliest of them is", Unit::Seconds, m.late.clone());
        of.register("fired", "Deadlines that fired and had an effect", m.fired.clone());
        let of = registry.sub_registry_with_prefix("tenure_jobs");
        of.register("waiting", "Jobs on the list", m.jobs.clone());
        of.register("failing", "Jobs that failed and are tried again", m.jobs_failing.clone());
        let of = registry.sub_registry_with_prefix("tenure_reconciler");
        of.register("passes", "Looks at an account's environments", m.passes.clone());
        of.register("failures", "Looks that failed", m.pass_failures.clone());
        of.register("pending", "Accounts of which something is pending", m.pending.clone());
        of.register("failing", "Accounts whose last look failed", m.failing.clone());
        let of = registry.sub_registry_with_prefix("tenure_leader");
        of.register("here", "Whether this process leads: 1, or 0", m.leader.clone());
        of.register("epoch", "The epoch in which it leads, or led last", m.epoch.clone());
        let of = registry.sub_registry_with_prefix("tenure_store");
        of.register("connections", "Open connections to the database", m.open.clone());
        of.register("connections_in_use", "Connections in use", m.in_use.clone());
    }

    /// Brings up to date what only a look can tell.
    pub async fn observe(&self) -> Result<(), EngineError> {
        let inner = &self.inner;
        let m = &inner.metrics;
        m.queue.set(number(inner.tickets.max_capacity() - inner.tickets.capacity()));
        m.checkpoint_age.set(noted(&m.extended_at).elapsed().as_secs_f64());
        m.ledger_size.set(number(*inner.published.borrow()));
        let epoch = self.epoch();
        m.leader.set(epoch.is_some().into());
        if let Some(epoch) = epoch {
            m.epoch.set(epoch);
        }
        let (pending, failing) = inner.pokes.accounts.counts();
        m.pending.set(number(pending));
        m.failing.set(number(failing));
        for pool in inner.store.connections() {
            let label = Pool { pool: pool.pool };
            m.open.get_or_create(&label).set(pool.open.into());
            m.in_use.get_or_create(&label).set(pool.in_use.into());
        }
        let now = inner.clock.now().as_microsecond();
        let load = inner.store.load(now).await?;
        m.jobs.set(number(load.jobs));
        m.due.set(number(load.due));
        let late = load.earliest_due.map_or(0, |due| now.saturating_sub(due));
        m.late.set(Duration::from_micros(late.unsigned_abs()).as_secs_f64());
        let (_, backlog) = inner.store.backlog().await?;
        m.backlog.set(number(backlog));
        Ok(())
    }
}
