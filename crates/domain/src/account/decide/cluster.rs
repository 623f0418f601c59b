//! What was observed in the cluster.

use super::{Draft, wrong_state};
use crate::account::actor::System;
use crate::account::event::Event;
use crate::account::measure::{MeasureState, StayedFrom};
use crate::name::{EnvironmentId, MeasureId};
use crate::refusal::Rejected;
use crate::text::Blob;

/// The most objects named by one repair event.
const MOST_OBJECTS: usize = 50;

impl Draft<'_> {
    /// Law 13: a measure is in force only when a receipt says so.
    pub(super) fn confirm_in_force(&mut self, id: &MeasureId, receipt: Blob) -> Result<(), Rejected> {
        self.part(System::Cluster)?;
        match self.account.measure(id)?.state {
            MeasureState::Applying { .. } if !self.account.measure(id)?.unacknowledged().is_empty() => {
                self.observe(id, receipt)
            }
            MeasureState::Applying { .. } => {
                self.emit(Event::MeasureInForce { measure: id.clone(), receipt })
            }
            MeasureState::InForce { .. } => Ok(()),
            _ => Err(wrong_state(
                format!("{id} is {}", self.account.measure(id)?.state_name()),
                "only what is applying comes into force",
            )),
        }
    }

    pub(super) fn confirm_restored(&mut self, id: &MeasureId, receipt: Blob) -> Result<(), Rejected> {
        self.part(System::Cluster)?;
        let measure = self.account.measure(id)?;
        if measure.awaits_restoration() && !measure.unacknowledged().is_empty() {
            return self.observe(id, receipt);
        }
        match &measure.state {
            MeasureState::Lifting { .. } => self.emit(Event::MeasureLifted { measure: id.clone(), receipt }),
            MeasureState::Stayed { from: StayedFrom::Effective { restored: None }, .. } => {
                self.emit(Event::MeasureRestored { measure: id.clone(), receipt })
            }
            MeasureState::Lifted { .. } | MeasureState::Stayed { .. } => Ok(()),
            _ => Err(wrong_state(
                format!("{id} is {}", measure.state_name()),
                "only what is lifting or stayed is restored",
            )),
        }
    }

    pub(super) fn record_repairs(
        &mut self,
        environment: EnvironmentId,
        mut objects: Vec<String>,
    ) -> Result<(), Rejected> {
        self.part(System::Cluster)?;
        self.account.environment(&environment)?;
        if objects.is_empty() {
            return Ok(());
        }
        objects.truncate(MOST_OBJECTS);
        self.emit(Event::DriftRepaired { environment, objects })
    }
}
