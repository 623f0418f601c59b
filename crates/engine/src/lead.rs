//! Leadership: of all processes on one database, one fires timers, does jobs, extends the log and moves clusters.
//!
//! The lease is a row: an epoch, and a beat that everything a leader writes raises. Nobody compares clocks. Whoever
//! sees the beat stand still for a whole lease, by its own monotonic clock, begins the next epoch; every write of the
//! leader before then fails, because it names its own epoch in the transaction itself. A leader that could not renew
//! for a lease ends its parts by itself. What a leader did outside of the database, a file or a request to a cluster,
//! can be repeated without harm, and its successor looks at everything anew.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use tenure_store::{Lease, StoreError, Write};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine::{PARTS_END, end};
use crate::inner::Inner;
use crate::{EngineError, catch_up, jobs, reconcile, sequencer, timers, webhooks};

/// How long a leader's silence is waited for, where the settings name no other time. Operating time.
pub const LEASE: Duration = Duration::from_secs(5);

/// How often a leader renews in a lease.
const RENEWALS: u32 = 5;

/// How often in a lease is looked whether the leader is alive.
const LOOKS: u32 = 10;

/// How often a process that has not led yet looks whether whoever led before is gone.
const GONE: Duration = Duration::from_millis(20);

/// The epoch in which this process leads, while it does.
#[derive(Debug, Default)]
pub(crate) struct Lead {
    epoch: watch::Sender<Option<i64>>,
}

impl Lead {
    /// The epoch that everything written as the leader depends on.
    pub fn epoch(&self) -> Result<i64, EngineError> {
        self.epoch.borrow().ok_or(EngineError::NotLeading)
    }

    pub fn changes(&self) -> watch::Receiver<Option<i64>> {
        self.epoch.subscribe()
    }

    pub fn begin(&self, epoch: i64) {
        self.epoch.send_replace(Some(epoch));
    }

    pub fn end(&self) {
        self.epoch.send_replace(None);
    }
}

impl Inner {
    /// Begins a write that fails where another process leads by now.
    pub async fn write_as_leader(&self) -> Result<Write, EngineError> {
        self.write_in(self.lead.epoch()?).await
    }

    /// The same with an epoch that nobody here knows of yet.
    pub async fn write_in(&self, epoch: i64) -> Result<Write, EngineError> {
        let mut write = self.store.write().await?;
        write.fence(epoch).await?;
        Ok(write)
    }
}

/// Leads whenever it can, until the engine stops. `first` is the epoch that was begun already.
pub(crate) async fn run(inner: Arc<Inner>, lease: Duration, first: Option<i64>) {
    let mut first = first;
    let mut has_led = false;
    loop {
        let epoch = if let Some(epoch) = first.take() {
            epoch
        } else {
            let Some(epoch) = campaign(&inner, lease, has_led).await else { return };
            has_led = true;
            // Before anything is fired: what is due is what the accounts say is due.
            if let Err(error) = catch_up::run(&inner, epoch).await {
                tracing::error!(
                    epoch, %error, source = ?error.source(),
                    "what an earlier version left out cannot be made up; it will be tried again in the next epoch"
                );
                continue;
            }
            epoch
        };
        has_led = true;
        let since = Instant::now();
        tracing::info!(epoch, "this process leads");
        inner.lead.begin(epoch);
        if let Err(error) = jobs::try_again(&inner).await {
            tracing::warn!(%error, "deliveries that failed wait for their moment");
        }
        let over = inner.stopping.child_token();
        let mut parts = start(&inner, &over);
        hold(&inner, epoch, lease, since).await;
        over.cancel();
        end(&mut parts, PARTS_END).await;
        if inner.stopping.is_cancelled() {
            return;
        }
        inner.lead.end();
        inner.store.let_go();
        tracing::warn!(epoch, "this process leads no more");
    }
}

fn start(inner: &Arc<Inner>, over: &CancellationToken) -> JoinSet<()> {
    let mut parts = JoinSet::new();
    parts.spawn(sequencer::run(Arc::clone(inner), over.clone()));
    parts.spawn(jobs::run(Arc::clone(inner), over.clone()));
    parts.spawn(timers::run(Arc::clone(inner), over.clone()));
    parts.spawn(webhooks::run(Arc::clone(inner), over.clone()));
    if inner.has_cluster {
        parts.spawn(reconcile::run(Arc::clone(inner), over.clone()));
    }
    parts
}

/// Waits until nobody else leads; none when the engine stops.
async fn campaign(inner: &Inner, lease: Duration, has_led: bool) -> Option<i64> {
    let mut seen: Option<(Lease, Instant)> = None;
    let mut failing = false;
    loop {
        let looked = look(inner, lease, has_led, &mut seen).await;
        match looked {
            Ok(Some(epoch)) => return Some(epoch),
            Ok(None) => failing = false,
            Err(error) => {
                seen = None;
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, source = ?std::error::Error::source(&error), "the lease cannot be read");
                }
            }
        }
        let pause = if has_led { lease / LOOKS } else { GONE.min(lease / LOOKS) };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = inner.stopping.cancelled() => return None,
        }
    }
}

/// One look at the lease; the new epoch, where one could be begun.
async fn look(
    inner: &Inner,
    lease: Duration,
    has_led: bool,
    seen: &mut Option<(Lease, Instant)>,
) -> Result<Option<i64>, StoreError> {
    // The moment before the question: what stood still since then stood still for longer.
    let now = Instant::now();
    let current = inner.store.lease().await?;
    let still = match seen {
        Some((before, since)) if *before == current => since.elapsed() >= lease,
        _ => {
            *seen = Some((current.clone(), now));
            false
        }
    };
    if still || (!has_led && inner.store.claim()?) || current.holder.is_empty() {
        return begin(inner, &current).await;
    }
    Ok(None)
}

async fn begin(inner: &Inner, seen: &Lease) -> Result<Option<i64>, StoreError> {
    let mut write = inner.store.write().await?;
    let epoch = write.lead(seen, &inner.name).await?;
    write.commit().await?;
    Ok(epoch)
}

/// Begins an epoch at once, where nobody leads for certain.
pub(crate) async fn at_once(inner: &Inner) -> Result<Option<i64>, StoreError> {
    let seen = inner.store.lease().await?;
    if inner.store.claim()? || seen.holder.is_empty() { begin(inner, &seen).await } else { Ok(None) }
}

/// Renews the lease until it is lost, or the engine stops. `renewed` is when it was surely ours last.
async fn hold(inner: &Inner, epoch: i64, lease: Duration, mut renewed: Instant) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(lease / RENEWALS) => {}
            () = inner.stopping.cancelled() => return,
        }
        let asked = Instant::now();
        let patience = lease.saturating_sub(renewed.elapsed());
        match tokio::time::timeout(patience, renew(inner, epoch)).await {
            Ok(Ok(())) => renewed = asked,
            Ok(Err(StoreError::Fenced { .. })) => return,
            Ok(Err(error)) => tracing::warn!(epoch, %error, "the lease could not be renewed"),
            Err(_) => {}
        }
        if renewed.elapsed() >= lease {
            return;
        }
    }
}

async fn renew(inner: &Inner, epoch: i64) -> Result<(), StoreError> {
    let mut write = inner.store.write().await?;
    write.fence(epoch).await?;
    write.commit().await?;
    // Where the leader before still stood with the lock when this epoch began.
    inner.store.claim()?;
    Ok(())
}

/// Ends the epoch, so that another process leads at once.
pub(crate) async fn step_down(inner: &Inner) -> Result<(), StoreError> {
    if let Ok(epoch) = inner.lead.epoch() {
        let mut write = inner.store.write().await?;
        write.step_down(epoch).await?;
        write.commit().await?;
        inner.lead.end();
    }
    inner.store.let_go();
    Ok(())
}
