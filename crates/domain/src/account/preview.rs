//! What would have to be true for a measure to be in effect now, without doing anything.

use super::{Account, Context};
use crate::name::MeasureId;
use crate::refusal::{Rejected, Unmet};

impl Account {
    /// Every guard that is not met for this measure at `context.now`; empty where nothing but its state stands between
    /// it and a permit.
    pub fn why_not_yet(&self, id: &MeasureId, context: &Context<'_>) -> Result<Vec<Unmet>, Rejected> {
        self.measure_guards(self.measure(id)?, context)
    }
}
