//! Legal time: the one clock that decides deadlines. It never runs backwards, has the resolution of the record
//! (microseconds), and can be simulated. Time-outs and back-offs use operating time.
//!
//! A real legal clock follows the machine's clock as long as that agrees with the monotonic one. It trusts itself to no
//! jump: a reading that is off by more than [`BOUND`] puts the clock *in doubt*. Then nothing is fired and no period
//! begins until a person confirms what the machine's clock reads; meanwhile legal time goes on by the monotonic clock.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tenure_domain::book::Jump;

/// How far the machine's clock may be from where the monotonic one says it is. Above what a clock is set by when it is
/// kept in time (NTP steps fractions of a second, and slews the rest), far below what any deadline is about.
pub const BOUND: Duration = Duration::from_secs(30);

/// The part of elapsed time by which the trusted reading follows the machine's: 500 parts per million, the most by which
/// the kernel slews a clock for NTP (RFC 5905). Steps that are each below [`BOUND`] therefore still add up.
const SLEW_PART: i64 = 2_000;

/// How often the trusted reading follows, so that its share of the elapsed time is never rounded to nothing.
const FOLLOW: Duration = Duration::from_secs(1);

/// How long after the last moment on the record a start takes the machine's clock as it is. It is the least by which a
/// hardware clock that keeps local time is off.
pub const GAP: Duration = Duration::from_mins(30);

/// For how long a moment that was offered can be confirmed.
pub const OFFER: Duration = Duration::from_mins(10);

/// Where legal time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockKind {
    /// The machine's clock.
    Real,
    /// A clock that stands still until it is moved.
    Simulated,
}

/// Both clocks of a machine at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The machine's clock (wall clock), UTC.
    pub wall: Timestamp,
    /// How long the monotonic clock has run since some moment. It does not count while the machine is suspended, so
    /// that sleep shows as a jump forwards.
    pub monotonic: Duration,
}

/// Where a real clock reads the time.
pub trait TimeSource: fmt::Debug + Send + Sync {
    /// Both clocks, read together.
    fn read(&self) -> Reading;
}

/// The clocks of this machine.
#[derive(Debug)]
pub struct MachineTime(Instant);

impl Default for MachineTime {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl TimeSource for MachineTime {
    fn read(&self) -> Reading {
        // Where the process is stopped between the two readings they do not belong together; they are read again.
        let mut reading = self.once();
        for _ in 0..5 {
            if reading.1 < FOLLOW {
                break;
            }
            reading = self.once();
        }
        reading.0
    }
}

impl MachineTime {
    fn once(&self) -> (Reading, Duration) {
        let monotonic = self.0.elapsed();
        let wall = machine_now();
        (Reading { wall, monotonic }, self.0.elapsed().saturating_sub(monotonic))
    }
}

/// Why the machine's clock is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// How it came.
    pub jump: Jump,
    /// What the machine's clock read then.
    pub machine: Timestamp,
    /// What it should have read, as far as that is known.
    pub expected: Timestamp,
}

/// One look at the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The legal moment.
    pub now: Timestamp,
    /// What the machine's clock reads; the legal moment where it is simulated.
    pub machine: Timestamp,
    /// Why the machine's clock is not believed, where it is not.
    pub doubt: Option<Doubt>,
}

/// Why a moment cannot be confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConfirmed {
    /// Nothing is in doubt.
    #[error("the clock is not in doubt")]
    Trusted,
    /// The moment is not what the machine's clock has been reading since it was last set.
    #[error("the machine's clock reads {machine}, and {moment} was confirmed")]
    Another {
        /// What it reads now.
        machine: Timestamp,
        /// What was to be confirmed.
        moment: Timestamp,
    },
}

/// The legal clock.
#[derive(Debug)]
pub struct LegalClock(Kind);

#[derive(Debug)]
enum Kind {
    Real { source: Arc<dyn TimeSource>, state: Mutex<Real> },
    Simulated(AtomicI64),
}

/// A real clock as of its last look. Moments in microseconds UTC.
#[derive(Debug)]
struct Real {
    /// The latest legal moment given out.
    legal: i64,
    /// What the machine's clock is trusted to have read at `anchored`.
    trusted: i64,
    anchored: Duration,
    doubt: Option<Doubt>,
    /// Since when, by its own reading, the machine's clock has run without a further jump while it is in doubt.
    since: i64,
    last: Reading,
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn moment(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

impl Real {
    fn look(&mut self, reading: Reading) -> Look {
        let wall = reading.wall.as_microsecond();
        let bound = micros(BOUND);
        let elapsed = micros(reading.monotonic.saturating_sub(self.anchored));
        let expected = self.trusted.saturating_add(elapsed);
        let ahead = wall.saturating_sub(expected);
        if self.doubt.is_some() {
            let step = micros(reading.monotonic.saturating_sub(self.last.monotonic));
            let steady = self.last.wall.as_microsecond().saturating_add(step);
            if wall.abs_diff(steady) > bound.unsigned_abs() {
                self.since = wall;
            }
        } else if ahead.abs() > bound {
            let jump = if ahead > 0 { Jump::Forwards } else { Jump::Backwards };
            self.doubt = Some(Doubt { jump, machine: moment(wall), expected: moment(expected) });
            self.since = wall;
        }
        let latest = if self.doubt.is_some() {
            expected
        } else {
            if elapsed >= micros(FOLLOW) {
                let most = elapsed / SLEW_PART;
                self.trusted = expected.saturating_add(ahead.clamp(-most, most));
                self.anchored = reading.monotonic;
            }
            // Neither ahead of the machine's clock nor ahead of what it is trusted to read: late is allowed.
            expected.min(wall)
        };
        self.legal = self.legal.max(latest);
        self.last = reading;
        Look { now: moment(self.legal), machine: moment(wall), doubt: self.doubt.clone() }
    }

    fn check(&self, offered: Timestamp) -> Result<(), NotConfirmed> {
        if self.doubt.is_none() {
            return Err(NotConfirmed::Trusted);
        }
        let wall = self.last.wall.as_microsecond();
        let earliest = self.since.max(wall.saturating_sub(micros(OFFER)));
        // An offer is told in whole microseconds, and a person may round it to the second.
        let told = offered.as_microsecond();
        if told < earliest.saturating_sub(1_000_000) || told > wall {
            return Err(NotConfirmed::Another { machine: moment(wall), moment: offered });
        }
        Ok(())
    }
}

impl LegalClock {
    /// A real clock. Legal time begins at `least` or, where the machine's clock is trusted and later, there.
    ///
    /// `recorded` is the last moment that is on the record, `doubt` a doubt that nobody has dispelled. A machine's clock
    /// that is before the record by more than [`BOUND`], or after it by [`GAP`] or more, is in doubt from the start.
    pub fn real(
        source: Arc<dyn TimeSource>,
        least: Timestamp,
        recorded: Option<Timestamp>,
        doubt: Option<Doubt>,
    ) -> Self {
        let reading = source.read();
        let wall = reading.wall.as_microsecond();
        let doubt = doubt.or_else(|| {
            let expected = recorded?;
            let after = wall.saturating_sub(expected.as_microsecond());
            let jump = if after < -micros(BOUND) {
                Jump::BeforeRecord
            } else if after >= micros(GAP) {
                Jump::LongGap
            } else {
                return None;
            };
            Some(Doubt { jump, machine: moment(wall), expected })
        });
        let legal = recorded.map_or(least, |recorded| recorded.max(least)).as_microsecond();
        let trusted = if doubt.is_some() { legal } else { wall };
        let anchored = reading.monotonic;
        let state = Real { legal, trusted, anchored, doubt, since: wall, last: reading };
        Self(Kind::Real { source, state: Mutex::new(state) })
    }

    /// A clock that stands at `start`.
    pub fn simulated(start: Timestamp) -> Self {
        Self(Kind::Simulated(AtomicI64::new(start.as_microsecond())))
    }

    /// Which it is.
    pub fn kind(&self) -> ClockKind {
        match self.0 {
            Kind::Real { .. } => ClockKind::Real,
            Kind::Simulated(_) => ClockKind::Simulated,
        }
    }

    /// The legal moment, and whether it can be relied on. A jump is found by the very reading that it would spoil.
    pub fn look(&self) -> Look {
        match &self.0 {
            Kind::Real { source, state } => {
                let mut state = lock(state);
                let reading = source.read();
                state.look(reading)
            }
            Kind::Simulated(at) => {
                let now = moment(at.load(Ordering::SeqCst));
                Look { now, machine: now, doubt: None }
            }
        }
    }

    /// The legal moment.
    pub fn now(&self) -> Timestamp {
        self.look().now
    }

    /// Whether a moment that the machine's clock was seen to read can be confirmed.
    pub fn check(&self, offered: Timestamp) -> Result<(), NotConfirmed> {
        self.look();
        match &self.0 {
            Kind::Real { state, .. } => lock(state).check(offered),
            Kind::Simulated(_) => Err(NotConfirmed::Trusted),
        }
    }

    /// Trusts the machine's clock again, as it reads now. Where that is before the legal moment, legal time stands still
    /// until it is reached. Where it was set again since the moment was offered, that is a doubt anew.
    pub fn confirm(&self, offered: Timestamp) -> Result<(), NotConfirmed> {
        let checked = self.check(offered);
        if let Kind::Real { state, .. } = &self.0 {
            let mut state = lock(state);
            let (machine, expected) = (moment(state.last.wall.as_microsecond()), moment(state.legal));
            match (&checked, &mut state.doubt) {
                (Ok(()), _) => {
                    state.trusted = machine.as_microsecond();
                    state.anchored = state.last.monotonic;
                    state.doubt = None;
                }
                (Err(_), Some(doubt)) => *doubt = Doubt { jump: doubt.jump, machine, expected },
                (Err(_), None) => {}
            }
        }
        checked
    }

    /// Goes on from this moment, where it is later: it is on the record.
    pub fn at_least(&self, moment: Timestamp) {
        match &self.0 {
            Kind::Real { state, .. } => {
                let mut state = lock(state);
                state.legal = state.legal.max(moment.as_microsecond());
            }
            Kind::Simulated(at) => {
                at.fetch_max(moment.as_microsecond(), Ordering::SeqCst);
            }
        }
    }

    /// Takes over a doubt that another process put on the record, where this one has none of its own.
    pub fn doubt(&self, doubt: Doubt) {
        self.look();
        if let Kind::Real { state, .. } = &self.0 {
            let mut state = lock(state);
            if state.doubt.is_none() {
                state.since = state.last.wall.as_microsecond();
                state.doubt = Some(doubt);
            }
        }
    }

    /// Moves a simulated clock forwards; it never goes back, and a real one is not moved.
    pub fn advance_to(&self, moment: Timestamp) {
        if let Kind::Simulated(at) = &self.0 {
            at.fetch_max(moment.as_microsecond(), Ordering::SeqCst);
        }
    }
}

/// What the machine's clock reads. Legal time is not this.
#[expect(clippy::disallowed_methods, reason = "the one place where the machine's time is read")]
pub fn machine_now() -> Timestamp {
    Timestamp::now()
}

fn lock(state: &Mutex<Real>) -> MutexGuard<'_, Real> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
