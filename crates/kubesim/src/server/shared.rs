//! What all connections share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::log::Log;
use crate::status::{ApiError, Outcome};
use crate::world::World;

/// The world behind its lock, and who is told of changes.
#[derive(Debug)]
pub struct Shared {
    world: Mutex<World>,
    /// The newest resource version.
    pub changed: watch::Sender<u64>,
    /// How many writing requests have been committed.
    pub writes: watch::Sender<u64>,
    /// How many of them there may be before the next waits; `None` where nothing waits.
    allowed: watch::Sender<Option<u64>>,
    turn: tokio::sync::Mutex<()>,
    /// The newest version that the state file holds; `None` where there is no file.
    pub saved: watch::Sender<Option<u64>>,
    /// How many writing requests were asked for, without and with a dry run, whatever became of them.
    pub asked: (AtomicU64, AtomicU64),
    /// How often an object or a collection was read, watches left out.
    pub reads: AtomicU64,
    /// Whether watches are told nothing for now.
    pub held: watch::Sender<bool>,
    faults: Mutex<(u32, u16)>,
    refusing: AtomicBool,
    connections: Mutex<CancellationToken>,
    /// Cancelled when the simulation stops.
    pub stop: CancellationToken,
}

impl Shared {
    /// Around a world; `has_file` where a state file is kept.
    pub fn new(world: World, has_file: bool) -> Self {
        let version = world.version();
        let stop = CancellationToken::new();
        Self {
            world: Mutex::new(world),
            changed: watch::Sender::new(version),
            writes: watch::Sender::new(0),
            allowed: watch::Sender::new(None),
            turn: tokio::sync::Mutex::new(()),
            saved: watch::Sender::new(has_file.then_some(0)),
            asked: (AtomicU64::new(0), AtomicU64::new(0)),
            reads: AtomicU64::new(0),
            held: watch::Sender::new(false),
            faults: Mutex::new((0, 0)),
            refusing: AtomicBool::new(false),
            connections: Mutex::new(stop.child_token()),
            stop,
        }
    }

    /// The world. No request panics while it holds the lock, so a poisoned one is still whole.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a writing request; a dry run works on a copy.
    pub fn write<T>(&self, dry_run: bool, request: impl FnOnce(&mut World) -> Outcome<T>) -> Outcome<T> {
        let asked = if dry_run { &self.asked.1 } else { &self.asked.0 };
        asked.fetch_add(1, Ordering::Relaxed);
        let mut world = self.world();
        if dry_run {
            let mut copy = world.fork();
            drop(world);
            return request(&mut copy);
        }
        let before = world.version();
        let outcome = request(&mut world);
        let after = world.version();
        if after != before {
            self.writes.send_modify(|n| *n += 1);
            self.changed.send_replace(after);
        }
        outcome
    }

    /// Lets this many more writing requests change something; those after them wait. `None` lets all go on.
    pub fn allow(&self, more: Option<u64>) {
        self.allowed.send_replace(more.map(|more| *self.writes.borrow() + more));
    }

    /// Waits until a writing request may be done. Where writes are counted out, one is done at a time: what this returns
    /// ends when it is done.
    pub async fn turn(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let mut allowed = self.allowed.subscribe();
        loop {
            let turn = self.turn.lock().await;
            let limit = *allowed.borrow_and_update();
            match limit {
                None => return None,
                Some(limit) if *self.writes.borrow() < limit => return Some(turn),
                Some(_) => drop(turn),
            }
            // The sender lives as long as `self`.
            drop(allowed.changed().await);
        }
    }

    /// Waits until what is committed now is in the state file, where there is one, so that what was answered outlives
    /// a kill.
    pub async fn kept(&self) {
        let version = self.world().version();
        let mut saved = self.saved.subscribe();
        // The sender lives as long as `self`.
        drop(saved.wait_for(|saved| saved.is_none_or(|saved| saved >= version)).await);
    }

    /// Lets the controllers run; when they want to run again.
    pub fn settle(&self) -> Option<jiff::Timestamp> {
        let mut world = self.world();
        let before = world.version();
        let next = world.settle(crate::clock::now());
        if world.version() != before {
            self.changed.send_replace(world.version());
        }
        next
    }

    /// Forgets what changed: a watch that has not been told of it yet is to begin anew.
    pub fn forget_changes(&self) {
        let mut world = self.world();
        world.log = Log::new(world.version());
    }

    /// Has the next requests fail.
    pub fn fail_next(&self, count: u32, status: u16) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = (count, status);
    }

    /// The injected fault of this request, if it is to have one.
    pub fn fault(&self) -> Option<ApiError> {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.0 == 0 {
            return None;
        }
        faults.0 -= 1;
        Some(ApiError::injected(faults.1))
    }

    /// Drops all connections and takes no new ones, or takes them again.
    pub fn refuse(&self, yes: bool) {
        self.refusing.store(yes, Ordering::SeqCst);
        if yes {
            let mut token = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
            token.cancel();
            *token = self.stop.child_token();
        }
    }

    /// Whether connections are refused.
    pub fn refusing(&self) -> bool {
        self.refusing.load(Ordering::SeqCst)
    }

    /// Cancelled when a connection accepted now is to end.
    pub fn connection_token(&self) -> CancellationToken {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
