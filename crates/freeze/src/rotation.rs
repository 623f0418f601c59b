//! Which certificate serves, and which one follows it.

use std::time::Duration;

use jiff::Timestamp;

use crate::certificate::Issued;

/// How long certificates are used, and how long both authorities are known before the next one takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// From a certificate's beginning to its end. The next one is made when a third of it is left.
    pub life: Duration,
    /// From the moment at which the cluster has both authorities to the one at which the next certificate serves: API
    /// servers learn of it within that.
    pub overlap: Duration,
}

impl Default for Periods {
    fn default() -> Self {
        Self { life: Duration::from_hours(7 * 24), overlap: Duration::from_mins(1) }
    }
}

/// The certificate that serves and, for a while, the next one.
#[derive(Debug)]
pub struct Rotation {
    periods: Periods,
    serving: Issued,
    next: Option<Next>,
}

#[derive(Debug)]
struct Next {
    issued: Issued,
    /// Since when the cluster has its authority.
    known_since: Option<Timestamp>,
}

impl Rotation {
    /// Serves by this certificate.
    pub fn new(periods: Periods, serving: Issued) -> Self {
        Self { periods, serving, next: None }
    }

    /// The certificate that serves.
    pub fn serving(&self) -> &Issued {
        &self.serving
    }

    /// The certificates by whose authorities the cluster has to know us.
    pub fn all(&self) -> impl Iterator<Item = &Issued> {
        std::iter::once(&self.serving).chain(self.next.as_ref().map(|next| &next.issued))
    }

    /// Whether it is time to make the next one. A clock that was put back makes none.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let due = self.serving.from.saturating_add(self.periods.life * 2 / 3);
        self.next.is_none() && due.is_ok_and(|due| now >= due)
    }

    /// The next one was made. It does not serve yet.
    pub fn follow(&mut self, issued: Issued) {
        self.next = Some(Next { issued, known_since: None });
    }

    /// The cluster was seen to have all authorities.
    pub fn known(&mut self, now: Timestamp) {
        if let Some(next) = &mut self.next {
            next.known_since.get_or_insert(now);
        }
    }

    /// What the cluster had was written anew: it counts from when that is seen.
    pub fn written(&mut self) {
        if let Some(next) = &mut self.next {
            next.known_since = None;
        }
    }

    /// Lets the next one serve if the cluster has known its authority for long enough; whether it does.
    pub fn take_over(&mut self, now: Timestamp) -> bool {
        let is_known = |since: Timestamp| {
            let from = since.saturating_add(self.periods.overlap);
            from.is_ok_and(|from| now >= from)
        };
        if !self.next.as_ref().and_then(|next| next.known_since).is_some_and(is_known) {
            return false;
        }
        if let Some(next) = self.next.take() {
            self.serving = next.issued;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use rustls::crypto::ring::default_provider;

    use super::*;
    use crate::certificate::issue;

    const PERIODS: Periods = Periods { life: Duration::from_hours(6), overlap: Duration::from_mins(1) };

    fn at(hour: i64, second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3_600 + second).unwrap()
    }

    fn issued(now: Timestamp) -> Issued {
        issue("freeze.example", now, PERIODS.life, &default_provider()).unwrap()
    }

    fn authorities(rotation: &Rotation) -> Vec<String> {
        rotation.all().map(|issued| issued.authority.clone()).collect()
    }

    #[test]
    fn the_next_certificate_serves_only_after_both_authorities_were_known_for_the_overlap() {
        let first = issued(at(0, 0));
        let mut rotation = Rotation::new(PERIODS, first.clone());
        assert!(!rotation.is_due(at(3, 3_599)));
        assert!(rotation.is_due(at(4, 0)), "two hours before its end");
        let second = issued(at(4, 0));
        rotation.follow(second.clone());
        assert_eq!(authorities(&rotation), [first.authority.clone(), second.authority.clone()]);
        assert!(!rotation.is_due(at(4, 0)), "one at a time");

        // A cluster that cannot be told keeps the old one serving, however late it gets.
        assert!(!rotation.take_over(at(5, 0)));
        rotation.known(at(5, 0));
        rotation.known(at(5, 59));
        assert!(!rotation.take_over(at(5, 59)), "the overlap has not passed");
        assert_eq!(rotation.serving().authority, first.authority);
        // Somebody took the authorities away, and they were written anew: the overlap begins again.
        rotation.written();
        assert!(!rotation.take_over(at(5, 60)));
        rotation.known(at(5, 0));
        assert!(rotation.take_over(at(5, 60)));
        assert_eq!(rotation.serving().authority, second.authority);
        assert_eq!(authorities(&rotation), [second.authority]);
        assert!(!rotation.take_over(at(5, 60)));
    }

    #[test]
    fn every_certificate_has_an_authority_of_its_own() {
        let (one, other) = (issued(at(0, 0)), issued(at(0, 0)));
        assert_ne!(one.authority, other.authority);
        assert_eq!(one.until, at(6, 0));
    }
}
