//! Which accounts are to be looked at, and when: at once because of a commit or a change in the cluster, or again after
//! a pause because something is pending or went wrong. At most one later look waits for each account, however often it
//! was poked.
//!
//! What was decided comes before what merely stirred, so that a measure does not wait for a thousand looks that nobody
//! asked for; who came first is looked at first, and every so often one that stirred, so that neither waits for ever.

mod line;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tenure_domain::name::AccountId;
use tokio::sync::Notify;
use tokio::time::Instant;

use self::line::Line;
use crate::backoff;

/// How many accounts are looked at at once.
pub const AT_ONCE: usize = 8;

/// How soon something pending is looked at again; doubled while the same stays pending, up to [`PENDING_LATEST`].
/// Operating time.
const SOON: Duration = Duration::from_millis(100);

/// The longest pause while something is pending. Changes in the cluster are seen at once all the same.
const PENDING_LATEST: Duration = Duration::from_secs(1);

/// Of so many looks one is taken from those that stirred, where any waits.
const SHARE_OF_STIRRED: u32 = 4;

/// A look that takes longer is given up and begun anew. Operating time.
pub(crate) const LOOK_MAX: Duration = Duration::from_mins(2);

/// The accounts to be looked at.
#[derive(Debug, Default)]
pub(crate) struct Dirty {
    state: Mutex<DirtyState>,
    pub poke: Notify,
}

#[derive(Debug, Default)]
struct DirtyState {
    /// For what was committed, and for what is pending because of it.
    decided: Line,
    /// For what changed in the cluster, and for what is looked at now and then.
    stirred: Line,
    taken: u32,
    working: BTreeSet<AccountId>,
    /// Whose next look reads everything anew, whatever was told of changes.
    anew: BTreeSet<AccountId>,
    later: BTreeMap<AccountId, Later>,
}

/// Why an account is looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// Something comes about: soon.
    Moves,
    /// Somebody else stands in the way of something: less and less often, and all the same when something stirs, as what is
    /// refused stirs nothing.
    Hindered,
    /// Something failed: less and less often.
    Failed,
}

/// An account that is looked at again after a pause.
#[derive(Debug)]
struct Later {
    /// What is pending.
    why: String,
    again: Again,
    /// How many looks in a row ended like this.
    times: u32,
    at: Instant,
}

impl Dirty {
    fn lock(&self) -> std::sync::MutexGuard<'_, DirtyState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a look at an account, at once.
    pub fn poke(&self, id: &AccountId) {
        self.lock().decide(id);
        self.poke.notify_one();
    }

    /// Asks for a look at an account of which nothing is known to have changed: one that reads everything anew, so that a
    /// change that nobody told of is found.
    pub fn glance(&self, id: &AccountId) {
        let mut state = self.lock();
        state.anew.insert(id.clone());
        state.stir(id);
        drop(state);
        self.poke.notify_one();
    }

    /// Asks for a look because something stirred in the cluster: at once too, but not before the pause after an error
    /// is over, as our own tries stir the cluster as well.
    pub fn stirred(&self, id: &AccountId) {
        let mut state = self.lock();
        if !state.later.get(id).is_some_and(|later| later.again == Again::Failed) {
            state.stir(id);
            drop(state);
            self.poke.notify_one();
        }
    }

    /// Whether the look that was taken up is to read everything anew; the next one is not, unless it is asked for.
    pub fn takes_anew(&self, id: &AccountId) -> bool {
        self.lock().anew.remove(id)
    }

    pub fn take(&self) -> Option<AccountId> {
        let mut state = self.lock();
        let now = Instant::now();
        state.fall_due(now);
        if state.working.len() >= AT_ONCE {
            return None;
        }
        let DirtyState { decided, stirred, working, taken, .. } = &mut *state;
        let first = |line: &mut Line| line.take(|id| !working.contains(id));
        let id = if (*taken + 1).is_multiple_of(SHARE_OF_STIRRED) {
            first(stirred).or_else(|| first(decided))
        } else {
            first(decided).or_else(|| first(stirred))
        }?;
        *taken = taken.wrapping_add(1);
        // A look that was poked for takes the place of the later one; what it finds sets the next.
        if let Some(later) = state.later.get_mut(&id) {
            later.at = now + LOOK_MAX;
        }
        state.working.insert(id.clone());
        Some(id)
    }

    pub fn done(&self, id: &AccountId, pending: Option<(String, Again)>) {
        let mut state = self.lock();
        state.working.remove(id);
        let before = state.later.remove(id);
        if let Some((why, again)) = pending {
            // What failed, or was refused, is seen as it is before anything is believed again.
            if again != Again::Moves {
                state.anew.insert(id.clone());
            }
            let same = before.filter(|b| b.again == again && (again != Again::Moves || b.why == why));
            let times = same.map_or(0, |b| b.times).saturating_add(1);
            let pause = match again {
                Again::Moves => SOON.saturating_mul(2_u32.saturating_pow(times - 1)).min(PENDING_LATEST),
                Again::Hindered | Again::Failed => backoff::pause(times),
            };
            state.later.insert(id.clone(), Later { why, again, times, at: Instant::now() + pause });
        }
        drop(state);
        self.poke.notify_one();
    }

    /// When the next account that waits for a later look is due.
    pub fn next(&self) -> Option<Instant> {
        self.lock().later.values().map(|later| later.at).min()
    }

    /// Of how many accounts something is pending, and of how many the last look failed.
    pub fn counts(&self) -> (usize, usize) {
        let state = self.lock();
        (state.later.len(), state.later.values().filter(|later| later.again == Again::Failed).count())
    }

    /// What is still under way; none when all is quiet.
    pub fn under_way(&self) -> Option<String> {
        let state = self.lock();
        if let Some((id, later)) = state.later.iter().next() {
            return Some(format!("{id}: {}", later.why));
        }
        let all = state.decided.iter().chain(state.stirred.iter()).chain(&state.working);
        all.map(|id| format!("{id}: being looked at")).next()
    }
}

impl DirtyState {
    fn decide(&mut self, id: &AccountId) {
        // One look is for both.
        self.stirred.remove(id);
        self.decided.join(id);
    }

    fn stir(&mut self, id: &AccountId) {
        if !self.decided.holds(id) {
            self.stirred.join(id);
        }
    }

    /// What is pending is looked at as what was decided: it is how that comes true. What failed waits its turn.
    fn fall_due(&mut self, now: Instant) {
        let mut due = Vec::new();
        for (id, later) in self.later.iter_mut().filter(|(_, later)| later.at <= now) {
            due.push((id.clone(), later.again));
            later.at = now + LOOK_MAX;
        }
        for (id, again) in due {
            if again == Again::Moves { self.decide(&id) } else { self.stir(&id) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parley() -> AccountId {
        "parley".parse().unwrap()
    }

    fn pending(why: &str) -> (String, Again) {
        (why.to_owned(), Again::Moves)
    }

    /// How long after a look the next one is taken up, in milliseconds, if nobody pokes.
    async fn next_look(dirty: &Dirty) -> u128 {
        let since = Instant::now();
        assert_eq!(dirty.take(), None, "nothing is due at once");
        tokio::time::sleep_until(dirty.next().unwrap()).await;
        assert_eq!(dirty.take(), Some(parley()));
        since.elapsed().as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn what_stays_pending_is_looked_at_less_often_up_to_a_second() {
        let dirty = Dirty::default();
        dirty.poke(&parley());
        assert_eq!(dirty.take(), Some(parley()));
        for expected in [100, 200, 400, 800, 1_000, 1_000] {
            dirty.done(&parley(), Some(pending("one pod is still running")));
            assert_eq!(next_look(&dirty).await, expected);
        }
        dirty.done(&parley(), Some(pending("no pod is running, and the gate is not proved")));
        assert_eq!(next_look(&dirty).await, 100, "it moves on: looked at soon again");
        dirty.done(&parley(), None);
        assert_eq!((dirty.under_way(), dirty.next()), (None, None));
    }

    #[tokio::test(start_paused = true)]
    async fn many_pokes_while_something_is_pending_leave_one_later_look() {
        let dirty = Dirty::default();
        for _ in 0..50 {
            dirty.poke(&parley());
            assert_eq!(dirty.take(), Some(parley()));
            dirty.stirred(&parley());
            dirty.done(&parley(), Some(pending("a node cannot be reached")));
        }
        assert_eq!(dirty.take(), Some(parley()), "the last poke");
        dirty.done(&parley(), Some(pending("a node cannot be reached")));
        assert_eq!(next_look(&dirty).await, 1_000);
        assert_eq!(dirty.take(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_error_the_cluster_has_to_wait_and_a_commit_does_not() {
        let dirty = Dirty::default();
        dirty.poke(&parley());
        assert_eq!(dirty.take(), Some(parley()));
        for expected in [250, 500, 1_000] {
            dirty.done(&parley(), Some(("no answer".to_owned(), Again::Failed)));
            dirty.stirred(&parley());
            assert_eq!(next_look(&dirty).await, expected);
        }
        dirty.done(&parley(), Some(("no answer".to_owned(), Again::Failed)));
        dirty.poke(&parley());
        assert_eq!(dirty.take(), Some(parley()));
        assert!(dirty.under_way().unwrap().contains("no answer"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_stirs_is_looked_at_at_once_while_somebody_else_stands_in_the_way_of_something() {
        let dirty = Dirty::default();
        let hindered = || Some(("a webhook keeps the gate".to_owned(), Again::Hindered));
        dirty.poke(&parley());
        assert_eq!(dirty.take(), Some(parley()));
        for expected in [250, 500, 1_000] {
            dirty.done(&parley(), hindered());
            assert_eq!(next_look(&dirty).await, expected, "less and less often by itself");
        }
        dirty.done(&parley(), hindered());
        dirty.stirred(&parley());
        assert_eq!(dirty.take(), Some(parley()), "somebody changed something else");
        dirty.done(&parley(), hindered());
        assert_eq!(dirty.counts(), (1, 0), "it is pending, and has not failed");
    }

    #[tokio::test]
    async fn an_account_is_looked_at_by_one_at_a_time_and_again_when_poked_meanwhile() {
        let dirty = Dirty::default();
        dirty.poke(&parley());
        assert_eq!(dirty.take(), Some(parley()));
        dirty.poke(&parley());
        assert_eq!(dirty.take(), None);
        dirty.done(&parley(), None);
        assert_eq!(dirty.take(), Some(parley()));
        dirty.done(&parley(), None);
        assert_eq!(dirty.take(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_looked_at_now_and_then_is_read_anew_and_so_is_what_failed() {
        let dirty = Dirty::default();
        dirty.stirred(&parley());
        assert_eq!(dirty.take(), Some(parley()));
        assert!(!dirty.takes_anew(&parley()), "what stirred was told of");
        dirty.glance(&parley());
        dirty.poke(&parley());
        dirty.stirred(&parley());
        dirty.done(&parley(), Some(pending("one pod is still running")));
        assert_eq!(dirty.take(), Some(parley()));
        assert!(dirty.takes_anew(&parley()), "one look is for all that asked for it");
        assert!(!dirty.takes_anew(&parley()));
        dirty.done(&parley(), Some(("no answer".to_owned(), Again::Failed)));
        next_look(&dirty).await;
        assert!(dirty.takes_anew(&parley()), "the look before it failed");
    }

    fn named(name: &str, n: usize) -> AccountId {
        format!("{name}-{n}").parse().unwrap()
    }

    #[tokio::test]
    async fn who_came_first_is_looked_at_first_whatever_the_name() {
        let dirty = Dirty::default();
        for name in ["zeta", "alpha", "midway"] {
            dirty.poke(&named(name, 1));
        }
        dirty.poke(&named("zeta", 1));
        for name in ["zeta", "alpha", "midway"] {
            assert_eq!(dirty.take(), Some(named(name, 1)), "asking again loses no place");
        }
        assert_eq!(dirty.take(), None);
    }

    #[tokio::test]
    async fn what_was_decided_comes_before_a_thousand_that_stirred_and_these_still_get_their_share() {
        let dirty = Dirty::default();
        for n in 0..1_000 {
            dirty.stirred(&named("stirred", n));
        }
        for n in 0..30 {
            dirty.poke(&named("decided", n));
        }
        let mut looked_at = Vec::new();
        for _ in 0..40 {
            let id = dirty.take().unwrap();
            dirty.done(&id, None);
            looked_at.push(id.to_string());
        }
        let decided = looked_at.iter().filter(|id| id.starts_with("decided")).count();
        assert_eq!((decided, looked_at[0].as_str()), (30, "decided-0"));
        assert_eq!(looked_at.iter().filter(|id| id.starts_with("stirred")).count(), 10);
    }

    #[tokio::test]
    async fn a_commit_moves_what_stirred_to_the_front_and_one_look_is_for_both() {
        let dirty = Dirty::default();
        for n in 0..3 {
            dirty.stirred(&named("other", n));
        }
        dirty.stirred(&parley());
        dirty.poke(&parley());
        assert_eq!(dirty.take(), Some(parley()));
        dirty.done(&parley(), None);
        for n in 0..3 {
            assert_eq!(dirty.take(), Some(named("other", n)));
            dirty.done(&named("other", n), None);
        }
        assert_eq!(dirty.take(), None);
    }

    #[tokio::test]
    async fn only_so_many_accounts_are_looked_at_at_once() {
        let dirty = Dirty::default();
        for n in 0..AT_ONCE + 2 {
            dirty.poke(&format!("account-{n}").parse().unwrap());
        }
        let taken: Vec<AccountId> = std::iter::from_fn(|| dirty.take()).collect();
        assert_eq!(taken.len(), AT_ONCE);
        dirty.done(&taken[0], None);
        assert!(dirty.take().is_some());
        assert_eq!(dirty.take(), None);
    }
}
