//! What an appeal put in the place of a measure is that measure made less: whoever took part in the one took part in the
//! other.

use super::Account;
use super::measure::Measure;

impl Account {
    /// A measure and those in whose place appeals put it, the newest first.
    pub(super) fn lineage<'a>(&'a self, measure: &'a Measure) -> impl Iterator<Item = &'a Measure> {
        std::iter::successors(Some(measure), |newer| {
            let older = self.measure(newer.replaces.as_ref()?).ok()?;
            // Only ever an earlier one, whatever the record says: the walk ends.
            (older.id.number() < newer.id.number()).then_some(older)
        })
    }
}
