//! Legal time: the one clock that decides deadlines. It never runs backwards, has the resolution of the record
//! (microseconds), and can be simulated. Time-outs and back-offs use operating time instead.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Where legal time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockKind {
    /// The machine's clock.
    Real,
    /// A clock that stands still until it is moved.
    Simulated,
}

/// The legal clock.
#[derive(Debug)]
pub struct LegalClock {
    kind: ClockKind,
    /// The latest moment given out, in microseconds UTC.
    latest: AtomicI64,
}

impl LegalClock {
    /// The machine's clock, never before `least`.
    pub fn real(least: Timestamp) -> Self {
        Self { kind: ClockKind::Real, latest: AtomicI64::new(least.as_microsecond()) }
    }

    /// A clock that stands at `start`.
    pub fn simulated(start: Timestamp) -> Self {
        Self { kind: ClockKind::Simulated, latest: AtomicI64::new(start.as_microsecond()) }
    }

    /// Which it is.
    pub fn kind(&self) -> ClockKind {
        self.kind
    }

    /// The legal moment.
    pub fn now(&self) -> Timestamp {
        let latest = match self.kind {
            ClockKind::Real => {
                let machine = machine_now();
                self.latest.fetch_max(machine, Ordering::SeqCst).max(machine)
            }
            ClockKind::Simulated => self.latest.load(Ordering::SeqCst),
        };
        Timestamp::from_microsecond(latest).unwrap_or(Timestamp::MAX)
    }

    /// Goes on from this moment, where it is later: it is on the record.
    pub fn at_least(&self, moment: Timestamp) {
        self.latest.fetch_max(moment.as_microsecond(), Ordering::SeqCst);
    }

    /// Moves a simulated clock forwards; it never goes back, and a real one is not moved.
    pub fn advance_to(&self, moment: Timestamp) {
        if self.kind == ClockKind::Simulated {
            self.latest.fetch_max(moment.as_microsecond(), Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the machine's time becomes legal time")]
pub(crate) fn machine_now() -> i64 {
    Timestamp::now().as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_time_never_runs_backwards() {
        let start: Timestamp = "2021-01-09T19:00:00Z".parse().unwrap();
        let clock = LegalClock::simulated(start);
        clock.advance_to("2020-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(clock.now(), start);
        let future: Timestamp = "2999-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(LegalClock::real(future).now(), future);
    }
}
