//! What failed, and when it is tried again. Operating time.
//!
//! Whoever works through a list skips what still waits, so that one failure never holds up the rest.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// The pause after the first failure, doubled after each further one.
const FIRST: Duration = Duration::from_millis(250);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Failure {
    times: u32,
    again: Instant,
    met: bool,
}

/// The failures of a list by the key of what failed.
#[derive(Debug)]
pub(crate) struct Backoff<K>(BTreeMap<K, Failure>);

impl<K> Default for Backoff<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

/// The pause after so many failures in a row.
pub(crate) fn pause(times: u32) -> Duration {
    FIRST.saturating_mul(2_u32.saturating_pow(times.saturating_sub(1))).min(LONGEST)
}

impl<K: Ord> Backoff<K> {
    /// Whether it failed and its pause still runs.
    pub fn waits(&mut self, key: &K) -> bool {
        self.0.get_mut(key).is_some_and(|failure| {
            failure.met = true;
            failure.again > Instant::now()
        })
    }

    /// Notes a failure; how many there were in a row.
    pub fn failed(&mut self, key: K) -> u32 {
        let failure = self.0.entry(key).or_insert(Failure { times: 0, again: Instant::now(), met: true });
        failure.times = failure.times.saturating_add(1);
        failure.again = Instant::now() + pause(failure.times);
        failure.met = true;
        failure.times
    }

    /// Forgets its failures.
    pub fn succeeded(&mut self, key: &K) {
        self.0.remove(key);
    }

    /// Ends a pass over the whole list: what was not met in it is no longer there to be tried.
    pub fn end_pass(&mut self) {
        self.0.retain(|_, failure| std::mem::take(&mut failure.met));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// When the first of them is tried again.
    pub fn next(&self) -> Option<Instant> {
        self.0.values().map(|failure| failure.again).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_keeps_failing_is_tried_less_and_less_often() {
        let mut backoff = Backoff::default();
        assert!(!backoff.waits(&"letter"));
        for (times, millis) in [(1, 250), (2, 500), (3, 1_000)] {
            assert_eq!(backoff.failed("letter"), times);
            tokio::time::advance(Duration::from_millis(millis - 1)).await;
            assert!(backoff.waits(&"letter"), "{times}");
            tokio::time::advance(Duration::from_millis(1)).await;
            assert!(!backoff.waits(&"letter"), "{times}");
        }
        assert_eq!(pause(40), LONGEST);
        backoff.succeeded(&"letter");
        assert_eq!(backoff.failed("letter"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_longer_on_the_list_is_forgotten() {
        let mut backoff = Backoff::default();
        backoff.failed("letter");
        backoff.failed("reminder");
        backoff.end_pass();
        assert!(backoff.waits(&"letter"));
        backoff.end_pass();
        assert!(!backoff.waits(&"reminder"));
        backoff.end_pass();
        assert_eq!(backoff.next(), None);
    }
}
